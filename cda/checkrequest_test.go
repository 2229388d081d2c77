package cda_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	code := func(s string) segur.Code { return segur.Code{Code: s} }
	knee, left := code("361291001"), code(cda.SiteLeft)
	for _, tc := range []struct {
		field string
		edit  func(q *cda.Request)
	}{
		// header
		{"placer", func(q *cda.Request) { q.Placer = segur.Identifier{} }},
		{"placer.extension", func(q *cda.Request) { q.Placer.Extension = " " }},
		{"placer.root", func(q *cda.Request) { q.Placer.Root = "1..2" }},
		{"practiceSetting.code", func(q *cda.Request) { q.PracticeSetting = segur.Code{} }},
		{"practiceSetting.code", func(q *cda.Request) { q.PracticeSetting = code("CABINET") }},
		{"authors", func(q *cda.Request) { q.Authors = nil }},
		{"authors[1].givenName", func(q *cda.Request) { q.Authors[1].GivenName = "" }},
		{"authors[1].time", func(q *cda.Request) { q.Authors[1].Time = instant(0, 0, 0).AddDate(1, 0, 0) }},
		{"legalAuthenticator.id", func(q *cda.Request) { q.LegalAuthenticator.ID = "12" }},
		{"familyPhysician.familyName", func(q *cda.Request) { p := *q.FamilyPhysician; p.FamilyName = ""; q.FamilyPhysician = &p }},
		{"reportRecipients[1].id", func(q *cda.Request) { q.ReportRecipients[1].ID = "" }},
		{"informants[0].class", func(q *cda.Request) { q.Informants[0].Class = "FRIEND" }},
		{"encounter.facility.sector.code", func(q *cda.Request) { q.Encounter.Facility.Sector = segur.Code{} }},
		{"custodian.sector.code", func(q *cda.Request) {
			q.Encounter.Facility, q.LegalAuthenticator.Organization.Sector = nil, segur.Code{}
		}},
		{"title", func(q *cda.Request) { q.Title = strings.Repeat("é", 129) }},
		{"created", func(q *cda.Request) { q.Created = instant(11, 5, 0).AddDate(0, 0, 2) }},
		{"start", func(q *cda.Request) { q.Start, q.End = instant(11, 5, 0).AddDate(0, 0, 2), time.Time{} }},
		{"end", func(q *cda.Request) { q.End = q.Start }},
		{"end", func(q *cda.Request) { q.Start = q.End.Add(time.Minute) }},
		{"encounter.end", func(q *cda.Request) { q.Encounter.End = q.Encounter.Start }},
		{"id", func(q *cda.Request) { q.ID = "01.2" }},
		{"id", func(q *cda.Request) { q.ID = q.Replaces.Root }},
		{"replaces", func(q *cda.Request) { q.Replaces = segur.Identifier{} }},
		{"setID", func(q *cda.Request) { q.SetID = segur.Identifier{} }},
		{"version", func(q *cda.Request) { q.Version = 1 }},
		// identity
		{"patient.ins", func(q *cda.Request) { q.Patient.INS = segur.INS{} }},
		{"patient.traits.givenNames", func(q *cda.Request) { q.Patient.Traits.GivenNames = "" }},
		{"patient.localIDs", func(q *cda.Request) { q.Patient.Status, q.Patient.LocalIDs = segur.Provisional, nil }},
		{"patient.localIDs[0].root", func(q *cda.Request) { q.Patient.LocalIDs[0].Root = segur.OIDINSNIRTest }},
		// body
		{"question", func(q *cda.Request) { q.Question = cda.ClinicalQuestion{Purpose: " \n "} }},
		{"question.narrative", func(q *cda.Request) { q.Question.Narrative = cda.Markup("<p>x</p>") }},
		{"history.noContraIndication", func(q *cda.Request) { q.History.NoContraIndication = cda.NoneKnown }},
		{"history.noContraIndication", func(q *cda.Request) { q.History.NoContraIndication = 9 }},
		{"history.contraIndications[0].code", func(q *cda.Request) { q.History.ContraIndications[0].Code = code("MED-1130") }},
		{"history.contraIndications[0].comment", func(q *cda.Request) {
			q.History.ContraIndications[0] = cda.ContraIndication{Code: code(cda.ContraOther)}
		}},
		{"careNeeds[0].code", func(q *cda.Request) { q.CareNeeds[0].Code = code("MED-1105") }},
		{"careNeeds[1].code", func(q *cda.Request) { q.CareNeeds[1].Code = segur.Code{} }},
		{"risksExplained", func(q *cda.Request) { q.RisksExplained = cda.NotAnswered }},
		{"risksExplained", func(q *cda.Request) { q.RisksExplained = 3 }},
		{"patientInformation", func(q *cda.Request) {
			q.PatientInformation = cda.Narrative{}.Paragraph(cda.Link("javascript:x", "x"))
		}},
		{"priorResults", func(q *cda.Request) { q.PriorResults = cda.Narrative{}.Paragraph(cda.Image("nowhere")) }},
		{"attachments[0].title", func(q *cda.Request) { q.Attachments[0].Title = "" }},
		{"attachments[1].id", func(q *cda.Request) { q.Attachments[1].ID = "scanner" }},
		{"attachments[1].content", func(q *cda.Request) { q.Attachments[1].Content = segur.BytesContent([]byte("MZ")) }},
		{"attachments[0].content", func(q *cda.Request) { q.Attachments[0].Content = nil }},
		// acts
		{"acts", func(q *cda.Request) { q.Acts = nil }},
		{"acts[0].modality.code", func(q *cda.Request) { q.Acts = []cda.RequestedAct{{Sites: []cda.Site{{Code: knee}}}} }},
		{"acts[3].modality.code", func(q *cda.Request) { q.Acts[3].Modality = code("DX") }}, // of an acquisition
		{"acts[2].modality.system", func(q *cda.Request) { q.Acts[2].Modality.System = "1.2.3" }},
		{"acts[2].contrast", func(q *cda.Request) { q.Acts[2].Contrast = code(cda.PETWithContrast) }},
		{"acts[0].contrast.code", func(q *cda.Request) { q.Acts[0].Contrast = code("MED-1127") }},
		{"acts[0].function.code", func(q *cda.Request) { q.Acts[0].Function = segur.Code{} }},
		{"acts[0].function.code", func(q *cda.Request) { q.Acts[0].Function = code("MED-1143") }}, // of a scintigraphy
		{"acts[1].function.code", func(q *cda.Request) { q.Acts[1].Function = code("MED-1133") }}, // of a PET
		{"acts[1].function.code", func(q *cda.Request) { q.Acts[1].Function = segur.Code{} }},
		{"acts[2].function", func(q *cda.Request) { q.Acts[2].Function = code("MED-1133") }},
		{"acts[3].sites", func(q *cda.Request) { q.Acts[3].Sites = nil }},
		{"acts[3].sites[0].code.code", func(q *cda.Request) { q.Acts[3].Sites[0].Code = code("genou") }},
		{"acts[3].sites[0].modifier.code", func(q *cda.Request) { q.Acts[3].Sites[0].Modifier = code("G") }},
		{"acts[2].sites[1].modifier", func(q *cda.Request) { q.Acts[2].Sites[0].Modifier = left }},
		{"acts[4].sites[1]", func(q *cda.Request) { q.Acts[4].Sites = []cda.Site{{Code: knee}, {Code: knee, Modifier: left}} }},
		{"acts[0].before", func(q *cda.Request) { q.Acts[0].Before = segur.NewDate(2026, 2, 30) }},
		{"acts[0].before", func(q *cda.Request) { q.Acts[0].Before = segur.Date{Year: 2026, Month: 2} }},
		{"acts[0].before", func(q *cda.Request) { q.Acts[0].Before = segur.NewDate(2026, 1, 19) }},
		{"acts[0].urgencyReason", func(q *cda.Request) { q.Acts[0].UrgencyReason = "\n" }},
		{"acts[0].urgencyReason", func(q *cda.Request) { q.Acts[0].Urgent = false }},
		{"acts[0].performer.id", func(q *cda.Request) { p := *q.Acts[0].Performer; p.ID = ""; q.Acts[0].Performer = &p }},
		{"acts[0].callBack", func(q *cda.Request) { q.Acts[0].CallBack = 3 }},
		{"actsNarrative", func(q *cda.Request) { q.ActsNarrative = cda.Markup("<script>x</script>") }},
		{"acts[1].comment", func(q *cda.Request) {
			q.Acts = q.Acts[1:3]
			q.Acts[1].Comment, q.ActsNarrative = "x", cda.Text("Une scintigraphie et un scanner.")
		}},
		{"acts[0].events", func(q *cda.Request) {
			q.Acts = q.Acts[:1]
			q.ActsNarrative = cda.Narrative{}.Paragraph(cda.Anchor("urgency1", "déficit"), cda.Anchor("comment1", "injection"))
		}},
	} {
		q := completeRequest(t)
		o := *q.LegalAuthenticator.Organization
		q.LegalAuthenticator.Organization = &o
		tc.edit(&q)
		doc, err := newWriter(t).Request(q)
		require.ErrorIs(t, err, segur.ErrInvalidInput, tc.field)
		assert.Nil(t, doc, tc.field)
		assert.Equal(t, []string{tc.field}, fields(err))
	}
}

