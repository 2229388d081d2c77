package identity_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
)

func TestControlEvidence(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		c           identity.Control
		field, rule string // empty: accepted
	}{
		{identity.Control{Document: "PA", Holder: identity.HolderFrench}, "", ""},
		{identity.Control{Document: "CN", Holder: identity.HolderEuropean}, "", ""},
		{identity.Control{Document: "AV", Holder: identity.HolderForeign}, "", ""},
		{identity.Control{Document: "CN", Holder: identity.HolderForeign}, "control.document", "EXI SI 10"},
		{identity.Control{Document: "AN", Holder: identity.HolderFrench}, "control.document", "not of high confidence"},
		{identity.Control{Document: "LE", Holder: identity.HolderMinor, With: "CN"}, "", ""},
		{identity.Control{Document: "LE", Holder: identity.HolderMinor}, "control.with", "EXI SI 23"},
		{identity.Control{Document: "AN", Holder: identity.HolderMinor, With: identity.VitaleWithPhoto}, "control.with", "EXI SI 23"},
		{identity.Control{Document: "AN", Holder: identity.HolderResident, With: identity.VitaleWithPhoto}, "", ""},
		{identity.Control{Document: "AN", Holder: identity.HolderResident, With: "PA"}, "control.with", "EXI SI 23"},
		{identity.Control{Holder: identity.HolderFrench}, "control.document", "without a default"},
		{identity.Control{Document: "ZZ", Holder: identity.HolderFrench}, "control.document", "not in the list"},
		{identity.Control{Document: "PA"}, "control.holder", "required"},
		{identity.Control{Document: "PA", Holder: 99}, "control.holder", "required"},
	} {
		i, err := state(t, "RECUP").Control(act(), tt.c)
		if tt.field != "" {
			refused(t, err, tt.field, tt.rule)
			continue
		}
		require.NoError(t, err, tt.c)
		tt.c.At, tt.c.Operator = t0, "accueil-1"
		got, ok := i.LastControl()
		assert.True(t, ok)
		assert.Equal(t, tt.c, got)
		assert.Equal(t, &tt.c, i.History()[2].Control)
		r := i.Reliability()
		assert.Equal(t, tt.c.Document, r.ValidationMode)
		assert.Equal(t, segur.NewDate(2026, 11, 20), r.ValidatedAt)
	}
}

// TestControlRenewed: a second control replaces the evidence, whatever the caller put in At and Operator.
func TestControlRenewed(t *testing.T) {
	t.Parallel()
	i, err := state(t, "QUAL").Control(identity.Act{Operator: "accueil-2", At: t0.AddDate(1, 0, 0)},
		identity.Control{Document: identity.IdentityCard, Holder: identity.HolderFrench, At: t0.AddDate(9, 0, 0), Operator: "somebody"})
	require.NoError(t, err)
	got, _ := i.LastControl()
	assert.Equal(t, identity.Control{Document: "CN", Holder: identity.HolderFrench, At: t0.AddDate(1, 0, 0), Operator: "accueil-2"}, got)
	assert.Equal(t, []string{"control"}, i.History()[3].Changed)
}

func TestDocumentsAreConfigured(t *testing.T) {
	t.Parallel()
	list := []identity.Document{{Code: "TS", Name: "Titre de séjour", HighConfidence: []identity.Confidence{{Holder: identity.HolderForeign}}}, {Code: "PC", Name: "Permis de conduire"}}
	r, err := identity.NewRules(identity.Config{Documents: list})
	require.NoError(t, err)
	list[0].HighConfidence[0].Holder = identity.HolderFrench // the rules keep their own
	r.Documents()[0].HighConfidence[0].Holder = identity.HolderFrench
	r.Documents()[1].Code = "x"
	assert.Equal(t, identity.HolderForeign, r.Documents()[0].HighConfidence[0].Holder)
	i, err := r.New(act(), identity.Entry{Traits: traits(), Method: identity.MethodManual})
	require.NoError(t, err)
	_, err = i.Control(act(), identity.Control{Document: "TS", Holder: identity.HolderForeign})
	require.NoError(t, err)
	_, err = i.Control(act(), identity.Control{Document: "PC", Holder: identity.HolderFrench})
	refused(t, err, "control.document", "not of high confidence")
	_, err = i.Control(act(), passport())
	refused(t, err, "control.document", "not in the list")

	_, err = identity.NewRules(identity.Config{Documents: []identity.Document{
		{}, {Code: "PA"}, {Code: "PA", HighConfidence: []identity.Confidence{{}}}, {Code: identity.VitaleWithPhoto}}})
	refused(t, err, "documents[0].code", "required")
	refused(t, err, "documents[2].code", "twice")
	refused(t, err, "documents[2].highConfidence[0].holder", "case")
	refused(t, err, "documents[3].code", "beside")
}

func TestHolderText(t *testing.T) {
	t.Parallel()
	for h := identity.HolderUnspecified; h <= identity.HolderResident; h++ {
		text, err := json.Marshal(h)
		require.NoError(t, err)
		var back identity.Holder
		require.NoError(t, json.Unmarshal(text, &back))
		assert.Equal(t, h, back)
	}
	var h identity.Holder
	refused(t, h.UnmarshalText([]byte("martian")), "holder", "must be")
	assert.Equal(t, "holder 42", identity.Holder(42).String())
}

