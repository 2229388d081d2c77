package pdfa

import (
	"fmt"
	"strconv"
)

// List is a block of items with bullets, or with numbers from 1 on.
type List struct {
	Ordered bool
	Items   []Item
}

// Item is one item of a list; "\n" in its text begins a new line under it. Sub is a list inside the item, below its text.
type Item struct {
	Text Text
	Sub  *List
}

// Items makes one item of each text.
func Items(texts ...string) []Item {
	items := make([]Item, len(texts))
	for i, s := range texts {
		items[i].Text = Plain(s)
	}
	return items
}

// bullets are the signs of the levels of lists; deeper ones have the last.
var bullets = [...]string{"•", "–", "▪"}

func (p *preparer) list(path string, in List, depth int) List {
	if len(in.Items) == 0 {
		p.problems.Add(path+".items", "is required")
	}
	items := make([]Item, 0, min(len(in.Items), MaxParts))
	for i, it := range in.Items {
		if !p.part() {
			break
		}
		path := fmt.Sprintf("%s.items[%d]", path, i)
		it.Text = p.runs(path+".text", it.Text, false)
		if it.Sub != nil {
			if depth == MaxNesting {
				p.problems.Addf(path+".sub", "lists are nested deeper than %d", MaxNesting)
				it.Sub = nil
			} else {
				sub := p.list(path+".sub", *it.Sub, depth+1)
				it.Sub = &sub
			}
		}
		items = append(items, it)
	}
	in.Items = items
	return in
}

type listFlow struct {
	*layout
	list List
}

const (
	listIndent = 12 * pt // of the markers, from the text around the list
	markerGap  = 6 * pt
	gapItem    = 2 * pt
)

func (f *listFlow) gap() int   { return gapText - gapItem }
func (f *listFlow) first() int { return 2*styleBody.leading + gapItem }
func (f *listFlow) place()     { f.items(f.list, marginSide+listIndent, 0) }

// marker is the sign of item i.
func marker(l List, i, depth int) string {
	if l.Ordered {
		return strconv.Itoa(i+1) + "."
	}
	return bullets[min(depth, len(bullets)-1)]
}

// items places the items of a list whose markers begin at x; numbers are aligned on their right.
func (f *listFlow) items(l List, x, depth int) {
	column := 0
	for i := range l.Items {
		column = max(column, f.width(marker(l, i, depth), styleBody))
	}
	left := x + column + markerGap
	for i, it := range l.Items {
		if f.full() {
			return
		}
		if i > 0 || depth > 0 {
			f.space(gapItem)
		}
		lines := f.wrapText(it.Text, styleBody, marginSide+textWidth-left)
		if len(lines) == 0 {
			lines = []line{nil} // the marker stands alone
		}
		if it.Sub != nil && len(lines) == 1 { // an item stays with the first of its own list
			f.need(2*styleBody.leading + gapItem)
		}
		sign := marker(l, i, depth)
		f.keep(len(lines), styleBody, func(n int) {
			f.need(styleBody.leading)
			y := f.baseline(styleBody)
			if n == 0 {
				f.put(item{text: sign, style: styleBody, x: x + column - f.width(sign, styleBody), y: y})
			}
			f.spans(lines[n], left, y)
			f.y -= styleBody.leading
			f.fresh = false
		})
		if it.Sub != nil {
			f.items(*it.Sub, left, depth+1)
		}
	}
}
