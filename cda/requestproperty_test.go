package cda_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// again writes what was read of a request. The receiver decides of the status of
// an identity, so the document has none.
func again(tb require.TestingT, w *cda.Writer, b []byte, status segur.IdentityStatus) []byte {
	p, err := cda.Parse(b)
	require.NoError(tb, err)
	require.Empty(tb, p.Warnings)
	require.NotNil(tb, p.Request)
	q := *p.Request
	q.Patient.Status = status
	doc, err := w.Request(q)
	require.NoError(tb, err)
	var out bytes.Buffer
	_, err = doc.WriteTo(&out)
	require.NoError(tb, err)
	return out.Bytes()
}

// What was read of a request, written again, is the same document to the byte.
func TestRequestIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, q := range requestSamples(t) {
		q.ID = "1.2.250.1.999.5.77"
		if q.SetID.IsZero() {
			q.SetID.Root = "1.2.250.1.999.5.78"
		}
		t.Run(name, func(t *testing.T) {
			first := buildRequest(t, newWriter(t), q)
			second := again(t, newWriter(t), first, q.Patient.Status)
			if name == "request-supplied" {
				// What the narratives of the caller have no anchor for is not in
				// the document: the histories, the comment on a contra-indication.
				require.Equal(t, narratives(t, first), narratives(t, second))
				return
			}
			require.Empty(t, testkit.Diff(first, second))
		})
	}
}

// drawRequest draws a request that no rule refuses.
func drawRequest(t *rapid.T, tb testing.TB) cda.Request {
	r := drawReport(t, tb)
	maybe := func(name string) bool { return rapid.Bool().Draw(t, name) }
	text := func(name string) string {
		var out []string
		for range rapid.IntRange(1, 2).Draw(t, name+" lines") {
			out = append(out, tidy(word.Draw(t, name)))
		}
		return strings.Join(out, "\n")
	}
	optional := func(name string) string {
		if maybe(name + "?") {
			return text(name)
		}
		return ""
	}
	oneOf := func(name string, codes ...string) segur.Code {
		return segur.Code{Code: rapid.SampledFrom(codes).Draw(t, name)}
	}
	q := cda.Request{
		ID: "1.2.250.1.999.5.77", SetID: segur.Identifier{Root: "1.2.250.1.999.5.78"},
		Created: r.Created, Title: r.Title, Patient: r.Patient, Authors: r.Authors, LegalAuthenticator: r.LegalAuthenticator,
		Custodian: r.Custodian, PracticeSetting: segur.Code{Code: "AMBULATOIRE"},
		Placer:         segur.Identifier{Root: segur.OID("1.2." + arc.Draw(t, "root")), Extension: tidy(word.Draw(t, "placer"))},
		Question:       cda.ClinicalQuestion{Justification: text("justification"), Purpose: optional("purpose")},
		RisksExplained: rapid.SampledFrom([]cda.Answer{cda.Yes, cda.No}).Draw(t, "risks"),
	}
	if maybe("physician") {
		p := drawProfessional(t)
		q.FamilyPhysician = &p
	}
	for range rapid.IntRange(0, 2).Draw(t, "recipients") {
		q.ReportRecipients = append(q.ReportRecipients, drawProfessional(t))
	}
	if maybe("ended") {
		q.Start = r.Created.Add(-time.Hour)
		q.End = q.Start.Add(time.Minute)
	}
	for range rapid.IntRange(0, 3).Draw(t, "medical") {
		q.History.Medical = append(q.History.Medical, tidy(word.Draw(t, "medical")))
	}
	for range rapid.IntRange(0, 2).Draw(t, "surgical") {
		q.History.Surgical = append(q.History.Surgical, tidy(word.Draw(t, "surgical")))
	}
	for range rapid.IntRange(0, 2).Draw(t, "contra") {
		q.History.ContraIndications = append(q.History.ContraIndications,
			cda.ContraIndication{Code: oneOf("contra", cda.ContraIodine, cda.ContraPregnancy), Comment: optional("contra comment")})
	}
	if len(q.History.ContraIndications) == 0 {
		q.History.NoContraIndication = rapid.SampledFrom([]cda.Absence{cda.AbsenceNotStated, cda.NoneKnown, cda.NotSought}).Draw(t, "none")
	}
	for range rapid.IntRange(0, 2).Draw(t, "needs") {
		q.CareNeeds = append(q.CareNeeds, cda.CareNeed{Code: oneOf("need", cda.CareAccompanied, cda.CareReducedMobility), Comment: optional("need comment")})
	}
	if s := optional("information"); s != "" {
		q.PatientInformation = cda.Text(s)
	}
	if s := optional("results"); s != "" {
		q.PriorResults = cda.Text(s)
	}
	if maybe("attached") {
		q.Attachments = []cda.Attachment{{ID: "cle", Title: tidy(word.Draw(t, "attachment")), Content: stub()}}
	}
	for range rapid.IntRange(1, 3).Draw(t, "acts") {
		a := cda.RequestedAct{
			Modality: oneOf("modality", cda.RequestMRI, cda.RequestPET, cda.RequestScintigraphy, cda.RequestInterventional, cda.RequestXRay),
			Comment:  optional("comment"), Events: optional("events"),
			CallBack: rapid.SampledFrom([]cda.Answer{cda.NotAnswered, cda.Yes, cda.No}).Draw(t, "call"),
			Sites:    []cda.Site{{Code: segur.Code{Code: "361291001"}}},
		}
		switch a.Modality.Code {
		case cda.RequestPET:
			a.Function = oneOf("tracer", "MED-1133", "MED-1136")
			if maybe("contrasted") {
				a.Contrast = oneOf("contrast", cda.PETWithContrast, cda.PETWithoutContrast)
			}
		case cda.RequestScintigraphy:
			a.Function = oneOf("function", "MED-1143", "GEN-092.04.19")
		}
		if maybe("sided") {
			a.Sites[0].Modifier = oneOf("side", cda.SiteLeft, cda.SiteRight)
		}
		if maybe("named") {
			a.Sites[0].Words = tidy(word.Draw(t, "site"))
		}
		if maybe("second site") {
			a.Sites = append(a.Sites, cda.Site{Code: segur.Code{Code: "302551006"}})
		}
		if a.Urgent = maybe("urgent"); a.Urgent {
			a.UrgencyReason = text("reason")
		}
		if maybe("dated") {
			y, m, d := q.Created.AddDate(0, 0, 30).Date()
			a.Before = segur.NewDate(y, m, d)
		}
		if maybe("contacted") {
			p := drawProfessional(t)
			a.Performer = &p
		}
		q.Acts = append(q.Acts, a)
	}
	return q
}

