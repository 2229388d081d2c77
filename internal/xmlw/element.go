package xmlw

// Start opens an element. The name is as written, with its prefix ("soap:Body"). Its prefix must be declared
// by an element around it, by NS on the element itself, or by Use.
func (w *Writer) Start(name string) {
	if w.err != nil {
		return
	}
	if w.inTag && w.late {
		w.closeTag()
	}
	b := w.buf
	n := w.n
	if len(b)-n < len(name)+slack {
		b = w.grow(len(name))
	}
	if w.inTag {
		b[n] = '>'
		n++
	}
	b[n] = '<'
	n++
	colon := -1
	p, q, ok := packLetters(name)
	if !ok {
		if colon, ok = qname(name); !ok {
			w.fail("invalid element name", nil)
			return
		}
	}
	if p != 0 {
		store16(b, n, p, q)
	} else {
		copy(b[n:], name)
	}
	w.n = n + len(name)
	w.stack = append(w.stack, frame{p, q, n, n + len(name), colon, len(w.ns)})
	w.attrs = w.attrs[:0]
	w.inTag, w.late, w.rootSeen = true, colon >= 0 || w.out != nil, true
}

// closeTag ends the open start tag, if any.
func (w *Writer) closeTag() {
	if !w.inTag || w.err != nil {
		return
	}
	if f := &w.stack[len(w.stack)-1]; f.colon >= 0 {
		w.bind(string(w.buf[f.start : f.start+f.colon]))
	}
	w.room(1)[0] = '>'
	w.n++
	w.inTag = false
	w.spill()
}

// End closes the innermost element. An element without content is written <a></a>, the canonical form.
func (w *Writer) End() {
	if w.err != nil {
		return
	}
	if len(w.stack) == 0 {
		w.fail("End without Start", nil)
		return
	}
	if w.inTag && w.late {
		w.closeTag()
	}
	depth := len(w.stack) - 1
	f := &w.stack[depth]
	size := f.end - f.start
	b := w.buf
	n := w.n
	if len(b)-n < size+slack {
		b = w.grow(size)
	}
	if w.inTag {
		w.inTag = false
		b[n] = '>'
		n++
	}
	b[n] = '<'
	b[n+1] = '/'
	n += 2
	if f.p != 0 { // rather than read again what may still be on its way to memory
		store16(b, n, f.p, f.q)
	} else {
		copy(b[n:], b[f.start:f.end])
	}
	n += size
	b[n] = '>'
	w.n = n + 1
	if len(w.ns) > f.ns {
		w.ns = w.ns[:f.ns]
	}
	w.stack = w.stack[:depth]
	if w.out != nil {
		w.spill()
	}
}

// Elem writes a whole element: Start, the attributes given as name, value pairs, Text, End.
func (w *Writer) Elem(name, text string, attrs ...string) {
	w.Start(name)
	if len(attrs)%2 != 0 {
		w.fail("attribute without value", nil)
		return
	}
	for ; len(attrs) >= 2; attrs = attrs[2:] {
		w.Attr(attrs[0], attrs[1])
	}
	if text != "" {
		w.Text(text)
	}
	w.End()
}

// ElemOpt writes the element when text is not empty.
func (w *Writer) ElemOpt(name, text string) {
	if text != "" {
		w.Elem(name, text)
	}
}
