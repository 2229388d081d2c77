package ins_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// step is one expected attempt.
type step struct {
	name  ins.Candidate
	place bool
	code  string
}

func patient(change func(*segur.Patient)) segur.Patient {
	p := instest.DefaultPatient()
	change(&p)
	return p
}

func paul() segur.Traits {
	return segur.Traits{BirthName: "FICTIF-MARTIN", FirstGivenName: "PAUL", Sex: segur.Male, BirthDate: segur.NewDate(1970, 5, 2)}
}

func number(t *testing.T, body string) segur.INS {
	t.Helper()
	i, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	require.NoError(t, err)
	return i
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	const first, variant, other, all = ins.FirstGivenName, ins.FirstGivenNameVariant, ins.OtherGivenName, ins.AllGivenNames
	tests := map[string]struct {
		patient func(*segur.Patient)
		policy  ins.Policy
		persons []instest.Person
		outcome ins.Outcome
		stop    ins.Stop
		steps   []step
		sent    []string // given names, in order
	}{
		"at once": {func(*segur.Patient) {}, ins.Policy{}, nil, ins.Found, ins.StopFound,
			[]step{{first, false, "00"}}, []string{"CAMILLE"}},
		"with the place first": {func(*segur.Patient) {}, ins.Policy{BirthPlaceFirst: true}, nil, ins.Found, ins.StopFound,
			[]step{{first, true, "00"}}, []string{"CAMILLE"}},
		"place unknown": {func(p *segur.Patient) { p.Traits.BirthPlace = "99999" }, ins.Policy{BirthPlaceFirst: true}, nil, ins.Found, ins.StopFound,
			[]step{{first, false, "00"}}, []string{"CAMILLE"}},
		"blank for hyphen": {func(p *segur.Patient) {
			p.Traits = segur.Traits{BirthName: "D'AIGUEFICTIVE", FirstGivenName: "JEAN LOUP", Sex: segur.Male, BirthDate: segur.NewDate(1955, 10, 9)}
		}, ins.Policy{}, nil, ins.Found, ins.StopFound, []step{{first, false, "01"}, {variant, false, "00"}}, []string{"JEAN LOUP", "JEAN-LOUP"}},
		"other given name needs a person": {func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "LUCIE", "LUCIE CAMILLE" }, ins.Policy{}, nil,
			ins.Unconfirmed, ins.StopUnconfirmed, []step{{first, false, "01"}, {other, false, "00"}}, []string{"LUCIE", "CAMILLE"}},
		"only the first given name": {func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "LUCIE", "LUCIE CAMILLE" }, ins.Policy{FirstGivenNameOnly: true}, nil,
			ins.NotFound, ins.StopExhausted, []step{{first, false, "01"}}, []string{"LUCIE"}},
		"each name, then all": {func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "ANNE", "ANNE LOUISE EVE" }, ins.Policy{}, nil,
			ins.NotFound, ins.StopExhausted, []step{{first, false, "01"}, {other, false, "01"}, {other, false, "01"}, {all, false, "01"}},
			[]string{"ANNE", "LOUISE", "EVE", "ANNE LOUISE EVE"}},
		"budget": {func(p *segur.Patient) {
			p.Traits.FirstGivenName, p.Traits.GivenNames = "ANNE", "ANNE LOUISE EVE JEANNE"
		}, ins.Policy{}, nil,
			ins.NotFound, ins.StopBudget, []step{{first, false, "01"}, {other, false, "01"}, {other, false, "01"}, {other, false, "01"}},
			[]string{"ANNE", "LOUISE", "EVE", "JEANNE"}},
		"the whole list finds": {func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "MARIE", "MARIE EVE" }, ins.Policy{}, []instest.Person{
			{Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "MARIE EVE", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"},
				INS: number(t, "2850369123777")}},
			ins.Found, ins.StopFound, []step{{first, false, "01"}, {other, false, "01"}, {all, false, "00"}}, []string{"MARIE", "EVE", "MARIE EVE"}},
		"homonyms, place unknown: no other name": {func(p *segur.Patient) {
			p.Traits = paul()
			p.Traits.GivenNames = "PAUL ANDRE"
		}, ins.Policy{}, nil, ins.Ambiguous, ins.StopAmbiguous, []step{{first, false, "02"}}, []string{"PAUL"}},
		"homonyms told apart by the place": {func(p *segur.Patient) {
			p.Traits = paul()
			p.Traits.BirthPlace = "13055"
		}, ins.Policy{}, nil, ins.Found, ins.StopFound, []step{{first, false, "02"}, {first, true, "00"}}, []string{"PAUL", "PAUL"}},
		"homonyms, none born there: no other name": {func(p *segur.Patient) {
			p.Traits = paul()
			p.Traits.GivenNames, p.Traits.BirthPlace = "PAUL ANDRE", "69123"
		}, ins.Policy{}, nil, ins.Ambiguous, ins.StopAmbiguous, []step{{first, false, "02"}, {first, true, "01"}}, []string{"PAUL", "PAUL"}},
		"homonyms, budget spent": {func(p *segur.Patient) {
			p.Traits = paul()
			p.Traits.BirthPlace = "13055"
		}, ins.Policy{MaxCalls: 1}, nil, ins.Ambiguous, ins.StopBudget, []step{{first, false, "02"}}, []string{"PAUL"}},
		"the place contradicts": {func(p *segur.Patient) { p.Traits.BirthPlace = "13055" }, ins.Policy{}, nil, ins.Unconfirmed, ins.StopUnconfirmed,
			[]step{{first, false, "00"}}, []string{"CAMILLE"}},
		"number replaced": {func(p *segur.Patient) { p.INS = number(t, "1850369123456") }, ins.Policy{}, nil, ins.Found, ins.StopFound,
			[]step{{first, false, "00"}}, []string{"CAMILLE"}},
		"another number": {func(p *segur.Patient) { p.INS = number(t, "2850369123999") }, ins.Policy{}, nil, ins.Unconfirmed, ins.StopUnconfirmed,
			[]step{{first, false, "00"}}, []string{"CAMILLE"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t)
			for _, p := range tc.persons {
				require.NoError(t, srv.AddPerson(p))
			}
			given := patient(tc.patient)
			id, err := newClient(t, srv, func(c *ins.Config) { c.Policy = tc.policy }).Identify(t.Context(), given)
			require.NoError(t, err)
			assert.Equal(t, tc.outcome, id.Outcome)
			assert.Equal(t, tc.stop, id.Stop)
			assert.Equal(t, tc.outcome, id.Result.Outcome)

			var steps []step
			ids := map[string]bool{}
			for _, a := range id.Attempts {
				steps = append(steps, step{a.GivenName, a.BirthPlace, a.Code})
				ids[a.MessageID] = true
				assert.Equal(t, now, a.Time)
				assert.Equal(t, segur.KindUnknown, a.Failed)
			}
			assert.Equal(t, tc.steps, steps)
			assert.Len(t, ids, len(steps), "distinct identifiers")
			var sent []string
			for _, c := range srv.Calls() {
				sent = append(sent, c.Criteria.FirstGivenName)
			}
			assert.Equal(t, tc.sent, sent)

			if tc.outcome != ins.Found {
				assert.Equal(t, given, id.Patient, "the patient stays as it was")
				return
			}
			assert.Equal(t, id.Result.Identity.INS, id.Patient.INS)
			assert.Equal(t, segur.Qualified, id.Patient.Status)
			assert.Equal(t, given.LocalIDs, id.Patient.LocalIDs)
			assert.Equal(t, id.Result.Identity.Traits.GivenNames, id.Patient.Traits.GivenNames)
		})
	}
}

