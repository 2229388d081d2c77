package xmlr

import "bytes"

// Namespaces bound to the reserved prefixes.
const (
	XMLNamespace   = "http://www.w3.org/XML/1998/namespace"
	XMLNSNamespace = "http://www.w3.org/2000/xmlns/"
)

// Kind is the kind of event a Scanner stands on.
type Kind uint8

// Kinds of events. An empty-element tag gives a StartElement and then an EndElement.
const (
	None         Kind = iota // before the first Next, and after the end
	StartElement             // Space, Local, Attr...
	EndElement               // Space, Local of the element that ends
	Text                     // TextValue; one run of text may come as several events (CDATA, comments between)
	Comment                  // TextValue
	PI                       // Target, TextValue
)

// Scanner reads events from a byte slice, which must not change meanwhile. Slices it returns point into the
// input or into a buffer that the next call of Next reuses. Not safe for concurrent use.
type Scanner struct {
	src []byte
	pos int
	opt Options
	err *Error

	kind  Kind
	start int // of the token

	nameS, nameE, local int // qualified name src[nameS:nameE]; local part starts at local
	space               string
	attrs               []attr
	nsMark              int // ns[nsMark:] was declared on the element of the StartElement event

	stack []frame
	ns    []binding

	bodyS, bodyE int // text, comment or instruction data
	flags        textFlags

	elements   int
	rootSeen   bool
	fragment   bool // one element of a larger document: stop after it
	pendingEnd bool // the start tag was an empty-element tag
	popPending bool // the EndElement event still holds its scope
	scratch    []byte
	names      interner
}

type frame struct {
	nameS, nameE, local int
	start               int // offset of '<'
	space               string
	ns                  int // bindings in scope outside
}

type binding struct {
	prefix []byte
	uri    string
}

type attr struct {
	nameS, nameE, local int // src[nameS:nameE]; prefix when local > nameS
	valS, valE          int
	plain               bool // the value needs no normalisation
	space               string
}

// NewScanner returns a Scanner over src.
func NewScanner(src []byte, o Options) *Scanner {
	s := &Scanner{}
	s.init(src, o)
	return s
}

func (s *Scanner) init(src []byte, o Options) {
	s.src, s.opt = src, o.filled()
	s.stack = make([]frame, 0, 32)
	s.ns = make([]binding, 0, 16)
	s.attrs = make([]attr, 0, 16)
	switch {
	case len(src) > s.opt.MaxBytes:
		s.fail(0, RuleLimit, "document too large")
	case len(src) >= 2 && (src[0] == 0xFE && src[1] == 0xFF || src[0] == 0xFF && src[1] == 0xFE ||
		src[0] == 0 || src[1] == 0):
		s.fail(0, RuleEncoding, "UTF-16 or UTF-32 is not accepted")
	default:
		if bytes.HasPrefix(src, []byte("\xEF\xBB\xBF")) {
			s.pos = 3
		}
		s.declaration()
	}
}

func (s *Scanner) fail(offset int, rule Rule, detail string) bool {
	if s.err == nil {
		s.err = newError(s.src, offset, rule, detail)
	}
	s.kind = None
	return false
}

// truncated reports an end of input inside a construct, or a syntax error when the input goes on.
func (s *Scanner) truncated() bool {
	return s.fail(len(s.src), RuleTruncated, "the document ends too early")
}

// Err returns the refusal that ended the scan, an *Error, or nil at a regular end.
func (s *Scanner) Err() error {
	if s.err == nil {
		return nil
	}
	return s.err
}

// Next moves to the next event. It returns false at the end of the document and on an error: look at Err.
func (s *Scanner) Next() bool {
	if s.err != nil {
		return false
	}
	if s.popPending {
		s.popPending = false
		top := len(s.stack) - 1
		s.ns = s.ns[:s.stack[top].ns]
		s.stack = s.stack[:top]
		if s.fragment && top == 0 {
			s.kind, s.start = None, s.pos
			return false
		}
	}
	if s.pendingEnd {
		s.pendingEnd = false
		f := &s.stack[len(s.stack)-1]
		s.start = s.pos
		s.endOf(f)
		return true
	}
	for {
		s.start = s.pos
		if s.pos >= len(s.src) {
			return s.finish()
		}
		if s.src[s.pos] != '<' {
			if len(s.stack) > 0 {
				return s.text()
			}
			if !s.outerSpace() {
				return false
			}
			continue
		}
		return s.markup()
	}
}

func (s *Scanner) finish() bool {
	s.kind = None
	if len(s.stack) > 0 || !s.rootSeen {
		return s.truncated()
	}
	return false
}

// outerSpace skips white space around the root element, where nothing else is allowed.
func (s *Scanner) outerSpace() bool {
	for ; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case ' ', '\t', '\r', '\n':
			continue
		case '<':
			return true
		}
		return s.fail(s.pos, RuleSyntax, "text outside of the root element")
	}
	return true
}

