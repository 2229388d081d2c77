package cda_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/cda/pdfa"
)

// randomText writes narratives in which every word is another one.
type randomText struct {
	*rand.Rand
	b    strings.Builder
	word int
}

func (g *randomText) words() {
	for range 1 + g.IntN(4) {
		g.word++
		fmt.Fprintf(&g.b, "%sw%dx%s", []string{"", " ", "\n"}[g.IntN(3)], g.word, []string{" ", "  ", "\t"}[g.IntN(3)])
	}
}

// one of the elements that stand in a line.
func (g *randomText) inline(depth int) {
	wrap := func(open, end string) {
		g.b.WriteString(open)
		if g.words(); depth > 0 {
			g.inline(depth - 1)
		}
		g.b.WriteString(end)
	}
	switch g.IntN(9) {
	case 0:
		wrap(`<content styleCode="Bold Italics">`, `</content>`)
	case 1:
		wrap(`<content revised="delete">`, `</content>`)
	case 2:
		g.b.WriteString(`<sub>`)
		g.words()
		g.b.WriteString(`</sub><br/>`)
	case 3:
		g.b.WriteString(`<linkHtml href="https://exemple.test/a">`)
		g.words()
		g.b.WriteString(`</linkHtml>`)
	case 4:
		g.b.WriteString(`<footnote>`)
		g.words()
		g.b.WriteString(`</footnote>`)
	case 5:
		g.b.WriteString(`<renderMultiMedia referencedObject="cle"/>`)
	default:
		g.words()
	}
}

func (g *randomText) block(depth int, tables bool) {
	kind := g.IntN(4)
	switch {
	case depth == 0 || kind == 0:
		g.b.WriteString(`<paragraph>`)
		if g.IntN(4) == 0 {
			g.b.WriteString(`<caption>`)
			g.words()
			g.b.WriteString(`</caption>`)
		}
		for range g.IntN(4) {
			g.inline(2)
		}
		g.b.WriteString(`</paragraph>`)
	case kind == 1 && tables:
		g.table(depth)
	case kind == 2:
		g.inline(2)
	default:
		g.b.WriteString([]string{`<list>`, `<list listType="ordered">`}[g.IntN(2)])
		for range 1 + g.IntN(3) {
			g.b.WriteString(`<item>`)
			for range g.IntN(4) {
				g.block(depth-1, tables)
			}
			g.b.WriteString(`</item>`)
		}
		g.b.WriteString(`</list>`)
	}
}

func (g *randomText) table(depth int) {
	g.b.WriteString(`<table><caption>`)
	g.words()
	g.b.WriteString(`</caption>`)
	columns := 1 + g.IntN(4)
	if g.IntN(8) == 0 {
		columns = 25
	}
	for _, part := range []string{"thead", "tfoot", "tbody"} {
		if part != "tbody" && g.IntN(2) == 0 {
			continue
		}
		g.b.WriteString(`<` + part + `>`)
		for range 1 + g.IntN(3) {
			g.b.WriteString(`<tr>`)
			for range 1 + g.IntN(columns) {
				fmt.Fprintf(&g.b, `<td colspan="%d" rowspan="%d" align="%s">`, 1+g.IntN(3), 1+g.IntN(4), []string{"left", "right", "center"}[g.IntN(3)])
				if g.words(); g.IntN(4) == 0 {
					g.block(min(depth-1, 1), false)
				}
				g.b.WriteString(`</td>`)
			}
			g.b.WriteString(`</tr>`)
		}
		g.b.WriteString(`</` + part + `>`)
	}
	g.b.WriteString(`</table>`)
}

// Whatever the form of a narrative, every word of it is on the paper.
func TestPDFLosesNoWord(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		g := &randomText{Rand: rand.New(rand.NewPCG(seed, 11))} //nolint:gosec // a test
		r, s := minimal(t), minimalSections()
		r.PDF = nil
		s.Attachments = []cda.Attachment{{ID: "cle", Title: "Image clé", Content: segur.BytesContent(keyImage())}}
		for range 8 {
			g.block(7, true)
		}
		require.Less(t, g.b.Len(), 1<<20)
		s.Results = cda.Markup(g.b.String())
		done, err := newWriter(t).WithPDF(r, s, cda.PDFOptions{})
		require.NoError(t, err, "seed %d", seed)
		pdf := []byte(content(t, done.PDF))
		require.Empty(t, pdfa.Check(pdf))
		text := strings.Join(strings.Fields(paperText(t, pdf)), "")
		for i := range g.word {
			require.Contains(t, text, fmt.Sprintf("w%dx", i+1), "seed %d", seed)
		}
	}
}

