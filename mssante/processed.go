package mssante

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/segur-sdk/segur"
)

const opMark = "mssante.mark"

// Ledger remembers which mails were processed, where the mail server keeps no
// keywords: a table of the caller, with a column of 64 characters.
// Implementations are safe for concurrent use.
type Ledger interface {
	// Processed reports whether the key was marked.
	Processed(ctx context.Context, key string) (bool, error)
	// MarkProcessed marks the key; once more does no harm.
	MarkProcessed(ctx context.Context, key string) error
}

// Fingerprint identifies the mail by its bytes, whatever the folder and the
// number it has there: the key of a [Ledger]. It says nothing of the content.
func (m *Incoming) Fingerprint() string {
	sum := sha256.Sum256(m.raw)
	return hex.EncodeToString(sum[:])
}

// MarkProcessed marks a mail as processed, so that a filter with Unprocessed
// leaves it out: with a keyword on the server where it allows that, else in
// Config.Processed. Doing it twice is harmless. It takes a connection of its
// own; Filter.MarkProcessed does it within a loop. [segur.ErrConflict] says
// that the folder was made anew since the mail was read.
func (c *Client) MarkProcessed(ctx context.Context, m *Incoming) (err error) {
	if m == nil || m.UID == 0 || c.cfg.IMAP == "" {
		var p segur.Problems
		p.Add("mail", "must come from Receive or Watch of the client")
		return p.Err(opMark)
	}
	s, err := c.transport.Session(ctx, opMark, c.cfg.IMAP, m.MessageID)
	if err != nil {
		return err
	}
	defer func() { _ = s.End(err) }()
	if err := s.Record(); err != nil {
		return err
	}
	r, err := c.openReader(s)
	if err != nil {
		return err
	}
	defer r.close()
	f := Filter{Folder: m.Folder, MarkProcessed: true}
	if err := r.choose(f); err != nil {
		return err
	}
	if r.validity != m.UIDValidity && r.keywords {
		return s.Error(segur.KindConflict, "the folder was made anew: the number of the mail is another one now", nil)
	}
	return r.markDone(m, f)
}

// markDone marks what the filter wants marked, once the program is done with
// the mail.
func (r *reader) markDone(m *Incoming, f Filter) error {
	seen, processed := f.MarkSeen && !m.Seen, f.MarkProcessed && r.keywords
	if seen || processed {
		err := r.mark(m.UID, seen, processed)
		for kind, done := range map[ActionKind]bool{ActionRead: seen, ActionMark: processed} {
			if done {
				r.c.trace(r.s.Context(), Action{Kind: kind, Service: r.c.cfg.IMAP, MessageID: m.MessageID, Command: "UID STORE", Result: result(err)})
			}
		}
		if err != nil {
			return err
		}
	}
	if f.MarkProcessed && !r.keywords {
		if err := r.c.cfg.Processed.MarkProcessed(r.s.Context(), m.Fingerprint()); err != nil {
			return r.s.Error(segur.KindUnavailable, "Config.Processed failed", err)
		}
	}
	return nil
}

// skip reports whether the filter leaves out a mail that was read already.
func (r *reader) skip(m *Incoming, f Filter) (bool, error) {
	if f.MessageID != "" && m.MessageID != "" && m.MessageID != f.MessageID {
		return true, nil // servers look for a part of the header
	}
	if !f.Unprocessed || r.keywords {
		return false, nil
	}
	done, err := r.c.cfg.Processed.Processed(r.s.Context(), m.Fingerprint())
	if err != nil {
		return false, r.s.Error(segur.KindUnavailable, "Config.Processed failed", err)
	}
	return done, nil
}
