package cda

import (
	"bytes"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/nos"
)

// Parts that the entries of a structured body share.

func (e el) identifier() (id segur.Identifier) {
	if !e.ok() {
		return id
	}
	for name, v := range e.attrs() {
		switch name {
		case "root":
			id.Root = segur.OID(e.t.words.value(v))
		case "extension":
			id.Extension = e.t.words.value(v)
		case "assigningAuthorityName":
			id.Assigner = e.t.words.value(v)
		}
	}
	return id
}

func (e el) code() (c segur.Code) {
	if !e.ok() {
		return c
	}
	for name, v := range e.attrs() {
		switch name {
		case "code":
			c.Code = e.t.words.value(v)
		case "codeSystem":
			c.System = segur.OID(e.t.words.value(v))
		case "codeSystemName":
			c.SystemName = e.t.words.value(v)
		case "displayName":
			c.Display = clean(e.t.words.value(v))
		}
	}
	return c
}

// isCode reports whether a code is that one, of any label.
func (e el) isCode(code string, system segur.OID) bool {
	return e.is("code", code) && (e.is("codeSystem", string(system)) || e.attr("codeSystem") == "")
}

// isType compares xsi:type with a name, whatever its prefix.
func (e el) isType(name string) bool {
	s := e.attr("xsi:type")
	return s[strings.IndexByte(s, ':')+1:] == name
}

// has reports whether an entry has that template.
func (e el) has(template segur.OID) bool {
	for t := range e.all("templateId") {
		if t.is("root", string(template)) {
			return true
		}
	}
	return false
}

// entries iterates over the entries of a section: the act, the observation and
// so on in each.
func (e el) entries(yield func(el) bool) {
	for entry := range e.all("entry") {
		for c := range entry.nodes() {
			if c.name() != "" && !yield(c) {
				return
			}
		}
	}
}

// related iterates over what entryRelationship ties to an entry.
func (e el) related(yield func(el) bool) {
	for relation := range e.all("entryRelationship") {
		for c := range relation.nodes() {
			if c.name() != "" && !yield(c) {
				return
			}
		}
	}
}

// target finds what a reference inside e points to: an element, or an address.
func (r *bodyReader) target(e el) (el, string) {
	ref, ok := e.child("reference").lookup("value")
	if !ok {
		return el{}, ""
	}
	ref = bytes.TrimSpace(ref)
	id, local := bytes.CutPrefix(ref, []byte("#"))
	if i, known := r.t.ids[string(id)]; known {
		return el{r.t, i}, "" // without "#" too: official samples forget it
	}
	if local {
		return el{}, ""
	}
	return el{}, repairLink(string(ref))
}

// words is what people read of an element text or originalText: what it
// refers to, or what it holds. A reference to a whole narrative says nothing
// of the entry in particular.
func (r *bodyReader) words(e el) string {
	if !e.child("reference").ok() {
		return plain(e)
	}
	at, _ := r.target(e)
	if at.name() == "text" || at.name() == "observationMedia" {
		return ""
	}
	return r.textOf(at)
}

// longText is from how many bytes on a text that is referred to is kept, so
// that all entries that refer to it share it.
const longText = 256

// textOf is the text that a reference leads to.
func (r *bodyReader) textOf(at el) string {
	if !at.ok() || !r.spend(at) {
		return ""
	}
	if at.get().end-at.get().start < longText {
		return plain(at)
	}
	s, known := r.texts[at.i]
	if !known {
		if r.texts == nil {
			r.texts = map[int32]string{}
		}
		s = plain(at)
		r.texts[at.i] = s
	}
	return s
}

// sameTarget reports whether two elements refer to the same place.
func (r *bodyReader) sameTarget(a, b el) bool {
	x, _ := r.target(a)
	y, _ := r.target(b)
	return x.ok() && x == y
}

// comment is the comment on an entry.
func (r *bodyReader) comment(e el) string {
	for c := range e.related {
		if c.name() == "act" && (c.has("1.2.250.1.213.1.1.3.32") || c.child("code").isCode("48767-8", loincOID)) {
			return r.words(c.child("text"))
		}
	}
	return ""
}

// coded reads a code; without label, what people read stands for it.
func (r *bodyReader) coded(e el) segur.Code {
	c := e.code()
	if c.Display == "" && c.Code != "" {
		c.Display = clean(r.words(e.child("originalText")))
	}
	return c
}

