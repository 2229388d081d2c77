package xmlr

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// name scans a qualified name at i and returns its end and the start of its local part; end is -1 when
// refused.
func (s *Scanner) name(i int) (end, local int) {
	from := i
	local = i
	if i >= len(s.src) {
		s.truncated()
		return -1, 0
	}
	if nameByte[s.src[i]] == nameStart { // most names are ASCII letters without a prefix
		for i++; i < len(s.src) && nameByte[s.src[i]]&namePart != 0; i++ {
		}
		if i < len(s.src) && nameByte[s.src[i]] == 0 && s.src[i] != ':' {
			return s.nameEnd(from, i, local)
		}
		i = from
	}
	first := true
	for i < len(s.src) {
		c := s.src[i]
		k := nameByte[c]
		switch {
		case k == nameMulti:
			r, n := utf8.DecodeRune(s.src[i:])
			if r == utf8.RuneError && n <= 1 {
				s.badUTF8(i)
				return -1, 0
			}
			k = nameRune(r)
			if k == 0 || first && k != nameStart {
				s.fail(i, RuleSyntax, "character not allowed in a name")
				return -1, 0
			}
			i += n
		case c == ':':
			if first || local != from {
				s.fail(i, RuleNamespace, "colon misplaced in a name")
				return -1, 0
			}
			i++
			local, first = i, true
			continue
		case k == 0 && !first:
			return s.nameEnd(from, i, local)
		case k == 0 || first && k != nameStart:
			s.fail(i, RuleSyntax, "name expected")
			return -1, 0
		default:
			i++
		}
		first = false
	}
	s.truncated()
	return -1, 0
}

func (s *Scanner) nameEnd(from, end, local int) (int, int) {
	if end-from > s.opt.MaxName {
		s.fail(from, RuleLimit, "name too long")
		return -1, 0
	}
	return end, local
}

func (s *Scanner) badUTF8(i int) bool {
	if !utf8.FullRune(s.src[i:]) {
		return s.truncated()
	}
	return s.fail(i, RuleEncoding, "not UTF-8")
}

func (s *Scanner) space1(i int) int {
	for i < len(s.src) {
		switch s.src[i] {
		case ' ', '\t', '\n', '\r':
			i++
		default:
			return i
		}
	}
	return i
}

func (s *Scanner) startTag() bool {
	open := s.pos
	if len(s.stack) == 0 {
		if s.rootSeen {
			return s.fail(open, RuleSyntax, "more than one root element")
		}
		s.rootSeen = true
	}
	if s.elements++; s.elements > s.opt.MaxElements {
		return s.fail(open, RuleLimit, "too many elements")
	}
	if len(s.stack) >= s.opt.MaxDepth {
		return s.fail(open, RuleLimit, "elements nested too deeply")
	}
	end, local := s.name(open + 1)
	if end < 0 {
		return false
	}
	s.nameS, s.nameE, s.local = open+1, end, local
	s.attrs = s.attrs[:0]
	s.nsMark = len(s.ns)
	i, prefixed := end, local != open+1
	for {
		j := s.space1(i)
		if j >= len(s.src) {
			return s.truncated()
		}
		switch s.src[j] {
		case '>':
			s.pos = j + 1
			return s.opened(open, prefixed)
		case '/':
			if j+1 >= len(s.src) {
				return s.truncated()
			}
			if s.src[j+1] != '>' {
				return s.fail(j, RuleSyntax, "'/' misplaced in a start tag")
			}
			s.pos = j + 2
			s.pendingEnd = true
			return s.opened(open, prefixed)
		}
		if j == i {
			return s.fail(j, RuleSyntax, "white space expected in a start tag")
		}
		if i = s.attribute(j, &prefixed); i < 0 {
			return false
		}
	}
}

// attribute scans one attribute or declaration at i and returns its end, -1 when refused.
func (s *Scanner) attribute(i int, prefixed *bool) int {
	end, local := s.name(i)
	if end < 0 {
		return -1
	}
	a := attr{nameS: i, nameE: end, local: local}
	j := s.space1(end)
	if j < len(s.src) && s.src[j] != '=' {
		s.fail(j, RuleSyntax, "'=' expected after an attribute name")
		return -1
	}
	j = s.space1(j + 1)
	if j >= len(s.src) {
		s.truncated()
		return -1
	}
	quote := s.src[j]
	if quote != '"' && quote != '\'' {
		s.fail(j, RuleSyntax, "attribute value without quotes")
		return -1
	}
	a.valS, a.plain = j+1, true
	if a.valE = s.value(&a, quote); a.valE < 0 {
		return -1
	}
	if len(s.attrs)+len(s.ns)-s.nsMark >= s.opt.MaxAttrs {
		s.fail(i, RuleLimit, "too many attributes")
		return -1
	}
	name := s.src[i:end]
	switch {
	case local == i && string(name) == "xmlns":
		if !s.declare(&a, nil) {
			return -1
		}
	case local == i+6 && string(name[:5]) == "xmlns":
		if !s.declare(&a, name[6:]) {
			return -1
		}
	default:
		*prefixed = *prefixed || local != i
		s.attrs = append(s.attrs, a)
	}
	return a.valE + 1
}

