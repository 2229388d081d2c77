package interop

import (
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/segur-sdk/segur"
)

// FRCoreVersion is a version of the FR Core implementation guide of HL7 France.
type FRCoreVersion uint8

// The versions that resources can be written for.
const (
	// FRCore21 is FR Core 2.1.0: identityStatus is PROV or VALI.
	FRCore21 FRCoreVersion = iota + 1
	// FRCore22 is FR Core 2.2.0: identityStatus is one of the four statuses.
	FRCore22
)

// Canonical URLs of FR Core and of the code systems that it uses.
const (
	frCore             = "https://hl7.fr/ig/fhir/core/"
	profileINS         = frCore + "StructureDefinition/fr-core-patient-ins"
	extReliability     = frCore + "StructureDefinition/fr-core-identity-reliability"
	extGivenNames      = frCore + "StructureDefinition/fr-core-patient-birth-list-given-name"
	extINSEE           = frCore + "StructureDefinition/fr-core-address-insee-code"
	extBirthPlace      = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
	systemIdentifiers  = frCore + "CodeSystem/fr-core-cs-v2-0203"
	systemReliability  = frCore + "CodeSystem/fr-core-cs-v2-0445" // 2.1, status and comments
	systemStatus       = frCore + "CodeSystem/fr-core-cs-identity-status"
	systemComments     = frCore + "CodeSystem/fr-core-cs-identity-status-comment"
	systemMethods      = frCore + "CodeSystem/fr-core-cs-method-collection"
	systemModes        = frCore + "CodeSystem/fr-core-cs-mode-validation-identity"
	systemCommunes     = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
	systemCountries    = "https://mos.esante.gouv.fr/NOS/TRE_R20-Pays/FHIR/TRE-R20-Pays"
	systemIdentifiers0 = "http://terminology.hl7.org/CodeSystem/v2-0203"
)

// insTypes are the identifier types of the INS.
var insTypes = map[segur.OID]string{
	segur.OIDINSNIR: "INS-NIR", segur.OIDINSNIA: "INS-NIA", segur.OIDINSNIRTest: "INS-NIR-TEST", segur.OIDINSNIRDemo: "INS-NIR-DEMO",
}

// FHIRPatient writes the Patient resource of FHIR R4 as FR Core has it. A
// qualified identity claims the profile fr-core-patient-ins in meta.profile; any
// other claims none and holds no INS. The resource has neither id nor narrative:
// they are the caller's. Telecoms of schemes other than tel, fax and mailto
// become "url".
func (c *Codec) FHIRPatient(id Identity) (*fhir.Patient, error) {
	id, err := c.gate("interop.FHIRPatient", id)
	if err != nil {
		return nil, err
	}
	p, t := &id.Patient, &id.Patient.Traits
	out := &fhir.Patient{Extension: []fhir.Extension{c.reliability(id)}}
	if ins, ok := p.QualifiedINS(); ok {
		out.Meta = &fhir.Meta{Profile: []string{profileINS}}
		use := fhir.IdentifierUseOfficial
		if ins.Authority() == segur.OIDINSNIA {
			use = fhir.IdentifierUseTemp
		}
		out.Identifier = append(out.Identifier, insIdentifier(ins, use))
		for _, h := range id.History {
			out.Identifier = append(out.Identifier, insIdentifier(h, fhir.IdentifierUseOld))
		}
	}
	for _, l := range p.LocalIDs {
		i := identifier(systemIdentifiers0, "PI", fhir.IdentifierUseUsual, l.Root, l.Extension)
		if l.Assigner != "" {
			i.Assigner = &fhir.Reference{Display: &l.Assigner}
		}
		out.Identifier = append(out.Identifier, i)
	}
	official := fhir.HumanName{Use: ptr(fhir.NameUseOfficial), Family: &t.BirthName, Given: []string{t.FirstGivenName}}
	if t.GivenNames != "" {
		official.Extension = []fhir.Extension{{Url: extGivenNames, ValueString: &t.GivenNames}}
	}
	out.Name = []fhir.HumanName{official}
	if t.UsedName != "" || t.UsedGivenName != "" {
		usual := fhir.HumanName{Use: ptr(fhir.NameUseUsual), Family: opt(t.UsedName)}
		if t.UsedGivenName != "" {
			usual.Given = []string{t.UsedGivenName}
		}
		out.Name = append(out.Name, usual)
	}
	for _, l := range p.Telecoms {
		out.Telecom = append(out.Telecom, contactPoint(l))
	}
	switch t.Sex {
	case segur.Female:
		out.Gender = ptr(fhir.AdministrativeGenderFemale)
	case segur.Male:
		out.Gender = ptr(fhir.AdministrativeGenderMale)
	default:
		out.Gender = ptr(fhir.AdministrativeGenderUnknown)
	}
	out.BirthDate = opt(fhirDate(t.BirthDate))
	if a := p.Address; !a.IsZero() {
		out.Address = []fhir.Address{{Use: ptr(fhir.AddressUseHome), Line: a.Lines, City: opt(a.City), PostalCode: opt(a.PostalCode), Country: opt(a.Country)}}
	}
	if t.BirthPlace != "" || id.BirthPlaceName != "" {
		a := &fhir.Address{City: opt(id.BirthPlaceName)}
		if t.BirthPlace != "" {
			a.Extension = []fhir.Extension{{Url: extINSEE, ValueCoding: coding(placeSystem(t.BirthPlace), t.BirthPlace)}}
		}
		out.Extension = append(out.Extension, fhir.Extension{Url: extBirthPlace, ValueAddress: a})
	}
	return out, nil
}

