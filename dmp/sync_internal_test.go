package dmp

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// model is a registry that answers the questions of a synchronisation and on
// which anything may happen.
type model struct {
	clock   time.Time
	since   time.Time                     // what the first search reaches
	entries map[string]*xds.DocumentEntry // every version
	order   []string
	links   []modelLink
	lots    []modelLot
	next    int
	// silent leaves out the associations of status changes, as a registry may.
	silent bool
	// hidden are the logical identifiers that this user is not shown.
	hidden map[string]bool
	calls  map[string]int
	fail   string
}

type modelLink struct {
	lot string
	xds.Association
}

type modelLot struct {
	id string
	at time.Time
}

func newModel() *model {
	return &model{clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), entries: map[string]*xds.DocumentEntry{}, hidden: map[string]bool{}, calls: map[string]int{}}
}

func (m *model) uuid() string {
	m.next++
	return fmt.Sprintf("urn:uuid:%08d", m.next)
}

func (m *model) lot() string {
	m.clock = m.clock.Add(time.Hour)
	id := m.uuid()
	m.lots = append(m.lots, modelLot{id, m.clock})
	return id
}

func (m *model) link(lot string, a xds.Association) { m.links = append(m.links, modelLink{lot, a}) }

func (m *model) file(lot string, e xds.DocumentEntry) *xds.DocumentEntry {
	e.ID = m.uuid()
	e.ServiceStart = segur.At(m.clock)
	if e.LogicalID == "" {
		e.LogicalID, e.Version, e.Status = e.ID, "1", xds.Approved
		e.UniqueID = "1.2." + strconv.Itoa(m.next)
	}
	m.entries[e.ID] = &e
	m.order = append(m.order, e.ID)
	m.link(lot, xds.Association{Type: xds.HasMember, Source: lot, Target: e.ID})
	return &e
}

func (m *model) publish() *xds.DocumentEntry {
	return m.file(m.lot(), xds.DocumentEntry{ConfidentialityCodes: []segur.Code{{Code: "N"}}})
}

func (m *model) replace(old *xds.DocumentEntry) *xds.DocumentEntry {
	lot := m.lot()
	e := m.file(lot, xds.DocumentEntry{ConfidentialityCodes: old.ConfidentialityCodes})
	m.link(lot, xds.Association{Type: xds.Replaces, Source: e.ID, Target: old.ID})
	old.Status = xds.Deprecated
	return e
}

func (m *model) version(old *xds.DocumentEntry, change func(*xds.DocumentEntry)) *xds.DocumentEntry {
	e := *old
	e.Version = strconv.Itoa(number(old.Version) + 1)
	e.ConfidentialityCodes = slices.Clone(old.ConfidentialityCodes)
	change(&e)
	old.Status = xds.Deprecated
	return m.file(m.lot(), e)
}

func (m *model) setStatus(e *xds.DocumentEntry, to xds.Status) {
	lot := m.lot()
	if !m.silent {
		m.link(lot, xds.Association{Type: xds.UpdateStatus, Source: lot, Target: e.ID, From: e.Status, To: to})
	}
	e.Status = to
}

func (m *model) shows(e *xds.DocumentEntry) bool {
	return e != nil && e.Status != xds.Deleted && !m.hidden[e.LogicalID]
}

func (m *model) ask(name string) error {
	m.calls[name]++
	if m.fail == name {
		return errors.New("no answer")
	}
	return nil
}

func (m *model) active(time.Time) ([]*xds.DocumentEntry, error) {
	var out []*xds.DocumentEntry
	for _, id := range m.order {
		if e := m.entries[id]; m.shows(e) && e.Status == xds.Approved && !e.ServiceStart.Time.Before(m.since) {
			c := *e
			out = append(out, &c)
		}
	}
	return out, m.ask("active")
}

func (m *model) ids(s xds.Status) ([]string, error) {
	var out []string
	for _, id := range m.order {
		if e := m.entries[id]; m.shows(e) && e.Status == s {
			out = append(out, id)
		}
	}
	return out, m.ask("ids")
}

func (m *model) sets(since time.Time) ([]string, error) {
	var out []string
	for _, l := range m.lots {
		if !l.at.Before(since) {
			out = append(out, l.id)
		}
	}
	return out, m.ask("sets")
}

