package ins_test

import (
	"context"
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
	outcomes := map[ins.Outcome]int{}
	check := func(rt *rapid.T) {
		wrong := rapid.IntRange(-6, 3).Draw(rt, "wrong answer")
		s := &stub{persons: population(rt), fault: func(n int) trouble {
			if n == wrong {
				return another
			}
			return healthy
		}}
		q := homonymQuery(rt, s.persons)
		policy := ins.Policy{MaxCalls: rapid.IntRange(1, 10).Draw(rt, "calls"), BirthPlaceFirst: rapid.Bool().Draw(rt, "place first")}
		id, err := s.client(rt, func(c *ins.Config) { c.Policy = policy }).Identify(context.Background(), segur.Patient{Traits: q})
		require.NoError(rt, err)
		outcomes[id.Outcome]++
		several := ""
		for i, a := range id.Attempts {
			if several != "" {
				require.Equal(rt, several, s.names()[i], "after several identities the given name stays")
				require.True(rt, a.BirthPlace)
				require.Equal(rt, ins.WhySeveral, a.Why)
				require.Equal(rt, len(id.Attempts)-1, i, "and only the birth place follows")
			}
			if a.Code == "02" {
				several = s.names()[i]
			}
		}
		if id.Outcome != ins.Found {
			require.Equal(rt, segur.Patient{Traits: q}, id.Patient)
			return
		}
		last := id.Attempts[len(id.Attempts)-1]
		require.NotEqual(rt, ins.OtherGivenName, last.GivenName)
		require.NotEqual(rt, len(id.Attempts)-1, wrong, "an answer about somebody else is never accepted")
		for _, p := range s.persons {
			if p.INS != id.Patient.INS {
				continue
			}
			require.Equal(rt, q.BirthName, p.Traits.BirthName)
			require.Equal(rt, q.Sex, p.Traits.Sex)
			require.Equal(rt, q.BirthDate, p.Traits.BirthDate)
			if q.BirthPlace != "" && q.BirthPlace != segur.BirthplaceUnknown {
				require.Equal(rt, q.BirthPlace, p.Traits.BirthPlace)
			}
			local, list := names.Words(q.FirstGivenName), names.Words(p.Traits.GivenNames)
			require.LessOrEqual(rt, len(local), len(list))
			require.Equal(rt, local, list[:len(local)], "the first given name begins the list")
			return
		}
		rt.Fatal("the number is nobody's")
	}
	for range 4 { // so that every outcome is met, whatever the seed
		rapid.Check(t, check)
	}
	for _, o := range []ins.Outcome{ins.Found, ins.NotFound, ins.Ambiguous, ins.Unconfirmed} {
		require.Positive(t, outcomes[o], "the property has met every outcome")
	}
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
