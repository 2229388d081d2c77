package pdfa_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
)

func TestRunsShareTheLine(t *testing.T) {
	t.Parallel()
	b := build(t, blockReport(pdfa.Paragraph{Text: pdfa.Text{
		{Text: "Débit 1,73\u00a0m"}, {Text: "2", Super: true}, {Text: ", CO"}, {Text: "2", Sub: true}, {}, {Text: " nor"}, {Text: "mal", Bold: true, Underline: true}, {Text: ".\nFin"},
	}}))
	inOrder(t, strings.Join(strings.Fields(pages(t, b)[0]), ""), "Débit1,73m2,CO2normal.Fin")
	at := regexp.MustCompile(`BT /(\w+) (\d+) Tf (\S+) (\S+) Td`).FindAllSubmatch(b, -1)
	require.Len(t, at, 2+7+1+1, "the title and the heading, seven runs, the second line, the page number")
	runs := at[2:9]
	base := string(runs[0][4])
	for i, want := range []struct{ font, size string }{
		{"GoRegular", "10"}, {"GoRegular", "7"}, {"GoRegular", "10"}, {"GoRegular", "7"}, {"GoRegular", "10"}, {"GoBold", "10"}, {"GoRegular", "10"},
	} {
		assert.Equal(t, want.font, string(runs[i][1]))
		assert.Equal(t, want.size, string(runs[i][2]))
		if i == 1 || i == 3 {
			assert.NotEqual(t, base, string(runs[i][4]), "raised or lowered")
		} else {
			assert.Equal(t, base, string(runs[i][4]), "on the baseline")
		}
	}
	assert.Equal(t, 1, strings.Count(string(b), "0 0 0 RG 0.5 w"), "one run is underlined")
}

func TestOverlongWordStaysInsideTheMargins(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", " ", "l ", "mot ", "\u00a0"} {
		text := pdfa.Plain(before + strings.Repeat("m", 300))
		r := blockReport(pdfa.Paragraph{Text: text}, pdfa.List{Items: []pdfa.Item{{Text: text}}}, pdfa.Table{Rows: [][]pdfa.Cell{{{Text: text}, {Text: text}}}})
		r.Sections[0].Heading = text[0].Text
		pdf := build(t, r)
		for _, w := range words(t, pdf) {
			if strings.Contains(w.text, "m") {
				assert.LessOrEqual(t, w.x1, 57+481.1, "%q", before)
			}
		}
		assert.Equal(t, 5*300, strings.Count(strings.TrimPrefix(strings.ReplaceAll(strings.Join(pages(t, pdf), ""), "mot", ""), "Compte"), "m"), "%q", before)
	}
}

// PDF/A-1, 6.1.12: a string has at most 65,535 bytes. Characters without width make a line of any length.
func TestStringsAreBounded(t *testing.T) {
	t.Parallel()
	b := build(t, blockReport(pdfa.Paragraph{Text: pdfa.Plain(strings.Repeat("\u00ad", 100_000) + "fin")}))
	total := 0
	for _, m := range regexp.MustCompile(`<([0-9A-F]+)> Tj`).FindAllSubmatch(b, -1) {
		assert.LessOrEqual(t, len(m[1])/2, 65_535)
		total += len(m[1]) / 4
	}
	assert.Equal(t, len("Compte rendu")+len("Section")+100_003+len("1/1"), total)
}

func TestMissingCharactersAreNamedInTheFontThatShowsThem(t *testing.T) {
	t.Parallel()
	for _, run := range []pdfa.Run{{}, {Bold: true}, {Italic: true}, {Bold: true, Italic: true}} {
		run.Text = frenchLetters + "Ω ж Ł ☑"
		got := faults(t, blockReport(pdfa.Paragraph{Text: pdfa.Text{run}}))
		assert.Equal(t, map[string]string{"sections[0].blocks[0].text[0].text": "holds characters that cannot be printed: U+2611"}, got)
	}
}
