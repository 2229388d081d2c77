package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// Product is a contrast or other product given to the patient.
type Product struct {
	// Name is the name of the product. Required.
	Name string
	// CIP, UCD and ATC identify it, each with its label. Optional.
	CIP, UCD, ATC segur.Code
	// Route is the route of administration, EDQM code, such as
	// [RouteIntravenous]. Optional.
	Route segur.Code
	// Dose and Rate are what was given and how fast: {Value: "80", Unit:
	// "mL"}, {Value: "3.5", Unit: "mL/s"}. Optional.
	Dose, Rate Quantity
	// Lot is the batch number. Optional.
	Lot string
	// Comment is free. Optional.
	Comment string
}

// Radiopharmaceutical is the radioactive product of an exposure. Its Dose is
// the activity, required: {Value: "250", Unit: "MBq"}. Its ATC code is in V09 or
// V10.
type Radiopharmaceutical Product

// Some routes of administration, EDQM Standard Terms.
const (
	RouteIntravenous    = "20045000"
	RouteIntraarterial  = "20023000"
	RouteIntraarticular = "20024000"
	RouteIntrathecal    = "20042000"
	RouteOral           = "20053000"
	RouteRectal         = "20061000"
	RouteInhalation     = "20020000"
	RouteSubcutaneous   = "20066000"
)

func (c *checker) product(path string, p *Product) { c.substance(path, p, productUnits) }

func (c *checker) substance(path string, p *Product, doses []string) {
	p.Name, p.Lot, p.Comment = clean(p.Name), clean(p.Lot), lines(p.Comment)
	c.Require(c.at(path, ".name"), p.Name)
	p.CIP = c.medicine(c.at(path, ".cip"), p.CIP, nos.CIP, func(s string) bool { return (len(s) == 13 || len(s) == 7) && digits(s) },
		"must be a CIP code: 13 digits, or the 7 of the former ones")
	p.UCD = c.medicine(c.at(path, ".ucd"), p.UCD, nos.UCD, func(s string) bool { return (len(s) == 13 || len(s) == 7) && digits(s) },
		"must be a UCD code: 13 or 7 digits")
	p.ATC = c.medicine(c.at(path, ".atc"), p.ATC, nos.ATC, isATC, "must be an ATC code, such as V08AB11")
	p.Route = c.route(c.at(path, ".route"), p.Route)
	c.amount(c.at(path, ".dose"), &p.Dose, doses)
	c.amount(c.at(path, ".rate"), &p.Rate, productUnits)
}

func (c *checker) medicine(path string, code segur.Code, system segur.OID, shape func(string) bool, rule string) segur.Code {
	if code.IsZero() {
		return code
	}
	return c.act(path, code, system, shape, rule)
}

// route completes a route. The table is a part of the standard terms: another
// term is taken with its label.
func (c *checker) route(path string, code segur.Code) segur.Code {
	if _, listed := c.tables.of(nos.Route).Lookup(code.Code); listed || code.IsZero() {
		return c.optional(path, code, nos.Route)
	}
	return c.act(path, code, nos.EDQM, func(s string) bool { return len(s) == 8 && digits(s) }, "must be an EDQM code: 8 digits")
}

// isATC checks the shape of a code of the fifth level, or of a higher one.
func isATC(s string) bool {
	const shape = "A00AA00"
	switch len(s) {
	case 3, 4, 5, 7:
	default:
		return false
	}
	for i := range len(s) {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (shape[i] == '0') || !digit && (s[i] < 'A' || s[i] > 'Z') {
			return false
		}
	}
	return true
}

// codes lists the codes that identify the product.
func (p *Product) codes() []segur.Code {
	return slices.DeleteFunc([]segur.Code{p.CIP, p.UCD, p.ATC}, segur.Code.IsZero)
}

func (p *Product) words() string {
	var b strings.Builder
	b.WriteString(p.Name)
	for _, c := range p.codes() {
		b.WriteString("\n" + codeWords(c.Display, c.Code, string(c.System)))
	}
	return b.String()
}

func (b *body) productRow(p *Product, l links, n string) {
	b.Start("tr")
	b.cell(l.id("product"+n), p.words())
	b.cell("", p.Dose.words())
	b.cell("", p.Rate.words())
	b.cell("", p.Route.Display)
	b.cell("", p.Lot)
	b.cell(l.id("comment"+n), p.Comment)
	b.End()
}

// product writes FR-DICOM-Administration-produit-de-sante.
func (b *body) product(p *Product, l links, n string) {
	b.Start("entry")
	b.entryClass("substanceAdministration", "SBADM", templatesProduct...)
	b.uuid()
	b.ref("text", l.to("product"+n))
	b.completed()
	b.route(p)
	b.bounded("doseQuantity", p.Dose)
	b.bounded("rateQuantity", p.Rate)
	b.Start("consumable")
	b.material(p, l.to("product"+n))
	b.End()
	if p.Comment != "" {
		b.comment(l.to("comment" + n))
	}
	b.End()
	b.End()
}

// radiopharmaceutical writes FR-DICOM-Administration-radiopharmaceutique.
func (b *body) radiopharmaceutical(p *Product, l links) {
	b.Start("entry")
	b.entryClass("substanceAdministration", "SBADM", templatesRadio...)
	b.uuid()
	b.code("code", snomed("440252007", "administration de produits radiopharmaceutiques"), nil)
	b.ref("text", l.to("radiopharmaceutical"))
	b.completed()
	b.route(p)
	if !p.Dose.IsZero() {
		// As a value and not as bounds: the list of units of the kit, which knows
		// no MBq, is for bounds.
		b.quantity("doseQuantity", p.Dose, false)
	}
	b.bounded("rateQuantity", p.Rate)
	b.Start("consumable")
	b.Attr("typeCode", "CSM")
	b.material(p, l.to("radiopharmaceutical"))
	b.End()
	if p.Comment != "" {
		b.comment(l.to("radiopharmaceuticalcomment"))
	}
	b.End()
	b.End()
}

func (b *body) route(p *Product) {
	if !p.Route.IsZero() {
		b.code("routeCode", p.Route, nil)
	}
}

// bounded writes a quantity as the official example does: as a lower bound.
func (b *body) bounded(name string, q Quantity) {
	if q.IsZero() {
		return
	}
	b.Start(name)
	b.quantity("low", q, false)
	b.End()
}

func (b *body) material(p *Product, target string) {
	b.Start("manufacturedProduct")
	b.Attr("classCode", "MANU")
	b.Start("manufacturedMaterial")
	b.coded("code", segur.Code{}, target, func() {
		for _, c := range p.codes() {
			b.code("translation", c, nil)
		}
	})
	b.Elem("name", p.Name)
	b.ElemOpt("lotNumberText", p.Lot)
	b.End()
	b.End()
}
