package xds_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const hl7v3 = "urn:hl7-org:v3"

// cdaHeader is a reader of CDA headers that knows just what the samples hold;
// package cda has the real one.
func cdaHeader(tb testing.TB, doc []byte) segur.DocumentHeader {
	tb.Helper()
	n, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(tb, err)
	id := func(n *xmlr.Node) segur.Identifier {
		return segur.Identifier{Root: segur.OID(n.Attr("root")), Extension: n.Attr("extension")}
	}
	code := func(n *xmlr.Node) segur.Code {
		return segur.Code{Code: n.Attr("code"), System: segur.OID(n.Attr("codeSystem")), Display: n.Attr("displayName")}
	}
	when := func(n *xmlr.Node) segur.Timestamp {
		if n.Attr("value") == "" {
			return segur.Timestamp{}
		}
		ts, err := hl7.ParseTS(n.Attr("value"), nil)
		require.NoError(tb, err)
		return ts
	}
	actor := func(n *xmlr.Node) segur.DocumentActor {
		i := id(n.Child(hl7v3, "id"))
		name := n.Find(hl7v3, "assignedPerson/name")
		a := segur.DocumentActor{Authority: i.Root, Professional: segur.Professional{ID: i.Extension,
			FamilyName: name.Child(hl7v3, "family").TrimText(), GivenName: name.Child(hl7v3, "given").TrimText(), Specialty: code(n.Child(hl7v3, "code"))}}
		if o := n.Child(hl7v3, "representedOrganization"); o != nil {
			a.Professional.Organization = &segur.Organization{ID: id(o.Child(hl7v3, "id")).Extension, Name: o.Child(hl7v3, "name").TrimText()}
		}
		return a
	}
	role := n.Find(hl7v3, "recordTarget/patientRole")
	h := segur.DocumentHeader{
		ID: id(n.Child(hl7v3, "id")), Title: n.Child(hl7v3, "title").TrimText(), Type: code(n.Child(hl7v3, "code")),
		Created: when(n.Child(hl7v3, "effectiveTime")), Language: n.Child(hl7v3, "languageCode").Attr("code"),
		Confidentiality:    code(n.Child(hl7v3, "confidentialityCode")),
		LegalAuthenticator: actor(n.Find(hl7v3, "legalAuthenticator/assignedEntity")),
		FacilityType:       code(n.Find(hl7v3, "componentOf/encompassingEncounter/location/healthCareFacility/code")),
		BodyMediaType:      n.Find(hl7v3, "component/nonXMLBody/text").Attr("mediaType"),
	}
	for _, t := range n.All(hl7v3, "templateId") {
		h.TemplateIDs = append(h.TemplateIDs, segur.OID(t.Attr("root")))
	}
	for _, i := range role.All(hl7v3, "id") {
		h.PatientIDs = append(h.PatientIDs, id(i))
	}
	patient := role.Child(hl7v3, "patient")
	for _, g := range patient.All(hl7v3, "name/given") {
		switch g.Attr("qualifier") {
		case "BR":
			h.Patient.FirstGivenName = g.TrimText()
		case "":
			h.Patient.GivenNames = g.TrimText()
		}
	}
	h.Patient.BirthName = patient.Find(hl7v3, "name/family").TrimText()
	h.Patient.Sex = segur.Sex(patient.Child(hl7v3, "administrativeGenderCode").Attr("code"))
	h.Patient.BirthDate, err = segur.ParseDate(patient.Child(hl7v3, "birthTime").Attr("value"))
	require.NoError(tb, err)
	for _, a := range n.All(hl7v3, "author/assignedAuthor") {
		h.Authors = append(h.Authors, actor(a))
	}
	for _, o := range n.All(hl7v3, "inFulfillmentOf/order") {
		h.Orders = append(h.Orders, segur.DocumentOrder{Placer: id(o.Child(hl7v3, "id")), Accession: id(o.Child("*", "accessionNumber"))})
	}
	for _, s := range n.All(hl7v3, "documentationOf/serviceEvent") {
		performer := s.Find(hl7v3, "performer/assignedEntity")
		e := segur.DocumentService{StudyUID: id(s.Child(hl7v3, "id")).Root, Code: code(s.Child(hl7v3, "code")),
			Start: when(s.Find(hl7v3, "effectiveTime/low")), Stop: when(s.Find(hl7v3, "effectiveTime/high")),
			Performer: actor(performer), PracticeSetting: code(performer.Find(hl7v3, "representedOrganization/standardIndustryClassCode"))}
		for _, t := range s.All(hl7v3, "code/translation") {
			e.Translations = append(e.Translations, segur.QualifiedCode{Code: code(t), Qualifier: code(t.Find(hl7v3, "qualifier/name"))})
		}
		h.Services = append(h.Services, e)
	}
	return h
}

