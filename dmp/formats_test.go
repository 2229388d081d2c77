package dmp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
	"github.com/segur-sdk/segur/dmp/xds"
)

// cdaOf is a CDA document reduced to what the record is compared with.
func cdaOf(inside string) string {
	return `<ClinicalDocument xmlns="urn:hl7-org:v3">` + inside + `</ClinicalDocument>`
}

func recordTarget(ins segur.INS) string {
	return fmt.Sprintf(`<recordTarget><patientRole><id root="%s" extension="%s"/><id root="1.2.250.1.999.1" extension="IPP-0001"/></patientRole></recordTarget>`, ins.Authority(), ins.Matricule())
}

const (
	presenting    = `<?xml-stylesheet type="text/xsl" href="#"?><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">`
	presentingEnd = `</xsl:stylesheet>`
)

// The bytes are judged by themselves, whatever the entry says of them.
func TestFormats(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	report := newReport(t)
	mine, other := recordTarget(dmptest.Patient().INS), recordTarget(otherINS(t, segur.OIDINSNIRTest))
	for name, c := range map[string]struct {
		mimeType, content string
		want              []string
	}{
		"CDA":                         {"text/xml", cdaOf(`<id root="1.2.250.1.999.5.77"/>` + mine), nil},
		"CDA of another patient":      {"text/xml", cdaOf(`<id root="1.2.250.1.999.5.77"/>` + other), []string{"documents[0].document.patient"}},
		"CDA without INS":             {"text/xml", cdaOf(`<id root="1.2.250.1.999.5.77"/><recordTarget><patientRole><id root="1.2.250.1.999.1" extension="IPP-0001"/></patientRole></recordTarget>`), []string{"documents[0].document.patient"}},
		"CDA of nobody":               {"text/xml", cdaOf(`<id root="1.2.250.1.999.5.77"/>`), []string{"documents[0].document.patient"}},
		"a replacement, not told":     {"text/xml", cdaOf(mine + `<relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.250.1.999.5.76"/></parentDocument></relatedDocument>`), []string{"documents[0].replaces"}},
		"an addendum":                 {"text/xml", cdaOf(mine + `<relatedDocument typeCode="APND"><parentDocument><id root="1.2.250.1.999.5.76"/></parentDocument></relatedDocument>`), nil},
		"level 1, PDF":                {"text/xml", cdaOf(mine + `<component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERg==</text></nonXMLBody></component>`), nil},
		"level 1, Word":               {"text/xml", cdaOf(mine + `<component><nonXMLBody><text mediaType="application/msword" representation="B64">0M8=</text></nonXMLBody></component>`), []string{"documents[0].content"}},
		"CDA of two patients":         {"text/xml", cdaOf(mine + mine), []string{"documents[0].content"}},
		"CDA of another identifier":   {"text/xml", cdaOf(`<id root="1.2.250.1.999.5.78"/>` + mine), []string{"documents[0].uniqueID"}},
		"id with an extension":        {"text/xml", cdaOf(`<id root="1.2.250.1.999.5.77" extension="1"/>` + mine), []string{"documents[0].uniqueID"}},
		"not CDA":                     {"text/xml", `<Bundle xmlns="http://hl7.org/fhir"/>`, []string{"documents[0].content"}},
		"another namespace":           {"text/xml", `<ClinicalDocument/>`, []string{"documents[0].content"}},
		"style sheet of a file":       {"text/xml", `<?xml-stylesheet type="text/xsl" href="cda.xsl"?>` + cdaOf(mine), []string{"documents[0].content"}},
		"patient below another place": {"text/xml", cdaOf(mine + `<component><structuredBody><recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="1"/></patientRole></recordTarget></structuredBody></component>`), nil},
		"self-presenting":             {"application/xslt+xml", presenting + cdaOf(mine) + presentingEnd, nil},
		"self-presenting, of another": {"application/xslt+xml", presenting + cdaOf(other) + presentingEnd, []string{"documents[0].document.patient"}},
		"script":                      {"application/xslt+xml", presenting + cdaOf(mine) + `<script>alert(1)</script>` + presentingEnd, []string{"documents[0].content"}},
		"import":                      {"application/xslt+xml", presenting + `<xsl:import href="x.xsl"/>` + cdaOf(mine) + presentingEnd, []string{"documents[0].content"}},
		"image of a server":           {"application/xslt+xml", presenting + cdaOf(mine) + `<xsl:template match="/"><img src="https://images.example/a.png"/></xsl:template>` + presentingEnd, []string{"documents[0].content"}},
		"link to a file":              {"application/xslt+xml", presenting + cdaOf(mine) + `<xsl:template match="/"><a href="other.html">x</a></xsl:template>` + presentingEnd, []string{"documents[0].content"}},
		"document of another file":    {"application/xslt+xml", presenting + cdaOf(mine) + `<xsl:template match="/"><xsl:copy-of select="document ('x.xml')"/></xsl:template>` + presentingEnd, []string{"documents[0].content"}},
		"places and data of the page": {"application/xslt+xml", presenting + cdaOf(mine) + `<xsl:template match="/"><a href="#top">x</a><img src="data:image/png;base64,{.}"/><a href="{@id}">y</a></xsl:template>` + presentingEnd, nil},
		"style sheet alone":           {"application/xslt+xml", presenting + presentingEnd, []string{"documents[0].content"}},
		"CDA named self-presenting":   {"application/xslt+xml", cdaOf(mine), []string{"documents[0].content"}},
		"KOS":                         {"application/dicom", strings.Repeat("\x00", 128) + "DICM", nil},
		"not DICOM":                   {"application/dicom", strings.Repeat("x", 200), []string{"documents[0].content"}},
		"short DICOM":                 {"application/dicom", "DICM", []string{"documents[0].content"}},
		"empty":                       {"application/dicom", "", []string{"documents[0].content"}},
		"PDF":                         {"application/pdf", "%PDF-1.4", []string{"documents[0].mimeType"}},
		"FHIR":                        {"application/fhir+xml", `<Bundle xmlns="http://hl7.org/fhir"/>`, []string{"documents[0].mimeType"}},
	} {
		e := kosEntry(report)
		e.MimeType = c.mimeType
		_, err := client.Prepare(context.Background(), dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
			Documents: []dmp.SubmissionDocument{{Content: segur.BytesContent([]byte(c.content)), Entry: e}}})
		if c.want == nil {
			require.NoError(t, err, name)
			continue
		}
		require.Error(t, err, name)
		assert.Equal(t, c.want, fields(t, err), name)
		noPrivateText(t, err.Error())
	}
}

