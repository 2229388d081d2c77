package credential

import (
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// maxDNBytes and maxAttributes bound a name: comparing two is quadratic in the
// attributes of an RDN.
const (
	maxDNBytes    = 8 << 10
	maxAttributes = 64
)

// ParseDN reads a name in text form (RFC 4514), blanks allowed around
// separators, short names of common tools accepted. The order is kept.
func ParseDN(s string) (DN, error) {
	const op = "credential.ParseDN"
	if len(s) > maxDNBytes {
		return nil, invalid(op, "name", "is longer than 8 KiB")
	}
	var (
		dn  DN
		rdn []Attribute
		n   int
	)
	for rest := s; ; {
		if n++; n > maxAttributes {
			return nil, invalid(op, "name", "has more than 64 attributes")
		}
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			return nil, invalid(op, "name", "an attribute has no value")
		}
		oid, ok := attributeType(strings.TrimSpace(name))
		if !ok {
			return nil, invalid(op, "name", "holds an unknown attribute type")
		}
		value, end, ok := cutValue(after)
		if !ok {
			return nil, invalid(op, "name", "holds a badly escaped value")
		}
		a := Attribute{OID: oid, Value: value}
		if strings.HasPrefix(strings.TrimLeft(after, " "), "#") {
			var v asn1.RawValue
			der, err := hex.DecodeString(value[1:])
			if err == nil {
				der, err = asn1.Unmarshal(der, &v)
			}
			if err != nil || len(der) != 0 {
				return nil, invalid(op, "name", "holds a badly encoded value")
			}
			a = decodeAttribute(oid, v)
		} else if !utf8.ValidString(value) {
			return nil, invalid(op, "name", "holds a value that is not UTF-8")
		}
		rdn = append(rdn, a)
		if end == "" || end[0] != '+' {
			dn, rdn = append(dn, rdn), nil
		}
		if end == "" {
			return dn, nil
		}
		rest = end[1:]
	}
}

func attributeType(name string) (segur.OID, bool) {
	name = strings.ToUpper(name)
	if oid, ok := readNames[name]; ok {
		return oid, true
	}
	oid := segur.OID(strings.TrimPrefix(name, "OID."))
	return oid, oid.Valid()
}

// cutValue reads a value up to an unescaped separator and returns the rest,
// separator included.
func cutValue(s string) (value, rest string, ok bool) {
	s = strings.TrimLeft(s, " ")
	if strings.HasPrefix(s, `"`) {
		return cutQuoted(s[1:])
	}
	var b []byte
	kept := 0 // length that trailing blanks do not shorten
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ',', ';', '+':
			return string(b[:max(kept, len(strings.TrimRight(string(b), " ")))]), s[i:], true
		case '\\':
			char, n, ok := unescape(s[i+1:])
			if !ok {
				return "", "", false
			}
			b = append(b, char)
			kept = len(b)
			i += n
		default:
			b = append(b, c)
		}
	}
	return string(b[:max(kept, len(strings.TrimRight(string(b), " ")))]), "", true
}

func cutQuoted(s string) (value, rest string, ok bool) {
	var b []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			rest = strings.TrimLeft(s[i+1:], " ")
			return string(b), rest, rest == "" || strings.IndexByte(",;+", rest[0]) >= 0
		case '\\':
			char, n, ok := unescape(s[i+1:])
			if !ok {
				return "", "", false
			}
			b = append(b, char)
			i += n
		default:
			b = append(b, c)
		}
	}
	return "", "", false
}

// unescape reads what follows a backslash: two hexadecimal digits or one
// character.
func unescape(s string) (char byte, n int, ok bool) {
	if len(s) >= 2 {
		if b, err := hex.DecodeString(s[:2]); err == nil {
			return b[0], 2, true
		}
	}
	if s == "" {
		return 0, 0, false
	}
	return s[0], 1, true
}
