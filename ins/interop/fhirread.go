package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/identity"
)

// What is read of a resource. The types of the model refuse a whole resource for
// one code that they do not know, so they come beside.
type (
	fhirPatient struct {
		ResourceType string           `json:"resourceType"`
		Extension    []fhirExtension  `json:"extension"`
		Modifiers    []fhirExtension  `json:"modifierExtension"`
		Identifier   []fhirIdentifier `json:"identifier"`
		Active       *bool            `json:"active"`
		Name         []fhirName       `json:"name"`
		Telecom      []fhirTelecom    `json:"telecom"`
		Gender       string           `json:"gender"`
		BirthDate    string           `json:"birthDate"`
		Address      []fhirAddress    `json:"address"`
	}
	fhirExtension struct {
		URL       string          `json:"url"`
		Extension []fhirExtension `json:"extension"`
		String    string          `json:"valueString"`
		Code      string          `json:"valueCode"`
		Date      string          `json:"valueDate"`
		DateTime  string          `json:"valueDateTime"`
		Coding    *fhirCoding     `json:"valueCoding"`
		Concept   *fhirConcept    `json:"valueCodeableConcept"`
		Address   *fhirAddress    `json:"valueAddress"`
	}
	fhirCoding struct {
		System string `json:"system"`
		Code   string `json:"code"`
	}
	fhirConcept struct {
		Coding []fhirCoding `json:"coding"`
	}
	fhirIdentifier struct {
		Use      string      `json:"use"`
		Type     fhirConcept `json:"type"`
		System   string      `json:"system"`
		Value    string      `json:"value"`
		Assigner struct {
			Display string `json:"display"`
		} `json:"assigner"`
	}
	fhirName struct {
		Use       string          `json:"use"`
		Family    string          `json:"family"`
		Given     []string        `json:"given"`
		Extension []fhirExtension `json:"extension"`
	}
	fhirTelecom struct {
		System string `json:"system"`
		Value  string `json:"value"`
		Use    string `json:"use"`
	}
	fhirAddress struct {
		Use        string          `json:"use"`
		Line       []string        `json:"line"`
		City       string          `json:"city"`
		PostalCode string          `json:"postalCode"`
		Country    string          `json:"country"`
		Extension  []fhirExtension `json:"extension"`
	}
)

// Bounds on a Patient resource.
const (
	maxResourceBytes = 8 << 20 // photos
	maxResourceDepth = 64
	// The model takes hundreds of bytes for a value, however short it is.
	maxResourceTokens = 50_000
)

// ReadFHIRPatient reads a Patient resource in JSON, of any version of FR Core. The
// INS of an identity that is not said to be qualified is left out, whatever
// profile the resource claims: QUAL, or VALI in the code system of FR Core 2.1 and
// before, which had no other word for it.
//
// The errors are [segur.ErrProtocol] for what is no Patient, or has the same
// property twice, and [segur.ErrTooLarge].
func (c *Codec) ReadFHIRPatient(resource []byte) (*Reading, error) {
	const op = "interop.ReadFHIRPatient"
	if len(resource) > maxResourceBytes {
		return nil, tooLarge(op, "the resource is larger than any is")
	}
	if err := checkJSON(resource); errors.Is(err, errValues) {
		return nil, tooLarge(op, "the resource has more values than any has")
	} else if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the resource cannot be read", Err: err}
	}
	var p fhirPatient
	if err := json.Unmarshal(resource, &p); err != nil { // the error of json may quote a value
		return nil, protocol(op, "a property does not have the type of FHIR R4")
	}
	if p.ResourceType != "Patient" {
		return nil, protocol(op, "the resource is no Patient")
	}
	r := c.reader(resource)
	if model, err := fhir.UnmarshalPatient(resource); err == nil {
		r.out.FHIR = &model
	} else {
		r.warn("Patient", "does not fit the model of FHIR R4: what identifies is read all the same")
	}
	r.resource(p)
	return r.settle("Patient", false), nil
}

