package cda

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/ins/datamatrix"
	"github.com/segur-sdk/segur/internal/nos"
)

// identity is the block of the patient: birth name and first given name in
// bold, and beside them the datamatrix.
func (p *paper) identity() {
	t := &p.doc.Header.Patient
	p.doubt()
	row := func(bold bool, label, value string) {
		if value = clean(value); value != "" {
			p.report.Identity = append(p.report.Identity, pdfa.Field{Label: label, Value: value, Bold: bold})
		}
	}
	row(true, p.say("Nom de naissance", "Birth name"), t.BirthName)
	row(true, p.say("Premier prénom de naissance", "First given name at birth"), t.FirstGivenName)
	row(false, p.say("Prénoms de naissance", "Given names at birth"), t.GivenNames)
	row(false, p.say("Nom utilisé", "Used name"), t.UsedName)
	row(false, p.say("Prénom utilisé", "Used given name"), t.UsedGivenName)
	row(false, p.say("Sexe", "Sex"), p.sex(t.Sex))
	row(false, p.say("Date de naissance", "Date of birth"), p.date(t.BirthDate))
	row(false, p.say("Lieu de naissance", "Place of birth"), p.birthPlace())
	if p.o.Qualified {
		if ins, ok := p.ins(); ok {
			row(false, p.say("Matricule INS", "INS matricule"), paperGrouped(ins.Matricule())+" ("+p.authority(ins.Authority())+")")
			p.symbol(ins)
		}
	}
	for _, id := range p.doc.Header.PatientIDs {
		if !id.Root.Within(paperINSArc) { // a national number is shown when it is qualified, or not at all
			row(false, p.say("IPP", "Local identifier"), withCode(id.Extension, id.Assigner))
		}
	}
}

// doubt refuses a document that names several patients, or says it above the
// identity where it must be shown all the same.
func (p *paper) doubt() {
	root, err := clinicalTree(p.doc.Raw)
	if err != nil {
		return // Parse has read it
	}
	text := doubtfulPatient(root)
	switch {
	case text.FR == "":
	case p.o.Substitute:
		p.report.Identity = append(p.report.Identity, pdfa.Field{Label: p.say("Attention", "Warning"), Value: p.say(text.FR, text.EN), Bold: true})
	default:
		p.problems.Add("header.patient", "is there several times: the rules exclude it, and two persons must not be taken for one")
	}
}

// paperINSArc assigns the INS, the INS-C of former times and the numbers of social security.
const paperINSArc = segur.OID("1.2.250.1.213.1.4")

// ins is the INS of the document.
func (p *paper) ins() (segur.INS, bool) {
	for _, id := range p.doc.Header.PatientIDs {
		if !segur.IsINSAuthority(id.Root) {
			continue
		}
		ins, err := segur.ParseINS(id.Extension, id.Root)
		if err != nil {
			p.problems.Add("header.patientIDs", "the INS of the document is wrong: its length or its key")
		}
		return ins, err == nil
	}
	p.problems.Add("header.patientIDs", "the document has no INS: its identity is not qualified")
	return segur.INS{}, false
}

// symbol makes the datamatrix.
func (p *paper) symbol(ins segur.INS) {
	if !p.o.Environment.Valid() {
		p.problems.Add("options.environment", "must be segur.Production, segur.Qualification or segur.Fake")
		return
	}
	patient := segur.Patient{Traits: p.doc.Header.Patient, INS: ins, Status: segur.Qualified}
	payload, err := datamatrix.Encode(patient, p.o.Environment)
	if err != nil {
		p.problems.Merge("header", err)
		return
	}
	s, err := payload.Symbol()
	if err != nil {
		p.problems.Add("header.patient", "makes a datamatrix that is too large")
		return
	}
	p.report.Symbol = &pdfa.Symbol{Modules: s.Modules(), Caption: datamatrix.Caption}
}

// paperGrouped writes a matricule as people read it: 2 85 03 69 123 456 78.
func paperGrouped(m string) string {
	if len(m) != 15 {
		return m
	}
	return strings.Join([]string{m[:1], m[1:3], m[3:5], m[5:7], m[7:10], m[10:13], m[13:]}, "\u00a0")
}

