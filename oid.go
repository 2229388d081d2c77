package segur

import "strings"

// MaxOIDLength is the longest OID accepted, in characters: the limit that
// DICOM sets on a UID and that XDS and CDA identifiers share in practice.
const MaxOIDLength = 64

// OID is an ISO object identifier in dotted decimal form, without the
// "urn:oid:" prefix, at most [MaxOIDLength] characters.
type OID string

// ParseOID reads an OID, with or without its "urn:oid:" prefix.
// It returns an [ErrInvalidInput] error when the text is not an OID.
func ParseOID(s string) (OID, error) {
	o := OID(strings.TrimPrefix(s, "urn:oid:"))
	if !o.Valid() {
		return "", &Error{Op: "segur.ParseOID", Kind: KindInvalidInput,
			Message: "not an object identifier: digits and dots, no leading zero in an arc, at most 64 characters"}
	}
	return o, nil
}

// Valid reports whether o is a well-formed OID: at least two arcs, a first arc
// of 0, 1 or 2, no empty arc, no leading zero, at most [MaxOIDLength] characters.
func (o OID) Valid() bool {
	if len(o) < 3 || len(o) > MaxOIDLength || o[0] > '2' {
		return false
	}
	arcs, start := 0, 0
	for i := 0; i <= len(o); i++ {
		if i < len(o) && o[i] != '.' {
			if o[i] < '0' || o[i] > '9' {
				return false
			}
			continue
		}
		n := i - start
		if n == 0 || (n > 1 && o[start] == '0') || (arcs == 0 && n != 1) {
			return false
		}
		arcs++
		start = i + 1
	}
	return arcs >= 2
}

// URN returns the "urn:oid:" form of o.
func (o OID) URN() string { return "urn:oid:" + string(o) }

// Within reports whether o lies strictly below root.
func (o OID) Within(root OID) bool {
	return strings.HasPrefix(string(o), string(root)+".")
}
