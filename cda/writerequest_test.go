package cda_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

func TestRequestGoldenDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"request-minimal", "request-complete", "request-supplied"} {
		testkit.Golden(t, name+".xml", buildRequest(t, newWriter(t), requestSamples(t)[name]))
	}
}

// Canonical, with unique identifiers and without a dangling reference.
func TestRequestIsCanonicalAndLinked(t *testing.T) {
	t.Parallel()
	for name, q := range requestSamples(t) {
		b := buildRequest(t, newWriter(t), q)
		body, ok := bytes.CutPrefix(b, []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
		require.True(t, ok, name)
		canonical, err := xmlr.Canonicalize(nil, b, xmlr.Canonical{Mode: xmlr.Inclusive})
		require.NoError(t, err, name)
		assert.Empty(t, testkit.Diff(canonical, body), name)

		root, ids, shown := tree(t, b), map[string]bool{}, map[string]bool{}
		for n := range root.Walk() {
			if id := n.Attr("ID"); id != "" {
				assert.False(t, ids[id], "%s: %s is there twice", name, id)
				ids[id] = true
			}
			if id := n.Attr("root"); n.Is(ns, "id") && len(id) == 36 {
				assert.Equal(t, strings.ToUpper(id), id, name)
				assert.False(t, shown[id], "%s: %s is there twice", name, id)
				shown[id] = true
			}
		}
		references := 0
		for n := range root.Walk() {
			if n.Is(ns, "reference") {
				references++
				assert.True(t, ids[strings.TrimPrefix(n.Attr("value"), "#")], "%s: %s", name, n.Attr("value"))
			}
		}
		assert.Greater(t, references, 6, name)
		assert.Empty(t, parse(t, b).Warnings, name)
	}
}

// The same request, clock and identifiers give the same bytes, whoever writes.
func TestRequestIsDeterministic(t *testing.T) {
	t.Parallel()
	q := completeRequest(t)
	want := buildRequest(t, newWriter(t), q)
	q.ID, q.SetID = "1.2.250.1.999.5.77", segur.Identifier{Root: "1.2.250.1.999.5.78"}
	w := newWriter(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			doc, err := w.Request(q)
			if assert.NoError(t, err) {
				assert.Equal(t, segur.OID("1.2.250.1.999.5.77"), doc.ID())
			}
		})
	}
	all.Wait()
	assert.Empty(t, testkit.Diff(want, buildRequest(t, newWriter(t), completeRequest(t))))
}

func TestRequestHeader(t *testing.T) {
	t.Parallel()
	q := completeRequest(t)
	b := buildRequest(t, newWriter(t), q)
	root, p := tree(t, b), parse(t, b)
	h := p.Header
	assert.Equal(t, cda.KindImagingRequest, p.Kind)
	assert.Equal(t, "2024.01", p.TemplateVersion)
	assert.Equal(t, []segur.OID{"2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.2.840.10008.9.20", "1.2.250.1.213.1.1.1.47"}, h.TemplateIDs)
	assert.Equal(t, "55115-0", h.Type.Code)
	assert.Empty(t, h.TypeTranslations)
	assert.Empty(t, h.Orders, "no inFulfillmentOf")
	assert.Equal(t, segur.Identifier{Root: "1.2.250.1.999.5.1"}, h.Replaces)
	assert.Equal(t, q.SetID, h.SetID)
	assert.Equal(t, 2, h.Version)
	require.Len(t, h.Services, 1)
	assert.Equal(t, "55115-0", h.Services[0].Code.Code)
	assert.Equal(t, "PRESCRIPTEUR", h.Services[0].Performer.Professional.FamilyName)
	assert.Equal(t, "AMBULATOIRE", h.Services[0].PracticeSetting.Code)
	sameInstant(t, q.Start, h.Services[0].Start)
	sameInstant(t, q.End, h.Services[0].Stop)
	require.NotNil(t, p.FamilyPhysician)
	assert.Equal(t, "TRAITANT", p.FamilyPhysician.FamilyName)
	require.Len(t, p.ReportRecipients, 2)
	assert.Equal(t, "CORRESPONDANT", p.ReportRecipients[0].FamilyName)
	id := find(root, "serviceEvent", "id")
	assert.Equal(t, "1.2.250.1.999.2 D-2026-0007", id.Attr("root")+" "+id.Attr("extension"))
	doc, err := newWriter(t).Request(q)
	require.NoError(t, err)
	assert.Equal(t, q.Placer, doc.Header().Services[0].Placer)
	assert.Empty(t, doc.Header().Services[0].StudyUID, "the root of a number is no study")

	first := buildRequest(t, newWriter(t), minimalRequest(t))
	h = parse(t, first).Header
	assert.Equal(t, "Demande d'actes d'imagerie", h.Title)
	sameInstant(t, instant(11, 5, 0), h.Services[0].Start)
	assert.True(t, h.Services[0].Stop.IsZero(), "no end of its own")
	assert.Equal(t, 1, h.Version)
	assert.False(t, h.SetID.IsZero())
	assert.Nil(t, find(tree(t, first), "encompassingEncounter", "effectiveTime", "high"))
}

