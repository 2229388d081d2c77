package dicomweb

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// codeSet is one coded character set of a Specific Character Set (PS3.3
// C.12.1.1.2), seen through an encoding of x/text that holds it: the characters
// are width bytes, which that encoding has with their upper bit set and behind
// prefix.
type codeSet struct {
	table  encoding.Encoding // nil: ASCII
	escape string            // what follows ESC to invoke it (ISO 2022)
	lower  bool              // invoked as G0, in bytes below 0x80
	width  int
	prefix byte
}

// codeSets are the sets of PS3.3 tables C.12-2 to C.12-4 by their ISO-IR number.
var codeSets = map[string]*codeSet{
	"6":   {escape: "(B", lower: true},
	"100": {table: charmap.ISO8859_1, escape: "-A", width: 1},
	"101": {table: charmap.ISO8859_2, escape: "-B", width: 1},
	"109": {table: charmap.ISO8859_3, escape: "-C", width: 1},
	"110": {table: charmap.ISO8859_4, escape: "-D", width: 1},
	"126": {table: charmap.ISO8859_7, escape: "-F", width: 1},
	"127": {table: charmap.ISO8859_6, escape: "-G", width: 1},
	"138": {table: charmap.ISO8859_8, escape: "-H", width: 1},
	"144": {table: charmap.ISO8859_5, escape: "-L", width: 1},
	"148": {table: charmap.ISO8859_9, escape: "-M", width: 1},
	"166": {table: charmap.Windows874, escape: "-T", width: 1},
	"203": {table: charmap.ISO8859_15, escape: "-b", width: 1},
	"13":  {table: japanese.EUCJP, escape: ")I", width: 1, prefix: 0x8E},
	"87":  {table: japanese.EUCJP, escape: "$B", lower: true, width: 2},
	"159": {table: japanese.EUCJP, escape: "$(D", lower: true, width: 2, prefix: 0x8F},
	"149": {table: korean.EUCKR, escape: "$)C", width: 2},
	"58":  {table: simplifiedchinese.GBK, escape: "$)A", width: 2},
}

// charset is a Specific Character Set.
type charset struct {
	whole   encoding.Encoding // GB18030, GBK: no escapes
	utf8    bool
	g1      *codeSet   // of the upper half at the start of each value; nil: none
	invoked []*codeSet // those that an escape sequence may invoke
}

// defaultCharset is that of a data set without (0008,0005).
var defaultCharset = &charset{}

// findCharset reads the values of (0008,0005). Spellings that differ in blanks,
// underscores and hyphens are accepted. ok is false when a term is not known:
// the charset then holds those that are.
func findCharset(terms []string) (c *charset, ok bool) {
	c, ok = &charset{}, true
	for i, term := range terms {
		name := strings.Join(strings.FieldsFunc(strings.ToUpper(term), func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == 0 }), " ")
		switch {
		case name == "": // of several terms, the first may be empty: ASCII
			continue
		case name == "ISO IR 192" || name == "GB18030" || name == "GBK" || name == "GB2312":
			if i > 0 || len(terms) > 1 {
				ok = false
			}
			c.utf8 = name == "ISO IR 192"
			c.whole = map[string]encoding.Encoding{"GB18030": simplifiedchinese.GB18030, "GBK": simplifiedchinese.GBK, "GB2312": simplifiedchinese.GBK}[name]
			return c, ok
		}
		number, found := strings.CutPrefix(name, "ISO IR ")
		if !found {
			number, found = strings.CutPrefix(name, "ISO 2022 IR ")
		}
		set := codeSets[number]
		switch {
		case !found || set == nil:
			ok = false
		case set.table == nil:
		case i == 0 && !set.lower && set.width == 1:
			c.g1 = set
		}
		if set != nil && len(terms) > 1 || set != nil && set.width == 2 {
			c.invoked = append(c.invoked, set)
		}
	}
	return c, ok
}

