package xds

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// DocumentEntry is the metadata of one document (ExtrinsicObject). Its printed
// forms are redacted.
type DocumentEntry struct {
	// ID is the entryUUID ("urn:uuid:…") in answers and in XDM, and the
	// symbolic name of the entry ("Document01") in a submission to a registry,
	// which gives the entryUUID itself. [Submission.Number] and
	// [Submission.Identify] fill it.
	ID string
	// UniqueID identifies the document for ever: an OID, or "OID^extension"
	// where the DMP is not concerned.
	UniqueID string
	// Replaces is the ID (entryUUID) of the entry that this one replaces.
	// Optional.
	Replaces string

	// LogicalID, Version, Status and RepositoryID come from the registry.
	LogicalID    string
	Version      string
	Status       Status
	RepositoryID segur.OID
	// URI is the file of the document in an XDM package, with '/'.
	URI string

	// PatientID is the INS.
	PatientID PatientID
	// SourcePatientID is the local identifier, or the INS when there is none.
	SourcePatientID PatientID
	// SourcePatientInfo are the traits at the source, as "PID-5|…" fields.
	// [DocumentEntry.SourcePatient] reads them.
	SourcePatientInfo []string

	// Title is at most 128 characters. Comments is optional.
	Title, Comments string
	// MimeType is "text/xml" for a CDA, "application/xslt+xml" for a
	// self-presenting one, "application/dicom" for a KOS.
	MimeType string
	// Language is "fr-FR", "art" for a signature.
	Language string
	// Created is when the document was made; ServiceStart and ServiceStop are
	// when the act took place.
	Created, ServiceStart, ServiceStop segur.Timestamp
	// Hash is the SHA-1 of the bytes of the document, in hexadecimal, lower
	// case when written. Size counts them; 0 when absent.
	Hash string
	Size int64

	// Authors are in the order of the document.
	Authors []Author
	// LegalAuthenticator answers for the content.
	LegalAuthenticator Person

	// ClassCode, TypeCode and FormatCode say what the document is.
	ClassCode, TypeCode, FormatCode segur.Code
	// FacilityTypeCode (healthcareFacilityTypeCode) and PracticeSettingCode
	// say where the act took place.
	FacilityTypeCode, PracticeSettingCode segur.Code
	// ConfidentialityCodes holds the level first (N), then visibility markers.
	ConfidentialityCodes []segur.Code
	// EventCodes is eventCodeList: acts, modalities, regions.
	EventCodes []segur.Code
	// References is referenceIdList.
	References []Reference

	// Extra are slots that the package does not know, ExtraClassifications and
	// ExtraIdentifiers what has a scheme that it does not know: kept as they
	// are, and written back.
	Extra                []Slot
	ExtraClassifications []Classification
	ExtraIdentifiers     []Identifier

	kept kept
}

// Slot is a metadata attribute that the package gives no meaning to.
type Slot struct {
	Name   string
	Values []string
}

// String returns a redacted form.
func (e DocumentEntry) String() string { return "DocumentEntry(" + e.UniqueID + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (e DocumentEntry) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.String())) }

