package transport_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/transport"
)

func TestRESTJSON(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "application/json", r.Header.Get("Accept"))
		assert.Equal(t, "key", r.Header.Get("Esante-Api-Key"))
		assert.Equal(t, "segur", r.UserAgent())
		b, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"method":"`+r.Method+`","query":"`+r.URL.RawQuery+`","type":"`+r.Header.Get("Content-Type")+`","body":`+strconv.Quote(string(b))+`}`)
	})
	rest := newClient(t, s.config(), transport.Options{}).REST()
	type answer struct{ Method, Query, Type, Body string }
	var got answer
	header := http.Header{"ESANTE-API-KEY": {"key"}}
	require.NoError(t, rest.JSON(t.Context(), transport.Call{Op: "annuaire.search", URL: s.URL + "/Practitioner?a=1",
		Query: url.Values{"name": {"é b"}}, Header: header}, &got))
	assert.Equal(t, answer{Method: "GET", Query: "a=1&name=%C3%A9+b"}, got)
	require.NoError(t, rest.JSON(t.Context(), transport.Call{Op: "psc.token", URL: s.URL, Header: header,
		Body: []byte("grant_type=x"), ContentType: "application/x-www-form-urlencoded"}, &got))
	assert.Equal(t, answer{Method: "POST", Type: "application/x-www-form-urlencoded", Body: "grant_type=x"}, got)
	require.NoError(t, rest.JSON(t.Context(), transport.Call{Op: "x", Method: "DELETE", URL: s.URL, Header: header}, nil))
}

func TestRESTFailures(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newFaulty(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	cfg := s.config()
	cfg.Logger = slog.New(slog.NewTextHandler(&out, nil))
	p := &pauses{}
	rest := newClient(t, cfg, p.options()).REST()
	call := transport.Call{Op: "annuaire.search", URL: s.URL, Query: url.Values{"q": {secret}}, Body: []byte(secret), ContentType: "text/plain"}
	var v any
	for name, c := range map[string]struct {
		fault faults.Fault
		is    error
	}{
		"not JSON":  {faults.Fault{Body: []byte(secret)}, segur.ErrProtocol},
		"more":      {faults.Fault{Body: []byte(`{} {}`)}, segur.ErrProtocol},
		"empty":     {faults.Fault{Body: []byte{}}, segur.ErrProtocol},
		"403":       {faults.Fault{Status: 403, Body: []byte(secret)}, segur.ErrAuthorization},
		"cut":       {faults.Fault{CutAfter: 1}, segur.ErrTruncated},
		"no answer": {faults.Fault{DropBeforeResponse: true}, segur.ErrOutcomeUnknown},
		"redirect":  {faults.Fault{Status: 302, Header: http.Header{"Location": {"/" + secret}}}, segur.ErrProtocol},
		"too large": {faults.Fault{Body: bytes.Repeat([]byte(secret), 1<<20)}, segur.ErrTooLarge},
	} {
		s.script.Add(c.fault)
		err := rest.JSON(t.Context(), call, &v)
		require.ErrorIs(t, err, c.is, name)
		assert.NotContains(t, err.Error(), secret, name)
		assert.NotContains(t, err.Error(), s.URL, name)
		assert.Equal(t, "annuaire.search", asError(t, err).Op)
	}
	assert.NotContains(t, out.String(), secret)

	reply, err := func() (*transport.Reply, error) {
		s.script.Add(faults.Fault{Status: 422, Body: []byte(`{"resourceType":"OperationOutcome"}`)})
		return rest.Do(t.Context(), call)
	}()
	require.NoError(t, err)
	assert.Equal(t, 422, reply.Status)
	assert.JSONEq(t, `{"resourceType":"OperationOutcome"}`, string(reply.Body))
	require.ErrorIs(t, reply.StatusError(), segur.ErrRefused)

	err = rest.JSON(t.Context(), transport.Call{Op: "x", URL: "https://service.example/%zz", Query: url.Values{"a": {"b"}}}, nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	err = rest.JSON(t.Context(), transport.Call{Op: "x", URL: "https://service.example/"}, nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput, "not on this machine")
}

// The body is whole in every attempt, which resty's own repetition does not do.
func TestRESTRepeatsWholeBodies(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var bodies []string
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		bodies = append(bodies, string(b))
		n := len(bodies)
		mu.Unlock()
		if n < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "[1]")
	})
	dir := t.TempDir()
	ev, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := s.config()
	cfg.Evidence = ev
	obs := &observer{}
	cfg.Observer = obs
	p := &pauses{}
	var v []int
	require.NoError(t, newClient(t, cfg, p.options()).REST().JSON(t.Context(),
		transport.Call{Op: "a.b", URL: s.URL, Body: []byte("question"), ContentType: "text/plain", RepeatSafe: true}, &v))
	assert.Equal(t, []int{1}, v)
	assert.Equal(t, []string{"question", "question", "question"}, bodies)
	require.Len(t, obs.ended, 1)
	assert.Equal(t, 3, obs.ended[0].Attempts)
	b, err := os.ReadFile(filepath.Join(dir, "003-a.b.request"))
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(b), "\r\n\r\nquestion"), string(b))
	assert.Equal(t, 1, strings.Count(string(b), "User-Agent: segur\r\n"))
}

// A reply that was asked for compressed comes inflated, within the limit.
func TestRESTCompressed(t *testing.T) {
	t.Parallel()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = io.WriteString(w, `"`+strings.Repeat("a", 50<<10)+`"`)
	require.NoError(t, w.Close())
	whole := z.Bytes()
	body := whole
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	})
	rest := newClient(t, s.config(), transport.Options{}).REST()
	call := transport.Call{Op: "a.b", URL: s.URL, RepeatSafe: true, Once: true, Header: http.Header{"Accept-Encoding": {"gzip"}}}
	var got string
	require.NoError(t, rest.JSON(t.Context(), call, &got))
	assert.Len(t, got, 50<<10)
	call.ResponseLimit = 10 << 10
	require.ErrorIs(t, rest.JSON(t.Context(), call, &got), segur.ErrTooLarge)
	call.ResponseLimit = 0
	for _, n := range []int{1, 12, len(whole) - 1} {
		body = whole[:n]
		require.ErrorIs(t, rest.JSON(t.Context(), call, &got), segur.ErrTruncated, n)
	}
	body = []byte(strings.Repeat(secret, 9))
	err := rest.JSON(t.Context(), call, &got)
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.NotContains(t, err.Error(), secret)
	assert.True(t, rest.MayRepeat())
}

// What is wrong with a compressed reply is the end of the operation for the
// observer too, and an unknown outcome when the request is not safe to repeat.
func TestRESTCompressedFailures(t *testing.T) {
	t.Parallel()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = io.WriteString(w, strings.Repeat("a", 50<<10))
	require.NoError(t, w.Close())
	var body []byte
	status := 200
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
	cfg := s.config()
	obs := &observer{}
	cfg.Observer = obs
	rest := newClient(t, cfg, transport.Options{}).REST()
	for _, c := range []struct {
		body []byte
		is   error
	}{{z.Bytes(), segur.ErrTooLarge}, {z.Bytes()[:20], segur.ErrTruncated}, {[]byte("no archive, at all"), segur.ErrProtocol}} {
		body = c.body
		for _, safe := range []bool{true, false} {
			_, err := rest.Do(t.Context(), transport.Call{Op: "a.b", URL: s.URL, RepeatSafe: safe, Once: true, ResponseLimit: 10 << 10, Header: http.Header{"Accept-Encoding": {"gzip"}}})
			require.ErrorIs(t, err, c.is)
			assert.Equal(t, !safe, errors.Is(err, segur.ErrOutcomeUnknown))
			require.Equal(t, err, obs.ended[len(obs.ended)-1].Err)
		}
	}
	// The status of an answer without content is not hidden by its encoding.
	body, status = nil, 401
	reply, err := rest.Do(t.Context(), transport.Call{Op: "a.b", URL: s.URL, RepeatSafe: true, Once: true, Header: http.Header{"Accept-Encoding": {"gzip"}}})
	require.NoError(t, err)
	require.ErrorIs(t, reply.StatusError(), segur.ErrAuthentication)
}