// Each field of an act is where the volet wants it.
func TestRequestedActs(t *testing.T) {
	t.Parallel()
	plan := section(tree(t, buildRequest(t, newWriter(t), completeRequest(t))), "1.2.250.1.213.1.1.2.158.3")
	var acts []*xmlr.Node
	for _, e := range plan.All(ns, "entry") {
		acts = append(acts, e.Child(ns, "observation"))
	}
	require.Len(t, acts, 5)
	pet := acts[0]
	assert.Equal(t, "INT", pet.Attr("moodCode"))
	assert.Equal(t, "active", pet.Child(ns, "statusCode").Attr("code"))
	assert.Equal(t, "20260130", pet.Child(ns, "effectiveTime").Attr("value"))
	assert.Equal(t, "UNK", acts[1].Child(ns, "effectiveTime").Attr("nullFlavor"))
	qualifier := pet.Find(ns, "code/qualifier")
	assert.Nil(t, qualifier.Child(ns, "name"))
	assert.Equal(t, cda.PETWithContrast, qualifier.Child(ns, "value").Attr("code"))
	assert.Equal(t, "UR", pet.Child(ns, "priorityCode").Attr("code"))
	assert.Equal(t, "2.16.840.1.113883.5.7", pet.Child(ns, "priorityCode").Attr("codeSystem"))
	assert.Equal(t, "#plan-urgency1", pet.Find(ns, "priorityCode/originalText/reference").Attr("value"))
	assert.Nil(t, acts[1].Child(ns, "priorityCode"))
	assert.Equal(t, "899900000015", pet.Find(ns, "performer/assignedEntity/id").Attr("extension"))

	related := map[string]*xmlr.Node{}
	for _, r := range pet.All(ns, "entryRelationship") {
		for _, o := range r.All(ns, "observation") {
			assert.Equal(t, "COMP false", r.Attr("typeCode")+" "+r.Attr("inversionInd"))
			related[o.Child(ns, "code").Attr("code")] = o
		}
	}
	require.Len(t, related, 3)
	assert.Equal(t, "true", related["GEN-297"].Child(ns, "value").Attr("value"))
	assert.Nil(t, related["GEN-296"].Child(ns, "value"))
	assert.Equal(t, "#plan-events1", related["GEN-296"].Find(ns, "text/reference").Attr("value"))
	assert.Equal(t, "FDG Oncologie /Infectieux/inflammatoire", related["MED-1133"].Child(ns, "value").Attr("displayName"))
	sites := acts[2].All(ns, "targetSiteCode")
	require.Len(t, sites, 2)
	assert.Nil(t, sites[0].Child(ns, "qualifier"))
	assert.Equal(t, cda.SiteLeft, sites[1].Find(ns, "qualifier/value").Attr("code"))
	assert.Nil(t, acts[2].Child(ns, "entryRelationship"), "no function, no comment")

	text := plan.Child(ns, "text").DeepText()
	for _, shown := range []string{"TEP : Tomographie par émission de positons", "avec injection de produit de contraste", "30/01/2026",
		"Déficit depuis 24 h.", "Prévoir l'injection.", "Avant la chirurgie du 02/02/2026.", "DR Claude RADIOLOGUE",
		"région entière du genou, gauche", "Genou droit, en charge", "Acte 5"} {
		assert.Contains(t, text, shown)
	}
}

// One observation says all the medical histories: the rules count them.
func TestRequestHistory(t *testing.T) {
	t.Parallel()
	count := func(q cda.Request) map[string]int {
		n := map[string]int{}
		for _, e := range section(tree(t, buildRequest(t, newWriter(t), q)), "1.2.250.1.213.1.1.2.213").All(ns, "entry") {
			n[e.Find(ns, "observation/code").Attr("code")]++
		}
		return n
	}
	assert.Equal(t, map[string]int{"11348-0": 1, "47519-4": 1, "64100-1": 2, "ORG-192": 2}, count(completeRequest(t)))
	q := minimalRequest(t)
	assert.Equal(t, map[string]int{"11348-0": 1, "47519-4": 1}, count(q), "nothing was said of contra-indications")
	q.History.NoContraIndication = cda.NotSought
	assert.Equal(t, map[string]int{"11348-0": 1, "47519-4": 1, "64100-1": 1}, count(q))
	assert.Contains(t, string(buildRequest(t, newWriter(t), q)), `<value xsi:type="ST">Contre-indications non recherchées</value>`)
}

