package cda

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
)

// Request is an imaging request ("demande d'actes d'imagerie", LOINC 55115-0,
// volet IMG-DA-IMG 2024.01), as the software of a requester knows it. It is
// what [Parse] gives in [Parsed.Request]; the classes of CDA are derived from
// it. Fields that the national rules make mandatory are marked; a request that
// was read may lack them.
//
// Codes need their Code only: system and label come from the tables of the SDK.
// Texts given as string are plain; a [Narrative] is formatted text.
type Request struct {
	// ID identifies this version of the document, without extension. Empty: a
	// new one below [Config.OIDRoot].
	ID segur.OID
	// SetID is common to all versions. Empty: a new one, for a first version;
	// required when a version is replaced.
	SetID segur.Identifier
	// Version counts from 1. 0: 1.
	Version int
	// Replaces is the identifier of the version that this one replaces.
	Replaces segur.Identifier
	// Created is when this version was made. Zero: the clock of [Config].
	Created time.Time
	// Title is free, 128 characters at most. Empty: "Demande d'actes d'imagerie".
	Title string
	// Language is a language and a country. Empty: "fr-FR".
	Language string
	// Confidentiality is N but for exceptions. Empty: N.
	Confidentiality segur.Code

	// Patient is required, as in [Report]. A request that was read gives the
	// traits and the identifiers that the document states, and no status: the
	// receiver decides of it.
	Patient segur.Patient
	// BirthPlaceName is the name of the commune or of the country of birth.
	// Optional.
	BirthPlaceName string

	// Authors are the requesters: one at least, the main one first. The main
	// one is the performer of the act of requesting.
	Authors []Author
	// LegalAuthenticator takes responsibility for the content. Required.
	LegalAuthenticator Signature
	// Custodian keeps the original. Zero: the organisation of the legal
	// authenticator, else of the first author.
	Custodian segur.Organization
	// FamilyPhysician is the "médecin traitant". Optional.
	FamilyPhysician *segur.Professional
	// ReportRecipients are those who shall get the report too, beside the
	// requester (participant CON with the function CORRE). Optional.
	ReportRecipients []segur.Professional
	// Informants are the relatives to know of. Optional.
	Informants []Informant

	// Placer is the number that the requester gives to the request. The report
	// repeats it in [Order.Placer]. Required.
	Placer segur.Identifier
	// Start and End bound the act of requesting. Zero: Created, and no end.
	Start, End time.Time
	// PracticeSetting is the setting of care of the requester, from JDV_J04.
	// Required.
	PracticeSetting segur.Code
	// Encounter is the visit during which the request was made. Its Facility is
	// that of the requester.
	Encounter Encounter

	// Question says why the acts are asked for, and what they should answer.
	// Required.
	Question ClinicalQuestion
	// History is what is known of the patient. Unlike in a report, the
	// contra-indications are optional: the rules take a request that says
	// nothing of them, and NoContraIndication may be AbsenceNotStated.
	History History
	// CareNeeds is what the imaging department must know to receive the
	// patient ("informations pour la prise en charge"). Optional.
	CareNeeds []CareNeed
	// RisksExplained says whether the patient was told of the risks of the
	// examination (MED-1130). Required.
	RisksExplained Answer
	// PatientInformation is what else the patient was told (99622-3). Optional.
	PatientInformation Narrative
	// Acts are the acts that are asked for, one at least.
	Acts []RequestedAct
	// ActsNarrative replaces the text made from Acts. Its anchors are
	// act1, modality1, contrast1, function1, site1.1 (act, then site), comment1,
	// urgency1, performer1, callback1, events1, and so on. Those of the comment,
	// the urgency and the events are required when the act has these texts,
	// which are nowhere else in the document. Optional.
	ActsNarrative Narrative
	// PriorResults are results of earlier examinations. Optional.
	PriorResults Narrative
	// Attachments are other documents, such as earlier reports. Optional.
	Attachments []Attachment
}

// RequestedAct is one act of a request.
type RequestedAct struct {
	// Modality is what is asked for, from JDV_Modalite_demandeActeImagerie, such
	// as [RequestMRI]. Required.
	Modality segur.Code
	// Contrast says whether a contrast product is wished with [RequestPET], from
	// JDV_InjectionPDC_TEP: [PETWithContrast] or [PETWithoutContrast]. Optional,
	// and refused with another modality.
	Contrast segur.Code
	// Function is what a PET or a scintigraphy studies, from
	// JDV_FonctionEtudieeTEP or JDV_FonctionEtudieeScintigraphie. Required with
	// these, refused with another modality.
	Function segur.Code
	// Sites are where, one at least. The rules of 2024.01 count the modifiers of
	// all the sites of an act together: of several sites, one has a modifier at
	// most. Two sites with a side are two acts.
	Sites []Site
	// Before is the latest date wished for. Zero: none.
	Before segur.Date
	// Urgent says that the act cannot wait, for life or for function.
	Urgent bool
	// UrgencyReason says why. Required with Urgent.
	UrgencyReason string
	// Comment is free. Optional.
	Comment string
	// Performer is the physician who was contacted to do the act. Optional.
	Performer *segur.Professional
	// CallBack says whether the requester wishes to be called (GEN-297).
	CallBack Answer
	// Events are those before or after which the act must be done, such as a
	// surgery (GEN-296). Optional.
	Events string
}

// CareNeed is an information for the reception of the patient, from
// JDV_InfoPriseEnCharge: {Code: segur.Code{Code: cda.CareReducedMobility}}.
type CareNeed struct {
	// Code is required.
	Code segur.Code
	// Comment adds what the code does not say. Optional.
	Comment string
}

// Answer is the answer to a question of a request.
type Answer uint8

// The answers.
const (
	// NotAnswered is the zero value: the request does not say.
	NotAnswered Answer = iota
	// Yes is true.
	Yes
	// No is false.
	No
)

// String names the answer in English.
func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "not answered"
}

// Codes of JDV_Modalite_demandeActeImagerie.
const (
	RequestXRay               = "MED-1126" // without contrast
	RequestXRayContrast       = "MED-1127"
	RequestMammography        = "MG"
	RequestUltrasound         = "MED-1128" // without contrast
	RequestUltrasoundContrast = "MED-1129"
	RequestCT                 = "CT"
	RequestMRI                = "MR"
	RequestInterventional     = "C63334"
	RequestScintigraphy       = "NM"
	RequestPET                = "PT"
	RequestOther              = "OT"
)

// Codes of JDV_InjectionPDC_TEP.
const (
	PETWithContrast    = "MED-1153"
	PETWithoutContrast = "MED-1154"
)

// Some codes of JDV_InfoPriseEnCharge.
const (
	CareResistantBacteria = "U83.71"
	CareReducedMobility   = "Z74.0"
	CareAccompanied       = "MED-1124"
)

// Format writes a redacted form whatever the verb.
func (q Request) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(q.String())) }

// LogValue makes slog write the redacted form.
func (q Request) LogValue() slog.Value { return slog.StringValue(q.String()) }

// String returns a redacted form: the identifier and the version.
func (q Request) String() string {
	return fmt.Sprintf("cda.Request(%s, version %d, redacted)", q.ID, q.Version)
}
