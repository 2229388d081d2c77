package cda

import (
	"fmt"
	"iter"
	"log/slog"

	"github.com/segur-sdk/segur"
)

// Section is a section of a structured body, as it stands in the document.
// Its printed forms are redacted.
type Section struct {
	// Role is what the section is for, when its templates or its code say it;
	// empty otherwise.
	Role SectionRole
	// ID is its identifier, a UUID as a rule.
	ID segur.Identifier
	// TemplateIDs are its templates, in document order.
	TemplateIDs []segur.OID
	// Code is its code, LOINC as a rule.
	Code segur.Code
	// Title is its title.
	Title string
	// XML is the section as it is written in the document; its prefixes may be
	// declared around it. It is UTF-8 whatever the encoding of the document,
	// and a part of the input: do not modify it.
	XML []byte
	// NarrativeXML is its element text, in the same manner; nil when it has none.
	NarrativeXML []byte
	// Entries counts its coded entries.
	Entries int
	// Sections are the sections in it.
	Sections []Section

	at, text el
	body     *bodyReader
}

// SectionRole says what a section is for.
type SectionRole string

// The roles of the sections of imaging reports and requests.
const (
	RoleAddendum      SectionRole = "addendum"
	RoleClinical      SectionRole = "clinical"      // holds the question and the history
	RoleQuestion      SectionRole = "question"      // justification and purpose of the request
	RoleHistory       SectionRole = "history"       // with the contra-indications
	RoleAct           SectionRole = "act"           // technique; one for each act
	RoleComplications SectionRole = "complications" // in that of the act
	RoleExposure      SectionRole = "exposure"      // to radiation, in that of the act
	RoleCatalog       SectionRole = "catalog"       // of DICOM objects, in that of the act
	RoleDevices       SectionRole = "devices"
	RoleResults       SectionRole = "results"
	RolePriorResults  SectionRole = "prior"
	RoleComparison    SectionRole = "comparison"
	RoleConclusion    SectionRole = "conclusion"
	RoleAttachments   SectionRole = "documents"
	RolePatient       SectionRole = "patient" // what the patient was told
	RoleCopy          SectionRole = "copy"    // the document in PDF
	RoleRequestedActs SectionRole = "plan"    // of a request
)

// sectionRequestedActs is the section of a request that holds its acts.
var sectionRequestedActs = sectionKind{"plan",
	[]segur.OID{"2.16.840.1.113883.10.20.1.10", "1.3.6.1.4.1.19376.1.5.3.1.3.36", "1.2.250.1.213.1.1.2.158", "1.2.250.1.213.1.1.2.158.3"},
	loinc("18776-5", "Plan de soins"), "Acte(s) d'imagerie demandé(s)"}

// rolesByTemplate and rolesByCode tell what a section is for: by its templates
// in the first place, as an addendum and attachments share a code.
var rolesByTemplate, rolesByCode = func() (map[segur.OID]SectionRole, map[string]SectionRole) {
	templates, codes := map[segur.OID]SectionRole{}, map[string]SectionRole{}
	for _, k := range []*sectionKind{&sectionAddendum, &sectionClinical, &sectionQuestion, &sectionHistory, &sectionAct,
		&sectionComplications, &sectionExposure, &sectionCatalog, &sectionDevices, &sectionResults, &sectionPriorResults,
		&sectionComparison, &sectionConclusion, &sectionAttachments, &sectionPatient, &sectionCopy, &sectionRequestedActs} {
		role := SectionRole(k.name)
		for _, t := range k.templates {
			templates[t] = role
		}
		codes[string(k.code.System)+" "+k.code.Code] = role
	}
	templates["2.16.840.1.113883.10.20.1.7"] = RoleDevices // its number with the digit that the French rules lack
	return templates, codes
}()

// role tells what a section is for.
func (s *Section) role() SectionRole {
	found := SectionRole("")
	for _, t := range s.TemplateIDs {
		if r, ok := rolesByTemplate[t]; ok {
			if t.Within("1.2.250.1.213") { // the French template says more than the model it constrains
				return r
			}
			found = r
		}
	}
	if found != "" {
		return found
	}
	if found = rolesByCode[string(s.Code.System)+" "+s.Code.Code]; found == RoleAttachments || found == RoleAddendum {
		if s.at.child("author").ok() {
			return RoleAddendum
		}
		return RoleAttachments
	}
	return found
}

// Narrative is the text of the section in the vocabulary of CDA, safe to show:
// what is outside of that vocabulary, and links that are no web addresses, are
// left out or become plain text.
func (s Section) Narrative() Narrative {
	if !s.text.ok() {
		return Narrative{}
	}
	n, _ := s.body.convert(s.text, "")
	return n
}

// Text is the text of the section for a search or a screen without formatting:
// a line for each paragraph, item and row, a tab between cells.
func (s Section) Text() string { return plain(s.text) }

// Format writes a redacted form whatever the verb.
func (s Section) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("cda.Section(redacted)")) }

// LogValue makes slog write the redacted form.
func (s Section) LogValue() slog.Value { return slog.StringValue("cda.Section(redacted)") }

// All iterates over the section and those in it, in document order.
func (s Section) All() iter.Seq[Section] {
	return func(yield func(Section) bool) { s.walk(yield) }
}

func (s Section) walk(yield func(Section) bool) bool {
	if !yield(s) {
		return false
	}
	for _, inner := range s.Sections {
		if !inner.walk(yield) {
			return false
		}
	}
	return true
}

// AllSections iterates over the sections of the document and those in them, in
// document order.
func (p *Parsed) AllSections() iter.Seq[Section] {
	return func(yield func(Section) bool) {
		for _, s := range p.Sections {
			if !s.walk(yield) {
				return
			}
		}
	}
}

// Section returns the first section of a role, and whether there is one.
func (p *Parsed) Section(role SectionRole) (Section, bool) {
	for s := range p.AllSections() {
		if s.Role == role {
			return s, true
		}
	}
	return Section{}, false
}

// sections reads the sections inside an element that has components.
func (r *bodyReader) sections(parent el) (out []Section) {
	n := 0
	for c := range parent.all("component") {
		if c.child("section").ok() {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	out = make([]Section, 0, n)
	for c := range parent.all("component") {
		for e := range c.all("section") {
			out = append(out, Section{})
			r.section(e, &out[len(out)-1])
		}
	}
	return out
}

func (r *bodyReader) section(e el, s *Section) {
	s.ID, s.Code, s.Title, s.XML = e.child("id").identifier(), e.child("code").code(), e.child("title").line(), e.raw()
	s.body, s.at, s.text = r, e, e.child("text")
	s.TemplateIDs = e.templates()
	if s.text.ok() {
		s.NarrativeXML = s.text.raw()
	}
	for range e.all("entry") {
		s.Entries++
	}
	s.Role = s.role()
	s.Sections = r.sections(e)
}

// templates lists the templates of a section.
func (e el) templates() []segur.OID {
	out := make([]segur.OID, 0, 3)
	for t := range e.all("templateId") {
		out = append(out, segur.OID(t.attr("root")))
	}
	return out
}
