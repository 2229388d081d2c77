package dmp

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// view is what a caller who applies the changes shows: entryUUID and codes by
// logical identifier.
type view map[string]string

func (v view) apply(t require.TestingT, r *SyncResult) {
	for _, c := range r.Changes {
		was := c.Previous
		if c.Kind != SyncNew {
			require.Contains(t, v, was.LogicalID, "%s of what is not shown", c.Kind)
		}
		switch c.Kind {
		case SyncNew:
			require.NotContains(t, v, c.Entry.LogicalID, "new twice")
		case SyncReplaced:
			delete(v, was.LogicalID)
		case SyncDeleted, SyncGone:
			require.Nil(t, c.Entry)
			delete(v, was.LogicalID)
		}
		if c.Entry != nil {
			v[c.Entry.LogicalID] = shown(c.Entry)
		}
	}
}

func shown(e *xds.DocumentEntry) string {
	k := knownOf(e)
	return strings.Join([]string{k.EntryUUID, string(k.Status), strings.Join(k.Confidentiality, "+")}, " ")
}

func (m *model) sync(t require.TestingT, st SyncState, overlap time.Duration) (*SyncResult, error) {
	// The state goes through its stored form each time.
	b, err := json.Marshal(st)
	require.NoError(t, err)
	var stored SyncState
	require.NoError(t, json.Unmarshal(b, &stored))
	again, err := json.Marshal(stored)
	require.NoError(t, err)
	require.JSONEq(t, string(b), string(again))
	s := newSyncer(registry{m}, SyncRequest{State: stored})
	if stored.IsZero() {
		err = s.open(time.Time{})
	} else {
		err = s.next(stored.LastCall().Add(-overlap))
	}
	if err != nil {
		return nil, err
	}
	return s.result(strings.Repeat("ab", 32), m.clock), nil
}

// inForce are the entries that the registry shows, except what was archived
// before the caller knew it.
func (m *model) inForce(archivedKnown map[string]bool) view {
	out := view{}
	for _, id := range m.order {
		e := m.entries[id]
		if m.shows(e) && (e.Status == xds.Approved || e.Status == xds.Archived && archivedKnown[e.LogicalID]) {
			out[e.LogicalID] = shown(e)
		}
	}
	return out
}

// Whatever happens between two calls, a caller who applies the changes shows
// what the registry has.
func TestSyncFollowsTheRegistry(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel()
		m.silent = rapid.Bool().Draw(t, "silent")
		shows, st := view{}, SyncState{}
		everShown := map[string]bool{}
		for range rapid.IntRange(1, 6).Draw(t, "calls") {
			for range rapid.IntRange(0, 6).Draw(t, "events") {
				var current []*xds.DocumentEntry
				for _, id := range m.order {
					if e := m.entries[id]; e.Status == xds.Approved || e.Status == xds.Archived {
						current = append(current, e)
					}
				}
				what := rapid.IntRange(0, 6).Draw(t, "event")
				if len(current) == 0 || what == 0 {
					m.publish()
					continue
				}
				e := rapid.SampledFrom(current).Draw(t, "document")
				switch what {
				case 1:
					if e.Status == xds.Approved {
						m.replace(e)
					}
				case 2:
					m.version(e, func(e *xds.DocumentEntry) {
						e.ConfidentialityCodes = []segur.Code{{Code: "N"}, {Code: rapid.SampledFrom([]string{"MASQUE_PS", "INVISIBLE_PATIENT"}).Draw(t, "marker")}}
					})
				case 3:
					m.version(e, func(e *xds.DocumentEntry) { e.Title = "autre" })
				case 4:
					if e.Status == xds.Archived {
						m.setStatus(e, xds.Approved)
					} else {
						m.setStatus(e, xds.Archived)
					}
				case 5:
					m.setStatus(e, xds.Deleted)
				case 6:
					m.hidden[e.LogicalID] = true
				}
			}
			r, err := m.sync(t, st, 30*time.Minute)
			require.NoError(t, err)
			require.Empty(t, r.Warnings)
			shows.apply(t, r)
			for l := range shows {
				everShown[l] = true
			}
			for _, k := range st.documents {
				everShown[k.LogicalID] = true
			}
			archivedKnown := map[string]bool{}
			for l := range shows {
				archivedKnown[l] = true
			}
			require.Equal(t, m.inForce(archivedKnown), shows)
			st = r.State

			again, err := m.sync(t, st, 1000*time.Hour)
			require.NoError(t, err)
			require.Empty(t, again.Changes, "a second call, however far it looks back, has nothing to say")
		}
	})
}

