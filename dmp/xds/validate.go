package xds

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/nos"
)

// Profile is where metadata go.
type Profile uint8

// The profiles.
const (
	// DMP is a submission to the national record (ITI-41).
	DMP Profile = iota
	// XDM is the METADATA.XML of an IHE_XDM.ZIP.
	XDM
)

// Rules say how strictly metadata are checked. The zero value is the DMP,
// strictly.
type Rules struct {
	Profile Profile
	// AllowUnknownCodes turns a code that the embedded value sets do not hold
	// into a warning: the sets are revised several times a year.
	AllowUnknownCodes bool
}

const (
	maxTitle = 128
	maxValue = 256 // LongName of ebRIM, in characters
)

// checker collects errors and warnings.
type checker struct {
	Rules
	segur.Problems
	warnings []segur.Detail
}

func (c *checker) warn(field, message string) {
	c.warnings = append(c.warnings, segur.Detail{Field: field, Severity: "warning", Message: message})
}

func (c *checker) unknownCode(field, rule string) {
	if c.AllowUnknownCodes {
		c.warn(field, rule)
		return
	}
	c.Add(field, rule)
}

// Validate checks the entry against the French rules and value sets. The error
// ([segur.ErrInvalidInput]) lists every problem with its field; the warnings
// are what a service may refuse.
func (e *DocumentEntry) Validate(r Rules) (warnings []segur.Detail, err error) {
	c := checker{Rules: r}
	c.entry("", e)
	return c.warnings, c.Err("xds.Validate")
}

// Validate checks the whole submission: set, entries, and what binds them.
func (s *Submission) Validate(r Rules) (warnings []segur.Detail, err error) {
	c := checker{Rules: r}
	c.set("set.", &s.Set)
	if len(s.Entries) == 0 && !s.updatesOnly() {
		c.Add("entries", "at least one is required")
	}
	ids, unique := map[string]bool{s.Set.ID: true}, map[string]bool{s.Set.UniqueID: true}
	for i := range s.Entries {
		e := &s.Entries[i]
		path := fmt.Sprintf("entries[%d].", i)
		c.entry(path, e)
		if !e.PatientID.Same(s.Set.PatientID) {
			c.Add(path+"patientID", "must be the patient of the submission set")
		}
		if e.UniqueID != "" && unique[e.UniqueID] {
			c.Add(path+"uniqueID", "is used twice in the submission")
		}
		unique[e.UniqueID] = true
		if e.ID != "" && ids[e.ID] {
			c.Add(path+"id", "is used twice in the submission")
		}
		ids[e.ID] = true
	}
	return c.warnings, c.Err("xds.Validate")
}

// updatesOnly reports whether the submission changes statuses and brings no
// document.
func (s *Submission) updatesOnly() bool {
	for _, a := range s.Associations {
		if a.Type == UpdateStatus {
			return true
		}
	}
	return false
}

func (c *checker) set(path string, s *SubmissionSet) {
	if !segur.OID(s.UniqueID).Valid() {
		c.Add(path+"uniqueID", "must be an OID")
	}
	if !s.SourceID.Valid() {
		c.Add(path+"sourceID", "must be an OID")
	}
	c.patientID(path+"patientID", s.PatientID)
	if s.Submitted.IsZero() {
		c.Add(path+"submitted", "is required")
	}
	c.title(path, s.Title)
	c.author(path+"author.", &s.Author)
	c.code(path+"contentTypeCode", s.ContentTypeCode, nos.ContentType)
	c.values(path+"intendedRecipients", s.IntendedRecipients...)
	c.extra(path, s.Extra)
}

func (c *checker) entry(path string, e *DocumentEntry) {
	c.identifiers(path, e)
	c.Require(path+"title", e.Title)
	c.title(path, e.Title)
	c.Require(path+"mimeType", e.MimeType)
	c.Require(path+"language", e.Language)
	c.times(path, e)
	if len(e.Authors) == 0 {
		c.Add(path+"authors", "at least one is required")
	}
	for i := range e.Authors {
		c.author(fmt.Sprintf("%sauthors[%d].", path, i), &e.Authors[i])
	}
	c.Require(path+"legalAuthenticator", e.LegalAuthenticator.ID)
	c.person(path+"legalAuthenticator", e.LegalAuthenticator)
	c.content(path, e)
	if c.Profile == XDM {
		c.Require(path+"uri", e.URI)
	}
	c.extra(path, e.Extra)
}