func (s *Scanner) markup() bool {
	if s.pos+1 >= len(s.src) {
		return s.truncated()
	}
	switch s.src[s.pos+1] {
	case '/':
		return s.endTag()
	case '?':
		return s.instruction()
	case '!':
		rest := s.src[s.pos:]
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			return s.comment()
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			return s.cdata()
		case bytes.HasPrefix(rest, []byte("<!DOCTYPE")):
			return s.fail(s.pos, RuleDoctype, "DOCTYPE is not accepted")
		case bytes.HasPrefix([]byte("<!--"), rest), bytes.HasPrefix([]byte("<![CDATA["), rest),
			bytes.HasPrefix([]byte("<!DOCTYPE"), rest):
			return s.truncated()
		}
		return s.fail(s.pos, RuleSyntax, "unknown markup declaration")
	}
	return s.startTag()
}

// Kind returns the kind of the current event.
func (s *Scanner) Kind() Kind { return s.kind }

// Offset returns the byte offset at which the current event starts; the end of an empty element starts and
// ends right after its tag.
func (s *Scanner) Offset() int { return s.start }

// EndOffset returns the byte offset right after the current event.
func (s *Scanner) EndOffset() int { return s.pos }

// ElementOffset returns the byte offset of the start tag of the innermost open element (at EndElement: the one
// that ends), -1 outside of the root.
func (s *Scanner) ElementOffset() int {
	if len(s.stack) == 0 {
		return -1
	}
	return s.stack[len(s.stack)-1].start
}

// Depth returns the number of open elements, the one of a StartElement or EndElement event included.
func (s *Scanner) Depth() int { return len(s.stack) }

// Space returns the namespace of the element of a StartElement or EndElement event.
func (s *Scanner) Space() string { return s.space }

// Local returns the local name of the element of a StartElement or EndElement event.
func (s *Scanner) Local() []byte { return s.src[s.local:s.nameE] }

// Prefix returns the prefix of the element of a StartElement or EndElement event, empty without one.
func (s *Scanner) Prefix() []byte { return prefixOf(s.src, s.nameS, s.local) }

// Is reports whether the current element has this expanded name.
func (s *Scanner) Is(space, local string) bool {
	return string(s.src[s.local:s.nameE]) == local && s.space == space
}

// Name returns the expanded name of the current element, interned.
func (s *Scanner) Name() Name { return Name{s.space, s.names.get(s.Local())} }

// NumAttr returns the number of attributes, namespace declarations excluded.
func (s *Scanner) NumAttr() int { return len(s.attrs) }

// AttrName returns the namespace ("" for an unprefixed attribute) and the local name of attribute i.
func (s *Scanner) AttrName(i int) (space string, local []byte) {
	a := &s.attrs[i]
	return a.space, s.src[a.local:a.nameE]
}

// AttrValue returns the normalised value of attribute i.
func (s *Scanner) AttrValue(i int) []byte {
	a := &s.attrs[i]
	if a.plain {
		return s.src[a.valS:a.valE]
	}
	return appendAttrValue(nil, s.src[a.valS:a.valE])
}

// AttrPlace returns the byte offsets between which the value of attribute i is written, and whether it reads as it is
// written there.
func (s *Scanner) AttrPlace(i int) (start, end int, asWritten bool) {
	a := &s.attrs[i]
	return a.valS, a.valE, a.plain
}

// Attr returns the value of an attribute by expanded name and whether it is present.
func (s *Scanner) Attr(space, local string) ([]byte, bool) {
	for i := range s.attrs {
		a := &s.attrs[i]
		if string(s.src[a.local:a.nameE]) == local && a.space == space {
			return s.AttrValue(i), true
		}
	}
	return nil, false
}

// TextValue returns the text of a Text, Comment or PI event: references resolved, line ends normalised.
func (s *Scanner) TextValue() []byte {
	raw := s.src[s.bodyS:s.bodyE]
	if s.flags&(hasCR|hasRef) == 0 {
		return raw
	}
	s.scratch = appendTextValue(s.scratch[:0], raw, s.flags)
	return s.scratch
}

// Blank reports whether a Text event holds white space only, written as such.
func (s *Scanner) Blank() bool { return s.kind == Text && s.flags&notBlank == 0 }

// CDATA reports whether a Text event is a CDATA section.
func (s *Scanner) CDATA() bool { return s.kind == Text && s.flags&isCDATA != 0 }

// Target returns the target of a PI event.
func (s *Scanner) Target() []byte { return s.src[s.nameS:s.nameE] }

// Skip moves from a StartElement event to the EndElement event of the same element; everything in between is
// still checked. It returns false on an error.
func (s *Scanner) Skip() bool {
	if s.kind != StartElement {
		return s.err == nil
	}
	depth := len(s.stack)
	for s.Next() {
		if s.kind == EndElement && len(s.stack) == depth {
			return true
		}
	}
	return false
}

func prefixOf(src []byte, nameS, local int) []byte {
	if local == nameS {
		return nil
	}
	return src[nameS : local-1]
}
