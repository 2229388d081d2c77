package hl7_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

func TestCompositeForms(t *testing.T) {
	t.Parallel()
	ps, structures := hl7.Authority{OID: segur.OIDProfessional}, hl7.Authority{OID: segur.OIDStructure}
	for _, c := range []struct {
		name, want string
		value      interface{ String() string }
		parse      func(string) any
	}{
		{"INS", "285036912345678^^^&1.2.250.1.213.1.4.10&ISO^NH",
			hl7.CX{ID: "285036912345678", Authority: hl7.Authority{OID: segur.OIDINSNIRTest}, Type: "NH"}, anyCX},
		{"local", "IPP-0001^^^&1.2.250.1.999.1&ISO^PI",
			hl7.CX{ID: "IPP-0001", Authority: hl7.Authority{OID: "1.2.250.1.999.1"}, Type: "PI"}, anyCX},
		{"study without authority", "1.2.250.1.999.7^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
			hl7.CX{ID: "1.2.250.1.999.7", Type: "urn:ihe:iti:xds:2016:studyInstanceUID"}, anyCX},
		{"old INS with a date", "1^^^&1.2.250.1.213.1.4.10&ISO^NH^^20101207",
			hl7.CX{ID: "1", Authority: hl7.Authority{OID: segur.OIDINSNIRTest}, Type: "NH", Effective: "20101207"}, anyCX},
		{"HL7 v2 authority", "1^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS",
			hl7.CX{ID: "1", Authority: hl7.Authority{Namespace: "ASIP-SANTE-INS-NIR", OID: segur.OIDINSNIRTest}, Type: "INS"}, anyCX},
		{"professional", "899900000015^RADIOLOGUE^Claude^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
			hl7.XCN{ID: "899900000015", Family: "RADIOLOGUE", Given: "Claude", Authority: ps, NameType: "D", Type: "IDNPS"}, anyXCN},
		{"system", "31990000019/1^RIS FICTIF^V1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI",
			hl7.XCN{ID: "31990000019/1", Family: "RIS FICTIF", Given: "V1", Authority: ps, NameType: "U", Type: "RI"}, anyXCN},
		{"structure", "CENTRE D'IMAGERIE FICTIF^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1990000019",
			hl7.XON{Name: "CENTRE D'IMAGERIE FICTIF", Authority: structures, Type: "IDNST", ID: "1990000019"}, anyXON},
		{"structure without id", "CENTRE", hl7.XON{Name: "CENTRE"}, anyXON},
		{"name", "FICTIVE-DURAND^CAMILLE^LUCE^^^^L",
			hl7.XPN{Family: "FICTIVE-DURAND", Given: "CAMILLE", OtherGiven: "LUCE", Type: "L"}, anyXPN},
		{"escaped", `A\T\B\S\C\F\D\R\E\E\F^^^&1.2.3&ISO`,
			hl7.CX{ID: `A&B^C|D~E\F`, Authority: hl7.Authority{OID: "1.2.3"}}, anyCX},
		{"empty", "", hl7.CX{}, anyCX},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, c.value.String())
			assert.Equal(t, c.value, c.parse(c.want))
		})
	}
}

func anyCX(s string) any  { return hl7.ParseCX(s) }
func anyXCN(s string) any { return hl7.ParseXCN(s) }
func anyXON(s string) any { return hl7.ParseXON(s) }
func anyXPN(s string) any { return hl7.ParseXPN(s) }

func TestCode(t *testing.T) {
	t.Parallel()
	c := segur.Code{Code: "G15_10/SM44", Display: "Médecin - Radio-diagnostic (SM)", System: "1.2.250.1.213.1.1.4.5"}
	assert.Equal(t, "G15_10/SM44^Médecin - Radio-diagnostic (SM)^1.2.250.1.213.1.1.4.5", hl7.FormatCode(c))
	assert.Equal(t, c, hl7.ParseCode(hl7.FormatCode(c)))
	assert.Equal(t, c, hl7.ParseCode("G15_10/SM44^Médecin - Radio-diagnostic (SM)^&1.2.250.1.213.1.1.4.5&ISO"),
		"the form IHE asks for is read too")
	assert.Equal(t, segur.Code{}, hl7.ParseCode(""))
}

