package main

import (
	"context"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
	"github.com/segur-sdk/segur/ins/instest"
)

// verify asks later whether the identity still holds: one patient by
// comparison, on the public contract; several in a batch, through the
// interface that a vendor fills with the contract of the GIE.
func (t *tour) verify(ctx context.Context) error {
	t.title("Later: does the identity still hold?")
	v, err := t.client.VerifyByComparison(ctx, ins.ClaimOf("", t.patient.Patient()))
	if err != nil {
		return err
	}
	t.line("one patient", "%s by %s, %d message", v.Outcome, v.Method, len(v.Attempts))

	if v.Outcome == ins.Verified {
		answer := identity.AnswerOf(v.Result)
		if t.patient, err = t.patient.Verified(act("job-verification"), identity.Verification{INS: t.patient.INS(), Answer: answer}); err != nil {
			return err
		}
		t.line("status", "%s, last confirmed by message %s", t.patient.Status(), t.patient.LastAnswer().MessageID)
	}

	known := instest.DefaultPersons()[0]
	claim := func(id string, number segur.INS, change func(*segur.Traits)) ins.Claim {
		traits := known.Traits
		change(&traits)
		return ins.Claim{ID: id, INS: number, Traits: traits}
	}
	claims := []ins.Claim{
		claim("current", known.INS, func(*segur.Traits) {}),
		claim("former", known.History[0].INS, func(*segur.Traits) {}),
		claim("other-date", known.INS, func(d *segur.Traits) { d.BirthDate.Day++ }),
		claim("typed", known.INS, func(d *segur.Traits) { d.BirthName = "Fictive-Durand" }),
	}
	options := ins.BatchOptions{Environment: segur.Fake, PollEvery: 10 * time.Millisecond}
	for item, err := range ins.VerifyAll(ctx, instest.NewBatch(), slices.Values(claims), options) {
		switch {
		case item.Index < 0:
			return err
		case err != nil:
			t.line("batch, "+item.ID, "not sent: %v", err)
		default:
			t.line("batch, "+item.ID, "%s, replaced by another number: %t", item.Verification.Outcome, item.Verification.Replaced)
		}
	}
	return nil
}
