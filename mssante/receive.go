package mssante

import (
	"context"
	"iter"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const opReceive = "mssante.receive"

// Filter says which messages to read. The zero value is the whole INBOX.
type Filter struct {
	// MessageID is the identifier of one mail, without angle brackets. Optional.
	MessageID string
	// Since keeps what the server got at that time or later. Optional.
	Since time.Time
	// Unseen keeps what nobody has read.
	Unseen bool
	// MarkSeen marks each message as read once the loop comes back for the
	// next one: what the program did not finish stays unread.
	MarkSeen bool
	// Unprocessed keeps what was not marked as processed: on the server where
	// it keeps keywords, else in Config.Processed. Unlike Unseen it does not
	// change when somebody opens the mail elsewhere.
	Unprocessed bool
	// MarkProcessed marks each message as processed once the loop comes back
	// for the next one.
	MarkProcessed bool
	// After skips the messages up to that position, as long as the folder was
	// not made anew since. Optional.
	After Position
	// Folder is an IMAP folder. Empty: INBOX.
	Folder string
	// Limit bounds the number of messages, oldest first. 0: 1,000.
	Limit int
}

// marks reports whether the filter changes messages, or must know whether
// it may.
func (f *Filter) marks() bool { return f.MarkSeen || f.MarkProcessed || f.Unprocessed }

// Position is a place in a folder: what comes after it is new. It can be
// stored. UIDs mean nothing without their UIDVALIDITY.
type Position struct {
	UIDValidity uint32 `json:"uidValidity,omitempty"`
	UID         uint32 `json:"uid,omitempty"`
}

// Receive reads the messages that the filter wants, oldest first, one at a
// time: one connection, one message in memory. Reading marks nothing unless
// the filter says so.
//
// A message that cannot be read as a mail is given with an error, its raw
// bytes kept, and the loop goes on with the next one, as it does after one
// that is larger than Config.MaxReceivedBytes (no message, [segur.ErrTooLarge]).
// Any other error without a message is the last pair.
func (c *Client) Receive(ctx context.Context, f Filter) iter.Seq2[*Incoming, error] {
	return c.receive(ctx, f, nil)
}

func (c *Client) receive(ctx context.Context, f Filter, b *Inbox) iter.Seq2[*Incoming, error] {
	return func(yield func(*Incoming, error) bool) {
		if err := c.checkFilter(&f); err != nil {
			yield(nil, err)
			return
		}
		if b != nil {
			if !b.lock() {
				yield(nil, &segur.Error{Op: opReceive, Kind: segur.KindInvalidInput, Message: "the inbox is closed, or another loop reads it"})
				return
			}
			defer b.unlock()
		}
		s, err := c.transport.Session(ctx, opReceive, c.cfg.IMAP, f.MessageID)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = s.End(nil) }()
		if err := s.Record(); err != nil {
			yield(nil, s.End(err))
			return
		}
		r, err := c.reader(s, b, f)
		if err != nil {
			yield(nil, s.End(err))
			return
		}
		defer func() {
			if b == nil || !b.keep(r) {
				r.close()
			}
		}()
		var after uint32
		if f.After.UIDValidity == r.validity {
			after = f.After.UID
		}
		list, err := r.search(f, after)
		if err != nil {
			yield(nil, s.End(err))
			return
		}
		for _, m := range list {
			in, next, err := r.hand(m, f, yield)
			if !next {
				return
			}
			if err == nil && in != nil {
				err = r.markDone(in, f)
			}
			if err != nil {
				yield(nil, s.End(err))
				return
			}
		}
	}
}

// reader takes up the session that an inbox keeps, or opens one, and selects
// the folder.
func (c *Client) reader(s *transport.Session, b *Inbox, f Filter) (*reader, error) {
	if b != nil && b.kept != nil {
		r := b.kept
		b.kept = nil
		if r.resume(s) {
			err := r.choose(f)
			if err == nil {
				return r, nil
			}
			if b.keep(r) { // the server refuses the folder, not the session
				return nil, err
			}
		}
		r.conn.close()
		_ = r.client.Close()
		if err := s.Record(); err != nil {
			return nil, err
		}
	}
	r, err := c.openReader(s)
	if err != nil {
		return nil, err
	}
	if err := r.choose(f); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// hand fetches a message and gives it to the program. It returns the message
// when it was given whole, an error that ends the session, and whether the
// program wants more.
func (r *reader) hand(m found, f Filter, yield func(*Incoming, error) bool) (given *Incoming, next bool, fatal error) {
	if err := r.s.Record(); err != nil {
		return nil, true, err
	}
	raw, broken, err := r.fetch(m)
	if broken {
		return nil, true, err
	}
	var in *Incoming
	if err == nil {
		in, err = parse(raw)
		in.UID, in.UIDValidity, in.Folder, in.Received, in.Seen = m.uid, r.validity, r.folder, m.received, m.seen
		in.bounceSubjects = r.c.cfg.BounceSubjects
		skip, serr := r.skip(in, f)
		if serr != nil {
			return nil, true, serr
		}
		if skip {
			return nil, true, nil
		}
	}
	r.c.traceIncoming(r.s.Context(), in, err)
	r.rest()
	if next = yield(in, err); err != nil {
		in = nil
	}
	return in, next, nil
}

func (c *Client) checkFilter(f *Filter) error {
	var p segur.Problems
	if c.cfg.IMAP == "" {
		p.Add("config.imap", "is required to read")
	}
	if f.MessageID != "" && !validMessageID(f.MessageID) {
		p.Add("messageID", "must be a Message-ID without angle brackets")
	}
	if f.After.UID != 0 && f.After.UIDValidity == 0 {
		p.Add("after", "must have both numbers: a UID means nothing without its UIDVALIDITY")
	}
	if hasControl(f.Folder) || len(f.Folder) > 255 {
		p.Add("folder", "must hold no control character, 255 bytes at most")
	}
	switch {
	case f.Limit < 0:
		p.Add("limit", "must not be negative")
	case f.Limit == 0:
		f.Limit = 1000
	}
	return p.Err(opReceive)
}
