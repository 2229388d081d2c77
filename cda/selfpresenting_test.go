package cda_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

func read(tb testing.TB, c segur.Content) []byte {
	tb.Helper()
	r, err := c.Open()
	require.NoError(tb, err)
	b, err := io.ReadAll(iotest.HalfReader(r))
	require.NoError(tb, err)
	require.NoError(tb, r.Close())
	require.Equal(tb, c.Size(), int64(len(b)))
	return b
}

// presented are documents of both levels, with what they embed.
func presented(tb testing.TB) map[string]*cda.Document {
	tb.Helper()
	m := map[string]*cda.Document{}
	var err error
	m["level1"], err = newWriter(tb).Level1(complete(tb))
	require.NoError(tb, err)
	d := structuredSamples(tb)["level3-complete"]
	m["level3"], err = newWriter(tb, allowAnyPDF).Level3(d.r, d.s)
	require.NoError(tb, err)
	return m
}

func TestSelfPresenting(t *testing.T) {
	t.Parallel()
	for name, doc := range presented(t) {
		plain, self := read(t, doc), read(t, doc.SelfPresenting())
		element := plain[bytes.Index(plain, []byte("<ClinicalDocument")):]
		element = bytes.TrimRight(element, "\n")
		assert.Contains(t, string(self), "<data:Contenu>"+string(element)+"</data:Contenu>", "%s: byte for byte", name)
		assert.True(t, bytes.HasPrefix(self, []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"#\"?>\n<xsl:stylesheet ")))

		header, want := doc.SelfPresenting().Header(), doc.Header()
		assert.True(t, header.SelfPresenting)
		want.SelfPresenting = true
		assert.Equal(t, want, header)
		assert.Equal(t, doc.PDFSHA256(), doc.SelfPresenting().PDFSHA256())
		assert.Equal(t, doc.ID(), doc.SelfPresenting().ID())
		assert.Equal(t, self, read(t, doc.SelfPresenting().SelfPresenting()), "once is enough")

		parsed, err := cda.Parse(self)
		require.NoError(t, err)
		again, err := cda.Parse(plain)
		require.NoError(t, err)
		assert.True(t, parsed.Header.SelfPresenting)
		assert.Equal(t, again.Level, parsed.Level)
		assert.Empty(t, parsed.Warnings)
		assert.Len(t, parsed.Attachments, len(again.Attachments))
		has(t, showHTML(t, self, cda.HTMLOptions{}), "FICTIVE-DURAND")

		root, err := xmlr.Parse(self, xmlr.Options{})
		require.NoError(t, err)
		exclusive := xmlr.Canonical{Mode: xmlr.Exclusive}
		one, err := xmlr.Canonicalize(nil, plain, exclusive)
		require.NoError(t, err)
		exclusive.Apex = root.Find("*", "Contenu/ClinicalDocument")
		two, err := xmlr.Canonicalize(nil, nil, exclusive)
		require.NoError(t, err)
		assert.Equal(t, string(one), string(two), "canonical form")
		assert.Equal(t, "Contenu", root.Children[0].Name.Local, "first child")
		assert.Equal(t, "urn:asip-sante:ci-sis", root.Children[0].Name.Space)
		for n := range root.Walk() {
			assert.NotContains(t, []string{"script", "link", "iframe", "include", "import"}, n.Name.Local)
		}
	}
}

// xsltproc (XSLT 1.0) and Saxon agree with what the style sheet is for.
func TestSelfPresentingInAProcessor(t *testing.T) {
	t.Parallel()
	for name, doc := range presented(t) {
		file := filepath.Join(t.TempDir(), "document.xml")
		require.NoError(t, os.WriteFile(file, read(t, doc.SelfPresenting()), 0o600))
		out := testkit.Run(t, nil, "xsltproc", "--nonet", file, file)
		require.NoError(t, out.Err())
		page := string(out.Stdout)
		wants := []string{"FICTIVE-DURAND", "CAMILLE LUCE", "285036912345656", "ACC-2026-0042", "20/01/2026 à 09:30 (UTC+0100)", "Dominique PRESCRIPTEUR",
			`<td class="b">CAMILLE</td>`, "Enregistrer le PDF", `data="data:application/pdf;base64,JVBERi0`}
		if name == "level3" {
			wants = append(wants, "<h3>Demande d'examen</h3>", "Tabagisme sevré", "312,40 mGy.cm", `src="data:image/jpeg;base64,`, "Après comparaison avec l'examen de 2023")
		}
		for _, want := range wants {
			assert.True(t, strings.Contains(page, want), "%s: %s", name, want)
		}
		for _, never := range []string{"<script", "<link", `href="http`, `src="http`, "urn:hl7-org", "1.2.840.10008.9"} {
			assert.False(t, strings.Contains(page, never), "%s: %s", name, never)
		}
	}
}
