package ins

import (
	"context"
	"errors"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// plan is one identification under way.
type plan struct {
	client   *Client
	op       string
	base     segur.Traits // the criteria, checked
	local    segur.Patient
	warnings []segur.Detail
	event    *run // nil: no event
	retries  int
	found    candidate // the last one that was sent
	out      Identification
}

// errSpent ends a plan whose calls are spent before the next message.
var errSpent = errors.New("ins: no call is left")

func (p *plan) run(ctx context.Context, names []candidate) error {
	place := p.base.BirthPlace
	first := ""
	if p.client.cfg.Policy.BirthPlaceFirst {
		first = place
	}
	why := WhyFirst
	for _, name := range names {
		r, err := p.call(ctx, name, first, why)
		if err != nil {
			return p.failed(err, NotFound)
		}
		if r.Outcome == Ambiguous && place != "" && first == "" {
			if r, err = p.call(ctx, name, place, WhySeveral); err != nil {
				return p.failed(err, Ambiguous)
			}
			if r.Outcome == NotFound {
				r.Outcome = Ambiguous // several there are, and none is born there
			}
		}
		switch r.Outcome {
		case Found:
			p.out.Patient = withINS(p.local, r.Identity)
			return p.stop(Found, StopFound)
		case Unconfirmed:
			return p.stop(Unconfirmed, StopUnconfirmed)
		case Ambiguous:
			return p.stop(Ambiguous, StopAmbiguous)
		}
		why = WhyNobody
	}
	return p.stop(NotFound, StopExhausted)
}

func (p *plan) stop(o Outcome, s Stop) error {
	p.out.Outcome, p.out.Stop = o, s
	return nil
}

// failed ends the plan: without error when only the budget is spent, since what was answered so far stands.
func (p *plan) failed(err error, sofar Outcome) error {
	switch {
	case !errors.Is(err, errSpent):
		return err
	case len(p.out.Attempts) == 0:
		return p.stop(Undetermined, StopBudget)
	}
	return p.stop(sofar, StopBudget)
}

// spent reports whether no message may leave any more.
func (p *plan) spent() bool { return len(p.out.Attempts) >= p.client.cfg.Policy.MaxCalls }

// call makes one search, repeated after temporary faults as far as the budget goes. Each repetition is a message of
// its own. The error is errSpent when not even the first may leave.
func (p *plan) call(ctx context.Context, name candidate, place string, why Why) (*Result, error) {
	if p.spent() {
		return nil, errSpent
	}
	fault := errSpent // the last one
	for n := 1; ; n++ {
		if !p.event.take() {
			p.advise(adviceEventCalls)
			return nil, fault
		}
		sent := len(p.out.Attempts)
		r, err := p.send(ctx, name, place, why)
		if err == nil {
			return r, nil
		}
		if len(p.out.Attempts) == sent {
			p.event.giveBack() // nothing left
			return nil, err
		}
		var e *segur.Error
		if !errors.As(err, &e) || !temporary(e) || ctx.Err() != nil || p.spent() ||
			n >= p.client.cfg.Retry.MaxAttempts || p.retries >= p.client.cfg.Policy.MaxRetries {
			return nil, err
		}
		wait, ok := transport.Backoff(ctx, p.client.cfg.Retry, n, e.RetryAfter)
		if !ok || !p.client.soap.MayRepeat() {
			return nil, err
		}
		if transport.Pause(ctx, wait) != nil {
			return nil, contextError(ctx, p.op, e)
		}
		fault, why = err, WhyRepetition
		p.retries++
	}
}

// temporary reports whether the same call may do better. An answer that was cut is a lost connection: reading the
// national base again changes nothing there.
func temporary(e *segur.Error) bool { return e.Retryable() || e.Kind == segur.KindTruncated }

// contextError is the end of the caller's context while nothing was under way; before is what was to be repeated.
func contextError(ctx context.Context, op string, before *segur.Error) *segur.Error {
	e := &segur.Error{Op: op, Kind: segur.KindCanceled, Message: "the call was cancelled before the next message", Err: ctx.Err()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind, e.Message = segur.KindTimeout, "the deadline of the call passed before the next message"
	}
	if before != nil {
		e.Code, e.RequestID = before.Code, before.RequestID
	}
	return e
}

// send makes one message and judges the answer against the local identity rather than against what was sent. What
// leaves is in the trace, whatever becomes of it.
func (p *plan) send(ctx context.Context, name candidate, place string, why Why) (*Result, error) {
	t := p.base
	t.FirstGivenName, t.BirthPlace = name.name, place
	a := Attempt{GivenName: name.from, BirthPlace: place != "", Why: why, Time: p.client.cfg.Clock()}
	if n := len(p.out.Attempts); n > 0 {
		a.After = p.out.Attempts[n-1].said()
	}
	r, err := p.client.search(ctx, t, p.local.Traits, slices.Clone(p.warnings), true)
	if err != nil {
		var e *segur.Error
		if errors.As(err, &e) && e.RequestID != "" { // else there was no message
			a.Duration = p.client.cfg.Clock().Sub(a.Time)
			a.MessageID, a.Code, a.Failed = e.RequestID, e.Code, e.Kind
			p.out.Attempts = append(p.out.Attempts, a)
		}
		return nil, err
	}
	p.found = name
	p.doubt(r)
	a.MessageID, a.Outcome, a.Code, a.Time, a.Duration = r.MessageID, r.Outcome, r.Code, r.Time, r.Duration
	p.out.Attempts = append(p.out.Attempts, a)
	p.out.Result = r
	return r, nil
}

// doubt makes unconfirmed what the traits alone would accept: a person found with another given name than the first,
// and another number than the local one, unless INSi has replaced it.
func (p *plan) doubt(r *Result) {
	p.out.doubts = nil
	if r.Identity == nil {
		return
	}
	if r.Outcome == Unconfirmed {
		p.out.doubts = r.doubts()
	}
	add := func(d Doubt) {
		r.Outcome = Unconfirmed
		if !slices.Contains(p.out.doubts, d) {
			p.out.doubts = append(p.out.doubts, d)
		}
	}
	if p.found.from == OtherGivenName {
		r.Warnings = append(r.Warnings, segur.Detail{Field: "traits.firstGivenName", Severity: "warning",
			Message: "found with another given name than the first: a person must confirm"})
		add(DoubtFirstGivenName)
	}
	known, current := p.local.INS, r.Identity.INS
	if known.IsZero() || current.IsZero() || known == current {
		return
	}
	if !r.Identity.had(known) {
		add(DoubtLocalNumber)
		return
	}
	p.advise(adviceReplaced)
}

// had reports whether the number is, or was, one of the person, whatever authority assigned it: a NIA may become a NIR
// of the same digits.
func (i *Identity) had(number segur.INS) bool {
	same := func(n segur.INS) bool { return n.Matricule() == number.Matricule() }
	return same(i.INS) || slices.ContainsFunc(i.History, func(h Record) bool { return same(h.INS) })
}
