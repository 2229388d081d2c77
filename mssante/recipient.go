package mssante

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
)

// Recipient is who gets a message. Make one with [ToProfessional], [ToMailbox]
// or [ToPatient]. Its printed forms are redacted.
type Recipient struct {
	address, name string
	kind          MailboxKind
	patient       bool // the address is computed from the identity
}

// ToProfessional is a professional, a structure or an application, by the
// address that the health directory gives. name is shown by mail software;
// optional.
func ToProfessional(name, address string) Recipient { return Recipient{address: address, name: name} }

// ToMailbox is [ToProfessional] with the kind of mailbox that the health
// directory gives. A kind that contradicts the address is refused.
func ToMailbox(kind MailboxKind, name, address string) Recipient {
	return Recipient{address: address, name: name, kind: kind}
}

// ToPatient is the patient of the message, in Mon espace santé: the address
// is computed from the qualified identity.
func ToPatient() Recipient { return Recipient{patient: true, kind: CitizenMailbox} }

// Kind is the kind of the mailbox; empty when it is not known.
func (r Recipient) Kind() MailboxKind {
	if r.kind != "" {
		return r.kind
	}
	return KindOf(r.address)
}

// String returns a redacted form: an address may hold a matricule.
func (r Recipient) String() string {
	if r.patient || IsPatientAddress(r.address) {
		return "Recipient(patient)"
	}
	return "Recipient(professional)"
}

// Format writes the redacted form whatever the verb.
func (r Recipient) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Recipient) LogValue() slog.Value { return slog.StringValue(r.String()) }

// recipient is a checked recipient.
type recipient struct {
	address, name string
	patient       bool
}

// autoresponder is the test mailbox that the white list names.
const autoresponder = "reponse.automatique-test@" + PatientDomain

// recipients checks the recipients one by one and computes the address of the
// patient.
func (c *Client) recipients(m *Message, p *segur.Problems) []recipient {
	if len(m.To) == 0 || len(m.To) > maxRecipients {
		p.Addf("to", "between 1 and %d recipients", maxRecipients)
		return nil
	}
	own, ownErr := PatientAddress(m.Patient, c.cfg.Environment)
	var out []recipient
	for i, r := range m.To {
		at := fmt.Sprintf("to[%d]", i)
		address := r.address
		if r.patient {
			address = own
		} else if rule := addressProblem(address); rule != "" {
			p.Add(at, rule)
			continue
		}
		checkText(p, at+".name", r.name, 200)
		citizen := r.patient || IsPatientAddress(address)
		switch {
		case citizen && r.kind != "" && r.kind != CitizenMailbox:
			p.Add(at, "is the address of a citizen, and not of that kind")
			continue
		case !citizen && r.kind == CitizenMailbox:
			p.Addf(at, "is not the address of a citizen: those are in %s", PatientDomain)
			continue
		case citizen:
			rules := c.citizenRules(address, own, ownErr)
			for _, rule := range rules {
				p.Add(at, rule)
			}
			if len(rules) > 0 {
				continue
			}
			if ownErr == nil && sameAddress(address, own) {
				address = own // letters of Corsican numbers in capitals
			}
		case c.cfg.AllowDomain != nil && !c.cfg.AllowDomain(domainOf(address)):
			p.Add(at, "has a domain that is not in the white list of MSSanté")
		}
		for j := range out {
			if sameAddress(out[j].address, address) {
				p.Addf(at, "is the same address as to[%d]", j)
			}
		}
		out = append(out, recipient{address: address, name: r.name, patient: citizen})
	}
	return out
}

// citizenRules are the rules that writing to a citizen breaks.
func (c *Client) citizenRules(address, own string, ownErr error) []string {
	var e *segur.Error
	switch {
	case c.cfg.Environment != segur.Production && sameAddress(address, autoresponder):
	case ownErr == nil && sameAddress(address, own):
	case errors.As(ownErr, &e):
		var out []string
		for _, d := range e.Details {
			out = append(out, d.Message)
		}
		return out
	default:
		return []string{"must be the patient of the message: this is the address of somebody else"}
	}
	return nil
}

// audience says who is among the recipients.
func audience(to []recipient) (professionals, patient bool) {
	for _, r := range to {
		professionals = professionals || !r.patient
		patient = patient || r.patient
	}
	return professionals, patient
}
