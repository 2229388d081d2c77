package cda

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
)

// Report is an imaging report as a radiology information system knows it. The
// classes of CDA are derived from it; every field that the national rules make
// mandatory is marked.
//
// Codes need their Code only: system and label come from the tables of the
// SDK, but for LOINC and CCAM acts, whose label the caller gives.
type Report struct {
	// ID identifies this version of the document, without extension. Empty: a
	// new one below [Config.OIDRoot].
	ID segur.OID
	// SetID is common to all versions. Empty: a new one, for a first version;
	// required when a version is replaced.
	SetID segur.Identifier
	// Version counts from 1. 0: 1.
	Version int
	// Replaces is the identifier of the version that this one replaces. It
	// comes with a Version above 1; [Report.Replacing] fills both.
	Replaces segur.Identifier
	// Created is when this version was made. Zero: the clock of [Config]. Times
	// are written with the offset of their location, and people read them as
	// they are written: give legal time where the structure is, not UTC. What
	// is more than a day ahead of the clock is refused.
	Created time.Time
	// Title is free, 128 characters at most. Empty: "CR d'imagerie médicale".
	Title string
	// Language is a language and a country. Empty: "fr-FR".
	Language string
	// Confidentiality is N but for exceptions. Empty: N. Masking a document
	// from the patient or from professionals is a matter of metadata.
	Confidentiality segur.Code

	// Patient is required. The INS is written when the identity is qualified,
	// and then all its traits are mandatory; otherwise the document carries
	// the local identifiers alone, and the national record cannot take it.
	Patient segur.Patient
	// BirthPlaceName is the name of the commune or of the country of birth,
	// beside the COG code of the traits. Optional.
	BirthPlaceName string

	// Authors wrote the report: one at least, the main one first.
	Authors []Author
	// LegalAuthenticator takes responsibility for the content. Required.
	LegalAuthenticator Signature
	// Authenticators countersigned, such as a second reader. Optional.
	Authenticators []Signature
	// DataEnterer typed the report, such as a secretary. Optional.
	DataEnterer *DataEnterer
	// Custodian keeps the original; the first of its telecoms is written. Zero:
	// the organisation of the legal authenticator, else of the first author.
	Custodian segur.Organization
	// Recipients are told of the report. Optional.
	Recipients []segur.Professional

	// Prescriber asked for the examination. Optional: a walk-in patient has none.
	Prescriber *Prescriber
	// FamilyPhysician is the "médecin traitant". Optional.
	FamilyPhysician *segur.Professional
	// Informants are the relatives to know of: person to call, trusted person.
	Informants []Informant

	// Orders are the orders that the report answers, one at least.
	Orders []Order
	// Acts are what was done, the main act first, one at least.
	Acts []Act
	// Screening says that the acts are part of a screening ("dépistage").
	Screening bool
	// PracticeSetting is the setting of care ("cadre d'exercice") of the
	// structure that did the acts, from JDV_J04: AMBULATOIRE or ETABLISSEMENT
	// as a rule. Required.
	PracticeSetting segur.Code
	// Encounter is the visit. Its zero value takes its times from the main act
	// and its place from the custodian.
	Encounter Encounter

	// PDF is the report to read, in PDF/A-1. Required at level 1, optional at
	// level 3. It is opened twice: to be checked, then each time that the
	// document is read.
	PDF segur.Content
}

// String returns a redacted form: the identifier and the version.
func (r Report) String() string {
	return fmt.Sprintf("cda.Report(%s, version %d, redacted)", string(r.ID), r.Version)
}

// Format writes the redacted form whatever the verb.
func (r Report) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Report) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Author is a professional who wrote the report.
type Author struct {
	segur.Professional
	// Function is the function of the author, from JDV_J47. Optional.
	Function segur.Code
	// Time is when the author approved the report. Zero: [Report.Created].
	Time time.Time
}

// Signature is the legal authentication of the report, or another one.
type Signature struct {
	segur.Professional
	// Time is when responsibility was taken. Zero: [Report.Created].
	Time time.Time
}

// DataEnterer is who typed the report. Someone who is in no register has an
// identifier of the structure: "3", its FINESS number, "/" and a number of its own.
type DataEnterer struct {
	segur.Professional
	// Time is when. Zero: not written.
	Time time.Time
}

