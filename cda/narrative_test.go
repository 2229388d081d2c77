package cda_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// conclusion writes a report with that conclusion, and returns its element text.
func conclusion(tb testing.TB, n cda.Narrative) *xmlr.Node {
	tb.Helper()
	r, s := minimal(tb), minimalSections()
	r.PDF, s.Conclusion = nil, n
	return section(tree(tb, build3(tb, newWriter(tb), r, s)), "1.2.250.1.213.1.1.2.209").Child(ns, "text")
}

// refused gives what is said of a conclusion.
func refused(tb testing.TB, n cda.Narrative) string {
	tb.Helper()
	r, s := minimal(tb), minimalSections()
	r.PDF, s.Conclusion = nil, n
	doc, err := newWriter(tb).Level3(r, s)
	require.ErrorIs(tb, err, segur.ErrInvalidInput)
	require.Nil(tb, doc)
	return strings.TrimPrefix(err.Error(), "cda.level3: invalid input: ")
}

func inner(n *xmlr.Node) string {
	raw := string(n.Raw())
	return strings.TrimSuffix(raw[strings.IndexByte(raw, '>')+1:], "</text>")
}

func TestNarrativeBuilder(t *testing.T) {
	t.Parallel()
	n := cda.Text(" Ligne 1 \r\n\r\nLigne  2 & <b>\n")
	assert.Equal(t, "<paragraph>Ligne 1</paragraph><paragraph>Ligne 2 &amp; &lt;b&gt;</paragraph>", inner(conclusion(t, n)))
	n = cda.Narrative{}.Heading("Titre").
		Paragraph(cda.Plain("a\nb "), cda.Italic("c"), cda.Underline("d"), cda.Link("http://x.test/?a=1&b=2", "lien"), cda.Anchor("k", "e")).
		NumberedList("un", "deux\nlignes").List().Table(cda.Table{}).Table(cda.Table{Rows: [][]string{{}, {"x", ""}}}).Text("fin")
	assert.Equal(t, `<paragraph><content styleCode="Bold">Titre</content></paragraph>`+
		`<paragraph>a<br></br>b <content styleCode="Italics">c</content><content styleCode="Underline">d</content>`+
		`<linkHtml href="http://x.test/?a=1&amp;b=2">lien</linkHtml><content ID="conclusion-k">e</content></paragraph>`+
		`<list listType="ordered"><item>un</item><item>deux<br></br>lignes</item></list>`+
		`<table border="1"><tbody><tr><td>x</td><td></td></tr></tbody></table><paragraph>fin</paragraph>`, inner(conclusion(t, n)))
	assert.True(t, n.Visible())
	assert.False(t, n.IsZero())
	assert.True(t, cda.Narrative{}.IsZero())
	assert.False(t, cda.Narrative{}.Paragraph(cda.Plain(" \n ")).Visible())
}

// A narrative that two others were made from is not changed by them.
func TestNarrativesAreValues(t *testing.T) {
	t.Parallel()
	base := cda.Text("a\nb\nc")
	one, two := base.Text("un"), base.Text("deux")
	assert.Contains(t, inner(conclusion(t, one)), "<paragraph>un</paragraph>")
	assert.NotContains(t, inner(conclusion(t, one)), "deux")
	assert.NotContains(t, inner(conclusion(t, base)), "un")
	assert.Contains(t, inner(conclusion(t, two.Add(one))), "deux</paragraph><paragraph>a</paragraph>")
}

// Whatever a user types is text.
func TestNarrativeInjection(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.StringOfN(rapid.RuneFrom([]rune(`<>&"'/ab é#;!-[]`)), 1, 40, -1).Draw(rt, "text") + "x"
		n := cda.Text(s).Paragraph(cda.Bold(s), cda.Link("https://x.test", s), cda.Anchor("i", s)).List(s).Table(cda.Table{Caption: s, Header: []string{s}, Rows: [][]string{{s}}})
		text := conclusion(t, n)
		want := strings.Join(strings.Fields(s), " ")
		for e := range text.Walk() {
			if e.Text() != "" {
				require.Equal(rt, want, strings.Join(strings.Fields(e.Text()), " "), e.Name.Local)
			}
			require.NotContains(rt, []string{"a", "b"}, e.Name.Local)
		}
	})
}

func TestMarkupIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`Texte <content styleCode="Bold">gras</content>`:                                     "",
		`a &amp; b &lt;c&gt; &#233;`:                                                         `a &amp; b &lt;c&gt; é`,
		`<text xmlns="urn:hl7-org:v3"><paragraph>x</paragraph></text>`:                       `<paragraph>x</paragraph>`,
		`<c:paragraph xmlns:c="urn:hl7-org:v3">x</c:paragraph>`:                              `<paragraph>x</paragraph>`,
		`<!-- rien --><paragraph>x<?pi y?></paragraph>`:                                      `<paragraph>x</paragraph>`,
		`<paragraph><![CDATA[a<b]]></paragraph>`:                                             `<paragraph>a&lt;b</paragraph>`,
		`<list><caption>L</caption><item ID="i1">x<list><item>y</item></list></item></list>`: `<list><caption>L</caption><item ID="conclusion-i1">x<list><item>y</item></list></item></list>`,
		"<table rules=\"all\" frame=\"box\">\n<colgroup><col/></colgroup>\n<thead><tr><th scope=\"col\">a</th></tr></thead>\n<tbody><tr><td>b<paragraph>c</paragraph></td></tr></tbody></table>": `<table frame="box" rules="all"><colgroup><col></col></colgroup><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td>b<paragraph>c</paragraph></td></tr></tbody></table>`,
		`<linkHtml href="#b" title="t">x</linkHtml><content ID="b" revised="insert">y</content>`:                                                                                                 `<linkHtml href="#conclusion-b" title="t">x</linkHtml><content ID="conclusion-b" revised="insert">y</content>`,
	} {
		if want == "" {
			want = given
		}
		assert.Equal(t, want, inner(conclusion(t, cda.Markup(given))))
	}
}

func TestMarkupIsRefused(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"ok\n<script>alert(1)</script>":                                                                     "sections.conclusion line 2: an element that is not allowed in a text",
		`<paragraph><paragraph>x</paragraph></paragraph>`:                                                   "line 1: an element that is not allowed in a paragraph",
		`<h:b xmlns:h="http://www.w3.org/1999/xhtml">x</h:b>`:                                               "an element that is not allowed in a text",
		`<x:content xmlns:x="urn:x">x</x:content>`:                                                          "an element that is not allowed in a text",
		`<table><tbody><tr><td><table><tbody><tr><td>x</td></tr></tbody></table></td></tr></tbody></table>`: "an element that is not allowed in a td",
		`<table><tr><td>x</td></tr></table>`:                                                                "line 1: an element that is not allowed in a table; sections.conclusion line 1: a table without tbody",
		`<table><tbody><tr></tr></tbody></table>`:                                                           "a tr without th or td",
		`<table>x<tbody><tr><td>x</td></tr></tbody></table>`:                                                "text where only elements are allowed",
		`<table><tbody><tr><td>x</td></tr></tbody><thead><tr><th>x</th></tr></thead></table>`:               "an element that comes too late in a table",
		`<list></list>`: "a list without item",
		`<paragraph><br/><caption>c</caption></paragraph>`: "a caption that is not the first element, or is there twice",
		`<br>x</br>`:                                                    "text where only elements are allowed",
		`<br ID="x"/>`:                                                  "an attribute that is not allowed on a br",
		`<content onclick="x()">x</content>`:                            "an attribute that is not allowed on a content",
		`<content xml:lang="fr">x</content>`:                            "an attribute that is not allowed on a content",
		`<content ID="1a">x</content>`:                                  "an ID that is not one",
		`<content ID="a:b">x</content>`:                                 "an ID that is not one",
		`<content ID="a">x</content><content ID="a">y</content>`:        "an ID that is there twice",
		`<content revised="maybe">x</content>`:                          "revised must be one of insert delete",
		`<content styleCode="a;b">x</content>`:                          "styleCode must be words",
		`<content language="fr FR">x</content>`:                         "language must be words",
		`<content styleCode=" ">x</content>`:                            "styleCode must be words",
		`<table><tbody><tr><td headers=" ">x</td></tr></tbody></table>`: "headers without an identifier",
		`<renderMultiMedia referencedObject=" "/>x`:                     "a renderMultiMedia without referencedObject",
		`<linkHtml href="javascript:alert(1)">x</linkHtml>`:             "a link that is not a complete http or https address",
		`<linkHtml href="JAVASCRIPT:alert(1)">x</linkHtml>`:             "a link that is not a complete http or https address",
		`<linkHtml href="&#1;javascript:x">x</linkHtml>`:                "is not well-formed XML (entity)",
		`<linkHtml href="data:text/html,x">x</linkHtml>`:                "a link that is not a complete http or https address",
		`<linkHtml href="//x.test/">x</linkHtml>`:                       "a link that is not a complete http or https address",
		`<linkHtml href="https://u:p@x.test/">x</linkHtml>`:             "a link that is not a complete http or https address",
		`<linkHtml href="#nowhere">x</linkHtml>`:                        "a reference to an identifier that is not in the text",
		`<footnoteRef IDREF="no"/>x`:                                    "a reference to an identifier that is not in the text",
		`<footnoteRef/>x`:                                               "a footnoteRef without IDREF",
		`<renderMultiMedia/>`:                                           "a renderMultiMedia without referencedObject",
		`<renderMultiMedia referencedObject="x"/>`:                      "shows an attachment that the document does not have",
		`a < b`:         "is not well-formed XML (syntax)",
		`</text><text>`: "is not well-formed XML",
		`</text><!--`:   "is not well-formed XML",
		`<!DOCTYPE a>x`: "is not well-formed XML",
		`&nbsp;`:        "is not well-formed XML (entity)",
		`<paragraph>`:   "is not well-formed XML",
		strings.Repeat("<content>", 80) + "x" + strings.Repeat("</content>", 80): "is not well-formed XML (limit)",
		strings.Repeat("x", 1<<20+1): "is larger than 1 MiB",
	} {
		got := refused(t, cda.Markup(given))
		assert.Contains(t, got, want, "%.80s", given)
		for _, secret := range []string{"alert", "script>", "x.test"} {
			assert.NotContains(t, got, secret)
		}
	}
	many := refused(t, cda.Markup(strings.Repeat("<b/>", 100)))
	assert.Equal(t, 10, strings.Count(many, "line 1"), "not endlessly")
}

