package pdfa

import "fmt"

// Table is a block of rows and columns as wide as the text. Cells are wrapped, never cut. A page may end between two rows or
// inside a row of many lines; the head rows are repeated on the page that follows (unless they fill a third of a page).
type Table struct {
	// Caption stands above the table. Optional.
	Caption string
	// Columns gives the widths and the alignment of the columns; when it is empty, there are as many columns as the longest
	// row has cells, and their widths follow what they hold.
	Columns []Column
	// Head are the head rows, in bold on a tint. Optional.
	Head [][]Cell
	// Rows are the other rows. A row that is too short has empty cells at its end. Cells never span rows.
	Rows [][]Cell
}

// Column is a column of a table.
type Column struct {
	// Weight is the share of the width that the column gets, 1 to 1000: with 1, 1 and 2 the last one gets half. When all
	// weights are 0, the widths follow what the columns hold. In both cases a column takes more when its longest word would
	// not fit otherwise.
	Weight int
	Align  Align
}

// Align is how the text of a column is aligned.
type Align uint8

// The alignments.
const (
	AlignLeft Align = iota
	AlignRight
	AlignCenter
)

// Cell is one cell of a table; "\n" in its text breaks the line.
type Cell struct {
	Text Text
	// Span is the number of columns that the cell takes; 0 means 1. Its text is aligned as its first column says, but in the
	// middle in a head row.
	Span int
}

// Cells makes one cell of each text.
func Cells(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, s := range texts {
		cells[i].Text = Plain(s)
	}
	return cells
}

const maxWeight = 1000

// table checks a table and returns its normalised copy, in which Columns is complete and each Span is at least 1.
func (p *preparer) table(path string, in Table) Table {
	p.line(path+".caption", &in.Caption, p.fonts.bold)
	if len(in.Rows) == 0 && len(in.Head) == 0 {
		p.problems.Add(path+".rows", "is required")
	}
	if len(in.Head) > MaxHeadRows {
		p.problems.Addf(path+".head", "has more than %d rows", MaxHeadRows)
		in.Head = nil
	}
	most := 0
	head := p.rows(path+".head", in.Head, true, len(in.Columns), &most)
	rows := p.rows(path+".rows", in.Rows, false, len(in.Columns), &most)
	if most == 0 && len(in.Columns) == 0 && len(in.Rows)+len(in.Head) > 0 {
		p.problems.Add(path+".columns", "is required when no row has a cell")
	}
	in.Head, in.Rows, in.Columns = head, rows, p.tableColumns(path+".columns", in.Columns, most)
	return in
}

// tableColumns checks the columns, or makes n of them when none is given.
func (p *preparer) tableColumns(path string, in []Column, n int) []Column {
	if len(in) == 0 {
		return make([]Column, min(n, MaxColumns))
	}
	if len(in) > MaxColumns {
		p.problems.Addf(path, "are more than %d", MaxColumns)
		return in[:MaxColumns]
	}
	weighted := false
	for _, c := range in {
		weighted = weighted || c.Weight != 0
	}
	for i, c := range in {
		if weighted && (c.Weight < 1 || c.Weight > maxWeight) {
			p.problems.Addf(fmt.Sprintf("%s[%d].weight", path, i), "must be 1 to %d, or 0 in every column", maxWeight)
		}
		if c.Align > AlignCenter {
			p.problems.Add(fmt.Sprintf("%s[%d].align", path, i), "is none of the alignments")
		}
	}
	return append([]Column(nil), in...)
}

// rows checks rows and raises most to the number of columns of the widest.
func (p *preparer) rows(path string, in [][]Cell, bold bool, columns int, most *int) [][]Cell {
	limit, rule := MaxColumns, fmt.Sprintf("takes more than %d columns", MaxColumns)
	if columns > 0 && columns < limit {
		limit, rule = columns, "has more cells than the table has columns"
	}
	out := make([][]Cell, 0, min(len(in), MaxParts))
	for i, row := range in {
		if !p.part() {
			break
		}
		path := fmt.Sprintf("%s[%d]", path, i)
		cells := make([]Cell, 0, min(len(row), MaxColumns))
		n := 0
		for j, c := range row {
			path := fmt.Sprintf("%s[%d]", path, j)
			if c.Span < 0 || c.Span > MaxColumns {
				p.problems.Addf(path+".span", "must be 0 to %d", MaxColumns)
				c.Span = 0
			}
			c.Span = max(c.Span, 1)
			if n += c.Span; n > limit {
				p.problems.Add(path, rule)
				break
			}
			if !p.part() {
				break
			}
			c.Text = p.runs(path+".text", c.Text, bold)
			cells = append(cells, c)
		}
		*most = max(*most, n)
		out = append(out, cells)
	}
	return out
}
