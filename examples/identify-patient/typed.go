package main

import (
	"context"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// typed identifies a patient written as people write. The search takes traits
// as INSi wants them; the replacements are a step of their own, which a user
// interface shows to who typed.
func (t *tour) typed(ctx context.Context) error {
	t.title("1. A patient arrives")
	local := segur.Traits{BirthName: "d’Aigüefictive", FirstGivenName: "Jean Loup", Sex: segur.Male,
		BirthDate: segur.NewDate(1955, time.October, 9), BirthPlace: "2a004"}
	t.line("typed", "%s", typed(local))
	normalized, err := ins.Normalize(local)
	if err != nil {
		return err
	}
	t.line("searched", "%s", typed(normalized.Traits))
	for _, c := range changes(normalized.Changes) {
		t.line("", "%s", c)
	}

	found, err := t.client.Identify(ctx, segur.Patient{Status: segur.Provisional, Traits: normalized.Traits})
	if err != nil {
		return err
	}
	t.trace(found)
	if found.Outcome != ins.Found {
		return &segur.Error{Op: "ins.identify", Kind: segur.KindNotFound, Message: "the patient of the first scene is not identified"}
	}
	v := found.Result.Verdict
	t.line("verdict", "birth name %s, first given name %s, sex %s, birth date %s, birth place %s",
		v.BirthName, v.FirstGivenName, v.Sex, v.BirthDate, v.BirthPlace)
	t.line("reference", "%s", typed(found.Patient.Traits))
	t.number(found.Patient)
	t.line("status", "%s: retrieved, and no document was seen yet", found.Patient.Status)
	t.patient = found.Patient
	return nil
}

// changes sums up replacements: one line for each field and rule.
func changes(list []ins.Change) []string {
	type key struct {
		field string
		rule  ins.Rule
	}
	var order []key
	count := map[key][]int{}
	for _, c := range list {
		k := key{c.Field, c.Rule}
		if count[k] == nil {
			order = append(order, k)
		}
		count[k] = append(count[k], c.Position)
	}
	var out []string
	for _, k := range order {
		out = append(out, fmt.Sprintf("%s: %s, %s", k.field, k.rule.Text().EN, positions(count[k])))
	}
	return out
}

// positions names characters: "character 2", "characters 2, 3, 5".
func positions(list []int) string {
	if len(list) == 1 {
		return fmt.Sprintf("character %d", list[0])
	}
	text := "characters "
	for i, n := range list {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(n)
	}
	return text
}
