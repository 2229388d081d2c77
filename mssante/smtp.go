package mssante

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// This file is the only one that knows go-smtp.

const (
	smtpBudget = 1 << 20
	// finalPatience is how long a server may take to accept a whole message
	// (RFC 5321 section 4.5.3.2.6): giving up earlier makes doubles.
	finalPatience = 10 * time.Minute
)

var smtpDialect = dialect{implicitPort: "465", upgrade: upgradeSMTP, greeting: "220 secured\r\n"}

// upgradeSMTP says EHLO and STARTTLS.
func upgradeSMTP(r *bufio.Reader, w io.Writer, helo string) error {
	if _, _, err := smtpReply(r); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "EHLO "+helo+"\r\n"); err != nil {
		return err
	}
	code, lines, err := smtpReply(r)
	if err != nil {
		return err
	}
	offered := false
	for _, l := range lines {
		offered = offered || strings.EqualFold(strings.TrimSpace(l), "STARTTLS")
	}
	if code != 250 || !offered {
		return errNoTLS
	}
	if _, err := io.WriteString(w, "STARTTLS\r\n"); err != nil {
		return err
	}
	if code, _, err = smtpReply(r); err != nil {
		return err
	}
	if code != 220 {
		return errNoTLS
	}
	return nil
}

func smtpReply(r *bufio.Reader) (code int, lines []string, err error) {
	for range maxLines {
		l, err := readLine(r)
		if err != nil {
			return 0, nil, err
		}
		if _, err := fmt.Sscanf(l, "%3d", &code); err != nil || len(l) < 3 {
			return 0, nil, errors.New("not an SMTP reply")
		}
		if len(l) == 3 || l[3] != '-' {
			if code == 421 || code == 554 {
				return 0, nil, &segur.Error{Op: opSend, Kind: segur.KindUnavailable, Status: code, Message: "the server is not available"}
			}
			return code, append(lines, l[min(4, len(l)):]), nil
		}
		lines = append(lines, l[4:])
	}
	return 0, nil, errFlood
}

// errEightBit: the mail has 8-bit text and the operator takes 7-bit text only.
var errEightBit = errors.New("the operator takes no 8-bit text (8BITMIME)")

// submission is a session of submission, open and authenticated.
type submission struct {
	c      *Client
	conn   *connection
	client *smtp.Client
	dsn    bool // the operator offers delivery notifications
	left   bool // the final dot of a message left
}

// errInitialResponse: the server does not take a token on the line of AUTH.
var errInitialResponse = errors.New("no initial response")

// openSubmission connects and authenticates. A token that is refused is asked
// for once more; a line that the server finds too long is cut in two.
func (c *Client) openSubmission(s *transport.Session) (*submission, error) {
	x, err := c.trySubmission(s, false)
	if c.again(err) {
		if err = s.Record(); err == nil {
			x, err = c.trySubmission(s, false)
		}
	}
	if errors.Is(err, errInitialResponse) {
		if err = s.Record(); err == nil {
			x, err = c.trySubmission(s, true)
		}
	}
	return x, err
}

func (c *Client) trySubmission(s *transport.Session, alone bool) (*submission, error) {
	conn, err := c.open(s, c.cfg.SMTP, smtpDialect, smtpBudget)
	if err != nil {
		return nil, err
	}
	x := &submission{c: c, conn: conn, client: smtp.NewClient(conn)}
	if err := x.login(s, alone); err != nil {
		x.conn.close()
		return nil, err
	}
	x.dsn, _ = x.client.Extension("DSN")
	return x, nil
}

func (x *submission) login(s *transport.Session, alone bool) error {
	if err := x.client.Hello(x.c.cfg.HeloName); err != nil {
		return x.greeted(s, err)
	}
	mechanism, err := x.c.mechanism(s.Context(), s, x.client.SupportsAuth)
	if err != nil || mechanism == nil {
		return err
	}
	token, isToken := mechanism.(*xoauth2)
	if isToken {
		token.alone = alone || token.long(maxSMTPInitial)
	}
	x.conn.secret.Store(true)
	err = x.client.Auth(mechanism)
	x.conn.secret.Store(false)
	var refusal *smtp.SMTPError
	switch {
	case err == nil:
		x.c.traceAuth(s, x.c.cfg.SMTP, mechanism, "235", nil)
		return nil
	case isToken && !token.alone && errors.As(err, &refusal) && (refusal.Code == 500 || refusal.Code == 501):
		return errInitialResponse
	}
	reply := ""
	if errors.As(err, &refusal) {
		reply = replyText(refusal.Code, enhanced(refusal))
	}
	failure := x.fail(s, err)
	x.c.traceAuth(s, x.c.cfg.SMTP, mechanism, reply, failure)
	return failure
}

// greeted classes a refusal of the first command after TLS: Postfix takes any
// handshake, then says there what it thinks of the certificate (421 4.7.1).
// Waiting would not help.
func (x *submission) greeted(s *transport.Session, err error) error {
	var refusal *smtp.SMTPError
	if errors.As(err, &refusal) && refusal.EnhancedCode[1] == 7 {
		s.Status(refusal.Code)
		e := s.Error(segur.KindAuthentication, "the server does not accept the client certificate, or has none", nil)
		e.Status, e.Code = refusal.Code, enhanced(refusal)
		_, _, e.Help = classify(535, "5.7.8")
		return e
	}
	return x.fail(s, err)
}

