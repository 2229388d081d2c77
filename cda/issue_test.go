package cda_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

func issues(r *cda.CheckReport, rule string) (out []cda.Issue) {
	for _, i := range r.Issues {
		if i.Rule == rule {
			out = append(out, i)
		}
	}
	return out
}

func TestCheckOfWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		doc, en string
		line    int
	}{
		"empty":     {"", "the document is cut short", 1},
		"pdf":       {"%PDF-1.4", "this file is not XML but an archive or a PDF", 0},
		"zip":       {"PK\x03\x04", "this file is not XML but an archive or a PDF", 0},
		"cut":       {"<ClinicalDocument xmlns='urn:hl7-org:v3'>\n<id/>", "the document is cut short", 2},
		"doctype":   {"<!DOCTYPE x><x/>", "a DOCTYPE is forbidden", 1},
		"syntax":    {"<a>\n<b></a>", "the XML is not well formed", 2},
		"other":     {"<a/>", "there is no ClinicalDocument element (urn:hl7-org:v3)", 0},
		"namespace": {"<ClinicalDocument/>", "there is no ClinicalDocument element (urn:hl7-org:v3)", 0},
		"encoding":  {"<?xml version='1.0' encoding='UTF-16'?><a/>", "the declared encoding is not accepted: UTF-8 is expected", 0},
		"deep":      {strings.Repeat("<a>", 300), "the document passes a limit of size or depth", 1},
		"several": {`<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><ClinicalDocument xmlns="urn:hl7-org:v3"/><ClinicalDocument xmlns="urn:hl7-org:v3"/></xsl:stylesheet>`,
			"the file holds several ClinicalDocument elements", 0},
	} {
		report := cda.Check([]byte(c.doc))
		require.Len(t, report.Issues, 1, name)
		issue := report.Issues[0]
		assert.Equal(t, "CDA001", issue.Rule, name)
		assert.Equal(t, c.en, issue.Text.EN, name)
		assert.Equal(t, c.line, issue.Line, name)
		assert.Equal(t, "/", issue.Path, name)
		assert.False(t, report.OK(), name)
		require.ErrorIs(t, report.Err(), segur.ErrInvalidInput, name)
	}
	report := cda.Check([]byte(golden(t, "minimal")), cda.MaxBytes(100))
	require.Len(t, report.Issues, 1)
	assert.Equal(t, "the document is larger than the limit", report.Issues[0].Text.EN)
}

