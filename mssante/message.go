package mssante

import (
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
)

// Message is a mail to compose: documents of one patient, to professionals or
// to the patient. Its printed forms are redacted.
type Message struct {
	// From labels the sender; the address is the mailbox of the client.
	From Sender
	// To are the recipients, at least one. All get the same text and see each
	// other's addresses, and that of the patient holds the matricule: send one
	// message to the professionals and another to the patient.
	To []Recipient
	// ReplyTo is the MSSanté address where answers are wanted, when it is not
	// the mailbox. Optional.
	ReplyTo string

	// Patient is whom the documents are about.
	Patient segur.Patient
	// Documents are all of Patient. They go in one IHE_XDM.zip, and each has
	// its PDF copy. None makes a plain message, with Subject.
	Documents []Document
	// Subject is that of a message without documents. It must be empty when
	// there are documents: the norm fixes it.
	Subject string
	// Text is the body, in plain text. Empty: one neutral sentence, in French.
	Text string
	// FileNumber ends the names of the PDF copies ("numéro de dossier").
	// Optional.
	FileNumber string
	// Replaces says that the documents replace those of a former mail: the
	// subject says so ("[Annule et remplace]") and the archive too. The
	// documents themselves must name what they replace.
	Replaces bool

	// Visibility applies to all the documents.
	Visibility Visibility
	// Consent is what the patient's file says of secure mail. It is required
	// to write to the patient, and to send documents to professionals.
	Consent Consent

	// ReadReceipt asks for a notification that the mail was read or processed
	// (RFC 8098).
	ReadReceipt bool
	// DeliveryReceipt asks the operator for a notification of delivery
	// (RFC 3461), where it offers that.
	DeliveryReceipt bool
	// NoReply closes the conversation with the patient: X-MSS-MES: FIN. It is
	// written only when the patient is a recipient.
	NoReply bool
	// InReplyTo and References are Message-IDs without angle brackets, for an
	// answer or a replacement. Optional.
	InReplyTo  string
	References []string
}

// Document is a CDA document and its PDF copy.
type Document struct {
	// CDA is the document.
	CDA segur.Document
	// PDF is the PDF/A-1 copy; for a document that embeds a PDF, the same
	// bytes (ECO.2.1.5), which is checked when CDA has a PDFSHA256 method.
	PDF segur.Content
}

// Recipient is who gets a message. Make one with [ToProfessional] or
// [ToPatient]. Its printed forms are redacted.
type Recipient struct {
	address, name string
	patient       bool
}

// ToProfessional is a professional, a structure or an application, by the
// address that the health directory gives. name is shown by mail software;
// optional.
func ToProfessional(name, address string) Recipient { return Recipient{address: address, name: name} }

// ToPatient is the patient of the message, in Mon espace santé: the address
// is computed from the qualified identity.
func ToPatient() Recipient { return Recipient{patient: true} }

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

// Visibility restricts who may see the documents.
type Visibility struct {
	// HiddenFromProfessionals is MASQUE_PS: the documents go to no professional.
	HiddenFromProfessionals bool
	// HiddenFromPatient is INVISIBLE_PATIENT: the documents do not go to the
	// patient.
	HiddenFromPatient bool
	// HiddenFromRepresentatives is INVISIBLE_REPRESENTANTS_LEGAUX.
	HiddenFromRepresentatives bool
}

// Consent is what the patient's file says of sending by secure mail. Only the
// side that gets the message is looked at.
type Consent struct {
	// Professionals is about sending to professionals, Patient about sending
	// to the patient.
	Professionals, Patient Opposition
}

// Opposition says whether the patient opposed a way of sending. The zero
// value is refused, so that nobody sends without having looked.
type Opposition uint8

// The values of [Opposition].
const (
	// NotAsked is the zero value: nothing is sent.
	NotAsked Opposition = iota
	// NotOpposed: the patient was informed and did not oppose.
	NotOpposed
	// Opposed: the patient opposed; nothing is sent.
	Opposed
)

func (o Opposition) problem() string {
	switch o {
	case NotOpposed:
		return ""
	case Opposed:
		return "the patient opposed this way of sending"
	}
	return "must say whether the patient opposed this way of sending"
}

// String returns a redacted form.
func (m Message) String() string {
	return fmt.Sprintf("Message(%d documents to %d recipients, redacted)", len(m.Documents), len(m.To))
}

// Format writes the redacted form whatever the verb.
func (m Message) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue makes slog write the redacted form.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }
