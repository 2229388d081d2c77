package dmp_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// transactions are the lines of the rights matrix.
var transactions = []dmp.Transaction{
	dmp.TD02, dmp.TD03Add, dmp.TD03Remove, dmp.TD03RemoveGP, dmp.TD04, dmp.TD05, dmp.TD09, dmp.TD010, dmp.TD13a, dmp.TD16, dmp.TD21, dmp.TD22,
	dmp.TD31, dmp.TD31Reference, dmp.TD32, dmp.TD32Masked, dmp.TD32Invisible, dmp.TD32Archived, dmp.TD32Obsolete, dmp.TD32Deleted,
	dmp.TD33aMask, dmp.TD33aUnmask, dmp.TD33b, dmp.TD33c, dmp.TD33dArchive, dmp.TD33dUnarchive,
}

type column struct {
	mode    dmp.Mode
	profile dmp.Profile
	purpose dmp.Purpose
}

// marks are those of the legend.
var marks = map[string]dmp.Right{
	"o": dmp.Yes, "n": dmp.No, "o1": dmp.ByStructure, "o2": dmp.SameStructure, "o3": dmp.NewByDate, "o4": dmp.ByStructure, "o5": dmp.ByReference,
	"o6": dmp.OwnDocuments, "o7": dmp.IfPatientAgreed, "o8": dmp.OwnDocuments, "o9": dmp.StructureDocuments,
}

// officialColumn reads the head of a column of the published tables.
func officialColumn(t *testing.T, head string) column {
	t.Helper()
	words := strings.Fields(head)
	var c column
	switch words[0] {
	case "D":
		c.mode = dmp.Directe
	case "I":
		c.mode = dmp.Indirecte
	case "AIR":
		c.mode = dmp.IndirecteRenforcee
	}
	profiles := map[string]dmp.Profile{"PS-nonmed": dmp.OtherProfessional, "med": dmp.Physician, "med-travail": dmp.OccupationalPhysician,
		"MT": dmp.DeclaredGP, "CPE": dmp.NonProfessional, "PE": dmp.NonProfessional, "ES-cert": ""}
	var ok bool
	c.profile, ok = profiles[words[1]]
	require.True(t, ok, head)
	c.purpose = map[string]dmp.Purpose{"regul": dmp.Centre15, "bdg": dmp.BrisDeGlace}[words[len(words)-1]]
	if c.purpose == "" {
		c.purpose = dmp.Normal
	}
	return c
}

// official is the published matrix: a right for each cell.
func official(t *testing.T) map[dmp.Transaction]map[column]dmp.Right {
	t.Helper()
	out := map[dmp.Transaction]map[column]dmp.Right{}
	for _, name := range []string{"rights-direct-indirect.tsv", "rights-air.tsv"} {
		f, err := os.Open(testkit.SharedData(t, "dmp/tables/"+name))
		require.NoError(t, err)
		scan := bufio.NewScanner(f)
		var heads []string
		for scan.Scan() {
			cells := strings.Split(scan.Text(), "\t")
			if heads == nil {
				heads = cells
				continue
			}
			line := dmp.Transaction(cells[0])
			if out[line] == nil {
				out[line] = map[column]dmp.Right{}
			}
			for i, cell := range cells[1:] {
				right, ok := marks[cell]
				require.True(t, ok, cell)
				out[line][officialColumn(t, heads[i+1])] = right
			}
		}
		require.NoError(t, scan.Err())
		require.NoError(t, f.Close())
	}
	return out
}

// Every cell of the published matrices is ours, and of the fake.
func TestMatrixOfficial(t *testing.T) {
	t.Parallel()
	published := official(t)
	assert.Len(t, published, len(transactions))
	cells := 0
	for _, transaction := range transactions {
		line, ok := published[transaction]
		require.True(t, ok, transaction)
		for _, mode := range []dmp.Mode{dmp.Directe, dmp.Indirecte, dmp.IndirecteRenforcee} {
			for _, profile := range []dmp.Profile{dmp.Physician, dmp.DeclaredGP, dmp.OccupationalPhysician, dmp.OtherProfessional, dmp.NonProfessional} {
				for _, purpose := range []dmp.Purpose{dmp.Normal, dmp.BrisDeGlace, dmp.Centre15} {
					key := column{mode, profile, purpose}
					if mode == dmp.Indirecte {
						key.profile = ""
					}
					want, ok := line[key]
					switch {
					case ok:
						cells++
					case published[dmp.TD02][key] == "": // no such column
						want = dmp.No
					default: // no such line in that table
						want = dmp.ServiceDecides
					}
					got := dmp.RightTo(mode, profile, purpose, transaction)
					assert.Equal(t, want, got, "%s: %v", transaction, key)
					if want != dmp.ServiceDecides {
						assert.Equal(t, want == dmp.No, dmptest.Refuses(mode, profile, purpose, transaction), "fake, %s: %v", transaction, key)
					}
				}
			}
		}
	}
	// 25 lines of 12 columns and 24 of 9; each of the two columns of INDIRECTE is seen by five profiles.
	assert.Equal(t, 25*(12+2*4)+24*9, cells)
	assert.Equal(t, dmp.ServiceDecides, dmp.RightTo(dmp.Directe, dmp.Physician, dmp.Normal, "TD9.9"))
	assert.Equal(t, dmp.No, dmp.RightTo("", dmp.Physician, dmp.Normal, dmp.TD02))
}

