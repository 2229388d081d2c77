package dmp_test

import (
	"context"
	"fmt"
	"log/slog"
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

// otherINS is that of nobody.
func otherINS(tb testing.TB, authority segur.OID) segur.INS {
	tb.Helper()
	const body = "1700799352017"
	v, err := segur.ParseINS(body+segur.MatriculeKey(body), authority)
	require.NoError(tb, err)
	return v
}

func TestPrepareRefuses(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	type submission = dmp.Submission
	doc := func(d dmp.SubmissionDocument) func(*submission) {
		return func(s *submission) { s.Documents = []dmp.SubmissionDocument{d} }
	}
	header := newReport(t).Header()
	withHeader := func(change func(*segur.DocumentHeader)) segur.Document {
		report := newReport(t)
		h := report.Header()
		change(&h)
		return segur.NewDocument(report, h)
	}
	for name, c := range map[string]struct {
		config func(*dmp.Config)
		change func(*submission)
		want   []string
	}{
		"nothing":       {nil, func(*submission) {}, nil},
		"no document":   {nil, func(s *submission) { s.Documents = nil }, []string{"documents"}},
		"empty":         {nil, doc(dmp.SubmissionDocument{}), []string{"documents[0]"}},
		"both forms":    {nil, doc(dmp.SubmissionDocument{Document: newReport(t), Content: segur.BytesContent(nil)}), []string{"documents[0]"}},
		"not qualified": {nil, func(s *submission) { s.Patient.Status = segur.Validated }, []string{"patient.status"}},
		"no INS":        {nil, func(s *submission) { s.Patient.INS = segur.INS{} }, []string{"patient.ins", "documents[0].document.patient"}},
		"test authority in production": {func(c *dmp.Config) { c.Environment = segur.Production },
			func(*submission) {}, []string{"patient.ins.authority"}},
		"another patient": {nil, func(s *submission) { s.Patient.INS = otherINS(t, segur.OIDINSNIRTest) },
			[]string{"documents[0].document.patient", "documents[0].patientID"}},
		"other traits": {nil, func(s *submission) {
			s.Patient.Traits.BirthDate, s.Patient.Traits.Sex = segur.NewDate(1985, 3, 15), segur.Male
		}, []string{"documents[0].document.patient.birthDate", "documents[0].document.patient.sex"}},
		"another name, with the same INS":  {nil, func(s *submission) { s.Patient.Traits.BirthName = "FICTIVE-DUPONT" }, []string{"documents[0].document.patient.birthName"}},
		"the same name, otherwise written": {nil, func(s *submission) { s.Patient.Traits.BirthName = "Fictive durand" }, nil},
		"the same bytes twice": {nil, func(s *submission) {
			again := kosEntry(newReport(t))
			again.UniqueID += "1"
			s.Documents = []dmp.SubmissionDocument{{Content: sampleKOS(), Entry: kosEntry(newReport(t))}, {Content: sampleKOS(), Entry: again}}
		}, []string{"documents[1].content"}},
		"replaced twice": {nil, func(s *submission) {
			for i := range 2 {
				d := newReport(t, func(r *cda.Report) { r.ID = segur.OID(fmt.Sprintf("1.2.250.1.999.5.9%d", i)); *r = r.Replacing(header) })
				s.Documents = append(s.Documents[:i:i], dmp.SubmissionDocument{Document: d, Replaces: "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"})
			}
		}, []string{"documents[1].replaces"}},
		"content type": {nil, func(s *submission) { s.ContentType.Code = "99999" }, []string{"contentType"}},
		"no content type": {nil, func(s *submission) { s.ContentType = segur.Code{} },
			[]string{"contentType"}},
		"masked and invisible": {nil, doc(dmp.SubmissionDocument{Document: newReport(t),
			Visibility: []xds.Visibility{xds.HiddenFromProfessionals, xds.HiddenFromPatient}}), []string{"documents[0].visibility"}},
		"masked and invisible, allowed": {func(c *dmp.Config) { c.Settings.AllowMaskedAndInvisible = true }, doc(dmp.SubmissionDocument{Document: newReport(t),
			Visibility: []xds.Visibility{xds.HiddenFromProfessionals, xds.HiddenFromPatient}}), nil},
		"unknown marker": {nil, doc(dmp.SubmissionDocument{Document: newReport(t), Visibility: []xds.Visibility{"SECRET"}}),
			[]string{"documents[0].confidentialityCodes[1]"}},
		"author of another structure": {func(c *dmp.Config) { c.Structure.ID, c.AllowLegalEntityCertificate = "1990000027", true },
			func(*submission) {}, []string{"documents[0].authors"}},
		"institution replaced": {func(c *dmp.Config) { c.Structure.ID, c.AllowLegalEntityCertificate = "1990000027", true },
			doc(dmp.SubmissionDocument{Document: newReport(t), Options: xds.EntryOptions{
				AuthorInstitution: &segur.Organization{ID: "1990000027", Name: "AUTRE SITE FICTIF"}}}), nil},
		"identifier with extension": {nil, doc(dmp.SubmissionDocument{Document: withHeader(func(h *segur.DocumentHeader) { h.ID.Extension = "7" })}),
			[]string{"documents[0].uniqueID"}},
		"title": {nil, doc(dmp.SubmissionDocument{Document: withHeader(func(h *segur.DocumentHeader) { h.Title = strings.Repeat("x", 129) })}),
			[]string{"title", "documents[0].title"}},
		"type": {nil, doc(dmp.SubmissionDocument{Document: withHeader(func(h *segur.DocumentHeader) { h.Type.Code = "27899-4" })}),
			[]string{"documents[0].typeCode", "documents[0].classCode"}},
		"replacement not told": {nil, doc(dmp.SubmissionDocument{Document: withHeader(func(h *segur.DocumentHeader) { h.Replaces.Root = "1.2.250.1.999.5.1" })}),
			[]string{"documents[0].replaces"}},
		"replacement not in the document": {nil, doc(dmp.SubmissionDocument{Document: newReport(t), Replaces: "urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e"}),
			[]string{"documents[0].replaces"}},
		"twice the same": {nil, func(s *submission) { s.Documents = append(s.Documents, s.Documents[0]) }, []string{"documents[1].uniqueID"}},
		"not XML":        {nil, doc(dmp.SubmissionDocument{Document: segur.NewDocument(segur.BytesContent([]byte("%PDF-1.4")), header)}), []string{"documents[0].content"}},
		"doctype":        {nil, doc(dmp.SubmissionDocument{Document: segur.NewDocument(segur.BytesContent([]byte("<!DOCTYPE a><a/>")), header)}), []string{"documents[0].content"}},
		"no byte":        {nil, doc(dmp.SubmissionDocument{Document: segur.NewDocument(segur.BytesContent(nil), header)}), []string{"documents[0].content"}},
		"short content":  {nil, doc(dmp.SubmissionDocument{Document: segur.NewDocument(short{newReport(t)}, header)}), []string{"documents[0].content"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := srv.Config()
			if c.config != nil {
				c.config(&cfg)
			}
			client, err := dmp.New(cfg)
			require.NoError(t, err)
			s := submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation, Documents: []dmp.SubmissionDocument{{Document: newReport(t)}}}
			c.change(&s)
			_, err = client.Prepare(context.Background(), s)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			got := fields(t, err)
			for _, f := range c.want {
				assert.Contains(t, got, f, err)
			}
			for _, f := range got {
				assert.Contains(t, c.want, f, err)
			}
			noPrivateText(t, err.Error())
		})
	}
}

