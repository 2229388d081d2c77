package cda_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

func withViewer(c *cda.Config) { c.ViewerURL = "https://images.centre.test/IHEInvokeImageDisplay" }

func build3(tb testing.TB, w *cda.Writer, r cda.Report, s cda.Sections) []byte {
	tb.Helper()
	doc, err := w.Level3(r, s)
	require.NoError(tb, err)
	b, err := doc.Bytes()
	require.NoError(tb, err)
	require.EqualValues(tb, doc.Size(), len(b))
	return b
}

// The official rules are the judge of every shape of structured document.
func TestLevel3OfficialRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for name, d := range structuredSamples(t) {
		file := filepath.Join(dir, name+".xml")
		require.NoError(t, os.WriteFile(file, build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s), 0o600))
		files = append(files, file)
	}
	report := testkit.CDACheck(t, files...)
	assert.Zero(t, report.Errors, report.Output)
	assert.Zero(t, report.Warnings, report.Output)
}

func TestLevel3IsCanonical(t *testing.T) {
	t.Parallel()
	for name, d := range structuredSamples(t) {
		b := build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s)
		body, ok := bytes.CutPrefix(b, []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
		require.True(t, ok, name)
		canonical, err := xmlr.Canonicalize(nil, b, xmlr.Canonical{Mode: xmlr.Inclusive})
		require.NoError(t, err, name)
		assert.Empty(t, testkit.Diff(canonical, body), name)
	}
}

func TestLevel3GoldenDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"level3-minimal", "level3-complete", "level3-acts", "level3-supplied"} {
		d := structuredSamples(t)[name]
		testkit.Golden(t, name+".xml", build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s))
	}
}