// reliability writes the extension fr-core-identity-reliability.
func (c *Codec) reliability(id Identity) fhir.Extension {
	r := id.Reliability
	status := coding(systemStatus, r.Status.String())
	if c.cfg.FRCore == FRCore21 {
		status = coding(systemReliability, technical(r.Status))
	}
	var in []fhir.Extension
	if r.Method != "" {
		in = append(in, fhir.Extension{Url: "methodCollection", ValueCoding: coding(systemMethods, string(r.Method))})
	}
	if d := fhirDate(r.CollectedAt); d != "" {
		in = append(in, fhir.Extension{Url: "dateCollection", ValueDate: &d})
	}
	in = append(in, fhir.Extension{Url: "identityStatus", ValueCoding: status})
	for _, code := range c.attributeCodes(r.Attributes) {
		e := fhir.Extension{Url: "comment"}
		if c.cfg.FRCore == FRCore21 {
			e.ValueCoding = coding(systemReliability, code)
		} else {
			e.ValueCodeableConcept = &fhir.CodeableConcept{Coding: []fhir.Coding{*coding(systemComments, code)}}
		}
		in = append(in, e)
	}
	if d := fhirDate(r.ValidatedAt); d != "" {
		in = append(in, fhir.Extension{Url: "validationDate", ValueDate: &d})
	}
	if r.ValidationMode != "" {
		in = append(in, fhir.Extension{Url: "validationMode", ValueCoding: coding(systemModes, string(r.ValidationMode))})
	}
	return fhir.Extension{Url: extReliability, Extension: in}
}

func insIdentifier(ins segur.INS, use fhir.IdentifierUse) fhir.Identifier {
	return identifier(systemIdentifiers, insTypes[ins.Authority()], use, ins.Authority(), ins.Matricule())
}

func identifier(types, kind string, use fhir.IdentifierUse, root segur.OID, value string) fhir.Identifier {
	return fhir.Identifier{Use: &use, Type: &fhir.CodeableConcept{Coding: []fhir.Coding{*coding(types, kind)}}, System: ptr(root.URN()), Value: &value}
}

func coding(system, code string) *fhir.Coding { return &fhir.Coding{System: &system, Code: &code} }

// placeSystem is the code system of a COG code: a commune, or a country.
func placeSystem(cog string) string {
	if strings.HasPrefix(cog, "99") && cog != segur.BirthplaceUnknown {
		return systemCountries
	}
	return systemCommunes
}

// fhirDate writes a date down to what is known; "" for the zero Date.
func fhirDate(d segur.Date) string {
	switch {
	case d.IsZero():
		return ""
	case d.Month == 0:
		return d.ISO()[:4]
	case d.Day == 0:
		return d.ISO()[:7]
	}
	return d.ISO()
}

func contactPoint(t segur.Telecom) fhir.ContactPoint {
	scheme, rest, _ := strings.Cut(t.Value, ":")
	out := fhir.ContactPoint{Value: &rest}
	switch scheme {
	case "tel":
		out.System = ptr(fhir.ContactPointSystemPhone)
		if t.Use == "PG" {
			out.System = ptr(fhir.ContactPointSystemPager)
		}
	case "fax":
		out.System = ptr(fhir.ContactPointSystemFax)
	case "mailto":
		out.System = ptr(fhir.ContactPointSystemEmail)
	default:
		out.System, out.Value = ptr(fhir.ContactPointSystemUrl), &t.Value
	}
	switch t.Use {
	case "H", "HP", "HV":
		out.Use = ptr(fhir.ContactPointUseHome)
	case "WP", "DIR", "PUB":
		out.Use = ptr(fhir.ContactPointUseWork)
	case "MC":
		out.Use = ptr(fhir.ContactPointUseMobile)
	}
	return out
}

func ptr[T any](v T) *T { return &v }

// opt is nil for an empty text: FHIR has no empty values.
func opt(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