// site reads targetSiteCode.
func (r *bodyReader) site(e el) Site {
	if e.attr("nullFlavor") != "" || !e.ok() {
		return Site{}
	}
	s := Site{Code: r.coded(e)}
	for q := range e.all("qualifier") {
		if v := q.child("value"); v.ok() && s.Modifier.IsZero() {
			s.Modifier = r.coded(v)
		}
	}
	words := clean(r.words(e.child("originalText")))
	// What the rules have no code for is in the words: "genou, gauche".
	rest, label := words, ""
	if at := strings.LastIndex(words, ", "); at >= 0 {
		rest, label = words[:at], words[at+2:]
	}
	if s.Modifier.IsZero() {
		if m, listed := nos.TopographicModifier.Find(label); listed && m.Display == label {
			s.Modifier = segur.Code{Code: m.Code, System: segur.OID(m.System), SystemName: nos.SystemName(m.System), Display: m.Display}
		}
	}
	for _, s.Words = range [...]string{"", rest, words} { // the least that says the same
		if s.words() == words {
			break
		}
	}
	if s.contradicts() {
		r.warn(e, "is another side than the one that its words say")
	}
	return s
}

// denied reports whether an entry says that something is not so, or not done.
func (r *bodyReader) denied(e el) bool {
	if e.is("negationInd", "true") {
		r.warn(e, "is negated: it is in the text only")
		return true
	}
	switch e.attr("moodCode") {
	case "INT", "PRP", "RQO", "ARQ", "PRMS", "GOL", "APT", "DEF", "OPT":
		r.warn(e, "is intended and not done: it is in the text only")
		return true
	}
	return r.withdrawn(e)
}

// withdrawn reports whether an entry was cancelled, or is said to be an error.
func (r *bodyReader) withdrawn(e el) bool {
	switch e.child("statusCode").attr("code") {
	case "cancelled", "nullified":
		r.warn(e, "is cancelled: it is in the text only")
		return true
	}
	return false
}

// quantity reads a quantity: its value, or the bound that stands for it.
func quantityOf(e el) Quantity {
	for _, at := range []el{e, e.child("low"), e.child("center"), e.child("high")} {
		if v := at.attr("value"); v != "" {
			return Quantity{Value: v, Unit: at.attr("unit")}
		}
	}
	return Quantity{}
}

// timestamp reads a point in time, or the start of a period.
func (r *bodyReader) timestamp(e el) segur.Timestamp {
	v := e.attr("value")
	if v == "" {
		if e = e.child("low"); e.attr("value") == "" {
			return segur.Timestamp{}
		}
		v = e.attr("value")
	}
	t, err := hl7.ParseTS(v, nil)
	if err != nil {
		r.warn(e, "is not a time stamp that can be understood")
		return segur.Timestamp{}
	}
	if t.NoOffset && t.Precision < segur.ToDay {
		r.warn(e, "has no offset from UTC: taken as legal time in Paris")
	}
	return t
}

func (r *bodyReader) time(e el) time.Time { return r.timestamp(e).Time }

// date reads the day of a point in time.
func (r *bodyReader) date(e el) segur.Date {
	v := e.attr("value")
	if v == "" {
		return segur.Date{}
	}
	d, ok := birthDate(v)
	if !ok {
		r.warn(e, "is not a date")
	}
	return d
}

// answer reads a Boolean value.
func (r *bodyReader) answer(e el) Answer {
	switch {
	case !e.ok() || e.attr("nullFlavor") != "":
		return NotAnswered
	case e.is("value", "true"):
		return Yes
	case e.is("value", "false"):
		return No
	}
	r.warn(e, "is neither true nor false")
	return NotAnswered
}

// actor is the first of the people named in an element, under that role.
func (r *bodyReader) actor(e el, role string) (bodyActor, bool) {
	if a := e.child(role); a.ok() && a.get().actor > 0 {
		return r.t.actors[a.get().actor-1], true
	}
	return bodyActor{}, false
}

// named reads the name of a person.
func named(e el) (p segur.Professional) {
	name := e.child("name")
	p.FamilyName, p.GivenName = plainLine(name.child("family")), plainLine(name.child("given"))
	p.Title = plainLine(name.child("suffix"))
	setOnce(&p.Title, plainLine(name.child("prefix")))
	if p.FamilyName == "" {
		p.FamilyName = plainLine(name) // a name in one piece
		if p.GivenName != "" {
			p.FamilyName = ""
		}
	}
	return p
}

// quantityIn reads a quantity as [Quantity.words] writes it: "312,40 mGy.cm".
func quantityIn(s string) Quantity {
	v, unit, _ := strings.Cut(s, " ")
	return Quantity{Value: strings.Replace(v, ",", ".", 1), Unit: unit}
}
