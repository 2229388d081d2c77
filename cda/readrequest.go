package cda

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// request reads an imaging request: its header, already understood, and its
// sections.
func (r *bodyReader) request() *Request {
	q := r.d.requestHeader()
	q.Attachments = r.out.Attachments
	seen := map[SectionRole]bool{}
	for _, s := range r.inOrder(r.out.Sections, nil) {
		switch s.Role {
		case RoleQuestion, RoleHistory:
			if seen[s.Role] {
				r.warn(s.at, "is there twice: the first one is taken")
				continue
			}
		}
		seen[s.Role] = true
		switch s.Role {
		case RoleQuestion:
			q.Question = r.question(s)
		case RoleHistory:
			q.History, q.CareNeeds = r.history(s)
		case RolePatient:
			r.informed(s, q)
		case RoleRequestedActs:
			for o := range s.at.entries {
				if o.name() == "observation" && !r.withdrawn(o) {
					q.Acts = append(q.Acts, r.requested(o))
				}
			}
			extend(&q.ActsNarrative, r.supplied(s, string(s.Role), "modality1"))
		case RolePriorResults:
			extend(&q.PriorResults, r.prose(s))
		}
	}
	if len(q.Acts) == 0 {
		r.warn(el{}, "asks for no act")
	}
	return q
}

// informed reads what the patient was told. The text that this package makes
// has an anchor for the answer, and one for the rest.
func (r *bodyReader) informed(s *Section, q *Request) {
	for o := range s.at.entries {
		if o.name() != "observation" {
			continue
		}
		switch code := o.child("code"); {
		case code.isCode("MED-1130", nos.TAASIP):
			q.RisksExplained = r.answer(o.child("value"))
		case code.isCode("99622-3", loincOID) && !q.PatientInformation.Visible():
			q.PatientInformation = r.told(s, o)
		}
	}
}

// told is the part of a text that an observation points to: a cell of this
// package, or the cell beside a title, or an element. A text that needs its own
// place comes after the table of this package.
func (r *bodyReader) told(s *Section, o el) Narrative {
	at, _ := r.target(o.child("text"))
	if s.text.ok() && !r.spend(s.text) {
		return Narrative{}
	}
	if i, ok := r.t.ids["patient.risks"]; ok && s.text.is("ID", string(RolePatient)) {
		c := r.converter(string(RolePatient), s.text)
		c.skip = el{r.t, i}.ancestor("table")
		return Narrative{nodes: c.children(s.text, "text")}
	}
	switch at.name() {
	case "":
		return Narrative{}
	case "text":
		return r.narrative(s, string(s.Role))
	case "td":
		n, _ := r.convert(at, string(s.Role))
		return n
	}
	if cell := at.ancestor("td"); cell.ok() && plain(cell) == plain(at) {
		for next := range cell.parent().nodes() {
			if next.name() == "td" && next.i > cell.i {
				return Text(plain(next))
			}
		}
	}
	return Text(plain(at))
}

// requested reads one act that is asked for.
func (r *bodyReader) requested(o el) RequestedAct {
	code := o.child("code")
	a := RequestedAct{Modality: r.coded(code), Comment: r.comment(o)}
	if v := code.child("qualifier", "value"); v.ok() {
		a.Contrast = r.coded(v)
	}
	if at := o.child("effectiveTime"); at.ok() {
		if at.attr("value") == "" && at.child("high").ok() {
			at = at.child("high") // the latest date
		}
		a.Before = r.date(at)
	}
	if p := o.child("priorityCode"); p.ok() {
		switch p.attr("code") {
		case "UR", "EM", "S", "A": // urgent, emergency, stat, as soon as possible
			a.Urgent = true
		}
		a.UrgencyReason = r.words(p.child("originalText"))
	}
	for t := range o.all("targetSiteCode") {
		if site := r.site(t); site != (Site{}) {
			a.Sites = append(a.Sites, site)
		}
	}
	if p, ok := r.actor(o.child("performer"), "assignedEntity"); ok {
		a.Performer = r.d.national(&p.who)
	}
	for c := range o.related {
		if c.name() != "observation" {
			continue
		}
		switch code, value := c.child("code"), c.child("value"); {
		case code.isCode("GEN-297", nos.TAASIP):
			a.CallBack = r.answer(value)
		case code.isCode("GEN-296", nos.TAASIP):
			a.Events = r.words(c.child("text"))
		case c.has("1.2.250.1.213.1.1.3.48.36"), code.isCode("MED-1133", nos.TAASIP):
			a.Function = r.coded(value)
		}
	}
	return a
}

// requestHeader is the part of a request that its header holds.
func (d *decoder) requestHeader() *Request {
	r := d.out.AsReport()
	q := &Request{
		ID: r.ID, SetID: r.SetID, Version: r.Version, Replaces: r.Replaces, Created: r.Created, Title: r.Title,
		Language: r.Language, Confidentiality: r.Confidentiality, Patient: r.Patient, BirthPlaceName: r.BirthPlaceName,
		Authors: r.Authors, LegalAuthenticator: r.LegalAuthenticator, Custodian: r.Custodian, FamilyPhysician: r.FamilyPhysician,
		ReportRecipients: slices.Clone(d.out.ReportRecipients), Informants: r.Informants,
		Placer: d.serviceID, PracticeSetting: r.PracticeSetting, Encounter: r.Encounter,
	}
	if len(r.Acts) > 0 {
		q.Start, q.End = r.Acts[0].Start, r.Acts[0].End
	}
	return q
}

// recipient reports whether a participant is to get the report: a correspondent.
func recipient(function segur.Code) bool { return strings.EqualFold(function.Code, "CORRE") }