// Everything that is wrong is said at once, and an empty request says what a
// request needs.
func TestRequestRefusesAtOnce(t *testing.T) {
	t.Parallel()
	_, err := newWriter(t).Request(cda.Request{})
	assert.Equal(t, []string{
		"acts", "authors", "custodian.id", "custodian.name", "custodian.sector.code", "legalAuthenticator.familyName",
		"legalAuthenticator.givenName", "legalAuthenticator.id", "legalAuthenticator.specialty.code", "patient.localIDs",
		"patient.traits.birthDate", "patient.traits.birthName", "patient.traits.firstGivenName", "patient.traits.sex", "placer",
		"practiceSetting.code", "question", "risksExplained",
	}, fields(err))
}

// The day of the request itself may be the latest one wished for.
func TestRequestForToday(t *testing.T) {
	t.Parallel()
	q := minimalRequest(t)
	q.Acts[0].Before = segur.NewDate(2026, 1, 20)
	assert.Contains(t, string(buildRequest(t, newWriter(t), q)), `<effectiveTime value="20260120"></effectiveTime>`)
}

// A matricule leaves with a qualified identity only.
func TestRequestOfUnqualifiedIdentity(t *testing.T) {
	t.Parallel()
	for _, status := range []segur.IdentityStatus{segur.Provisional, segur.Retrieved, segur.Validated} {
		q := completeRequest(t)
		q.Patient.Status = status
		b := buildRequest(t, newWriter(t), q)
		assert.NotContains(t, string(b), q.Patient.INS.Body())
		assert.Equal(t, []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}}, parse(t, b).Header.PatientIDs)
	}
	q := completeRequest(t)
	_, err := newWriter(t, func(c *cda.Config) { c.Environment = segur.Production }).Request(q)
	assert.Contains(t, fields(err), "patient.ins.authority", "an identity of test")
}

