package xds_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
)

func kos(t *testing.T) xds.KOS {
	t.Helper()
	return xds.KOS{UniqueID: testRoot + ".5.1", Created: at(t, "2026-01-05 11:20:00 +0100"), StudyUID: testRoot + ".9.77", Modalities: []string{"CT", "PT"}}
}

func TestDeriveKOSEntry(t *testing.T) {
	t.Parallel()
	report := header(t)
	e := xds.DeriveKOSEntry(kos(t), report, xds.EntryOptions{})
	require.NoError(t, e.Digest(segur.BytesContent([]byte("DICM"))))
	warnings, err := e.Validate(xds.Rules{})
	require.NoError(t, err)
	assert.Empty(t, warnings)
	assert.True(t, e.IsKOS())
	assert.Equal(t, testRoot+".5.1", e.UniqueID)
	assert.Equal(t, "application/dicom", e.MimeType)
	assert.Equal(t, "Reference d'Objets d'un Examen d'Imagerie", e.Title)
	assert.Equal(t, "31", e.ClassCode.Code)
	assert.Equal(t, segur.OID("1.2.840.10008.2.6.1"), e.FormatCode.System)
	assert.Empty(t, e.Authors[0].Specialties)
	assert.Equal(t, "RADIOLOGUE", e.Authors[0].Person.Family)
	var codes []string
	for _, c := range e.EventCodes {
		codes = append(codes, c.Code+" "+string(c.System))
	}
	assert.Equal(t, []string{"24727-0 2.16.840.1.113883.6.1", "ACQK001 1.2.250.1.215.300.1", "774007 1.2.250.1.213.1.1.5.695",
		"CT 1.2.250.1.213.1.1.5.618", "PT 1.2.250.1.213.1.1.5.618"}, codes)
	assert.Equal(t, xds.DeriveEntry(report, xds.EntryOptions{}).References, e.References)
	assert.Len(t, report.Services[0].Translations, 3, "the header of the report is not touched")
	assert.Equal(t, segur.Code{Code: "CT", System: dcm}, report.Services[0].Translations[1].Code)
}

func TestKOSOfOneStudyAmongSeveral(t *testing.T) {
	t.Parallel()
	report := header(t)
	second := report.Services[0]
	second.StudyUID, second.Code = testRoot+".9.78", segur.Code{Code: "30799-1", System: loinc, Display: "TDM cou"}
	second.Start = at(t, "2026-01-05 10:45:00 +0100")
	report.Services = append(report.Services, second)
	k := kos(t)
	k.StudyUID, k.Modalities, k.Title = testRoot+".9.78", nil, "Cou"
	k.Author = &segur.DocumentActor{Professional: segur.Professional{ID: "31990000019/7"}, Device: &segur.DocumentDevice{Software: "DRIMBOX FICTIVE", Model: "V1"}}
	e := xds.DeriveKOSEntry(k, report, xds.EntryOptions{EventScheme: xds.CodeSystems})
	assert.Equal(t, "Cou", e.Title)
	assert.Equal(t, "30799-1", e.EventCodes[0].Code)
	assert.Equal(t, segur.OID(dcm), e.EventCodes[2].System)
	assert.True(t, e.ServiceStart.Time.Equal(second.Start.Time), "times of the act of that study")
	assert.Equal(t, testRoot+".9.78", e.References[1].ID)
	assert.Len(t, e.References, 3)
	assert.True(t, e.Authors[0].Person.System)

	// A report without any act, or without the study, still gives an entry.
	report.Services = nil
	e = xds.DeriveKOSEntry(kos(t), report, xds.EntryOptions{})
	assert.Len(t, e.EventCodes, 2)
	assert.Equal(t, testRoot+".9.77", e.References[1].ID)
}

func TestKOSEntryOfTheOfficialSample(t *testing.T) {
	t.Parallel()
	sample, _, err := xds.ParseSubmission(testkit.ReadShared(t, "dmp/samples/td2.1-submitobjects-kos.xml"))
	require.NoError(t, err)
	want := sample.Entries[0]
	report := cdaHeader(t, testkit.ReadShared(t, "dmp/samples/td2.1-document-cda.xml"))
	got := xds.DeriveKOSEntry(xds.KOS{UniqueID: segur.OID(want.UniqueID), Created: want.Created, Title: want.Title}, report,
		xds.EntryOptions{WithPatientID: true, EventScheme: xds.CodeSystems})
	// Known differences: the sample names the specialty of a physician and no
	// act, which the decisions on DRIM-M entries reverse.
	got.Authors[0].Specialties = want.Authors[0].Specialties
	assert.Equal(t, "24727-0", got.EventCodes[0].Code)
	got.EventCodes = got.EventCodes[1:]
	got.ID, got.Hash, got.Size = want.ID, want.Hash, want.Size
	assertSameEntry(t, want, got)
}

func TestWhoPublishes(t *testing.T) {
	t.Parallel()
	e := entry(t)
	e.LegalAuthenticator.ID = "899900000023"
	assert.True(t, e.WrittenBy("1990000019"))
	assert.True(t, e.WrittenBy("990000019"), "without the type digit")
	assert.False(t, e.WrittenBy("1990000027"))
	assert.False(t, e.WrittenBy(""))
	assert.True(t, e.SignedBy("899900000015"))
	assert.True(t, e.SignedBy("899900000023"))
	assert.False(t, e.SignedBy("899900000031"))
	assert.False(t, e.SignedBy(""))
}

func TestPatientWithoutINS(t *testing.T) {
	t.Parallel()
	h := header(t)
	h.PatientIDs = h.PatientIDs[1:]
	e := xds.DeriveEntry(h, xds.EntryOptions{LocalPatientID: true})
	require.NoError(t, e.Digest(segur.BytesContent([]byte("x"))))
	e.URI = "DOC00001.XML"
	assert.Equal(t, "IPP-0001^^^&1.2.250.1.999.1&ISO^PI", e.PatientID.CX())
	_, err := e.Validate(xds.Rules{})
	assert.Equal(t, []string{"patientID"}, fields(t, err), "not for the DMP")
	warnings, err := e.Validate(xds.Rules{Profile: xds.XDM})
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	assert.Equal(t, "patientID", warnings[0].Field)
	assert.True(t, xds.DeriveEntry(h, xds.EntryOptions{}).PatientID.IsZero())
}