// Prescriber is who asked for the examination.
type Prescriber struct {
	segur.Professional
	// Date is the date of the prescription. Optional.
	Date segur.Date
}

// Classes of informants.
const (
	// EmergencyContact is the person to call (ECON).
	EmergencyContact = "ECON"
	// TrustedPerson is the "personne de confiance" (NOK).
	TrustedPerson = "NOK"
	// OtherInformant is any other person (CON).
	OtherInformant = "CON"
	// Caregiver is the "aidant" (CAREGIVER).
	Caregiver = "CAREGIVER"
)

// Informant is a relative of the patient.
type Informant struct {
	// Class is [EmergencyContact], [TrustedPerson], [OtherInformant] or [Caregiver].
	Class string
	// Relationship is the relation to the patient, from JDV_J11, such as SIS. Optional.
	Relationship segur.Code
	// FamilyName is required, GivenName is not.
	FamilyName, GivenName string
	// Address and Telecoms are how to reach the person. Optional.
	Address  segur.Address
	Telecoms []segur.Telecom
}

// Order is an order that the report answers.
type Order struct {
	// Placer is the number that the requester gave. Optional: a patient may
	// come without an electronic order.
	Placer segur.Identifier
	// Accession is the number that the information system gave, Accession
	// Number (0008,0050) in DICOM. Required, with its root.
	Accession segur.Identifier
}

// Act is an imaging act. Laterality has no element of its own in a header: it
// is part of the LOINC act. What level 3 says more of an act is in [ActSection].
type Act struct {
	// StudyUID is the Study Instance UID (0020,000D). Required.
	StudyUID segur.OID
	// Code is the LOINC code of the act, from JDV_CodesDocumentImagerie, with
	// its label: {Code: "26257-6", Display: "RM genou - gauche"}. Required.
	Code segur.Code
	// CCAM is the billing act, with its label. Optional.
	CCAM segur.Code
	// Modalities are DICOM codes from JDV_ModaliteAcquisition, such as MR: one
	// at least.
	Modalities []segur.Code
	// Regions are SNOMED CT codes from JDV_RegionAnatomique, such as
	// [RegionLowerLimb]. Expected by consumers, not enforced by the rules.
	Regions []segur.Code
	// Start and End bound the act. Required for the main act; End is one
	// second after Start at least.
	Start, End time.Time
	// Performer did the act. nil: the first author.
	Performer *segur.Professional
}

// Encounter is the visit during which the acts were done.
type Encounter struct {
	// ID is the visit number. Optional.
	ID segur.Identifier
	// Type is from JDV_J142: AMB, IMP, EXTERNE... Optional.
	Type segur.Code
	// Start and End bound the visit. Zero: those of the main act. An End alone
	// missing is a visit that goes on.
	Start, End time.Time
	// Facility is where it took place; its Sector, from TRE_R02, is required.
	// nil: the custodian.
	Facility *segur.Organization
}

// Anatomical regions of JDV_RegionAnatomique, SNOMED CT codes.
const (
	RegionHeadAndNeck     = "774007"
	RegionThorax          = "67734004"
	RegionAbdomenPelvis   = "63337009"
	RegionUpperLimb       = "53120007"
	RegionLowerLimb       = "61685007"
	RegionSpine           = "737561001"
	RegionBreast          = "76752008"
	RegionHeart           = "80891009"
	RegionCardiovascular  = "113257007"
	RegionWholeBody       = "38266002"
	defaultTitle          = "CR d'imagerie médicale"
	defaultLanguage       = "fr-FR"
	confidentialityNormal = "N"
)

// Replacing returns a copy of r that replaces previous: same set, next
// version, new identifier and new creation time. What has changed is then set
// on the copy. A previous version without a set of its own, which other
// software may have made, gives its identifier to the set.
func (r Report) Replacing(previous segur.DocumentHeader) Report {
	r.ID, r.Created = "", time.Time{}
	r.SetID, r.Version, r.Replaces = following(previous)
	return r
}

// following is what the version after a previous one says of it.
func following(previous segur.DocumentHeader) (set segur.Identifier, version int, replaces segur.Identifier) {
	set = previous.SetID
	if set.IsZero() {
		set = previous.ID
	}
	return set, max(previous.Version, 1) + 1, previous.ID
}
