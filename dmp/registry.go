package dmp

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// SetQuery says which submission sets of a patient to find: the only way to
// know what was published since a date.
type SetQuery struct {
	// Patient is whose record it is. Required.
	Patient segur.INS
	// Statuses. Empty: Approved only.
	Statuses []xds.Status
	// Submitted bounds the time of submission, which is that of the software
	// that sent the lot.
	Submitted xds.Period
	// SourceIDs are the systems that sent, ContentTypes the activities, with
	// their system.
	SourceIDs    []segur.OID
	ContentTypes []segur.Code
}

// FindSubmissionSets gives the submission sets of a patient (TD3.1, ITI-18
// FindSubmissionSets), cut by the time of submission where the record answers
// too many; see [Client.Find].
func (c *Client) FindSubmissionSets(ctx context.Context, q SetQuery) iter.Seq2[*xds.SubmissionSet, error] {
	return func(yield func(*xds.SubmissionSet, error) bool) {
		if err := c.allowed(opFind, TD31); err != nil {
			yield(nil, err)
			return
		}
		p := paging{settings: &c.cfg.Settings.Search, now: c.cfg.now(), seen: map[string]bool{}}
		p.fetch = func(part xds.Period) (*xds.QueryResponse, error) {
			f := c.failure(opFind, q.Patient)
			body, err := xds.FindSubmissionSets{Patient: xds.INSPatientID(q.Patient), Statuses: q.Statuses,
				Submitted: part, SourceIDs: q.SourceIDs, ContentTypeCodes: q.ContentTypes}.AppendXML(nil)
			if err != nil {
				return nil, f.typed(err)
			}
			return c.query(ctx, &f, q.Patient, body, whole)
		}
		p.count = func(r *xds.QueryResponse) int { return len(r.Sets) }
		p.key = func(r *xds.QueryResponse, at int) string { return r.Sets[at].ID }
		p.yield = func(r *xds.QueryResponse, at int, err error) bool {
			if err != nil {
				return yield(nil, err)
			}
			return yield(&r.Sets[at], nil)
		}
		p.run(q.Submitted)
	}
}

// Associations gives the associations that have one of the objects at either
// end (TD3.1, ITI-18 GetAssociations): entries, or submission sets, by their
// entryUUIDs, so many at a time ([SearchSettings]). The iteration ends with an
// error that comes with no association.
func (c *Client) Associations(ctx context.Context, patient segur.INS, entryUUIDs ...string) iter.Seq2[xds.Association, error] {
	return func(yield func(xds.Association, error) bool) {
		type ends struct{ id, kind, source, target string }
		seen := map[ends]bool{}
		c.batches(ctx, patient, entryUUIDs, func(ids []string) xds.Query { return xds.GetAssociations{EntryUUIDs: ids} }, whole,
			func(r *xds.QueryResponse, err error) bool {
				if err != nil {
					return yield(xds.Association{}, err)
				}
				for _, a := range r.Associations {
					// Two batches may hold the two ends of one association.
					if key := (ends{a.ID, string(a.Type), a.Source, a.Target}); !seen[key] {
						seen[key] = true
						if !yield(a, nil) {
							return false
						}
					}
				}
				return true
			})
	}
}

// Linked are entries with the associations that they are an end of. Its
// printed forms are redacted.
type Linked struct {
	Entries      []xds.DocumentEntry
	Associations []xds.Association
}

// String returns a redacted form.
func (l Linked) String() string {
	return fmt.Sprintf("dmp.Linked{%d entries, %d associations}", len(l.Entries), len(l.Associations))
}

// Format writes the redacted form whatever the verb.
func (l Linked) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(l.String())) }

// LogValue makes slog write the redacted form.
func (l Linked) LogValue() slog.Value { return slog.StringValue(l.String()) }

// DocumentsAndAssociations gives entries by their entryUUIDs, with their
// associations (TD3.1, ITI-18 GetDocumentsAndAssociations): one value for each
// call, of so many entries ([SearchSettings]). An entry that the record does
// not show is left out. The iteration ends with an error that comes with no
// value.
func (c *Client) DocumentsAndAssociations(ctx context.Context, patient segur.INS, entryUUIDs ...string) iter.Seq2[*Linked, error] {
	return c.linked(ctx, patient, entryUUIDs, func(ids []string) xds.Query {
		return xds.GetDocuments{EntryUUIDs: ids, WithAssociations: true}
	})
}

func (c *Client) linked(ctx context.Context, patient segur.INS, ids []string, query func([]string) xds.Query) iter.Seq2[*Linked, error] {
	return func(yield func(*Linked, error) bool) {
		c.batches(ctx, patient, ids, query, whole, func(r *xds.QueryResponse, err error) bool {
			if err != nil {
				return yield(nil, err)
			}
			return yield(&Linked{Entries: r.Entries, Associations: r.Associations}, nil)
		})
	}
}

// batches runs a query on identifiers, so many at a time, and judges each
// answer. A partial answer is given, then its error, which ends the iteration.
func (c *Client) batches(ctx context.Context, patient segur.INS, ids []string, query func([]string) xds.Query, judge func(*xds.QueryResponse) error, yield func(*xds.QueryResponse, error) bool) {
	if err := c.allowed(opFind, TD31); err != nil {
		yield(nil, err)
		return
	}
	if len(ids) == 0 {
		f := c.failure(opFind, patient)
		yield(nil, f.typed(&segur.Error{Kind: segur.KindInvalidInput,
			Details: []segur.Detail{{Field: "identifiers", Message: "at least one is required"}}}))
		return
	}
	for part := range slices.Chunk(ids, c.cfg.Settings.Search.batch()) {
		f := c.failure(opFind, patient)
		body, err := query(part).AppendXML(nil)
		if err != nil {
			yield(nil, f.typed(err))
			return
		}
		r, err := c.query(ctx, &f, patient, body, judge)
		if r != nil && !yield(r, nil) {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
	}
}
