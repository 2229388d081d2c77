package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// recordTarget reads the patient. A second one, which the rules exclude, is
// refused by not being read: the identity of a document is that of the first.
func (d *decoder) recordTarget() {
	h := &d.out.Header
	if len(h.PatientIDs) > 0 || h.Patient.BirthName != "" {
		d.warn("recordTarget", "is there twice: the first one is the patient")
		d.each(func([]byte) {})
		return
	}
	const role = "recordTarget/patientRole"
	var roles, patients int
	d.each(func(name []byte) {
		if string(name) != "patientRole" || !d.once(&roles, role) {
			return
		}
		d.each(func(name []byte) {
			switch string(name) {
			case "id":
				if id := d.id(); !id.IsZero() {
					h.PatientIDs = append(h.PatientIDs, id)
					switch {
					case segur.IsFormerINSAuthority(id.Root):
						d.warn("recordTarget/patientRole/id", "is an INS-C, which no longer identifies")
					case segur.IsINSAuthority(id.Root) && !isMatricule(id.Extension):
						d.warn("recordTarget/patientRole/id", "is no INS: 15 characters and a key that matches")
					}
				}
			case "addr":
				if d.target != nil && d.target.Address.IsZero() {
					d.target.Address = d.address()
				}
			case "telecom":
				if d.target != nil && len(d.target.Telecoms) < maxWarnings {
					d.target.Telecoms = d.telecom(d.target.Telecoms)
				}
			case "patient":
				if d.once(&patients, role+"/patient") {
					d.patient()
				}
			}
		})
	})
}

// once counts what the schema has once, and reports whether this is the first:
// two persons must not become one.
func (d *decoder) once(n *int, path string) bool {
	if *n++; *n > 1 {
		d.warn(path, "is there twice: the first one counts")
	}
	return *n == 1
}

// isMatricule checks the length and the key of a matricule.
func isMatricule(s string) bool {
	return len(s) == 15 && segur.MatriculeKey(s[:13]) == s[13:]
}

func (d *decoder) patient() {
	const path = "recordTarget/patientRole/patient/"
	t := &d.out.Header.Patient
	var sexes, dates, places int
	d.each(func(name []byte) {
		switch string(name) {
		case "name":
			d.patientName(t)
		case "administrativeGenderCode":
			if !d.once(&sexes, path+"administrativeGenderCode") {
				return
			}
			switch code := d.attr("code"); code {
			case "F", "M":
				t.Sex = segur.Sex(code)
			case "UN", "I", "U":
				t.Sex = segur.SexUnknown
			}
		case "birthTime":
			if !d.once(&dates, path+"birthTime") {
				return
			}
			date, ok := birthDate(d.attr("value"))
			if !ok {
				d.warn(path+"birthTime", "is not a date")
			}
			t.BirthDate = date
		case "birthplace":
			if !d.once(&places, path+"birthplace") {
				return
			}
			d.each(func(name []byte) {
				if string(name) != "place" {
					return
				}
				d.each(func(name []byte) {
					if string(name) != "addr" {
						return
					}
					d.each(func(name []byte) {
						switch {
						case string(name) == "county":
							t.BirthPlace = d.text()
						case d.target != nil && string(name) == "city":
							d.target.BirthPlaceName = d.text()
						}
					})
				})
			})
		}
	})
}

// patientName reads the names by their qualifiers: BR at birth, CL used. A
// given name without qualifier is the list of given names.
func (d *decoder) patientName(t *segur.Traits) {
	const path = "recordTarget/patientRole/patient/name"
	var bare, first, list string
	d.each(func(name []byte) {
		qualifier := " " + d.attr("qualifier") + " "
		birth, used := strings.Contains(qualifier, " BR "), strings.Contains(qualifier, " CL ")
		switch string(name) {
		case "family":
			switch s := d.text(); {
			case birth:
				setOnce(&t.BirthName, s)
			case used:
				setOnce(&t.UsedName, s)
			default:
				setOnce(&bare, s)
			}
		case "given":
			switch s := d.text(); {
			case birth:
				setOnce(&t.FirstGivenName, s)
			case used:
				setOnce(&t.UsedGivenName, s)
			case list == "":
				first, list = s, s
			case beginsWith(s, list): // the list after one of its names
				list = s
			default: // one by one
				list += " " + s
			}
		}
	})
	setOnce(&t.GivenNames, list)
	if t.BirthName == "" && bare != "" {
		t.BirthName = bare
		d.warn(path+"/family", "has no qualifier: taken as the name at birth")
	}
	if t.FirstGivenName == "" && t.GivenNames != "" {
		if !strings.Contains(first, " ") {
			t.FirstGivenName = first
		}
		d.warn(path+"/given", "none is marked as the first given name")
	}
}

func setOnce(dst *string, s string) {
	if *dst == "" {
		*dst = s
	}
}

// actor reads an author or a legal authenticator.
func (d *decoder) actor(path, role string) (a segur.DocumentActor) {
	d.each(func(name []byte) {
		switch string(name) {
		case "functionCode":
			a.Function = d.code()
		case "time":
			a.Time = d.timestamp(path + "/time")
		case role:
			d.role(&a)
		}
	})
	return a
}

func (d *decoder) performer() (a segur.DocumentActor, setting segur.Code) {
	d.each(func(name []byte) {
		switch string(name) {
		case "functionCode":
			a.Function = d.code()
		case "time":
			a.Time, _ = d.interval("documentationOf/serviceEvent/performer/time")
		case "assignedEntity":
			setting = d.role(&a)
		}
	})
	return a, setting
}

