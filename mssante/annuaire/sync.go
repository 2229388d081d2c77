package annuaire

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// DeletionsKept is how long the directory says what left it. A copy that is
// older is read again from the start.
const DeletionsKept = 30 * 24 * time.Hour

// maxSyncPages bounds the pages of one type.
const maxSyncPages = 100_000

// SyncState is how far a copy is. The caller keeps it with the copy (it
// encodes to JSON), after each step, and gives it back: an interrupted
// synchronisation goes on from there. The zero value is an empty copy. It
// holds no personal data.
type SyncState struct {
	// Version is that of this form.
	Version int `json:"version"`
	// Types are the states of the types that were begun.
	Types []TypeState `json:"types"`
}

// TypeState is how far one type of resource is.
type TypeState struct {
	// Type is the type.
	Type Type `json:"type"`
	// Since is when the last reading began, by the clock of the configuration;
	// zero before the first complete one.
	Since time.Time `json:"since"`
	// Generation is that of the last complete reading; see [Store].
	Generation string `json:"generation"`
	// Count is the number of resources of the last complete reading.
	Count int `json:"count"`
	// Pass is the reading under way. nil: none.
	Pass *PassState `json:"pass,omitempty"`
}

// PassState is a reading under way.
type PassState struct {
	// Full says that everything is read, not only what changed.
	Full bool `json:"full"`
	// Started is when it began.
	Started time.Time `json:"started"`
	// Generation marks what it puts in the store.
	Generation string `json:"generation"`
	// Count is the number of resources that it put.
	Count int `json:"count"`
	// Next is the link to the next page. Empty: the first.
	Next string `json:"next"`
}

// syncVersion is the present form of [SyncState].
const syncVersion = 1

// SyncOptions are the settings of [Client.Sync]. The zero value is the default.
type SyncOptions struct {
	// Types are the types to copy. nil: all.
	Types []Type
	// PageSize is the number of resources of a page. 0: 1000.
	PageSize int
	// Overlap is how far before the last reading changes are asked for again:
	// the dates of the directory are those of its sources, which it loads
	// later. 0: 48 h.
	Overlap time.Duration
	// Full reads everything again.
	Full bool
	// Shrink accepts a complete reading with less than half of what the one
	// before had. It is refused otherwise, and the copy keeps what it has: a
	// service that answers badly is likelier than a directory that shrinks.
	Shrink bool
}

// SyncStep is one page, applied to the store.
type SyncStep struct {
	// Type is the type that was read, and Full says that it is a complete
	// reading.
	Type Type
	Full bool
	// Put, Removed and Unreadable count the resources. Unreadable ones break
	// the specification: the copy keeps what it had of them. One that says
	// that it left is removed even so.
	Put, Removed, Unreadable int
	// Done says that the type is complete.
	Done bool
	// State is to be kept.
	State SyncState
}

// Sync brings a copy up to date, page by page: with what changed since the
// last time, or with everything when that is more than 30 days ago
// ([DeletionsKept]), since deletions would be missed. What left the directory
// is removed from the store. The caller keeps the state of each step; an
// error, or the end of the loop, leaves a copy that the next call continues.
func (c *Client) Sync(ctx context.Context, store Store, state SyncState, o SyncOptions) iter.Seq2[SyncStep, error] {
	return func(yield func(SyncStep, error) bool) {
		if err := o.check(&state); err != nil {
			yield(SyncStep{}, err)
			return
		}
		state.Types = slices.Clone(state.Types)
		for _, t := range o.Types {
			if !c.syncType(ctx, store, &state, t, o, yield) {
				return
			}
		}
	}
}

