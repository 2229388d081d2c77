package interop

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/ins/identity"
)

// gate checks an identity before it is written, whatever the standard, and
// returns what may leave: without INS and history when it is not qualified. The
// rules on the person are those of every document.
func (c *Codec) gate(op string, id Identity) (Identity, error) {
	var p segur.Problems
	if id.Patient.Status > segur.Qualified {
		p.Add("patient.status", "is none of the four statuses")
	}
	if !id.Patient.Attributes.Valid() {
		p.Add("patient.attributes", "do not go together: a fictitious identity has no other attribute")
	}
	patient, err := cda.CheckPatient(c.cda(), id.Patient)
	p.Merge("", err)
	for i, l := range id.Patient.LocalIDs {
		if strings.Contains(string(l.Root), "-") { // a UUID, which documents take
			p.Add(fmt.Sprintf("patient.localIDs[%d].root", i), "must be an OID")
		}
	}
	texts(&p, id)
	reliability(&p, id)
	for i, h := range id.History {
		if path := fmt.Sprintf("history[%d]", i); h.IsZero() || h == id.Patient.INS {
			p.Add(path, "must be a former INS")
		} else if !c.cfg.Environment.AcceptsINS(h.Authority()) {
			p.Add(path, "test and demonstration identities are refused in production")
		}
	}
	if !id.INSSince.IsZero() && !id.INSSince.Valid() {
		p.Add("insSince", "is not a date")
	}
	if err := p.Err(op); err != nil {
		return Identity{}, err
	}
	id.Patient = patient // its slices are copies
	for i := range patient.LocalIDs {
		patient.LocalIDs[i].Assigner = clean(patient.LocalIDs[i].Assigner)
	}
	id.BirthPlaceName = clean(id.BirthPlaceName)
	id.Reliability.Status, id.Reliability.Attributes = patient.Status, patient.Attributes
	if _, ok := patient.QualifiedINS(); !ok {
		id.History, id.INSSince = nil, segur.Date{}
	}
	return id, nil
}

// texts refuses what some standard has no place for: control characters, which
// end a message or a value, and what is not UTF-8.
func texts(p *segur.Problems, id Identity) {
	check := func(path, s string) {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' }) {
			p.Add(path, "must be UTF-8 text without control characters")
		}
	}
	t, a := id.Patient.Traits, id.Patient.Address
	check("patient.traits.birthName", t.BirthName)
	check("patient.traits.usedName", t.UsedName)
	check("patient.traits.firstGivenName", t.FirstGivenName)
	check("patient.traits.givenNames", t.GivenNames)
	check("patient.traits.usedGivenName", t.UsedGivenName)
	check("birthPlaceName", id.BirthPlaceName)
	for i, l := range a.Lines {
		check(fmt.Sprintf("patient.address.lines[%d]", i), l)
	}
	check("patient.address.postalCode", a.PostalCode)
	check("patient.address.city", a.City)
	check("patient.address.country", a.Country)
	for i, l := range id.Patient.LocalIDs {
		check(fmt.Sprintf("patient.localIDs[%d].extension", i), l.Extension)
		check(fmt.Sprintf("patient.localIDs[%d].assigner", i), l.Assigner)
	}
	for i, l := range id.Patient.Telecoms {
		check(fmt.Sprintf("patient.telecoms[%d].value", i), l.Value)
	}
}

func reliability(p *segur.Problems, id Identity) {
	r := id.Reliability
	if r == (identity.Reliability{}) {
		return
	}
	if r.Status != id.Patient.Status {
		p.Add("reliability.status", "must be that of the patient")
	}
	if r.Attributes != id.Patient.Attributes {
		p.Add("reliability.attributes", "must be those of the patient")
	}
	if r.Method != "" && !isCode(string(r.Method)) {
		p.Add("reliability.method", "must be a code")
	}
	if r.ValidationMode != "" && !isCode(string(r.ValidationMode)) {
		p.Add("reliability.validationMode", "must be a code")
	}
	if !r.CollectedAt.IsZero() && !r.CollectedAt.Valid() {
		p.Add("reliability.collectedAt", "is not a date")
	}
	if !r.ValidatedAt.IsZero() && !r.ValidatedAt.Valid() {
		p.Add("reliability.validatedAt", "is not a date")
	}
}

// isCode reports whether s looks like the code of a value set, and not like a
// text.
func isCode(s string) bool {
	return s != "" && len(s) <= 16 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
