package mssante

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// This file is the only one that knows go-imap.

const imapBudget = 8 << 20

var imapDialect = dialect{implicitPort: "993", upgrade: upgradeIMAP, greeting: "* OK secured\r\n"}

// upgradeIMAP says STARTTLS. A session that is open already in clear
// (PREAUTH) cannot be upgraded and is refused (RFC 9051 section 7.1.4).
func upgradeIMAP(r *bufio.Reader, w io.Writer, _ string) error {
	greeting, err := readLine(r)
	if err != nil {
		return err
	}
	switch {
	case prefixFold(greeting, "* BYE"):
		return &segur.Error{Op: opReceive, Kind: segur.KindUnavailable, Message: "the server is not available"}
	case prefixFold(greeting, "* PREAUTH"):
		return errNoTLS
	case !prefixFold(greeting, "* OK"):
		return errors.New("not an IMAP greeting")
	}
	if _, err := io.WriteString(w, "S STARTTLS\r\n"); err != nil {
		return err
	}
	for range maxLines {
		l, err := readLine(r)
		switch {
		case err != nil:
			return err
		case prefixFold(l, "S OK"):
			return nil
		case prefixFold(l, "S "):
			return errNoTLS
		case !strings.HasPrefix(l, "*"):
			return errors.New("not an IMAP answer")
		}
	}
	return errFlood
}

func prefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// reader is an open, authenticated session on a folder.
type reader struct {
	c      *Client
	s      *transport.Session
	conn   *connection
	done   func()
	client *imapclient.Client
}

// found is a message of the folder, before its bytes.
type found struct {
	uid      imap.UID
	size     int64
	received time.Time
	seen     bool
}

func (c *Client) openReader(s *transport.Session, f Filter) (*reader, error) {
	conn, done, err := c.open(s, c.cfg.IMAP, imapDialect, imapBudget)
	if err != nil {
		return nil, err
	}
	conn.readEnded = make(chan struct{}) // the library reads all the time
	r := &reader{c: c, s: s, conn: conn, done: done, client: imapclient.New(conn, nil)}
	if err := r.login(); err != nil {
		r.close()
		return nil, err
	}
	folder := f.Folder
	if folder == "" {
		folder = "INBOX"
	}
	if _, err := r.client.Select(folder, &imap.SelectOptions{ReadOnly: !f.MarkSeen}).Wait(); err != nil {
		r.close()
		return nil, r.fail(err)
	}
	return r, nil
}

func (r *reader) login() error {
	if err := r.client.WaitGreeting(); err != nil {
		return r.fail(err)
	}
	if r.client.State() == imap.ConnStateAuthenticated {
		return nil // PREAUTH inside TLS: the certificate was enough
	}
	// Asked here and now: what was announced in clear counts for nothing.
	caps, err := r.client.Capability().Wait()
	if err != nil {
		return r.fail(err)
	}
	mechanism, err := r.c.mechanism(r.s.Context(), r.s, func(name string) bool { return caps.Has(imap.AuthCap(name)) })
	if err != nil {
		return err
	}
	if mechanism == nil {
		return r.s.Error(segur.KindAuthentication, "the server does not offer SASL EXTERNAL to open the mailbox with the certificate", nil)
	}
	r.conn.secret.Store(true)
	err = r.client.Authenticate(mechanism)
	r.conn.secret.Store(false)
	if err != nil {
		return r.failAuth(err)
	}
	return nil
}

func (r *reader) failAuth(err error) error {
	var no *imap.Error
	if errors.As(err, &no) && no.Code != imap.ResponseCodeUnavailable {
		_, message, help := classify(535, "")
		e := r.s.Error(segur.KindAuthentication, message, nil)
		e.Code, e.Help = string(no.Code), help
		return e
	}
	return r.fail(err)
}

