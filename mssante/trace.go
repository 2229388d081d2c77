package mssante

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Action is the functional trace of one action on a mailbox (ECO.4.1.1,
// ECO.4.1.2), for Config.Trace. It holds neither token nor content; addresses
// of professionals are there, those of patients are not.
type Action struct {
	// ID identifies the record: a UUID.
	ID string
	// Time is in UTC.
	Time time.Time
	// Actor is who acts: [WithActor] of the context, else Config.Actor.
	Actor string
	// Mailbox is the address of the mailbox, Service "host:port" of the server.
	Mailbox, Service string
	// Kind is what was done.
	Kind ActionKind
	// MessageID identifies the mail concerned, without angle brackets.
	MessageID string
	// Recipients are those of the mail that was sent.
	Recipients []ActionRecipient
	// Codes are those of the documents (X-MSS-CODECDA).
	Codes []string
	// Command is the request to the server, without its parameters, and Reply
	// its answer: "250", "550 5.1.1", "NO".
	Command, Reply string
	// Result is "ok", else the kind of the error, such as "authentication".
	Result string
}

// ActionRecipient is a recipient in a trace.
type ActionRecipient struct {
	// Ref is that of [RecipientRef].
	Ref string
	// Address is empty for a patient: it would hold the matricule.
	Address string
	// Patient says that it is a mailbox of Mon espace santé.
	Patient bool
	// Reply is what the server said of the recipient.
	Reply string
}

// ActionKind is a kind of action.
type ActionKind string

// The kinds of action.
const (
	ActionConnect ActionKind = "CONNECT"
	ActionAuth    ActionKind = "AUTH"
	ActionSend    ActionKind = "SEND"
	// ActionReceive: a mail came in; ActionRead: it was marked as read.
	ActionReceive ActionKind = "RECV"
	ActionRead    ActionKind = "READ"
	// ActionImport: the program said what became of the documents of a mail.
	ActionImport ActionKind = "IMPORT"
	// ActionMark: the mail was marked as processed.
	ActionMark ActionKind = "MARK"
	// ActionReceiptSent and ActionReceiptReceived are about read receipts and
	// mails of integration error, ActionDeliveryReceived about delivery
	// notifications and bounces.
	ActionReceiptSent      ActionKind = "MDN_SENT"
	ActionReceiptReceived  ActionKind = "MDN_RECV"
	ActionDeliveryReceived ActionKind = "DSN_RECV"
)

type actorKey struct{}

// WithActor says who acts in the calls made with the context: the national
// identifier of the professional, or that of the software. Several people may
// share a mailbox.
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// trace completes a record and hands it over.
func (c *Client) trace(ctx context.Context, a Action) {
	if c.cfg.Trace == nil {
		return
	}
	a.ID, _ = c.cfg.IDs.UUID() // a trace without identifier beats none
	a.Time, a.Mailbox, a.Actor = c.cfg.Clock().UTC(), c.cfg.Mailbox, c.cfg.Actor
	if actor, ok := ctx.Value(actorKey{}).(string); ok && actor != "" {
		a.Actor = actor
	}
	c.cfg.Trace(a)
}

// result names an outcome.
func result(err error) string {
	var e *segur.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &e) && e == nil:
		return "ok" // a typed nil
	}
	return segur.KindOf(err).String()
}

func replyText(status int, code string) string {
	if status == 0 {
		return ""
	}
	return strings.TrimSpace(strconv.Itoa(status) + " " + code)
}

func (c *Client) traceAuth(s *transport.Session, service string, mechanism sasl.Client, reply string, err error) {
	name := map[bool]string{true: "XOAUTH2", false: "OAUTHBEARER"}
	command := "AUTH EXTERNAL"
	switch c.cfg.Auth {
	case Password:
		command = "AUTH PLAIN"
	case Token:
		_, x := mechanism.(*xoauth2)
		command = "AUTH " + name[x]
	}
	c.trace(s.Context(), Action{Kind: ActionAuth, Service: service, Command: command, Reply: reply, Result: result(err)})
}

func (c *Client) traceSend(ctx context.Context, l *Letter, wanted []int, r *Receipt, err error) {
	if c.cfg.Trace == nil {
		return
	}
	a := Action{Kind: ActionSend, Service: c.cfg.SMTP, MessageID: l.id, Codes: l.codes, Command: "DATA", Result: result(err)}
	if l.report {
		a.Kind = ActionReceiptSent
	}
	var e *segur.Error
	switch {
	case r.Accepted:
		a.Reply = "250"
	case errors.As(err, &e):
		a.Reply = replyText(e.Status, e.Code)
	}
	for _, i := range wanted {
		to := ActionRecipient{Ref: r.Recipients[i].Ref, Patient: IsPatientAddress(l.to[i].address),
			Reply: replyText(r.Recipients[i].Status, r.Recipients[i].Code)}
		if !to.Patient {
			to.Address = l.to[i].address
		}
		a.Recipients = append(a.Recipients, to)
	}
	c.trace(ctx, a)
}

// traceIncoming records what came in.
func (c *Client) traceIncoming(ctx context.Context, m *Incoming, err error) {
	if c.cfg.Trace == nil {
		return
	}
	a := Action{Kind: ActionReceive, Service: c.cfg.IMAP, Command: "UID FETCH", Result: result(err)}
	if m != nil {
		a.MessageID = m.MessageID
		for _, code := range m.Codes[:min(len(m.Codes), maxDocuments)] {
			if productNumber.MatchString(code) { // a code, not what a stranger writes in its place
				a.Codes = append(a.Codes, code)
			}
		}
		switch m.Kind() {
		case DispositionMail, ErrorMail:
			a.Kind = ActionReceiptReceived
		case DeliveryMail, BounceMail:
			a.Kind = ActionDeliveryReceived
		}
		if a.Kind != ActionReceive {
			if r, rerr := m.Report(); rerr == nil {
				a.MessageID = r.MessageID
			}
		}
	}
	c.trace(ctx, a)
}