func (p *paper) authority(oid segur.OID) string {
	switch oid {
	case segur.OIDINSNIA:
		return "INS-NIA"
	case segur.OIDINSNIRTest:
		return p.say("INS-NIR de test", "test INS-NIR")
	case segur.OIDINSNIRDemo:
		return p.say("INS-NIR de démonstration", "demonstration INS-NIR")
	}
	return "INS-NIR"
}

func (p *paper) birthPlace() string {
	code, name := p.doc.Header.Patient.BirthPlace, clean(p.doc.details.BirthPlaceName)
	if name == "" && code == segur.BirthplaceUnknown {
		return p.say("inconnu", "unknown") + " (" + code + ")"
	}
	return withCode(name, code)
}

// running is what each page says: whose document it is, and which one.
func (p *paper) running() {
	h := &p.doc.Header
	t := &h.Patient
	who := clean(t.BirthName + " " + cmp.Or(t.FirstGivenName, t.GivenNames))
	if used := clean(cmp.Or(t.UsedName, "") + " " + cmp.Or(t.UsedGivenName, "")); used != "" && used != who {
		who += " (" + used + ")"
	}
	if d := p.date(t.BirthDate); d != "" {
		born := p.say("né(e) le ", "born ")
		switch {
		case p.o.Language == "en":
		case t.Sex == segur.Female:
			born = "née le "
		case t.Sex == segur.Male:
			born = "né le "
		}
		if !t.BirthDate.Complete() {
			born = strings.Replace(born, " le ", " en ", 1)
		}
		who += ", " + born + d
	}
	what := paperCut(p.title(), 90)
	if len(h.Services) > 0 {
		s := h.Services[0]
		what = paperCut(cmp.Or(clean(s.Code.Display), what), 90)
		if d := p.day(s.Start); d != "" {
			what += p.say(" du ", " of ") + d
		}
	}
	p.report.RunningHead = clean(p.o.RunningHead)
	if p.report.RunningHead == "" {
		p.report.RunningHead = paperCut(who, 200) + " \u2013 " + what
	}
	foot := "Document " + cmp.Or(p.identifier(h.ID), p.say("sans identifiant", "without identifier"))
	if h.Version > 0 {
		foot += ", version " + strconv.Itoa(h.Version)
	}
	if !h.Replaces.IsZero() {
		foot += p.say(", remplace la version ", ", replaces the version ") + p.identifier(h.Replaces)
	}
	p.report.Footer = foot
}

// paperCut bounds a text that stands where room is short.
func paperCut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimRight(string(r[:most-1]), " ") + "…"
	}
	return s
}

// examination is the table of what was done, by whom and for whom.
func (p *paper) examination() {
	h, d := &p.doc.Header, &p.doc.details
	t := paperTable{}
	p.acts(&t)
	for _, o := range h.Orders {
		order := cmp.Or(o.Placer.Extension, string(o.Placer.Root))
		if order != "" {
			order = p.say("demande ", "order ") + order
		}
		t.row(p.say("Numéro d'examen", "Accession number"), together(", ", o.Accession.Extension, order))
	}
	if w := p.doc.Prescriber; w != nil {
		asked := p.date(p.doc.prescribed)
		if asked != "" {
			asked = p.say("demande du ", "order of ") + asked
		}
		t.row(p.say("Prescripteur", "Prescriber"), append(p.person(*w), asked)...)
	}
	if w := p.doc.FamilyPhysician; w != nil {
		t.row(p.say("Médecin traitant", "Family physician"), p.person(*w)...)
	}
	for i := range h.Authors {
		t.row(p.say("Auteur", "Author"), p.actor(&h.Authors[i])...)
	}
	t.row(p.say("Validé par", "Legal authenticator"), p.actor(&h.LegalAuthenticator)...)
	for _, s := range d.Authenticators {
		t.row(p.say("Contresigné par", "Countersigned by"), p.actor(&segur.DocumentActor{Professional: s.Professional, Time: paperAt(s.Time)})...)
	}
	if e := d.DataEnterer; e != nil {
		t.row(p.say("Saisi par", "Entered by"), p.actor(&segur.DocumentActor{Professional: e.Professional, Time: paperAt(e.Time)})...)
	}
	for _, w := range slices.Concat(d.Recipients, p.doc.ReportRecipients) {
		t.row(p.say("Destinataire", "Recipient"), p.person(w)...)
	}
	version, replaces := "", ""
	if h.Version > 0 {
		version = "version " + strconv.Itoa(h.Version)
	}
	if !h.Replaces.IsZero() {
		replaces = p.say("remplace la version ", "replaces the version ") + p.identifier(h.Replaces)
	}
	t.row("Document", together(", ", paperAfter(p.say("créé le ", "created "), p.instant(h.Created)), version), replaces)
	switch h.Confidentiality.Code {
	case "R", "V":
		t.row(p.say("Confidentialité", "Confidentiality"), cmp.Or(h.Confidentiality.Display, h.Confidentiality.Code))
	}
	if len(t.rows) == 0 {
		return
	}
	heading := p.say("Examen", "Examination")
	if p.doc.Kind != KindImagingReport && (p.doc.Kind == KindImagingRequest || h.Type.Code != "18748-4") {
		heading = "Document"
	}
	p.add("header", pdfa.Section{Heading: heading, Blocks: []pdfa.Block{pdfa.Table{Columns: []pdfa.Column{{Weight: 1}, {Weight: 3}}, Rows: t.rows}}})
}

