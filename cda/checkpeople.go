package cda

import (
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// people completes and checks everybody but the patient.
func (c *checker) people(r *Report) {
	home := r.Custodian
	if home.ID == "" && home.Name == "" {
		if o := r.LegalAuthenticator.Organization; o != nil {
			home = *o
		} else if len(r.Authors) > 0 && r.Authors[0].Organization != nil {
			home = *r.Authors[0].Organization
		}
	}
	c.organization("custodian", &home)
	r.Custodian = home

	if len(r.Authors) == 0 {
		c.firmly(func() { c.Add("authors", "one at least is required") })
	}
	r.Authors = slices.Clone(r.Authors)
	for i := range r.Authors {
		a, path := &r.Authors[i], c.item("authors", i)
		a.Professional = c.professional(path, a.Professional, &home, true)
		a.Function = c.optional(c.at(path, ".function"), a.Function, nos.FunctionCode)
		a.Time = c.orTime(c.at(path, ".time"), a.Time, r.Created)
	}
	la := &r.LegalAuthenticator
	la.Professional = c.professional("legalAuthenticator", la.Professional, &home, true)
	la.Time = c.orTime("legalAuthenticator.time", la.Time, r.Created)

	r.Authenticators = slices.Clone(r.Authenticators)
	for i := range r.Authenticators {
		a, path := &r.Authenticators[i], c.item("authenticators", i)
		a.Professional = c.professional(path, a.Professional, &home, true)
		a.Time = c.orTime(c.at(path, ".time"), a.Time, r.Created)
	}
	if r.DataEnterer != nil {
		d := *r.DataEnterer
		d.Professional = c.professional("dataEnterer", d.Professional, &home, false)
		d.Time = c.orTime("dataEnterer.time", d.Time, time.Time{})
		r.DataEnterer = &d
	}

	r.Acts = slices.Clone(r.Acts)
	for i := range r.Acts {
		if a := &r.Acts[i]; a.Performer != nil {
			done := c.professional(c.at(c.item("acts", i), ".performer"), *a.Performer, &home, true)
			a.Performer = &done
		} else if len(r.Authors) > 0 {
			a.Performer = &r.Authors[0].Professional
		}
	}
	r.Recipients = slices.Clone(r.Recipients)
	for i := range r.Recipients {
		r.Recipients[i] = c.professional(c.item("recipients", i), r.Recipients[i], nil, false)
	}
	if r.Prescriber != nil {
		p := *r.Prescriber
		p.Professional = c.professional("prescriber", p.Professional, nil, false)
		if !p.Date.IsZero() && !p.Date.Valid() {
			c.Add("prescriber.date", "is not a date")
		}
		c.pastDate("prescriber.date", p.Date)
		r.Prescriber = &p
	}
	if r.FamilyPhysician != nil {
		p := c.professional("familyPhysician", *r.FamilyPhysician, nil, false)
		r.FamilyPhysician = &p
	}
	r.Informants = slices.Clone(r.Informants)
	for i := range r.Informants {
		c.informant(c.item("informants", i), &r.Informants[i])
	}
}

// professional completes and checks one person. Those who act on the document
// need what consumers build their metadata from: specialty, given name and
// organisation (home when the person names none).
func (c *checker) professional(path string, p segur.Professional, home *segur.Organization, acts bool) segur.Professional {
	c.professionalID(c.at(path, ".id"), p.ID)
	p.FamilyName, p.GivenName = clean(p.FamilyName), clean(p.GivenName)
	c.Require(c.at(path, ".familyName"), p.FamilyName)
	if acts {
		c.Require(c.at(path, ".givenName"), p.GivenName)
		p.Specialty = c.code(c.at(path, ".specialty"), p.Specialty, nos.AuthorSpecialty)
	} else {
		p.Specialty = c.optional(c.at(path, ".specialty"), p.Specialty, nos.AuthorSpecialty)
	}
	if p.Title != "" {
		p.Title = strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(p.Title), "."))
		_, civility := nos.Civility.Lookup(p.Title)
		_, title := nos.Title.Lookup(p.Title)
		if !civility && !title {
			c.Add(c.at(path, ".title"), "must be M, MME (civility), DR, PR, MC, MG, PC or PG (title)")
		}
	}
	p.Address = c.address(c.at(path, ".address"), p.Address)
	p.Telecoms = c.telecoms(c.at(path, ".telecoms"), p.Telecoms)
	if p.Organization != nil {
		o := *p.Organization
		c.organization(c.at(path, ".organization"), &o)
		p.Organization = &o
	} else {
		p.Organization = home
	}
	return p
}

