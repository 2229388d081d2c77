package annuairetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/annuaire"
)

// Code systems and identifier systems that the fake writes.
const (
	systemRPPS   = "https://rpps.esante.gouv.fr"
	systemFINESS = "https://finess.esante.gouv.fr"
	systemSector = "https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
	systemKind   = "https://mos.esante.gouv.fr/NOS/TRE_R257-TypeBAL/FHIR/TRE-R257-TypeBAL"
	systemMail   = "https://mos.esante.gouv.fr/NOS/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie"
	systemEntity = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-3307"
	systemIDType = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
)

// Put publishes resources written as JSON, or replaces those with their type
// and id. It panics on what is not a resource of the directory: the fault is
// the test's.
func (s *Server) Put(resources ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range resources {
		var r resource
		d := json.NewDecoder(bytes.NewReader([]byte(text)))
		if err := d.Decode(&r); err != nil {
			panic(fmt.Sprintf("annuairetest: not a resource: %v", err))
		}
		s.put(r)
	}
}

func (s *Server) put(r resource) {
	kind, _ := r["resourceType"].(string)
	id, _ := r["id"].(string)
	if !known(kind) || id == "" {
		panic("annuairetest: not a resource of the directory with an id")
	}
	meta, _ := r["meta"].(resource)
	if meta == nil {
		meta = resource{"versionId": 2} // a number, as the service writes it
		r["meta"] = meta
	}
	if meta["lastUpdated"] == nil {
		meta["lastUpdated"] = s.clock().UTC().Format(time.RFC3339Nano)
	}
	reference := kind + "/" + id
	if s.data[reference] == nil {
		s.order = append(s.order, reference)
	}
	s.data[reference] = r
}

// Withdraw takes a resource ("Organization/1") out of the directory, as it
// does it: what is left is inactive, changed now, with its identifiers.
func (s *Server) Withdraw(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.data[reference]
	if old == nil {
		panic("annuairetest: no such resource")
	}
	left := resource{"resourceType": old["resourceType"], "id": old["id"], "identifier": old["identifier"], "active": false}
	if old["resourceType"] == string(annuaire.TypeDevice) {
		delete(left, "active")
		left["status"] = "inactive"
	}
	s.put(left)
}

// Forget removes a resource without a trace, as the directory does 30 days
// after it was withdrawn.
func (s *Server) Forget(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.data, reference)
}

// Add publishes a professional with mailboxes and specialties: mailboxes with
// an Organization belong to a situation there, the others to the person. It
// returns the reference of the professional.
func (s *Server) Add(p segur.Professional, boxes ...annuaire.Mailbox) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := p.RPPS()
	id := "P" + number
	if number == "" {
		id = "P" + strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
				return r
			}
			return '-'
		}, p.ID)
	}
	ids := []any{identifier("IDNPS", segur.OIDProfessional.URN(), p.ID)}
	if number != "" {
		ids = append(ids, identifier("RPPS", systemRPPS, number))
	}
	name := resource{"use": "usual", "family": p.FamilyName}
	if p.GivenName != "" {
		name["given"] = []any{p.GivenName}
	}
	if p.Title != "" {
		name["suffix"] = []any{p.Title}
	}
	r := resource{"resourceType": "Practitioner", "id": id, "active": true, "identifier": ids, "name": []any{name}}
	var qualifications []any
	if p.Profession.Code != "" {
		qualifications = append(qualifications, resource{"code": concept(annuaire.SystemProfession, p.Profession.Code)})
	}
	if _, specialty, ok := strings.Cut(p.Specialty.Code, "/"); ok {
		qualifications = append(qualifications, resource{"code": concept(annuaire.SystemSpecialty, specialty)})
	}
	if qualifications != nil {
		r["qualification"] = qualifications
	}
	var own []any
	situations := map[string][]any{}
	var order []string
	for _, b := range boxes {
		if b.Organization == "" {
			own = append(own, telecom(b))
			continue
		}
		if situations[b.Organization] == nil {
			order = append(order, b.Organization)
		}
		if b.Address == "" { // a situation without mailbox
			situations[b.Organization] = append(situations[b.Organization], nil)
			continue
		}
		situations[b.Organization] = append(situations[b.Organization], telecom(b))
	}
	if own != nil {
		r["telecom"] = own
	}
	s.put(r)
	for i, o := range order {
		role := resource{
			"resourceType": "PractitionerRole", "id": "R" + strings.TrimPrefix(id, "P") + "-" + strconv.Itoa(i), "active": true,
			"identifier":   []any{resource{"system": systemRPPS, "value": "S" + strings.TrimPrefix(id, "P") + strconv.Itoa(i)}},
			"practitioner": resource{"reference": "Practitioner/" + id}, "organization": resource{"reference": o},
			"code": []any{concept("https://mos.esante.gouv.fr/NOS/TRE_R23-ModeExercice/FHIR/TRE-R23-ModeExercice", "L")},
		}
		var list []any
		for _, t := range situations[o] {
			if t != nil {
				list = append(list, t)
			}
		}
		if list != nil {
			role["telecom"] = list
		}
		s.put(role)
	}
	return "Practitioner/" + id
}