func (r *reader) resource(p fhirPatient) {
	id := &r.out.Identity
	t := &id.Patient.Traits
	if len(p.Modifiers) > 0 {
		r.warn("Patient.modifierExtension", "may change the meaning of the resource and is not understood: the identity is taken as provisional")
		r.blocked = true
	}
	if p.Active != nil && !*p.Active {
		r.warn("Patient.active", "says that the record is no longer in use")
	}
	for i, n := range limited(p.Identifier) {
		r.fhirIdentifier(fmt.Sprintf("Patient.identifier[%d]", i), n)
	}
	r.fhirNames(p.Name)
	switch p.Gender {
	case "female":
		t.Sex = segur.Female
	case "male":
		t.Sex = segur.Male
	case "":
	default:
		t.Sex = segur.SexUnknown
	}
	if p.BirthDate != "" {
		t.BirthDate = r.date("Patient.birthDate", p.BirthDate)
	}
	for _, l := range limited(p.Telecom) {
		if tel, ok := telecomOfFHIR(l); ok {
			id.Patient.Telecoms = append(id.Patient.Telecoms, tel)
		}
	}
	for _, a := range p.Address {
		if a.Use != "old" && id.Patient.Address.IsZero() {
			id.Patient.Address = segur.Address{PostalCode: clean(a.PostalCode), City: clean(a.City), Country: clean(a.Country)}
			for _, l := range limited(a.Line) {
				if l = clean(l); l != "" {
					id.Patient.Address.Lines = append(id.Patient.Address.Lines, l)
				}
			}
		}
	}
	for _, e := range limited(p.Extension) {
		switch e.URL {
		case extReliability:
			r.fhirReliability(e.Extension)
		case extBirthPlace:
			if e.Address == nil {
				continue
			}
			id.BirthPlaceName = clean(e.Address.City)
			for _, x := range limited(e.Address.Extension) {
				if x.URL == extINSEE && x.Coding != nil {
					t.BirthPlace = r.cog("Patient.extension(birthPlace)", x.Coding.Code)
				}
			}
		}
	}
	if !r.stated {
		if len(r.current) > 0 {
			r.warn("Patient.extension(identityReliability)", "states no status")
		}
		r.stated, r.silent, r.status = true, true, segur.Provisional
	}
}

// types are the codes of the type of an identifier in the tables 0203.
func (n fhirIdentifier) types() (out []string) {
	for _, c := range n.Type.Coding {
		out = append(out, c.Code)
	}
	return out
}

func (r *reader) fhirIdentifier(path string, n fhirIdentifier) {
	root, isOID := strings.CutPrefix(n.System, "urn:oid:")
	oid := segur.OID(root)
	if !isOID {
		oid = ""
	}
	value, types := strings.TrimSpace(n.Value), n.types()
	insType := slices.ContainsFunc(types, func(c string) bool { return c == "INS-C" || strings.HasPrefix(c, "INS-N") })
	switch {
	case value == "":
	case segur.IsFormerINSAuthority(oid), slices.Contains(types, "INS-C"):
		r.warn(path, "is an INS-C, which no longer identifies; left out")
	case segur.IsINSAuthority(oid):
		if !slices.Contains(types, insTypes[oid]) || slices.Contains(types, "NH") { // the number of a health insurance has the same system
			r.warn(path, "has the authority of an INS and not its type; left out")
			return
		}
		ins, ok := r.ins(path, value, oid)
		switch {
		case !ok:
		case n.Use == "old":
			r.old(ins)
		case n.Use == "official", n.Use == "temp", n.Use == "":
			if n.Use == "" {
				r.warn(path, "has no use: taken as the INS in force")
			}
			r.use(ins)
		default:
			r.warn(path, "is an INS of a use that is neither official nor old; left out")
		}
	case insType:
		r.warn(path, "is called an INS and has no OID of an INS authority; left out")
	case n.Use == "old":
		r.warn(path, "is a local number out of use; left out")
	case slices.Contains(types, "PI"), len(types) == 0:
		r.local(path, value, oid, clean(n.Assigner.Display))
	default:
		r.warn(path, "is of a type that is neither an INS nor a local number (PI); left out")
	}
}

