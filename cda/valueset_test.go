package cda_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// valueSet returns a set of the SDK.
func valueSet(tb testing.TB, oid segur.OID) cda.ValueSet {
	tb.Helper()
	for _, v := range cda.ValueSets() {
		if v.OID == oid {
			return v
		}
	}
	require.Fail(tb, "no such set")
	return cda.ValueSet{}
}

func TestValueSets(t *testing.T) {
	t.Parallel()
	v := valueSet(t, "1.2.250.1.213.1.1.5.659")
	assert.Equal(t, "JDV_Contre_indications_CISIS", v.Name)
	assert.Equal(t, "2023-04-28", v.Revised)
	assert.Len(t, v.Codes, 22)
	c, ok := v.Lookup(cda.ContraPacemaker)
	require.True(t, ok)
	assert.Equal(t, segur.Code{Code: "MED-1117", System: "1.2.250.1.213.1.1.4.322", SystemName: "TA_ASIP", Display: "Patient porteur de Pacemaker"}, c)
	c, ok = v.Find("patient CLAUSTROPHOBE")
	require.True(t, ok)
	assert.Equal(t, cda.ContraClaustrophoby, c.Code)
	_, ok = v.Find("claustrophobe")
	assert.False(t, ok)
	// The constants of the package are in their sets.
	for oid, codes := range map[segur.OID][]string{
		"1.2.250.1.213.1.1.5.659": {cda.ContraPregnancy, cda.ContraBreastfeeding, cda.ContraIodine, cda.ContraKidneyDisease, cda.ContraClaustrophoby, cda.ContraFerromagnetic, cda.ContraGadolinium, cda.ContraOther},
		"1.2.250.1.213.1.1.5.671": {cda.PregnancyNone, cda.PregnancyCurrent, cda.PregnancyUnknown},
		"1.2.250.1.213.1.1.5.688": {cda.SiteLeft, cda.SiteRight, cda.SiteBilateral, cda.SiteUnilateral},
		"1.2.250.1.213.1.1.5.620": {cda.DoseAirKerma, cda.DoseMeanGlandular, cda.DoseActivity, cda.DoseAreaProduct, cda.DoseAreaFluoro, cda.DoseAreaAcquired, cda.DoseFluoroTime, cda.DoseImageCount, cda.DoseLengthProduct, cda.DoseMeanCTDI, cda.DoseEffective},
		"0.4.0.127.0.16.1.1.2.1":  {cda.RouteIntravenous, cda.RouteIntraarterial, cda.RouteIntraarticular, cda.RouteIntrathecal, cda.RouteOral, cda.RouteRectal, cda.RouteInhalation, cda.RouteSubcutaneous},
	} {
		v := valueSet(t, oid)
		for _, code := range codes {
			_, ok := v.Lookup(code)
			assert.True(t, ok, "%s in %s", code, v.Name)
		}
	}
}

// A newer revision of a set takes the place of that of the SDK.
func TestValueSetsAreReplaced(t *testing.T) {
	t.Parallel()
	v := valueSet(t, "1.2.250.1.213.1.1.5.659")
	v.Revised = "2027-01-01"
	v.Codes = append(v.Codes[1:], segur.Code{Code: "MED-9999", System: "1.2.250.1.213.1.1.4.322", Display: "Contre-indication nouvelle"})
	laterality := valueSet(t, "1.2.250.1.213.1.1.5.617")
	laterality.Codes = valueSet(t, "1.2.250.1.213.1.1.5.688").Codes
	w := newWriter(t, allowAnyPDF, func(c *cda.Config) { c.ValueSets = []cda.ValueSet{v, laterality} })
	r, s := chest(t)
	s.Acts[0].Site.Modifier.Code = cda.SiteLeft
	s.History.ContraIndications = []cda.ContraIndication{{Code: segur.Code{Code: "MED-9999"}}}
	b := build3(t, w, r, s)
	assert.Contains(t, string(b), `displayName="Contre-indication nouvelle"`)
	assert.NotNil(t, find(tree(t, b), "procedure", "targetSiteCode", "qualifier"), "the new rules take left")
	s.History.ContraIndications[0].Code.Code = cda.ContraPregnancy
	_, err := w.Level3(r, s)
	assert.Equal(t, []string{"sections.history.contraIndications[0].code"}, fields(err))
	assert.Contains(t, err.Error(), "2027-01-01")

	_, err = cda.New(cda.Config{Environment: segur.Fake, ValueSets: []cda.ValueSet{
		{OID: "1.2.3", Codes: v.Codes}, {OID: v.OID}, v, v, {OID: laterality.OID, Codes: []segur.Code{{Code: "1"}, laterality.Codes[0], laterality.Codes[0]}},
	}})
	assert.Equal(t, []string{"valueSets[0].oid", "valueSets[1].codes", "valueSets[2].oid", "valueSets[3].oid", "valueSets[4].codes[0]", "valueSets[4].codes[2]"}, fields(err))
}
