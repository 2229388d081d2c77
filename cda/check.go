package cda

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// checker fills in what a report leaves to defaults and tables, and collects
// everything that is wrong with it: the rules of the "Volet Structuration
// Minimale", and those that no official tool checks.
type checker struct {
	cfg    Config
	tables replacements
	// Naming fields takes longer than checking them: a first pass only learns
	// whether something is wrong, and a second one, when it is, says what.
	naming   bool
	now      time.Time // when it was asked for first
	failed   bool
	firm     bool // what is wrong now is refused even with Config.AllowInvalid
	refused  bool
	problems segur.Problems
	base     string                // path of the fields of the body, "sections." or none
	media    map[string]mediaFacts // attachments of a structured document, by identifier
}

// Add records that the field at path breaks a rule.
func (c *checker) Add(path, rule string) {
	c.failed, c.refused = true, c.refused || c.firm
	if c.naming {
		c.problems.Add(path, rule)
	}
}

// Addf is Add with a format.
func (c *checker) Addf(path, format string, args ...any) {
	c.failed, c.refused = true, c.refused || c.firm
	if c.naming {
		c.problems.Addf(path, format, args...)
	}
}

// firmly runs checks that [Config.AllowInvalid] does not lift.
func (c *checker) firmly(checks func()) {
	before := c.firm
	c.firm = true
	checks()
	c.firm = before
}

// Require records a problem when value is empty.
func (c *checker) Require(path, value string) {
	if value == "" {
		c.Add(path, "is required")
	}
}

// at and item name a field and an element of a list.
func (c *checker) at(path, field string) string {
	if !c.naming {
		return ""
	}
	return path + field
}

// inBody names a field of the body.
func (c *checker) inBody(field string) string { return c.at(c.base, field) }

func (c *checker) item(path string, i int) string {
	if !c.naming {
		return ""
	}
	return path + "[" + strconv.Itoa(i) + "]"
}

// report returns a completed copy of r. The slices of r are left alone.
func (c *checker) report(r Report) Report {
	c.about(&r, defaultTitle)
	c.orders(&r)
	c.acts(&r)
	var visit Act // the main act
	if len(r.Acts) > 0 {
		visit = r.Acts[0]
	}
	c.encounter(&r, visit.Start, visit.End)
	return r
}

// about completes what the headers of all documents say.
func (c *checker) about(r *Report, title string) {
	c.firmly(func() { c.identity(r) })
	r.Created = c.past("created", c.instant("created", r.Created))
	r.Title = cmp.Or(clean(r.Title), title)
	if utf8.RuneCountInString(r.Title) > maxTitle {
		c.Addf("title", "must have at most %d characters: metadata take no more", maxTitle)
	}
	r.Language = cmp.Or(r.Language, defaultLanguage)
	if !isLanguage(r.Language) {
		c.Add("language", "must be a language and a country, such as fr-FR")
	}
	if r.Confidentiality.IsZero() {
		r.Confidentiality.Code = confidentialityNormal
	}
	r.Confidentiality = c.code("confidentiality", r.Confidentiality, nos.Confidentiality)

	c.firmly(func() { r.Patient = c.patient(r.Patient) })
	r.BirthPlaceName = clean(r.BirthPlaceName)
	c.people(r)
}

// maxTitle is the longest title of the "Volet Structuration Minimale".
const maxTitle = 128

// identity checks the identifiers and the versions.
func (c *checker) identity(r *Report) {
	if r.ID != "" && !r.ID.Valid() {
		c.Add("id", "must be a valid OID, 64 characters at most")
	}
	if r.Version == 0 {
		r.Version = 1
	}
	replaces := !r.Replaces.IsZero()
	switch {
	case r.Version < 0:
		c.Add("version", "must be 1 or more")
	case r.Version > 1 && !replaces:
		c.Add("replaces", "is required: a version above 1 names the version it replaces")
	case r.Version == 1 && replaces:
		c.Add("version", "must be above 1 when a version is replaced")
	}
	if replaces {
		c.identifier("replaces", &r.Replaces, false)
		if r.ID != "" && r.Replaces == (segur.Identifier{Root: r.ID, Assigner: r.Replaces.Assigner}) {
			c.Add("id", "must differ from the identifier of the replaced version")
		}
	}
	if replaces && r.Version > 1 && r.SetID.IsZero() {
		c.Add("setID", "is required: a version belongs to the set of the one it replaces; Replacing fills it")
	}
	if !r.SetID.IsZero() {
		c.identifier("setID", &r.SetID, false)
		if r.SetID.Root == r.ID && r.SetID.Extension == "" {
			c.Add("setID", "must differ from id")
		}
	}
}

// identifier checks an instance identifier. A root is an OID, or a UUID in
// documents of other software. Blanks around a number, with which DICOM pads
// values, are no part of it: readers do not see them.
func (c *checker) identifier(path string, id *segur.Identifier, extension bool) {
	id.Extension = strings.Trim(id.Extension, " \t\r\n")
	if hasBreak(id.Extension) {
		c.Add(c.at(path, ".extension"), "must hold no tabulation and no line break")
	}
	if !id.Root.Valid() && !isUUID(string(id.Root)) {
		c.Add(c.at(path, ".root"), "must be a valid OID")
	}
	if extension && id.Extension == "" {
		c.Add(c.at(path, ".extension"), "is required")
	}
}

func (c *checker) orders(r *Report) {
	if len(r.Orders) == 0 {
		c.Add("orders", "one at least is required, with its accession number")
	}
	r.Orders = slices.Clone(r.Orders)
	for i := range r.Orders {
		o, path := &r.Orders[i], c.item("orders", i)
		c.identifier(c.at(path, ".accession"), &o.Accession, true)
		if !o.Placer.IsZero() {
			c.identifier(c.at(path, ".placer"), &o.Placer, true)
		}
		if slices.Contains(r.Orders[:i], *o) {
			c.Add(path, "is there twice")
		}
	}
}

