package cda

import (
	"bytes"
	"math"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// tree is the structured body of a document in memory, in document order. It
// copies what reads in another way than it is written: the rest, however long,
// stays where it is in the input. Its parts hold no pointers, so that a large
// body costs the garbage collector nothing.
type tree struct {
	src    []byte
	elems  []elem
	attrs  []attr
	values []byte   // attributes and texts that are written in another way than they read
	names  []string // beyond knownNames
	ids    map[string]int32
	twice  []int32 // elements whose ID is that of another one
	refs   []int32 // elements that refer to another one
	media  []int32 // elements with a content
	actors []bodyActor
	words  *interner
}

// elem is an element in the namespace of CDA, or a run of text when name is 0.
type elem struct {
	name                      int32 // see tree.nameOf
	parent, first, last, next int32 // 0: none, as the root is nobody's child
	attr0, attr1              int32
	text0, text1              int32 // place of a text in tree.values; 0: it is in the input as it reads
	actor                     int32 // 1 + index in tree.actors
	start, end                int32
}

// attr is an attribute. Its value is in the input, or from ^start on in
// tree.values when start is negative.
type attr struct{ name, start, end int32 }

func (t *tree) value(a attr) []byte {
	if a.start < 0 {
		return t.values[^a.start:a.end]
	}
	return t.src[a.start:a.end]
}

// bodyActor is someone who is named inside a section.
type bodyActor struct {
	who     segur.DocumentActor
	setting segur.Code
}

// knownNames are the names of elements and attributes that documents have, all
// those that this package asks for among them. The first one is that of text.
var knownNames = []string{"", "xsi:type", "?", "root", "extension", "code", "codeSystem", "codeSystemName", "displayName", "value", "unit", "nullFlavor",
	"mediaType", "representation", "compression", "ID", "classCode", "moodCode", "typeCode", "inversionInd", "use", "referencedObject", "href", "IDREF",
	"headers", "styleCode", "listType", "border", "width", "align", "determinerCode", "contextConductionInd", "assigningAuthorityName",
	"structuredBody", "component", "section", "templateId", "id", "title", "text", "entry", "act", "observation", "procedure", "substanceAdministration",
	"supply", "organizer", "observationMedia", "encounter", "entryRelationship", "reference", "originalText", "translation", "qualifier", "name",
	"statusCode", "effectiveTime", "low", "high", "priorityCode", "methodCode", "targetSiteCode", "routeCode", "doseQuantity", "rateQuantity",
	"consumable", "manufacturedProduct", "manufacturedMaterial", "lotNumberText", "participant", "participantRole", "playingEntity", "playingDevice",
	"performer", "author", "time", "assignedAuthor", "assignedEntity", "family", "given", "prefix", "suffix", "interpretationCode", "referenceRange",
	"center", "manufacturedLabeledDrug", "content", "linkHtml", "sub", "sup", "br", "footnote", "footnoteRef", "renderMultiMedia", "paragraph", "list", "item", "caption",
	"table", "colgroup", "col", "thead", "tfoot", "tbody", "tr", "th", "td",
	"language", "revised", "rel", "rev", "abbr", "axis", "scope", "rowspan", "colspan", "char", "charoff", "valign", "span", "summary",
	"frame", "rules", "cellspacing", "cellpadding"}

var knownName = func() map[string]int32 {
	m := make(map[string]int32, len(knownNames))
	for i, s := range knownNames {
		m[s] = int32(i)
	}
	return m
}()

// nameSlots finds most of them without hashing: the name that came last at a
// slot made of its length and ends.
var nameSlots = func() (slots [1024]int32) {
	for i, s := range knownNames {
		if s != "" {
			slots[nameSlot(s[0], s[len(s)-1], s[len(s)/2], len(s))] = int32(i)
		}
	}
	return slots
}()

func nameSlot(first, last, middle byte, n int) int {
	return (int(first)*67 + int(last)*29 + int(middle)*7 + n*131) & 1023
}

func (t *tree) nameID(local []byte) int32 {
	i := nameSlots[nameSlot(local[0], local[len(local)-1], local[len(local)/2], len(local))]
	if knownNames[i] == string(local) {
		return i
	}
	if i, ok := knownName[string(local)]; ok {
		return i
	}
	for i, s := range t.names {
		if s == string(local) {
			return int32(len(knownNames) + i)
		}
	}
	if len(t.names) == maxOtherNames {
		return 2 // "?": nobody asks for it
	}
	t.names = append(t.names, string(local))
	return int32(len(knownNames) + len(t.names) - 1)
}

// maxOtherNames bounds the names that are no names of CDA.
const maxOtherNames = 256

func (t *tree) nameOf(i int32) string {
	if int(i) < len(knownNames) {
		return knownNames[i]
	}
	return t.names[int(i)-len(knownNames)]
}

// structuredBody reads the current element, structuredBody, to its end.
func (d *decoder) structuredBody() {
	if len(d.src) > math.MaxInt32/2 {
		d.limit("a structured body in more than 1 GiB")
		return
	}
	t := &tree{src: d.src, words: &d.words, ids: make(map[string]int32, 32)}
	size := min(len(d.src)-d.Offset(), 1<<20)
	t.elems, t.attrs = make([]elem, 0, 16+size/32), make([]attr, 0, 16+size/20)
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
			if narrative >= 0 {
				if t.nameOf(t.elems[i].name) == "renderMultiMedia" {
					t.refs = append(t.refs, i)
				}
			} else {
				switch t.nameOf(t.elems[i].name) {
				case "reference":
					t.refs = append(t.refs, i)
				case "observationMedia":
					t.media = append(t.media, i)
				case "assignedAuthor", "assignedEntity":
					var a bodyActor
					a.setting = d.role(&a.who)
					t.actors = append(t.actors, a)
					t.elems[i].actor, t.elems[i].end = int32(len(t.actors)), int32(d.EndOffset())
					continue
				case "section":
					d.count(&d.sections, d.limits.maxSections(), "too many sections")
					if sections++; sections > maxSectionDepth {
						d.limit("sections nested too deep")
					}
				case "entry":
					d.count(&d.entries, d.limits.maxEntries(), "too many entries")
				case "text":
					if (el{t, cur}).name() == "section" {
						narrative = i
					}
				}
			}
			cur = i
		case xmlr.EndElement:
			e := &t.elems[cur]
			e.end = int32(d.EndOffset())
			switch {
			case cur == narrative:
				narrative = -1
			case narrative < 0 && t.nameOf(e.name) == "section":
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
			// Base64 stays where it is in the input.
			e := elem{start: int32(d.Offset()), end: int32(d.EndOffset())}
			if raw := d.src[e.start:e.end]; d.CDATA() || bytes.IndexByte(raw, '&') >= 0 || bytes.IndexByte(raw, '\r') >= 0 {
				e.text0 = int32(len(t.values))
				t.values = append(t.values, d.TextValue()...)
				if e.text1 = int32(len(t.values)); e.text0 == e.text1 {
					continue
				}
			}
			t.add(e, cur)
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
	e := elem{name: t.nameID(d.Local()), attr0: int32(len(t.attrs)), start: int32(d.Offset())}
	i := int32(len(t.elems))
	for j := range d.NumAttr() {
		space, local := d.AttrName(j)
		name := int32(1) // xsi:type
		switch {
		case space == "":
			name = t.nameID(local)
		case space != nsXSI || string(local) != "type":
			continue
		}
		start, end, asWritten := d.AttrPlace(j)
		a := attr{name, int32(start), int32(end)}
		if !asWritten {
			a.start = ^int32(len(t.values))
			t.values = append(t.values, d.AttrValue(j)...)
			a.end = int32(len(t.values))
		}
		t.attrs = append(t.attrs, a)
		if t.nameOf(name) == "ID" {
			id := t.words.get(t.value(a))
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
