package mssante

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

const opAnswer = "mssante.answer"

// Codes of the errors of [Client.Answer].
const (
	// CodeLoopGuard: the mail is a report, or no person awaits an answer to it.
	// Answering could go on for ever.
	CodeLoopGuard = "LOOP_GUARD"
	// CodeConfirmation: the receipt is asked for another address than the one
	// the mail comes from, or for several; a person must agree to send it
	// (Outcome.Confirmed).
	CodeConfirmation = "CONFIRMATION_REQUIRED"
)

// Outcome is what became of a mail, to be told to its sender.
type Outcome struct {
	// Read is what was done: [Processed] when empty, [ProcessedError] when
	// Error is set, [Displayed] or [Deleted] where a person reads mails.
	Read Read
	// Error says why the document was not filed. Optional.
	Error IntegrationCode
	// Detail is a sentence for people, without patient data. Optional.
	Detail string
	// Manual says that a person acted, and not software.
	Manual bool
	// Confirmed says that a person agreed to send this receipt: see
	// [CodeConfirmation].
	Confirmed bool
	// From labels the sender. Default: the name of Config.Sender, else its
	// organization, else its application.
	From Sender
}

// Acknowledgement is what [Client.Answer] did.
type Acknowledgement struct {
	// Kind is [DispositionMail], [ErrorMail], or 0 when there was nothing to
	// send: no receipt was asked for, and there is no error to tell.
	Kind MailKind
	// Letter is what was sent. When sending fails with a retryable error, hand
	// it to [Client.Send] again later. nil when there was nothing to send.
	Letter *Letter
	// Receipt is what the operator answered.
	Receipt *Receipt
}

// Answer tells the sender of a mail what became of it: by a read receipt (RFC
// 8098) where one was asked for, with the original mail and its files
// attached; else, when the document was not filed, by a mail of integration
// error; else not at all.
//
// It never answers reports, automatic mails, mails without a return path nor
// those of mailing lists ([CodeLoopGuard]), and asks for a person's agreement
// when the receipt would go elsewhere than where the mail comes from
// ([CodeConfirmation]): both are [segur.ErrRefused], and nothing is sent.
//
// A mail that grows too large with the original gets its header only, as does
// one whose original has 8-bit text that the operator does not take. Answering
// twice sends two receipts: mark the mail as processed afterwards.
func (c *Client) Answer(ctx context.Context, m *Incoming, o Outcome) (*Acknowledgement, error) {
	return c.answer(ctx, m, o, c.Send)
}

// Answer is [Client.Answer] over the connection of the outbox.
func (o *Outbox) Answer(ctx context.Context, m *Incoming, out Outcome) (*Acknowledgement, error) {
	return o.c.answer(ctx, m, out, o.Send)
}

func (c *Client) answer(ctx context.Context, m *Incoming, o Outcome, send func(context.Context, *Letter) (*Receipt, error)) (*Acknowledgement, error) {
	ack := &Acknowledgement{}
	if err := c.checkOutcome(m, &o); err != nil {
		return ack, err
	}
	if !o.Manual || o.Read != Displayed { // opening a mail files nothing
		a := Action{Kind: ActionImport, MessageID: m.MessageID, Result: "ok"}
		if a.Result = "ok"; o.Error != "" {
			a.Result = "error " + string(o.Error)
		}
		c.trace(ctx, a)
	}
	asked := len(m.ReadReceiptTo) > 0
	if !asked && o.Error == "" {
		return ack, nil
	}
	why := m.loops()
	if sameAddress(m.From.Address, c.cfg.Mailbox) {
		why = "the mail comes from the mailbox itself"
	}
	if why != "" {
		return ack, refuse(m, CodeLoopGuard, why)
	}
	to := []Address{m.From}
	if ack.Kind = ErrorMail; asked {
		ack.Kind = DispositionMail
		to = m.ReadReceiptTo
	}
	if why := c.mustConfirm(m); why != "" && !o.Confirmed {
		ack.Kind = 0
		return ack, refuse(m, CodeConfirmation, why)
	}
	recipients, why := c.answerTo(to, ack.Kind)
	if why != "" {
		ack.Kind = 0
		return ack, refuse(m, "", why)
	}
	size, sevenBit := wholeOriginal, false
	for {
		var err error
		if ack.Letter, err = c.composeAnswer(m, o, ack.Kind, recipients, size, sevenBit); err == nil {
			ack.Receipt, err = send(ctx, ack.Letter)
		}
		switch {
		case segur.KindOf(err) == segur.KindTooLarge && size < headerOnly:
			size++
		case errors.Is(err, errEightBit) && !sevenBit:
			sevenBit = true
		default:
			return ack, err
		}
	}
}

