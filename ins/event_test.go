package ins_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	l := ins.NewLimiter(ins.LimiterConfig{Calls: ins.NoLimit, EventCalls: 6, EventMemory: time.Hour, MaxEvents: 2, Clock: w.Now})
	s := &stub{}
	c := s.client(t, limited(l, w))
	refused := func(err error, rule string) {
		t.Helper()
		require.ErrorIs(t, err, segur.ErrRefused)
		require.ErrorContains(t, err, "event "+rule)
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		require.Contains(t, e.Explain(segur.FR), "pour cette venue")
	}

	id, err := c.Identify(t.Context(), houilles(), ins.ForEvent("visit-1"))
	require.NoError(t, err)
	require.Equal(t, ins.NotFound, id.Outcome)
	require.Len(t, s.messages(), 4)

	// The same criteria again: refused, also by another client of the structure. Without event they may be searched.
	for _, c := range []*ins.Client{c, s.client(t, limited(l, w))} {
		id, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit-1"))
		require.Nil(t, id)
		refused(err, "was already identified with the same criteria")
	}
	require.Len(t, s.messages(), 4)
	_, err = c.Identify(t.Context(), houilles())
	require.NoError(t, err)
	require.Len(t, s.messages(), 8)

	// Corrected criteria, within what is left of the event: two calls of three.
	corrected := houilles()
	corrected.Traits.FirstGivenName, corrected.Traits.GivenNames = "PAUL", "PAUL JACQUES"
	id, err = c.Identify(t.Context(), corrected, ins.ForEvent("visit-1"))
	require.NoError(t, err)
	require.Equal(t, ins.StopBudget, id.Stop)
	require.Equal(t, ins.NotFound, id.Outcome)
	require.Len(t, id.Attempts, 2)
	require.Equal(t, "event-calls-spent", id.Diagnostics[0].Code)
	corrected.Traits.FirstGivenName = "JACQUES"
	_, err = c.Identify(t.Context(), corrected, ins.ForEvent("visit-1"))
	refused(err, "has spent its calls")
	require.Len(t, s.messages(), 10)

	// Each event has its own; after its memory it starts anew.
	_, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit-2"))
	require.NoError(t, err)
	w.Advance(time.Hour)
	_, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit-1"))
	require.NoError(t, err)

	// Beyond MaxEvents the one used least recently is forgotten.
	w.Advance(time.Second)
	_, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit-3"))
	require.NoError(t, err)
	w.Advance(time.Second)
	_, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit-4"))
	require.NoError(t, err)
	_, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit-3"))
	refused(err, "was already identified")
	_, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit-1"))
	require.NoError(t, err)
}

// An event under way is not forgotten, however long it takes and however many others come.
func TestEventsUnderWayAreKept(t *testing.T) {
	t.Parallel()
	w := newWaiting()
	var c *ins.Client
	again := func() error {
		_, err := c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
		return err
	}
	var during []error
	s := &stub{fault: func(n int) trouble {
		if n == 0 {
			w.Advance(2 * time.Hour)
			during = append(during, again())
			other := houilles()
			other.Traits.GivenNames = ""
			_, err := c.Identify(t.Context(), other, ins.ForEvent("other"))
			during = append(during, err, again())
		}
		return healthy
	}}
	c = s.client(t, limited(ins.NewLimiter(ins.LimiterConfig{Calls: ins.NoLimit, EventMemory: time.Hour, MaxEvents: 1, Clock: w.Now}), w))
	id, err := c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
	require.NoError(t, err)
	require.Equal(t, ins.StopExhausted, id.Stop)
	require.Len(t, id.Attempts, 4)
	require.Len(t, during, 3)
	require.ErrorContains(t, during[0], "is being identified with the same criteria")
	require.NoError(t, during[1])
	require.ErrorContains(t, during[2], "is being identified with the same criteria")
	require.ErrorContains(t, again(), "was already identified with the same criteria")
}

