package xmlw

// Start opens an element. The name is as written, with its prefix ("soap:Body"). Its prefix must be declared
// by an element around it, by NS on the element itself, or by Use.
func (w *Writer) Start(name string) {
	if w.err != nil {
		return
	}
	w.closeTag()
	colon, ok := qname(name)
	if !ok {
		w.fail("invalid element name", nil)
		return
	}
	if len(w.stack) == 0 {
		w.rootSeen = true
	}
	w.room()
	w.stack = append(w.stack, frame{name, colon, len(w.ns)})
	w.buf = append(append(w.buf, '<'), name...)
	w.attrs = w.attrs[:0]
	w.inTag = true
}

// NS declares prefix ("" is the default namespace) on the element just started, before its attributes.
// A declaration that repeats the binding already in scope is left out, as canonical form wants.
// NS("", "") takes unprefixed names back to no namespace.
func (w *Writer) NS(prefix, uri string) {
	if w.err != nil {
		return
	}
	if !w.inTag {
		w.fail("namespace declared outside of a start tag", nil)
		return
	}
	if n := len(w.attrs); n > 0 && w.attrs[n-1].uri != xmlnsURI {
		w.fail("namespaces are declared before attributes", nil)
		return
	}
	w.declare(prefix, uri)
}

// Use registers a prefix that the writer declares by itself on every outermost element that uses it in its
// name or in an attribute name: the form Exclusive Canonicalization produces. A later Use of the same prefix
// replaces the former. The default namespace cannot be registered: declare it with NS.
func (w *Writer) Use(prefix, uri string) {
	if w.err != nil {
		return
	}
	if prefix == "" || uri == "" || !validNCName(prefix) || prefix == "xml" || prefix == "xmlns" {
		w.fail("invalid namespace registration", nil)
		return
	}
	for i := range w.lazy {
		if w.lazy[i].prefix == prefix {
			w.lazy[i].uri = uri
			return
		}
	}
	w.lazy = append(w.lazy, binding{prefix, uri})
}

func (w *Writer) declare(prefix, uri string) {
	switch {
	case prefix == "xml" && uri == xmlURI:
		return // implicit everywhere, never rendered
	case prefix == "xml", prefix == "xmlns", uri == xmlURI, uri == xmlnsURI,
		prefix != "" && (uri == "" || !validNCName(prefix)):
		w.fail("invalid namespace declaration", nil)
		return
	}
	scope := w.stack[len(w.stack)-1].ns
	for _, b := range w.ns[scope:] {
		if b.prefix == prefix {
			if b.uri != uri {
				w.fail("prefix declared twice on one element", nil)
			}
			return
		}
	}
	if cur, _ := w.lookup(prefix); cur == uri {
		return
	}
	w.ns = append(w.ns, binding{prefix, uri})
	at := len(w.buf)
	if prefix == "" {
		w.buf = append(w.buf, ` xmlns="`...)
	} else {
		w.buf = append(append(append(w.buf, " xmlns:"...), prefix...), '=', '"')
	}
	w.buf = appendAttr(w, w.buf, uri)
	w.buf = append(w.buf, '"')
	w.place(attribute{at, len(w.buf), xmlnsURI, prefix})
}

// lookup returns the namespace bound to prefix at this point.
func (w *Writer) lookup(prefix string) (string, bool) {
	for i := len(w.ns) - 1; i >= 0; i-- {
		if w.ns[i].prefix == prefix {
			return w.ns[i].uri, true
		}
	}
	if prefix == "xml" {
		return xmlURI, true
	}
	return "", prefix == ""
}

// bind makes sure that prefix is declared, using the registered namespaces.
func (w *Writer) bind(prefix string) string {
	for i := range w.lazy {
		if w.lazy[i].prefix == prefix {
			w.declare(prefix, w.lazy[i].uri)
			return w.lazy[i].uri
		}
	}
	uri, ok := w.lookup(prefix)
	if !ok {
		w.fail("prefix not declared", nil)
	}
	return uri
}

// Attr writes an attribute of the element just started. Unprefixed attributes have no namespace.
func (w *Writer) Attr(name, value string) {
	if w.err != nil {
		return
	}
	if !w.inTag {
		w.fail("attribute outside of a start tag", nil)
		return
	}
	i, ok := qname(name)
	if !ok || name == "xmlns" {
		w.fail("invalid attribute name", nil)
		return
	}
	uri, local := "", name
	if i >= 0 {
		local = name[i+1:]
		if name[:i] == "xmlns" {
			w.fail("use NS to declare a namespace", nil)
			return
		}
		uri = w.bind(name[:i])
	}
	at := len(w.buf)
	w.buf = append(append(append(w.buf, ' '), name...), '=', '"')
	w.buf = appendAttr(w, w.buf, value)
	w.buf = append(w.buf, '"')
	w.place(attribute{at, len(w.buf), uri, local})
}

// AttrOpt writes the attribute when value is not empty.
func (w *Writer) AttrOpt(name, value string) {
	if value != "" {
		w.Attr(name, value)
	}
}

// before reports canonical order: declarations by prefix (default first), then attributes by namespace URI
// and local name.
func before(a, b attribute) bool {
	an, bn := a.uri == xmlnsURI, b.uri == xmlnsURI
	if an != bn {
		return an
	}
	if a.uri != b.uri {
		return a.uri < b.uri
	}
	return a.local < b.local
}

// place moves the attribute just written, the last in buf, to its canonical position.
func (w *Writer) place(a attribute) {
	n := len(w.attrs)
	if n == 0 || a.uri == "" && w.attrs[n-1].uri == "" && w.attrs[n-1].local < a.local {
		w.attrs = append(w.attrs, a)
		return
	}
	i := n
	for i > 0 && before(a, w.attrs[i-1]) {
		i--
	}
	if i > 0 && w.attrs[i-1].uri == a.uri && w.attrs[i-1].local == a.local {
		w.fail("attribute written twice", nil)
		return
	}
	w.attrs = append(w.attrs, a)
	if i == n {
		return
	}
	copy(w.attrs[i+1:], w.attrs[i:n])
	from, size := w.attrs[i+1].start, a.end-a.start
	rotate(w.buf[from:a.end], size)
	w.attrs[i] = attribute{from, from + size, a.uri, a.local}
	for j := i + 1; j <= n; j++ {
		w.attrs[j].start += size
		w.attrs[j].end += size
	}
}

// rotate brings the last n bytes of b to its front.
func rotate(b []byte, n int) {
	reverse(b[:len(b)-n])
	reverse(b[len(b)-n:])
	reverse(b)
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

// closeTag ends the open start tag, if any.
func (w *Writer) closeTag() {
	if !w.inTag || w.err != nil {
		return
	}
	if f := &w.stack[len(w.stack)-1]; f.colon >= 0 {
		w.bind(f.name[:f.colon])
	}
	w.buf = append(w.buf, '>')
	w.inTag = false
	w.room()
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
	w.closeTag()
	f := w.stack[len(w.stack)-1]
	w.buf = append(append(append(w.buf, '<', '/'), f.name...), '>')
	w.stack = w.stack[:len(w.stack)-1]
	w.ns = w.ns[:f.ns]
	w.room()
}

// Elem writes a whole element: Start, the attributes given as name, value pairs, Text, End.
func (w *Writer) Elem(name, text string, attrs ...string) {
	w.Start(name)
	if len(attrs)%2 != 0 {
		w.fail("attribute without value", nil)
		return
	}
	for i := 0; i < len(attrs); i += 2 {
		w.Attr(attrs[i], attrs[i+1])
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