// The entry that we derive from the CDA of the official sample is the entry of
// the sample, element by element.
func TestEntryOfTheOfficialSample(t *testing.T) {
	t.Parallel()
	document := testkit.ReadShared(t, "dmp/samples/td2.1-document-cda.xml")
	sample, warnings, err := xds.ParseSubmission(testkit.ReadShared(t, "dmp/samples/td2.1-submitobjects-cda.xml"))
	require.NoError(t, err)
	assert.Empty(t, warnings)
	require.Len(t, sample.Entries, 2)
	want := sample.Entries[0]

	got, err := xds.NewEntry(cdaHeader(t, document), segur.BytesContent(document),
		xds.EntryOptions{WithPatientID: true, Visibility: []xds.Visibility{xds.HiddenFromPatient}})
	require.NoError(t, err)
	got.ID = want.ID
	// Two known differences: the sample holds a CCAM act that its CDA does not,
	// and leaves out the LOINC act that its CDA has.
	require.Len(t, want.EventCodes, 3)
	assert.Equal(t, "ACQK001", want.EventCodes[0].Code)
	assert.Equal(t, "24727-0", got.EventCodes[0].Code)
	want.EventCodes[0] = got.EventCodes[0]
	assertSameEntry(t, want, got)
}

// assertSameEntry compares entries as they are written, instants as instants.
func assertSameEntry(t *testing.T, want, got xds.DocumentEntry) {
	t.Helper()
	write := func(e xds.DocumentEntry) []byte {
		s := xds.Submission{Set: set(t), Entries: []xds.DocumentEntry{e}}
		s.Number()
		b, err := s.AppendXML(nil)
		require.NoError(t, err)
		return b
	}
	assert.Empty(t, testkit.Diff(write(want), write(got)))
}

func TestSignatureEntryOfTheOfficialSample(t *testing.T) {
	t.Parallel()
	sample, _, err := xds.ParseSubmission(testkit.ReadShared(t, "dmp/samples/td2.1-submitobjects-cda.xml"))
	require.NoError(t, err)
	want := sample.Entries[1]
	assert.True(t, want.IsSignature())
	got := xds.SignatureEntry(sample.Set, sample.Entries[0], want.UniqueID, want.Created)
	got.ID = want.ID
	assertSameEntry(t, want, got)
}

// Typed metadata lose nothing: what is decoded and encoded again is the sample.
func TestOfficialSubmissionsSurvive(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"td2.1-submitobjects-cda.xml", "td2.1-submitobjects-replace.xml", "td2.1-submitobjects-kos.xml",
		"td3.3c-delete.xml", "td3.3d-archive.xml", "td3.3d-unarchive.xml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := testkit.ReadShared(t, "dmp/samples/"+name)
			s, warnings, err := xds.ParseSubmission(doc)
			require.NoError(t, err)
			assert.Empty(t, warnings)
			got, err := s.AppendXML(nil)
			require.NoError(t, err)
			want := canonical(t, doc, "SubmitObjectsRequest")
			// Identifiers of classifications are numbered anew.
			assert.Empty(t, testkit.Diff(withoutIDs(want), withoutIDs(canonical(t, got, "SubmitObjectsRequest"))))
		})
	}
}

func TestReplacementOfTheOfficialSample(t *testing.T) {
	t.Parallel()
	s, _, err := xds.ParseSubmission(testkit.ReadShared(t, "dmp/samples/td2.1-submitobjects-replace.xml"))
	require.NoError(t, err)
	assert.Equal(t, "urn:uuid:0f0f0f0f-1111-4222-8333-444444444444", s.Entries[0].Replaces)
	before := len(s.Associations)
	want := append([]xds.Association(nil), s.Associations...)
	s.Number()
	assert.Len(t, s.Associations, before, "nothing is missing")
	s.Associations = nil
	s.Number()
	assert.Equal(t, want, s.Associations, "what the sample has is what we add")
}

