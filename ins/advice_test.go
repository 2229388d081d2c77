package ins_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// What a person is told to do next, in codes, and in sentences of both languages.
func TestIdentifyAdvises(t *testing.T) {
	t.Parallel()
	date := segur.NewDate(1985, 3, 14)
	camille := somebody("DURAND", "CAMILLE", "CAMILLE LUCE", segur.Female, date, "69123", 1)
	lune := somebody("LUNE", "AIME", "AIME", segur.Female, segur.Date{Year: 1934, Month: 2}, "69123", 2)
	twins := []instest.Person{somebody("TWIN", "PAUL", "PAUL", segur.Male, date, "69123", 3), somebody("TWIN", "PAUL", "PAUL", segur.Male, date, "69123", 4)}
	nia := camille
	nia.INS, _ = segur.ParseINS(camille.INS.Matricule(), segur.OIDINSNIA)
	local := func(p instest.Person, change func(*segur.Patient)) segur.Patient {
		out := segur.Patient{Traits: p.Traits}
		change(&out)
		return out
	}
	tests := map[string]struct {
		patient segur.Patient
		policy  ins.Policy
		outcome ins.Outcome
		want    []string
	}{
		"found":              {local(camille, func(*segur.Patient) {}), ins.Policy{}, ins.Found, nil},
		"used name":          {local(camille, func(p *segur.Patient) { p.Traits.BirthName, p.Traits.UsedName = "DUPONT", "Dupont" }), ins.Policy{}, ins.NotFound, []string{"used-name"}},
		"used name of a man": {local(twins[0], func(p *segur.Patient) { p.Traits.BirthName, p.Traits.UsedName = "DUPONT", "DUPONT" }), ins.Policy{}, ins.NotFound, []string{"traits-to-check"}},
		"no list":            {local(camille, func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "LUCE", "" }), ins.Policy{}, ins.NotFound, []string{"given-names-missing"}},
		"no list wanted": {local(camille, func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "LUCE", "" }), ins.Policy{FirstGivenNameOnly: true}, ins.NotFound,
			[]string{"traits-to-check"}},
		"name of several parts, completed date, place sent": {local(camille, func(p *segur.Patient) {
			p.Traits.BirthName, p.Traits.BirthDateInterpreted = "DURAND-D'UN", true
		}), ins.Policy{BirthPlaceFirst: true, MaxCalls: 1}, ins.NotFound,
			[]string{"birth-date-interpreted", "birth-name-spelling", "birth-place-sent", "calls-spent"}},
		"several, no place":            {local(twins[0], func(p *segur.Patient) { p.Traits.BirthPlace = "99999" }), ins.Policy{}, ins.Ambiguous, []string{"birth-place-missing"}},
		"several, born there":          {local(twins[0], func(*segur.Patient) {}), ins.Policy{}, ins.Ambiguous, []string{"homonyms"}},
		"several, born there, at once": {local(twins[0], func(*segur.Patient) {}), ins.Policy{BirthPlaceFirst: true}, ins.Ambiguous, []string{"homonyms"}},
		"several, not born there":      {local(twins[0], func(p *segur.Patient) { p.Traits.BirthPlace = "75056" }), ins.Policy{}, ins.Ambiguous, []string{"birth-place-wrong"}},
		"several, no call left":        {local(twins[0], func(*segur.Patient) {}), ins.Policy{MaxCalls: 1}, ins.Ambiguous, []string{"calls-spent"}},
		"compound name": {local(camille, func(p *segur.Patient) { p.Traits.FirstGivenName, p.Traits.GivenNames = "CAMILLE-LUCE", "" }), ins.Policy{}, ins.Found,
			[]string{"first-given-name-split"}},
		"other following names": {local(camille, func(p *segur.Patient) { p.Traits.GivenNames = "CAMILLE MARIE" }), ins.Policy{}, ins.Found,
			[]string{"given-names-differ"}},
		"fewer following names":          {local(camille, func(p *segur.Patient) { p.Traits.GivenNames = "CAMILLE" }), ins.Policy{}, ins.Found, nil},
		"same number, another authority": {local(camille, func(p *segur.Patient) { p.INS = nia.INS }), ins.Policy{}, ins.Found, []string{"number-replaced"}},
		"date unknown to civil status":   {local(lune, func(*segur.Patient) {}), ins.Policy{}, ins.Found, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stub{persons: append([]instest.Person{camille, lune}, twins...)}
			id, err := s.client(t, func(c *ins.Config) { c.Policy = tc.policy }).Identify(t.Context(), tc.patient)
			require.NoError(t, err)
			require.Equal(t, tc.outcome, id.Outcome)
			var codes []string
			for _, d := range id.Diagnostics {
				codes = append(codes, d.Code)
				assert.NotEmpty(t, d.Field)
				assert.Contains(t, id.Explain(segur.EN), d.Message)
			}
			assert.Equal(t, tc.want, codes)
			assert.Equal(t, len(codes) == 0, id.Explain(segur.FR) == "")
			if len(codes) > 0 {
				assert.NotEqual(t, id.Explain(segur.FR), id.Explain(segur.EN))
			}
		})
	}
	// The local date was completed by rule, which the local system did not say: INSi's incomplete one says it.
	p := local(lune, func(p *segur.Patient) { p.Traits.BirthDate = segur.NewDate(1934, 2, 1) })
	id, err := (&always{answer: answerXML("00", &lune)}).client(t).Identify(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, ins.Found, id.Outcome)
	require.Equal(t, segur.NewDate(1934, 2, 1), id.Patient.Traits.BirthDate)
	require.True(t, id.Patient.Traits.BirthDateInterpreted)
	require.Equal(t, "birth-date-incomplete", id.Diagnostics[0].Code)
}

func TestNamesOfThePlan(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "first nobody before several before repetition invalid",
		fmt.Sprint(ins.WhyFirst, " ", ins.WhyNobody, " ", ins.WhySeveral, " ", ins.WhyRepetition, " ", ins.Why(9)))
	assert.Equal(t, "failed found unconfirmed ambiguous exhausted budget invalid",
		fmt.Sprint(ins.StopFailed, " ", ins.StopFound, " ", ins.StopUnconfirmed, " ", ins.StopAmbiguous, " ", ins.StopExhausted, " ", ins.StopBudget, " ", ins.Stop(9)))
	assert.Equal(t, "unknown same equivalent different compatible invalid",
		fmt.Sprint(ins.Unknown, " ", ins.Same, " ", ins.Equivalent, " ", ins.Different, " ", ins.Compatible, " ", ins.Agreement(9)))
}
