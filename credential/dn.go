package credential

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// DN is a distinguished name, most specific RDN first, each with one or more
// attributes.
type DN [][]Attribute

// Attribute is one attribute of a name.
type Attribute struct {
	// OID is the type, in dotted decimal form.
	OID segur.OID
	// Value is the text, or "#" and the hexadecimal DER of a value that is not
	// text.
	Value string
	// der is the encoded value, when there was one.
	der []byte
	// opaque: not text.
	opaque bool
}

// Attribute types of IGC-Santé subjects (RFC 4519).
const (
	oidCommonName   segur.OID = "2.5.4.3"
	oidSurname      segur.OID = "2.5.4.4"
	oidCountry      segur.OID = "2.5.4.6"
	oidLocality     segur.OID = "2.5.4.7"
	oidState        segur.OID = "2.5.4.8"
	oidOrganization segur.OID = "2.5.4.10"
	oidUnit         segur.OID = "2.5.4.11"
	oidGivenName    segur.OID = "2.5.4.42"
)

// shortNames are the only ones of RFC 2253 section 2.3; services were seen to
// write every other type as OID=#hex.
var shortNames = map[segur.OID]string{
	oidCommonName: "CN", oidUnit: "OU", oidOrganization: "O", oidState: "ST", oidCountry: "C", oidLocality: "L",
	"2.5.4.9": "STREET", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

// readNames also holds what other tools write.
var readNames = func() map[string]segur.OID {
	m := map[string]segur.OID{
		"S": oidState, "SN": oidSurname, "SURNAME": oidSurname, "GN": oidGivenName, "G": oidGivenName, "GIVENNAME": oidGivenName,
		"SERIALNUMBER": "2.5.4.5", "T": "2.5.4.12", "TITLE": "2.5.4.12",
		"E": "1.2.840.113549.1.9.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
	}
	for oid, name := range shortNames {
		m[name] = oid
	}
	return m
}()

// SubjectDN returns the subject of c as the DMP and INSi expect it in the
// Issuer of an assertion: RFC 2253, most specific RDN first, no blanks,
// "CN=...,OU=10B0127189,O=...,ST=Rhône (69),C=FR". Types without a short name
// are written OID=#hex, multi-valued RDNs with "+". Empty when it cannot be read.
func SubjectDN(c *x509.Certificate) string { return text(c.RawSubject) }

// IssuerDN returns the name of the authority that issued c, in the same form.
func IssuerDN(c *x509.Certificate) string { return text(c.RawIssuer) }

func text(raw []byte) string {
	dn, err := decodeDN(raw)
	if err != nil {
		return ""
	}
	return dn.String()
}

type rawAttribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type rawRDNSET []rawAttribute // the suffix tells encoding/asn1 that it is a SET

// decodeDN reads the DER form. It keeps multi-valued RDNs and the encoding of
// values, which pkix.Name does not.
func decodeDN(raw []byte) (DN, error) {
	var seq []rawRDNSET
	rest, err := asn1.Unmarshal(raw, &seq)
	if err != nil || len(rest) != 0 {
		return nil, invalid("credential.DN", "name", "is not a distinguished name")
	}
	dn, n := make(DN, len(seq)), 0
	for i, set := range seq {
		if n += len(set); n > maxAttributes {
			return nil, invalid("credential.DN", "name", "has more than 64 attributes")
		}
		rdn := make([]Attribute, len(set))
		for j, a := range set {
			rdn[j] = decodeAttribute(segur.OID(a.Type.String()), a.Value)
		}
		dn[len(seq)-1-i] = rdn
	}
	return dn, nil
}

func decodeAttribute(oid segur.OID, v asn1.RawValue) Attribute {
	a := Attribute{OID: oid, der: v.FullBytes}
	value, ok := decodeText(v)
	if !ok {
		value, a.opaque = "#"+hex.EncodeToString(v.FullBytes), true
	}
	a.Value = value
	return a
}

// decodeText reads the string types of X.520. Teletex is read as Latin-1, as
// every tool does.
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

// String writes the name as [SubjectDN] does.
func (d DN) String() string {
	var b strings.Builder
	for i, rdn := range d {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, a := range rdn {
			if j > 0 {
				b.WriteByte('+')
			}
			short, ok := shortNames[a.OID]
			if ok && a.opaque {
				b.WriteString(short + "=" + a.Value)
				continue
			}
			if ok {
				b.WriteString(short + "=" + escape(a.Value))
				continue
			}
			der := a.der
			if der == nil {
				der, _ = asn1.Marshal(a.Value) // a string always encodes
			}
			b.WriteString(string(a.OID) + "=#" + hex.EncodeToString(der))
		}
	}
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == 0:
			b.WriteString(`\00`)
			continue
		case strings.IndexByte(`,+"\<>;`, c) >= 0, i == 0 && (c == '#' || c == ' '), i == len(s)-1 && c == ' ':
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Equal compares RDN by RDN, values without regard to case and repeated blanks
// (RFC 4518), order of attributes inside an RDN ignored. A name written in the
// opposite order is equal: services write both.
func (d DN) Equal(other DN) bool {
	if len(d) != len(other) {
		return false
	}
	same, reversed := true, true
	for i := range d {
		same = same && equalRDN(d[i], other[i])
		reversed = reversed && equalRDN(d[i], other[len(d)-1-i])
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
			if !used[i] && x.OID == y.OID && fold(x.Value) == fold(y.Value) {
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
