package hl7

import (
	"errors"
	"slices"
	"strings"
)

// Delimiters are the separators of a message: MSH-1 and MSH-2. 0 stands for one
// that the message does not have.
type Delimiters struct {
	Field, Component, Repetition, Escape, Subcomponent byte
}

// Standard are the delimiters that the norm recommends, the only ones that the
// composite types of this package are written with.
var Standard = Delimiters{'|', '^', '~', '\\', '&'}

// parseDelimiters reads them at the head of an MSH segment.
func parseDelimiters(msh string) (Delimiters, error) {
	if len(msh) < 5 {
		return Delimiters{}, errDelimiters
	}
	d := Delimiters{Field: msh[3]}
	chars, _, _ := strings.Cut(msh[4:], string(rune(d.Field)))
	for i, dst := range []*byte{&d.Component, &d.Repetition, &d.Escape, &d.Subcomponent} {
		if i < len(chars) {
			*dst = chars[i]
		}
	}
	all := []byte{d.Field, d.Component, d.Repetition, d.Escape, d.Subcomponent}
	for i, c := range all {
		switch {
		case c == 0 && i > 1:
			continue
		case c <= ' ' || c >= 0x7F, c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z':
			return Delimiters{}, errDelimiters
		}
		for _, other := range all[:i] {
			if c == other {
				return Delimiters{}, errDelimiters
			}
		}
	}
	return d, nil
}

var errDelimiters = errors.New("the delimiters of MSH-1 and MSH-2 are no delimiters: they must be five different signs")

// canonical rewrites a field with the standard delimiters, so that what reads
// composite types need not know those of the message.
func (d Delimiters) canonical(field string) string {
	if d == Standard {
		return field
	}
	var b strings.Builder
	b.Grow(len(field))
	for i := 0; i < len(field); i++ {
		switch c := field[i]; {
		case c == d.Component:
			b.WriteByte('^')
		case c == d.Repetition:
			b.WriteByte('~')
		case c == d.Subcomponent && c != 0:
			b.WriteByte('&')
		case c == d.Escape && c != 0 && i+2 < len(field) && field[i+2] == d.Escape && d.escaped(field[i+1]) != 0:
			b.WriteString(escape(string(rune(d.escaped(field[i+1])))))
			i += 2
		default:
			b.WriteString(escape(field[i : i+1]))
		}
	}
	return b.String()
}

// escaped gives the delimiter that an escape sequence stands for; 0 for none.
func (d Delimiters) escaped(letter byte) byte {
	switch letter {
	case 'F':
		return d.Field
	case 'S':
		return d.Component
	case 'R':
		return d.Repetition
	case 'E':
		return d.Escape
	case 'T':
		return d.Subcomponent
	}
	return 0
}

// Segment is one segment of a message.
type Segment struct {
	// Name is "PID" and so on.
	Name   string
	fields []string
	delims Delimiters
}

// Field returns a field with the standard delimiters; "" when it is absent.
// Fields of MSH are numbered as the norm does, MSH-1 being the separator.
func (s Segment) Field(n int) string {
	if s.Name == "MSH" {
		switch n {
		case 1:
			return string(rune(s.delims.Field))
		case 2: // not a value: delimiters are not escaped here
			return s.fields[1]
		}
		n--
	}
	if n < 1 || n >= len(s.fields) {
		return ""
	}
	return s.delims.canonical(s.fields[n])
}

// Fields returns how many fields the segment has, empty ones included, up to
// where it ends.
func (s Segment) Fields() int {
	if s.Name == "MSH" {
		return len(s.fields)
	}
	return len(s.fields) - 1
}

// Repetitions returns the repetitions of a field; nil when it is empty.
func (s Segment) Repetitions(n int) []string {
	f := s.Field(n)
	if f == "" {
		return nil
	}
	return strings.Split(f, "~")
}

