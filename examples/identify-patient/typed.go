package main

import (
	"context"
	"fmt"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
)

// typed creates the identity of a patient written as people write, and
// retrieves the INS. The search takes traits as INSi wants them; the
// replacements are a step of their own, which a user interface shows to who
// typed.
func (t *tour) typed(ctx context.Context) error {
	t.title("A patient arrives")
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
	rules, err := identity.NewRules(identity.Config{})
	if err != nil {
		return err
	}
	patient, err := rules.New(act("accueil-1"), identity.Entry{Traits: normalized.Traits, Method: identity.MethodManual})
	if err != nil {
		return err
	}
	t.line("created", "%s", patient.Status())

	question, err := patient.ForINSi()
	if err != nil {
		return err
	}
	found, err := t.client.Identify(ctx, question)
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
	if t.patient, err = patient.Retrieve(act("accueil-1"), identity.Retrieval{Result: found.Result}); err != nil {
		return err
	}
	t.line("reference", "%s", typed(t.patient.Traits()))
	t.number(t.patient.INS())
	t.line("status", "%s: retrieved; no document was seen yet", t.patient.Status())
	t.handedOut()
	return nil
}

// control qualifies the identity: the desk compares it with a passport.
func (t *tour) control(context.Context) error {
	t.title("The passport is shown")
	patient, err := t.patient.Control(act("accueil-2"), identity.Control{Document: identity.Passport, Holder: identity.HolderFrench})
	if err != nil {
		return err
	}
	t.patient = patient
	control, _ := patient.LastControl()
	t.line("control", "%s", control)
	t.line("status", "%s: retrieved and checked", patient.Status())
	t.handedOut()
	for _, e := range patient.History() {
		t.line("history", "%s %s by %s (%s)", e.Operation, e.Status, e.Operator, e.Rule)
	}
	return nil
}

// handedOut says where the matricule may go with the identity as it is.
func (t *tour) handedOut() {
	for _, use := range []struct {
		use  identity.Use
		name string
	}{{identity.UseDMP, "the DMP"}, {identity.UseCDA, "a CDA document"}, {identity.UsePrint, "paper"}} {
		switch d := t.patient.Disclosure(use.use); {
		case !d.Allowed:
			t.line("for "+use.name, "no: %s", d.Reason)
		case !d.INS:
			t.line("for "+use.name, "without the matricule: %s", d.Reason)
		default:
			t.line("for "+use.name, "with the matricule")
		}
	}
}

// act is who does it and when: a product takes both from its session.
func act(operator string) identity.Act { return identity.Act{Operator: operator, At: time.Now()} }

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
