package ins_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/instest"
	"github.com/segur-sdk/segur/internal/names"
)

// Few values, so that homonyms are the rule.
var (
	drawBirthName = rapid.SampledFrom([]string{"FICTIF", "FICTIF-DEUX", "D'FICTIF"})
	drawGivenName = rapid.SampledFrom([]string{"ANNE", "EVE", "JEAN-LOUP", "JEAN", "LOUP", "JEAN LOUP", "D'ARC"})
	drawSex       = rapid.SampledFrom([]segur.Sex{segur.Female, segur.Male})
	drawDate      = rapid.SampledFrom([]segur.Date{segur.NewDate(1970, 5, 2), segur.NewDate(1934, 12, 31), {Year: 1934}, {Year: 1934, Month: 2}})
	drawPlace     = rapid.SampledFrom([]string{"69123", "75056"})
)

// population draws persons of whom many have the same traits.
func population(t *rapid.T) (out []instest.Person) {
	for n := range rapid.IntRange(0, 8).Draw(t, "persons") {
		list := rapid.SliceOfN(drawGivenName, 1, 3).Draw(t, "list")
		p := somebody(drawBirthName.Draw(t, "name"), list[0], strings.Join(list, " "), drawSex.Draw(t, "sex"),
			drawDate.Draw(t, "date"), drawPlace.Draw(t, "place"), n+1)
		if n > 0 && rapid.Bool().Draw(t, "homonym") {
			place := p.Traits.BirthPlace
			p.Traits = out[n-1].Traits
			p.Traits.BirthPlace = place
		}
		out = append(out, p)
	}
	return out
}

// homonymQuery draws a local identity that is, as a rule, nearly one of the persons.
func homonymQuery(t *rapid.T, persons []instest.Person) segur.Traits {
	list := rapid.SliceOfN(drawGivenName, 1, 3).Draw(t, "wanted list")
	q := segur.Traits{BirthName: drawBirthName.Draw(t, "wanted name"), Sex: drawSex.Draw(t, "wanted sex"), BirthDate: drawDate.Draw(t, "wanted date")}
	if len(persons) > 0 && rapid.IntRange(0, 4).Draw(t, "near") > 0 {
		p := rapid.SampledFrom(persons).Draw(t, "near whom").Traits
		q.BirthName, q.Sex, q.BirthDate = p.BirthName, p.Sex, p.BirthDate
		if rapid.Bool().Draw(t, "same names") {
			list = strings.Split(p.GivenNames, " ")
		}
	}
	q.FirstGivenName = list[0]
	q.BirthPlace = rapid.SampledFrom([]string{"", "69123", "75056", "99999"}).Draw(t, "wanted place")
	if rapid.Bool().Draw(t, "with list") {
		q.GivenNames = strings.Join(list, " ")
	}
	return q
}

// Whoever is found has the traits of the query, is the only one who has them as far as they were sent, and never came
// with another given name than the first, let alone after several identities. Some answers are about somebody else.
func TestIdentifyNeverAcceptsAnotherPersonSilently(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) { arrivals.Draw(rt, "arrival").play(rt) })
	outcomes := map[ins.Outcome]int{}
	for seed := range 200 { // the same at every run: what the property is about is met
		outcomes[arrivals.Example(seed).play(t)]++
	}
	for _, o := range []ins.Outcome{ins.Found, ins.NotFound, ins.Ambiguous, ins.Unconfirmed} {
		require.GreaterOrEqual(t, outcomes[o], 5, "%s: %v", o, outcomes)
	}
}

// arrival is an identification among persons who look alike; one answer may be about somebody else.
type arrival struct {
	persons []instest.Person
	wrong   int // the message that gets such an answer; none: negative
	query   segur.Traits
	policy  ins.Policy
}

var arrivals = rapid.Custom(func(rt *rapid.T) arrival {
	a := arrival{wrong: rapid.IntRange(-6, 3).Draw(rt, "wrong answer"), persons: population(rt)}
	a.query = homonymQuery(rt, a.persons)
	a.policy = ins.Policy{MaxCalls: rapid.IntRange(1, 10).Draw(rt, "calls"), BirthPlaceFirst: rapid.Bool().Draw(rt, "place first")}
	return a
})

