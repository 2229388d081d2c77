package dmp

import (
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// syncer compares what the caller knows with the record.
type syncer struct {
	registry syncRegistry
	archived bool
	received []string

	index map[string]KnownDocument // by entryUUID
	// others are active entries that the caller was not told of.
	others map[string]bool
	// entries are those that were read, by entryUUID; versions groups them by
	// logical identifier.
	entries  map[string]*xds.DocumentEntry
	versions map[string][]string
	// successors are the entries that replace one, by its entryUUID; status
	// what the lots say that a document became.
	successors map[string][]string
	status     map[string]xds.Status
	asked      map[string]bool

	changes  []SyncChange
	warnings []segur.Detail
}

func newSyncer(r syncRegistry, q SyncRequest) *syncer {
	s := &syncer{registry: r, archived: q.Archived, received: q.Received, index: map[string]KnownDocument{}, others: map[string]bool{},
		entries: map[string]*xds.DocumentEntry{}, versions: map[string][]string{}, successors: map[string][]string{},
		status: map[string]xds.Status{}, asked: map[string]bool{}}
	for d := range q.State.Documents() {
		s.index[d.EntryUUID] = d
	}
	for _, id := range q.State.others {
		s.others[id] = true
	}
	return s
}

// open is the first call.
func (s *syncer) open(since time.Time) error {
	all, err := s.all(xds.Approved) // before the entries: what comes meanwhile is then among them
	if err != nil {
		return err
	}
	entries, err := s.registry.active(since)
	if err != nil {
		return err
	}
	for _, e := range entries {
		s.add(e)
	}
	s.fresh(entries)
	s.leave(all)
	return nil
}

// leave keeps the active entries that the caller was not told of: whatever
// else is active next time is new, whenever its lot says that it was sent.
func (s *syncer) leave(active map[string]bool) {
	s.others = map[string]bool{}
	for id := range active {
		if _, told := s.index[id]; !told {
			s.others[id] = true
		}
	}
}

// next is every other call.
func (s *syncer) next(since time.Time) error {
	// What is there now is asked first: what changes meanwhile is then seen
	// in the lots, or by the next call.
	active, err := s.all(xds.Approved)
	if err != nil {
		return err
	}
	archived, err := s.all(xds.Archived)
	if err != nil {
		return err
	}
	members, err := s.lots(since)
	if err != nil {
		return err
	}
	for id := range active {
		if _, told := s.index[id]; !told && !s.others[id] && !slices.Contains(members, id) {
			members = append(members, id)
		}
	}
	slices.Sort(members)
	var moved []KnownDocument // known documents whose state is to be established
	var uniqueIDs []string
	fetch := slices.Clone(members)
	for _, k := range s.known() {
		switch {
		case active[k.EntryUUID] && k.Status == xds.Approved, archived[k.EntryUUID] && k.Status == xds.Archived:
			if len(s.successors[k.EntryUUID]) == 0 && s.status[k.EntryUUID] == "" {
				continue
			}
		case !active[k.EntryUUID] && !archived[k.EntryUUID] && k.UniqueID != "":
			uniqueIDs = append(uniqueIDs, k.UniqueID)
		}
		moved = append(moved, k)
		fetch = append(fetch, k.EntryUUID)
	}
	if err := s.read(fetch, s.registry.linked); err != nil {
		return err
	}
	if len(uniqueIDs) > 0 {
		l, err := s.registry.versions(uniqueIDs)
		if err != nil {
			return err
		}
		s.learn(l)
	}
	// New versions of known documents came with the lots.
	for _, k := range s.known() {
		if !slices.ContainsFunc(moved, func(m KnownDocument) bool { return m.EntryUUID == k.EntryUUID }) && len(s.versions[k.LogicalID]) > 0 {
			moved = append(moved, k)
		}
	}
	if err := s.follow(moved); err != nil {
		return err
	}
	for _, k := range moved {
		s.settle(k)
	}
	var entries []*xds.DocumentEntry
	for _, id := range members {
		if e := s.entries[id]; e != nil {
			entries = append(entries, s.newest(logicalID(e)))
		}
	}
	s.fresh(entries)
	s.leave(active)
	return nil
}

func (s *syncer) all(status xds.Status) (map[string]bool, error) {
	ids, err := s.registry.ids(status)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, nil
}

// known lists the index in a stable order.
func (s *syncer) known() []KnownDocument {
	var st SyncState
	for _, k := range s.index {
		st.documents = append(st.documents, k)
	}
	st.sort()
	return st.documents
}

// lots reads the lots submitted since, and returns their members that are new
// to the caller, not those that the first search left out.
func (s *syncer) lots(since time.Time) ([]string, error) {
	sets, err := s.registry.sets(since)
	if err != nil {
		return nil, err
	}
	links, err := s.registry.links(sets)
	if err != nil {
		return nil, err
	}
	s.link(links)
	var members []string
	seen := map[string]bool{}
	for _, a := range links {
		if _, isKnown := s.index[a.Target]; a.Type == xds.HasMember && !isKnown && !s.others[a.Target] && strings.HasPrefix(a.Target, "urn:uuid:") && !seen[a.Target] {
			seen[a.Target] = true
			members = append(members, a.Target)
		}
	}
	return members, nil
}

func (s *syncer) link(links []xds.Association) {
	for _, a := range links {
		switch a.Type {
		case xds.Replaces:
			if a.Source != "" && a.Target != "" && !slices.Contains(s.successors[a.Target], a.Source) {
				s.successors[a.Target] = append(s.successors[a.Target], a.Source)
			}
		case xds.UpdateStatus:
			if s.status[a.Target] != xds.Deleted { // the lots come in no order
				s.status[a.Target] = a.To
			}
		default:
		}
	}
}

func (s *syncer) learn(l *Linked) {
	s.link(l.Associations)
	for i := range l.Entries {
		s.add(&l.Entries[i])
	}
}

func (s *syncer) add(e *xds.DocumentEntry) {
	if e.ID == "" || e.IsSignature() {
		return
	}
	if s.entries[e.ID] == nil {
		s.versions[logicalID(e)] = append(s.versions[logicalID(e)], e.ID)
	}
	s.entries[e.ID] = e
}

// read asks for entries that were not asked for yet.
func (s *syncer) read(ids []string, ask func([]string) (*Linked, error)) error {
	var want []string
	for _, id := range ids {
		if !s.asked[id] && strings.HasPrefix(id, "urn:uuid:") {
			s.asked[id] = true
			want = append(want, id)
		}
	}
	if len(want) == 0 {
		return nil
	}
	l, err := ask(want)
	if err != nil {
		return err
	}
	s.learn(l)
	return nil
}

// settle says what became of a known document.
func (s *syncer) settle(k KnownDocument) {
	w := s.walk(k)
	e := w.entry
	if w.loop {
		s.warnings = append(s.warnings, segur.Detail{Field: k.EntryUUID, Severity: "warning",
			Message: "documents replace one another in a circle, or in a chain without end: none is taken as the newest"})
	}
	switch {
	case e == nil && (w.loop || s.replaced(k)):
		s.drop(k, SyncReplaced, nil)
	case e == nil && s.deleted(k), e != nil && e.Status == xds.Deleted:
		s.drop(k, SyncDeleted, nil)
	case e == nil:
		s.drop(k, SyncGone, nil)
	case logicalID(e) != k.LogicalID:
		s.drop(k, SyncReplaced, e)
		s.index[e.ID] = knownOf(e)
	default:
		s.update(k, e)
	}
}

// replaced reports whether something replaces a version of the document.
func (s *syncer) replaced(k KnownDocument) bool {
	for _, id := range append([]string{k.EntryUUID}, s.versions[k.LogicalID]...) {
		if len(s.successors[id]) > 0 {
			return true
		}
	}
	return false
}

// deleted reports whether a lot deleted a version of the document.
func (s *syncer) deleted(k KnownDocument) bool {
	return slices.ContainsFunc(append([]string{k.EntryUUID}, s.versions[k.LogicalID]...), func(id string) bool { return s.status[id] == xds.Deleted })
}

func (s *syncer) drop(k KnownDocument, kind SyncKind, e *xds.DocumentEntry) {
	delete(s.index, k.EntryUUID)
	s.changes = append(s.changes, SyncChange{Kind: kind, Entry: e, Previous: k})
}

// update files what is known of the same document now, and reports how it
// differs, if it does.
func (s *syncer) update(k KnownDocument, e *xds.DocumentEntry) {
	now := knownOf(e)
	if number(now.Version) < number(k.Version) {
		return // an older version came with an old lot
	}
	delete(s.index, k.EntryUUID)
	s.index[e.ID] = now
	report := func(kind SyncKind) { s.changes = append(s.changes, SyncChange{Kind: kind, Entry: e, Previous: k}) }
	hidden := !slices.Equal(now.Confidentiality, k.Confidentiality)
	if hidden {
		report(SyncVisibility)
	}
	switch {
	case now.Status == xds.Archived && k.Status != xds.Archived:
		report(SyncArchived)
	case now.Status != xds.Archived && k.Status == xds.Archived:
		report(SyncRestored)
	case !hidden && e.ID != k.EntryUUID:
		report(SyncMetadata)
	}
}

// fresh reports the documents that are not known.
func (s *syncer) fresh(entries []*xds.DocumentEntry) {
	logical, unique := map[string]bool{}, map[string]KnownDocument{}
	for _, k := range s.index {
		logical[k.LogicalID] = true
		if k.UniqueID != "" {
			unique[k.UniqueID] = k
		}
	}
	for _, e := range entries {
		if e.IsSignature() || logical[logicalID(e)] || e.ID == "" {
			continue
		}
		if e.Status != xds.Approved && e.Status != "" && !(s.archived && e.Status == xds.Archived) {
			continue
		}
		logical[logicalID(e)] = true
		if k, same := unique[e.UniqueID]; same { // filed anew: the same document all the same
			s.update(k, e)
			continue
		}
		k := knownOf(e)
		s.index[e.ID] = k
		unique[e.UniqueID] = k
		s.changes = append(s.changes, SyncChange{Kind: SyncNew, Entry: e})
	}
}
