package identity_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
)

// roundTrip goes through JSON and back.
func roundTrip(t require.TestingT, i identity.Identity) identity.Identity {
	text, err := json.Marshal(i.Export())
	require.NoError(t, err)
	var s identity.Stored
	require.NoError(t, json.Unmarshal(text, &s))
	back, err := rules(t).Restore(s)
	require.NoError(t, err)
	again, err := json.Marshal(back.Export())
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(again))
	return back
}

func TestExportRestore(t *testing.T) {
	t.Parallel()
	for _, from := range states {
		i := state(t, from)
		back := roundTrip(t, i)
		assert.Equal(t, i.Export(), back.Export(), from)
		assert.Equal(t, from, stateOf(back))
		assert.Equal(t, i.Patient(), back.Patient())
		assert.Equal(t, i.Reliability(), back.Reliability())
	}
	i, err := state(t, "QUAL").ReplaceINS(act(), identity.Retrieval{Result: found(insB(t), insA(t))})
	require.NoError(t, err)
	back := roundTrip(t, i)
	assert.Equal(t, []identity.Number{{INS: insA(t)}}, back.Former())
	assert.Equal(t, insB(t), back.INS())
	_, err = back.Doubt(act())
	require.NoError(t, err)
}

func TestStoredForm(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(state(t, "RECUP homonyme").Export())
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"traits": {"birthName":"FICTIVE-DURAND","firstGivenName":"CAMILLE","givenNames":"CAMILLE LUCE","sex":"F","birthDate":"1985-03-14","birthPlace":"69123"},
		"method": "INSI", "status": "RECUP", "attributes": "homonyme",
		"ins": {"matricule":"`+insA(t).Matricule()+`","authority":"1.2.250.1.213.1.4.10"},
		"collected": {"messageID":"urn:uuid:1","at":"2026-11-20T09:30:00Z","code":"00","sha256":"`+state(t, "RECUP").LastAnswer().SHA256+`"},
		"history": [
			{"at":"2026-11-20T09:30:00Z","operator":"accueil-1","operation":"create","rule":"EXI SI 07","status":"PROV",
			 "changed":["traits.birthName","traits.firstGivenName","traits.sex","traits.birthDate","traits.birthPlace","method"]},
			{"at":"2026-11-20T09:30:00Z","operator":"accueil-1","operation":"retrieve","rule":"EXI SI 07, EXI REC 07, EXI REC 08","status":"RECUP",
			 "changed":["traits.givenNames","method","ins","collectedAt","status"],
			 "answer":{"messageID":"urn:uuid:1","at":"2026-11-20T09:30:00Z","code":"00","sha256":"`+state(t, "RECUP").LastAnswer().SHA256+`"}},
			{"at":"2026-11-20T09:30:00Z","operator":"accueil-1","operation":"mark-homonym","rule":"EXI ID 24","status":"RECUP","attributes":"homonyme","changed":["attributes"]}
		]}`, string(text))
}

func TestRestoreChecksInvariants(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change      func(*identity.Stored)
		field, rule string
	}{
		"status too high":       {func(s *identity.Stored) { s.Control = nil }, "status", "RECUP"},
		"status unknown":        {func(s *identity.Stored) { s.Status = "qualifiée" }, "status", "QUAL"},
		"no INS":                {func(s *identity.Stored) { s.INS = identity.StoredNumber{} }, "ins", "is missing"},
		"wrong key":             {func(s *identity.Stored) { s.INS.Matricule = bodyA + "00" }, "ins.ins.matricule", "key"},
		"former INS-C":          {func(s *identity.Stored) { s.INS.Authority = "1.2.250.1.213.1.4.2" }, "ins.ins.authority", "four INS authorities"},
		"wrong former number":   {func(s *identity.Stored) { s.Former = []identity.StoredNumber{{Matricule: "1"}} }, "former[0].ins.matricule", "15"},
		"wrong former date":     {func(s *identity.Stored) { s.Former = []identity.StoredNumber{{From: "x"}} }, "former[0].from", "YYYY"},
		"no date of the call":   {func(s *identity.Stored) { s.Collected = nil }, "collected.at", "required"},
		"control without date":  {func(s *identity.Stored) { s.Control = &identity.Control{Document: "PA"} }, "control.at", "required"},
		"control without paper": {func(s *identity.Stored) { s.Control = &identity.Control{At: t0} }, "control.document", "required"},
		"doubtful":              {func(s *identity.Stored) { s.Attributes = "douteux" }, "attributes", "neither INS nor control"},
		"fictitious homonym":    {func(s *identity.Stored) { s.Attributes = "homonyme+fictif" }, "attributes", "EXI SI 22"},
		"attribute unknown":     {func(s *identity.Stored) { s.Attributes = "DOUT" }, "attributes", "must be"},
		"no birth name":         {func(s *identity.Stored) { s.Traits.BirthName = "" }, "traits.birthName", "strict traits"},
		"birth date":            {func(s *identity.Stored) { s.Traits.BirthDate = "1985-02-30" }, "traits.birthDate", "YYYY-MM-DD"},
		"incomplete birth date": {func(s *identity.Stored) { s.Traits.BirthDate = "1985-02" }, "traits.birthDate", "EXI ID 11"},
		"method":                {func(s *identity.Stored) { s.Method = "XX" }, "method", "SM, CV"},
		"event without instant": {func(s *identity.Stored) { s.History = []identity.Event{{Operation: "x"}} }, "history[0]", "instant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := state(t, "QUAL").Export()
			tt.change(&s)
			i, err := rules(t).Restore(s)
			refused(t, err, tt.field, tt.rule)
			assert.Equal(t, identity.Identity{}, i)
		})
	}
}

// TestRestoreFromAnotherSystem: no history, no method, events of its own; and what was given is not shared.
func TestRestoreFromAnotherSystem(t *testing.T) {
	t.Parallel()
	s := state(t, "VALI").Export()
	s.Method = ""
	s.History = []identity.Event{{At: t0, Operation: "reprise", Status: "V", Changed: []string{"all"}}}
	i, err := rules(t).Restore(s)
	require.NoError(t, err)
	s.History[0].Changed[0], s.Control.Document = "x", "x"
	i, err = i.MarkHomonym(act())
	require.NoError(t, err)
	require.Len(t, i.History(), 2)
	assert.Equal(t, identity.Event{At: t0, Operation: "reprise", Status: "V", Changed: []string{"all"}}, i.History()[0])
	assert.Equal(t, identity.Passport, i.Reliability().ValidationMode)
	s = state(t, "VALI").Export()
	s.History = nil
	i, err = rules(t).Restore(s)
	require.NoError(t, err)
	assert.Empty(t, i.History())
}

func TestNothingPrinted(t *testing.T) {
	t.Parallel()
	i, err := state(t, "QUAL homonyme").ReplaceINS(act(), identity.Retrieval{Result: found(insB(t), insA(t))})
	require.NoError(t, err)
	s := i.Export()
	criteria := identity.CriteriaOf(i.Traits())
	redacted := []any{i, &i, s, &s, s.Traits, s.INS, i.Former(), i.Former()[0], criteria, identity.KeysOf(i.Traits()), i.History(),
		i.History()[0], *s.Control, identity.Confirmation{FirstGivenName: "CAMILLE"}, i.Reliability(), act()}
	names := []string{"DURAND", "CAMILLE", "LUCE", "CAM", "FIC", bodyA, bodyB}
	for _, v := range redacted {
		text := printed(v)
		for _, secret := range append([]string{"1985", "69123", "accueil"}, names...) {
			assert.NotContains(t, text, secret, "%T", v)
		}
	}
	// These print addresses, whose digits are not for comparison. fmt does not call methods on hidden fields.
	for _, v := range []any{struct{ hidden identity.Identity }{i}, identity.Verification{INS: insA(t)}, identity.Entry{Traits: traits()},
		identity.Retrieval{Result: found(insA(t)), Confirmation: &identity.Confirmation{FirstGivenName: "CAMILLE"}}} {
		text := printed(v)
		for _, secret := range names {
			assert.NotContains(t, text, secret, "%T", v)
		}
	}
	_, err = json.Marshal(i)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Equal(t, "Identity(QUAL homonyme, redacted)", i.String())
	assert.Equal(t, "Event(replace-ins, QUAL, [ins])", fmt.Sprint(i.History()[4]))
}

// printed is v by every verb, by itself and inside of something, and by slog.
func printed(v any) string {
	var log bytes.Buffer
	noTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	slog.New(slog.NewTextHandler(&log, noTime)).Info("x", "v", v)
	if _, ok := v.(slog.LogValuer); ok { // JSON of anything else is what its fields are
		slog.New(slog.NewJSONHandler(&log, noTime)).Info("x", "v", v)
	}
	text := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		text += fmt.Sprintf(verb, v) + fmt.Sprintf(verb, []any{v})
	}
	return text
}

func TestEntryIsRedacted(t *testing.T) {
	t.Parallel()
	for _, v := range []any{identity.Entry{Traits: traits(), Method: identity.MethodBarcode}, &identity.Entry{Traits: traits()}} {
		text := printed(v)
		assert.Contains(t, text, "Entry(")
		for _, secret := range []string{"DURAND", "CAMILLE", "1985", "69123"} {
			assert.NotContains(t, text, secret)
		}
	}
}
