package cda

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// actor is who took part, and when: two lines as a rule.
func (p *paper) actor(a *segur.DocumentActor) []string {
	var lines []string
	if a.Authority.Within(paperINSArc) {
		lines = append(lines, p.say("le patient", "the patient"))
	} else {
		lines = p.person(a.Professional)
	}
	if d := a.Device; d != nil {
		lines = append([]string{withCode(clean(d.Software), clean(d.Model))}, lines...)
	}
	switch t := p.instant(a.Time); {
	case t == "" || len(lines) == 0:
	case len(lines) == 1:
		lines = append(lines, t)
	default:
		lines[len(lines)-1] += ", " + t
	}
	return lines
}

// person gives the name with the specialty, then the number and the structure.
func (p *paper) person(w segur.Professional) (lines []string) {
	specialty := clean(w.Specialty.Display)
	if specialty == "" && w.Specialty.Code != "" {
		if c, ok := nos.AuthorSpecialty.Lookup(w.Specialty.Code); ok {
			specialty = c.Display
		}
	}
	number, place := "", ""
	if rpps := w.RPPS(); rpps != "" {
		number = "RPPS " + rpps
	}
	if w.Organization != nil {
		place = clean(w.Organization.Name)
	}
	for _, l := range []string{together(", ", clean(professionalWords(w)), specialty), together(", ", number, place)} {
		if l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// organization is a letterhead: name, address, contacts.
func (p *paper) organization(o *segur.Organization) (lines []string) {
	if name := clean(o.Name); name != "" {
		lines = append(lines, name)
	}
	var parts []string
	for _, l := range o.Address.Lines {
		parts = append(parts, clean(l))
	}
	parts = append(parts, clean(o.Address.PostalCode+" "+o.Address.City), clean(o.Address.Country))
	if l := together(", ", parts...); l != "" {
		lines = append(lines, l)
	}
	parts = parts[:0]
	for _, t := range o.Telecoms {
		v := clean(t.Value)
		v = strings.TrimPrefix(strings.TrimPrefix(v, "tel:"), "mailto:")
		parts = append(parts, v)
	}
	if l := together(" \u2013 ", parts...); l != "" {
		lines = append(lines, l)
	}
	return lines
}

func (p *paper) identifier(id segur.Identifier) string {
	if id.Extension == "" {
		return string(id.Root)
	}
	return together("^", string(id.Root), id.Extension)
}

// clock is the hour of a time; empty when only the day is known.
func (p *paper) clock(t segur.Timestamp) string {
	switch {
	case t.IsZero() || t.Precision >= segur.ToDay:
		return ""
	case t.Precision == segur.ToHour:
		return t.Time.Format("15") + " h"
	}
	return t.Time.Format("15:04")
}

// zone is the offset from UTC of an hour.
func (p *paper) zone(t segur.Timestamp) string {
	if t.NoOffset {
		return p.say(" (fuseau non précisé)", " (offset not stated)")
	}
	if _, offset := t.Time.Zone(); offset == 0 {
		return " (UTC)"
	}
	return " (UTC" + t.Time.Format("-07:00") + ")"
}

func (p *paper) instant(t segur.Timestamp) string {
	if c := p.clock(t); c != "" {
		return p.day(t) + p.say(" à ", " ") + c + p.zone(t)
	}
	return p.day(t)
}

func (p *paper) period(from, to segur.Timestamp) string {
	a, b := p.instant(from), p.instant(to)
	switch {
	case b == "" || a == b:
		return a
	case a == "":
		return p.say("jusqu'au ", "until ") + b
	case p.day(from) == p.day(to) && p.clock(from) != "" && p.clock(to) != "" && p.zone(from) == p.zone(to):
		if p.clock(from) == p.clock(to) {
			return a
		}
		return p.day(from) + p.say(" de ", " from ") + p.clock(from) + p.say(" à ", " to ") + p.clock(to) + p.zone(from)
	}
	return p.say("du ", "from ") + a + p.say(" au ", " to ") + b
}