// A header that lies does not help: the bytes name the patient.
func TestHeaderAndBytesDisagree(t *testing.T) {
	t.Parallel()
	client := newClient(t, fake(t))
	other := dmptest.Patient()
	other.INS = otherINS(t, segur.OIDINSNIRTest)
	report := newReport(t)
	bytesOfOther := newReport(t, func(r *cda.Report) { r.ID, r.Patient = report.ID(), other })
	_, err := client.Prepare(context.Background(), dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Document: segur.NewDocument(bytesOfOther, report.Header())}}})
	assert.Equal(t, []string{"documents[0].document.patient"}, fields(t, err))
	noPrivateText(t, err.Error())
}

// huge announces a size that it does not have: it is never opened.
type huge struct {
	segur.Content
	size int64
}

func (h huge) Size() int64 { return h.size }

func TestConsentAndLimits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	srv := fake(t)
	client := newClient(t, srv)
	report := newReport(t)
	submission := dmp.Submission{Patient: dmptest.Patient(), ContentType: consultation, Documents: []dmp.SubmissionDocument{{Document: report}}}
	for _, o := range []dmp.Opposition{dmp.NotAsked, dmp.Opposed, 7} {
		submission.Opposition = o
		_, err := client.Prepare(ctx, submission)
		assert.Equal(t, []string{"opposition"}, fields(t, err), o)
	}
	submission.Opposition = dmp.NotOpposed
	large := dmp.SubmissionDocument{Content: huge{sampleKOS(), 50<<20 + 1}, Entry: kosEntry(report)}
	submission.Documents = []dmp.SubmissionDocument{large, {Document: report}}
	_, err := client.Prepare(ctx, submission)
	assert.Equal(t, []string{"documents[0].content"}, fields(t, err))
	require.ErrorContains(t, err, "settings.maxDocumentBytes")
	large.Content = huge{sampleKOS(), -1}
	submission.Documents = []dmp.SubmissionDocument{large}
	_, err = client.Prepare(ctx, submission)
	assert.Equal(t, []string{"documents[0].content"}, fields(t, err))

	lot := newClient(t, srv, func(c *dmp.Config) { c.Settings.MaxSubmissionBytes = report.Size() + 10 })
	submission.Documents = []dmp.SubmissionDocument{{Document: report}, {Content: sampleKOS(), Entry: kosEntry(report)}}
	_, err = lot.Prepare(ctx, submission)
	assert.Equal(t, []string{"documents"}, fields(t, err))
	submission.Documents = make([]dmp.SubmissionDocument, 1001)
	_, err = lot.Prepare(ctx, submission)
	assert.Contains(t, fields(t, err), "documents")

	cfg := srv.Config()
	cfg.Settings.MaxDocumentBytes, cfg.Settings.MaxSubmissionBytes, cfg.Settings.MajorityAge = -1, -1, -1
	_, err = dmp.New(cfg)
	assert.Equal(t, []string{"settings.maxDocumentBytes", "settings.maxSubmissionBytes", "settings.majorityAge"}, fields(t, err))
}