// Words of paragraphs and lists stay in their order.
func TestPDFKeepsTheOrder(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		g := &randomText{Rand: rand.New(rand.NewPCG(seed, 12))} //nolint:gosec // a test
		r, s := minimal(t), minimalSections()
		r.PDF = nil
		for range 15 {
			g.block(4, false)
		}
		fragment := strings.NewReplacer("<footnote>", "<content>", "</footnote>", "</content>", `<renderMultiMedia referencedObject="cle"/>`, "").Replace(g.b.String())
		s.Results = cda.Markup(fragment)
		text, at := strings.Join(strings.Fields(paperText(t, rendered(t, r, s, cda.PDFOptions{}))), " "), 0
		for i := range g.word {
			next := strings.Index(text[at:], fmt.Sprintf("w%dx", i+1))
			require.GreaterOrEqual(t, next, 0, "seed %d, word %d", seed, i+1)
			at += next
		}
	}
}

// What a table means on paper: rows that are read alone, nothing that a revision
// took away read as if it were there.
func TestPDFOfTablesAndRevisions(t *testing.T) {
	t.Parallel()
	r, s := minimal(t), minimalSections()
	r.PDF = nil
	s.Results = cda.Markup(`<table><caption>Lésions</caption><thead><tr><th>Siège</th><th>Taille</th></tr></thead><tbody>` +
		`<tr><td rowspan="2">foie</td><td>3 mm</td></tr><tr><td>4 mm</td></tr>` +
		`<tr><td rowspan="2">` + strings.Repeat("long ", 30) + `</td><td>5 mm</td></tr><tr><td>6 mm</td></tr></tbody></table>` +
		`<paragraph>Lésion <content revised="delete">gauche</content> <content revised="insert">droite</content>, 10<sup>3</sup>.</paragraph>` +
		`<paragraph>Note<footnote ID="n">première<br/>suite</footnote>, autre<footnote>seconde</footnote>, encore<footnoteRef IDREF="n"/></paragraph>` +
		`<list listType="ordered"><item>un<list><item>a</item></list></item><item>deux</item></list>`)
	pdf := rendered(t, r, s, cda.PDFOptions{})
	text := paperText(t, pdf)
	for _, line := range []string{"foie 3 mm", "foie 4 mm", "idem 6 mm", "Lésion [supprimé : gauche] droite, 103.", "(1) première\nsuite\n(2) seconde",
		"1. un\n• a\n2. deux"} {
		assert.Contains(t, strings.ReplaceAll(text, "–", "•"), line)
	}
	assert.Equal(t, 2, strings.Count(text, "(1)")-strings.Count(text, "(1) "), "two marks")
}

// FuzzPDF puts any text in the place of a conclusion: it is read and rendered,
// or refused, and what comes out is PDF/A.
func FuzzPDF(f *testing.F) {
	for _, s := range []string{
		`<paragraph>a<br/>b<sup>2</sup></paragraph>`,
		`<table><tbody><tr><td rowspan="3" colspan="2">x<list><item>y</item></list></td></tr><tr/><tr><td/></tr></tbody></table>`,
		`<list><item>a<table><tbody><tr><td>b</td></tr></tbody></table><footnote ID="f"><paragraph>c</paragraph></footnote></item></list><footnoteRef IDREF="f"/>`,
		`texte <b>gras</b> <renderMultiMedia referencedObject="x"/> <linkHtml href="javascript:x">y</linkHtml> &#x4E2D;&#x85;`,
		`<list><item><list><item><list><item><list><item><list><item><list><item><list><item><list><item>z</item></list></item></list></item></list></item></list></item></list></item></list></item></list></item></list>`,
	} {
		f.Add(s)
	}
	s := minimalSections()
	s.Conclusion = cda.Text("ICI-LA-CONCLUSION")
	r := minimal(f)
	r.PDF = nil
	base := build3(f, newWriter(f), r, s)
	f.Fuzz(func(t *testing.T, fragment string) {
		doc, err := cda.Parse(bytes.Replace(base, []byte("<paragraph>ICI-LA-CONCLUSION</paragraph>"), []byte(fragment), 1))
		if err != nil {
			return
		}
		pdf, err := cda.PDF(doc, cda.PDFOptions{Substitute: true})
		if err != nil {
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			return
		}
		require.Empty(t, pdfa.Check(pdf))
	})
}
