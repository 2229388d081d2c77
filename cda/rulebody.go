package cda

import (
	"slices"
	"sort"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// sectionRule is what a volet wants of a kind of section.
type sectionRule struct {
	kind   *sectionKind
	titled bool   // the official rules want a title, an identifier
	within string // the kind around it; "" for the body
	// how many there may be where it belongs, max -1: unbounded
	min, max int
}

// reportSections are those of IMG-CR-IMG 2024.01. Contradictions: the text wants
// the clinical information once, the rules at most once (CDA041); 55107-7 is the
// code of two kinds, told by their templates.
var reportSections = []sectionRule{
	{&sectionAddendum, true, "", 0, 1},
	{&sectionClinical, false, "", 0, 1},
	{&sectionQuestion, false, "clinical", 1, 1},
	{&sectionHistory, false, "clinical", 1, 1},
	{&sectionAct, true, "", 1, -1},
	{&sectionComplications, true, "act", 0, 1},
	{&sectionExposure, true, "act", 0, 1},
	{&sectionCatalog, true, "act", 1, 1},
	{&sectionDevices, false, "", 0, 1},
	{&sectionResults, true, "", 0, 1},
	{&sectionPriorResults, false, "", 0, 1},
	{&sectionComparison, true, "", 0, 1},
	{&sectionConclusion, true, "", 1, 1},
	{&sectionAttachments, false, "", 0, 1},
	{&sectionPatient, false, "", 0, -1},
	{&sectionCopy, false, "", 0, 1},
}

// sectionNode is a section of the document and what it was recognised as.
type sectionNode struct {
	node *xmlr.Node
	rule *sectionRule // nil: a section that the volet does not know
}

// sections lists the sections of an element, its descendants included.
func (v *validation) sections(rules []sectionRule, in *xmlr.Node, out []sectionNode) []sectionNode {
	for _, c := range in.Children {
		s := c.Child(nsCDA, "section")
		if !c.Is(nsCDA, "component") || s == nil {
			continue
		}
		out = append(out, sectionNode{s, recognise(rules, s)})
		out = v.sections(rules, s, out)
	}
	return out
}

// recognise tells a section by its templates, and by its code without them.
func recognise(rules []sectionRule, s *xmlr.Node) *sectionRule {
	for _, exact := range []bool{true, false} {
		for i := range rules {
			templates := rules[i].kind.templates
			for _, t := range s.Children {
				if !t.Is(nsCDA, "templateId") {
					continue
				}
				root := segur.OID(t.Attr("root"))
				if exact && root == templates[len(templates)-1] || !exact && slices.Contains(templates, root) {
					return &rules[i]
				}
			}
		}
	}
	code := s.Child(nsCDA, "code")
	for i := range rules {
		if k := rules[i].kind; code.Attr("code") == k.code.Code && code.Attr("codeSystem") == string(k.code.System) && k != &sectionAddendum {
			return &rules[i]
		}
	}
	return nil
}

// sectionsOf checks the sections of a body against the rules of a volet, and
// how many there are of each kind.
func (v *validation) sectionsOf(rules []sectionRule, body *xmlr.Node, source string) []sectionNode {
	all := v.sections(rules, body, nil)
	if len(all) > maxSections {
		v.error("CDA040", body, source, "le corps a plus de %d sections", "the body has more than %d sections", maxSections)
		return nil
	}
	for i := range all {
		if all[i].rule != nil {
			v.section(all[i].node, all[i].rule, source)
		}
	}
	v.counts(rules, all, "", body, source)
	for i := range all {
		if r := all[i].rule; r != nil {
			v.counts(rules, all, r.kind.name, all[i].node, source)
		}
	}
	return all
}

// counts checks how many sections of each kind are in an element.
func (v *validation) counts(rules []sectionRule, all []sectionNode, within string, in *xmlr.Node, source string) {
	for i := range rules {
		r := &rules[i]
		if r.within != within {
			continue
		}
		count := 0
		for _, s := range all {
			if s.rule != r || within == "" && s.node.Parent.Parent != in || !in.Contains(s.node) {
				continue
			}
			if count++; r.max >= 0 && count > r.max {
				v.error("CDA040", s.node, source, "la section %s est là une fois de trop", "the section %s is there once too often", r.kind.title)
			}
		}
		if count < r.min {
			v.error("CDA040", in, source, "la section « %s » (templateId %s, code %s) est absente",
				"the section %q (templateId %s, code %s) is missing", r.kind.title, r.kind.templates[len(r.kind.templates)-1], r.kind.code.Code)
		}
	}
}

// section checks templates, code, identifier, title and text.
func (v *validation) section(s *xmlr.Node, r *sectionRule, source string) {
	for _, t := range r.kind.templates {
		if !hasTemplate(s, t) {
			v.error("CDA040", s, source, "le templateId %s de la section « %s » est absent", "the templateId %s of the section %q is missing", t, r.kind.title)
		}
	}
	code := s.Child(nsCDA, "code")
	if code.Attr("code") != r.kind.code.Code || code.Attr("codeSystem") != string(r.kind.code.System) {
		v.error("CDA040", orNode(code, s), source, "le code de la section « %s » est %s (%s)", "the code of the section %q is %s (%s)",
			r.kind.title, r.kind.code.Code, r.kind.code.SystemName)
	}
	wanted := v.warn
	if r.titled {
		wanted = v.error
	}
	if s.Child(nsCDA, "title") == nil {
		wanted("CDA040", s, source, "la section « %s » n'a pas de titre", "the section %q has no title", r.kind.title)
	}
	if s.Child(nsCDA, "id") == nil {
		if r.kind != &sectionClinical {
			wanted = v.error
		}
		wanted("CDA040", s, source, "la section « %s » n'a pas d'identifiant", "the section %q has no identifier", r.kind.title)
	}
	if s.Child(nsCDA, "text") == nil {
		v.error("CDA040", s, source, "la section « %s » n'a pas de texte", "the section %q has no text", r.kind.title)
	}
}

func hasTemplate(n *xmlr.Node, t segur.OID) bool {
	for _, c := range childrenOf(n) {
		if c.Is(nsCDA, "templateId") && c.Attr("root") == string(t) {
			return true
		}
	}
	return false
}

func orNode(n, other *xmlr.Node) *xmlr.Node {
	if n != nil {
		return n
	}
	return other
}

// entriesOf lists the acts of a template below an element, or the element itself.
func (v *validation) entriesOf(in *xmlr.Node, t segur.OID) []*xmlr.Node {
	return v.below(v.acted, in, t)
}

// below keeps what an index holds between the bounds of an element: the order
// of an index is that of the document.
func (v *validation) below(index map[string][]*xmlr.Node, in *xmlr.Node, t segur.OID) []*xmlr.Node {
	all := index[string(t)]
	from := sort.Search(len(all), func(i int) bool { return all[i].Start >= in.Start })
	to := sort.Search(len(all), func(i int) bool { return all[i].Start >= in.End })
	return all[from:to]
}

// indexTemplates finds the elements of the body by their templates, once.
func (v *validation) indexTemplates() {
	v.acted, v.sectioned = map[string][]*xmlr.Node{}, map[string][]*xmlr.Node{}
	body := v.doc.Find(nsCDA, "component/structuredBody")
	if body == nil {
		return
	}
	for n := range body.Walk() {
		if !n.Is(nsCDA, "templateId") {
			continue
		}
		index, root := v.acted, n.Attr("root")
		if n.Parent.Name.Local == "section" {
			index = v.sectioned
		}
		if list := index[root]; len(list) == 0 || list[len(list)-1] != n.Parent {
			index[root] = append(list, n.Parent)
		}
	}
}

// coded keeps the elements with that code.
func coded(nodes []*xmlr.Node, code string) []*xmlr.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *xmlr.Node) bool { return n.Child(nsCDA, "code").Attr("code") != code })
}

