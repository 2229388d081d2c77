package dn

import (
	"encoding/asn1"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// rfc2253 are the only short names of RFC 2253 section 2.3.
var rfc2253 = map[string]string{
	CommonName: "CN", Unit: "OU", Organization: "O", State: "ST", Country: "C", Locality: "L",
	"2.5.4.9": "STREET", "0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

// shortNames are those of Text, with the ones of persons.
var shortNames = with(rfc2253, map[string]string{Surname: "SN", GivenName: "GN", Title: "T", serialNumber: "SERIALNUMBER"})

// readNames also holds what other tools write.
var readNames = func() map[string]string {
	m := map[string]string{
		"S": State, "SURNAME": Surname, "G": GivenName, "GIVENNAME": GivenName, "TITLE": Title,
		"E": "1.2.840.113549.1.9.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
	}
	for oid, name := range shortNames {
		m[name] = oid
	}
	return m
}()

func with(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// Text writes the name for the Issuer of an assertion and X509IssuerName: comma without blanks, "+" between the
// attributes of one RDN and CN first among them, short names CN, SN, GN, T, OU, O, L, ST, C..., OID=#hex for any other.
func (n Name) Text() string { return n.write(shortNames, true) }

// String writes the name with the short names of RFC 2253 only, attributes in the order of the certificate.
func (n Name) String() string { return n.write(rfc2253, false) }

func (n Name) write(names map[string]string, commonNameFirst bool) string {
	var b strings.Builder
	for i, rdn := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if commonNameFirst && len(rdn) > 1 {
			rdn = slices.Clone(rdn)
			slices.SortStableFunc(rdn, func(x, y Attribute) int { return notCommonName(x) - notCommonName(y) })
		}
		for j, a := range rdn {
			if j > 0 {
				b.WriteByte('+')
			}
			a.write(&b, names)
		}
	}
	return b.String()
}

func notCommonName(a Attribute) int {
	if a.Type == CommonName {
		return 0
	}
	return 1
}

func (a Attribute) write(b *strings.Builder, names map[string]string) {
	short, ok := names[a.Type]
	switch {
	case ok && a.Opaque:
		b.WriteString(short + "=" + a.Value)
	case ok:
		b.WriteString(short + "=")
		escape(b, a.Value)
	default:
		der := a.DER
		if der == nil {
			der, _ = asn1.Marshal(a.Value) // a string always encodes
		}
		b.WriteString(a.Type + "=#" + hex.EncodeToString(der))
	}
}

func escape(b *strings.Builder, s string) {
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
}
