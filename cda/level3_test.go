package cda_test

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
)

func withViewer(c *cda.Config) { c.ViewerURL = "https://images.centre.test/IHEInvokeImageDisplay" }

func build3(tb testing.TB, w *cda.Writer, r cda.Report, s cda.Sections) []byte {
	tb.Helper()
	doc, err := w.Level3(r, s)
	require.NoError(tb, err)
	b, err := doc.Bytes()
	require.NoError(tb, err)
	require.EqualValues(tb, doc.Size(), len(b))
	return b
}

func TestLevel3IsCanonical(t *testing.T) {
	t.Parallel()
	for name, d := range structuredSamples(t) {
		b := build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s)
		body, ok := bytes.CutPrefix(b, []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
		require.True(t, ok, name)
		if name == "level3-supplied" || name == "level3-acts" {
			assert.Empty(t, testkit.Diff(testkit.XMLLintC14NBytes(t, b, testkit.C14NInclusive), body), name)
		}
		canonical, err := xmlr.Canonicalize(nil, b, xmlr.Canonical{Mode: xmlr.Inclusive})
		require.NoError(t, err, name)
		assert.Empty(t, testkit.Diff(canonical, body), name)
	}
}

func TestLevel3GoldenDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"level3-minimal", "level3-complete", "level3-acts", "level3-supplied"} {
		d := structuredSamples(t)[name]
		testkit.Golden(t, name+".xml", build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s))
	}
}

// Where the kit contradicts the text, the text is written: TestOfficialRules
// knows what it says of these documents.
func contradictions(tb testing.TB) map[string]contradiction {
	r, s := chest(tb)
	r.Acts[0].Modalities = []segur.Code{{Code: "DX"}}
	s.Acts[0].Catalog.SOPClass.Code = "1.2.840.10008.5.1.4.1.1.1.1"
	s.Acts[0].Exposure.Doses = []cda.Dose{{Code: segur.Code{Code: cda.DoseAreaProduct}, Value: cda.Quantity{Value: "12.5", Unit: "dGy.cm2"}}}
	area := contradiction{build3(tb, newWriter(tb, allowAnyPDF), r, s), "[term]"} // no unit of area product in its list
	r, s = chest(tb)
	s.Acts[0].Site.Modifier = segur.Code{Code: cda.SiteLeft}
	left := contradiction{build3(tb, newWriter(tb, allowAnyPDF, func(c *cda.Config) { c.TopographicModifiers = true }), r, s), "[cr]"}
	return map[string]contradiction{"area-product": area, "left-technique": left}
}

type contradiction struct {
	xml  []byte
	rule string // the check that finds one error
}

func TestLevel3Contradictions(t *testing.T) {
	t.Parallel()
	all := contradictions(t)
	area, left := string(all["area-product"].xml), all["left-technique"].xml
	assert.Contains(t, area, `<value unit="Gy.cm2" value="1.25" xsi:type="PQ">`)
	assert.Contains(t, area, "<td><content ID=\"act1.exposure-dose1\">12,5 dGy.cm2</content></td>", "people read what was measured")
	assert.Equal(t, cda.SiteLeft, find(tree(t, left), "procedure", "targetSiteCode", "qualifier", "value").Attr("code"))
	r, s := chest(t)
	s.Acts[0].Site.Modifier = segur.Code{Code: cda.SiteLeft}
	b := build3(t, newWriter(t, allowAnyPDF), r, s)
	assert.Nil(t, find(tree(t, b), "procedure", "targetSiteCode").Child(ns, "qualifier"), "left is in the text only")
	assert.Contains(t, string(b), ">thorax entier, gauche<")
}

const ns = "urn:hl7-org:v3"

func tree(tb testing.TB, b []byte) *xmlr.Node {
	tb.Helper()
	root, err := xmlr.Parse(b, xmlr.Options{})
	require.NoError(tb, err)
	return root
}

