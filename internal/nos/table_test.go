package nos_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/testkit"
)

var oid = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*))+$`)

func TestTablesAreWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, table := range nos.Tables() {
		assert.Regexp(t, oid, table.OID)
		assert.False(t, seen[table.OID], "%s is there twice", table.Name)
		seen[table.OID] = true
		if table.OID != nos.EDQM { // a code system, of which the table is a part
			assert.True(t, strings.HasPrefix(table.Name, "JDV_"), table.Name)
		}
		_, err := time.Parse(time.DateOnly, table.Revised)
		assert.NoError(t, err, table.Name)
		codes := map[string]bool{}
		for e := range table.All() {
			assert.NotEmpty(t, e.Code)
			assert.False(t, codes[e.Code], "%s: %s is there twice", table.Name, e.Code)
			codes[e.Code] = true
			assert.Regexp(t, oid, e.System)
			assert.NotEmpty(t, e.Display)
			assert.Equal(t, strings.TrimSpace(e.Display), e.Display)
			assert.NotContains(t, e.Display, "\t")
		}
		assert.Len(t, codes, table.Len())
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	e, ok := nos.AuthorSpecialty.Lookup("G15_10/SM44")
	require.True(t, ok)
	assert.Equal(t, nos.Entry{"G15_10/SM44", "1.2.250.1.213.1.1.4.5", "Médecin - Radio-diagnostic (SM)"}, e)
	assert.Equal(t, "Médecin - Médecine nucléaire (SM)", nos.AuthorSpecialty.Display("G15_10/SM28", nos.A02Specialty))
	assert.Empty(t, nos.AuthorSpecialty.Display("G15_10/SM28", nos.Role), "a code of another system")
	assert.True(t, nos.Modality.Has("MR", nos.DCM))
	assert.False(t, nos.Modality.Has("OT", nos.DCM), "OT is not a modality of acquisition")
	assert.True(t, nos.FacilityType.HasSystem(nos.R02Sector))
	assert.False(t, nos.FacilityType.HasSystem(nos.LOINC))
	e, ok = nos.AnatomicalSite.Find("Thorax Entier")
	require.True(t, ok)
	assert.Equal(t, "302551006", e.Code)
	_, ok = nos.AnatomicalSite.Find("thorax")
	assert.False(t, ok)
	_, ok = nos.Region.Lookup("")
	assert.False(t, ok)
	assert.Equal(t, "CCAM", nos.SystemName("1.2.250.1.213.2.5"))
	assert.Empty(t, nos.SystemName("1.2.3"))
	assert.Equal(t, "Voie intraveineuse", nos.Route.Display("20045000", nos.EDQM))
	assert.True(t, nos.TopographicModifier.Has("7771000", nos.SNOMEDCT))
	assert.False(t, nos.TechniqueLaterality.Has("7771000", nos.SNOMEDCT), "left is not a laterality of the rules of 2024.01")
	assert.Equal(t, 357, nos.AnatomicalSite.Len())
	for oid, name := range map[string]string{nos.ATC: "ATC", nos.CIP: "CIP", nos.UCD: "UCD", nos.EMDN: "EMDN", nos.EDQM: "EDQM", nos.TAASIP: "TA_ASIP", nos.DCMUID: "DCMUID"} {
		assert.Equal(t, name, nos.SystemName(oid))
	}
	assert.True(t, nos.Route.Partial)
	assert.True(t, nos.DocumentType.Partial)
	assert.False(t, nos.Modality.Partial)
}

// The rows are those of the published value sets.
func TestTablesEqualPublication(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(string(testkit.ReadShared(t, "cda/value-sets.tsv"))), "\n")
	published := map[string]map[string]nos.Entry{}
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		if published[f[0]] == nil {
			published[f[0]] = map[string]nos.Entry{}
		}
		published[f[0]][f[2]] = nos.Entry{Code: f[2], System: f[3], Display: f[4]}
	}
	compared := 0
	for _, table := range nos.Tables() {
		set, ok := published[table.OID]
		if !ok {
			continue
		}
		compared++
		for e := range table.All() {
			assert.Equal(t, set[e.Code], e, table.Name)
		}
		if !table.Partial {
			assert.Len(t, set, table.Len(), table.Name)
		}
	}
	assert.GreaterOrEqual(t, compared, 21)
}
