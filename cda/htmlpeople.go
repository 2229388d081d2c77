package cda

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// responsible shows in short who wrote, who answers for it and who asked.
func (p *page) responsible() {
	brief := func(label, element, role string) {
		for n := range p.root.Each(nsCDA, element) {
			if element != "participant" || n.Attr("typeCode") == "REF" {
				p.row(label, p.who(n.Child(nsCDA, role)), p.period(n.Child(nsCDA, "time")))
			}
		}
	}
	brief(p.say("Prescripteur", "Prescriber"), "participant", "associatedEntity")
	brief(p.say("Auteur", "Author"), "author", "assignedAuthor")
	brief(p.say("Responsable du document", "Legal authenticator"), "legalAuthenticator", "assignedEntity")
}

// people shows everybody the header names, but the patient.
func (p *page) people() {
	p.block("h-people", p.say("Intervenants", "People"))
	for n := range p.root.Each(nsCDA, "author") {
		p.participation(p.say("Auteur", "Author"), n, "assignedAuthor")
	}
	for n := range p.root.Each(nsCDA, "legalAuthenticator") {
		p.participation(p.say("Responsable du document", "Legal authenticator"), n, "assignedEntity")
	}
	for n := range p.root.Each(nsCDA, "authenticator") {
		p.participation(p.say("Validé par", "Validated by"), n, "assignedEntity")
	}
	for n := range p.root.Each(nsCDA, "participant") {
		p.participation(p.participant(n), n, "associatedEntity")
	}
	for n := range p.root.Each(nsCDA, "dataEnterer") {
		p.participation(p.say("Saisi par", "Entered by"), n, "assignedEntity")
	}
	for n := range p.root.Each(nsCDA, "informant") {
		p.participation(p.informant(n), n, "relatedEntity", "assignedEntity")
	}
	for n := range p.root.Each(nsCDA, "informationRecipient") {
		p.participation(p.say("Destinataire", "Recipient"), n, "intendedRecipient")
	}
	p.endBlock()
}

// participation shows a person in a role, with the time of the participation.
func (p *page) participation(label string, n *xmlr.Node, roles ...string) {
	for _, role := range roles {
		if entity := n.Child(nsCDA, role); entity != nil {
			lines := p.person(entity)
			if f := codeLabel(nodeCode(n.Child(nsCDA, "functionCode"))); f != "" && f != label {
				lines = append(lines, f)
			}
			p.row(label, append(lines, p.period(n.Child(nsCDA, "time")))...)
		}
	}
}

func (p *page) participant(n *xmlr.Node) string {
	switch n.Attr("typeCode") {
	case "REF":
		return p.say("Prescripteur", "Prescriber")
	case "REFB":
		return p.say("Adressé par", "Referred by")
	case "INF":
		if n.Child(nsCDA, "functionCode").Attr("code") == "PCP" {
			return p.say("Médecin traitant", "Family physician")
		}
		return p.say("Informateur", "Informant")
	case "RESP":
		return p.say("Responsable", "Responsible")
	case "PRF":
		return p.say("Exécutant", "Performer")
	case "CON":
		return p.say("Correspondant", "Consultant")
	case "VRF":
		return p.say("Vérifié par", "Verified by")
	}
	return p.say("Participant", "Participant")
}

func (p *page) informant(n *xmlr.Node) string {
	switch n.Child(nsCDA, "relatedEntity").Attr("classCode") {
	case "ECON":
		return p.say("Personne à prévenir", "Emergency contact")
	case "NOK":
		return p.say("Personne de confiance", "Trusted person")
	case "CAREGIVER":
		return p.say("Aidant", "Caregiver")
	}
	return p.say("Informateur", "Informant")
}

// personNames are the elements that hold the name of a person in the roles of a
// header.
var personNames = []string{"assignedPerson", "associatedPerson", "relatedPerson", "informationRecipient", "guardianPerson"}

// organizationNames are those that hold an organisation.
var organizationNames = []string{"representedOrganization", "scopingOrganization", "receivedOrganization", "guardianOrganization"}

// who is a person in one line: name, specialty, organisation.
func (p *page) who(role *xmlr.Node) string {
	lines := p.person(role)
	return together(", ", lines[:min(2, len(lines))]...)
}

// person gives the lines that show a role: name and specialty, organisation,
// identifier, contact.
func (p *page) person(role *xmlr.Node) (lines []string) {
	name := ""
	var place, contact []string
	for _, n := range role.Children {
		switch {
		case n.Name.Space != nsCDA:
		case slices.Contains(personNames, n.Name.Local):
			name = cmp.Or(name, personName(n.Child(nsCDA, "name")))
		case n.Name.Local == "assignedAuthoringDevice":
			name = cmp.Or(name, together(" - ", n.Child(nsCDA, "softwareName").DeepText(), n.Child(nsCDA, "manufacturerModelName").DeepText()))
		case slices.Contains(organizationNames, n.Name.Local):
			place = append(place, organizationName(n))
			contact = append(contact, contactsOf(n)...)
		}
	}
	lines = append(append(lines, together(", ", name, codeLabel(nodeCode(role.Child(nsCDA, "code"))))), place...)
	for _, id := range role.All(nsCDA, "id") {
		root, extension := segur.OID(id.Attr("root")), id.Attr("extension")
		switch rpps := (segur.Professional{ID: extension}).RPPS(); {
		case root == segur.OIDProfessional && rpps != "":
			lines = append(lines, "RPPS "+rpps)
		case root == segur.OIDProfessional:
			lines = append(lines, extension)
		}
	}
	lines = append(lines, once(append(contactsOf(role), contact...)))
	return slices.DeleteFunc(lines, func(s string) bool { return s == "" })
}

