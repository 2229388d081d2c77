package pdfa_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
)

// frenchLetters are the letters and signs of French typography.
const frenchLetters = "àâäæçéèêëîïôœöùûüÿ ÀÂÄÆÇÉÈÊËÎÏÔŒÖÙÛÜŸ « guillemets » “doubles” ‘simples’ l’œil … – — € § ° ª º ² ³ µ ± × ÷ ½ ‰ ≤ ≥ ≠ ≈ → • †"

// kneeReport is a fictional report of one page.
func kneeReport() pdfa.Report {
	return pdfa.Report{
		ID:      "2.999.1.7^CR-2026-0001",
		Created: time.Date(2026, 3, 12, 10, 42, 7, 0, time.FixedZone("", 3600)),
		Title:   "Compte rendu d’IRM du genou gauche",
		Author:  "Dr Élise Noël",
		Subject: "Imagerie médicale",
		Letterhead: []string{
			"Centre d’imagerie des Œillets", "12 rue de l’Île-aux-Cygnes, 75999 Ville-Fictive", "Tél. 01 99 00 00 00",
		},
		Identity: []pdfa.Field{
			{Label: "Patient", Value: "TESTE-MARTIN Zoé, née le 04/02/1979, sexe F"},
			{Label: "Matricule INS", Value: "2 79 02 99 999 999 (identité de test)"},
			{Label: "Acte", Value: "IRM du genou gauche sans injection"},
			{Label: "Date de l’examen", Value: "12 mars 2026, 10 h 15"},
			{Label: "Médecin demandeur", Value: "Dr Paul Garçon\nCabinet médical du Château"},
		},
		Sections: []pdfa.Section{
			{Heading: "Indication", Paragraphs: []string{"Gonalgie interne après entorse. Recherche d’une lésion méniscale ou du ligament croisé antérieur."}},
			{Heading: "Technique", Paragraphs: []string{"Séquences pondérées T1, T2 et densité de protons avec saturation du signal de la graisse, dans les trois plans de l’espace\u202f; coupes de 3\u202fmm."}},
			{Heading: "Résultats", Paragraphs: []string{
				"Fissure horizontale de la corne postérieure du ménisque interne, étendue sur 12\u202fmm, atteignant la surface tibiale (grade 3).",
				"Ligaments croisés continus, de signal normal. Épanchement articulaire de faible abondance (≤\u202f5\u202fmm). Cœur du tendon rotulien homogène.",
				"Mesures\u00a0:\n- cartilage fémoro-tibial interne\u00a0: 2,5\u202f±\u202f0,3\u202fmm\n- kyste poplité\u00a0: 14\u202f×\u202f9\u202f×\u202f22\u202fmm",
			}},
			{Heading: "Conclusion", Paragraphs: []string{"Lésion méniscale interne de grade\u00a03. Pas d’anomalie «\u202fen seau de poignée\u202f»."}},
		},
		RunningHead: "TESTE-MARTIN Zoé, née le 04/02/1979 – IRM du genou gauche du 12 mars 2026",
		Footer:      "Document fictif, produit pour les essais du kit de développement",
	}
}

// longReport is a fictional report of several pages.
func longReport(paragraphs int) pdfa.Report {
	r := kneeReport()
	r.ID += ".long"
	long := pdfa.Section{Heading: "Description détaillée"}
	for i := range paragraphs {
		long.Paragraphs = append(long.Paragraphs, fmt.Sprintf("Niveau %d. ", i+1)+strings.Repeat("Aucune anomalie de signal décelée à l’étage étudié, ni épaississement, ni collection. ", 6))
	}
	r.Sections = append(r.Sections[:3:3], long, r.Sections[3])
	return r
}

func build(t testing.TB, r pdfa.Report) []byte {
	t.Helper()
	b, err := pdfa.Build(r)
	require.NoError(t, err)
	return b
}

// reports are the samples that the judges see.
func reports() map[string]pdfa.Report {
	letters := kneeReport()
	letters.ID += ".letters"
	letters.Title = "Œuvre d’été : « ÇA »"
	letters.Sections = []pdfa.Section{
		{Heading: frenchLetters, Paragraphs: []string{frenchLetters, "Ελληνικά, Русский, Łódź\t(tabulation), césure\u00adconditionnelle, trait d\u2011union insécable"}},
		{Paragraphs: []string{strings.Repeat("mot", 80), "", "dernier\n\nalinéa"}},
	}
	minimal := pdfa.Report{ID: "x", Created: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Title: "A & B < C"}
	return map[string]pdfa.Report{"knee": kneeReport(), "long": longReport(12), "letters": letters, "minimal": minimal}
}

func TestPreflightAcceptsEveryReport(t *testing.T) {
	t.Parallel()
	pdfs := map[string][]byte{}
	for name, r := range reports() {
		pdfs[name] = build(t, r)
	}
	for name, r := range blockReports(t) {
		pdfs[name] = build(t, r)
	}
	for seed := range uint64(4) {
		pdfs[fmt.Sprint("random", seed)] = build(t, newRandomReport(t, seed).report)
	}
	require.NoError(t, testkit.PreflightAll(t, pdfs))
	for name, pdf := range pdfs {
		assert.Empty(t, pdfa.Check(pdf), name)
	}
}

func TestGoldenBytes(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "knee.pdf", build(t, kneeReport()))
}

