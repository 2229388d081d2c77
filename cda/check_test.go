package cda_test

import (
	"bytes"
	"errors"
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
)

// Each change breaks one rule of a complete report: the error names that field
// and no other.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	at := instant(9, 30, 0)
	for _, tc := range []struct {
		field string
		edit  func(r *cda.Report)
	}{
		{"id", func(r *cda.Report) { r.ID = "1.2.03" }},
		{"version", func(r *cda.Report) { r.Version = -1 }},
		{"replaces", func(r *cda.Report) { r.Version = 2 }},
		{"version", func(r *cda.Report) { r.Replaces.Root = "1.2.3" }},
		{"replaces.root", func(r *cda.Report) { r.Version, r.Replaces.Root, r.SetID.Root = 2, "x", "1.2.4" }},
		{"id", func(r *cda.Report) { r.Version, r.ID, r.Replaces.Root, r.SetID.Root = 2, "1.2.3", "1.2.3", "1.2.4" }},
		{"setID", func(r *cda.Report) { r.Version, r.Replaces.Root = 2, "1.2.3" }},
		{"title", func(r *cda.Report) { r.Title = strings.Repeat("é", 129) }},
		{"setID", func(r *cda.Report) { r.ID, r.SetID.Root = "1.2.3", "1.2.3" }},
		{"setID.root", func(r *cda.Report) { r.SetID.Root = "0F8FAD5B-D9CB-469F-A165-7086772895ZZ" }},
		{"language", func(r *cda.Report) { r.Language = "fr" }},
		{"language", func(r *cda.Report) { r.Language = "fr-1R" }},
		{"confidentiality.code", func(r *cda.Report) { r.Confidentiality.Code = "X" }},
		{"confidentiality.system", func(r *cda.Report) { r.Confidentiality = segur.Code{Code: "N", System: "1.2.3"} }},
		{"practiceSetting.code", func(r *cda.Report) { r.PracticeSetting = segur.Code{} }},

		{"patient.ins", func(r *cda.Report) { r.Patient.INS = segur.INS{} }},
		{"patient.localIDs", func(r *cda.Report) { r.Patient.Status, r.Patient.LocalIDs = segur.Validated, nil }},
		{"patient.localIDs[0].root", func(r *cda.Report) { r.Patient.LocalIDs[0].Root = segur.OIDINSNIR }},
		{"patient.localIDs[0].root", func(r *cda.Report) { r.Patient.LocalIDs[0].Root = "1.2.250.1.213.1.4.2" }},
		{"patient.localIDs[0].extension", func(r *cda.Report) { r.Patient.LocalIDs[0].Extension = " " }},
		{"patient.localIDs[1]", func(r *cda.Report) { r.Patient.LocalIDs = append(r.Patient.LocalIDs, r.Patient.LocalIDs[0]) }},
		{"patient.traits.birthName", func(r *cda.Report) { r.Patient.Traits.BirthName = " " }},
		{"patient.traits.givenNames", func(r *cda.Report) { r.Patient.Traits.GivenNames = "" }},
		{"patient.traits.givenNames", func(r *cda.Report) { r.Patient.Traits.GivenNames = "CAMILLETTE LUCE" }},
		{"patient.traits.givenNames", func(r *cda.Report) { r.Patient.Traits.GivenNames = "LUCE CAMILLE" }},
		{"patient.traits.sex", func(r *cda.Report) { r.Patient.Traits.Sex = segur.SexUnknown }},
		{"patient.traits.sex", func(r *cda.Report) { r.Patient.Traits.Sex = "" }},
		{"patient.traits.birthDate", func(r *cda.Report) { r.Patient.Traits.BirthDate = segur.Date{} }},
		{"patient.traits.birthDate", func(r *cda.Report) { r.Patient.Traits.BirthDate = segur.NewDate(2001, 2, 29) }},
		{"patient.traits.birthDate", func(r *cda.Report) { r.Patient.Traits.BirthDate = segur.NewDate(2026, 1, 22) }},
		{"patient.traits.birthDate", func(r *cda.Report) { r.Patient.Traits.BirthDate = segur.Date{Year: 2027} }},
		{"patient.traits.birthPlace", func(r *cda.Report) { r.Patient.Traits.BirthPlace = "" }},
		{"patient.traits.birthPlace", func(r *cda.Report) { r.Patient.Traits.BirthPlace = "2C004" }},
		{"patient.telecoms[0].value", func(r *cda.Report) { r.Patient.Telecoms[0].Value = "0600000000" }},
		{"patient.telecoms[0].value", func(r *cda.Report) { r.Patient.Telecoms[0].Value = "https://x.test" }},
		{"patient.telecoms[0].value", func(r *cda.Report) { r.Patient.Telecoms[0].Value = "tel:06 00" }},
		{"patient.telecoms[0].use", func(r *cda.Report) { r.Patient.Telecoms[0].Use = "H TMP" }},
		{"patient.address", func(r *cda.Report) { r.Patient.Address.Lines = strings.Split("a b c d e f", " ") }},

		{"authors", func(r *cda.Report) { p := radiologist(); r.Acts[0].Performer = &p; r.Authors = nil }},
		{"authors[1].id", func(r *cda.Report) { r.Authors[1].ID = "" }},
		{"authors[1].id", func(r *cda.Report) { r.Authors[1].ID = "99900000011" }},
		{"authors[1].id", func(r *cda.Report) { r.Authors[1].ID = "8999000000110" }},
		{"authors[1].id", func(r *cda.Report) { r.Authors[1].ID = "3990000019" }},
		{"authors[1].id", func(r *cda.Report) { r.Authors[1].ID = "31990000019/12 é" }},
		{"authors[1].id", func(r *cda.Report) { r.Authors[1].ID = "31990000019/\n1" }},
		{"authors[1].id", func(r *cda.Report) { r.Authors[1].ID = "0 69123456" }},
		{"authors[1].familyName", func(r *cda.Report) { r.Authors[1].FamilyName = "" }},
		{"authors[1].givenName", func(r *cda.Report) { r.Authors[1].GivenName = "" }},
		{"authors[1].specialty.code", func(r *cda.Report) { r.Authors[1].Specialty = segur.Code{} }},
		{"authors[1].specialty.code", func(r *cda.Report) { r.Authors[1].Specialty.Code = "G15_10/SM99" }},
		{"authors[1].title", func(r *cda.Report) { r.Authors[1].Title = "Monsieur" }},
		{"authors[1].function.code", func(r *cda.Report) { r.Authors[1].Function.Code = "X" }},
		{"authors[1].organization.id", func(r *cda.Report) { r.Authors[1].Organization.ID = "990000019" }},
		{"authors[1].organization.name", func(r *cda.Report) { r.Authors[1].Organization.Name = "" }},
		{"legalAuthenticator.specialty.code", func(r *cda.Report) { r.LegalAuthenticator.Specialty.Code = "" }},
		{"authenticators[0].id", func(r *cda.Report) {
			r.Authenticators = []cda.Signature{{Professional: radiologist()}}
			r.Authenticators[0].ID = ""
		}},
		{"authenticators[0].time", func(r *cda.Report) {
			r.Authenticators = []cda.Signature{{Professional: radiologist(), Time: at.AddDate(1, 0, 0)}}
		}},
		{"dataEnterer.familyName", func(r *cda.Report) {
			r.DataEnterer = &cda.DataEnterer{Professional: segur.Professional{ID: "3990000019/SEC1"}}
		}},
		{"custodian.id", func(r *cda.Report) { r.Custodian.ID = "" }},
		{"custodian.sector.code", func(r *cda.Report) { r.Encounter.Facility, r.Custodian.Sector.Code = nil, "" }},
		{"recipients[0].id", func(r *cda.Report) { r.Recipients[0].ID = "x" }},
		{"prescriber.familyName", func(r *cda.Report) { r.Prescriber.FamilyName = "" }},
		{"prescriber.date", func(r *cda.Report) { r.Prescriber.Date.Month = 13 }},
		{"prescriber.date", func(r *cda.Report) { r.Prescriber.Date = segur.NewDate(2027, 1, 5) }},
		{"familyPhysician.specialty.code", func(r *cda.Report) { r.FamilyPhysician.Specialty.Code = "nope" }},
		{"informants[0].class", func(r *cda.Report) { r.Informants[0].Class = "" }},
		{"informants[0].relationship.code", func(r *cda.Report) { r.Informants[0].Relationship.Code = "soeur" }},
		{"informants[1].familyName", func(r *cda.Report) { r.Informants[1].FamilyName = "" }},

		{"orders", func(r *cda.Report) { r.Orders = nil }},
		{"orders[0].accession.root", func(r *cda.Report) { r.Orders[0].Accession.Root = "" }},
		{"orders[0].accession.extension", func(r *cda.Report) { r.Orders[0].Accession.Extension = "" }},
		{"orders[0].placer.root", func(r *cda.Report) { r.Orders[0].Placer.Root = "" }},
		{"orders[0].accession.extension", func(r *cda.Report) { r.Orders[0].Accession.Extension = "A\n1" }},
		{"orders[1]", func(r *cda.Report) {
			padded := r.Orders[0]
			padded.Accession.Extension += " "
			r.Orders = append(r.Orders, padded)
		}},
		{"orders[1]", func(r *cda.Report) { r.Orders = append(r.Orders, r.Orders[0]) }},
		{"acts[0].studyUID", func(r *cda.Report) { r.Acts[0].StudyUID = "1.2.3.x" }},
		{"acts[0].studyUID", func(r *cda.Report) { r.Acts[0].StudyUID = segur.OID("1." + strings.Repeat("2", 63)) }},
		{"acts[0].code.code", func(r *cda.Report) { r.Acts[0].Code.Code = "26257-7" }},
		{"acts[0].code.code", func(r *cda.Report) { r.Acts[0].Code.Code = "NZQN001" }},
		{"acts[0].code.display", func(r *cda.Report) { r.Acts[0].Code.Display = "" }},
		{"acts[0].code.display", func(r *cda.Report) { r.Acts[0].Code.Display = "RM\tgenou" }},
		{"acts[0].code.system", func(r *cda.Report) { r.Acts[0].Code.System = "2.16.840.1.113883.6.96" }},
		{"acts[0].ccam.code", func(r *cda.Report) { r.Acts[0].CCAM.Code = "NZQN01" }},
		{"acts[0].ccam.display", func(r *cda.Report) { r.Acts[0].CCAM.Display = "" }},
		{"acts[0].modalities", func(r *cda.Report) { r.Acts[0].Modalities = nil }},
		{"acts[0].modalities[0].code", func(r *cda.Report) { r.Acts[0].Modalities = []segur.Code{{Code: "OT"}} }},
		{"acts[0].modalities[1]", func(r *cda.Report) { r.Acts[0].Modalities = []segur.Code{{Code: "MR"}, {Code: "MR"}} }},
		{"acts[0].regions[0].code", func(r *cda.Report) { r.Acts[0].Regions[0].Code = "genou" }},
		{"acts[0].start", func(r *cda.Report) { r.Acts[0].Start = time.Time{} }},
		{"acts[0].end", func(r *cda.Report) { r.Acts[0].End = time.Time{} }},
		{"acts[0].end", func(r *cda.Report) { r.Acts[0].End = at }},
		{"acts[0].end", func(r *cda.Report) { r.Acts[0].End = at.Add(999 * time.Millisecond) }},
		{"acts[0].end", func(r *cda.Report) { r.Acts[0].End = at.Add(-time.Hour) }},
		{"acts[0].start", func(r *cda.Report) { r.Acts[0].Start, r.Acts[0].End = at.AddDate(0, 0, 2), at.AddDate(0, 0, 3) }},
		{"acts[1].end", func(r *cda.Report) {
			second := r.Acts[0]
			second.End = time.Time{}
			r.Acts = append(r.Acts, second)
		}},
		{"acts[0].performer.id", func(r *cda.Report) { p := radiologist(); p.ID = "8"; r.Acts[0].Performer = &p }},
		{"created", func(r *cda.Report) {
			r.Created = time.UnixMilli(time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC).UnixMicro())
		}},
		{"created", func(r *cda.Report) {
			r.Created = at.AddDate(0, 0, 2)
			r.Authors[1].Time = at // which Created gives by default
		}},
		{"legalAuthenticator.time", func(r *cda.Report) { r.LegalAuthenticator.Time = at.AddDate(1, 0, 0) }},
		{"authors[0].time", func(r *cda.Report) { r.Authors[0].Time = time.Unix(-1<<40, 0) }},
		{"legalAuthenticator.time", func(r *cda.Report) { r.LegalAuthenticator.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"encounter.type.code", func(r *cda.Report) { r.Encounter.Type.Code = "AMBU" }},
		{"encounter.id.root", func(r *cda.Report) { r.Encounter.ID.Root = "" }},
		{"encounter.end", func(r *cda.Report) { r.Encounter.End = r.Encounter.Start }},
		{"encounter.start", func(r *cda.Report) { r.Encounter.Start = time.Time{} }},
		{"encounter.facility.sector.code", func(r *cda.Report) { r.Encounter.Facility.Sector.Code = "SA99" }},
		{"encounter.facility.name", func(r *cda.Report) { r.Encounter.Facility.Name = "" }},

		{"pdf", func(r *cda.Report) { r.PDF = nil }},
		{"pdf", func(r *cda.Report) { r.PDF = segur.BytesContent(nil) }},
		{"pdf", func(r *cda.Report) { r.PDF = segur.BytesContent([]byte("<html>%%EOF")) }},
		{"pdf", func(r *cda.Report) { r.PDF = segur.BytesContent(samplePDF()[:len(samplePDF())/2]) }},
		{"pdf", func(r *cda.Report) { r.PDF = sized{10, bytes.NewReader(samplePDF())} }},
		{"pdf", func(r *cda.Report) { r.PDF = sized{1 << 20, bytes.NewReader(samplePDF())} }},
		{"pdf", func(r *cda.Report) { r.PDF = sized{10, iotest.ErrReader(io.ErrNoProgress)} }},
		{"pdf", func(r *cda.Report) { r.PDF = sized{10, nil} }},
		{"pdf", func(r *cda.Report) { r.PDF = bigPDF(cda.DefaultMaxPDFBytes + 1) }},
	} {
		r := complete(t)
		tc.edit(&r)
		doc, err := newWriter(t).Level1(r)
		require.Nil(t, doc)
		lax, laxErr := newWriter(t, allowInvalid).Level1(r)
		judged(t, tc.field, lax, laxErr)
		if !assert.ErrorIs(t, err, segur.ErrInvalidInput, tc.field) {
			continue
		}
		assert.Equal(t, []string{tc.field}, slices.Compact(fields(err)), err.Error())
		for _, secret := range []string{"FICTIVE", "CAMILLE", r.Patient.INS.Body(), "IPP-0001", "LYON"} {
			if secret != "" {
				assert.NotContains(t, err.Error(), secret, tc.field)
			}
		}
	}
}

