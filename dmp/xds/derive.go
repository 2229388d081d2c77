package xds

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/nos"
)

// EventScheme says which OID modalities and regions get in eventCodeList.
type EventScheme uint8

// The schemes. Readers compare codes only, and queries ask for both.
const (
	// SchemeOfKind is CodeSystems for a report, ValueSets for a KOS.
	SchemeOfKind EventScheme = iota
	// CodeSystems are DCM and SNOMED CT.
	CodeSystems
	// ValueSets are the OIDs of the French value sets.
	ValueSets
)

// EntryOptions completes what a header does not say. The zero value follows
// the CI-SIS.
type EntryOptions struct {
	// Visibility adds markers after the level of confidentiality.
	Visibility []Visibility
	// Comments is the comments attribute.
	Comments string
	// EventScheme is the scheme of modalities and regions.
	EventScheme EventScheme
	// StudyUIDAuthority is written in the references to a study. Empty: none,
	// as the CI-SIS has it; DRIM-M samples write a dummy OID.
	StudyUIDAuthority segur.OID
	// WithPatientID adds PID-3 to sourcePatientInfo.
	WithPatientID bool
	// InternalIDType is component 13 of a professional known by an internal
	// number. Empty: EI.
	InternalIDType string
	// SystemIDType is component 13 of a system. Empty: RI.
	SystemIDType string
	// AuthorInstitution replaces the structure of every author, for a sender
	// that publishes under its own name. nil: as in the document.
	AuthorInstitution *segur.Organization
	// ClassCode replaces the class that the type of document implies.
	ClassCode segur.Code
	// LocalPatientID makes the local identifier the patientId of a document
	// that names no INS. For MSSanté only: the receiver will not file it
	// without a person, and the DMP refuses it.
	LocalPatientID bool
}

// DeriveEntry makes the metadata of a CDA document from its header, as the
// CI-SIS maps it ("Volet Structuration Minimale", correspondence with XDS). It
// reports nothing: what the header lacks is missing from the entry, and
// [DocumentEntry.Validate] says so. Hash and Size come from
// [DocumentEntry.Digest].
func DeriveEntry(h segur.DocumentHeader, o EntryOptions) DocumentEntry {
	e := DocumentEntry{
		UniqueID: UniqueID(h.ID), Title: h.Title, Comments: o.Comments, Language: h.Language, MimeType: "text/xml",
		Created: h.Created, TypeCode: labelled(h.Type), FacilityTypeCode: labelled(h.FacilityType),
		LegalAuthenticator: o.person(h.LegalAuthenticator),
	}
	if h.SelfPresenting {
		e.MimeType = "application/xslt+xml"
	}
	if len(h.Services) > 0 {
		main := h.Services[0]
		e.ServiceStart, e.ServiceStop = main.Start, main.Stop
		e.PracticeSettingCode = labelled(main.PracticeSetting)
	}
	e.PatientID, e.SourcePatientID = patientIDs(h.PatientIDs)
	if e.PatientID.IsZero() && o.LocalPatientID {
		e.PatientID = e.SourcePatientID
	}
	e.SourcePatientInfo = sourcePatientInfo(h.Patient)
	if o.WithPatientID && !e.PatientID.IsZero() {
		e.SourcePatientInfo = append([]string{"PID-3|" + e.PatientID.CX()}, e.SourcePatientInfo...)
	}
	for _, a := range h.Authors {
		e.Authors = append(e.Authors, o.author(a))
	}
	e.ClassCode = o.ClassCode
	if e.ClassCode.IsZero() {
		e.ClassCode = classOf(h.Type)
	}
	e.FormatCode = formatOf(h)
	if !h.Confidentiality.IsZero() {
		e.ConfidentialityCodes = append(e.ConfidentialityCodes, labelled(h.Confidentiality))
	}
	for _, v := range o.Visibility {
		e.ConfidentialityCodes = append(e.ConfidentialityCodes, visibilityCode(v))
	}
	e.EventCodes = o.events(h.Services)
	e.References = o.references(h)
	return e
}

// NewEntry derives the entry of a document, computes its hash and size from
// the bytes that will be sent, and checks it for the DMP.
func NewEntry(h segur.DocumentHeader, document segur.Content, o EntryOptions) (DocumentEntry, error) {
	e := DeriveEntry(h, o)
	if err := e.Digest(document); err != nil {
		return e, err
	}
	_, err := e.Validate(Rules{})
	return e, err
}

// UniqueID writes a document identifier: "root", or "root^extension", which
// the DMP refuses.
func UniqueID(id segur.Identifier) string {
	if id.Extension == "" {
		return string(id.Root)
	}
	return string(id.Root) + "^" + id.Extension
}

// patientIDs finds the INS, and the local identifier or again the INS.
func patientIDs(ids []segur.Identifier) (patient, source PatientID) {
	for _, id := range ids {
		p := PatientID{ID: id.Extension, Authority: id.Root}
		switch {
		case segur.IsINSAuthority(id.Root):
			if patient.IsZero() {
				p.Type = "NH"
				patient = p
			}
		case segur.IsFormerINSAuthority(id.Root): // identifies nobody any more
		case source.IsZero() && id.Extension != "":
			p.Type = "PI"
			source = p
		}
	}
	if source.IsZero() {
		source = patient
	}
	return patient, source
}

