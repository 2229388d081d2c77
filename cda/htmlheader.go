package cda

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// header says what the document is, of whom, of what and by whom; the rest of
// the header of the document comes after its text.
func (p *page) header(title string) {
	h := &p.doc.Header
	p.open("header")
	p.line()
	p.elem("h1", title, "lang", p.documentLanguage())
	p.line()
	if kind := codeLabel(h.Type); kind != "" && kind != title {
		p.elem("p", kind, "class", "kind", "lang", p.documentLanguage())
		p.line()
	}
	p.notices()
	p.patientBlock()
	p.examination()
	p.raw("</header>\n")
}

// footer holds everybody with their contact, and the references of the
// document.
func (p *page) footer() {
	h := &p.doc.Header
	p.open("footer")
	p.line()
	p.people()
	p.block("h-document", p.say("Références du document", "References of the document"))
	p.row(p.say("Identifiant", "Identifier"), identifier(h.ID))
	p.row(p.say("Version", "Version"), p.version())
	p.row(p.say("Identifiant commun aux versions", "Identifier common to the versions"), identifier(h.SetID))
	p.row(p.say("Remplace le document", "Replaces the document"), identifier(h.Replaces))
	p.row(p.say("Créé le", "Created"), p.timeOf(p.root.Child(nsCDA, "effectiveTime")))
	p.row(p.say("Langue", "Language"), h.Language)
	p.row(p.say("Confidentialité", "Confidentiality"), codeLabel(h.Confidentiality))
	for n := range p.root.Each(nsCDA, "custodian/assignedCustodian/representedCustodianOrganization") {
		p.row(p.say("Conservé par", "Kept by"), organization(n)...)
	}
	p.endBlock()
	p.raw("</footer>\n")
}

func (p *page) version() string {
	if v := p.root.Child(nsCDA, "versionNumber").Attr("value"); v != "" {
		return v
	}
	return ""
}

// block opens a titled list of rows; endBlock closes it.
func (p *page) block(id, title string) {
	p.open("section", "aria-labelledby", id)
	p.elem("h2", title, "id", id)
	p.raw("\n<dl>\n")
}

func (p *page) endBlock() { p.raw("</dl></section>\n") }

// row writes a label and the lines of its value; nothing without a value.
func (p *page) row(label string, lines ...string) { p.rowStyled("", label, lines...) }

func (p *page) rowStyled(style, label string, lines ...string) {
	lines = slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return clean(s) == "" })
	if len(lines) == 0 {
		return
	}
	p.open("div")
	p.elem("dt", label)
	p.open("dd")
	if style != "" {
		p.open(style)
	}
	for i, l := range lines {
		if i > 0 {
			p.void("br")
		}
		p.text(clean(l))
	}
	if style != "" {
		p.shut(style)
	}
	p.raw("</dd></div>\n")
}

func (p *page) notice(text string) {
	p.elem("p", text, "class", "notice")
	p.line()
}

// notices are what a reader must know before anything else.
func (p *page) notices() {
	h := &p.doc.Header
	if slices.ContainsFunc(h.PatientIDs, func(id segur.Identifier) bool {
		return id.Root == segur.OIDINSNIRTest || id.Root == segur.OIDINSNIRDemo
	}) {
		p.notice(p.say("Identité de test ou de démonstration.", "Test or demonstration identity."))
	}
	if text := doubtfulPatient(p.root); text.FR != "" {
		p.notice(p.say(text.FR, text.EN))
	}
	for _, id := range h.PatientIDs {
		if segur.IsINSAuthority(id.Root) && !isMatricule(id.Extension) {
			p.notice(p.say("Le matricule INS de ce document est erroné (longueur ou clé) : ne pas l'utiliser.",
				"The INS matricule of this document is wrong (length or key): do not use it."))
			break
		}
	}
	if !h.Replaces.IsZero() {
		p.notice(p.say("Cette version remplace un document antérieur.", "This version replaces an earlier document."))
	}
	switch h.Confidentiality.Code {
	case "R", "V":
		p.notice(p.say("Confidentialité : ", "Confidentiality: ") + codeLabel(h.Confidentiality))
	}
	if p.doc.Signed {
		p.notice(p.say("Ce document est signé ; cette page ne dit pas si la signature est valable.",
			"This document is signed; this page does not say whether the signature is valid."))
	}
}

