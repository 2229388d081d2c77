package cda

import (
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur/internal/xmlw"
)

// xmlWriter appends elements as xmlw.Writer does, canonical form included, but
// takes the markup for granted: names, nesting and the order of attributes are
// constants of this package, which its tests check once and for all against
// the schema and a canonicaliser. Values are not taken for granted: what is not
// plain text goes through xmlw, which escapes it or refuses it.
type xmlWriter struct {
	buf   []byte
	open  []string
	inTag bool
	err   error
}

// Start opens an element.
func (w *xmlWriter) Start(name string) {
	w.closeTag()
	w.buf = append(append(w.buf, '<'), name...)
	w.open = append(w.open, name)
	w.inTag = true
}

// Attr writes an attribute; attributes come in alphabetical order, prefixed
// ones last.
func (w *xmlWriter) Attr(name, value string) {
	w.buf = append(append(append(w.buf, ' '), name...), '=', '"')
	if plain(value) {
		w.buf = append(w.buf, value...)
	} else {
		w.escape(value, `<a a="`, `"></a>`, func(x *xmlw.Writer) { x.Elem("a", "", "a", value) })
	}
	w.buf = append(w.buf, '"')
}

// Safe is Attr for a value that was checked to be digits, dots or letters.
func (w *xmlWriter) Safe(name, value string) {
	w.buf = append(append(append(w.buf, ' '), name...), '=', '"')
	w.buf = append(append(w.buf, value...), '"')
}

// AttrOpt writes the attribute when value is not empty.
func (w *xmlWriter) AttrOpt(name, value string) {
	if value != "" {
		w.Attr(name, value)
	}
}

// Text writes character data.
func (w *xmlWriter) Text(value string) {
	w.closeTag()
	if plain(value) {
		w.buf = append(w.buf, value...)
	} else {
		w.escape(value, `<a>`, `</a>`, func(x *xmlw.Writer) { x.Elem("a", value) })
	}
}

// End closes the innermost element.
func (w *xmlWriter) End() {
	w.closeTag()
	last := len(w.open) - 1
	w.buf = append(append(append(w.buf, '<', '/'), w.open[last]...), '>')
	w.open = w.open[:last]
}

// Elem writes a whole element, with attributes given as name, value pairs.
func (w *xmlWriter) Elem(name, text string, attrs ...string) {
	w.Start(name)
	for i := 0; i < len(attrs); i += 2 {
		w.Attr(attrs[i], attrs[i+1])
	}
	w.Text(text)
	w.End()
}

// ElemOpt writes the element when text is not empty.
func (w *xmlWriter) ElemOpt(name, text string) {
	if text != "" {
		w.Elem(name, text)
	}
}

func (w *xmlWriter) closeTag() {
	if w.inTag {
		w.buf = append(w.buf, '>')
		w.inTag = false
	}
}

// escape appends what xmlw makes of a value, cut out of an element.
func (w *xmlWriter) escape(value, before, after string, write func(*xmlw.Writer)) {
	x := xmlw.New(make([]byte, 0, 2*len(value)+32))
	write(x)
	b, err := x.Bytes()
	if err != nil {
		if w.err == nil {
			w.err = err
		}
		return
	}
	w.buf = append(w.buf, b[len(before):len(b)-len(after)]...)
}

// Classes of bytes.
const (
	meansItself = iota
	wide        // of a multi-byte character
	special     // escaped somewhere, or refused
)

var classOf = func() (t [256]uint8) {
	for c := range 256 {
		switch {
		case c < ' ', c == '&', c == '<', c == '>', c == '"':
			t[c] = special
		case c >= utf8.RuneSelf:
			t[c] = wide
		}
	}
	return t
}()

// plain reports whether s means itself in text and in attributes alike.
func plain(s string) bool {
	var seen uint8
	for i := range len(s) {
		seen |= classOf[s[i]]
	}
	return seen == meansItself || seen == wide && utf8.ValidString(s) &&
		!strings.Contains(s, "\uFFFE") && !strings.Contains(s, "\uFFFF")
}
