package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
)

// states are all the states that there are.
var states = []string{
	"PROV", "PROV homonyme", "PROV douteux", "PROV homonyme+douteux", "PROV fictif",
	"RECUP", "RECUP homonyme", "VALI", "VALI homonyme", "QUAL", "QUAL homonyme",
}

type event struct {
	name string
	do   func(identity.Identity) (identity.Identity, error)
	// field is the one that a refusal names.
	field string
	// want has one column for each of states, the attributes abbreviated: h, d, hd, f; "-" is a refusal.
	want string
}

func events(t require.TestingT) []event {
	type id = identity.Identity
	changed := traits()
	changed.BirthName = "FICTIVE-AUTRE"
	respelt := traits()
	respelt.BirthName, respelt.GivenNames = "Fictive Durand", "CAMILLE LUCE"
	used := func(i id) identity.Entry {
		now := i.Traits()
		now.UsedName = "USUELLE"
		return identity.Entry{Traits: now, Method: identity.MethodManual}
	}
	check := identity.Verification{INS: insA(t), Answer: identity.Answer{At: t0}}
	contradicts := found(insA(t))
	contradicts.Identity.Traits.BirthPlace = "75056"
	sure := &identity.Confirmation{Accept: []ins.Doubt{ins.DoubtBirthPlace}}
	return []event{
		{"Retrieve", func(i id) (id, error) { return i.Retrieve(act(), identity.Retrieval{Result: found(insA(t))}) }, "attributes",
			"RECUP RECUP:h - - - RECUP RECUP:h QUAL QUAL:h QUAL QUAL:h"},
		{"Retrieve, doubt lifted", func(i id) (id, error) {
			return i.Retrieve(act(), identity.Retrieval{Result: contradicts, Confirmation: sure})
		}, "attributes",
			"RECUP RECUP:h - - - RECUP RECUP:h RECUP RECUP:h RECUP RECUP:h"},
		{"Retrieve, doubt", func(i id) (id, error) { return i.Retrieve(act(), identity.Retrieval{Result: contradicts}) },
			"attributes|retrieval.confirmation.accept",
			"- - - - - - - - - - -"},
		{"ReplaceINS", func(i id) (id, error) {
			return i.ReplaceINS(act(), identity.Retrieval{Result: found(insB(t), insA(t))})
		}, "attributes|ins",
			"- - - - - RECUP RECUP:h - - QUAL QUAL:h"},
		{"Control", func(i id) (id, error) { return i.Control(act(), passport()) }, "attributes",
			"VALI VALI:h - - - QUAL QUAL:h VALI VALI:h QUAL QUAL:h"},
		{"RevokeControl", func(i id) (id, error) { return i.RevokeControl(act()) }, "status",
			"- - - - - - - PROV PROV:h RECUP RECUP:h"},
		{"Correct, birth name", func(i id) (id, error) {
			return i.Correct(act(), identity.Entry{Traits: changed, Method: identity.MethodManual})
		}, "",
			"PROV PROV:h PROV:d PROV:hd PROV:f PROV PROV:h PROV PROV:h PROV PROV:h"},
		{"Correct, spelling", func(i id) (id, error) {
			return i.Correct(act(), identity.Entry{Traits: respelt, Method: identity.MethodManual})
		}, "",
			"PROV PROV:h PROV:d PROV:hd PROV:f PROV PROV:h VALI VALI:h VALI VALI:h"},
		{"Correct, used name", func(i id) (id, error) { return i.Correct(act(), used(i)) }, "",
			"PROV PROV:h PROV:d PROV:hd PROV:f RECUP RECUP:h VALI VALI:h QUAL QUAL:h"},
		{"Correct, nothing", func(i id) (id, error) {
			return i.Correct(act(), identity.Entry{Traits: i.Traits(), Method: identity.MethodManual})
		}, "traits",
			"- - - - - - - - - - -"},
		{"Verified", func(i id) (id, error) { return i.Verified(act(), check) }, "status",
			"- - - - - RECUP RECUP:h - - QUAL QUAL:h"},
		{"VerificationFailed", func(i id) (id, error) { return i.VerificationFailed(act(), check) }, "status",
			"- - - - - PROV PROV:h - - VALI VALI:h"},
		{"Invalidate", func(i id) (id, error) { return i.Invalidate(act()) }, "status",
			"- - - - - PROV PROV:h - - VALI VALI:h"},
		{"Doubt", func(i id) (id, error) { return i.Doubt(act()) }, "attributes",
			"PROV:d PROV:hd - - - PROV:d PROV:hd PROV:d PROV:hd PROV:d PROV:hd"},
		{"LiftDoubt", func(i id) (id, error) { return i.LiftDoubt(act()) }, "attributes",
			"- - PROV PROV:h - - - - - - -"},
		{"MarkFictitious", func(i id) (id, error) { return i.MarkFictitious(act()) }, "attributes",
			"PROV:f - - - - PROV:f - PROV:f - PROV:f -"},
		{"UnmarkFictitious", func(i id) (id, error) { return i.UnmarkFictitious(act()) }, "attributes",
			"- - - - PROV - - - - - -"},
		{"MarkHomonym", func(i id) (id, error) { return i.MarkHomonym(act()) }, "attributes",
			"PROV:h - PROV:hd - - RECUP:h - VALI:h - QUAL:h -"},
		{"UnmarkHomonym", func(i id) (id, error) { return i.UnmarkHomonym(act()) }, "attributes",
			"- PROV - PROV:d - - RECUP - VALI - QUAL"},
	}
}

