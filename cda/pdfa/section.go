package pdfa

// headingStyles are those of the levels 1, 2, 3 and below.
var headingStyles = [...]style{styleHeading, styleSub, styleSubSub}

// The gap above a section of each of these levels.
var sectionGaps = [...]int{11 * pt, 9 * pt, 7 * pt}

func (s *Section) level() int { return max(s.Level, 1) }

func (s *Section) headingStyle() style { return headingStyles[min(s.level(), len(headingStyles))-1] }

func (s *Section) gap() int { return sectionGaps[min(s.level(), len(sectionGaps))-1] }

// section places section i of all.
func (l *layout) section(all []Section, i int) {
	s := &all[i]
	l.space(s.gap())
	var first flow
	if s.Heading != "" {
		style := s.headingStyle()
		heading := l.wrap(s.Heading, style, textWidth)
		var h int
		h, first = l.opening(all, i, len(heading))
		l.need(h)
		l.block(heading, style, marginSide)
		l.space(3 * pt)
	}
	for j, p := range s.Paragraphs {
		if j > 0 {
			l.space(gapText)
		}
		l.block(l.wrap(p, styleBody, textWidth), styleBody, marginSide)
	}
	l.blocks(s.Blocks, first, len(s.Paragraphs) > 0)
}

// opening is the height of the heading of section i, of the given number of lines, and of what stays with it: the first lines
// of its text, its first table row or image, or the heading of the sub-section that follows at once. It also returns the
// first block when the section begins with one.
func (l *layout) opening(all []Section, i, lines int) (h int, first flow) {
	s := &all[i]
	h = lines * s.headingStyle().leading
	switch {
	case len(s.Paragraphs) > 0:
		h += 4*pt + 2*styleBody.leading
	case len(s.Blocks) > 0:
		first = l.flow(s.Blocks[0])
		h += 4*pt + first.first()
		return min(h, bodyHeight), first
	case i+1 < len(all) && all[i+1].level() > s.level():
		next := &all[i+1]
		if n := len(l.wrap(next.Heading, next.headingStyle(), textWidth)); n > 0 && n < 8 {
			below, _ := l.opening(all, i+1, n)
			return min(h+4*pt+next.gap()+below, bodyHeight), nil
		}
	}
	return min(h, pageHeight/2), nil
}
