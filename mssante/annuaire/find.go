package annuaire

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

// Wanted says who a document is for. A person ([Wanted.Number] or
// [Wanted.Family]), a structure or a place, or both.
type Wanted struct {
	// Number is the RPPS of the professional, or another national number.
	Number string
	// Family and Given are the names in practice. Given is optional. With a
	// Number, mailboxes of somebody with another family name are refused.
	Family, Given string
	// Profession and Specialties are codes (TRE_G15 "10", TRE_R38 "SM28"). A
	// professional found by name must have them.
	Profession  string
	Specialties []string
	// Structure is the FINESS, the SIRET or the national number of the
	// structure where the document goes, StructureName its name.
	Structure, StructureName string
	// PostalCode, Department and City are where it goes; the beginning is enough.
	PostalCode, Department, City string
	// Software accepts mailboxes that only software reads (APP): the partner
	// agreed to file automatically what comes there.
	Software bool
	// AllowDomain is the national white list (whitelist.Guard). nil: not asked.
	AllowDomain func(domain string) bool
	// Dead reports addresses that are known to refuse mail, from earlier
	// bounces. It is asked with the address as published, and in lower case.
	// nil: none.
	Dead func(address string) bool
}

func (w Wanted) person() bool { return w.Number != "" || w.Family != "" }

func (w Wanted) place() bool { return w.PostalCode != "" || w.Department != "" || w.City != "" }

func (w Wanted) structure() bool { return w.Structure != "" || w.StructureName != "" }

// People reports whether professionals are looked for, not structures only.
func (w Wanted) people() bool { return w.person() || w.Profession != "" || len(w.Specialties) > 0 }

// Candidate is a mailbox that fits, with who reads it and why it is proposed.
type Candidate struct {
	// Mailbox is the mailbox.
	Mailbox Mailbox
	// Practitioner is the professional; nil for a mailbox of a structure
	// that was looked for itself.
	Practitioner *Practitioner
	// Role and Organization are the situation and the structure of the
	// mailbox. nil when it has none.
	Role         *Role
	Organization *Organization
	// Score orders candidates; it is the sum of the weights of the reasons.
	Score int
	// Reasons say why, or why not for a refused one.
	Reasons []Reason
}

// Paper reports whether the owner still wants paper beside the mail.
func (c Candidate) Paper() bool { return c.Mailbox.PaperWanted }

// Reason is one argument for or against a candidate.
type Reason struct {
	// Code names it: "number", "red-list"...
	Code string
	// Weight is added to the score. 0 for what refuses.
	Weight int
	// Text is for people. It names nobody.
	Text segur.Text
}

// Candidates is the answer of [Find].
type Candidates struct {
	// List are the mailboxes to choose from, best first.
	List []Candidate
	// Refused are mailboxes that must not be used; the last of their reasons
	// says why.
	Refused []Candidate
	// People are the professionals that were found, with or without mailbox.
	People []*Practitioner
	// Structures are the structures that were found when no person was wanted.
	Structures []*Organization

	certain bool // no doubt about who is looked for
}

// Only returns the candidate when there is one only, and nobody else that the
// wanted could be: a namesake without a mailbox, or a name that only begins
// like the one asked for, leave a doubt. A choice among several is for a
// person: the national rules want no silent one.
func (c *Candidates) Only() (Candidate, bool) {
	if len(c.List) != 1 || !c.certain {
		return Candidate{}, false
	}
	return c.List[0], true
}

