package xmlw

import "strings"

// nameByte marks the ASCII bytes of a Name: 1 may follow, 3 may start.
var nameByte = func() (t [128]uint8) {
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

// validQName checks a name with an optional prefix (Namespaces in XML 1.0).
func validQName(s string) bool {
	if i := strings.IndexByte(s, ':'); i >= 0 {
		return validNCName(s[:i]) && validNCName(s[i+1:])
	}
	return validNCName(s)
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