func sourcePatientInfo(t segur.Traits) []string {
	var out []string
	if t.BirthName != "" {
		first := t.FirstGivenName
		others, ok := strings.CutPrefix(t.GivenNames, first+" ")
		if !ok || first == "" {
			others = ""
		}
		out = append(out, "PID-5|"+hl7.XPN{Family: t.BirthName, Given: first, OtherGiven: others, Type: "L"}.String())
	}
	if !t.BirthDate.IsZero() {
		out = append(out, "PID-7|"+t.BirthDate.Compact())
	}
	if t.Sex != "" {
		out = append(out, "PID-8|"+hl7.FormatSex(t.Sex))
	}
	if t.BirthPlace != "" {
		out = append(out, "PID-11|"+hl7.FormatBirthPlace(t.BirthPlace))
	}
	return out
}

func (o *EntryOptions) person(a segur.DocumentActor) Person {
	p := Person{ID: a.Professional.ID, Authority: a.Authority, Family: a.Professional.FamilyName, Given: a.Professional.GivenName}
	if p == (Person{}) && a.Device == nil {
		return p
	}
	if a.Device != nil {
		p.System, p.Family, p.Given = true, a.Device.Software, a.Device.Model
	}
	if p.ID == "" {
		return p // a type without an identifier says nothing
	}
	switch p.IDType = p.idType(); {
	case p.IDType == "RI" && o.SystemIDType != "":
		p.IDType = o.SystemIDType
	case p.IDType == "EI" && o.InternalIDType != "":
		p.IDType = o.InternalIDType
	}
	p.Authority = p.authority()
	return p
}

func (o *EntryOptions) author(a segur.DocumentActor) Author {
	out := Author{Person: o.person(a)}
	organization := a.Professional.Organization
	if o.AuthorInstitution != nil {
		organization = o.AuthorInstitution
	}
	if organization != nil && (organization.ID != "" || organization.Name != "") {
		out.Institutions = []segur.Organization{{ID: organization.ID, Name: organization.Name}}
	}
	if role := labelled(a.Function).Display; role != "" {
		out.Roles = []string{role}
	}
	if !a.Professional.Specialty.IsZero() {
		out.Specialties = []segur.Code{labelled(a.Professional.Specialty)}
	}
	return out
}

func classOf(t segur.Code) segur.Code {
	c, ok := nos.ClassOf(t.Code, string(t.System))
	if !ok {
		return segur.Code{}
	}
	e, _ := nos.ClassCode.Lookup(c.Class)
	return segur.Code{Code: c.Class, System: segur.OID(e.System), Display: e.Display}
}

func formatOf(h segur.DocumentHeader) segur.Code {
	code := ""
	if h.BodyMediaType != "" {
		code = nos.FormatOfMediaType(h.BodyMediaType)
	} else {
		for _, t := range h.TemplateIDs {
			if code = nos.FormatOfTemplate(string(t)); code != "" {
				break
			}
		}
	}
	if code == "" {
		code = nos.UnreferencedFormat
	}
	if e, ok := nos.FormatCode.Lookup(code); ok {
		return segur.Code{Code: code, System: segur.OID(e.System), Display: e.Display}
	}
	// A format of the association table that the value set does not hold yet.
	system := segur.OID(nos.A06Format)
	if strings.HasPrefix(code, "urn:ihe:") {
		system = nos.IHEFormat
	}
	return segur.Code{Code: code, System: system}
}

// Qualifiers of a translation of serviceEvent/code.
const (
	qualifierModality = "121139"
	qualifierRegion   = "39111-0"
)

// events copies acts as the document codes them, modalities and regions under
// the scheme asked for, each once.
func (o *EntryOptions) events(services []segur.DocumentService) []segur.Code {
	var out []segur.Code
	add := func(c segur.Code) {
		if c.Code == "" {
			return
		}
		for _, x := range out {
			if x.Equal(c) {
				return
			}
		}
		out = append(out, c)
	}
	for _, s := range services {
		add(labelled(s.Code))
		for _, t := range s.Translations {
			c := labelled(t.Code)
			switch {
			case o.EventScheme != ValueSets:
			case t.Qualifier.Code == qualifierModality:
				c.System = nos.ModalitySet
			case t.Qualifier.Code == qualifierRegion:
				c.System = nos.RegionSet
			}
			add(c)
		}
	}
	return out
}

// references lists accession numbers, then studies, then orders: those that a
// report fulfils, and that which a request is.
func (o *EntryOptions) references(h segur.DocumentHeader) []Reference {
	var out []Reference
	add := func(r Reference) {
		if r.ID == "" {
			return
		}
		for _, x := range out {
			if x == r {
				return
			}
		}
		out = append(out, r)
	}
	for _, order := range h.Orders {
		add(Reference{ID: order.Accession.Extension, Authority: order.Accession.Root, Type: ReferenceAccession})
	}
	for _, s := range h.Services {
		add(Reference{ID: string(s.StudyUID), Authority: o.StudyUIDAuthority, Type: ReferenceStudy})
	}
	for _, order := range h.Orders {
		add(Reference{ID: order.Placer.Extension, Authority: order.Placer.Root, Type: ReferenceOrder})
	}
	for _, s := range h.Services {
		add(Reference{ID: s.Placer.Extension, Authority: s.Placer.Root, Type: ReferenceOrder})
	}
	return out
}

// labelled fills the label of a code that the tables know, when it has none.
func labelled(c segur.Code) segur.Code {
	c.SystemName = ""
	if c.Display != "" || c.Code == "" {
		return c
	}
	if d, ok := nos.ClassOf(c.Code, string(c.System)); ok && d.Display != "" {
		c.Display = d.Display
		return c
	}
	for _, t := range []*nos.Table{nos.AuthorSpecialty, nos.FacilityType, nos.PracticeSetting, nos.DocumentType, nos.FunctionCode,
		nos.XDSConfidentiality, nos.Modality, nos.Region, nos.ContentType} {
		if d := t.Display(c.Code, string(c.System)); d != "" {
			c.Display = d
			return c
		}
	}
	return c
}