func (r *reader) fhirNames(list []fhirName) {
	t := &r.out.Identity.Patient.Traits
	for i, n := range limited(list) {
		path := fmt.Sprintf("Patient.name[%d]", i)
		given := ""
		if len(n.Given) > 0 {
			given = clean(n.Given[0])
		}
		switch {
		case n.Use == "official" && t.BirthName != "":
			r.warn(path, "is a second official name; left out")
		case n.Use == "official":
			t.BirthName = clean(n.Family)
			all := ""
			for _, e := range n.Extension {
				if e.URL == extGivenNames {
					all = clean(e.String)
				}
			}
			if all == "" && len(n.Given) > 1 { // base FHIR
				all = clean(strings.Join(n.Given, " "))
			}
			r.givenNames(path, given, all)
		case n.Use == "usual" && t.UsedName == "" && t.UsedGivenName == "":
			t.UsedName, t.UsedGivenName = clean(n.Family), clean(strings.Join(n.Given, " "))
		default:
			r.warn(path, "is neither the official name nor the used one; left out")
		}
	}
}

func (r *reader) fhirReliability(in []fhirExtension) {
	const at = "Patient.extension(identityReliability)."
	out := &r.out.Identity.Reliability
	for _, e := range limited(in) {
		path := at + "comment"
		switch e.URL {
		case "identityStatus":
			for _, c := range e.codings() {
				s, ok := statusOf(c.Code)
				if !ok {
					r.warn(at+"identityStatus", "is none of the four statuses")
					continue
				}
				r.state(at+"identityStatus", s)
				if s == segur.Validated {
					r.deduce = r.deduce || strings.HasSuffix(c.System, "v2-0445")
					r.exact = r.exact || c.System == systemStatus
				}
			}
		case "comment":
			for _, c := range e.codings() {
				r.code(path, c.Code)
			}
		case "methodCollection":
			for _, c := range e.codings() {
				if isCode(c.Code) {
					out.Method = identity.Method(c.Code)
				}
			}
		case "validationMode":
			for _, c := range e.codings() {
				if isCode(c.Code) {
					out.ValidationMode = identity.DocumentCode(c.Code)
				}
			}
		case "dateCollection", "dateInterrogationINSi": // the second from FR Core 3.0 on
			out.CollectedAt = r.date(at+"dateCollection", e.date())
		case "validationDate":
			out.ValidatedAt = r.date(at+"validationDate", e.date())
		}
	}
}

// codings are the codes of an extension, whatever the type that a version of FR
// Core gives it.
func (e fhirExtension) codings() []fhirCoding {
	switch {
	case e.Coding != nil:
		return []fhirCoding{*e.Coding}
	case e.Concept != nil:
		return limited(e.Concept.Coding)
	case e.Code != "":
		return []fhirCoding{{Code: e.Code}}
	}
	return nil
}

func (e fhirExtension) date() string {
	if e.Date == "" && len(e.DateTime) >= 10 {
		return e.DateTime[:10]
	}
	return e.Date
}

func (r *reader) date(path, s string) segur.Date {
	d, err := segur.ParseDate(s)
	if err != nil {
		r.warn(path, "is not a date")
		return segur.Date{}
	}
	return d
}

func telecomOfFHIR(l fhirTelecom) (segur.Telecom, bool) {
	var t segur.Telecom
	switch l.Use {
	case "home":
		t.Use = "HP"
	case "work":
		t.Use = "WP"
	case "mobile":
		t.Use = "MC"
	case "old":
		return t, false
	}
	switch l.System {
	case "phone", "sms":
		return uri(t, "tel", l.Value)
	case "pager":
		t.Use = "PG"
		return uri(t, "tel", l.Value)
	case "fax":
		return uri(t, "fax", l.Value)
	case "email":
		return uri(t, "mailto", l.Value)
	case "url":
		scheme, rest, _ := strings.Cut(l.Value, ":")
		return uri(t, scheme, rest)
	}
	return segur.Telecom{}, false
}

// limited cuts what a foreign sender repeats.
func limited[T any](list []T) []T { return list[:min(len(list), maxRepeats)] }