// The marker for minors on the document of an adult is remarked.
func TestMarkerOfMinors(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	warned := func(c *dmp.Client, birth segur.Date) bool {
		patient := dmptest.Patient()
		patient.Traits.BirthDate = birth
		report := newReport(t, func(r *cda.Report) { r.Patient = patient })
		sealed, err := c.Prepare(context.Background(), dmp.Submission{Patient: patient, Opposition: dmp.NotOpposed, ContentType: consultation,
			Documents: []dmp.SubmissionDocument{{Document: report, Visibility: []xds.Visibility{xds.HiddenFromRepresentatives}}}})
		require.NoError(t, err)
		return len(sealed.Warnings()) > 0
	}
	now := client.Now()
	assert.True(t, warned(client, dmptest.Patient().Traits.BirthDate))
	assert.False(t, warned(client, segur.NewDate(now.Year()-17, 1, 1)))
	assert.False(t, warned(client, segur.Date{Year: now.Year() - 18}), "born that year, perhaps tomorrow")
	assert.True(t, warned(client, segur.Date{Year: now.Year() - 20, Month: 2}))
	assert.False(t, warned(newClient(t, srv, func(c *dmp.Config) { c.Settings.MajorityAge = 60 }), dmptest.Patient().Traits.BirthDate))
}

// The holder of a CPE publishes for the structure (TD2.2): the same message.
func TestFeedingByAnEmployee(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, onCard(srv), asEmployee)
	sealed := prepared(t, client) // written by the radiologist, not by the user
	receipt, err := client.Submit(context.Background(), sealed)
	require.NoError(t, err)
	assert.Equal(t, dmp.TD22, receipt.Transaction)
	physician, err := newClient(t, srv).Submit(context.Background(), prepared(t, newClient(t, srv)))
	require.NoError(t, err)
	assert.Equal(t, dmp.TD21, physician.Transaction)
	_, err = newClient(t, srv, func(c *dmp.Config) { c.User.ID = "899900000023" }).Submit(context.Background(), sealed)
	assert.Equal(t, []string{"author"}, fields(t, err), "prepared by somebody else")
}