func TestAnswerOfTheOfficialSample(t *testing.T) {
	t.Parallel()
	r, err := xds.ParseQueryResponse(testkit.ReadShared(t, "dmp/samples/td3.1a-response.xml"))
	require.NoError(t, err)
	require.NoError(t, r.Err("dmp.find"))
	assert.Empty(t, r.Warnings)
	require.Len(t, r.Entries, 1)
	e := r.Entries[0]
	assert.Equal(t, "urn:uuid:0f0f0f0f-1111-4222-8333-444444444444", e.ID)
	assert.Equal(t, e.ID, e.LogicalID)
	assert.Equal(t, xds.Approved, e.Status)
	assert.Equal(t, "1", e.Version)
	assert.Equal(t, segur.OID("1.2.250.1.213.4.1.1.1.2"), e.RepositoryID)
	assert.Equal(t, "1.2.250.1.999.1.1.8121.3.20260105.1", e.UniqueID)
	assert.Equal(t, "e316bd8178acfabe1dcc49da7738a728252a3685", e.Hash)
	assert.Equal(t, int64(4126), e.Size)
	assert.Equal(t, "20260105092500", hl7.FormatUTC(e.ServiceStart))
	assert.Equal(t, "1750803447", e.Authors[0].Institutions[0].ID)
	assert.True(t, e.Has(xds.HiddenFromPatient))
	assert.Equal(t, "MARIE-LOUISE", e.SourcePatient().GivenNames[len("DOMINIQUE "):])
	_, err = e.Validate(xds.Rules{})
	assert.NoError(t, err)

	ids, err := xds.ParseQueryResponse(testkit.ReadShared(t, "dmp/samples/td3.1b-response.xml"))
	require.NoError(t, err)
	assert.Equal(t, []string{"urn:uuid:0f0f0f0f-1111-4222-8333-444444444444"}, ids.IDs)

	refused, err := xds.ParseResponse(testkit.ReadShared(t, "dmp/samples/td2.1-response-failure.unsure.xml"))
	require.NoError(t, err)
	assert.ErrorIs(t, refused.Err("dmp.submit"), segur.ErrRefused)
	ok, err := xds.ParseResponse(testkit.ReadShared(t, "dmp/samples/td2.1-response-success.xml"))
	require.NoError(t, err)
	assert.NoError(t, ok.Err("dmp.submit"))
}

func TestChangeVisibilityOfTheOfficialSample(t *testing.T) {
	t.Parallel()
	r, err := xds.ParseQueryResponse(testkit.ReadShared(t, "dmp/samples/td3.1a-response.xml"))
	require.NoError(t, err)
	want, _, err := xds.ParseSubmission(testkit.ReadShared(t, "dmp/samples/td3.3a-mask.xml"))
	require.NoError(t, err)
	got, err := xds.ChangeVisibility(want.Set, r.Entries[0], xds.HiddenFromPatient, xds.HiddenFromProfessionals)
	require.NoError(t, err)
	assertSameEntry(t, want.Entries[0], got.Entries[0])
	require.Len(t, got.Associations, 1)
	assert.Equal(t, "1", got.Associations[0].PreviousVersion)
	assert.Equal(t, want.Associations, got.Associations)

	bare := r.Entries[0]
	bare.Version, bare.LogicalID = "", ""
	_, err = xds.ChangeVisibility(want.Set, bare)
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
}

func TestChangeStatusOfTheOfficialSamples(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]xds.Status{
		"td3.3c-delete.xml": {xds.Approved, xds.Deleted}, "td3.3d-archive.xml": {xds.Approved, xds.Archived},
		"td3.3d-unarchive.xml": {xds.Archived, xds.Approved},
	} {
		doc := testkit.ReadShared(t, "dmp/samples/"+name)
		sample, _, err := xds.ParseSubmission(doc)
		require.NoError(t, err)
		s := xds.ChangeStatus(sample.Set, "urn:uuid:0f0f0f0f-1111-4222-8333-444444444444", c[0], c[1])
		got, err := s.AppendXML(nil)
		require.NoError(t, err)
		assert.Empty(t, testkit.Diff(withoutIDs(canonical(t, doc, "SubmitObjectsRequest")), withoutIDs(canonical(t, got, "SubmitObjectsRequest"))))
		_, err = s.Validate(xds.Rules{})
		assert.NoError(t, err, name)
	}
}

// DRIM-M samples break several rules; all are read, with warnings.
func TestDRIMSamples(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string]int{
		"drim/xds_validateur.xml": 2, "drim/xds_cross_validateur.xml": 2, "drim/invisible_masque_metadata.xml": 2, "drim/xdm_METADATA.XML": 2,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, warnings, err := xds.ParseSubmission(testkit.ReadShared(t, name))
			require.NoError(t, err)
			assert.Equal(t, name != "drim/xds_validateur.xml", len(warnings) > 0)
			require.Len(t, s.Entries, entries)
			assert.True(t, s.Entries[0].IsKOS())
			assert.Equal(t, "application/dicom", s.Entries[0].MimeType)
			assert.True(t, s.Entries[1].IsSignature())
			assert.Equal(t, "20", hl7.FormatUTC(s.Entries[0].ServiceStart)[:2], "times with and without an offset are read")
			assert.Equal(t, xds.Slot{Name: "submissionTime", Values: s.Entries[0].Extra[0].Values}, s.Entries[0].Extra[0], "unknown slots are kept")
			if name == "drim/invisible_masque_metadata.xml" {
				assert.Len(t, s.Entries[0].ConfidentialityCodes, 4, "markers bind to the entry around them")
				assert.True(t, s.Entries[0].Has(xds.HiddenFromRepresentatives))
			}
			if name == "drim/xdm_METADATA.XML" {
				assert.Equal(t, "SS000001/KOS_1_1.DCM", s.Entries[0].URI)
			}
		})
	}
}
