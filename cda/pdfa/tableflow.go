package pdfa

// The look of tables.
const (
	cellPad   = 4 * pt // left and right of the text of a cell
	rowPad    = 3 * pt // above and below it
	keptLines = 12     // a row with no more lines than this is not broken across pages
)

// row is a row of a table ready to be placed.
type row struct {
	cells []cellBox
	lines int // of the highest cell
}

// cellBox is a cell: the place of its left border and its width from there, and its lines.
type cellBox struct {
	x, width int
	align    Align
	lines    []line
}

// tableFlow places a table. Rows are wrapped one at a time.
type tableFlow struct {
	*layout
	table   Table
	widths  []int
	caption []string
	head    []row
	repeat  bool // the head rows, on the next page
}

func (l *layout) tableFlow(t Table) *tableFlow {
	f := &tableFlow{layout: l, table: t, widths: l.columnWidths(&t), caption: l.wrap(t.Caption, styleCaption, textWidth)}
	for _, r := range t.Head {
		f.head = append(f.head, f.row(r, true))
	}
	f.repeat = f.headHeight() <= bodyHeight/3
	return f
}

func (f *tableFlow) gap() int { return gapFigure }

func (r row) height() int { return r.lines*styleCell.leading + 2*rowPad }

func (f *tableFlow) headHeight() (h int) {
	for _, r := range f.head {
		h += r.height()
	}
	return h
}

// first is the height of the caption, the head rows and the first row (its first lines when it may be broken).
func (f *tableFlow) first() int {
	h := f.headHeight()
	if len(f.table.Rows) > 0 {
		r := f.row(f.table.Rows[0], false)
		if r.lines > keptLines {
			r.lines = 4
		}
		h += r.height()
	}
	if len(f.caption) > 0 {
		h += len(f.caption)*styleCaption.leading + captionGap
	}
	return min(h, bodyHeight/2)
}

// row wraps the cells of a row; empty ones complete it.
func (f *tableFlow) row(cells []Cell, head bool) row {
	r := row{lines: 1}
	at, x := 0, marginSide
	for at < len(f.widths) {
		c := Cell{Span: 1}
		if len(cells) > 0 {
			c, cells = cells[0], cells[1:]
		}
		b := cellBox{x: x, width: sum(f.widths[at : at+c.Span]), align: f.table.Columns[at].Align}
		if head && c.Span > 1 {
			b.align = AlignCenter
		}
		b.lines = f.wrapText(c.Text, styleCell, b.width-2*cellPad)
		r.cells = append(r.cells, b)
		r.lines = max(r.lines, len(b.lines))
		at, x = at+c.Span, x+b.width
	}
	return r
}

func (f *tableFlow) place() {
	f.need(f.first())
	if len(f.caption) > 0 {
		f.block(f.caption, styleCaption, marginSide)
		f.space(captionGap)
	}
	for _, r := range f.head {
		f.placeRow(r, true)
	}
	for _, cells := range f.table.Rows {
		if f.full() {
			return
		}
		f.placeRow(f.row(cells, false), false)
	}
}

// placeRow puts a row on the page, or on the next one, or on several when it has too many lines.
func (f *tableFlow) placeRow(r row, head bool) {
	for from := 0; !f.full(); {
		left := r.lines - from
		room := (f.y - marginBottom - 2*rowPad) / styleCell.leading
		if left <= room {
			f.part(r, from, r.lines, head)
			return
		}
		broken := from > 0 || r.lines > keptLines || f.fresh
		if room >= 2 && broken {
			n := min(room, left-2) // no single line alone on the next page
			f.part(r, from, from+max(n, 1), head)
			from += max(n, 1)
		}
		f.newPage()
		if f.repeat && !head {
			for _, h := range f.head {
				f.part(h, 0, h.lines, true)
			}
		}
	}
}

// part draws the lines from to to of the cells of a row, with a grid around them.
func (f *tableFlow) part(r row, from, to int, head bool) {
	height := (to-from)*styleCell.leading + 2*rowPad
	top, bottom := f.y, f.y-height
	if head {
		f.put(item{ops: fill(headTint, marginSide, bottom, textWidth, height), x: marginSide, y: bottom})
	}
	for _, c := range r.cells {
		f.y = top - rowPad
		for _, n := range c.lines[min(from, len(c.lines)):min(to, len(c.lines))] {
			x := c.x + cellPad
			switch free := c.width - 2*cellPad - n.width(); c.align {
			case AlignRight:
				x += free
			case AlignCenter:
				x += free / 2
			}
			f.spans(n, x, f.baseline(styleCell))
			f.y -= styleCell.leading
		}
	}
	f.grid(r, top, bottom)
	f.y, f.fresh = bottom, false
}

// grid draws the borders of the cells of a row.
func (f *tableFlow) grid(r row, top, bottom int) {
	right := marginSide + textWidth
	ops := stroke(gridGrey, marginSide, top, right, top) + stroke(gridGrey, marginSide, bottom, right, bottom)
	for _, c := range r.cells {
		ops += stroke(gridGrey, c.x, top, c.x, bottom)
	}
	f.put(item{ops: ops + stroke(gridGrey, right, top, right, bottom), x: marginSide, y: bottom})
}
