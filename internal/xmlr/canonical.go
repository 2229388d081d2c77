package xmlr

import (
	"io"
	"slices"
	"unicode/utf8"
)

// Mode is a canonicalisation method.
type Mode uint8

// Canonicalisation methods.
const (
	Inclusive Mode = iota // Canonical XML 1.0, http://www.w3.org/TR/2001/REC-xml-c14n-20010315
	Exclusive             // Exclusive Canonicalization 1.0, http://www.w3.org/2001/10/xml-exc-c14n#
)

// Canonical says what to canonicalise and how. The zero value is the whole document, inclusive, without comments.
type Canonical struct {
	Mode     Mode
	Comments bool     // the "#WithComments" variant
	Prefixes []string // InclusiveNamespaces PrefixList of Exclusive; "#default" is the default namespace

	// Apex limits the output to one element, which must come from Parse of the same input. Inclusive
	// then gives it the namespaces and the xml:* attributes of its ancestors.
	Apex *Node

	// ID, when not empty, selects as apex the only element whose attribute IDAttr has this value; none or more
	// than one is an error (RuleSelection).
	IDAttr Name
	ID     string

	// Exclude lists elements to leave out with all they hold: the enveloped signature.
	Exclude []*Node

	// Omit, when set, is asked at each start of an element whether to leave it out with all it holds: an enveloped
	// signature that is not known yet. It must not move the scanner.
	Omit func(s *Scanner) bool

	// Visit, when set, is told of every event that is written, before it is: checks that need no second pass. It must
	// not move the scanner.
	Visit func(s *Scanner)

	Limits Options
}

// Canonicalize appends the canonical form of src to dst. With Apex set, src may be nil. The error is an *Error;
// dst is then returned with partial output.
func Canonicalize(dst, src []byte, c Canonical) ([]byte, error) {
	z := canonizer{out: dst}
	err := z.run(src, c)
	return z.out, err
}

// CanonicalizeTo writes the canonical form of src to w, a hash for example, in pieces of bounded size. An error
// of w is returned as it is.
func CanonicalizeTo(w io.Writer, src []byte, c Canonical) error {
	z := canonizer{w: w, out: make([]byte, 0, flushAt+4<<10)}
	if err := z.run(src, c); err != nil {
		return err
	}
	z.flush()
	return z.werr
}

const flushAt = 32 << 10

type canonizer struct {
	s    Scanner
	c    *Canonical
	w    io.Writer // nil: keep everything in out
	out  []byte
	werr error

	apex     bool      // the next element is the apex of a subset
	rendered []binding // Exclusive: declarations in the output, innermost last
	marks    []int     // Exclusive: len(rendered) outside of each open element
	nsOut    []binding // scratch: declarations of one element
	order    []int     // scratch: attribute order of one element
	value    []byte    // scratch: attribute value
	xmlAttrs []Attr    // xml:* attributes that the apex inherits
}

func (z *canonizer) run(src []byte, c Canonical) error {
	z.c = &c
	if c.ID != "" {
		n, err := selectID(src, c)
		if err != nil {
			return err
		}
		c.Apex = n
	}
	switch {
	case c.Apex != nil:
		if src != nil && (len(src) != len(c.Apex.src) || len(src) > 0 && &src[0] != &c.Apex.src[0]) {
			return newError(src, 0, RuleSelection, "the element belongs to another document")
		}
		z.startAt(c.Apex)
	default:
		z.s.init(src, c.Limits)
	}
	z.events()
	if z.s.err != nil {
		return z.s.err
	}
	return z.werr
}

func selectID(src []byte, c Canonical) (*Node, error) {
	root, err := Parse(src, c.Limits)
	if err != nil {
		return nil, err
	}
	var found *Node
	for n := range root.Walk() {
		v, ok := n.LookupAttr(c.IDAttr.Space, c.IDAttr.Local)
		if !ok || v != c.ID {
			continue
		}
		if found != nil {
			return nil, newError(src, n.Start, RuleSelection, "two elements have the identifier asked for")
		}
		found = n
	}
	if found == nil {
		return nil, newError(src, len(src), RuleSelection, "no element has the identifier asked for")
	}
	return found, nil
}

// startAt prepares the scanner to read one element in the context of its ancestors.
func (z *canonizer) startAt(n *Node) {
	s := &z.s
	s.src, s.opt = n.src, z.c.Limits.filled()
	s.pos, s.fragment = n.Start, true
	s.stack = make([]frame, 0, 32)
	s.attrs = make([]attr, 0, 16)
	z.apex = true
	var path []*Node
	for p := n.Parent; p != nil; p = p.Parent {
		path = append(path, p)
		for _, a := range p.Attrs {
			if a.Space == XMLNamespace && !slices.ContainsFunc(z.xmlAttrs, func(b Attr) bool { return a.Name == b.Name }) {
				z.xmlAttrs = append(z.xmlAttrs, a)
			}
		}
	}
	s.ns = make([]binding, 0, 16)
	for _, p := range slices.Backward(path) {
		for _, d := range p.NS {
			s.ns = append(s.ns, binding{[]byte(d.Prefix), d.URI})
		}
	}
	if z.c.Mode == Exclusive {
		z.xmlAttrs = nil
	}
}

