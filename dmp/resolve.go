package dmp

import (
	"context"
	"fmt"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Resolution says which documents of a submission are in the record.
type Resolution struct {
	// Documents are in the order of the submission.
	Documents []ResolvedDocument
}

// Comparison says whether the document of the record is that of a submission.
type Comparison uint8

// The values of [Comparison].
const (
	// NotCompared: the mode may not read metadata, or the record gives no
	// hash. What identifies a document is unique, so that the one found is
	// taken for it.
	NotCompared Comparison = iota
	// Identical: same hash, same size.
	Identical
	// Different: another document is in the record under this identifier.
	Different
)

// ResolvedDocument is one document of a [Resolution].
type ResolvedDocument struct {
	// UniqueID identifies the document.
	UniqueID string
	// EntryUUID is its entry in the record; empty when it is not there.
	EntryUUID string
	// Content compares what is there with what was prepared.
	Content Comparison
	// Status is that of the entry, where the mode may read it.
	Status xds.Status
}

// Present reports whether every document is in the record.
func (r *Resolution) Present() bool { return r.count() == len(r.Documents) }

// Absent reports whether no document is in the record.
func (r *Resolution) Absent() bool { return r.count() == 0 }

func (r *Resolution) count() int {
	n := 0
	for _, d := range r.Documents {
		if d.EntryUUID != "" {
			n++
		}
	}
	return n
}

// Resolve asks the record which documents of a submission it has, by their
// identifiers (TD3.1b, open to every mode): what to do after an
// [segur.ErrOutcomeUnknown]. Where the mode may read metadata, hash and size
// are compared. A document that is still being registered by a slow service
// counts as absent: leave it some time.
func (c *Client) Resolve(ctx context.Context, s *Sealed) (*Resolution, error) {
	if s == nil {
		return nil, &segur.Error{Op: opLookup, Kind: segur.KindInvalidInput, Message: "no submission: see Client.Prepare"}
	}
	c = c.session(s)
	compare := c.reads()
	out := &Resolution{}
	for i := range s.submission.Entries {
		d, err := c.resolve(ctx, s, &s.submission.Entries[i], &compare)
		if err != nil {
			return nil, err
		}
		out.Documents = append(out.Documents, d)
	}
	return out, nil
}

// reads reports whether this user reads metadata. Who is not known to looks up
// by identifier, even where the record is left to decide.
func (c *Client) reads() bool { return right(c.cfg.Mode, c.profile(), c.purpose, TD31) != No }

// resolve looks one document up. A service that refuses metadata is asked for
// the reference, then and afterwards.
func (c *Client) resolve(ctx context.Context, s *Sealed, e *xds.DocumentEntry, compare *bool) (ResolvedDocument, error) {
	d := ResolvedDocument{UniqueID: e.UniqueID}
	if *compare {
		found, err := c.readEntry(ctx, s.patient, e.UniqueID)
		switch segur.KindOf(err) {
		case segur.KindUnknown: // no error
			d.EntryUUID, d.Status, d.Content = found.ID, found.Status, compared(e, found)
			return d, nil
		case segur.KindAuthorization:
			*compare = false
		case segur.KindNotFound:
			// Metadata of documents that are masked to the user are not given;
			// the reference is.
		default:
			return d, err
		}
	}
	var err error
	d.EntryUUID, err = c.lookup(ctx, s.patient, e.UniqueID)
	return d, err
}

func compared(want, found *xds.DocumentEntry) Comparison {
	switch {
	case found.Hash == "":
		return NotCompared
	case strings.EqualFold(want.Hash, found.Hash) && (found.Size == 0 || found.Size == want.Size):
		return Identical
	}
	return Different
}

// Resubmit sends a submission whose outcome is unknown, unless its documents
// are in the record already: it looks them up, and sends the same bytes under
// the same document identifiers in a new lot when they are absent. The receipt
// says which of both it was. Do not call it twice at the same time for one
// submission. Some documents present and others not, or another document under
// the identifier of one, is an [segur.ErrConflict] error, and nothing is sent.
func (c *Client) Resubmit(ctx context.Context, s *Sealed) (*Receipt, error) {
	if err := c.allowed(opSubmit, c.feeding()); err != nil {
		return nil, err
	}
	r, err := c.Resolve(ctx, s)
	if err != nil {
		return nil, err
	}
	conflict := &segur.Error{Op: opSubmit, Kind: segur.KindConflict, Message: "a part of the documents is in the record: nothing was sent"}
	for i, d := range r.Documents {
		switch {
		case d.Content == Different:
			conflict.Code, conflict.Help = "XDSNonIdenticalHash", codes["XDSNonIdenticalHash"].help
			conflict.Message = "another document is in the record under the identifier of this one: nothing was sent"
			conflict.Details = append(conflict.Details, segur.Detail{Field: fmt.Sprintf("documents[%d].content", s.positions[i]),
				Code: "XDSNonIdenticalHash", Message: "is not the document that the record has as " + d.UniqueID})
		case d.EntryUUID != "":
			conflict.Details = append(conflict.Details, segur.Detail{Field: d.UniqueID, Message: "is in the record"})
		}
	}
	switch {
	case conflict.Code != "" || !r.Present() && !r.Absent():
		return nil, conflict
	case r.Present():
		return &Receipt{Transaction: c.feeding(), DocumentIDs: s.DocumentIDs(), At: c.cfg.now(), AlreadyPresent: true}, nil
	}
	set, err := c.cfg.IDs.OID(c.cfg.OIDRoot)
	if err != nil {
		return nil, err
	}
	signature, err := c.cfg.IDs.OID(c.cfg.OIDRoot)
	if err != nil {
		return nil, err
	}
	return c.submit(ctx, s, string(set), string(signature))
}
