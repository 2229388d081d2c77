package xds_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

var (
	reportStart = time.Date(2026, 1, 20, 9, 30, 0, 0, time.FixedZone("CET", 3600))
	placer      = segur.Identifier{Root: testRoot + ".2", Extension: "D-42"}
)

func reporter() segur.Professional {
	return segur.Professional{ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude", Specialty: segur.Code{Code: "G15_10/SM44"},
		Organization: &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF", Sector: segur.Code{Code: "SA07"}}}
}

func reportedPatient(t *testing.T) segur.Patient {
	t.Helper()
	ins, err := segur.ParseINS(matricule, segur.OIDINSNIRTest)
	require.NoError(t, err)
	return segur.Patient{INS: ins, Status: segur.Qualified, LocalIDs: []segur.Identifier{{Root: testRoot + ".1", Extension: "IPP-0001"}},
		Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
			BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123"}}
}

// structured is a report of two acts: a CT of the chest and a mammography.
func structured(t *testing.T) (cda.Report, cda.Sections) {
	t.Helper()
	author := cda.Author{Professional: reporter(), Function: segur.Code{Code: "ATTPHYS"}}
	act := func(n segur.OID, code, label, modality, region string, after time.Duration) cda.Act {
		return cda.Act{StudyUID: testRoot + ".9." + n, Code: segur.Code{Code: code, Display: label}, Modalities: []segur.Code{{Code: modality}},
			Regions: []segur.Code{{Code: region}}, Start: reportStart.Add(after), End: reportStart.Add(after + 20*time.Minute)}
	}
	r := cda.Report{
		Title: "CR d'imagerie médicale - Thorax", Created: reportStart.Add(2 * time.Hour), Patient: reportedPatient(t), Authors: []cda.Author{author},
		LegalAuthenticator: cda.Signature{Professional: reporter()},
		Orders:             []cda.Order{{Placer: placer, Accession: segur.Identifier{Root: testRoot + ".7", Extension: "A-1"}}},
		Acts: []cda.Act{act("77", "24628-0", "CT thorax avec contraste IV", "CT", cda.RegionThorax, 0),
			act("78", "24605-8", "MG mammaire diagnostique", "MG", cda.RegionBreast, time.Hour)},
		PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
	}
	r.Acts[0].CCAM = segur.Code{Code: "ZBQH001", Display: "Scanographie du thorax, avec injection"}
	s := cda.Sections{
		Question: cda.ClinicalQuestion{Purpose: "Opacité ?"}, History: cda.History{NoContraIndication: cda.NoneKnown}, Conclusion: cda.Text("Rien à signaler."),
	}
	for _, a := range r.Acts {
		s.Acts = append(s.Acts, cda.ActSection{
			Site: cda.Site{Code: segur.Code{Code: "302551006"}}, Exposure: &cda.Exposure{Pregnancy: segur.Code{Code: cda.PregnancyNone}},
			Catalog: cda.Catalog{SeriesUID: a.StudyUID + ".1", InstanceUID: a.StudyUID + ".1.1", SOPClass: segur.Code{Code: "1.2.840.10008.5.1.4.1.1.2"}},
		})
	}
	return r, s
}

// The metadata of the documents that package cda writes: level 3, level 1 and
// request (CI-SIS, correspondence of the header with XDS).
func TestEntriesOfOurDocuments(t *testing.T) {
	t.Parallel()
	w, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: testRoot + ".5", IDs: segur.NewIDSource(fixed.Rand(1)),
		Clock: fixed.NewClock(reportStart.Add(2 * time.Hour)).Now})
	require.NoError(t, err)
	r, s := structured(t)
	level3, err := w.Level3(r, s)
	require.NoError(t, err)
	e := ours(t, level3)

	assert.Equal(t, string(level3.ID()), e.UniqueID)
	assert.Equal(t, "CR d'imagerie médicale - Thorax", e.Title)
	assert.Equal(t, "text/xml", e.MimeType)
	assert.Equal(t, "fr-FR", e.Language)
	assert.Equal(t, matricule+"^^^&1.2.250.1.213.1.4.10&ISO^NH", e.PatientID.CX())
	assert.Equal(t, "IPP-0001^^^&"+testRoot+".1&ISO^PI", e.SourcePatientID.CX())
	assert.Equal(t, []string{"PID-5|FICTIVE-DURAND^CAMILLE^LUCE^^^^L", "PID-7|19850314", "PID-8|F", "PID-11|^^^^^^BDL^^69123"}, e.SourcePatientInfo)
	assert.Equal(t, segur.Code{Code: "18748-4", System: "2.16.840.1.113883.6.1", Display: "CR d'imagerie médicale"}, e.TypeCode)
	assert.Equal(t, segur.Code{Code: "31", System: "1.2.250.1.213.1.1.4.1", Display: "Imagerie médicale"}, e.ClassCode)
	assert.Equal(t, "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", e.FormatCode.Code)
	assert.Equal(t, segur.OID("1.3.6.1.4.1.19376.1.2.3"), e.FormatCode.System)
	assert.Equal(t, "N", e.ConfidentialityCodes[0].Code)
	assert.Equal(t, "AMBULATOIRE", e.PracticeSettingCode.Code)
	assert.Equal(t, "SA07", e.FacilityTypeCode.Code)
	assert.True(t, e.Created.Time.Equal(reportStart.Add(2*time.Hour)))
	assert.True(t, e.ServiceStart.Time.Equal(reportStart))
	assert.True(t, e.ServiceStop.Time.Equal(reportStart.Add(20*time.Minute)), "the main act")
	assert.True(t, e.SignedBy("899900000015"))
	assert.True(t, e.WrittenBy("1990000019"))
	assert.Equal(t, "G15_10/SM44", e.Authors[0].Specialties[0].Code)
	assert.Len(t, e.Authors[0].Roles, 1)
	assert.Equal(t, []string{
		"24628-0 2.16.840.1.113883.6.1", "ZBQH001 1.2.250.1.215.300.1", "CT 1.2.840.10008.2.16.4", cda.RegionThorax + " 2.16.840.1.113883.6.96",
		"24605-8 2.16.840.1.113883.6.1", "MG 1.2.840.10008.2.16.4", cda.RegionBreast + " 2.16.840.1.113883.6.96",
	}, events(e))
	assert.Equal(t, []xds.Reference{
		{ID: "A-1", Authority: testRoot + ".7", Type: xds.ReferenceAccession},
		{ID: testRoot + ".9.77", Type: xds.ReferenceStudy}, {ID: testRoot + ".9.78", Type: xds.ReferenceStudy},
		{ID: "D-42", Authority: testRoot + ".2", Type: xds.ReferenceOrder},
	}, e.References)

	pdf, err := pdfa.Build(pdfa.Report{ID: "1", Created: reportStart, Title: "Thorax"})
	require.NoError(t, err)
	r.PDF = segur.BytesContent(pdf)
	level1, err := w.Level1(r)
	require.NoError(t, err)
	f := ours(t, level1)
	assert.Equal(t, "urn:ihe:iti:xds-sd:pdf:2008", f.FormatCode.Code)
	assert.Equal(t, events(e), events(f), "the same header")
	assert.Equal(t, e.References, f.References)
	copied, err := w.Level3(r, s)
	require.NoError(t, err)
	assert.Equal(t, "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", ours(t, copied).FormatCode.Code, "a copy in PDF leaves it structured")
}