// On demand an invalid request is written, but for what would harm.
func TestRequestAllowInvalid(t *testing.T) {
	t.Parallel()
	w := newWriter(t, allowInvalid)
	q := completeRequest(t)
	q.Placer, q.RisksExplained, q.Question = segur.Identifier{}, cda.NotAnswered, cda.ClinicalQuestion{}
	q.Acts[0].UrgencyReason, q.Acts[0].Function, q.Acts[0].Before = "", segur.Code{}, segur.NewDate(2026, 2, 30)
	q.Acts[1].Modality, q.Acts[2].Sites = segur.Code{}, nil
	doc, err := w.Request(q)
	require.NoError(t, err)
	var said []string
	for _, d := range doc.Problems() {
		said = append(said, d.Field)
	}
	assert.ElementsMatch(t, []string{"placer", "risksExplained", "question", "acts[0].urgencyReason", "acts[0].function.code",
		"acts[0].before", "acts[1].modality.code", "acts[1].function", "acts[2].sites"}, said)
	b, err := doc.Bytes()
	require.NoError(t, err)
	assert.Contains(t, string(b), `<value nullFlavor="NI" xsi:type="BL"></value>`)
	p := parse(t, b)
	assert.Equal(t, cda.NotAnswered, p.Request.RisksExplained)
	assert.True(t, p.Request.Acts[0].Urgent)
	assert.True(t, p.Request.Acts[0].Before.IsZero())

	for field, edit := range map[string]func(q *cda.Request){
		"patient.traits.birthName":   func(q *cda.Request) { q.Patient.Traits.BirthName = "" },
		"id":                         func(q *cda.Request) { q.ID = "1..2" },
		"authors":                    func(q *cda.Request) { q.Authors = nil },
		"acts":                       func(q *cda.Request) { q.Acts = nil },
		"acts[0].callBack":           func(q *cda.Request) { q.Acts[0].CallBack = 9 },
		"risksExplained":             func(q *cda.Request) { q.RisksExplained = 9 },
		"history.noContraIndication": func(q *cda.Request) { q.History.NoContraIndication = 9 },
		"actsNarrative":              func(q *cda.Request) { q.ActsNarrative = cda.Markup("<script>x</script>") },
		"attachments[0].content": func(q *cda.Request) {
			q.Attachments = []cda.Attachment{{Title: "x", Content: segur.BytesContent([]byte("MZ"))}}
		},
	} {
		q := minimalRequest(t)
		edit(&q)
		doc, err := w.Request(q)
		assert.Nil(t, doc, field)
		assert.Contains(t, fields(err), field)
	}
	q = minimalRequest(t)
	q.Acts[0].Comment = "\x01"
	_, err = newWriter(t).Request(q)
	require.ErrorIs(t, err, segur.ErrInvalidInput, "XML has no place for it")
}

// A newer revision of a set takes the place of that of the SDK.
func TestRequestValueSets(t *testing.T) {
	t.Parallel()
	q := minimalRequest(t)
	q.Acts[0].Modality = segur.Code{Code: "MED-9999"}
	newer := cda.ValueSet{OID: "1.2.250.1.213.1.1.5.660", Name: "JDV_Modalite_demandeActeImagerie", Revised: "2027-01-01",
		Codes: []segur.Code{{Code: "MED-9999", System: "1.2.250.1.213.1.1.4.322", Display: "Imagerie nouvelle"}}}
	b := buildRequest(t, newWriter(t, func(c *cda.Config) { c.ValueSets = []cda.ValueSet{newer} }), q)
	assert.Contains(t, string(b), "Imagerie nouvelle")
	q.Acts[0].Modality = segur.Code{Code: "MED-9998", System: "1.2.250.1.213.1.1.4.322", Display: "Autre"}
	_, err := newWriter(t).Request(q)
	assert.Equal(t, []string{"acts[0].modality.code"}, fields(err))
	assert.Contains(t, string(buildRequest(t, newWriter(t, func(c *cda.Config) { c.AllowUnlistedCodes = true }), q)), "MED-9998")
}
