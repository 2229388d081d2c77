package cda

import (
	"slices"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// ReportBody is the body of an imaging report of level 3 that was read.
type ReportBody struct {
	// Sections is what [Writer.Level3] takes: a report that this package wrote
	// gives back what it was made of. Times that the document has no offset for
	// are in Paris. A Narrative field holds the text of the section, unless that
	// is the one which this package makes of the other fields. What the caller's
	// narrative had no anchor for, such as [ActSection.Description], is in that
	// narrative only. Texts of sections that Sections has no field for are in
	// [Parsed.Sections].
	Sections
	// Procedures are what the sections of the acts say that the header says
	// too, in the order of Acts.
	Procedures []Procedure
}

// Procedure is an act as the body of a report states it.
type Procedure struct {
	// Code is the LOINC code of the act.
	Code segur.Code
	// CCAM is the billing act. Optional.
	CCAM segur.Code
	// Modalities are DICOM codes.
	Modalities []segur.Code
	// Start is when the act was done.
	Start segur.Timestamp
	// StudyUID is the study of the catalogue.
	StudyUID segur.OID
	// Links are where its images are seen, in document order.
	Links []string
	// Service is the index of the act in Services of the header, -1 when none
	// has the same study or the same code.
	Service int
}

// report reads the sections of an imaging report, wherever they stand: those
// of an act belong to the act whose section is around or before them.
func (r *bodyReader) report() *ReportBody {
	b := &ReportBody{}
	b.Attachments = r.out.Attachments
	seen := map[SectionRole]bool{}
	act := -1
	for _, s := range r.inOrder(r.out.Sections, nil) {
		switch s.Role {
		case RoleAct:
			act = len(b.Acts)
			a, p := r.act(s, "act"+strconv.Itoa(act+1))
			b.Acts, b.Procedures = append(b.Acts, a), append(b.Procedures, p)
			continue
		case RoleComplications, RoleExposure, RoleCatalog:
			if act < 0 { // of a report that describes no act
				act = 0
				b.Acts, b.Procedures = []ActSection{{}}, []Procedure{{Service: -1}}
			}
			r.ofAct(s, &b.Acts[act], &b.Procedures[act], "act"+strconv.Itoa(act+1)+"."+string(s.Role))
			continue
		case RoleAttachments, RoleCopy, RoleClinical, RoleRequestedActs, "":
			continue
		case RoleDevices, RoleResults, RolePriorResults, RoleComparison, RoleConclusion, RolePatient: // several are one
		default:
			if seen[s.Role] {
				r.warn(s.at, "is there twice: the first one is taken")
				continue
			}
		}
		seen[s.Role] = true
		r.ofReport(s, &b.Sections)
	}
	r.match(b)
	if !seen[RoleConclusion] {
		r.warn(el{}, "has no conclusion")
	}
	if !seen[RoleHistory] {
		r.warn(el{}, "has no history: nothing is known of contra-indications")
	}
	return b
}

func (r *bodyReader) ofReport(s *Section, b *Sections) {
	add := func(to *Narrative) { extend(to, r.prose(s)) }
	switch s.Role {
	case RoleAddendum:
		a := &Addendum{Text: r.prose(s)}
		author := s.at.child("author")
		if who, ok := r.actor(author, "assignedAuthor"); ok {
			a.Author = Author{Professional: *r.d.national(&who.who), Function: author.child("functionCode").code(), Time: r.time(author.child("time"))}
		} else {
			r.warn(s.at, "has no author")
		}
		b.Addendum = a
	case RoleQuestion:
		b.Question = r.question(s)
	case RoleHistory:
		b.History, _ = r.history(s)
		if b.History.NoContraIndication == AbsenceNotStated && len(b.History.ContraIndications) == 0 {
			r.warn(s.at, "says nothing of contra-indications")
		}
	case RoleDevices:
		r.devices(s, b)
	case RoleResults:
		add(&b.Results)
	case RolePriorResults:
		add(&b.PriorResults)
	case RoleComparison:
		add(&b.Comparison)
	case RoleConclusion:
		add(&b.Conclusion)
	case RolePatient:
		add(&b.PatientInformation)
	}
}

// prose is the text of a section.
func (r *bodyReader) prose(s *Section) Narrative { return r.narrative(s, string(s.Role)) }

// narrative is the text of a section whose identifiers may begin with name.
func (r *bodyReader) narrative(s *Section, name string) Narrative {
	n, broken := r.convert(s.text, name)
	if broken {
		r.warn(s.text, "is not in the vocabulary of narratives: its text is kept without its form")
	}
	if !n.Visible() {
		return Narrative{}
	}
	return n
}

// supplied is the text of a section with entries, zero when it is the one that
// this package makes of the fields: such a text has that anchor.
func (r *bodyReader) supplied(s *Section, name, anchor string) Narrative {
	if !s.text.is("ID", name) {
		if at, own := r.t.ids[name+"-"+anchor]; own && (el{r.t, at}).ancestor("text") == s.text {
			return Narrative{}
		}
	}
	return r.narrative(s, name)
}

// Titles of the text of the question. They may be written with either apostrophe.
const (
	titleJustification = "Justification de la demande"
	titlePurpose       = "Finalité de l'examen"
)

func (r *bodyReader) question(s *Section) (q ClinicalQuestion) {
	own := !s.text.is("ID", string(RoleQuestion))
	for _, c := range titled(s.text) {
		title := strings.ToLower(c.title)
		switch {
		case strings.HasPrefix(title, "justification"):
			q.Justification = joined(q.Justification, plain(c.cell))
		case strings.HasPrefix(title, "finalité"):
			q.Purpose = joined(q.Purpose, plain(c.cell))
		default:
			own = false
		}
		own = own && (c.title == titleJustification || c.title == titlePurpose)
	}
	n := 0
	for c := range s.text.nodes() { // nothing but the table that was read
		n++
		own = own && c.name() == "table" && !c.child("thead").ok()
	}
	if !own || n != 1 {
		q.Narrative = r.narrative(s, string(RoleQuestion))
	}
	return q
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

// history reads what was known of the patient, and for a request what the
// department must know to receive him.
func (r *bodyReader) history(s *Section) (h History, needs []CareNeed) {
	for o := range s.at.entries {
		if o.name() != "observation" || r.denied(o) {
			continue
		}
		code, value := o.child("code"), o.child("value")
		past := func(to *[]string) {
			if list, _ := r.target(value.child("originalText")); list.name() == "list" {
				if r.lists[list.i] { // its items are there
					return
				}
				if r.lists == nil {
					r.lists = map[int32]bool{}
				}
				r.lists[list.i] = true
				for item := range list.all("item") {
					*to = append(*to, plain(item))
				}
				return
			}
			words := r.words(value.child("originalText"))
			setOnce(&words, r.words(o.child("text")))
			setOnce(&words, value.code().Display)
			if value.isType("ST") {
				setOnce(&words, plain(value))
			}
			if words != "" && words != notGiven {
				*to = append(*to, words)
			}
		}
		switch {
		case code.isCode("11348-0", loincOID):
			past(&h.Medical)
		case code.isCode("47519-4", loincOID):
			past(&h.Surgical)
		case code.isCode("64100-1", loincOID):
			r.contraIndication(o, &h)
		case code.isCode("ORG-192", nos.TAASIP):
			c := CareNeed{Code: r.coded(value)}
			c.Comment = r.remark(o, c.Code)
			needs = append(needs, c)
		}
	}
	if len(h.ContraIndications) > 0 && h.NoContraIndication != AbsenceNotStated {
		r.warn(s.at, "lists contra-indications and says that there is none: they are kept")
		h.NoContraIndication = AbsenceNotStated
	}
	h.Narrative = r.supplied(s, string(RoleHistory), "medical1")
	return h, needs
}

// remark is what an observation says beside its code: the text that it refers
// to, or words for the code that are not its label.
func (r *bodyReader) remark(o el, code segur.Code) string {
	text := o.child("text")
	words := r.words(text)
	if r.sameTarget(text, o.child("value", "originalText")) && strings.EqualFold(words, code.Display) {
		return ""
	}
	return words
}

func (r *bodyReader) contraIndication(o el, h *History) {
	value := o.child("value")
	if value.attr("code") != "" {
		c := ContraIndication{Code: r.coded(value)}
		c.Comment = r.remark(o, c.Code)
		h.ContraIndications = append(h.ContraIndications, c)
		return
	}
	words := plain(value)
	if value.child("originalText").ok() {
		words = r.words(value.child("originalText"))
	}
	setOnce(&words, r.words(o.child("text")))
	switch {
	case words == absences[NotSought], words == "" && value.is("nullFlavor", "NASK"):
		h.NoContraIndication = NotSought
	case slices.Contains(noneKnown, strings.TrimRight(strings.ToLower(words), " .")):
		h.NoContraIndication = NoneKnown
	case words != "":
		r.warn(value, "is a contra-indication without code: its words are in the comment")
		h.ContraIndications = append(h.ContraIndications, ContraIndication{Comment: words})
	default:
		r.warn(value, "is a contra-indication that says nothing")
	}
}

// noneKnown are the words that say so and nothing else: "aucune, hormis un
// stimulateur" is not among them.
var noneKnown = []string{"aucune contre-indication connue", "aucune contre-indication", "pas de contre-indication connue", "pas de contre-indication"}

func (r *bodyReader) devices(s *Section, b *Sections) {
	for o := range s.at.entries {
		if o.name() != "supply" || r.denied(o) {
			continue
		}
		d := Device{Since: r.time(o.child("effectiveTime"))}
		for p := range o.all("participant") {
			role := p.child("participantRole")
			if id := role.child("id").identifier(); d.UDI.IsZero() && !id.IsZero() {
				d.UDI = id
			}
			if c := role.child("playingDevice", "code"); d.EMDN.IsZero() && c.ok() {
				d.EMDN = r.coded(c)
			}
		}
		at, _ := r.target(o.child("text"))
		if row := at.ancestor("tr"); row.ok() && r.spend(row) {
			d.Comment = r.textOf(beside(at, "Commentaire"))
		}
		b.Devices = append(b.Devices, d)
	}
	extend(&b.DevicesNarrative, r.supplied(s, string(RoleDevices), "device1"))
}

// maxMatched bounds the acts of the header that are looked at.
const maxMatched = 1_000

// match finds the act of the header that each act of the body is.
func (r *bodyReader) match(b *ReportBody) {
	services := r.out.Header.Services
	services = services[:min(len(services), maxMatched)]
	taken := make([]bool, len(services))
	find := func(p *Procedure, same func(s *segur.DocumentService) bool) {
		if p.Service < 0 {
			if i := slices.IndexFunc(services, func(s segur.DocumentService) bool { return same(&s) }); i >= 0 {
				for ; i < len(services); i++ {
					if !taken[i] && same(&services[i]) {
						p.Service, taken[i] = i, true
						return
					}
				}
			}
		}
	}
	study := func(p *Procedure, s *segur.DocumentService) bool { return p.StudyUID != "" && s.StudyUID == p.StudyUID }
	code := func(p *Procedure, s *segur.DocumentService) bool {
		return p.Code.Code != "" && s.Code.Code == p.Code.Code
	}
	for i := range b.Procedures {
		p := &b.Procedures[i]
		find(p, func(s *segur.DocumentService) bool { return study(p, s) && code(p, s) })
	}
	for i := range b.Procedures {
		p := &b.Procedures[i]
		find(p, func(s *segur.DocumentService) bool { return study(p, s) })
		find(p, func(s *segur.DocumentService) bool { return code(p, s) })
		path := "structuredBody/act[" + strconv.Itoa(i+1) + "]"
		switch {
		case p.Service < 0:
			r.d.warn(path, "is none of the acts of the header: neither its study nor its code")
		case p.Code.Code != services[p.Service].Code.Code:
			r.d.warn(path, "has not the code that the header gives to the act of this study")
		case p.StudyUID != "" && p.StudyUID != services[p.Service].StudyUID:
			r.d.warn(path, "has not the study that the header gives to the act of this code")
		}
		if p.Service >= 0 {
			b.Acts[i].performed(&services[p.Service])
		}
	}
}

// performed completes who authorised an exposure: the performer of the act,
// whom the header knows better, when the identifier is the same.
func (a *ActSection) performed(s *segur.DocumentService) {
	if a.Exposure == nil || a.Exposure.AuthorizedBy == nil {
		return
	}
	p := registered(s.Performer)
	if by := a.Exposure.AuthorizedBy; by.ID != "" && by.ID == p.ID && by.FamilyName == p.FamilyName && by.GivenName == p.GivenName && by.Title == p.Title {
		a.Exposure.AuthorizedBy = &p
	}
}
