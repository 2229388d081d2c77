package xmlw

import (
	"bytes"
	"slices"
	"strings"
)

// Attr writes an attribute of the element just started. Unprefixed attributes have no namespace.
func (w *Writer) Attr(name, value string) {
	if w.err != nil {
		return
	}
	if !w.inTag {
		w.fail("attribute outside of a start tag", nil)
		return
	}
	ns, prefix := nsNone, 0 // length of the prefix, with its colon
	p, q, ok := packLetters(name)
	if !ok || name == "xmlns" {
		if prefix, ns, ok = w.attrName(name); !ok {
			return
		}
	}
	b := w.buf
	start := w.n
	if len(b)-start < len(name)+len(value)+slack {
		b = w.grow(len(name) + len(value))
	}
	b[start] = ' '
	if p != 0 {
		store16(b, start+1, p, q)
	} else {
		copy(b[start+1:], name)
	}
	eq := start + 1 + len(name)
	b[eq] = '='
	b[eq+1] = '"'
	i := putPlain(b[eq+2:], value)
	n := eq + 2 + i
	if i < len(value) {
		w.n = n
		w.value(value[i:], escAttr)
		b = w.buf
		n = w.n
	}
	b[n] = '"'
	w.n = n + 1
	a := attribute{start, start + 1 + prefix, eq, ns}
	if len(w.attrs) > 0 {
		w.place(a)
		return
	}
	w.attrs = append(w.attrs, a)
}

// attrName checks a name that is not only letters; prefix counts the colon.
func (w *Writer) attrName(name string) (prefix, ns int, ok bool) {
	colon, ok := qname(name)
	switch {
	case !ok || name == "xmlns":
		w.fail("invalid attribute name", nil)
		return 0, 0, false
	case colon < 0:
		return 0, nsNone, true
	case name[:colon] == "xmlns":
		w.fail("use NS to declare a namespace", nil)
		return 0, 0, false
	}
	ns = w.bind(name[:colon])
	return colon + 1, ns, w.err == nil
}

// AttrOpt writes the attribute when value is not empty.
func (w *Writer) AttrOpt(name, value string) {
	if value != "" {
		w.Attr(name, value)
	}
}

// place adds the attribute just written, the last in buf, to those of its start tag.
func (w *Writer) place(a attribute) {
	if n := len(w.attrs); n > 0 {
		last := &w.attrs[n-1]
		if a.ns != nsNone || last.ns != nsNone ||
			w.buf[last.local] >= w.buf[a.local] && string(w.buf[last.local:last.eq]) >= string(w.buf[a.local:a.eq]) {
			w.sort(a)
			return
		}
	}
	w.attrs = append(w.attrs, a)
}

// sort moves an attribute that may not be the last one to its canonical position.
func (w *Writer) sort(a attribute) {
	n := len(w.attrs)
	i, order := n, 1
	for i > 0 {
		if order = w.compare(a, w.attrs[i-1]); order >= 0 {
			break
		}
		i--
	}
	if i > 0 && order == 0 {
		w.fail("attribute written twice", nil)
		return
	}
	w.attrs = append(w.attrs, a)
	if i == n {
		return
	}
	copy(w.attrs[i+1:], w.attrs[i:n])
	from, size := w.attrs[i+1].start, w.n-a.start
	rotate(w.buf[from:w.n], size)
	w.attrs[i] = a.moved(from - a.start)
	for j := i + 1; j <= n; j++ {
		w.attrs[j] = w.attrs[j].moved(size)
	}
}

func (a attribute) moved(by int) attribute {
	return attribute{a.start + by, a.local + by, a.eq + by, a.ns}
}

// compare gives canonical order: declarations by prefix (default first), then attributes by namespace URI and local
// name.
func (w *Writer) compare(a, b attribute) int {
	switch an, bn := a.ns == nsDeclaration, b.ns == nsDeclaration; {
	case an && !bn:
		return -1
	case bn && !an:
		return 1
	case a.ns != b.ns:
		if c := strings.Compare(w.uri(a.ns), w.uri(b.ns)); c != 0 {
			return c
		}
	}
	return bytes.Compare(w.buf[a.local:a.eq], w.buf[b.local:b.eq])
}

// rotate brings the last n bytes of b to its front.
func rotate(b []byte, n int) {
	slices.Reverse(b[:len(b)-n])
	slices.Reverse(b[len(b)-n:])
	slices.Reverse(b)
}
