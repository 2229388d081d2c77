package segur

import "strings"

// Address is a postal address. All fields are optional.
type Address struct {
	// Lines are the street lines, as on an envelope.
	Lines []string
	// PostalCode is the French postal code, 5 characters.
	PostalCode string
	// City is the name of the town.
	City string
	// Country is the country's name or code; empty means France.
	Country string
}

// IsZero reports whether the address says nothing.
func (a Address) IsZero() bool {
	return len(a.Lines) == 0 && a.PostalCode == "" && a.City == "" && a.Country == ""
}

// Telecom is a phone number or a mail address.
type Telecom struct {
	// Value is a URI: "tel:+33123456789" or "mailto:a@b.mssante.fr".
	Value string
	// Use is the HL7 use code: HP (home), WP (work), MC (mobile). Optional.
	Use string
}

// Professional is a health professional, or the person who acts.
type Professional struct {
	// ID is the national identifier with its type prefix (IdNat_PS): "8" and
	// the 11-digit RPPS number for a professional registered in the RPPS.
	ID string
	// FamilyName is the name in practice ("nom d'exercice").
	FamilyName string
	// GivenName is the given name in practice.
	GivenName string
	// Title is the civility or title ("DR", "M", "MME"). Optional.
	Title string
	// Profession is the profession, from TRE_G15 (1.2.250.1.71.1.2.7), such
	// as code 10, "Médecin".
	Profession Code
	// Specialty is the author specialty of the French XDS value set J01, such
	// as "G15_10/SM44" in 1.2.250.1.213.1.1.4.5. Required for physicians.
	Specialty Code
	// Address and Telecoms are the work contact. Optional.
	Address  Address
	Telecoms []Telecom
	// Organization is where the person practises. Optional where the call
	// already names it.
	Organization *Organization
}

// RPPS returns the 11-digit RPPS number, or "" when ID is not one.
func (p Professional) RPPS() string {
	if len(p.ID) == 12 && p.ID[0] == '8' {
		return p.ID[1:]
	}
	return ""
}

// Organization is a health structure.
type Organization struct {
	// ID is the national identifier with its type prefix (IdNat_Struct): "1"
	// and the 9-character FINESS, "3" and the 14-digit SIRET, "2" and the
	// SIREN, "4" and the RPPS-rang number.
	ID string
	// Name is the name for people.
	Name string
	// Sector is the sector of activity from TRE_R02, such as "SA07" in
	// 1.2.250.1.71.4.2.4.
	Sector Code
	// Address and Telecoms are the contact. Optional.
	Address  Address
	Telecoms []Telecom
}

// FINESS returns the 9-character FINESS number, or "" when ID is not one.
func (o Organization) FINESS() string {
	if len(o.ID) == 10 && o.ID[0] == '1' {
		return o.ID[1:]
	}
	return ""
}

// NormalizeStructureID adds the type digit to a bare 9-character FINESS, so
// that identifiers written in both ways compare equal. Other texts are
// returned without surrounding blanks.
func NormalizeStructureID(id string) string {
	id = strings.TrimSpace(id)
	if len(id) == 9 {
		return "1" + id
	}
	return id
}
