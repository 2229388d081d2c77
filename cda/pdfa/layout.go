package pdfa

import (
	"fmt"
)

// Lengths are in thousandths of a point; y grows upwards, as in PDF. The page is A4.
const (
	pt = 1000

	pageWidth    = 595 * pt
	pageHeight   = 842 * pt
	marginSide   = 57 * pt // 20 mm
	marginTop    = 52 * pt
	marginBottom = 66 * pt
	footerY      = 40 * pt
	headY        = pageHeight - 36*pt
	textWidth    = pageWidth - 2*marginSide
)

// style is a font at a size (in points) with its line height, in shades of grey (0 black, 1000 white).
type style struct {
	bold    bool
	size    int
	leading int
	grey    int
}

var (
	styleLetterName = style{bold: true, size: 12, leading: 15 * pt}
	styleLetterhead = style{size: 9, leading: 12 * pt}
	styleTitle      = style{bold: true, size: 16, leading: 20 * pt}
	styleLabel      = style{size: 10, leading: 14 * pt, grey: 350}
	styleValue      = style{size: 10, leading: 14 * pt}
	styleHeading    = style{bold: true, size: 11, leading: 15 * pt}
	styleBody       = style{size: 10, leading: 14 * pt}
	styleSmall      = style{size: 8, leading: 10 * pt, grey: 350}
)

// item is a line of text at (x, y), its baseline, or a horizontal rule from x of the given width.
type item struct {
	text  string
	style style
	x, y  int
	rule  int
}

type page struct{ items []item }

// layout places the texts of a report on pages.
type layout struct {
	fonts faces
	pages []page
	y     int // the top of what comes next
	fresh bool
	head  []string // lines of the running head

	footLines int
}

func (l *layout) face(s style) *face {
	if s.bold {
		return l.fonts.bold
	}
	return l.fonts.regular
}

func (l *layout) report(r *Report) {
	l.head = l.wrap(r.RunningHead, styleSmall, textWidth)
	l.newPage()
	for i, line := range r.Letterhead {
		s := styleLetterhead
		if i == 0 {
			s = styleLetterName
		}
		l.block(l.wrap(line, s, textWidth), s, marginSide)
	}
	if len(r.Letterhead) > 0 {
		l.rule(6 * pt)
		l.space(12 * pt)
	}
	l.block(l.wrap(r.Title, styleTitle, textWidth), styleTitle, marginSide)
	l.space(6 * pt)
	l.identity(r.Identity)
	for _, s := range r.Sections {
		l.section(s)
	}
	l.furniture(r.Footer)
}

// newPage opens a page; every page but the first has the running head.
func (l *layout) newPage() {
	l.pages = append(l.pages, page{})
	l.y, l.fresh = pageHeight-marginTop, true
	if len(l.pages) == 1 || len(l.head) == 0 {
		return
	}
	y := headY
	for _, line := range l.head {
		l.put(item{text: line, style: styleSmall, x: marginSide, y: y})
		y -= styleSmall.leading
	}
	l.y = min(l.y, y-2*pt)
	l.put(item{rule: textWidth, x: marginSide, y: y + 4*pt})
	l.y -= 6 * pt
}

func (l *layout) put(i item) {
	p := &l.pages[len(l.pages)-1]
	p.items = append(p.items, i)
}

// need opens a page when less than h is left, unless the page is still empty.
func (l *layout) need(h int) {
	if l.y-h < marginBottom && !l.fresh {
		l.newPage()
	}
}

// space leaves a gap, but not at the top of a page.
func (l *layout) space(h int) {
	if !l.fresh {
		l.y -= h
	}
}

func (l *layout) rule(before int) {
	l.space(before)
	l.put(item{rule: textWidth, x: marginSide, y: l.y})
}

// line places one line of text and moves down.
func (l *layout) line(text string, s style, x int) {
	l.need(s.leading)
	// The baseline stands one size and half the line gap, less the descender, under the top of the line.
	l.put(item{text: text, style: s, x: x, y: l.y - s.leading + (s.leading-s.size*pt)/2 + s.size*pt/5})
	l.y -= s.leading
	l.fresh = false
}

func (l *layout) block(lines []string, s style, x int) {
	for i, text := range lines {
		if len(lines) > 1 && (i == 0 || i == len(lines)-2) {
			l.need(2 * s.leading) // no single line alone at the end or at the start of a page
		}
		l.line(text, s, x)
	}
}

// identity places labels in a column as wide as the widest (at most two fifths of the line) and values beside it.
func (l *layout) identity(fields []Field) {
	if len(fields) == 0 {
		return
	}
	column := 0
	for _, f := range fields {
		column = max(column, l.width(f.Label, styleLabel))
	}
	column = min(column, textWidth*2/5) + 14*pt
	l.rule(0)
	l.space(5 * pt)
	for _, f := range fields {
		labels := l.wrap(f.Label, styleLabel, column-14*pt)
		values := l.wrap(f.Value, styleValue, textWidth-column)
		for i := range max(len(labels), len(values)) {
			if i == 0 { // a short field stays in one piece
				l.need(min(max(len(labels), len(values)), 5) * styleValue.leading)
			}
			l.need(styleValue.leading)
			y := l.y
			if i < len(labels) {
				l.line(labels[i], styleLabel, marginSide)
			}
			if i < len(values) {
				l.y = y
				l.line(values[i], styleValue, marginSide+column)
			}
		}
	}
	l.rule(5 * pt)
	l.space(4 * pt)
}

func (l *layout) section(s Section) {
	l.space(11 * pt)
	if s.Heading != "" {
		heading := l.wrap(s.Heading, styleHeading, textWidth)
		h := len(heading) * styleHeading.leading
		if len(s.Paragraphs) > 0 { // a heading stays with the first lines of its text
			h += 4*pt + 2*styleBody.leading
		}
		l.need(min(h, pageHeight/2))
		l.block(heading, styleHeading, marginSide)
		l.space(3 * pt)
	}
	for i, p := range s.Paragraphs {
		if i > 0 {
			l.space(6 * pt)
		}
		l.block(l.wrap(p, styleBody, textWidth), styleBody, marginSide)
	}
}

// furniture adds the footer and the page number "1/2" once the number of pages is known.
func (l *layout) furniture(footer string) {
	for i := range l.pages {
		p := &l.pages[i]
		number := fmt.Sprintf("%d/%d", i+1, len(l.pages))
		w := l.width(number, styleSmall)
		p.items = append(p.items, item{rule: textWidth, x: marginSide, y: footerY + 12*pt})
		lines := l.wrap(footer, styleSmall, textWidth-w-20*pt)
		l.footLines = max(l.footLines, len(lines))
		for j, line := range lines {
			p.items = append(p.items, item{text: line, style: styleSmall, x: marginSide, y: footerY - j*styleSmall.leading})
		}
		p.items = append(p.items, item{text: number, style: styleSmall, x: pageWidth - marginSide - w, y: footerY})
	}
}

func (l *layout) width(text string, s style) (w int) {
	f := l.face(s)
	for _, r := range text {
		w += f.width(r)
	}
	return w * s.size
}
