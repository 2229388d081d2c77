package annuaire

import (
	"encoding/json"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/segur-sdk/segur"
)

const extINSEE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code"

// Organization is a structure of the directory.
type Organization struct {
	// ID is the technical identifier; see [Resource].
	ID string
	// Organization holds the national identifier, the name, the sector
	// (TRE_R02), the address and the phones and ordinary mails.
	Organization segur.Organization
	// Identifiers are all the identifiers.
	Identifiers []Identifier
	// Geographical says that it is a place ("entité géographique"), Legal a
	// legal entity.
	Geographical, Legal bool
	// Category is the kind of establishment (TRE_R66) and Activity that of
	// INSEE (TRE_R75).
	Category, Activity Coding
	// Types are all the codes.
	Types []Coding
	// INSEE is the code of the commune of the address.
	INSEE string
	// PartOf is the reference of the legal entity. Optional.
	PartOf string
	// Active is false for a structure that left the directory.
	Active bool
	// Mailboxes are the MSSanté boxes of the structure.
	Mailboxes []Mailbox
	// FHIR is the Organization resource, without its meta element. The model
	// loses the extensions of primitives, such as those of street lines.
	FHIR *fhir.Organization
	// Raw is the Organization resource as it came.
	Raw json.RawMessage
}

func (d Decoder) organization(fields map[string]json.RawMessage, r *Resource) (*Organization, error) {
	var m fhir.Organization
	if err := model(fields, &m); err != nil {
		return nil, err
	}
	o := &Organization{
		ID: r.ID, Active: r.Active, FHIR: &m, Raw: r.Raw, Identifiers: identifiers(m.Identifier), Types: codings(m.Type...),
		PartOf: reference(m.PartOf),
	}
	o.Organization.Name = strings.TrimSpace(text(m.Name))
	o.Organization.ID = value(o.Identifiers, segur.OIDStructure.URN(), "")
	if finess := value(o.Identifiers, systemFINESS, ""); o.Organization.ID == "" && finess != "" {
		o.Organization.ID = "1" + finess
	}
	if c := code(o.Types, "TRE_R02"); c.Code != "" {
		o.Organization.Sector = segur.Code{Code: c.Code, System: oidSector, Display: c.Display}
	}
	o.Category, o.Activity = code(o.Types, "TRE_R66"), code(o.Types, "TRE_R75")
	for _, c := range o.Types {
		o.Geographical = o.Geographical || c.Code == "GEOGRAPHICAL-ENTITY"
		o.Legal = o.Legal || c.Code == "LEGAL-ENTITY"
	}
	if len(m.Address) > 0 {
		o.address(m.Address[0], fields["address"])
	}
	if o.ID != "" {
		o.Mailboxes = d.mailboxes(m.Telecom, OfOrganization, string(TypeOrganization)+"/"+o.ID)
	} else {
		o.Mailboxes = d.mailboxes(m.Telecom, OfOrganization, "")
	}
	o.telecoms(d, m.Telecom)
	return o, nil
}

// telecoms takes the contacts that are not MSSanté boxes.
func (o *Organization) telecoms(d Decoder, list []fhir.ContactPoint) {
	for _, t := range list {
		v := strings.TrimSpace(text(t.Value))
		if t.System == nil || v == "" {
			continue
		}
		switch *t.System {
		case fhir.ContactPointSystemPhone:
			o.Organization.Telecoms = append(o.Organization.Telecoms, segur.Telecom{Value: "tel:" + strings.ReplaceAll(v, " ", ""), Use: "WP"})
		case fhir.ContactPointSystemEmail:
			if !d.isMSSante(t.Extension) && isAddress(v) {
				o.Organization.Telecoms = append(o.Organization.Telecoms, segur.Telecom{Value: "mailto:" + v, Use: "WP"})
			}
		}
	}
}

// address takes the street from the extensions of the lines, where the
// directory puts its parts.
func (o *Organization) address(a fhir.Address, raw json.RawMessage) {
	to := &o.Organization.Address
	to.City, to.PostalCode, to.Country = text(a.City), text(a.PostalCode), text(a.Country)
	for _, e := range a.Extension {
		if e.Url == extINSEE && e.ValueCoding != nil {
			o.INSEE = text(e.ValueCoding.Code)
		}
	}
	for _, l := range a.Line {
		if l = strings.TrimSpace(l); l != "" {
			to.Lines = append(to.Lines, l)
		}
	}
	if len(to.Lines) > 0 {
		return
	}
	var lines []struct {
		Line []*struct {
			Extension []struct {
				Value string `json:"valueString"`
			} `json:"extension"`
		} `json:"_line"`
	}
	if json.Unmarshal(raw, &lines) != nil || len(lines) == 0 {
		return // what the model reads stays
	}
	for _, l := range lines[0].Line {
		if l == nil {
			continue
		}
		var parts []string
		for _, e := range l.Extension {
			if v := strings.TrimSpace(e.Value); v != "" {
				parts = append(parts, v)
			}
		}
		if len(parts) > 0 {
			to.Lines = append(to.Lines, strings.Join(parts, " "))
		}
	}
}
