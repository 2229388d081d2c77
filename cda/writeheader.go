package cda

import (
	"slices"
	"strconv"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Namespaces of a document.
const (
	nsCDA   = "urn:hl7-org:v3"
	nsXSI   = "http://www.w3.org/2001/XMLSchema-instance"
	nsPS320 = "urn:dicom-org:ps3-20"
)

// xmlEncoder writes the classes of CDA, in the order of the schema.
type xmlEncoder struct{ *xmlw.Writer }

// header writes a report up to its body and leaves the root open.
func (x xmlEncoder) header(r *Report, templates []segur.OID) {
	x.opening(r, templates)
	x.code("code", segur.Code{Code: "18748-4", System: nos.LOINC, SystemName: "LOINC", Display: defaultTitle}, func() {
		for i, a := range r.Acts {
			if !slices.ContainsFunc(r.Acts[:i], func(o Act) bool { return o.Code.Equal(a.Code) }) {
				x.code("translation", a.Code, nil)
			}
		}
	})
	x.about(r)
	for _, o := range r.Orders {
		x.order(o)
	}
	for _, a := range r.Acts {
		x.act(a, r.PracticeSetting)
	}
	if r.Screening {
		x.Start("documentationOf")
		x.Start("serviceEvent")
		x.code("code", screening, nil)
		x.End()
		x.End()
	}
	x.context(r)
}

// opening writes the document up to its code. CDA is the default namespace: the
// imaging rules compare xsi:type with bare names.
func (x xmlEncoder) opening(r *Report, templates []segur.OID) {
	x.Start("ClinicalDocument")
	x.NS("", nsCDA)
	x.NS("ps3-20", nsPS320)
	x.NS("xsi", nsXSI)
	x.Elem("realmCode", "", "code", "FR")
	x.Elem("typeId", "", "extension", "POCD_HD000040", "root", "2.16.840.1.113883.1.3")
	for _, t := range templates {
		x.Start("templateId")
		if t == templateReport || t == templateRequest {
			x.Attr("extension", templateVersion)
		}
		x.Attr("root", string(t))
		x.End()
	}
	x.root("id", r.ID)
}

// about writes what follows the code, the people last.
func (x xmlEncoder) about(r *Report) {
	x.Elem("title", r.Title)
	x.time("effectiveTime", r.Created)
	x.code("confidentialityCode", r.Confidentiality, nil)
	x.Elem("languageCode", "", "code", r.Language)
	x.id("setId", r.SetID)
	x.Elem("versionNumber", "", "value", strconv.Itoa(r.Version))

	x.Start("recordTarget")
	x.patient(&r.Patient, r.BirthPlaceName)
	x.End()
	for _, a := range r.Authors {
		x.author(a)
	}
	if d := r.DataEnterer; d != nil {
		x.Start("dataEnterer")
		if !d.Time.IsZero() {
			x.time("time", d.Time)
		}
		x.assigned("assignedEntity", d.Professional, segur.Code{})
		x.End()
	}
	for _, i := range r.Informants {
		x.informant(i)
	}
	x.custodian(r.Custodian)
	for _, p := range r.Recipients {
		x.recipient(p)
	}
	x.signature("legalAuthenticator", r.LegalAuthenticator)
	for _, a := range r.Authenticators {
		x.signature("authenticator", a)
	}
	x.participants(r)
}

// context writes the version that is replaced and the visit.
func (x xmlEncoder) context(r *Report) {
	if !r.Replaces.IsZero() {
		x.Start("relatedDocument")
		x.Attr("typeCode", "RPLC")
		x.Start("parentDocument")
		x.id("id", r.Replaces)
		x.End()
		x.End()
	}
	x.encounter(r.Encounter)
}

func (x xmlEncoder) signature(name string, s Signature) {
	x.Start(name)
	x.time("time", s.Time)
	x.Elem("signatureCode", "", "code", "S")
	x.assigned("assignedEntity", s.Professional, segur.Code{})
	x.End()
}

func (x xmlEncoder) order(o Order) {
	x.Start("inFulfillmentOf")
	x.Start("order")
	if o.Placer.IsZero() {
		x.Elem("id", "", "nullFlavor", "NAV")
	} else {
		x.id("id", o.Placer)
	}
	x.id("ps3-20:accessionNumber", o.Accession)
	x.End()
	x.End()
}

// screening marks the acts of a screening: a service without anything else.
var screening = segur.Code{Code: "Z13.9", System: nos.CIM10, SystemName: "CIM-10", Display: "Examen spécial de dépistage, sans précision"}

// Qualifiers of the translations of an act.
var (
	qualifierModality = segur.Code{Code: "121139", System: nos.DCM, SystemName: "DCM", Display: "Modalité"}
	qualifierRegion   = segur.Code{Code: "39111-0", System: nos.LOINC, SystemName: "LOINC", Display: "Localisation anatomique"}
)

func (x xmlEncoder) act(a Act, setting segur.Code) {
	x.Start("documentationOf")
	x.Start("serviceEvent")
	x.root("id", a.StudyUID)
	x.code("code", a.Code, func() {
		if !a.CCAM.IsZero() {
			x.code("translation", a.CCAM, nil)
		}
		for _, m := range a.Modalities {
			x.code("translation", m, func() { x.qualifier(qualifierModality) })
		}
		for _, r := range a.Regions {
			x.code("translation", r, func() { x.qualifier(qualifierRegion) })
		}
	})
	if !a.Start.IsZero() {
		x.interval("effectiveTime", a.Start, a.End)
	}
	x.Start("performer")
	x.Attr("typeCode", "PRF")
	x.assigned("assignedEntity", *a.Performer, setting)
	x.End()
	x.End()
	x.End()
}

func (x xmlEncoder) qualifier(name segur.Code) {
	x.Start("qualifier")
	x.code("name", name, nil)
	x.End()
}

func (x xmlEncoder) encounter(e Encounter) {
	x.Start("componentOf")
	x.Start("encompassingEncounter")
	if !e.ID.IsZero() {
		x.id("id", e.ID)
	}
	if !e.Type.IsZero() {
		x.code("code", e.Type, nil)
	}
	x.interval("effectiveTime", e.Start, e.End)
	x.Start("location")
	x.Start("healthCareFacility")
	x.national(segur.OIDStructure, e.Facility.ID)
	x.code("code", e.Facility.Sector, nil)
	x.Start("location")
	x.Elem("name", e.Facility.Name)
	x.address(e.Facility.Address, "")
	x.End()
	x.End()
	x.End()
	x.End()
	x.End()
}

// id writes an instance identifier.
func (x xmlEncoder) id(name string, id segur.Identifier) {
	x.Start(name)
	x.AttrOpt("assigningAuthorityName", id.Assigner)
	x.AttrOpt("extension", id.Extension)
	x.Attr("root", string(id.Root))
	x.End()
}

func (x xmlEncoder) root(name string, root segur.OID) {
	x.Start(name)
	x.Attr("root", string(root))
	x.End()
}

// national writes the identifier of a professional or a structure.
func (x xmlEncoder) national(authority segur.OID, id string) {
	x.Start("id")
	x.Attr("extension", id)
	x.Attr("root", string(authority))
	x.End()
}

// code writes a coded value; inside may write its children.
func (x xmlEncoder) code(name string, c segur.Code, inside func()) {
	x.Start(name)
	x.Attr("code", c.Code)
	x.Attr("codeSystem", string(c.System))
	x.AttrOpt("codeSystemName", c.SystemName)
	x.AttrOpt("displayName", c.Display)
	if inside != nil {
		inside()
	}
	x.End()
}

// time writes an instant with the offset of its location.
func (x xmlEncoder) time(name string, t time.Time) {
	x.Start(name)
	var ts [19]byte
	x.Attr("value", string(appendTS(ts[:0], t)))
	x.End()
}

// appendTS appends t in the form 20060102150405-0700.
func appendTS(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	_, offset := t.Zone()
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	two := func(n int) { b = append(b, byte('0'+n/10), byte('0'+n%10)) }
	two(year / 100)
	two(year % 100)
	two(int(month))
	two(day)
	two(hour)
	two(minute)
	two(second)
	b = append(b, sign)
	two(offset / 3600)
	two(offset / 60 % 60)
	return b
}

func (x xmlEncoder) interval(name string, low, high time.Time) {
	x.Start(name)
	x.time("low", low)
	if !high.IsZero() {
		x.time("high", high)
	}
	x.End()
}
