package cda

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// act reads the section of an act. name begins the identifiers of its text in
// a document of this package.
func (r *bodyReader) act(s *Section, name string) (a ActSection, p Procedure) {
	p.Service = -1
	techniques := 0
	for e := range s.at.entries {
		if r.denied(e) {
			continue
		}
		switch e.name() {
		case "procedure":
			switch {
			case e.has("1.2.250.1.213.1.1.3.165"), e.child("code").isCode("121290", nos.DCM):
				a.exposure().AuthorizedBy = r.authorized(e) // outside of its section
			default:
				if techniques++; techniques > 1 {
					r.warn(e, "is a second technique of the act: the first one is taken")
					continue
				}
				r.technique(e, &a, &p)
			}
		case "substanceAdministration":
			r.administered(e, &a)
		}
	}
	a.Narrative = r.supplied(s, name, "act")
	return a, p
}

func (a *ActSection) exposure() *Exposure {
	if a.Exposure == nil {
		a.Exposure = &Exposure{}
	}
	return a.Exposure
}

func (r *bodyReader) technique(e el, a *ActSection, p *Procedure) {
	code := e.child("code")
	p.Code = r.coded(code)
	for t := range code.all("translation") {
		if c := t.code(); p.CCAM.IsZero() && (c.System == nos.CCAM || c.System == nos.CCAMAlias) {
			p.CCAM = c
		}
	}
	if !r.sameTarget(e.child("text"), code.child("originalText")) {
		a.Description = r.words(e.child("text"))
	}
	p.Start = r.timestamp(e.child("effectiveTime"))
	for m := range e.all("methodCode") {
		if m.attr("code") != "" {
			p.Modalities = append(p.Modalities, r.coded(m))
		}
	}
	sites := 0
	for t := range e.all("targetSiteCode") {
		if sites++; sites > 1 {
			r.warn(t, "is a second site of the act: the first one is taken")
			break
		}
		a.Site = r.site(t)
	}
	a.Parameters = r.comment(e)
}

// ofAct reads a section inside that of an act.
func (r *bodyReader) ofAct(s *Section, a *ActSection, p *Procedure, name string) {
	switch s.Role {
	case RoleComplications:
		extend(&a.Complications, r.narrative(s, name))
	case RoleExposure:
		r.exposure(s, a.exposure(), a)
		extend(&a.Exposure.Narrative, r.supplied(s, name, "pregnancy"))
	case RoleCatalog:
		r.catalog(s, a, p)
		extend(&a.Catalog.Narrative, r.supplied(s, name, "link"))
	}
}

func (r *bodyReader) exposure(s *Section, x *Exposure, a *ActSection) {
	for e := range s.at.entries {
		if r.denied(e) {
			continue
		}
		code := e.child("code")
		switch e.name() {
		case "procedure":
			if p := r.authorized(e); p != nil {
				x.AuthorizedBy = p
			}
		case "substanceAdministration":
			r.administered(e, a)
		case "observation":
			switch value := e.child("value"); {
			case code.isCode("364320009", nos.SNOMEDCT):
				x.Pregnancy = r.coded(value)
			case value.isType("PQ"), e.has("1.2.250.1.213.1.1.3.154"):
				x.Doses = append(x.Doses, r.dose(e))
			}
		}
	}
}

// authorized reads who authorised an exposure.
func (r *bodyReader) authorized(e el) *segur.Professional {
	for p := range e.all("participant") {
		role := p.child("participantRole")
		if !role.ok() || p.attr("typeCode") != "RESP" {
			continue
		}
		who := named(role.child("playingEntity"))
		switch id := role.child("id"); {
		case id.is("root", string(segur.OIDProfessional)):
			who.ID = id.attr("extension")
		case id.attr("extension") != "":
			// The official example has one of the American register: it must not
			// pass for a national identifier.
			r.warn(id, "is not in the register of professionals: left out")
		}
		return &who
	}
	return nil
}

