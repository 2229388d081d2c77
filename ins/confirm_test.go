package ins_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
)

// altered answers every search with one person, whatever was asked.
func altered(t *testing.T, p instest.Person, local segur.Patient) *ins.Identification {
	t.Helper()
	s := &always{answer: answerXML("00", &p)}
	id, err := s.client(t).Identify(t.Context(), local)
	require.NoError(t, err)
	return id
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	date := segur.NewDate(1985, 3, 14)
	base := somebody("FICTIVE-DURAND", "CAMILLE", "CAMILLE ANNE SOPHIE", segur.Female, date, "69123", 1)
	local := func(change func(*segur.Patient)) segur.Patient {
		p := segur.Patient{Status: segur.Validated, Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
			BirthDate: date, BirthPlace: "69123", UsedName: "DUPONT"}}
		change(&p)
		return p
	}
	returned := func(change func(*instest.Person)) instest.Person {
		p := base
		change(&p)
		return p
	}
	same := func(*segur.Patient) {}
	asIs := func(*instest.Person) {}
	const given, place, birth = ins.DoubtFirstGivenName, ins.DoubtBirthPlace, ins.DoubtBirthDate
	tests := map[string]struct {
		local    func(*segur.Patient)
		returned func(*instest.Person)
		doubts   []ins.Doubt
		advice   string
		c        ins.Confirmation
		errors   []string // none: accepted
		first    string
		status   segur.IdentityStatus
	}{
		"found: another cut": {same, asIs, nil, "", ins.Confirmation{Operator: "op", FirstGivenName: "CAMILLE ANNE"}, nil, "CAMILLE ANNE", segur.Qualified},
		"found: as it is":    {same, asIs, nil, "", ins.Confirmation{Operator: "op"}, nil, "CAMILLE", segur.Qualified},
		"found: half a name": {same, asIs, nil, "", ins.Confirmation{Operator: "op", FirstGivenName: "CAM"}, []string{"firstGivenName must be a beginning"}, "", 0},
		"found: second name": {same, asIs, nil, "", ins.Confirmation{Operator: "op", FirstGivenName: "ANNE"}, []string{"firstGivenName must be a beginning"}, "", 0},
		"nobody decides":     {same, asIs, nil, "", ins.Confirmation{Operator: " "}, []string{"operator is required"}, "", 0},
		"a doubt too many":   {same, asIs, nil, "", ins.Confirmation{Operator: "op", Accept: []ins.Doubt{place}}, []string{`accept names a doubt that there is not: "birth place"`}, "", 0},
		"another first given name, compared with the document": {func(p *segur.Patient) { p.Traits.FirstGivenName = "LUCIE" }, asIs, []ins.Doubt{given}, "other-given-name",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{given}, FirstGivenName: "CAMILLE", Document: true}, nil, "CAMILLE", segur.Qualified},
		"another first given name, without document": {func(p *segur.Patient) { p.Traits.FirstGivenName = "LUCIE" }, asIs, []ins.Doubt{given}, "other-given-name",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{given}, FirstGivenName: "CAMILLE"}, nil, "CAMILLE", segur.Retrieved},
		"another first given name, never checked": {func(p *segur.Patient) { p.Traits.FirstGivenName, p.Status = "LUCIE", segur.Provisional }, asIs, []ins.Doubt{given}, "other-given-name",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{given}, FirstGivenName: "CAMILLE", Document: true}, nil, "CAMILLE", segur.Retrieved},
		"another first given name, nothing accepted": {func(p *segur.Patient) { p.Traits.FirstGivenName = "LUCIE" }, asIs, []ins.Doubt{given}, "other-given-name",
			ins.Confirmation{Operator: "op"}, []string{`accept must name the doubt "first given name"`, "firstGivenName is required"}, "", 0},
		"another place": {func(p *segur.Patient) { p.Traits.BirthPlace = "69381" }, asIs, []ins.Doubt{place}, "birth-place-differs",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{place}, Document: true}, nil, "CAMILLE", segur.Qualified},
		"two doubts, one accepted": {func(p *segur.Patient) { p.Traits.BirthPlace, p.Traits.FirstGivenName = "69381", "LUCIE" }, asIs, []ins.Doubt{given, place}, "other-given-name",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{given}, FirstGivenName: "CAMILLE"}, []string{`accept must name the doubt "birth place"`}, "", 0},
		"a date completed by rule": {func(p *segur.Patient) {
			p.Traits.BirthDate, p.Traits.BirthDateInterpreted = segur.NewDate(1985, 3, 1), true
		}, asIs, []ins.Doubt{birth}, "birth-date-completed",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{birth}, Document: true}, nil, "CAMILLE", segur.Qualified},
		"another date": {func(p *segur.Patient) { p.Traits.BirthDate = segur.NewDate(1985, 3, 15) }, asIs, []ins.Doubt{ins.DoubtTraits}, "traits-contradict",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{ins.DoubtTraits}}, []string{`identification the doubt "traits" cannot be lifted`}, "", 0},
		"another sex": {func(p *segur.Patient) { p.Traits.Sex = segur.Male }, asIs, []ins.Doubt{ins.DoubtTraits}, "traits-contradict",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{ins.DoubtTraits}}, []string{`the doubt "traits" cannot be lifted`}, "", 0},
		"another name": {func(p *segur.Patient) { p.Traits.BirthName = "DUPONT" }, asIs, []ins.Doubt{ins.DoubtTraits}, "traits-contradict",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{ins.DoubtTraits}}, []string{`the doubt "traits" cannot be lifted`}, "", 0},
		"another number": {func(p *segur.Patient) {
			p.INS = somebody("X", "X", "X", segur.Female, date, "69123", 77).INS
		}, asIs, []ins.Doubt{ins.DoubtLocalNumber}, "number-differs",
			ins.Confirmation{Operator: "op", Accept: []ins.Doubt{ins.DoubtLocalNumber}}, []string{`the doubt "local number" cannot be lifted`}, "", 0},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patient := local(tc.local)
			id := altered(t, returned(tc.returned), patient)
			assert.Equal(t, tc.doubts, id.Doubts())
			if tc.doubts != nil {
				require.Equal(t, ins.Unconfirmed, id.Outcome)
				require.Equal(t, patient, id.Patient)
				require.NotEmpty(t, id.Diagnostics)
				assert.Equal(t, tc.advice, id.Diagnostics[0].Code)
				assert.NotEmpty(t, id.Explain(segur.FR))
			}
			got, err := id.Confirm(tc.c)
			if len(tc.errors) > 0 {
				require.Nil(t, got)
				require.ErrorIs(t, err, segur.ErrInvalidInput)
				for _, e := range tc.errors {
					require.ErrorContains(t, err, e)
				}
				return
			}
			require.NoError(t, err)
			assert.Equal(t, base.INS, got.Patient.INS)
			assert.Equal(t, tc.first, got.Patient.Traits.FirstGivenName)
			assert.Equal(t, "CAMILLE ANNE SOPHIE", got.Patient.Traits.GivenNames)
			assert.Equal(t, date, got.Patient.Traits.BirthDate)
			assert.False(t, got.Patient.Traits.BirthDateInterpreted)
			assert.Equal(t, "69123", got.Patient.Traits.BirthPlace)
			assert.Equal(t, "DUPONT", got.Patient.Traits.UsedName)
			assert.Equal(t, tc.status, got.Patient.Status)
			assert.Equal(t, "op", got.Operator)
			assert.Equal(t, tc.c.Accept, got.Accepted)
			assert.Equal(t, id.Attempts[0].MessageID, got.MessageID)
			assert.False(t, got.Time.Before(id.Attempts[0].Time))
			assert.NotContains(t, fmt.Sprintf("%v %+v", got, *got), "CAMILLE")
		})
	}
}

