package pdfa

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// wrap cuts a text into lines no wider than limit. An empty text has no line; an empty line inside a text is kept.
func (l *layout) wrap(text string, s style, limit int) []string {
	if text == "" {
		return nil
	}
	var lines []string
	for hard := range strings.SplitSeq(text, "\n") {
		lines = append(lines, l.wrapLine(hard, s, limit)...)
	}
	return lines
}

// wrapLine cuts one line after spaces, or inside a word that is longer than the line. The spaces at a cut are dropped.
func (l *layout) wrapLine(text string, s style, limit int) []string {
	f := l.face(s)
	var lines []string
	start, breakAt := 0, 0 // the line starts at start; it may be cut at breakAt when that is after start
	used, sinceBreak := 0, 0
	for i, r := range text {
		w := f.width(r) * s.size
		if used+w > limit && i > start && !breaksAfter(r) {
			cut := i
			if breakAt > start {
				cut, used = breakAt, sinceBreak
			} else {
				used = 0
			}
			lines = append(lines, strings.TrimRight(text[start:cut], breakable))
			start = cut
		}
		used += w
		sinceBreak += w
		if breaksAfter(r) {
			breakAt, sinceBreak = i+len(string(r)), 0
		}
	}
	return append(lines, strings.TrimRight(text[start:], breakable))
}

// breakable are the characters after which a line may be cut; no-break spaces are not among them.
const breakable = " \t\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u200b"

func breaksAfter(r rune) bool { return strings.ContainsRune(breakable, r) }

// Lines that the running head and the footer may take, wrapped.
const (
	maxHeadLines   = 3
	maxFooterLines = 3
)

// limits reports what does not fit. It is called after report.
func (l *layout) limits(p *segur.Problems) {
	if len(l.pages) > MaxPages {
		p.Addf("", "the report has more than %d pages", MaxPages)
	}
	if len(l.head) > maxHeadLines {
		p.Addf("runningHead", "takes more than %d lines", maxHeadLines)
	}
	if l.footLines > maxFooterLines {
		p.Addf("footer", "takes more than %d lines", maxFooterLines)
	}
}
