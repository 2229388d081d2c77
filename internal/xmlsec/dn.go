package xmlsec

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
)

var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "SERIALNUMBER", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "T", "2.5.4.42": "GN",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

type rawAttribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type rawRDN []rawAttribute

// DistinguishedName writes a DER name (Certificate.RawSubject, RawIssuer) in the style of RFC 2253: most specific
// part first, no blanks, "+" between the values of one part (CN first), short names CN, SN, GN, T, OU, O, L, ST, C...
// and dotted OID=#hex for any other attribute. Go's pkix.Name cannot do it: it loses parts with several values.
func DistinguishedName(der []byte) (string, error) {
	var seq []asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &seq); err != nil || len(rest) > 0 {
		return "", refuse(ReasonCertificate, "the name is not a DER sequence")
	}
	parts := make([]string, 0, len(seq))
	for _, raw := range slices.Backward(seq) {
		var rdn rawRDN
		if _, err := asn1.UnmarshalWithParams(raw.FullBytes, &rdn, "set"); err != nil || len(rdn) == 0 {
			return "", refuse(ReasonCertificate, "a part of the name is not a DER set")
		}
		values := make([]string, 0, len(rdn))
		for _, a := range rdn {
			v := attributeText(a)
			if strings.HasPrefix(v, "CN=") {
				values = slices.Insert(values, 0, v)
				continue
			}
			values = append(values, v)
		}
		parts = append(parts, strings.Join(values, "+"))
	}
	return strings.Join(parts, ","), nil
}

func attributeText(a rawAttribute) string {
	short, ok := shortNames[a.Type.String()]
	var text string
	if !ok {
		return a.Type.String() + "=#" + hex.EncodeToString(a.Value.FullBytes)
	}
	if _, err := asn1.Unmarshal(a.Value.FullBytes, &text); err != nil {
		return short + "=#" + hex.EncodeToString(a.Value.FullBytes)
	}
	return short + "=" + escapeDN(text)
}

func escapeDN(s string) string {
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune(`,+"\<>;`, r) || i == 0 && (r == '#' || r == ' ') || i == len(s)-1 && r == ' ' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// MatchDN reports whether a name written as text designates the DER name. It accepts what peers write: either
// order, blanks after separators, short names in any case with their variants (S for ST, G for GN, E...), dotted
// OIDs, #hex values, values of one part in any order.
func MatchDN(text string, der []byte) bool {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return false
	}
	want := make([]string, 0, len(name))
	for _, rdn := range name {
		values := make([]string, 0, len(rdn))
		for _, a := range rdn {
			s, ok := a.Value.(string)
			if !ok {
				return false
			}
			values = append(values, a.Type.String()+"="+foldDN(s))
		}
		slices.Sort(values)
		want = append(want, strings.Join(values, "+"))
	}
	got, ok := parseDN(text)
	if !ok {
		return false
	}
	if slices.Equal(got, want) {
		return true
	}
	slices.Reverse(got)
	return slices.Equal(got, want)
}

// foldDN is the comparison form of a value: case and runs of blanks do not count (RFC 4518, simplified).
func foldDN(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

var namesToOID = map[string]string{
	"CN": "2.5.4.3", "SN": "2.5.4.4", "SURNAME": "2.5.4.4", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6", "L": "2.5.4.7",
	"ST": "2.5.4.8", "S": "2.5.4.8", "STREET": "2.5.4.9", "O": "2.5.4.10", "OU": "2.5.4.11", "T": "2.5.4.12",
	"TITLE": "2.5.4.12", "GN": "2.5.4.42", "G": "2.5.4.42", "GIVENNAME": "2.5.4.42",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
}

// parseDN reads a name into comparison form, one string per part, in the order written.
func parseDN(s string) ([]string, bool) {
	if len(s) > 4096 {
		return nil, false
	}
	var parts, values []string
	for {
		key, rest, ok := strings.Cut(s, "=")
		if !ok {
			return nil, false
		}
		key = strings.TrimSpace(key)
		if oid, known := namesToOID[strings.ToUpper(key)]; known {
			key = oid
		}
		key = strings.TrimPrefix(strings.TrimPrefix(key, "OID."), "oid.")
		value, sep, tail, ok := dnValue(rest)
		if !ok {
			return nil, false
		}
		values = append(values, key+"="+foldDN(value))
		if sep != '+' {
			slices.Sort(values)
			parts = append(parts, strings.Join(values, "+"))
			values = nil
		}
		if sep == 0 {
			return parts, true
		}
		s = tail
	}
}

// dnValue reads one value up to its separator: ',', ';', '+' or 0 at the end.
func dnValue(s string) (value string, sep byte, tail string, ok bool) {
	s = strings.TrimLeft(s, " ")
	var b strings.Builder
	quoted := strings.HasPrefix(s, `"`)
	i := 0
	if quoted {
		i = 1
	}
	for ; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			if i+2 < len(s) {
				if raw, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
					b.WriteByte(raw[0])
					i += 2
					continue
				}
			}
			i++
			b.WriteByte(s[i])
			continue
		}
		if quoted {
			if c == '"' {
				rest := strings.TrimLeft(s[i+1:], " ")
				if rest == "" {
					return b.String(), 0, "", true
				}
				return b.String(), rest[0], rest[1:], strings.IndexByte(",;+", rest[0]) >= 0
			}
			b.WriteByte(c)
			continue
		}
		if c == ',' || c == ';' || c == '+' {
			sep, tail = c, s[i+1:]
			break
		}
		b.WriteByte(c)
	}
	if quoted {
		return "", 0, "", false
	}
	value = strings.TrimRight(b.String(), " ")
	if strings.HasPrefix(s, "#") {
		raw, err := hex.DecodeString(strings.TrimSpace(value[1:]))
		if err != nil {
			return "", 0, "", false
		}
		if rest, err := asn1.Unmarshal(raw, &value); err != nil || len(rest) > 0 {
			return "", 0, "", false
		}
	}
	return value, sep, tail, true
}