// A bare root lacks everything, and says it all at once.
func TestCheckSaysEverythingAtOnce(t *testing.T) {
	t.Parallel()
	report := cda.Check([]byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"/>`))
	var missing []string
	for _, i := range issues(report, "CDA007") {
		missing = append(missing, strings.TrimPrefix(i.Text.EN, "ClinicalDocument must hold "))
		assert.Equal(t, "/ClinicalDocument", i.Path)
		assert.Equal(t, 1, i.Line)
		assert.Equal(t, 1, i.Column)
	}
	for _, name := range []string{"realmCode", "id", "title", "setId", "versionNumber", "recordTarget", "author", "legalAuthenticator", "componentOf", "component"} {
		assert.Contains(t, missing, name)
	}
	assert.Len(t, issues(report, "CDA010"), 3)
	var details *segur.Error
	require.ErrorAs(t, report.Err(), &details)
	assert.Len(t, details.Details, report.Errors())
}

func TestCheckIsBoundedAndRepeatable(t *testing.T) {
	t.Parallel()
	doc := strings.Replace(golden(t, "level3-acts"), "<title>", strings.Repeat("<foo/>", 3000)+"<title>", 1)
	report := cda.Check([]byte(doc))
	assert.Len(t, report.Issues, 500)
	assert.True(t, report.Truncated)
	assert.Equal(t, report, cda.Check([]byte(doc)))
	few := cda.Check([]byte(doc), cda.MaxIssues(3))
	assert.Equal(t, report.Issues[:3], few.Issues)
	assert.True(t, few.Truncated)
	assert.True(t, slices.IsSortedFunc(report.Issues, func(a, b cda.Issue) int { return a.Column - b.Column }), "one line: by column")
}

// A fault in every place, and no name, number or text of the patient in what is said of it.
func TestCheckKeepsTheIdentityOut(t *testing.T) {
	t.Parallel()
	doc := golden(t, "level3-complete")
	doc = strings.ReplaceAll(doc, ` root="1.2`, ` root="1.02`)
	doc = regexp.MustCompile(`qualifier="(BR|CL)"`).ReplaceAllString(doc, `qualifier="SP"`)
	doc = strings.ReplaceAll(doc, `codeSystem="`, `codeSystem="x`)
	report := cda.Check([]byte(doc), cda.MaxIssues(0), cda.ForEnvironment(segur.Production))
	require.Greater(t, len(report.Issues), 100)
	for _, i := range report.Issues {
		for _, s := range []string{i.String(), i.French(), i.Field} {
			for _, secret := range []string{"FICTIVE", "DURAND", "CAMILLE", "28503", "19850314", "IPP-0001", "RADIOLOGUE", "8999000", "Scénarios", "0600000"} {
				assert.NotContains(t, s, secret)
			}
		}
	}
}

// What a text quotes of a document does nothing to a terminal.
func TestCheckQuotesWhatCanBeShown(t *testing.T) {
	t.Parallel()
	doc := strings.ReplaceAll(golden(t, "level3-complete"), `code="CT"`, "code=\"S\u009b31mC\u202e\"")
	report := cda.Check([]byte(doc))
	quoted := false
	for _, i := range report.Issues {
		for _, s := range []string{i.String(), i.French(), i.Field} {
			quoted = quoted || strings.Contains(s, "S\uFFFD31mC\uFFFD")
			assert.NotContains(t, s, "\u009b")
			assert.NotContains(t, s, "\u202e")
		}
	}
	assert.True(t, quoted)
}

func TestCheckNamesTheField(t *testing.T) {
	t.Parallel()
	cr := edit{t, golden(t, "level3-acts")}
	for _, c := range []struct{ doc, rule, field string }{
		{cr.swap("G15_10/SM28", "G15_10/SM99"), "CDA023", "report.authors[1].specialty"},
		{cr.sub(`<translation code="[0-9-]+"`, `<translation code="2345-7"`), "CDA032", "report.acts"},
		{cr.sub(`(<serviceEvent>.*<serviceEvent><id root="[^"]*"></id><code code=")[^"]*`, "${1}2345-6"), "CDA031", "report.acts[2].code"},
		{cr.sub(`<ps3-20:accessionNumber.*?</ps3-20:accessionNumber>`, ""), "CDA030", "report.orders[0]"},
		{cr.swap("2850369123456", "2850369123457"), "CDA020", "report.patient.ins"},
		{cr.swap("<county>69123", "<county>6912"), "CDA020", "report.patient.traits.birthPlace"},
		{cr.section("1.2.250.1.213.1.1.2.209"), "CDA040", ""},
		{cr.swap(`<methodCode code="MR"`, `<methodCode code="ZZ"`), "CDA046", "sections.acts[1]"},
		{cr.sub(`(<legalAuthenticator>.*?)<given>`, "$1<given>X</given><given>"), "CDA007", "report.legalAuthenticator.givenName"},
	} {
		found := issues(cda.Check([]byte(c.doc)), c.rule)
		found = slices.DeleteFunc(found, func(i cda.Issue) bool { return i.Severity != cda.SeverityError && c.rule != "CDA032" })
		if assert.NotEmpty(t, found, c.field) {
			assert.Equal(t, c.field, found[0].Field, found[0].String())
		}
	}
}

func TestCheckOptions(t *testing.T) {
	t.Parallel()
	doc := []byte(golden(t, "level3-complete"))
	production := cda.Check(doc, cda.ForEnvironment(segur.Production))
	found := issues(production, "CDA020")
	require.Len(t, found, 1, "a test identity in production")
	assert.Equal(t, "report.patient.ins", found[0].Field)
	assert.NotEmpty(t, issues(production, "CDA022"), "keys of numbers")
	assert.Empty(t, cda.Check(doc, cda.ForEnvironment(segur.Qualification)).Issues)

	unlisted := bytes.Replace(doc, []byte("G15_10/SM44"), []byte("G15_10/SM99"), 1)
	assert.False(t, cda.Check(unlisted).OK())
	lenient := cda.Check(unlisted, cda.AllowUnlistedCodes())
	assert.True(t, lenient.OK())
	assert.Len(t, issues(lenient, "CDA023"), 1)

	plain := []byte(golden(t, "complete")) // its PDF is a stub
	assert.False(t, cda.Check(plain).OK())
	assert.True(t, cda.Check(plain, cda.AllowAnyPDF()).OK())
}

// The document is found inside what carries it; positions are those of the file.
func TestCheckFindsTheDocumentInside(t *testing.T) {
	t.Parallel()
	doc := strings.Replace(golden(t, "level3-minimal"), `<?xml version="1.0" encoding="UTF-8"?>`, "", 1)
	inside := `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">` + "\n\n" + doc + `</xsl:stylesheet>`
	assert.True(t, cda.Check([]byte(inside)).OK())
	report := cda.Check([]byte(strings.Replace(inside, "<title>CR", "<foo/><title>CR", 1)))
	require.Equal(t, 1, report.Errors())
	i := report.Issues[0]
	assert.Equal(t, "/ClinicalDocument/foo", i.Path)
	assert.Equal(t, 4, i.Line)
	assert.Equal(t, []byte("<foo/>"), lineOf(t, strings.Replace(inside, "<title>CR", "<foo/><title>CR", 1), i)[:6])

	bom := append([]byte("\ufeff"), golden(t, "level3-minimal")...)
	assert.Len(t, issues(cda.Check(bom), "CDA001"), 1)
	latin := strings.NewReplacer("UTF-8", "ISO-8859-1", "é", "\xe9", "è", "\xe8", "É", "\xc9", "’", "'", "à", "\xe0", "ê", "\xea").Replace(golden(t, "minimal"))
	warned := cda.Check([]byte(latin), cda.AllowAnyPDF())
	assert.Equal(t, "the document is not in UTF-8", issues(warned, "CDA001")[0].Text.EN)
}

func lineOf(t *testing.T, doc string, i cda.Issue) []byte {
	t.Helper()
	lines := strings.Split(doc, "\n")
	require.Greater(t, len(lines), i.Line-1)
	return []byte(lines[i.Line-1][i.Column-1:])
}

// A prefix is legal XML; the official rules compare types with their bare names.
func TestCheckTakesPrefixes(t *testing.T) {
	t.Parallel()
	doc := golden(t, "level3-complete")
	doc = strings.Replace(doc, `xmlns="urn:hl7-org:v3"`, `xmlns:c="urn:hl7-org:v3"`, 1)
	doc = regexp.MustCompile(`<(/?)([A-Za-z])`).ReplaceAllString(doc, "<${1}c:$2")
	doc = strings.NewReplacer("<c:ps3-20:", "<ps3-20:", "</c:ps3-20:", "</ps3-20:").Replace(doc)
	doc = regexp.MustCompile(`xsi:type="`).ReplaceAllString(doc, `xsi:type="c:`)
	report := cda.Check([]byte(doc))
	for _, i := range report.Issues {
		assert.True(t, i.KitOnly || strings.Contains(i.Text.EN, "type PQ"), i)
	}
	assert.NotEmpty(t, issues(report, "CDA006"))
}

func TestCheckRules(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, r := range cda.CheckRules() {
		assert.Regexp(t, `^CDA0\d\d$`, r.ID)
		assert.False(t, known[r.ID], r.ID)
		assert.NotEmpty(t, r.Text.FR)
		assert.NotEmpty(t, r.Text.EN)
		known[r.ID] = true
	}
	for _, m := range mutants(t) {
		for _, i := range cda.Check([]byte(m.doc)).Issues {
			assert.True(t, known[i.Rule], i.Rule)
		}
	}
}

// The examples of the official test kit, in SEGUR_CDA_EXAMPLES: no error but
// genuine ones, those that the official rules see (the first six) and those
// that they do not.
func TestCheckOfOfficialExamples(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("SEGUR_CDA_EXAMPLES")
	if dir == "" {
		t.Skip("SEGUR_CDA_EXAMPLES does not name the folder ExemplesCDA of the test kit of the ANS")
	}
	reasons := map[string]map[string]int{
		"CANCER-FRCP_2022.01_Appareil.xml":                  {"CDA023": 1}, // profession code absent from the value set
		"CANCER-FRCP_2022.01_Transversale.xml":              {"CDA023": 1},
		"TLM-DA_2022.01_TCG.xml":                            {"CDA023": 1},
		"TLM-DA_2022.01_TCG_anamnèse-non-structurée.xml":    {"CDA023": 1},
		"TLM-DA_2022.01_TE1_anamnèse-non-structurée.xml":    {"CDA023": 1},
		"eDISP-MED_2024.01.xml":                             {"CDA021": 1},              // qualifier of the family name
		"IMG_CR_IMG_2024.01.xml":                            {"CDA003": 3, "CDA004": 1}, // references that lead nowhere, a root that is no OID
		"IMG-DA-IMG_2024.01_Radiographie_ChevilleGenou.xml": {"CDA003": 1},
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	require.NoError(t, err)
	require.Len(t, files, 94)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		report := cda.Check(b, cda.AllowAnyPDF())
		var got map[string]int
		for _, i := range report.Issues {
			if i.Severity == cda.SeverityError {
				if got == nil {
					got = map[string]int{}
				}
				got[i.Rule]++
			}
		}
		assert.Equal(t, reasons[filepath.Base(file)], got, "%s: %v", filepath.Base(file), report.Err())
	}
}

func FuzzCheck(f *testing.F) {
	files, err := filepath.Glob("testdata/*.xml")
	require.NoError(f, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody><component><section/></component></structuredBody></component></ClinicalDocument>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := cda.Check(b, cda.LikeOfficialChecker())
		if len(r.Issues) > 500 {
			t.Fatalf("%d issues", len(r.Issues))
		}
		for _, i := range r.Issues {
			if i.Rule == "" || i.Severity == 0 || !strings.HasPrefix(i.Path, "/") || i.Text.FR == "" || i.Text.EN == "" {
				t.Fatalf("an issue that says nothing: %+v", i)
			}
		}
	})
}

