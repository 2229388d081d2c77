package dmp

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	opProfessionals = "dmp.professionals"

	actionProfessionals = "urn:si-dmp-habilitations:HabilitationsEndPoint:listAuthorizationByPatient"
)

// AuthorizationMode says which professionals to list, and in which list one
// is. Other values of an answer are kept as they come.
type AuthorizationMode string

// The lists.
const (
	// ActiveAuthorizations: those whom the patient authorised.
	ActiveAuthorizations AuthorizationMode = "ACTIVE"
	// BlockedProfessionals: those whom the patient blocked.
	BlockedProfessionals AuthorizationMode = "INTERDITE"
	// AllAuthorizations: both.
	AllAuthorizations AuthorizationMode = "TOUTE"
)

// ListedProfessional is one line of the list of a patient. Its printed forms
// are redacted.
type ListedProfessional struct {
	// ID is the national identifier, with its authority.
	ID segur.Identifier
	// FamilyName and GivenName are the names.
	FamilyName, GivenName string
	// Specialties are the specialties, without code system: the service names
	// none.
	Specialties []segur.Code
	// Since is when the authorisation began, LastAction the last act of the
	// professional. Zero: not said.
	Since, LastAction segur.Timestamp
	// Mode is the list that the professional is in.
	Mode AuthorizationMode
	// Rights are the specific rights, as the service writes them.
	Rights []string
}

// DeclaredGP reports whether the professional is the declared general
// practitioner.
func (l *ListedProfessional) DeclaredGP() bool { return slices.Contains(l.Rights, roleDeclaredGP) }

// String returns a redacted form.
func (l ListedProfessional) String() string { return "dmp.ListedProfessional{…}" }

// Format writes the redacted form whatever the verb.
func (l ListedProfessional) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(l.String())) }

// LogValue makes slog write the redacted form.
func (l ListedProfessional) LogValue() slog.Value { return slog.StringValue(l.String()) }

// Professionals lists the professionals whom a patient authorised or blocked
// (TD1.6).
func (c *Client) Professionals(ctx context.Context, patient segur.INS, mode AuthorizationMode) ([]ListedProfessional, error) {
	if err := c.allowed(opProfessionals, TD16); err != nil {
		return nil, err
	}
	var p segur.Problems
	switch mode {
	case ActiveAuthorizations, BlockedProfessionals, AllAuthorizations:
	default:
		p.Add("mode", "must be dmp.ActiveAuthorizations, dmp.BlockedProfessionals or dmp.AllAuthorizations")
	}
	p.Merge("", c.checkPatient(patient))
	if err := p.Err(opProfessionals); err != nil {
		return nil, err
	}
	body, err := element(nsHabilitations, "listAuthorizationByPatient", [2]string{"mode", string(mode)})
	if err != nil {
		return nil, err
	}
	f := c.failure(opProfessionals, patient)
	var out []ListedProfessional
	err = c.exchange(ctx, &f, patient, request{op: opProfessionals, service: serviceHabilitations, action: actionProfessionals, body: body, repeatSafe: true},
		func(payload *xmlr.Node) (err error) {
			f.keepNames(payload)
			out, err = listedProfessionals(payload)
			return err
		})
	return out, err
}

func listedProfessionals(payload *xmlr.Node) (out []ListedProfessional, err error) {
	output, _, err := readOutput(payload, nsHabilitations, "listAuthorizationByPatientResponse")
	if err != nil {
		return nil, err
	}
	for n := range output.Each(nsHabilitations, "listOfAuthorizationByPatient") {
		out = append(out, listedProfessional(n))
	}
	return out, nil
}

func listedProfessional(n *xmlr.Node) ListedProfessional {
	l := ListedProfessional{
		ID:         segur.Identifier{Root: segur.OID(text(n, "nationalIdType")), Extension: text(n, "nationalId")},
		FamilyName: text(n, "lastName"), GivenName: text(n, "firstName"),
		Since: instant(text(n, "startOfAuthorization")), LastAction: instant(text(n, "lastActionDate")),
		Mode: AuthorizationMode(text(n, "mode")), Rights: values(n, "specificRight"),
	}
	codes, labels := values(n, "codeSpeciality"), values(n, "libSpeciality")
	for i, code := range codes {
		s := segur.Code{Code: code}
		if len(labels) == len(codes) { // else which is whose cannot be told
			s.Display = labels[i]
		}
		l.Specialties = append(l.Specialties, s)
	}
	return l
}
