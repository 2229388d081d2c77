package cda_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// Each change breaks one rule of a complete structured report: the error names
// that field and no other.
func TestEverySectionRule(t *testing.T) {
	t.Parallel()
	code := func(c string) segur.Code { return segur.Code{Code: c} }
	for _, tc := range []struct {
		field string
		edit  func(r *cda.Report, s *cda.Sections)
	}{
		{"sections.addendum", func(r *cda.Report, s *cda.Sections) { r.Version, r.Replaces = 1, segur.Identifier{} }},
		{"sections.addendum.text", func(_ *cda.Report, s *cda.Sections) { s.Addendum.Text = cda.Text(" \n ") }},
		{"sections.addendum.author.id", func(_ *cda.Report, s *cda.Sections) { s.Addendum.Author.ID = "" }},
		{"sections.addendum.author.specialty.code", func(_ *cda.Report, s *cda.Sections) { s.Addendum.Author.Specialty = code("x") }},
		{"sections.addendum.author.time", func(_ *cda.Report, s *cda.Sections) { s.Addendum.Author.Time = instant(11, 0, 0).AddDate(0, 1, 0) }},
		{"sections.question", func(_ *cda.Report, s *cda.Sections) { s.Question = cda.ClinicalQuestion{Justification: " \n"} }},
		{"sections.question.narrative", func(_ *cda.Report, s *cda.Sections) { s.Question.Narrative = cda.Markup("<p>x</p>") }},

		{"sections.history.contraIndications", func(_ *cda.Report, s *cda.Sections) { s.History.ContraIndications = nil }},
		{"sections.history.noContraIndication", func(_ *cda.Report, s *cda.Sections) { s.History.NoContraIndication = cda.NotSought }},
		{"sections.history.noContraIndication", func(_ *cda.Report, s *cda.Sections) { s.History.NoContraIndication = 9 }},
		{"sections.history.contraIndications[0].code", func(_ *cda.Report, s *cda.Sections) { s.History.ContraIndications[0].Code = code("MED-1130") }},
		{"sections.history.contraIndications[1].system", func(_ *cda.Report, s *cda.Sections) {
			s.History.ContraIndications[1].Code = segur.Code{Code: "N18.9", System: "1.2.3"}
		}},
		{"sections.history.contraIndications[0].comment", func(_ *cda.Report, s *cda.Sections) {
			s.History.ContraIndications[0] = cda.ContraIndication{Code: code(cda.ContraOther), Comment: " "}
		}},
		{"sections.history.narrative", func(_ *cda.Report, s *cda.Sections) {
			s.History.Narrative = cda.Narrative{}.Paragraph(cda.Anchor("medical1", "a"), cda.Anchor("medical1", "b"))
		}},

		{"sections.acts", func(_ *cda.Report, s *cda.Sections) { s.Acts = nil }},
		{"sections.acts", func(_ *cda.Report, s *cda.Sections) { s.Acts = append(s.Acts, s.Acts[0]) }},
		{"sections.acts", func(r *cda.Report, s *cda.Sections) {
			again := r.Acts[0]
			again.StudyUID = "1.2.250.1.999.4.1009"
			r.Acts = append(r.Acts, again)
		}},
		{"acts[1].start", func(r *cda.Report, s *cda.Sections) {
			again := r.Acts[0]
			again.StudyUID, again.Start, again.End = "1.2.250.1.999.4.1009", time.Time{}, time.Time{}
			r.Acts, s.Acts = append(r.Acts, again), append(s.Acts, s.Acts[0])
		}},
		{"acts[0].end", func(r *cda.Report, _ *cda.Sections) { r.Acts[0].End = r.Acts[0].Start }},
		{"sections.acts[0].site.code.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Site.Code = segur.Code{} }},
		{"sections.acts[0].site.code.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Site.Code = code(cda.RegionThorax) }},
		{"sections.acts[0].site.modifier.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Site.Modifier = code("gauche") }},
		{"sections.acts[0].site.modifier", func(r *cda.Report, s *cda.Sections) {
			r.Acts[0].Code.Display, s.Acts[0].Site.Modifier = "CT épaule - gauche sans contraste", code(cda.SiteRight)
		}},
		{"sections.acts[0].site.modifier", func(r *cda.Report, s *cda.Sections) {
			r.Acts[0].Code.Display, s.Acts[0].Site.Modifier = "CT épaule - droite", code(cda.SiteLeft)
		}},
		{"sections.acts[0].complications", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Complications = cda.Markup("a<b") }},
		{"sections.acts[0].narrative", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Narrative = cda.Markup("<table/>") }},

		{"sections.acts[0].products[0].name", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].Name = "" }},
		{"sections.acts[0].products[0].cip.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].CIP.Code = "34009369156" }},
		{"sections.acts[0].products[0].cip.display", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].CIP.Display = "" }},
		{"sections.acts[0].products[0].ucd.system", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].UCD.System = "1.2.250.1.213.2.62" }},
		{"sections.acts[0].products[0].atc.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].ATC.Code = "V8AB11" }},
		{"sections.acts[0].products[0].route.code", func(_ *cda.Report, s *cda.Sections) {
			s.Acts[0].Products[0].Route = segur.Code{Code: "IV", Display: "IV"}
		}},
		{"sections.acts[0].products[0].route.display", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].Route = code("20001000") }},
		{"sections.acts[0].products[0].dose.value", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].Dose.Value = "80,5" }},
		{"sections.acts[0].products[0].dose.value", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].Dose.Value = "-80" }},
		{"sections.acts[0].products[0].dose.unit", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].Dose.Unit = "cc" }},
		{"sections.acts[0].products[0].rate.unit", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Products[0].Rate.Unit = "" }},

		{"sections.acts[0].exposure", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure = nil }},
		{"sections.acts[0].exposure", func(r *cda.Report, s *cda.Sections) { r.Acts[0].Modalities = []segur.Code{{Code: "MR"}, {Code: "US"}} }},
		{"sections.acts[0].exposure.authorizedBy.id", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.AuthorizedBy.ID = "1234567890" }},
		{"sections.acts[0].exposure.pregnancy.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.Pregnancy = segur.Code{} }},
		{"sections.acts[0].exposure.pregnancy.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.Pregnancy = code("non") }},
		{"sections.acts[0].exposure.doses[0].code.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.Doses[0].Code = code("113814") }},
		{"sections.acts[0].exposure.doses[0].value.unit", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.Doses[0].Value.Unit = "mGy" }},
		{"sections.acts[0].exposure.doses[1].value.unit", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.Doses[1].Value.Unit = "" }},
		{"sections.acts[0].exposure.doses[0].value.value", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.Doses[0].Value.Value = "" }},
		{"sections.acts[0].exposure.doses[1].time", func(_ *cda.Report, s *cda.Sections) {
			s.Acts[0].Exposure.Doses[1].Time = instant(0, 0, 0).AddDate(1, 0, 0)
		}},
		{"sections.acts[0].exposure.doses[1].site.code.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Exposure.Doses[1].Site.Code = segur.Code{} }},
		{"sections.acts[0].exposure.radiopharmaceutical.dose", func(_ *cda.Report, s *cda.Sections) {
			s.Acts[0].Exposure.Radiopharmaceutical = &cda.Radiopharmaceutical{Name: "TRACEUR"}
		}},
		{"sections.acts[0].exposure.radiopharmaceutical.dose.unit", func(_ *cda.Report, s *cda.Sections) {
			s.Acts[0].Exposure.Radiopharmaceutical = &cda.Radiopharmaceutical{Name: "TRACEUR", Dose: cda.Quantity{Value: "250", Unit: "mL"}}
		}},
		{"sections.acts[0].exposure.narrative", func(_ *cda.Report, s *cda.Sections) {
			s.Acts[0].Exposure.Narrative = cda.Narrative{}.Paragraph(cda.Anchor("1", "x"))
		}},

		{"sections.acts[0].catalog.seriesUID", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.SeriesUID = "" }},
		{"sections.acts[0].catalog.seriesUID", func(r *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.SeriesUID = r.Acts[0].StudyUID }},
		{"sections.acts[0].catalog.instanceUID", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.InstanceUID = "1.2.03" }},
		{"sections.acts[0].catalog.instanceUID", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.InstanceUID = s.Acts[0].Catalog.SeriesUID }},
		{"sections.acts[0].catalog.sopClass.code", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.SOPClass = segur.Code{} }},
		{"sections.acts[0].catalog.sopClass.display", func(_ *cda.Report, s *cda.Sections) {
			s.Acts[0].Catalog.SOPClass = code("1.2.840.10008.5.1.4.1.1.77.1.4")
		}},
		{"sections.acts[0].catalog.modality", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.Modality = code("MR") }},
		{"sections.acts[0].catalog.link", func(_ *cda.Report, s *cda.Sections) { s.Acts[0].Catalog.Link = "http://images.test/x" }},
		{"sections.acts[0].catalog.link", func(_ *cda.Report, s *cda.Sections) {
			s.Acts[0].Catalog.Link = "https://images.test/x? requestType=STUDY"
		}},

		{"sections.devices[0].emdn.code", func(_ *cda.Report, s *cda.Sections) { s.Devices[0].EMDN.Code = "injecteur" }},
		{"sections.devices[0].emdn.display", func(_ *cda.Report, s *cda.Sections) { s.Devices[0].EMDN.Display = "" }},
		{"sections.devices[0].udi.root", func(_ *cda.Report, s *cda.Sections) { s.Devices[0].UDI.Root = "GS1" }},
		{"sections.devices[0].since", func(_ *cda.Report, s *cda.Sections) { s.Devices[0].Since = instant(0, 0, 0).AddDate(1, 0, 0) }},
		{"sections.devicesNarrative", func(_ *cda.Report, s *cda.Sections) { s.Devices, s.DevicesNarrative = nil, cda.Text("Injecteur") }},

		{"sections.results", func(_ *cda.Report, s *cda.Sections) { s.Results = cda.Narrative{}.Paragraph(cda.Image("absente")) }},
		{"sections.results", func(_ *cda.Report, s *cda.Sections) {
			s.Results = cda.Narrative{}.Paragraph(cda.Link("javascript:alert(1)", "x"))
		}},
		{"sections.priorResults", func(_ *cda.Report, s *cda.Sections) { s.PriorResults = cda.Markup("<script>alert(1)</script>") }},
		{"sections.comparison", func(_ *cda.Report, s *cda.Sections) { s.Comparison = cda.Markup("</text><text>") }},
		{"sections.conclusion", func(_ *cda.Report, s *cda.Sections) { s.Conclusion = cda.Narrative{} }},
		{"sections.conclusion", func(_ *cda.Report, s *cda.Sections) { s.Conclusion = cda.Narrative{}.Paragraph().List(" ") }},
		{"sections.conclusion", func(_ *cda.Report, s *cda.Sections) {
			s.Conclusion = cda.Markup(`<content ID="a">x</content>`).Add(cda.Markup(`<content ID="a">y</content>`))
		}},
		{"sections.patientInformation", func(_ *cda.Report, s *cda.Sections) {
			s.PatientInformation = cda.Markup(`<linkHtml href="file:///etc/passwd">x</linkHtml>`)
		}},

		{"sections.attachments[0].title", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].Title = " " }},
		{"sections.attachments[0].id", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].ID = "a b" }},
		{"sections.attachments[1].id", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].ID = "cle" }},
		{"sections.attachments[0].type.code", func(_ *cda.Report, s *cda.Sections) {
			s.Attachments[0].Type = segur.Code{Code: "18748-5", Display: "x"}
		}},
		{"sections.attachments[0].date", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].Date = segur.NewDate(2026, 13, 1) }},
		{"sections.attachments[0].mediaType", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].MediaType = "image/png" }},
		{"sections.attachments[0].content", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].Content = nil }},
		{"sections.attachments[0].content", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].Content = segur.BytesContent(nil) }},
		{"sections.attachments[0].content", func(_ *cda.Report, s *cda.Sections) {
			s.Attachments[0].Content = segur.BytesContent([]byte("\x89PNG\r\n"))
		}},
		{"sections.attachments[0].content", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].Content = segur.BytesContent(samplePDF()[:100]) }},
		{"sections.attachments[1].content", func(_ *cda.Report, s *cda.Sections) { s.Attachments[1].Content = stub() }},
		{"sections.attachments[1].content", func(_ *cda.Report, s *cda.Sections) { s.Attachments[1].Content = segur.BytesContent(jpeg()[:40]) }},
		{"sections.attachments[0].content", func(_ *cda.Report, s *cda.Sections) {
			s.Attachments[0].Content = sized{10, bytes.NewReader(samplePDF())}
		}},
		{"sections.attachments[0].content", func(_ *cda.Report, s *cda.Sections) {
			s.Attachments[0].Content = sized{10, iotest.ErrReader(context.Canceled)}
		}},
		{"sections.attachments[0].content", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].Content = sized{10, nil} }},
		{"sections.attachments[1].content", func(_ *cda.Report, s *cda.Sections) { s.Attachments[0].Content = bigPDF(cda.DefaultMaxPDFBytes) }},
		{"pdf", func(r *cda.Report, _ *cda.Sections) { r.PDF = segur.BytesContent([]byte("<html>")) }},
	} {
		r, s := chest(t)
		tc.edit(&r, &s)
		doc, err := newWriter(t, allowAnyPDF).Level3(r, s)
		require.Nil(t, doc, tc.field)
		lax, laxErr := newWriter(t, allowAnyPDF, allowInvalid, withViewer).Level3(r, s)
		judged(t, tc.field, lax, laxErr)
		if !assert.ErrorIs(t, err, segur.ErrInvalidInput, tc.field) {
			continue
		}
		assert.Equal(t, []string{tc.field}, slices.Compact(fields(err)), err.Error())
		for _, secret := range []string{"FICTIVE", r.Patient.INS.Body(), "alert", "passwd", "Asthme"} {
			assert.NotContains(t, err.Error(), secret, tc.field)
		}
	}
}

