package xdm

import "github.com/segur-sdk/segur"

// Codes of the errors of [Open]. The first six are those that French software
// exchanges about received archives.
const (
	CodeEmpty           = "EMPTY_ARCHIVE_ZIP"
	CodeNoMetadata      = "METADATA_MISSING"
	CodeNoDocument      = "CDA_MISSING"
	CodeDifferentSize   = "METADATA_DIFFERENT_SIZE"
	CodeDifferentHash   = "METADATA_DIFFERENT_HASH"
	CodeBadMetadata     = "METADATA_INVALID"
	CodeNotZip          = "NOT_A_ZIP"
	CodeUnsafePath      = "UNSAFE_PATH"
	CodeDuplicateName   = "DUPLICATE_NAME"
	CodeEncrypted       = "ENCRYPTED"
	CodeNotRegular      = "NOT_A_REGULAR_FILE"
	CodeMethod          = "UNSUPPORTED_COMPRESSION"
	CodeTooManyFiles    = "TOO_MANY_FILES"
	CodeTooLarge        = "TOO_LARGE"
	CodeSeveralPatients = "SEVERAL_PATIENTS"
)

var help = map[string]segur.Text{
	CodeEmpty: {FR: "L'archive ne contient aucun fichier. Demander un nouvel envoi.",
		EN: "The archive holds no file. Ask for it to be sent again."},
	CodeNoMetadata: {FR: "L'archive ne contient pas de METADATA.XML : ce n'est pas un paquet IHE XDM.",
		EN: "The archive holds no METADATA.XML: it is not an IHE XDM package."},
	CodeNoDocument: {FR: "Un document annoncé par METADATA.XML est absent de l'archive. Demander un nouvel envoi.",
		EN: "A document that METADATA.XML announces is not in the archive. Ask for it to be sent again."},
	CodeDifferentSize: {FR: "La taille d'un document diffère de celle annoncée : ne pas l'intégrer, demander un nouvel envoi.",
		EN: "The size of a document is not the one announced: do not file it, ask for it to be sent again."},
	CodeDifferentHash: {FR: "L'empreinte d'un document diffère de celle annoncée : ne pas l'intégrer, demander un nouvel envoi.",
		EN: "The hash of a document is not the one announced: do not file it, ask for it to be sent again."},
	CodeBadMetadata: {FR: "METADATA.XML est illisible ou incomplet.",
		EN: "METADATA.XML cannot be read or is incomplete."},
	CodeNotZip: {FR: "Le fichier n'est pas une archive ZIP utilisable, ou il est tronqué.",
		EN: "The file is not a usable ZIP archive, or it was cut."},
	CodeUnsafePath: {FR: "L'archive contient un chemin dangereux : ne pas l'ouvrir, prévenir l'expéditeur et la sécurité.",
		EN: "The archive holds a dangerous path: do not open it, tell the sender and your security team."},
	CodeSeveralPatients: {FR: "L'archive concerne plusieurs patients, ce qui est interdit : ne rien intégrer automatiquement.",
		EN: "The archive concerns several patients, which is forbidden: file nothing automatically."},
}

// refuse makes an error of Open. Names come from the archive and may be
// anything: they are printed quoted, and only in Details.
func refuse(kind segur.Kind, code, field, message string, err error) *segur.Error {
	return &segur.Error{Op: opOpen, Kind: kind, Code: code, Help: help[code], Err: err,
		Details: []segur.Detail{{Field: field, Code: code, Message: message}}}
}

const opOpen = "xdm.Open"
