package credential

import (
	"crypto/x509"
	"regexp"

	"github.com/segur-sdk/segur/internal/dn"
)

// Subject is what national services read in the subject of a certificate.
type Subject struct {
	// CommonName is the CN: a service or software name, such as "INSI-AUTO",
	// or the identifier of a professional.
	CommonName string
	// StructureID is the OU that holds a national structure identifier
	// (IdNat_Struct): a type digit (1 FINESS, 3 SIRET, 2 SIREN, 4 RPPS-rank,
	// 0 ADELI practice) and the identifier. Empty when no OU looks like one.
	StructureID string
	// Units are all OUs, most specific first: the structure identifier, or
	// the profession on a card.
	Units []string
	// Organization, State and Country are O, ST ("Rhône (69)") and C.
	Organization, State, Country string
	// ProfessionalID is the national identifier of a person (IdNat_PS), on
	// certificates of professionals only.
	ProfessionalID string
	// FamilyName and GivenName are those of a professional.
	FamilyName, GivenName string
}

var professionalID = regexp.MustCompile(`^[0-9][0-9A-Z/]{8,30}$`)

// ParseSubject reads the subject of c from its raw form.
func ParseSubject(c *x509.Certificate) (Subject, error) {
	n, err := dn.Decode(c.RawSubject)
	if err != nil {
		return Subject{}, invalid("credential.ParseSubject", "name", err.Error())
	}
	s := Subject{
		CommonName: n.First(dn.CommonName), StructureID: n.StructureID(), Units: n.All(dn.Unit),
		Organization: n.First(dn.Organization), State: n.First(dn.State), Country: n.First(dn.Country),
		FamilyName: n.First(dn.Surname), GivenName: n.First(dn.GivenName),
	}
	if s.FamilyName != "" && professionalID.MatchString(s.CommonName) {
		s.ProfessionalID = s.CommonName
	}
	return s, nil
}

// IsStructure reports whether the certificate belongs to the structure id,
// written with or without its type digit.
func (s Subject) IsStructure(id string) bool { return dn.SameStructure(s.StructureID, id) }
