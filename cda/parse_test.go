package cda_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
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
)

func shared(tb testing.TB, name string) []byte {
	tb.Helper()
	b := testkit.ReadShared(tb, name)
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(b))
		require.NoError(tb, err)
		b, err = io.ReadAll(z)
		require.NoError(tb, err)
	}
	return b
}

func TestSamples(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		file                string
		kind                cda.Kind
		level               int
		version, study, ins string
	}{
		{"cda/cr-img-n1.xml", cda.KindImagingReport, 1, "", "2.999.33.2.1001", "285063306311714"},
		{"cda/cr-img-n3-minimal.xml", cda.KindImagingReport, 3, "2024.01", "2.999.33.2.1001", "285063306311714"},
		{"cda/cr-img-n3-complet.xml", cda.KindImagingReport, 3, "2024.01", "2.999.33.2.1002", "285063306311714"},
		{"cda/da-img-minimal.xml", cda.KindImagingRequest, 3, "2024.01", "", "285063306311714"},
		{"mssante/hl7v2/trans-lps/CR_Radio_CDAN1_v1.xml.gz", cda.KindImagingReport, 1, "",
			"1.3.6.1.4.1.5962.99.1.3711725607.829148806.1687338938407.3.0", "279035121518989"},
	} {
		b := shared(t, tc.file)
		p, err := cda.Parse(b)
		require.NoError(t, err, tc.file)
		assert.Equal(t, tc.kind, p.Kind, tc.file)
		assert.Equal(t, tc.level, p.Level, tc.file)
		assert.Equal(t, tc.version, p.TemplateVersion, tc.file)
		assert.EqualValues(t, tc.study, p.Header.Services[0].StudyUID, tc.file)
		assert.Equal(t, tc.ins, p.Header.PatientIDs[0].Extension, tc.file)
		assert.Equal(t, segur.OIDINSNIRTest, p.Header.PatientIDs[0].Root, tc.file)
		assert.NotEmpty(t, p.Header.Patient.FirstGivenName, tc.file)
		assert.NotEmpty(t, p.Header.Patient.BirthPlace, tc.file)
		assert.Equal(t, &b[0], &p.Raw[0], "the input is kept")
		assert.NotEmpty(t, p.Custodian.Name, tc.file)
	}
}

func TestLevel1Sample(t *testing.T) {
	t.Parallel()
	p, err := cda.Parse(shared(t, "cda/cr-img-n1.xml"))
	require.NoError(t, err)
	assert.Empty(t, p.Warnings)
	h := p.Header
	assert.Equal(t, segur.Traits{
		BirthName: "EXEMPLE-DUBOIS", UsedName: "EXEMPLE", FirstGivenName: "LUCIE", GivenNames: "LUCIE ANNE", UsedGivenName: "LUCIE",
		Sex: segur.Female, BirthDate: segur.NewDate(1985, 6, 17), BirthPlace: "33063",
	}, h.Patient)
	assert.Equal(t, "NZQN001", h.Services[0].Translations[0].Code.Code)
	assert.Equal(t, "121139", h.Services[0].Translations[1].Qualifier.Code)
	assert.Equal(t, "ACC-2025-1001", h.Orders[0].Accession.Extension)
	assert.EqualValues(t, "2.999.33.4", h.Orders[0].Accession.Root)
	assert.Equal(t, "D2025-0042", h.Orders[0].Placer.Extension)
	assert.Equal(t, "SA08", h.FacilityType.Code)
	assert.Equal(t, "AMBULATOIRE", h.Services[0].PracticeSetting.Code)
	assert.Equal(t, "Centre d'imagerie des Exemples", h.LegalAuthenticator.Professional.Organization.Name)
	assert.Equal(t, segur.Address{Lines: []string{"12 Rue des Essais"}, PostalCode: "33000", City: "BORDEAUX"},
		h.Authors[0].Professional.Address)
	require.NotNil(t, p.Prescriber)
	assert.Equal(t, "899900000029", p.Prescriber.ID)
	assert.Equal(t, "ESSAI", p.Prescriber.FamilyName)

	body, err := p.Body()
	require.NoError(t, err)
	pdf := shared(t, "cda/cr-exemple.pdf")
	assert.Equal(t, "application/pdf", body.MediaType)
	assert.EqualValues(t, len(pdf), body.Size())
	assert.Equal(t, sha256.Sum256(pdf), body.SHA256)
	rc, err := body.Open()
	require.NoError(t, err)
	require.NoError(t, iotest.TestReader(rc, pdf))
}

