package cda

import (
	"slices"
	"time"

	"github.com/segur-sdk/segur"
)

// Answering returns a copy of r that answers the request q: its number is the
// placer of an order with that accession number, its main author the prescriber,
// its family physician and those who shall get the report are taken over. The
// patient is not: the identity is that of the receiver's own records, once the
// one of the request was compared with it. [Sections.Answering] takes over what
// the body repeats.
func (r Report) Answering(q Request, accession segur.Identifier) Report {
	order := Order{Placer: q.Placer, Accession: accession}
	if !slices.Contains(r.Orders, order) {
		r.Orders = append(slices.Clip(r.Orders), order)
	}
	if len(q.Authors) > 0 {
		asked := q.Start
		if asked.IsZero() {
			asked = q.Created
		}
		r.Prescriber = &Prescriber{Professional: q.Authors[0].Professional, Date: dateOf(asked)}
	}
	if q.FamilyPhysician != nil {
		p := *q.FamilyPhysician
		r.FamilyPhysician = &p
	}
	for _, p := range q.ReportRecipients {
		if !slices.ContainsFunc(r.Recipients, func(o segur.Professional) bool { return o.ID == p.ID }) {
			r.Recipients = append(slices.Clip(r.Recipients), p)
		}
	}
	return r
}

// Answering returns a copy of s with the question of the request q and what it
// says of the patient: the histories and the contra-indications. A request may
// say nothing of these, and then [History.NoContraIndication] is for the
// radiologist to fill in. A text of the caller that shows an attachment of the
// request needs it in Attachments, which are not taken over.
func (s Sections) Answering(q Request) Sections {
	s.Question, s.History = q.Question, q.History
	s.History.Medical, s.History.Surgical = slices.Clone(q.History.Medical), slices.Clone(q.History.Surgical)
	s.History.ContraIndications = slices.Clone(q.History.ContraIndications)
	return s
}

// dateOf is the day of an instant, where it is counted.
func dateOf(t time.Time) segur.Date {
	if t.IsZero() {
		return segur.Date{}
	}
	year, month, day := t.Date()
	return segur.NewDate(year, month, day)
}