// fail classes err. The texts of servers and of the library are left out:
// they quote what was read.
func (r *reader) fail(err error) error {
	var no *imap.Error
	if !errors.As(err, &no) {
		return r.conn.fault(err, false)
	}
	kind, message := segur.KindRefused, "the server refuses the command"
	switch {
	case no.Type == imap.StatusResponseTypeBad:
		kind, message = segur.KindProtocol, "the server does not understand the command"
	case no.Type == imap.StatusResponseTypeBye, no.Code == imap.ResponseCodeUnavailable, no.Code == imap.ResponseCodeInUse,
		no.Code == imap.ResponseCodeLimit, no.Code == imap.ResponseCodeServerBug, no.Code == imap.ResponseCodeContactAdmin:
		kind, message = segur.KindUnavailable, "the server cannot answer now"
	case no.Code == imap.ResponseCodeNonExistent:
		kind, message = segur.KindNotFound, "no such folder"
	case no.Code == imap.ResponseCodeNoPerm, no.Code == imap.ResponseCodeAuthorizationFailed:
		kind, message = segur.KindAuthorization, "the mailbox does not give that right"
	}
	e := r.s.Error(kind, message, nil)
	e.Code = string(no.Code)
	return e
}

// search lists the messages that the filter wants, oldest first.
func (r *reader) search(f Filter) ([]found, error) {
	criteria := &imap.SearchCriteria{}
	if f.MessageID != "" {
		criteria.Header = append(criteria.Header, imap.SearchCriteriaHeaderField{Key: "Message-ID", Value: f.MessageID})
	}
	if !f.Since.IsZero() {
		// SINCE counts whole days of the server's calendar: one day of margin,
		// the rest is done on INTERNALDATE.
		criteria.Since = f.Since.AddDate(0, 0, -1)
	}
	if f.Unseen {
		criteria.NotFlag = append(criteria.NotFlag, imap.FlagSeen)
	}
	data, err := r.client.UIDSearch(criteria, nil).Wait()
	if err != nil {
		return nil, r.fail(err)
	}
	uids, ok := expand(data.All)
	if !ok {
		return nil, r.s.Error(segur.KindTooLarge, fmt.Sprintf("the folder lists more than %d messages", maxListed), nil)
	}
	var out []found
	for chunk := range slices.Chunk(uids, 500) {
		if len(out) >= f.Limit {
			break
		}
		r.conn.wire.budget.Store(imapBudget)
		messages, err := r.client.Fetch(imap.UIDSetNum(chunk...),
			&imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true, Flags: true}).Collect()
		if err != nil {
			return nil, r.fail(err)
		}
		for _, m := range messages {
			// INTERNALDATE counts seconds.
			if m.UID == 0 || !slices.Contains(chunk, m.UID) || !f.Since.IsZero() && m.InternalDate.Before(f.Since.Truncate(time.Second)) {
				continue
			}
			out = append(out, found{uid: m.UID, size: m.RFC822Size, received: m.InternalDate, seen: slices.Contains(m.Flags, imap.FlagSeen)})
		}
	}
	slices.SortFunc(out, func(a, b found) int { return int(int64(a.uid) - int64(b.uid)) })
	return slices.CompactFunc(out, func(a, b found) bool { return a.uid == b.uid }), nil
}

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
	limit := r.c.cfg.MaxReceivedBytes
	if m.size > limit {
		return nil, false, r.tooLarge()
	}
	r.conn.wire.budget.Store(limit + imapBudget)
	section := &imap.FetchItemBodySection{Peek: true}
	cmd := r.client.Fetch(imap.UIDSetNum(m.uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
	got := false
	for message := cmd.Next(); message != nil; message = cmd.Next() {
		for item := message.Next(); item != nil; item = message.Next() {
			body, ok := item.(imapclient.FetchItemDataBodySection)
			if !ok || body.Literal == nil || got || !body.MatchCommand(section) {
				continue
			}
			if body.Literal.Size() > limit {
				r.done() // rather than reading what we refuse
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
				r.done()
				_ = cmd.Close()
				return nil, true, r.truncated()
			}
		}
	}
	if err := cmd.Close(); err != nil {
		return nil, true, r.fail(err)
	}
	if !got {
		return nil, false, r.s.Error(segur.KindNotFound, "the message is no longer there", nil)
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

// markSeen sets \Seen.
func (r *reader) markSeen(uid imap.UID) error {
	cmd := r.client.Store(imap.UIDSetNum(uid), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}, nil)
	if err := cmd.Close(); err != nil {
		return r.fail(err)
	}
	return nil
}

// close says goodbye if the server listens, and ends the connection.
func (r *reader) close() {
	r.conn.wire.patience.Store(int64(time.Second))
	if r.s.Context().Err() == nil && !r.conn.failed() && r.client.State() == imap.ConnStateSelected {
		_ = r.client.Logout().Wait()
	}
	r.done()
	_ = r.client.Close()
}