// The sample of the transport guide departs from the rules in many ways, and
// is a report all the same.
func TestTransportSample(t *testing.T) {
	t.Parallel()
	p, err := cda.Parse(shared(t, "mssante/hl7v2/trans-lps/CR_Radio_CDAN1_v2.xml.gz"))
	require.NoError(t, err)
	h := p.Header
	assert.Equal(t, 2, h.Version)
	assert.EqualValues(t, "1.2.250.1.71.4.2.2.120456789.71024000081", h.Replaces.Root)
	assert.Equal(t, "Radio de hanche", h.Title)
	assert.Equal(t, "PAT-TROIS", h.Patient.BirthName)
	assert.Equal(t, "DOMINIQUE", h.Patient.FirstGivenName)
	assert.Equal(t, "Eric", h.Authors[0].Professional.FamilyName, "the qualifier SP is ignored")
	assert.Equal(t, "Organisation-Y", h.Authors[0].Professional.Organization.Name)
	assert.Nil(t, h.LegalAuthenticator.Professional.Organization)
	assert.True(t, h.Created.NoOffset)
	assert.Equal(t, "2005-04-11T10:33:28+02:00", h.Created.Time.Format("2006-01-02T15:04:05-07:00"))
	assert.Equal(t, "7252295367250056", h.Orders[0].Accession.Extension)
	assert.EqualValues(t, "1.2.840.113619.6.197", h.Orders[0].Accession.Root)
	assert.Equal(t, "ETABLISSEMENT", h.Services[0].PracticeSetting.Code)
	assert.True(t, h.Services[0].Start.Time.Equal(h.Services[0].Stop.Time), "equal bounds are accepted")
	var warned []string
	for _, w := range p.Warnings {
		warned = append(warned, w.Field)
		assert.Equal(t, "warning", w.Severity)
	}
	assert.Equal(t, []string{"effectiveTime", "setId"}, warned)
	body, err := p.Body()
	require.NoError(t, err)
	assert.Equal(t, "application/pdf", body.MediaType)
}

func TestOtherSamples(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"mssante/xdm/sample/IHE_XDM/SUBSET01/DOC00001.XML", "dmp/samples/td2.1-document-cda.xml"} {
		p, err := cda.Parse(shared(t, file))
		require.NoError(t, err, file)
		assert.False(t, p.Header.ID.IsZero(), file)
		assert.NotEmpty(t, p.Header.PatientIDs, file)
		assert.NotEmpty(t, p.Header.Authors, file)
	}
}

