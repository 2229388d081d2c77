package cda_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Whatever is typed into a report, it is refused with the paths of the fields
// or it makes a document that is canonical, whose references resolve and whose
// texts are those that were given.
func TestLevel3AnyText(t *testing.T) {
	t.Parallel()
	base, sections := chest(t)
	w, made := newWriter(t, allowAnyPDF, withViewer), 0
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("aéœ'\"<>&;#]\n\t -\u00a0€")), 0, 20, -1)
		text := func(name string) string {
			if rapid.IntRange(0, 9).Draw(rt, "any") > 0 {
				return "x" + strings.NewReplacer("\n", " ", "\t", " ").Replace(word.Draw(rt, name))
			}
			return word.Draw(rt, name)
		}
		r, s := base, sections
		s.Question = cda.ClinicalQuestion{Justification: text("justification"), Purpose: text("purpose")}
		s.History.Medical = rapid.SliceOfN(word, 0, 3).Draw(rt, "medical")
		s.History.ContraIndications = []cda.ContraIndication{{Code: segur.Code{Code: cda.ContraOther}, Comment: text("contra")}}
		act := s.Acts[0]
		act.Description, act.Parameters, act.Site.Words = text("description"), text("parameters"), text("site")
		act.Products = []cda.Product{{Name: text("product"), Lot: text("lot"), Comment: text("comment"), ATC: segur.Code{Code: "V08AB11", Display: text("atc")}}}
		act.Complications = cda.Text(text("complications"))
		s.Acts = []cda.ActSection{act}
		s.Devices = []cda.Device{{EMDN: segur.Code{Code: "Z11039014", Display: text("device")}, UDI: segur.Identifier{Root: cda.UDIGS1, Extension: text("udi")}, Comment: text("device comment")}}
		s.Attachments = []cda.Attachment{{ID: "cle", Title: text("title"), Content: segur.BytesContent(jpeg())}}
		s.Conclusion = cda.Text(text("conclusion"))
		s.PatientInformation = cda.Narrative{}.List(text("information"))
		doc, err := w.Level3(r, s)
		if err != nil {
			require.ErrorIs(rt, err, segur.ErrInvalidInput)
			require.NotEmpty(rt, fields(err))
			return
		}
		made++
		b, err := doc.Bytes()
		require.NoError(rt, err)
		canonical, err := xmlr.Canonicalize(nil, b, xmlr.Canonical{Mode: xmlr.Inclusive})
		require.NoError(rt, err)
		require.True(rt, bytes.HasSuffix(b, canonical))
		root, err := xmlr.Parse(b, xmlr.Options{})
		require.NoError(rt, err)
		ids := map[string]bool{}
		for n := range root.Walk() {
			if id := n.Attr("ID"); id != "" {
				require.False(rt, ids[id], id)
				ids[id] = true
			}
		}
		for n := range root.Walk() {
			if id, local := strings.CutPrefix(n.Attr("value"), "#"); local && n.Name.Local == "reference" {
				require.True(rt, ids[id], id)
			}
		}
		words := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, "\u00a0", "_")), "") }
		shown := func(template, given string) {
			require.Contains(rt, words(section(root, template).Child(ns, "text").DeepText()), words(given))
		}
		shown("1.2.250.1.213.1.1.2.211", s.Question.Purpose)
		shown("1.2.250.1.213.1.1.2.213", s.History.ContraIndications[0].Comment)
		shown("1.2.250.1.213.1.1.2.206", act.Description)
		shown("1.2.250.1.213.1.1.2.206", act.Products[0].Name)
		shown("1.2.250.1.213.1.1.2.37", s.Attachments[0].Title)
	})
	require.Greater(t, made, 10, "not all were refused")
}
