package mssante

import (
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/segur-sdk/segur"
)

// found is a message of the folder, before its bytes.
type found struct {
	uid      uint32
	size     int64
	received time.Time
	seen     bool
}

// list reads what is known of messages. The server may speak of a message on
// its own while we ask, that it was read for instance, and the library then
// takes that for the answer: what is missing is asked for again.
func (r *reader) list(uids []imap.UID) ([]found, error) {
	known := map[imap.UID]found{}
	for range attempts {
		missing := slices.DeleteFunc(slices.Clone(uids), func(u imap.UID) bool { m, ok := known[u]; return ok && !m.received.IsZero() })
		if len(missing) == 0 {
			break
		}
		r.busy()
		messages, err := r.client.Fetch(imap.UIDSetNum(missing...),
			&imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true, Flags: true}).Collect()
		if err != nil {
			return nil, r.fail(err)
		}
		before := len(known)
		partial := false
		for _, m := range messages {
			if m.UID != 0 && slices.Contains(missing, m.UID) {
				known[m.UID] = found{uid: uint32(m.UID), size: m.RFC822Size, received: m.InternalDate, seen: slices.Contains(m.Flags, imap.FlagSeen)}
				partial = partial || m.InternalDate.IsZero()
			}
		}
		if !partial && (len(known) == before || len(known) == len(uids)) {
			break // what is still missing was expunged
		}
	}
	out := make([]found, 0, len(known))
	for _, m := range known {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b found) int { return cmp.Compare(a.uid, b.uid) })
	return out, nil
}

// attempts at a FETCH whose answer another one hid.
const attempts = 6

const maxListed = 1_000_000

// expand lists a set of UIDs in order. A short answer can name billions.
func expand(set imap.NumSet) ([]imap.UID, bool) {
	ranges, ok := set.(imap.UIDSet)
	if !ok {
		return nil, set == nil
	}
	var out []imap.UID
	for _, r := range ranges {
		if r.Start == 0 || r.Stop < r.Start || int64(r.Stop)-int64(r.Start)+int64(len(out)) >= maxListed {
			return nil, false
		}
		for uid := int64(r.Start); uid <= int64(r.Stop); uid++ {
			out = append(out, imap.UID(uid)) //nolint:gosec // within uint32
		}
	}
	slices.Sort(out)
	return slices.Compact(out), true
}

// fetch reads the bytes of one message without marking it. fatal says that
// the session cannot go on.
func (r *reader) fetch(m found) (raw []byte, fatal bool, err error) {
	if m.size > r.c.cfg.MaxReceivedBytes {
		return nil, false, r.tooLarge()
	}
	for range attempts { // see list
		if raw, fatal, err = r.tryFetch(m); raw != nil || err != nil {
			return raw, fatal, err
		}
	}
	return nil, false, r.s.Error(segur.KindNotFound, "the message is no longer there", nil)
}

// tryFetch returns nothing when the answer has no bytes of the message.
func (r *reader) tryFetch(m found) (raw []byte, fatal bool, err error) {
	limit := r.c.cfg.MaxReceivedBytes
	r.busy()
	r.conn.wire.budget.Store(limit + imapBudget)
	section := &imap.FetchItemBodySection{Peek: true}
	cmd := r.client.Fetch(imap.UIDSetNum(imap.UID(m.uid)), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
	got := false
	for message := cmd.Next(); message != nil; message = cmd.Next() {
		for item := message.Next(); item != nil; item = message.Next() {
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil || got || !body.MatchCommand(section) {
				continue
			}
			if body.Literal.Size() > limit {
				r.conn.close() // rather than reading what we refuse
				_ = cmd.Close()
				return nil, true, r.tooLarge()
			}
			got = true
			raw = make([]byte, 0, min(body.Literal.Size(), 1<<20))
			buf := make([]byte, 32<<10)
			for {
				n, err := body.Literal.Read(buf)
				raw = append(raw, buf[:n]...)
				if err != nil {
					break
				}
			}
			if int64(len(raw)) != body.Literal.Size() {
				r.conn.close()
				_ = cmd.Close()
				return nil, true, r.truncated()
			}
		}
	}
	if err := cmd.Close(); err != nil {
		return nil, true, r.fail(err)
	}
	return raw, false, nil
}

func (r *reader) tooLarge() error {
	return r.s.Error(segur.KindTooLarge, "a message is larger than Config.MaxReceivedBytes", nil)
}

// truncated keeps the end of the context first: it explains the cut.
func (r *reader) truncated() error {
	e := r.conn.fault(io.ErrUnexpectedEOF, false)
	if e.Kind == segur.KindUnavailable {
		return r.s.Error(segur.KindTruncated, "the connection ended inside a message", e.Err)
	}
	return e
}
