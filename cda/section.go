package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// sectionKind is what the rules fix of a section: the templates of the CI-SIS
// and of the model it comes from, both mandatory.
type sectionKind struct {
	name      string // prefix of its identifiers, without "-"
	templates []segur.OID
	code      segur.Code
	title     string
}

func loinc(code, display string) segur.Code {
	return segur.Code{Code: code, System: nos.LOINC, SystemName: "LOINC", Display: display}
}

func dcm(code, display string) segur.Code {
	return segur.Code{Code: code, System: nos.DCM, SystemName: "DCM", Display: display}
}

func snomed(code, display string) segur.Code {
	return segur.Code{Code: code, System: nos.SNOMEDCT, SystemName: "SNOMED CT", Display: display}
}

// Sections of a level 3 report, in the order in which they are written.
// Addendum and attachments share a code: readers tell them by the template.
var (
	sectionAddendum = sectionKind{"addendum", []segur.OID{"1.2.840.10008.9.6", "1.2.250.1.213.1.1.2.210"},
		loinc("55107-7", "Addendum"), "Addendum"}
	sectionClinical = sectionKind{"clinical", []segur.OID{"1.2.840.10008.9.2", "1.2.250.1.213.1.1.2.205"},
		loinc("55752-0", "Informations cliniques"), "Informations cliniques"}
	sectionQuestion = sectionKind{"question", []segur.OID{"1.2.840.10008.9.7", "1.2.250.1.213.1.1.2.211"},
		loinc("55115-0", "Demande"), "Demande d'examen"}
	sectionHistory = sectionKind{"history", []segur.OID{"2.16.840.1.113883.10.20.22.2.39", "1.2.250.1.213.1.1.2.213"},
		loinc("11329-0", "Historique médical"), "Antécédents et contre-indications"}
	sectionAct = sectionKind{"act", []segur.OID{"1.2.840.10008.9.3", "1.2.250.1.213.1.1.2.206"},
		loinc("55111-9", "Description de l'acte d'imagerie"), "Technique d'imagerie"}
	sectionComplications = sectionKind{"complications", []segur.OID{"2.16.840.1.113883.10.20.22.2.37", "1.2.250.1.213.1.1.2.214"},
		loinc("55109-3", "Complications"), "Complications"}
	sectionExposure = sectionKind{"exposure", []segur.OID{"1.2.840.10008.9.8", "1.2.250.1.213.1.1.2.215"},
		loinc("73569-6", "Exposition aux rayonnements et informations de radioprotection"), "Exposition aux rayonnements"}
	sectionCatalog = sectionKind{"catalog", []segur.OID{"2.16.840.1.113883.10.20.6.1.1", "1.2.250.1.213.1.1.2.217"},
		dcm("121181", "Catalogue d'objets DICOM"), "Catalogue d'objets DICOM"}
	// The first root lacks a digit: the rules want it as the official example
	// writes it.
	sectionDevices = sectionKind{"devices", []segur.OID{"2.16.840.1.11383.10.20.1.7", "1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5", "1.2.250.1.213.1.1.2.1"},
		loinc("46264-8", "Dispositifs médicaux"), "Dispositifs médicaux"}
	sectionResults = sectionKind{"results", []segur.OID{"2.16.840.1.113883.10.20.6.1.2", "1.2.250.1.213.1.1.2.208"},
		loinc("59776-5", "Résultats de l'acte"), "Résultats"}
	sectionPriorResults = sectionKind{"prior", []segur.OID{"1.3.6.1.4.1.19376.1.5.3.1.3.27", "1.2.250.1.213.1.1.2.150"},
		loinc("30954-2", "Résultats d'examens"), "Résultats d'examens antérieurs"}
	sectionComparison = sectionKind{"comparison", []segur.OID{"1.2.840.10008.9.4", "1.2.250.1.213.1.1.2.207"},
		loinc("18834-2", "Examen de comparaison radiologique"), "Comparaison avec des examens antérieurs"}
	sectionConclusion = sectionKind{"conclusion", []segur.OID{"1.2.840.10008.9.5", "1.2.250.1.213.1.1.2.209"},
		loinc("19005-8", "Conclusions"), "Conclusion"}
	sectionAttachments = sectionKind{"documents", []segur.OID{"1.2.250.1.213.1.1.2.37"},
		loinc("55107-7", "Documents ajoutés"), "Documents liés"}
	sectionPatient = sectionKind{"patient", []segur.OID{"1.3.6.1.4.1.19376.1.5.3.1.1.9.38", "1.3.6.1.4.1.19376.1.5.3.1.1.9.39", "1.2.250.1.213.1.1.2.107"},
		loinc("34895-3", "Education du patient"), "Information du patient"}
	// The title of the copy is fixed by the rules.
	sectionCopy = sectionKind{"copy", []segur.OID{"1.2.250.1.213.1.1.2.243"},
		loinc("55108-5", "Copie du document"), "Copie du document"}
)

