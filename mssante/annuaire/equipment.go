package annuaire

import (
	"encoding/json"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// HealthcareService is a regulated activity of a structure.
type HealthcareService struct {
	// ID is the technical identifier; see [Resource].
	ID string
	// Identifiers are those of the authorisation (ARHGOS).
	Identifiers []Identifier
	// Organization is the reference of the structure.
	Organization string
	// Categories, Types and Characteristics are the codes of the modality
	// (JDV_J132), of the activity (JDV_J133) and of its form (JDV_J134).
	Categories, Types, Characteristics []Coding
	// Active is false for an activity that ended.
	Active bool
	// FHIR is the HealthcareService resource, without its meta element.
	FHIR *fhir.HealthcareService
	// Raw is the HealthcareService resource as it came.
	Raw json.RawMessage
}

func (d Decoder) service(fields map[string]json.RawMessage, r *Resource) (*HealthcareService, error) {
	var m fhir.HealthcareService
	if err := model(fields, &m); err != nil {
		return nil, err
	}
	return &HealthcareService{
		ID: r.ID, Active: r.Active, FHIR: &m, Raw: r.Raw, Identifiers: identifiers(m.Identifier),
		Organization: reference(m.ProvidedBy),
		Categories:   codings(m.Category...), Types: codings(m.Type...), Characteristics: codings(m.Characteristic...),
	}, nil
}

// Device is a heavy equipment of a structure: a scanner, an MRI.
type Device struct {
	// ID is the technical identifier; see [Resource].
	ID string
	// Identifiers are those of the authorisation (ARHGOS).
	Identifiers []Identifier
	// Organization is the reference of the structure.
	Organization string
	// Types are the codes of the equipment (TRE_R272).
	Types []Coding
	// Manufacturer and Model name it. Optional.
	Manufacturer, Model string
	// Active is false for an equipment that is not in use any more.
	Active bool
	// FHIR is the Device resource, without its meta element.
	FHIR *fhir.Device
	// Raw is the Device resource as it came.
	Raw json.RawMessage
}

func (d Decoder) device(fields map[string]json.RawMessage, r *Resource) (*Device, error) {
	var m fhir.Device
	if err := model(fields, &m); err != nil {
		return nil, err
	}
	out := &Device{
		ID: r.ID, Active: r.Active, FHIR: &m, Raw: r.Raw, Identifiers: identifiers(m.Identifier),
		Organization: reference(m.Owner), Manufacturer: text(m.Manufacturer), Model: text(m.ModelNumber),
	}
	if m.Type != nil {
		out.Types = codings(*m.Type)
	}
	if out.Model == "" && len(m.DeviceName) > 0 {
		out.Model = m.DeviceName[0].Name
	}
	return out, nil
}
