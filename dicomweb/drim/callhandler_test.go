package drim_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

func uuidOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	require.Equal(t, http.StatusSeeOther, w.Code)
	u, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	return u.Query().Get("uuid")
}

// A call is answered with a one-time identifier, taken by one user only, and forgotten in time.
func TestCallHandler(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)
	var rows []drim.CallStatistic
	h, err := drim.NewCallHandler(drim.CallHandlerConfig{
		Environment: segur.Fake, Front: "https://dbx.site-fictif.example/ui?lang=fr", Lifetime: time.Minute,
		Clock:     func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
		Statistic: func(s drim.CallStatistic) { rows = append(rows, s) },
	})
	require.NoError(t, err)
	serve := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := serve(postCall(callBody))
	id := uuidOf(t, w)
	assert.Equal(t, "https://dbx.site-fictif.example/ui?lang=fr&uuid="+id, w.Header().Get("Location"))
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	assert.Empty(t, w.Body.String())

	// Of many, one.
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if c, err := h.Redeem(context.Background(), id); err == nil {
				got.Add(1)
				assert.Equal(t, "FICTIVE-DURAND", c.Traits.BirthName)
			} else {
				assert.ErrorIs(t, err, segur.ErrNotFound)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int32(1), got.Load())

	// Two users do not see each other's patient; a call waits for its lifetime only.
	first, second := uuidOf(t, serve(postCall(callBody))), uuidOf(t, serve(postCall(callBody)))
	assert.NotEqual(t, first, second)
	mu.Lock()
	now = now.Add(time.Minute - time.Nanosecond)
	mu.Unlock()
	_, err = h.Redeem(t.Context(), first)
	require.NoError(t, err)
	mu.Lock()
	now = now.Add(time.Nanosecond)
	mu.Unlock()
	_, err = h.Redeem(t.Context(), second)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, drim.CodeCallGone, e.Code)
	assert.Equal(t, 404, e.Status)
	for _, id := range []string{"", "x", first} {
		_, err = h.Redeem(t.Context(), id)
		require.ErrorIs(t, err, segur.ErrNotFound)
	}

	// Refusals: status, names of parameters, no value.
	w = serve(postCall(callBody + "&PatientID=SECRET&nom=SECRET"))
	assert.Equal(t, 400, w.Code)
	assert.Equal(t, "the contextual call is not valid\nPatientID is given twice\nparameter number 12 is not known\n", w.Body.String())
	assert.Empty(t, w.Header().Get("Location"))
	get := httptest.NewRequest(http.MethodGet, "/call", nil)
	w = serve(get)
	assert.Equal(t, 405, w.Code)
	assert.Equal(t, "POST", w.Header().Get("Allow"))
	assert.Equal(t, []bool{false, false, false, true}, callFailures(rows), "a GET is no call")

	real, err := drim.NewCallHandler(drim.CallHandlerConfig{Environment: segur.Production, Front: "/ui"})
	require.NoError(t, err)
	w = httptest.NewRecorder()
	real.ServeHTTP(w, postCall(callBody))
	assert.Equal(t, 400, w.Code)
	assert.Contains(t, w.Body.String(), "Patient.identifier.system is not an authority of this environment")
}

func callFailures(rows []drim.CallStatistic) []bool {
	var out []bool
	for _, r := range rows {
		out = append(out, r.Failed)
	}
	return out
}

type callStore struct{ err error }

func (s callStore) Put(context.Context, string, *drim.Call, time.Time) error { return s.err }
func (s callStore) Take(context.Context, string) (*drim.Call, error)         { return nil, s.err }

type noCallIDs struct{ segur.IDSource }

func (noCallIDs) UUID() (string, error) { return "", &segur.Error{Kind: segur.KindUnavailable} }

// What cannot be kept is not promised, and memory is bounded.
func TestCallHandlerStore(t *testing.T) {
	t.Parallel()
	for _, cfg := range []drim.CallHandlerConfig{{Store: callStore{errors.New("down")}}, {IDs: noCallIDs{}}} {
		cfg.Environment, cfg.Front = segur.Fake, "/ui"
		h, err := drim.NewCallHandler(cfg)
		require.NoError(t, err)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, postCall(callBody))
		assert.Equal(t, 503, w.Code)
		assert.Equal(t, "the call cannot be kept\n", w.Body.String())
		if cfg.Store != nil {
			_, err = h.Redeem(t.Context(), "x")
			require.ErrorIs(t, err, segur.ErrUnavailable)
		}
	}
	now := time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)
	h, err := drim.NewCallHandler(drim.CallHandlerConfig{Environment: segur.Fake, Front: "/ui", MaxWaiting: 3, Clock: func() time.Time { return now }})
	require.NoError(t, err)
	accepted := 0
	for range 5 {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, postCall(callBody)); w.Code == http.StatusSeeOther {
			accepted++
			continue
		}
		assert.Equal(t, 503, w.Code)
	}
	assert.Equal(t, 3, accepted)
	now = now.Add(5 * time.Minute)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, postCall(callBody))
	assert.Equal(t, http.StatusSeeOther, w.Code, "those that expired made room")
}

// A call that waits does not hold on to the form that it came in, which anybody may fill up with separators. Not parallel:
// it looks at the heap.
func TestWaitingCallsAreSmall(t *testing.T) {
	h, err := drim.NewCallHandler(drim.CallHandlerConfig{Environment: segur.Fake, Front: "/ui"})
	require.NoError(t, err)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	const calls = 200
	for range calls {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, postCall(callBody+strings.Repeat("&", 60<<10)))
		require.Equal(t, http.StatusSeeOther, w.Code)
	}
	assert.Less(t, heap()-before, int64(calls*8<<10))
	runtime.KeepAlive(h)
}

func TestCallHandlerConfig(t *testing.T) {
	t.Parallel()
	_, err := drim.NewCallHandler(drim.CallHandlerConfig{Lifetime: 2 * time.Hour, MaxWaiting: -1})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "front", "lifetime", "maxWaiting"} {
		assert.Contains(t, err.Error(), field)
	}
	for _, front := range []string{"http://x.example/", "//x.example/", "ui", "javascript:x", "https://u@x.example/", "https://x.example/?uuid=1", "https:///x", "%zz"} {
		_, err := drim.NewCallHandler(drim.CallHandlerConfig{Environment: segur.Fake, Front: front})
		require.ErrorContains(t, err, "front", front)
	}
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	calls := []drim.CallStatistic{{At: time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)}, {Failed: true}}
	var b bytes.Buffer
	require.NoError(t, drim.StatisticsFormat{}.Write(&b, calls))
	assert.Equal(t, "Nombre_Appel;Statut_Appel\n1;succes\n1;erreur\n", b.String())
	b.Reset()
	require.NoError(t, drim.StatisticsFormat{Comma: ',', Date: "02/01/2006"}.Write(&b, calls[:1]))
	assert.Equal(t, "Date_Appel,Nombre_Appel,Statut_Appel\n10/03/2026,1,succes\n", b.String())
	require.ErrorIs(t, drim.StatisticsFormat{Comma: '\n'}.Write(&b, calls), segur.ErrUnavailable)
	require.ErrorIs(t, drim.StatisticsFormat{}.Write(fullCallDisk{}, calls), segur.ErrUnavailable)
}