// short announces a byte more than it has.
type short struct{ segur.Content }

func (s short) Size() int64 { return s.Content.Size() + 1 }

// noPrivateText makes sure that nothing identifies the default patient.
func noPrivateText(tb testing.TB, text string) {
	tb.Helper()
	p := dmptest.Patient()
	for _, s := range []string{p.INS.Matricule(), p.INS.Body(), p.Traits.BirthName, "CAMILLE", "IPP-0001", "1985-03-14", "19850314"} {
		assert.NotContains(tb, text, s)
	}
}

// sampleKOS is DICOM by its head only.
func sampleKOS() segur.Content {
	return segur.BytesContent(append(make([]byte, 128), "DICM fictif"...))
}

// A qualified identity of a real authority passes in production.
func TestPrepareInProduction(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv, func(c *dmp.Config) { c.Environment = segur.Production })
	patient := dmptest.Patient()
	patient.INS = otherINS(t, segur.OIDINSNIR)
	patient.Traits.Sex, patient.Traits.BirthDate, patient.Traits.BirthPlace = segur.Male, segur.NewDate(1970, 7, 1), "99352"
	report := newReport(t) // of the default patient
	_, err := client.Prepare(context.Background(), dmp.Submission{Patient: patient, Opposition: dmp.NotOpposed, ContentType: consultation,
		Documents: []dmp.SubmissionDocument{{Document: report}}})
	assert.Contains(t, fields(t, err), "documents[0].document.patient")
}

