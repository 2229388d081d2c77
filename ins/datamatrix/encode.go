package datamatrix

import (
	"fmt"
	"unique"

	"github.com/segur-sdk/segur"
)

// Encode returns the payload of the INS datamatrix of a patient, to be drawn with [Payload.Symbol] beside the traits in
// clear.
//
// Only a qualified identity has one ([segur.Patient.QualifiedINS]; RNIV EXI SI 08): any other status and the attributes
// doubtful and fictitious are refused. The blocks are taken from INS, Traits.GivenNames (the whole list),
// Traits.BirthName, Traits.Sex, Traits.BirthDate and Traits.BirthPlace; the last may be empty, nothing else is. The traits
// are written as they are: capitals without accent, as INSi returns them. A name of more than 100 characters is refused
// and never cut.
//
// In [segur.Production] the test and demonstration authorities are refused; the zero environment is refused everywhere.
//
// The error is a [segur.ErrInvalidInput] that lists every field at fault and repeats no value.
func Encode(patient segur.Patient, env segur.Environment) (Payload, error) {
	var p segur.Problems
	check := func(path, rule string) {
		if rule != "" {
			p.Add(path, rule)
		}
	}
	check("environment", environmentRule(env))
	checkQualified(&p, patient)
	if !patient.INS.IsZero() {
		check("patient.ins.authority", authorityRule(patient.INS.Authority(), env))
	}
	t := patient.Traits
	check("patient.traits.givenNames", nameRule(t.GivenNames))
	check("patient.traits.birthName", nameRule(t.BirthName))
	if t.Sex != segur.Female && t.Sex != segur.Male {
		p.Add("patient.traits.sex", "must be F or M: an undetermined sex has no INS datamatrix")
	}
	check("patient.traits.birthDate", birthDateRule(t.BirthDate))
	if t.BirthPlace != "" {
		check("patient.traits.birthPlace", placeRule(t.BirthPlace))
	}
	if err := p.Err("datamatrix.Encode"); err != nil {
		return Payload{}, err
	}
	blocks := []block{
		{blockMatricule, patient.INS.Matricule()},
		{blockAuthority, string(patient.INS.Authority())},
		{blockGivenNames, t.GivenNames},
		{blockBirthName, t.BirthName},
		{blockSex, string(t.Sex)},
		{blockBirthDate, formatDate(t.BirthDate)},
	}
	if t.BirthPlace != "" {
		blocks = append(blocks, block{blockBirthPlace, t.BirthPlace})
	}
	return Payload{text: unique.Make(write(blocks))}, nil
}

// checkQualified refuses what QualifiedINS refuses, and says which of its conditions fails.
func checkQualified(p *segur.Problems, patient segur.Patient) {
	if !patient.Status.Qualified() {
		p.Addf("patient.status", "is %s: only a qualified identity (QUAL) may be printed as a datamatrix", patient.Status)
	}
	if patient.Attributes.Blocking() || !patient.Attributes.Valid() {
		p.Add("patient.attributes", "a doubtful or fictitious identity has no datamatrix, nor one with attributes that do not go together")
	}
	if patient.INS.IsZero() {
		p.Add("patient.ins", "is required")
	}
	if _, ok := patient.QualifiedINS(); !ok && p.Empty() {
		p.Add("patient", "has no qualified INS")
	}
}

func birthDateRule(d segur.Date) string {
	switch {
	case d.IsZero():
		return "is required"
	case !d.Valid():
		return "does not exist"
	case d.Complete():
		return ""
	case d.Month != 0:
		return "has no day: complete it by the rule of RNIV EXI PP 19 (day 01) and set BirthDateInterpreted"
	}
	return "has no day and no month: complete it by the rule of RNIV EXI PP 19 (31 December) and set BirthDateInterpreted"
}

// formatDate writes the DD-MM-YYYY of the format.
func formatDate(d segur.Date) string { return fmt.Sprintf("%02d-%02d-%04d", d.Day, d.Month, d.Year) }
