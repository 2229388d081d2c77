package ins_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// waiting is a clock on which a pause takes the time that it says.
type waiting struct {
	*fixed.Clock
	pauses []time.Duration
}

func newWaiting() *waiting { return &waiting{Clock: fixed.NewClock(now)} }

func (w *waiting) pause(ctx context.Context, d time.Duration) error {
	w.pauses = append(w.pauses, d)
	w.Advance(d)
	return ctx.Err()
}

func query() ins.Query {
	t := houilles().Traits
	return ins.Query{Traits: t}
}

func limited(l *ins.Limiter, w *waiting) func(*ins.Config) {
	return func(c *ins.Config) { c.Limiter, c.Clock = l, w.Now }
}

func TestLimiterWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	l := ins.NewLimiter(ins.LimiterConfig{Calls: 2, Interval: time.Second, Clock: w.Now, Pause: w.pause})
	s := &stub{}
	c := s.client(t, limited(l, w))
	var at []time.Duration
	for range 5 {
		r, err := c.Search(t.Context(), query())
		require.NoError(t, err)
		at = append(at, r.Time.Sub(now))
	}
	assert.Equal(t, []time.Duration{0, 0, time.Second, time.Second, 2 * time.Second}, at, "the time of a message is the one after the wait")
	assert.Equal(t, []time.Duration{time.Second, time.Second}, w.pauses)
	// An identification waits like a search, and its four messages count.
	id, err := c.Identify(t.Context(), houilles())
	require.NoError(t, err)
	assert.Len(t, id.Attempts, 4)
	assert.Len(t, s.messages(), 9)
	assert.Equal(t, now.Add(4*time.Second), w.Now())
	// Another structure has calls of its own.
	other := s.client(t, limited(l, w), func(c *ins.Config) { c.Issuer = "1990000027" })
	for range 2 {
		_, err := other.Search(t.Context(), query())
		require.NoError(t, err)
	}
	assert.Equal(t, now.Add(4*time.Second), w.Now())
}

func TestLimiterRefuses(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]ins.LimiterConfig{
		"rather than wait": {Calls: 1, Interval: 5 * time.Second, Refuse: true},
		"too long a wait":  {Calls: 1, Interval: 5 * time.Second, MaxWait: 3 * time.Second},
		"the default wait": {Calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWaiting()
			cfg.Clock, cfg.Pause = w.Now, w.pause
			s := &stub{}
			c := s.client(t, limited(ins.NewLimiter(cfg), w))
			_, err := c.Search(t.Context(), query())
			require.NoError(t, err)
			w.Advance(time.Second)
			_, err = c.Search(t.Context(), query())
			require.ErrorIs(t, err, segur.ErrRateLimited)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			interval := cfg.Interval
			if interval == 0 {
				interval = time.Minute
			}
			assert.Equal(t, interval-time.Second, e.RetryAfter)
			assert.Contains(t, e.Explain(segur.FR), "Trop d'appels")
			assert.Empty(t, w.pauses)
			id, err := c.Identify(t.Context(), houilles())
			require.ErrorIs(t, err, segur.ErrRateLimited)
			assert.Empty(t, id.Attempts, "what does not leave is no attempt")
			assert.Empty(t, id.Diagnostics, "the error explains itself")
			assert.Len(t, s.messages(), 1)
			w.Advance(e.RetryAfter)
			_, err = c.Search(t.Context(), query())
			require.NoError(t, err)
		})
	}
}

// Waiting again, because another call was faster, counts with the wait before.
func TestLimiterWaitsForMaxWaitInAll(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	s := &stub{}
	var c *ins.Client
	l := ins.NewLimiter(ins.LimiterConfig{Calls: 1, Interval: 4 * time.Second, MaxWait: 6 * time.Second, Clock: w.Now,
		Pause: func(ctx context.Context, d time.Duration) error {
			err := w.pause(ctx, d)
			_, faster := c.Search(ctx, query())
			require.NoError(t, faster)
			return err
		}})
	c = s.client(t, limited(l, w))
	_, err := c.Search(t.Context(), query())
	require.NoError(t, err)
	_, err = c.Search(t.Context(), query())
	require.ErrorIs(t, err, segur.ErrRateLimited)
	require.Equal(t, []time.Duration{4 * time.Second}, w.pauses)
	require.Len(t, s.messages(), 2)
}

// A repetition of one search is a message like another.
func TestLimiterCountsRepetitions(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	s := &stub{fault: func(int) trouble { return gateway503 }}
	c := s.client(t, limited(ins.NewLimiter(ins.LimiterConfig{Calls: 2, Refuse: true, Clock: w.Now}), w))
	_, err := c.Search(t.Context(), query())
	require.ErrorIs(t, err, segur.ErrRateLimited)
	require.Len(t, s.messages(), 2)
}

