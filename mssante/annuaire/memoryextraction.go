package annuaire

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// extractionGeneration marks what comes from an extraction.
const extractionGeneration = "extraction"

// AddExtraction fills the copy with the lines of an extraction
// ([ReadExtraction]): a directory without the service. It returns the number
// of lines taken and of those that are no mailbox, which are left out. What an
// earlier extraction had and this one has not goes away. Nothing changes when
// the file cannot be read to its end.
func (m *Memory) AddExtraction(ctx context.Context, rows iter.Seq2[*Row, error]) (taken, unreadable int, err error) {
	x := extracted{people: map[string]*Resource{}, structures: map[string]*Resource{}, roles: map[string]*Resource{}}
	for row, err := range rows {
		var e *segur.Error
		switch {
		case ctx.Err() != nil:
			return 0, 0, contextError(ctx.Err())
		case errors.As(err, &e) && len(e.Details) > 0: // of one line
			unreadable++
		case err != nil:
			return 0, 0, err
		default:
			x.add(row)
			taken++
		}
	}
	m.mu.Lock()
	for _, t := range Types() {
		for id, h := range m.held[t] {
			if h.generation == extractionGeneration {
				m.forget(t, id)
			}
		}
	}
	m.mu.Unlock()
	for _, set := range []map[string]*Resource{x.structures, x.people, x.roles} {
		for _, r := range set {
			if err := m.Put(ctx, extractionGeneration, r); err != nil {
				return 0, 0, err
			}
		}
	}
	return taken, unreadable, nil
}

type extracted struct{ people, structures, roles map[string]*Resource }

func (x *extracted) add(row *Row) {
	var person, structure *Resource
	if row.Person != nil {
		person = x.person(row)
	}
	if row.Structure != nil {
		structure = x.structure(row)
	}
	switch {
	case person != nil && structure != nil:
		id := strings.TrimPrefix(person.ID+"-"+structure.ID, "extraction-")
		id = "extraction-" + technical(strings.ReplaceAll(id, "extraction-", ""))
		role := x.roles[id]
		if role == nil {
			role = &Resource{Type: TypeRole, ID: id, Active: true, Role: &Role{ID: id, Active: true, Practitioner: person.Reference(), Organization: structure.Reference()}}
			x.roles[id] = role
		}
		b := row.Mailbox
		b.Organization = structure.Reference()
		role.Role.Mailboxes = appendMailbox(role.Role.Mailboxes, b)
	case person != nil:
		person.Practitioner.Mailboxes = appendMailbox(person.Practitioner.Mailboxes, row.Mailbox)
	case structure != nil:
		b := row.Mailbox
		b.Organization = structure.Reference()
		structure.Organization.Mailboxes = appendMailbox(structure.Organization.Mailboxes, b)
	}
}

func (x *extracted) person(row *Row) *Resource {
	key := row.Person.ID
	if key == "" {
		key = "line-" + strconv.Itoa(row.Line)
	}
	id := "extraction-" + technical(key)
	r := x.people[id]
	if r == nil {
		p := &Practitioner{ID: id, Active: true, Professional: *row.Person}
		if row.Person.ID != "" {
			p.Identifiers = append(p.Identifiers, Identifier{System: segur.OIDProfessional.URN(), Type: "IDNPS", Value: row.Person.ID})
		}
		if rpps := row.Person.RPPS(); rpps != "" {
			p.Identifiers = append(p.Identifiers, Identifier{System: systemRPPS, Type: "RPPS", Value: rpps})
		}
		r = &Resource{Type: TypePractitioner, ID: id, Active: true, Practitioner: p}
		x.people[id] = r
	}
	p := r.Practitioner
	if c := row.Person.Profession; c.Code != "" {
		p.Professions = appendCoding(p.Professions, Coding{System: SystemProfession, Code: c.Code, Display: c.Display})
	}
	if c := row.Specialty; c.Code != "" {
		p.Specialties = appendCoding(p.Specialties, Coding{System: SystemSpecialty, Code: c.Code, Display: c.Display})
	}
	p.Qualifications = [][]Coding{p.Professions, p.Specialties}
	return r
}

func (x *extracted) structure(row *Row) *Resource {
	key := row.Structure.ID
	if key == "" {
		key = "line-" + strconv.Itoa(row.Line)
	}
	id := "extraction-" + technical(key)
	r := x.structures[id]
	if r == nil {
		o := &Organization{ID: id, Active: true, Organization: *row.Structure}
		if n := row.Structure.ID; n != "" {
			o.Identifiers = append(o.Identifiers, Identifier{System: segur.OIDStructure.URN(), Type: "IDNST", Value: n})
		}
		if n := row.Structure.FINESS(); n != "" {
			o.Identifiers = append(o.Identifiers, Identifier{System: systemFINESS, Value: n})
		}
		r = &Resource{Type: TypeOrganization, ID: id, Active: true, Organization: o}
		x.structures[id] = r
	}
	return r
}

func appendCoding(list []Coding, c Coding) []Coding {
	if slices.Contains(list, c) {
		return list
	}
	return append(slices.Clip(list), c)
}

// technical makes an identifier of FHIR.
func technical(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, s)
	return s[:min(len(s), 50)]
}