// What INSi knows in part is completed by rule and marked, unless the local system keeps incomplete dates itself; the
// place that it does not know stays local. Package identity does the same with an identity of its own.
func TestReferenceDateAndPlace(t *testing.T) {
	t.Parallel()
	day := segur.NewDate
	part := func(year, month int) segur.Date { return segur.Date{Year: year, Month: month} }
	for name, tc := range map[string]struct {
		local       segur.Date
		marked      bool
		returned    segur.Date
		want        segur.Date
		interpreted bool
		confirm     bool
		place, here string // returned, and then of the patient
	}{
		"completed the same way, not marked": {day(1934, 2, 1), false, part(1934, 2), day(1934, 2, 1), true, false, "69123", "69123"},
		"31 December, marked":                {day(1934, 12, 31), true, part(1934, 0), day(1934, 12, 31), true, false, "69123", "69123"},
		"INSi knows the month":               {day(1934, 12, 31), true, part(1934, 2), day(1934, 2, 1), true, true, "69123", "69123"},
		"INSi knows the day":                 {day(1934, 2, 1), true, day(1934, 2, 14), day(1934, 2, 14), false, true, "69123", "69123"},
		"incomplete dates kept":              {part(1934, 2), false, part(1934, 2), part(1934, 2), false, false, "69123", "69123"},
		"incomplete, INSi knows the month":   {part(1934, 0), false, part(1934, 2), part(1934, 2), false, true, "69123", "69123"},
		"place unknown to INSi":              {day(1934, 2, 14), false, day(1934, 2, 14), day(1934, 2, 14), false, false, "99999", "69123"},
		"place in lower case":                {day(1934, 2, 14), false, day(1934, 2, 14), day(1934, 2, 14), false, false, "2a004", "2A004"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := somebody("FICTIVE-DURAND", "CAMILLE", "CAMILLE", segur.Female, tc.returned, tc.place, 1)
			local := segur.Patient{Status: segur.Validated, Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
				BirthDate: tc.local, BirthDateInterpreted: tc.marked, BirthPlace: tc.here}}
			id := altered(t, p, local)
			got := id.Patient
			if tc.confirm {
				require.Equal(t, []ins.Doubt{ins.DoubtBirthDate}, id.Doubts())
				c, err := id.Confirm(ins.Confirmation{Operator: "op", Accept: id.Doubts(), Document: true})
				require.NoError(t, err)
				got = c.Patient
			}
			require.Equal(t, segur.Qualified, got.Status)
			assert.Equal(t, tc.want, got.Traits.BirthDate)
			assert.Equal(t, tc.interpreted, got.Traits.BirthDateInterpreted)
			assert.Equal(t, tc.here, got.Traits.BirthPlace)
		})
	}
}

