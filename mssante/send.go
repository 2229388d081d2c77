package mssante

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const opSend = "mssante.send"

// Receipt is what the operator answered to a letter. Its printed forms are
// redacted.
type Receipt struct {
	// MessageID identifies the mail, without angle brackets: receipts and
	// answers name it.
	MessageID string
	// EnvelopeID is the identifier that delivery notifications repeat. Empty
	// where the operator offers none.
	EnvelopeID string
	// Accepted says that the operator took the mail for the recipients that it
	// accepted, now or, for [Client.Resend], before. Delivery comes later.
	Accepted bool
	// Unknown says that the mail left and that no answer came: the recipients
	// that are Unknown may get it.
	Unknown bool
	// Recipients are in the order of the message.
	Recipients []RecipientStatus
	// DeliveryReceiptAsked says that the operator was asked for delivery
	// notifications; it does not always offer them.
	DeliveryReceiptAsked bool
	// Reply is the text of the last answer, often with the operator's own
	// number. It may quote addresses.
	Reply string
}

// String returns a redacted form.
func (r Receipt) String() string {
	n := 0
	for _, s := range r.Recipients {
		if s.Accepted {
			n++
		}
	}
	return fmt.Sprintf("Receipt(%s, %d of %d recipients)", r.MessageID, n, len(r.Recipients))
}

// Format writes the redacted form whatever the verb.
func (r Receipt) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Receipt) LogValue() slog.Value { return slog.StringValue(r.String()) }

// RecipientStatus is what the operator said of one recipient.
type RecipientStatus struct {
	// Ref names the recipient without its address: see [RecipientRef].
	Ref string
	// Accepted says that the operator took the recipient. In a receipt whose
	// Accepted is false, nobody got the mail all the same.
	Accepted bool
	// Unknown says that the mail left for the recipient and that no answer
	// came.
	Unknown bool
	// Status is the SMTP status; 0 when the recipient was not reached.
	Status int
	// Code is the enhanced status code (RFC 3463), such as "5.1.1". May be empty.
	Code string
}

// Send submits the letter to the operator, once.
//
//   - nil: every recipient was accepted.
//   - [segur.ErrPartial]: some recipients were refused and the others get the
//     mail. Details names those refused ("to[1]").
//   - [segur.ErrOutcomeUnknown]: the mail left and no answer came. Sending the
//     same letter again keeps its Message-ID, by which the recipient's software
//     can tell a double.
//   - Anything else: nobody got the mail. When [segur.Error.Retryable], the
//     same letter can be sent again later.
//
// Config.Timeout bounds each wait, but for the answer to the whole mail: a
// server may take ten minutes (RFC 5321), and only the context cuts that.
//
// The receipt is never nil. Errors name recipients by index: the address of a
// patient holds the matricule.
func (c *Client) Send(ctx context.Context, l *Letter) (*Receipt, error) {
	return c.send(ctx, l, nil, nil)
}

// Resend submits the letter again, with the same Message-ID, only to the
// recipients that previous does not say are served: those that the operator
// refused, those it was not asked about, and those whose outcome is unknown.
// The receipt that comes back tells all the recipients, and Send says what the
// errors mean: an error that is [segur.ErrPartial] or retryable asks for Resend
// with that receipt, never for Send, which would serve some twice. When
// everybody is served, nothing is sent.
func (c *Client) Resend(ctx context.Context, l *Letter, previous *Receipt) (*Receipt, error) {
	return c.resend(ctx, l, previous, nil)
}

func (c *Client) resend(ctx context.Context, l *Letter, previous *Receipt, o *Outbox) (*Receipt, error) {
	if l != nil && (previous == nil || previous.MessageID != l.id || len(previous.Recipients) != len(l.to)) {
		var p segur.Problems
		p.Add("previous", "must be the receipt of the same letter")
		return &Receipt{}, p.Err(opSend)
	}
	return c.send(ctx, l, previous, o)
}

