package mssante

import (
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/mssante/xdm"
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
	// the mailbox: that of a secretariat for a mailbox of software (ECO.2.2.5).
	// It becomes the contact that the patient may write to. Optional.
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
	// Action is what receivers are asked to do: nothing special; with
	// [xdm.Change], to replace a former version, which each document names, and
	// which the subject tells ("[Annule et remplace]"); with [xdm.Delete], to
	// delete the documents, which are sent again for that. The archive says so,
	// and a sentence before Text.
	Action xdm.Action

	// Visibility applies to all the documents. What the documents, their
	// headers and their metadata say is added to it.
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
	// NoReply takes no answer from the patient: X-MSS-MES: FIN. It is written
	// only when the patient is a recipient.
	NoReply bool
	// EndConversation closes the whole conversation with the patient, who can
	// answer no former message any more: the subject is [EndSubject], and
	// X-MSS-MES: FIN is there too. The patient is the only recipient, and there
	// is no document and no Subject.
	EndConversation bool
	// InReplyTo and References are Message-IDs without angle brackets, for an
	// answer or a replacement; [Client.Reply] fills them. Optional.
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
	// Visibility is that of this document, beside that of the message.
	Visibility Visibility
	// Entry is the metadata of the document where it comes from, such as the
	// national record: its visibility markers are obeyed. Optional.
	Entry *xds.DocumentEntry
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
func (d Document) String() string { return "Document(redacted)" }

// Format writes the redacted form whatever the verb.
func (d Document) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(d.String())) }

// LogValue makes slog write the redacted form.
func (d Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

// String returns a redacted form.
func (m Message) String() string {
	return fmt.Sprintf("Message(%d documents to %d recipients, redacted)", len(m.Documents), len(m.To))
}

// Format writes the redacted form whatever the verb.
func (m Message) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue makes slog write the redacted form.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }
