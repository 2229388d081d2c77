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

// mailboxes picks the MSSanté boxes: organisations also publish phones and
// ordinary mail, which the email type tells apart.
func mailboxes(telecom []fhir.ContactPoint) []Mailbox {
	var out []Mailbox
	for _, t := range telecom {
		address := strings.TrimSpace(text(t.Value))
		if !isMSSante(t.Extension) || strings.Count(address, "@") != 1 || strings.ContainsAny(address, " <>\r\n,;\"") {
			continue
		}
		m := Mailbox{Address: address}
		for _, e := range t.Extension {
			if e.Url == extMailbox {
				m.read(e.Extension)
			}
		}
		out = append(out, m)
	}
	return out
}

func isMSSante(extensions []fhir.Extension) bool {
	for _, e := range extensions {
		if e.Url == extEmailType && e.ValueCoding != nil && text(e.ValueCoding.Code) == "MSSANTE" {
			return true
		}
	}
	return false
}

func (m *Mailbox) read(extensions []fhir.Extension) {
	for _, e := range extensions {
		switch {
		case e.Url == "type" && e.ValueCodeableConcept != nil && len(e.ValueCodeableConcept.Coding) > 0:
			m.Kind = text(e.ValueCodeableConcept.Coding[0].Code)
		case e.Url == "description":
			m.Description = strings.TrimSpace(text(e.ValueString))
		case e.Url == "digitization" && e.ValueBoolean != nil:
			m.PaperWanted = !*e.ValueBoolean
		}
	}
}
