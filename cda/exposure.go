package cda

import (
	"slices"
	"strconv"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// Exposure is the exposure of the patient to ionising radiation during an act.
type Exposure struct {
	// AuthorizedBy justified and authorised the exposure. nil: the performer
	// of the act.
	AuthorizedBy *segur.Professional
	// Pregnancy is the status of the patient, from JDV_StatutGrossesse. The
	// rules want it for everybody. Empty: [PregnancyNone] for a man, required
	// otherwise.
	Pregnancy segur.Code
	// Doses are the quantities measured.
	Doses []Dose
	// Radiopharmaceutical is what was injected in nuclear medicine. Optional.
	Radiopharmaceutical *Radiopharmaceutical
	// Narrative replaces the text made from the fields. Its anchors are
	// authorization, pregnancy, dose1, dosesite1, radiopharmaceutical and
	// radiopharmaceuticalcomment. Optional.
	Narrative Narrative
}

// Codes of JDV_StatutGrossesse.
const (
	PregnancyNone    = "60001007"
	PregnancyCurrent = "77386006"
	PregnancyUnknown = "261665006"
)

// Dose is a quantity of an exposure: {Code: segur.Code{Code:
// cda.DoseLengthProduct}, Value: cda.Quantity{Value: "312.40", Unit: "mGy.cm"}}.
type Dose struct {
	// Code is from JDV_QuantiteExpositionRayonnements, such as
	// [DoseLengthProduct]. Required.
	Code segur.Code
	// Value is in one of the units of the quantity. The text of the document
	// keeps it; its code holds the unit that the rules accept: Gy.cm2 for an
	// area product, Bq, Sv.
	Value Quantity
	// Time is when it was measured. Zero: the start of the act.
	Time time.Time
	// Site is what was exposed. Zero: the site of the act.
	Site Site
}

func (c *checker) exposure(path string, e *Exposure, s *ActSection, act Act, r *Report) {
	switch {
	case e.AuthorizedBy != nil:
		p := c.professional(c.at(path, ".authorizedBy"), *e.AuthorizedBy, nil, false)
		e.AuthorizedBy = &p
	case act.Performer != nil:
		e.AuthorizedBy = act.Performer
	default:
		e.AuthorizedBy = &segur.Professional{} // the missing author was reported
	}
	if e.Pregnancy.IsZero() && r.Patient.Traits.Sex == segur.Male {
		e.Pregnancy.Code = PregnancyNone
	}
	e.Pregnancy = c.code(c.at(path, ".pregnancy"), e.Pregnancy, nos.PregnancyStatus)
	e.Doses = slices.Clone(e.Doses)
	for i := range e.Doses {
		d, at := &e.Doses[i], c.item(c.at(path, ".doses"), i)
		d.Code = c.code(c.at(at, ".code"), d.Code, nos.DoseQuantity)
		c.doseValue(c.at(at, ".value"), *d)
		if d.Time = c.orTime(c.at(at, ".time"), d.Time, act.Start); d.Site == (Site{}) {
			d.Site = s.Site
		} else {
			c.site(c.at(at, ".site"), &d.Site)
		}
	}
	if e.Radiopharmaceutical != nil {
		p := Product(*e.Radiopharmaceutical)
		c.substance(c.at(path, ".radiopharmaceutical"), &p, activityUnits)
		if p.Dose.IsZero() {
			c.Add(c.at(path, ".radiopharmaceutical.dose"), "is required: the activity given")
		}
		done := Radiopharmaceutical(p)
		e.Radiopharmaceutical = &done
	}
	c.prose(c.at(path, ".narrative"), e.Narrative, false)
}

func (b *body) exposure(k *sectionKind, a *Act, s *ActSection) {
	e := s.Exposure
	b.section(k, k.title)
	l := b.text(k.name, e.Narrative, func(l links) { b.exposureText(e, l) })
	b.Start("entry")
	b.entryClass("procedure", "PROC", templatesExposure...)
	b.uuid()
	b.coded("code", dcm("121290", "Exposition du patient aux rayonnements ionisants"), l.to("authorization"), nil)
	b.Start("participant")
	b.Attr("typeCode", "RESP")
	b.Start("participantRole")
	// The official example has the root of the American register here.
	b.national(segur.OIDProfessional, e.AuthorizedBy.ID)
	b.code("code", dcm("113850", "Autorisation d'irradiation"), nil)
	b.person("playingEntity", *e.AuthorizedBy)
	b.End()
	b.End()
	b.End()
	b.End()

	b.observation(snomed("364320009", "statut de grossesse"), l.to("pregnancy"))
	b.time("effectiveTime", a.Start)
	b.cdValue(e.Pregnancy, l.to("pregnancy"))
	b.endObservation()

	for i, d := range e.Doses {
		n := strconv.Itoa(i + 1)
		b.Start("entry")
		b.entryClass("observation", "OBS", templatesQuantity...)
		b.uuid()
		b.code("code", d.Code, nil)
		b.ref("text", l.to("dose"+n))
		b.completed()
		b.time("effectiveTime", d.Time)
		b.quantity("value", d.written(), true)
		// The rules take any modifier here, left and right too.
		b.targetSite(d.Site.Code, d.Site.Modifier, l.to("dosesite"+n))
		b.End()
		b.End()
	}
	if e.Radiopharmaceutical != nil {
		b.radiopharmaceutical((*Product)(e.Radiopharmaceutical), l)
	}
	b.endSection()
}

func (b *body) exposureText(e *Exposure, l links) {
	b.table()
	b.line("Exposition autorisée par", l.id("authorization"), professionalWords(*e.AuthorizedBy))
	b.line("Statut de grossesse", l.id("pregnancy"), e.Pregnancy.Display)
	if p := (*Product)(e.Radiopharmaceutical); p != nil {
		b.line("Radiopharmaceutique", l.id("radiopharmaceutical"), p.words())
		b.line("Activité administrée", "", p.Dose.words())
		b.line("Débit", "", p.Rate.words())
		b.line("Voie", "", p.Route.Display)
		b.line("Lot", "", p.Lot)
		b.line("Commentaire", l.id("radiopharmaceuticalcomment"), p.Comment)
	}
	b.endTable()
	if len(e.Doses) == 0 {
		return
	}
	b.table("Mesure", "Valeur", "Localisation")
	for i, d := range e.Doses {
		n := strconv.Itoa(i + 1)
		b.Start("tr")
		b.Elem("td", d.Code.Display)
		b.cell(l.id("dose"+n), d.Value.words())
		b.cell(l.id("dosesite"+n), d.Site.words())
		b.End()
	}
	b.endTable()
}
