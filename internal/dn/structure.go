package dn

import (
	"regexp"
	"strings"
)

var structureID = regexp.MustCompile(`^[0-9][0-9A-Z]{8,19}$`)

// StructureID returns the first OU that looks like a national structure identifier (IdNat_Struct): a type digit
// (1 FINESS, 3 SIRET, 2 SIREN, 4 RPPS-rank, 0 ADELI practice) and the identifier. Empty when there is none.
func (n Name) StructureID() string {
	for _, ou := range n.All(Unit) {
		if ou = strings.TrimSpace(ou); structureID.MatchString(ou) {
			return ou
		}
	}
	return ""
}

// BearsStructure reports whether an OU of the name is the structure id.
func (n Name) BearsStructure(id string) bool {
	for _, ou := range n.All(Unit) {
		if SameStructure(ou, id) {
			return true
		}
	}
	return false
}

// SameStructure compares two identifiers of structures. Nine characters are a FINESS without its type digit. A blank
// identifier is like no other.
func SameStructure(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if len(a) < len(b) {
		a, b = b, a
	}
	switch {
	case b == "":
		return false
	case len(b) == 9 && len(a) == 10:
		return a == "1"+b
	}
	return a == b
}