func kinds(r *SyncResult) []string {
	var out []string
	for _, c := range r.Changes {
		out = append(out, string(c.Kind))
	}
	return out
}

// opened is a model with one known document.
func opened(t *testing.T) (*model, *xds.DocumentEntry, SyncState) {
	t.Helper()
	m := newModel()
	e := m.publish()
	r, err := m.sync(t, SyncState{}, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"new"}, kinds(r))
	return m, e, r.State
}

func TestSyncKinds(t *testing.T) {
	t.Parallel()
	mask := func(e *xds.DocumentEntry) {
		e.ConfidentialityCodes = append(e.ConfidentialityCodes, segur.Code{Code: "MASQUE_PS"})
	}
	for name, c := range map[string]struct {
		happens func(*model, *xds.DocumentEntry) *xds.DocumentEntry
		want    []string
	}{
		"nothing":  {func(*model, *xds.DocumentEntry) *xds.DocumentEntry { return nil }, nil},
		"replaced": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry { return m.replace(e) }, []string{"replaced"}},
		"replaced three times": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry {
			return m.replace(m.replace(m.replace(e)))
		}, []string{"replaced"}},
		"masked": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry { return m.version(e, mask) }, []string{"visibility"}},
		"other metadata": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry {
			return m.version(e, func(e *xds.DocumentEntry) { e.Title = "x" })
		}, []string{"metadata"}},
		"masked, then replaced": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry {
			return m.replace(m.version(e, mask))
		}, []string{"replaced"}},
		"replaced, then masked": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry {
			return m.version(m.replace(e), mask)
		}, []string{"replaced"}},
		"archived": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry { m.setStatus(e, xds.Archived); return e }, []string{"archived"}},
		"masked and archived": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry {
			e = m.version(e, mask)
			m.setStatus(e, xds.Archived)
			return e
		}, []string{"visibility", "archived"}},
		"deleted": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry { m.setStatus(e, xds.Deleted); return nil }, []string{"deleted"}},
		"deleted without a lot": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry {
			m.silent = true
			m.setStatus(e, xds.Deleted)
			return nil
		}, []string{"gone"}},
		"hidden": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry { m.hidden[e.LogicalID] = true; return nil }, []string{"gone"}},
		"replaced by a hidden one": {func(m *model, e *xds.DocumentEntry) *xds.DocumentEntry {
			m.hidden[m.replace(e).LogicalID] = true
			return nil
		}, []string{"replaced"}},
		"another": {func(m *model, _ *xds.DocumentEntry) *xds.DocumentEntry { return m.publish() }, []string{"new"}},
		"another, replaced at once": {func(m *model, _ *xds.DocumentEntry) *xds.DocumentEntry {
			return m.replace(m.publish())
		}, []string{"new"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, e, st := opened(t)
			want := c.happens(m, e)
			r, err := m.sync(t, st, time.Hour)
			require.NoError(t, err)
			require.Equal(t, c.want, kinds(r))
			if len(r.Changes) > 0 {
				last := r.Changes[len(r.Changes)-1]
				if want == nil {
					assert.Nil(t, last.Entry)
				} else {
					assert.Equal(t, want.ID, last.Entry.ID)
				}
			}
		})
	}
	m, e, st := opened(t)
	m.setStatus(e, xds.Archived)
	r, err := m.sync(t, st, 0)
	require.NoError(t, err)
	m.setStatus(e, xds.Approved)
	r, err = m.sync(t, r.State, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"restored"}, kinds(r))
}

