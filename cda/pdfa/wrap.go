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

// wrapLine cuts one line. The spaces at a cut are dropped.
func (l *layout) wrapLine(text string, s style, limit int) []string {
	f := l.face(s)
	var lines []string
	cutLine(text, limit, func(_ int, r rune) int { return f.width(r) * s.size }, func(from, to int) {
		lines = append(lines, text[from:to])
	})
	return lines
}

// cutLine cuts a text after spaces, or inside a word that is longer than the line. width measures the character at an index;
// it is called once for each, in order. emit gets the lines as pieces of text, without the spaces at their ends.
func cutLine(text string, limit int, width func(i int, r rune) int, emit func(from, to int)) {
	start, breakAt := 0, 0 // the line starts at start; it may be cut at breakAt when that is after start
	used, sinceBreak := 0, 0
	for i, r := range text {
		w := width(i, r)
		if used+w > limit && i > start && !breaksAfter(r) {
			if breakAt > start {
				emit(start, start+len(strings.TrimRight(text[start:breakAt], breakable)))
				start, used = breakAt, sinceBreak
			}
			if used+w > limit && i > start { // inside a word
				emit(start, i)
				start, used = i, 0
			}
		}
		used += w
		sinceBreak += w
		if breaksAfter(r) {
			breakAt, sinceBreak = i+len(string(r)), 0
		}
	}
	emit(start, start+len(strings.TrimRight(text[start:], breakable)))
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
	if l.headLines > maxHeadLines {
		p.Addf("runningHead", "takes more than %d lines", maxHeadLines)
	}
	if l.footLines > maxFooterLines {
		p.Addf("footer", "takes more than %d lines", maxFooterLines)
	}
	if l.symbolLines > maxSymbolCaption {
		p.Addf("symbol.caption", "takes more than %d lines", maxSymbolCaption)
	}
}