// delimiters are the characters of a text of vr that put the character set back
// to its initial state (PS3.5 6.1.2.5.3), beside the ends of lines.
func delimiters(vr VR) string {
	switch {
	case vr == PN:
		return `\^=`
	case vr.singleText():
		return ""
	}
	return `\`
}

func isASCII[S string | []byte](s S) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == 0x1B {
			return false
		}
	}
	return true
}

// decode gives the text of bytes. It never fails: bytes that have no character
// become U+FFFD. Where the data set names no character set that covers them,
// they are UTF-8 when they read as such, else Windows-1252; the latter also
// gives the bytes 0x80 to 0x9F of Latin-1, which has no characters there.
func (c *charset) decode(b []byte, delims string) string {
	switch {
	case isASCII(b):
		return string(b)
	case c.whole != nil:
		return decodeWith(c.whole, b)
	case (c.utf8 || c.g1 == nil && len(c.invoked) == 0) && utf8.Valid(b):
		return string(b)
	case c.utf8:
		return decodeWith(charmap.Windows1252, b)
	}
	return c.decodeEscapes(b, delims)
}

func decodeWith(e encoding.Encoding, b []byte) string {
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

// decodeEscapes reads text in which escape sequences change the character set
// (ISO 2022); known ones are followed even when (0008,0005) does not name them.
func (c *charset) decodeEscapes(b []byte, delims string) string {
	var out strings.Builder
	var g0 *codeSet
	g1 := c.g1
	for i := 0; i < len(b); {
		ch := b[i]
		if set := escapeAt(b[i:]); set != nil {
			i += 1 + len(set.escape)
			switch {
			case set.table == nil:
				g0 = nil
			case set.lower:
				g0 = set
			default:
				g1 = set
			}
			continue
		}
		if ch < 0x80 && (g0 == nil || ch <= ' ' || i+1 == len(b) || b[i+1] <= ' ' || b[i+1] >= 0x80) {
			if ch == '\n' || ch == '\r' || ch == '\t' || ch == '\f' || g0 == nil && strings.IndexByte(delims, ch) >= 0 {
				g0, g1 = nil, c.g1
			}
			out.WriteByte(ch)
			i++
			continue
		}
		set := g1
		if ch < 0x80 {
			set = g0
		}
		if set == nil {
			out.WriteString(decodeWith(charmap.Windows1252, b[i:i+1]))
			i++
			continue
		}
		n := 1
		for n < set.width && i+n < len(b) && (b[i+n] < 0x80) == (ch < 0x80) {
			n++
		}
		if n < set.width { // a cut character: what follows is not a part of it
			out.WriteRune(utf8.RuneError)
		} else {
			out.WriteString(set.decode(b[i : i+n]))
		}
		i += n
	}
	return out.String()
}

// escapeAt returns the set that the escape sequence at the head of b invokes.
func escapeAt(b []byte) *codeSet {
	if len(b) < 3 || b[0] != 0x1B {
		return nil
	}
	if b[1] == '(' && b[2] == 'J' { // JIS X 0201 romaji: taken as ASCII
		return codeSets["6"]
	}
	for _, set := range codeSets {
		if len(b) > len(set.escape) && string(b[1:1+len(set.escape)]) == set.escape {
			return set
		}
	}
	return nil
}

// decode gives the text of one character.
func (s *codeSet) decode(b []byte) string {
	if s.table == charmap.ISO8859_1 && b[0] < 0xA0 {
		return decodeWith(charmap.Windows1252, b)
	}
	raw := make([]byte, 0, 3)
	if s.prefix != 0 {
		raw = append(raw, s.prefix)
	}
	for _, x := range b {
		raw = append(raw, x|0x80)
	}
	return decodeWith(s.table, raw)
}

// encode gives the bytes of a character.
func (s *codeSet) encode(r rune) ([]byte, bool) {
	if s.table == nil {
		return nil, false
	}
	b, err := s.table.NewEncoder().Bytes([]byte(string(r)))
	if err != nil {
		return nil, false
	}
	if s.prefix != 0 {
		if len(b) == 0 || b[0] != s.prefix {
			return nil, false
		}
		b = b[1:]
	}
	if len(b) != s.width {
		return nil, false
	}
	for i := range b {
		if b[i] <= 0xA0 && (b[i] < 0xA0 || s.width > 1) {
			return nil, false
		}
		if s.lower {
			b[i] &= 0x7F
		}
	}
	return b, true
}

// appendText appends the bytes of s; ok is false when the character set has not
// all its characters.
func (c *charset) appendText(dst []byte, s, delims string) (out []byte, ok bool) {
	switch {
	case isASCII(s):
		return append(dst, s...), true
	case !utf8.ValidString(s):
		return dst, false
	case c.utf8:
		return append(dst, s...), true
	case c.whole != nil:
		b, err := c.whole.NewEncoder().String(s)
		return append(dst, b...), err == nil
	}
	var g0 *codeSet
	g1 := c.g1
	for _, r := range s {
		if r < utf8.RuneSelf {
			if r == 0x1B {
				return dst, false
			}
			if g0 != nil {
				dst, g0 = append(dst, "\x1B(B"...), nil
			}
			if r == '\n' || r == '\r' || r == '\t' || r == '\f' || strings.ContainsRune(delims, r) {
				g1 = c.g1
			}
			dst = append(dst, byte(r))
			continue
		}
		var b []byte
		var set *codeSet
		found := false
		for i := -2; i < len(c.invoked) && !found; i++ { // what is invoked already comes first
			switch i {
			case -2:
				set = g0
			case -1:
				set = g1
			default:
				set = c.invoked[i]
			}
			if set != nil {
				b, found = set.encode(r)
			}
		}
		if !found {
			return dst, false
		}
		if set != g0 && set != g1 {
			dst = append(append(dst, 0x1B), set.escape...)
			if set.lower {
				g0 = set
			} else {
				g1 = set
			}
		}
		dst = append(dst, b...)
	}
	if g0 != nil {
		dst = append(dst, "\x1B(B"...)
	}
	return dst, true
}
