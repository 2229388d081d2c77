package cda_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
)

// drawSections draws what a report can say of its acts, with any text.
func drawSections(t *rapid.T, acts []cda.Act) cda.Sections {
	text := func(name string) string { return tidy(word.Draw(t, name)) }
	maybe := func(name string) string {
		if rapid.Bool().Draw(t, name+"?") {
			return text(name)
		}
		return ""
	}
	lines := func(name string) string {
		if s := maybe(name); s != "" && rapid.Bool().Draw(t, name+" lines") {
			return s + "\n" + text(name+"2")
		} else {
			return s
		}
	}
	narrative := func(name string) cda.Narrative {
		n := cda.Text(text(name)).Paragraph(cda.Bold(text(name)), cda.Plain(text(name)), cda.Link("https://a.test/?b=1&c=2", text(name)))
		if rapid.Bool().Draw(t, name+" table") {
			n = n.List(text(name), text(name)).Table(cda.Table{Caption: text(name), Header: []string{text(name)}, Rows: [][]string{{text(name)}, {maybe(name)}}})
		}
		return n.Paragraph(cda.Anchor("x."+name, text(name)))
	}
	site := func(name string) cda.Site {
		s := cda.Site{Code: segur.Code{Code: rapid.SampledFrom([]string{"361291001", "302551006", "181131000"}).Draw(t, name)}, Words: maybe(name + " words")}
		s.Modifier.Code = rapid.SampledFrom([]string{"", cda.SiteLeft, cda.SiteBilateral, "255549009"}).Draw(t, name+" modifier")
		return s
	}
	number := rapid.StringMatching(`[1-9][0-9]{0,3}(\.[0-9]{1,3})?`)
	product := func(name string) cda.Product {
		p := cda.Product{Name: text(name), Lot: maybe(name + " lot"), Comment: lines(name + " comment")}
		if rapid.Bool().Draw(t, name+" coded") {
			p.CIP = segur.Code{Code: "3400936915657", Display: text(name + " cip")}
			p.ATC = segur.Code{Code: "V09IX04", Display: text(name + " atc")}
			p.Route.Code = cda.RouteIntravenous
			p.Rate = cda.Quantity{Value: number.Draw(t, "rate"), Unit: "mL/s"}
		}
		return p
	}
	s := cda.Sections{
		Question: cda.ClinicalQuestion{Justification: text("why"), Purpose: lines("purpose")},
		Results:  narrative("results"), Conclusion: narrative("conclusion"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "medical") {
		s.History.Medical = append(s.History.Medical, text("history"))
	}
	if s.History.NoContraIndication = cda.Absence(rapid.IntRange(0, 2).Draw(t, "absence")); s.History.NoContraIndication == cda.AbsenceNotStated {
		for _, code := range []string{cda.ContraIodine, cda.ContraOther} {
			s.History.ContraIndications = append(s.History.ContraIndications, cda.ContraIndication{Code: segur.Code{Code: code}, Comment: text("contra")})
		}
	}
	for i, a := range acts {
		section := cda.ActSection{Description: lines("description"), Parameters: lines("parameters"), Site: site("site"), Catalog: mrCatalog(a.StudyUID)}
		for range rapid.IntRange(0, 2).Draw(t, "products") {
			p := product("product")
			p.Dose = rapid.SampledFrom([]cda.Quantity{{}, {Value: "80", Unit: "mL"}}).Draw(t, "dose")
			section.Products = append(section.Products, p)
		}
		if a.Modalities[0].Code == "CT" {
			x := &cda.Exposure{Pregnancy: segur.Code{Code: rapid.SampledFrom([]string{cda.PregnancyNone, cda.PregnancyCurrent, cda.PregnancyUnknown}).Draw(t, "pregnancy")}}
			for range rapid.IntRange(0, 3).Draw(t, "doses") {
				unit := rapid.SampledFrom([][2]string{{cda.DoseLengthProduct, "mGy.cm"}, {cda.DoseEffective, "mSv"}, {cda.DoseActivity, "MBq"}, {cda.DoseAreaProduct, "uGy.m2"}, {cda.DoseImageCount, ""}}).Draw(t, "quantity")
				x.Doses = append(x.Doses, cda.Dose{Code: segur.Code{Code: unit[0]}, Value: cda.Quantity{Value: number.Draw(t, "value"), Unit: unit[1]}, Site: site("dosesite"),
					Time: a.Start.Add(time.Duration(rapid.IntRange(0, 999).Draw(t, "seconds")) * time.Second)})
			}
			if rapid.Bool().Draw(t, "nuclear") {
				p := cda.Radiopharmaceutical(product("tracer"))
				p.Dose = cda.Quantity{Value: number.Draw(t, "activity"), Unit: "MBq"}
				x.Radiopharmaceutical = &p
			}
			section.Exposure = x
		}
		if i == 0 {
			section.Complications = narrative("complications")
		}
		s.Acts = append(s.Acts, section)
	}
	if rapid.Bool().Draw(t, "device") {
		s.Devices = []cda.Device{{EMDN: segur.Code{Code: "Z11039014", Display: text("emdn")}, UDI: segur.Identifier{Root: cda.UDIGS1, Extension: text("udi")}, Comment: lines("device")}}
	}
	if rapid.Bool().Draw(t, "attached") {
		s.Attachments = []cda.Attachment{{Title: text("attachment"), Content: stub()}, {ID: "scan.1", Title: text("second"), Date: segur.NewDate(2001, 2, 3), Content: segur.BytesContent(jpeg())}}
		s.Results = s.Results.Paragraph(cda.Image("scan.1"))
	}
	return s
}

// Whatever a report says, it is read back, and makes the same document again.
func TestLevel3RoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := drawReport(rt, t)
		r.PDF, r.ID, r.SetID = nil, "1.2.250.1.999.5.77", segur.Identifier{Root: "1.2.250.1.999.5.78"}
		s := drawSections(rt, r.Acts)
		later := func(c *cda.Config) { c.Clock = func() time.Time { return time.Unix(4e9+9e4, 0) } }
		write := func(r cda.Report, s cda.Sections) []byte {
			doc, err := newWriter(t, allowAnyPDF, withViewer, later).Level3(r, s)
			require.NoError(rt, err)
			b, err := doc.Bytes()
			require.NoError(rt, err)
			return b
		}
		first := write(r, s)
		p, err := cda.Parse(first)
		require.NoError(rt, err)
		require.Empty(rt, warnings(p))
		got := p.AsReport()
		got.Patient.Status = r.Patient.Status
		require.Equal(rt, string(first), string(write(got, p.Report.Sections)))

		// And it is what was given, not only what makes the same bytes.
		assert.Equal(rt, s.Question.Justification+"|"+s.Question.Purpose, p.Report.Question.Justification+"|"+p.Report.Question.Purpose)
		assert.Equal(rt, s.History.Medical, p.Report.History.Medical)
		assert.Equal(rt, s.History.NoContraIndication, p.Report.History.NoContraIndication)
		require.Len(rt, p.Report.Acts, len(s.Acts))
		for i, want := range s.Acts {
			a := p.Report.Acts[i]
			assert.Equal(rt, want.Description+"|"+want.Parameters+"|"+want.Site.Code.Code+"|"+want.Site.Words, a.Description+"|"+a.Parameters+"|"+a.Site.Code.Code+"|"+a.Site.Words)
			assert.Equal(rt, want.Site.Modifier.Code, a.Site.Modifier.Code, "even where the rules have no code for it")
			assert.Equal(rt, i, p.Report.Procedures[i].Service)
			assert.Equal(rt, r.Acts[i].StudyUID, p.Report.Procedures[i].StudyUID)
			require.Len(rt, a.Products, len(want.Products))
			for j, w := range want.Products {
				g := a.Products[j]
				assert.Equal(rt, []any{w.Name, w.Lot, w.Comment, w.Dose, w.Rate, w.CIP.Display, w.ATC.Code, w.Route.Code}, []any{g.Name, g.Lot, g.Comment, g.Dose, g.Rate, g.CIP.Display, g.ATC.Code, g.Route.Code})
			}
			require.Equal(rt, want.Exposure != nil, a.Exposure != nil)
			if want.Exposure == nil {
				continue
			}
			assert.Equal(rt, want.Exposure.Pregnancy.Code, a.Exposure.Pregnancy.Code)
			for j, w := range want.Exposure.Doses {
				g := a.Exposure.Doses[j]
				assert.Equal(rt, []any{w.Code.Code, w.Value, w.Site.Code.Code, w.Site.Modifier.Code}, []any{g.Code.Code, g.Value, g.Site.Code.Code, g.Site.Modifier.Code})
				sameInstant(rt, w.Time, segur.At(g.Time))
			}
			if w := want.Exposure.Radiopharmaceutical; w != nil {
				assert.Equal(rt, []any{w.Name, w.Dose, w.Comment}, []any{a.Exposure.Radiopharmaceutical.Name, a.Exposure.Radiopharmaceutical.Dose, a.Exposure.Radiopharmaceutical.Comment})
			}
		}
		require.Len(rt, p.Attachments, len(s.Attachments))
		for i, a := range s.Attachments {
			assert.Equal(rt, a.Title, p.Attachments[i].Title)
			assert.Equal(rt, content(t, a.Content), content(t, p.Attachments[i].Content))
		}
		require.False(rt, strings.Contains(p.Report.Question.Justification, "\t"))
	})
}
