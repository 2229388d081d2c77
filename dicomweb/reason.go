package dicomweb

import (
	"fmt"

	"github.com/segur-sdk/segur"
)

// Reason says why an instance was not stored, or was stored with a change: the
// failure and warning reasons of STOW-RS (PS3.18 I.2.2), which are the status
// codes of C-STORE (PS3.4 B.2.3).
type Reason uint16

// Reasons that servers use.
const (
	ReasonProcessingFailure    Reason = 0x0110
	ReasonClassNotSupported    Reason = 0x0122
	ReasonNotAuthorized        Reason = 0x0124
	ReasonOutOfResources       Reason = 0xA700
	ReasonClassMismatch        Reason = 0xA900
	ReasonStudyMismatch        Reason = 0xA901
	ReasonCannotUnderstand     Reason = 0xC000
	ReasonSyntaxNotSupported   Reason = 0xC122
	ReasonCoercion             Reason = 0xB000
	ReasonElementsDiscarded    Reason = 0xB006
	ReasonClassMismatchTaken   Reason = 0xB007
	ReasonAlreadyStored        Reason = 0xB00E // Azure DICOM service
	ReasonBeingStoredByAnother Reason = 0xB00F // Azure DICOM service
	classMask                         = 0xFF00
	classOutOfResources               = 0xA700
	classMismatch                     = 0xA900
	firstCannotUnderstand      Reason = 0xC000
	lastCannotUnderstand       Reason = 0xCFFF
	reasonNone                 Reason = 0
)

// String returns the four hexadecimal digits, such as "A900".
func (r Reason) String() string { return fmt.Sprintf("%04X", uint16(r)) }

// Text says what the reason means and what to do.
func (r Reason) Text() segur.Text {
	switch {
	case r == ReasonProcessingFailure:
		return segur.Text{
			FR: "Le serveur n'a pas pu traiter l'instance (étude différente de celle de l'adresse, base ou règle locale). Renvoyer une fois, puis voir son journal.",
			EN: "The server could not process the instance (a study other than that of the URL, its database, a local rule). Send it once more, then see its log."}
	case r == ReasonClassNotSupported:
		return segur.Text{FR: "Le serveur ne conserve pas cette classe SOP.", EN: "The server does not store this SOP class."}
	case r == ReasonNotAuthorized:
		return segur.Text{FR: "Le serveur refuse ce dépôt à l'appelant.", EN: "The server does not let the caller store this."}
	case r&classMask == classOutOfResources:
		return segur.Text{FR: "Le serveur manque de place ou de ressources. Renvoyer plus tard.", EN: "The server is out of space or resources. Send again later."}
	case r == ReasonStudyMismatch:
		return segur.Text{FR: "L'instance n'appartient pas à l'étude de l'adresse.", EN: "The instance does not belong to the study of the URL."}
	case r&classMask == classMismatch:
		return segur.Text{FR: "Le contenu de l'instance ne correspond pas à sa classe SOP.", EN: "The data set of the instance does not match its SOP class."}
	case r == ReasonSyntaxNotSupported:
		return segur.Text{FR: "Le serveur n'accepte pas cette syntaxe de transfert.", EN: "The server does not take this transfer syntax."}
	case r >= firstCannotUnderstand && r <= lastCannotUnderstand:
		return segur.Text{FR: "Le serveur ne comprend pas l'instance.", EN: "The server cannot understand the instance."}
	case r == ReasonCoercion:
		return segur.Text{FR: "Conservée, avec des éléments modifiés par le serveur.", EN: "Stored, with elements changed by the server."}
	case r == ReasonElementsDiscarded:
		return segur.Text{FR: "Conservée, sans certains éléments.", EN: "Stored, without some elements."}
	case r == ReasonClassMismatchTaken:
		return segur.Text{FR: "Conservée, bien qu'elle ne corresponde pas à sa classe SOP.", EN: "Stored, although it does not match its SOP class."}
	case r == ReasonAlreadyStored:
		return segur.Text{FR: "Le serveur conserve déjà cette instance.", EN: "The server holds this instance already."}
	case r == ReasonBeingStoredByAnother:
		return segur.Text{FR: "Un autre dépôt de cette instance est en cours. Renvoyer plus tard.", EN: "Another request is storing this instance. Send again later."}
	}
	return segur.Text{FR: "Motif propre au serveur : voir sa déclaration de conformité.", EN: "A reason of the server's own: see its conformance statement."}
}

// later reports whether sending the instance again may succeed without a change.
func (r Reason) later() bool {
	return r&classMask == classOutOfResources || r == ReasonBeingStoredByAnother
}