// With the default pause a wait ends with the context.
func TestLimiterWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := &stub{}
	c := s.client(t, func(c *ins.Config) {
		c.Limiter = ins.NewLimiter(ins.LimiterConfig{Calls: 1, Interval: time.Hour, MaxWait: 2 * time.Hour})
	})
	_, err := c.Search(t.Context(), query())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = c.Search(ctx, query())
	require.ErrorIs(t, err, segur.ErrTimeout)
	require.Len(t, s.messages(), 1)
}

// Never more than Calls within any Interval, whatever the clock does.
func TestLimiterNeverExceedsItsRate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWaiting()
		calls := rapid.IntRange(1, 5).Draw(rt, "calls")
		interval := time.Duration(rapid.IntRange(1, 20).Draw(rt, "interval")) * time.Second
		l := ins.NewLimiter(ins.LimiterConfig{Calls: calls, Interval: interval, MaxWait: time.Hour, Clock: w.Now, Pause: w.pause,
			Refuse: rapid.Bool().Draw(rt, "refuse")})
		s := &stub{}
		c := s.client(rt, limited(l, w))
		var at []time.Time
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 30), 1, 40).Draw(rt, "steps") {
			w.Advance(time.Duration(step) * time.Second / 4)
			r, err := c.Search(context.Background(), query())
			if err != nil {
				require.ErrorIs(rt, err, segur.ErrRateLimited)
				continue
			}
			at = append(at, r.Time)
		}
		require.Len(rt, s.messages(), len(at))
		for i := range at {
			if i >= calls {
				require.GreaterOrEqual(rt, at[i].Sub(at[i-calls]), interval)
			}
		}
	})
	// A clock that goes back frees nothing.
	w := newWaiting()
	c := (&stub{}).client(t, limited(ins.NewLimiter(ins.LimiterConfig{Calls: 1, Interval: time.Minute, Refuse: true, Clock: w.Now}), w))
	_, err := c.Search(t.Context(), query())
	require.NoError(t, err)
	w.Advance(-time.Hour)
	_, err = c.Search(t.Context(), query())
	require.ErrorIs(t, err, segur.ErrRateLimited)
}

func TestLimiterIsSharedByGoroutines(t *testing.T) {
	t.Parallel()
	l := ins.NewLimiter(ins.LimiterConfig{Calls: 10, Interval: time.Hour, Refuse: true})
	s := &stub{}
	a, b := s.client(t, func(c *ins.Config) { c.Limiter = l }), s.client(t, func(c *ins.Config) { c.Limiter = l })
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			_, _ = []*ins.Client{a, b}[i%2].Search(t.Context(), query())
		})
	}
	wg.Wait()
	require.Len(t, s.messages(), 10)
}

// Structures that are silent are forgotten when there are many; one whose calls still count is not.
func TestLimiterOfManyStructures(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	l := ins.NewLimiter(ins.LimiterConfig{Calls: 1, Interval: time.Minute, Refuse: true, Clock: w.Now})
	s := &stub{}
	search := func(n int) error {
		c := s.client(t, limited(l, w), func(c *ins.Config) { c.Issuer = fmt.Sprintf("19%08d", n) })
		_, err := c.Search(t.Context(), query())
		return err
	}
	for n := range 1000 {
		if n == 500 {
			w.Advance(30 * time.Second)
		}
		require.NoError(t, search(n))
	}
	w.Advance(30 * time.Second)
	require.NoError(t, search(1000), "makes room")
	require.ErrorIs(t, search(999), segur.ErrRateLimited)
	require.NoError(t, search(0))
}

func TestLimiterConfigIsChecked(t *testing.T) {
	t.Parallel()
	cfg := ins.Config{Limiter: ins.NewLimiter(ins.LimiterConfig{Calls: -2, Interval: -1, MaxWait: -1, EventCalls: -1, EventMemory: -1, MaxEvents: -1,
		Random: io.LimitReader(fixed.Rand(1), 3)})}
	_, err := ins.New(cfg)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"calls", "interval", "maxWait", "eventCalls", "eventMemory", "maxEvents", "random"} {
		require.ErrorContains(t, err, "limiter."+field)
	}
	_, err = ins.New(ins.Config{Limiter: &ins.Limiter{}})
	require.ErrorContains(t, err, "limiter must be made by NewLimiter")
	_, err = ins.New(ins.Config{Policy: ins.Policy{MaxRetries: -2}})
	require.ErrorContains(t, err, "policy.maxRetries")
}
