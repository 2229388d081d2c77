package annuaire

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

// Practitioners returns the professionals that fit, by their identifiers.
func (m *Memory) Practitioners(_ context.Context, q PractitionerQuery) iter.Seq2[*Practitioner, error] {
	list := func() []*heldResource {
		return m.list(TypePractitioner, m.numbered(TypePractitioner, token(professionalToken, q.Number)), referenced(TypePractitioner, q.References))
	}
	family, given, name := fold(q.Family), fold(q.Given), fold(q.Name)
	return found(q, q.Options, list, func(h *heldResource) *Practitioner { return h.r.Practitioner }, func(h *heldResource, p *Practitioner) bool {
		who := p.Professional
		return (len(q.References) == 0 || slices.Contains(referenced(TypePractitioner, q.References), p.ID)) &&
			like(who.FamilyName, h.folded.family, q.Family, family, q.Match) &&
			likeGiven(who.GivenName, h.folded.given, q.Given, given, q.Match) &&
			(like(who.FamilyName, h.folded.family, q.Name, name, q.Match) || likeGiven(who.GivenName, h.folded.given, q.Name, name, q.Match)) &&
			coded(slices.Concat(p.Qualifications...), q.Profession) && coded(slices.Concat(p.Qualifications...), q.Specialty) &&
			boxed(p.Mailboxes, q.Mailbox, q.MailboxMatch) &&
			(q.Smartcard == "" || slices.ContainsFunc(p.Smartcards, func(s Smartcard) bool { return s.Number == q.Smartcard }))
	})
}

// Roles returns the situations that fit, by their identifiers.
func (m *Memory) Roles(_ context.Context, q RoleQuery) iter.Seq2[*Role, error] {
	list := func() []*heldResource {
		return m.list(TypeRole, m.owned(TypePractitioner, q.Practitioners), m.owned(TypeOrganization, q.Organizations))
	}
	return found(q, q.Options, list, func(h *heldResource) *Role { return h.r.Role }, func(_ *heldResource, r *Role) bool {
		return refers(r.Practitioner, TypePractitioner, q.Practitioners) && refers(r.Organization, TypeOrganization, q.Organizations) &&
			(q.Number == "" || r.Identifier == q.Number) && coded(r.Codes, q.Codes) && boxed(r.Mailboxes, q.Mailbox, q.MailboxMatch)
	})
}

// Organizations returns the structures that fit, by their identifiers.
func (m *Memory) Organizations(_ context.Context, q OrganizationQuery) iter.Seq2[*Organization, error] {
	list := func() []*heldResource {
		return m.list(TypeOrganization, m.numbered(TypeOrganization, token(structureToken, q.Number)), referenced(TypeOrganization, q.References))
	}
	name, city, line, address := fold(q.Name), fold(q.City), fold(q.Line), fold(q.Address)
	begins, _ := department(q.Department)
	return found(q, q.Options, list, func(h *heldResource) *Organization { return h.r.Organization }, func(h *heldResource, o *Organization) bool {
		a := o.Organization.Address
		lines := fold(strings.Join(a.Lines, " "))
		return (len(q.References) == 0 || slices.Contains(referenced(TypeOrganization, q.References), o.ID)) &&
			like(o.Organization.Name, h.folded.name, q.Name, name, q.Match) &&
			like("", h.folded.city, q.City, city, StartsWith) && like("", lines, q.Line, line, StartsWith) &&
			(like("", h.folded.city, q.Address, address, StartsWith) || like("", lines, q.Address, address, StartsWith) || like("", a.PostalCode, q.Address, address, StartsWith)) &&
			strings.HasPrefix(a.PostalCode, q.PostalCode) &&
			(q.Department == "" || slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(a.PostalCode, b) })) &&
			coded(o.Types, q.Types) && (q.PartOf == "" || refers(o.PartOf, TypeOrganization, []string{q.PartOf})) &&
			(q.PharmacyLicence == "" || slices.ContainsFunc(o.Identifiers, func(i Identifier) bool { return i.Value == q.PharmacyLicence })) &&
			boxed(o.Mailboxes, q.Mailbox, q.MailboxMatch)
	})
}

// HealthcareServices returns the regulated activities that fit, by their identifiers.
func (m *Memory) HealthcareServices(_ context.Context, q HealthcareServiceQuery) iter.Seq2[*HealthcareService, error] {
	list := func() []*heldResource { return m.list(TypeHealthcareService) }
	return found(q, q.Options, list, func(h *heldResource) *HealthcareService { return h.r.HealthcareService }, func(_ *heldResource, s *HealthcareService) bool {
		return refers(s.Organization, TypeOrganization, q.Organizations) && (q.Number == "" || numbered(s.Identifiers, q.Number)) &&
			coded(s.Categories, q.Categories) && coded(s.Types, q.Types) && coded(s.Characteristics, q.Characteristics)
	})
}

// Devices returns the heavy equipment that fits, by its identifiers.
func (m *Memory) Devices(_ context.Context, q DeviceQuery) iter.Seq2[*Device, error] {
	list := func() []*heldResource { return m.list(TypeDevice) }
	manufacturer, model := fold(q.Manufacturer), fold(q.Model)
	return found(q, q.Options, list, func(h *heldResource) *Device { return h.r.Device }, func(_ *heldResource, d *Device) bool {
		return refers(d.Organization, TypeOrganization, q.Organizations) && (q.Number == "" || numbered(d.Identifiers, q.Number)) &&
			coded(d.Types, q.Types) && like("", fold(d.Manufacturer), q.Manufacturer, manufacturer, StartsWith) &&
			like("", fold(d.Model), q.Model, model, StartsWith)
	})
}

func token(of func(*segur.Problems, string, string) string, number string) string {
	if number == "" {
		return ""
	}
	return of(&segur.Problems{}, "", number)
}

func numbered(list []Identifier, number string) bool {
	_, v, ok := strings.Cut(number, "|")
	if !ok {
		v = number
	}
	return slices.ContainsFunc(list, func(i Identifier) bool { return i.Value == v })
}

// like compares a value, and its folded form, with what a query asks for.
func like(v, folded, asked, askedFolded string, m Match) bool {
	switch {
	case asked == "":
		return true
	case m == Exactly:
		return v == strings.TrimSpace(asked)
	case askedFolded == "": // nothing of it is a letter
		return false
	case m == Contains:
		return strings.Contains(folded, askedFolded)
	}
	return strings.HasPrefix(folded, askedFolded)
}

// likeGiven also takes the beginning of each given name.
func likeGiven(v, folded, asked, askedFolded string, m Match) bool {
	return like(v, folded, asked, askedFolded, m) || m == StartsWith && askedFolded != "" && strings.Contains(folded, " "+askedFolded)
}

func coded(list []Coding, asked []string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(a string) bool {
		system, c, ok := strings.Cut(a, "|")
		return slices.ContainsFunc(list, func(k Coding) bool {
			return k.Code == a || ok && (c == "" || k.Code == c) && (system == "" || k.System == system)
		})
	})
}

func boxed(list []Mailbox, asked string, m Match) bool {
	return asked == "" || slices.ContainsFunc(list, func(b Mailbox) bool {
		have, want := strings.ToLower(b.Address), strings.ToLower(strings.TrimSpace(asked))
		switch m {
		case Exactly:
			return b.Address == strings.TrimSpace(asked)
		case Contains:
			return strings.Contains(have, want)
		}
		return strings.HasPrefix(have, want)
	})
}

func refers(have string, t Type, asked []string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(r string) bool {
		return have == string(t)+"/"+strings.TrimPrefix(r, string(t)+"/")
	})
}