// reportBody checks the body of a report of level 3.
func (v *validation) reportBody() {
	body := v.doc.Find(nsCDA, "component/structuredBody")
	all := v.sectionsOf(reportSections, body, srcReport)
	var acts []*xmlr.Node
	clinical := false
	for _, s := range all {
		if s.rule == nil {
			continue
		}
		switch s.rule.kind {
		case &sectionClinical:
			clinical = true
		case &sectionAct:
			acts = append(acts, s.node)
			v.actSection(s.node)
		case &sectionHistory:
			v.historySection(s.node, srcReport)
		case &sectionExposure:
			v.exposureSection(s.node)
		case &sectionAddendum:
			if s.node.Find(nsCDA, "author/assignedAuthor/assignedPerson/name") == nil {
				v.error("CDA040", s.node, srcReport, "l'addendum doit avoir son auteur", "the addendum must have its author")
			}
		case &sectionPatient:
			v.educationSection(s.node, "99622-3", nos.LOINC, srcReport)
		case &sectionCopy:
			v.copySection(s.node)
		case &sectionDevices:
			v.devicesSection(s.node)
		}
	}
	if !clinical {
		v.error("CDA041", body, srcReport, "la section « Informations cliniques » est absente", "the section of clinical information is missing")
	}
	v.actsAgree(acts)
}

