package cda

import (
	"iter"
	"strconv"
)

// el is an element of a tree. The zero el is none: it answers as an element
// without anything.
type el struct {
	t *tree
	i int32
}

func (e el) ok() bool     { return e.t != nil }
func (e el) get() *elem   { return &e.t.elems[e.i] }
func (e el) raw() []byte  { return e.t.src[e.get().start:e.get().end:e.get().end] }
func (e el) isText() bool { return e.ok() && e.get().name == 0 }

func (e el) name() string {
	if !e.ok() {
		return ""
	}
	return e.t.nameOf(e.get().name)
}

// run is the text of a run of text.
func (e el) run() []byte {
	if n := e.get(); n.text1 != 0 {
		return e.t.values[n.text0:n.text1]
	}
	return e.raw()
}

// attrs iterates over the attributes, names and values.
func (e el) attrs() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, a := range e.t.attrs[e.get().attr0:e.get().attr1] {
			if !yield(e.t.nameOf(a.name), e.t.value(a)) {
				return
			}
		}
	}
}

func (e el) parent() el {
	if !e.ok() || e.get().parent < 0 {
		return el{}
	}
	return el{e.t, e.get().parent}
}

// nodes iterates over child elements and texts.
func (e el) nodes() iter.Seq[el] {
	return func(yield func(el) bool) {
		if !e.ok() {
			return
		}
		for i := e.get().first; i != 0; i = e.t.elems[i].next {
			if !yield(el{e.t, i}) {
				return
			}
		}
	}
}

// all iterates over the children of that name.
func (e el) all(name string) iter.Seq[el] {
	return func(yield func(el) bool) {
		for c := range e.nodes() {
			if c.name() == name && !yield(c) {
				return
			}
		}
	}
}

// child goes down a path, along the first child of each name.
func (e el) child(path ...string) el {
	for _, name := range path {
		if !e.ok() {
			return e
		}
		i := e.get().first
		for i != 0 && e.t.nameOf(e.t.elems[i].name) != name {
			i = e.t.elems[i].next
		}
		if i == 0 {
			return el{}
		}
		e.i = i
	}
	return e
}

func (e el) lookup(name string) ([]byte, bool) {
	if !e.ok() {
		return nil, false
	}
	for _, a := range e.t.attrs[e.get().attr0:e.get().attr1] {
		if e.t.nameOf(a.name) == name {
			return e.t.value(a), true
		}
	}
	return nil, false
}

// attr returns an attribute, without the blanks around it.
func (e el) attr(name string) string {
	b, ok := e.lookup(name)
	if !ok {
		return ""
	}
	return e.t.words.value(b)
}

func (e el) is(name, value string) bool {
	b, ok := e.lookup(name)
	return ok && string(b) == value
}

// ancestor returns the nearest element of that name around e.
func (e el) ancestor(name string) el {
	for e = e.parent(); e.ok() && e.name() != name; e = e.parent() {
	}
	return e
}

// path locates an element for a reader of the XML.
func (e el) path() string {
	if !e.ok() {
		return "structuredBody"
	}
	p := e.parent()
	if !p.ok() {
		return e.name()
	}
	n, of := 0, 0
	for c := range p.all(e.name()) {
		if of++; c == e {
			n = of
		}
	}
	if of < 2 {
		return p.path() + "/" + e.name()
	}
	return p.path() + "/" + e.name() + "[" + strconv.Itoa(n) + "]"
}
