package ins

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
)

// VerificationOutcome is what a verification gave.
type VerificationOutcome uint8

// The outcomes.
const (
	// VerificationUndetermined: nothing can be said: several identities have the traits, or the answer cannot be
	// compared. The zero value.
	VerificationUndetermined VerificationOutcome = iota
	// Verified: the number is in use and belongs to the traits.
	Verified
	// NotVerified: the number or the traits no longer match.
	NotVerified
)

// String names the outcome.
func (o VerificationOutcome) String() string {
	switch o {
	case VerificationUndetermined:
		return "undetermined"
	case Verified:
		return "verified"
	case NotVerified:
		return "not verified"
	}
	return "invalid"
}

// VerificationMethod says what a verification rests on.
type VerificationMethod string

// The methods.
const (
	// MethodComparison: the search by traits (WS_INS2) again, and a comparison. Not the verification operation of INSi.
	MethodComparison VerificationMethod = "comparison"
	// MethodTeleservice: an operation of verification of INSi (WS_INS3 to WS_INS5).
	MethodTeleservice VerificationMethod = "teleservice"
)

// Verification is the result of a verification. Its printed forms are redacted; Attempts and Details can be logged.
type Verification struct {
	// Outcome says whether the identity still holds.
	Outcome VerificationOutcome
	// Method says how it was verified: the two do not have the same value as a proof.
	Method VerificationMethod
	// Verdict compares the traits, where the service returned some.
	Verdict Verdict
	// Replaced says that the number of the claim is a former one of the same person, or has another authority now:
	// Current is the one to take, after a new retrieval.
	Replaced bool
	// Current is the number in use; zero where the service gave none.
	Current segur.INS
	// Time is when the service answered: the date to keep with the identity.
	Time time.Time
	// Code is the code of the service.
	Code string
	// MessageID is the identifier of the message that decided.
	MessageID string
	// Details say why the identity was not verified, without personal data.
	Details []segur.Detail
	// Attempts are the messages that left, with [MethodComparison].
	Attempts []Attempt
	// Result is the answer that was compared, with [MethodComparison]; nil without one.
	Result *Result
}

// String returns a redacted form.
func (v Verification) String() string {
	return fmt.Sprintf("Verification(%s by %s, redacted)", v.Outcome, v.Method)
}

// Format writes the redacted form whatever the verb.
func (v Verification) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.String())) }

// LogValue makes slog write the redacted form.
func (v Verification) LogValue() slog.Value { return slog.StringValue(v.String()) }

// Verifier verifies one identity. The contract of the operation of INSi (WS_INS3) is not public: a vendor who has it
// implements the interface; [ComparisonVerifier] does without.
type Verifier interface {
	Verify(ctx context.Context, claim Claim) (*Verification, error)
}

// ComparisonVerifier is the [Verifier] that calls [Client.VerifyByComparison].
func ComparisonVerifier(c *Client) Verifier { return comparison{c} }

type comparison struct{ client *Client }

// Verify implements [Verifier].
func (v comparison) Verify(ctx context.Context, claim Claim) (*Verification, error) {
	return v.client.VerifyByComparison(ctx, claim)
}

// VerifyByComparison searches the traits again (WS_INS2) and compares the number and the traits that come back with
// those of the claim: what the public contract allows. It is not the verification operation of INSi, and a search is
// meant for a patient who is there: not for a data base (see [VerifyAll]).
//
// The first given name is searched as it is, with the birth place after several identities; no other name is tried.
// [Policy] bounds the messages. A number that INSi has replaced is not verified: Replaced says so, and Current is the
// new one. With an error the Verification is not nil once a call was made.
func (c *Client) VerifyByComparison(ctx context.Context, claim Claim) (*Verification, error) {
	var p segur.Problems
	claim, criteria, warnings := claim.checked(&p, "claim", c.cfg.Environment, c.cfg.Clock())
	if err := p.Err(opVerify); err != nil {
		return nil, err
	}
	plan := c.newPlan(opVerify, criteria, segur.Patient{INS: claim.INS, Traits: claim.Traits}, warnings)
	err := plan.run(ctx, []candidate{{FirstGivenName, criteria.FirstGivenName}})
	v := &Verification{Method: MethodComparison, Attempts: plan.out.Attempts}
	if err != nil {
		return v, err
	}
	plan.compare(claim.INS, v)
	return v, nil
}

// compare makes the verification of a plan that ended.
func (p *plan) compare(number segur.INS, v *Verification) {
	r := p.out.Result
	if r == nil {
		return
	}
	v.Result, v.Time, v.Code, v.MessageID, v.Verdict = r, r.Time, r.Code, r.MessageID, r.Verdict
	tell := func(a advice) {
		t := advices[a]
		v.Details = append(v.Details, segur.Detail{Field: t.field, Code: string(a), Severity: t.severity, Message: t.text.EN})
	}
	switch {
	case p.out.Outcome == NotFound && p.out.Stop == StopExhausted:
		v.Outcome = NotVerified
		tell(adviceTraits)
	case p.out.Outcome == Ambiguous && p.base.BirthPlace == "":
		tell(advicePlaceMissing)
	case p.out.Outcome == Ambiguous && p.out.Stop == StopBudget:
		tell(adviceCalls)
	case p.out.Outcome == Ambiguous && r.Code == crAmbiguous:
		tell(adviceHomonyms)
	case p.out.Outcome == Ambiguous:
		v.Outcome = NotVerified // several have the traits, and none the birth place
		tell(advicePlaceWrong)
	}
	if r.Identity == nil {
		return
	}
	v.Current = r.Identity.INS
	v.Details = append(v.Details, v.Verdict.Details()...)
	if !sameList(p.local.Traits.GivenNames, r.Identity.Traits.GivenNames) {
		tell(adviceOtherNames)
	}
	differs := slices.Contains([]Agreement{v.Verdict.BirthName, v.Verdict.FirstGivenName, v.Verdict.Sex, v.Verdict.BirthDate,
		v.Verdict.BirthPlace}, Different)
	switch {
	case v.Current.IsZero():
		tell(adviceNumberInvalid)
	case v.Current != number:
		v.Outcome, v.Replaced = NotVerified, !differs && r.Identity.had(number)
		if v.Replaced {
			tell(adviceReplaced)
		} else {
			tell(adviceLocalNumber)
		}
	case v.Verdict.Coherent():
		v.Outcome = Verified
	case differs:
		v.Outcome = NotVerified
	}
}
