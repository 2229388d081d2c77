package xmlw

import (
	"fmt"
	"unicode/utf8"
)

// Byte classes of character data.
const (
	plain    = iota
	escText  // escaped in text
	escAttr  // escaped in attributes
	escBoth  // escaped in both
	multi    // first byte of a multi-byte character
	unwanted // control character
)

var class = func() (t [256]uint8) {
	for i := range 0x20 {
		t[i] = unwanted
	}
	t['\t'], t['\n'], t['"'] = escAttr, escAttr, escAttr
	t['\r'], t['&'], t['<'] = escBoth, escBoth, escBoth
	t['>'] = escText
	for i := 0x80; i < 0x100; i++ {
		t[i] = multi
	}
	return t
}()

var entity = [256]string{
	'\t': "&#x9;", '\n': "&#xA;", '\r': "&#xD;", '"': "&quot;", '&': "&amp;", '<': "&lt;", '>': "&gt;",
}

// value writes text (escText) or the value of an attribute (escAttr); it fails on what XML forbids.
func (w *Writer) value(s string, where uint8) {
	for {
		b := w.room(len(s))
		i := putPlain(b, s)
		w.n += i
		if i == len(s) {
			return
		}
		c := s[i]
		switch k := class[c]; {
		case k == multi:
			size := multiByte(s, i)
			if size == 0 {
				w.badCharacter()
				return
			}
			w.n += copy(b[i:], s[i:i+size])
			i += size
		case k == unwanted:
			w.fail(fmt.Sprintf("character U+%04X is not allowed in XML 1.0", c), nil)
			return
		case k == where || k == escBoth:
			add(w, entity[c])
			i++
		default:
			b[i] = c
			w.n++
			i++
		}
		s = s[i:]
	}
}

// verbatim writes the text of a comment or instruction, where nothing can be escaped.
func (w *Writer) verbatim(s string) {
	for i := 0; i < len(s); {
		switch k := class[s[i]]; {
		case k == multi:
			n := multiByte(s, i)
			if n == 0 {
				w.badCharacter()
				return
			}
			i += n
		case k == unwanted || s[i] == '\r':
			w.fail(fmt.Sprintf("character U+%04X is not allowed here", s[i]), nil)
			return
		default:
			i++
		}
	}
	add(w, s)
}

// multiByte returns the length of the well-formed character at s[i], 0 when it is not UTF-8 or is one that
// XML 1.0 forbids (U+FFFE, U+FFFF; surrogates are not UTF-8).
func multiByte(s string, i int) int {
	if c := s[i]; c >= 0xC2 && c <= 0xDF { // of two bytes: Latin letters
		if i+1 < len(s) && s[i+1]&0xC0 == 0x80 {
			return 2
		}
		return 0
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	if r == utf8.RuneError && size <= 1 || r == 0xFFFE || r == 0xFFFF {
		return 0
	}
	return size
}

func (w *Writer) badCharacter() {
	w.fail("text is not UTF-8, or holds U+FFFE or U+FFFF", nil)
}
