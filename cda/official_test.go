package cda_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The official rules are the judge of documents of every shape: no error and no
// warning, but for the contradictions that are known. One call checks them all.
func TestOfficialRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	file := func(name string, b []byte) {
		path := filepath.Join(dir, name+".xml")
		require.NoError(t, os.WriteFile(path, b, 0o600))
		files = append(files, path)
	}
	for name, r := range samples(t) {
		file("level1-"+name, build(t, newWriter(t), r))
	}
	for name, d := range structuredSamples(t) {
		w := newWriter(t, allowAnyPDF, withViewer)
		if name == "level3-minimal" || name == "level3-supplied" {
			w = newWriter(t, allowAnyPDF) // without link to the images
		}
		file(name, build3(t, w, d.r, d.s))
	}
	for name, q := range requestSamples(t) {
		file(name, buildRequest(t, newWriter(t), q))
	}
	r, d := chest(t)
	var taken int
	d.Results, taken = schemaNarrative(t)
	t.Logf("%d fragments of narrative for the schema to judge", taken)
	file("level3-markup", build3(t, newWriter(t, allowAnyPDF), r, d))
	w := newWriter(t, withViewer) // whose PDF is the one that it made
	d.Results = cda.Text("Examen détaillé.")
	printed, err := w.WithPDF(r, withImages(d), cda.PDFOptions{})
	require.NoError(t, err)
	file("level1-printed", build(t, w, printed))
	file("level3-printed", build3(t, w, printed, withImages(d)))
	known := contradictions(t)
	for name, c := range known {
		file(name, c.xml)
	}
	slices.Sort(files)
	report := testkit.CDACheck(t, files...)
	assert.Equal(t, len(known), report.Errors, report.Output)
	assert.Zero(t, report.Warnings, report.Output)
	for name, c := range known {
		assert.Regexp(t, name+`\.xml.*ERROR \`+strings.TrimSuffix(c.rule, "]")+`\]`, report.Output)
	}
}
