package hl7

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Message is a message cut in its segments. It knows no structure: what follows
// what is the reader's business.
type Message struct {
	// Segments are in the order of the message; the first one is MSH.
	Segments []Segment
	// Note says what was odd about the character set; "" when nothing was.
	Note string
}

var (
	errNoHeader = errors.New("the message does not begin with an MSH segment")
	errSeveral  = errors.New("there are several messages: one MSH segment begins each")
)

// ReadMessage reads one message of at most 1024 segments, in UTF-8, ISO 8859-1
// or ISO 8859-15, with its own delimiters. Lines that begin no segment go on with
// the one above, as in [Select], without a bound of their own: the caller bounds
// the message.
func ReadMessage(message []byte) (*Message, error) {
	text, note, err := decodeText(message)
	if err != nil {
		return nil, err
	}
	text = strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n\x0b")
	if !strings.HasPrefix(text, "MSH") {
		return nil, errNoHeader
	}
	c := collector{wanted: func(string) bool { return true }, maxJoined: len(text), delims: Standard}
	if err := c.read(text); err != nil {
		return nil, err
	}
	for _, s := range c.out[1:] {
		if s.Name == "MSH" {
			return nil, errSeveral
		}
	}
	return &Message{Segments: c.out, Note: note}, nil
}

// ReadHeader reads the MSH segment alone, of a message whose rest may be
// unreadable: what an acknowledgement is made of.
func ReadHeader(message []byte) (Segment, error) {
	line := strings.TrimLeft(strings.TrimPrefix(string(message[:min(len(message), maxHeader)]), "\ufeff"), " \t\r\n\x0b")
	if end := strings.IndexAny(line, lineEnds); end >= 0 {
		line = line[:end]
	}
	if !strings.HasPrefix(line, "MSH") {
		return Segment{}, errNoHeader
	}
	if !utf8.ValidString(line) {
		line = latin([]byte(line), false)
	}
	delims, err := parseDelimiters(line)
	if err != nil {
		return Segment{}, err
	}
	return Segment{Name: "MSH", delims: delims, fields: strings.Split(line, string(rune(delims.Field)))}, nil
}

// maxHeader bounds an MSH segment, in bytes.
const maxHeader = 16 << 10

// First returns the first segment of a name; the zero Segment, all of whose
// fields are empty, when there is none.
func (m *Message) First(name string) (Segment, bool) {
	for _, s := range m.Segments {
		if s.Name == name {
			return s, true
		}
	}
	return Segment{}, false
}

// Value returns a component of the first repetition of a field, unescaped and
// without surrounding blanks. Components count from 1. The HL7 null, "", is no
// value.
func (s Segment) Value(field, component int) string {
	first, _, _ := strings.Cut(s.Field(field), "~")
	return Component(first, component)
}

// Component returns a component of one repetition of a field, as
// [Segment.Value] does.
func Component(repetition string, n int) string {
	rest := repetition
	for ; n > 1; n-- {
		var found bool
		if _, rest, found = strings.Cut(rest, "^"); !found {
			return ""
		}
	}
	rest, _, _ = strings.Cut(rest, "^")
	if rest = strings.TrimSpace(unescape(rest)); rest == `""` {
		return ""
	}
	return rest
}

// Escape writes a text as a component with the standard delimiters.
func Escape(s string) string { return escape(s) }
