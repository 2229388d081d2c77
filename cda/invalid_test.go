package cda_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

func allowInvalid(c *cda.Config) { c.AllowInvalid = true }

// judged checks what a writer that allows invalid reports does with one that
// breaks a rule of that field: it refuses it, or says what is wrong with it.
func judged(tb testing.TB, field string, doc *cda.Document, err error) {
	tb.Helper()
	if err != nil {
		require.Nil(tb, doc, field)
		require.Contains(tb, fields(err), field)
		return
	}
	var said []string
	for _, d := range doc.Problems() {
		said = append(said, d.Field)
	}
	require.Contains(tb, said, field)
	b, err := doc.Bytes()
	require.NoError(tb, err, field)
	_, err = cda.Parse(b)
	require.NoError(tb, err, field)
	_ = doc.Header()
}

// On demand a report that breaks a rule is written, and says which.
func TestAllowInvalid(t *testing.T) {
	t.Parallel()
	w := newWriter(t, allowAnyPDF, allowInvalid, withViewer)
	r, s := chest(t)
	r.Orders, r.Authors[1].ID, r.PracticeSetting.Code = nil, "", "CABINET"
	s.Acts[0].Exposure.Doses[0].Value.Unit, s.Conclusion, s.Devices[0].EMDN = "rad", cda.Narrative{}, segur.Code{}
	s.History = cda.History{}
	doc, err := w.Level3(r, s)
	require.NoError(t, err)
	var said []string
	for _, d := range doc.Problems() {
		said = append(said, d.Field)
	}
	assert.ElementsMatch(t, []string{
		"orders", "authors[1].id", "practiceSetting.code", "sections.acts[0].exposure.doses[0].value.unit", "sections.conclusion",
		"sections.devices[0].emdn.code", "sections.devices[0].emdn.display", "sections.history.contraIndications",
	}, said)
	b, err := doc.Bytes()
	require.NoError(t, err)
	assert.Contains(t, string(b), `unit="rad"`)
	assert.Nil(t, section(tree(t, b), "1.2.250.1.213.1.1.2.209"))
	_, err = newWriter(t, allowAnyPDF).Level3(r, s)
	require.ErrorIs(t, err, segur.ErrInvalidInput, "only on demand")

	r = minimal(t)
	r.PDF, r.Acts[0].End = stub(), time.Time{}
	doc, err = w.Level1(r)
	require.NoError(t, err)
	require.Len(t, doc.Problems(), 1)
	doc.Problems()[0].Field = "changed"
	assert.Equal(t, "acts[0].end", doc.Problems()[0].Field)
	doc, err = w.Level1(minimal(t))
	require.NoError(t, err)
	assert.Empty(t, doc.Problems())
}

// What would mix up patients, leak an identity or show a script is never written.
func TestAllowInvalidHasLimits(t *testing.T) {
	t.Parallel()
	w := newWriter(t, allowInvalid)
	for field, edit := range map[string]func(r *cda.Report, s *cda.Sections){
		"patient.traits.birthName": func(r *cda.Report, _ *cda.Sections) { r.Patient.Traits.BirthName = "" },
		"patient.telecoms[0].value": func(r *cda.Report, _ *cda.Sections) {
			r.Patient.Status = segur.Retrieved
			r.Patient.Telecoms = []segur.Telecom{{Value: "mailto:" + r.Patient.INS.Matricule() + "@patient.mssante.fr"}}
		},
		"id":                  func(r *cda.Report, _ *cda.Sections) { r.ID = "1..2" },
		"replaces":            func(r *cda.Report, _ *cda.Sections) { r.Version = 2 },
		"authors":             func(r *cda.Report, _ *cda.Sections) { r.Authors = nil },
		"acts":                func(r *cda.Report, _ *cda.Sections) { r.Acts = nil },
		"sections.acts":       func(_ *cda.Report, s *cda.Sections) { s.Acts = nil },
		"sections.conclusion": func(_ *cda.Report, s *cda.Sections) { s.Conclusion = cda.Markup("<script>x</script>") },
		"sections.results": func(_ *cda.Report, s *cda.Sections) {
			s.Results = cda.Narrative{}.Paragraph(cda.Link("javascript:x", "x"))
		},
		"sections.acts[0].catalog.link": func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.Link = "javascript:x" },
		"sections.attachments[0].content": func(_ *cda.Report, s *cda.Sections) {
			s.Attachments = []cda.Attachment{{Title: "x", Content: segur.BytesContent([]byte("MZ"))}}
		},
		"pdf":                                 func(r *cda.Report, _ *cda.Sections) { r.PDF = stub() },
		"sections.history.noContraIndication": func(_ *cda.Report, s *cda.Sections) { s.History.NoContraIndication = 7 },
	} {
		r, s := minimal(t), minimalSections()
		r.PDF = nil
		edit(&r, &s)
		doc, err := w.Level3(r, s)
		assert.Nil(t, doc, field)
		assert.Contains(t, fields(err), field)
	}
	_, err := w.Level3(cda.Report{}, cda.Sections{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}
