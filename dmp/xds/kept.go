package xds

import (
	"reflect"
	"slices"

	"github.com/segur-sdk/segur/internal/ebrim"
)

// Classification is a classification that the package gives no meaning to.
type Classification struct {
	// Scheme is its classificationScheme, Node its classificationNode: one of both.
	Scheme, Node string
	// Code is its nodeRepresentation, Name its label.
	Code, Name string
	// Slots are its own: codingScheme as a rule.
	Slots []Slot
}

// Identifier is an external identifier that the package gives no meaning to.
type Identifier struct {
	// Scheme is its identificationScheme, Value what it holds, Name its label.
	Scheme, Value, Name string
}

func extraClassification(c *ebrim.Classification) Classification {
	out := Classification{Scheme: c.Scheme, Node: c.Node, Code: c.Code, Name: c.Name}
	for _, s := range c.Slots {
		out.Slots = append(out.Slots, Slot{s.Name, s.Values})
	}
	return out
}

func extraIdentifier(x *ebrim.ExternalIdentifier) Identifier {
	return Identifier{Scheme: x.Scheme, Value: x.Value, Name: x.Name}
}

// addExtra writes what has no typed place back.
func addExtra(o *ebrim.Object, classifications []Classification, identifiers []Identifier) {
	for _, c := range classifications {
		e := ebrim.Classification{Scheme: c.Scheme, Node: c.Node, Code: c.Code, Name: c.Name}
		var s slots
		s.extra(c.Slots)
		e.Slots = s
		o.Classifications = append(o.Classifications, e)
	}
	for _, x := range identifiers {
		o.Identifiers = append(o.Identifiers, ebrim.ExternalIdentifier{Scheme: x.Scheme, Value: x.Value, Name: x.Name})
	}
}

// kept is what an object that was read says otherwise than its typed form
// would write it: a time with an offset, a component of a name that French
// metadata do not use, a second class. As long as the typed form stays what it
// was, what was read is what is written; nothing is kept of an object in the
// usual form.
type kept []keptPart

type keptPart struct {
	key         partKey
	typed, wire part
}

// partKey names a part of an object: the slots of one name, the
// classifications of one scheme, an attribute.
type partKey struct{ kind, name string }

// part is what an object holds under a key. The identifiers of parts are not
// kept: they are numbered anew.
type part struct {
	text            string
	slots           []ebrim.Slot
	classifications []ebrim.Classification
	identifiers     []ebrim.ExternalIdentifier
}

// attributes are those that a typed form may write otherwise.
func attributes(o *ebrim.Object) map[string]*string {
	return map[string]*string{
		"objectType": &o.ObjectType, "home": &o.Home, "opaque": &o.Opaque, "type": &o.Type,
		"name": &o.Name, "description": &o.Description, "version": &o.Version,
		"lid": &o.LID, "status": &o.Status, "mimeType": &o.MimeType,
	}
}

func parts(o *ebrim.Object) map[partKey]part {
	out := map[partKey]part{}
	for name, v := range attributes(o) {
		out[partKey{"attribute", name}] = part{text: *v}
	}
	change := func(k partKey, f func(*part)) {
		p := out[k]
		f(&p)
		out[k] = p
	}
	for _, s := range o.Slots {
		change(partKey{"slot", s.Name}, func(p *part) { p.slots = append(p.slots, tidySlot(s)) })
	}
	for _, c := range o.Classifications {
		change(classKey(&c), func(p *part) { p.classifications = append(p.classifications, tidyClassification(c)) })
	}
	for _, x := range o.Identifiers {
		x.ID, x.Object = "", ""
		change(partKey{"identifier", x.Scheme}, func(p *part) { p.identifiers = append(p.identifiers, x) })
	}
	return out
}

func classKey(c *ebrim.Classification) partKey {
	return partKey{"classification", c.Scheme + " " + c.Node}
}

func tidySlot(s ebrim.Slot) ebrim.Slot {
	return ebrim.Slot{Name: s.Name, Values: append([]string(nil), s.Values...)}
}

func tidyClassification(c ebrim.Classification) ebrim.Classification {
	c.ID, c.Object = "", ""
	var own []ebrim.Slot
	for _, s := range c.Slots {
		own = append(own, tidySlot(s))
	}
	c.Slots = own
	return c
}

// keep compares an object that was read with what its typed form writes.
func keep(wire, typed *ebrim.Object) kept {
	w, t := parts(wire), parts(typed)
	var out kept
	add := func(k partKey) {
		if !reflect.DeepEqual(w[k], t[k]) {
			out = append(out, keptPart{key: k, typed: t[k], wire: w[k]})
		}
	}
	for k := range w {
		add(k)
	}
	for k := range t {
		if _, both := w[k]; !both {
			add(k)
		}
	}
	slices.SortFunc(out, func(a, b keptPart) int { // maps have no order, equal entries must be equal
		switch {
		case a.key == b.key:
			return 0
		case a.key.kind < b.key.kind, a.key.kind == b.key.kind && a.key.name < b.key.name:
			return -1
		}
		return 1
	})
	return out
}

// restore gives an object about to be written the parts that nobody changed
// since they were read.
func (k kept) restore(o *ebrim.Object) {
	if len(k) == 0 {
		return
	}
	now := parts(o)
	for _, p := range k {
		if !reflect.DeepEqual(now[p.key], p.typed) {
			continue
		}
		switch p.key.kind {
		case "attribute":
			*attributes(o)[p.key.name] = p.wire.text
		case "slot":
			o.Slots = swap(o.Slots, p.wire.slots, func(s ebrim.Slot) bool { return s.Name == p.key.name })
		case "classification":
			o.Classifications = swap(o.Classifications, p.wire.classifications, func(c ebrim.Classification) bool { return classKey(&c) == p.key })
		case "identifier":
			o.Identifiers = swap(o.Identifiers, p.wire.identifiers, func(x ebrim.ExternalIdentifier) bool { return x.Scheme == p.key.name })
		}
	}
}

// swap puts with in the place of the elements of list that are old.
func swap[T any](list, with []T, old func(T) bool) []T {
	at := slices.IndexFunc(list, old)
	if at < 0 {
		at = len(list)
	}
	return slices.Insert(slices.DeleteFunc(list, old), at, with...)
}
