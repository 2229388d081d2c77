package annuaire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"slices"
	"strconv"

	"github.com/segur-sdk/segur"
)

// extractionGeneration marks what comes from an extraction.
const extractionGeneration = "extraction"

// AddExtraction fills the copy with the lines of an extraction
// ([ReadExtraction]): a directory without the service. It returns the number
// of lines taken and of those that are no mailbox, which are left out. What an
// earlier extraction had and this one has not goes away. Nothing changes when
// the file cannot be read to its end or has no mailbox; a search sees all of
// the old lines or all of the new ones. Do not synchronise the same copy: the
// two sources do not know each other's identifiers.
func (m *Memory) AddExtraction(ctx context.Context, rows iter.Seq2[*Row, error]) (taken, unreadable int, err error) {
	x := extracted{people: map[string]*Resource{}, structures: map[string]*Resource{}, roles: map[string]*Resource{}, boxes: map[*Resource]*mailboxes{}}
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
	if taken == 0 {
		return 0, 0, extractionError("the file has no mailbox")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range Types() {
		for id, h := range m.held[t] {
			if h.generation == extractionGeneration {
				m.forget(t, id)
			}
		}
	}
	for _, set := range []map[string]*Resource{x.structures, x.people, x.roles} {
		for _, r := range set {
			m.put(extractionGeneration, r)
		}
	}
	return taken, unreadable, nil
}

type extracted struct {
	people, structures, roles map[string]*Resource
	boxes                     map[*Resource]*mailboxes
}

// box gives a mailbox to its owner.
func (x *extracted) box(of *Resource, to *[]Mailbox, m Mailbox) {
	set := x.boxes[of]
	if set == nil {
		set = &mailboxes{}
		x.boxes[of] = set
	}
	set.add(m)
	*to = set.list
}

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
		id := technical(person.ID + " " + structure.ID)
		role := x.roles[id]
		if role == nil {
			role = &Resource{Type: TypeRole, ID: id, Active: true, Role: &Role{ID: id, Active: true, Practitioner: person.Reference(), Organization: structure.Reference()}}
			x.roles[id] = role
		}
		b := row.Mailbox
		b.Organization = structure.Reference()
		x.box(role, &role.Role.Mailboxes, b)
	case person != nil:
		x.box(person, &person.Practitioner.Mailboxes, row.Mailbox)
	case structure != nil:
		b := row.Mailbox
		b.Organization = structure.Reference()
		x.box(structure, &structure.Organization.Mailboxes, b)
	}
}

func (x *extracted) person(row *Row) *Resource {
	key := row.Person.ID
	if key == "" {
		key = "line-" + strconv.Itoa(row.Line)
	}
	id := technical(key)
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
	id := technical(key)
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
	if len(list) >= maxQualifications || slices.Contains(list, c) {
		return list
	}
	return append(slices.Clip(list), c)
}

// technical makes an identifier of FHIR, another one for each key.
func technical(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "extraction-" + hex.EncodeToString(sum[:16])
}
