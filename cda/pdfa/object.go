package pdfa

import (
	"bytes"
	"errors"
	"strconv"
)

// The objects of PDF (PDF Reference 1.4, 3.2). Numbers are float64, booleans bool, null is nil.
type (
	name   string
	text   []byte // a string object, decoded
	ref    int    // an indirect reference; generations are not told apart
	array  []any
	dict   map[name]any
	stream struct {
		dict dict
		data []byte // as it lies in the file, still encoded
		// badLength: Length does not lead to endstream.
		badLength bool
	}
	keyword string // obj, endobj, R, xref, trailer ...
)

var (
	errSyntax = errors.New("not an object")
	errLimits = errors.New("beyond the implementation limits")
	errBudget = errors.New("too complex to be checked")
)

// Limits on what is parsed. Array and dictionary sizes and string lengths are those of PDF/A-1 (6.1.12).
const (
	maxArray  = 8191
	maxDict   = 4095
	maxString = 65535
	maxName   = 127
	maxDepth  = 64
	maxNodes  = 1 << 20
	maxXRefs  = 256 // sections of the cross-reference table
)

// reader parses objects at given places. Each byte that it reads is taken from a budget, so that a hostile file, whose
// entries all lead to one large object, cannot cost more than a few readings of the file.
type reader struct {
	data   []byte
	pos    int
	budget *budget
}

type budget struct{ bytes, nodes int }

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// next returns the byte at pos, 0 at the end.
func (r *reader) next() byte {
	if r.pos < len(r.data) {
		return r.data[r.pos]
	}
	return 0
}

func (r *reader) skipSpace() {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case isSpace(c):
			r.pos++
		case c == '%':
			for r.pos < len(r.data) && r.data[r.pos] != '\n' && r.data[r.pos] != '\r' {
				r.pos++
			}
		default:
			return
		}
	}
}

// object parses the object at pos and charges the budget for it.
func (r *reader) object() (any, error) {
	from := r.pos
	o, err := r.value(0)
	r.budget.bytes -= r.pos - from
	if r.budget.bytes < 0 {
		return nil, errBudget
	}
	return o, err
}

func (r *reader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errLimits
	}
	if r.budget.nodes--; r.budget.nodes < 0 {
		return nil, errBudget
	}
	r.skipSpace()
	if r.pos >= len(r.data) {
		return nil, errSyntax
	}
	switch c := r.data[r.pos]; {
	case c == '/':
		r.pos++
		return r.name()
	case c == '(':
		return r.literal()
	case c == '<':
		if bytes.HasPrefix(r.data[r.pos:], []byte("<<")) {
			r.pos += 2
			return r.dict(depth)
		}
		return r.hex()
	case c == '[':
		r.pos++
		return r.array(depth)
	case c == '+' || c == '-' || c == '.' || isDigit(c):
		return r.number()
	case isDelimiter(c):
		return nil, errSyntax
	}
	switch w := r.word(); w {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil //nolint:nilnil // null is an object
	default:
		return keyword(w), nil
	}
}

// word reads regular characters; more than a keyword or a number may have is cut, which makes it no keyword.
func (r *reader) word() string {
	from := r.pos
	for r.pos < len(r.data) && !isSpace(r.data[r.pos]) && !isDelimiter(r.data[r.pos]) {
		r.pos++
	}
	return string(r.data[from:min(r.pos, from+64)])
}

// number reads a number, or the reference that begins with it.
func (r *reader) number() (any, error) {
	w := r.word()
	n, err := strconv.ParseFloat(w, 64)
	if err != nil {
		return nil, errSyntax
	}
	after := r.pos
	if i, ok := r.whole(w); ok {
		r.skipSpace()
		if isDigit(r.next()) {
			if _, ok := r.whole(r.word()); ok {
				r.skipSpace()
				if r.next() == 'R' && r.word() == "R" {
					return ref(i), nil
				}
			}
		}
	}
	r.pos = after
	return n, nil
}

func (r *reader) whole(w string) (int, bool) {
	if w == "" || len(w) > 10 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(w) {
		if !isDigit(c) {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

func (r *reader) name() (any, error) {
	var b []byte
	for r.pos < len(r.data) && !isSpace(r.data[r.pos]) && !isDelimiter(r.data[r.pos]) {
		c := r.data[r.pos]
		if c == '#' && r.pos+2 < len(r.data) {
			if v, err := strconv.ParseUint(string(r.data[r.pos+1:r.pos+3]), 16, 8); err == nil {
				c = byte(v)
				r.pos += 2
			}
		}
		b = append(b, c)
		r.pos++
		if len(b) > maxName {
			return nil, errLimits
		}
	}
	return name(b), nil
}

func (r *reader) hex() (any, error) {
	end := bytes.IndexByte(r.data[r.pos:], '>')
	if end < 0 {
		r.pos = len(r.data)
		return nil, errSyntax
	}
	var b text
	digits, v := 0, 0
	for _, c := range r.data[r.pos+1 : r.pos+end] {
		d := bytes.IndexByte([]byte("0123456789abcdef"), c|0x20)
		if isSpace(c) {
			continue
		}
		if d < 0 || c < '0' {
			r.pos += end
			return nil, errSyntax
		}
		if v = v<<4 | d; digits%2 == 1 {
			b = append(b, byte(v)) //nolint:gosec // the low eight bits
			v = 0
		}
		digits++
	}
	r.pos += end + 1
	if digits%2 == 1 {
		b = append(b, byte(v<<4)) //nolint:gosec // one digit
	}
	if len(b) > maxString {
		return nil, errLimits
	}
	return b, nil
}

func (r *reader) literal() (any, error) {
	r.pos++
	b := text{}
	for open := 1; r.pos < len(r.data); r.pos++ {
		c := r.data[r.pos]
		switch c {
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				r.pos++
				if len(b) > maxString {
					return nil, errLimits
				}
				return b, nil
			}
		case '\\':
			b = r.escaped(b)
			continue
		}
		b = append(b, c)
	}
	return nil, errSyntax
}

// escaped reads what follows a backslash and leaves pos on its last byte.
func (r *reader) escaped(b text) text {
	r.pos++
	switch c := r.next(); c {
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'b':
		return append(b, '\b')
	case 'f':
		return append(b, '\f')
	case '\r':
		if r.pos+1 < len(r.data) && r.data[r.pos+1] == '\n' {
			r.pos++
		}
		return b
	case '\n':
		return b
	case '0', '1', '2', '3', '4', '5', '6', '7':
		v := 0
		for i := 0; i < 3 && r.next() >= '0' && r.next() <= '7'; i++ {
			v = v<<3 | int(r.next()-'0')
			r.pos++
		}
		r.pos--
		return append(b, byte(v)) //nolint:gosec // overflow is ignored, as the format says
	default:
		return append(b, c)
	}
}

func (r *reader) array(depth int) (any, error) {
	a := array{}
	for {
		r.skipSpace()
		if r.next() == ']' {
			r.pos++
			return a, nil
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, bad := v.(keyword); bad {
			return nil, errSyntax
		}
		if a = append(a, v); len(a) > maxArray {
			return nil, errLimits
		}
	}
}

func (r *reader) dict(depth int) (any, error) {
	d := dict{}
	for {
		r.skipSpace()
		if bytes.HasPrefix(r.data[r.pos:], []byte(">>")) {
			r.pos += 2
			return d, nil
		}
		k, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		key, ok := k.(name)
		if !ok {
			return nil, errSyntax
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, bad := v.(keyword); bad {
			return nil, errSyntax
		}
		if d[key] = v; len(d) > maxDict {
			return nil, errLimits
		}
	}
}
