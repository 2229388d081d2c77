package xds_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

func TestDeriveEntry(t *testing.T) {
	t.Parallel()
	e := xds.DeriveEntry(header(t), xds.EntryOptions{})
	assert.Equal(t, testRoot+".3.1", e.UniqueID)
	assert.Equal(t, "text/xml", e.MimeType)
	assert.Equal(t, "fr-FR", e.Language)
	assert.Equal(t, "Scanner cérébral", e.Title)
	assert.Equal(t, xds.PatientID{ID: matricule, Authority: segur.OIDINSNIRTest, Type: "NH"}, e.PatientID)
	assert.Equal(t, matricule+"^^^&1.2.250.1.213.1.4.10&ISO^NH", e.PatientID.CX())
	assert.Equal(t, "IPP-0001^^^&1.2.250.1.999.1&ISO^PI", e.SourcePatientID.CX())
	assert.Equal(t, []string{"PID-5|FICTIVE-DURAND^CAMILLE^LUCE^^^^L", "PID-7|19850314", "PID-8|F", "PID-11|^^^^^^BDL^^69123"}, e.SourcePatientInfo)
	assert.Equal(t, segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
		BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}, e.SourcePatient())

	assert.Equal(t, segur.Code{Code: "31", System: "1.2.250.1.213.1.1.4.1", Display: "Imagerie médicale"}, e.ClassCode)
	assert.Equal(t, segur.Code{Code: "18748-4", System: "2.16.840.1.113883.6.1", Display: "CR d'imagerie médicale"}, e.TypeCode)
	assert.Equal(t, segur.Code{Code: "urn:ihe:iti:xds-sd:pdf:2008", System: "1.3.6.1.4.1.19376.1.2.3",
		Display: "Document à corps non structuré en Pdf/A-1"}, e.FormatCode)
	assert.Equal(t, "Cabinet individuel", e.FacilityTypeCode.Display)
	assert.Equal(t, "Ambulatoire", e.PracticeSettingCode.Display)
	assert.Equal(t, []segur.Code{{Code: "N", System: "2.16.840.1.113883.5.25", Display: "Normal"}}, e.ConfidentialityCodes)

	require.Len(t, e.Authors, 1)
	assert.Equal(t, xds.Person{ID: "899900000015", Authority: segur.OIDProfessional, Family: "RADIOLOGUE", Given: "Claude", IDType: "IDNPS"}, e.Authors[0].Person)
	assert.Equal(t, []segur.Organization{*organization()}, e.Authors[0].Institutions)
	assert.Equal(t, "Médecin - Radio-diagnostic (SM)", e.Authors[0].Specialties[0].Display)
	assert.Empty(t, e.Authors[0].Roles)
	assert.Equal(t, e.Authors[0].Person, e.LegalAuthenticator)

	codes := func(e xds.DocumentEntry) (out []string) {
		for _, c := range e.EventCodes {
			out = append(out, c.Code+"|"+string(c.System)+"|"+c.Display)
		}
		return out
	}
	assert.Equal(t, []string{
		"24727-0|2.16.840.1.113883.6.1|TDM tête", "ACQK001|1.2.250.1.215.300.1|Scanographie du crâne",
		"CT|1.2.840.10008.2.16.4|Tomodensitométrie", "774007|2.16.840.1.113883.6.96|tête et cou",
	}, codes(e))
	assert.Equal(t, []xds.Reference{
		{ID: "A-1", Authority: testRoot + ".7", Type: xds.ReferenceAccession},
		{ID: testRoot + ".9.77", Type: xds.ReferenceStudy},
		{ID: "D-42", Authority: testRoot + ".2", Type: xds.ReferenceOrder},
	}, e.References)

	e = xds.DeriveEntry(header(t), xds.EntryOptions{EventScheme: xds.ValueSets})
	assert.Equal(t, []string{
		"24727-0|2.16.840.1.113883.6.1|TDM tête", "ACQK001|1.2.250.1.215.300.1|Scanographie du crâne",
		"CT|1.2.250.1.213.1.1.5.618|Tomodensitométrie", "774007|1.2.250.1.213.1.1.5.695|tête et cou",
	}, codes(e))
}

func TestDeriveOptions(t *testing.T) {
	t.Parallel()
	e := xds.DeriveEntry(header(t), xds.EntryOptions{
		Visibility: []xds.Visibility{xds.HiddenFromPatient}, Comments: "relu", StudyUIDAuthority: "1.2.3.4.5.6", WithPatientID: true,
		AuthorInstitution: &segur.Organization{ID: "1990000027", Name: "AUTRE"}, ClassCode: segur.Code{Code: "10", System: "1.2.250.1.213.1.1.4.1"},
	})
	assert.Equal(t, "INVISIBLE_PATIENT", e.ConfidentialityCodes[1].Code)
	assert.Equal(t, "Non visible par le patient", e.ConfidentialityCodes[1].Display)
	assert.True(t, e.Has(xds.HiddenFromPatient))
	assert.False(t, e.Has(xds.HiddenFromProfessionals))
	assert.Equal(t, "relu", e.Comments)
	assert.Equal(t, segur.OID("1.2.3.4.5.6"), e.References[1].Authority)
	assert.Equal(t, "PID-3|"+matricule+"^^^&1.2.250.1.213.1.4.10&ISO^NH", e.SourcePatientInfo[0])
	assert.Equal(t, "1990000027", e.Authors[0].Institutions[0].ID)
	assert.Equal(t, "10", e.ClassCode.Code)
}

func TestDeriveFormats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, media, template, want, system string
	}{
		{"PDF", "application/pdf", "1.2.250.1.213.1.1.1.45", "urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3"},
		{"text", "text/plain", "", "urn:ihe:iti:xds-sd:text:2008", "1.3.6.1.4.1.19376.1.2.3"},
		{"structured report", "", "1.2.250.1.213.1.1.1.45", "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", "1.3.6.1.4.1.19376.1.2.3"},
		{"request", "", "1.2.250.1.213.1.1.1.47", "urn:ans:ci-sis:img-da:2022", "1.2.250.1.213.1.1.4.2.282"},
		{"unknown model", "", "1.2.3", "urn:asipSante:modelesHorsProfils:2011", "1.2.250.1.213.1.1.4.2.282"},
		{"unknown media type", "application/zip", "1.2.250.1.213.1.1.1.45", "urn:asipSante:modelesHorsProfils:2011", "1.2.250.1.213.1.1.4.2.282"},
		{"format without a row", "", "1.2.250.1.213.1.1.1.10", "urn:asip:ci-sis:cva:2017", "1.2.250.1.213.1.1.4.2.282"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := header(t)
			h.BodyMediaType = c.media
			h.TemplateIDs = append(h.TemplateIDs, segur.OID(c.template))
			e := xds.DeriveEntry(h, xds.EntryOptions{})
			assert.Equal(t, c.want, e.FormatCode.Code)
			assert.Equal(t, segur.OID(c.system), e.FormatCode.System)
		})
	}
}

func TestDeriveOtherActors(t *testing.T) {
	t.Parallel()
	h := header(t)
	h.SelfPresenting = true
	h.PatientIDs = h.PatientIDs[:1]
	h.Patient = segur.Traits{BirthName: "FICTIVE", FirstGivenName: "CAMILLE", GivenNames: "LUCE", Sex: segur.SexUnknown}
	h.Authors = []segur.DocumentActor{
		{Professional: segur.Professional{ID: matricule, FamilyName: "FICTIVE-DURAND", GivenName: "CAMILLE"}, Authority: segur.OIDINSNIRTest},
		{Professional: segur.Professional{ID: "31990000019/7"}, Device: &segur.DocumentDevice{Software: "RIS FICTIF", Model: "V2"}},
		{Professional: segur.Professional{ID: "31990000019/12", FamilyName: "INTERNE", GivenName: "Dominique"},
			Function: segur.Code{Code: "ATTPHYS", System: "2.16.840.1.113883.5.88"}},
	}
	e := xds.DeriveEntry(h, xds.EntryOptions{})
	assert.Equal(t, "application/xslt+xml", e.MimeType)
	assert.Equal(t, e.PatientID, e.SourcePatientID, "no local identifier: the INS")
	assert.Equal(t, []string{"PID-5|FICTIVE^CAMILLE^^^^^L", "PID-8|U"}, e.SourcePatientInfo, "LUCE is not a list that starts with CAMILLE")
	assert.Equal(t, xds.Person{ID: matricule, Authority: segur.OIDINSNIRTest, Family: "FICTIVE-DURAND", Given: "CAMILLE", IDType: "NH"}, e.Authors[0].Person)
	assert.Empty(t, e.Authors[0].Institutions)
	assert.Equal(t, xds.Person{ID: "31990000019/7", Authority: segur.OIDProfessional, Family: "RIS FICTIF", Given: "V2", System: true, IDType: "RI"}, e.Authors[1].Person)
	assert.Equal(t, "EI", e.Authors[2].Person.IDType)
	assert.Equal(t, []string{"Référent - Responsable du patient dans la structure de soins"}, e.Authors[2].Roles)

	e = xds.DeriveEntry(h, xds.EntryOptions{SystemIDType: "EI", InternalIDType: "IDNPS"})
	assert.Equal(t, "EI", e.Authors[1].Person.IDType)
	assert.Equal(t, "IDNPS", e.Authors[2].Person.IDType)
	assert.Equal(t, "NH", e.Authors[0].Person.IDType)
}