var reasons = map[string]Reason{
	"number":      {Weight: 40, Text: segur.Text{FR: "le numéro national est celui demandé", EN: "the national number is the one asked for"}},
	"name":        {Weight: 20, Text: segur.Text{FR: "le nom et le prénom sont ceux demandés", EN: "the family and given names are those asked for"}},
	"family-name": {Weight: 20, Text: segur.Text{FR: "le nom est celui demandé", EN: "the family name is the one asked for"}},
	// Less than all the others together: nobody comes before the one asked for.
	"name-alike":         {Weight: -60, Text: segur.Text{FR: "le nom ou le prénom n'est pas celui demandé, il commence comme lui", EN: "the family or given name is not the one asked for, it begins like it"}},
	"specialty":          {Weight: 10, Text: segur.Text{FR: "la spécialité est celle demandée", EN: "the specialty is the one asked for"}},
	"structure":          {Weight: 30, Text: segur.Text{FR: "la boîte est celle de la structure demandée", EN: "the mailbox belongs to the structure asked for"}},
	"place":              {Weight: 15, Text: segur.Text{FR: "la boîte est au lieu demandé", EN: "the mailbox is at the place asked for"}},
	"works-there":        {Weight: 10, Text: segur.Text{FR: "le professionnel exerce au lieu demandé", EN: "the professional practises at the place asked for"}},
	"elsewhere":          {Weight: -10, Text: segur.Text{FR: "la boîte est celle d'un autre lieu d'exercice", EN: "the mailbox belongs to another place of practice"}},
	"unknown-structure":  {Weight: -10, Text: segur.Text{FR: "la structure de la boîte n'est pas dans l'annuaire", EN: "the structure of the mailbox is not in the directory"}},
	"kind-software":      {Weight: 9, Text: segur.Text{FR: "boîte applicative : classement automatique convenu", EN: "software mailbox: automatic filing was agreed"}},
	"kind-organization":  {Weight: 6, Text: segur.Text{FR: "boîte de la structure", EN: "mailbox of the structure"}},
	"kind-person":        {Weight: 6, Text: segur.Text{FR: "boîte de la personne", EN: "mailbox of the person"}},
	"kind-person-there":  {Weight: 4, Text: segur.Text{FR: "boîte de la personne dans une structure", EN: "mailbox of the person in a structure"}},
	"kind-shared":        {Weight: 1, Text: segur.Text{FR: "boîte partagée par plusieurs personnes", EN: "mailbox that several people share"}},
	"preferred":          {Weight: 2, Text: segur.Text{FR: "boîte préférée de son propriétaire", EN: "the owner's preferred mailbox"}},
	"less-preferred":     {Weight: -1, Text: segur.Text{FR: "le propriétaire préfère une autre boîte", EN: "the owner prefers another mailbox"}},
	"paper":              {Weight: -1, Text: segur.Text{FR: "le propriétaire veut aussi le papier", EN: "the owner wants paper too"}},
	"red-list":           {Text: segur.Text{FR: "refusée : liste rouge", EN: "refused: red list"}},
	"software":           {Text: segur.Text{FR: "refusée : boîte applicative, classement automatique non convenu", EN: "refused: software mailbox, and automatic filing was not agreed"}},
	"not-in-white-list":  {Text: segur.Text{FR: "refusée : domaine absent de la liste blanche", EN: "refused: its domain is not in the white list"}},
	"dead":               {Text: segur.Text{FR: "refusée : des courriers y ont été rejetés", EN: "refused: earlier mail bounced"}},
	"name-differs":       {Text: segur.Text{FR: "refusée : le numéro demandé est celui d'une autre personne que le nom demandé", EN: "refused: the number asked for is that of another person than the name asked for"}},
	"inactive-structure": {Text: segur.Text{FR: "refusée : structure fermée", EN: "refused: the structure is closed"}},
}

func (c *Candidate) because(code string) {
	r := reasons[code]
	r.Code = code
	c.Score += r.Weight
	c.Reasons = append(c.Reasons, r)
}

// Find looks for the mailboxes of a recipient and ranks them: those of the
// professional, of their active situations, and of the structures where they
// work; or those of a structure. It never chooses. A directory in memory
// answers without the service. The error is [segur.ErrNotFound] when nobody
// fits; somebody without a mailbox is an answer with an empty List.
func Find(ctx context.Context, d Directory, w Wanted) (*Candidates, error) {
	if !w.person() && !w.structure() && !w.place() {
		return nil, invalid("wanted", "must have a number, a family name, a structure or a place")
	}
	var p segur.Problems
	if w.Structure != "" {
		structureToken(&p, "structure", w.Structure)
	}
	if _, ok := department(w.Department); w.Department != "" && !ok {
		p.Add("department", "must be the number of a department")
	}
	if err := p.Err(opSearch); err != nil {
		return nil, err
	}
	f := finder{ctx: ctx, d: d, w: w, structures: map[string]*Organization{}, roles: map[string][]*Role{}}
	var err error
	if w.person() {
		err = f.byPerson()
	} else {
		err = f.byStructure()
	}
	if err != nil {
		return nil, err
	}
	if len(f.people) == 0 && (w.people() || len(f.asked) == 0) {
		return nil, &segur.Error{Op: opSearch, Kind: segur.KindNotFound, Message: "nobody active in the directory fits"}
	}
	return f.rank(), nil
}