// Header and body are checked together.
func TestLevel3ReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := newWriter(t).Level3(cda.Report{Acts: []cda.Act{{}}}, cda.Sections{Acts: []cda.ActSection{{Exposure: &cda.Exposure{Doses: []cda.Dose{{}}}}}})
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, "cda.level3", e.Op)
	assert.Subset(t, fields(err), []string{
		"authors", "orders", "acts[0].studyUID", "acts[0].start", "practiceSetting.code", "sections.question", "sections.conclusion",
		"sections.history.contraIndications", "sections.acts[0].site.code.code", "sections.acts[0].catalog.seriesUID",
		"sections.acts[0].catalog.instanceUID", "sections.acts[0].catalog.sopClass.code", "sections.acts[0].exposure.pregnancy.code",
		"sections.acts[0].exposure.doses[0].code.code", "sections.acts[0].exposure.doses[0].value.value",
	})
	assert.NotContains(t, fields(err), "pdf", "the PDF is optional at level 3")
	_, err = newWriter(t).Level3(cda.Report{}, cda.Sections{})
	assert.Contains(t, fields(err), "acts", "no act")
}

// What is harmless is put right.
func TestSectionsPutRight(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	r.Patient.Traits.Sex = segur.Male
	s.Acts[0].Exposure.Pregnancy = segur.Code{}
	s.Acts[0].Exposure.AuthorizedBy = nil
	s.Acts[0].Catalog.Link = " https://images.test/x "
	b := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	assert.Contains(t, b, `code="60001007"`, "the rules want the status of a man too")
	assert.Contains(t, b, "<th>Exposition autorisée par</th><td><content ID=\"act1.exposure-authorization\">Mme Claude RADIOLOGUE</content>", "the performer")
	assert.Contains(t, b, `<reference value="https://images.test/x">`)
	assert.Contains(t, b, `<low unit="mL" value="80">`, "ml")

	before, _ := chest(t)
	_, again := chest(t)
	r, s = chest(t)
	_, err := newWriter(t, allowAnyPDF).Level3(r, s)
	require.NoError(t, err)
	assert.Equal(t, before, r, "the report of the caller is left alone")
	assert.Equal(t, again, s, "and so are the sections")
}

