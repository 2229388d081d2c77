package xdm

import "github.com/segur-sdk/segur"

// Codes of the errors of [Open]. The first six are those that French software
// exchanges about received archives.
const (
	CodeEmpty           = "EMPTY_ARCHIVE_ZIP"
	CodeNoMetadata      = "METADATA_MISSING"
	CodeNoDocument      = "CDA_MISSING"
	CodeNotCDA          = "IS_NO_CDA_FILE"
	CodeDifferentSize   = "METADATA_DIFFERENT_SIZE"
	CodeDifferentHash   = "METADATA_DIFFERENT_HASH"
	CodeBadMetadata     = "METADATA_INVALID"
	CodeNotZip          = "NOT_A_ZIP"
	CodeZip64           = "ZIP64"
	CodeOverlap         = "OVERLAPPING_FILES"
	CodeUnsafePath      = "UNSAFE_PATH"
	CodeDuplicateName   = "DUPLICATE_NAME"
	CodeEncrypted       = "ENCRYPTED"
	CodeNotRegular      = "NOT_A_REGULAR_FILE"
	CodeMethod          = "UNSUPPORTED_COMPRESSION"
	CodeTooManyFiles    = "TOO_MANY_FILES"
	CodeTooLarge        = "TOO_LARGE"
	CodeSeveralPatients = "SEVERAL_PATIENTS"
)

// WarningOtherPatient is the code of the warning about a document whose header
// does not hold the patient that its metadata name: file nothing without a
// person's look.
const WarningOtherPatient = "OTHER_PATIENT"

var help = map[string]segur.Text{
	CodeEmpty: {FR: "L'archive ne contient aucun fichier. Demander un nouvel envoi.",
		EN: "The archive holds no file. Ask for it to be sent again."},
	CodeNoMetadata: {FR: "L'archive ne contient pas de METADATA.XML : ce n'est pas un paquet IHE XDM.",
		EN: "The archive holds no METADATA.XML: it is not an IHE XDM package."},
	CodeNoDocument: {FR: "Un document annoncé par METADATA.XML est absent de l'archive. Demander un nouvel envoi.",
		EN: "A document that METADATA.XML announces is not in the archive. Ask for it to be sent again."},
	CodeNotCDA: {FR: "Un document annoncé comme CDA n'en est pas un. Demander un nouvel envoi.",
		EN: "A document announced as a CDA is not one. Ask for it to be sent again."},
	CodeDifferentSize: {FR: "La taille d'un document diffère de celle annoncée : ne pas l'intégrer, demander un nouvel envoi.",
		EN: "The size of a document is not the one announced: do not file it, ask for it to be sent again."},
	CodeDifferentHash: {FR: "L'empreinte d'un document diffère de celle annoncée : ne pas l'intégrer, demander un nouvel envoi.",
		EN: "The hash of a document is not the one announced: do not file it, ask for it to be sent again."},
	CodeBadMetadata: {FR: "METADATA.XML est illisible ou incomplet.",
		EN: "METADATA.XML cannot be read or is incomplete."},
	CodeNotZip: {FR: "Le fichier n'est pas une archive ZIP utilisable, ou il est tronqué.",
		EN: "The file is not a usable ZIP archive, or it was cut."},
	CodeZip64: {FR: "L'archive est au format ZIP 64 bits, que les paquets IHE XDM n'emploient pas.",
		EN: "The archive has the 64-bit form of ZIP, which IHE XDM packages do not use."},
	CodeOverlap: {FR: "Des fichiers de l'archive se chevauchent : ne pas l'ouvrir, prévenir l'expéditeur et la sécurité.",
		EN: "Files of the archive overlap: do not open it, tell the sender and your security team."},
	CodeDuplicateName: {FR: "Deux fichiers de l'archive ont le même nom, à la casse près. Demander un nouvel envoi.",
		EN: "Two files of the archive have the same name, but for the case. Ask for it to be sent again."},
	CodeEncrypted: {FR: "Un fichier de l'archive est chiffré, ce que la norme exclut. Demander un nouvel envoi.",
		EN: "A file of the archive is encrypted, which the norm excludes. Ask for it to be sent again."},
	CodeNotRegular: {FR: "L'archive contient autre chose que des fichiers et des dossiers : ne pas l'ouvrir.",
		EN: "The archive holds something else than files and folders: do not open it."},
	CodeMethod: {FR: "Un fichier de l'archive est compressé par une méthode que la norme exclut. Demander un nouvel envoi.",
		EN: "A file of the archive is compressed by a method that the norm excludes. Ask for it to be sent again."},
	CodeTooManyFiles: {FR: "L'archive contient plus de fichiers que la limite réglée.",
		EN: "The archive holds more files than the limit that is set."},
	CodeTooLarge: {FR: "L'archive dépasse la taille réglée, telle quelle ou une fois décompressée.",
		EN: "The archive is beyond the size that is set, as it is or once inflated."},
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
