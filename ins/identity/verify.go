package identity

import (
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// Verification refers to a verification of the INS, with INSi or by comparison.
type Verification struct {
	// INS is the number that was verified. An answer about another number than the one held now comes too late and is
	// refused: batch verifications take their time.
	INS segur.INS
	// Answer refers to the answer. At is required.
	Answer Answer
}

// Verified records that INSi confirmed the INS: the date of collection is that of the answer.
func (i Identity) Verified(act Act, v Verification) (Identity, error) {
	var p segur.Problems
	i.verifiable(&p, act, v)
	if err := p.Err("identity.verified"); err != nil {
		return Identity{}, err
	}
	v.Answer.At = v.Answer.At.Round(0)
	after := i
	after.collected = v.Answer
	return i.record(after, act, OperationVerified, func(e *Event) { e.Answer = &v.Answer }), nil
}

// VerificationFailed records that INSi does not confirm the INS: it is dropped. Retrieved becomes provisional,
// qualified validated, since the control of the document stands.
func (i Identity) VerificationFailed(act Act, v Verification) (Identity, error) {
	var p segur.Problems
	i.verifiable(&p, act, v)
	if err := p.Err("identity.verification-failed"); err != nil {
		return Identity{}, err
	}
	v.Answer.At = v.Answer.At.Round(0)
	after := i
	after.dropINS()
	return i.record(after, act, OperationVerificationFailed, func(e *Event) { e.Answer = &v.Answer }), nil
}

// Verify takes over what a verification of package ins gave for the number claimed: [Identity.Verified] or
// [Identity.VerificationFailed]. A number that INSi has replaced is refused: the person is the same, so retrieve again
// and use [Identity.ReplaceINS]. What is undetermined is refused too.
func (i Identity) Verify(act Act, claimed segur.INS, v *ins.Verification) (Identity, error) {
	var p segur.Problems
	switch {
	case v == nil:
		p.Add("verification", "is required: there was no answer")
	case v.Outcome == ins.Verified:
		return i.Verified(act, verificationOf(claimed, v))
	case v.Outcome == ins.NotVerified && !v.Replaced:
		return i.VerificationFailed(act, verificationOf(claimed, v))
	case v.Outcome == ins.NotVerified:
		p.Add("verification.replaced", "INSi has replaced the number: retrieve again and use ReplaceINS")
	default:
		p.Add("verification.outcome", "is undetermined: nothing follows from it")
	}
	return Identity{}, p.Err("identity.verify")
}

func verificationOf(claimed segur.INS, v *ins.Verification) Verification {
	a := Answer{MessageID: v.MessageID, At: v.Time, Code: v.Code}
	if v.Result != nil {
		a.SHA256 = AnswerOf(v.Result).SHA256
	}
	return Verification{INS: claimed, Answer: a}
}

// Invalidate drops an INS that an operator knows to be wrong: retrieved becomes provisional, qualified validated.
func (i Identity) Invalidate(act Act) (Identity, error) {
	var p segur.Problems
	i.begin(&p, act)
	i.needsINS(&p)
	if err := p.Err("identity.invalidate"); err != nil {
		return Identity{}, err
	}
	after := i
	after.dropINS()
	return i.record(after, act, OperationInvalidate, nil), nil
}

func (i Identity) needsINS(p *segur.Problems) {
	if i.ins.IsZero() {
		p.Add("status", "there is no INS: the identity is neither retrieved nor qualified (EXI SI 07)")
	}
}

func (i Identity) verifiable(p *segur.Problems, act Act, v Verification) {
	i.begin(p, act)
	i.needsINS(p)
	if v.Answer.At.IsZero() {
		p.Add("verification.answer.at", "is required: the date of the call is kept")
	}
	if !i.ins.IsZero() && v.INS != i.ins {
		p.Add("verification.ins", "is not the number held: the answer is about another one")
	}
	i.fresh(p, "verification.answer.at", v.Answer.At)
}

// fresh refuses an answer that something newer overtook: a later answer, or an event that took the INS away. An answer
// that waited in a window, a queue or a batch does not undo it.
func (i Identity) fresh(p *segur.Problems, field string, at time.Time) {
	if at.IsZero() {
		return
	}
	if at.Before(i.collected.At) {
		p.Add(field, "is before the last answer of INSi: call INSi again")
		return
	}
	for _, e := range i.history {
		switch e.Operation {
		case OperationDoubt, OperationMarkFictitious, OperationInvalidate, OperationVerificationFailed:
			if at.Before(e.At) {
				p.Add(field, "is before the event that took the INS away: call INSi again")
				return
			}
		}
	}
}
