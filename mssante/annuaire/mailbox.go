package annuaire

import (
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Extensions of a telecom that is a mailbox (FR Core 2.2, Annuaire 1).
const (
	extEmailType = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type"
	extMailbox   = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata"
)

// Kind is what kind of mailbox an address is (TRE_R257). Empty: the directory
// does not say. Codes that are not listed here may come.
type Kind string

// The kinds of mailboxes.
const (
	// Personal is that of one professional.
	Personal Kind = "PER"
	// Practice is shared by the practice of a professional.
	Practice Kind = "CAB"
	// Organizational is that of a structure, a service or a team.
	Organizational Kind = "ORG"
	// Application is read by software: nobody reads it.
	Application Kind = "APP"
)

// Level is what carries a mailbox in the directory.
type Level string

// The levels of mailboxes.
const (
	// OfPerson: the professional, wherever they work.
	OfPerson Level = "person"
	// OfSituation: the professional in one structure.
	OfSituation Level = "situation"
	// OfOrganization: the structure.
	OfOrganization Level = "organization"
)

// Mailbox is an MSSanté mailbox as the directory publishes it.
type Mailbox struct {
	// Address is the mail address.
	Address string
	// Kind is the kind of the mailbox.
	Kind Kind
	// Level says what carries it.
	Level Level
	// Description, Service and Responsible are the labels of the box. Optional.
	Description, Service, Responsible string
	// Organization is the directory reference of the structure that the box
	// belongs to. Empty for a box of the person.
	Organization string
	// Rank orders the boxes of one owner, 1 first. 0: not said.
	Rank int
	// RedList says that the box exists and must not be shown ("liste rouge").
	RedList bool
	// PaperWanted says that the owner still wants paper ("dématérialisation"
	// refused).
	PaperWanted bool
}

// mailboxes picks the MSSanté boxes: organisations also publish phones and
// ordinary mail, which the email type tells apart.
func (d Decoder) mailboxes(telecom []fhir.ContactPoint, level Level, organization string) []Mailbox {
	var out mailboxes
	for _, t := range telecom {
		address := strings.TrimSpace(text(t.Value))
		if t.System == nil || *t.System != fhir.ContactPointSystemEmail || !d.isMSSante(t.Extension) || !isAddress(address) {
			continue
		}
		m := Mailbox{Address: address, Level: level, Organization: organization}
		if t.Rank != nil {
			m.Rank = *t.Rank
		}
		for _, e := range t.Extension {
			if e.Url == extMailbox {
				m.read(e.Extension)
			}
		}
		out.add(m)
	}
	return out.list
}

func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(domain, "@") && !strings.ContainsAny(s, " \t<>\r\n,;:\"\\()[]\x00")
}

// mailboxes keep an address once, whatever its case, with the wishes of its
// owner that any of its occurrences holds.
type mailboxes struct {
	list []Mailbox
	at   map[string]int
}

func (s *mailboxes) add(list ...Mailbox) {
	if s.at == nil {
		s.at = map[string]int{}
	}
	for _, m := range list {
		key := strings.ToLower(m.Address)
		if i, ok := s.at[key]; ok {
			s.list[i].RedList = s.list[i].RedList || m.RedList
			s.list[i].PaperWanted = s.list[i].PaperWanted || m.PaperWanted
			continue
		}
		s.at[key] = len(s.list)
		s.list = append(s.list, m)
	}
}

func (d Decoder) isMSSante(extensions []fhir.Extension) bool {
	metadata := false
	for _, e := range extensions {
		switch {
		case e.Url == extMailbox:
			metadata = true
		case e.Url != extEmailType:
		case e.ValueCoding != nil:
			return text(e.ValueCoding.Code) == "MSSANTE"
		case e.ValueCodeableConcept != nil: // tolerated
			list := codings(*e.ValueCodeableConcept)
			return len(list) > 0 && list[0].Code == "MSSANTE"
		default:
			return false
		}
	}
	return metadata && d.UntypedMailboxes
}

func (m *Mailbox) read(extensions []fhir.Extension) {
	for _, e := range extensions {
		switch e.Url {
		case "type": // a concept when read, a code in the examples of changes
			switch {
			case e.ValueCodeableConcept != nil && len(e.ValueCodeableConcept.Coding) > 0:
				m.Kind = Kind(text(e.ValueCodeableConcept.Coding[0].Code))
			case e.ValueCoding != nil:
				m.Kind = Kind(text(e.ValueCoding.Code))
			case e.ValueCode != nil:
				m.Kind = Kind(*e.ValueCode)
			}
		case "description":
			m.Description = strings.TrimSpace(text(e.ValueString))
		case "service":
			m.Service = strings.TrimSpace(text(e.ValueString))
		case "responsible":
			m.Responsible = strings.TrimSpace(text(e.ValueString))
		case "listeRouge":
			m.RedList = e.ValueBoolean == nil || *e.ValueBoolean // no other form is a "no"
		case "digitization":
			m.PaperWanted = e.ValueBoolean != nil && !*e.ValueBoolean
		}
	}
}