// What is written is what is read, for any request: field by field where the
// caller gives texts, and to the byte when it is written again.
func TestRequestRoundTrip(t *testing.T) {
	t.Parallel()
	later := func(c *cda.Config) { c.Clock = func() time.Time { return time.Unix(4e9, 0) } }
	rapid.Check(t, func(rt *rapid.T) {
		q := drawRequest(rt, t)
		doc, err := newWriter(t, later).Request(q)
		require.NoError(rt, err)
		first, err := doc.Bytes()
		require.NoError(rt, err)
		p, err := cda.Parse(first)
		require.NoError(rt, err)
		got := p.Request
		require.Equal(rt, q.Placer, got.Placer)
		require.Equal(rt, q.Question, got.Question)
		require.Equal(rt, q.History.Medical, got.History.Medical)
		require.Equal(rt, q.History.Surgical, got.History.Surgical)
		require.Equal(rt, q.History.NoContraIndication, got.History.NoContraIndication)
		require.Len(rt, got.History.ContraIndications, len(q.History.ContraIndications))
		require.Len(rt, got.CareNeeds, len(q.CareNeeds))
		for i, need := range q.CareNeeds {
			require.Equal(rt, need.Code.Code+need.Comment, got.CareNeeds[i].Code.Code+got.CareNeeds[i].Comment)
		}
		require.Equal(rt, q.RisksExplained, got.RisksExplained)
		require.Equal(rt, q.Patient.Traits, got.Patient.Traits)
		require.Len(rt, got.ReportRecipients, len(q.ReportRecipients))
		require.Len(rt, got.Attachments, len(q.Attachments))
		require.Len(rt, got.Acts, len(q.Acts))
		for i, a := range q.Acts {
			g := got.Acts[i]
			require.Equal(rt, a.Modality.Code+a.Contrast.Code+a.Function.Code, g.Modality.Code+g.Contrast.Code+g.Function.Code)
			require.Equal(rt, []any{a.Urgent, a.UrgencyReason, a.Comment, a.Events, a.CallBack, a.Before},
				[]any{g.Urgent, g.UrgencyReason, g.Comment, g.Events, g.CallBack, g.Before})
			require.Len(rt, g.Sites, len(a.Sites))
			for j, s := range a.Sites {
				require.Equal(rt, s.Code.Code+s.Modifier.Code, g.Sites[j].Code.Code+g.Sites[j].Modifier.Code)
			}
			if a.Performer != nil {
				samePerson(rt, *a.Performer, *g.Performer, segur.Organization{})
			} else {
				require.Nil(rt, g.Performer)
			}
		}
		require.Empty(rt, testkit.Diff(first, again(rt, newWriter(t, later), first, q.Patient.Status)))
	})
}