// LogValue makes slog write the redacted form.
func (e DocumentEntry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// Clone is a copy that shares nothing with e.
func (e *DocumentEntry) Clone() DocumentEntry {
	out := *e
	out.SourcePatientInfo = slices.Clone(e.SourcePatientInfo)
	out.ConfidentialityCodes, out.EventCodes = slices.Clone(e.ConfidentialityCodes), slices.Clone(e.EventCodes)
	out.References, out.ExtraIdentifiers = slices.Clone(e.References), slices.Clone(e.ExtraIdentifiers)
	out.Authors = slices.Clone(e.Authors)
	for i := range out.Authors {
		a := &out.Authors[i]
		a.Institutions, a.Roles, a.Specialties = slices.Clone(a.Institutions), slices.Clone(a.Roles), slices.Clone(a.Specialties)
		for j := range a.Institutions {
			a.Institutions[j].Telecoms = slices.Clone(a.Institutions[j].Telecoms)
		}
	}
	out.Extra = cloneSlots(e.Extra)
	out.ExtraClassifications = slices.Clone(e.ExtraClassifications)
	for i := range out.ExtraClassifications {
		out.ExtraClassifications[i].Slots = cloneSlots(out.ExtraClassifications[i].Slots)
	}
	return out
}

func cloneSlots(in []Slot) []Slot {
	out := slices.Clone(in)
	for i := range out {
		out[i].Values = slices.Clone(out[i].Values)
	}
	return out
}

// IsSignature reports whether the entry is that of a submission set signature.
func (e *DocumentEntry) IsSignature() bool { return e.ClassCode.Code == signatureClass }

// IsKOS reports whether the entry is that of a DICOM key object selection.
func (e *DocumentEntry) IsKOS() bool { return e.TypeCode.Code == "IMG-KOS" }

// FromPatient reports whether the patient deposited the document.
func (e *DocumentEntry) FromPatient() bool {
	return e.ClassCode.Code == "90" || strings.HasPrefix(e.TypeCode.Code, "DOCPAT") || strings.HasPrefix(e.TypeCode.Code, "EXPPAT")
}

// Has reports whether the entry bears a visibility marker.
func (e *DocumentEntry) Has(v Visibility) bool {
	for _, c := range e.ConfidentialityCodes {
		if c.Code == string(v) {
			return true
		}
	}
	return false
}

// SourcePatient reads the traits at the source: PID-5 of type L or without
// type, PID-7, PID-8 and PID-11 of type BDL. They are no identity proof.
func (e *DocumentEntry) SourcePatient() segur.Traits {
	var t segur.Traits
	for _, v := range e.SourcePatientInfo {
		field, value, _ := strings.Cut(v, "|")
		switch strings.TrimSpace(field) {
		case "PID-5":
			n := hl7.ParseXPN(value)
			switch {
			case n.Birth() || n.Type == "" && t.BirthName == "":
				t.BirthName, t.FirstGivenName = n.Family, n.Given
				t.GivenNames = allGivenNames(n.Given, n.OtherGiven)
			case n.Used():
				t.UsedName, t.UsedGivenName = n.Family, n.Given
			}
		case "PID-7":
			if d, err := segur.ParseDate(value[:min(len(value), 8)]); err == nil {
				t.BirthDate = d
			}
		case "PID-8":
			t.Sex = hl7.ParseSex(value)
		case "PID-11":
			if place, ok := hl7.BirthPlace(value); ok {
				t.BirthPlace = place
			}
		}
	}
	return t
}

// allGivenNames joins the first given name and component 3, which holds the
// further ones, or the whole list in flows that come from HL7 v2.
func allGivenNames(first, others string) string {
	if others == "" || others == first || strings.HasPrefix(others, first+" ") {
		return others
	}
	return strings.TrimSpace(first + " " + others)
}

// PatientID is an identifier of the patient (CX). Its printed forms are
// redacted.
type PatientID struct {
	// ID is the value: the 15 characters of the INS, or a local number.
	ID string
	// Authority assigned it.
	Authority segur.OID
	// Type is NH for an INS, PI for a local number. Empty: told by Authority.
	Type string
}

// INSPatientID is the patientId of an INS.
func INSPatientID(ins segur.INS) PatientID {
	return PatientID{ID: ins.Matricule(), Authority: ins.Authority(), Type: "NH"}
}

// INS returns the INS, checked.
func (p PatientID) INS() (segur.INS, error) { return segur.ParseINS(p.ID, p.Authority) }

// Same reports whether both name the same patient in the same authority.
func (p PatientID) Same(o PatientID) bool { return p.ID == o.ID && p.Authority == o.Authority }

// IsZero reports whether there is no identifier.
func (p PatientID) IsZero() bool { return p == PatientID{} }

// CX returns the encoded form, "ID^^^&OID&ISO^NH": personal data.
func (p PatientID) CX() string {
	kind := p.Type
	if kind == "" && p.ID != "" {
		kind = "PI"
		if segur.IsINSAuthority(p.Authority) {
			kind = "NH"
		}
	}
	return hl7.CX{ID: p.ID, Authority: hl7.Authority{OID: p.Authority}, Type: kind}.String()
}

func parsePatientID(s string) PatientID {
	c := hl7.ParseCX(s)
	return PatientID{ID: c.ID, Authority: c.Authority.OID, Type: c.Type}
}

// String returns a redacted form.
func (p PatientID) String() string { return "PatientID(redacted)" }

// Format writes the redacted form whatever the verb.
func (p PatientID) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(p.String())) }

// LogValue makes slog write the redacted form.
func (p PatientID) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Reference is an identifier by which the document can be found (CXi).
type Reference struct {
	// ID is the value.
	ID string
	// Authority assigned it; empty for a Study Instance UID.
	Authority segur.OID
	// Type is [ReferenceAccession], [ReferenceOrder] or [ReferenceStudy].
	Type string
}

func (r Reference) cx() string {
	return hl7.CX{ID: r.ID, Authority: hl7.Authority{OID: r.Authority}, Type: r.Type}.String()
}

func parseReference(s string) Reference {
	c := hl7.ParseCX(s)
	return Reference{ID: c.ID, Authority: c.Authority.OID, Type: c.Type}
}

// Visibility restricts who sees a document (TRE_A07).
type Visibility string

// The visibility markers.
const (
	// HiddenFromProfessionals is MASQUE_PS: its authors and the declared
	// general practitioner still see it.
	HiddenFromProfessionals Visibility = "MASQUE_PS"
	// HiddenFromPatient is INVISIBLE_PATIENT: not before the announcement.
	HiddenFromPatient Visibility = "INVISIBLE_PATIENT"
	// HiddenFromRepresentatives is INVISIBLE_REPRESENTANTS_LEGAUX: from the
	// legal representatives of a minor.
	HiddenFromRepresentatives Visibility = "INVISIBLE_REPRESENTANTS_LEGAUX"
)