type sized struct {
	size int64
	r    io.Reader
}

func (s sized) Size() int64 { return s.size }
func (s sized) Open() (io.ReadCloser, error) {
	if s.r == nil {
		return nil, io.ErrClosedPipe
	}
	return io.NopCloser(s.r), nil
}

// Everything is said at once.
func TestEverythingIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := newWriter(t).Level1(cda.Report{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, "cda.level1", e.Op)
	assert.Subset(t, fields(err), []string{
		"patient.localIDs", "patient.traits.birthName", "patient.traits.firstGivenName", "patient.traits.sex",
		"patient.traits.birthDate", "custodian.id", "custodian.name", "authors", "legalAuthenticator.id", "orders", "acts",
		"practiceSetting.code", "pdf",
	})
}

func TestEnvironmentDecidesOnIdentities(t *testing.T) {
	t.Parallel()
	production := newWriter(t, func(c *cda.Config) { c.Environment = segur.Production })
	r := minimal(t)
	_, err := production.Level1(r)
	assert.Equal(t, []string{"authors[0].id", "legalAuthenticator.id", "patient.ins.authority"}, fields(err),
		"a test identity, and a number whose key is wrong")

	real, err := segur.ParseINS(r.Patient.INS.Matricule(), segur.OIDINSNIR)
	require.NoError(t, err)
	r.Patient.INS = real
	r.Authors[0].ID, r.LegalAuthenticator.ID = "899900000011", "899900000011"
	p, err := cda.Parse(build(t, production, r))
	require.NoError(t, err)
	assert.Equal(t, segur.OIDINSNIR, p.Header.PatientIDs[0].Root)
}