// Checking a structured report costs little more than reading it with encoding/xml.
func BenchmarkCheck(b *testing.B) {
	doc, err := os.ReadFile("testdata/level3-complete.xml")
	require.NoError(b, err)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if !cda.Check(doc).OK() {
			b.Fatal("a golden file with errors")
		}
	}
}

func BenchmarkCheckEncodingXML(b *testing.B) {
	doc, err := os.ReadFile("testdata/level3-complete.xml")
	require.NoError(b, err)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		tokens(b, doc)
	}
}

// tokens is one pass of encoding/xml over a document, which checks nothing.
func tokens(tb testing.TB, doc []byte) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			tb.Fatal(strconv.Quote(err.Error()))
		}
	}
}

// A hostile document costs no more than its size: every kind of repetition that
// a comparison of neighbours could make slow.
func TestCheckOfHostileDocuments(t *testing.T) {
	t.Parallel()
	doc := golden(t, "level3-minimal")
	const many = 20_000
	for name, c := range map[string]struct{ at, repeated, rule string }{
		"identifiers":  {"<patientRole>", `<id root="1.2" extension="3"/>`, "CDA025"},
		"telecoms":     {"<patientRole>", `<telecom value="tel:1"/>`, "CDA002"},
		"sections":     {"<structuredBody>", `<component><section/></component>`, "CDA040"},
		"unknown":      {"<recordTarget>", "<foo/>", "CDA002"},
		"translations": {"</realmCode>", `<translation code="1" codeSystem="1.2"/>`, "CDA002"},
	} {
		hostile := strings.Replace(doc, c.at, c.at+strings.Repeat(c.repeated, many), 1)
		report := cda.Check([]byte(hostile))
		assert.NotEmpty(t, issues(report, c.rule), name)
		assert.LessOrEqual(t, len(report.Issues), 500, name)
	}
	deep := strings.Replace(doc, "</structuredBody>", strings.Repeat(`<component><section><templateId root="1.2.250.1.213.1.1.2.206"/>`, 100)+
		strings.Repeat("<entry/>", many)+strings.Repeat(`</section></component>`, 100)+"</structuredBody>", 1)
	assert.True(t, cda.Check([]byte(deep)).Truncated)
}

// Checking everything takes about what encoding/xml takes to look at every
// token and check nothing.
func TestPromiseCheck(t *testing.T) {
	promises(t)
	doc := []byte(golden(t, "level3-complete"))
	got := 0.0
	for range 4 {
		if got = max(got, ratio(func() { tokens(t, doc) }, func() { cda.Check(doc) }, 5)); got >= 0.7 {
			break
		}
	}
	t.Logf("encoding/xml takes %.1f times the time of Check", got)
	assert.Greater(t, got, 0.4)
}
