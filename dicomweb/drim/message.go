package drim

import (
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// Message is a message that makes a DRIMbox act: a [*ReportMessage] or an
// [*ImageChange].
type Message interface {
	// Header returns what MSH says.
	Header() MessageHeader
	// Bytes returns the message as it came. It is not to be changed.
	Bytes() []byte
}

// MessageHeader is the header of a message (MSH).
type MessageHeader struct {
	// Type is MSH-9 as it came: "ORU^R01^ORU_R01".
	Type string
	// Event is the trigger event: R01, T02, T04, T10 or O23.
	Event string
	// ControlID is MSH-10, which the acknowledgement repeats.
	ControlID string
	// Who sends and who receives: applications and facilities (MSH-3 to MSH-6).
	SendingApplication, SendingFacility     string
	ReceivingApplication, ReceivingFacility string
	// Sent is MSH-7; zero when it is absent or is no date.
	Sent segur.Timestamp
	// Processing is MSH-11: P (production), T (training) or D (debugging).
	Processing string
	// Version is MSH-12: 2.5, 2.5.1 or 2.6.
	Version string
	// Profile is MSH-21: "2.1^CISIS_CDA_HL7_V2". Optional.
	Profile string
}

// Action is what a report message asks for.
type Action uint8

// The actions. The zero value is none.
const (
	// ActionCreate publishes a new report (ORC-1 NW, OBX-11 F, event T02).
	ActionCreate Action = iota + 1
	// ActionReplace replaces it (RO, C, T10).
	ActionReplace
	// ActionDelete withdraws it (CA, D, T04).
	ActionDelete
	// ActionUpsert publishes a report that may be known already (ORC-1 SC with
	// OBX-11 F, an old habit): who receives it tells by the document identifier.
	ActionUpsert
)

// String names the action.
func (a Action) String() string {
	switch a {
	case ActionCreate:
		return "create"
	case ActionReplace:
		return "replace"
	case ActionDelete:
		return "delete"
	case ActionUpsert:
		return "create or replace"
	}
	return "none"
}

// ReportMessage is a validated imaging report that a RIS or a platform sends
// (ORU^R01, MDM^T02, MDM^T10), or its withdrawal (also MDM^T04). Its printed
// forms are redacted.
//
// Clinical metadata come from the report itself: what the message repeats of it
// serves to check.
type ReportMessage struct {
	// MessageHeader is MSH.
	MessageHeader
	// Action is what the message asks for.
	Action Action
	// Patient is PID. Its status is Qualified when PID-3 holds an INS, known by
	// its OID, and PID-32 says VALI and nothing against it.
	Patient segur.Patient
	// PatientIDs are the identifiers of PID-3 as they came, in order.
	PatientIDs []segur.Identifier
	// Visit is PV1-19. Optional.
	Visit string
	// Placer and Filler are OBR-2 and OBR-3, or those of ORC. Optional; without
	// authority as a rule.
	Placer, Filler segur.Identifier
	// Accession is OBR-18. Informative: it differs from that of the report in
	// official messages.
	Accession string
	// ServiceCode is OBR-4, ReportCode OBX-3 of the report, DocumentCode TXA-2.
	ServiceCode, ReportCode, DocumentCode segur.Code
	// DocumentID is TXA-12 and ReplacedID TXA-13: zero in ORU.
	DocumentID, ReplacedID segur.Identifier
	// Authenticator is TXA-22, the identifier of who authenticated. Optional.
	Authenticator string
	// CDA is the report, decoded. Empty in a withdrawal that does not repeat it.
	CDA []byte
	// Flags are the OBX of MetaDMPMSS.
	Flags Flags
	// Sender is PRT SB: in whose name the message acts.
	Sender Sender
	// Recipients are PRT RCT, those that MSSanté mails go to: not a DRIMbox's
	// business.
	Recipients []Recipient
	// ReplyTo is the address of PRT REPLY. Optional.
	ReplyTo string
	// ProfessionalText and PatientText are the mail bodies (CORPSMAIL_PS and
	// CORPSMAIL_PATIENT) as far as they can be read.
	ProfessionalText, PatientText string
	// Warnings say what was tolerated: Field is the HL7 path ("PID-11"), and no
	// message holds patient data.
	Warnings []segur.Detail

	raw []byte
}

// Header returns what MSH says.
func (m *ReportMessage) Header() MessageHeader { return m.MessageHeader }

// Bytes returns the message as it came.
func (m *ReportMessage) Bytes() []byte { return m.raw }

// String returns a redacted form.
func (m ReportMessage) String() string {
	return "ReportMessage(" + m.Type + ", " + m.Action.String() + ", redacted)"
}

// Format writes the redacted form whatever the verb.
func (m ReportMessage) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue makes slog write the redacted form.
func (m ReportMessage) LogValue() slog.Value { return slog.StringValue(m.String()) }

// Visibility returns the markers that the flags ask for.
func (m *ReportMessage) Visibility() []xds.Visibility { return m.Flags.Visibility() }

// Sender is who sends a report (PRT SB): what the assertion of the publication
// is made of.
type Sender struct {
	// Professional is PRT-5. ID has its type digit, "8" before an RPPS number.
	Professional segur.Professional
	// Structure is PRT-8. ID has its type digit, "1" before a FINESS number.
	Structure segur.Organization
	// StructureIDType is PRT-8.7: FINEG (geographic FINESS, what the DMP is to
	// be given), FINEJ (that of the legal entity) or IDNST.
	StructureIDType string
	// Device is PRT-10, the identifier of a system. Optional.
	Device string
	// Mail is PRT-15.4, an MSSanté address. Optional.
	Mail string
}

// IsZero reports whether nobody is named.
func (s Sender) IsZero() bool {
	return s.Professional.ID == "" && s.Professional.FamilyName == "" && s.Structure.ID == "" && s.Structure.Name == "" && s.Device == ""
}

// LegalEntity reports whether the structure is named by the FINESS of its legal
// entity, which the DMP discourages.
func (s Sender) LegalEntity() bool { return s.StructureIDType == "FINEJ" }

// Recipient is one MSSanté recipient (PRT RCT). Its printed forms are redacted:
// the address of a patient is a matricule.
type Recipient struct {
	// Address is PRT-15.4. Data: an INS is never read from it.
	Address string
	// Person is the identifier of PRT-5, Type its type: IDNPS, RPPS, or INS for
	// the patient.
	Person, Type string
	// Family and Given are the names of PRT-5.
	Family, Given string
	// Organization is the name of PRT-8.
	Organization string
}

// Patient reports whether the recipient is the patient.
func (r Recipient) Patient() bool { return r.Type == "INS" }

// String returns a redacted form.
func (r Recipient) String() string { return "Recipient(redacted)" }

// Format writes the redacted form whatever the verb.
func (r Recipient) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Recipient) LogValue() slog.Value { return slog.StringValue(r.String()) }

