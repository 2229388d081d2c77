package xds_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	loinc  = "2.16.840.1.113883.6.1"
	dcm    = "1.2.840.10008.2.16.4"
	snomed = "2.16.840.1.113883.6.96"
)

func utc(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// Our queries are those of the official samples, byte for byte once canonical.
func TestQueriesOfTheOfficialSamples(t *testing.T) {
	t.Parallel()
	patient := xds.PatientID{ID: "279035121518989", Authority: segur.OIDINSNIRTest}
	last2Years := xds.Period{From: utc(2024, 1, 5)}
	for name, q := range map[string]xds.Query{
		"td3.1a-find-documents.xml": xds.FindDocuments{Patient: patient, ServiceStart: last2Years},
		"td3.1a-find-imaging-last-2-years.xml": xds.FindDocuments{Patient: patient, ServiceStart: last2Years,
			TypeCodes:  []segur.Code{{Code: "18748-4", System: loinc}, {Code: "IMG-KOS", System: "1.2.250.1.213.1.1.4.12"}},
			EventCodes: [][]segur.Code{{{Code: "CT", System: dcm}, {Code: "MR", System: dcm}}, {{Code: "774007", System: snomed}}}},
		"td3.1b-get-documents-by-uniqueid.xml": xds.GetDocuments{UniqueIDs: []string{"1.2.250.1.999.1.1.8121.3.20260105.1"}, IDsOnly: true},
		"td3.1-find-by-reference-id.xml": xds.FindDocuments{Patient: patient,
			References: [][]xds.Reference{{{ID: "A2026-0001", Authority: "1.2.250.1.999.1.1.8121.7", Type: xds.ReferenceAccession}}}},
		"td3.1-find-submission-sets.xml": xds.FindSubmissionSets{Patient: patient, Submitted: xds.Period{From: utc(2026, 1, 1)}},
		"td3.1-get-associations.xml": xds.GetAssociations{EntryUUIDs: []string{
			"urn:uuid:aaaaaaaa-1111-4111-8111-111111111111", "urn:uuid:aaaaaaaa-2222-4222-8222-222222222222"}},
		"td3.1-get-documents-and-associations.xml": xds.GetDocuments{EntryUUIDs: []string{"urn:uuid:0f0f0f0f-1111-4222-8333-444444444444"}, WithAssociations: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := q.AppendXML(nil)
			require.NoError(t, err)
			assert.Empty(t, testkit.Diff(canonical(t, testkit.ReadShared(t, "dmp/samples/"+name), "AdhocQueryRequest"), canonical(t, b, "AdhocQueryRequest")))
		})
	}
}

func parameters(t *testing.T, q xds.Query) map[string][][]string {
	t.Helper()
	b, err := q.AppendXML(nil)
	require.NoError(t, err)
	n, err := xmlr.Parse(b, xmlr.Options{})
	require.NoError(t, err)
	read, err := ebrim.ReadQuery(n)
	require.NoError(t, err)
	out := map[string][][]string{}
	for _, p := range read.Parameters {
		out[p.Name], err = read.Parameter(p.Name)
		require.NoError(t, err)
		for _, v := range p.Values {
			assert.LessOrEqual(t, len([]rune(v)), 256)
		}
	}
	return out
}

func TestFindDocumentsParameters(t *testing.T) {
	t.Parallel()
	paris := time.FixedZone("", 3600)
	q := xds.FindDocuments{
		Patient:    xds.PatientID{ID: matricule, Authority: segur.OIDINSNIRTest},
		Statuses:   []xds.Status{xds.Approved, xds.Archived},
		ClassCodes: []segur.Code{{Code: "31", System: "1.2.250.1.213.1.1.4.1"}, {Code: "10", System: "1.2.250.1.213.1.1.4.1"}},
		EventCodes: [][]segur.Code{xds.EventAlternatives(segur.Code{Code: "CT", System: dcm}, segur.Code{Code: "774007", System: "1.2.250.1.213.1.1.5.695"},
			segur.Code{Code: "ACQK001", System: "1.2.250.1.215.300.1"})},
		AuthorPersons: []string{"%^O'NEIL^%"},
		Created:       xds.Period{From: time.Date(2026, 1, 5, 0, 30, 0, 0, paris), To: time.Date(2026, 1, 6, 0, 30, 0, 0, paris)},
		IDsOnly:       true,
	}
	assert.Equal(t, map[string][][]string{
		"$XDSDocumentEntryPatientId":        {{matricule + "^^^&1.2.250.1.213.1.4.10&ISO^NH"}},
		"$XDSDocumentEntryStatus":           {{string(xds.Approved), string(xds.Archived)}},
		"$XDSDocumentEntryClassCode":        {{"31^^1.2.250.1.213.1.1.4.1", "10^^1.2.250.1.213.1.1.4.1"}},
		"$XDSDocumentEntryEventCodeList":    {{"CT^^1.2.840.10008.2.16.4", "CT^^1.2.250.1.213.1.1.5.618", "774007^^1.2.250.1.213.1.1.5.695", "774007^^2.16.840.1.113883.6.96", "ACQK001^^1.2.250.1.215.300.1", "ACQK001^^1.2.250.1.213.2.5"}},
		"$XDSDocumentEntryAuthorPerson":     {{"%^O'NEIL^%"}},
		"$XDSDocumentEntryCreationTimeFrom": {{"20260104233000"}},
		"$XDSDocumentEntryCreationTimeTo":   {{"20260105233000"}},
	}, parameters(t, q))
}

