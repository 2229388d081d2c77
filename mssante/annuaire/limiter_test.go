package annuaire_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
	"github.com/segur-sdk/segur/mssante/annuaire/annuairetest"
)

// No second holds more calls than the service allows, whoever makes them.
func TestLimiterRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := annuaire.NewLimiter(annuaire.LimiterOptions{PerSecond: -1})
		begin := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for range 20 {
					assert.NoError(t, l.Wait(t.Context()))
					mu.Lock()
					at = append(at, time.Since(begin))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		require.Len(t, at, 100)
		for i := annuaire.CallsPerSecond; i < len(at); i++ {
			assert.GreaterOrEqual(t, at[i]-at[i-annuaire.CallsPerSecond], time.Second)
		}
		assert.Equal(t, 5*time.Second, at[99], "and no call waits more than it must")
	})
}

func TestLimiterContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := annuaire.NewLimiter(annuaire.LimiterOptions{PerSecond: 1})
		require.NoError(t, l.Wait(t.Context()))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		begin := time.Now()
		var queued error
		go func() { queued = l.Wait(ctx) }() // one waits for its turn, the other behind it
		err := l.Wait(ctx)
		synctest.Wait()
		for _, err := range []error{err, queued} {
			require.ErrorIs(t, err, segur.ErrTimeout)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Equal(t, 300*time.Millisecond, time.Since(begin))
		require.NoError(t, l.Wait(t.Context()), "a call that gave up takes no turn")
		assert.Equal(t, time.Second, time.Since(begin))
		cancelled, stop := context.WithCancel(t.Context())
		stop()
		err = l.Wait(cancelled)
		require.ErrorIs(t, err, segur.ErrCanceled)
	})
}

// A 429 stops the calls of all the clients of the key, for the time asked.
func TestTooManyCalls(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	line := newTimeline()
	cfg := srv.Config()
	cfg.Limiter, cfg.Clock = line.limiter(), line.Now
	one, two := client(t, cfg), client(t, cfg)
	srv.Fail(annuairetest.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"3"}}, Body: []byte(outcome400)})
	_, err := one.Practitioner(t.Context(), doctor.ID)
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{3 * time.Second}, line.waited, "and nothing else waits")

	srv.Fail(annuairetest.Fault{Status: 429}, annuairetest.Fault{Status: 429})
	_, err = one.Practitioner(t.Context(), doctor.ID)
	require.NoError(t, err)
	assert.Equal(t, []time.Duration{3 * time.Second, time.Second, time.Second}, line.waited)

	srv.Fail(annuairetest.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"600"}}})
	_, err = one.Practitioner(t.Context(), doctor.ID)
	require.ErrorIs(t, err, segur.ErrRateLimited)
	_, err = two.Practitioner(t.Context(), doctor.ID)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, segur.KindRateLimited, e.Kind)
	assert.Equal(t, 600*time.Second, e.RetryAfter, "the other client does not ask")
	require.Len(t, srv.Calls(), 2)
	_ = line.Sleep(t.Context(), 600*time.Second)
	_, err = two.Practitioner(t.Context(), doctor.ID)
	require.NoError(t, err)

	// A service that would stop us for ever is asked again within the hour.
	srv.Fail(annuairetest.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"2000000000"}}})
	_, err = one.Practitioner(t.Context(), doctor.ID)
	require.ErrorIs(t, err, segur.ErrRateLimited)
	_ = line.Sleep(t.Context(), time.Hour)
	_, err = one.Practitioner(t.Context(), doctor.ID)
	require.NoError(t, err)

	// The fake counts for itself: the limiter is what keeps the rate.
	srv2, _ := start(t, annuairetest.WithRate(annuaire.CallsPerSecond), annuairetest.WithClock(line.Now))
	cfg2 := srv2.Config()
	cfg2.Limiter, cfg2.Retry.MaxAttempts = line.limiter(), 1
	c := client(t, cfg2)
	for range 40 {
		_, err := c.Practitioner(t.Context(), doctor.ID)
		require.NoError(t, err)
	}
	cfg2.Limiter = annuaire.NewLimiter(annuaire.LimiterOptions{PerSecond: 1000, Clock: line.Now, Sleep: line.Sleep})
	hasty := client(t, cfg2)
	for range 20 {
		_, once := hasty.Practitioner(t.Context(), doctor.ID)
		err = errors.Join(err, once)
	}
	require.ErrorIs(t, err, segur.ErrRateLimited)
}

func TestRepeats(t *testing.T) {
	t.Parallel()
	srv, c := start(t)
	srv.Fail(annuairetest.Fault{Status: 503}, annuairetest.Fault{DropBeforeResponse: true})
	_, err := c.Practitioner(t.Context(), doctor.ID)
	require.NoError(t, err)
	srv.Fail(annuairetest.Fault{Status: 502, Times: 3})
	_, err = c.Practitioner(t.Context(), doctor.ID)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	srv.Fail(annuairetest.Fault{Status: 500})
	_, err = c.Practitioner(t.Context(), doctor.ID)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Practitioner(ctx, doctor.ID)
	require.ErrorIs(t, err, segur.ErrCanceled)
	require.True(t, errors.Is(err, context.Canceled))
}
