package segur

import (
	"fmt"
	"log/slog"
)

// Sex is the administrative sex of the identity traits.
type Sex string

// The values of [Sex]. INSi knows Female and Male only.
const (
	Female Sex = "F"
	Male   Sex = "M"
	// SexUnknown is accepted locally and refused by INSi.
	SexUnknown Sex = "I"
)

// Birthplace codes that are not a commune.
const (
	// BirthplaceUnknown is the COG code of an unknown place of birth.
	BirthplaceUnknown = "99999"
)

// Traits are the civil-status traits that identify a person (RNIV).
// Its printed forms are redacted.
type Traits struct {
	// BirthName is the name at birth.
	BirthName string
	// UsedName is the name used in daily life. Optional.
	UsedName string
	// FirstGivenName is the first given name at birth, compound names whole.
	FirstGivenName string
	// GivenNames is the whole list of given names at birth, separated by
	// blanks, in civil-status order. One string: the list has no delimiter
	// between compound names, so splitting it would invent facts. Optional.
	GivenNames string
	// UsedGivenName is the given name used in daily life. Optional; never
	// filled from the birth names.
	UsedGivenName string
	// Sex is Female or Male; SexUnknown is refused where a service needs it.
	Sex Sex
	// BirthDate may be partial.
	BirthDate Date
	// BirthPlace is the INSEE COG code of the place of birth: 5 characters,
	// 99xxx for a foreign country. Optional for a search.
	BirthPlace string
}

// String returns a redacted form.
func (t Traits) String() string { return "Traits(redacted)" }

// Format writes the redacted form whatever the verb.
func (t Traits) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue makes slog write the redacted form.
func (t Traits) LogValue() slog.Value { return slog.StringValue(t.String()) }

// IdentityStatus is the RNIV status of a local identity. The four values are
// not ordered: Retrieved and Validated are not comparable.
type IdentityStatus uint8

// The four statuses. The zero value is the weakest.
const (
	// Provisional: neither retrieved from INSi nor checked ("provisoire").
	Provisional IdentityStatus = iota
	// Retrieved: obtained from INSi, not checked ("récupérée").
	Retrieved
	// Validated: checked against a document of high confidence ("validée").
	Validated
	// Qualified: retrieved and checked ("qualifiée").
	Qualified
)

// String returns the RNIV code: PROV, RECUP, VALI or QUAL.
func (s IdentityStatus) String() string {
	switch s {
	case Provisional:
		return "PROV"
	case Retrieved:
		return "RECUP"
	case Validated:
		return "VALI"
	case Qualified:
		return "QUAL"
	}
	return "invalid"
}

// Qualified reports whether documents may be referenced with the INS: the only
// test to make on a status.
func (s IdentityStatus) Qualified() bool { return s == Qualified }

// Patient is a person as the local system knows them. Its printed forms are
// redacted.
type Patient struct {
	// Traits identify the person.
	Traits Traits
	// INS is the national identity; zero when there is none.
	INS INS
	// Status is the RNIV status of the identity. Matricule and authority
	// leave the system only when it is [Qualified].
	Status IdentityStatus
	// LocalIDs are the local identifiers (IPP), the preferred one first.
	LocalIDs []Identifier
	// Address is the postal address. Optional.
	Address Address
	// Telecoms are phone numbers and mail addresses. Optional.
	Telecoms []Telecom
}

// QualifiedINS returns the INS when the identity is qualified, and whether it is.
func (p Patient) QualifiedINS() (INS, bool) {
	if !p.Status.Qualified() || p.INS.IsZero() {
		return INS{}, false
	}
	return p.INS, true
}

// String returns a redacted form: the status only.
func (p Patient) String() string { return "Patient(" + p.Status.String() + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (p Patient) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p Patient) LogValue() slog.Value { return slog.StringValue(p.String()) }