func TestDeriveEmptyHeaderReportsEverything(t *testing.T) {
	t.Parallel()
	e := xds.DeriveEntry(segur.DocumentHeader{}, xds.EntryOptions{})
	_, err := e.Validate(xds.Rules{})
	var p *segur.Error
	require.ErrorAs(t, err, &p)
	var fields []string
	for _, d := range p.Details {
		fields = append(fields, d.Field)
	}
	assert.Subset(t, fields, []string{"uniqueID", "patientID", "sourcePatientID", "title", "language", "created", "serviceStart", "authors",
		"legalAuthenticator", "hash", "size", "typeCode", "classCode", "facilityTypeCode", "practiceSettingCode", "confidentialityCodes"})
}

func TestUniqueID(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "1.2.3", xds.UniqueID(segur.Identifier{Root: "1.2.3"}))
	assert.Equal(t, "1.2.3^A", xds.UniqueID(segur.Identifier{Root: "1.2.3", Extension: "A"}))
}

func TestDigest(t *testing.T) {
	t.Parallel()
	var e xds.DocumentEntry
	require.NoError(t, e.Digest(segur.BytesContent([]byte("abc"))))
	assert.Equal(t, "a9993e364706816aba3e25717850c26c9cd0d89d", e.Hash)
	assert.Equal(t, int64(3), e.Size)
	assert.ErrorIs(t, e.Digest(content{err: errors.New("gone")}), segur.ErrInvalidInput)
	assert.ErrorIs(t, e.Digest(content{size: 4, body: "abc"}), segur.ErrInvalidInput)
	assert.ErrorIs(t, e.Digest(content{size: 3, body: "abc", readErr: errors.New("disk")}), segur.ErrInvalidInput)
	_, err := xds.NewEntry(header(t), content{err: errors.New("gone")}, xds.EntryOptions{})
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
}

type content struct {
	err, readErr error
	body         string
	size         int64
}

func (c content) Size() int64 { return c.size }
func (c content) Open() (io.ReadCloser, error) {
	if c.err != nil {
		return nil, c.err
	}
	return &body{c.body, c.readErr}, nil
}

type body struct {
	left string
	err  error
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == "" {
		if b.err != nil {
			return 0, b.err
		}
		return 0, io.EOF
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	return n, nil
}
func (b *body) Close() error { return nil }

// The identity of before 2019 is no local number, and a type is not written
// for a person without identifier.
func TestWhatIsNotDerived(t *testing.T) {
	t.Parallel()
	h := header(t)
	h.PatientIDs = []segur.Identifier{h.PatientIDs[0], {Root: "1.2.250.1.213.1.4.2", Extension: "INSC"}, h.PatientIDs[1]}
	e := xds.DeriveEntry(h, xds.EntryOptions{})
	assert.Equal(t, "IPP-0001^^^&"+testRoot+"&ISO^PI", e.SourcePatientID.CX())
	h.PatientIDs = h.PatientIDs[:2]
	assert.Equal(t, e.PatientID, xds.DeriveEntry(h, xds.EntryOptions{}).SourcePatientID, "the INS again when there is no other")

	h.Authors[0].Professional.ID = ""
	s := xds.Submission{Set: set(t), Entries: []xds.DocumentEntry{xds.DeriveEntry(h, xds.EntryOptions{})}}
	s.Number()
	b, err := s.AppendXML(nil)
	require.NoError(t, err)
	assert.Contains(t, string(b), "<rim:Value>^RADIOLOGUE^Claude^^^^^^^D</rim:Value>")
}
