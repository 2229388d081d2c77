package segur

import (
	"fmt"
	"log/slog"
	"strings"
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

// IsCOG reports whether s has the shape of a code of INSEE's Code Officiel
// Géographique: two digits, or 2A or 2B for Corsica, and three digits. 97 and 98
// are overseas, 99 a foreign country. Whether the place exists is not known here.
func IsCOG(s string) bool {
	if len(s) != 5 || s[:2] == "00" {
		return false
	}
	for i := range len(s) {
		corsica := i == 1 && s[0] == '2' && (s[1] == 'A' || s[1] == 'B')
		if !corsica && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

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
	// BirthDateInterpreted says that BirthDate was completed by rule where civil
	// status has no day or no month (RNIV EXI PP 19): the date is not a fact.
	BirthDateInterpreted bool
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

// StatusOf makes the status of the two facts that it stands for: the identity
// was retrieved from INSi; it was checked against a document of high confidence
// (RNIV EXI SI 07).
func StatusOf(retrieved, checked bool) IdentityStatus {
	switch {
	case retrieved && checked:
		return Qualified
	case retrieved:
		return Retrieved
	case checked:
		return Validated
	}
	return Provisional
}

// IsRetrieved reports whether the identity was retrieved from INSi.
func (s IdentityStatus) IsRetrieved() bool { return s == Retrieved || s == Qualified }

// IsChecked reports whether the identity was checked against a document of high
// confidence.
func (s IdentityStatus) IsChecked() bool { return s == Validated || s == Qualified }

// IdentityAttributes are the marks that the RNIV adds to a status. They combine
// as bits, within the rules that [IdentityAttributes.Valid] checks.
type IdentityAttributes uint8

// The three attributes.
const (
	// Homonym: other local identities have the same traits ("homonyme").
	Homonym IdentityAttributes = 1 << iota
	// Doubtful: there is a doubt about the identity ("douteux").
	Doubtful
	// Fictitious: invented, or a test ("fictif").
	Fictitious
)

// Has reports whether all of b is set.
func (a IdentityAttributes) Has(b IdentityAttributes) bool { return a&b == b }

// Blocking reports whether the identity may neither be searched in INSi nor
// leave with a matricule: a doubtful or fictitious one (RNIV EXI SI 09).
func (a IdentityAttributes) Blocking() bool { return a&(Doubtful|Fictitious) != 0 }

// Valid reports whether the attributes go together: a fictitious identity has no
// other attribute.
func (a IdentityAttributes) Valid() bool {
	return a&^(Homonym|Doubtful|Fictitious) == 0 && (a&Fictitious == 0 || a == Fictitious)
}

// String lists the French names, separated by "+"; "" without any.
func (a IdentityAttributes) String() string {
	if a&^(Homonym|Doubtful|Fictitious) != 0 {
		return "invalid"
	}
	var names []string
	for i, name := range []string{"homonyme", "douteux", "fictif"} {
		if a&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

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
	// Attributes are the RNIV marks of the identity. A doubtful or fictitious
	// one is provisional whatever Status says.
	Attributes IdentityAttributes
	// LocalIDs are the local identifiers (IPP), the preferred one first.
	LocalIDs []Identifier
	// Address is the postal address. Optional.
	Address Address
	// Telecoms are phone numbers and mail addresses. Optional.
	Telecoms []Telecom
}

// QualifiedINS returns the INS when the identity is qualified, and whether it
// is. A doubtful or fictitious identity never is.
func (p Patient) QualifiedINS() (INS, bool) {
	if !p.Status.Qualified() || p.INS.IsZero() || p.Attributes.Blocking() {
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