// Neither nobody nor several nor an invalid number can be confirmed, whatever is accepted.
func TestConfirmRefusesWhatIsNotOneIdentity(t *testing.T) {
	t.Parallel()
	all := ins.Confirmation{Operator: "op", FirstGivenName: "PIERRE", Document: true, Accept: []ins.Doubt{ins.DoubtFirstGivenName, ins.DoubtBirthPlace,
		ins.DoubtBirthDate, ins.DoubtTraits, ins.DoubtNumber, ins.DoubtLocalNumber}}
	for _, code := range []string{"01", "02"} {
		id, err := (&always{answer: answerXML(code, nil)}).client(t).Identify(t.Context(), houilles())
		require.NoError(t, err)
		require.Nil(t, id.FirstGivenNames())
		require.Empty(t, id.Doubts())
		_, err = id.Confirm(all)
		require.ErrorContains(t, err, "only one identity can be confirmed: the outcome is \""+id.Outcome.String())
	}
	id, err := (&stub{fault: func(int) trouble { return softwareRefused }}).client(t).Identify(t.Context(), houilles())
	require.Error(t, err)
	_, err = id.Confirm(all)
	require.ErrorContains(t, err, "undetermined")

	p := somebody("HOUILLES", "PIERRE", "PIERRE PAUL JACQUES", segur.Male, segur.NewDate(1993, 1, 27), "69123", 5)
	wrongKey := answerXML("00", &p)
	wrongKey = []byte(replaceKey(string(wrongKey), p.INS.Key()))
	id, err = (&always{answer: wrongKey}).client(t).Identify(t.Context(), houilles())
	require.NoError(t, err)
	require.Equal(t, []ins.Doubt{ins.DoubtNumber}, id.Doubts())
	require.Equal(t, "number-invalid", id.Diagnostics[0].Code)
	_, err = id.Confirm(all)
	require.ErrorContains(t, err, `the doubt "number" cannot be lifted`)
}

// An answer may have one given name instead of the list, or none at all, which no person can make up for.
func TestConfirmWithoutList(t *testing.T) {
	t.Parallel()
	p := somebody("HOUILLES", "PIERRE", "PIERRE", segur.Male, segur.NewDate(1993, 1, 27), "69123", 5)
	list := []byte("<ListePrenom>PIERRE</ListePrenom>")
	one := bytes.Replace(answerXML("00", &p), list, []byte("<Prenom>PIERRE</Prenom>"), 1)
	local := houilles()
	id, err := (&always{answer: one}).client(t).Identify(t.Context(), local)
	require.NoError(t, err)
	require.Equal(t, ins.Found, id.Outcome)
	require.Equal(t, "PIERRE", id.Patient.Traits.FirstGivenName)
	require.Equal(t, "PIERRE PAUL JACQUES", id.Patient.Traits.GivenNames, "what INSi does not give stays")
	require.Equal(t, []string{"PIERRE"}, id.FirstGivenNames())

	none := bytes.Replace(answerXML("00", &p), list, nil, 1)
	local.Traits.BirthPlace = "75056"
	id, err = (&always{answer: none}).client(t).Identify(t.Context(), local)
	require.NoError(t, err)
	require.Equal(t, ins.Unconfirmed, id.Outcome)
	require.Equal(t, []ins.Doubt{ins.DoubtBirthPlace, ins.DoubtTraits}, id.Doubts())
	require.Empty(t, id.FirstGivenNames())
	_, err = id.Confirm(ins.Confirmation{Operator: "op", Accept: id.Doubts(), Document: true})
	require.ErrorContains(t, err, `the doubt "traits" cannot be lifted`)
}

func TestDoubtsAreNamed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for d := ins.DoubtFirstGivenName; d <= ins.DoubtLocalNumber; d++ {
		names[d.String()] = true
		assert.Equal(t, d <= ins.DoubtBirthDate, d.Confirmable())
	}
	assert.Len(t, names, 6)
	assert.Equal(t, "invalid", ins.Doubt(0).String())
	assert.Equal(t, "invalid", ins.Doubt(99).String())
}