// fail classes an error before the end of a message.
func (x *submission) fail(s *transport.Session, err error) error {
	var refusal *smtp.SMTPError
	if errors.As(err, &refusal) {
		return smtpError(s, refusal)
	}
	x.conn.alert()
	return x.conn.fault(err, false)
}

// resume takes up an idle session for another operation. false: it is gone.
func (x *submission) resume(s *transport.Session) bool {
	x.conn.bind(s)
	x.conn.wire.patience.Store(int64(x.c.cfg.Timeout))
	x.conn.wire.budget.Store(smtpBudget)
	x.left = false
	return s.Context().Err() == nil && x.client.Reset() == nil
}

// quit says goodbye; how a session ends changes nothing.
func (x *submission) quit() {
	x.conn.wire.patience.Store(int64(time.Second))
	if !x.conn.failed() {
		_ = x.client.Quit()
	}
	x.conn.close()
}

// submit sends the letter to those of its recipients that are wanted. It fills
// the receipt as far as it comes.
func (x *submission) submit(s *transport.Session, l *Letter, wanted []int, receipt *Receipt) error {
	if limit, ok := x.client.MaxMessageSize(); ok && limit > 0 && l.Size() > int64(limit) {
		return s.Error(segur.KindTooLarge, fmt.Sprintf("the mail has %d bytes and the operator takes %d", l.Size(), limit), nil)
	}
	if takes, _ := x.client.Extension("8BITMIME"); l.eightBit && !takes {
		return s.Error(segur.KindRefused, errEightBit.Error(), errEightBit)
	}
	options := &smtp.MailOptions{Size: l.Size()} // the library says BODY=8BITMIME where it can
	if x.dsn && !l.report {
		envelope, _, _ := strings.Cut(l.id, "@")
		options.Return, options.EnvelopeID = smtp.DSNReturnHeaders, envelope
		receipt.EnvelopeID, receipt.DeliveryReceiptAsked = envelope, l.deliveryReceipt
	}
	from := l.from
	if l.report && !x.c.cfg.ReportsFromMailbox {
		from = ""
	}
	if err := x.client.Mail(from, options); err != nil {
		return x.fail(s, err)
	}
	accepted := 0
	for _, i := range wanted {
		err := x.client.Rcpt(l.to[i].address, x.rcptOptions(l, i))
		status := &receipt.Recipients[i]
		var refusal *smtp.SMTPError
		switch {
		case err == nil:
			status.Accepted, status.Status, status.Code = true, 250, ""
			accepted++
		case errors.As(err, &refusal) && refusal.Code != 421:
			status.Accepted, status.Status, status.Code = false, refusal.Code, enhanced(refusal)
		default:
			return x.fail(s, err)
		}
	}
	if accepted == 0 || accepted < len(wanted) && x.c.cfg.AllOrNone {
		return nil // the caller reads the receipt, and the next message begins with a reset
	}
	data, err := x.client.Data()
	if err != nil {
		return x.fail(s, err)
	}
	// Without its final dot the server must not take the message: until then,
	// a failure leaves nothing behind.
	if _, err := io.Copy(data, bytes.NewReader(l.raw)); err != nil {
		return x.fail(s, err)
	}
	x.conn.wire.patience.Store(int64(max(finalPatience, x.c.cfg.Timeout)))
	x.left = true
	answer, err := data.CloseWithResponse()
	var refusal *smtp.SMTPError
	switch {
	case errors.As(err, &refusal):
		return smtpError(s, refusal)
	case err != nil:
		receipt.Unknown = true
		return x.conn.fault(err, true)
	}
	receipt.Accepted, receipt.Unknown, receipt.Reply = true, false, answer.StatusText
	s.Status(250)
	return nil
}

// rcptOptions asks for the notifications of one recipient (RFC 3461): of
// failure and delay always, of success when the letter wants it, of nothing
// about a report.
func (x *submission) rcptOptions(l *Letter, i int) *smtp.RcptOptions {
	switch {
	case !x.dsn:
		return nil
	case l.report:
		return &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyNever}}
	}
	notify := []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}
	if l.deliveryReceipt {
		notify = append([]smtp.DSNNotify{smtp.DSNNotifySuccess}, notify...)
	}
	return &smtp.RcptOptions{Notify: notify, OriginalRecipientType: smtp.DSNAddressTypeRFC822, OriginalRecipient: l.to[i].address}
}

func enhanced(e *smtp.SMTPError) string {
	if e.EnhancedCode[0] <= 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
}

// smtpError classes a reply. Its text is left out: servers quote addresses.
func smtpError(s *transport.Session, r *smtp.SMTPError) *segur.Error {
	s.Status(r.Code)
	code := enhanced(r)
	kind, message, help := classify(r.Code, code)
	e := s.Error(kind, message, nil)
	e.Status, e.Code, e.Help = r.Code, code, help
	return e
}