func TestUnlistedCodes(t *testing.T) {
	t.Parallel()
	r := minimal(t)
	r.Acts[0].Modalities = []segur.Code{{Code: "NEW", System: "1.2.840.10008.2.16.4", Display: "Nouvelle modalité"}}
	_, err := newWriter(t).Level1(r)
	assert.Equal(t, []string{"acts[0].modalities[0].code"}, fields(err))
	lenient := newWriter(t, func(c *cda.Config) { c.AllowUnlistedCodes = true })
	p, err := cda.Parse(build(t, lenient, r))
	require.NoError(t, err)
	assert.Equal(t, "Nouvelle modalité", p.Header.Services[0].Translations[0].Display)
	r.Acts[0].Modalities[0].Display = ""
	_, err = lenient.Level1(r)
	assert.Equal(t, []string{"acts[0].modalities[0]"}, fields(err))
	r.Acts[0].Modalities[0] = segur.Code{Code: "NEW", System: "DCM", Display: "x"}
	_, err = lenient.Level1(r)
	assert.Equal(t, []string{"acts[0].modalities[0].system"}, fields(err))
}

func TestPDFA(t *testing.T) {
	t.Parallel()
	r := minimal(t)
	r.PDF = stub()
	_, err := newWriter(t).Level1(r)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "ISO 19005-1")
	r.PDF = sized{r.PDF.Size(), iotest.OneByteReader(strings.NewReader("%PDF-1.4\n%%EOF\n"))}
	_, err = newWriter(t).Level1(r)
	assert.Contains(t, err.Error(), "ISO 19005-1", "the same of a content that comes in pieces")
	r.PDF = stub()
	_, err = newWriter(t, allowAnyPDF).Level1(r)
	require.NoError(t, err)
	_, err = newWriter(t, allowAnyPDF, func(c *cda.Config) { c.MaxPDFBytes = r.PDF.Size() - 1 }).Level1(r)
	assert.Equal(t, []string{"pdf"}, fields(err))
}