// paperTable has a label in each row and lines beside it.
type paperTable struct{ rows [][]pdfa.Cell }

// row adds a row; nothing without a value.
func (t *paperTable) row(label string, lines ...string) {
	var kept []string
	for _, l := range lines {
		if l = clean(l); l != "" {
			kept = append(kept, l)
		}
	}
	if len(kept) > 0 {
		t.rows = append(t.rows, []pdfa.Cell{{Text: pdfa.Text{{Text: label, Bold: true}}}, {Text: pdfa.Plain(strings.Join(kept, "\n"))}})
	}
}

// acts shows the acts; that they are a screening is coded as one of them.
func (p *paper) acts(t *paperTable) {
	h := &p.doc.Header
	acts := slices.DeleteFunc(slices.Clone(h.Services), func(s segur.DocumentService) bool {
		return s.StudyUID == "" && s.Code.Code == screening.Code && s.Code.System == screening.System
	})
	for i := range acts {
		label := p.say("Acte", "Act")
		if len(acts) > 1 {
			label += " " + strconv.Itoa(i+1)
		}
		t.row(label, p.act(&acts[i])...)
	}
	if len(acts) < len(h.Services) {
		t.row(p.say("Cadre", "Context"), p.say("dépistage", "screening"))
	}
}

// paperAfter is a text after its label; nothing without it.
func paperAfter(label, text string) string {
	if text == "" {
		return ""
	}
	return label + text
}

func paperAt(t time.Time) segur.Timestamp {
	if t.IsZero() {
		return segur.Timestamp{}
	}
	return segur.At(t)
}

func (p *paper) act(s *segur.DocumentService) (lines []string) {
	lines = append(lines, p.codeWords(s.Code))
	for _, t := range s.Translations {
		switch {
		case t.Qualifier.Code == "121139" || t.System == nos.DCM:
			lines = append(lines, p.say("Modalité : ", "Modality: ")+cmp.Or(clean(t.Display), t.Code.Code))
		case t.Qualifier.Code == "39111-0":
			lines = append(lines, p.say("Région : ", "Region: ")+cmp.Or(clean(t.Display), t.Code.Code))
		default:
			lines = append(lines, p.codeWords(t.Code))
		}
	}
	lines = append(lines, p.period(s.Start, s.Stop))
	if at := len(lines) - 1; s.Performer.Professional.ID == "" || !p.isAuthor(s.Performer.Professional.ID) {
		if who := strings.Join(p.actor(&s.Performer), ", "); who != "" {
			lines = append(lines, p.say("Réalisé par ", "Performed by ")+who)
		}
	} else if who := professionalWords(s.Performer.Professional); who != "" { // more is said below
		lines[at] = together(p.say(", par ", ", by "), lines[at], who)
	}
	if s.Placer.Extension != "" {
		lines = append(lines, p.say("Demande ", "Order ")+s.Placer.Extension)
	}
	if s.StudyUID != "" {
		lines = append(lines, p.say("Étude ", "Study ")+string(s.StudyUID))
	}
	return lines
}

func (p *paper) isAuthor(id string) bool {
	return slices.ContainsFunc(p.doc.Header.Authors, func(a segur.DocumentActor) bool { return a.Professional.ID == id })
}

func (p *paper) codeWords(c segur.Code) string {
	if clean(c.Display) == "" {
		return c.Code
	}
	return codeWords(clean(c.Display), c.Code, string(c.System))
}