// body writes the sections of a structured document and the entries in them.
type body struct {
	xmlEncoder
	r         *Report
	q         *Request // nil: a report
	s         *Sections
	ids       segur.IDSource
	failed    error  // of ids
	upper     []byte // the last one, in upper case
	media     map[string]mediaFacts
	embeds    []embed
	viewer    string // Config.ViewerURL
	modifiers bool   // Config.TopographicModifiers
	// laterality are the modifiers that the rules accept on a technique.
	laterality *nos.Table
}

// section opens a component with a section in it, up to its text, which
// comes next; endSection closes it.
func (b *body) section(k *sectionKind, title string) {
	b.Start("component")
	b.Start("section")
	for _, t := range k.templates {
		b.root("templateId", t)
	}
	b.uuid()
	b.code("code", k.code, nil)
	b.Elem("title", title)
}

func (b *body) endSection() {
	b.End()
	b.End()
}

// uuid writes a new identifier. Rules ask for upper case.
func (b *body) uuid() {
	if b.failed != nil {
		return
	}
	id, err := b.ids.UUID()
	if err != nil {
		b.failed = err
		return
	}
	b.upper = append(b.upper[:0], id...)
	for i, c := range b.upper {
		if c >= 'a' && c <= 'z' {
			b.upper[i] = c - 'a' + 'A'
		}
	}
	b.root("id", segur.OID(b.upper))
}

// prose writes a section that is only a text; nothing when it is empty.
func (b *body) prose(k *sectionKind, n Narrative) {
	if !n.Visible() {
		return
	}
	b.section(k, k.title)
	b.Start("text")
	b.narrative(k.name, n.nodes)
	b.End()
	b.endSection()
}

// links gives the references of the entries of a section to its text.
type links struct {
	section  string
	supplied *Narrative // nil: the text was generated, with every anchor
}

// id is the identifier of an anchor of a generated text.
func (l links) id(anchor string) string { return l.section + "-" + anchor }

// to is the reference to an anchor; in a text of the caller that has no such
// anchor, to the whole text.
func (l links) to(anchor string) string {
	if l.supplied != nil && !l.supplied.hasID(anchor) {
		return "#" + l.section
	}
	return "#" + l.section + "-" + anchor
}

// text writes the text of a section with entries: what the caller supplied, or
// what generate writes. Identifiers begin with the name of the section and "-",
// which no such name contains, so that they are unique in the document.
func (b *body) text(section string, supplied Narrative, generate func(l links)) links {
	l := links{section: section}
	b.Start("text")
	if !supplied.Visible() {
		generate(l)
	} else {
		l.supplied = &supplied
		b.Attr("ID", section)
		b.narrative(section, supplied.nodes)
	}
	b.End()
	return l
}

// narrative writes the nodes of a narrative; identifiers and references to
// them get the prefix of the section.
func (b *body) narrative(section string, nodes []node) {
	for i := range nodes {
		n := &nodes[i]
		if n.name == "" {
			b.Text(n.text)
			continue
		}
		b.Start(n.name)
		for j := 0; j+1 < len(n.attrs); j += 2 {
			name, value := n.attrs[j], n.attrs[j+1]
			switch name {
			case "ID", "IDREF":
				value = section + "-" + value
			case "headers":
				value = prefixed(value, func(id string) string { return section + "-" + id })
			case "referencedObject":
				value = prefixed(value, mediaID)
			case "href":
				if local, ok := strings.CutPrefix(value, "#"); ok {
					value = "#" + section + "-" + local
				}
			}
			b.Attr(name, value)
		}
		b.narrative(section, n.nodes)
		b.End()
	}
}

func prefixed(list string, f func(string) string) string {
	words := strings.Fields(list)
	for i, w := range words {
		words[i] = f(w)
	}
	return strings.Join(words, " ")
}

// broken writes a text whose line breaks are kept.
func (x xmlEncoder) broken(s string) {
	for {
		l, rest, more := strings.Cut(s, "\n")
		if l != "" {
			x.Text(l)
		}
		if !more {
			return
		}
		x.Elem("br", "")
		s = rest
	}
}

// anchored writes a text that an entry refers to.
func (x xmlEncoder) anchored(id, s string) {
	x.Start("content")
	x.Attr("ID", id)
	x.broken(s)
	x.End()
}

// table opens a table with a row of titles, if any; endTable closes it.
func (x xmlEncoder) table(titles ...string) {
	x.Start("table")
	x.Attr("border", "1")
	if len(titles) > 0 {
		x.Start("thead")
		x.Start("tr")
		for _, t := range titles {
			x.Elem("th", t)
		}
		x.End()
		x.End()
	}
	x.Start("tbody")
}

func (x xmlEncoder) endTable() {
	x.End()
	x.End()
}

// cell writes a cell, with an identifier when an entry refers to it.
func (x xmlEncoder) cell(id, s string) {
	x.Start("td")
	if id != "" && s != "" {
		x.anchored(id, s)
	} else {
		x.broken(s)
	}
	x.End()
}

// line writes a row of a title and a value; nothing without a value.
func (x xmlEncoder) line(title, id, s string) {
	if s == "" {
		return
	}
	x.Start("tr")
	x.Elem("th", title)
	x.cell(id, s)
	x.End()
}
