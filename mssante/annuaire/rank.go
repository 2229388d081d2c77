package annuaire

import (
	"cmp"
	"slices"
	"strings"
)

// rank makes the candidates of what was found. One address is proposed once
// for each person who reads it, with the best of its reasons.
func (f *finder) rank() *Candidates {
	out := &Candidates{People: f.people, Structures: f.asked}
	var all []Candidate
	for _, p := range f.people {
		all = append(all, f.boxesOf(p)...)
	}
	if !f.w.people() {
		for _, o := range f.asked {
			for _, m := range o.Mailboxes {
				all = append(all, Candidate{Mailbox: m, Organization: o})
			}
		}
	}
	// What is on the red list in one place is not shown for another.
	red := map[string]bool{}
	for _, c := range all {
		if c.Mailbox.RedList {
			red[strings.ToLower(c.Mailbox.Address)] = true
		}
	}
	seen := map[seat]place{}
	for _, c := range all {
		c.Mailbox.RedList = red[strings.ToLower(c.Mailbox.Address)]
		out.add(f.judge(c), seen)
	}
	out.certain = f.certain(out.List)
	order := func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(rankOf(a), rankOf(b)), strings.Compare(a.Mailbox.Address, b.Mailbox.Address))
	}
	slices.SortStableFunc(out.List, order)
	slices.SortStableFunc(out.Refused, order)
	return out
}

// certain reports whether nobody else than the owner of the first candidate
// can be the one looked for.
func (f *finder) certain(list []Candidate) bool {
	switch {
	case len(list) == 0, list[0].unknownStructure():
		return false
	case list[0].Practitioner == nil:
		return true
	}
	var same int
	for _, p := range f.people {
		if f.name(p) != "name-alike" {
			same++
		}
	}
	return same == 1 && f.name(list[0].Practitioner) != "name-alike"
}

func rankOf(c Candidate) int {
	if c.Mailbox.Rank <= 0 {
		return 1 << 20
	}
	return c.Mailbox.Rank
}

func (f *finder) boxesOf(p *Practitioner) []Candidate {
	var out []Candidate
	for _, m := range p.Mailboxes {
		if m.Level == OfPerson { // those of situations come with them
			out = append(out, Candidate{Mailbox: m, Practitioner: p})
		}
	}
	seen := map[string]bool{}
	for _, r := range f.roles[string(TypePractitioner)+"/"+p.ID] {
		o := f.structures[r.Organization]
		for _, m := range r.Mailboxes {
			out = append(out, Candidate{Mailbox: m, Practitioner: p, Role: r, Organization: o})
		}
		if o == nil || seen[r.Organization] {
			continue
		}
		seen[r.Organization] = true
		for _, m := range o.Mailboxes {
			out = append(out, Candidate{Mailbox: m, Practitioner: p, Role: r, Organization: o})
		}
	}
	return out
}

// judged is a candidate and whether it may be used.
type judged struct {
	Candidate
	refused bool
}

// unknownStructure says that the structure of the mailbox left the directory
// without a trace, or is not in the copy.
func (c *Candidate) unknownStructure() bool {
	return c.Organization == nil && c.Role != nil && c.Role.Organization != ""
}

