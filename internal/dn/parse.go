package dn

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"
)

const maxBytes = 8 << 10

var (
	errTooLong  = errors.New("is longer than 8 KiB")
	errNoValue  = errors.New("an attribute has no value")
	errType     = errors.New("holds an unknown attribute type")
	errEscape   = errors.New("holds a badly escaped value")
	errEncoding = errors.New("holds a badly encoded value")
	errUTF8     = errors.New("holds a value that is not UTF-8")
)

// Parse reads a name in text form (RFC 4514) and what peers write: blanks around separators, ";", quotes, short names
// of common tools in any case, dotted OIDs, #hex values. The order is kept. Errors never hold a value.
func Parse(text string) (Name, error) {
	if len(text) > maxBytes {
		return nil, errTooLong
	}
	var (
		n     Name
		rdn   []Attribute
		count int
	)
	for rest := text; ; {
		if count++; count > maxAttributes {
			return nil, errTooMany
		}
		a, end, err := parseAttribute(rest)
		if err != nil {
			return nil, err
		}
		rdn = append(rdn, a)
		if end == "" || end[0] != '+' {
			n, rdn = append(n, rdn), nil
		}
		if end == "" {
			return n, nil
		}
		rest = end[1:]
	}
}

// parseAttribute reads one attribute and returns what follows, separator included.
func parseAttribute(s string) (a Attribute, rest string, err error) {
	name, after, ok := strings.Cut(s, "=")
	if !ok {
		return a, "", errNoValue
	}
	oid, ok := attributeType(strings.TrimSpace(name))
	if !ok {
		return a, "", errType
	}
	value, rest, ok := cutValue(after)
	if !ok {
		return a, "", errEscape
	}
	if !strings.HasPrefix(strings.TrimLeft(after, " "), "#") {
		if !utf8.ValidString(value) {
			return a, "", errUTF8
		}
		return Attribute{Type: oid, Value: value}, rest, nil
	}
	var v asn1.RawValue
	der, err := hex.DecodeString(value[1:])
	if err == nil {
		der, err = asn1.Unmarshal(der, &v)
	}
	if err != nil || len(der) != 0 {
		return a, "", errEncoding
	}
	return decodeValue(oid, v), rest, nil
}

func attributeType(name string) (string, bool) {
	name = strings.ToUpper(name)
	if oid, ok := readNames[name]; ok {
		return oid, true
	}
	oid := strings.TrimPrefix(name, "OID.")
	_, err := x509.ParseOID(oid)
	return oid, err == nil
}

// cutValue reads a value up to an unescaped separator and returns the rest, separator included.
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

// unescape reads what follows a backslash: two hexadecimal digits or one character.
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
