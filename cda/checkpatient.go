package cda

import (
	"bytes"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// patient checks the identity. A matricule leaves the system with a qualified
// identity only (RNIV): in any other status the INS is dropped here, and the
// local identifier identifies alone.
func (c *checker) patient(p segur.Patient) segur.Patient {
	ins, qualified := p.QualifiedINS()
	switch {
	case qualified:
		if !c.cfg.Environment.AcceptsINS(ins.Authority()) {
			c.Add("patient.ins.authority", "test and demonstration identities are refused in production")
		}
	case p.Attributes.Blocking() && p.Status != segur.Provisional:
		c.Add("patient.attributes", "a doubtful or fictitious identity must be provisional")
	case p.Status.Qualified():
		c.Add("patient.ins", "is required for a qualified identity")
	default:
		c.noMatricule(p)
		p.INS = segur.INS{}
		if len(p.LocalIDs) == 0 {
			c.Add("patient.localIDs", "one at least is required when the identity is not qualified")
		}
	}
	p.LocalIDs = slices.Clone(p.LocalIDs)
	for i := range p.LocalIDs {
		id, path := &p.LocalIDs[i], c.item("patient.localIDs", i)
		c.identifier(path, id, true)
		switch {
		case segur.IsINSAuthority(id.Root):
			c.Add(c.at(path, ".root"), "is an INS authority: an INS is given in patient.ins, with its status")
		case segur.IsFormerINSAuthority(id.Root):
			c.Add(c.at(path, ".root"), "is an authority of the former INS-C, which no longer identifies")
		}
		if slices.ContainsFunc(p.LocalIDs[:i], func(o segur.Identifier) bool { return o.Root == id.Root && o.Extension == id.Extension }) {
			c.Add(path, "is there twice")
		}
	}
	c.traits(&p.Traits, qualified)
	p.Address = c.address("patient.address", p.Address)
	p.Telecoms = c.telecoms("patient.telecoms", p.Telecoms)
	return p
}

// noMatricule refuses the other ways by which the matricule of an identity that
// is not qualified would leave: the citizen's mail address is made of it.
func (c *checker) noMatricule(p segur.Patient) {
	const rule = "holds the matricule of an identity that is not qualified"
	for i, t := range p.Telecoms {
		if citizenMail(t) {
			c.Add(c.at(c.item("patient.telecoms", i), ".value"), rule)
		}
	}
	if p.INS.IsZero() {
		return
	}
	holds := func(s string) bool { return strings.Contains(strings.ToUpper(s), p.INS.Body()) }
	for i, id := range p.LocalIDs {
		if holds(id.Extension) {
			c.Add(c.at(c.item("patient.localIDs", i), ".extension"), rule)
		}
	}
	for i, t := range p.Telecoms {
		if holds(t.Value) && !citizenMail(t) {
			c.Add(c.at(c.item("patient.telecoms", i), ".value"), rule)
		}
	}
}

// unqualified refuses a document that has the matricule of an identity that is
// not qualified anywhere: a number of a visit, a relative's mail, a text.
func unqualified(op string, p segur.Patient, xml []byte) error {
	if _, qualified := p.QualifiedINS(); qualified || p.INS.IsZero() {
		return nil
	}
	body := []byte(p.INS.Body())
	if !bytes.Contains(xml, body) && !bytes.Contains(xml, bytes.ToLower(body)) {
		return nil
	}
	var problems segur.Problems
	problems.Add("patient.ins", "is not qualified, and its matricule stands in another field of the document")
	return problems.Err(op)
}

// citizenMail reports whether a telecom is the mailbox of a citizen, whose name is
// their matricule, whatever stands around the domain ("%40", "?subject=...").
func citizenMail(t segur.Telecom) bool {
	return strings.Contains(strings.ToLower(t.Value), "patient.mssante.fr")
}

// traits checks the identity traits; with an INS all of them are mandatory.
func (c *checker) traits(t *segur.Traits, qualified bool) {
	t.BirthName, t.UsedName = clean(t.BirthName), clean(t.UsedName)
	t.FirstGivenName, t.GivenNames, t.UsedGivenName = clean(t.FirstGivenName), clean(t.GivenNames), clean(t.UsedGivenName)
	c.Require("patient.traits.birthName", t.BirthName)
	c.Require("patient.traits.firstGivenName", t.FirstGivenName)
	switch t.Sex {
	case segur.Female, segur.Male:
	case segur.SexUnknown:
		if qualified {
			c.Add("patient.traits.sex", "must be F or M with an INS")
		}
	default:
		c.Add("patient.traits.sex", "must be F, M or I")
	}
	if !t.BirthDate.Valid() {
		c.Add("patient.traits.birthDate", "is required, the year at least")
	}
	c.pastDate("patient.traits.birthDate", t.BirthDate)
	if t.BirthPlace == "" && qualified {
		c.Add("patient.traits.birthPlace", "is required with an INS: 5-character COG code, 99999 when unknown")
	} else if t.BirthPlace != "" && !segur.IsCOG(t.BirthPlace) {
		c.Add("patient.traits.birthPlace", "must be a COG code: 5 digits, or 2A and 2B in Corsica")
	}
	if t.GivenNames == "" {
		if qualified {
			c.Add("patient.traits.givenNames", "is required with an INS: the whole list of given names, as INSi gives it")
		}
	} else if !beginsWith(t.GivenNames, t.FirstGivenName) {
		c.Add("patient.traits.givenNames", "must begin with firstGivenName")
	}
}

// beginsWith reports whether a list of names starts with the whole name, in whatever spelling.
func beginsWith(list, name string) bool {
	all, first := names.Words(list), names.Words(name)
	return len(first) <= len(all) && slices.Equal(first, all[:len(first)])
}