// play identifies, checks what must hold, and returns what came of it.
func (a arrival) play(t interface {
	require.TestingT
	Helper()
}) ins.Outcome {
	t.Helper()
	s := &stub{persons: a.persons, fault: func(n int) trouble {
		if n == a.wrong {
			return another
		}
		return healthy
	}}
	q := a.query
	id, err := s.client(t, func(c *ins.Config) { c.Policy = a.policy }).Identify(context.Background(), segur.Patient{Traits: q})
	require.NoError(t, err)
	several := ""
	for i, call := range id.Attempts {
		if several != "" {
			require.Equal(t, several, s.names()[i], "after several identities the given name stays")
			require.True(t, call.BirthPlace)
			require.Equal(t, ins.WhySeveral, call.Why)
			require.Equal(t, len(id.Attempts)-1, i, "and only the birth place follows")
		}
		if call.Code == "02" {
			several = s.names()[i]
		}
	}
	if id.Outcome != ins.Found {
		require.Equal(t, segur.Patient{Traits: q}, id.Patient)
		return id.Outcome
	}
	last := id.Attempts[len(id.Attempts)-1]
	require.NotEqual(t, ins.OtherGivenName, last.GivenName)
	require.NotEqual(t, len(id.Attempts)-1, a.wrong, "an answer about somebody else is never accepted")
	i := slices.IndexFunc(a.persons, func(p instest.Person) bool { return p.INS == id.Patient.INS })
	require.NotEqual(t, -1, i, "the number is somebody's")
	p := a.persons[i]
	require.Equal(t, q.BirthName, p.Traits.BirthName)
	require.Equal(t, q.Sex, p.Traits.Sex)
	require.Equal(t, q.BirthDate, p.Traits.BirthDate)
	if q.BirthPlace != "" && q.BirthPlace != segur.BirthplaceUnknown {
		require.Equal(t, q.BirthPlace, p.Traits.BirthPlace)
	}
	local, list := names.Words(q.FirstGivenName), names.Words(p.Traits.GivenNames)
	require.LessOrEqual(t, len(local), len(list))
	require.Equal(t, local, list[:len(local)], "the first given name begins the list")
	return id.Outcome
}

// Which side a trait is on makes no difference, but for a date that one side knows less of and for the first given name.
func TestCoherenceIsSymmetric(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[A-Za-zéÆ][A-Za-zé]?([-' ’][a-zA-Z]{1,2}){0,2}`)
	place := rapid.SampledFrom([]string{"", "99999", "69123", "2a004", "2A004"})
	rapid.Check(t, func(rt *rapid.T) {
		draw := func() segur.Traits {
			return segur.Traits{BirthName: name.Draw(rt, "name"), FirstGivenName: name.Draw(rt, "given"), BirthPlace: place.Draw(rt, "place"),
				Sex: rapid.SampledFrom([]segur.Sex{"", segur.Female, segur.Male}).Draw(rt, "sex"), BirthDate: drawDate.Draw(rt, "date")}
		}
		a, b := draw(), draw()
		there, back := ins.Coherence(a, b), ins.Coherence(b, a)
		require.Equal(rt, there.BirthName, back.BirthName)
		require.Equal(rt, there.Sex, back.Sex)
		require.Equal(rt, there.BirthPlace, back.BirthPlace)
		if a.BirthDate.Complete() == b.BirthDate.Complete() {
			require.Equal(rt, there.BirthDate, back.BirthDate)
		}
		require.Equal(rt, there.BirthDate == ins.Equivalent, back.BirthDate == ins.Equivalent)
		self := ins.Coherence(a, a)
		require.Equal(rt, ins.Same, self.BirthName)
		require.Equal(rt, ins.Same, self.FirstGivenName)
		require.Equal(rt, ins.Same, self.BirthDate)
	})
}