func (z *canonizer) events() {
	s := &z.s
	done := false // the root element is closed
	for s.Next() {
		if s.kind == StartElement && (z.excluded(s.start) || z.c.Omit != nil && z.c.Omit(s)) {
			if !s.Skip() {
				return
			}
			continue
		}
		if z.c.Visit != nil {
			z.c.Visit(s)
		}
		switch s.kind {
		case StartElement:
			z.startTag()
		case EndElement:
			z.out = append(append(append(z.out, '<', '/'), s.src[s.nameS:s.nameE]...), '>')
			if z.c.Mode == Exclusive {
				top := len(z.marks) - 1
				z.rendered, z.marks = z.rendered[:z.marks[top]], z.marks[:top]
			}
			done = len(s.stack) == 1
		case Text:
			z.text()
		case Comment:
			if z.c.Comments {
				z.around("<!--", nil, "-->", done)
			}
		case PI:
			z.around("<?", s.Target(), "?>", done)
		}
		if z.w != nil && len(z.out) >= flushAt {
			if z.flush(); z.werr != nil {
				return
			}
		}
	}
}

func (z *canonizer) flush() {
	if z.werr == nil && len(z.out) > 0 {
		_, z.werr = z.w.Write(z.out)
	}
	z.out = z.out[:0]
}

func (z *canonizer) excluded(start int) bool {
	for _, n := range z.c.Exclude {
		if n != nil && n.Start == start {
			return true
		}
	}
	return false
}

// around writes a comment or an instruction; outside of the root it has a line of its own.
func (z *canonizer) around(open string, target []byte, shut string, done bool) {
	top := len(z.s.stack) == 0 && !z.s.fragment
	if top && done {
		z.out = append(z.out, '\n')
	}
	z.out = append(append(z.out, open...), target...)
	if v := z.s.TextValue(); len(v) > 0 {
		if target != nil {
			z.out = append(z.out, ' ')
		}
		z.out = append(z.out, v...)
	}
	z.out = append(z.out, shut...)
	if top && !done {
		z.out = append(z.out, '\n')
	}
}

func (z *canonizer) text() {
	s := &z.s
	raw := s.src[s.bodyS:s.bodyE]
	if s.flags&(hasRef|hasCR|hasGT|isCDATA) == 0 {
		if z.w != nil && len(raw) >= flushAt {
			if z.flush(); z.werr == nil {
				_, z.werr = z.w.Write(raw)
			}
			return
		}
		z.out = append(z.out, raw...)
		return
	}
	z.out = appendCanonicalText(z.out, raw, s.flags)
}

// appendCanonicalText appends character data as it stands in the input, in canonical form.
func appendCanonicalText(dst, raw []byte, f textFlags) []byte {
	from := 0
	for i := 0; i < len(raw); {
		c := raw[i]
		switch charClass[c] {
		default:
			i++
			continue
		case charCR:
			dst = append(append(dst, raw[from:i]...), '\n')
			if i++; i < len(raw) && raw[i] == '\n' {
				i++
			}
		case charLess:
			dst = append(append(dst, raw[from:i]...), "&lt;"...)
			i++
		case charGreater:
			dst = append(append(dst, raw[from:i]...), "&gt;"...)
			i++
		case charAmp:
			dst = append(dst, raw[from:i]...)
			if f&isCDATA != 0 {
				dst = append(dst, "&amp;"...)
				i++
				break
			}
			r, n := decodeReference(raw[i:])
			i += n
			switch r {
			case '&':
				dst = append(dst, "&amp;"...)
			case '<':
				dst = append(dst, "&lt;"...)
			case '>':
				dst = append(dst, "&gt;"...)
			case '\r':
				dst = append(dst, "&#xD;"...)
			default:
				dst = utf8.AppendRune(dst, r)
			}
		}
		from = i
	}
	return append(dst, raw[from:]...)
}

// appendCanonicalValue appends a normalised attribute value in canonical form.
func appendCanonicalValue[T ~string | ~[]byte](dst []byte, v T) []byte {
	for i := range len(v) {
		switch c := v[i]; c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '"':
			dst = append(dst, "&quot;"...)
		case '\t':
			dst = append(dst, "&#x9;"...)
		case '\n':
			dst = append(dst, "&#xA;"...)
		case '\r':
			dst = append(dst, "&#xD;"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