func TestUnlistedCodesInSections(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	s.Acts[0].Site.Code = segur.Code{Code: "12345009", System: "2.16.840.1.113883.6.96", Display: "nouveau site"}
	s.Acts[0].Products[0].Dose.Unit = "[arb'U]"
	s.Acts[0].Products[1].Route = segur.Code{Code: "20001000", Display: "Voie auriculaire"} // outside of the part copied here
	s.Acts[0].Exposure.Doses[2] = cda.Dose{Code: segur.Code{Code: "113999", System: "1.2.840.10008.2.16.4", Display: "Nouvelle mesure"}, Value: cda.Quantity{Value: "1", Unit: "Gy"}}
	_, err := newWriter(t, allowAnyPDF).Level3(r, s)
	assert.Equal(t, []string{"sections.acts[0].exposure.doses[2].code.code", "sections.acts[0].products[0].dose.unit", "sections.acts[0].site.code.code"}, fields(err))
	b := string(build3(t, newWriter(t, allowAnyPDF, func(c *cda.Config) { c.AllowUnlistedCodes = true }), r, s))
	for _, want := range []string{"nouveau site", "[arb'U]", "Voie auriculaire", `unit="Gy" value="1"`} {
		assert.Contains(t, b, want)
	}
}

func TestViewerConfig(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"images", "http://images.test/x", "https://user:pw@images.test/x", "https:///x", "https://images.test/x y", "javascript:x", "https://images.test/{autre}"} {
		_, err := cda.New(cda.Config{Environment: segur.Fake, ViewerURL: bad})
		assert.Equal(t, []string{"viewerURL"}, fields(err), bad)
	}
}

