package xds

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/nos"
)

// Author is who made a document, or sent a submission set.
type Author struct {
	// Person is authorPerson: a professional, the patient or a system.
	Person Person
	// Institutions are the structures the author acts for: one as a rule.
	Institutions []segur.Organization
	// Roles are labels of JDV_J47. Optional.
	Roles []string
	// Specialties are codes of JDV_J01, such as G15_10/SM44: one as a rule.
	Specialties []segur.Code
}

// Person is a person or a system (XCN).
type Person struct {
	// ID is the identifier, IdNat_PS for a professional.
	ID string
	// Authority assigned ID. Empty: [segur.OIDProfessional].
	Authority segur.OID
	// Family and Given are the names of a person, or the name and the model of
	// a system.
	Family, Given string
	// System says that it is one.
	System bool
	// IDType is component 13: IDNPS for a national identifier, EI for an
	// internal one, NH for a patient, RI for a system. Empty: told from the
	// other fields.
	IDType string
}

// IsZero reports whether nobody is named.
func (p Person) IsZero() bool { return p == Person{} }

// NewPerson is a professional as metadata name them.
func NewPerson(p segur.Professional) Person {
	return Person{ID: p.ID, Family: p.FamilyName, Given: p.GivenName}
}

// NewAuthor is a professional with their structure and specialty. A specialty
// of JDV_J01 may be given by its Code alone.
func NewAuthor(p segur.Professional) Author {
	a := Author{Person: NewPerson(p)}
	if p.Organization != nil {
		a.Institutions = []segur.Organization{{ID: p.Organization.ID, Name: p.Organization.Name}}
	}
	if !p.Specialty.IsZero() {
		a.Specialties = []segur.Code{completed(p.Specialty, nos.AuthorSpecialty)}
	}
	return a
}

func (p Person) xcn() hl7.XCN {
	x := hl7.XCN{ID: p.ID, Family: p.Family, Given: p.Given, NameType: "D", Type: p.IDType}
	if p.ID != "" {
		x.Authority.OID = p.authority()
	}
	if p.System {
		x.NameType = "U"
	}
	if x.Type == "" && p.ID != "" {
		x.Type = p.idType()
	}
	return x
}

func (p Person) authority() segur.OID {
	if p.Authority == "" {
		return segur.OIDProfessional
	}
	return p.Authority
}

// idType tells component 13 as the CI-SIS writes it. An internal number is
// prefixed by the identifier of its structure and a slash.
func (p Person) idType() string {
	switch {
	case p.System:
		return "RI"
	case segur.IsINSAuthority(p.Authority):
		return "NH"
	case strings.ContainsRune(p.ID, '/'):
		return "EI"
	}
	return "IDNPS"
}

func parsePerson(s string) Person {
	x := hl7.ParseXCN(s)
	return Person{ID: x.ID, Authority: x.Authority.OID, Family: x.Family, Given: x.Given, System: x.NameType == "U", IDType: x.Type}
}

func xon(o segur.Organization) hl7.XON {
	x := hl7.XON{Name: o.Name, ID: o.ID}
	if o.ID != "" {
		x.Authority.OID, x.Type = segur.OIDStructure, "IDNST"
	}
	return x
}

func parseInstitution(s string) segur.Organization {
	x := hl7.ParseXON(s)
	return segur.Organization{ID: x.ID, Name: x.Name}
}

// WrittenBy reports whether a structure is the institution of an author: what
// the DMP asks of the structure that publishes (EX_2.1-1140). A FINESS number
// is the same with and without its type digit.
func (e *DocumentEntry) WrittenBy(structureID string) bool {
	want := segur.NormalizeStructureID(structureID)
	for _, a := range e.Authors {
		for _, o := range a.Institutions {
			if want != "" && segur.NormalizeStructureID(o.ID) == want {
				return true
			}
		}
	}
	return false
}

// SignedBy reports whether a professional is an author or the legal
// authenticator: what the DMP asks of a person who publishes (EX_2.1-1140).
func (e *DocumentEntry) SignedBy(professionalID string) bool {
	if professionalID == "" {
		return false
	}
	for _, a := range e.Authors {
		if a.Person.ID == professionalID {
			return true
		}
	}
	return e.LegalAuthenticator.ID == professionalID
}
