// Package dn reads, writes and compares distinguished names: the subjects of certificates and their text in assertions
// and signatures. pkix.Name cannot serve: it loses parts with several values, their order and their encoding.
package dn

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Attribute types of IGC-Santé subjects (RFC 4519).
const (
	CommonName   = "2.5.4.3"
	Surname      = "2.5.4.4"
	Country      = "2.5.4.6"
	Locality     = "2.5.4.7"
	State        = "2.5.4.8"
	Organization = "2.5.4.10"
	Unit         = "2.5.4.11"
	Title        = "2.5.4.12"
	GivenName    = "2.5.4.42"
)

const serialNumber = "2.5.4.5"

// maxAttributes bounds a name: comparing two is quadratic in the attributes of an RDN.
const maxAttributes = 64

// Name is a distinguished name, RDN by RDN, each with one or more attributes. Decode puts the most specific one first.
type Name [][]Attribute

// Attribute is one attribute of a name.
type Attribute struct {
	Type string // dotted decimal
	// Value is the text, or "#" and the hexadecimal DER of a value that is not text.
	Value string
	// DER is the encoded value, when there was one.
	DER []byte
	// Opaque tells that the value is not text.
	Opaque bool
}

type rawAttribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type rawRDNSET []rawAttribute // the suffix tells encoding/asn1 that it is a SET

var (
	errNotName = errors.New("is not a distinguished name")
	errTooMany = errors.New("has more than 64 attributes")
)

// Decode reads a DER name (Certificate.RawSubject, RawIssuer), most specific RDN first.
func Decode(der []byte) (Name, error) {
	var seq []rawRDNSET
	if rest, err := asn1.Unmarshal(der, &seq); err != nil || len(rest) != 0 {
		return nil, errNotName
	}
	n, count := make(Name, 0, len(seq)), 0
	for _, set := range slices.Backward(seq) {
		if len(set) == 0 {
			return nil, errNotName
		}
		if count += len(set); count > maxAttributes {
			return nil, errTooMany
		}
		rdn := make([]Attribute, len(set))
		for i, a := range set {
			rdn[i] = decodeValue(a.Type.String(), a.Value)
		}
		n = append(n, rdn)
	}
	return n, nil
}

func decodeValue(oid string, v asn1.RawValue) Attribute {
	a := Attribute{Type: oid, DER: v.FullBytes}
	text, ok := decodeText(v)
	if !ok {
		text, a.Opaque = "#"+hex.EncodeToString(v.FullBytes), true
	}
	a.Value = text
	return a
}

// decodeText reads the string types of X.520. Teletex is read as Latin-1, as every tool does.
func decodeText(v asn1.RawValue) (string, bool) {
	if v.Class != asn1.ClassUniversal || v.IsCompound {
		return "", false
	}
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagNumericString:
		return string(v.Bytes), utf8.Valid(v.Bytes)
	case asn1.TagT61String:
		r := make([]rune, len(v.Bytes))
		for i, b := range v.Bytes {
			r[i] = rune(b)
		}
		return string(r), true
	case asn1.TagBMPString:
		u := make([]uint16, 0, len(v.Bytes)/2)
		for i := 0; i+1 < len(v.Bytes); i += 2 {
			u = append(u, uint16(v.Bytes[i])<<8|uint16(v.Bytes[i+1]))
		}
		return string(utf16.Decode(u)), len(v.Bytes)%2 == 0
	}
	return "", false
}

// All returns the values of one attribute type, in the order of the name. What is not text is left out.
func (n Name) All(oid string) []string {
	var out []string
	for _, rdn := range n {
		for _, a := range rdn {
			if a.Type == oid && !a.Opaque {
				out = append(out, a.Value)
			}
		}
	}
	return out
}

// First returns the first value of one attribute type, or "".
func (n Name) First(oid string) string {
	if all := n.All(oid); len(all) > 0 {
		return all[0]
	}
	return ""
}

// Equal compares RDN by RDN, values without regard to case and repeated blanks (RFC 4518, simplified), order of
// attributes inside an RDN ignored. A name written in the opposite order is equal: services write both.
func (n Name) Equal(other Name) bool {
	if len(n) != len(other) {
		return false
	}
	same, reversed := true, true
	for i := range n {
		same = same && equalRDN(n[i], other[i])
		reversed = reversed && equalRDN(n[i], other[len(n)-1-i])
	}
	return same || reversed
}

func equalRDN(a, b []Attribute) bool {
	if len(a) != len(b) {
		return false
	}
	used := make([]bool, len(b))
	for _, x := range a {
		found := false
		for i, y := range b {
			if !used[i] && x.Type == y.Type && x.Opaque == y.Opaque && fold(x.Value) == fold(y.Value) {
				used[i], found = true, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// Matches reports whether a name written as text designates the DER name.
func Matches(text string, der []byte) bool {
	written, err := Parse(text)
	if err != nil {
		return false
	}
	n, err := Decode(der)
	return err == nil && written.Equal(n)
}