// AddOrganization publishes a structure with mailboxes and returns its
// reference.
func (s *Server) AddOrganization(o segur.Organization, boxes ...annuaire.Mailbox) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []any{identifier("IDNST", segur.OIDStructure.URN(), o.ID)}
	if n := o.FINESS(); n != "" {
		ids = append(ids, identifier("FINEG", systemFINESS, n))
	}
	r := resource{"resourceType": "Organization", "id": "O" + o.ID, "active": true, "identifier": ids, "name": o.Name,
		"type": []any{concept(systemEntity, "GEOGRAPHICAL-ENTITY")}}
	if o.Sector.Code != "" {
		r["type"] = append(r["type"].([]any), concept(systemSector, o.Sector.Code)) //nolint:forcetypeassert // set above
	}
	if !o.Address.IsZero() {
		lines := []any{}
		for _, l := range o.Address.Lines {
			lines = append(lines, l)
		}
		r["address"] = []any{resource{"line": lines, "city": o.Address.City, "postalCode": o.Address.PostalCode}}
	}
	list := []any{resource{"system": "phone", "value": "0100000000"}, resource{"system": "email", "value": "accueil@exemple.test"}}
	for _, b := range boxes {
		list = append(list, telecom(b))
	}
	r["telecom"] = list
	s.put(r)
	return "Organization/O" + o.ID
}

func identifier(kind, system, value string) resource {
	return resource{"use": "official", "type": concept(systemIDType, kind), "system": system, "value": value}
}

func concept(system, code string) resource {
	return resource{"coding": []any{resource{"system": system, "code": code}}}
}

func telecom(m annuaire.Mailbox) resource {
	metadata := []any{}
	if m.Kind != "" {
		metadata = append(metadata, resource{"url": "type", "valueCodeableConcept": concept(systemKind, string(m.Kind))})
	}
	for name, v := range map[string]string{"description": m.Description, "service": m.Service, "responsible": m.Responsible} {
		if v != "" {
			metadata = append(metadata, resource{"url": name, "valueString": v})
		}
	}
	if m.RedList {
		metadata = append(metadata, resource{"url": "listeRouge", "valueBoolean": true})
	}
	metadata = append(metadata, resource{"url": "digitization", "valueBoolean": !m.PaperWanted})
	t := resource{"system": "email", "value": m.Address, "extension": []any{
		resource{"url": extEmailType, "valueCoding": resource{"system": systemMail, "code": "MSSANTE"}},
		resource{"url": extMailbox, "extension": metadata},
	}}
	if m.Rank != 0 {
		t["rank"] = m.Rank
	}
	return t
}
