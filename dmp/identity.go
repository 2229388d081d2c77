package dmp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// identify decides who acts, and writes what they are in one way: profession
// with its system, specialty as JDV_J01 has it.
func (c *Config) identify() {
	u := &c.User
	if u.Profession.System == "" && u.Profession.Code != "" {
		u.Profession.System = systemProfession
		if u.Profession.Code == actorAutomaton {
			u.Profession.System = systemProducer
		}
	}
	u.Specialty = authorSpecialty(u.Profession, u.Specialty)
	if c.Identity == "" {
		c.Identity = Message
		if c.automatic() || c.LocalAuthentication == Unattended && !c.qualified() {
			c.Identity = Automaton
		}
	}
	if c.Identity == Automaton && !c.automatic() {
		// The person is responsible for the process; what it does is the structure's.
		u.Profession = segur.Code{Code: actorAutomaton, System: systemProducer}
		u.Specialty = segur.Code{}
	}
	c.OtherRoles = slices.Clone(c.OtherRoles)
}

// automatic reports whether the profession is that of a process.
func (c *Config) automatic() bool {
	return c.User.Profession.Equal(segur.Code{Code: actorAutomaton, System: systemProducer})
}

// qualified reports whether the profession is known, and what qualifies it
// where that is required.
func (c *Config) qualified() bool {
	if c.User.Profession.Code == "" {
		return false
	}
	var p segur.Problems
	c.checkQualification(&p)
	return len(p.Details()) == 0
}

// authorSpecialty gives a specialty of TRE_R01 or a section of TRE_G05 the
// code that it has in JDV_J01, under its profession.
func authorSpecialty(profession, s segur.Code) segur.Code {
	if profession.System != systemProfession || s.Code == "" || s.System != systemSpecialty && s.System != systemSection {
		return s
	}
	return segur.Code{Code: "G15_" + profession.Code + "/" + s.Code, System: systemAuthorSpecialty}
}

// qualification is the second role: what JDV_J01 joins to the profession,
// as a code of TRE_R01 ("SM44"), or of TRE_G05 for a pharmacist; the role of
// an actor characterised by it as it is. Zero: there is none.
func (c *Config) qualification() segur.Code {
	profession, s := c.User.Profession, c.User.Specialty
	switch {
	case s.Code == "":
		return segur.Code{}
	case profession.System == systemByRole && (s.System == "" || s.System == systemCareRole):
		return segur.Code{Code: s.Code, System: systemCareRole, Display: s.Display}
	case s.System != "" && s.System != systemAuthorSpecialty:
		return s
	}
	_, code, ok := strings.Cut(s.Code, "G15_"+profession.Code+"/")
	if !ok || profession.System != systemProfession {
		return segur.Code{}
	}
	system := systemSpecialty
	if profession.Code == professionPharmacist {
		system = systemSection
	}
	return segur.Code{Code: code, System: system}
}

func (c *Config) checkUser(p *segur.Problems) {
	u := &c.User
	p.Require("user.id", u.ID)
	p.Require("user.familyName", u.FamilyName)
	if c.Identity != Automaton {
		p.Require("user.givenName", u.GivenName)
	}
	switch c.Identity {
	case Message, Automaton:
	default:
		p.Add("identity", "unknown: use dmp.Message or dmp.Automaton")
	}
	if c.Identity == Automaton && c.Mode != Indirecte {
		p.Add("identity", "an automatic process acts in INDIRECTE only")
	}
	p.Require("user.profession", u.Profession.Code)
	c.checkQualification(p)
	c.checkProfile(p)
	c.checkCodes(p)
}

// checkQualification wants the second role where the first one needs it.
func (c *Config) checkQualification(p *segur.Problems) {
	profession, second := c.User.Profession, c.qualification()
	switch {
	case profession.System == systemProfession && profession.Code == professionPhysician && second.System != systemSpecialty:
		p.Add("user.specialty", "is required for a physician: a code of JDV_J01 (G15_10/SM44) or of TRE_R01 (SM44)")
	case profession.System == systemProfession && profession.Code == professionPharmacist && second.System != systemSection:
		p.Add("user.specialty", "must be the section of the Ordre for a pharmacist: a code of JDV_J01 (G15_21/G) or of TRE_G05 (G)")
	case profession.System == systemByRole && second.System != systemCareRole:
		p.Add("user.specialty", "must be the role (TRE_R85) of an actor characterised by it")
	}
}

func (c *Config) checkProfile(p *segur.Problems) {
	physician := c.User.Profession.Code == professionPhysician &&
		(c.User.Profession.System == systemProfession || c.User.Profession.System == systemTraining)
	switch c.Profile {
	case "", OtherProfessional, NonProfessional:
	case Physician, OccupationalPhysician:
		if !physician {
			p.Add("profile", "is that of a physician, which user.profession is not")
		}
	case DeclaredGP:
		p.Add("profile", "must be dmp.Physician: the record knows of whom the user is the declared general practitioner")
	default:
		p.Add("profile", "unknown")
	}
}

// checkCodes wants codes that the embedded value sets hold.
func (c *Config) checkCodes(p *segur.Problems) {
	const maxOther = 2
	if len(c.OtherRoles) > maxOther {
		p.Addf("otherRoles", "must be %d at most", maxOther)
	}
	if c.Settings.AllowUnknownCodes {
		return
	}
	if u := c.User.Profession; u.Code != "" {
		if _, ok := nos.SubjectRole(u.Code, string(u.System)); !ok {
			p.Add("user.profession", "is not in JDV_J65_SubjectRole_DMP (see settings.allowUnknownCodes)")
		}
	}
	unknown := func(field string, role segur.Code) {
		if _, ok := nos.SubjectQualification(c.User.Profession.Code, role.Code, string(role.System)); !ok {
			p.Add(field, "is not in JDV_J65_SubjectRole_DMP for this profession (see settings.allowUnknownCodes)")
		}
	}
	if second := c.qualification(); second.Code != "" {
		unknown("user.specialty", second)
	}
	for i, role := range c.OtherRoles {
		unknown(fmt.Sprintf("otherRoles[%d]", i), role)
	}
	if s := c.Structure.Sector; s.Code != "" && !nos.FacilityType.Has(s.Code, string(s.System)) {
		p.Add("structure.sector", "is not a sector of activity of TRE_R02 (see settings.allowUnknownCodes)")
	}
}

// roles are the profession, then what qualifies it, then the others.
func (c *Config) roles() []segur.Code {
	first, second := c.User.Profession, c.qualification()
	e, _ := nos.SubjectRole(first.Code, string(first.System))
	out := []segur.Code{labelled(first, e)}
	if second.Code != "" {
		out = append(out, c.labelledRole(second))
	}
	for _, role := range c.OtherRoles {
		out = append(out, c.labelledRole(role))
	}
	return out
}

func (c *Config) labelledRole(role segur.Code) segur.Code {
	e, _ := nos.SubjectQualification(c.User.Profession.Code, role.Code, string(role.System))
	return labelled(role, e)
}

// labelled gives a role its label: receivers read the code.
func labelled(role segur.Code, e nos.Entry) segur.Code {
	role.SystemName = ""
	if e.Display != "" {
		role.Display = e.Display
	}
	if role.Display == "" {
		role.Display = role.Code
	}
	return role
}