// find returns the first element at the end of a path that starts anywhere.
func find(root *xmlr.Node, path ...string) *xmlr.Node {
	for n := range root.Walk() {
		if n.Is(ns, path[0]) {
			if got := n.Find(ns, strings.Join(path[1:], "/")); len(path) == 1 {
				return n
			} else if got != nil {
				return got
			}
		}
	}
	return nil
}

// section returns the first section with that template.
func section(root *xmlr.Node, template string) *xmlr.Node {
	for n := range root.Walk() {
		if n.Is(ns, "section") {
			for _, id := range n.All(ns, "templateId") {
				if id.Attr("root") == template {
					return n
				}
			}
		}
	}
	return nil
}

// Every identifier is unique and every reference, of entries and inside the
// texts, finds its target: in the section of the entry, but for media.
func TestLevel3ReferencesResolve(t *testing.T) {
	t.Parallel()
	for name, d := range structuredSamples(t) {
		root := tree(t, build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s))
		owner := map[string]*xmlr.Node{} // the section of each identifier
		uuids := map[string]bool{}
		var section func(n, in *xmlr.Node, visit func(n, in *xmlr.Node))
		section = func(n, in *xmlr.Node, visit func(n, in *xmlr.Node)) {
			if n.Is(ns, "section") {
				in = n
			}
			visit(n, in)
			for _, c := range n.Children {
				section(c, in, visit)
			}
		}
		section(root, nil, func(n, in *xmlr.Node) {
			if id := n.Attr("ID"); id != "" {
				assert.Nil(t, owner[id], "%s: %s is there twice", name, id)
				owner[id] = in
			}
			if r := n.Attr("root"); n.Is(ns, "id") && len(r) == 36 && in != nil {
				assert.Equal(t, strings.ToUpper(r), r, name)
				assert.False(t, uuids[r], "%s: %s is there twice", name, r)
				uuids[r] = true
			}
		})
		references := 0
		section(root, nil, func(n, in *xmlr.Node) {
			local := func(id string) {
				references++
				assert.NotNil(t, owner[id], "%s: %s is dangling", name, id)
				assert.Same(t, in, owner[id], "%s: %s is of another section", name, id)
			}
			switch n.Name.Local {
			case "reference":
				if id, ok := strings.CutPrefix(n.Attr("value"), "#"); ok {
					local(id)
				} else {
					assert.True(t, strings.HasPrefix(n.Attr("value"), "https://"), name)
				}
			case "linkHtml":
				if id, ok := strings.CutPrefix(n.Attr("href"), "#"); ok {
					local(id)
				}
			case "footnoteRef":
				local(n.Attr("IDREF"))
			case "renderMultiMedia":
				for id := range strings.FieldsSeq(n.Attr("referencedObject")) {
					assert.NotNil(t, owner[id], "%s: no media %s", name, id)
				}
			}
			if h := n.Attr("headers"); h != "" {
				local(h)
			}
		})
		assert.Greater(t, references, 8, name)
		assert.GreaterOrEqual(t, len(uuids), 10, name)
	}
}

