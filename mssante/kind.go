package mssante

import (
	"strings"

	"github.com/segur-sdk/segur"
)

// MailboxKind is what kind of mailbox an address is (TRE_R257), as the health
// directory gives it. Empty: not known; an address alone tells citizens from
// professionals, no more.
type MailboxKind string

// The kinds. Codes that are not listed are taken as professional.
const (
	// PersonalMailbox is that of one professional.
	PersonalMailbox MailboxKind = "PER"
	// PracticeMailbox is shared by the practice of a professional.
	PracticeMailbox MailboxKind = "CAB"
	// OrganizationMailbox is that of a structure, a service or a team.
	OrganizationMailbox MailboxKind = "ORG"
	// ApplicationMailbox is that of software: nobody reads it.
	ApplicationMailbox MailboxKind = "APP"
	// CitizenMailbox is Mon espace santé. It has no code in the directory.
	CitizenMailbox MailboxKind = "USAGER"
)

// KindOf is [CitizenMailbox] for an address of Mon espace santé, and empty for
// any other: the kind of a professional's mailbox is in the health directory.
func KindOf(address string) MailboxKind {
	if IsPatientAddress(address) {
		return CitizenMailbox
	}
	return ""
}

// Kind is [KindOf] the address: what tells messages of citizens from those of
// professionals (ECO.3.1.1).
func (a Address) Kind() MailboxKind { return KindOf(a.Address) }

// BelongsTo reports whether the address is that of the patient in Mon espace
// santé, whatever the case: it is how software shows a name where the address
// has only a number (ECO.3.1.2). No identity is ever made of an address.
func (a Address) BelongsTo(p segur.Patient) bool {
	ins, ok := p.QualifiedINS()
	local, _, _ := strings.Cut(a.Address, "@")
	return ok && IsPatientAddress(a.Address) && strings.EqualFold(local, ins.Matricule())
}

// structural reports whether the mailbox is labelled by an entity, not by a
// person (ECO.2.2.7).
func (k MailboxKind) structural() bool { return k == OrganizationMailbox || k == ApplicationMailbox }
