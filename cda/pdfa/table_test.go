package pdfa_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
)

func TestHeadRowsComeBackOnEachPage(t *testing.T) {
	t.Parallel()
	table := longTable(100)
	table.Head = [][]pdfa.Cell{pdfa.Cells("Tête une"), pdfa.Cells("Tête deux")}
	for i := range table.Rows {
		table.Rows[i] = pdfa.Cells(fmt.Sprintf("Rang %d.", i))
	}
	sheets := pages(t, build(t, blockReport(table)))
	require.Len(t, sheets, 3)
	next := 0
	for _, sheet := range sheets {
		inOrder(t, sheet, "Tête une", "Tête deux", fmt.Sprintf("Rang %d.", next))
		assert.Equal(t, 1, strings.Count(sheet, "Tête une"))
		next += strings.Count(sheet, "Rang")
	}
	assert.Equal(t, 100, next)
}

func TestHighHeadComesOnce(t *testing.T) {
	t.Parallel()
	table := pdfa.Table{Head: [][]pdfa.Cell{pdfa.Cells("Tête " + strings.Repeat("ligne\n", 70))}, Rows: [][]pdfa.Cell{pdfa.Cells(strings.Repeat("x\n", 80))}}
	sheets := pages(t, build(t, blockReport(table)))
	assert.Equal(t, 1, strings.Count(strings.Join(sheets, ""), "Tête"))
	assert.Equal(t, 70, strings.Count(strings.Join(sheets, ""), "ligne"))
	assert.Len(t, sheets, 3)
}

func TestShortRowStaysInOnePiece(t *testing.T) {
	t.Parallel()
	for filler := 40; filler < 52; filler += 2 {
		table := pdfa.Table{Rows: [][]pdfa.Cell{pdfa.Cells("un\ndeux\ntrois\nquatre", "droite"), pdfa.Cells("cinq\nsix", "sept")}}
		r := blockReport(pdfa.Paragraph{Text: pdfa.Plain(strings.Repeat("plein\n", filler) + "plein")}, table)
		for _, sheet := range pages(t, build(t, r)) {
			assert.Equal(t, strings.Contains(sheet, "un\n"), strings.Contains(sheet, "quatre"), "filler %d", filler)
			assert.Equal(t, strings.Contains(sheet, "cinq"), strings.Contains(sheet, "six"), "filler %d", filler)
		}
	}
}

func TestLongRowGoesOnWithoutLonelyLine(t *testing.T) {
	t.Parallel()
	for lines := 40; lines < 120; lines += 11 {
		var s []string
		for i := range lines {
			s = append(s, fmt.Sprintf("ligne%dx", i))
		}
		table := pdfa.Table{Head: [][]pdfa.Cell{pdfa.Cells("Tête", "B")}, Rows: [][]pdfa.Cell{pdfa.Cells(strings.Join(s, "\n"), "court")}}
		sheets := pages(t, build(t, blockReport(table)))
		inOrder(t, strings.Join(sheets, "\n"), s...)
		for _, sheet := range sheets {
			assert.NotEqual(t, 1, strings.Count(sheet, "ligne"), "%d lines", lines)
			assert.Contains(t, sheet, "Tête")
		}
	}
}

// columnsOf gives the left ends of the words a, b, c ... of a row.
func columnsOf(t *testing.T, table pdfa.Table) []float64 {
	t.Helper()
	var x []float64
	for _, w := range words(t, build(t, blockReport(table))) {
		if len(w.text) == 1 {
			x = append(x, w.x0)
		}
	}
	return x
}

func TestColumnWidths(t *testing.T) {
	t.Parallel()
	const left, width, pad = 57.0, 481.0, 4.0
	row := [][]pdfa.Cell{pdfa.Cells("a", "b", "c")}
	assert.InDeltaSlice(t, []float64{left + pad, left + width/4 + pad, left + width/2 + pad},
		columnsOf(t, pdfa.Table{Columns: []pdfa.Column{{Weight: 1}, {Weight: 1}, {Weight: 2}}, Rows: row}), 0.6, "weights")
	assert.InDeltaSlice(t, []float64{left + pad, left + width/3 + pad, left + width*2/3 + pad}, columnsOf(t, pdfa.Table{Rows: row}), 0.8, "alike")
	got := columnsOf(t, pdfa.Table{Rows: append(row, pdfa.Cells("Libellé", strings.Repeat("texte ", 50), "fin"))})
	assert.Less(t, got[1]-got[0], 60.0, "a column of short texts is narrow")
	assert.Greater(t, got[2]-got[1], 300.0)
	got = columnsOf(t, pdfa.Table{Columns: []pdfa.Column{{Weight: 1}, {Weight: 1000}, {Weight: 1}}, Rows: append(row, pdfa.Cells("anticoagulant", "", "non"))})
	assert.Greater(t, got[1]-got[0], 60.0, "the longest word fits, whatever the weight")
}

func TestAlignment(t *testing.T) {
	t.Parallel()
	columns := []pdfa.Column{{Weight: 1, Align: pdfa.AlignRight}, {Weight: 1, Align: pdfa.AlignCenter}}
	var got []word
	for _, w := range words(t, build(t, blockReport(pdfa.Table{Columns: columns, Rows: [][]pdfa.Cell{pdfa.Cells("12", "34"), {{Text: pdfa.Plain("56"), Span: 2}}}}))) {
		if len(w.text) == 2 {
			got = append(got, w)
		}
	}
	require.Len(t, got, 3)
	assert.InDelta(t, 57+481.0/2-4, got[0].x1, 0.3)
	assert.InDelta(t, 57+481.0*3/4, (got[1].x0+got[1].x1)/2, 0.3)
	assert.InDelta(t, 57+481.0-4, got[2].x1, 0.3, "a cell of two columns is as wide as both")
}

func TestShortRowsAreCompleted(t *testing.T) {
	t.Parallel()
	table := pdfa.Table{Rows: [][]pdfa.Cell{pdfa.Cells("a", "b", "c"), {}, nil, pdfa.Cells("d")}}
	full := pdfa.Table{Rows: [][]pdfa.Cell{pdfa.Cells("a", "b", "c"), pdfa.Cells("", "", ""), make([]pdfa.Cell, 3), pdfa.Cells("d", "", "")}}
	assert.Equal(t, build(t, blockReport(full)), build(t, blockReport(table)))
}