// What the header says of the acts, the body says too, act by act.
func TestLevel3HeaderAndBodyAgree(t *testing.T) {
	t.Parallel()
	d := structuredSamples(t)["level3-acts"]
	doc, err := newWriter(t, allowAnyPDF, withViewer).Level3(d.r, d.s)
	require.NoError(t, err)
	b, err := doc.Bytes()
	require.NoError(t, err)
	var acts []*xmlr.Node
	for n := range tree(t, b).Walk() {
		if n.Is(ns, "section") && n.Find(ns, "code").Attr("code") == "55111-9" {
			acts = append(acts, n)
		}
	}
	h := doc.Header()
	require.Len(t, acts, 3)
	require.Len(t, h.Services, 3)
	for i, n := range acts {
		s := h.Services[i]
		procedure := n.Find(ns, "entry/procedure")
		assert.Equal(t, s.Code.Code, procedure.Child(ns, "code").Attr("code"))
		assert.Equal(t, "Technique d'imagerie : "+s.Code.Display, n.Child(ns, "title").Text())
		var modalities []string
		for _, m := range procedure.All(ns, "methodCode") {
			modalities = append(modalities, m.Attr("code"))
		}
		for _, m := range modalities {
			assert.True(t, slices.ContainsFunc(s.Translations, func(t segur.QualifiedCode) bool { return t.Code.Code == m }), m)
		}
		study := n.Find(ns, "component/section/entry/act")
		assert.EqualValues(t, s.StudyUID, study.Child(ns, "id").Attr("root"))
		assert.Equal(t, s.Start.Time.Format("20060102150405-0700"), study.Child(ns, "effectiveTime").Attr("value"))
		assert.Contains(t, modalities, study.Find(ns, "entryRelationship/act/code/qualifier/value").Attr("code"))
		link := study.Find(ns, "entryRelationship/act/entryRelationship/observation/text/reference").Attr("value")
		if i < 2 {
			assert.Equal(t, cda.ViewerLink("https://images.centre.test/IHEInvokeImageDisplay", s.StudyUID, h.Orders[i].Accession, doc.ID()), link)
		} else {
			assert.Equal(t, "https://autre.exemple.test/voir?x=1", link)
		}
	}
	assert.Contains(t, string(b), "idCDA="+string(doc.ID()))
	assert.Contains(t, string(b), "Accessionnumber=1.2.250.1.999.3.ACC+43%2F%C3%A9")
}

// What is coded is what was given, in the units that the rules accept.
func TestLevel3Values(t *testing.T) {
	t.Parallel()
	d := structuredSamples(t)["level3-acts"]
	b := string(build3(t, newWriter(t, allowAnyPDF, withViewer), d.r, d.s))
	root := tree(t, []byte(b))
	exposure := section(root, "1.2.250.1.213.1.1.2.215")
	assert.Equal(t, "250500000", exposure.All(ns, "entry/observation/value")[1].Attr("value"), "Bq, as the list of units has no MBq")
	dose := exposure.Find(ns, "entry/substanceAdministration/doseQuantity")
	assert.Equal(t, "250.5 MBq", dose.Attr("value")+" "+dose.Attr("unit"), "this one is not in that list's reach")
	assert.Contains(t, b, ">250,5 MBq<")
	assert.Equal(t, cda.SiteLeft, exposure.Find(ns, "entry/observation/targetSiteCode/qualifier/value").Attr("code"), "a dose takes any modifier")
	assert.Equal(t, "899900000015", exposure.Find(ns, "entry/procedure/participant/participantRole/id").Attr("extension"))
	assert.Equal(t, "1.2.250.1.71.4.2.1", exposure.Find(ns, "entry/procedure/participant/participantRole/id").Attr("root"))

	r, s := chest(t)
	b = string(build3(t, newWriter(t, allowAnyPDF, withViewer), r, s))
	assert.Contains(t, b, `<value unit="Sv" value="0.0044" xsi:type="PQ">`)
	assert.Contains(t, b, `<value unit="mGy.cm" value="312.40" xsi:type="PQ">`)
	assert.Contains(t, b, ">4,4 mSv<")
	history := section(tree(t, []byte(b)), "1.2.250.1.213.1.1.2.213")
	var codes []string
	for _, o := range history.All(ns, "entry/observation") {
		codes = append(codes, o.Child(ns, "code").Attr("code")+" "+o.Child(ns, "value").Attr("code"))
	}
	assert.Equal(t, []string{"11348-0 ", "11348-0 ", "47519-4 ", "64100-1 MED-1105", "64100-1 N18.9"}, codes)
	addendum := section(tree(t, []byte(b)), "1.2.250.1.213.1.1.2.210")
	assert.Equal(t, "20260120110400+0100", addendum.Find(ns, "author/time").Attr("value"))
	assert.Equal(t, "RPLC", find(tree(t, []byte(b)), "relatedDocument").Attr("typeCode"))
	assert.Equal(t, "2024.01", find(tree(t, []byte(b)), "ClinicalDocument").All(ns, "templateId")[5].Attr("extension"))
}