// doubtfulPatient says that a document names more than one patient, or one of
// them twice: two persons must not be taken for one.
func doubtfulPatient(root *xmlr.Node) (text segur.Text) {
	n := 0
	for _, path := range [...]string{"recordTarget", "recordTarget/patientRole", "recordTarget/patientRole/patient"} {
		n = max(n, len(root.All(nsCDA, path)))
	}
	switch {
	case n > 1:
		text.FR = fmt.Sprintf("Ce document nomme %d patients, ce que les règles excluent : seul le premier est montré ici.", n)
		text.EN = fmt.Sprintf("This document names %d patients, which the rules exclude: only the first is shown here.", n)
	case len(root.All(nsCDA, "recordTarget/patientRole/patient/name")) > 1:
		text.FR = "Ce document nomme le patient plusieurs fois, ce que les règles excluent : vérifier son identité."
		text.EN = "This document names the patient several times, which the rules exclude: verify the identity."
	}
	return text
}

// patientBlock shows the identity. The birth name and the first given name at
// birth are in bold, the others are not, as the reference rendering of the ANS
// does.
func (p *page) patientBlock() {
	h := &p.doc.Header
	t := &h.Patient
	role := p.root.Find(nsCDA, "recordTarget/patientRole")
	p.open("section", "aria-labelledby", "h-patient")
	p.elem("h2", p.say("Patient", "Patient"), "id", "h-patient")
	p.line()
	if len(p.png) > 0 {
		p.data("img", "src", "image/png", p.png, "class", "symbol", "alt", p.say("Datamatrix INS, à scanner", "INS datamatrix, to be scanned"))
		p.raw("/>\n")
	}
	p.raw("<dl>\n")
	p.rowStyled("strong", p.say("Nom de naissance", "Birth name"), t.BirthName)
	p.rowStyled("strong", p.say("Premier prénom de naissance", "First given name at birth"), t.FirstGivenName)
	p.row(p.say("Prénoms de naissance", "Given names at birth"), t.GivenNames)
	p.row(p.say("Nom utilisé", "Used name"), t.UsedName)
	p.row(p.say("Prénom utilisé", "Used given name"), t.UsedGivenName)
	p.row(p.say("Sexe", "Sex"), p.sex(t.Sex))
	birth := p.date(t.BirthDate)
	if birth == "" {
		birth = role.Find(nsCDA, "patient/birthTime").Attr("value")
	}
	p.row(p.say("Date de naissance", "Date of birth"), birth)
	place := role.Find(nsCDA, "patient/birthplace/place")
	p.row(p.say("Lieu de naissance", "Place of birth"), withCode(cmp.Or(clean(place.Find(nsCDA, "addr/city").DeepText()),
		clean(place.Child(nsCDA, "name").DeepText())), t.BirthPlace))
	for _, id := range h.PatientIDs {
		p.patientID(id)
	}
	for _, n := range role.All(nsCDA, "addr") {
		p.row(p.say("Adresse", "Address"), addressLines(n)...)
	}
	for _, n := range role.All(nsCDA, "telecom") {
		p.row(p.say("Contact", "Contact"), telecomText(n))
	}
	for _, n := range role.All(nsCDA, "patient/guardian") {
		p.row(p.say("Représentant", "Guardian"), p.person(n)...)
	}
	p.endBlock()
}

// patientID shows an identifier as the document carries it: no status is made
// up, a document has none.
func (p *page) patientID(id segur.Identifier) {
	switch {
	case segur.IsINSAuthority(id.Root):
		authority := map[segur.OID]string{segur.OIDINSNIR: "NIR", segur.OIDINSNIA: "NIA",
			segur.OIDINSNIRTest: p.say("NIR de test", "test NIR"), segur.OIDINSNIRDemo: p.say("NIR de démonstration", "demonstration NIR")}[id.Root]
		p.row(p.say("Matricule INS", "INS matricule"), id.Extension, authority+", "+string(id.Root))
	case segur.IsFormerINSAuthority(id.Root):
		p.row(p.say("INS-C (n'identifie plus)", "INS-C (identifies no more)"), id.Extension, string(id.Root))
	default:
		p.row(p.say("Identifiant local", "Local identifier"), id.Extension, cmp.Or(id.Assigner, string(id.Root)))
	}
}

