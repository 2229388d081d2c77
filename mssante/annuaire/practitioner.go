package annuaire

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/segur-sdk/segur"
)

// Systems of identifiers in the directory.
const (
	systemRPPS   = "https://rpps.esante.gouv.fr"
	systemFINESS = "https://finess.esante.gouv.fr"
)

// Code systems of the values that get an OID of the SDK.
const (
	oidProfession segur.OID = "1.2.250.1.71.1.2.7" // TRE_G15
	oidSector     segur.OID = "1.2.250.1.71.4.2.4" // TRE_R02
)

const maxQualifications = 500

const extSmartcard = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-smartcard"

// Practitioner is a professional of the directory.
type Practitioner struct {
	// ID is the technical identifier; see [Resource].
	ID string
	// Professional holds the national identifier ("8" and the RPPS number),
	// the name in practice, the title, and the profession (TRE_G15) when the
	// directory gives one only. Its Specialty stays empty: it is a code of the
	// documents' authors, which the directory does not have.
	Professional segur.Professional
	// Identifiers are all the identifiers.
	Identifiers []Identifier
	// Professions, Specialties and Diplomas are the codes of the
	// qualifications: TRE_G15, TRE_R38 (savoir-faire such as SM28) and TRE_R48.
	Professions, Specialties, Diplomas []Coding
	// Qualifications are the codes of each qualification.
	Qualifications [][]Coding
	// Smartcards are the cards. Optional.
	Smartcards []Smartcard
	// Active is false for a professional who left the directory.
	Active bool
	// Mailboxes are the MSSanté boxes of the person, each address once. In the
	// answer of [Client.Practitioner] those of the active situations follow.
	Mailboxes []Mailbox
	// Roles are the active situations, in the answer of [Client.Practitioner]
	// only.
	Roles []*Role
	// FHIR is the Practitioner resource, without its meta element.
	FHIR *fhir.Practitioner
	// Raw is the Practitioner resource as it came.
	Raw json.RawMessage
}

// Smartcard is a card of a professional.
type Smartcard struct {
	// Type is the code of the kind of card, Number its number.
	Type, Number string
	// Start and End are the dates of its validity, as FHIR writes them.
	Start, End string
}

// HasSpecialty reports whether one of the codes is a specialty of the person.
func (p *Practitioner) HasSpecialty(codes ...string) bool {
	return slices.ContainsFunc(p.Specialties, func(c Coding) bool { return slices.Contains(codes, c.Code) })
}

func (d Decoder) practitioner(fields map[string]json.RawMessage, r *Resource) (*Practitioner, error) {
	var m fhir.Practitioner
	if err := model(fields, &m); err != nil {
		return nil, err
	}
	p := &Practitioner{ID: r.ID, Active: r.Active, FHIR: &m, Raw: r.Raw, Identifiers: identifiers(m.Identifier)}
	p.Mailboxes = d.mailboxes(m.Telecom, OfPerson, "")
	p.Professional.ID = value(p.Identifiers, segur.OIDProfessional.URN(), "")
	if rpps := value(p.Identifiers, systemRPPS, ""); p.Professional.ID == "" && rpps != "" {
		p.Professional.ID = "8" + rpps
	}
	if len(m.Name) > 0 {
		n := m.Name[0]
		p.Professional.FamilyName = text(n.Family)
		p.Professional.GivenName = strings.Join(n.Given, " ")
		p.Professional.Title = strings.Join(n.Prefix, " ")
		if len(n.Suffix) > 0 {
			p.Professional.Title = n.Suffix[0]
		}
	}
	if len(m.Qualification) > maxQualifications {
		return nil, protocol("a professional has more qualifications than anybody")
	}
	for _, q := range m.Qualification {
		list := codings(q.Code)
		p.Qualifications = append(p.Qualifications, list)
		for terminology, to := range map[string]*[]Coding{"TRE_G15": &p.Professions, "TRE_R38": &p.Specialties, "TRE_R48": &p.Diplomas} {
			if c := code(list, terminology); c.Code != "" && !slices.Contains(*to, c) {
				*to = append(*to, c)
			}
		}
	}
	if len(p.Professions) == 1 {
		p.Professional.Profession = segur.Code{Code: p.Professions[0].Code, System: oidProfession, Display: p.Professions[0].Display}
	}
	for _, e := range m.Extension {
		if e.Url == extSmartcard {
			p.Smartcards = append(p.Smartcards, smartcard(e.Extension))
		}
	}
	return p, nil
}

func smartcard(extensions []fhir.Extension) Smartcard {
	var s Smartcard
	for _, e := range extensions {
		switch e.Url {
		case "type":
			s.Type = text(e.ValueCode)
			if e.ValueCodeableConcept != nil && len(e.ValueCodeableConcept.Coding) > 0 {
				s.Type = text(e.ValueCodeableConcept.Coding[0].Code)
			}
		case "number":
			s.Number = text(e.ValueString)
		case "period":
			if e.ValuePeriod != nil {
				s.Start, s.End = text(e.ValuePeriod.Start), text(e.ValuePeriod.End)
			}
		}
	}
	return s
}

// Role is the situation of a professional: where and how they practise.
type Role struct {
	// ID is the technical identifier; see [Resource].
	ID string
	// Identifier is that of the situation.
	Identifier string
	// Practitioner and Organization are references ("Organization/123").
	// Organization may be empty.
	Practitioner, Organization string
	// Activity is the kind of activity (TRE_R22), Mode the mode of practice
	// (TRE_R23: L liberal, S salaried) and Function the function (TRE_R21).
	Activity, Mode, Function Coding
	// Codes are all the codes.
	Codes []Coding
	// Active is false for a situation that ended.
	Active bool
	// Mailboxes are the MSSanté boxes of the person in this structure.
	Mailboxes []Mailbox
	// FHIR is the PractitionerRole resource, without its meta element.
	FHIR *fhir.PractitionerRole
	// Raw is the PractitionerRole resource as it came.
	Raw json.RawMessage
}

func (d Decoder) role(fields map[string]json.RawMessage, r *Resource) (*Role, error) {
	var m fhir.PractitionerRole
	if err := model(fields, &m); err != nil {
		return nil, err
	}
	role := &Role{
		ID: r.ID, Active: r.Active, FHIR: &m, Raw: r.Raw, Codes: codings(m.Code...),
		Identifier:   value(identifiers(m.Identifier), "", ""),
		Practitioner: reference(m.Practitioner), Organization: reference(m.Organization),
	}
	role.Activity, role.Mode, role.Function = code(role.Codes, "TRE_R22"), code(role.Codes, "TRE_R23"), code(role.Codes, "TRE_R21")
	role.Mailboxes = d.mailboxes(m.Telecom, OfSituation, role.Organization)
	return role, nil
}