func (c *checker) acts(r *Report) {
	if len(r.Acts) == 0 {
		c.firmly(func() { c.Add("acts", "one at least is required") })
	}
	r.PracticeSetting = c.code("practiceSetting", r.PracticeSetting, nos.PracticeSetting)
	r.Acts = slices.Clone(r.Acts)
	for i := range r.Acts {
		a := &r.Acts[i]
		path := c.item("acts", i)
		if !a.StudyUID.Valid() {
			c.Add(c.at(path, ".studyUID"), "must be a Study Instance UID, 64 characters at most")
		}
		a.Code = c.act(c.at(path, ".code"), a.Code, nos.LOINC, isLOINC, "must be a LOINC code with its check digit")
		if !a.CCAM.IsZero() {
			if a.CCAM.System == nos.CCAMAlias {
				a.CCAM.System = nos.CCAM
			}
			a.CCAM = c.act(c.at(path, ".ccam"), a.CCAM, nos.CCAM, isCCAM, "must be a CCAM code: four letters and three digits")
		}
		if len(a.Modalities) == 0 {
			c.Add(c.at(path, ".modalities"), "one at least is required")
		}
		a.Modalities = c.codes(c.at(path, ".modalities"), a.Modalities, nos.Modality)
		a.Regions = c.codes(c.at(path, ".regions"), a.Regions, nos.Region)
		if i == 0 || !a.Start.IsZero() || !a.End.IsZero() {
			c.interval(path, &a.Start, &a.End)
			a.Start = c.past(c.at(path, ".start"), a.Start)
		}
	}
}

// codes completes a list of which no two are equal: the national rules refuse
// repeated translations.
func (c *checker) codes(path string, in []segur.Code, table *nos.Table) []segur.Code {
	var out []segur.Code
	for i, code := range in {
		at := c.item(path, i)
		code = c.code(at, code, table)
		if slices.ContainsFunc(out, code.Equal) {
			c.Add(at, "is there twice")
		}
		out = append(out, code)
	}
	return out
}

// instant drops what is finer than a second, and refuses a year that is a
// mistake of units.
func (c *checker) instant(path string, t time.Time) time.Time {
	if y := t.Year(); !t.IsZero() && (y < 1900 || y > 9999) {
		c.firmly(func() { c.Add(path, "is not a plausible time") }) // the form of CDA has no place for it
	}
	return t.Truncate(time.Second)
}

// clockSkew is by how much the clocks of two systems, and the dates of two
// time zones, may differ.
const clockSkew = 24 * time.Hour

// past refuses a time that has not come yet: a mistake of year or of units.
func (c *checker) past(path string, t time.Time) time.Time {
	if c.now.IsZero() {
		c.now = c.cfg.Clock()
	}
	if t.After(c.now.Add(clockSkew)) {
		c.Add(path, "is in the future")
	}
	return t
}

// pastDate is past for a date.
func (c *checker) pastDate(path string, d segur.Date) {
	if d.Valid() {
		c.past(path, d.Time(time.UTC))
	}
}

// interval checks two times, to the second: the rules refuse equal bounds, and
// consumers want both.
func (c *checker) interval(path string, start, end *time.Time) {
	*start, *end = c.instant(c.at(path, ".start"), *start), c.instant(c.at(path, ".end"), *end)
	switch {
	case start.IsZero():
		c.Add(c.at(path, ".start"), "is required")
	case end.IsZero():
		c.Add(c.at(path, ".end"), "is required")
	case end.Before(start.Add(time.Second)):
		c.Add(c.at(path, ".end"), "must be one second after start at least")
	}
}

// encounter checks the visit, which by default has these times.
func (c *checker) encounter(r *Report, start, end time.Time) {
	e := &r.Encounter
	e.Type = c.optional("encounter.type", e.Type, nos.EncounterType)
	if !e.ID.IsZero() {
		c.identifier("encounter.id", &e.ID, true)
	}
	switch {
	case !e.Start.IsZero() && e.End.IsZero():
		e.Start = c.instant("encounter.start", e.Start) // a stay that goes on
	case !e.Start.IsZero() || !e.End.IsZero():
		c.interval("encounter", &e.Start, &e.End)
	default:
		e.Start, e.End = start, end
	}
	path := "encounter.facility"
	if e.Facility == nil {
		e.Facility, path = &r.Custodian, "custodian"
	}
	facility := *e.Facility
	facility.Sector = c.code(c.at(path, ".sector"), facility.Sector, nos.FacilityType)
	if e.Facility != &r.Custodian {
		c.organization(path, &facility)
	}
	e.Facility = &facility
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// clean removes white space around a text and makes each run of it inside one
// blank: readers of XML do the same. A no-break space is not white space here.
func clean(s string) string {
	before := byte(' ')
	for i := range len(s) {
		if c := s[i]; c == '\t' || c == '\n' || c == '\r' || c == ' ' && before == ' ' {
			return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
				return r == ' ' || r == '\t' || r == '\n' || r == '\r'
			}), " ")
		}
		before = s[i]
	}
	return strings.TrimSuffix(s, " ")
}

// hasBreak reports whether a text holds a tabulation or a line break.
func hasBreak(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == '\t' || c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}

// isLanguage checks the form "fr-FR".
func isLanguage(s string) bool {
	lower := func(c byte) bool { return c >= 'a' && c <= 'z' }
	return len(s) == 5 && lower(s[0]) && lower(s[1]) && s[2] == '-' && lower(s[3]|0x20) && s[3] < 'a' && lower(s[4]|0x20) && s[4] < 'a'
}
