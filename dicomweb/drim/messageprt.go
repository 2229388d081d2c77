package drim

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// participations reads the PRT segments: all but those that follow another
// document than the report.
func (r *messageReading) participations(m *ReportMessage, report int) {
	foreign := false
	senders := 0
	for i, s := range r.message.Segments {
		switch {
		case s.Name == "OBX":
			foreign = i != report && isDocument(s) && s.Value(3, 1) != m.ReportCode.Code
		case s.Name != "PRT":
		case foreign:
			r.warn("PRT", "belongs to another document; left out")
		default:
			switch role := strings.ToUpper(s.Value(4, 1)); role {
			case "SB":
				if senders++; senders <= 8 {
					r.sender(&m.Sender, s)
				}
			case "RCT":
				if len(m.Recipients) >= maxRecipients {
					continue
				}
				x := hl7.ParseXCN(firstOf(s, 5))
				m.Recipients = append(m.Recipients, Recipient{Address: s.Value(15, 4), Person: x.ID, Type: x.Type,
					Family: x.Family, Given: x.Given, Organization: hl7.ParseXON(firstOf(s, 8)).Name})
			case "REPLY":
				m.ReplyTo = s.Value(15, 4)
			default:
				r.warn("PRT-4", "is neither SB, RCT nor REPLY; left out")
			}
		}
	}
	if m.Flags.ToDMP != Yes {
		return
	}
	switch {
	case m.Sender.IsZero():
		r.problem("PRT", hl7SegmentSequence, "of the sender (SB) is required when DESTDMP is Y")
	case m.Sender.Structure.ID == "":
		r.warn("PRT-8", "of the sender has no structure: that of the configuration or of the report must do")
	case m.Sender.LegalEntity():
		r.warn("PRT-8", "of the sender is the FINESS of the legal entity: the DMP is to be given the geographic one")
	}
}

const maxRecipients = 200

func firstOf(s hl7.Segment, field int) string {
	first, _, _ := strings.Cut(s.Field(field), "~")
	return first
}

// sender reads PRT SB. Several are put together as long as they do not
// contradict each other: who publishes must be certain.
func (r *messageReading) sender(into *Sender, prt hl7.Segment) {
	x, org := hl7.ParseXCN(firstOf(prt, 5)), hl7.ParseXON(firstOf(prt, 8))
	person := segur.Professional{ID: professionalID(x), FamilyName: strings.TrimSpace(x.Family), GivenName: strings.TrimSpace(x.Given)}
	if person.ID != "" && x.Authority.OID != "" && x.Authority.OID != segur.OIDProfessional {
		r.warn("PRT-5", "of the sender has an authority that does not assign the identifiers of professionals")
	}
	switch {
	case x.Type == "INS":
		r.warn("PRT-5", "of the sender is a patient; left out")
	case into.Professional.ID == "" && into.Professional.FamilyName == "":
		into.Professional = person
	case person.ID != "" && person.ID != into.Professional.ID:
		r.problem("PRT-5", hl7Application, "of the sender contradicts another one: in whose name is the report sent?")
	}
	structure := segur.Organization{ID: segur.NormalizeStructureID(org.ID), Name: strings.TrimSpace(org.Name)}
	switch {
	case into.Structure.ID == "" && structure.ID != "":
		into.Structure, into.StructureIDType = structure, strings.TrimSpace(org.Type)
	case into.Structure.ID == "" && into.Structure.Name == "":
		into.Structure = structure
	case structure.ID != "" && structure.ID != into.Structure.ID:
		r.problem("PRT-8", hl7Application, "of the sender contradicts another one: in whose name is the report sent?")
	}
	if into.Device == "" {
		into.Device = prt.Value(10, 1)
	}
	if into.Mail == "" {
		into.Mail = prt.Value(15, 4)
	}
}

// professionalID adds the type digit to an RPPS number that comes without.
func professionalID(x hl7.XCN) string {
	id := strings.TrimSpace(x.ID)
	if len(id) == 11 && (x.Type == "RPPS" || x.Type == "IDNPS") {
		return "8" + id
	}
	return id
}
