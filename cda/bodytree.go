package cda

import (
	"bytes"
	"iter"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// tree is the structured body of a document in memory, in document order. It
// copies attribute values only: texts, however long, stay where they are in the
// input.
type tree struct {
	src    []byte
	elems  []elem
	attrs  []attr
	values []byte // of the attributes
	ids    map[string]int32
	twice  []int32 // elements whose ID is that of another one
	actors []bodyActor
}

// elem is an element in the namespace of CDA, or a run of text when name is empty.
type elem struct {
	name                      string
	text                      []byte
	parent, first, last, next int32 // 0: none, as the root is nobody's child
	attr0, attr1              int32
	actor                     int32 // 1 + index in tree.actors
	start, end                int
}

type attr struct {
	name       string
	start, end int
}

// bodyActor is someone who is named inside a section.
type bodyActor struct {
	who     segur.DocumentActor
	setting segur.Code
}

// attrNames are the attributes that documents have: they need not be allocated again.
var attrNames = func() map[string]string {
	m := map[string]string{}
	for _, s := range []string{"root", "extension", "code", "codeSystem", "codeSystemName", "displayName", "value", "unit", "nullFlavor",
		"mediaType", "representation", "compression", "ID", "classCode", "moodCode", "typeCode", "inversionInd", "use", "referencedObject", "href", "IDREF",
		"headers", "styleCode", "listType", "border", "width", "align", "determinerCode", "contextConductionInd", "assigningAuthorityName"} {
		m[s] = s
	}
	return m
}()

// structuredBody reads the current element, structuredBody, to its end.
func (d *decoder) structuredBody() {
	t := &tree{src: d.src, ids: map[string]int32{}}
	size := min(len(d.src)-d.Offset(), 1<<20)
	t.elems, t.attrs, t.values = make([]elem, 0, 16+size/40), make([]attr, 0, 16+size/40), make([]byte, 0, 64+size/4)
	cur := t.open(d, -1)
	base := d.Depth()
	narrative := int32(-1) // the text element around the current one
	sections := 0          // around the current element
	for d.fail == nil && d.Next() {
		switch d.Scanner.Kind() {
		case xmlr.StartElement:
			if d.Space() != nsCDA { // an extension: in the raw XML only
				if !d.Skip() {
					return
				}
				continue
			}
			i := t.open(d, cur)
			switch e := &t.elems[i]; {
			case narrative >= 0:
			case e.name == "assignedAuthor" || e.name == "assignedEntity":
				var a bodyActor
				a.setting = d.role(&a.who)
				t.actors = append(t.actors, a)
				e.actor, e.end = int32(len(t.actors)), d.EndOffset()
				continue
			case e.name == "section":
				sections++
				d.count(&d.sections, d.limits.maxSections(), "too many sections")
				if sections > maxSectionDepth {
					d.limit("sections nested too deep")
				}
			case e.name == "entry":
				d.count(&d.entries, d.limits.maxEntries(), "too many entries")
			case e.name == "text" && t.elems[cur].name == "section":
				narrative = i
			}
			cur = i
		case xmlr.EndElement:
			e := &t.elems[cur]
			e.end = d.EndOffset()
			switch {
			case cur == narrative:
				narrative = -1
			case narrative < 0 && e.name == "section":
				sections--
			}
			if d.Depth() == base {
				d.bodyTree = t
				return
			}
			cur = e.parent
		case xmlr.Text:
			if narrative < 0 && d.Blank() {
				continue
			}
			// Base64 stays where it is in the input; only text that is written in
			// another way than it reads is copied.
			raw := d.src[d.Offset():d.EndOffset()]
			if d.CDATA() || bytes.IndexByte(raw, '&') >= 0 || bytes.IndexByte(raw, '\r') >= 0 {
				raw = bytes.Clone(d.TextValue())
			}
			t.add(elem{text: raw, start: d.Offset(), end: d.EndOffset()}, cur)
		}
	}
}

// maxSectionDepth bounds sections inside sections: the deepest of the French
// volets has three.
const maxSectionDepth = 32

func (d *decoder) count(n *int, limit int, what string) {
	if *n++; *n > limit {
		d.limit(what)
	}
}

func (d *decoder) limit(what string) {
	d.fail = &segur.Error{Op: opParse, Kind: segur.KindTooLarge, Message: "the document has " + what}
}

func (t *tree) add(e elem, parent int32) int32 {
	i := int32(len(t.elems))
	e.parent = parent
	t.elems = append(t.elems, e)
	if parent >= 0 {
		if p := &t.elems[parent]; p.first == 0 {
			p.first, p.last = i, i
		} else {
			t.elems[p.last].next = i
			p.last = i
		}
	}
	return i
}

func (t *tree) open(d *decoder, parent int32) int32 {
	e := elem{name: d.Name().Local, attr0: int32(len(t.attrs)), start: d.Offset()}
	i := int32(len(t.elems))
	for j := range d.NumAttr() {
		space, local := d.AttrName(j)
		name := ""
		switch space {
		case "":
			var ok bool
			if name, ok = attrNames[string(local)]; !ok {
				name = string(local)
			}
		case nsXSI:
			if string(local) != "type" {
				continue
			}
			name = "xsi:type"
		default:
			continue
		}
		start := len(t.values)
		t.values = append(t.values, d.AttrValue(j)...)
		t.attrs = append(t.attrs, attr{name, start, len(t.values)})
		if name == "ID" {
			id := string(t.values[start:])
			if _, known := t.ids[id]; known {
				t.twice = append(t.twice, i)
			} else {
				t.ids[id] = i
			}
		}
	}
	e.attr1 = int32(len(t.attrs))
	return t.add(e, parent)
}

// el is an element of a tree. The zero el is none: it answers as an element
// without anything.
type el struct {
	t *tree
	i int32
}

func (e el) ok() bool     { return e.t != nil }
func (e el) get() *elem   { return &e.t.elems[e.i] }
func (e el) raw() []byte  { return e.t.src[e.get().start:e.get().end:e.get().end] }
func (e el) isText() bool { return e.ok() && e.get().name == "" }

func (e el) name() string {
	if !e.ok() {
		return ""
	}
	return e.get().name
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
			if c.get().name == name && !yield(c) {
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
		for i != 0 && e.t.elems[i].name != name {
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
		if a.name == name {
			return e.t.values[a.start:a.end], true
		}
	}
	return nil, false
}

// attr returns an attribute, without the blanks around it.
func (e el) attr(name string) string {
	b, _ := e.lookup(name)
	return value(b)
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