// symbol asks the caller for the datamatrix of the first INS.
func (p *page) symbol() error {
	if p.o.Symbol == nil {
		return nil
	}
	for _, id := range p.doc.Header.PatientIDs {
		ins, err := segur.ParseINS(id.Extension, id.Root)
		if err != nil {
			continue // a notice says what is wrong with it
		}
		png, err := p.o.Symbol(ins, p.doc.Header.Patient)
		if err != nil {
			return fmt.Errorf("cda.HTML: the INS datamatrix: %w", err)
		}
		if len(png) > 0 && pictureType(png) != "image/png" {
			return &segur.Error{Op: "cda.HTML", Kind: segur.KindInvalidInput, Message: "Symbol must give a PNG image"}
		}
		p.png = png
		return nil
	}
	return nil
}

// examination shows acts and orders.
func (p *page) examination() {
	p.block("h-examination", p.say("Examen", "Examination"))
	var acts []*xmlr.Node
	screening := false
	for act := range p.root.Each(nsCDA, "documentationOf/serviceEvent") {
		if code := nodeCode(act.Child(nsCDA, "code")); code.Code == "Z13.9" && code.System == "2.16.840.1.113883.6.3" {
			screening = true // CIM-10: no act, but why the others were done
			continue
		}
		acts = append(acts, act)
	}
	for i, act := range acts {
		p.act(act, i, len(acts))
	}
	if screening {
		p.row(p.say("Contexte", "Context"), p.say("Dépistage", "Screening"))
	}
	for order := range p.root.Each(nsCDA, "inFulfillmentOf/order") {
		for _, n := range order.Children {
			id := segur.Identifier{Root: segur.OID(n.Attr("root")), Extension: n.Attr("extension")}
			switch n.Name.Local {
			case "accessionNumber": // whatever its namespace
				p.row(p.say("Numéro d'examen (accession number)", "Accession number"), identifier(id))
			case "id":
				p.row(p.say("Numéro de la demande", "Order number"), identifier(id))
			}
		}
	}
	encounter := p.root.Find(nsCDA, "componentOf/encompassingEncounter")
	p.row(p.say("Prise en charge", "Encounter"), codeLabel(nodeCode(encounter.Child(nsCDA, "code"))), p.period(encounter.Child(nsCDA, "effectiveTime")))
	facility := encounter.Find(nsCDA, "location/healthCareFacility")
	p.row(p.say("Lieu", "Place"), clean(facility.Find(nsCDA, "location/name").DeepText()), codeLabel(nodeCode(facility.Child(nsCDA, "code"))))
	p.responsible()
	p.endBlock()
}

func (p *page) act(act *xmlr.Node, i, of int) {
	label := p.say("Acte", "Act")
	if of > 1 {
		label += " " + strconv.Itoa(i+1)
	}
	node := act.Child(nsCDA, "code")
	lines := []string{codeLabel(nodeCode(node))}
	for _, t := range node.All(nsCDA, "translation") {
		c := nodeCode(t)
		switch qualifier := t.Find(nsCDA, "qualifier/name").Attr("code"); {
		case qualifier == "121139" || c.System == nos.DCM:
			lines = append(lines, p.say("Modalité : ", "Modality: ")+codeLabel(c))
		case qualifier == "39111-0":
			lines = append(lines, p.say("Région : ", "Region: ")+codeLabel(c))
		default:
			lines = append(lines, codeWords(c.Display, c.Code, string(c.System)))
		}
	}
	lines = append(lines, p.period(act.Child(nsCDA, "effectiveTime")))
	for _, n := range act.All(nsCDA, "performer/assignedEntity") {
		lines = append(lines, p.say("Réalisé par : ", "Performed by: ")+p.who(n))
	}
	for _, id := range act.All(nsCDA, "id") {
		if root := id.Attr("root"); root != "" {
			lines = append(lines, p.say("Étude : ", "Study: ")+root)
		}
	}
	p.row(label, lines...)
}

func identifier(id segur.Identifier) string {
	if id.Extension == "" {
		return string(id.Root)
	}
	return withCode(id.Extension, string(id.Root))
}

// codeLabel is what people read of a code: its label, else the code.
func codeLabel(c segur.Code) string { return cmp.Or(clean(c.Display), c.Code) }

func nodeCode(n *xmlr.Node) segur.Code {
	return segur.Code{Code: clean(n.Attr("code")), System: segur.OID(clean(n.Attr("codeSystem"))), Display: clean(cmp.Or(n.Attr("displayName"),
		n.Child(nsCDA, "originalText").DeepText()))}
}
