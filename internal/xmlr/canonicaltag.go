package xmlr

import (
	"bytes"
	"slices"
	"strings"
)

func (z *canonizer) startTag() {
	s := &z.s
	z.out = append(append(z.out, '<'), s.src[s.nameS:s.nameE]...)
	for _, b := range s.ns[s.nsMark:] {
		if b.uri != "" && !absolute(b.uri) {
			s.fail(s.start, RuleNamespace, "a relative namespace name has no canonical form")
			return
		}
	}
	z.nsOut = z.nsOut[:0]
	if z.c.Mode == Exclusive {
		z.exclusiveNS()
	} else {
		z.inclusiveNS()
	}
	if len(z.nsOut) > 1 {
		slices.SortFunc(z.nsOut, func(a, b binding) int { return bytes.Compare(a.prefix, b.prefix) })
	}
	for _, b := range z.nsOut {
		z.out = append(z.out, " xmlns"...)
		if len(b.prefix) > 0 {
			z.out = append(append(z.out, ':'), b.prefix...)
		}
		z.out = append(appendCanonicalValue(append(z.out, '=', '"'), b.uri), '"')
	}
	if z.apex && len(z.xmlAttrs) > 0 {
		z.apexAttributes()
	} else {
		z.attributes()
	}
	z.apex = false
	z.out = append(z.out, '>')
}

// inclusiveNS selects the declarations that change what is in scope; the apex of a subset shows all.
func (z *canonizer) inclusiveNS() {
	s := &z.s
	from := s.nsMark
	if z.apex {
		from = 0
	}
	for i := from; i < len(s.ns); i++ {
		b := s.ns[i]
		if z.apex {
			b.uri, _ = s.resolve(b.prefix)
			if b.uri == "" || hasPrefix(z.nsOut, b.prefix) {
				continue
			}
		} else if uri, _ := lookup(s.ns[:s.nsMark], b.prefix); uri == b.uri {
			continue
		}
		z.nsOut = append(z.nsOut, b)
	}
}

// exclusiveNS selects the declarations of the prefixes that the element uses and of the PrefixList.
func (z *canonizer) exclusiveNS() {
	s := &z.s
	z.marks = append(z.marks, len(z.rendered))
	z.visible(prefixOf(s.src, s.nameS, s.local))
	for i := range s.attrs {
		if a := &s.attrs[i]; a.local > a.nameS {
			z.visible(s.src[a.nameS : a.local-1])
		}
	}
	for _, p := range z.c.Prefixes {
		if p == "#default" {
			p = ""
		}
		if uri, ok := s.resolve([]byte(p)); ok && (uri != "" || p == "") {
			z.visible([]byte(p))
		}
	}
	z.rendered = append(z.rendered, z.nsOut...)
}

func (z *canonizer) visible(prefix []byte) {
	if string(prefix) == "xml" || hasPrefix(z.nsOut, prefix) {
		return
	}
	uri, _ := z.s.resolve(prefix)
	if was, _ := lookup(z.rendered, prefix); was != uri {
		z.nsOut = append(z.nsOut, binding{prefix, uri})
	}
}

func hasPrefix(list []binding, prefix []byte) bool {
	for i := range list {
		if bytes.Equal(list[i].prefix, prefix) {
			return true
		}
	}
	return false
}

func lookup(list []binding, prefix []byte) (string, bool) {
	for i := len(list) - 1; i >= 0; i-- {
		if bytes.Equal(list[i].prefix, prefix) {
			return list[i].uri, true
		}
	}
	return "", false
}

func (z *canonizer) attributes() {
	s := &z.s
	z.order = z.order[:0]
	for i := range s.attrs {
		z.order = append(z.order, i)
		for j := i; j > 0 && s.attrBefore(&s.attrs[z.order[j]], &s.attrs[z.order[j-1]]); j-- {
			z.order[j], z.order[j-1] = z.order[j-1], z.order[j]
		}
	}
	for _, i := range z.order {
		z.attribute(&s.attrs[i])
	}
}

func (s *Scanner) attrBefore(a, b *attr) bool {
	if a.space != b.space {
		return a.space < b.space
	}
	return bytes.Compare(s.src[a.local:a.nameE], s.src[b.local:b.nameE]) < 0
}

func (z *canonizer) attribute(a *attr) {
	src := z.s.src
	z.out = append(append(append(z.out, ' '), src[a.nameS:a.nameE]...), '=', '"')
	raw := src[a.valS:a.valE]
	switch {
	case !a.plain:
		z.value = appendAttrValue(z.value[:0], raw)
		z.out = appendCanonicalValue(z.out, z.value)
	case src[a.valE] == '"':
		z.out = append(z.out, raw...)
	default:
		z.out = appendCanonicalValue(z.out, raw)
	}
	z.out = append(z.out, '"')
}

// apexAttributes writes the attributes of the apex merged with the xml:* attributes of its ancestors.
func (z *canonizer) apexAttributes() {
	s := &z.s
	type item struct {
		space, local string
		text         []byte
	}
	var items []item
	keep := z.out
	for i := range s.attrs {
		a := &s.attrs[i]
		z.out = nil
		z.attribute(a)
		items = append(items, item{a.space, string(s.src[a.local:a.nameE]), z.out})
	}
	for _, a := range z.xmlAttrs {
		if _, own := s.Attr(a.Space, a.Local); !own {
			text := append(appendCanonicalValue([]byte(" xml:"+a.Local+`="`), a.Value), '"')
			items = append(items, item{a.Space, a.Local, text})
		}
	}
	z.out = keep
	slices.SortFunc(items, func(a, b item) int {
		if c := strings.Compare(a.space, b.space); c != 0 {
			return c
		}
		return strings.Compare(a.local, b.local)
	})
	for _, it := range items {
		z.out = append(z.out, it.text...)
	}
}

// absolute reports whether a namespace name starts with a URI scheme.
func absolute(uri string) bool {
	for i := range len(uri) {
		c := uri[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		case c == ':':
			return i > 0
		default:
			return false
		}
	}
	return false
}