// value scans an attribute value up to its quote.
func (s *Scanner) value(a *attr, quote byte) int {
	quotes := ones * uint64(quote)
	for i := a.valS; i < len(s.src); {
		for len(s.src)-i >= 8 { // eight bytes at a time, up to the first that is the quote or not ordinary
			x := binary.LittleEndian.Uint64(s.src[i:])
			angle := x&^(ones*2) ^ ones*0x3C
			amp := x ^ ones*'&'
			q := x ^ quotes
			m := (x | (x-ones*0x20)&^x | (angle-ones)&^angle | (amp-ones)&^amp | (q-ones)&^q) & highs
			if m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
			i += 8
		}
		if i == len(s.src) {
			break
		}
		c := s.src[i]
		switch charClass[c] {
		case charPlain, charGreater:
			if c == quote {
				return i
			}
			i++
		case charSpace, charCR:
			a.plain = false
			i++
		case charAmp:
			a.plain = false
			_, n := s.reference(i)
			if n == 0 {
				return -1
			}
			i += n
		case charMulti:
			n := s.multiByte(i)
			if n == 0 {
				return -1
			}
			i += n
		case charLess:
			s.fail(i, RuleSyntax, "'<' in an attribute value")
			return -1
		default:
			s.fail(i, RuleCharacter, "control character")
			return -1
		}
	}
	s.truncated()
	return -1
}

// declare records a namespace declaration.
func (s *Scanner) declare(a *attr, prefix []byte) bool {
	raw := s.src[a.valS:a.valE]
	if !a.plain {
		raw = appendAttrValue(nil, raw)
	}
	uri := s.names.get(raw)
	switch {
	case string(prefix) == "xml" && uri == XMLNamespace:
		return true // says what is always so
	case string(prefix) == "xml", string(prefix) == "xmlns", uri == XMLNamespace, uri == XMLNSNamespace:
		return s.fail(a.nameS, RuleNamespace, "reserved prefix or namespace declared")
	case len(prefix) > 0 && uri == "":
		return s.fail(a.nameS, RuleNamespace, "prefix declared without a namespace")
	}
	for _, b := range s.ns[s.nsMark:] {
		if bytes.Equal(b.prefix, prefix) {
			return s.fail(a.nameS, RuleAttribute, "prefix declared twice")
		}
	}
	if len(s.ns) >= s.opt.MaxNS {
		return s.fail(a.nameS, RuleLimit, "too many namespace declarations")
	}
	s.ns = append(s.ns, binding{prefix, uri})
	return true
}

// resolve returns the namespace bound to prefix.
func (s *Scanner) resolve(prefix []byte) (string, bool) {
	for i := len(s.ns) - 1; i >= 0; i-- {
		if len(s.ns[i].prefix) == len(prefix) && string(s.ns[i].prefix) == string(prefix) {
			return s.ns[i].uri, true
		}
	}
	if string(prefix) == "xml" {
		return XMLNamespace, true
	}
	return "", len(prefix) == 0 || s.opt.UndeclaredPrefixes
}

// opened ends a start tag: names are resolved and attributes compared.
func (s *Scanner) opened(open int, prefixed bool) bool {
	var ok bool
	if s.space, ok = s.resolve(prefixOf(s.src, s.nameS, s.local)); !ok {
		return s.fail(open, RuleNamespace, "undeclared prefix")
	}
	if prefixed {
		for i := range s.attrs {
			a := &s.attrs[i]
			if a.local == a.nameS {
				continue
			}
			if a.space, ok = s.resolve(s.src[a.nameS : a.local-1]); !ok {
				return s.fail(a.nameS, RuleNamespace, "undeclared prefix")
			}
		}
	}
	for i := 1; i < len(s.attrs); i++ {
		a := &s.attrs[i]
		for j := range i {
			b := &s.attrs[j]
			if a.nameE-a.local == b.nameE-b.local && s.src[a.local] == s.src[b.local] &&
				string(s.src[a.local:a.nameE]) == string(s.src[b.local:b.nameE]) && a.space == b.space {
				return s.fail(a.nameS, RuleAttribute, "attribute given twice")
			}
		}
	}
	s.stack = append(s.stack, frame{s.nameS, s.nameE, s.local, open, s.space, s.nsMark})
	s.kind = StartElement
	return true
}

func (s *Scanner) endTag() bool {
	if len(s.stack) == 0 {
		return s.fail(s.pos, RuleSyntax, "end tag without start tag")
	}
	f := &s.stack[len(s.stack)-1]
	n := f.nameE - f.nameS
	i := s.pos + 2
	rest := s.src[i:]
	name := s.src[f.nameS:f.nameE]
	if len(rest) <= n {
		if bytes.HasPrefix(name, rest) {
			return s.truncated()
		}
		return s.fail(s.pos, RuleSyntax, "end tag does not match the start tag")
	}
	if string(rest[:n]) != string(name) {
		return s.fail(s.pos, RuleSyntax, "end tag does not match the start tag")
	}
	i += n
	if s.src[i] != '>' {
		if i = s.space1(i); i >= len(s.src) {
			return s.truncated()
		}
		if s.src[i] != '>' {
			return s.fail(s.pos, RuleSyntax, "end tag does not match the start tag")
		}
	}
	s.pos = i + 1
	s.endOf(f)
	return true
}

func (s *Scanner) endOf(f *frame) {
	s.kind = EndElement
	s.nameS, s.nameE, s.local, s.space = f.nameS, f.nameE, f.local, f.space
	s.attrs = s.attrs[:0]
	s.popPending = true
}
