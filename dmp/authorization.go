package dmp

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const (
	opAuthorize = "dmp.authorize"
	opRevoke    = "dmp.revoke"

	actionAuthorization = "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization"

	roleDeclaredGP = "MEDECIN_TRAITANT"
)

// ConsentAct is how the user told the software that the patient consents.
type ConsentAct string

// The acts that are explicit: an authorisation is never added by itself
// (EX_0.3-1010).
const (
	// ConsentDialog: the user answered a dialog box.
	ConsentDialog ConsentAct = "dialog"
	// ConsentCheckBox: the user ticked a box made for it.
	ConsentCheckBox ConsentAct = "checkbox"
	// ConsentRequest: the user asked for the authorisation as such.
	ConsentRequest ConsentAct = "request"
)

// Consent records that the patient consents to the consultation of the record,
// as the user stated it by an explicit act. The software keeps it.
type Consent struct {
	// Act is the act of the user. Required.
	Act ConsentAct
	// At is when. Required, and not in the future.
	At time.Time
}

// clockSkew is how far apart two clocks may be: they are synchronised once a
// day at least (PRE_TPS).
const clockSkew = 5 * time.Minute

func (c *Consent) check(p *segur.Problems, now time.Time) {
	switch c.Act {
	case ConsentDialog, ConsentCheckBox, ConsentRequest:
	case "":
		p.Add("consent.act", "is required: the explicit act by which the user stated the consent of the patient (EX_0.3-1010)")
	default:
		p.Add("consent.act", "unknown: use dmp.ConsentDialog, dmp.ConsentCheckBox or dmp.ConsentRequest")
	}
	switch {
	case c.At.IsZero():
		p.Add("consent.at", "is required: when the consent was stated")
	case c.At.After(now.Add(clockSkew)):
		p.Add("consent.at", "is in the future")
	}
}

// AuthorizeOptions says what [Client.Authorize] adds.
type AuthorizeOptions struct {
	// Consent is what the patient consented to. Required.
	Consent Consent
	// DeclaredGP declares the user as the general practitioner of the patient
	// in the record. What the service makes of it is not public.
	DeclaredGP bool
}

// RevokeOptions says what [Client.Revoke] removes.
type RevokeOptions struct {
	// DeclaredGP removes the status of declared general practitioner instead of
	// the authorisation. Open to who has it.
	DeclaredGP bool
}

// AuthorizationChange is what the record answers to a change of authorisation.
type AuthorizationChange struct {
	// Status is the status of the service, "DMPOk".
	Status string
	// Context is its text for people, such as "authorisation already present".
	// It may name the patient: the printed forms are redacted.
	Context string
}

// String returns a redacted form.
func (a AuthorizationChange) String() string { return "dmp.AuthorizationChange{…}" }

// Format writes the redacted form whatever the verb.
func (a AuthorizationChange) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue makes slog write the redacted form.
func (a AuthorizationChange) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Authorize adds the authorisation of the user to consult the record of a
// patient, of the structure where the user is no professional (TD0.3). It
// follows an act of the user, never a test that failed. Adding one that is
// there already is a success.
func (c *Client) Authorize(ctx context.Context, patient segur.INS, o AuthorizeOptions) (*AuthorizationChange, error) {
	if err := c.allowed(opAuthorize, TD03Add); err != nil {
		return nil, err
	}
	var p segur.Problems
	o.Consent.check(&p, c.cfg.now())
	p.Merge("", c.checkPatient(patient))
	if err := p.Err(opAuthorize); err != nil {
		return nil, err
	}
	return c.setAuthorization(ctx, opAuthorize, patient, "AJOUT", o.DeclaredGP)
}

// Revoke removes the authorisation of the user (TD0.3). Removing one that is
// not there is a success. The status of declared general practitioner is not
// removed twice: when the answer is lost the error is
// [segur.ErrOutcomeUnknown], and [Client.Existence] tells.
func (c *Client) Revoke(ctx context.Context, patient segur.INS, o RevokeOptions) (*AuthorizationChange, error) {
	t := TD03Remove
	if o.DeclaredGP {
		t = TD03RemoveGP
	}
	if err := c.allowed(opRevoke, t); err != nil {
		return nil, err
	}
	return c.setAuthorization(ctx, opRevoke, patient, "SUPPRESSION", o.DeclaredGP)
}

func (c *Client) setAuthorization(ctx context.Context, op string, patient segur.INS, action string, declaredGP bool) (*AuthorizationChange, error) {
	f := c.failure(op, patient)
	if err := c.checkPatient(patient); err != nil {
		return nil, f.typed(err)
	}
	role := ""
	if declaredGP {
		role = roleDeclaredGP
	}
	body, err := element(nsHabilitations, "setAuthorization", [2]string{"action", action}, [2]string{"role", role})
	if err != nil {
		return nil, f.typed(err)
	}
	var out *AuthorizationChange
	// The service makes the same of two requests as of one; but who has lost the
	// role may no longer remove it.
	repeatSafe := action == "AJOUT" || !declaredGP
	err = c.exchange(ctx, &f, patient, request{op: op, service: serviceHabilitations, action: actionAuthorization, body: body, repeatSafe: repeatSafe},
		func(payload *xmlr.Node) error {
			_, context, err := readOutput(payload, nsHabilitations, "setAuthorizationResponse")
			if err == nil {
				out = &AuthorizationChange{Status: statusOk, Context: context}
			}
			return err
		})
	return out, err
}
