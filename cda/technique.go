package cda

import (
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// ActSection says how an act of the report was done.
type ActSection struct {
	// Description is the technique: acquisitions, phases, reconstructions.
	// Optional.
	Description string
	// Parameters are settings worth telling: "120 kV, coupes de 1 mm". Optional.
	Parameters string
	// Site is the anatomical site of the act. Required.
	Site Site
	// Products are the contrast and other products given, but for a
	// radiopharmaceutical, which belongs to Exposure.
	Products []Product
	// Complications are what happened during or after the act. Optional.
	Complications Narrative
	// Exposure is required when a modality of the act exposes to radiation, and
	// refused when none does.
	Exposure *Exposure
	// Catalog refers to the images. Required.
	Catalog Catalog
	// Narrative replaces the text made from the fields. Its anchors are act,
	// description, modality1, site, parameters, product1, comment1, and so
	// on. Optional.
	Narrative Narrative
}

// Site is an anatomical site, from JDV_LocalisationAnatomique: {Code:
// segur.Code{Code: "361291001"}} is the region of the knee.
type Site struct {
	// Code is required.
	Code segur.Code
	// Modifier is the side or part, from JDV_ModificateurTopographique, such as
	// [SiteLeft]. Optional. On a technique, the rules of 2024.01 refuse all but
	// [SiteUnilateral] and [SiteBilateral]: another one is written in the text
	// only, and in code when [Config.TopographicModifiers] is set. The LOINC
	// code of most acts says the side.
	Modifier segur.Code
	// Words say it as the radiologist does; a Modifier that they do not say is
	// added to them. Empty: the labels of the codes.
	Words string
}

// Some codes of JDV_ModificateurTopographique.
const (
	SiteRight      = "24028007"
	SiteLeft       = "7771000"
	SiteBilateral  = "51440002"
	SiteUnilateral = "66459002"
)

func (c *checker) site(path string, s *Site) {
	s.Code = c.code(c.at(path, ".code"), s.Code, nos.AnatomicalSite)
	s.Modifier = c.optional(c.at(path, ".modifier"), s.Modifier, nos.TopographicModifier)
	s.Words = clean(s.Words)
	if s.contradicts() {
		c.Add(c.at(path, ".words"), "say the other side than modifier")
	}
}

// ionising are the modalities that expose to radiation.
var ionising = []string{"BMD", "CR", "CT", "DX", "IO", "MG", "NM", "PT", "PX", "RF", "RG", "RTIMAGE", "XA"}

// radiation reports whether a modality of the act exposes to radiation, and
// whether that is known of all of them.
func radiation(a Act) (some, known bool) {
	known = true
	for _, m := range a.Modalities {
		some = some || slices.Contains(ionising, m.Code)
		_, listed := nos.Modality.Lookup(m.Code) // a newer one may be of either kind
		known = known && listed
	}
	return some, known
}

// actSections checks the body of the acts. r is completed.
func (c *checker) actSections(s *Sections, r *Report) {
	const path = "sections.acts"
	s.Acts = slices.Clone(s.Acts)
	if len(s.Acts) != len(r.Acts) {
		c.firmly(func() {
			c.Addf(path, "must describe each act of the report, in the same order: %d acts, %d descriptions", len(r.Acts), len(s.Acts))
		})
	}
	for i := range min(len(s.Acts), len(r.Acts)) {
		a, at, act := &s.Acts[i], c.item(path, i), r.Acts[i]
		if act.Start.IsZero() && i > 0 {
			// The rules want the time of the study, which the header may leave out.
			c.Add(c.at(c.item("acts", i), ".start"), "is required at level 3")
		}
		a.Description, a.Parameters = lines(a.Description), lines(a.Parameters)
		c.site(c.at(at, ".site"), &a.Site)
		if side := sideOf(act.Code.Display); side != "" && a.Site.Modifier.Code == opposite[side] {
			c.Add(c.at(at, ".site.modifier"), "is the other side than the one that the label of the act says")
		}
		if m := a.Site.Modifier; !m.IsZero() && a.Narrative.Visible() && !c.coded(m) && sideOf(act.Code.Display) != m.Code && !a.Narrative.says(m.Display) {
			c.Add(c.at(at, ".site.modifier"), "would be lost: narrative does not say it, and the rules have no code for it on a technique")
		}
		a.Products = slices.Clone(a.Products)
		for j := range a.Products {
			c.product(c.item(c.at(at, ".products"), j), &a.Products[j])
		}
		c.prose(c.at(at, ".complications"), a.Complications, false)
		c.prose(c.at(at, ".narrative"), a.Narrative, false)
		some, known := radiation(act)
		switch {
		case a.Exposure != nil:
			if known && !some && len(act.Modalities) > 0 {
				c.Add(c.at(at, ".exposure"), "is there, and no modality of the act exposes to radiation: are the acts in the order of the report?")
			}
			e := *a.Exposure
			c.exposure(c.at(at, ".exposure"), &e, a, act, r)
			a.Exposure = &e
		case some:
			c.Add(c.at(at, ".exposure"), "is required: a modality of the act exposes to radiation")
		}
		c.catalog(c.at(at, ".catalog"), &a.Catalog, act)
	}
}

// actSection writes the section of one act and those in it.
func (b *body) actSection(i int) {
	a, s := &b.r.Acts[i], &b.s.Acts[i]
	kind, name := sectionAct, sectionAct.name+strconv.Itoa(i+1)
	title := kind.title
	if len(b.r.Acts) > 1 {
		title += " : " + a.Code.Display
	}
	b.section(&kind, title)
	l := b.text(name, s.Narrative, func(l links) { b.actText(a, s, l) })
	b.technique(a, s, l)
	for j := range s.Products {
		b.product(&s.Products[j], l, strconv.Itoa(j+1))
	}
	b.prose(nested(sectionComplications, name), s.Complications)
	if s.Exposure != nil {
		b.exposure(nested(sectionExposure, name), a, s)
	}
	b.catalogSection(nested(sectionCatalog, name), i)
	b.endSection()
}

// nested is the kind of a section inside that of an act.
func nested(k sectionKind, act string) *sectionKind {
	k.name = act + "." + k.name
	return &k
}

func (b *body) actText(a *Act, s *ActSection, l links) {
	b.table()
	act := codeWords(a.Code.Display, a.Code.Code, nos.LOINC)
	if !a.CCAM.IsZero() {
		act += "\n" + codeWords(a.CCAM.Display, a.CCAM.Code, nos.CCAM)
	}
	b.line("Acte", l.id("act"), act)
	b.line("Description", l.id("description"), s.Description)
	for j, m := range a.Modalities {
		b.line("Modalité", l.id("modality"+strconv.Itoa(j+1)), m.Display)
	}
	b.line("Localisation", l.id("site"), s.Site.words())
	b.line("Paramètres", l.id("parameters"), s.Parameters)
	b.endTable()
	if len(s.Products) == 0 {
		return
	}
	b.table("Produit administré", "Dose", "Débit", "Voie", "Lot", "Commentaire")
	for j := range s.Products {
		b.productRow(&s.Products[j], l, strconv.Itoa(j+1))
	}
	b.endTable()
}

// technique writes FR-DICOM-Technique-imagerie: one procedure, the rules count
// one or more and the guide of 2026 exactly one.
func (b *body) technique(a *Act, s *ActSection, l links) {
	b.Start("entry")
	b.entryClass("procedure", "PROC", templatesTechnique...)
	b.uuid()
	b.coded("code", a.Code, l.to("act"), func() {
		if !a.CCAM.IsZero() { // one translation at most
			b.code("translation", a.CCAM, nil)
		}
	})
	if s.Description != "" {
		b.ref("text", l.to("description"))
	} else {
		b.ref("text", l.to("act"))
	}
	b.time("effectiveTime", a.Start)
	for j, m := range a.Modalities {
		b.coded("methodCode", m, l.to("modality"+strconv.Itoa(j+1)), nil)
	}
	// One site exactly, although a message of the rules says one or more.
	modifier := s.Site.Modifier
	if _, accepted := b.laterality.Lookup(modifier.Code); !accepted && !b.modifiers {
		modifier = segur.Code{}
	}
	b.targetSite(s.Site.Code, modifier, l.to("site"))
	if s.Parameters != "" {
		b.comment(l.to("parameters"))
	}
	b.End()
	b.End()
}

var qualifierModifier = snomed("106233006", "modificateur topographique")

// targetSite writes a site, with a side or part if any.
func (b *body) targetSite(site, modifier segur.Code, target string) {
	b.coded("targetSiteCode", site, target, func() {
		if !modifier.IsZero() {
			b.Start("qualifier")
			b.code("name", qualifierModifier, nil)
			b.code("value", modifier, nil)
			b.End()
		}
	})
}

// professionalWords names someone for a reader: "Dr Claude RADIOLOGUE".
func professionalWords(p segur.Professional) string {
	title := map[string]string{"M": "M.", "MME": "Mme", "DR": "Dr", "PR": "Pr"}[p.Title]
	return strings.TrimSpace(strings.TrimSpace(title+" "+p.GivenName) + " " + p.FamilyName)
}
