package annuaire

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// Terminologies of search values, to write "system|code".
const (
	SystemProfession = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
	SystemSpecialty  = "https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale"
	SystemEquipment  = "https://mos.esante.gouv.fr/NOS/TRE_R272-EquipementMaterielLourd/FHIR/TRE-R272-EquipementMaterielLourd"
)

// PractitionerQuery searches professionals. All the criteria given must hold.
type PractitionerQuery struct {
	Options
	// Number is the RPPS, the ADELI or the national identifier.
	Number string
	// References are technical identifiers ("Practitioner/123"), any of them.
	References []string
	// Family and Given are the names in practice; Name is any of them. Match
	// says how they are compared.
	Family, Given, Name string
	Match               Match
	// Profession and Specialty are codes (TRE_G15: "10"; TRE_R38: "SM28"), any
	// of each list, as "code" or "system|code".
	Profession, Specialty []string
	// Mailbox is an MSSanté address, or the part that MailboxMatch says.
	Mailbox      string
	MailboxMatch Match
	// Smartcard is the number of a card.
	Smartcard string
}

func (q PractitionerQuery) build(p *segur.Problems) search {
	s := q.Options.build(TypePractitioner, "active=true", p)
	if q.Number != "" {
		s.values.Add("identifier", professionalToken(p, "number", q.Number))
	}
	s.reference(p, "references", "_id", TypePractitioner, q.References)
	s.text(p, "family", "family", q.Family, q.Match)
	s.text(p, "given", "given", q.Given, q.Match)
	s.text(p, "name", "name", q.Name, q.Match)
	s.tokens(p, "profession", "qualification-code", q.Profession)
	s.tokens(p, "specialty", "qualification-code", q.Specialty)
	s.mailbox(p, q.Mailbox, q.MailboxMatch)
	if q.Smartcard != "" {
		s.tokens(p, "smartcard", "number-smartcard", []string{q.Smartcard})
	}
	s.names = s.names || q.Family+q.Given+q.Name != ""
	s.narrow(p)
	return s
}

// RoleQuery searches situations of professionals.
type RoleQuery struct {
	Options
	// Number is the identifier of the situation.
	Number string
	// Practitioners and Organizations are references, any of each list.
	Practitioners, Organizations []string
	// Codes are codes of the situation (mode, function), any of them.
	Codes []string
	// Mailbox is an MSSanté address, or the part that MailboxMatch says.
	Mailbox      string
	MailboxMatch Match
}

func (q RoleQuery) build(p *segur.Problems) search {
	s := q.Options.build(TypeRole, "active=true", p)
	if q.Number != "" {
		s.tokens(p, "number", "identifier", []string{q.Number})
	}
	s.reference(p, "practitioners", "practitioner", TypePractitioner, q.Practitioners)
	s.reference(p, "organizations", "organization", TypeOrganization, q.Organizations)
	s.tokens(p, "codes", "role", q.Codes)
	s.mailbox(p, q.Mailbox, q.MailboxMatch)
	s.narrow(p)
	return s
}

// OrganizationQuery searches structures.
type OrganizationQuery struct {
	Options
	// Number is the FINESS, the SIRET or the national identifier.
	Number string
	// References are technical identifiers ("Organization/123"), any of them.
	References []string
	// Name is the name; Match says how it is compared.
	Name  string
	Match Match
	// City, PostalCode and Line are parts of the address, compared from their
	// beginning; Address is any part.
	City, PostalCode, Line, Address string
	// Department is a number: "75", "2A", "971". It cannot go with PostalCode.
	Department string
	// Types are codes, any of them: the sector (SA07), the category.
	Types []string
	// PartOf is the reference of the legal entity.
	PartOf string
	// PharmacyLicence is the number of a pharmacy's licence.
	PharmacyLicence string
	// Mailbox is an MSSanté address, or the part that MailboxMatch says.
	Mailbox      string
	MailboxMatch Match
}

func (q OrganizationQuery) build(p *segur.Problems) search {
	s := q.Options.build(TypeOrganization, "active=true", p)
	if q.Number != "" {
		s.values.Add("identifier", structureToken(p, "number", q.Number))
	}
	s.reference(p, "references", "_id", TypeOrganization, q.References)
	s.text(p, "name", "name", q.Name, q.Match)
	s.text(p, "city", "address-city", q.City, StartsWith)
	s.text(p, "postalCode", "address-postalcode", q.PostalCode, StartsWith)
	s.text(p, "line", "address-line", q.Line, StartsWith)
	s.text(p, "address", "address", q.Address, StartsWith)
	if q.Department != "" {
		begins, ok := department(q.Department)
		switch {
		case !ok:
			p.Add("department", "must be the number of a department")
		case q.PostalCode != "":
			p.Add("department", "cannot go with postalCode")
		}
		s.values.Add("address-postalcode", strings.Join(begins, ","))
	}
	s.tokens(p, "types", "type", q.Types)
	if q.PartOf != "" {
		s.reference(p, "partOf", "partof", TypeOrganization, []string{q.PartOf})
	}
	if q.PharmacyLicence != "" {
		s.tokens(p, "pharmacyLicence", "pharmacy-licence", []string{q.PharmacyLicence})
	}
	s.mailbox(p, q.Mailbox, q.MailboxMatch)
	s.narrow(p)
	return s
}

// HealthcareServiceQuery searches regulated activities.
type HealthcareServiceQuery struct {
	Options
	// Number is the authorisation (ARHGOS).
	Number string
	// Organizations are references, any of them.
	Organizations []string
	// Categories, Types and Characteristics are codes, any of each list.
	Categories, Types, Characteristics []string
}

func (q HealthcareServiceQuery) build(p *segur.Problems) search {
	s := q.Options.build(TypeHealthcareService, "active=true", p)
	if q.Number != "" {
		s.tokens(p, "number", "identifier", []string{q.Number})
	}
	s.reference(p, "organizations", "organization", TypeOrganization, q.Organizations)
	s.tokens(p, "categories", "service-category", q.Categories)
	s.tokens(p, "types", "service-type", q.Types)
	s.tokens(p, "characteristics", "characteristic", q.Characteristics)
	s.narrow(p)
	return s
}

// DeviceQuery searches heavy equipment.
type DeviceQuery struct {
	Options
	// Number is the authorisation (ARHGOS).
	Number string
	// Organizations are references, any of them.
	Organizations []string
	// Types are codes (TRE_R272: "05602"), any of them.
	Types []string
	// Manufacturer and Model name the equipment, from their beginning.
	Manufacturer, Model string
}

func (q DeviceQuery) build(p *segur.Problems) search {
	s := q.Options.build(TypeDevice, "status=active", p)
	if q.Number != "" {
		s.tokens(p, "number", "identifier", []string{q.Number})
	}
	s.reference(p, "organizations", "organization", TypeOrganization, q.Organizations)
	s.tokens(p, "types", "type", q.Types)
	s.text(p, "manufacturer", "manufacturer", q.Manufacturer, StartsWith)
	s.text(p, "model", "model", q.Model, StartsWith)
	s.narrow(p)
	return s
}

func (s *search) mailbox(p *segur.Problems, v string, m Match) {
	if v == "" {
		return
	}
	s.names = true
	s.text(p, "mailbox", "mailbox-mss", v, m)
}
