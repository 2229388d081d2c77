package whitelist

import (
	"golang.org/x/net/idna"
)

// maxDomain is the longest name of a domain (RFC 1035), in ASCII.
const maxDomain = 253

// normalize appends the lower-case ASCII form of a domain to dst. It refuses what cannot be the domain of a mail
// address: no label, an empty one, one too long, other characters than letters, digits and hyphens.
func normalize(dst []byte, domain string) ([]byte, bool) {
	start := len(dst)
	dst, ok := lower(dst, domain)
	return dst, ok && wellFormed(dst[start:])
}

// lower appends the lower-case ASCII form of a domain to dst, whatever its characters: enough to look it up among names
// that are well formed.
func lower(dst []byte, domain string) ([]byte, bool) {
	if len(domain) > maxDomain {
		return nil, false
	}
	start := len(dst)
	for i := range len(domain) {
		c := domain[i]
		if c-'A' < 26 {
			c |= 0x20
		} else if c >= 0x80 {
			// The slow way: IDNA 2008 with the mappings of lookup (UTS 46).
			ascii, err := idna.Lookup.ToASCII(domain)
			if err != nil || len(ascii) > maxDomain {
				return nil, false
			}
			return append(dst[:start], ascii...), true
		}
		dst = append(dst, c)
	}
	return dst, true
}

// wellFormed looks at a lower-case ASCII name.
func wellFormed(name []byte) bool {
	label, dots := 0, 0
	for i, c := range name {
		switch {
		case c == '.':
			if label == 0 || name[i-1] == '-' {
				return false
			}
			label = 0
			dots++
			continue
		case c == '-':
			if label == 0 {
				return false
			}
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return dots > 0 && label > 0 && name[len(name)-1] != '-'
}