var long = strings.NewReplacer(":hd", " homonyme+douteux", ":h", " homonyme", ":d", " douteux", ":f", " fictif")

// TestEveryTransition plays every event in every state.
func TestEveryTransition(t *testing.T) {
	t.Parallel()
	for _, e := range events(t) {
		wants := strings.Fields(e.want)
		require.Len(t, wants, len(states), e.name)
		for n, from := range states {
			t.Run(e.name+"/"+from, func(t *testing.T) {
				t.Parallel()
				before := state(t, from)
				stored := before.Export()
				after, err := e.do(before)
				assert.Equal(t, stored, before.Export(), "the value before does not change")
				if wants[n] == "-" {
					require.ErrorIs(t, err, segur.ErrInvalidInput)
					assert.Contains(t, strings.Split(e.field, "|"), firstField(t, err))
					assert.Equal(t, identity.Identity{}, after)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, long.Replace(wants[n]), stateOf(after))
				require.Len(t, after.History(), len(before.History())+1)
				last := after.History()[len(before.History())]
				assert.Equal(t, after.Status().String(), last.Status)
				assert.Equal(t, after.Attributes().String(), last.Attributes)
				assert.Equal(t, "accueil-1", last.Operator)
				assert.Equal(t, t0, last.At)
				assert.Contains(t, last.Rule, "EXI ")
				assert.Equal(t, before.Status() != after.Status(), contains(last.Changed, "status"))
				assert.Equal(t, before.INS() != after.INS(), contains(last.Changed, "ins"))
			})
		}
	}
}

// TestZeroIdentity: on the zero value everything is refused.
func TestZeroIdentity(t *testing.T) {
	t.Parallel()
	for _, e := range events(t) {
		_, err := e.do(identity.Identity{})
		refused(t, err, "identity", "zero value")
	}
	_, err := identity.Identity{}.ForINSi()
	refused(t, err, "identity", "zero value")
	assert.False(t, identity.Identity{}.Disclosure(identity.UseCDA).Allowed)
}

func TestActIsRequired(t *testing.T) {
	t.Parallel()
	i := state(t, "QUAL")
	for name, do := range map[string]func(identity.Act) (identity.Identity, error){
		"new": func(a identity.Act) (identity.Identity, error) {
			return rules(t).New(a, identity.Entry{Traits: traits(), Method: identity.MethodManual})
		},
		"retrieve": func(a identity.Act) (identity.Identity, error) {
			return i.Retrieve(a, identity.Retrieval{Result: found(insA(t))})
		},
		"control": func(a identity.Act) (identity.Identity, error) { return i.Control(a, passport()) },
		"revoke":  i.RevokeControl,
		"correct": func(a identity.Act) (identity.Identity, error) {
			return i.Correct(a, identity.Entry{Traits: traits(), Method: identity.MethodManual})
		},
		"verified": func(a identity.Act) (identity.Identity, error) {
			return i.Verified(a, identity.Verification{INS: insA(t), Answer: identity.Answer{At: t0}})
		},
		"failed": func(a identity.Act) (identity.Identity, error) {
			return i.VerificationFailed(a, identity.Verification{INS: insA(t), Answer: identity.Answer{At: t0}})
		},
		"invalidate": i.Invalidate, "doubt": i.Doubt, "fictitious": i.MarkFictitious, "homonym": i.MarkHomonym,
		"lift": i.LiftDoubt,
	} {
		_, err := do(identity.Act{Operator: " ", At: t0})
		require.ErrorContains(t, err, "act.operator", name)
		_, err = do(identity.Act{Operator: "x"})
		require.ErrorContains(t, err, "act.at", name)
	}
}

func TestDoubtTakesEverythingAway(t *testing.T) {
	t.Parallel()
	i, err := state(t, "QUAL").Doubt(act())
	require.NoError(t, err)
	assert.True(t, i.INS().IsZero())
	assert.Zero(t, i.LastAnswer())
	_, checked := i.LastControl()
	assert.False(t, checked)
	h := i.History()
	assert.Equal(t, []string{"ins", "collectedAt", "control", "attributes", "status"}, h[len(h)-1].Changed)
	assert.Equal(t, segur.Date{}, i.Reliability().CollectedAt)
	assert.Equal(t, segur.Date{}, i.Reliability().ValidatedAt)
}

func TestValuesShareNothing(t *testing.T) {
	t.Parallel()
	i := state(t, "QUAL")
	a, err := i.Doubt(act())
	require.NoError(t, err)
	b, err := i.MarkHomonym(act())
	require.NoError(t, err)
	assert.Equal(t, identity.OperationDoubt, a.History()[3].Operation)
	assert.Equal(t, identity.OperationMarkHomonym, b.History()[3].Operation)
	h := b.History()
	h[1].Changed[0], h[1].Answer.MessageID, h[2].Control.Document = "x", "x", "x"
	assert.NotEqual(t, "x", b.History()[1].Changed[0])
	assert.Equal(t, "urn:uuid:1", b.History()[1].Answer.MessageID)
	assert.Equal(t, identity.Passport, b.History()[2].Control.Document)
}

func firstField(t *testing.T, err error) string {
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	require.NotEmpty(t, e.Details)
	return e.Details[0].Field
}

func contains(in []string, s string) bool {
	for _, v := range in {
		if v == s {
			return true
		}
	}
	return false
}
