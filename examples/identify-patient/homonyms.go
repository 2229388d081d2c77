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
	t.title("2. Homonyms")
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
			t.number(found.Patient)
			t.line("status", "%s: checked before, retrieved now", found.Patient.Status)
		}
	}
	return nil
}
