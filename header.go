package segur

import (
	"fmt"
	"log/slog"
	"time"
)

// Assigning authorities of the national identifiers of people and structures.
const (
	// OIDProfessional assigns IdNat_PS, the identifiers of professionals.
	OIDProfessional OID = "1.2.250.1.71.4.2.1"
	// OIDStructure assigns IdNat_Struct, the identifiers of structures.
	OIDStructure OID = "1.2.250.1.71.4.2.2"
)

// Precision says down to which unit a [Timestamp] was written.
type Precision uint8

// The precisions, finest first. The zero value is the usual one.
const (
	ToSecond Precision = iota
	ToMinute
	ToHour
	ToDay
	ToMonth
	ToYear
)

// Timestamp is a point in time as a clinical document states it: to the
// second with an offset from UTC as a rule, sometimes less. The zero
// Timestamp is absent.
type Timestamp struct {
	// Time is the start of the period that was written. Its location carries
	// the offset that was written.
	Time time.Time
	// Precision is the finest unit that was written.
	Precision Precision
	// NoOffset says that no offset was written: Time is then in the location
	// that the reader assumed. Always meant so with ToDay and coarser.
	NoOffset bool
}

// At is a timestamp to the second.
func At(t time.Time) Timestamp { return Timestamp{Time: t.Truncate(time.Second)} }

// IsZero reports whether the timestamp is absent.
func (t Timestamp) IsZero() bool { return t.Time.IsZero() }

// DocumentHeader is what the header of a clinical document (CDA R2, French
// "Volet Structuration Minimale de documents de santé") says of it, in the
// vocabulary of this package. Package cda gives it, packages dmp/xds and
// mssante derive metadata from it, and neither imports the other. A product
// with its own CDA builder fills it itself.
//
// Fields hold what the document says, unchecked: metadata validation reports
// what is missing.
type DocumentHeader struct {
	// ID is ClinicalDocument/id: Root alone for documents made by this SDK.
	ID Identifier
	// SetID is ClinicalDocument/setId, common to the versions. Optional.
	SetID Identifier
	// Version is ClinicalDocument/versionNumber; 0 when absent.
	Version int
	// Replaces is relatedDocument[@typeCode='RPLC']/parentDocument/id; zero
	// when the document replaces none.
	Replaces Identifier
	// TemplateIDs are the @root of ClinicalDocument/templateId, in document order.
	TemplateIDs []OID
	// Title is ClinicalDocument/title.
	Title string
	// Type is ClinicalDocument/code.
	Type Code
	// TypeTranslations are ClinicalDocument/code/translation.
	TypeTranslations []Code
	// Created is ClinicalDocument/effectiveTime.
	Created Timestamp
	// Language is ClinicalDocument/languageCode, "fr-FR".
	Language string
	// Confidentiality is ClinicalDocument/confidentialityCode, "N" as a rule.
	Confidentiality Code
	// PatientIDs are recordTarget/patientRole/id in document order: the INS
	// first when there is one, then the local identifiers.
	PatientIDs []Identifier
	// Patient holds the traits of recordTarget/patientRole/patient.
	Patient Traits
	// Authors are the author elements, in document order.
	Authors []DocumentActor
	// LegalAuthenticator takes responsibility for the content; its
	// Organization is the structure that publishes an imaging report.
	LegalAuthenticator DocumentActor
	// Services are documentationOf/serviceEvent, the main one first.
	Services []DocumentService
	// Orders are inFulfillmentOf/order, in document order.
	Orders []DocumentOrder
	// FacilityType is componentOf/encompassingEncounter/location/
	// healthCareFacility/code, such as SA07 in 1.2.250.1.71.4.2.4.
	FacilityType Code
	// BodyMediaType is nonXMLBody/text/@mediaType, such as "application/pdf";
	// empty when the body is structured.
	BodyMediaType string
	// SelfPresenting says that the bytes are a style sheet that holds the
	// document ("CDA auto-présentable"): its MIME type is application/xslt+xml.
	SelfPresenting bool
}

// String returns a redacted form: the identifier and the type of the document.
func (h DocumentHeader) String() string {
	return "DocumentHeader(" + string(h.ID.Root) + ", " + h.Type.Code + ", redacted)"
}

// Format writes the redacted form whatever the verb.
func (h DocumentHeader) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(h.String())) }

// LogValue makes slog write the redacted form.
func (h DocumentHeader) LogValue() slog.Value { return slog.StringValue(h.String()) }

// DocumentActor is an author or a signer: a professional, a patient or a
// system. Its printed forms are redacted when it is the patient.
type DocumentActor struct {
	// Professional holds the identifier, the name, the specialty
	// (assignedAuthor/code) and the organisation.
	Professional Professional
	// Authority assigned Professional.ID: [OIDProfessional] for professionals
	// and systems of a structure, an INS authority for the patient. Empty
	// means [OIDProfessional].
	Authority OID
	// Function is author/functionCode. Optional.
	Function Code
	// Device names the system when the actor is one; nil for persons.
	Device *DocumentDevice
	// Time is author/time or legalAuthenticator/time. Optional.
	Time Timestamp
}

// Format writes a redacted form when the actor is the patient, and the fields
// of every other one.
func (a DocumentActor) Format(f fmt.State, verb rune) {
	type plain DocumentActor
	if a.Authority.Within(insArc) {
		_, _ = f.Write([]byte("DocumentActor(patient, redacted)"))
		return
	}
	_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), plain(a))
}

// LogValue makes slog write a redacted form of every actor: a log needs no
// names.
func (a DocumentActor) LogValue() slog.Value { return slog.StringValue("DocumentActor(redacted)") }

// DocumentDevice names a system that wrote a document (assignedAuthoringDevice).
type DocumentDevice struct {
	// Software is softwareName.
	Software string
	// Model is manufacturerModelName.
	Model string
}

// DocumentService is one act that a document reports (serviceEvent).
type DocumentService struct {
	// StudyUID is serviceEvent/id/@root: the DICOM Study Instance UID of an
	// imaging act. Optional.
	StudyUID OID
	// Placer is serviceEvent/id in an imaging request: the number that the
	// requester gave to it. Zero in any other document.
	Placer Identifier
	// Code is serviceEvent/code, LOINC for an imaging act. Optional.
	Code Code
	// Translations are serviceEvent/code/translation, in document order.
	Translations []QualifiedCode
	// Start and Stop are effectiveTime/low and effectiveTime/high.
	Start, Stop Timestamp
	// Performer is who did the act; only the main act must have one.
	Performer DocumentActor
	// PracticeSetting is performer/assignedEntity/representedOrganization/
	// standardIndustryClassCode, such as AMBULATOIRE in 1.2.250.1.213.1.1.4.9.
	PracticeSetting Code
}

// QualifiedCode is a code with the qualifier name that says what it stands
// for.
type QualifiedCode struct {
	Code
	// Qualifier is translation/qualifier/name: 121139 in DCM for a modality,
	// 39111-0 in LOINC for a region, zero for an act (CCAM).
	Qualifier Code
}

// DocumentOrder is one order that a document fulfils.
type DocumentOrder struct {
	// Placer is the number that the requester gave (order/id). Optional.
	Placer Identifier
	// Accession is the number that the imaging department gave
	// (ps3-20:accessionNumber). Optional.
	Accession Identifier
}