// role reads an AssignedAuthor, AssignedEntity or AssociatedEntity and returns
// the practice setting of its organisation.
func (d *decoder) role(a *segur.DocumentActor) (setting segur.Code) {
	p := &a.Professional
	d.each(func(name []byte) {
		switch string(name) {
		case "id":
			// Of several the national one.
			if id := d.id(); p.ID == "" || id.Root == segur.OIDProfessional && a.Authority != segur.OIDProfessional {
				p.ID, a.Authority = id.Extension, id.Root
			}
		case "code":
			p.Specialty = d.code()
		case "addr":
			p.Address = d.address()
		case "telecom":
			p.Telecoms = d.telecom(p.Telecoms)
		case "assignedPerson", "associatedPerson", "informationRecipient":
			d.person(p)
		case "assignedAuthoringDevice":
			a.Device = &segur.DocumentDevice{}
			d.each(func(name []byte) {
				switch string(name) {
				case "softwareName":
					a.Device.Software = d.text()
				case "manufacturerModelName":
					a.Device.Model = d.text()
				}
			})
		case "representedOrganization", "scopingOrganization", "receivedOrganization":
			var o segur.Organization
			o, setting = d.organization()
			p.Organization = &o
		}
	})
	return setting
}

// national is the person where only the name of the register goes with the
// number: a number of another authority must not pass for a national one.
func (d *decoder) national(a *segur.DocumentActor) *segur.Professional {
	p := registered(*a)
	if p.ID != a.Professional.ID {
		d.warn("id", "of a person is not in the register of professionals: left out")
	}
	return &p
}

// registered is the person without an identifier of another authority than the
// national register.
func registered(a segur.DocumentActor) segur.Professional {
	if a.Authority != segur.OIDProfessional {
		a.Professional.ID = ""
	}
	return a.Professional
}

// person reads the name of a professional. Qualifiers say nothing here: some
// systems write SP, which the rules refuse.
func (d *decoder) person(p *segur.Professional) {
	d.each(func(name []byte) {
		if string(name) != "name" {
			return
		}
		var prefix, suffix string
		d.each(func(name []byte) {
			switch string(name) {
			case "family":
				setOnce(&p.FamilyName, d.text())
			case "given":
				setOnce(&p.GivenName, d.text())
			case "prefix":
				prefix = d.text()
			case "suffix":
				suffix = d.text()
			}
		})
		setOnce(&p.Title, suffix)
		setOnce(&p.Title, prefix)
	})
}

func (d *decoder) organization() (o segur.Organization, setting segur.Code) {
	d.each(func(name []byte) {
		switch string(name) {
		case "id":
			if o.ID == "" {
				id := d.id()
				if o.ID = id.Extension; id.Root == segur.OIDStructure && len(o.ID) == 9 && digits(o.ID) {
					d.warn("organization/id", "has no type digit: 9 digits, a FINESS number without its 1?")
				}
			}
		case "name":
			setOnce(&o.Name, d.text())
		case "telecom":
			o.Telecoms = d.telecom(o.Telecoms)
		case "addr":
			o.Address = d.address()
		case "standardIndustryClassCode":
			setting = d.code()
		}
	})
	return o, setting
}

func (d *decoder) telecom(ts []segur.Telecom) []segur.Telecom {
	if v := d.attr("value"); v != "" {
		if !strings.Contains(v, ":") {
			if kind := telecomKind(v); kind != "" {
				d.warn("telecom", "has no scheme: known by its form")
				v = kind + v
			}
		}
		return append(ts, segur.Telecom{Value: v, Use: d.attr("use")})
	}
	return ts
}

// telecomKind tells a number and a mail address, which some systems write
// without scheme, by their form.
func telecomKind(s string) string {
	switch {
	case strings.Contains(s, "@"):
		return "mailto:"
	case strings.Trim(s, "+0123456789. ()-") == "":
		return "tel:"
	}
	return ""
}

func (d *decoder) address() (a segur.Address) {
	var street string
	d.each(func(name []byte) {
		switch string(name) {
		case "streetAddressLine", "additionalLocator", "postBox":
			if s := d.text(); s != "" {
				a.Lines = append(a.Lines, s)
			}
		case "houseNumber", "houseNumberNumeric", "streetNameType", "streetName":
			street = clean(street + " " + d.text())
		case "postalCode":
			a.PostalCode = d.text()
		case "city":
			a.City = d.text()
		case "country":
			a.Country = d.text()
		}
	})
	if street != "" {
		a.Lines = append(a.Lines, street)
	}
	return a
}

// participant keeps the first prescriber, the family physician, and the
// correspondents who shall get the report of a request.
func (d *decoder) participant() {
	var who segur.DocumentActor
	take := func() {}
	prescriber := d.attr("typeCode") == "REF"
	switch d.attr("typeCode") {
	case "REF":
		if d.out.Prescriber == nil {
			take = func() { d.out.Prescriber = d.national(&who) }
		}
	case "INF":
		take = func() {
			if who.Function.Code == "PCP" && d.out.FamilyPhysician == nil {
				d.out.FamilyPhysician = d.national(&who)
			}
		}
	case "CON":
		take = func() {
			if recipient(who.Function) {
				d.out.ReportRecipients = append(d.out.ReportRecipients, *d.national(&who))
			}
		}
	default:
		d.each(func([]byte) {})
		return
	}
	d.each(func(name []byte) {
		switch string(name) {
		case "functionCode":
			who.Function = d.code()
		case "time":
			if asked := d.asked(); prescriber && d.out.Prescriber == nil {
				d.out.prescribed = asked
			}
		case "associatedEntity":
			d.role(&who)
			take()
			take = func() {}
		}
	})
}
