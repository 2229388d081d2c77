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

	// bodyHeight is what every page has between its running head, if that has three lines, and its footer.
	bodyHeight = 700 * pt
)

// style is a font at a size (in points) with its line height, in shades of grey (0 black, 1000 white).
type style struct {
	bold, italic bool
	underline    bool
	size         int
	leading      int
	grey         int
	rise         int // of the baseline
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
	styleSub        = style{bold: true, size: 10, leading: 14 * pt}
	styleSubSub     = style{bold: true, italic: true, size: 10, leading: 14 * pt}
	styleCell       = style{size: 9, leading: 12 * pt}
	styleCaption    = style{bold: true, size: 9, leading: 12 * pt}
	styleLegend     = style{italic: true, size: 9, leading: 12 * pt}
)

// item is a line of text at (x, y), its baseline, or a horizontal rule from x of the given width, or operators of its own.
type item struct {
	text  string
	style style
	x, y  int
	rule  int
	ops   string
}

type page struct {
	items    []item
	pictures []int // that it shows, by number
}

// layout places the texts of a report on pages.
type layout struct {
	fonts faces
	pages []page
	y     int // the top of what comes next
	fresh bool
	head  []string // lines of the running head

	headLines, footLines, symbolLines int

	pictures pictures
}

func (l *layout) face(s style) *face { return l.fonts.of(s.bold, s.italic) }

// full tells that there are too many pages already, so that the rest need not be placed.
func (l *layout) full() bool { return len(l.pages) > MaxPages }

func (l *layout) report(r *Report) {
	l.head = l.wrap(r.RunningHead, styleSmall, textWidth)
	l.headLines = len(l.head)
	l.head = l.head[:min(len(l.head), maxHeadLines)] // more is an error, see limits
	l.newPage()
	l.letterhead(r.Letterhead, r.Logo)
	l.block(l.wrap(r.Title, styleTitle, textWidth), styleTitle, marginSide)
	l.space(6 * pt)
	l.identity(r.Identity, r.Symbol)
	for i := range r.Sections {
		if l.full() {
			break
		}
		l.section(r.Sections, i)
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
	l.put(item{text: text, style: s, x: x, y: l.baseline(s)})
	l.y -= s.leading
	l.fresh = false
}

// baseline is that of the next line: one size and half the line gap, less the descender, under the top of the line.
func (l *layout) baseline(s style) int {
	return l.y - s.leading + (s.leading-s.size*pt)/2 + s.size*pt/5
}

func (l *layout) block(lines []string, s style, x int) {
	l.keep(len(lines), s, func(i int) { l.line(lines[i], s, x) })
}

// keep places n lines so that no single one stands alone at the end or at the start of a page.
func (l *layout) keep(n int, s style, place func(i int)) {
	for i := range n {
		if l.full() {
			return
		}
		if n > 1 && (i == 0 || i == n-2) {
			l.need(2 * s.leading)
		}
		place(i)
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
