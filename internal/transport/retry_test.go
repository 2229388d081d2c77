package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/transport"
)

func TestRepetition(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	status := func(s int, after string, times int) faults.Fault {
		f := faults.Fault{Status: s, Times: times}
		if after != "" {
			f.Header = http.Header{"Retry-After": {after}}
		}
		return f
	}
	for name, c := range map[string]struct {
		fault  faults.Fault
		unsafe bool
		policy segur.RetryPolicy
		status int
		pauses []time.Duration
	}{
		"503 then answer":      {fault: status(503, "", 2), status: 200, pauses: []time.Duration{200 * ms, 400 * ms}},
		"503 for ever":         {fault: status(503, "", 9), status: 503, pauses: []time.Duration{200 * ms, 400 * ms}},
		"502":                  {fault: status(502, "", 1), status: 200, pauses: []time.Duration{200 * ms}},
		"504":                  {fault: status(504, "", 1), status: 200, pauses: []time.Duration{200 * ms}},
		"429 with a delay":     {fault: status(429, "2", 1), status: 200, pauses: []time.Duration{2200 * ms}},
		"delay over the limit": {fault: status(429, "11", 1), status: 429},
		"delay near the limit": {fault: status(503, "10", 1), status: 200, pauses: []time.Duration{10 * time.Second}},
		"not safe":             {fault: status(503, "", 1), unsafe: true, status: 503},
		"500 is an answer":     {fault: status(500, "", 1), status: 500},
		"404 is an answer":     {fault: status(404, "", 1), status: 404},
		"one attempt":          {fault: status(503, "", 1), policy: segur.RetryPolicy{MaxAttempts: 1}, status: 503},
		"many attempts": {fault: status(503, "", 5), policy: segur.RetryPolicy{MaxAttempts: 6, BaseDelay: 100 * ms, MaxDelay: 300 * ms},
			status: 200, pauses: []time.Duration{100 * ms, 200 * ms, 300 * ms, 300 * ms, 300 * ms}},
		"cut then answer": {fault: faults.Fault{DropBeforeResponse: true}, status: 200, pauses: []time.Duration{200 * ms}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var bodies atomic.Int32
			s := newFaulty(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if string(b) == "question" {
					bodies.Add(1)
				}
				_, _ = io.WriteString(w, "ok")
			}, c.fault)
			cfg := s.config()
			cfg.Retry = c.policy
			p := &pauses{}
			obs := &observer{}
			cfg.Observer = obs
			got, _, err := fetch(t, newClient(t, cfg, p.options()), &transport.Request{URL: s.URL, Body: content("question"), RepeatSafe: !c.unsafe})
			require.NoError(t, err)
			assert.Equal(t, c.status, got)
			assert.Equal(t, c.pauses, p.got)
			assert.EqualValues(t, len(c.pauses)+1, s.calls.Load())
			require.Len(t, obs.ended, 1)
			assert.Equal(t, len(c.pauses)+1, obs.ended[0].Attempts)
			assert.Equal(t, int64(8*(len(c.pauses)+1)), obs.ended[0].BytesSent)
			if c.status == 200 {
				assert.Positive(t, bodies.Load(), "the whole body is sent again")
			}
		})
	}
}

// A connection that a firewall forgot hangs: the next attempt makes a new one.
func TestSlowAttemptIsRepeated(t *testing.T) {
	t.Parallel()
	testkit.Patiently(t, 100*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		s := newFaulty(t, ok, faults.Fault{Hang: true})
		cfg := s.config()
		cfg.Timeout = d
		p := &pauses{}
		_, body, err := fetch(t, newClient(t, cfg, p.options()), &transport.Request{URL: s.URL, RepeatSafe: true})
		if errors.Is(err, segur.ErrTimeout) { // of all attempts
			return true
		}
		require.NoError(t, err)
		assert.Equal(t, "ok", body)
		assert.NotEmpty(t, p.got)
		return false
	})
}

func TestRetryAfterDate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s := newFaulty(t, ok, faults.Fault{Status: 503, Header: http.Header{"Retry-After": {now.Add(3 * time.Second).Format(http.TimeFormat)}}},
		faults.Fault{Status: 503, Header: http.Header{"Retry-After": {now.Add(-time.Hour).Format(http.TimeFormat)}}},
		faults.Fault{Status: 503, Header: http.Header{"Retry-After": {"soon"}}})
	cfg := s.config()
	cfg.Clock = func() time.Time { return now }
	cfg.Retry.MaxAttempts = 4
	p := &pauses{}
	c := newClient(t, cfg, p.options())
	_, _, err := fetch(t, c, &transport.Request{URL: s.URL, RepeatSafe: true})
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{3200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond}, p.got)

	s.script.Add(faults.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}})
	resp, err := c.Do(t.Context(), &transport.Request{Op: "test.op", URL: s.URL})
	require.NoError(t, err)
	defer resp.Body.Close()
	e := asError(t, resp.StatusError())
	assert.Equal(t, 7*time.Second, e.RetryAfter)
	require.ErrorIs(t, e, segur.ErrRateLimited)
}