func TestRequestPatientInformation(t *testing.T) {
	t.Parallel()
	q := minimalRequest(t)
	entries := func() (told *xmlr.Node, n int) {
		s := section(tree(t, buildRequest(t, newWriter(t), q)), "1.2.250.1.213.1.1.2.107")
		for _, e := range s.All(ns, "entry") {
			if n++; e.Find(ns, "observation/code").Attr("code") == "99622-3" {
				told = e.Find(ns, "observation/text/reference")
			}
		}
		return told, n
	}
	told, n := entries()
	assert.Nil(t, told)
	assert.Equal(t, 1, n)
	// The anchors of the caller cannot meet those of the writer.
	q.PatientInformation = cda.Narrative{}.Paragraph(cda.Anchor("information", "À jeun."), cda.Anchor("risks", "Peu."), cda.Anchor("patient.risks", "Oui."))
	told, n = entries()
	assert.Equal(t, "#patient.information", told.Attr("value"))
	assert.Equal(t, 2, n)
	q.PatientInformation = q.PatientInformation.Table(cda.Table{Rows: [][]string{{"Jeûne", "6 h"}}})
	told, _ = entries()
	assert.Equal(t, "#patient-information", told.Attr("value"), "the anchor of the caller")
	q.PatientInformation = cda.Narrative{}.Table(cda.Table{Rows: [][]string{{"Jeûne", "6 h"}}})
	told, _ = entries()
	assert.Equal(t, "#patient", told.Attr("value"), "the whole text")
}

func TestRequestReplacing(t *testing.T) {
	t.Parallel()
	w := newWriter(t)
	first, err := w.Request(minimalRequest(t))
	require.NoError(t, err)
	next := minimalRequest(t)
	next.ID, next.Created = first.ID(), instant(9, 0, 0)
	next = next.Replacing(first.Header())
	second, err := w.Request(next)
	require.NoError(t, err)
	h := second.Header()
	assert.Equal(t, first.Header().ID, h.Replaces)
	assert.Equal(t, first.Header().SetID, h.SetID)
	assert.Equal(t, 2, h.Version)
	assert.NotEqual(t, first.ID(), second.ID())
}

// The report takes over what the request says, and nothing of it is shared.
func TestAnswering(t *testing.T) {
	t.Parallel()
	q := *parse(t, buildRequest(t, newWriter(t), completeRequest(t))).Request
	accession := segur.Identifier{Root: "1.2.250.1.999.3", Extension: "ACC-2026-0042"}
	base := minimal(t)
	base.Orders, base.PDF = nil, nil
	r := base.Answering(q, accession).Answering(q, accession)
	assert.Equal(t, []cda.Order{{Placer: q.Placer, Accession: accession}}, r.Orders)
	assert.Equal(t, "899900000031", r.Prescriber.ID)
	assert.Equal(t, segur.NewDate(2026, 1, 20), r.Prescriber.Date)
	assert.Equal(t, "TRAITANT", r.FamilyPhysician.FamilyName)
	require.Len(t, r.Recipients, 2)
	assert.Equal(t, base.Patient, r.Patient, "the identity is the receiver's own")
	assert.Nil(t, base.Orders)

	s := minimalSections().Answering(q)
	assert.Equal(t, q.Question, s.Question)
	require.Len(t, s.History.ContraIndications, 2)
	s.History.ContraIndications[0].Comment = "changed"
	assert.Equal(t, "urticaire en 2019", q.History.ContraIndications[0].Comment)
	doc, err := newWriter(t).Level3(r, s)
	require.NoError(t, err)
	assert.Equal(t, q.Placer, doc.Header().Orders[0].Placer)

	silent := minimalRequest(t)
	_, err = newWriter(t).Level3(r, minimalSections().Answering(silent))
	assert.Equal(t, []string{"sections.history.contraIndications"}, fields(err), "the radiologist says what the request does not")
	assert.Nil(t, cda.Report{}.Answering(cda.Request{}, accession).Prescriber)
	silent.Start, silent.Created = instant(9, 0, 0).AddDate(0, 0, -3), instant(11, 0, 0)
	assert.Equal(t, segur.NewDate(2026, 1, 17), cda.Report{}.Answering(silent, accession).Prescriber.Date)
}

// Nothing of a person is printed.
func TestRequestIsRedacted(t *testing.T) {
	t.Parallel()
	q := completeRequest(t)
	_, err := newWriter(t).Request(q)
	require.NoError(t, err)
	q.Patient.Traits.BirthPlace, q.Acts[0].UrgencyReason, q.RisksExplained = "x", "", 0
	_, err = newWriter(t).Request(q)
	for _, secret := range []string{"FICTIVE", "CAMILLE", "2850369123456", "urticaire", "Compression"} {
		assert.NotContains(t, err.Error(), secret)
	}
	assert.Len(t, fields(err), 3)
}