func TestReferencesOfAStudy(t *testing.T) {
	t.Parallel()
	study := xds.Reference{ID: "1.2.840.1", Type: xds.ReferenceStudy}
	accession := xds.Reference{ID: "A1", Authority: "1.2.3", Type: xds.ReferenceAccession}
	q := xds.FindDocuments{Patient: xds.PatientID{ID: matricule, Authority: segur.OIDINSNIRTest},
		References: [][]xds.Reference{xds.ReferenceAlternatives("", study, accession, study), {accession}, xds.ReferenceAlternatives("1.2.9", study)}}
	assert.Equal(t, [][]string{
		{"1.2.840.1^^^^" + xds.ReferenceStudy, "1.2.840.1^^^&1.2.3.4.5.6&ISO^" + xds.ReferenceStudy, "A1^^^&1.2.3&ISO^" + xds.ReferenceAccession},
		{"A1^^^&1.2.3&ISO^" + xds.ReferenceAccession},
		{"1.2.840.1^^^^" + xds.ReferenceStudy, "1.2.840.1^^^&1.2.9&ISO^" + xds.ReferenceStudy},
	}, parameters(t, q)["$XDSDocumentEntryReferenceIdList"])
}

func TestLongQueries(t *testing.T) {
	t.Parallel()
	var q xds.GetDocuments
	for i := range 20 {
		q.UniqueIDs = append(q.UniqueIDs, testRoot+".3."+string(rune('a'+i)))
	}
	assert.Equal(t, q.UniqueIDs, parameters(t, q)["$XDSDocumentEntryUniqueId"][0])
}

func TestQueriesRefuse(t *testing.T) {
	t.Parallel()
	patient := xds.PatientID{ID: matricule, Authority: segur.OIDINSNIRTest}
	for name, q := range map[string]xds.Query{
		"no patient":          xds.FindDocuments{},
		"code without system": xds.FindDocuments{Patient: patient, TypeCodes: []segur.Code{{Code: "18748-4"}}},
		"period backwards":    xds.FindDocuments{Patient: patient, Created: xds.Period{From: utc(2026, 1, 2), To: utc(2026, 1, 1)}},
		"empty reference":     xds.FindDocuments{Patient: patient, References: [][]xds.Reference{{{}}}},
		"no identifier":       xds.GetDocuments{},
		"both identifiers":    xds.GetDocuments{UniqueIDs: []string{"1.2.3"}, EntryUUIDs: []string{"urn:uuid:1"}},
		"uuid as unique id":   xds.GetDocuments{UniqueIDs: []string{"urn:uuid:1"}},
		"unique id as uuid":   xds.GetDocuments{EntryUUIDs: []string{"1.2.3"}},
		"no set patient":      xds.FindSubmissionSets{},
		"no uuid":             xds.GetAssociations{},
		"bad uuid":            xds.GetAssociations{EntryUUIDs: []string{"1"}},
	} {
		b, err := q.AppendXML([]byte("kept"))
		assert.ErrorIs(t, err, segur.ErrInvalidInput, name)
		assert.Equal(t, "kept", string(b), name)
		assert.NotContains(t, err.Error(), matricule)
	}
}

// A bound within a second takes the whole of that second.
func TestPeriodWidens(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 5, 12, 0, 0, 0, time.FixedZone("CET", 3600))
	patient := xds.PatientID{ID: "1", Authority: "1.2.250.1.213.1.4.10", Type: "NH"}
	for _, c := range []struct {
		add      time.Duration
		from, to string
	}{{0, "20260105110000", "20260105110000"}, {1, "20260105110000", "20260105110001"}, {time.Second - 1, "20260105110000", "20260105110001"}, {time.Second, "20260105110001", "20260105110001"}} {
		b, err := xds.FindDocuments{Patient: patient, Created: xds.Period{From: at.Add(c.add), To: at.Add(c.add)}}.AppendXML(nil)
		require.NoError(t, err)
		assert.Contains(t, string(b), `CreationTimeFrom"><rim:ValueList><rim:Value>`+c.from+`<`)
		assert.Contains(t, string(b), `CreationTimeTo"><rim:ValueList><rim:Value>`+c.to+`<`)
	}
}
