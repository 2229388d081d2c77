package ins

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// VitaleQuery is one search with a Vitale card (WS_INS1). Its printed forms are redacted.
type VitaleQuery struct {
	// Card is the beneficiary that the user selected.
	Card VitaleCard
	// Assertion is the "assertion CV" that a component of the GIE SESAM-Vitale made from the card: one element
	// saml:Assertion, whose content is not public. It is sent as it is, after that of the professional.
	Assertion []byte
	// AssertedAt is when Assertion was made. One that is older than Config.VitaleAssertionAge is not sent.
	AssertedAt time.Time
	// Reread reads the card that is in the reader now, at the place of the selected beneficiary. It is called before
	// each message, repetitions included: a card that was swapped meanwhile must not be sent. Its error text is kept
	// out of ours. Required.
	Reread func(context.Context) (VitaleCard, error)
}

// String returns a redacted form.
func (q VitaleQuery) String() string { return "VitaleQuery(redacted)" }

// Format writes the redacted form whatever the verb.
func (q VitaleQuery) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(q.String())) }

// LogValue makes slog write the redacted form.
func (q VitaleQuery) LogValue() slog.Value { return slog.StringValue(q.String()) }

// MarshalJSON refuses, as that of [NIR].
func (q VitaleQuery) MarshalJSON() ([]byte, error) { return nil, errNoJSON }

// SearchVitale looks up the beneficiary of a Vitale card (WS_INS1). It needs a professional: Config.Authentication must
// be set, since the message carries the assertion of the professional and the one of the card.
//
// What is wrong with the card, an assertion that is too old and a card that is not the selected one any more are
// [segur.ErrInvalidInput] errors, and nothing is sent.
//
// The answer is [Found] when it agrees with the birth name, the birth date and, where the card has it, the number of the
// beneficiary; [Unconfirmed] when it contradicts one of them, or the card has no birth name to compare. Result.Sent
// holds the name and the date of the card.
func (c *Client) SearchVitale(ctx context.Context, q VitaleQuery) (*Result, error) {
	now := c.cfg.Clock()
	var p segur.Problems
	if c.cfg.Authentication == nil {
		p.Add("authentication", "must be that of a professional: a Vitale card is searched with two assertions")
	}
	q.Card.check(&p, now)
	q.Assertion = slices.Clone(q.Assertion)
	_, _ = readAssertion(&p, "assertion", q.Assertion)
	if q.AssertedAt.IsZero() {
		p.Add("assertedAt", "is required")
	}
	if q.Reread == nil {
		p.Add("reread", "is required: the card in the reader must be the selected one when the message leaves")
	}
	if err := p.Err(opSearchVitale); err != nil {
		return nil, err
	}
	return c.ask(ctx, question{
		op: opSearchVitale, action: actionSearchVitale,
		sent:      segur.Traits{BirthName: q.Card.beneficiaryName(), BirthDate: q.Card.BirthDate},
		coverage:  &q.Card,
		assertion: func(ctx context.Context) ([]byte, error) { return c.vitale(ctx, q) },
		body:      func() ([]byte, error) { return vitaleBody(q.Card) },
		judge:     func(r *Result) { r.judgeVitale(q.Card) },
	})
}

// clockApart is how far the clock that dated an assertion may be ahead of ours.
const clockApart = 5 * time.Minute

// vitale returns the assertion of the card for a message that leaves now.
func (c *Client) vitale(ctx context.Context, q VitaleQuery) ([]byte, error) {
	if e := ended(ctx, opSearchVitale); e != nil {
		return nil, e
	}
	card, err := q.Reread(ctx)
	if err != nil {
		e := functionError(ctx, opSearchVitale, "the Vitale card cannot be read again", err)
		if e.Kind == segur.KindAuthentication && segur.KindOf(err) == segur.KindUnknown {
			e.Kind = segur.KindUnavailable
		}
		return nil, e
	}
	var p segur.Problems
	if what := q.Card.differs(card); what != "" {
		p.Add("card."+what, "is not that of the selected beneficiary: another card is in the reader, or another beneficiary was read; select again")
	}
	age := c.cfg.Clock().Sub(q.AssertedAt)
	switch {
	case age > c.cfg.VitaleAssertionAge:
		p.Addf("assertedAt", "is more than %s ago: read the card again and make another assertion", c.cfg.VitaleAssertionAge)
	case age < -clockApart:
		p.Add("assertedAt", "is in the future: check the clock")
	}
	if err := p.Err(opSearchVitale); err != nil {
		return nil, err
	}
	return q.Assertion, nil
}

// judgeVitale compares the identity of the result with what the card certifies.
func (r *Result) judgeVitale(card VitaleCard) {
	id := r.Identity
	r.Verdict = Coherence(segur.Traits{BirthName: card.BirthName, BirthDate: card.BirthDate}, id.Traits)
	agrees := func(a Agreement) bool { return a == Same || a == Equivalent }
	r.Outcome = Unconfirmed
	if agrees(r.Verdict.BirthName) && agrees(r.Verdict.BirthDate) && !id.INS.IsZero() {
		r.Outcome = Found
	}
	number := card.Beneficiary.Number()
	holds := func(r Record) bool { return strings.EqualFold(r.Number(), number) } // the schema lets 2A be written 2a
	if number == "" || holds(id.Active) || slices.ContainsFunc(id.History, holds) {
		return
	}
	r.Outcome = Unconfirmed
	r.Warnings = append(r.Warnings, segur.Detail{Field: "card.beneficiary", Severity: "error",
		Message: "INSi returns another number than the one of the card, which is not in the history"})
}
