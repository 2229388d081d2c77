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

// submit sends the letter. It fills the receipt as far as it comes.
func (c *Client) submit(s *transport.Session, l *Letter, receipt *Receipt) error {
	conn, done, err := c.open(s, c.cfg.SMTP, smtpDialect, smtpBudget)
	if err != nil {
		return err
	}
	defer done()
	client := smtp.NewClient(conn)
	fail := func(err error, left bool) error {
		var refusal *smtp.SMTPError
		if errors.As(err, &refusal) {
			return smtpError(s, refusal)
		}
		if !left {
			conn.alert()
		}
		return conn.fault(err, left)
	}
	if err := client.Hello(c.cfg.HeloName); err != nil {
		return fail(err, false)
	}
	mechanism, err := c.mechanism(s.Context(), s, client.SupportsAuth)
	if err != nil {
		return err
	}
	if mechanism != nil {
		conn.secret.Store(true)
		err := client.Auth(mechanism)
		conn.secret.Store(false)
		if err != nil {
			return fail(err, false)
		}
	}
	if limit, ok := client.MaxMessageSize(); ok && limit > 0 && l.Size() > int64(limit) {
		_ = client.Quit()
		return s.Error(segur.KindTooLarge, fmt.Sprintf("the mail has %d bytes and the operator takes %d", l.Size(), limit), nil)
	}
	options := &smtp.MailOptions{Size: l.Size()}
	if offered, _ := client.Extension("DSN"); offered && l.deliveryReceipt {
		envelope, _, _ := strings.Cut(l.id, "@")
		options.Return, options.EnvelopeID, receipt.DeliveryReceiptAsked = smtp.DSNReturnHeaders, envelope, true
	}
	if err := client.Mail(l.from, options); err != nil {
		return fail(err, false)
	}
	accepted := 0
	for i, r := range l.to {
		var rcpt *smtp.RcptOptions
		if receipt.DeliveryReceiptAsked {
			rcpt = &smtp.RcptOptions{
				Notify:                []smtp.DSNNotify{smtp.DSNNotifySuccess, smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed},
				OriginalRecipientType: smtp.DSNAddressTypeRFC822, OriginalRecipient: r.address,
			}
		}
		err := client.Rcpt(r.address, rcpt)
		var refusal *smtp.SMTPError
		switch {
		case err == nil:
			receipt.Recipients[i] = RecipientStatus{Accepted: true, Status: 250}
			accepted++
		case errors.As(err, &refusal) && refusal.Code != 421:
			receipt.Recipients[i] = RecipientStatus{Status: refusal.Code, Code: enhanced(refusal)}
		default:
			return fail(err, false)
		}
	}
	if accepted == 0 || accepted < len(l.to) && c.cfg.AllOrNone {
		_ = client.Reset()
		_ = client.Quit()
		return nil // the caller reads the receipt
	}
	data, err := client.Data()
	if err != nil {
		return fail(err, false)
	}
	// Without its final dot the server must not take the message: until then,
	// a failure leaves nothing behind.
	if _, err := io.Copy(data, bytes.NewReader(l.raw)); err != nil {
		return fail(err, false)
	}
	conn.wire.patience.Store(int64(max(finalPatience, c.cfg.Timeout)))
	answer, err := data.CloseWithResponse()
	if err != nil {
		return fail(err, true)
	}
	receipt.Accepted, receipt.Reply = true, answer.StatusText
	s.Status(250)
	conn.wire.patience.Store(int64(time.Second))
	_ = client.Quit() // the message is taken: how the session ends changes nothing
	return nil
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
