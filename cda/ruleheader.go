package cda

import (
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// header applies the table of the header, and the rules of the document itself.
func (v *validation) header() {
	v.headerElement(v.doc, headerRules())
	v.documentTemplates()
	v.versions()
	v.documentCodes()
	if first := v.doc.Child(nsCDA, "documentationOf").Child(nsCDA, "serviceEvent"); first != nil {
		if first.Child(nsCDA, "performer") == nil {
			v.error("CDA007", first, srcHeader, "l'acte principal doit avoir un exécutant (performer)", "the main act must have a performer")
		}
		if first.Child(nsCDA, "effectiveTime") == nil {
			v.error("CDA007", first, srcHeader, "l'acte principal doit avoir des dates (effectiveTime)", "the main act must have its times (effectiveTime)")
		}
	}
}

func (v *validation) headerElement(n *xmlr.Node, h *headerNode) {
	if r := h.rule; r != nil {
		v.headerAttributes(n, r)
		for i := range r.children {
			v.cardinality("CDA007", n, &r.children[i], srcHeader)
		}
		if r.table != nil {
			attr := "code"
			if n.Name.Local == "participant" {
				attr = "typeCode"
			}
			v.headerCode(n, r.table, attr)
		}
	}
	for _, c := range n.Children {
		if next := h.children[schemaName(c.Name)]; next != nil {
			v.headerElement(c, next)
		}
	}
}

// cardinality counts the children of a name.
func (v *validation) cardinality(rule string, n *xmlr.Node, k *cardinality, source string) {
	count := 0
	for _, c := range n.Children {
		if schemaName(c.Name) != k.name {
			continue
		}
		if k.notNull && c.Attr("nullFlavor") != "" {
			continue
		}
		if count++; k.max >= 0 && count > k.max {
			v.error(rule, c, source, "%s : une fois au plus dans %s", "%s: once at most in %s", k.name, n.Name.Local)
			return
		}
	}
	if count < k.min {
		v.error(rule, n, source, "%s doit contenir %s", "%s must hold %s", n.Name.Local, k.name)
	}
}

func (v *validation) headerAttributes(n *xmlr.Node, r *headerRule) {
	null := n.Attr("nullFlavor") != ""
	for i := range r.attrs {
		a := &r.attrs[i]
		value, ok := n.LookupAttr("", a.name)
		switch {
		case null && (a.orNull || n.Name.Local != "id"):
			// A null element does not count where one is mandatory, which the cardinality says.
		case !ok || value == "":
			v.error("CDA007", n, srcHeader, "l'attribut %s de %s est obligatoire", "the attribute %s of %s is required", a.name, n.Name.Local)
		case a.values != nil && !slices.Contains(a.values, value):
			v.error("CDA007", n, srcHeader, "l'attribut %s de %s doit valoir %s", "the attribute %s of %s must be %s", a.name, n.Name.Local, strings.Join(a.values, " | "))
		}
	}
}

// headerCode checks a code against a value set. The official rules look at the
// code alone; the pair with its system, and the label, are looked at here.
func (v *validation) headerCode(n *xmlr.Node, t *nos.Table, attr string) {
	code := n.Attr(attr)
	if code == "" {
		return
	}
	row, known := t.Lookup(code)
	switch {
	case !known && t.Partial:
		v.warn("CDA023", n, srcHeader, "le code %s n'est pas dans l'extrait du jeu de valeurs %s", "the code %s is not in the extract of the value set %s", printable(code), t.Name)
	case !known:
		v.unlisted("CDA023", n, srcHeader, "le code %s n'est pas dans le jeu de valeurs %s (version du %s)",
			"the code %s is not in the value set %s (revision %s)", printable(code), t.Name, t.Revised)
	case attr == "typeCode":
	case n.Attr("codeSystem") != "" && n.Attr("codeSystem") != row.System:
		v.error("CDA023", n, srcHeader, "le codeSystem du code %s est %s dans %s", "the codeSystem of the code %s is %s in %s", code, row.System, t.Name)
	default:
		v.label("CDA023", n, row)
	}
}

// label compares a display name with that of the table. Labels are for people:
// case, accents of capitals and apostrophes may differ.
func (v *validation) label(rule string, n *xmlr.Node, row nos.Entry) {
	if display := n.Attr("displayName"); display != "" && !sameLabel(display, row.Display) {
		v.warn(rule, n, srcHeader, "le libellé du code %s n'est pas celui du jeu de valeurs : « %s »",
			"the label of the code %s is not that of the value set: %q", row.Code, row.Display)
	}
}

func sameLabel(a, b string) bool {
	return a == b || strings.EqualFold(looseLabel.Replace(clean(a)), looseLabel.Replace(clean(b)))
}

var looseLabel = strings.NewReplacer("’", "'", "\u00a0", " ", "œ", "oe", "É", "e", "é", "e", "È", "e", "è", "e", "à", "a", "À", "a", "ê", "e")

// documentTemplates checks the templates of the document.
func (v *validation) documentTemplates() {
	want := func(source string, templates ...string) {
		for _, t := range templates {
			if !slices.Contains(v.templates, t) {
				v.error("CDA010", v.doc, source, "le templateId %s du document est absent", "the templateId %s of the document is missing", t)
			}
		}
	}
	want(srcHeader, string(templateHL7France), string(templateCISIS))
	for i, t := range v.templates {
		if (t == string(templateHL7France) || t == string(templateCISIS)) && slices.Contains(v.templates[:i], t) {
			v.error("CDA010", v.doc, srcHeader, "le templateId %s est répété", "the templateId %s is repeated", t)
		}
	}
	if v.out.Level == 1 {
		want(srcHeader, string(templateXDSSD))
		if len(v.templates) != 3 {
			v.error("CDA010", v.doc, srcHeader, "un document non structuré a trois templateId : HL7 France, CI-SIS et XDS-SD ; pas celui du volet",
				"an unstructured document has three templateIds: HL7 France, CI-SIS and XDS-SD; not that of the volet")
		}
	} else if len(v.templates) < 3 {
		v.error("CDA010", v.doc, srcHeader, "le templateId du modèle de document est absent", "the templateId of the document model is missing")
	}
	switch {
	case v.report():
		for _, t := range level3Templates[2:] {
			want(srcReport, string(t))
		}
		v.templateVersion(string(templateReport), srcReport)
	case v.request():
		want(srcRequest, "1.2.840.10008.9.20", string(templateRequest))
		v.templateVersion(string(templateRequest), srcRequest)
	}
}

// templateVersion checks the extension of the template of the volet, which the
// official rules do not.
func (v *validation) templateVersion(root, source string) {
	for _, c := range v.doc.Children {
		if c.Is(nsCDA, "templateId") && c.Attr("root") == root && c.Attr("extension") != "2024.01" {
			v.warn("CDA010", c, source, "l'extension du templateId du volet doit être 2024.01", "the extension of the templateId of the volet must be 2024.01")
		}
	}
}

// versions checks the identifiers and the versions.
func (v *validation) versions() {
	id, set := v.doc.Child(nsCDA, "id"), v.doc.Child(nsCDA, "setId")
	number := v.doc.Child(nsCDA, "versionNumber")
	if id != nil && set != nil && id.Attr("root") == set.Attr("root") && id.Attr("extension") == set.Attr("extension") {
		v.warn("CDA011", set, srcGeneral, "setId doit différer de id : il désigne toutes les versions", "setId must differ from id: it names all the versions")
	}
	version, err := strconv.Atoi(number.Attr("value"))
	if err != nil {
		return
	}
	related := v.doc.Child(nsCDA, "relatedDocument")
	switch {
	case version < 1:
		v.warn("CDA011", number, srcGeneral, "le numéro de version commence à 1", "the version number starts at 1")
	case version > 1 && related == nil:
		v.warn("CDA011", number, srcGeneral, "une version supérieure à 1 nomme celle qu'elle remplace (relatedDocument)", "a version above 1 names the one it replaces (relatedDocument)")
	case version == 1 && related != nil:
		v.warn("CDA011", number, srcGeneral, "un document qui en remplace un autre a une version supérieure à 1", "a document that replaces another has a version above 1")
	}
	if parent := related.Find(nsCDA, "parentDocument/id"); parent != nil && id != nil &&
		parent.Attr("root") == id.Attr("root") && parent.Attr("extension") == id.Attr("extension") {
		v.warn("CDA011", parent, srcGeneral, "un document ne se remplace pas lui-même", "a document does not replace itself")
	}
}

// documentCodes checks type and language.
func (v *validation) documentCodes() {
	code := v.doc.Child(nsCDA, "code")
	if code != nil && v.imaging() {
		want, source := "18748-4", srcReport
		if v.out.Kind == KindImagingRequest {
			want, source = "55115-0", srcRequest
		}
		if code.Attr("code") != want || code.Attr("codeSystem") != nos.LOINC {
			v.error("CDA013", code, source, "le code du document doit être %s (LOINC)", "the code of the document must be %s (LOINC)", want)
		}
	}
	if language := v.doc.Child(nsCDA, "languageCode"); language.Attr("code") != "" && !isLanguage(language.Attr("code")) {
		v.error("CDA013", language, srcHeader, "la langue s'écrit comme fr-FR", "the language is written like fr-FR")
	}
}