func (o *SyncOptions) check(state *SyncState) error {
	var p segur.Problems
	if o.Types == nil {
		o.Types = Types()
	}
	for _, t := range o.Types {
		if !t.known() {
			p.Add("types", "is not a type of the directory")
		}
	}
	if o.PageSize < 0 || o.PageSize > maxPageSize {
		p.Addf("pageSize", "must be from 1 to %d", maxPageSize)
	}
	if o.Overlap < 0 || o.Overlap >= DeletionsKept {
		p.Add("overlap", "must be less than 30 days")
	}
	if state.Version != 0 && state.Version != syncVersion {
		p.Add("state.version", "is not one that this version of the SDK knows")
	}
	if o.PageSize == 0 {
		o.PageSize = 1000
	}
	if o.Overlap == 0 {
		o.Overlap = 48 * time.Hour
	}
	state.Version = syncVersion
	return p.Err("annuaire.sync")
}

// syncType reads one type; false when the caller stops or an error ended it.
func (c *Client) syncType(ctx context.Context, store Store, state *SyncState, t Type, o SyncOptions, yield func(SyncStep, error) bool) bool {
	at := state.typeState(t)
	for restarted := false; ; restarted = true {
		s, err := c.begin(at, t, o)
		more := false
		if err == nil {
			more, err = c.pass(ctx, store, state, at, s, o.Shrink, yield)
		}
		var e *segur.Error
		if err != nil && at.Pass != nil && at.Pass.Next != "" && !restarted && errors.As(err, &e) &&
			(e.Status == http.StatusGone || e.Status == http.StatusNotFound) {
			at.Pass = nil // the service forgot the page: the reading starts anew
			continue
		}
		if err != nil {
			yield(SyncStep{Type: t, State: state.clone()}, err)
			return false
		}
		return more
	}
}

// begin decides what is read: what remains of a reading, what changed, or all.
func (c *Client) begin(at *TypeState, t Type, o SyncOptions) (search, error) {
	now := c.cfg.Clock().UTC().Truncate(time.Second)
	from := at.Since.Add(-o.Overlap)
	full := o.Full || at.Since.IsZero() || at.Generation == "" || now.Sub(from) >= DeletionsKept || at.Since.After(now.Add(o.Overlap))
	if at.Pass != nil && (now.Sub(at.Pass.Started) >= DeletionsKept-o.Overlap || at.Pass.Started.After(now) || at.Pass.Generation == "" || !at.Pass.Full && full) {
		at.Pass = nil
	}
	if at.Pass == nil {
		at.Pass = &PassState{Full: full, Started: now, Generation: at.Generation}
		if full { // never that of an earlier reading, which may have ended halfway
			var err error
			if at.Pass.Generation, err = c.cfg.IDs.UUID(); err != nil {
				return search{}, err
			}
		}
	}
	s := search{kind: t, values: url.Values{"_count": {strconv.Itoa(o.PageSize)}}}
	switch {
	case !at.Pass.Full:
		s.values.Set("_lastUpdated", "ge"+from.Format(time.RFC3339))
	case t == TypeDevice:
		s.values.Set("status", "active")
	default:
		s.values.Set("active", "true")
	}
	return s, nil
}

// pass reads pages until the end; at is updated after each.
func (c *Client) pass(ctx context.Context, store Store, state *SyncState, at *TypeState, s search, shrink bool, yield func(SyncStep, error) bool) (bool, error) {
	first := func() (*transport.Reply, error) { return c.query(ctx, s) }
	if at.Pass.Next != "" {
		next, err := c.next(at.Pass.Next) // the state was in the caller's hands
		if err != nil {
			at.Pass.Next = ""
		} else {
			first = func() (*transport.Reply, error) { return c.get(ctx, next) }
		}
	}
	if at.Pass.Next == "" {
		at.Pass.Count = 0 // its last page may have been read already, and the store have failed
	}
	generation := at.Pass.Generation
	for page, err := range c.pages(ctx, first, maxSyncPages) {
		if err != nil {
			return false, err
		}
		step := SyncStep{Type: s.kind, Full: at.Pass.Full}
		if err := c.apply(ctx, store, generation, page, &step); err != nil {
			return false, err
		}
		pass := *at.Pass
		pass.Next = page.next
		pass.Count += step.Put
		at.Pass = &pass
		if page.next == "" {
			if pass.Full {
				if pass.Count < at.Count/2+at.Count%2 && !shrink {
					at.Pass = nil
					return false, protocol("the directory has less than half of what it had: nothing is removed from the copy")
				}
				at.Count = pass.Count
				if err := store.Sweep(ctx, s.kind, generation); err != nil {
					return false, storeError(err)
				}
			}
			at.Since, at.Generation, at.Pass, step.Done = pass.Started, generation, nil, true
		}
		step.State = state.clone()
		if !yield(step, nil) {
			return false, nil
		}
	}
	return true, nil
}

