package main

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// homonyms identifies someone who has a homonym born the same day: INSi says
// that there are several, and the birth place tells them apart. Without it the
// search stops there: trying other given names could end on someone else.
func (t *tour) homonyms(ctx context.Context) error {
	t.title("Homonyms")
	traits := segur.Traits{BirthName: "FICTIF-MARTIN", FirstGivenName: "PAUL", Sex: segur.Male, BirthDate: segur.NewDate(1970, time.May, 2)}
	for _, place := range []string{"", "13055"} {
		traits.BirthPlace = place
		t.line("searched", "%s", typed(traits))
		found, err := t.client.Identify(ctx, segur.Patient{Status: segur.Validated, Traits: traits})
		if err != nil {
			return err
		}
		t.trace(found)
		if found.Outcome == ins.Found {
			t.number(found.Patient.INS)
			t.line("status", "%s: checked before, retrieved now", found.Patient.Status)
		}
	}
	return nil
}

// confirmed identifies someone by a given name that is not the first of civil
// status: nothing is accepted before a person has compared the identity with
// the document.
func (t *tour) confirmed(ctx context.Context) error {
	t.title("Found by another given name: a person decides")
	traits := segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "LUCIE", GivenNames: "LUCIE CAMILLE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, time.March, 14)}
	t.line("searched", "%s", typed(traits))
	found, err := t.client.Identify(ctx, segur.Patient{Status: segur.Validated, Traits: traits})
	if err != nil {
		return err
	}
	t.trace(found)
	t.line("number", "%s: the patient keeps none", mask(found.Patient.INS.Body(), ""))
	for _, d := range found.Doubts() {
		t.line("doubt", "%s, may be lifted by a person: %t", d, d.Confirmable())
	}
	t.line("first name", "one of %q", found.FirstGivenNames())
	decision, err := found.Confirm(ins.Confirmation{Operator: "accueil-2", Accept: found.Doubts(), FirstGivenName: "CAMILLE", Document: true})
	if err != nil {
		return err
	}
	t.line("confirmed", "by %s: %s", decision.Operator, typed(decision.Patient.Traits))
	t.number(decision.Patient.INS)
	t.line("status", "%s", decision.Patient.Status)
	return nil
}
