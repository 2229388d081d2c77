package interop_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/interop"
	"github.com/segur-sdk/segur/internal/testkit"
)

func element(tb testing.TB, t tag.Tag, data any) *dicom.Element {
	tb.Helper()
	e, err := dicom.NewElement(t, data)
	require.NoError(tb, err)
	return e
}

// numbered makes a Patient ID with its issuer, as a data set or an item.
func numbered(tb testing.TB, id, label, oid, kind string) []*dicom.Element {
	out := []*dicom.Element{element(tb, tag.PatientID, []string{id}), element(tb, tag.IssuerOfPatientID, []string{label})}
	if oid != "" {
		out = append(out, element(tb, tag.IssuerOfPatientIDQualifiersSequence, [][]*dicom.Element{{
			element(tb, tag.UniversalEntityID, []string{oid}), element(tb, tag.UniversalEntityIDType, []string{kind})}}))
	}
	return out
}

func TestDICOMByDcmtk(t *testing.T) {
	t.Parallel()
	c := codec(t, func(c *interop.Config) { c.DICOMCharacterSet = "ISO_IR 100" })
	id := fictional()
	id.Patient.Traits.UsedGivenName = "Léa"
	for profile, want := range map[interop.DICOMProfile][]string{
		interop.KOS: {"(0010,0010) PN [FICTIVE-DURAND^CAMILLE]", "(0010,0020) LO [285036912345656]", "(0010,0021) LO [ASIP-SANTE-INS-NIR]",
			"(0040,0032) UT [1.2.250.1.213.1.4.10]", "(0040,0033) CS [ISO]", "(0010,0030) DA [19850314]", "(0010,0040) CS [F]",
			`(0010,1001) PN [^CAMILLE LUCE\FICTIVE^Léa]`, "(0010,1002) SQ", "(0010,0022) CS [TEXT]", "(0010,4000) LT [69123]"},
		interop.Image: {"(0010,0010) PN [FICTIVE-DURAND^CAMILLE]", "(0010,0020) LO [IPP-0001]", "(0040,0032) UT [1.2.250.1.999.1]",
			"(0010,0030) DA [19850314]", "(0010,0040) CS [F]", "(0010,1002) SQ", "(0010,0020) LO [285036912345656]",
			"(0010,0021) LO [ASIP-SANTE-INS-NIR]", "(0010,0022) CS [TEXT]", "(0040,0032) UT [1.2.250.1.213.1.4.10]"},
	} {
		elements, err := c.DICOMPatient(id, profile)
		require.NoError(t, err)
		b := object(t, "ISO_IR 100", elements)
		dump := testkit.DcmDumpBytes(t, b, "+U8")
		for _, line := range want {
			i := strings.Index(dump, line)
			require.NotEqual(t, -1, i, "%s in order in\n%s", line, dump)
			dump = dump[i+len(line):]
		}
		assert.Equal(t, profile == interop.KOS, strings.Contains(testkit.DcmDumpBytes(t, b), "PatientComments"))
		for line := range strings.Lines(testkit.DCIODVfyBytes(t, b)) {
			assert.NotRegexp(t, `^Error.*0x0010`, line)
		}
	}
}

func TestDICOMLabels(t *testing.T) {
	t.Parallel()
	id := fictional()
	var err error
	id.Patient.INS, err = segur.ParseINS(number, segur.OIDINSNIA)
	require.NoError(t, err)
	label := func(c *interop.Codec) string {
		elements, err := c.DICOMPatient(id, interop.KOS)
		require.NoError(t, err)
		return elements[2].Value.String()
	}
	assert.Equal(t, "[ASIP-SANTE-INS-NIA]", label(codec(t)))
	assert.Equal(t, "[ASIP-SANTE-INS-NIR]", label(codec(t, func(c *interop.Config) {
		c.IssuerLabels = map[segur.OID]string{segur.OIDINSNIA: "ASIP-SANTE-INS-NIR"}
	})))
}

func TestDICOMRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		charset string
		profile interop.DICOMProfile
		change  func(*interop.Identity)
		field   string
	}{
		"profile":            {"", 0, func(*interop.Identity) {}, "profile"},
		"caret":              {"", interop.KOS, func(i *interop.Identity) { i.Patient.Traits.UsedName = "A^B" }, "patient.traits.usedName"},
		"equals":             {"", interop.KOS, func(i *interop.Identity) { i.Patient.Traits.BirthName = "A=B" }, "patient.traits.birthName"},
		"long name":          {"", interop.KOS, func(i *interop.Identity) { i.Patient.Traits.BirthName = strings.Repeat("A", 57) }, "patient.traits.birthName"},
		"accent, no charset": {"", interop.Image, func(i *interop.Identity) { i.Patient.Traits.UsedName = "É" }, "patient.traits.usedName"},
		"œ in Latin-1":       {"ISO_IR 100", interop.Image, func(i *interop.Identity) { i.Patient.Traits.UsedName = "Œ" }, "patient.traits.usedName"},
		"no local number":    {"", interop.Image, func(i *interop.Identity) { i.Patient.LocalIDs = nil }, "patient.localIDs"},
		"backslash":          {"", interop.Image, func(i *interop.Identity) { i.Patient.LocalIDs[0].Extension = `1\2` }, "patient.localIDs[0].extension"},
		"long number":        {"", interop.Image, func(i *interop.Identity) { i.Patient.LocalIDs[0].Extension = strings.Repeat("1", 65) }, "patient.localIDs[0].extension"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := fictional()
			c.change(&id)
			_, err := codec(t, func(cfg *interop.Config) { cfg.DICOMCharacterSet = c.charset }).DICOMPatient(id, c.profile)
			refused(t, err, c.field)
		})
	}
	id := fictional()
	id.Patient.Traits.GivenNames = "CAMILLE " + strings.Repeat("LUCE ", 15)
	elements, err := codec(t).DICOMPatient(id, interop.KOS)
	require.NoError(t, err)
	assert.Empty(t, codec(t).ReadDICOM(elements).Identity.Patient.Traits.GivenNames, "longer than DICOM holds: left out")
}

func TestReadDICOMDecidesOnTheINS(t *testing.T) {
	t.Parallel()
	test := string(segur.OIDINSNIRTest)
	other := func(items ...[]*dicom.Element) *dicom.Element {
		return element(t, tag.OtherPatientIDsSequence, items)
	}
	person := []*dicom.Element{element(t, tag.PatientName, []string{"FICTIVE-DURAND^CAMILLE=X^Y "}), element(t, tag.PatientBirthDate, []string{"19850314"}),
		element(t, tag.PatientSex, []string{"F "}), element(t, tag.PatientComments, []string{"69123"})}
	for name, c := range map[string]struct {
		elements  []*dicom.Element
		qualified bool
		place     string
		locals    int
		warnings  []string
	}{
		"KOS":                  {numbered(t, number, "X", test, "ISO"), true, "69123", 0, nil},
		"image":                {append(numbered(t, "7", "CENTRE", "", ""), other(numbered(t, number, "", test, "ISO"))), true, "", 1, []string{"(0010,0020)"}},
		"IPP in other IDs":     {append(numbered(t, number, "X", test, "ISO"), other(numbered(t, "7", "", "1.2.250.1.999.1", "ISO"))), true, "69123", 1, nil},
		"label without OID":    {numbered(t, number, "ASIP-SANTE-INS-NIR", "", ""), false, "", 0, []string{"(0010,0020)"}},
		"OID of another type":  {numbered(t, number, "ASIP-SANTE-INS-NIR", test, "DNS"), false, "", 0, []string{"(0010,0020)"}},
		"wrong key":            {numbered(t, number[:13]+"00", "X", test, "ISO"), false, "", 0, []string{"(0010,0020)"}},
		"INS-C":                {numbered(t, number, "", "1.2.250.1.213.1.4.2", "ISO"), false, "", 0, []string{"(0010,0020)"}},
		"two that differ":      {append(numbered(t, number, "X", test, "ISO"), other(numbered(t, number, "", string(segur.OIDINSNIR), "ISO"))), false, "69123", 0, []string{"(0010,0020)"}},
		"several values":       {[]*dicom.Element{element(t, tag.PatientID, []string{number, "2"})}, false, "", 0, []string{"(0010,0020)"}},
		"numbers for text":     {[]*dicom.Element{{Tag: tag.PatientID, Value: element(t, tag.Rows, []int{1}).Value}, nil, {Tag: tag.PatientSex}}, false, "", 0, nil},
		"text for a sequence":  {[]*dicom.Element{{Tag: tag.OtherPatientIDsSequence, Value: element(t, tag.PatientID, []string{number}).Value}}, false, "", 0, nil},
		"nothing":              {nil, false, "", 0, nil},
		"sequence of no items": {[]*dicom.Element{other()}, false, "", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := codec(t).ReadDICOM(append(append([]*dicom.Element{}, c.elements...), person...))
			p := r.Identity.Patient
			_, ok := p.QualifiedINS()
			assert.Equal(t, c.qualified, ok)
			assert.Equal(t, c.qualified, !p.INS.IsZero())
			assert.False(t, r.StatusStated)
			assert.Equal(t, segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14),
				BirthPlace: c.place}, p.Traits)
			assert.Len(t, p.LocalIDs, c.locals)
			assert.Equal(t, c.warnings, fields(r.Warnings))
		})
	}
	r := codec(t).ReadDICOM(nil)
	assert.Equal(t, segur.Provisional, r.Identity.Patient.Status)
}

