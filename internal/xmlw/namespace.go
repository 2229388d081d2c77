package xmlw

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
	if n := len(w.attrs); n > 0 && w.attrs[n-1].ns != nsDeclaration {
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
	if cur, ok := w.lookup(prefix); ok && w.uri(cur) == uri {
		return
	}
	for _, a := range w.attrs { // by an attribute before, under another Use or by the element around
		if a.ns >= 0 && w.ns[a.ns].prefix == prefix {
			w.fail("prefix used and then declared on one element", nil)
			return
		}
	}
	w.ns = append(w.ns, binding{prefix, uri})
	a := attribute{start: w.n, ns: nsDeclaration}
	if add(w, " xmlns"); prefix != "" {
		add(w, ":")
	}
	a.local = w.n
	add(w, prefix)
	a.eq = w.n
	add(w, `="`)
	w.value(uri, escAttr)
	add(w, `"`)
	w.place(a)
}

// lookup returns the namespace bound to prefix at this point, as attribute has it.
func (w *Writer) lookup(prefix string) (ns int, ok bool) {
	for i := len(w.ns) - 1; i >= 0; i-- {
		if w.ns[i].prefix == prefix {
			return i, true
		}
	}
	if prefix == "xml" {
		return nsXML, true
	}
	return nsNone, prefix == ""
}

// uri returns the namespace that lookup found.
func (w *Writer) uri(ns int) string {
	switch ns {
	case nsNone, nsDeclaration:
		return ""
	case nsXML:
		return xmlURI
	}
	return w.ns[ns].uri
}

// bind makes sure that prefix is declared, using the registered namespaces, and returns its namespace.
func (w *Writer) bind(prefix string) int {
	for i := range w.lazy {
		if w.lazy[i].prefix == prefix {
			w.declare(w.lazy[i].prefix, w.lazy[i].uri)
			break
		}
	}
	ns, ok := w.lookup(prefix)
	if !ok {
		w.fail("prefix not declared", nil)
	}
	return ns
}
