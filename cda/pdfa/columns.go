package pdfa

import "slices"

// minColumn is the narrowest column: the widest character fits in it, and MaxColumns of them fit on a line.
const minColumn = 24 * pt

// columnWidths shares the width of the text between the columns of a table, by weights or by what they hold. A column is
// wide enough for its longest word when the words of all columns fit.
func (l *layout) columnWidths(t *Table) []int {
	least, want := make([]int, len(t.Columns)), make([]int, len(t.Columns))
	total := 0
	for i, c := range t.Columns {
		least[i] = minColumn
		total += c.Weight
	}
	for _, rows := range [2][][]Cell{t.Head, t.Rows} {
		for _, row := range rows {
			at := 0
			for _, c := range row {
				if c.Span == 1 {
					word, all := l.extent(c.Text)
					least[at] = max(least[at], word+2*cellPad)
					want[at] = max(want[at], all+2*cellPad)
				}
				at += c.Span
			}
		}
	}
	for i, c := range t.Columns {
		least[i] = min(least[i], textWidth/3) // longer words are cut
		if total > 0 {
			want[i] = textWidth * c.Weight / total
		}
		want[i] = min(max(want[i], least[i]), textWidth)
	}
	return share(least, want)
}

// extent measures the widest word and the widest line of the text of a cell.
func (l *layout) extent(t Text) (word, all int) {
	w, n := 0, 0
	for _, r := range t {
		s := styleCell.styled(r)
		f := l.face(s)
		for _, c := range r.Text {
			if c == '\n' {
				w, n = 0, 0
				continue
			}
			cw := f.width(c) * s.size
			n += cw
			if w += cw; breaksAfter(c) {
				w = 0
			}
			word, all = max(word, w), max(all, n)
		}
	}
	return word, all
}

// share gives each column its least width and, of what remains, a part in proportion to what it wants beyond that. When the
// least widths are too much together, the widest columns are made smaller, all to the same width.
func share(least, want []int) []int {
	widths := make([]int, len(least))
	wanted := 0
	for i := range least {
		wanted += want[i] - least[i]
	}
	switch rest := textWidth - sum(least); {
	case rest < 0:
		most := ceiling(least)
		for i := range widths {
			widths[i] = min(least[i], most)
		}
	case rest >= wanted: // all get what they want, and more in the same proportion
		for i := range widths {
			widths[i] = want[i] * textWidth / sum(want)
		}
	default:
		for i := range widths {
			widths[i] = least[i] + (want[i]-least[i])*rest/wanted
		}
	}
	widths[len(widths)-1] += textWidth - sum(widths) // what the divisions left over
	return widths
}

// ceiling is the width to which the widest columns are cut so that all fit on the line. It is at least minColumn.
func ceiling(widths []int) int {
	sorted := slices.Sorted(slices.Values(widths))
	left := textWidth
	for i, w := range sorted {
		if n := len(sorted) - i; w*n > left {
			return left / n
		}
		left -= w
	}
	return textWidth
}

func sum(v []int) (s int) {
	for _, n := range v {
		s += n
	}
	return s
}
