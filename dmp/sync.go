package dmp

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const opSync = "dmp.sync"

// SyncRequest asks what is new in the record of a patient.
type SyncRequest struct {
	// Patient is whose record it is. Required.
	Patient segur.INS
	// State is what the last call left; zero the first time.
	State SyncState
	// Since is the start of the acts whose documents the first call gives.
	// Zero: two years ago, the limit of an automatic search. A search of
	// vaccinations has no limit: use [Client.Find].
	Since time.Time
	// Received are the unique identifiers of the documents that the caller got
	// otherwise, by MSSanté for instance: they are reported with
	// [SyncChange.AlreadyReceived].
	Received []string
	// Archived reports new documents that are archived as well, once the record
	// was opened: the first call gives active documents. [Client.Find] finds
	// those archived before.
	Archived bool
	// INSChanged says that the person of State was given another INS. Without
	// it a state of another INS is refused: it would mix two records.
	INSChanged bool
}

// SyncKind is what happened to a document.
type SyncKind string

// The kinds of change.
const (
	// SyncNew is a document that the caller does not know.
	SyncNew SyncKind = "new"
	// SyncReplaced is a known document that another one replaces (RPLC):
	// Entry is the newest one, nil when the record does not show it.
	SyncReplaced SyncKind = "replaced"
	// SyncVisibility is a known document of which the confidentiality codes
	// changed: masked, made visible.
	SyncVisibility SyncKind = "visibility"
	// SyncMetadata is a known document of which other metadata changed.
	SyncMetadata SyncKind = "metadata"
	// SyncArchived and SyncRestored are a known document that was archived,
	// or is no longer.
	SyncArchived SyncKind = "archived"
	SyncRestored SyncKind = "restored"
	// SyncDeleted is a known document that was deleted.
	SyncDeleted SyncKind = "deleted"
	// SyncGone is a known document that the record no longer shows to this
	// user: deleted, or hidden; the record does not say which.
	SyncGone SyncKind = "gone"
)

// SyncChange is one change. Its printed forms are redacted.
type SyncChange struct {
	Kind SyncKind
	// Entry is the document as it is now; nil when it is deleted or gone.
	Entry *xds.DocumentEntry
	// Previous is what the caller knew; zero for SyncNew.
	Previous KnownDocument
	// AlreadyReceived says that Entry is one of SyncRequest.Received.
	AlreadyReceived bool
}

// String returns a redacted form.
func (c SyncChange) String() string { return "dmp.SyncChange{" + string(c.Kind) + "}" }

// Format writes the redacted form whatever the verb.
func (c SyncChange) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c SyncChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// SyncResult is what changed, and the state of the next call. Its printed
// forms are redacted.
type SyncResult struct {
	// Changes come with what happened to known documents first.
	Changes []SyncChange
	// State replaces SyncRequest.State once Changes are dealt with.
	State SyncState
	// Warnings name what the record says that cannot be: documents that
	// replace one another in a circle.
	Warnings []segur.Detail
}

// String returns a redacted form.
func (r SyncResult) String() string { return fmt.Sprintf("dmp.SyncResult{%d changes}", len(r.Changes)) }

// Format writes the redacted form whatever the verb.
func (r SyncResult) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r SyncResult) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Sync tells what changed in the record of a patient since the last call. The
// first one searches the active documents of two years; the next ones read the
// lots submitted since ([Client.FindSubmissionSets], [Client.Associations],
// [Client.DocumentsAndAssociations]), and what is active and archived now by
// reference alone ([Client.FindIDs]). So a document sent late, long after the
// time that its lot bears, is not missed, and replacements, changes of
// visibility, archiving and deletion of what the caller knows are seen even
// where the record names no lot for them. A replacement is followed to the
// newest document that is not obsolete.
//
// A document is never reported twice under the same state, nor under the next.
// An error leaves no result: the state of before is still the one to call
// with. The call is open to IndirecteRenforcee and Directe, on an explicit
// consultation: never right after a publication (EX_3.1-2030).
func (c *Client) Sync(ctx context.Context, r SyncRequest) (*SyncResult, error) {
	if err := c.allowed(opSync, TD31); err != nil {
		return nil, err
	}
	f := c.failure(opSync, r.Patient)
	if err := c.checkPatient(r.Patient); err != nil {
		return nil, f.typed(err)
	}
	now := c.cfg.now()
	patient := fingerprint(r.Patient)
	if !r.State.IsZero() && r.State.patient != patient && !r.INSChanged {
		return nil, f.typed(&segur.Error{Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "state",
			Message: "is that of another INS: set insChanged when the same person was given a new one"}}})
	}
	s := newSyncer(&clientRegistry{ctx: ctx, c: c, patient: r.Patient}, r)
	var err error
	if r.State.IsZero() {
		since := r.Since
		if since.IsZero() {
			since = now.AddDate(-2, 0, 0)
		}
		err = s.open(since)
	} else {
		last := r.State.lastCall
		if now.Before(last) { // the clock was set back
			last = now
		}
		err = s.next(last.Add(-c.cfg.Settings.Search.overlap()))
	}
	if err != nil {
		return nil, err
	}
	out := s.result(patient, now)
	if !out.State.storable() {
		return nil, f.typed(protocol("the record holds more documents, or longer identifiers, than a synchronisation keeps"))
	}
	return out, nil
}

