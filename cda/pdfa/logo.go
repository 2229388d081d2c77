package pdfa

import "fmt"

// The box of a logo, at the top right of the first page.
const (
	logoWidth  = 45 // millimetres
	logoHeight = 20
	logoGap    = 12 * pt
)

func (p *preparer) logo(in *Image) *Image {
	if in == nil {
		return nil
	}
	logo := *in
	if logo.Caption != "" {
		p.problems.Add("logo.caption", "must be empty")
		logo.Caption = ""
	}
	logo = p.image("logo", logo)
	return &logo
}

// logo places the logo and returns the width that is left beside it and its lower edge.
func (l *layout) logo(in *Image) (width, bottom int) {
	if in == nil {
		return textWidth, l.y
	}
	n := l.pictures.add(*in)
	p := &l.pictures.list[n]
	w, h := p.width*(72*pt)/150, p.height*(72*pt)/150
	if in.Width > 0 {
		w, h = millimetres(in.Width), millimetres(in.Width)*p.height/p.width
	}
	if most := millimetres(logoWidth); w > most {
		w, h = most, h*most/w
	}
	if most := millimetres(logoHeight); h > most {
		w, h = w*most/h, most
	}
	l.pages[len(l.pages)-1].show(n)
	x, bottom := marginSide+textWidth-w, l.y-h
	l.put(item{x: x, y: bottom, ops: fmt.Sprintf("q %s 0 0 %s %s %s cm /I%d Do Q\n", points(w), points(h), points(x), points(bottom), n)})
	l.fresh = false
	return textWidth - w - logoGap, bottom
}

// letterhead places the logo and the lines of the structure beside it.
func (l *layout) letterhead(lines []string, logo *Image) {
	width, bottom := l.logo(logo)
	for i, line := range lines {
		s := styleLetterhead
		if i == 0 {
			s = styleLetterName
		}
		l.block(l.wrap(line, s, width), s, marginSide)
	}
	if len(lines) == 0 && logo == nil {
		return
	}
	if len(l.pages) == 1 {
		l.y = min(l.y, bottom)
	}
	l.rule(6 * pt)
	l.space(12 * pt)
}
