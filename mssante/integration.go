package mssante

import "github.com/segur-sdk/segur"

// IntegrationCode says why software that received a document could not file
// it: a code of the user table applicationErrorCode (HL7 0533) of the guide
// "Transmission au LPS de documents CDA provenant d'un courriel MSSanté".
type IntegrationCode string

// The codes of the guide.
const (
	// WrongVersion: the document replaces or deletes a version that is not the
	// latest one known.
	WrongVersion IntegrationCode = "900"
	// AuthorNotAllowed: who replaces or deletes is neither the author nor of
	// the author's structure.
	AuthorNotAllowed IntegrationCode = "901"
	// PatientUnknown: the patient is unknown to the software.
	PatientUnknown IntegrationCode = "902"
	// INSMissing: the document identifies the patient without an INS.
	INSMissing IntegrationCode = "903"
	// INSDiffers: the INS or its traits are not those of the local record.
	INSDiffers IntegrationCode = "904"
	// INSIncomplete: the matricule is there and not all of the traits.
	INSIncomplete IntegrationCode = "905"
	// OtherError is any other error.
	OtherError IntegrationCode = "906"
)

// integrationTexts explain the codes in our words.
var integrationTexts = map[IntegrationCode]segur.Text{
	WrongVersion: {FR: "Version du document incorrecte pour un remplacement ou une suppression",
		EN: "Wrong version of the document for a replacement or a deletion"},
	AuthorNotAllowed: {FR: "Auteur non autorisé à remplacer ou supprimer le document",
		EN: "The author may not replace or delete the document"},
	PatientUnknown: {FR: "Identifiant patient inconnu", EN: "Unknown patient identifier"},
	INSMissing:     {FR: "INS absent du document", EN: "No INS in the document"},
	INSDiffers: {FR: "INS transmis différent de celui du dossier local",
		EN: "The INS sent is not that of the local record"},
	INSIncomplete: {FR: "INS transmis incomplet", EN: "The INS sent is incomplete"},
	OtherError:    {FR: "Autre erreur", EN: "Other error"},
}

// Known reports whether the code is one of the guide.
func (c IntegrationCode) Known() bool { _, ok := integrationTexts[c]; return ok }

// Text says what the code means; the zero Text when it is not of the guide.
func (c IntegrationCode) Text() segur.Text { return integrationTexts[c] }