func TestViewerLink(t *testing.T) {
	t.Parallel()
	accession := segur.Identifier{Root: "1.2.3", Extension: "ACC 43/é&x"}
	assert.Equal(t, "https://h.test/IHEInvokeImageDisplay?requestType=STUDY&studyUID=1.2.4&Accessionnumber=1.2.3.ACC+43%2F%C3%A9%26x&idCDA=1.2.5",
		cda.ViewerLink("https://h.test/IHEInvokeImageDisplay", "1.2.4", accession, "1.2.5"))
	assert.Equal(t, "https://h.test/1.2.4/1.2.3", cda.ViewerLink("https://h.test/{study}/{accession}", "1.2.4", segur.Identifier{Root: "1.2.3"}, "1.2.5"))
	assert.Equal(t, "https://h.test/A", cda.ViewerLink("https://h.test/{accession}", "1.2.4", segur.Identifier{Extension: "A"}, "1.2.5"))
	assert.Equal(t, "https://h.test/{x}/%7Bstudy%7D/{/1.2.5{document", cda.ViewerLink("https://h.test/{x}/{accession}/{/{document}{document", "1.2.4", segur.Identifier{Extension: "{study}"}, "1.2.5"),
		"what is no placeholder stays, what is put in a place is none")
}

func TestSectionsPrintRedacted(t *testing.T) {
	t.Parallel()
	_, s := chest(t)
	for _, v := range []any{s, &s, s.Conclusion} {
		var b strings.Builder
		for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
			b.WriteString(fmt.Sprintf(f, v))
		}
		assert.NotContains(t, b.String(), "Micronodule")
		assert.NotContains(t, b.String(), "Asthme")
	}
	assert.Equal(t, "cda.Sections(redacted)", s.LogValue().String())
	assert.Equal(t, "cda.Narrative(redacted)", s.Conclusion.LogValue().String())
}

func TestIDSourceFailsInSections(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	r.ID = "1.2.250.1.999.5.7"
	w := newWriter(t, allowAnyPDF, func(c *cda.Config) {
		c.IDs = segur.NewIDSource(io.MultiReader(io.LimitReader(fixed.Rand(1), 160), iotest.ErrReader(io.ErrNoProgress)))
	})
	_, err := w.Level3(r, s)
	require.ErrorIs(t, err, io.ErrNoProgress)
}
