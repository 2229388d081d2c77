package cda

import (
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// AsReport returns what the header of a document says, in the type of the
// writer: with the sections of [Parsed.Report], what a report of this package
// was made of; of any other document, as much as it has. What comes next is a
// new version: see [Report.Replacing].
//
// The status of the identity is not in a document: it is left Provisional, and
// the INS is there when the document has a valid one. PDF is the body of a
// document of level 1 and the copy in one of level 3, when there is one.
func (p *Parsed) AsReport() Report {
	h := cloneHeader(p.Header)
	r := p.details
	r.Informants, r.Recipients, r.Authenticators = slices.Clone(r.Informants), slices.Clone(r.Recipients), slices.Clone(r.Authenticators)
	r.ID, r.SetID, r.Version, r.Replaces, r.Created = h.ID.Root, h.SetID, h.Version, h.Replaces, h.Created.Time
	r.Title, r.Language, r.Confidentiality, r.Custodian = h.Title, h.Language, h.Confidentiality, p.Custodian
	r.Patient.Traits = h.Patient
	for _, id := range h.PatientIDs {
		switch ins, err := segur.ParseINS(id.Extension, id.Root); {
		case err == nil && r.Patient.INS.IsZero():
			r.Patient.INS = ins
		case !segur.IsINSAuthority(id.Root) && !segur.IsFormerINSAuthority(id.Root):
			r.Patient.LocalIDs = append(r.Patient.LocalIDs, id)
		}
	}
	for _, a := range h.Authors {
		r.Authors = append(r.Authors, Author{Professional: registered(a), Function: a.Function, Time: a.Time.Time})
	}
	r.LegalAuthenticator = Signature{Professional: registered(h.LegalAuthenticator), Time: h.LegalAuthenticator.Time.Time}
	if p.Prescriber != nil {
		r.Prescriber = &Prescriber{Professional: *p.Prescriber, Date: p.prescribed}
	}
	if p.FamilyPhysician != nil {
		who := *p.FamilyPhysician
		r.FamilyPhysician = &who
	}
	for _, o := range h.Orders {
		r.Orders = append(r.Orders, Order(o))
	}
	for _, s := range h.Services {
		if s.StudyUID == "" && s.Code.Code == screening.Code && s.Code.System == screening.System {
			r.Screening = true
			continue
		}
		r.Acts = append(r.Acts, actOf(s))
		if r.PracticeSetting.IsZero() {
			r.PracticeSetting = s.PracticeSetting
		}
	}
	switch {
	case p.body.present:
		if b, err := p.Body(); err == nil {
			r.PDF = b
		}
	case p.Copy != nil:
		r.PDF = p.Copy.Content
	}
	return r
}

// actOf is an act of the header in the type of the writer.
func actOf(s segur.DocumentService) Act {
	a := Act{StudyUID: s.StudyUID, Code: s.Code, Start: s.Start.Time, End: s.Stop.Time}
	for _, t := range s.Translations {
		switch {
		case t.Qualifier.Code == qualifierModality.Code:
			a.Modalities = append(a.Modalities, t.Code)
		case t.Qualifier.Code == qualifierRegion.Code:
			a.Regions = append(a.Regions, t.Code)
		case a.CCAM.IsZero() && (t.System == nos.CCAM || t.System == nos.CCAMAlias):
			a.CCAM = t.Code
		}
	}
	if s.Performer.Professional.ID != "" || s.Performer.Professional.FamilyName != "" {
		p := registered(s.Performer)
		a.Performer = &p
	}
	return a
}

// detail reads an element of the header that metadata does not need.
func (d *decoder) detail(name string) {
	r := &d.out.details
	var who segur.DocumentActor
	switch name {
	case "dataEnterer":
		who = d.actor(name, "assignedEntity")
		r.DataEnterer = &DataEnterer{Professional: *d.national(&who), Time: who.Time.Time}
	case "authenticator":
		who = d.actor(name, "assignedEntity")
		r.Authenticators = append(r.Authenticators, Signature{Professional: *d.national(&who), Time: who.Time.Time})
	case "informationRecipient":
		d.each(func(name []byte) {
			if string(name) == "intendedRecipient" {
				d.role(&who)
				r.Recipients = append(r.Recipients, *d.national(&who))
			}
		})
	case "informant":
		d.each(func(name []byte) {
			if string(name) == "relatedEntity" {
				r.Informants = append(r.Informants, d.informant())
			}
		})
	}
}

func (d *decoder) informant() (i Informant) {
	i.Class = d.attr("classCode")
	d.each(func(name []byte) {
		switch string(name) {
		case "code":
			i.Relationship = d.code()
		case "addr":
			i.Address = d.address()
		case "telecom":
			i.Telecoms = d.telecom(i.Telecoms)
		case "relatedPerson":
			var p segur.Professional
			d.person(&p)
			i.FamilyName, i.GivenName = p.FamilyName, p.GivenName
		}
	})
	return i
}

// encounter reads the visit; metadata needs the type of its place only.
func (d *decoder) encounter() {
	e := &d.out.details.Encounter
	d.each(func(name []byte) {
		if string(name) != "encompassingEncounter" {
			return
		}
		d.each(func(name []byte) {
			switch string(name) {
			case "id":
				if e.ID.IsZero() {
					e.ID = d.id()
				}
			case "code":
				e.Type = d.code()
			case "effectiveTime":
				low, high := d.interval("componentOf/encompassingEncounter/effectiveTime")
				e.Start, e.End = low.Time, high.Time
			case "location":
				d.each(func(name []byte) {
					if string(name) == "healthCareFacility" {
						d.healthCareFacility(e)
					}
				})
			}
		})
	})
}

func (d *decoder) healthCareFacility(e *Encounter) {
	var o segur.Organization
	d.each(func(name []byte) {
		switch string(name) {
		case "id":
			setOnce(&o.ID, d.attr("extension"))
		case "code":
			o.Sector = d.code()
			d.out.Header.FacilityType = o.Sector
		case "location":
			d.each(func(name []byte) {
				switch string(name) {
				case "name":
					setOnce(&o.Name, d.text())
				case "addr":
					o.Address = d.address()
				}
			})
		}
	})
	e.Facility = &o
}

// asked reads the time of a prescriber: the day of the prescription.
func (d *decoder) asked() segur.Date {
	low, _ := d.interval("participant/time")
	if low.IsZero() {
		return segur.Date{}
	}
	return dayOf(low.Time)
}

func dayOf(t time.Time) segur.Date {
	year, month, day := t.Date()
	return segur.NewDate(year, month, day)
}
