package dmp

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

const (
	opExistence = "dmp.existence"

	servicePatients = "/patients"
	actionIdentity  = nsHL7 + ":" + interactionIdentity
)

// RecordState is the state of a record. Other values than the constants are
// those of the service, as it wrote them.
type RecordState string

// The states.
const (
	RecordActive RecordState = "active"
	RecordClosed RecordState = "terminated"
)

// AuthorizationStatus is the authorisation of the user to consult a record.
// Only [AuthorizationValid] is known from a public source; every other code is
// kept as it comes and lets nothing.
type AuthorizationStatus string

// AuthorizationValid lets the user consult the record.
const AuthorizationValid AuthorizationStatus = "VALIDE"

// Valid reports whether the user may consult.
func (s AuthorizationStatus) Valid() bool { return s == AuthorizationValid }

// RecordStatus is what the record says of itself and of the user (TD0.2). It
// holds no identity: the one of the record is neither shown nor used to correct
// the local one (RG_0320). Its printed forms are short.
type RecordStatus struct {
	// Exists: the patient has a record. When false, nothing else is set but
	// what concerns the user.
	Exists bool
	// State is its state; empty when the service does not say.
	State RecordState
	// Closing is why and when it was closed; nil when it is not said.
	Closing *RecordClosing
	// Authorization is that of the user; empty when the service does not say.
	// A regulation centre does not test it.
	Authorization AuthorizationStatus
	// DeclaredGP: the user is the declared general practitioner of the patient
	// in the record ("médecin traitant DMP"). nil: not said, here and below.
	DeclaredGP *bool
	// WebAccount: the patient has an account on the web.
	WebAccount *bool
	// AttachedToENS: the record is attached to Mon espace santé.
	AttachedToENS *bool
}

// String returns a redacted form.
func (s RecordStatus) String() string {
	return fmt.Sprintf("dmp.RecordStatus{Exists: %t, Active: %t, Authorized: %t}", s.Exists, s.Active(), s.Authorization.Valid())
}

// Format writes the redacted form whatever the verb.
func (s RecordStatus) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s RecordStatus) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Active reports whether there is a record that can be fed.
func (s *RecordStatus) Active() bool { return s.Exists && s.State == RecordActive }

// RecordClosing is the end of a record.
type RecordClosing struct {
	// At is when.
	At segur.Timestamp
	// Motive is a code of 1.2.250.1.213.4.1.2.4, such as FERMETURE_DEMANDE_PATIENT.
	Motive segur.Code
	// Reason is a free text of whoever closed the record: it may hold anything,
	// and the printed forms are redacted.
	Reason string
}

// String returns a redacted form.
func (c RecordClosing) String() string { return "dmp.RecordClosing{…}" }

// Format writes the redacted form whatever the verb.
func (c RecordClosing) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c RecordClosing) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Existence asks whether the patient has a record, its state, and the
// authorisation of the user (TD0.2). It is open to every mode. No record is an
// answer, not an error.
//
// The error is [segur.ErrConflict] when the record answers under numbers of
// which none is the one that was asked for: the identity is to be verified
// with INSi.
func (c *Client) Existence(ctx context.Context, patient segur.INS) (*RecordStatus, error) {
	var out *RecordStatus
	err := c.identityQuery(ctx, opExistence, TD02, patient, actExistence, func(a *hl7Answer, p *xmlr.Node) {
		out = recordStatus(a, p)
	})
	return out, err
}

// Acts of management of a record (1.2.250.1.213.1.1.4.11).
var (
	actExistence      = segur.Code{Code: "TEST_EXST", System: systemAct, Display: "Test d'existence de dossier"}
	actAdministrative = segur.Code{Code: "CNSLT_DATA", System: systemAct, Display: "Consultation des données de gestion de dossier"}
)

// identityQuery sends the query that TD0.2 and TD1.3a share; read gets the
// patient of the answer, nil when there is no record.
func (c *Client) identityQuery(ctx context.Context, op string, t Transaction, patient segur.INS, act segur.Code, read func(*hl7Answer, *xmlr.Node)) error {
	if err := c.allowed(op, t); err != nil {
		return err
	}
	f := c.failure(op, patient)
	if err := c.checkPatient(patient); err != nil {
		return f.typed(err)
	}
	q := hl7Request{interaction: interactionIdentity, attention: true,
		act: func(w *xmlw.Writer) {
			w.Elem("reasonCode", "", "code", act.Code, "codeSystem", string(act.System), "displayName", act.Display)
		},
		parameters: func(w *xmlw.Writer) {
			w.Elem("dataSource", "", "xsi:nil", "true")
			w.Start("patientIdentifier")
			w.Elem("value", "", "root", string(patient.Authority()), "extension", patient.Matricule())
			w.Elem("semanticsText", "Patient.id")
			w.End()
		}}
	body, err := q.encode(&c.cfg)
	if err != nil {
		return f.typed(err)
	}
	return c.exchange(ctx, &f, patient, request{op: op, service: servicePatients, action: actionIdentity, body: body, repeatSafe: true},
		func(payload *xmlr.Node) error {
			f.keepNames(payload)
			a, err := q.readHL7(payload, interactionFound)
			if err != nil {
				return err
			}
			p, err := onePatient(a, patient)
			if err != nil {
				return err
			}
			read(a, p)
			return nil
		})
}

