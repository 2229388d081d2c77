package cda

import (
	"cmp"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// entryRule is what the content models want of an entry. Contradictions of the
// official material: a rule of class and mood counts a boolean and is always
// true, so both are checked here; another takes the mood "fr", the accident of a
// search and replace, where INT was meant; the message says one or more series
// and targetSiteCode where the test wants exactly one.
type entryRule struct {
	name      string
	keys      []segur.OID // any of which makes the rule apply
	templates []segur.OID // all mandatory
	exact     bool        // and no other
	element   string
	class     string
	moods     []string // nil: any, but there
	children  []cardinality
	code      segur.Code // when fixed
	completed bool       // statusCode
	more      func(v *validation, n *xmlr.Node)
}

func counted(names ...string) (out []cardinality) {
	for _, name := range names {
		c := cardinality{name: strings.TrimRight(name, "+?"), min: 1, max: 1}
		switch name[len(name)-1] {
		case '+':
			c.max = -1
		case '?':
			c.min = 0
		}
		out = append(out, c)
	}
	return out
}

var event = []string{"EVN"}

// The rules are made by a function: their checks refer to the templates.
var entryRules = []entryRule{
	{name: "FR-DICOM-Observation", keys: templatesObservation, templates: templatesObservation, exact: true, element: "observation", class: "OBS",
		children: counted("id", "code", "statusCode", "value", "targetSiteCode"), more: (*validation).observationEntry},
	{name: "FR-DICOM-Quantite", keys: templatesQuantity, templates: templatesQuantity, exact: true, element: "observation", class: "OBS", moods: event,
		children: counted("id", "code", "statusCode", "value", "targetSiteCode"), more: (*validation).quantityEntry},
	{name: "FR-DICOM-Technique-imagerie", keys: templatesTechnique, templates: templatesTechnique, exact: true, element: "procedure", class: "PROC",
		children: counted("id+", "code", "methodCode+", "targetSiteCode+", "participant?"), more: (*validation).techniqueEntry},
	{name: "FR-DICOM-Administration-produit-de-sante", keys: templatesProduct, templates: templatesProduct, element: "substanceAdministration", class: "SBADM",
		moods: event, children: counted("id", "routeCode?", "doseQuantity?", "rateQuantity?", "consumable"), completed: true, more: (*validation).productEntry},
	{name: "FR-DICOM-Administration-radiopharmaceutique", keys: templatesRadio, templates: templatesRadio, element: "substanceAdministration", class: "SBADM",
		moods: event, children: counted("routeCode?", "doseQuantity?", "rateQuantity?", "consumable"),
		code: snomed("440252007", ""), more: (*validation).radiopharmaceuticalEntry},
	{name: "FR-DICOM-Exposition-patient", keys: templatesExposure, templates: templatesExposure, element: "procedure", class: "PROC", moods: event,
		children: counted("participant"), code: dcm("121290", ""), more: (*validation).exposureEntry},
	{name: "FR-DICOM-Examen-imagerie", keys: templatesStudy, templates: templatesStudy, element: "act", class: "ACT", moods: event,
		children: counted("id+", "effectiveTime"), code: dcm("113014", ""), more: (*validation).studyEntry},
	{name: "FR-DICOM-Serie-imagerie", keys: templatesSeries, templates: templatesSeries, exact: true, element: "act", class: "ACT", moods: event,
		children: counted("id+", "code"), code: dcm("113015", ""), more: (*validation).seriesEntry},
	{name: "FR-DICOM-SOP-instance-observation", keys: templatesInstance, templates: templatesInstance, exact: true, element: "observation", class: "DGIMG",
		moods: event, children: counted("id+", "code"), more: (*validation).instanceEntry},
	{name: "FR-Commentaire-ER", keys: templatesComment[1:], templates: templatesComment, element: "act", class: "ACT", moods: event,
		code: loinc("48767-8", ""), completed: true, more: (*validation).commentEntry},
	{name: "FR-Dispositif-medical", keys: templatesDevice[1:], templates: templatesDevice, element: "supply", class: "SPLY",
		children: counted("effectiveTime"), more: (*validation).deviceEntry},
	{name: "FR-Document-attache", keys: templatesDocument, templates: templatesDocument, element: "organizer", class: "CLUSTER", moods: event,
		children: counted("id", "code"), completed: true, more: (*validation).documentEntry},
	{name: "FR-Type-document-attache", keys: templatesDocType[2:], templates: templatesDocType[:1], element: "observation", class: "OBS", moods: event,
		children: counted("id", "code", "text", "effectiveTime", "value"), code: loinc("69764-9", ""), completed: true},
	{name: "FR-Simple-Observation", keys: templatesSimple[:1], templates: templatesSimple[:1], element: "observation", class: "OBS", moods: event,
		children: counted("id+", "code", "text", "interpretationCode?", "methodCode?", "targetSiteCode?", "author?"), completed: true, more: (*validation).simpleEntry},
}

// entries checks every entry by its templates, and the quantities.
func (v *validation) entries() {
	body := v.doc.Find(nsCDA, "component/structuredBody")
	if body == nil {
		return
	}
	for n := range body.Walk() {
		if n.Name.Space != nsCDA {
			continue
		}
		switch n.Name.Local {
		case "act", "observation", "procedure", "substanceAdministration", "supply", "organizer", "encounter":
			for i := range entryRules {
				if r := &entryRules[i]; slices.ContainsFunc(r.keys, func(k segur.OID) bool { return hasTemplate(n, k) }) {
					v.entry(n, r)
				}
			}
			if n.Name.Local == "observation" && v.request() && hasTemplate(n, templateRequested) {
				v.requestedAct(n)
			}
		case "assignedAuthor":
			if code := n.Child(nsCDA, "code"); code != nil && n.Parent.Is(nsCDA, "author") {
				v.headerCode(code, nos.AuthorSpecialty, "code")
			}
		case "administrativeGenderCode":
			v.headerCode(n, nos.Gender, "code")
		case "value":
			v.quantityUnits(n)
		case "doseQuantity", "rateQuantity":
			for _, c := range n.Children {
				if c.Name.Local == "low" || c.Name.Local == "high" {
					v.unit(c)
				}
			}
		case "manufacturedMaterial":
			v.material(n)
		case "code":
			v.terminology(n)
		}
	}
}

// quantityUnits checks the units of values: the official rules look at PQ and
// at the bounds of IVL_PQ, and not at doseQuantity/@unit.
func (v *validation) quantityUnits(n *xmlr.Node) {
	kind, _ := n.LookupAttr(nsXSI, "type")
	switch name, _ := n.QName(kind); name.Local {
	case "PQ":
		v.unit(n)
	case "IVL_PQ":
		for _, c := range n.Children {
			v.unit(c)
		}
	}
}

// terminology checks the form of codes of which the SDK has no table; the
// official rules look them up.
func (v *validation) terminology(n *xmlr.Node) {
	code := n.Attr("code")
	if code == "" {
		return
	}
	ok := true
	switch n.Attr("codeSystem") {
	case nos.EMDN:
		ok = isEMDN(code) && len(code)%2 == 1 // a letter and pairs of digits
	case nos.CCAM, nos.CCAMAlias:
		ok = isCCAM(code) || strings.Trim(code, "0123456789.") == "" // a chapter, such as 09.02
	case nos.ATC:
		ok = isATC(code)
	case nos.LOINC:
		if v.imaging() && !isLOINC(code) {
			v.warn("CDA048", n, srcGeneral, "le code %s n'a pas la forme d'un code LOINC", "the code %s has not the form of a LOINC code", printable(code))
		}
	}
	if !ok {
		v.unlisted("CDA048", n, srcGeneral, "le code %s n'a pas la forme d'un code de sa terminologie", "the code %s has not the form of a code of its terminology", printable(code))
	}
}

// entry applies one rule.
func (v *validation) entry(n *xmlr.Node, r *entryRule) {
	bad := func(at *xmlr.Node, fr, en string, args ...any) {
		v.error("CDA048", orNode(at, n), srcModels, r.name+" : "+fr, r.name+": "+en, args...)
	}
	if n.Name.Local != r.element || n.Attr("classCode") != r.class || r.moods != nil && !slices.Contains(r.moods, n.Attr("moodCode")) {
		bad(n, "c'est un élément %s de classe %s", "it is an element %s of class %s", r.element, r.class)
	}
	for _, t := range r.templates {
		if !hasTemplate(n, t) {
			bad(n, "le templateId %s est absent", "the templateId %s is missing", t)
		}
	}
	if r.exact {
		count := 0
		for _, c := range n.Children {
			if c.Is(nsCDA, "templateId") {
				count++
			}
		}
		if count > len(r.templates) {
			bad(n, "elle a %d templateId exactement", "it has exactly %d templateIds", len(r.templates))
		}
	}
	for i := range r.children {
		v.cardinality("CDA048", n, &r.children[i], srcModels)
	}
	if code := n.Child(nsCDA, "code"); r.code.Code != "" && (code.Attr("code") != r.code.Code || code.Attr("codeSystem") != string(r.code.System)) {
		bad(code, "son code est %s (%s)", "its code is %s (%s)", r.code.Code, r.code.SystemName)
	}
	if r.completed && n.Child(nsCDA, "statusCode").Attr("code") != "completed" {
		bad(n.Child(nsCDA, "statusCode"), "son statut est completed", "its status is completed")
	}
	if r.more != nil {
		r.more(v, n)
	}
}

func (v *validation) wrong(at *xmlr.Node, fr, en string, args ...any) {
	v.error("CDA048", at, srcModels, fr, en, args...)
}

// observed are the value sets of the observations, by code.
var observed = map[string]*nos.Table{
	"64100-1": nos.ContraIndication, "364320009": nos.PregnancyStatus, "ORG-192": nos.CareInformation,
}

// answer checks a value of an observation against its value set, where a null
// is refused; a value that is no code, such as words, is left alone.
func (v *validation) answer(rule string, n *xmlr.Node, t *nos.Table) {
	if kind, typed := n.LookupAttr(nsXSI, "type"); typed && kind != "CD" && kind != "CE" {
		return
	}
	if n.Attr("code") == "" || n.Attr("codeSystem") == "" {
		v.error(rule, n, srcReport, "la valeur est un code de %s, sans nullFlavor", "the value is a code of %s, without nullFlavor", t.Name)
		return
	}
	v.listed(rule, n, t, srcReport)
}

func (v *validation) observationEntry(n *xmlr.Node) {
	code := n.Child(nsCDA, "code").Attr("code")
	if t := observed[code]; t != nil && v.imaging() {
		rule := "CDA048"
		switch code {
		case "64100-1":
			rule = "CDA047"
		case "364320009":
			rule = "CDA044"
		}
		for _, c := range n.Children {
			if c.Is(nsCDA, "value") {
				v.answer(rule, c, t)
			}
		}
	}
	for _, c := range n.Children {
		// A defect of the rules: evidence needs both an image and a measure.
		if c.Is(nsCDA, "entryRelationship") && c.Attr("typeCode") == "SPRT" {
			v.kitOnly("CDA048", c, srcModels, "les règles officielles veulent sous SPRT une image et une mesure à la fois", "the official rules want both an image and a measure under SPRT")
			break
		}
	}
}

func (v *validation) quantityEntry(n *xmlr.Node) {
	if value := n.Child(nsCDA, "value"); value != nil {
		if kind, _ := value.LookupAttr(nsXSI, "type"); kind != "PQ" {
			v.wrong(value, "une quantité est de type PQ", "a quantity is of type PQ")
		}
	}
	if !v.imaging() {
		return
	}
	if code := n.Child(nsCDA, "code"); code != nil {
		v.answer("CDA045", code, nos.DoseQuantity)
		v.doseUnit(n.Child(nsCDA, "value"), code.Attr("code"))
	}
	if site := n.Child(nsCDA, "targetSiteCode"); site != nil {
		v.site(site, false)
	}
}

// doseUnit warns of a unit that does not measure the quantity.
func (v *validation) doseUnit(value *xmlr.Node, code string) {
	units, known := doseUnits[code]
	if value == nil || !known {
		return
	}
	if !slices.ContainsFunc(units, func(u doseUnit) bool { return u.unit == value.Attr("unit") || u.into == value.Attr("unit") }) {
		v.warn("CDA045", value, srcReport, "cette unité ne mesure pas la quantité %s : %s est attendu", "this unit does not measure the quantity %s: %s is expected",
			code, cmp.Or(units[0].into, "1"))
	}
}

// site checks an anatomical site and its qualifier. The rules of 2024.01 take
// two lateralities for a technique, where the guide of 2026 takes 46 modifiers.
func (v *validation) site(n *xmlr.Node, technique bool) {
	v.answer("CDA046", n, nos.AnatomicalSite)
	if original := n.Child(nsCDA, "originalText"); original != nil && original.Child(nsCDA, "reference") == nil {
		v.error("CDA046", original, srcModels, "originalText renvoie au texte par reference", "originalText refers to the text by reference")
	}
	for _, q := range n.Children {
		if !q.Is(nsCDA, "qualifier") {
			continue
		}
		value := q.Child(nsCDA, "value")
		switch {
		case q.Child(nsCDA, "name").Attr("code") != "106233006" || value == nil:
			v.error("CDA046", q, srcModels, "le qualificatif du site est 106233006 (modificateur topographique) avec une valeur", "the qualifier of the site is 106233006 (topographic modifier) with a value")
		case !technique:
		case nos.TechniqueLaterality.Has(value.Attr("code"), value.Attr("codeSystem")):
		case nos.TopographicModifier.Has(value.Attr("code"), value.Attr("codeSystem")):
			v.kitOnly("CDA046", value, srcReport, "les règles de 2024.01 n'acceptent ici que unilatéral et bilatéral", "the rules of 2024.01 take only unilateral and bilateral here")
		default:
			v.listed("CDA046", value, nos.TopographicModifier, srcReport)
		}
	}
}

func (v *validation) techniqueEntry(n *xmlr.Node) {
	sites := 0
	for _, c := range n.Children {
		switch {
		case c.Is(nsCDA, "targetSiteCode"):
			if sites++; sites == 2 {
				v.kitOnly("CDA046", c, srcModels, "les règles officielles veulent un seul site par technique", "the official rules want one site for a technique")
			}
			if v.imaging() {
				v.site(c, true)
			}
		case c.Is(nsCDA, "methodCode") && v.imaging():
			v.listed("CDA046", c, nos.Modality, srcReport)
		case c.Is(nsCDA, "code") && c.Attr("codeSystem") == nos.LOINC && v.imaging():
			number, _, _ := strings.Cut(c.Attr("code"), "-")
			if !nos.IsImagingAct(atoi(number)) {
				v.unlisted("CDA046", c, srcReport, "le code %s n'est pas dans le jeu de valeurs %s", "the code %s is not in the value set %s", printable(c.Attr("code")), nos.ImagingActName)
			}
		}
	}
	if translations := n.Child(nsCDA, "code"); translations != nil {
		v.cardinality("CDA048", translations, &cardinality{name: "translation", max: 1}, srcReport)
	}
}

func (v *validation) productEntry(n *xmlr.Node) {
	if n.Find(nsCDA, "consumable/manufacturedProduct/manufacturedMaterial/code") == nil {
		v.wrong(n, "le produit doit avoir un code (manufacturedMaterial/code)", "the product must have a code (manufacturedMaterial/code)")
	}
}

// material checks a product wherever it is given.
func (v *validation) material(n *xmlr.Node) {
	if n.Parent.Parent == nil || !n.Parent.Parent.Is(nsCDA, "consumable") || !n.Parent.Parent.Parent.Is(nsCDA, "substanceAdministration") {
		return
	}
	names, null := 0, false
	for _, c := range n.Children {
		if c.Is(nsCDA, "name") {
			names++
			null = null || c.Attr("nullFlavor") == "NA"
		}
	}
	if names != 1 && !null {
		v.wrong(n, "le produit doit avoir un nom de marque (name), ou nullFlavor NA", "the product must have a brand name (name), or nullFlavor NA")
	}
	if system := n.Child(nsCDA, "code").Attr("codeSystem"); system != "" && system != "1.2.250.1.213.2.3.1" {
		v.wrong(n.Child(nsCDA, "code"), "le code du produit est un CIS : CIP, UCD et ATC sont des translation", "the code of the product is a CIS: CIP, UCD and ATC are translations")
	}
}

func (v *validation) radiopharmaceuticalEntry(n *xmlr.Node) {
	v.productEntry(n)
	if c := n.Child(nsCDA, "consumable"); c != nil && c.Attr("typeCode") != "CSM" {
		v.wrong(c, "consumable doit avoir typeCode CSM", "consumable must have typeCode CSM")
	}
}

func (v *validation) exposureEntry(n *xmlr.Node) {
	role := n.Find(nsCDA, "participant/participantRole")
	if code := role.Child(nsCDA, "code"); code.Attr("code") != "113850" || code.Attr("codeSystem") != nos.DCM {
		v.error("CDA044", orNode(orNode(code, role), n), srcReport, "l'autorisation d'exposition a le rôle 113850 (DCM)", "the authorisation of the exposure has the role 113850 (DCM)")
	}
	if role.Find(nsCDA, "playingEntity/name") == nil {
		v.error("CDA044", orNode(role, n), srcReport, "l'autorisation d'exposition nomme le professionnel", "the authorisation of the exposure names the professional")
	}
	// The official example has the root of the US register.
	if id := role.Child(nsCDA, "id"); id != nil && id.Attr("nullFlavor") == "" && id.Attr("root") != string(segur.OIDProfessional) {
		v.warn("CDA044", id, srcReport, "le professionnel est identifié sous %s", "the professional is identified under %s", segur.OIDProfessional)
	}
}