// One document in many writings.
func TestWritings(t *testing.T) {
	t.Parallel()
	r := complete(t)
	r.PDF = stub()
	own := build(t, newWriter(t, allowAnyPDF), r)
	want, err := cda.Parse(own)
	require.NoError(t, err)
	text := string(own)
	_, root, _ := strings.Cut(text, "?>\n")
	prefixed := strings.NewReplacer("</ps3-20:", "</x:", "<ps3-20:", "<x:", "xmlns:ps3-20", "xmlns:x", "</", "</c:", "<", "<c:",
		"xmlns=", "xmlns:c=").Replace(root)
	self := `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">` +
		`<p>ClinicalDocument</p></xsl:template>` + root + `</xsl:stylesheet>`
	signed := `<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"><s:SignedInfo/><s:Object>` + root + `</s:Object></s:Signature>`
	latin1 := strings.Replace(text, `encoding="UTF-8"`, `encoding="ISO-8859-1"`, 1)
	latin9 := strings.Replace(text, `encoding="UTF-8"`, `encoding='iso-8859-15' standalone="yes"`, 1)

	for name, tc := range map[string]struct {
		in           string
		self, signed bool
	}{
		"as written":          {in: text},
		"no declaration":      {in: root},
		"byte order mark":     {in: "\uFEFF" + text},
		"line ends":           {in: strings.ReplaceAll(text, "><", ">\r\n  <")},
		"prefix":              {in: prefixed},
		"other namespace":     {in: strings.ReplaceAll(text, "urn:dicom-org:ps3-20", "urn:other")},
		"accession unquoted":  {in: strings.ReplaceAll(text, "ps3-20:accessionNumber", "accessionNumber")},
		"self-presenting":     {in: self, self: true},
		"enveloped signature": {in: signed, signed: true},
		"ISO-8859-1":          {in: encode(t, latin1)},
		"ISO-8859-15":         {in: encode(t, latin9)},
		"comments, PI, CDATA": {in: strings.Replace(strings.Replace(text, "<title>", "<!-- c --><?p i?><title><![CDATA[", 1), "</title>", "]]></title>", 1)},
		"unknown elements": {in: strings.Replace(text, "<title>",
			`<unknown><id root="9.9"/></unknown><z:code xmlns:z="urn:z" code="z"/><title>`, 1)},
	} {
		got, err := cda.Parse([]byte(tc.in))
		if !assert.NoError(t, err, name) {
			continue
		}
		assert.Equal(t, tc.in, string(got.Raw), name)
		assert.Equal(t, tc.signed, got.Signed, name)
		assert.Equal(t, tc.self, got.Header.SelfPresenting, name)
		got.Header.SelfPresenting = false
		assert.Equal(t, show(want.Header), show(got.Header), name)
		assert.Equal(t, want.Custodian, got.Custodian, name)
		assert.Equal(t, want.Prescriber, got.Prescriber, name)
		body, err := got.Body()
		require.NoError(t, err, name)
		assert.EqualValues(t, stub().Size(), body.Size(), name)
	}
}

// show makes a header comparable: locations of equal offsets are not equal.
func show(h segur.DocumentHeader) string {
	type plain segur.DocumentHeader
	s := fmt.Sprintf("%#v", h.Patient.BirthDate)
	stamp := func(t segur.Timestamp) string {
		return fmt.Sprint(t.Time.Format("20060102150405-0700"), t.Precision, t.NoOffset)
	}
	s += stamp(h.Created) + stamp(h.LegalAuthenticator.Time)
	h.Created, h.LegalAuthenticator.Time = segur.Timestamp{}, segur.Timestamp{}
	actor := func(a segur.DocumentActor) string {
		if o := a.Professional.Organization; o != nil {
			s += fmt.Sprintf("%+v", *o)
		}
		a.Professional.Organization = nil
		s += stamp(a.Time)
		a.Time = segur.Timestamp{}
		return fmt.Sprintf("%+v", a)
	}
	s += actor(h.LegalAuthenticator)
	for _, a := range h.Authors {
		s += actor(a)
	}
	for _, v := range h.Services {
		s += stamp(v.Start) + stamp(v.Stop) + actor(v.Performer) + fmt.Sprintf("%+v", []any{v.StudyUID, v.Code, v.Translations, v.PracticeSetting})
	}
	s += h.Patient.BirthName + "|" + h.Patient.UsedName + "|" + h.Patient.FirstGivenName + "|" + h.Patient.GivenNames + "|" +
		h.Patient.UsedGivenName + "|" + string(h.Patient.Sex) + "|" + h.Patient.BirthPlace
	h.Authors, h.Services, h.LegalAuthenticator, h.Patient = nil, nil, segur.DocumentActor{}, segur.Traits{}
	return s + fmt.Sprintf("%+v", plain(h))
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := build(t, newWriter(t), minimal(t))
	_, err := cda.Reader{MaxBytes: len(b)}.Read(bytes.NewReader(b))
	require.NoError(t, err)
	_, err = cda.Reader{MaxBytes: len(b) - 1}.Read(bytes.NewReader(b))
	require.ErrorIs(t, err, segur.ErrTooLarge)
	_, err = cda.Reader{MaxBytes: len(b) - 1}.Parse(b)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	_, err = cda.Reader{MaxDepth: 5}.Parse(b)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	_, err = cda.ReadHeader(iotest.ErrReader(io.ErrClosedPipe))
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	h, err := cda.ReadHeader(iotest.OneByteReader(bytes.NewReader(b)))
	require.NoError(t, err)
	assert.Equal(t, "FICTIVE-DURAND", h.Patient.BirthName)
}

