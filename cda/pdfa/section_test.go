package pdfa_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
)

// Headings come at every height of a page; none is the last line of one.
func TestHeadingStaysWithWhatFollows(t *testing.T) {
	t.Parallel()
	table := pdfa.Table{Caption: "Légende", Head: [][]pdfa.Cell{pdfa.Cells("Tête")}, Rows: [][]pdfa.Cell{pdfa.Cells("a\nb"), pdfa.Cells("c")}}
	first := []struct {
		block pdfa.Block
		text  string // that follows the heading
	}{
		{pdfa.Paragraph{Text: pdfa.Plain("Alinéa un\nAlinéa deux\nAlinéa trois")}, "Alinéa un\nAlinéa deux"},
		{pdfa.List{Items: pdfa.Items("Point un", "Point deux")}, "• Point un"},
		{table, "Légende\nTête\na\nb\n"},
		{pdfa.Image{Bitmap: arrow(), Width: 30, Caption: "Image"}, "Image\n"},
	}
	r := blockReport()
	r.Sections = nil
	for i := range 140 {
		s := pdfa.Section{Heading: fmt.Sprintf("Titre %d.", i), Level: 1 + i%3, Blocks: []pdfa.Block{first[i%4].block}}
		if i%5 == 0 {
			r.Sections = append(r.Sections, pdfa.Section{Heading: fmt.Sprintf("Groupe %d.", i), Level: 1})
			s.Level = 2
		}
		if i%7 == 0 {
			s.Blocks = append(s.Blocks, pdfa.Paragraph{Text: pdfa.Plain(strings.Repeat("suite\n", i%11) + "fin")})
		}
		r.Sections = append(r.Sections, s)
	}
	sheets := pages(t, build(t, r))
	assert.Greater(t, len(sheets), 12)
	all := 0
	for i := range 140 {
		for _, sheet := range sheets {
			title := fmt.Sprintf("Titre %d.\n", i)
			if i%5 == 0 {
				title = fmt.Sprintf("Groupe %d.\n", i) + title
			}
			if strings.Contains(sheet, title) {
				assert.Contains(t, sheet, title+first[i%4].text)
				all++
			}
		}
	}
	assert.Equal(t, 140, all)
}

func TestLevelsLookDifferent(t *testing.T) {
	t.Parallel()
	r := blockReport()
	r.Sections = nil
	for level := range pdfa.MaxLevel + 1 {
		r.Sections = append(r.Sections, pdfa.Section{Heading: "Titre", Level: level, Paragraphs: []string{"Texte"}})
	}
	b := string(build(t, r))
	for _, want := range []struct {
		operator string
		times    int
	}{{"/GoBold 11 Tf", 2}, {"/GoBold 10 Tf", 1}, {"/GoBoldItalic 10 Tf", 4}} {
		assert.Equal(t, want.times, strings.Count(b, want.operator), want.operator)
	}
	assert.Contains(t, b, "/Flags 68 /FontBBox")
	assert.Regexp(t, `/ItalicAngle -\d`, b)
}

func TestParagraphsAndPlainBlocksLookTheSame(t *testing.T) {
	t.Parallel()
	paragraphs, blocks := longReport(12), longReport(12)
	for i, s := range blocks.Sections {
		for _, p := range s.Paragraphs {
			blocks.Sections[i].Blocks = append(blocks.Sections[i].Blocks, pdfa.Paragraph{Text: pdfa.Plain(p)})
		}
		blocks.Sections[i].Paragraphs = nil
	}
	require.Equal(t, build(t, paragraphs), build(t, blocks))
}
