package xmlw

import "strings"

// nameByte marks the ASCII bytes of a Name: 1 may follow, 3 may start, 0 for all others.
var nameByte = func() (t [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = 3, 3
	}
	t['_'] = 3
	for c := '0'; c <= '9'; c++ {
		t[c] = 1
	}
	t['-'], t['.'] = 1, 1
	return t
}()

// qname checks a name with an optional prefix (Namespaces in XML 1.0) and returns the index of its colon, -1 without
// prefix.
func qname(s string) (colon int, ok bool) {
	if s == "" || nameByte[s[0]] != 3 {
		return slowQName(s)
	}
	i := 1
	for i < len(s) && nameByte[s[i]] != 0 {
		i++
	}
	if i == len(s) {
		return -1, true
	}
	if colon = i; s[i] != ':' || i+1 == len(s) || nameByte[s[i+1]] != 3 {
		return slowQName(s)
	}
	for i += 2; i < len(s) && nameByte[s[i]] != 0; i++ {
	}
	if i < len(s) {
		return slowQName(s)
	}
	return colon, true
}

// slowQName is qname for names with other characters than ASCII.
func slowQName(s string) (colon int, ok bool) {
	colon = strings.IndexByte(s, ':')
	if colon < 0 {
		return colon, validNCName(s)
	}
	return colon, validNCName(s[:colon]) && validNCName(s[colon+1:])
}

func validNCName(s string) bool {
	if s == "" {
		return false
	}
	for i, r := range s {
		var k uint8
		if r < 0x80 {
			k = nameByte[r]
		} else {
			k = nameRune(r)
		}
		if k == 0 || i == 0 && k != 3 {
			return false
		}
	}
	return true
}

// nameRune classifies a non-ASCII character (XML 1.0 fifth edition, productions 4 and 4a).
func nameRune(r rune) uint8 {
	switch {
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r == 0x203F, r == 0x2040:
		return 1
	case r >= 0xC0 && r <= 0xD6, r >= 0xD8 && r <= 0xF6, r >= 0xF8 && r <= 0x2FF,
		r >= 0x370 && r <= 0x37D, r >= 0x37F && r <= 0x1FFF, r == 0x200C, r == 0x200D,
		r >= 0x2070 && r <= 0x218F, r >= 0x2C00 && r <= 0x2FEF, r >= 0x3001 && r <= 0xD7FF,
		r >= 0xF900 && r <= 0xFDCF, r >= 0xFDF0 && r <= 0xFFFC, r >= 0x10000 && r <= 0xEFFFF:
		return 3
	}
	return 0
}