// Whatever is typed, it is refused with the paths of the fields, or it makes a
// canonical document that reads back as it was written.
func TestRequestAnyText(t *testing.T) {
	t.Parallel()
	base, w, made := completeRequest(t), newWriter(t), 0
	base.ID = "1.2.250.1.999.5.77"
	rapid.Check(t, func(rt *rapid.T) {
		raw := rapid.StringOfN(rapid.RuneFrom([]rune("aéœ'\"<>&;#]\n\t -\u00a0€")), 0, 20, -1)
		text := func(name string) string {
			if rapid.IntRange(0, 9).Draw(rt, "any") == 0 {
				return raw.Draw(rt, name)
			}
			return "x" + raw.Draw(rt, name)
		}
		q := base
		q.Question = cda.ClinicalQuestion{Justification: text("justification"), Purpose: text("purpose")}
		q.History.Medical, q.History.Surgical = rapid.SliceOfN(raw, 0, 3).Draw(rt, "medical"), []string{text("surgical")}
		q.CareNeeds = []cda.CareNeed{{Code: segur.Code{Code: cda.CareAccompanied}, Comment: text("need")}}
		q.PatientInformation = cda.Narrative{}.Paragraph(cda.Plain(text("plain")), cda.Bold(text("bold"))).List(text("item"), text("item"))
		act := q.Acts[0]
		act.Comment, act.UrgencyReason, act.Events = text("comment"), text("reason"), text("events")
		act.Sites = []cda.Site{{Code: act.Sites[0].Code, Words: text("words")}}
		q.Acts = []cda.RequestedAct{act}
		q.PriorResults = cda.Text(text("results"))
		q.Attachments = []cda.Attachment{{ID: "cle", Title: text("title"), Content: segur.BytesContent(jpeg())}}
		doc, err := w.Request(q)
		if err != nil {
			require.ErrorIs(rt, err, segur.ErrInvalidInput)
			require.NotEmpty(rt, fields(err))
			return
		}
		made++
		first, err := doc.Bytes()
		require.NoError(rt, err)
		canonical, err := xmlr.Canonicalize(nil, first, xmlr.Canonical{Mode: xmlr.Inclusive})
		require.NoError(rt, err)
		require.True(rt, bytes.HasSuffix(first, canonical))
		p, err := cda.Parse(first)
		require.NoError(rt, err)
		require.Empty(rt, p.Warnings)
		same := func(want, got string) { require.Equal(rt, tidy(want), tidy(got)) }
		same(q.Question.Justification, p.Request.Question.Justification)
		same(act.UrgencyReason, p.Request.Acts[0].UrgencyReason)
		same(act.Comment, p.Request.Acts[0].Comment)
		same(act.Events, p.Request.Acts[0].Events)
	})
	require.Greater(t, made, 10, "not all were refused")
}