// syncRegistry is what the algorithm asks the record.
type syncRegistry interface {
	// active are the entries of acts since a date, ids all those of a status.
	active(since time.Time) ([]*xds.DocumentEntry, error)
	ids(xds.Status) ([]string, error)
	// sets are the lots submitted since, links the associations of objects.
	sets(since time.Time) ([]string, error)
	links(ids []string) ([]xds.Association, error)
	// linked are entries by their entryUUIDs, versions those of documents by
	// their unique identifiers, with their associations.
	linked(entryUUIDs []string) (*Linked, error)
	versions(uniqueIDs []string) (*Linked, error)
}

type clientRegistry struct {
	ctx     context.Context
	c       *Client
	patient segur.INS
}

func (r *clientRegistry) active(since time.Time) ([]*xds.DocumentEntry, error) {
	var out []*xds.DocumentEntry
	for e, err := range r.c.Find(r.ctx, Query{Patient: r.patient, ServiceStart: xds.Period{From: since}}) {
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (r *clientRegistry) ids(s xds.Status) ([]string, error) {
	var out []string
	for id, err := range r.c.FindIDs(r.ctx, Query{Patient: r.patient, Statuses: []xds.Status{s}}) {
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

func (r *clientRegistry) sets(since time.Time) ([]string, error) {
	var out []string
	for s, err := range r.c.FindSubmissionSets(r.ctx, SetQuery{Patient: r.patient, Submitted: xds.Period{From: since}}) {
		if err != nil {
			return nil, err
		}
		if s.ID != "" {
			out = append(out, s.ID)
		}
	}
	return out, nil
}

func (r *clientRegistry) links(ids []string) ([]xds.Association, error) {
	var out []xds.Association
	if len(ids) == 0 {
		return nil, nil
	}
	for a, err := range r.c.Associations(r.ctx, r.patient, ids...) {
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func (r *clientRegistry) linked(ids []string) (*Linked, error) {
	return r.collect(ids, func(ids []string) xds.Query { return xds.GetDocuments{EntryUUIDs: ids, WithAssociations: true} })
}

func (r *clientRegistry) versions(ids []string) (*Linked, error) {
	return r.collect(ids, func(ids []string) xds.Query { return xds.GetDocuments{UniqueIDs: ids, WithAssociations: true} })
}

func (r *clientRegistry) collect(ids []string, query func([]string) xds.Query) (*Linked, error) {
	out := &Linked{}
	if len(ids) == 0 {
		return out, nil
	}
	for l, err := range r.c.linked(r.ctx, r.patient, ids, query) {
		if err != nil {
			return nil, err
		}
		out.Entries = append(out.Entries, l.Entries...)
		out.Associations = append(out.Associations, l.Associations...)
	}
	return out, nil
}

func (s *syncer) result(patient string, now time.Time) *SyncResult {
	out := &SyncResult{Changes: s.changes, Warnings: s.warnings, State: SyncState{patient: patient, lastCall: now.UTC()}}
	for _, k := range s.index {
		out.State.documents = append(out.State.documents, k)
	}
	for id := range s.others {
		out.State.others = append(out.State.others, id)
	}
	out.State.sort()
	for i := range out.Changes {
		if e := out.Changes[i].Entry; e != nil {
			out.Changes[i].AlreadyReceived = slices.Contains(s.received, e.UniqueID)
		}
	}
	return out
}