// ImageChange says that the images of an exam changed (OMI^O23). Its printed
// forms are redacted.
type ImageChange struct {
	// MessageHeader is MSH.
	MessageHeader
	// Removed says that the whole study was removed (ORC-1 CA). Anything else
	// means: ask the PACS again.
	Removed bool
	// StudyUID is IPC-3. Empty only when Accession is not: the archive then
	// tells the study.
	StudyUID segur.OID
	// Accession is IPC-1, without authority as a rule.
	Accession segur.Identifier
	// Patient is PID, and PatientIDs its identifiers as they came.
	Patient    segur.Patient
	PatientIDs []segur.Identifier
	// Placer and Filler are OBR-2 and OBR-3, or those of ORC. Optional.
	Placer, Filler segur.Identifier
	// RequestedProcedure, Step, Modality and AETitle are IPC-2, IPC-4, IPC-5 and
	// IPC-9. Optional.
	RequestedProcedure, Step, Modality, AETitle string
	// Warnings say what was tolerated, without patient data.
	Warnings []segur.Detail

	raw []byte
}

// Header returns what MSH says.
func (c *ImageChange) Header() MessageHeader { return c.MessageHeader }

// Bytes returns the message as it came.
func (c *ImageChange) Bytes() []byte { return c.raw }

// String returns a redacted form.
func (c ImageChange) String() string { return "ImageChange(" + string(c.StudyUID) + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (c ImageChange) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c ImageChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Publishable returns nil when the images of the report may be published: the
// report goes to the DMP, the identity is qualified, the message says who sends
// it. Otherwise it returns an [segur.ErrRefused] error with [CodeNotPublishable]
// that lists every condition that is not met. A withdrawal asks for the identity
// alone.
func (m *ReportMessage) Publishable() error {
	var p segur.Problems
	if _, ok := m.Patient.QualifiedINS(); !ok {
		p.Merge("", &segur.Error{Details: unqualified(m.Patient.Status, m.Patient.Attributes)})
	}
	if m.Action != ActionDelete {
		if m.Flags.ToDMP != Yes {
			p.Add("DESTDMP", "the report is not for the DMP")
		}
		if m.Sender.IsZero() {
			p.Add("PRT", "the message does not say who sends it (SB)")
		}
	}
	if p.Empty() {
		return nil
	}
	return &segur.Error{Op: "drim.Publishable", Kind: segur.KindRefused, Code: CodeNotPublishable, Details: p.Details(), Help: helpOf(CodeNotPublishable)}
}