func TestReadDICOMOtherNames(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][3]string{
		`^CAMILLE LUCE`:               {"CAMILLE LUCE", "", ""},
		`^CAMILLE LUCE\USAGE`:         {"CAMILLE LUCE", "USAGE", ""},
		`^CAMILLE LUCE\^LEA`:          {"CAMILLE LUCE", "", "LEA"},
		`\USAGE^LEA`:                  {"", "USAGE", "LEA"},
		`USAGE`:                       {"", "USAGE", ""}, // old manifests
		`FICTIVE-DURAND^CAMILLE`:      {"", "", ""},
		`^CAMILLE\USAGE\ENCORE^AUTRE`: {"CAMILLE", "USAGE", ""},
	} {
		tr := codec(t).ReadDICOM([]*dicom.Element{element(t, tag.PatientName, []string{"FICTIVE-DURAND^CAMILLE"}),
			element(t, tag.OtherPatientNames, strings.Split(value, `\`))}).Identity.Patient.Traits
		assert.Equal(t, want, [3]string{tr.GivenNames, tr.UsedName, tr.UsedGivenName}, value)
	}
}

func FuzzDICOM(f *testing.F) {
	f.Add("FICTIVE^CAMILLE", number, "ASIP-SANTE-INS-NIR", string(segur.OIDINSNIRTest), "ISO", "19850314", "F", `^CAMILLE\USAGE`, "69123", false)
	f.Add("\xc9^=", "1", "", "1.2.250.1.213.1.4.2", "", "1985", "O", `\\`, "", true)
	c := codec(f)
	f.Fuzz(func(t *testing.T, name, id, label, oid, kind, birth, sex, others, comments string, inOther bool) {
		ids := numbered(t, id, label, oid, kind)
		if inOther {
			ids = []*dicom.Element{element(t, tag.OtherPatientIDsSequence, [][]*dicom.Element{ids})}
		}
		r := c.ReadDICOM(append(ids, element(t, tag.PatientName, []string{name}), element(t, tag.PatientBirthDate, []string{birth}),
			element(t, tag.PatientSex, []string{sex}), element(t, tag.OtherPatientNames, strings.Split(others, `\`)), element(t, tag.PatientComments, []string{comments})))
		sound(t, c, r)
	})
}