func TestIdentifiedPatient(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	id, err := client.Identify(t.Context(), patient(func(p *segur.Patient) {
		p.Traits.BirthName, p.Traits.FirstGivenName, p.Traits.BirthPlace = "FICTIVE DURAND", "CAMILLE-LUCE", ""
		p.Traits.UsedName, p.Traits.UsedGivenName = "DUPONT", "CAM"
		p.Status = segur.Provisional
	}))
	require.NoError(t, err)
	require.Equal(t, ins.NotFound, id.Outcome, "a hyphen in the birth name is not ours to move")

	id, err = client.Identify(t.Context(), patient(func(p *segur.Patient) {
		p.Traits.FirstGivenName, p.Traits.BirthPlace = "CAMILLE-LUCE", ""
		p.Traits.UsedName, p.Traits.UsedGivenName = "DUPONT", "CAM"
		p.Status = segur.Provisional
	}))
	require.NoError(t, err)
	require.Equal(t, ins.Found, id.Outcome)
	assert.Equal(t, segur.Traits{BirthName: "FICTIVE-DURAND", UsedName: "DUPONT", FirstGivenName: "CAMILLE LUCE", GivenNames: "CAMILLE LUCE",
		UsedGivenName: "CAM", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}, id.Patient.Traits)
	assert.Equal(t, segur.Retrieved, id.Patient.Status)
	assert.Equal(t, ins.Equivalent, id.Result.Verdict.FirstGivenName)

	// Half of a compound name was typed: civil status knows the whole one.
	require.NoError(t, srv.AddPerson(instest.Person{INS: number(t, "1900169123888"), Traits: segur.Traits{BirthName: "FICTIF-DEMI", FirstGivenName: "JEAN",
		GivenNames: "JEAN", Sex: segur.Male, BirthDate: segur.NewDate(1990, 1, 2), BirthPlace: "69123"}}))
	for answered, want := range map[string]string{
		"JEAN-PAUL MARIE": "JEAN-PAUL", "JEAN PAUL": "JEAN", "JEAN": "JEAN", "JEAN  PAUL": "JEAN", "JEAN-PAUL-MARIE": "JEAN-PAUL-MARIE",
	} {
		srv.Fail(instest.Fault{Alter: func(b []byte) []byte {
			return bytes.Replace(b, []byte("<ListePrenom>JEAN<"), []byte("<ListePrenom>"+answered+"<"), 1)
		}})
		id, err = client.Identify(t.Context(), segur.Patient{Traits: segur.Traits{BirthName: "FICTIF-DEMI", FirstGivenName: "JEAN", Sex: segur.Male, BirthDate: segur.NewDate(1990, 1, 2)}})
		require.NoError(t, err)
		require.Equal(t, ins.Found, id.Outcome)
		assert.Equal(t, want, id.Patient.Traits.FirstGivenName)
		assert.Equal(t, answered, id.Patient.Traits.GivenNames)
	}

	// A date that civil status has incomplete stays as completed by rule.
	id, err = client.Identify(t.Context(), segur.Patient{Status: segur.Retrieved, Traits: segur.Traits{BirthName: "FICTIVE-LUNE", FirstGivenName: "AIME",
		Sex: segur.Female, BirthDate: segur.Date{Year: 1934, Month: 2}}})
	require.NoError(t, err)
	require.Equal(t, ins.Found, id.Outcome)
	assert.Equal(t, segur.Date{Year: 1934, Month: 2}, id.Patient.Traits.BirthDate)
	assert.Equal(t, segur.Retrieved, id.Patient.Status)
}

