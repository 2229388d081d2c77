package dmp

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const opAdministrative = "dmp.administrativeData"

// AdministrativeData is what the record knows of a patient (TD1.3a). It is
// shown where the function is asked for, and never corrects the local identity
// (RG_0320). Its printed forms are redacted.
type AdministrativeData struct {
	// Status is what TD0.2 tells. When there is no record nothing else is set.
	Status RecordStatus
	// INS are the numbers of the patient, OtherIDs what is no INS (INS-C).
	INS      []segur.INS
	OtherIDs []segur.Identifier
	// Traits is the identity that the record holds.
	Traits segur.Traits
	// Civility is the title, BirthPlaceName the name of the place of birth.
	Civility, BirthPlaceName string
	// Deceased: nil when it is not said, here and below.
	Deceased *bool
	// Address and Telecoms are the contact.
	Address  segur.Address
	Telecoms []segur.Telecom
	// Representatives are the legal representatives.
	Representatives []LegalRepresentative
	// OpposesBreakGlass and OpposesRegulation are the oppositions to the
	// accesses bris_de_glace and centre_15.
	OpposesBreakGlass, OpposesRegulation *bool
	// Observations is all that the record observes, codes that are not known
	// here included.
	Observations []Observation
}

// String returns a redacted form.
func (d AdministrativeData) String() string {
	return fmt.Sprintf("dmp.AdministrativeData{Exists: %t}", d.Status.Exists)
}

// Format writes the redacted form whatever the verb.
func (d AdministrativeData) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue makes slog write the redacted form.
func (d AdministrativeData) LogValue() slog.Value { return slog.StringValue(d.String()) }

// LegalRepresentative is a person who represents the patient. Its printed
// forms are redacted.
type LegalRepresentative struct {
	// Relation is a code of HL7 RoleCode, such as FTH.
	Relation segur.Code
	// FamilyName and GivenName are the names, Civility the title.
	FamilyName, GivenName, Civility string
	// Address and Telecoms are the contact.
	Address  segur.Address
	Telecoms []segur.Telecom
}

// String returns a redacted form.
func (r LegalRepresentative) String() string { return "dmp.LegalRepresentative{…}" }

// Format writes the redacted form whatever the verb.
func (r LegalRepresentative) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r LegalRepresentative) LogValue() slog.Value { return slog.StringValue(r.String()) }

// AdministrativeData reads the administrative data of a record (TD1.3a): the
// contact, the representatives, the oppositions to the accesses in emergency.
// It is open to every mode. No record is an answer, not an error.
func (c *Client) AdministrativeData(ctx context.Context, patient segur.INS) (*AdministrativeData, error) {
	var out *AdministrativeData
	err := c.identityQuery(ctx, opAdministrative, TD13a, patient, actAdministrative, func(a *hl7Answer, p *xmlr.Node) {
		out = administrativeData(p)
		out.Status = *recordStatus(a, p)
	})
	return out, err
}

func administrativeData(patient *xmlr.Node) *AdministrativeData {
	d := &AdministrativeData{}
	if patient == nil {
		return d
	}
	d.INS, d.OtherIDs = identifiers(patientIDs(patient))
	p := patient.Child(nsHL7, "patientPerson")
	d.Traits, d.Civility, d.BirthPlaceName = person(p)
	d.Deceased = boolean(p.Child(nsHL7, "deceasedInd"))
	d.Address, d.Telecoms = contact(patient, p)
	for r := range patient.Walk() {
		if r.Is(nsHL7, "personalRelationship") {
			d.Representatives = append(d.Representatives, representative(r))
		}
	}
	d.Observations = observations(patient)
	d.OpposesBreakGlass = observed(d.Observations, "OPPOSITION_BRIS_DE_GLACE")
	d.OpposesRegulation = observed(d.Observations, "OPPOSITION_ACCES_URGENCE")
	return d
}

// contact reads an address and telecoms of the person, or else of the role.
func contact(role, person *xmlr.Node) (segur.Address, []segur.Telecom) {
	a, t := address(person.Child(nsHL7, "addr")), telecoms(person)
	if a.IsZero() {
		a = address(role.Child(nsHL7, "addr"))
	}
	if len(t) == 0 {
		t = telecoms(role)
	}
	return a, t
}

func representative(r *xmlr.Node) LegalRepresentative {
	out := LegalRepresentative{Relation: coded(r.Child(nsHL7, "code"))}
	var holder *xmlr.Node
	for n := range r.Walk() {
		if n.Child(nsHL7, "name") != nil {
			holder = n
			break
		}
	}
	t, civility := personName(holder)
	out.FamilyName, out.GivenName, out.Civility = first(t.UsedName, t.BirthName), first(t.FirstGivenName, t.GivenNames), civility
	out.Address, out.Telecoms = contact(r, holder)
	return out
}
