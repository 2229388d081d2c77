package cda

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/segur-sdk/segur/cda/pdfa"
)

// list makes a list. An item may hold a list at its end; other blocks in it, and
// lists that are nested too deep, become lines of its text.
func (n *paperText) list(e node) pdfa.List {
	n.depth++
	defer func() { n.depth-- }()
	l := pdfa.List{Ordered: e.attr("listType") == "ordered"}
	for _, it := range e.nodes {
		if it.name != "item" {
			continue
		}
		var item pdfa.Item
		n.caption(it)
		body := it.nodes
		for len(body) > 0 && body[len(body)-1].name == "" && clean(body[len(body)-1].text) == "" {
			body = body[:len(body)-1]
		}
		last := len(body) - 1
		if last >= 0 && body[last].name == "list" && n.depth < pdfa.MaxNesting {
			n.inline(body[:last], pdfa.Run{})
			n.line.fresh()
			n.caption(body[last])
			item.Text = n.line.take()
			if sub := n.list(body[last]); len(sub.Items) > 0 {
				item.Sub = &sub
			}
		} else {
			n.inline(body, pdfa.Run{})
			item.Text = n.line.take()
		}
		if len(item.Text) > 0 || item.Sub != nil {
			l.Items = append(l.Items, item)
		}
	}
	return l
}

// flatList shows a list as lines.
func (n *paperText) flatList(e node, look pdfa.Run) {
	n.line.fresh()
	n.caption(e)
	number := 0
	for _, it := range e.nodes {
		if it.name != "item" {
			continue
		}
		number++
		sign := "\u2013 "
		if e.attr("listType") == "ordered" {
			sign = strconv.Itoa(number) + ". "
		}
		n.line.fresh()
		n.line.write(sign, look)
		n.caption(it)
		n.inline(it.nodes, look)
	}
	n.line.fresh()
}

// flatTable shows a table as a line for each row.
func (n *paperText) flatTable(e node, look pdfa.Run) {
	for _, row := range paperRows(e) {
		n.line.fresh()
		for i, cell := range row.nodes {
			if i > 0 {
				n.line.write(" | ", look)
			}
			inner := look
			inner.Bold = inner.Bold || cell.name == "th"
			n.inline(cell.nodes, inner)
		}
	}
	n.line.fresh()
}

// paperRows are the rows of a table in the order in which they are read: head,
// body, foot. Texts between elements are no content there.
func paperRows(table node) (rows []node) {
	for _, part := range [...]string{"thead", "tbody", "tfoot"} {
		rows = append(rows, paperPart(table, part)...)
	}
	return rows
}

