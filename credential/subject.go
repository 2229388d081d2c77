package credential

import (
	"crypto/x509"
	"regexp"

	"github.com/segur-sdk/segur"
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

var (
	structureID    = regexp.MustCompile(`^[0-9][0-9A-Z]{8,19}$`)
	professionalID = regexp.MustCompile(`^[0-9][0-9A-Z/]{8,30}$`)
)

// ParseSubject reads the subject of c from its raw form.
func ParseSubject(c *x509.Certificate) (Subject, error) {
	dn, err := decodeDN(c.RawSubject)
	if err != nil {
		return Subject{}, err
	}
	var s Subject
	first := func(to *string, v string) {
		if *to == "" {
			*to = v
		}
	}
	for _, rdn := range dn {
		for _, a := range rdn {
			switch a.OID {
			case oidCommonName:
				first(&s.CommonName, a.Value)
			case oidUnit:
				s.Units = append(s.Units, a.Value)
				if structureID.MatchString(a.Value) {
					first(&s.StructureID, a.Value)
				}
			case oidOrganization:
				first(&s.Organization, a.Value)
			case oidState:
				first(&s.State, a.Value)
			case oidCountry:
				first(&s.Country, a.Value)
			case oidSurname:
				first(&s.FamilyName, a.Value)
			case oidGivenName:
				first(&s.GivenName, a.Value)
			}
		}
	}
	if s.FamilyName != "" && professionalID.MatchString(s.CommonName) {
		s.ProfessionalID = s.CommonName
	}
	return s, nil
}

// IsStructure reports whether the certificate belongs to the structure id,
// written with or without its type digit.
func (s Subject) IsStructure(id string) bool {
	return s.StructureID != "" && segur.NormalizeStructureID(s.StructureID) == segur.NormalizeStructureID(id)
}
