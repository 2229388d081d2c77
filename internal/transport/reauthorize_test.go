package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/transport"
)

// A 401 asks for another authorisation once, also for what is not safe to repeat, and the whole body goes again.
func TestReauthorize(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		fresh  string // what the hook puts; "": it has nothing new
		fail   error
		faults []faults.Fault
		status int
		calls  int32
		pauses int
		kind   segur.Kind
	}{
		"renewed":               {fresh: "new", status: 200, calls: 2},
		"nothing new":           {status: 401, calls: 1},
		"refused again":         {fresh: "other", status: 401, calls: 2},
		"the hook fails":        {fail: boom, calls: 1, kind: segur.KindUnavailable},
		"the hook is cancelled": {fail: &segur.Error{Op: "psc.token", Kind: segur.KindAuthentication}, calls: 1, kind: segur.KindAuthentication},
		"busy afterwards":       {fresh: "new", faults: []faults.Fault{{After: 1, Status: 503, Times: 2}}, status: 200, calls: 4, pauses: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var whole atomic.Int32
			s := newFaulty(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer new" {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				if b, _ := io.ReadAll(r.Body); len(b) == 3<<20 {
					whole.Add(1)
				}
			}, c.faults...)
			p := &pauses{}
			obs := &observer{}
			cfg := s.config()
			cfg.Observer = obs
			header := http.Header{"Authorization": {"Bearer old"}, "Expect": {"100-continue"}}
			asked := 0
			status, _, err := fetch(t, newClient(t, cfg, p.options()), &transport.Request{
				URL: s.URL, Header: header, Body: content(strings.Repeat("x", 3<<20)), RepeatBusy: true,
				Reauthorize: func(context.Context) (bool, error) {
					asked++
					header.Set("Authorization", "Bearer "+c.fresh)
					return c.fresh != "", c.fail
				},
			})
			assert.Equal(t, 1, asked)
			assert.Equal(t, c.calls, s.calls.Load())
			assert.Len(t, p.got, c.pauses)
			require.Len(t, obs.ended, 1, "one operation, whatever its attempts")
			assert.EqualValues(t, c.calls, obs.ended[0].Attempts)
			if c.fail != nil {
				assert.Equal(t, c.kind, segur.KindOf(err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.status, status)
			if c.status == 200 {
				assert.EqualValues(t, 1, whole.Load())
			}
		})
	}
}

// What is not safe to repeat is repeated only when the service says that it did nothing.
func TestRepeatBusy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  faults.Fault
		calls  int32
		pauses []time.Duration
	}{
		"503": {faults.Fault{Status: 503, Header: http.Header{"Retry-After": {"2"}}}, 2, []time.Duration{2200 * time.Millisecond}},
		"429": {faults.Fault{Status: 429}, 2, []time.Duration{200 * time.Millisecond}},
		"502": {faults.Fault{Status: 502}, 1, nil},
		"504": {faults.Fault{Status: 504}, 1, nil},
		"cut": {faults.Fault{DropBeforeResponse: true}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaulty(t, ok, c.fault)
			p := &pauses{}
			_, _, _ = fetch(t, newClient(t, s.config(), p.options()), &transport.Request{URL: s.URL, Body: content("question"), RepeatBusy: true})
			assert.Equal(t, c.calls, s.calls.Load())
			assert.Equal(t, c.pauses, p.got)
		})
	}
}
