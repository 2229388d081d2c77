package cda_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// knee is the left knee in the words of a radiologist, who leaves the side to
// its own field.
func knee(words string) cda.Site {
	return cda.Site{Code: segur.Code{Code: "361291001"}, Modifier: segur.Code{Code: cda.SiteLeft}, Words: words}
}

// The rules of 2024.01 have no code for a side on a technique: the text is the
// only place that says it, whatever the words for the site.
func TestSideIsNeverLost(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"":                        "région entière du genou, gauche",
		"genou":                   "genou, gauche",
		"genou, rotule comprise":  "genou, rotule comprise, gauche",
		"genou gauche":            "genou gauche",
		"Genou GAUCHE de face":    "Genou GAUCHE de face",
		"genou, à gaucherie près": "genou, à gaucherie près, gauche",
	} {
		r, s := chest(t)
		r.ID, r.SetID.Root = "1.2.250.1.999.5.77", "1.2.250.1.999.5.78"
		s.Acts[0].Site = knee(words)
		doc := build3(t, newWriter(t, allowAnyPDF), r, s)
		assert.Contains(t, string(doc), `<content ID="act1-site">`+want+`</content>`, words)
		p, err := cda.Parse(doc)
		require.NoError(t, err)
		require.Empty(t, p.Warnings)
		got := p.Report.Acts[0].Site
		if !strings.Contains(strings.ToLower(words), "gauche ") && !strings.HasSuffix(words, "gauche") {
			assert.Equal(t, cda.SiteLeft, got.Modifier.Code, words)
			assert.Equal(t, words, got.Words)
		}
		again := p.AsReport()
		again.Patient.Status = segur.Qualified
		assert.Equal(t, string(doc), string(build3(t, newWriter(t, allowAnyPDF), again, p.Report.Sections)), "written again")
	}
}

func TestSideOfWordsMustAgree(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	s.Acts[0].Site = knee("genou droit")
	_, err := newWriter(t, allowAnyPDF).Level3(r, s)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, fields(err), "sections.acts[0].site.words")

	q := completeRequest(t)
	q.Acts[0].Sites = []cda.Site{knee("Genou Droit")}
	_, err = newWriter(t).Request(q)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, fields(err), "acts[0].sites[0].words")

	q.Acts[0].Sites = []cda.Site{knee("genou")}
	doc := buildRequest(t, newWriter(t), q)
	assert.Contains(t, string(doc), ">genou, gauche<")
	p, err := cda.Parse(doc)
	require.NoError(t, err)
	assert.Equal(t, "genou", p.Request.Acts[0].Sites[0].Words)
	assert.Equal(t, cda.SiteLeft, p.Request.Acts[0].Sites[0].Modifier.Code)

	p, err = cda.Parse(bytes.Replace(doc, []byte(">genou, gauche<"), []byte(">genou droit<"), 1))
	require.NoError(t, err)
	require.Len(t, p.Warnings, 1)
	assert.Contains(t, p.Warnings[0].Message, "another side")
}

// A text of the caller takes the place of the one that says the side.
func TestSideInTextOfCaller(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	s.Acts[0].Site = knee("")
	s.Acts[0].Narrative = cda.Text("Scanner du genou.")
	_, err := newWriter(t, allowAnyPDF).Level3(r, s)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, fields(err), "sections.acts[0].site.modifier")
	s.Acts[0].Narrative = cda.Text("Scanner du genou gauche.")
	build3(t, newWriter(t, allowAnyPDF), r, s)
	s.Acts[0].Narrative = cda.Text("Scanner du genou.")
	build3(t, newWriter(t, allowAnyPDF, func(c *cda.Config) { c.TopographicModifiers = true }), r, s)
}
