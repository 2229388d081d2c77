package xds

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/nos"
)

const (
	signatureClass = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"
	// SignatureFormatXMLDSig is the default format of a signature entry.
	SignatureFormatXMLDSig = "http://www.w3.org/2000/09/xmldsig#"
)

// SignatureEntry is the entry of the signature of a submission set (IHE DSG,
// detached): the author of the set signs, facility and setting are those of
// the document. Hash and size are to be filled once it is signed. uniqueID is
// a new OID.
func SignatureEntry(set SubmissionSet, document DocumentEntry, uniqueID string, signed segur.Timestamp) DocumentEntry {
	return DocumentEntry{
		UniqueID: uniqueID, PatientID: set.PatientID, SourcePatientID: set.PatientID,
		Title: "Source", MimeType: "text/xml", Language: "art",
		Created: signed, ServiceStart: signed, ServiceStop: signed,
		Authors: []Author{set.Author}, LegalAuthenticator: set.Author.Person,
		ClassCode:  segur.Code{Code: signatureClass, System: nos.URN, Display: "Digital Signature"},
		TypeCode:   segur.Code{Code: "E1762", System: nos.ASTM, Display: "Full Document"},
		FormatCode: segur.Code{Code: SignatureFormatXMLDSig, System: nos.URN, Display: "Default Signature Style"},
		EventCodes: []segur.Code{{Code: "1.2.840.10065.1.12.1.14", System: nos.SignaturePurpose, Display: "Source"}},
		// Nobody reads a signature: both markers, whatever the document bears.
		ConfidentialityCodes: []segur.Code{confidentiality("N"), visibilityCode(HiddenFromProfessionals), visibilityCode(HiddenFromPatient)},
		FacilityTypeCode:     document.FacilityTypeCode, PracticeSettingCode: document.PracticeSettingCode,
	}
}

func confidentiality(code string) segur.Code {
	return segur.Code{Code: code, System: nos.HL7Confidentiality, Display: nos.XDSConfidentiality.Display(code, nos.HL7Confidentiality)}
}

func visibilityCode(v Visibility) segur.Code {
	return segur.Code{Code: string(v), System: nos.A07Visibility, Display: nos.XDSConfidentiality.Display(string(v), nos.A07Visibility)}
}
