package cda_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
)

func parse(tb testing.TB, b []byte) *cda.Parsed {
	tb.Helper()
	p, err := cda.Parse(b)
	require.NoError(tb, err)
	return p
}

func content(tb testing.TB, c segur.Content) string {
	tb.Helper()
	rc, err := c.Open()
	require.NoError(tb, err)
	defer func() { require.NoError(tb, rc.Close()) }()
	b, err := io.ReadAll(rc)
	require.NoError(tb, err)
	require.EqualValues(tb, c.Size(), len(b))
	return string(b)
}

// What was read of a report, written again, is the same document to the byte:
// nothing that the writer knows is lost or changed.
func TestReportIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, d := range structuredSamples(t) {
		first := build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s)
		p := parse(t, first)
		require.Empty(t, p.Warnings, name)
		require.NotNil(t, p.Report, name)
		again := build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, p.Report.Sections)
		if name == "level3-supplied" {
			// What the narratives of the caller have no anchor for is not in the
			// document: a second history, the name of a site.
			assert.Equal(t, narratives(t, first), narratives(t, again))
			continue
		}
		assert.Empty(t, testkit.Diff(first, again), name)
	}
}

// The header too: what was read makes the same document, once the status of
// the identity, which no document holds, is given again.
func TestHeaderIsWrittenAgain(t *testing.T) {
	t.Parallel()
	all := structuredSamples(t)
	r, s := chest(t)
	r.PDF = nil
	r.Screening = true
	r.Authenticators = []cda.Signature{{Professional: prescriber(), Time: instant(11, 3, 0)}}
	r.DataEnterer = &cda.DataEnterer{Professional: prescriber(), Time: instant(11, 0, 0)}
	all["level3-details"] = structured{r, s}
	for name, d := range all {
		if name == "level3-supplied" {
			continue
		}
		d.r.ID, d.r.SetID = "1.2.250.1.999.5.77", segur.Identifier{Root: "1.2.250.1.999.5.78"}
		first := build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s)
		p := parse(t, first)
		again := p.AsReport()
		again.Patient.Status = d.r.Patient.Status
		assert.Empty(t, testkit.Diff(first, build3(t, newWriter(t, allowAnyPDF, withViewer), again, p.Report.Sections)), name)
	}
}

// narratives are the texts of all sections.
func narratives(tb testing.TB, b []byte) (out []string) {
	tb.Helper()
	for s := range parse(tb, b).AllSections() {
		out = append(out, string(s.Role)+" "+string(s.NarrativeXML))
	}
	return out
}
