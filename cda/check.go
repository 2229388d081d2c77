package cda

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

// checker fills in what a report leaves to defaults and tables, and collects
// everything that is wrong with it: the rules of the "Volet Structuration
// Minimale", and those that no official tool checks.
type checker struct {
	segur.Problems
	cfg Config
}

var languageCode = regexp.MustCompile(`^[a-z]{2}-[A-Z]{2}$`)

// report returns a completed copy of r. The slices of r are left alone.
func (c *checker) report(r Report) Report {
	c.identity(&r)
	if r.Created.IsZero() {
		r.Created = c.cfg.Clock()
	}
	r.Created = r.Created.Truncate(time.Second)
	r.Title = cmpOr(clean(r.Title), defaultTitle)
	r.Language = cmpOr(r.Language, defaultLanguage)
	if !languageCode.MatchString(r.Language) {
		c.Add("language", "must be a language and a country, such as fr-FR")
	}
	if r.Confidentiality.IsZero() {
		r.Confidentiality.Code = confidentialityNormal
	}
	r.Confidentiality = c.code("confidentiality", r.Confidentiality, nos.Confidentiality)

	r.Patient = c.patient(r.Patient)
	r.BirthPlaceName = clean(r.BirthPlaceName)
	c.people(&r)
	c.orders(&r)
	c.acts(&r)
	c.encounter(&r)
	return r
}

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
		c.identifier("replaces", r.Replaces, false)
		if r.ID != "" && r.Replaces == (segur.Identifier{Root: r.ID, Assigner: r.Replaces.Assigner}) {
			c.Add("id", "must differ from the identifier of the replaced version")
		}
	}
	if !r.SetID.IsZero() {
		c.identifier("setID", r.SetID, false)
		if r.SetID.Root == r.ID && r.SetID.Extension == "" {
			c.Add("setID", "must differ from id")
		}
	}
}

// identifier checks an instance identifier. A root is an OID, or a UUID in
// documents of other software.
func (c *checker) identifier(path string, id segur.Identifier, extension bool) {
	if !id.Root.Valid() && !isUUID(string(id.Root)) {
		c.Add(path+".root", "must be a valid OID")
	}
	if extension && strings.TrimSpace(id.Extension) == "" {
		c.Add(path+".extension", "is required")
	}
}

func (c *checker) orders(r *Report) {
	if len(r.Orders) == 0 {
		c.Add("orders", "one at least is required, with its accession number")
	}
	for i, o := range r.Orders {
		path := fmt.Sprintf("orders[%d]", i)
		c.identifier(path+".accession", o.Accession, true)
		if !o.Placer.IsZero() {
			c.identifier(path+".placer", o.Placer, true)
		}
		if slices.Contains(r.Orders[:i], o) {
			c.Add(path, "is there twice")
		}
	}
}

func (c *checker) acts(r *Report) {
	if len(r.Acts) == 0 {
		c.Add("acts", "one at least is required")
	}
	r.PracticeSetting = c.code("practiceSetting", r.PracticeSetting, nos.PracticeSetting)
	r.Acts = slices.Clone(r.Acts)
	for i := range r.Acts {
		a := &r.Acts[i]
		path := fmt.Sprintf("acts[%d]", i)
		if !a.StudyUID.Valid() {
			c.Add(path+".studyUID", "must be a Study Instance UID, 64 characters at most")
		}
		a.Code = c.act(path+".code", a.Code, nos.LOINC, isLOINC, "must be a LOINC code with its check digit")
		if !a.CCAM.IsZero() {
			if a.CCAM.System == nos.CCAMAlias {
				a.CCAM.System = nos.CCAM
			}
			a.CCAM = c.act(path+".ccam", a.CCAM, nos.CCAM, isCCAM, "must be a CCAM code: four letters and three digits")
		}
		if len(a.Modalities) == 0 {
			c.Add(path+".modalities", "one at least is required")
		}
		a.Modalities = c.codes(path+".modalities", a.Modalities, nos.Modality)
		a.Regions = c.codes(path+".regions", a.Regions, nos.Region)
		if i == 0 || !a.Start.IsZero() || !a.End.IsZero() {
			c.interval(path, &a.Start, &a.End)
		}
	}
}

// codes completes a list of which no two are equal: the national rules refuse
// repeated translations.
func (c *checker) codes(path string, in []segur.Code, table *nos.Table) []segur.Code {
	var out []segur.Code
	for i, code := range in {
		at := fmt.Sprintf("%s[%d]", path, i)
		code = c.code(at, code, table)
		if slices.ContainsFunc(out, code.Equal) {
			c.Add(at, "is there twice")
		}
		out = append(out, code)
	}
	return out
}

// interval checks two times, to the second: the rules refuse equal bounds, and
// consumers want both.
func (c *checker) interval(path string, start, end *time.Time) {
	*start, *end = start.Truncate(time.Second), end.Truncate(time.Second)
	switch {
	case start.IsZero():
		c.Add(path+".start", "is required")
	case end.IsZero():
		c.Add(path+".end", "is required")
	case end.Before(start.Add(time.Second)):
		c.Add(path+".end", "must be one second after start at least")
	}
}

func (c *checker) encounter(r *Report) {
	e := &r.Encounter
	e.Type = c.optional("encounter.type", e.Type, nos.EncounterType)
	if !e.ID.IsZero() {
		c.identifier("encounter.id", e.ID, true)
	}
	switch {
	case !e.Start.IsZero() && e.End.IsZero():
		e.Start = e.Start.Truncate(time.Second) // a stay that goes on
	case !e.Start.IsZero() || !e.End.IsZero():
		c.interval("encounter", &e.Start, &e.End)
	case len(r.Acts) > 0:
		e.Start, e.End = r.Acts[0].Start, r.Acts[0].End
	}
	path := "encounter.facility"
	if e.Facility == nil {
		e.Facility, path = &r.Custodian, "custodian"
	}
	facility := *e.Facility
	facility.Sector = c.code(path+".sector", facility.Sector, nos.FacilityType)
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

func cmpOr(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// clean removes white space around a text and makes each run of it inside one
// blank: readers of XML do the same. A no-break space is not white space here.
func clean(s string) string {
	blank := func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }
	if !strings.ContainsFunc(s, blank) {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, blank), " ")
}
