package identity_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
)

func TestKeysOf(t *testing.T) {
	t.Parallel()
	tr := traits()
	tr.BirthName, tr.FirstGivenName, tr.UsedName, tr.UsedGivenName = "D’Æion-Lévy", "Noe\u0308l", "", "Cam"
	assert.Equal(t, identity.Keys{BirthDate: tr.BirthDate, BirthName: "DAEIONLEVY", FirstGivenName: "NOEL", UsedGivenName: "CAM"}, identity.KeysOf(tr))
	c := identity.CriteriaOf(tr)
	assert.Equal(t, tr.BirthDate, c.BirthDate())
	assert.Equal(t, "DAE", c.Name())
	assert.Equal(t, "NOE", c.Given())
}

func TestCriteria(t *testing.T) {
	t.Parallel()
	tr := traits()
	tr.BirthName, tr.UsedName = "D'AIGUE", "ŒUVRARD"
	keys := identity.KeysOf(tr)
	date, month, year := tr.BirthDate, segur.Date{Year: 1985, Month: 3}, segur.Date{Year: 1985}
	for _, tt := range []struct {
		date        segur.Date
		name, given string
		want        bool
	}{
		{date, "", "", true}, {month, "", "", true}, {year, "", "", true},
		{segur.NewDate(1985, 3, 15), "", "", false}, {segur.Date{Year: 1985, Month: 4}, "", "", false}, {segur.Date{Year: 1986}, "", "", false},
		{date, "dai", "cam", true}, {date, "D'A", "", true}, {date, "d'aï", "", true}, {date, "œu", "", true}, {date, "OEU", "C", true},
		{date, "AIG", "", false}, {date, "", "LUC", false},
	} {
		c, err := identity.NewCriteria(tt.date, tt.name, tt.given)
		require.NoError(t, err)
		assert.Equal(t, tt.want, c.Matches(keys), tt)
	}
	assert.False(t, identity.Criteria{}.Matches(keys))
	assert.False(t, identity.Criteria{}.Matches(identity.Keys{}))
	c, err := identity.NewCriteria(date, "", "CAM")
	require.NoError(t, err)
	assert.False(t, c.Matches(identity.Keys{BirthDate: date}), "no given name is not any given name")
}

func TestCriteriaRefused(t *testing.T) {
	t.Parallel()
	_, err := identity.NewCriteria(segur.Date{}, "DURAND", "--")
	refused(t, err, "criteria.birthDate", "EXI ID 17")
	refused(t, err, "criteria.name", "at most 3 letters")
	refused(t, err, "criteria.given", "must hold letters")
	_, err = identity.NewCriteria(segur.Date{Year: 1985, Month: 2, Day: 30}, "", "")
	refused(t, err, "criteria.birthDate", "must exist")
}

// TestCriteriaFindsItself: what CriteriaOf makes finds the identity again, however the names are written.
func TestCriteriaFindsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-zéÉçŒæ'’ -]{0,6}[A-Zé][a-z' -]{0,4}`)
		tr := traits()
		tr.BirthName, tr.FirstGivenName = name.Draw(t, "name"), name.Draw(t, "given")
		c := identity.CriteriaOf(tr)
		if !c.Matches(identity.KeysOf(tr)) || len(c.Name()) > 3 {
			t.Fatal("not found")
		}
		if _, err := identity.NewCriteria(tr.BirthDate, c.Name(), c.Given()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCheckMerge(t *testing.T) {
	t.Parallel()
	make := func(change func(*segur.Traits)) identity.Identity {
		tr := traits()
		change(&tr)
		i, err := rules(t).New(act(), identity.Entry{Traits: tr, Method: identity.MethodManual})
		require.NoError(t, err)
		return i
	}
	same := make(func(tr *segur.Traits) { tr.BirthName = "Fictive Durand" })
	other := make(func(tr *segur.Traits) { tr.BirthName = "AUTRE" })
	unknownPlace := make(func(tr *segur.Traits) { tr.BirthPlace = segur.BirthplaceUnknown })
	qual := state(t, "QUAL")
	withB, err := same.Retrieve(act(), identity.Retrieval{Result: found(insB(t))})
	require.NoError(t, err)
	replaced, err := qual.ReplaceINS(act(), identity.Retrieval{Result: found(insB(t), insA(t))})
	require.NoError(t, err)

	require.NoError(t, identity.CheckMerge(qual, same))
	require.NoError(t, identity.CheckMerge(qual, unknownPlace))
	require.NoError(t, identity.CheckMerge(qual, state(t, "RECUP homonyme")))
	completed := make(func(tr *segur.Traits) { tr.BirthDate, tr.BirthDateInterpreted = segur.NewDate(1985, 3, 1), true })
	require.NoError(t, identity.CheckMerge(same, completed))
	require.NoError(t, identity.CheckMerge(completed, same))
	require.NoError(t, identity.CheckMerge(replaced, qual), "the number of the other is a former one")
	require.NoError(t, identity.CheckMerge(qual, replaced))
	require.NoError(t, identity.CheckMerge(state(t, "PROV fictif"), state(t, "PROV fictif")))
	require.NoError(t, identity.CheckMerge(state(t, "QUAL homonyme"), state(t, "RECUP homonyme")), "INSi says that they are one")
	for _, pair := range [][2]string{{"VALI homonyme", "PROV homonyme"}, {"QUAL homonyme", "VALI homonyme"}} {
		refused(t, identity.CheckMerge(state(t, pair[0]), state(t, pair[1])), "absorb.attributes", "homonyms")
	}
	refused(t, identity.CheckMerge(qual, withB), "absorb.ins", "different numbers")
	refused(t, identity.CheckMerge(qual, other), "absorb.traits.birthName", "contradicts")
	refused(t, identity.CheckMerge(qual, state(t, "PROV douteux")), "absorb.attributes", "doubt")
	refused(t, identity.CheckMerge(state(t, "PROV douteux"), qual), "keep.attributes", "doubt")
	refused(t, identity.CheckMerge(qual, state(t, "PROV fictif")), "absorb.attributes", "fictitious")
	refused(t, identity.CheckMerge(identity.Identity{}, qual), "keep", "zero value")
}