func TestUnknownPlaceWarning(t *testing.T) {
	t.Parallel()
	tr := traits()
	tr.BirthPlace = segur.BirthplaceUnknown
	i, err := rules(t).New(act(), identity.Entry{Traits: tr, Method: identity.MethodManual})
	require.NoError(t, err)
	assert.Empty(t, i.Warnings())
	i, err = i.Control(act(), passport())
	require.NoError(t, err)
	require.Len(t, i.Warnings(), 1)
	assert.Equal(t, "traits.birthPlace", i.Warnings()[0].Field)
	tr.BirthPlace, tr.GivenNames = "69123", "LUCE CAMILLE"
	i, err = i.Correct(act(), identity.Entry{Traits: tr, Method: identity.MethodManual})
	require.NoError(t, err)
	require.Len(t, i.Warnings(), 1)
	assert.Contains(t, i.Warnings()[0].Message, "EXI ID 10")
}

// atlas knows one commune, from 1960 on, and nothing about countries.
type atlas struct{}

func (atlas) Known(cog string, at segur.Date) (known, ok bool) {
	if identity.KindOfPlace(cog) == identity.PlaceCountry {
		return false, false
	}
	return cog == "69123" && at.Year >= 1960, true
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	r, err := identity.NewRules(identity.Config{Places: atlas{}})
	require.NoError(t, err)
	for _, tt := range []struct {
		cog  string
		year int
		ok   bool
	}{{"69123", 1985, true}, {"69123", 1934, false}, {"75056", 1985, false}, {"99100", 1985, true}, {"99999", 1934, true}} {
		tr := traits()
		tr.BirthPlace, tr.BirthDate = tt.cog, segur.NewDate(tt.year, time.May, 2)
		_, err := r.New(act(), identity.Entry{Traits: tr, Method: identity.MethodManual})
		if tt.ok {
			require.NoError(t, err, tt)
			continue
		}
		refused(t, err, "traits.birthPlace", "in force at the date of birth")
	}
	// INSi's code stands, whatever the table says, also when another trait is corrected later.
	i, err := r.New(act(), identity.Entry{Traits: func() segur.Traits { tr := traits(); tr.BirthPlace = "99999"; return tr }(), Method: identity.MethodManual})
	require.NoError(t, err)
	answer := found(insA(t))
	answer.Identity.Traits.BirthPlace = "75056"
	i, err = i.Retrieve(act(), identity.Retrieval{Result: answer})
	require.NoError(t, err)
	now := i.Traits()
	assert.Equal(t, "75056", now.BirthPlace)
	now.BirthDate = segur.NewDate(1986, time.May, 2) // another date: the table is asked again
	_, err = i.Correct(act(), identity.Entry{Traits: now, Method: identity.MethodManual})
	refused(t, err, "traits.birthPlace", "in force")
	now = i.Traits()
	now.UsedName = "USUELLE"
	_, err = i.Correct(act(), identity.Entry{Traits: now, Method: identity.MethodManual})
	require.NoError(t, err)
}

func TestKindOfPlace(t *testing.T) {
	t.Parallel()
	for cog, want := range map[string]identity.PlaceKind{
		"63220": identity.PlaceCommune, "2A020": identity.PlaceCommune, "2B033": identity.PlaceCommune, "20004": identity.PlaceCommune,
		"97411": identity.PlaceOverseas, "98818": identity.PlaceOverseas, "99255": identity.PlaceCountry, "99999": identity.PlaceUnknown,
		"": identity.PlaceInvalid, "00001": identity.PlaceInvalid, "2C001": identity.PlaceInvalid, "6A001": identity.PlaceInvalid,
		"6912": identity.PlaceInvalid, "691234": identity.PlaceInvalid, "69 12": identity.PlaceInvalid, "A2001": identity.PlaceInvalid, "2AA01": identity.PlaceInvalid,
	} {
		assert.Equal(t, want, identity.KindOfPlace(cog), cog)
		assert.Equal(t, want == identity.PlaceInvalid, identity.CheckBirthPlace(cog) != nil, cog)
	}
}

func TestCompleteBirthDate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in, want    segur.Date
		interpreted bool
	}{
		{segur.NewDate(1985, 3, 14), segur.NewDate(1985, 3, 14), false},
		{segur.Date{Year: 1934, Month: 2}, segur.NewDate(1934, 2, 1), true},
		{segur.Date{Year: 1934}, segur.NewDate(1934, 12, 31), true},
		{segur.Date{}, segur.Date{}, false},
		{segur.Date{Year: 1934, Month: 13}, segur.Date{Year: 1934, Month: 13}, false},
		{segur.Date{Year: 1934, Day: 3}, segur.Date{Year: 1934, Day: 3}, false},
	} {
		got, interpreted := identity.CompleteBirthDate(tt.in)
		assert.Equal(t, tt.want, got)
		assert.Equal(t, tt.interpreted, interpreted)
	}
	d, err := identity.CompleteBirthDateWithoutMonth(1934, 31)
	require.NoError(t, err)
	assert.Equal(t, segur.NewDate(1934, 1, 31), d)
	for _, bad := range [][2]int{{1934, 0}, {1934, 32}, {0, 3}} {
		_, err = identity.CompleteBirthDateWithoutMonth(bad[0], bad[1])
		refused(t, err, "birthDate", "1 to 31")
	}
}
