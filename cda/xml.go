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
//
// Positions are kept instead of slices: storing a pointer for each tag costs
// more than writing the tag while the collector works.
type xmlWriter struct {
	buf   []byte // written up to n
	n     int
	open  [16]span // names of the open elements, in buf
	depth int
	inTag bool
	err   error
}

type span struct{ start, end int }

// newXMLWriter starts a document with its declaration.
func newXMLWriter() *xmlWriter {
	w := &xmlWriter{buf: make([]byte, 12<<10)}
	w.n = copy(w.buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	return w
}

// bytes returns what was written.
func (w *xmlWriter) bytes() []byte { return w.buf[:w.n:w.n] }

// room returns the free part of the buffer, n bytes at least.
func (w *xmlWriter) room(n int) []byte {
	if len(w.buf)-w.n < n {
		grown := make([]byte, 2*len(w.buf)+n)
		copy(grown, w.buf[:w.n])
		w.buf = grown
	}
	return w.buf[w.n:]
}

func (w *xmlWriter) add(s string) { w.n += copy(w.room(len(s)), s) }

// Start opens an element.
func (w *xmlWriter) Start(name string) {
	b := w.room(len(name) + 2)
	i := 0
	if w.inTag {
		b[0] = '>'
		i = 1
	}
	b[i] = '<'
	i += 1 + copy(b[i+1:], name)
	w.n += i
	w.open[w.depth] = span{w.n - len(name), w.n}
	w.depth++
	w.inTag = true
}

// Attr writes an attribute; attributes come in alphabetical order, prefixed
// ones last.
func (w *xmlWriter) Attr(name, value string) {
	if plain(value) {
		w.Safe(name, value)
		return
	}
	w.Safe(name, "")
	w.n-- // inside the quotes
	w.escape(value, `<a a="`, `"></a>`, func(x *xmlw.Writer) { x.Elem("a", "", "a", value) })
	w.add(`"`)
}

// Safe is Attr for a value that was checked to be digits, dots or letters.
func (w *xmlWriter) Safe(name, value string) {
	b := w.room(len(name) + len(value) + 4)
	b[0] = ' '
	i := 1 + copy(b[1:], name)
	b[i], b[i+1] = '=', '"'
	i += 2 + copy(b[i+2:], value)
	b[i] = '"'
	w.n += i + 1
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
		w.add(value)
	} else {
		w.escape(value, `<a>`, `</a>`, func(x *xmlw.Writer) { x.Elem("a", value) })
	}
}

// End closes the innermost element.
func (w *xmlWriter) End() {
	w.depth--
	name := w.open[w.depth]
	b := w.room(name.end - name.start + 4)
	i := 0
	if w.inTag {
		b[0], w.inTag = '>', false
		i = 1
	}
	b[i], b[i+1] = '<', '/'
	i += 2 + copy(b[i+2:], w.buf[name.start:name.end])
	b[i] = '>'
	w.n += i + 1
}

// Elem writes a whole element, with attributes given as name, value pairs.
func (w *xmlWriter) Elem(name, text string, attrs ...string) {
	w.Start(name)
	for ; len(attrs) >= 2; attrs = attrs[2:] {
		w.Attr(attrs[0], attrs[1])
	}
	if text != "" {
		w.Text(text)
	}
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
		w.add(">")
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
	b = b[len(before) : len(b)-len(after)]
	w.n += copy(w.room(len(b)), b)
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
