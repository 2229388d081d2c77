package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// files are what -out leaves, but for broken.xml.
var files = []string{"level1.xml", "level3.xml", "request.xml", "level3.html", "level3.pdf"}

// fixedOptions make the same documents at every run.
func fixedOptions(out string) options {
	return options{
		out: out, lang: segur.FR, ids: segur.NewIDSource(fixed.Rand(1)),
		now: func() time.Time { return time.Date(2026, 1, 20, 11, 5, 0, 0, time.FixedZone("CET", 3600)) },
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	require.NoError(t, run(fixedOptions(""), &stdout))
	scenes := strings.Split(stdout.String(), "\n\n")
	require.Greater(t, len(scenes), 6)
	for i, want := range [][]string{
		{"fictional persons"},
		{"INS same, birth name same, birth date same", "request.xml", "level3.xml", "document 1.2.250.1.999.5."},
		{"level3.html", "level3.pdf", "level1.xml"},
		{"imaging request, level 3", "asked for   Scanner/TDM, thorax entier", "Toux persistante", "by Dominique PRESCRIPTEUR",
			"imaging report, level 3", "CT thorax avec contraste IV, CT, study 1.2.250.1.999.4.1001", "80 mL at 3.5 mL/s, lot LOT0042",
			"312.40 mGy.cm", "8.10 mGy", "https://images.centre.test/IHEInvokeImageDisplay?", "conclusion  Micronodule apical droit de 4 mm, stable.",
			"imaging report, level 1", "the PDF that went in: true, PDF/A-1: nothing to object", "FICTIVE-DURAND CAMILLE, F, born 1985-03-14 in 69123"},
		{"type 55115-0, class 42, format urn:ans:ci-sis:img-da:2022", "type 18748-4, class 31, format urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
			"type 18748-4, class 31, format urn:ihe:iti:xds-sd:pdf:2008", "accession ACC-2026-0042", "order D-2026-0007",
			"request and report: true; report and one of a twin: false"},
		{"patient.traits.birthPlace", "orders ", "practiceSetting.code", "acts[0].end", "version", "sections.acts[0].exposure", "sections.conclusion"},
		{"- a digit of the matricule was changed", "- the conclusion was left out"},
	} {
		for _, w := range want {
			assert.Contains(t, scenes[i], w, "scene %d", i)
		}
	}
	assert.Equal(t, 3, strings.Count(scenes[3], "0 errors, 0 warnings"))
	explained := scenes[7]
	for _, want := range []string{
		"broken.xml : compte rendu d'imagerie, niveau 3 ; erreurs : 10",
		"erreur CDA012  une heure s'écrit avec son décalage horaire", "erreur CDA020  le matricule INS est faux",
		"/ClinicalDocument/recordTarget/patientRole/id[1]", "report.patient.ins | ",
		"le code SCANNER n'est pas dans le jeu de valeurs JDV_ModaliteAcquisition_CISIS", "la section « Conclusion »",
		"l'unité mGycm n'est pas une unité UCUM", "erreur CDA043", "erreur CDA003",
		"level1.xml, a text in place of its PDF", "erreur CDA050  le contenu n'est pas un PDF",
		"request.xml, cut in the middle", "erreur CDA001  le document est tronqué",
	} {
		assert.Contains(t, explained, want)
	}
	for _, secret := range []string{"FICTIVE", "CAMILLE", "2850369123"} {
		assert.NotContains(t, explained, secret, "a check holds nothing of the patient")
	}
}

// The documents that the story leaves are those that the official rules and
// Preflight take.
func TestDocumentsAreAccepted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, run(fixedOptions(dir), io.Discard))
	pdf, err := os.ReadFile(filepath.Join(dir, "level3.pdf"))
	require.NoError(t, err)
	assert.Empty(t, pdfa.Check(pdf))
	level1, err := os.ReadFile(filepath.Join(dir, "level1.xml"))
	require.NoError(t, err)
	document, err := cda.Parse(level1)
	require.NoError(t, err)
	body, err := document.Body()
	require.NoError(t, err)
	r, err := body.Open()
	require.NoError(t, err)
	embedded, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())

	t.Run("PDF", func(t *testing.T) {
		t.Parallel()
		assert.NoError(t, testkit.PreflightAll(t, map[string][]byte{"level3": pdf, "level1": embedded}))
	})
	t.Run("CDA", func(t *testing.T) {
		t.Parallel()
		report := testkit.CDACheck(t, filepath.Join(dir, "level1.xml"), filepath.Join(dir, "level3.xml"), filepath.Join(dir, "request.xml"))
		assert.NoError(t, report.Err())
		assert.Zero(t, report.Warnings, report.Output)
	})
}

// The same examination, clock and identifiers give the same files; nobody else
// reads them, and nothing is overwritten.
func TestFiles(t *testing.T) {
	t.Parallel()
	first, second := t.TempDir(), filepath.Join(t.TempDir(), "new")
	var stdout bytes.Buffer
	require.NoError(t, run(fixedOptions(first), &stdout))
	assert.Contains(t, stdout.String(), "the documents are in "+first)
	require.NoError(t, run(fixedOptions(second), io.Discard))
	for _, name := range append([]string{"broken.xml"}, files...) {
		a, err := os.ReadFile(filepath.Join(first, name))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(second, name))
		require.NoError(t, err)
		assert.Empty(t, testkit.Diff(a, b), name)
		info, err := os.Stat(filepath.Join(first, name))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	page, err := os.ReadFile(filepath.Join(first, "level3.html"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "data:image/png;base64,", "the INS datamatrix of a qualified identity")

	err = run(fixedOptions(first), io.Discard)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "must be empty")
	err = run(fixedOptions("main.go"), io.Discard)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "cannot be made")
}

// Each damage breaks the rule that it is about, alone.
func TestEachDamageIsFound(t *testing.T) {
	t.Parallel()
	o := fixedOptions("")
	exam, err := fictional(o.now())
	require.NoError(t, err)
	writer, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: oidRoot, Clock: o.now, IDs: o.ids})
	require.NoError(t, err)
	level3, err := writer.Level3(fill(exam, ask(exam)))
	require.NoError(t, err)
	document, err := parsed(level3)
	require.NoError(t, err)
	require.Empty(t, cda.Check(document.Raw).Issues)

	all, err := damages(exam, document)
	require.NoError(t, err)
	want := [][]string{{"CDA020"}, {"CDA012"}, {"CDA031", "CDA043", "CDA046"}, {"CDA004", "CDA030"}, {"CDA043"}, {"CDA045"}, {"CDA003"}, {"CDA040"}}
	require.Len(t, all, len(want))
	for i, d := range all {
		broken, err := spoil(document.Raw, all[i:i+1])
		require.NoError(t, err, d.what)
		found := map[string]bool{}
		for _, issue := range cda.Check(broken).Issues {
			found[issue.Rule] = true
			assert.NotEmpty(t, issue.Text.FR, issue.Rule)
			assert.NotEmpty(t, issue.Text.EN, issue.Rule)
			assert.NotEmpty(t, issue.Path, issue.Rule)
		}
		rules := map[string]bool{}
		for _, rule := range want[i] {
			rules[rule] = true
		}
		assert.Equal(t, rules, found, d.what)
	}

	_, err = spoil([]byte("<ClinicalDocument/>"), all)
	assert.ErrorContains(t, err, "not found")
	_, err = otherPDF(document.Raw)
	assert.ErrorContains(t, err, "embeds no PDF")
	document.Sections = nil
	_, err = damages(exam, document)
	assert.ErrorContains(t, err, "no conclusion")
}