// The absence of contra-indications and of history says what is known.
func TestLevel3Absences(t *testing.T) {
	t.Parallel()
	for absence, words := range map[cda.Absence]string{cda.NoneKnown: "Aucune contre-indication connue", cda.NotSought: "Contre-indications non recherchées"} {
		r, s := minimal(t), minimalSections()
		s.History.NoContraIndication = absence
		root := tree(t, build3(t, newWriter(t), r, s))
		var values []string
		history := section(root, "1.2.250.1.213.1.1.2.213")
		for _, o := range history.All(ns, "entry/observation") {
			v := o.Child(ns, "value")
			kind, _ := v.LookupAttr("http://www.w3.org/2001/XMLSchema-instance", "type")
			values = append(values, o.Child(ns, "code").Attr("code")+" "+kind+" "+v.Text())
		}
		assert.Equal(t, []string{"11348-0 CD ", "47519-4 CD ", "64100-1 ST " + words}, values)
		assert.Equal(t, 2, strings.Count(history.Child(ns, "text").DeepText(), "Non renseigné"), "never: no history")
		assert.Contains(t, history.Child(ns, "text").DeepText(), words)
	}
}

// A reader of the SDK, and the metadata of the record, know it for what it is.
func TestLevel3ReadsBack(t *testing.T) {
	t.Parallel()
	for name, d := range structuredSamples(t) {
		doc, err := newWriter(t, allowAnyPDF, withViewer).Level3(d.r, d.s)
		require.NoError(t, err, name)
		b, err := doc.Bytes()
		require.NoError(t, err, name)
		p, err := cda.Parse(b)
		require.NoError(t, err, name)
		assert.Equal(t, 3, p.Level, name)
		assert.Equal(t, cda.KindImagingReport, p.Kind, name)
		assert.Equal(t, "2024.01", p.TemplateVersion, name)
		assert.Empty(t, p.Warnings, name)
		assert.Equal(t, doc.Header(), p.Header, name)
		entry := xds.DeriveEntry(doc.Header(), xds.EntryOptions{})
		assert.Equal(t, "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013", entry.FormatCode.Code, name)
	}
}

// A report that was published is completed by a version that replaces it.
func TestLevel3Addendum(t *testing.T) {
	t.Parallel()
	w := newWriter(t, withViewer)
	r, s := minimal(t), minimalSections()
	r.PDF = nil
	first, err := w.Level3(r, s)
	require.NoError(t, err)
	r = r.Replacing(first.Header())
	s.Addendum = &cda.Addendum{Author: cda.Author{Professional: radiologist()}, Text: cda.Text("Complément.")}
	second, err := w.Level3(r, s)
	require.NoError(t, err)
	h := second.Header()
	assert.Equal(t, 2, h.Version)
	assert.Equal(t, first.ID(), h.Replaces.Root)
	assert.Equal(t, first.Header().SetID, h.SetID)
	assert.NotEqual(t, first.ID(), second.ID())
	assert.Zero(t, second.PDFSize())
	assert.Zero(t, second.PDFSHA256())
}

func TestLevel3IsDeterministicAndConcurrent(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	want := build3(t, newWriter(t, allowAnyPDF, withViewer), r, s)
	var wg sync.WaitGroup
	shared := newWriter(t, allowAnyPDF)
	for range 8 {
		wg.Go(func() {
			assert.True(t, bytes.Equal(want, build3(t, newWriter(t, allowAnyPDF, withViewer), r, s)))
			_, err := shared.Level3(r, s)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
}