// A request is of another class, and its number is an order: no study.
func TestEntryOfOurRequest(t *testing.T) {
	t.Parallel()
	w, err := cda.New(cda.Config{Environment: segur.Fake, OIDRoot: testRoot + ".5", Clock: fixed.NewClock(reportStart).Now})
	require.NoError(t, err)
	document, err := w.Request(cda.Request{
		Patient: reportedPatient(t), Authors: []cda.Author{{Professional: reporter()}}, LegalAuthenticator: cda.Signature{Professional: reporter()},
		Placer: placer, PracticeSetting: segur.Code{Code: "AMBULATOIRE"}, Question: cda.ClinicalQuestion{Purpose: "Opacité ?"}, RisksExplained: cda.Yes,
		Acts: []cda.RequestedAct{{Modality: segur.Code{Code: cda.RequestCT}, Sites: []cda.Site{{Code: segur.Code{Code: "302551006"}}}}},
	})
	require.NoError(t, err)
	e := ours(t, document)
	assert.Equal(t, "55115-0", e.TypeCode.Code)
	assert.Equal(t, "42", e.ClassCode.Code)
	assert.Equal(t, "urn:ans:ci-sis:img-da:2022", e.FormatCode.Code)
	assert.Equal(t, segur.OID("1.2.250.1.213.1.1.4.2.282"), e.FormatCode.System)
	assert.Equal(t, []xds.Reference{{ID: "D-42", Authority: testRoot + ".2", Type: xds.ReferenceOrder}}, e.References)
	assert.Equal(t, []string{"55115-0 2.16.840.1.113883.6.1"}, events(e))
	assert.True(t, e.ServiceStart.Time.Equal(reportStart))
	assert.Equal(t, "AMBULATOIRE", e.PracticeSettingCode.Code)
}

// ours derives the entry of a document from the header view that the writer
// gives; one that is read from the bytes gives the same.
func ours(t *testing.T, document *cda.Document) xds.DocumentEntry {
	t.Helper()
	e, err := xds.NewEntry(document.Header(), document, xds.EntryOptions{})
	require.NoError(t, err)
	b, err := document.Bytes()
	require.NoError(t, err)
	h, err := cda.ReadHeader(bytes.NewReader(b))
	require.NoError(t, err)
	read, err := xds.NewEntry(h, segur.BytesContent(b), xds.EntryOptions{})
	require.NoError(t, err)
	assertSameEntry(t, e, read)
	return e
}

func events(e xds.DocumentEntry) (out []string) {
	for _, c := range e.EventCodes {
		out = append(out, c.Code+" "+string(c.System))
	}
	return out
}