func TestSealedIsRedacted(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	sealed := prepared(t, newClient(t, srv))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "sealed", sealed)
	for _, s := range []string{fmt.Sprint(sealed), fmt.Sprintf("%#v", sealed), fmt.Sprintf("%+v", *sealed), log.String()} {
		noPrivateText(t, s)
	}
	assert.Contains(t, fmt.Sprint(sealed), sealed.SubmissionSetID())
}

// Two documents of which one is no CDA make one lot.
func TestPrepareSeveralDocuments(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	client := newClient(t, srv)
	report := newReport(t)
	kos := sampleKOS()
	sealed := prepared(t, client,
		dmp.SubmissionDocument{Document: report, Visibility: []xds.Visibility{xds.HiddenFromPatient}},
		dmp.SubmissionDocument{Content: kos, Entry: kosEntry(report)})
	entries := sealed.Entries()
	require.Len(t, entries, 2)
	assert.True(t, entries[0].Has(xds.HiddenFromPatient))
	assert.Equal(t, kos.Size(), entries[1].Size)
	_, err := client.Submit(context.Background(), sealed)
	require.NoError(t, err)
	require.Len(t, srv.Documents(), 2)
	assert.Equal(t, contentOf(t, kos), srv.Documents()[1].Content)
}

// kosEntry is the entry of a key object selection of the study of report.
func kosEntry(report *cda.Document) *xds.DocumentEntry {
	e := xds.DeriveEntry(report.Header(), xds.EntryOptions{EventScheme: xds.ValueSets})
	e.UniqueID, e.MimeType, e.Title = "1.2.250.1.999.5.77", "application/dicom", "Reference d'Objets d'un Examen d'Imagerie"
	e.TypeCode = segur.Code{Code: "IMG-KOS", System: "1.2.250.1.213.1.1.4.12", Display: "Reference d'objets d'un examen d'imagerie"}
	e.FormatCode = segur.Code{Code: "1.2.840.10008.5.1.4.1.1.88.59", System: "1.2.840.10008.2.6.1", Display: "Key Object Selection Document"}
	return &e
}

// A product that names a specialty, a sector, a profession and an activity by
// their codes alone publishes what one that names them in full does.
func TestCodesGivenByTheirCodeAlone(t *testing.T) {
	t.Parallel()
	srv := fake(t)
	c := newClient(t, srv, func(c *dmp.Config) {
		c.User.Profession, c.User.Specialty = segur.Code{Code: "10"}, segur.Code{Code: "G15_10/SM44"}
		c.Structure.Sector = segur.Code{Code: "SA07"}
	})
	for _, code := range []string{"07", "SA07"} {
		sealed, err := c.Prepare(context.Background(), dmp.Submission{
			Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: code}, Documents: []dmp.SubmissionDocument{{Document: newReport(t)}}})
		require.NoError(t, err, code)
		assert.Empty(t, sealed.Warnings())
		_, err = c.Submit(context.Background(), sealed) // the fake judges codes and systems
		require.NoError(t, err, code)
	}
	_, err := c.Prepare(context.Background(), dmp.Submission{
		Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: segur.Code{Code: "99"}, Documents: []dmp.SubmissionDocument{{Document: newReport(t)}}})
	require.Len(t, asError(t, err).Details, 1)
	assert.Equal(t, "contentType", asError(t, err).Details[0].Field)
}