// Documents that replace one another in a circle, or for ever, are reported
// and do not hold the call up.
func TestSyncCircles(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 2, 5, 200} {
		for _, closed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d %v", length, closed), func(t *testing.T) {
				t.Parallel()
				m, first, st := opened(t)
				at := first
				for range length - 1 {
					at = m.replace(at)
				}
				if closed {
					m.link(m.lots[len(m.lots)-1].id, xds.Association{Type: xds.Replaces, Source: first.ID, Target: at.ID})
					at.Status = xds.Deprecated
				}
				r, err := m.sync(t, st, time.Hour)
				require.NoError(t, err)
				switch {
				case closed:
					require.Equal(t, []string{"replaced"}, kinds(r))
					assert.Nil(t, r.Changes[0].Entry)
					assert.Len(t, r.Warnings, 1)
				case length == 200: // beyond the bound, but in the lots
					require.NotEmpty(t, r.Changes)
				case length > 1:
					require.Equal(t, []string{"replaced"}, kinds(r))
					assert.Equal(t, at.ID, r.Changes[0].Entry.ID)
				}
				assert.Less(t, m.calls["linked"], 2*maxRounds)
				again, err := m.sync(t, r.State, 1000*time.Hour)
				require.NoError(t, err)
				assert.Empty(t, again.Changes)
			})
		}
	}
}

// A document whose lot bears a time long before the last call is found.
func TestSyncLateLot(t *testing.T) {
	t.Parallel()
	m, _, st := opened(t)
	e := m.publish()
	m.lots[len(m.lots)-1].at = st.LastCall().Add(-300 * time.Hour)
	r, err := m.sync(t, st, time.Hour)
	require.NoError(t, err)
	require.Equal(t, []string{"new"}, kinds(r))
	assert.Equal(t, e.ID, r.Changes[0].Entry.ID)
}

// What is older than the first search stays out, until something happens to it.
func TestSyncOlderDocuments(t *testing.T) {
	t.Parallel()
	m := newModel()
	old := m.publish()
	m.since = m.clock.Add(time.Minute)
	e := m.publish()
	r, err := m.sync(t, SyncState{}, 0)
	require.NoError(t, err)
	require.Len(t, r.Changes, 1)
	assert.Equal(t, e.ID, r.Changes[0].Entry.ID)
	r, err = m.sync(t, r.State, time.Hour)
	require.NoError(t, err)
	assert.Empty(t, r.Changes)
	next := m.replace(old)
	r, err = m.sync(t, r.State, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"new"}, kinds(r))
	assert.Equal(t, next.ID, r.Changes[0].Entry.ID)
}

func TestSyncFails(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"ids", "sets", "links", "linked", "versions"} {
		m, e, st := opened(t)
		m.replace(e)
		m.fail = what
		r, err := m.sync(t, st, time.Hour)
		assert.Error(t, err, what)
		assert.Nil(t, r)
		m.fail = ""
		r, err = m.sync(t, st, time.Hour)
		require.NoError(t, err)
		assert.Equal(t, []string{"replaced"}, kinds(r), "the state of before still serves")
	}
	m := newModel()
	m.fail = "active"
	_, err := m.sync(t, SyncState{}, 0)
	assert.Error(t, err)
}

func TestSyncReportsOtherWays(t *testing.T) {
	t.Parallel()
	m, _, st := opened(t)
	got, filed := m.publish(), m.publish()
	m.setStatus(filed, xds.Archived)
	s := newSyncer(registry{m}, SyncRequest{State: st, Received: []string{got.UniqueID}, Archived: true})
	require.NoError(t, s.next(st.LastCall()))
	r := s.result(st.patient, m.clock)
	require.Equal(t, []string{"new", "new"}, kinds(r))
	assert.True(t, r.Changes[0].AlreadyReceived)
	assert.False(t, r.Changes[1].AlreadyReceived)
	assert.Equal(t, xds.Archived, r.Changes[1].Entry.Status)

	// The same document filed under another logical identifier is not new.
	twin := m.publish()
	twin.UniqueID = got.UniqueID
	r2, err := m.sync(t, r.State, time.Hour)
	require.NoError(t, err)
	assert.Equal(t, []string{"metadata"}, kinds(r2))
}
