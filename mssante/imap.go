package mssante

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// This file and imapfetch.go are the only ones that know go-imap.

const imapBudget = 8 << 20

var imapDialect = dialect{implicitPort: "993", upgrade: upgradeIMAP, greeting: ""}

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

// reader is an open, authenticated session, with a folder once selected.
type reader struct {
	c      *Client
	s      *transport.Session
	conn   *connection
	client *imapclient.Client

	canIdle  bool
	folder   string
	validity uint32 // UIDVALIDITY
	keywords bool   // the folder keeps the keyword of processed mails
	news     chan struct{}
}

// openReader connects and opens the mailbox. A token that is refused is asked
// for once more.
func (c *Client) openReader(s *transport.Session) (*reader, error) {
	r, err := c.tryReader(s)
	if c.again(err) {
		if err = s.Record(); err == nil {
			r, err = c.tryReader(s)
		}
	}
	return r, err
}

func (c *Client) tryReader(s *transport.Session) (*reader, error) {
	conn, err := c.open(s, c.cfg.IMAP, imapDialect, imapBudget)
	if err != nil {
		return nil, err
	}
	r := &reader{c: c, s: s, conn: conn, news: make(chan struct{}, 1)}
	login := &imapLogin{r: r, in: bufio.NewReader(conn)}
	if err := login.run(!c.cfg.implicit(c.cfg.IMAP, imapDialect.implicitPort)); err != nil {
		conn.close()
		return nil, err
	}
	r.canIdle = slices.Contains(login.caps, "IDLE") || slices.Contains(login.caps, "IMAP4REV2")
	// The library gets an open session, and the few capabilities that change
	// what it says.
	left, _ := login.in.Peek(login.in.Buffered())
	conn.greeting = append([]byte("* PREAUTH [CAPABILITY IMAP4rev1] open\r\n"), left...)
	conn.readEnded = make(chan struct{}) // it reads all the time
	r.client = imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				r.tell()
			}
		},
	}})
	return r, nil
}

// tell notes that the folder changed.
func (r *reader) tell() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// lost classes an error of the dialogue before the library.
func (r *reader) lost(err error) error {
	r.conn.alert()
	return r.conn.fault(err, false)
}

// busy bounds the waits of a command, rest those of a program that takes its
// time between two.
func (r *reader) busy() {
	r.conn.wire.wait(r.c.cfg.Timeout)
	r.conn.wire.budget.Store(imapBudget)
}

func (r *reader) rest() { r.conn.wire.wait(restPatience) }

const restPatience = 30 * time.Minute

// choose selects the folder of the filter.
func (r *reader) choose(f Filter) error {
	r.busy()
	if r.folder = f.Folder; r.folder == "" {
		r.folder = "INBOX"
	}
	data, err := r.client.Select(r.folder, &imap.SelectOptions{ReadOnly: !f.marks()}).Wait()
	if err != nil {
		return r.fail(err)
	}
	r.validity = data.UIDValidity
	r.keywords = slices.ContainsFunc(data.PermanentFlags, func(flag imap.Flag) bool {
		return flag == imap.FlagWildcard || strings.EqualFold(string(flag), r.c.cfg.ProcessedKeyword)
	})
	if f.Unprocessed || f.MarkProcessed {
		if !r.keywords && r.c.cfg.Processed == nil {
			return r.s.Error(segur.KindInvalidInput, "the server keeps no keywords: Config.Processed is required to know what was processed", nil)
		}
	}
	return nil
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
func (r *reader) search(f Filter, after uint32) ([]found, error) {
	r.busy()
	criteria := &imap.SearchCriteria{}
	if after > 0 {
		if after == math.MaxUint32 {
			return nil, nil
		}
		criteria.UID = []imap.UIDSet{{imap.UIDRange{Start: imap.UID(after + 1), Stop: 0}}} // "n:*" has the last one always
	}
	if f.Unprocessed && r.keywords {
		criteria.NotFlag = append(criteria.NotFlag, imap.Flag(r.c.cfg.ProcessedKeyword))
	}
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
	uids = slices.DeleteFunc(uids, func(u imap.UID) bool { return uint32(u) <= after })
	var out []found
	for chunk := range slices.Chunk(uids, 500) {
		if len(out) >= f.Limit {
			break
		}
		listed, err := r.list(chunk)
		if err != nil {
			return nil, err
		}
		for _, m := range listed {
			// INTERNALDATE counts seconds. Who does not say is kept.
			if f.Since.IsZero() || m.received.IsZero() || !m.received.Before(f.Since.Truncate(time.Second)) {
				out = append(out, m)
			}
		}
	}
	return out[:min(len(out), f.Limit)], nil
}

// mark marks a message as seen, as processed, or both.
func (r *reader) mark(uid uint32, seen, processed bool) error {
	var flags []imap.Flag
	if seen {
		flags = append(flags, imap.FlagSeen)
	}
	if processed {
		flags = append(flags, imap.Flag(r.c.cfg.ProcessedKeyword))
	}
	r.busy()
	cmd := r.client.Store(imap.UIDSetNum(imap.UID(uid)), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil)
	if err := cmd.Close(); err != nil {
		return r.fail(err)
	}
	return nil
}

// noop gets the news of a server that does not tell them by itself.
func (r *reader) noop() error {
	r.busy()
	if err := r.client.Noop().Wait(); err != nil {
		return r.fail(err)
	}
	return nil
}

// idle waits for news of the folder (RFC 2177), for the timer or for the end
// of the context, which is left to the caller to see.
func (r *reader) idle(timer <-chan time.Time) error {
	r.busy()
	// The library would begin anew after 28 minutes: our timer is shorter.
	r.conn.wire.wait(maxIdle + r.c.cfg.Timeout)
	cmd, err := r.client.Idle()
	if err != nil {
		return r.fail(err)
	}
	select {
	case <-r.news:
	case <-timer:
	case <-r.client.Closed():
	case <-r.s.Context().Done():
	}
	r.conn.wire.wait(r.c.cfg.Timeout)
	if err := cmd.Close(); err != nil {
		return r.fail(err)
	}
	if err := cmd.Wait(); err != nil {
		return r.fail(err)
	}
	return nil
}

// resume takes up an idle session for another operation. false: it is gone.
func (r *reader) resume(s *transport.Session) bool {
	r.s = s
	r.conn.bind(s)
	return s.Context().Err() == nil && r.noop() == nil
}

// close says goodbye if the server listens, and ends the connection.
func (r *reader) close() {
	r.conn.wire.wait(time.Second)
	if r.s.Context().Err() == nil && !r.conn.failed() {
		_ = r.client.Logout().Wait()
	}
	r.conn.close()
	_ = r.client.Close()
}