// professionalID checks IdNat_PS: a type digit and a number. The key of an
// RPPS number is checked in production only: test platforms give out numbers
// with a wrong one.
func (c *checker) professionalID(path, id string) {
	const rule = `must be a type digit and a number: "8" and the 11 digits of the RPPS as a rule`
	switch {
	case id == "":
		c.Add(path, "is required")
	case id[0] == '8' && (len(id) != 12 || !digits(id)):
		c.Add(path, `must be "8" and the 11 digits of the RPPS`)
	case id[0] == '8' && c.cfg.Environment == segur.Production && !luhn(id[1:]):
		c.Add(path, "the key of the RPPS number is wrong")
	case id[0] == '8':
	case id[0] == '0' && len(id) == 10 && visible(id): // ADELI
	case strings.IndexByte("13456", id[0]) >= 0 && strings.Contains(id, "/") && visible(id): // structure and register number
	default:
		c.Add(path, rule)
	}
}

// organization checks a structure: IdNat_Struct and a name.
func (c *checker) organization(path string, o *segur.Organization) {
	o.Name = clean(o.Name)
	c.Require(c.at(path, ".name"), o.Name)
	switch {
	case o.ID == "":
		c.Add(c.at(path, ".id"), "is required")
	case !isStructureID(o.ID):
		c.Add(c.at(path, ".id"), `must be a type digit and a number: "1" and the 9 characters of the FINESS, "3" and the 14 digits of the SIRET`)
	}
	o.Address = c.address(c.at(path, ".address"), o.Address)
	o.Telecoms = c.telecoms(c.at(path, ".telecoms"), o.Telecoms)
}

// isStructureID checks the form of an IdNat_Struct: the length of the number
// that the first digit announces (ADELI, FINESS, SIREN, SIRET, RPPS-rang).
func isStructureID(id string) bool {
	if !visible(id) {
		return false
	}
	switch id[0] {
	case '0', '1', '2':
		return len(id) == 10
	case '3':
		return len(id) == 15
	case '4':
		return len(id) == 12 || len(id) == 15
	}
	return false
}

// visible reports whether s holds ASCII characters only, and no blank.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

var informantClasses = []string{EmergencyContact, TrustedPerson, OtherInformant, Caregiver}

func (c *checker) informant(path string, i *Informant) {
	if !slices.Contains(informantClasses, i.Class) {
		c.Addf(c.at(path, ".class"), "must be one of %s", strings.Join(informantClasses, ", "))
	}
	i.Relationship = c.optional(c.at(path, ".relationship"), i.Relationship, nos.Relationship)
	i.FamilyName, i.GivenName = clean(i.FamilyName), clean(i.GivenName)
	c.Require(c.at(path, ".familyName"), i.FamilyName)
	i.Address = c.address(c.at(path, ".address"), i.Address)
	i.Telecoms = c.telecoms(c.at(path, ".telecoms"), i.Telecoms)
}

// maxAddressLines is how many streetAddressLine the rules accept.
const maxAddressLines = 7

func (c *checker) address(path string, a segur.Address) segur.Address {
	if a.IsZero() {
		return a
	}
	lines := make([]string, 0, len(a.Lines))
	for _, l := range a.Lines {
		if l = clean(l); l != "" {
			lines = append(lines, l)
		}
	}
	a.Lines, a.PostalCode, a.City, a.Country = lines, clean(a.PostalCode), clean(a.City), clean(a.Country)
	if len(a.Lines) > maxAddressLines-2 && len(envelope(nil, a)) > maxAddressLines {
		c.Addf(path, "must have %d lines at most, town and country included", maxAddressLines)
	}
	return a
}

var (
	schemes = []string{"tel", "fax", "mailto", "http", "ftp", "mllp"}
	uses    = []string{"", "H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"}
)

// telecoms checks the URIs: the schemes are those that the rules accept, which
// leaves https out.
func (c *checker) telecoms(path string, in []segur.Telecom) []segur.Telecom {
	if len(in) == 0 {
		return nil
	}
	out := make([]segur.Telecom, 0, len(in))
	for i, t := range in {
		at := c.item(path, i)
		scheme, rest, ok := strings.Cut(t.Value, ":")
		if !ok || rest == "" || !slices.Contains(schemes, scheme) || strings.ContainsAny(t.Value, " \t\r\n<>\"{}|\\^`") {
			c.Addf(c.at(at, ".value"), "must be a URI without blanks, with one of the schemes %s", strings.Join(schemes, ", "))
		}
		if !slices.Contains(uses, t.Use) {
			c.Add(c.at(at, ".use"), "must be H, HP, HV, WP, DIR, PUB, EC, MC, PG or empty")
		}
		if !slices.Contains(out, t) { // the rules refuse repeated elements
			out = append(out, t)
		}
	}
	return out
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func (c *checker) orTime(path string, t, def time.Time) time.Time {
	if t.IsZero() {
		return def
	}
	return c.past(path, c.instant(path, t))
}
