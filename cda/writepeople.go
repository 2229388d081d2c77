package cda

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// patient writes the content of recordTarget. The INS comes before the local
// identifiers, and the name and the first given name at birth before the other
// names: the reference DRIMbox takes the first of each.
func (x xmlEncoder) patient(p *segur.Patient, birthPlaceName string) {
	t := &p.Traits
	x.Start("patientRole")
	if ins, ok := p.QualifiedINS(); ok {
		x.id("id", segur.Identifier{Root: ins.Authority(), Extension: ins.Matricule()})
	}
	for _, id := range p.LocalIDs {
		x.id("id", id)
	}
	x.address(p.Address, "H")
	x.telecoms(p.Telecoms)
	x.Start("patient")
	x.Start("name")
	x.Elem("family", t.BirthName, "qualifier", "BR")
	x.Elem("given", t.FirstGivenName, "qualifier", "BR")
	x.ElemOpt("given", t.GivenNames)
	if t.UsedName != "" {
		x.Elem("family", t.UsedName, "qualifier", "CL")
	}
	if t.UsedGivenName != "" {
		x.Elem("given", t.UsedGivenName, "qualifier", "CL")
	}
	x.End()
	gender := string(t.Sex)
	if t.Sex == segur.SexUnknown {
		gender = "UN"
	}
	x.code("administrativeGenderCode", segur.Code{Code: gender, System: nos.HL7Gender,
		Display: nos.Gender.Display(gender, nos.HL7Gender)}, nil)
	x.Elem("birthTime", "", "value", t.BirthDate.Compact())
	if t.BirthPlace != "" || birthPlaceName != "" {
		x.Start("birthplace")
		x.Start("place")
		x.Start("addr")
		x.ElemOpt("county", t.BirthPlace)
		x.ElemOpt("city", birthPlaceName)
		x.End()
		x.End()
		x.End()
	}
	x.End()
	x.End()
}

func (x xmlEncoder) author(a Author) {
	x.Start("author")
	if !a.Function.IsZero() {
		x.code("functionCode", a.Function, nil)
	}
	x.time("time", a.Time)
	x.assigned("assignedAuthor", a.Professional, segur.Code{})
	x.End()
}

// assigned writes a professional in a role: assignedAuthor or assignedEntity.
func (x xmlEncoder) assigned(name string, p segur.Professional, setting segur.Code) {
	x.Start(name)
	x.contact(p)
	x.person("assignedPerson", p)
	if p.Organization != nil {
		x.Start("representedOrganization")
		x.organization(*p.Organization)
		if !setting.IsZero() {
			x.code("standardIndustryClassCode", setting, nil)
		}
		x.End()
	}
	x.End()
}

// contact writes the identifier, the specialty and how to reach someone.
func (x xmlEncoder) contact(p segur.Professional) {
	x.national(segur.OIDProfessional, p.ID)
	if !p.Specialty.IsZero() {
		x.code("code", p.Specialty, nil)
	}
	x.address(p.Address, "")
	x.telecoms(p.Telecoms)
}

// person writes a name. The title goes where its value set belongs: civility
// before the name, professional title after it.
func (x xmlEncoder) person(name string, p segur.Professional) {
	x.Start(name)
	x.Start("name")
	_, civility := nos.Civility.Lookup(p.Title)
	if civility {
		x.Elem("prefix", p.Title)
	}
	x.ElemOpt("given", p.GivenName)
	x.Elem("family", p.FamilyName)
	if p.Title != "" && !civility {
		x.Elem("suffix", p.Title)
	}
	x.End()
	x.End()
}

// organization writes the content of an Organization class.
func (x xmlEncoder) organization(o segur.Organization) {
	x.national(segur.OIDStructure, o.ID)
	x.Elem("name", o.Name)
	x.telecoms(o.Telecoms)
	x.address(o.Address, "")
}

func (x xmlEncoder) custodian(o segur.Organization) {
	if len(o.Telecoms) > 1 { // the class holds one
		o.Telecoms = o.Telecoms[:1]
	}
	x.Start("custodian")
	x.Start("assignedCustodian")
	x.Start("representedCustodianOrganization")
	x.organization(o)
	x.End()
	x.End()
	x.End()
}