// Two fragments, of two sections or of one, never collide.
func TestMarkupIdentifiersAreTheirSections(t *testing.T) {
	t.Parallel()
	r, s := chest(t)
	same := cda.Markup(`<content ID="product1">x</content><content ID="title1">y</content>`)
	s.Results, s.PriorResults, s.Comparison, s.Conclusion, s.PatientInformation, s.DevicesNarrative = same, same, same, same, same, same
	s.Acts[0].Complications, s.Acts[0].Catalog.Narrative, s.Addendum.Text, s.Question.Narrative = same, same, same, same
	b := string(build3(t, newWriter(t, allowAnyPDF), r, s))
	for _, id := range []string{"results-", "prior-", "comparison-", "conclusion-", "patient-", "devices-", "act1.complications-", "act1.catalog-", "addendum-", "question-"} {
		assert.Equal(t, 1, strings.Count(b, `ID="`+id+`product1"`), id)
	}
	assert.Equal(t, 1, strings.Count(b, `ID="act1-product1"`))
	assert.Equal(t, 1, strings.Count(b, `ID="documents-title1"`))
}

// Whatever the fragment: no panic, and what is accepted is written in the
// vocabulary, as a text that is accepted again and means the same.
func FuzzMarkup(f *testing.F) {
	for _, s := range []string{
		`<paragraph>a<br/>b</paragraph>`, `<list><item>x</item></list>`, `<content ID="a">x</content><linkHtml href="#a">y</linkHtml>`,
		`<table><tbody><tr><td headers="h">x</td><th ID="h"/></tr></tbody></table>`, `</text><text>`, `<script/>`, `&lt;script&gt;`, `<text>x</text>`,
	} {
		f.Add(s)
	}
	r, s := minimal(f), minimalSections()
	r.PDF = nil
	w := newWriter(f)
	f.Fuzz(func(t *testing.T, fragment string) {
		s := s
		s.Conclusion = cda.Markup(fragment)
		doc, err := w.Level3(r, s)
		if err != nil {
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			return
		}
		b, err := doc.Bytes()
		require.NoError(t, err)
		text := section(tree(t, b), "1.2.250.1.213.1.1.2.209").Child(ns, "text")
		for e := range text.Walk() {
			require.Equal(t, ns, e.Name.Space)
			require.NotContains(t, []string{"script", "object", "style", "iframe"}, e.Name.Local)
			for _, a := range e.Attrs {
				require.False(t, strings.HasPrefix(a.Local, "on"))
			}
		}
		s.Conclusion = cda.Markup(inner(text))
		again, err := w.Level3(r, s)
		if err != nil { // an identifier that got too long with its prefix
			require.Contains(t, err.Error(), "an ID that is not one")
			return
		}
		other, err := again.Bytes()
		require.NoError(t, err)
		second := section(tree(t, other), "1.2.250.1.213.1.1.2.209").Child(ns, "text")
		require.Equal(t, text.DeepText(), second.DeepText())
	})
}
