package xmlr

import (
	"bytes"
	"strings"
)

// verbatim checks text in which nothing is escaped, up to the terminator; it returns the offset of the
// terminator and what the text holds.
func (s *Scanner) verbatim(from int, terminator string) (int, textFlags) {
	n := bytes.Index(s.src[from:], []byte(terminator))
	end := from + n
	if n < 0 {
		end = len(s.src)
	}
	var f textFlags
	for i := from; i < end; {
		i = ordinary(s.src[:end], i)
		if i >= end {
			break
		}
		switch charClass[s.src[i]] {
		case charCR:
			f |= hasCR
			i++
		case charMulti:
			n := s.multiByte(i)
			if n == 0 {
				return -1, 0
			}
			i += n
		case charBad:
			s.fail(i, RuleCharacter, "control character")
			return -1, 0
		default:
			i++
		}
	}
	if n < 0 {
		s.truncated()
		return -1, 0
	}
	return end, f
}

func (s *Scanner) comment() bool {
	from := s.pos + len("<!--")
	end, f := s.verbatim(from, "--")
	if end < 0 {
		return false
	}
	if end+2 >= len(s.src) {
		return s.truncated()
	}
	if s.src[end+2] != '>' {
		return s.fail(end, RuleSyntax, "'--' in a comment")
	}
	s.bodyS, s.bodyE, s.flags = from, end, f
	s.pos, s.kind = end+3, Comment
	return true
}

func (s *Scanner) cdata() bool {
	if len(s.stack) == 0 {
		return s.fail(s.pos, RuleSyntax, "text outside of the root element")
	}
	from := s.pos + len("<![CDATA[")
	end, f := s.verbatim(from, "]]>")
	if end < 0 {
		return false
	}
	s.bodyS, s.bodyE, s.flags = from, end, f|isCDATA|notBlank
	s.pos, s.kind = end+3, Text
	return true
}

func (s *Scanner) instruction() bool {
	end, local := s.name(s.pos + 2)
	if end < 0 {
		return false
	}
	if local != s.pos+2 {
		return s.fail(s.pos, RuleNamespace, "colon in the target of a processing instruction")
	}
	if strings.EqualFold(string(s.src[s.pos+2:end]), "xml") {
		return s.fail(s.pos, RuleSyntax, "XML declaration misplaced")
	}
	s.nameS, s.nameE, s.local = s.pos+2, end, s.pos+2
	from := s.space1(end)
	if from == end {
		rest := s.src[end:]
		if len(rest) < 2 && bytes.HasPrefix([]byte("?>"), rest) {
			return s.truncated()
		}
		if !bytes.HasPrefix(rest, []byte("?>")) {
			return s.fail(end, RuleSyntax, "white space expected in a processing instruction")
		}
	}
	stop, f := s.verbatim(from, "?>")
	if stop < 0 {
		return false
	}
	s.bodyS, s.bodyE, s.flags = from, stop, f
	s.pos, s.kind = stop+2, PI
	return true
}

// declaration reads <?xml version="1.0" encoding="..." standalone="..."?> when present.
func (s *Scanner) declaration() {
	rest := s.src[s.pos:]
	if !bytes.HasPrefix(rest, []byte("<?xml")) || len(rest) < 6 || nameByte[rest[5]] != 0 || rest[5] == ':' {
		return
	}
	end := bytes.Index(rest, []byte("?>"))
	if end < 0 {
		s.truncated()
		return
	}
	at, step := s.pos, 0
	body := string(rest[5:end])
	for {
		trimmed := strings.TrimLeft(body, " \t\r\n")
		if trimmed == "" {
			break
		}
		key, value, tail, ok := pseudoAttribute(trimmed)
		if !ok || len(trimmed) == len(body) {
			s.fail(at, RuleSyntax, "malformed XML declaration")
			return
		}
		body = tail
		switch {
		case key == "version" && step == 0:
			if value != "1.0" {
				s.fail(at, RuleSyntax, "only XML 1.0 is accepted")
				return
			}
			step = 1
		case key == "encoding" && step == 1:
			if !strings.EqualFold(value, "UTF-8") && !strings.EqualFold(value, "US-ASCII") && !strings.EqualFold(value, "ASCII") {
				s.fail(at, RuleEncoding, "only UTF-8 is accepted")
				return
			}
			step = 2
		case key == "standalone" && (step == 1 || step == 2) && (value == "yes" || value == "no"):
			step = 3
		default:
			s.fail(at, RuleSyntax, "malformed XML declaration")
			return
		}
	}
	if step == 0 {
		s.fail(at, RuleSyntax, "malformed XML declaration")
		return
	}
	s.pos += end + 2
}

func pseudoAttribute(s string) (key, value, tail string, ok bool) {
	key, rest, ok := strings.Cut(s, "=")
	if !ok {
		return "", "", "", false
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return "", "", "", false
	}
	value, tail, ok = strings.Cut(rest[1:], rest[:1])
	return strings.TrimRight(key, " \t\r\n"), value, tail, ok
}

// Classes of name bytes.
const (
	namePart  = 1
	nameStart = 3
	nameMulti = 4
)

var nameByte = func() (t [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = nameStart, nameStart
	}
	t['_'] = nameStart
	for c := '0'; c <= '9'; c++ {
		t[c] = namePart
	}
	t['-'], t['.'] = namePart, namePart
	for i := 0x80; i < 0x100; i++ {
		t[i] = nameMulti
	}
	return t
}()

// nameRune classifies a non-ASCII character (XML 1.0 fifth edition, productions 4 and 4a).
func nameRune(r rune) uint8 {
	switch {
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r == 0x203F, r == 0x2040:
		return namePart
	case r >= 0xC0 && r <= 0xD6, r >= 0xD8 && r <= 0xF6, r >= 0xF8 && r <= 0x2FF,
		r >= 0x370 && r <= 0x37D, r >= 0x37F && r <= 0x1FFF, r == 0x200C, r == 0x200D,
		r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF, r >= 0x3001 && r <= 0xD7FF,
		r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFD, r >= 0x10000 && r <= 0xEFFFF:
		return nameStart
	}
	return 0
}

// interner gives one string for equal byte slices, so that names and codes met again cost nothing.
type interner struct{ slot [256]string }

func (t *interner) get(b []byte) string {
	n := len(b)
	if n == 0 {
		return ""
	}
	if n > 128 {
		return string(b)
	}
	h := uint32(n)
	for _, c := range b {
		h = h*31 + uint32(c)
	}
	p := &t.slot[(h^h>>8)&0xFF]
	if *p != string(b) {
		*p = string(b)
	}
	return *p
}