func (m *model) linksOf(ids []string) []xds.Association {
	var out []xds.Association
	for _, l := range m.links {
		if slices.Contains(ids, l.Source) || slices.Contains(ids, l.Target) {
			out = append(out, l.Association)
		}
	}
	return out
}

func (m *model) lotLinks(ids []string) []xds.Association {
	var out []xds.Association
	for _, l := range m.links { // those of the lots, and nothing else of theirs
		if slices.Contains(ids, l.lot) && l.Source == l.lot {
			out = append(out, l.Association)
		}
	}
	return out
}

func (m *model) linked(ids []string) (*Linked, error) {
	out := &Linked{Associations: m.linksOf(ids)}
	for _, id := range ids {
		if e := m.entries[id]; m.shows(e) {
			out.Entries = append(out.Entries, *e)
		}
	}
	return out, m.ask("linked")
}

func (m *model) versions(unique []string) (*Linked, error) {
	var ids []string
	for _, id := range m.order {
		if slices.Contains(unique, m.entries[id].UniqueID) {
			ids = append(ids, id)
		}
	}
	l, _ := m.linked(ids)
	return l, m.ask("versions")
}

// registry gives the model the method that the field links hides.
type registry struct{ *model }

func (r registry) links(ids []string) ([]xds.Association, error) {
	return r.lotLinks(ids), r.ask("links")
}

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

func TestSyncStateRefuses(t *testing.T) {
	t.Parallel()
	_, _, st := opened(t)
	good, err := json.Marshal(st)
	require.NoError(t, err)
	patient := strings.Repeat("ab", 32)
	for name, text := range map[string]string{
		"not JSON":       `{`,
		"nothing":        `{}`,
		"later version":  `{"segurDMPSync":2}`,
		"unknown field":  strings.Replace(string(good), `{"segurDMPSync"`, `{"x":1,"segurDMPSync"`, 1),
		"no patient":     `{"segurDMPSync":1,"lastCall":"2026-01-01T00:00:00Z"}`,
		"no time":        `{"segurDMPSync":1,"patient":"` + patient + `"}`,
		"odd patient":    `{"segurDMPSync":1,"patient":"zz","lastCall":"2026-01-01T00:00:00Z"}`,
		"short patient":  `{"segurDMPSync":1,"patient":"ab","lastCall":"2026-01-01T00:00:00Z"}`,
		"only documents": `{"segurDMPSync":1,"documents":[{"entry":"a","logical":"b","unique":"c"}]}`,
		"no entry":       `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"logical":"b","unique":"c"}]}`,
		"odd other":      `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","others":[""]}`,
		"only others":    `{"segurDMPSync":1,"others":["urn:uuid:1"]}`,
		"twice":          `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"entry":"a","logical":"b","unique":"c"},{"entry":"a","logical":"b","unique":"c"}]}`,
		"long":           `{"segurDMPSync":1,"patient":"` + patient + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"entry":"` + strings.Repeat("a", 400) + `","logical":"b","unique":"c"}]}`,
	} {
		kept := st
		err := json.Unmarshal([]byte(text), &kept)
		require.Error(t, err, name)
		if name != "not JSON" {
			require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		}
		assert.Equal(t, st, kept, name)
	}
	var zero SyncState
	b, err := json.Marshal(zero)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &zero))
	assert.True(t, zero.IsZero())
	assert.Equal(t, "SyncState(1 documents, redacted)", fmt.Sprintf("%+v", st))
}

func FuzzSyncState(f *testing.F) {
	f.Add([]byte(`{"segurDMPSync":1}`))
	f.Add([]byte(`{"segurDMPSync":1,"patient":"` + strings.Repeat("ab", 32) + `","lastCall":"2026-01-01T00:00:00Z","documents":[{"entry":"a","logical":"b","unique":"c","confidentiality":["N","N"]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s SyncState
		if s.UnmarshalJSON(b) != nil {
			return
		}
		out, err := s.MarshalJSON()
		if err != nil {
			return // a year that JSON cannot write
		}
		var again SyncState
		if err := again.UnmarshalJSON(out); err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
	})
}