// Select returns the segments that bear one of the names, in the order of the
// message. Segments end with CR, as the norm has it, or with LF or both; the
// block characters of MLLP and a byte order mark are ignored. A line that begins
// no segment goes on with the one above: senders break long values. What comes
// before an MSH, as a segment given alone, has the standard delimiters. More than
// 1024 segments, and more than 1 MiB in broken lines, are refused.
func Select(message string, names ...string) ([]Segment, error) {
	c := collector{wanted: func(name string) bool { return slices.Contains(names, name) }, maxJoined: maxJoined, delims: Standard}
	if err := c.read(message); err != nil {
		return nil, err
	}
	return c.out, nil
}

// collector puts the lines of a message together to segments.
type collector struct {
	wanted    func(name string) bool
	maxJoined int

	out    []Segment
	lines  []string // those of the segment that is being read; none when nobody asked for it
	joined int      // the bytes of lines
	delims Delimiters
}

func (c *collector) read(message string) error {
	message = strings.TrimPrefix(message, "\ufeff")
	first := true
	for line := range strings.FieldsFuncSeq(message, func(r rune) bool { return strings.ContainsRune(lineEnds, r) }) {
		wanted := len(line) >= 3 && c.wanted(line[:3])
		switch {
		case header(line, first):
			c.end()
			d, err := parseDelimiters(line)
			if err != nil {
				return err
			}
			c.delims = d
		case begins(line, c.delims.Field), len(line) == 3 && wanted && !c.inObservation():
			c.end()
		default:
			if len(c.lines) > 0 {
				if c.joined += len(line); c.joined > c.maxJoined {
					return errLong
				}
				c.lines = append(c.lines, line)
			}
			continue
		}
		first = false
		if wanted {
			if len(c.out) == maxSegments {
				return errMany
			}
			c.lines, c.joined = append(c.lines, line), len(line)
		}
	}
	c.end()
	return nil
}

// inObservation reports whether an OBX is being read: three letters alone may
// then be the end of a document in base64.
func (c *collector) inObservation() bool {
	return len(c.lines) > 0 && strings.HasPrefix(c.lines[0], "OBX")
}

func (c *collector) end() {
	if len(c.lines) > 0 {
		line := c.lines[0]
		if len(c.lines) > 1 {
			line = strings.Join(c.lines, "")
		}
		c.out = append(c.out, Segment{Name: line[:3], delims: c.delims, fields: strings.Split(line, string(rune(c.delims.Field)))})
	}
	c.lines = nil
}

// lineEnds are what ends a segment, the block characters of MLLP among it.
const lineEnds = "\r\n\x0b\x1c"

// Bounds on what a message makes the reader hold.
const (
	maxSegments = 1024
	maxJoined   = 1 << 20
)

var (
	errLong = errors.New("a segment is broken in lines and longer than any is")
	errMany = errors.New("there are more of these segments than any message has")
)

// header reports whether a line is an MSH segment, its delimiters good or bad.
// After the first segment, a line of base64 may begin with these letters.
func header(line string, first bool) bool {
	rest, ok := strings.CutPrefix(line, "MSH")
	return ok && (first || rest != "" && strings.IndexByte(base64Alphabet, rest[0]) < 0)
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

// begins reports whether a line begins a segment: a name of three characters and
// the separator.
func begins(line string, field byte) bool {
	if len(line) < 4 || line[3] != field || line[0] < 'A' || line[0] > 'Z' {
		return false
	}
	for _, c := range []byte(line[1:3]) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// FormatSegment writes a segment with the standard delimiters. Fields are
// numbered from 1 and hold encoded values; empty ones at the end are left out.
func FormatSegment(name string, fields map[int]string) string {
	last := 0
	for n, v := range fields {
		if v != "" {
			last = max(last, n)
		}
	}
	var b strings.Builder
	b.WriteString(name)
	for n := 1; n <= last; n++ {
		b.WriteByte('|')
		b.WriteString(fields[n])
	}
	return b.String()
}

// Repeat joins the repetitions of a field, empty ones left out.
func Repeat(values ...string) string {
	var b strings.Builder
	for _, v := range values {
		if v == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('~')
		}
		b.WriteString(v)
	}
	return b.String()
}

// Len returns the length of the segment in bytes.
func (s Segment) Len() int {
	n := len(s.fields) - 1
	for _, f := range s.fields {
		n += len(f)
	}
	return n
}