// A run that failed may be made again; what left counts.
func TestEventsOfFailedRuns(t *testing.T) {
	t.Parallel()
	s := &stub{fault: faultsInOrder(gateway503, softwareRefused)}
	c := s.client(t, func(c *ins.Config) {
		c.Limiter = ins.NewLimiter(ins.LimiterConfig{Calls: ins.NoLimit, EventCalls: 5})
		c.Policy.MaxRetries = ins.NoRetry
	})
	for _, kind := range []error{segur.ErrUnavailable, segur.ErrAuthorization} {
		_, err := c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
		require.ErrorIs(t, err, kind)
	}
	id, err := c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
	require.NoError(t, err)
	require.Equal(t, ins.StopBudget, id.Stop)
	require.Len(t, id.Attempts, 3)

	// Refused by the rate: nothing left, nothing counts.
	w := newWaiting()
	s = &stub{}
	c = s.client(t, limited(ins.NewLimiter(ins.LimiterConfig{Calls: 1, Refuse: true, EventCalls: 1, Clock: w.Now}), w))
	_, err = c.Search(t.Context(), query())
	require.NoError(t, err)
	for range 3 {
		_, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
		require.ErrorIs(t, err, segur.ErrRateLimited)
	}
	w.Advance(time.Minute)
	id, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
	require.NoError(t, err)
	require.Len(t, id.Attempts, 1)
	require.Equal(t, ins.StopBudget, id.Stop)

	// The budget of the event ends repetitions too, with their fault.
	s = &stub{fault: func(int) trouble { return unavailableCode }}
	c = s.client(t, func(c *ins.Config) { c.Limiter = ins.NewLimiter(ins.LimiterConfig{Calls: ins.NoLimit, EventCalls: 2}) })
	id, err = c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.Len(t, id.Attempts, 2)
	require.Equal(t, ins.StopFailed, id.Stop)
}

// Of many desks that ask for the same event at once, one searches.
func TestEventsConcurrently(t *testing.T) {
	t.Parallel()
	s := &stub{persons: []instest.Person{somebody("HOUILLES", "PIERRE", "PIERRE PAUL JACQUES", segur.Male, segur.NewDate(1993, 1, 27), "69123", 1)}}
	c := s.client(t)
	var mu sync.Mutex
	var outcomes []error
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, err := c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
			mu.Lock()
			defer mu.Unlock()
			outcomes = append(outcomes, err)
		})
	}
	wg.Wait()
	require.Len(t, s.messages(), 1)
	require.Equal(t, 1, len(outcomes)-len(slices.DeleteFunc(slices.Clone(outcomes), func(err error) bool { return err == nil })))
	for _, err := range outcomes {
		if err != nil {
			require.ErrorIs(t, err, segur.ErrRefused)
		}
	}
}

// A panic of what the caller gave ends the run of the event: the patient is not locked out.
func TestEventAfterAPanic(t *testing.T) {
	t.Parallel()
	broken := true
	s := &stub{fault: func(int) trouble {
		if broken {
			panic("of the caller's transport")
		}
		return healthy
	}}
	c := s.client(t)
	require.Panics(t, func() { _, _ = c.Identify(t.Context(), houilles(), ins.ForEvent("visit")) })
	broken = false
	id, err := c.Identify(t.Context(), houilles(), ins.ForEvent("visit"))
	require.NoError(t, err)
	require.Equal(t, ins.NotFound, id.Outcome)
}

// A place that is not sent makes no other criteria.
func TestEventUnknownPlace(t *testing.T) {
	t.Parallel()
	s := &stub{}
	c := s.client(t)
	p := houilles()
	p.Traits.BirthPlace = ""
	_, err := c.Identify(t.Context(), p, ins.ForEvent("visit"))
	require.NoError(t, err)
	n := len(s.messages())
	p.Traits.BirthPlace = segur.BirthplaceUnknown
	_, err = c.Identify(t.Context(), p, ins.ForEvent("visit"))
	require.ErrorIs(t, err, segur.ErrRefused)
	require.Len(t, s.messages(), n)
}
