package cda_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/ins/datamatrix"
	"github.com/segur-sdk/segur/internal/testkit"
)

// longSections makes a report of ten pages and more.
func longSections(s cda.Sections) cda.Sections {
	n := cda.Text("Compte rendu détaillé.")
	for i := range 60 {
		n = n.Heading(fmt.Sprintf("Coupe %d", i+1)).Text(strings.Repeat(fmt.Sprintf("La coupe %d montre un parenchyme homogène, sans prise de contraste. ", i+1), 6))
	}
	table := cda.Table{Caption: "Mesures", Header: []string{"Lésion", "Taille", "Siège"}}
	for i := range 120 {
		table.Rows = append(table.Rows, []string{fmt.Sprintf("Lésion %d", i+1), fmt.Sprintf("%d mm", 3+i%9), "segment " + strings.Repeat("I", 1+i%3)})
	}
	s.Results = n.Table(table)
	return s
}

func longPaper(t *testing.T) paper {
	t.Helper()
	r, s := chest(t)
	return onPaper(t, written(t, r, withImages(longSections(s))), qualified)
}

// papers are documents of every shape with their PDF.
func papers(t *testing.T) map[string]paper {
	t.Helper()
	out := map[string]paper{}
	add := func(name string, doc *cda.Parsed, o cda.PDFOptions) { out[name] = onPaper(t, doc, o) }
	for _, name := range []string{"level3-minimal", "level3-complete", "level3-acts", "level3-supplied"} {
		d := structuredSamples(t)[name]
		add(name+"-images", written(t, d.r, withImages(d.s)), qualified)
		golden, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
		require.NoError(t, err)
		doc, err := cda.Parse(golden)
		require.NoError(t, err)
		add(name, doc, cda.PDFOptions{Qualified: true, Environment: segur.Fake, Substitute: true, Logo: keyImage()})
	}
	out["long"] = longPaper(t)
	return out
}

var qualified = cda.PDFOptions{Qualified: true, Environment: segur.Fake}

type paper struct {
	doc *cda.Parsed
	pdf []byte
}

func onPaper(t *testing.T, doc *cda.Parsed, o cda.PDFOptions) paper {
	t.Helper()
	b, err := cda.PDF(doc, o)
	require.NoError(t, err)
	return paper{doc, b}
}

// Preflight of PDFBox takes every one of them, and so does the own check. Every
// text of every section is on the paper, below the heading of its section and in
// the order of the document.
func TestPDFConforms(t *testing.T) {
	t.Parallel()
	all := papers(t)
	conforms(t, all)
	for name, p := range all {
		holdsEveryText(t, name, p)
	}
}

func conforms(t *testing.T, papers map[string]paper) {
	t.Helper()
	all := map[string][]byte{}
	for name, p := range papers {
		all[name] = p.pdf
		assert.Empty(t, pdfa.Check(p.pdf), name)
	}
	require.NoError(t, testkit.PreflightAll(t, all))
}

// The official examples are rendered as faithfully as own documents.
func TestPDFOfOfficialExamples(t *testing.T) {
	t.Parallel()
	all := map[string]paper{}
	for _, name := range []string{"cr-img-n3-minimal", "cr-img-n3-complet", "da-img-minimal"} {
		doc, err := cda.Parse(shared(t, "cda/"+name+".xml"))
		require.NoError(t, err)
		all[name] = onPaper(t, doc, qualified)
		holdsEveryText(t, name, all[name])
	}
	conforms(t, all)
}

func holdsEveryText(t *testing.T, name string, p paper) {
	t.Helper()
	squeeze := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", " ")), "") }
	text := squeeze(paperText(t, p.pdf))
	at, sections := 0, 0
	for s := range p.doc.AllSections() {
		sections++
		i := strings.Index(text[at:], squeeze(s.Title))
		require.GreaterOrEqual(t, i, 0, "%s: the heading of section %d", name, sections)
		at += i + len(squeeze(s.Title))
		if s.Role == cda.RoleCopy {
			continue // its text is its title
		}
		for _, part := range strings.FieldsFunc(s.Text(), func(r rune) bool { return r == '\n' || r == '\t' }) {
			if strings.Contains(text[at:], squeeze(part)) {
				continue
			}
			for word := range strings.FieldsSeq(part) { // a cell of several lines, or a page that ends inside
				require.Contains(t, text[at:], squeeze(word), "%s: section %d", name, sections)
			}
		}
	}
	require.NotZero(t, sections, name)
}

// Each page says whose it is and which document; the count of pages is right.
func TestPDFPagesAreNamed(t *testing.T) {
	t.Parallel()
	p := longPaper(t)
	pages := strings.Split(strings.TrimSuffix(paperText(t, p.pdf), "\f"), "\f")
	require.GreaterOrEqual(t, len(pages), 10)
	for i, page := range pages {
		page = strings.Join(strings.Fields(page), " ")
		assert.Contains(t, page, fmt.Sprintf("%d/%d", i+1, len(pages)))
		assert.Contains(t, page, "Document "+string(p.doc.Header.ID.Root)+", version 2, remplace la version 1.2.250.1.999.5.1")
		assert.Contains(t, page, "FICTIVE-DURAND")
		assert.Contains(t, page, "14/03/1985")
		if i > 0 {
			assert.Contains(t, page, "FICTIVE-DURAND CAMILLE (FICTIVE CAM), née le 14/03/1985 – CT thorax avec contraste IV du 20/01/2026")
		}
	}
	for _, line := range []string{"CENTRE D'IMAGERIE FICTIF", "Nom de naissance FICTIVE-DURAND", "Lieu de naissance LYON (69123)", "demande du 05/01/2026",
		"20/01/2026 de 09:30 à 09:55 (UTC+01:00), par Mme Claude RADIOLOGUE", "ACC-2026-0042, demande D-2026-0007"} {
		assert.Contains(t, pages[0], line)
	}
}

// A decoder of others reads the datamatrix from the page as it is printed.
func TestPDFDatamatrixIsRead(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	pdf := rendered(t, r, s, cda.PDFOptions{})
	payload, err := datamatrix.Encode(r.Patient, segur.Fake)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "page")
	require.NoError(t, testkit.Run(t, pdf, "pdftoppm", "-r", "200", "-png", "-singlefile", "-x", "1100", "-y", "250", "-W", "500", "-H", "500", "-", file).Err())
	out := testkit.Run(t, nil, "dmtxread", "--stop-after=1", "--milliseconds=20000", file+".png")
	require.NoError(t, out.Err())
	assert.Equal(t, string(payload.Bytes()), string(out.Stdout))
	decoded, err := datamatrix.Decode(string(out.Stdout), datamatrix.Options{Environment: segur.Fake})
	require.NoError(t, err)
	assert.Equal(t, r.Patient.INS, decoded.INS)
	assert.Equal(t, r.Patient.Traits.BirthName, decoded.Traits.BirthName)
}