// A document cut anywhere is never taken for whole.
func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	r := minimal(t)
	r.PDF = stub()
	b := build(t, newWriter(t, allowAnyPDF), r)
	for n := range b {
		_, err := cda.Parse(b[:n])
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", n)
	}
}

func TestTolerance(t *testing.T) {
	t.Parallel()
	p, err := cda.Parse([]byte(`<ClinicalDocument xmlns="urn:hl7-org:v3">
		<id root="1.2.3" extension="4"/><versionNumber value="deux"/><effectiveTime value="20260120110500"/>
		<recordTarget><patientRole>
			<id nullFlavor="NAV"/><id root="1.2.250.1.213.1.4.2" extension="old"/><id root="1.2.250.1.213.1.4.8" extension="285036912345657"/>
			<patient><name><family>SEUL</family><given>JEAN</given></name>
			<administrativeGenderCode code="UN"/><birthTime value="198503140000"/></patient>
		</patientRole></recordTarget>
		<recordTarget><patientRole><id root="1.2.9" extension="other"/></patientRole></recordTarget>
		<author><time value="20260120"/><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="801234567890"/>
			<assignedAuthoringDevice><manufacturerModelName> M1 </manufacturerModelName><softwareName>S</softwareName></assignedAuthoringDevice>
		</assignedAuthor></author>
		<documentationOf><serviceEvent><id root="1.2.3.4" extension="studyInstanceUID"/><id root="9"/>
			<effectiveTime><low value="20260120100000+0100"/><high value="20260120090000+0100"/></effectiveTime>
			<performer typeCode="PRF"><assignedEntity><id nullFlavor="UNK"/></assignedEntity></performer>
			<performer><assignedEntity><id extension="second"/></assignedEntity></performer></serviceEvent></documentationOf>
		<documentationOf><serviceEvent><code code="Z13.9" codeSystem="2.16.840.1.113883.6.3"/><effectiveTime value="2026"/></serviceEvent></documentationOf>
		<relatedDocument typeCode="APND"><parentDocument><id root="5.5"/></parentDocument></relatedDocument>
		</ClinicalDocument>`))
	require.NoError(t, err)
	h := p.Header
	assert.Equal(t, segur.Identifier{Root: "1.2.3", Extension: "4"}, h.ID)
	assert.Zero(t, h.Version)
	assert.Equal(t, []segur.Identifier{{Root: "1.2.250.1.213.1.4.2", Extension: "old"},
		{Root: segur.OIDINSNIR, Extension: "285036912345657"}}, h.PatientIDs, "of the first patient only")
	assert.Equal(t, segur.Traits{BirthName: "SEUL", FirstGivenName: "JEAN", GivenNames: "JEAN", Sex: segur.SexUnknown,
		BirthDate: segur.NewDate(1985, 3, 14)}, h.Patient)
	assert.Equal(t, &segur.DocumentDevice{Software: "S", Model: "M1"}, h.Authors[0].Device)
	assert.Equal(t, segur.ToDay, h.Authors[0].Time.Precision)
	require.Len(t, h.Services, 2)
	assert.EqualValues(t, "1.2.3.4", h.Services[0].StudyUID)
	assert.Empty(t, h.Services[0].Performer.Professional.ID)
	assert.Equal(t, "Z13.9", h.Services[1].Code.Code)
	assert.Equal(t, segur.ToYear, h.Services[1].Start.Precision)
	assert.True(t, h.Replaces.IsZero(), "an appended document is not replaced")
	assert.True(t, h.Created.NoOffset)
	_, offset := h.Created.Time.Zone()
	assert.Equal(t, 3600, offset, "legal time in Paris, in winter")
	var paths []string
	for _, w := range p.Warnings {
		paths = append(paths, w.Field)
	}
	assert.Equal(t, []string{
		"versionNumber", "effectiveTime", "recordTarget/patientRole/id", "recordTarget/patientRole/id", "recordTarget/patientRole/patient/name/family",
		"recordTarget/patientRole/patient/name/given", "recordTarget", "documentationOf/serviceEvent/effectiveTime", "setId",
	}, paths)
	assert.NotContains(t, fmt.Sprint(h), "SEUL")
}