func (x xmlEncoder) informant(i Informant) {
	x.Start("informant")
	x.Start("relatedEntity")
	x.Attr("classCode", i.Class)
	if !i.Relationship.IsZero() {
		x.code("code", i.Relationship, nil)
	}
	x.address(i.Address, "")
	x.telecoms(i.Telecoms)
	x.Start("relatedPerson")
	x.Start("name")
	x.ElemOpt("given", i.GivenName)
	x.Elem("family", i.FamilyName)
	x.End()
	x.End()
	x.End()
	x.End()
}

func (x xmlEncoder) recipient(p segur.Professional) {
	x.Start("informationRecipient")
	x.Start("intendedRecipient")
	p.Specialty = segur.Code{} // the class has no code
	x.contact(p)
	x.person("informationRecipient", p)
	if p.Organization != nil {
		x.Start("receivedOrganization")
		x.organization(*p.Organization)
		x.End()
	}
	x.End()
	x.End()
}

// participants writes the prescriber (REF) and the family physician (INF with
// the function PCP).
func (x xmlEncoder) participants(r *Report) {
	if p := r.Prescriber; p != nil {
		x.participant("REF", segur.Code{}, p.Date, p.Professional)
	}
	if p := r.FamilyPhysician; p != nil {
		x.participant("INF", functionCode("PCP"), segur.Date{}, *p)
	}
}

// functionCode is a function of JDV_J47.
func functionCode(code string) segur.Code {
	row, _ := nos.FunctionCode.Lookup(code)
	return segur.Code{Code: row.Code, System: segur.OID(row.System), Display: row.Display}
}

func (x xmlEncoder) participant(kind string, function segur.Code, since segur.Date, p segur.Professional) {
	x.Start("participant")
	x.Attr("typeCode", kind)
	if !function.IsZero() {
		x.code("functionCode", function, nil)
	}
	x.Start("time")
	if since.IsZero() {
		x.Attr("nullFlavor", "NAV")
		x.Attr("xsi:type", "IVL_TS")
	} else {
		x.Attr("xsi:type", "IVL_TS")
		x.Elem("low", "", "value", since.Compact())
	}
	x.End()
	x.Start("associatedEntity")
	x.Attr("classCode", "PROV")
	x.contact(p)
	x.person("associatedPerson", p)
	if p.Organization != nil {
		x.Start("scopingOrganization")
		x.organization(*p.Organization)
		x.End()
	}
	x.End()
	x.End()
}

func (x xmlEncoder) telecoms(ts []segur.Telecom) {
	for _, t := range ts {
		x.Start("telecom")
		x.AttrOpt("use", t.Use)
		x.Attr("value", t.Value)
		x.End()
	}
}

// address writes the parts of an address, or its lines as on an envelope when
// it has several street lines: the rules accept one form or the other, and a
// part once.
func (x xmlEncoder) address(a segur.Address, use string) {
	if a.IsZero() {
		return
	}
	x.Start("addr")
	x.AttrOpt("use", use)
	if len(a.Lines) > 1 {
		var room [6]string
		for _, l := range envelope(room[:0], a) {
			x.Elem("streetAddressLine", l)
		}
	} else {
		if len(a.Lines) == 1 {
			x.Elem("streetName", a.Lines[0])
		}
		x.ElemOpt("postalCode", a.PostalCode)
		x.ElemOpt("city", a.City)
		x.ElemOpt("country", a.Country)
	}
	x.End()
}

// envelope gives the lines of an address, town and country included, without
// repetition: the rules refuse equal elements. They go to lines, which is empty.
func envelope(lines []string, a segur.Address) []string {
	for _, l := range a.Lines {
		lines = appendLine(lines, l)
	}
	town := a.PostalCode
	if town == "" || a.City == "" {
		town += a.City
	} else {
		town += " " + a.City
	}
	return appendLine(appendLine(lines, town), a.Country)
}

func appendLine(lines []string, l string) []string {
	if l == "" || slices.Contains(lines, l) {
		return lines
	}
	return append(lines, l)
}
