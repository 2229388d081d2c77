package xds_test

import (
	"bytes"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	matricule = "285036912345656"
	testRoot  = "1.2.250.1.999.1"
)

func at(tb testing.TB, s string) segur.Timestamp {
	tb.Helper()
	t, err := time.Parse("2006-01-02 15:04:05 -0700", s)
	require.NoError(tb, err)
	return segur.At(t)
}

func organization() *segur.Organization {
	return &segur.Organization{ID: "1990000019", Name: "CENTRE D'IMAGERIE FICTIF"}
}

func radiologist() segur.Professional {
	return segur.Professional{ID: "899900000015", FamilyName: "RADIOLOGUE", GivenName: "Claude",
		Specialty: segur.Code{Code: "G15_10/SM44", System: "1.2.250.1.213.1.1.4.5"}, Organization: organization()}
}

// header is that of a fictional report on a CT of the head.
func header(tb testing.TB) segur.DocumentHeader {
	tb.Helper()
	doctor := segur.DocumentActor{Professional: radiologist(), Authority: segur.OIDProfessional}
	const loinc, dcm, snomed = "2.16.840.1.113883.6.1", "1.2.840.10008.2.16.4", "2.16.840.1.113883.6.96"
	return segur.DocumentHeader{
		ID: segur.Identifier{Root: testRoot + ".3.1"}, SetID: segur.Identifier{Root: testRoot + ".6.1"}, Version: 1,
		TemplateIDs: []segur.OID{"2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20"},
		Title:       "Scanner cérébral", Type: segur.Code{Code: "18748-4", System: loinc}, Language: "fr-FR",
		Created:         at(tb, "2026-01-05 11:15:00 +0100"),
		Confidentiality: segur.Code{Code: "N", System: "2.16.840.1.113883.5.25"},
		PatientIDs: []segur.Identifier{
			{Root: segur.OIDINSNIRTest, Extension: matricule}, {Root: testRoot, Extension: "IPP-0001"}},
		Patient: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE", Sex: segur.Female,
			BirthDate: segur.NewDate(1985, time.March, 14), BirthPlace: "69123"},
		Authors: []segur.DocumentActor{doctor}, LegalAuthenticator: doctor,
		Services: []segur.DocumentService{{
			StudyUID: testRoot + ".9.77", Code: segur.Code{Code: "24727-0", System: loinc, Display: "TDM tête"},
			Translations: []segur.QualifiedCode{
				{Code: segur.Code{Code: "ACQK001", System: "1.2.250.1.215.300.1", Display: "Scanographie du crâne"}},
				{Code: segur.Code{Code: "CT", System: dcm}, Qualifier: segur.Code{Code: "121139", System: dcm}},
				{Code: segur.Code{Code: "774007", System: snomed}, Qualifier: segur.Code{Code: "39111-0", System: loinc}},
			},
			Start: at(tb, "2026-01-05 10:25:00 +0100"), Stop: at(tb, "2026-01-05 11:10:00 +0100"),
			Performer: doctor, PracticeSetting: segur.Code{Code: "AMBULATOIRE", System: "1.2.250.1.213.1.1.4.9"},
		}},
		Orders: []segur.DocumentOrder{{Placer: segur.Identifier{Root: testRoot + ".2", Extension: "D-42"},
			Accession: segur.Identifier{Root: testRoot + ".7", Extension: "A-1"}}},
		FacilityType:  segur.Code{Code: "SA07", System: "1.2.250.1.71.4.2.4"},
		BodyMediaType: "application/pdf",
	}
}

func set(tb testing.TB) xds.SubmissionSet {
	tb.Helper()
	return xds.SubmissionSet{
		UniqueID: testRoot + ".1.1", SourceID: testRoot + ".8",
		PatientID: xds.PatientID{ID: matricule, Authority: segur.OIDINSNIRTest, Type: "NH"},
		Submitted: at(tb, "2026-01-05 11:25:00 +0100"), Title: "Scanner cérébral", Author: xds.NewAuthor(radiologist()),
		ContentTypeCode: segur.Code{Code: "07", System: "1.2.250.1.213.2.2", Display: "Consultations soins externes"},
	}
}

// entry is a complete, valid entry.
func entry(tb testing.TB) xds.DocumentEntry {
	tb.Helper()
	e, err := xds.NewEntry(header(tb), segur.BytesContent([]byte("<ClinicalDocument/>")), xds.EntryOptions{})
	require.NoError(tb, err)
	return e
}

// lot is a submission of one report and its signature.
func lot(tb testing.TB) xds.Submission {
	tb.Helper()
	document := entry(tb)
	signature := xds.SignatureEntry(set(tb), document, testRoot+".4.1", at(tb, "2026-01-05 11:25:00 +0100"))
	require.NoError(tb, signature.Digest(segur.BytesContent([]byte("<Signature/>"))))
	return xds.Submission{Set: set(tb), Entries: []xds.DocumentEntry{document, signature}}
}

var betweenTags = regexp.MustCompile(`>\s+<`)

// canonical is one element of a document in exclusive canonical form, without
// the line breaks between elements.
func canonical(tb testing.TB, doc []byte, local string) []byte {
	tb.Helper()
	root, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(tb, err)
	for n := range root.Walk() {
		if n.Name.Local == local {
			c, err := xmlr.Canonicalize(nil, doc, xmlr.Canonical{Mode: xmlr.Exclusive, Apex: n})
			require.NoError(tb, err)
			return betweenTags.ReplaceAll(bytes.TrimSpace(c), []byte("><"))
		}
	}
	require.Fail(tb, "no element "+local)
	return nil
}

var partIDs = regexp.MustCompile(` id="(cla|ei|as)[0-9]+"`)

// withoutIDs removes the identifiers of classifications, external identifiers
// and associations, which mean nothing.
func withoutIDs(b []byte) []byte { return partIDs.ReplaceAll(b, nil) }

func sprintf(format string, v any) string { return fmt.Sprintf(format, v) }
