package pdfa_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
)

// randomReport is a report whose words are all different: w0x, w1x ... and runs of the letter q, which are too long for a
// line or a cell.
type randomReport struct {
	*rand.Rand
	report pdfa.Report
	texts  [][]string // the words of each paragraph, item and cell, which stay in order
	head   []string   // words that come back on each page
	q      int
	word   int
	jpeg   []byte
}

func newRandomReport(t testing.TB, seed uint64) *randomReport {
	t.Helper()
	g := &randomReport{Rand: rand.New(rand.NewPCG(seed, 7)), jpeg: keyImage(t, 24, 40, seed%2 == 0)} //nolint:gosec // a test
	g.report = pdfa.Report{ID: fmt.Sprint(seed), Created: kneeReport().Created, Title: "Titre", RunningHead: "Rappel"}
	if g.IntN(2) == 0 {
		g.report.Symbol = &pdfa.Symbol{Modules: modules(8 + 2*g.IntN(20))}
	}
	for range g.IntN(5) {
		g.report.Identity = append(g.report.Identity, pdfa.Field{Label: "Champ", Value: g.plain(8)})
	}
	for range 1 + g.IntN(6) {
		s := pdfa.Section{Heading: g.plain(3), Level: g.IntN(4)}
		for range g.IntN(5) {
			s.Blocks = append(s.Blocks, g.block())
		}
		g.report.Sections = append(g.report.Sections, s)
	}
	return g
}

func (g *randomReport) plain(most int) string {
	return strings.ReplaceAll(g.text(most, false)[0].Text, "q", "")
}

// text makes a text of one run or of many; a word may be in two runs.
func (g *randomReport) text(most int, rich bool) pdfa.Text {
	var words []string
	runs := pdfa.Text{{}}
	add := func(s string) {
		runs[len(runs)-1].Text += s
		if rich && g.IntN(4) == 0 {
			runs = append(runs, pdfa.Run{Bold: g.IntN(2) == 0, Italic: g.IntN(2) == 0, Underline: g.IntN(4) == 0})
		}
	}
	for range 1 + g.IntN(most) {
		w := fmt.Sprintf("w%dx", g.word)
		g.word++
		words = append(words, w)
		add(w[:1])
		add(w[1:])
		switch n := g.IntN(30); {
		case n == 0 && rich:
			add("\n")
		case n == 1 && rich:
			k := 1 + g.IntN(200)
			g.q += k
			add(" " + strings.Repeat("q", k) + " ")
		default:
			add(" ")
		}
	}
	g.texts = append(g.texts, words)
	return runs
}

func (g *randomReport) list(depth int) pdfa.List {
	l := pdfa.List{Ordered: g.IntN(2) == 0}
	for range 1 + g.IntN(6) {
		it := pdfa.Item{Text: g.text(40, true)}
		if depth < 3 && g.IntN(3) == 0 {
			sub := g.list(depth + 1)
			it.Sub = &sub
		}
		l.Items = append(l.Items, it)
	}
	return l
}

func (g *randomReport) table() pdfa.Table {
	var t pdfa.Table
	n := 1 + g.IntN(10)
	if g.IntN(2) == 0 {
		weighted := g.IntN(2)
		for range n {
			t.Columns = append(t.Columns, pdfa.Column{Weight: weighted * (1 + g.IntN(1000)), Align: pdfa.Align(g.IntN(3))}) //nolint:gosec // 0 to 2
		}
	}
	for range g.IntN(3) {
		kept := len(g.texts)
		q := g.q
		t.Head = append(t.Head, g.row(n, 3))
		for _, row := range t.Head {
			for _, c := range row {
				for i := range c.Text {
					c.Text[i].Text = strings.ReplaceAll(c.Text[i].Text, "q", "")
				}
			}
		}
		g.q = q
		for _, words := range g.texts[kept:] {
			g.head = append(g.head, words...)
		}
		g.texts = g.texts[:kept]
	}
	most := 1 + g.IntN(20)
	if g.IntN(5) == 0 {
		t.Rows = append(t.Rows, g.row(n, 1200/n)) // more than a page
	}
	for range 1 + g.IntN(30) {
		t.Rows = append(t.Rows, g.row(n, most))
	}
	return t
}

func (g *randomReport) row(n, most int) []pdfa.Cell {
	var row []pdfa.Cell
	for n > 0 {
		span := min(n, max(1, g.IntN(6)-3))
		n -= span
		c := pdfa.Cell{Span: span}
		if g.IntN(6) > 0 {
			c.Text = g.text(most, true)
		}
		if row = append(row, c); g.IntN(20) == 0 {
			return row
		}
	}
	return row
}

