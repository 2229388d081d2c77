package identity

import "github.com/segur-sdk/segur"

// Method says how the traits of an identity were collected, by the codes of the FR Core value set of collection
// methods.
type Method string

// The methods.
const (
	// MethodManual: typed in ("saisie manuelle").
	MethodManual Method = "SM"
	// MethodVitale: read from the Vitale card.
	MethodVitale Method = "CV"
	// MethodINSi: retrieved from INSi.
	MethodINSi Method = "INSI"
	// MethodBarcode: read from a bar code, the INS datamatrix included.
	MethodBarcode Method = "CB"
	// MethodRFID: read from a radio chip.
	MethodRFID Method = "RFID"
)

// Known reports whether m is one of the five codes.
func (m Method) Known() bool {
	switch m {
	case MethodManual, MethodVitale, MethodINSi, MethodBarcode, MethodRFID:
		return true
	}
	return false
}

// DocumentCode is the code of the kind of document that an identity was checked against.
type DocumentCode string

// Codes of the FR Core value set of validation modes. The list that a structure works with is its own.
const (
	// Passport is a passport.
	Passport DocumentCode = "PA"
	// IdentityCard is a national identity card.
	IdentityCard DocumentCode = "CN"
	// BirthCertificate is an extract of the birth certificate.
	BirthCertificate DocumentCode = "AN"
	// FamilyBook is the "livret de famille".
	FamilyBook DocumentCode = "LE"
	// CarteVitaleApp is the application "carte Vitale" (added in May 2026).
	CarteVitaleApp DocumentCode = "AV"
)

// Reliability is how far an identity may be trusted and why: what the encodings say beside the traits (HL7 v2 PID-32,
// FR Core extension identity-reliability). It holds no trait and no matricule.
type Reliability struct {
	// Status is one of the four statuses. HL7 v2 carries two of them only: PROV or VALI.
	Status segur.IdentityStatus
	// Attributes are the RNIV marks.
	Attributes segur.IdentityAttributes
	// Method is how the traits were collected. Empty when that is not known.
	Method Method
	// CollectedAt is the day of the last call to INSi that gave or confirmed the INS ("dateCollection"); zero without.
	CollectedAt segur.Date
	// ValidatedAt is the day of the control of a document; zero when the identity is not checked.
	ValidatedAt segur.Date
	// ValidationMode is the code of the document of that control; empty when the identity is not checked.
	ValidationMode DocumentCode
}
