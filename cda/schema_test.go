package cda

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchemaTableIsComplete(t *testing.T) {
	t.Parallel()
	types := schema()
	assert.Greater(t, len(types), 150)
	for name, ty := range types {
		for element, child := range ty.elements {
			if child == nil && element != "any" { // an extension that is left to itself
				known := strings.HasPrefix(element, "sdtc:") || strings.HasPrefix(element, "pharm:") || strings.HasPrefix(element, "lab:") ||
					name == "ParticipantRole" && element == "functionCode" || name == "ManufacturedProduct"
				assert.True(t, known, "%s/%s has a type that the table lacks", name, element)
			}
		}
		for attr, a := range ty.attrs {
			known := a.fixed != "" || a.codes != nil || lexicalKinds[a.kind]
			assert.True(t, known, "%s/@%s has the type %s", name, attr, a.kind)
		}
	}
	document := types["ClinicalDocument"]
	assert.Equal(t, []string{"realmCode", "typeId", "templateId", "id"}, []string{
		document.model[0].name, document.model[1].name, document.model[2].name, document.model[3].name})
	assert.True(t, types["PN"].mixed)
	assert.Equal(t, familyTS, types["IVXB_TS"].family)
	assert.Equal(t, familyCD, types["PQR"].family)
	assert.True(t, types["IVL_PQ"].derives(types["ANY"]))
	assert.False(t, types["PQ"].derives(types["CD"]))
}

var lexicalKinds = set(strings.Fields("cs st uid bl bn int real ts bin url any string boolean ID IDREF IDREFS NMTOKEN NMTOKENS list_int probability"))

func TestLexical(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, value string
		ok          bool
	}{
		{"uid", "1.2.250.1", true}, {"uid", "1.02", false}, {"uid", "3.1", false}, {"uid", "2", true}, {"uid", "1.", false}, {"uid", "", false},
		{"uid", "6E2B3F4C-0003-4A00-8000-000000000024", true}, {"uid", "HL7-x", true}, {"uid", "1zz", false},
		{"uid", "0072b2a4-6c3d-4d5e-9f00-1234567890zz", true}, // the pattern of the schema takes any letter
		{"ts", "2026", true}, {"ts", "20260120110500+0100", true}, {"ts", "20260120110500.123-05", true}, {"ts", "2026-01-20", false},
		{"ts", "202601201105001", false}, {"ts", "20260120+0100", false}, {"ts", "", false}, {"ts", "20260120110500.+01", false},
		{"cs", "a b", false}, {"cs", " a ", true}, {"cs", "", false}, {"st", "", false}, {"bl", "1", false}, {"bl", "true", true},
		{"int", "-3", true}, {"int", "3.0", false}, {"real", "3.5", true}, {"real", "0x1p3", false}, {"real", "x", false},
		{"ID", "a1-b.c", true}, {"ID", "1a", false}, {"ID", "élan", true}, {"ID", "a b", false}, {"ID", "", false},
		{"bin", "JVBE", true}, {"bin", "J", false},
	} {
		assert.Equal(t, c.ok, lexical(c.kind, c.value), "%s %q", c.kind, c.value)
	}
	for s, ok := range map[string]bool{
		"20260120": true, "20261301": false, "20260230": false, "2026012024": false, "202601201160": false, "2026": true, "202600": false,
		"20260120110560": false, "20240229": true, "123": false,
	} {
		assert.Equal(t, ok, isRealTS(s), s)
	}
}

func TestUCUM(t *testing.T) {
	t.Parallel()
	for _, u := range strings.Fields("mGy mGy.cm Gy.cm2 MBq kBq Sv mSv mL mL/s ml % 1 {images} mm[Hg] 10*3/uL ug/kg/min cm-1 m.s-2 (mL/min)/{1.73_m2} " +
		"[iU] [IU]/L kat cm[H2O]/L/s dag h min Cel [degF] mmol/(24.h) J/L uV m2/s 10*-3 daL/min/m2 ng/mL{prot}") {
		assert.True(t, isUCUM(u), u)
	}
	for _, u := range []string{"mGycm", "", "mL/", ".mL", "mGy cm", "xyz", "(mL", "mL)", "{open", "kmin", "10*x", "//s", "[mL", "µg", "mg..L", strings.Repeat("(", 40)} {
		assert.False(t, isUCUM(u), u)
	}
	for u, refused := range map[string]bool{"mGy": false, "mGy.cm": false, "Gy.cm2": true, "MBq": true, "Bq": false, "mSv": true, "ml": true, "1": true, "mL": false, "uGy.m2": true} {
		assert.Equal(t, refused, kitRefuses(u), u)
	}
}

// What the schema says of content that is out of order, missing, repeated or unknown.
func TestSchemaContent(t *testing.T) {
	t.Parallel()
	const order = `<inFulfillmentOf><order><id nullFlavor="NAV"/>%s</order></inFulfillmentOf>`
	for inside, want := range map[string]string{
		`<priorityCode nullFlavor="UNK"/><code nullFlavor="UNK"/>`: "code is out of its place in order, or there too many times",
		`<code nullFlavor="UNK"/><code nullFlavor="UNK"/>`:         "code is out of its place in order, or there too many times",
		`<foo/>`:                           "there is no element foo in order",
		`text`:                             "order holds no text, only elements",
		`<code nullFlavor="XX"/>`:          "the value of the attribute nullFlavor of code is not in the list of the schema",
		`<code nullFlavor="UNK" foo="1"/>`: "there is no attribute foo on code",
		`<code nullFlavor="UNK" xmlns:xsi="` + nsXSI + `" xsi:type="PQ"/>`:  "the type PQ is not allowed for code",
		`<code nullFlavor="UNK" xmlns:xsi="` + nsXSI + `" xsi:type="Foo"/>`: "xsi:type names an unknown type",
		`<code code="a b" codeSystem="1.2"/>`:                               "the attribute code of code has not the form of its type",
	} {
		doc := `<ClinicalDocument xmlns="` + nsCDA + `">` + strings.Replace(order, "%s", inside, 1) + `</ClinicalDocument>`
		var got []string
		for _, i := range Check([]byte(doc)).Issues {
			if i.Rule == "CDA002" && strings.Contains(i.Path, "/order") {
				got = append(got, i.Text.EN)
			}
		}
		require.Equal(t, []string{want}, got, inside)
	}
}

// An interval has one of four shapes.
func TestSchemaInterval(t *testing.T) {
	t.Parallel()
	for inside, count := range map[string]int{
		`<low value="2026"/><high value="2027"/>`:           0,
		`<low value="2026"/>`:                               0,
		`<high value="2026"/>`:                              0,
		`<high value="2027"/><low value="2026"/>`:           1,
		`<low value="2026"/><low value="2026"/>`:            1,
		`<width value="3" unit="d"/><high value="2026"/>`:   0,
		`<center value="2026"/><width value="1" unit="a"/>`: 0,
		`<center value="2026"/><high value="2026"/>`:        1,
	} {
		doc := `<ClinicalDocument xmlns="` + nsCDA + `"><documentationOf><serviceEvent><effectiveTime>` + inside + `</effectiveTime></serviceEvent></documentationOf></ClinicalDocument>`
		got := 0
		for _, i := range Check([]byte(doc)).Issues {
			if i.Rule == "CDA002" && strings.Contains(i.Path, "/serviceEvent/effectiveTime") {
				got++
			}
		}
		assert.Equal(t, count, got, inside)
	}
}
