package dmp

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// cappedRegistry answers the times of a list within a period, as many as it
// cares to.
type cappedRegistry struct {
	times []time.Time
	cap   int
	// how it says that there are more: as a refusal, a partial success, or not
	// at all.
	refuses, partial bool
	// openFrom and closedTo read the bounds otherwise than the norm.
	openFrom, closedTo bool
	calls              int
}

func (c *cappedRegistry) fetch(p xds.Period) (*xds.QueryResponse, error) {
	c.calls++
	r := &xds.QueryResponse{}
	for i, at := range c.times {
		if !p.From.IsZero() && (at.Before(p.From) || c.openFrom && at.Equal(p.From)) {
			continue
		}
		if !p.To.IsZero() && (at.After(p.To) || !c.closedTo && at.Equal(p.To)) {
			continue
		}
		r.IDs = append(r.IDs, strconv.Itoa(i))
	}
	if c.cap == 0 || len(r.IDs) <= c.cap {
		return r, nil
	}
	r.IDs = r.IDs[:c.cap]
	err := &segur.Error{Kind: segur.KindTooLarge, Code: tooMany}
	switch {
	case c.refuses:
		return nil, err
	case c.partial:
		return r, err
	}
	return r, nil
}

func (c *cappedRegistry) search(settings SearchSettings, now time.Time, whole xds.Period) (ids []string, err error) {
	p := paging{seen: map[string]bool{}, settings: &settings, now: now, fetch: c.fetch,
		count: func(r *xds.QueryResponse) int { return len(r.IDs) },
		key:   func(r *xds.QueryResponse, i int) string { return r.IDs[i] }}
	p.yield = func(r *xds.QueryResponse, i int, e error) bool {
		if e != nil {
			err = e
			return false
		}
		ids = append(ids, r.IDs[i])
		return true
	}
	p.run(whole)
	return ids, err
}

// Whatever the cap and whatever the registry thinks of bounds, every result
// comes once.
func TestPagingLosesNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		c := &cappedRegistry{cap: rapid.IntRange(1, 8).Draw(t, "cap"), openFrom: rapid.Bool().Draw(t, "open from"), closedTo: rapid.Bool().Draw(t, "closed to")}
		settings := SearchSettings{}
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			c.refuses = true
		case 1:
			c.partial = true
		case 2:
			settings.ResultCap = c.cap
			c.cap = settings.ResultCap
		}
		spread := rapid.SampledFrom([]int64{60, 3600, 86400, 40 * 365 * 86400}).Draw(t, "spread")
		at := map[int64]int{}
		for range rapid.IntRange(0, 40).Draw(t, "documents") {
			s := rapid.Int64Range(0, spread).Draw(t, "second")
			// No three seconds in a row hold more than the cap lets through.
			if near := at[s-2] + at[s-1] + at[s] + at[s+1] + at[s+2]; near+2 > c.cap {
				continue
			}
			at[s]++
			c.times = append(c.times, now.Add(-time.Duration(s)*time.Second).Truncate(time.Second))
		}
		whole := xds.Period{}
		if rapid.Bool().Draw(t, "from") {
			whole.From = now.Add(-time.Duration(spread+10) * time.Second)
		}
		if rapid.Bool().Draw(t, "to") {
			whole.To = now.Add(time.Minute)
		}
		got, err := c.search(settings, now, whole)
		require.NoError(t, err)
		slices.Sort(got)
		require.Len(t, slices.Compact(slices.Clone(got)), len(got), "twice")
		require.Len(t, got, len(c.times))
		require.Less(t, c.calls, maxPages)
	})
}

func TestPagingGivesUp(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	same := slices.Repeat([]time.Time{now.Add(-time.Hour)}, 5)
	other := now.Add(-48 * time.Hour)
	for name, c := range map[string]struct {
		registry cappedRegistry
		settings SearchSettings
		want     int
		kind     error
	}{
		"one second, refused": {cappedRegistry{cap: 4, refuses: true}, SearchSettings{}, 1, segur.ErrTooLarge},
		"one second, partial": {cappedRegistry{cap: 4, partial: true}, SearchSettings{}, 5, segur.ErrTooLarge},
		"one second, silent":  {cappedRegistry{cap: 4}, SearchSettings{ResultCap: 4}, 5, segur.ErrPartial},
		"no paging":           {cappedRegistry{cap: 4, refuses: true}, SearchSettings{PageBy: NoPaging}, 0, segur.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.registry.times = append(slices.Clone(same), other)
			got, err := c.registry.search(c.settings, now, xds.Period{})
			require.ErrorIs(t, err, c.kind)
			assert.Len(t, got, c.want, "what could be had is given")
			assert.Less(t, c.registry.calls, 100)
		})
	}
}