func (c *checker) identifiers(path string, e *DocumentEntry) {
	root, extension, extended := strings.Cut(e.UniqueID, "^")
	switch {
	case e.UniqueID == "":
		c.Add(path+"uniqueID", "is required")
	case !segur.OID(root).Valid() || extended && (extension == "" || utf8.RuneCountInString(extension) > 64 || strings.ContainsAny(extension, "^ ")):
		c.Add(path+"uniqueID", "must be an OID, with or without an extension of at most 64 characters after ^")
	case extended && c.Profile == DMP:
		c.Add(path+"uniqueID", "must be a bare OID: the DMP does not take an identifier with an extension")
	}
	c.patientID(path+"patientID", e.PatientID)
	if e.SourcePatientID.ID == "" || !e.SourcePatientID.Authority.Valid() {
		c.Add(path+"sourcePatientID", "needs a value and the OID of its authority")
	}
	if segur.IsINSAuthority(e.SourcePatientID.Authority) && !e.SourcePatientID.Same(e.PatientID) {
		c.Add(path+"sourcePatientID", "is an INS, and not that of patientID")
	}
	c.values(path+"sourcePatientID", e.SourcePatientID.CX())
	c.values(path+"sourcePatientInfo", e.SourcePatientInfo...)
	if e.Replaces != "" && !strings.HasPrefix(e.Replaces, "urn:uuid:") {
		c.Add(path+"replaces", "must be the entryUUID (urn:uuid:…) of the entry that is replaced")
	}
	for i, r := range e.References {
		at := fmt.Sprintf("%sreferences[%d]", path, i)
		if r.ID == "" || r.Authority != "" && !r.Authority.Valid() {
			c.Add(at, "needs a value, and the OID of its authority when there is one")
		}
		if r.Authority == "" && r.Type != ReferenceStudy {
			c.Add(at, "needs the OID of its authority")
		}
		if !nos.ReferenceIDType.Has(r.Type, nos.ReferenceType) {
			c.unknownCode(at, "type is not in the value set "+nos.ReferenceIDType.Name)
		}
		c.values(at, r.cx())
	}
}

// patientID requires an INS. MSSanté carries documents of patients who have
// none, with a local identifier.
func (c *checker) patientID(field string, p PatientID) {
	if p.IsZero() {
		c.Add(field, "is required: the qualified INS of the patient")
		return
	}
	if c.Profile == XDM && p.ID != "" && p.Authority.Valid() && !segur.IsINSAuthority(p.Authority) {
		c.warn(field, "is not an INS: the receiver cannot file the document without a person")
		return
	}
	ins, err := p.INS()
	switch {
	case err != nil:
		c.Add(field, "must be an INS: 15 characters with a right key, and one of the INS authorities")
	case ins.Matricule() != p.ID:
		// The record compares it as a text with that of the assertion.
		c.Add(field, "must be written as 15 characters without blanks, letters in upper case")
	case p.Type != "" && p.Type != "NH":
		c.Add(field, "must be of the type NH")
	}
}

func (c *checker) title(path, title string) {
	if utf8.RuneCountInString(title) > maxTitle {
		c.Addf(path+"title", "must have at most %d characters", maxTitle)
	}
}

func (c *checker) times(path string, e *DocumentEntry) {
	if e.Created.IsZero() {
		c.Add(path+"created", "is required")
	}
	if e.ServiceStart.IsZero() {
		c.Add(path+"serviceStart", "is required: the start of the main act")
	}
	if !e.ServiceStart.IsZero() && !e.ServiceStop.IsZero() && e.ServiceStop.Time.Before(e.ServiceStart.Time) {
		c.Add(path+"serviceStop", "must not be before serviceStart")
	}
}

func (c *checker) author(path string, a *Author) {
	if a.Person.ID == "" && a.Person.Family == "" {
		c.Add(path+"person", "is required")
	}
	c.person(path+"person", a.Person)
	for i, o := range a.Institutions {
		at := fmt.Sprintf("%sinstitutions[%d]", path, i)
		if o.ID == "" && o.Name == "" {
			c.Add(at, "needs an identifier or a name")
		}
		c.values(at, xon(o).String())
	}
	for i, s := range a.Specialties {
		at := fmt.Sprintf("%sspecialties[%d]", path, i)
		c.code(at, s, nos.AuthorSpecialty)
		c.values(at, hl7.FormatCode(s))
	}
	c.values(path+"roles", a.Roles...)
}

func (c *checker) person(field string, p Person) {
	if p.ID != "" && !p.authority().Valid() {
		c.Add(field, "the authority must be an OID")
	}
	if p.ID != "" && p.Family == "" {
		c.Add(field, "needs a name")
	}
	c.values(field, p.xcn().String())
}

// values refuses what does not fit a slot.
func (c *checker) values(field string, values ...string) {
	for _, v := range values {
		if utf8.RuneCountInString(v) > maxValue {
			c.Addf(field, "takes more than %d characters once encoded", maxValue)
			return
		}
	}
}

func (c *checker) extra(path string, extra []Slot) {
	for i, s := range extra {
		at := fmt.Sprintf("%sextra[%d]", path, i)
		c.Require(at+".name", s.Name)
		c.values(at, s.Values...)
	}
}

// code requires a code of a value set.
func (c *checker) code(field string, code segur.Code, table *nos.Table) {
	_, known := table.Lookup(code.Code)
	switch {
	case code.Code == "":
		c.Add(field, "is required")
	case code.System == "" && (known || c.AllowUnknownCodes):
		c.Add(field, "needs its coding scheme")
	case code.System == "":
		c.Add(field, "is not in the value set "+table.Name)
	case table.Has(code.Code, string(code.System)):
	case table.Partial && !table.HasSystem(string(code.System)):
		c.warn(field, "its coding scheme is not among those that the SDK knows")
	default:
		c.unknownCode(field, "is not in the value set "+table.Name)
	}
}
