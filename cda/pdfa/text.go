package pdfa

import (
	"fmt"
	"strings"
)

// Text is a text in runs that look different, such as "T1 " and a bold "hypersignal". "\n" breaks the line. A word may go
// on from one run to the next.
type Text []Run

// Run is a piece of text with one look. Italic text has its own fonts, Go Italic and Go Bold Italic.
type Run struct {
	Text                    string
	Bold, Italic, Underline bool
	// Super and Sub raise or lower the text and make it smaller, as in 10³ or H₂O. They exclude each other. The text that
	// is copied or searched does not tell them: where a superscript of Unicode exists, it says more.
	Super, Sub bool
}

// Plain is a text of one run.
func Plain(s string) Text {
	if s == "" {
		return nil
	}
	return Text{{Text: s}}
}

// Paragraph is a block of text.
type Paragraph struct{ Text Text }

// runs checks a text and returns its normalised copy. bold: it is shown in bold whatever its runs say.
func (p *preparer) runs(path string, in Text, bold bool) Text {
	if len(in) == 0 {
		return nil
	}
	out := make(Text, 0, min(len(in), MaxParts))
	for i, r := range in {
		if !p.part() {
			break
		}
		path := fmt.Sprintf("%s[%d]", path, i)
		if r.Super && r.Sub {
			p.problems.Add(path, "must not be super and sub at once")
		}
		r.Bold = r.Bold || bold
		p.text(path+".text", &r.Text, p.fonts.of(r.Bold, r.Italic))
		out = append(out, r)
	}
	return out
}

// styled is the style of a run in a text of the style s.
func (s style) styled(r Run) style {
	s.bold = s.bold || r.Bold
	s.italic = s.italic || r.Italic
	s.underline = r.Underline
	if r.Super || r.Sub {
		s.rise = s.size * pt / 3
		if r.Sub {
			s.rise = -s.size * pt / 8
		}
		s.size = max(s.size*7/10, 5)
	}
	return s
}

// span is a piece of a line in one style.
type span struct {
	text  string
	style style
	width int
}

type line []span

func (n line) width() (w int) {
	for _, s := range n {
		w += s.width
	}
	return w
}

// wrapText cuts a text into lines no wider than limit, by the same rules as wrap.
func (l *layout) wrapText(t Text, base style, limit int) []line {
	var all strings.Builder
	ends := make([]int, len(t)) // where the runs end in all
	styles := make([]style, len(t))
	for i, r := range t {
		all.WriteString(r.Text)
		ends[i], styles[i] = all.Len(), base.styled(r)
	}
	whole := all.String()
	if whole == "" {
		return nil
	}
	var lines []line
	at := 0 // the run of the last character that was measured
	run, from := 0, 0
	for hard := range strings.SplitSeq(whole, "\n") {
		width := func(i int, r rune) int {
			for ends[at] <= from+i {
				at++
			}
			return l.face(styles[at]).width(r) * styles[at].size
		}
		cutLine(hard, limit, width, func(a, b int) {
			var n line
			a, b = from+a, from+b
			for a < b {
				for ends[run] <= a {
					run++
				}
				end := min(b, ends[run])
				s := span{text: whole[a:end], style: styles[run]}
				s.width = l.width(s.text, s.style)
				n = append(n, s)
				a = end
			}
			lines = append(lines, n)
		})
		from += len(hard) + 1
	}
	return lines
}

// spans puts the pieces of a line side by side from x on, on the baseline y.
func (l *layout) spans(n line, x, y int) {
	for _, s := range n {
		l.put(item{text: s.text, style: s.style, x: x, y: y + s.style.rise})
		if s.style.underline {
			l.put(item{ops: stroke(0, x, y-s.style.size*pt/8, x+s.width, y-s.style.size*pt/8), x: x, y: y})
		}
		x += s.width
	}
}

// textBlock places lines of the style s, the way block does.
func (l *layout) textBlock(lines []line, s style, x int) {
	l.keep(len(lines), s, func(i int) {
		l.need(s.leading)
		l.spans(lines[i], x, l.baseline(s))
		l.y -= s.leading
		l.fresh = false
	})
}

type paragraphFlow struct {
	*layout
	lines []line
}

func (f *paragraphFlow) gap() int   { return gapText }
func (f *paragraphFlow) first() int { return min(len(f.lines), 2) * styleBody.leading }
func (f *paragraphFlow) place()     { f.textBlock(f.lines, styleBody, marginSide) }
