package cda_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// minimalRequest is what is mandatory for a request and nothing else.
func minimalRequest(tb testing.TB) cda.Request {
	requester := prescriber()
	requester.Organization.Sector = segur.Code{Code: "SA08"}
	return cda.Request{
		Patient:            minimal(tb).Patient,
		Authors:            []cda.Author{{Professional: requester}},
		LegalAuthenticator: cda.Signature{Professional: requester},
		Placer:             segur.Identifier{Root: "1.2.250.1.999.2", Extension: "D-2026-0007"},
		PracticeSetting:    segur.Code{Code: "AMBULATOIRE"},
		Question:           cda.ClinicalQuestion{Justification: "Gonalgie gauche après entorse."},
		RisksExplained:     cda.No,
		Acts: []cda.RequestedAct{{Modality: segur.Code{Code: cda.RequestMRI},
			Sites: []cda.Site{{Code: segur.Code{Code: "361291001"}}}}},
	}
}

// completeRequest says everything that a request can say.
func completeRequest(tb testing.TB) cda.Request {
	r, q := complete(tb), minimalRequest(tb)
	q.Title = "Demande d'actes d'imagerie - bilan d'extension"
	q.Patient, q.BirthPlaceName, q.FamilyPhysician, q.Informants = r.Patient, r.BirthPlaceName, r.FamilyPhysician, r.Informants
	q.Version, q.Replaces, q.SetID = 2, segur.Identifier{Root: "1.2.250.1.999.5.1"}, segur.Identifier{Root: "1.2.250.1.999.5.2"}
	intern := prescriber()
	intern.ID, intern.FamilyName, intern.Title = "899900000056", "INTERNE", "MME"
	q.Authors = append(q.Authors, cda.Author{Professional: intern, Time: instant(10, 30, 0)})
	q.Authors[0].Function = segur.Code{Code: "ATTPHYS"}
	other := prescriber()
	other.ID, other.FamilyName = "899900000064", "CORRESPONDANT"
	q.ReportRecipients = []segur.Professional{other, *r.FamilyPhysician}
	q.Start, q.End = instant(10, 20, 0), instant(10, 45, 0)
	q.Encounter = cda.Encounter{ID: segur.Identifier{Root: "1.2.250.1.999.6", Extension: "C-0077"}, Type: segur.Code{Code: "AMB"},
		Start: instant(10, 15, 0), End: instant(10, 50, 0),
		Facility: &segur.Organization{ID: "1990000027", Name: "CABINET MÉDICAL FICTIF", Sector: segur.Code{Code: "SA08"}}}
	q.Question = cda.ClinicalQuestion{Justification: "Carcinome bronchique.\nBilan initial.", Purpose: "Extension ganglionnaire et à distance ?"}
	q.History = cda.History{
		Medical: []string{"Tabagisme sevré", "Diabète <type 2> & HTA"}, Surgical: []string{"Cholécystectomie en 2016"},
		ContraIndications: []cda.ContraIndication{
			{Code: segur.Code{Code: cda.ContraIodine}, Comment: "urticaire en 2019"}, {Code: segur.Code{Code: cda.ContraKidneyDisease}}},
	}
	q.CareNeeds = []cda.CareNeed{{Code: segur.Code{Code: cda.CareReducedMobility}, Comment: "fauteuil roulant"},
		{Code: segur.Code{Code: cda.CareResistantBacteria}}}
	q.RisksExplained, q.PatientInformation = cda.Yes, cda.Text("Venir à jeun.\nApporter les examens antérieurs.")
	done := radiologist()
	done.Telecoms = []segur.Telecom{{Value: "tel:+33400000001", Use: "WP"}}
	q.Acts = []cda.RequestedAct{
		{Modality: segur.Code{Code: cda.RequestPET}, Contrast: segur.Code{Code: cda.PETWithContrast}, Function: segur.Code{Code: "MED-1133"},
			Sites: []cda.Site{{Code: segur.Code{Code: "38266002"}}}, Before: segur.NewDate(2026, 1, 30),
			Urgent: true, UrgencyReason: "Compression médullaire débutante.\nDéficit depuis 24 h.", Comment: "Prévoir l'injection.",
			Performer: &done, CallBack: cda.Yes, Events: "Avant la chirurgie du 02/02/2026."},
		{Modality: segur.Code{Code: cda.RequestScintigraphy}, Function: segur.Code{Code: "MED-1143"}, CallBack: cda.No,
			Sites: []cda.Site{{Code: segur.Code{Code: "38266002"}}}},
		{Modality: segur.Code{Code: cda.RequestCT},
			Sites: []cda.Site{{Code: segur.Code{Code: "302551006"}}, {Code: segur.Code{Code: "361291001"}, Modifier: segur.Code{Code: cda.SiteLeft}}}},
		{Modality: segur.Code{Code: cda.RequestXRay},
			Sites: []cda.Site{{Code: segur.Code{Code: "361291001"}, Modifier: segur.Code{Code: cda.SiteRight}, Words: "Genou droit, en charge"}}},
		{Modality: segur.Code{Code: cda.RequestInterventional}, Sites: []cda.Site{{Code: segur.Code{Code: "361291001"}}}},
	}
	q.PriorResults = cda.Narrative{}.Table(cda.Table{Header: []string{"Date", "Résultat"}, Rows: [][]string{{"05/01/2026", "Créatinine 140 µmol/L"}}})
	q.Attachments = []cda.Attachment{{ID: "scanner", Title: "CR du scanner de 2025", Type: segur.Code{Code: "18748-4", Display: "CR d'imagerie médicale"},
		Date: segur.NewDate(2025, 11, 3), Content: stub()}, {Title: "Courrier", Content: segur.BytesContent(jpeg())}}
	return q
}