// historySection checks the entries of the medical history. The rules of the
// report demand a contra-indication although their message says 0..*; the way
// to say that there is none is a text value.
func (v *validation) historySection(s *xmlr.Node, source string) {
	entries := v.entriesOf(s, templatesObservation[1])
	for _, code := range []string{"11348-0", "47519-4"} {
		switch n := len(coded(entries, code)); {
		case n == 0:
			v.error("CDA048", s, source, "l'historique médical doit contenir l'observation %s", "the medical history must hold the observation %s", code)
		case n > 1 && source == srcRequest:
			v.error("CDA048", s, source, "l'historique médical contient une seule observation %s", "the medical history holds one observation %s only", code)
		}
	}
	if source == srcReport && len(coded(entries, "64100-1")) == 0 {
		v.kitOnly("CDA047", s, source, "les règles officielles exigent une contre-indication, ou son absence en toutes lettres (valeur de type ST)",
			"the official rules demand a contra-indication, or words that say there is none (value of type ST)")
	}
}

// exposureSection checks the exposure to radiation. The pregnancy status is
// wanted for everybody.
func (v *validation) exposureSection(s *xmlr.Node) {
	procedures := v.entriesOf(s, templatesExposure[0])
	if len(procedures) != 1 {
		v.error("CDA044", s, srcReport, "l'exposition a une autorisation, et une seule (templateId %s)", "the exposure has one authorisation (templateId %s)", templatesExposure[0])
	}
	observations := v.entriesOf(s, templatesObservation[1])
	if len(observations) != 1 || len(coded(observations, "364320009")) != 1 || observations[0].Child(nsCDA, "value") == nil {
		v.error("CDA044", s, srcReport, "l'exposition a un statut de grossesse, et une seule observation : 364320009", "the exposure has one pregnancy status, and no other observation: 364320009")
	}
}

func (v *validation) educationSection(s *xmlr.Node, code, system, source string) {
	for _, e := range v.entriesOf(s, templatesSimple[0]) {
		if c := e.Child(nsCDA, "code"); c.Attr("code") == code && c.Attr("codeSystem") == system {
			return
		}
	}
	v.error("CDA048", s, source, "la section doit contenir l'observation %s", "the section must hold the observation %s", code)
}

func (v *validation) copySection(s *xmlr.Node) {
	if s.Child(nsCDA, "title").TrimText() != sectionCopy.title {
		v.error("CDA040", orNode(s.Child(nsCDA, "title"), s), srcModels, "le titre de cette section est « %s »", "the title of this section is %q", sectionCopy.title)
	}
	if len(v.entriesOf(s, templatesDocument[0])) == 0 {
		v.error("CDA048", s, srcModels, "la copie du document est absente (templateId %s)", "the copy of the document is missing (templateId %s)", templatesDocument[0])
	}
}

