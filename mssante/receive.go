package mssante

import (
	"context"
	"iter"
	"time"

	"github.com/segur-sdk/segur"
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
	// Folder is an IMAP folder. Empty: INBOX.
	Folder string
	// Limit bounds the number of messages, oldest first. 0: 1,000.
	Limit int
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
	return func(yield func(*Incoming, error) bool) {
		if err := c.checkFilter(&f); err != nil {
			yield(nil, err)
			return
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
		r, err := c.openReader(s, f)
		if c.again(err) {
			if err = s.Record(); err == nil {
				r, err = c.openReader(s, f)
			}
		}
		if err != nil {
			yield(nil, s.End(err))
			return
		}
		defer r.close()
		list, err := r.search(f)
		if err != nil {
			yield(nil, s.End(err))
			return
		}
		if len(list) > f.Limit {
			list = list[:f.Limit]
		}
		for _, m := range list {
			if err := s.Record(); err != nil {
				yield(nil, s.End(err))
				return
			}
			raw, fatal, err := r.fetch(m)
			if fatal {
				yield(nil, s.End(err))
				return
			}
			var in *Incoming
			if err == nil {
				in, err = parse(raw)
				in.UID, in.Received, in.Seen = uint32(m.uid), m.received, m.seen
				if f.MessageID != "" && in.MessageID != "" && in.MessageID != f.MessageID {
					continue // servers look for a part of the header
				}
			}
			if !yield(in, err) {
				return
			}
			if f.MarkSeen && err == nil && !m.seen {
				if err := r.markSeen(m.uid); err != nil {
					yield(nil, s.End(err))
					return
				}
			}
		}
	}
}

func (c *Client) checkFilter(f *Filter) error {
	var p segur.Problems
	if c.cfg.IMAP == "" {
		p.Add("config.imap", "is required to read")
	}
	if f.MessageID != "" && !validMessageID(f.MessageID) {
		p.Add("messageID", "must be a Message-ID without angle brackets")
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