func (f *finder) judge(c Candidate) judged {
	w, m := f.w, c.Mailbox
	if c.Practitioner != nil {
		f.who(&c)
	}
	f.where(&c)
	if c.unknownStructure() {
		c.because("unknown-structure")
	}
	there := w.structure() || w.place()
	switch {
	case m.Kind == Application:
		c.because("kind-software")
	case m.Kind == Organizational && (there || c.Practitioner == nil):
		c.because("kind-organization")
	case m.Level == OfOrganization:
		c.because("kind-shared")
	case m.Level == OfSituation:
		c.because("kind-person-there")
	case there:
		c.because("kind-person-there")
	default:
		c.because("kind-person")
	}
	switch {
	case m.Rank == 1:
		c.because("preferred")
	case m.Rank > 1:
		c.because("less-preferred")
	}
	if m.PaperWanted {
		c.because("paper")
	}
	for _, refusal := range []struct {
		code string
		is   bool
	}{
		{"name-differs", c.Practitioner != nil && w.Number != "" && w.Family != "" && fold(c.Practitioner.Professional.FamilyName) != fold(w.Family)},
		{"red-list", m.RedList},
		{"inactive-structure", c.Organization != nil && !c.Organization.Active},
		{"software", m.Kind == Application && !w.Software},
		{"not-in-white-list", w.AllowDomain != nil && !w.AllowDomain(domain(m.Address))},
		{"dead", w.Dead != nil && (w.Dead(m.Address) || w.Dead(strings.ToLower(m.Address)))},
	} {
		if refusal.is {
			c.because(refusal.code)
			return judged{c, true}
		}
	}
	return judged{c, false}
}

// name is the reason that the identity of a professional gives. Empty: it was
// not asked for.
func (f *finder) name(p *Practitioner) string {
	w := f.w
	switch {
	case w.Number != "":
		return "number"
	case w.Family == "":
		return ""
	case fold(p.Professional.FamilyName) != fold(w.Family), w.Given != "" && fold(p.Professional.GivenName) != fold(w.Given):
		return "name-alike"
	case w.Given == "":
		return "family-name"
	}
	return "name"
}

func (f *finder) who(c *Candidate) {
	w := f.w
	if code := f.name(c.Practitioner); code != "" {
		c.because(code)
	}
	if len(w.Specialties) > 0 && c.Practitioner.HasSpecialty(w.Specialties...) {
		c.because("specialty")
	}
}

// where compares the structure of the mailbox with what is wanted.
func (f *finder) where(c *Candidate) {
	w := f.w
	if !w.structure() && !w.place() {
		return
	}
	fits := f.fits(c.Organization)
	switch {
	case fits && w.structure():
		c.because("structure")
	case fits:
		c.because("place")
	case c.Organization != nil:
		c.because("elsewhere")
	case c.Practitioner != nil && c.Role == nil: // a mailbox of the person
		for _, r := range f.roles[string(TypePractitioner)+"/"+c.Practitioner.ID] {
			if f.fits(f.structures[r.Organization]) {
				c.because("works-there")
				return
			}
		}
	}
}

func (f *finder) fits(o *Organization) bool {
	w := f.w
	if o == nil {
		return false
	}
	if w.Structure != "" {
		_, number, _ := strings.Cut(token(structureToken, w.Structure), "|")
		return numbered(o.Identifiers, number) || number != "" && strings.TrimPrefix(o.Organization.ID, "1") == number
	}
	begins, _ := department(w.Department)
	a := o.Organization.Address
	return (w.StructureName == "" || strings.Contains(fold(o.Organization.Name), fold(w.StructureName))) &&
		strings.HasPrefix(a.PostalCode, w.PostalCode) && strings.HasPrefix(fold(a.City), fold(w.City)) &&
		(w.Department == "" || slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(a.PostalCode, b) }))
}

// seat is one person behind one address; place is where that stands in the
// answer, from 1.
type (
	seat struct {
		address string
		owner   *Practitioner
	}
	place struct{ listed, refused int }
)

// add keeps the best of the same address for the same person.
func (c *Candidates) add(j judged, seen map[seat]place) {
	key := seat{strings.ToLower(j.Mailbox.Address), j.Practitioner}
	known := seen[key]
	list, at := &c.List, &known.listed
	if j.refused {
		list, at = &c.Refused, &known.refused
	}
	switch {
	case *at == 0:
		*list = append(*list, j.Candidate)
		*at = len(*list)
		seen[key] = known
	case j.Score > (*list)[*at-1].Score:
		(*list)[*at-1] = j.Candidate
	}
}