type finder struct {
	ctx context.Context //nolint:containedctx // one call
	d   Directory
	w   Wanted

	people     []*Practitioner
	roles      map[string][]*Role       // by reference of the professional
	structures map[string]*Organization // by reference
	asked      []*Organization          // those that were asked for
}

// batch is the number of references in one query.
const batch = 100

func collect[T any](out []T, s iter.Seq2[T, error]) ([]T, error) {
	for v, err := range s {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (f *finder) byPerson() error {
	q := PractitionerQuery{Number: f.w.Number, Family: f.w.Family, Given: f.w.Given, Specialty: f.w.Specialties}
	if f.w.Profession != "" {
		q.Profession = []string{f.w.Profession}
	}
	if f.w.Number != "" { // the number alone is certain
		q = PractitionerQuery{Number: f.w.Number}
	}
	var err error
	if f.people, err = collect(f.people, f.d.Practitioners(f.ctx, q)); err != nil {
		return err
	}
	if f.w.Number != "" {
		var p segur.Problems
		number := professionalToken(&p, "number", f.w.Number)
		for _, p := range f.people {
			if !p.has(number) {
				return protocol("the directory returned another professional than the one asked for")
			}
		}
	}
	var refs []string
	for _, p := range f.people {
		if p.ID != "" {
			refs = append(refs, string(TypePractitioner)+"/"+p.ID)
		}
	}
	if err := f.addRoles(refs, func(some []string) RoleQuery { return RoleQuery{Practitioners: some} }); err != nil {
		return err
	}
	return f.addStructures()
}

func (f *finder) byStructure() error {
	q := OrganizationQuery{Number: f.w.Structure, Name: f.w.StructureName, Match: Contains, City: f.w.City, PostalCode: f.w.PostalCode, Department: f.w.Department}
	if f.w.PostalCode != "" {
		q.Department = ""
	}
	if f.w.Structure != "" {
		q = OrganizationQuery{Number: f.w.Structure}
	}
	var err error
	if f.asked, err = collect(f.asked, f.d.Organizations(f.ctx, q)); err != nil {
		return err
	}
	var refs []string
	for _, o := range f.asked {
		if f.w.Structure != "" && !f.fits(o) {
			return protocol("the directory returned another structure than the one asked for")
		}
		if o.ID == "" {
			continue
		}
		ref := string(TypeOrganization) + "/" + o.ID
		f.structures[ref] = o
		refs = append(refs, ref)
	}
	if !f.w.people() {
		return nil
	}
	if err := f.addRoles(refs, func(some []string) RoleQuery { return RoleQuery{Organizations: some} }); err != nil {
		return err
	}
	people := make([]string, 0, len(f.roles))
	for ref := range f.roles {
		people = append(people, ref)
	}
	slices.Sort(people)
	pq := PractitionerQuery{Specialty: f.w.Specialties}
	if f.w.Profession != "" {
		pq.Profession = []string{f.w.Profession}
	}
	for some := range slices.Chunk(people, batch) {
		pq.References = some
		if f.people, err = collect(f.people, f.d.Practitioners(f.ctx, pq)); err != nil {
			return err
		}
	}
	return nil
}

func (f *finder) addRoles(refs []string, query func([]string) RoleQuery) error {
	for some := range slices.Chunk(refs, batch) {
		for r, err := range f.d.Roles(f.ctx, query(some)) {
			if err != nil {
				return err
			}
			if r.Practitioner != "" {
				f.roles[r.Practitioner] = append(f.roles[r.Practitioner], r)
			}
		}
	}
	return nil
}

// addStructures reads where the people work.
func (f *finder) addStructures() error {
	var refs []string
	for _, p := range f.people {
		for _, r := range f.roles[string(TypePractitioner)+"/"+p.ID] {
			if r.Organization != "" && !slices.Contains(refs, r.Organization) {
				refs = append(refs, r.Organization)
			}
		}
	}
	slices.Sort(refs)
	for some := range slices.Chunk(refs, batch) {
		q := OrganizationQuery{References: some, Options: Options{Inactive: true}}
		for o, err := range f.d.Organizations(f.ctx, q) {
			if err != nil {
				return err
			}
			f.structures[string(TypeOrganization)+"/"+o.ID] = o
		}
	}
	return nil
}

// domain is what the white list is asked about.
func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
