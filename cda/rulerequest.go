package cda

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// templateRequested is that of a requested act (IHE observation request).
const templateRequested segur.OID = "1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1"

// requestSections are those of IMG-DA-IMG 2024.01.
var requestSections = []sectionRule{
	{&sectionClinical, false, "", 1, 1},
	{&sectionQuestion, false, "clinical", 1, 1},
	{&sectionHistory, false, "clinical", 1, 1},
	{&sectionPatient, false, "", 1, 1},
	{&sectionRequestedActs, false, "", 1, 1},
	{&sectionPriorResults, false, "", 0, 1},
	{&sectionAttachments, false, "", 0, 1},
}

// requestBody checks the body of a request, and its act in the header.
func (v *validation) requestBody() {
	count := 0
	for c := range v.doc.Each(nsCDA, "documentationOf/serviceEvent/code") {
		if c.Attr("code") == "55115-0" && c.Attr("codeSystem") == nos.LOINC {
			count++
		}
	}
	if count != 1 {
		v.error("CDA049", v.doc, srcRequest, "la demande a un documentationOf de code 55115-0, et un seul", "the request has one documentationOf with the code 55115-0")
	}
	body := v.doc.Find(nsCDA, "component/structuredBody")
	for _, s := range v.sectionsOf(requestSections, body, srcRequest) {
		if s.rule == nil {
			continue
		}
		switch s.rule.kind {
		case &sectionHistory:
			v.historySection(s.node, srcRequest)
		case &sectionPatient:
			v.educationSection(s.node, "MED-1130", nos.TAASIP, srcRequest)
		case &sectionRequestedActs:
			if len(v.entriesOf(s.node, templateRequested)) == 0 {
				v.error("CDA049", s.node, srcRequest, "le plan de soins contient un acte demandé au moins", "the care plan holds one requested act at least")
			}
		}
	}
}

// requestedAct checks one requested act. Contradictions of the official rules:
// the value set of the site is keyed on another template and never fires; values
// of qualifiers are counted over all sites, so that two lateralised sites of one
// act are refused: one observation for each; MED-1133 is a question and the first
// of its answers.
func (v *validation) requestedAct(n *xmlr.Node) {
	bad := func(at *xmlr.Node, fr, en string, args ...any) {
		v.error("CDA049", orNode(at, n), srcRequest, fr, en, args...)
	}
	for _, t := range []segur.OID{"2.16.840.1.113883.10.20.1.25", "1.2.250.1.213.1.1.3.27", "1.2.250.1.213.1.1.3.27.3"} {
		if !hasTemplate(n, t) {
			bad(n, "le templateId %s de l'acte demandé est absent", "the templateId %s of the requested act is missing", t)
		}
	}
	if mood := n.Attr("moodCode"); n.Attr("classCode") != "OBS" || mood != "INT" && mood != "PRP" && mood != "GOL" {
		bad(n, "un acte demandé est une observation OBS de mode INT", "a requested act is an observation OBS with the mood INT")
	}
	for _, k := range counted("id+", "code", "text", "statusCode", "effectiveTime", "targetSiteCode+", "priorityCode?", "performer?") {
		v.cardinality("CDA049", n, &k, srcRequest)
	}
	if n.Find(nsCDA, "text/reference").Attr("value") == "" {
		bad(n.Child(nsCDA, "text"), "l'acte demandé renvoie au texte : text/reference", "the requested act refers to the text: text/reference")
	}
	code := n.Child(nsCDA, "code")
	if code != nil {
		v.answer("CDA049", code, nos.RequestedTechnique)
		for _, q := range code.Children {
			if value := q.Child(nsCDA, "value"); q.Is(nsCDA, "qualifier") && value != nil {
				v.answer("CDA049", value, nos.PETContrast)
			}
		}
	}
	v.requestedSites(n)
	priority := n.Child(nsCDA, "priorityCode")
	if urgent, reason := priority.Attr("code") == "UR", priority.Find(nsCDA, "originalText/reference") != nil; urgent != reason {
		bad(priority, "l'urgence (UR) a un motif, et lui seul : originalText/reference", "an urgent act (UR) has a reason, and only it: originalText/reference")
	}
	v.requestedDetails(n, code.Attr("code"))
}

func (v *validation) requestedSites(n *xmlr.Node) {
	values := 0
	var last *xmlr.Node
	for _, site := range n.Children {
		if !site.Is(nsCDA, "targetSiteCode") {
			continue
		}
		v.answer("CDA049", site, nos.AnatomicalSite)
		for _, q := range site.Children {
			if !q.Is(nsCDA, "qualifier") {
				continue
			}
			last = q
			for _, value := range q.Children {
				if value.Is(nsCDA, "value") {
					values++
					v.answer("CDA049", value, nos.TopographicModifier)
				}
			}
		}
	}
	switch {
	case last != nil && values == 0:
		v.error("CDA049", last, srcRequest, "le qualificatif du site a une valeur", "the qualifier of the site has a value")
	case values > 1:
		v.kitOnly("CDA049", last, srcRequest, "les règles officielles refusent deux sites latéralisés dans une observation : en écrire une par site",
			"the official rules refuse two lateralised sites in one observation: write one for each")
	}
}

// requestedDetails checks the answers below a requested act.
func (v *validation) requestedDetails(n *xmlr.Node, technique string) {
	count := map[string]int{}
	functions := map[string]*nos.Table{"PT": nos.PETFunction, "NM": nos.ScintigraphyFunction}[technique]
	for _, o := range v.entriesOf(n, templatesSimple[1]) {
		code := o.Child(nsCDA, "code").Attr("code")
		if count[code]++; count[code] == 2 && (code == "GEN-297" || code == "GEN-296") {
			v.error("CDA049", o, srcRequest, "l'observation %s est là deux fois", "the observation %s is there twice", code)
		}
		if value := o.Child(nsCDA, "value"); code == "MED-1133" && functions != nil && value != nil {
			v.answer("CDA049", value, functions)
		}
	}
	if asked := count["MED-1133"] > 0; technique != "" && asked != (functions != nil) {
		v.error("CDA049", n, srcRequest, "la fonction étudiée (MED-1133) est dite pour une TEP ou une scintigraphie, et elles seules",
			"the function studied (MED-1133) is said of a PET scan or a scintigraphy, and of them only")
	}
}