// requestSamples are requests that differ in what the rules look at.
func requestSamples(tb testing.TB) map[string]cda.Request {
	tb.Helper()
	m := map[string]cda.Request{"request-minimal": minimalRequest(tb), "request-complete": completeRequest(tb)}
	edit := func(name string, f func(q *cda.Request)) {
		q := completeRequest(tb)
		f(&q)
		m[name] = q
	}
	edit("request-local-identity", func(q *cda.Request) {
		q.Patient.Status = segur.Provisional
		q.Patient.Traits.GivenNames, q.Patient.Traits.BirthPlace, q.BirthPlaceName = "", "", ""
	})
	edit("request-none-known", func(q *cda.Request) {
		q.History.ContraIndications, q.History.NoContraIndication = nil, cda.NoneKnown
	})
	edit("request-supplied", func(q *cda.Request) {
		q.Question.Narrative = cda.Text("Bilan d'extension d'un carcinome bronchique.")
		alone := func(n cda.Narrative, id, text string) cda.Narrative { return n.Paragraph(cda.Anchor(id, text)) }
		q.History.Narrative = alone(alone(cda.Narrative{}, "contraindication1", "Allergie à l'iode"), "need1", "Mobilité réduite")
		q.ActsNarrative = alone(alone(cda.Narrative{}, "modality1", "TEP"), "urgency1", "Compression médullaire")
		q.ActsNarrative = alone(alone(q.ActsNarrative, "comment1", "Prévoir l'injection"), "events1", "Avant la chirurgie").
			List("Scintigraphie osseuse", "Scanner du thorax et du genou gauche", "Radiographie du genou droit", "Geste interventionnel")
		q.PatientInformation = cda.Narrative{}.Table(cda.Table{Rows: [][]string{{"Jeûne", "6 heures"}}})
	})
	edit("request-signs", func(q *cda.Request) {
		q.Title = `Écho < 3 cm & "œil"`
		q.Acts[0].Comment, q.Acts[0].UrgencyReason, q.Acts[0].Events = "a < b & c > d", "\"]]>\"", "l’œil"
		q.CareNeeds[0].Comment, q.Acts[3].Sites[0].Words = "<script>", "genou & <rotule>"
		q.ReportRecipients[0].FamilyName = "O'BRIEN-LÉVÊQUE & FILS"
	})
	edit("request-first-version", func(q *cda.Request) {
		q.Version, q.Replaces, q.SetID = 0, segur.Identifier{}, segur.Identifier{}
		q.FamilyPhysician, q.ReportRecipients, q.Informants, q.Encounter = nil, nil, nil, cda.Encounter{}
	})
	return m
}

func buildRequest(tb testing.TB, w *cda.Writer, q cda.Request) []byte {
	tb.Helper()
	doc, err := w.Request(q)
	require.NoError(tb, err)
	b, err := doc.Bytes()
	require.NoError(tb, err)
	require.EqualValues(tb, doc.Size(), len(b))
	return b
}
