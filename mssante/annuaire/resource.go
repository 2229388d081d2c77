package annuaire

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Type is a type of resource of the directory.
type Type string

// The types of resources that the directory publishes.
const (
	TypePractitioner      Type = "Practitioner"
	TypeRole              Type = "PractitionerRole"
	TypeOrganization      Type = "Organization"
	TypeHealthcareService Type = "HealthcareService"
	TypeDevice            Type = "Device"
)

// Types lists them, in the order in which a copy is filled.
func Types() []Type {
	return []Type{TypeOrganization, TypePractitioner, TypeRole, TypeHealthcareService, TypeDevice}
}

func (t Type) known() bool {
	switch t {
	case TypePractitioner, TypeRole, TypeOrganization, TypeHealthcareService, TypeDevice:
		return true
	}
	return false
}

// Resource is one resource of an answer: exactly one of the pointers is set.
type Resource struct {
	// Type is the type; OperationOutcome for an Outcome.
	Type Type
	// ID is the technical identifier, the target of references. The service
	// changes it from one version to the next: keep it for one copy only.
	ID string
	// Included says that it came beside what matches the search.
	Included bool
	// Active is false for what left the directory; it then has little more
	// than its identifiers.
	Active bool
	// Updated is the time of the last change in the directory. Zero: not said.
	Updated time.Time
	// Subset says that elements are left out (_elements).
	Subset bool

	Practitioner      *Practitioner
	Role              *Role
	Organization      *Organization
	HealthcareService *HealthcareService
	Device            *Device
	// Outcome is a remark on the search that the answer holds beside results.
	Outcome *Outcome

	// Raw is the resource as it came.
	Raw json.RawMessage
}

// Reference is how other resources name this one: "Organization/123".
func (r *Resource) Reference() string { return string(r.Type) + "/" + r.ID }

// Coding is a code of a FHIR code system, with its canonical URL.
type Coding struct{ System, Code, Display string }

// Identifier is an identifier as the directory gives it. Type is the code of
// the French identifier types: IDNPS, RPPS, IDNST, FINEG, FINEJ...
type Identifier struct{ System, Type, Value string }

// Decoder reads resources kept as JSON: those of a [Store], of a file.
type Decoder struct {
	// UntypedMailboxes is that of [Config].
	UntypedMailboxes bool
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)

// Decode reads one resource. The error never quotes it.
func (d Decoder) Decode(raw json.RawMessage) (*Resource, error) {
	fields, err := object(raw)
	if err != nil {
		return nil, err
	}
	var head struct {
		ResourceType Type   `json:"resourceType"`
		ID           string `json:"id"`
		Active       *bool  `json:"active"`
		Status       string `json:"status"`
		Meta         struct {
			LastUpdated string   `json:"lastUpdated"`
			Tag         []Coding `json:"tag"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(raw, &head); err != nil || head.ResourceType == "" {
		return nil, protocol("an entry of the answer is no FHIR resource")
	}
	r := &Resource{Type: head.ResourceType, ID: head.ID, Active: head.Active == nil || *head.Active, Raw: raw}
	if o, ok := readOutcome(raw); ok {
		r.Outcome = o
		return r, nil
	}
	if r.ID != "" && !idForm.MatchString(r.ID) {
		return nil, protocol("a resource of the answer has an identifier that is not one of FHIR")
	}
	if head.Meta.LastUpdated != "" {
		if r.Updated, err = time.Parse(time.RFC3339Nano, head.Meta.LastUpdated); err != nil {
			return nil, protocol("a resource of the answer has a date of change that is not one")
		}
	}
	for _, t := range head.Meta.Tag {
		r.Subset = r.Subset || t.Code == "SUBSETTED"
	}
	switch r.Type {
	case TypePractitioner:
		r.Practitioner, err = d.practitioner(fields, r)
	case TypeRole:
		r.Role, err = d.role(fields, r)
	case TypeOrganization:
		r.Organization, err = d.organization(fields, r)
	case TypeHealthcareService:
		r.HealthcareService, err = d.service(fields, r)
	case TypeDevice:
		r.Active = head.Status != "inactive" && head.Status != "entered-in-error"
		r.Device, err = d.device(fields, r)
	default:
		return nil, protocol("the answer holds a type of resource that the directory does not publish")
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// object splits a resource into its elements.
func object(raw []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&fields); err != nil || fields == nil || d.More() {
		return nil, protocol("the answer is not a FHIR resource")
	}
	return fields, nil
}

// model reads elements into a model of samply. The meta element is left out:
// live answers write versionId as a number, which the models refuse.
func model(fields map[string]json.RawMessage, out any) error {
	meta, had := fields["meta"]
	delete(fields, "meta")
	b, err := json.Marshal(fields)
	if had {
		fields["meta"] = meta
	}
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil { // its text may quote the answer
		return protocol("a FHIR resource has an element of the wrong type")
	}
	return nil
}

// reference is "Type/id" whatever the form of a reference: relative, absolute
// or to a version. Empty when it is none of these.
func reference(r *fhir.Reference) string {
	if r == nil {
		return ""
	}
	s, _, _ := strings.Cut(text(r.Reference), "/_history/")
	parts := strings.Split(s, "/")
	if n := len(parts); n >= 2 && Type(parts[n-2]).known() && idForm.MatchString(parts[n-1]) {
		return parts[n-2] + "/" + parts[n-1]
	}
	return ""
}

func codings(concepts ...fhir.CodeableConcept) []Coding {
	var out []Coding
	for _, c := range concepts {
		for _, k := range c.Coding {
			out = append(out, Coding{text(k.System), text(k.Code), text(k.Display)})
		}
	}
	return out
}

// code is the first code of a terminology (TRE_R02, JDV_J132...), whatever the
// form of the rest of its URL.
func code(list []Coding, terminology string) Coding {
	for _, c := range list {
		if strings.Contains(c.System, terminology+"-") {
			return c
		}
	}
	return Coding{}
}

func identifiers(list []fhir.Identifier) []Identifier {
	var out []Identifier
	for _, i := range list {
		id := Identifier{System: text(i.System), Value: strings.TrimSpace(text(i.Value))}
		if i.Type != nil && len(i.Type.Coding) > 0 {
			id.Type = text(i.Type.Coding[0].Code)
		}
		if id.Value != "" {
			out = append(out, id)
		}
	}
	return out
}

func value(list []Identifier, system, kind string) string {
	for _, i := range list {
		if (system == "" || i.System == system) && (kind == "" || i.Type == kind) {
			return i.Value
		}
	}
	return ""
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