func TestIdentifyDiagnostics(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	id, err := newClient(t, srv, func(c *ins.Config) { c.Policy.MaxCalls = 1 }).Identify(t.Context(), patient(func(p *segur.Patient) {
		p.Traits.BirthName, p.Traits.UsedName, p.Traits.GivenNames = "DUPONT", "Dupont", "CAMILLE LUCE"
	}))
	require.NoError(t, err)
	require.Len(t, id.Diagnostics, 2)
	assert.Equal(t, "used-name", id.Diagnostics[0].Code)
	assert.Equal(t, "patient.traits.birthName", id.Diagnostics[0].Field)
	assert.Equal(t, "policy.maxCalls", id.Diagnostics[1].Field)

	id, err = newClient(t, srv, func(c *ins.Config) { c.IDs = nil }).Identify(t.Context(), patient(func(p *segur.Patient) { p.INS = number(t, "1850369123456") }))
	require.NoError(t, err)
	require.Len(t, id.Diagnostics, 1)
	assert.Equal(t, "warning", id.Diagnostics[0].Severity)
}

func TestIdentifyErrors(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	client := newClient(t, srv)
	id, err := client.Identify(t.Context(), segur.Patient{Traits: segur.Traits{GivenNames: "A1"}})
	require.Nil(t, id)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, f := range []string{"ins.identify", "patient.traits.birthName is required", "patient.traits.firstGivenName", "patient.traits.sex", "patient.traits.birthDate", "patient.traits.givenNames character 2"} {
		require.ErrorContains(t, err, f)
	}
	require.Empty(t, srv.Calls())

	// A fault ends the identification; what was tried stays visible.
	unavailable := instest.SOAPFault("desir_1020", instest.Since2026)
	unavailable.After = 1
	srv.Fail(unavailable)
	id, err = client.Identify(t.Context(), patient(func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "LUCIE", "LUCIE CAMILLE" }))
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Equal(t, ins.StopFailed, id.Stop)
	assert.Equal(t, ins.Undetermined, id.Outcome)
	require.Len(t, id.Attempts, 2)
	assert.Equal(t, ins.Undetermined, id.Attempts[1].Outcome)
	assert.Equal(t, "01", id.Attempts[0].Code)
	assert.Equal(t, "desir_1020", id.Attempts[1].Code)
	assert.Equal(t, segur.KindUnavailable, id.Attempts[1].Failed)
	assert.NotEmpty(t, id.Attempts[1].MessageID)
	require.Len(t, srv.Calls(), 1, "nothing after the fault")
}

func TestIdentifyOnQualification(t *testing.T) {
	t.Parallel()
	srv := newServer(t, instest.WithUnknownPersonFault())
	id, err := newClient(t, srv).Identify(t.Context(), patient(func(p *segur.Patient) {
		p.Traits.FirstGivenName, p.Traits.GivenNames = "LUCIE", "LUCIE ANNE"
	}))
	require.NoError(t, err)
	assert.Equal(t, ins.NotFound, id.Outcome)
	assert.Equal(t, ins.StopExhausted, id.Stop)
	require.Len(t, id.Attempts, 3)
	for _, a := range id.Attempts {
		assert.Equal(t, "insi_102", a.Code)
	}
}