func refuse(m *Incoming, code, why string) error {
	return &segur.Error{Op: opAnswer, Kind: segur.KindRefused, Code: code, RequestID: m.MessageID, Message: why + ": nothing was sent"}
}

func (c *Client) checkOutcome(m *Incoming, o *Outcome) error {
	var p segur.Problems
	if m == nil || len(m.raw) == 0 {
		p.Add("mail", "must come from Receive or Watch")
	}
	if c.cfg.SMTP == "" {
		p.Add("config.smtp", "is required to send")
	}
	switch {
	case o.Error != "" && !o.Error.Known():
		p.Add("outcome.error", "must be a code from 900 to 906")
	case o.Error != "" && o.Read != "" && o.Read != ProcessedError:
		p.Add("outcome.read", "must be ProcessedError, or empty, with an error")
	case o.Read == ProcessedError && o.Error == "":
		p.Add("outcome.error", "is required: why the document was not filed")
	case o.Error != "":
		o.Read = ProcessedError
	case o.Read == "":
		o.Read = Processed
	case o.Read != Processed && o.Read != Displayed && o.Read != Deleted:
		p.Add("outcome.read", "must be Processed, ProcessedError, Displayed or Deleted")
	}
	if len(o.Detail) > maxText/16 {
		p.Addf("outcome.detail", "must have at most %d bytes", maxText/16)
	}
	kind := c.cfg.Kind
	if o.From.Label() == "" {
		kind = "" // a person's software has a name too
		for _, name := range []string{c.cfg.Sender.Name, c.cfg.Sender.Organization, c.cfg.Sender.Application} {
			if o.From.Entity == "" {
				o.From.Entity = strings.TrimSpace(name)
			}
		}
	}
	o.From.check(kind, &p)
	return p.Err(opAnswer)
}

// loops says why nobody may answer the mail by software, or "".
func (m *Incoming) loops() string {
	switch {
	case m.Kind().IsReport() || m.mediaType == "multipart/report":
		return "the mail is itself a report"
	case m.autoSubmitted():
		return "the mail was written by software (Auto-Submitted)"
	case m.hasReturnPath && m.returnPath == "":
		return "the mail has an empty Return-Path"
	case daemon(m.From.Address):
		return "the mail comes from a mail server"
	case m.list:
		return "the mail comes from a mailing list (List-Id)"
	}
	switch strings.ToLower(strings.TrimSpace(m.precedence)) {
	case "bulk", "list", "junk":
		return "the mail was sent in bulk (Precedence)"
	}
	return ""
}

// mustConfirm says why a person must agree to the answer, or "" (RFC 8098
// section 2.1).
func (c *Client) mustConfirm(m *Incoming) string {
	if !m.hasReturnPath && c.cfg.RequireReturnPath {
		return "the mail has no Return-Path: a person must agree"
	}
	if len(m.ReadReceiptTo) == 0 {
		return "" // an error goes to who wrote the mail
	}
	first := m.ReadReceiptTo[0].Address
	if slices.ContainsFunc(m.ReadReceiptTo, func(a Address) bool { return !sameAddress(a.Address, first) }) {
		return "the receipt is asked for several addresses: a person must agree"
	}
	path := m.returnPath
	if !m.hasReturnPath {
		path = m.From.Address
	}
	if !sameAddress(first, path) {
		return "the receipt is asked for another address than the one the mail comes from: a person must agree"
	}
	return ""
}

func (c *Client) answerTo(to []Address, kind MailKind) ([]recipient, string) {
	var out []recipient
	for _, a := range to {
		if slices.ContainsFunc(out, func(r recipient) bool { return sameAddress(r.address, a.Address) }) {
			continue
		}
		switch {
		case addressProblem(a.Address) != "":
			return nil, "the address to answer to is not a plain mail address"
		case IsPatientAddress(a.Address) && kind == ErrorMail:
			return nil, "a mail of integration error does not go to a patient"
		case c.cfg.AllowDomain != nil && !c.cfg.AllowDomain(domainOf(a.Address)):
			return nil, "the address to answer to has a domain that is not in the white list of MSSanté"
		case len(out) == 10:
			return nil, "there are too many addresses to answer to"
		}
		out = append(out, recipient{address: a.Address})
	}
	return out, ""
}
