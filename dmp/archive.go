package dmp

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	opArchive       = "dmp.archive"
	opUnarchive     = "dmp.unarchive"
	opPrepareDelete = "dmp.prepareDelete"
	opDelete        = "dmp.delete"
)

// Archive archives a document (TD3.3d): searches no longer propose it by
// default. The entry must be active.
func (c *Client) Archive(ctx context.Context, e EntryChange) (*Change, error) {
	return c.changeStatus(ctx, e, change{op: opArchive, t: TD33dArchive}, xds.Approved, xds.Archived)
}

// Unarchive restores an archived document (TD3.3d).
func (c *Client) Unarchive(ctx context.Context, e EntryChange) (*Change, error) {
	return c.changeStatus(ctx, e, change{op: opUnarchive, t: TD33dUnarchive}, xds.Archived, xds.Approved)
}

func (c *Client) changeStatus(ctx context.Context, e EntryChange, ch change, from, to xds.Status) (*Change, error) {
	if err := c.allowed(ch.op, ch.t); err != nil {
		return nil, err
	}
	var p segur.Problems
	c.checkChange(&p, &e)
	if e.Entry != nil && e.Entry.Status != from && e.Entry.Status != to {
		p.Add("entry.status", statusRule(e.Entry.Status))
	}
	if err := p.Err(ch.op); err != nil {
		return nil, err
	}
	if e.Entry.Status == to {
		return &Change{Transaction: ch.t, UniqueID: e.Entry.UniqueID, EntryUUID: e.Entry.ID, At: c.cfg.now(), AlreadyDone: true}, nil
	}
	ch.title, ch.status = "Mise à jour", true
	ch.done = func(e *xds.DocumentEntry) bool { return e.Status == to }
	ch.build = func(set xds.SubmissionSet, e *xds.DocumentEntry) (xds.Submission, error) {
		return xds.ChangeStatus(set, e.ID, from, to), nil
	}
	return c.apply(ctx, e, ch)
}

// DeleteRequest names a document to delete.
type DeleteRequest struct {
	// Patient is whose record it is. The identity must be qualified.
	Patient segur.Patient
	// UniqueID is the identifier of the document.
	UniqueID string
	// Status is the present status of the document where the mode may not read
	// it (INDIRECTE, CPE). Empty: Approved.
	Status xds.Status
	// ContentType and FormerINS are as in [EntryChange].
	ContentType segur.Code
	FormerINS   []segur.INS
}

// String is redacted.
func (d DeleteRequest) String() string {
	return fmt.Sprintf("dmp.DeleteRequest(%s, redacted)", d.UniqueID)
}

// Format writes the redacted form whatever the verb.
func (d DeleteRequest) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue makes slog write the redacted form.
func (d DeleteRequest) LogValue() slog.Value { return slog.StringValue(d.String()) }

// Deletion is a document that is about to be deleted: what the user is shown
// and asked to confirm (RG_3410 to RG_3430). Its printed forms are redacted.
type Deletion struct {
	change EntryChange
	blind  bool
	secret bool
}

// UniqueID is the identifier of the document.
func (d *Deletion) UniqueID() string { return d.change.Entry.UniqueID }

// EntryUUID is its entry.
func (d *Deletion) EntryUUID() string { return d.change.Entry.ID }

// Entry is the metadata to show. It is nil where the mode may not read it: the
// software then shows what it has published itself.
func (d *Deletion) Entry() *xds.DocumentEntry {
	if d.blind {
		return nil
	}
	e := *d.change.Entry
	return &e
}

// String is redacted.
func (d Deletion) String() string { return "dmp.Deletion" + d.change.String() }

// Format writes the redacted form whatever the verb.
func (d Deletion) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue makes slog write the redacted form.
func (d Deletion) LogValue() slog.Value { return slog.StringValue(d.String()) }

// PrepareDelete finds the document that the user wants to delete: its metadata
// where the mode may read them (TD3.1), else its entryUUID (TD3.1b). It
// changes nothing. Show what it gives, ask the user to confirm, then call
// [Client.Delete]. The error is [segur.ErrNotFound] when the record has no
// such document.
func (c *Client) PrepareDelete(ctx context.Context, r DeleteRequest) (*Deletion, error) {
	if err := c.allowed(opPrepareDelete, TD33c); err != nil {
		return nil, err
	}
	var p segur.Problems
	ins := c.checkIdentity(&p, r.Patient)
	p.Require("uniqueID", r.UniqueID)
	switch r.Status {
	case "", xds.Approved, xds.Archived:
	default:
		p.Add("status", statusRule(r.Status))
	}
	if err := p.Err(opPrepareDelete); err != nil {
		return nil, err
	}
	d := &Deletion{secret: c.secret, change: EntryChange{Patient: r.Patient, ContentType: r.ContentType, FormerINS: r.FormerINS}}
	if c.reads() {
		e, err := c.readEntry(ctx, ins, r.UniqueID)
		if err == nil {
			d.change.Entry = e
			c.checkChange(&p, &d.change)
			if e.Status == xds.Deprecated {
				p.Add("entry.status", statusRule(e.Status))
			}
			return d, p.Err(opPrepareDelete)
		}
		if segur.KindOf(err) != segur.KindAuthorization {
			return nil, err
		}
	}
	id, err := c.Lookup(ctx, ins, r.UniqueID)
	if err != nil {
		return nil, err
	}
	if r.Status == "" {
		r.Status = xds.Approved
	}
	d.blind = true
	d.change.Entry = &xds.DocumentEntry{ID: id, UniqueID: r.UniqueID, Status: r.Status}
	return d, nil
}

// Delete deletes the document that the user confirmed (TD3.3c, a change of
// status by ITI-57). INDIRECTE deletes documents of its structure; a
// professional deletes those of which they are an author.
func (c *Client) Delete(ctx context.Context, d *Deletion) (*Change, error) {
	if d == nil || d.change.Entry == nil {
		return nil, &segur.Error{Op: opDelete, Kind: segur.KindInvalidInput, Message: "no deletion: see Client.PrepareDelete"}
	}
	out := *c
	out.secret = c.secret || d.secret
	c = &out
	if d.change.Entry.Status == xds.Deleted {
		return &Change{Transaction: TD33c, UniqueID: d.UniqueID(), EntryUUID: d.EntryUUID(), At: c.cfg.now(), AlreadyDone: true}, nil
	}
	return c.apply(ctx, d.change, change{op: opDelete, t: TD33c, title: "Mise à jour", status: true, blind: d.blind,
		done: func(e *xds.DocumentEntry) bool { return e.Status == xds.Deleted },
		build: func(set xds.SubmissionSet, e *xds.DocumentEntry) (xds.Submission, error) {
			return xds.ChangeStatus(set, e.ID, e.Status, xds.Deleted), nil
		}})
}
