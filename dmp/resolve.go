package dmp

import (
	"context"

	"github.com/segur-sdk/segur"
)

// Resolution says which documents of a submission are in the record.
type Resolution struct {
	// Documents are in the order of the submission.
	Documents []ResolvedDocument
}

// ResolvedDocument is one document of a [Resolution].
type ResolvedDocument struct {
	// UniqueID identifies the document.
	UniqueID string
	// EntryUUID is its entry in the record; empty when it is not there.
	EntryUUID string
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
// [segur.ErrOutcomeUnknown]. A document that is still being registered by a
// slow service counts as absent: leave it some time.
func (c *Client) Resolve(ctx context.Context, s *Sealed) (*Resolution, error) {
	if s == nil {
		return nil, &segur.Error{Op: opLookup, Kind: segur.KindInvalidInput, Message: "no submission: see Client.Prepare"}
	}
	c = c.session(s)
	out := &Resolution{}
	for _, id := range s.DocumentIDs() {
		entry, err := c.lookup(ctx, s.patient, id)
		if err != nil {
			return nil, err
		}
		out.Documents = append(out.Documents, ResolvedDocument{UniqueID: id, EntryUUID: entry})
	}
	return out, nil
}

// Resubmit sends a submission whose outcome is unknown, unless its documents
// are in the record already: it looks them up, and sends the same bytes under
// the same document identifiers in a new lot when they are absent. The receipt
// says which of both it was. Do not call it twice at the same time for one
// submission. Some documents present and others not is an
// [segur.ErrConflict] error, and nothing is sent.
func (c *Client) Resubmit(ctx context.Context, s *Sealed) (*Receipt, error) {
	r, err := c.Resolve(ctx, s)
	if err != nil {
		return nil, err
	}
	switch {
	case r.Present():
		return &Receipt{DocumentIDs: s.DocumentIDs(), At: c.cfg.now(), AlreadyPresent: true}, nil
	case !r.Absent():
		e := &segur.Error{Op: opSubmit, Kind: segur.KindConflict, Message: "a part of the documents is in the record: nothing was sent"}
		for _, d := range r.Documents {
			if d.EntryUUID != "" {
				e.Details = append(e.Details, segur.Detail{Field: d.UniqueID, Message: "is in the record"})
			}
		}
		return nil, e
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