// asRadiographer and asEmployee change who acts.
func asRadiographer(c *dmp.Config) {
	c.User.Profession, c.User.Specialty = segur.Code{Code: "98"}, segur.Code{}
}

func asEmployee(c *dmp.Config) {
	c.User.Profession, c.User.Specialty = segur.Code{Code: "SECRETARIAT_MEDICAL", System: "1.2.250.1.213.1.1.4.6"}, segur.Code{}
}

// A client answers for its mode, its profile and its purpose, and says what
// would be needed.
func TestAllowed(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	emergency := func(c *dmp.Client) *dmp.Client {
		out, err := c.Emergency("détresse respiratoire")
		require.NoError(t, err)
		return out
	}
	feed, consult, card := newClient(t, srv), newClient(t, srv, consulting), newClient(t, srv, onCard(srv))
	employee := newClient(t, srv, onCard(srv), asEmployee)
	occupational := newClient(t, srv, onCard(srv), func(c *dmp.Config) { c.Profile = dmp.OccupationalPhysician })
	for _, c := range []struct {
		client *dmp.Client
		t      dmp.Transaction
		right  dmp.Right
		refuse []string // parts of the refusal, in English; nil: allowed
	}{
		{feed, dmp.TD21, dmp.ByStructure, nil},
		{feed, dmp.TD31Reference, dmp.ByReference, nil},
		{feed, dmp.TD33c, dmp.StructureDocuments, nil},
		{feed, dmp.TD33aMask, dmp.No, []string{"TD3.3a mask", "the mode INDIRECTE:", "is done in INDIRECTE_RENFORCEE or DIRECTE"}},
		{feed, dmp.TD05, dmp.No, []string{"TD0.5", "is done in INDIRECTE or INDIRECTE_RENFORCEE or DIRECTE. Purpose of use: centre_15."}},
		{feed.Regulation(), dmp.TD05, dmp.Yes, nil},
		{feed.Regulation(), dmp.TD04, dmp.No, []string{"the purpose centre_15"}},
		{consult, dmp.TD21, dmp.No, []string{"EX_AIR-010", "as physician", "is done in INDIRECTE or DIRECTE"}},
		{consult, dmp.TD31, dmp.Yes, nil},
		{consult, dmp.TD32Masked, dmp.OwnDocuments, nil},
		{emergency(consult), dmp.TD32Masked, dmp.IfPatientAgreed, nil},
		{emergency(consult), dmp.TD03Add, dmp.No, []string{"bris_de_glace", "Purpose of use: normal."}},
		{emergency(consult).Regulation(), dmp.TD05, dmp.Yes, nil},
		{emergency(consult).SecretConnection(), dmp.TD31, dmp.Yes, nil},
		{newClient(t, srv, consulting, asRadiographer), dmp.TD33dArchive, dmp.OwnDocuments, nil},
		{newClient(t, srv, consulting, asEmployee), dmp.TD31, dmp.No, []string{"as not a health professional"}},
		{newClient(t, srv, consulting, asEmployee), dmp.TD04, dmp.NewByDate, nil},
		{card, dmp.TD03RemoveGP, dmp.ServiceDecides, nil},
		{card, dmp.TD22, dmp.No, []string{"TD2.2 is done in DIRECTE."}},
		{employee, dmp.TD21, dmp.No, []string{"TD2.1"}},
		{employee, dmp.TD22, dmp.ByStructure, nil},
		{employee.Regulation(), dmp.TD02, dmp.No, []string{"centre_15"}},
		{occupational, dmp.TD32, dmp.No, []string{"as occupational physician"}},
		{occupational, dmp.TD16, dmp.Yes, nil},
	} {
		assert.Equal(t, c.right, c.client.Right(c.t), c.t)
		err := c.client.Allowed(c.t)
		if c.refuse == nil {
			assert.NoError(t, err, c.t)
			continue
		}
		require.ErrorIs(t, err, segur.ErrAuthorization, c.t)
		e := asError(t, err)
		assert.Equal(t, "dmp.allowed", e.Op)
		text := e.Error() + e.Explain(segur.EN)
		for _, part := range c.refuse {
			assert.Contains(t, text, part)
		}
		assert.Contains(t, e.Error(), "nothing was sent")
	}
	assert.Empty(t, srv.Calls())
}

// An emergency has a reason, and is not for everybody.
func TestEmergencyRefused(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	consult := newClient(t, srv, consulting)
	for _, reason := range []string{"", " \t", "a\nb", "\x00", strings.Repeat("x", 1001), "\xff"} {
		_, err := consult.Emergency(reason)
		assert.Equal(t, []string{"reason"}, fields(t, err))
	}
	for name, change := range map[string][]func(*dmp.Config){
		"INDIRECTE":    nil,
		"CPE":          {onCard(srv), asEmployee},
		"employee":     {consulting, asEmployee},
		"occupational": {onCard(srv), func(c *dmp.Config) { c.Profile = dmp.OccupationalPhysician }},
	} {
		_, err := newClient(t, srv, change...).Emergency("urgence")
		require.ErrorIs(t, err, segur.ErrAuthorization, name)
		assert.Contains(t, err.Error(), "bris_de_glace")
		assert.NotContains(t, err.Error(), "urgence")
	}
}