// exchange sends one request and has its answer read.
func (c *Client) exchange(ctx context.Context, f *failure, patient segur.INS, r request, read func(*xmlr.Node) error) error {
	cred, err := c.cfg.signer(ctx, f.op)
	if err != nil {
		return err
	}
	answer, err := c.send(ctx, f, cred, patient, r)
	if err != nil {
		return err
	}
	defer answer.Close()
	err = answer.Finish()
	if err == nil {
		err = read(answer.Payload)
	}
	if err != nil {
		return answer.Fail(f.typed(err))
	}
	return nil
}

// onePatient is the patient of an answer: one who bears the number that was
// asked for, or no INS at all where the answer is bound to the request; or
// nobody.
func onePatient(a *hl7Answer, asked segur.INS) (*xmlr.Node, error) {
	list := a.subjects()
	unbound := protocol("the answer names neither the patient nor the request")
	switch {
	case a.found != (len(list) > 0):
		return nil, protocol("the answer contradicts itself on whether there is a record")
	case !a.found && !a.named:
		return nil, unbound
	case !a.found:
		return nil, nil //nolint:nilnil // nobody, and nothing wrong
	case len(list) > 1:
		return nil, protocol("the answer holds several patients")
	}
	ids := patientIDs(list[0])
	ins, _ := identifiers(ids)
	// A number that cannot be read is that of somebody all the same.
	claimed := slices.ContainsFunc(ids, func(id segur.Identifier) bool { return segur.IsINSAuthority(id.Root) })
	switch {
	case !claimed && !a.named:
		return nil, unbound
	case claimed && !slices.Contains(ins, asked):
		return nil, &segur.Error{Kind: segur.KindConflict,
			Message: "the record answers under another INS than the one that was asked for",
			Help: segur.Text{
				FR: "Le DMP répond sous une autre INS que celle qui a été demandée : l'INS du patient a pu changer. Vérifier l'identité auprès d'INSi avant toute autre action.",
				EN: "The record answers under another INS than the one that was asked for: the INS of the patient may have changed. Have the identity verified by INSi before anything else."}}
	}
	return list[0], nil
}

func recordStatus(a *hl7Answer, patient *xmlr.Node) *RecordStatus {
	s := &RecordStatus{Exists: patient != nil,
		Authorization: AuthorizationStatus(strings.TrimSpace(a.lines["AUTORISATION"].Attr("code"))), DeclaredGP: boolean(a.lines["STATUT_MT"])}
	if patient == nil {
		return s
	}
	list := observations(patient)
	s.State = RecordState(strings.TrimSpace(patient.Child(nsHL7, "statusCode").Attr("code")))
	s.WebAccount, s.AttachedToENS = observed(list, "COMPTE_INTERNET_OUVERT"), observed(list, "RATTACHEMENT_ENS")
	s.Closing = closing(a, patient)
	return s
}

// closing looks for the closing data where a request to close has them, and
// among the observations: their place in an answer is not public.
func closing(a *hl7Answer, patient *xmlr.Node) *RecordClosing {
	for n := range a.act.Walk() {
		event := n.Is(nsHL7, "detectedIssueEvent")
		if !event && !n.Is(nsHL7, "administrativeObservation") {
			continue
		}
		motive := coded(n.Child(nsHL7, "code"))
		if motive.System != systemClosing && !(event && motive.System == "") {
			continue
		}
		if !event && !patient.Contains(n) {
			continue
		}
		out := &RecordClosing{Motive: motive, Reason: stated(n.Child(nsHL7, "text").DeepText())}
		for _, path := range []string{"effectiveTime", "effectiveTime/low", "effectiveTime/high"} {
			if out.At = instant(n.Find(nsHL7, path).Attr("value")); !out.At.IsZero() {
				return out
			}
		}
		out.At = instant(patient.Find(nsHL7, "effectiveTime/high").Attr("value"))
		return out
	}
	return nil
}