func (g *randomReport) block() pdfa.Block {
	switch g.IntN(8) {
	case 0, 1, 2:
		return pdfa.Paragraph{Text: g.text(200, true)}
	case 3, 4:
		return g.list(1)
	case 5:
		return pdfa.Image{JPEG: g.jpeg, Width: 5 + float64(g.IntN(160)), Caption: g.plain(30)}
	default:
		return g.table()
	}
}

// word is a word on a page with its box in points, y downwards.
type word struct {
	page           int
	text           string
	x0, y0, x1, y1 float64
}

// words lists the words of a file where they are shown.
func words(t testing.TB, pdf []byte) []word {
	t.Helper()
	out := testkit.Run(t, pdf, "pdftotext", "-enc", "UTF-8", "-bbox", "-", "-").Stdout
	dec := xml.NewDecoder(bytes.NewReader(out))
	dec.Strict = false
	var list []word
	for page := -1; ; {
		token, err := dec.Token()
		if err != nil {
			return list
		}
		start, ok := token.(xml.StartElement)
		switch {
		case ok && start.Name.Local == "page":
			page++
		case ok && start.Name.Local == "word":
			w := word{page: page}
			for i, to := range []*float64{&w.x0, &w.y0, &w.x1, &w.y1} {
				_, err := fmt.Sscan(start.Attr[i].Value, to)
				require.NoError(t, err)
			}
			require.NoError(t, dec.DecodeElement(&w.text, &start))
			list = append(list, w)
		}
	}
}

func TestNoTextIsLostOrOverlaps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := newRandomReport(t, seed)
			pdf := build(t, g.report)
			require.True(t, bytes.Equal(pdf, build(t, g.report)), "the same report gives the same bytes")
			raw := strings.Join(strings.Fields(strings.Join(pages(t, pdf), "\n")), "")
			at := map[string]int{}
			for i := 0; i < len(raw); i++ {
				if end := strings.IndexByte(raw[i:], 'x'); raw[i] == 'w' && end > 0 {
					if _, again := at[raw[i:i+end+1]]; !again {
						at[raw[i:i+end+1]] = i
					}
				}
			}
			for _, text := range g.texts {
				last := -1
				for _, w := range text {
					i, found := at[w]
					require.True(t, found, "%s is lost", w)
					require.Greater(t, i, last, "%s is out of order", w)
					require.Equal(t, 1, strings.Count(raw, w), "%s comes twice", w)
					last = i
				}
			}
			for _, w := range g.head {
				require.Contains(t, raw, w)
			}
			assert.Equal(t, g.q, strings.Count(raw, "q"), "letters of words that are cut")

			all := words(t, pdf)
			for i, a := range all {
				if a.x0 < 56 || a.x1 > 539 || a.y0 < 20 || a.y1 > 842-25 {
					t.Fatalf("%+v is in the margin", a)
				}
				for _, b := range all[i+1:] {
					if a.page != b.page {
						break
					}
					const touch = 1.5
					if a.x0 < b.x1-touch && b.x0 < a.x1-touch && a.y0 < b.y1-touch && b.y0 < a.y1-touch {
						t.Fatalf("%+v and %+v overlap", a, b)
					}
				}
			}
		})
	}
}

func FuzzBuild(f *testing.F) {
	f.Add(uint64(1), "texte", uint16(3))
	f.Add(uint64(2), "l’œil\n\tx\u0301 \u00ad☑", uint16(900))
	f.Fuzz(func(t *testing.T, seed uint64, s string, n uint16) {
		g := newRandomReport(t, seed)
		for i := range g.report.Sections {
			g.report.Sections[i].Heading += s
			g.report.Sections[i].Blocks = append(g.report.Sections[i].Blocks,
				pdfa.Paragraph{Text: pdfa.Text{{Text: s, Super: n&1 > 0, Sub: n&2 > 0}, {Text: s, Bold: true}}},
				pdfa.Table{Rows: [][]pdfa.Cell{{{Text: pdfa.Plain(s), Span: int(n) % 25}}, {{}, {Text: pdfa.Plain(s)}}}, Columns: make([]pdfa.Column, n%25)},
				pdfa.Image{Bitmap: &pdfa.Bitmap{Width: int(n), Height: len(s), Bits: make([]byte, (int(n)+7)/8*len(s))}, Width: float64(n) / 3, Caption: s})
		}
		g.report.Footer, g.report.RunningHead = s, s
		b, err := pdfa.Build(g.report)
		if err == nil && len(pdfa.Check(b)) > 0 {
			t.Fatal(pdfa.Check(b))
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	r := scannerReport(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pdfa.Build(r); err != nil {
			b.Fatal(err)
		}
	}
}