func TestGoldenFilesReadBack(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.xml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		p, err := cda.Parse(b)
		require.NoError(t, err, f)
		assert.Empty(t, p.Warnings, f)
		kind, words := cda.KindImagingReport, "imaging report"
		if strings.HasPrefix(filepath.Base(f), "request-") {
			kind, words = cda.KindImagingRequest, "imaging request"
		}
		assert.Equal(t, kind, p.Kind, f)
		assert.Equal(t, words, p.Kind.String())
	}
}

func FuzzParse(f *testing.F) {
	r := complete(f)
	r.PDF = stub()
	own := build(f, newWriter(f, allowAnyPDF), r)
	f.Add(own)
	f.Add([]byte("\uFEFF<a:ClinicalDocument xmlns:a='urn:hl7-org:v3'><a:id root='1.2'/></a:ClinicalDocument>"))
	f.Add([]byte("<?xml version='1.0' encoding='ISO-8859-1'?><ClinicalDocument xmlns='urn:hl7-org:v3'><title>\xe9</title></ClinicalDocument>"))
	f.Add([]byte("<xsl:stylesheet xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><ClinicalDocument xmlns='urn:hl7-org:v3'/></xsl:stylesheet>"))
	structured, sections := chest(f)
	f.Add(build3(f, newWriter(f, allowAnyPDF, withViewer), structured, sections))
	f.Add([]byte(report3(headReport, oneSection("19005-8", `<text ID="conclusion">a<br/><table><tbody><tr><td ID="conclusion-x">b</td></tr></tbody></table><linkHtml href="#x">c</linkHtml></text>`))))
	f.Add([]byte(report3(`<templateId root="1.2.250.1.213.1.1.1.47"/>`, oneSection("18776-5", `<text><content ID="m">IRM</content></text><entry><observation>`+
		`<code code="MR"><originalText><reference value="#m"/></originalText><qualifier><value code="MED-1153"/></qualifier></code><priorityCode code="UR"/><targetSiteCode code="361291001"/>`+
		`<entryRelationship><observation><code code="GEN-297"/><value value="true"/></observation></entryRelationship></observation></entry>`))))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		p, err := cda.Parse(b)
		if !bytes.Equal(before, b) {
			t.Fatal("the input was modified")
		}
		if err != nil {
			if p != nil || segur.KindOf(err) == segur.KindUnknown {
				t.Fatalf("unclassed error: %v", err)
			}
			return
		}
		for s := range p.AllSections() {
			n := s.Narrative()
			if strings.Contains(s.Text(), "\x00") || n.Visible() && n.IsZero() {
				t.Fatal("a narrative that is none")
			}
		}
		_ = p.AsReport()
		if p.Request != nil && p.Report != nil {
			t.Fatal("two kinds at once")
		}
		if p.Report != nil && len(p.Report.Acts) != len(p.Report.Procedures) {
			t.Fatal("acts and procedures differ")
		}
		for _, a := range p.Attachments {
			if rc, err := a.Content.Open(); err == nil {
				if n, err := io.Copy(io.Discard, rc); err != nil || n != a.Content.Size() {
					t.Fatalf("attachment: %d bytes, announced %d, %v", n, a.Content.Size(), err)
				}
			}
		}
		body, err := p.Body()
		if err != nil {
			return
		}
		rc, _ := body.Open()
		if n, err := io.Copy(io.Discard, rc); err != nil || n != body.Size() {
			t.Fatalf("body: %d bytes, announced %d, %v", n, body.Size(), err)
		}
	})
}