// dose reads a quantity of an exposure. The text keeps the unit that was
// given, the code the one that the rules accept: when they are the same
// quantity, the first is taken.
func (r *bodyReader) dose(e el) Dose {
	d := Dose{Code: r.coded(e.child("code")), Time: r.time(e.child("effectiveTime")), Site: r.site(e.child("targetSiteCode"))}
	d.Value = quantityOf(e.child("value"))
	given := d
	if given.Value = quantityIn(r.words(e.child("text"))); given.written() == d.Value {
		return given
	}
	return d
}

// administered reads a product, or the radiopharmaceutical of an exposure.
func (r *bodyReader) administered(e el, a *ActSection) {
	p := r.product(e)
	if !e.has("1.2.250.1.213.1.1.3.173") && !e.child("code").isCode("440252007", nos.SNOMEDCT) {
		a.Products = append(a.Products, p)
		return
	}
	x := a.exposure()
	if x.Radiopharmaceutical != nil {
		r.warn(e, "is a second radiopharmaceutical: among the products")
		a.Products = append(a.Products, p)
		return
	}
	given := Radiopharmaceutical(p)
	x.Radiopharmaceutical = &given
}

// ucdAlias is the number of UCD in the terminology list of the kit of 2025.
const ucdAlias = "1.2.250.1.213.2.62"

func (r *bodyReader) product(e el) (p Product) {
	material := e.child("consumable", "manufacturedProduct", "manufacturedMaterial")
	if !material.ok() {
		material = e.child("consumable", "manufacturedProduct", "manufacturedLabeledDrug")
	}
	code := material.child("code")
	take := func(c segur.Code) {
		for _, known := range []struct {
			to     *segur.Code
			system segur.OID
		}{{&p.CIP, nos.CIP}, {&p.UCD, nos.UCD}, {&p.UCD, ucdAlias}, {&p.ATC, nos.ATC}} {
			if c.Code != "" && c.System == known.system && known.to.IsZero() {
				*known.to = c
				return
			}
		}
	}
	take(code.code())
	for t := range code.all("translation") {
		take(t.code())
	}
	p.Name = plainLine(material.child("name"))
	setOnce(&p.Name, clean(r.words(code.child("originalText"))))
	setOnce(&p.Name, p.CIP.Display+p.UCD.Display)
	p.Lot = plainLine(material.child("lotNumberText"))
	p.Dose, p.Rate = quantityOf(e.child("doseQuantity")), quantityOf(e.child("rateQuantity"))
	for _, name := range [...]string{"doseQuantity", "rateQuantity"} {
		low, high := e.child(name, "low").attr("value"), e.child(name, "high").attr("value")
		if low != "" && high != "" && low != high {
			r.warn(e.child(name), "is a range: its lower bound is taken")
		}
	}
	if route := e.child("routeCode"); route.attr("code") != "" {
		p.Route = r.coded(route)
	}
	p.Comment = r.comment(e)
	return p
}

// catalog reads the study of an act: one series of it and one image, which
// stand for all of them.
func (r *bodyReader) catalog(s *Section, a *ActSection, p *Procedure) {
	c := &a.Catalog
	for study := range s.at.entries {
		if study.name() != "act" {
			continue
		}
		uid := study.child("id").identifier().Root
		if p.StudyUID == "" {
			p.StudyUID = uid
		} else if uid != p.StudyUID {
			r.warn(study, "is another study of the same act: its links only are read")
		}
		if p.Start.IsZero() {
			p.Start = r.timestamp(study.child("effectiveTime"))
		}
		for series := range study.related {
			if series.name() != "act" {
				continue
			}
			first := c.SeriesUID == ""
			if first {
				c.SeriesUID = series.child("id").identifier().Root
				c.Modality = r.coded(series.child("code", "qualifier", "value"))
			}
			for image := range series.related {
				if image.name() != "observation" {
					continue
				}
				_, link := r.target(image.child("text"))
				if first && c.InstanceUID == "" {
					c.InstanceUID, c.SOPClass = image.child("id").identifier().Root, r.coded(image.child("code"))
				}
				if link != "" {
					setOnce(&c.Link, link)
					p.Links = append(p.Links, link)
				}
			}
		}
	}
}