func TestTextCanBeExtractedUnchanged(t *testing.T) {
	t.Parallel()
	r := reports()["letters"]
	out := string(testkit.Run(t, build(t, r), "pdftotext", "-enc", "UTF-8", "-raw", "-", "-").Stdout)
	flat := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{
		strings.Join(strings.Fields(frenchLetters), " "), "Œuvre d’été : « ÇA »", "Ελληνικά, Русский, Łódź", "trait d\u2011union", "1/1",
		"TESTE-MARTIN Zoé, née le 04/02/1979, sexe F", "Cabinet médical du Château",
	} {
		assert.Contains(t, flat, want)
	}
	assert.Equal(t, 240, 3*strings.Count(strings.ReplaceAll(out, "\n", ""), "mot"), "an overlong word is cut, not lost")
}

func TestPages(t *testing.T) {
	t.Parallel()
	r := longReport(12)
	b := build(t, r)
	pages := bytes.Split(testkit.Run(t, b, "pdftotext", "-enc", "UTF-8", "-raw", "-", "-").Stdout, []byte("\f"))
	require.Len(t, pages, 4, "three pages and what follows the last form feed")
	for i, p := range pages[:3] {
		assert.Contains(t, string(p), fmt.Sprintf("%d/3", i+1))
		assert.Contains(t, string(p), r.Footer)
		assert.Equal(t, i > 0, strings.Contains(string(p), r.RunningHead), "page %d", i+1)
	}
	for i := range 12 {
		assert.Equal(t, 1, bytes.Count(bytes.Join(pages, nil), fmt.Appendf(nil, "Niveau %d. ", i+1)))
	}
}

func TestSmallReportStaysSmall(t *testing.T) {
	t.Parallel()
	assert.Less(t, len(build(t, kneeReport())), 60_000)
	assert.Less(t, len(build(t, longReport(12))), 100_000)
}

func TestBytesDependOnTheReportOnly(t *testing.T) {
	t.Parallel()
	want := build(t, kneeReport())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			got, err := pdfa.Build(kneeReport())
			assert.NoError(t, err)
			assert.True(t, bytes.Equal(want, got))
		})
	}
	wg.Wait()
	other := kneeReport()
	other.ID += ".2"
	got := build(t, other)
	assert.Len(t, got, len(want))
	assert.False(t, bytes.Equal(want, got), "the identifier is in the trailer")
}

func TestBuildDoesNotChangeTheReport(t *testing.T) {
	t.Parallel()
	r := kneeReport()
	r.Identity[0].Value = "E\u0301lise\r\nNoël"
	r.Sections[0].Paragraphs[0] = "re\u0301sume\u0301"
	composed := kneeReport()
	composed.Identity[0].Value = "Élise\nNoël"
	composed.Sections[0].Paragraphs[0] = "résumé"
	assert.Equal(t, build(t, composed), build(t, r))
	assert.Equal(t, "E\u0301lise\r\nNoël", r.Identity[0].Value)
	assert.Equal(t, "re\u0301sume\u0301", r.Sections[0].Paragraphs[0])
}

func TestInputErrorsAreReportedTogether(t *testing.T) {
	t.Parallel()
	_, err := pdfa.Build(pdfa.Report{
		Language:   "français",
		Title:      "Titre\ndouble",
		Letterhead: []string{"ok", "\xff"},
		Identity:   []pdfa.Field{{Label: "Nom", Value: "田中 et 田"}},
		Sections:   []pdfa.Section{{Heading: "☑", Paragraphs: []string{"fine", "x\u0302 \x00"}}},
	})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	got := map[string]string{}
	for _, d := range e.Details {
		got[d.Field] = d.Message
	}
	const cannot = "holds characters that cannot be printed: "
	assert.Equal(t, map[string]string{
		"id":                        "is required",
		"created":                   "is required",
		"language":                  "must be a language tag such as fr-FR",
		"title":                     "must not hold a line break",
		"letterhead[1]":             "must be UTF-8",
		"identity[0].value":         cannot + "U+7530, U+4E2D",
		"sections[0].heading":       cannot + "U+2611",
		"sections[0].paragraphs[1]": cannot + "U+0302, U+0000",
	}, got)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*pdfa.Report)
		want   string
	}{
		"text":         {func(r *pdfa.Report) { r.Sections[0].Paragraphs[0] = strings.Repeat("a", pdfa.MaxTextBytes) }, "the texts hold more than"},
		"pages":        {func(r *pdfa.Report) { r.Sections[0].Paragraphs[0] = strings.Repeat("\n", 60_000) }, "more than 999 pages"},
		"running head": {func(r *pdfa.Report) { r.RunningHead = strings.Repeat("nom ", 200) }, "runningHead takes more than 3 lines"},
		"footer":       {func(r *pdfa.Report) { r.Footer = strings.Repeat("pied ", 200) }, "footer takes more than 3 lines"},
		"characters":   {func(r *pdfa.Report) { r.Title = "一二三四五六七八九十百千" }, "U+5341, and 2 more"},
		"year":         {func(r *pdfa.Report) { r.Created = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }, "created must have a year of four digits"},
		"author":       {func(r *pdfa.Report) { r.Author = "a\x01" }, "author holds characters that cannot be printed: U+0001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := kneeReport()
			tc.change(&r)
			_, err := pdfa.Build(r)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

func TestOldTimeZoneKeepsTheInstant(t *testing.T) {
	t.Parallel()
	r := kneeReport()
	r.Created = time.Date(1900, 1, 1, 0, 9, 21, 0, time.FixedZone("LMT", 561))
	b := build(t, r)
	assert.Contains(t, string(b), "(D:19000101000000+00'00')")
	assert.Contains(t, string(b), "<xmp:CreateDate>1900-01-01T00:00:00+00:00<")
}