// organization gives the lines that show an organisation.
func organization(n *xmlr.Node) []string {
	return []string{organizationName(n), once(contactsOf(n))}
}

func organizationName(n *xmlr.Node) string {
	return withCode(clean(n.Child(nsCDA, "name").DeepText()), n.Child(nsCDA, "id").Attr("extension"))
}

// contactsOf are the addresses and the numbers of a role or an organisation.
func contactsOf(n *xmlr.Node) (out []string) {
	for _, a := range n.All(nsCDA, "addr") {
		out = append(out, together(", ", addressLines(a)...))
	}
	for _, t := range n.All(nsCDA, "telecom") {
		out = append(out, telecomText(t))
	}
	return out
}

// once puts texts on one line, each of them once.
func once(texts []string) string {
	var out []string
	for _, s := range texts {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return together(" - ", out...)
}

// personName is civility, title, given and family names; without parts, the
// text of the name.
func personName(n *xmlr.Node) string {
	var prefix, suffix, given, family []string
	for _, part := range n.Children {
		s := clean(part.DeepText())
		switch part.Name.Local {
		case "prefix":
			prefix = append(prefix, civility(s))
		case "suffix":
			suffix = append(suffix, civility(s))
		case "given":
			given = append(given, s)
		case "family":
			family = append(family, s)
		}
	}
	all := slices.Concat(prefix, suffix, given, family)
	if len(all) == 0 {
		return clean(n.DeepText())
	}
	return together(" ", all...)
}

func civility(code string) string {
	switch code {
	case "M":
		return "M."
	case "MME":
		return "Mme"
	case "DR":
		return "Dr"
	case "PR":
		return "Pr"
	}
	return code
}

// addressLines are the lines of an envelope.
func addressLines(n *xmlr.Node) (lines []string) {
	var street, town []string
	country := ""
	for _, part := range n.Children {
		s := clean(part.DeepText())
		switch part.Name.Local {
		case "houseNumber", "houseNumberNumeric", "streetNameType", "streetName":
			street = append(street, s)
		case "postalCode", "city":
			town = append(town, s)
		case "country":
			country = s
		default:
			lines = append(lines, s)
		}
	}
	lines = append(lines, clean(n.Text())) // an address may be bare text
	return append(lines, together(" ", street...), together(" ", town...), country)
}

// telecomText is a number or an address without its scheme.
func telecomText(n *xmlr.Node) string {
	v := clean(n.Attr("value"))
	for _, scheme := range [...]string{"tel:", "mailto:"} {
		if len(v) > len(scheme) && strings.EqualFold(v[:len(scheme)], scheme) {
			return v[len(scheme):]
		}
	}
	return v
}

// timeOf shows the value of a TS element, with its offset from UTC. What is no
// time is shown as it is written.
func (p *page) timeOf(n *xmlr.Node) string {
	v := clean(n.Attr("value"))
	if v == "" {
		return ""
	}
	t, err := hl7.ParseTS(v, nil)
	if err != nil {
		return v + p.say(" (date illisible)", " (unreadable time)")
	}
	if t.Precision >= segur.ToDay {
		return p.day(t)
	}
	return p.day(t) + p.say(" à ", " ") + clockTime(t) + " (" + p.zone(t) + ")"
}

func clockTime(t segur.Timestamp) string {
	switch {
	case t.Precision == segur.ToHour:
		return t.Time.Format("15") + " h"
	case t.Precision == segur.ToMinute, t.Time.Second() == 0:
		return t.Time.Format("15:04")
	}
	return t.Time.Format("15:04:05")
}

func (p *page) zone(t segur.Timestamp) string {
	if t.NoOffset {
		return p.say("heure de Paris supposée : le document ne dit pas le fuseau", "taken as time in Paris: the document states no offset")
	}
	if _, offset := t.Time.Zone(); offset == 0 {
		return "UTC"
	}
	return "UTC" + t.Time.Format("-07:00")
}

// period shows an IVL_TS: a value, or low and high.
func (p *page) period(n *xmlr.Node) string {
	if s := p.timeOf(n); s != "" {
		return s
	}
	low, high := n.Child(nsCDA, "low"), n.Child(nsCDA, "high")
	from, to := p.timeOf(low), p.timeOf(high)
	switch {
	case to == "":
		return from
	case from == "":
		return p.say("jusqu'au ", "until ") + to
	}
	a, errA := hl7.ParseTS(clean(low.Attr("value")), nil)
	b, errB := hl7.ParseTS(clean(high.Attr("value")), nil)
	if errA == nil && errB == nil && a.Precision < segur.ToDay && b.Precision < segur.ToDay && p.zone(a) == p.zone(b) && sameDay(a.Time, b.Time) {
		y, m, d := a.Time.Date()
		return p.date(segur.Date{Year: y, Month: int(m), Day: d}) + p.say(" de ", " from ") + clockTime(a) + p.say(" à ", " to ") + clockTime(b) +
			" (" + p.zone(a) + ")"
	}
	return p.say("du ", "from ") + from + p.say(" au ", " to ") + to
}

func sameDay(a, b time.Time) bool {
	ya, ma, da := a.Date()
	yb, mb, db := b.Date()
	return ya == yb && ma == mb && da == db
}