func (v *validation) devicesSection(s *xmlr.Node) {
	for _, e := range s.Children {
		if !e.Is(nsCDA, "entry") {
			continue
		}
		if supply := e.Child(nsCDA, "supply"); supply != nil && !hasTemplate(supply, templatesDevice[1]) {
			v.error("CDA048", supply, srcModels, "le templateId %s du dispositif est absent", "the templateId %s of the device is missing", templatesDevice[1])
		}
	}
	if len(v.entriesOf(s, templatesDevice[1])) == 0 && len(v.entriesOf(s, "1.2.250.1.213.1.1.3.2")) == 0 {
		v.error("CDA048", s, srcModels, "la section contient un dispositif au moins", "the section holds one device at least")
	}
}

// actSection checks the content of an act.
func (v *validation) actSection(s *xmlr.Node) {
	techniques := v.entriesOf(s, templatesTechnique[1])
	if len(techniques) == 0 {
		v.error("CDA048", s, srcReport, "la section d'acte doit contenir la technique (procedure, templateId %s)", "the act section must hold the technique (procedure, templateId %s)", templatesTechnique[1])
	}
	exposed := len(v.below(v.sectioned, s, sectionExposure.templates[1])) > 0
	for _, t := range techniques {
		for _, m := range t.Children {
			if m.Is(nsCDA, "methodCode") && slices.Contains(ionising, m.Attr("code")) && !exposed {
				v.warn("CDA044", s, srcReport, "l'acte expose à des rayonnements : la section d'exposition est attendue", "the act exposes to radiation: the exposure section is expected")
				return
			}
		}
	}
}

// actsAgree compares the sections with the acts of the header: nothing else
// links them but their codes and the UID of the study.
func (v *validation) actsAgree(sections []*xmlr.Node) {
	var codes, studies []string
	for _, c := range v.doc.Children {
		if c.Is(nsCDA, "documentationOf") {
			event := c.Child(nsCDA, "serviceEvent")
			if code := event.Child(nsCDA, "code"); code.Attr("codeSystem") == nos.LOINC {
				codes = append(codes, code.Attr("code"))
			}
			for _, id := range childrenOf(event) {
				if id.Is(nsCDA, "id") {
					studies = append(studies, id.Attr("root"))
				}
			}
		}
	}
	for _, s := range sections {
		for _, t := range v.entriesOf(s, templatesTechnique[1]) {
			if code := t.Child(nsCDA, "code"); code != nil && !slices.Contains(codes, code.Attr("code")) {
				v.warn("CDA042", code, srcReport, "l'acte %s n'est pas dans l'en-tête (documentationOf)", "the act %s is not in the header (documentationOf)", printable(code.Attr("code")))
			}
		}
		for _, e := range v.entriesOf(s, templatesStudy[1]) {
			if id := e.Child(nsCDA, "id"); id != nil && !slices.Contains(studies, id.Attr("root")) {
				v.error("CDA043", id, srcReport, "l'examen du catalogue n'est celui d'aucun acte de l'en-tête", "the study of the catalogue is that of no act of the header")
			}
		}
		if catalog := len(v.entriesOf(s, templatesStudy[1])); catalog == 0 {
			v.warn("CDA043", s, srcReport, "le catalogue ne nomme pas d'examen", "the catalogue names no study")
		}
	}
	if len(sections) != len(codes) && len(sections) > 0 {
		v.warn("CDA042", v.doc, srcReport, "%d sections d'acte pour %d actes dans l'en-tête", "%d act sections for %d acts in the header", len(sections), len(codes))
	}
}

// link checks the address of the images. The official example has one with blanks.
func (v *validation) link(n *xmlr.Node) {
	if value := n.Attr("value"); !strings.HasPrefix(value, "#") && !isViewerLink(value) {
		v.warn("CDA043", n, srcReport, "le lien vers les images est une adresse https complète, sans blanc", "the link to the images is a complete https address without blanks")
	}
}