// What is harmless is put right rather than refused.
func TestWhatIsPutRight(t *testing.T) {
	t.Parallel()
	r := complete(t)
	r.Title = "  CR \n d'imagerie  "
	r.Authors[1].Title = "dr."
	r.Acts[0].CCAM.System = "1.2.250.1.213.2.5" // the older OID of the same list
	r.Patient.Traits.FirstGivenName, r.Patient.Traits.GivenNames = "Anne-Élise", "ANNE ELISE LUCE"
	r.Patient.Telecoms = append(r.Patient.Telecoms, r.Patient.Telecoms[0])
	r.Orders[0].Accession.Extension, r.Orders[0].Placer.Extension = "ACC-2026-0042 ", " D 1\t" // as DICOM and HL7 v2 pad them
	r.Patient.LocalIDs[0].Extension = "IPP-0001 "
	given := r.Orders[0]
	doc, err := newWriter(t).Level1(r)
	require.NoError(t, err)
	h := doc.Header()
	assert.Equal(t, "CR d'imagerie", h.Title)
	assert.Equal(t, "DR", h.Authors[1].Professional.Title)
	assert.EqualValues(t, "1.2.250.1.215.300.1", h.Services[0].Translations[0].System)
	b, _ := doc.Bytes()
	assert.Equal(t, 1, strings.Count(string(b), "tel:+33600000000"), "the rules refuse repeated elements")
	for _, want := range []string{`accessionNumber extension="ACC-2026-0042"`, `extension="D 1"`, `extension="IPP-0001"`} {
		assert.Contains(t, string(b), want)
	}
	assert.Equal(t, given, r.Orders[0], "the report of the caller is left alone")
	assert.Equal(t, "IPP-0001 ", r.Patient.LocalIDs[0].Extension)
}

// A child is born, examined and reported on while the calendars and the clocks
// that say so differ: nothing of it is in the future.
func TestClocksMayDiffer(t *testing.T) {
	t.Parallel()
	r := minimal(t)
	r.Patient.Traits.BirthDate = segur.NewDate(2026, 1, 21) // in Nouméa it is the 21st already
	r.Acts[0].Start, r.Acts[0].End = instant(11, 20, 0), instant(11, 25, 0)
	r.Created = instant(11, 30, 0)
	_, err := newWriter(t).Level1(r)
	require.NoError(t, err, "the clock says 11:05 on the 20th")
	r.Title = strings.Repeat("é", 128)
	_, err = newWriter(t).Level1(r)
	require.NoError(t, err)
}