func (c *Client) send(ctx context.Context, l *Letter, previous *Receipt, o *Outbox) (*Receipt, error) {
	receipt := &Receipt{}
	if l == nil || c.cfg.SMTP == "" || l.from != c.cfg.Mailbox || l.env != c.cfg.Environment {
		var p segur.Problems
		switch {
		case c.cfg.SMTP == "":
			p.Add("config.smtp", "is required to send")
		default:
			p.Add("letter", "must come from Compose of a client of the same mailbox and environment")
		}
		return receipt, p.Err(opSend)
	}
	receipt.MessageID = l.id
	receipt.Recipients = make([]RecipientStatus, len(l.to))
	served := previous != nil && previous.Accepted
	var wanted []int
	for i, r := range l.to {
		if served && previous.Recipients[i].Accepted {
			receipt.Recipients[i] = previous.Recipients[i]
			continue
		}
		receipt.Recipients[i].Ref = RecipientRef(l.id, r.address)
		wanted = append(wanted, i)
	}
	if len(wanted) == 0 {
		again := *previous
		return &again, nil
	}
	defer func() { receipt.settle(wanted, served) }()
	s, err := c.transport.Session(ctx, opSend, c.cfg.SMTP, l.id)
	if err != nil {
		return receipt, err
	}
	if err := s.Record(); err != nil {
		return receipt, s.End(err)
	}
	err = c.deliver(s, l, wanted, receipt, o)
	if err == nil {
		if e := refusals(receipt, wanted); e != nil {
			s.Status(e.Status)
			err = e
		}
	}
	c.traceSend(s.Context(), l, wanted, receipt, err)
	return receipt, s.End(err)
}

// settle makes one receipt of what was just submitted to those wanted and of
// what others were served before: who was taken by a submission that came to
// nothing is not served, whoever else is.
func (r *Receipt) settle(wanted []int, served bool) {
	for _, i := range wanted {
		s := &r.Recipients[i]
		s.Unknown = r.Unknown && s.Accepted
		s.Accepted = s.Accepted && (r.Accepted || !served)
	}
	r.Accepted = r.Accepted || served
}

// deliver finds a session of submission and submits. The one that an outbox
// keeps may have ended: as long as the final dot did not leave, another one
// takes over.
func (c *Client) deliver(s *transport.Session, l *Letter, wanted []int, receipt *Receipt, o *Outbox) error {
	if o != nil && o.kept != nil {
		x := o.kept
		o.kept = nil
		if x.resume(s) {
			err := x.submit(s, l, wanted, receipt)
			// 530 and the like: the server forgot who opened the session.
			gone := x.conn.failed() || statusOf(err) == 421 || segur.KindOf(err) == segur.KindAuthentication
			if !gone {
				o.keep(x)
				return err
			}
			x.conn.close()
			if x.left || s.Context().Err() != nil {
				return err
			}
			for _, i := range wanted {
				receipt.Recipients[i] = RecipientStatus{Ref: receipt.Recipients[i].Ref}
			}
		} else {
			x.conn.close()
		}
		if err := s.Record(); err != nil {
			return err
		}
	}
	x, err := c.openSubmission(s)
	if err != nil {
		return err
	}
	err = x.submit(s, l, wanted, receipt)
	if c.again(err) { // accepted, then refused: the token expired in between
		x.quit()
		if err = s.Record(); err != nil {
			return err
		}
		if x, err = c.openSubmission(s); err != nil {
			return err
		}
		err = x.submit(s, l, wanted, receipt)
	}
	if o != nil && !x.conn.failed() && statusOf(err) != 421 {
		o.keep(x)
		return err
	}
	x.quit()
	return err
}

func statusOf(err error) int {
	var e *segur.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// refusals makes the error of the wanted recipients that were refused, or nil.
func refusals(r *Receipt, wanted []int) *segur.Error {
	e := &segur.Error{Op: opSend, RequestID: r.MessageID}
	refused := 0
	for _, i := range wanted {
		s := r.Recipients[i]
		if s.Accepted {
			continue
		}
		kind, message, help := classify(s.Status, s.Code)
		e.Details = append(e.Details, segur.Detail{Field: fmt.Sprintf("to[%d]", i), Code: s.Code, Message: message})
		if refused == 0 {
			e.Kind, e.Status, e.Code, e.Help = kind, s.Status, s.Code, help
		} else if kind != e.Kind {
			e.Kind, e.Code, e.Help = segur.KindRefused, "", segur.Text{}
		}
		refused++
	}
	switch {
	case refused == 0:
		return nil
	case r.Accepted:
		e.Kind, e.Code, e.Help, e.Message = segur.KindPartial, "", segur.Text{}, "the other recipients get the mail"
	case refused < len(wanted):
		e.Message = "nobody got the mail: all recipients or none were asked for"
	default:
		e.Message = "every recipient was refused: nobody got the mail"
	}
	return e
}