// No pause is begun that the caller's deadline cuts, and cancelling ends one.
func TestPauseAndContext(t *testing.T) {
	t.Parallel()
	s := newFaulty(t, ok, faults.Fault{Status: 503, Times: faults.Forever})
	cfg := s.config()
	cfg.Retry = segur.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	o := transport.Options{Jitter: func(limit time.Duration) time.Duration { return limit }}
	resp, err := newClient(t, cfg, o).Do(ctx, &transport.Request{Op: "test.op", URL: s.URL, RepeatSafe: true})
	require.NoError(t, err)
	assert.Equal(t, 503, resp.Status)
	require.NoError(t, resp.Body.Close())

	ctx, cancel = context.WithCancel(t.Context())
	cfg.Observer = &observer{}
	o.Jitter = func(time.Duration) time.Duration { cancel(); return time.Hour }
	_, err = newClient(t, cfg, o).Do(ctx, &transport.Request{Op: "test.op", URL: s.URL, RepeatSafe: true})
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.ErrorIs(t, err, context.Canceled)
}

// When a service is down for everybody, most calls get one attempt.
func TestBudget(t *testing.T) {
	t.Parallel()
	s := newFaulty(t, ok, faults.Fault{Status: 503, Times: faults.Forever})
	p := &pauses{}
	c := newClient(t, s.config(), p.options())
	for range 40 {
		status, _, err := fetch(t, c, &transport.Request{URL: s.URL, RepeatSafe: true})
		require.NoError(t, err)
		assert.Equal(t, 503, status)
	}
	assert.EqualValues(t, 40+20, s.calls.Load(), "twenty repetitions for all")
	s.script.Clear()
	for range 5 {
		_, _, err := fetch(t, c, &transport.Request{URL: s.URL, RepeatSafe: true})
		require.NoError(t, err)
	}
	s.script.Add(faults.Fault{Status: 503, Times: 2})
	status, _, err := fetch(t, c, &transport.Request{URL: s.URL, RepeatSafe: true})
	require.NoError(t, err)
	assert.Equal(t, 503, status, "five answers earn one repetition")
}

// A caller that repeats by itself gets one attempt for each request, and shares the repetitions of the client.
func TestOnce(t *testing.T) {
	t.Parallel()
	s := newFaulty(t, ok, faults.Fault{Status: 503}, faults.Fault{DropBeforeResponse: true}, faults.Fault{Status: 503, Times: 30})
	p := &pauses{}
	c := newClient(t, s.config(), p.options())
	once := &transport.Request{URL: s.URL, Body: content("question"), RepeatSafe: true, Once: true}
	status, _, err := fetch(t, c, once)
	require.NoError(t, err)
	assert.Equal(t, 503, status)
	_, _, err = fetch(t, c, once)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.EqualValues(t, 2, s.calls.Load())
	for range 20 {
		assert.True(t, c.MayRepeat())
	}
	assert.False(t, c.MayRepeat())
	_, _, err = fetch(t, c, once)
	require.NoError(t, err)
	assert.False(t, c.MayRepeat(), "a 503 earns nothing")
	s.script.Clear()
	for range 5 {
		_, _, err := fetch(t, c, once)
		require.NoError(t, err)
	}
	assert.True(t, c.MayRepeat(), "five answers earn one repetition")
	assert.False(t, c.MayRepeat())
	assert.Empty(t, p.got)
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	policy := segur.RetryPolicy{BaseDelay: time.Second, MaxDelay: 10 * time.Second}
	for n, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 5: 10 * time.Second, 99: 10 * time.Second} {
		d, ok := transport.Backoff(t.Context(), policy, n, 0)
		require.True(t, ok)
		assert.LessOrEqual(t, d, most)
	}
	d, ok := transport.Backoff(t.Context(), policy, 1, 9*time.Second)
	require.True(t, ok)
	assert.GreaterOrEqual(t, d, 9*time.Second)
	_, ok = transport.Backoff(t.Context(), policy, 1, 11*time.Second)
	assert.False(t, ok, "more than may be waited")
	ctx, cancel := context.WithDeadline(t.Context(), time.Now())
	_, ok = transport.Backoff(ctx, policy, 1, 5*time.Second)
	cancel()
	assert.False(t, ok, "beyond the deadline")
	require.NoError(t, transport.Pause(t.Context(), time.Microsecond))
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, transport.Pause(ctx, time.Hour), context.Canceled)
}

func TestStatusKind(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]segur.Kind{
		400: segur.KindRefused, 401: segur.KindAuthentication, 403: segur.KindAuthorization, 404: segur.KindNotFound,
		405: segur.KindProtocol, 407: segur.KindAuthentication, 408: segur.KindUnavailable, 409: segur.KindConflict,
		410: segur.KindNotFound, 412: segur.KindConflict, 413: segur.KindTooLarge, 415: segur.KindProtocol,
		418: segur.KindProtocol, 422: segur.KindRefused, 429: segur.KindRateLimited, 451: segur.KindAuthorization,
		500: segur.KindUnavailable, 501: segur.KindProtocol, 502: segur.KindUnavailable, 503: segur.KindUnavailable,
		504: segur.KindUnavailable, 505: segur.KindProtocol, 599: segur.KindUnavailable,
	} {
		assert.Equal(t, want, transport.StatusKind(status, true), strconv.Itoa(status))
		if want == segur.KindUnavailable && status != 408 && status != 503 {
			want = segur.KindOutcomeUnknown
		}
		assert.Equal(t, want, transport.StatusKind(status, false), strconv.Itoa(status))
	}
}