func paperPart(table node, part string) (rows []node) {
	for _, e := range table.nodes {
		if e.name != part {
			continue
		}
		for _, row := range e.nodes {
			if row.name == "tr" {
				row.nodes = slices.DeleteFunc(slices.Clone(row.nodes), func(c node) bool { return c.name != "th" && c.name != "td" })
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// table makes a table. Cells that span rows are repeated in each of them, so
// that a row is read alone, also on the next page. A table that is too wide
// becomes a paragraph with a line for each row.
func (n *paperText) table(e node) {
	var t pdfa.Table
	for _, c := range e.nodes {
		if c.name == "caption" {
			n.inline(c.nodes, pdfa.Run{})
			for _, r := range n.line.take() {
				t.Caption += r.Text
			}
			t.Caption = clean(t.Caption)
		}
	}
	head, body, foot := paperPart(e, "thead"), paperPart(e, "tbody"), paperPart(e, "tfoot")
	width := max(paperWidth(head), paperWidth(body), paperWidth(foot))
	if width > pdfa.MaxColumns || width == 0 {
		if t.Caption != "" {
			n.line.write(t.Caption, pdfa.Run{Bold: true})
		}
		n.flatTable(e, pdfa.Run{})
		return
	}
	if len(head) <= pdfa.MaxHeadRows {
		t.Head = n.rows(head)
	} else {
		t.Rows = n.rows(head)
	}
	t.Rows = append(append(t.Rows, n.rows(body)...), n.rows(foot)...)
	t.Columns = paperColumns(body, width)
	n.out = append(n.out, t)
}

// paperSpan reads colspan or rowspan.
func paperSpan(c node, name string) int {
	v, err := strconv.Atoi(c.attr(name))
	if err != nil || v < 1 {
		return 1
	}
	return min(v, 1000)
}

// paperGrid calls place for each cell of a part of a table, with its column, and
// again for each row below that it takes. It stops where a table is too wide.
func paperGrid(rows []node, place func(row, column int, c node, again bool)) {
	type hanging struct {
		cell node
		left int // rows
	}
	held := map[int]hanging{} // by column
	for i, row := range rows {
		column, next := 0, 0
		for next < len(row.nodes) || len(held) > 0 {
			if column > pdfa.MaxColumns {
				return
			}
			if h, ok := held[column]; ok {
				place(i, column, h.cell, true)
				if h.left--; h.left == 0 {
					delete(held, column)
				} else {
					held[column] = h
				}
				column += paperSpan(h.cell, "colspan")
				continue
			}
			if next == len(row.nodes) {
				after := -1 // the next column that is held
				for c := range held {
					if c > column && (after < 0 || c < after) {
						after = c
					}
				}
				if after < 0 {
					break
				}
				for ; column < after; column++ {
					place(i, column, node{}, false)
				}
				continue
			}
			c := row.nodes[next]
			next++
			place(i, column, c, false)
			if down := paperSpan(c, "rowspan"); down > 1 && i+1 < len(rows) {
				held[column] = hanging{c, down} // this row counts, see below
			}
			column += paperSpan(c, "colspan")
		}
		for c, h := range held { // begun in this row
			if h.left == paperSpan(h.cell, "rowspan") {
				h.left--
				held[c] = h
			}
		}
	}
}

func paperWidth(rows []node) (width int) {
	for _, row := range rows {
		n := 0
		for _, c := range row.nodes {
			n += paperSpan(c, "colspan")
		}
		if n > pdfa.MaxColumns { // whatever spans rows
			return n
		}
	}
	paperGrid(rows, func(_, column int, c node, _ bool) { width = max(width, column+paperSpan(c, "colspan")) })
	return width
}

// longCell is the most that is repeated of a cell that spans rows.
const longCell = 80

func (n *paperText) rows(rows []node) [][]pdfa.Cell {
	out := make([][]pdfa.Cell, len(rows))
	texts := map[[2]int]pdfa.Text{} // of the cells above, by column and span
	paperGrid(rows, func(i, column int, c node, again bool) {
		span := paperSpan(c, "colspan")
		key := [2]int{column, span}
		cell := pdfa.Cell{Span: span}
		if again {
			cell.Text = texts[key]
			size := 0
			for _, r := range cell.Text {
				size += utf8.RuneCountInString(r.Text)
			}
			if size > longCell {
				cell.Text = pdfa.Text{{Text: "idem", Italic: true}}
			}
		} else {
			n.inline(c.nodes, pdfa.Run{Bold: c.name == "th"})
			cell.Text = n.line.take()
			texts[key] = cell.Text
		}
		out[i] = append(out[i], cell)
	})
	return out
}

// paperColumns aligns columns as all their cells are aligned.
func paperColumns(rows []node, width int) (columns []pdfa.Column) {
	aligns := map[int]string{}
	some := false
	paperGrid(rows, func(_, column int, c node, _ bool) {
		a := c.attr("align")
		if before, known := aligns[column]; known && before != a {
			a = ""
		}
		aligns[column] = a
	})
	columns = make([]pdfa.Column, width)
	for i := range columns {
		switch aligns[i] {
		case "right":
			columns[i].Align, some = pdfa.AlignRight, true
		case "center":
			columns[i].Align, some = pdfa.AlignCenter, true
		}
	}
	if !some {
		return nil
	}
	return columns
}