func (c *Client) apply(ctx context.Context, store Store, generation string, page *page, step *SyncStep) error {
	for _, e := range page.entries {
		r, err := c.decoder.Decode(e.Resource)
		if err != nil {
			r = identity(e.Resource)
		}
		switch {
		case err != nil && (r.Type != step.Type || !idForm.MatchString(r.ID)):
			step.Unreadable++
			continue
		case err != nil && r.Active:
			err = store.Keep(ctx, generation, r.Type, r.ID)
			step.Unreadable++
		case r.Outcome != nil && r.Outcome.Failed():
			return r.Outcome.fill(&segur.Error{Op: opSearch, Kind: segur.KindPartial, Message: "the directory says that its answer is not complete"})
		case r.Outcome != nil:
			continue
		case r.Type != step.Type || r.ID == "":
			step.Unreadable++
			continue
		case r.Active:
			err = store.Put(ctx, generation, r)
			step.Put++
		default:
			err = store.Remove(ctx, r.Type, r.ID)
			step.Removed++
		}
		if err != nil {
			return storeError(err)
		}
	}
	return nil
}

// identity is what can be read of a resource that breaks the specification.
func identity(raw []byte) *Resource {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // nothing then
	is := func(name, want string) bool { return string(fields[name]) == want }
	r := &Resource{}
	_ = json.Unmarshal(fields["resourceType"], &r.Type)
	_ = json.Unmarshal(fields["id"], &r.ID)
	r.Active = !is("active", "false")
	if r.Type == TypeDevice {
		r.Active = !is("status", `"inactive"`) && !is("status", `"entered-in-error"`)
	}
	return r
}

// storeError is the caller's own error, which may name people: it is the cause
// and not the text.
func storeError(err error) error {
	var e *segur.Error
	if errors.As(err, &e) {
		return e
	}
	kind := segur.KindUnavailable
	switch {
	case errors.Is(err, context.Canceled):
		kind = segur.KindCanceled
	case errors.Is(err, context.DeadlineExceeded):
		kind = segur.KindTimeout
	}
	return &segur.Error{Op: "annuaire.sync", Kind: kind, Message: "the store of the copy failed", Err: hidden{err}}
}

// hidden keeps a cause for errors.Is without its text.
type hidden struct{ err error }

func (h hidden) Error() string { return "the cause is in the error" }
func (h hidden) Unwrap() error { return h.err }

func (s *SyncState) typeState(t Type) *TypeState {
	for i := range s.Types {
		if s.Types[i].Type == t {
			if p := s.Types[i].Pass; p != nil {
				own := *p
				s.Types[i].Pass = &own
			}
			return &s.Types[i]
		}
	}
	s.Types = append(s.Types, TypeState{Type: t})
	return &s.Types[len(s.Types)-1]
}

// clone is a copy that later steps do not change.
func (s *SyncState) clone() SyncState {
	out := SyncState{Version: s.Version, Types: slices.Clone(s.Types)}
	for i := range out.Types {
		if p := out.Types[i].Pass; p != nil {
			own := *p
			out.Types[i].Pass = &own
		}
	}
	return out
}