func TestLineBreaksBecomeBlanks(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "A B", hl7.XON{Name: "A\nB"}.String())
}

func TestParticlesOfASurnameAreDropped(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "DURAND", hl7.ParseXPN("DURAND&DE&X^CAMILLE").Family)
}

// text draws a component: no line break, nothing else forbidden.
func text() *rapid.Generator[string] {
	return rapid.Map(rapid.String(), func(s string) string {
		return strings.NewReplacer("\r", "", "\n", "").Replace(s)
	})
}

func oid() *rapid.Generator[segur.OID] {
	return rapid.Map(rapid.StringMatching(`1(\.[1-9][0-9]{0,3}){2,6}`), func(s string) segur.OID { return segur.OID(s) })
}

func TestCompositeRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := func(name string) string { return text().Draw(t, name) }
		a := hl7.Authority{Namespace: s("namespace"), OID: oid().Draw(t, "oid")}
		cx := hl7.CX{ID: s("id"), Authority: a, Type: s("type"), Facility: s("facility"), Effective: s("date")}
		if got := hl7.ParseCX(cx.String()); got != cx {
			t.Fatalf("%#v became %#v", cx, got)
		}
		xcn := hl7.XCN{ID: s("id"), Family: s("family"), Given: s("given"), OtherGiven: s("other"), Suffix: s("suffix"),
			Prefix: s("prefix"), Degree: s("degree"), Authority: a, NameType: s("nameType"), Type: s("type")}
		if got := hl7.ParseXCN(xcn.String()); got != xcn {
			t.Fatalf("%#v became %#v", xcn, got)
		}
		xon := hl7.XON{Name: s("name"), Authority: a, Type: s("type"), ID: s("id")}
		if got := hl7.ParseXON(xon.String()); got != xon {
			t.Fatalf("%#v became %#v", xon, got)
		}
		xpn := hl7.XPN{Family: s("family"), Given: s("given"), OtherGiven: s("other"), Type: s("type")}
		if got := hl7.ParseXPN(xpn.String()); got != xpn {
			t.Fatalf("%#v became %#v", xpn, got)
		}
		code := segur.Code{Code: s("code"), Display: s("display"), System: oid().Draw(t, "system")}
		if got := hl7.ParseCode(hl7.FormatCode(code)); got != code {
			t.Fatalf("%#v became %#v", code, got)
		}
	})
}

// What is parsed and written again is stable from then on.
func FuzzComposite(f *testing.F) {
	for _, s := range []string{"1^^^&1.2&ISO^NH", `a\T\b^c&d&e^^f`, "^^^^^^^^^", `\E\E\`, "&&&&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) string{
			"CX":   func(s string) string { return hl7.ParseCX(s).String() },
			"XCN":  func(s string) string { return hl7.ParseXCN(s).String() },
			"XON":  func(s string) string { return hl7.ParseXON(s).String() },
			"XPN":  func(s string) string { return hl7.ParseXPN(s).String() },
			"code": func(s string) string { return hl7.FormatCode(hl7.ParseCode(s)) },
		} {
			once := parse(s)
			if twice := parse(once); twice != once {
				t.Fatalf("%s of %q: %q, then %q", name, s, once, twice)
			}
		}
	})
}

func TestBirthPlace(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "^^^^^^BDL^^69123", hl7.FormatBirthPlace("69123"))
	for in, want := range map[string]string{
		"^^^^^^BDL^^69123": "69123", "7 RUE X^^LYON^^69003^FRA^H~^^^^^^BDL^^2A004": "2A004", "^^LYON^^69003^FRA^H": "", "": "",
	} {
		cog, ok := hl7.BirthPlace(in)
		assert.Equal(t, want, cog)
		assert.Equal(t, want != "", ok)
	}
}
