package xmlr

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

type textFlags uint8

const (
	hasRef   textFlags = 1 << iota // a reference to resolve
	hasCR                          // a line end to normalise
	hasGT                          // a '>' that canonical form escapes
	notBlank                       // something else than white space
	isCDATA                        // literal: '&' and '<' mean themselves
)

// Classes of bytes.
const (
	charPlain   = iota
	charSpace   // TAB, LF
	charCR      // CR
	charAmp     // &
	charLess    // <
	charGreater // >
	charMulti   // first byte of a multi-byte character
	charBad     // control character
)

var charClass = func() (t [256]uint8) {
	for i := range 0x20 {
		t[i] = charBad
	}
	t['\t'], t['\n'], t['\r'] = charSpace, charSpace, charCR
	t['&'], t['<'], t['>'] = charAmp, charLess, charGreater
	for i := 0x80; i < 0x100; i++ {
		t[i] = charMulti
	}
	return t
}()

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// ordinary returns the first index from i on whose byte is not ordinary text: a control character, '&', '<',
// '>' or a byte of a multi-byte character. It looks at eight bytes at a time.
func ordinary(b []byte, i int) int {
	for len(b)-i >= 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		angle := x&^(ones*2) ^ ones*0x3C // '<' 3C and '>' 3E differ in one bit
		amp := x ^ ones*'&'
		m := (x | (x-ones*0x20)&^x | (angle-ones)&^angle | (amp-ones)&^amp) & highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	for i < len(b) && charClass[b[i]] == charPlain {
		i++
	}
	return i
}

// text scans character data up to the next '<'.
func (s *Scanner) text() bool {
	b, i := s.src, s.pos
	var f textFlags
	for {
		j := ordinary(b, i)
		if f&notBlank == 0 && !spaces(b[i:j]) {
			f |= notBlank
		}
		if i = j; i >= len(b) {
			return s.truncated()
		}
		switch charClass[b[i]] {
		case charSpace:
			i++
		case charCR:
			f |= hasCR
			i++
		case charLess:
			s.bodyS, s.bodyE, s.flags = s.pos, i, f
			s.pos, s.kind = i, Text
			return true
		case charGreater:
			if i >= s.pos+2 && b[i-1] == ']' && b[i-2] == ']' {
				return s.fail(i-2, RuleSyntax, "']]>' in text")
			}
			f |= hasGT | notBlank
			i++
		case charAmp:
			_, n := s.reference(i)
			if n == 0 {
				return false
			}
			f |= hasRef | notBlank
			i += n
		case charMulti:
			n := s.multiByte(i)
			if n == 0 {
				return false
			}
			f |= notBlank
			i += n
		case charBad:
			return s.fail(i, RuleCharacter, "control character")
		default:
			i++
		}
	}
}

func spaces(b []byte) bool {
	for _, c := range b {
		if c != ' ' {
			return false
		}
	}
	return true
}

// multiByte returns the length of the character at i, 0 when it is refused.
func (s *Scanner) multiByte(i int) int {
	r, n := utf8.DecodeRune(s.src[i:])
	if r == utf8.RuneError && n <= 1 {
		s.badUTF8(i)
		return 0
	}
	if r == 0xFFFE || r == 0xFFFF {
		s.fail(i, RuleCharacter, "U+FFFE or U+FFFF")
		return 0
	}
	return n
}

// reference checks the reference at i and returns its character and its length, 0 when refused.
func (s *Scanner) reference(i int) (rune, int) {
	r, n := decodeReference(s.src[i:])
	if n > 0 {
		return r, n
	}
	tail := s.src[i:]
	if len(tail) <= maxReference && !bytes.ContainsAny(tail, ";<> \t\r\n\"'") {
		s.truncated()
		return 0, 0
	}
	s.fail(i, RuleEntity, "only predefined entities and character references are accepted")
	return 0, 0
}

// maxReference is the longest reference read: leading zeros are allowed, within reason.
const maxReference = 16

// decodeReference reads "&...;" at the start of b.
func decodeReference(b []byte) (rune, int) {
	end := bytes.IndexByte(b[:min(len(b), maxReference)], ';')
	if end < 2 {
		return 0, 0
	}
	switch name := b[1:end]; string(name) {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	default:
		if name[0] != '#' || len(name) < 2 {
			return 0, 0
		}
		r, ok := number(name[1:])
		if !ok {
			return 0, 0
		}
		return r, end + 1
	}
}

func number(digits []byte) (rune, bool) {
	base := rune(10)
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	var r rune
	for _, c := range digits {
		var d rune
		switch {
		case c >= '0' && c <= '9':
			d = rune(c - '0')
		case base == 16 && c >= 'a' && c <= 'f':
			d = rune(c-'a') + 10
		case base == 16 && c >= 'A' && c <= 'F':
			d = rune(c-'A') + 10
		default:
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, len(digits) > 0 && validChar(r)
}

// validChar is production 2 of XML 1.0.
func validChar(r rune) bool {
	switch {
	case r < 0x20:
		return r == '\t' || r == '\n' || r == '\r'
	case r >= 0xD800 && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= utf8.MaxRune
}

// appendTextValue appends the text that raw stands for.
func appendTextValue(dst, raw []byte, f textFlags) []byte {
	literal := f&isCDATA != 0 || f&hasRef == 0
	for {
		i := 0
		for i < len(raw) && raw[i] != '\r' && (literal || raw[i] != '&') {
			i++
		}
		dst = append(dst, raw[:i]...)
		if i == len(raw) {
			return dst
		}
		if raw[i] == '\r' {
			dst = append(dst, '\n')
			if i++; i < len(raw) && raw[i] == '\n' {
				i++
			}
			raw = raw[i:]
			continue
		}
		r, n := decodeReference(raw[i:])
		dst = utf8.AppendRune(dst, r)
		raw = raw[i+n:]
	}
}

// appendAttrValue appends the normalised value of an attribute (XML 1.0, 3.3.3, for CDATA attributes).
func appendAttrValue(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		switch c := raw[i]; c {
		case '\t', '\n':
			dst = append(dst, ' ')
			i++
		case '\r':
			dst = append(dst, ' ')
			if i++; i < len(raw) && raw[i] == '\n' {
				i++
			}
		case '&':
			r, n := decodeReference(raw[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		default:
			dst = append(dst, c)
			i++
		}
	}
	return dst
}
