package drim

import (
	"errors"

	"github.com/segur-sdk/segur"
)

const (
	opSource  = "drim.source"
	opReceive = "drim.receive"
	opArchive = "drim.archive"
)

// Codes of errors and troubles: Code of a [segur.Error] and of a [Trouble]. Those
// of requests to a source of images, the Serve codes, are in [Access].
const (
	// CodeArchiveDamaged: a stored study does not have its checksum.
	CodeArchiveDamaged = "drim-archive-damaged"
	// CodeArchiveLocked: another process has the archive.
	CodeArchiveLocked = "drim-archive-locked"
	// CodeNoReport: the message holds no report that can be read.
	CodeNoReport = "drim-no-report"
	// CodeNoStudy: the report names no study (serviceEvent/id).
	CodeNoStudy = "drim-no-study"
	// CodeUnknownReport: a withdrawal names a report, or a version, that is not
	// the one the archive holds.
	CodeUnknownReport = "drim-unknown-report"
	// CodeNotQualified: the identity is not qualified, so that no INS may leave.
	CodeNotQualified = "drim-not-qualified"
	// CodeWrongPatient: images, a change of them, or what came from the record or
	// a source, are those of another patient than the report or the manifest.
	CodeWrongPatient = "drim-wrong-patient"
	// CodeWrongAccession: the accession number of the images is not that of the
	// report.
	CodeWrongAccession = "drim-wrong-accession"
	// CodeNotInPACS: the image archive has no image of the study yet.
	CodeNotInPACS = "drim-not-in-pacs"
	// CodePreviousGone: the record no longer has the manifest to replace.
	CodePreviousGone = "drim-previous-gone"
	// CodeUnsettled: a manifest that is no longer wanted may yet appear in the
	// record.
	CodeUnsettled = "drim-unsettled"
	// CodeUnknownStudy: the archive knows nothing of the study.
	CodeUnknownStudy = "drim-unknown-study"
	// CodeMessage: the message breaks a rule of its guide, or contradicts itself.
	CodeMessage = "message"
	// CodeMessageUnsupported: the message is of a type that a DRIMbox does not act on.
	CodeMessageUnsupported = "message-unsupported"
	// CodeNotPublishable: the message does not allow that its exam be published.
	CodeNotPublishable = "not-publishable"
	// CodeBadCall: a parameter is unknown, absent, empty, given twice or not what it must be (400).
	CodeBadCall = "drim-bad-call"
	// CodeCallTooLarge: the form is larger than a call (413).
	CodeCallTooLarge = "drim-call-too-large"
	// CodeNotAForm: the request is no posted form in UTF-8 (405, 415).
	CodeNotAForm = "drim-not-a-form"
	// CodeCallGone: the call was taken already, has expired or never was (404).
	CodeCallGone = "drim-call-gone"
	// CodeTooManyCalls: more calls wait than may be kept (503).
	CodeTooManyCalls = "drim-too-many-calls"
	// CodeBadViewerLink: the link is not one of a study (400).
	CodeBadViewerLink = "drim-bad-viewer-link"
	// CodeViewerMismatch: the study, the accession number and the report of the link are not together in the archive, or
	// no longer (406, as the reference implementation answers).
	CodeViewerMismatch = "drim-viewer-mismatch"
	// CodeCrossCheck: objects of the exam contradict each other, see
	// [CheckReport.MayPublish].
	CodeCrossCheck = "cross-check"
	// CodeOpposed: the contextual call says that the patient was not informed, or
	// is opposed.
	CodeOpposed = "drim-opposed"
	// CodeNotAManifest: the document is no manifest that can be read.
	CodeNotAManifest = "drim-not-a-manifest"
	// CodeWrongManifest: the document is not the one that its entry describes.
	CodeWrongManifest = "drim-wrong-manifest"
	// CodeWrongStudy: a manifest, an address or an image is of another study or
	// series than the one it stands for.
	CodeWrongStudy = "drim-wrong-study"
	// CodeBadAddress: a series has no address, or one that may not be called.
	CodeBadAddress = "drim-bad-address"
	// CodeExamWithdrawn: the record no longer has a manifest of the exam.
	CodeExamWithdrawn = "drim-exam-withdrawn"
	// CodeManifestReplaced: the manifest was replaced more often than a retrieval
	// follows.
	CodeManifestReplaced = "drim-manifest-replaced"
	// CodeImageGone: the source no longer has the image.
	CodeImageGone = "drim-image-gone"
	// CodeImageNotListed: the manifest does not list the image that came.
	CodeImageNotListed = "drim-image-not-listed"
	// CodeImageDamaged: the file came whole and is not.
	CodeImageDamaged = "drim-image-damaged"
	// CodeImageWithoutPixels: an image came whole, without the pixels that it
	// announces, or with fewer.
	CodeImageWithoutPixels = "drim-image-without-pixels"
	// CodeNotAnswered: the source answered without the image.
	CodeNotAnswered = "drim-not-answered"
	// CodeSourceDown: the source was given up after several requests failed.
	CodeSourceDown = "drim-source-down"
	// CodeCannotSpool: an image could not be kept while it came.
	CodeCannotSpool = "drim-cannot-spool"
	// CodeNotStored: the local archive ended the export.
	CodeNotStored = "drim-not-stored"
	// CodeIncompleteExam: not every image is there.
	CodeIncompleteExam = "drim-incomplete-exam"
)

// errorCode is what is known of a code.
type errorCode struct {
	// help says what it means and what to do.
	help segur.Text
	// kinds are those that its errors may have.
	kinds []segur.Kind
	// again: the same, tried again later, may succeed without a person.
	again bool
}

var errorCodes = map[string]errorCode{
	CodeArchiveDamaged: {segur.Text{
		FR: "La fiche de l'examen dans l'archive locale est altérée. Elle n'est pas utilisée : la restaurer d'une sauvegarde, puis rejouer les messages reçus depuis.",
		EN: "The study in the local archive is damaged. It is not used: restore it from a backup, then replay the messages received since."},
		[]segur.Kind{segur.KindSignature}, false},
	CodeArchiveLocked: {segur.Text{
		FR: "Un autre processus utilise cette archive : une seule source par répertoire.",
		EN: "Another process uses this archive: one source for a directory."},
		[]segur.Kind{segur.KindConflict}, false},
	CodeNoReport: {segur.Text{
		FR: "Le message ne porte pas de compte rendu CDA lisible.",
		EN: "The message bears no CDA report that can be read."},
		[]segur.Kind{segur.KindInvalidInput}, false},
	CodeNoStudy: {segur.Text{
		FR: "Le compte rendu ne nomme aucun examen DICOM (documentationOf/serviceEvent/id).",
		EN: "The report names no DICOM study (documentationOf/serviceEvent/id)."},
		[]segur.Kind{segur.KindInvalidInput}, false},
	CodeUnknownReport: {segur.Text{
		FR: "L'annulation vise un compte rendu inconnu, ou une version qui a été remplacée : la renvoyer avec l'identifiant de la version courante.",
		EN: "The withdrawal names a report that is not known, or a version that was replaced: send it with the identifier of the current version."},
		[]segur.Kind{segur.KindConflict, segur.KindNotFound}, false},
	CodeNotQualified: {segur.Text{
		FR: "L'identité n'est pas qualifiée : rien n'est transmis avec l'INS. Qualifier l'identité puis renvoyer le compte rendu.",
		EN: "The identity is not qualified: nothing leaves with the INS. Qualify the identity, then send the report again."},
		[]segur.Kind{segur.KindInvalidInput}, false},
	CodeWrongPatient: {segur.Text{
		FR: "Ce qui est reçu, ou les images, est celui d'un autre patient que le compte rendu ou le manifeste. Rien n'est publié, affiché ni transmis : corriger l'identité là où elle est fausse (PACS, compte rendu, site source).",
		EN: "What came, or the images, are those of another patient than the report or the manifest. Nothing is published, shown or passed on: correct the identity where it is wrong (image archive, report, site that sent it)."},
		[]segur.Kind{segur.KindConflict, segur.KindProtocol, segur.KindRefused}, false},
	CodeWrongAccession: {segur.Text{
		FR: "Le numéro d'accession des images n'est pas celui du compte rendu. Rien n'est publié : corriger l'un ou l'autre.",
		EN: "The accession number of the images is not that of the report. Nothing is published: correct one or the other."},
		[]segur.Kind{segur.KindConflict}, false},
	CodeNotInPACS: {segur.Text{
		FR: "Le PACS n'a pas encore d'image de cet examen. La publication sera tentée de nouveau.",
		EN: "The PACS has no image of this study yet. The publication will be tried again."},
		[]segur.Kind{segur.KindNotFound}, true},
	CodePreviousGone: {segur.Text{
		FR: "Le DMP n'a plus le manifeste à remplacer : il a pu être supprimé par le patient ou par un professionnel. Décider s'il faut le publier de nouveau (Source.Republish).",
		EN: "The record no longer has the manifest to replace: the patient or a professional may have deleted it. Decide whether to publish anew (Source.Republish)."},
		[]segur.Kind{segur.KindConflict}, false},
	CodeUnsettled: {segur.Text{
		FR: "L'issue d'un envoi n'est pas connue et le manifeste n'est plus voulu : le DMP sera interrogé de nouveau pour le retirer s'il apparaît.",
		EN: "The outcome of a submission is not known and its manifest is no longer wanted: the record will be asked again, to withdraw it if it appears."},
		[]segur.Kind{segur.KindOutcomeUnknown}, true},
	CodeUnknownStudy: {segur.Text{
		FR: "Aucun compte rendu reçu ne porte sur cet examen.",
		EN: "No report received is about this study."},
		[]segur.Kind{segur.KindNotFound}, false},
	CodeMessage: {segur.Text{
		FR: "Le message HL7 ne peut pas être traité : chaque point cité doit être corrigé par l'émetteur, qui le renvoie ensuite.",
		EN: "The HL7 message cannot be acted on: the sender must correct every point listed and send it again."},
		[]segur.Kind{segur.KindInvalidInput, segur.KindTooLarge}, false},
	CodeMessageUnsupported: {segur.Text{
		FR: "Ce type de message ne concerne pas la DRIMbox : seuls ORU^R01, MDM^T02, MDM^T04, MDM^T10 et OMI^O23 sont traités.",
		EN: "This type of message is not for a DRIMbox: only ORU^R01, MDM^T02, MDM^T04, MDM^T10 and OMI^O23 are handled."},
		[]segur.Kind{segur.KindRefused}, false},
	CodeNotPublishable: {segur.Text{
		FR: "Le message ne permet pas de publier les images de l'examen ; chaque condition non remplie est citée.",
		EN: "The message does not allow the images of the exam to be published; every condition that is not met is listed."},
		[]segur.Kind{segur.KindRefused}, false},
	CodeBadCall: {segur.Text{
		FR: "L'appel contextuel ne suit pas la spécification : corriger chaque paramètre cité dans le logiciel appelant.",
		EN: "The contextual call does not follow the specification: correct every parameter listed in the calling software."},
		[]segur.Kind{segur.KindInvalidInput, segur.KindRefused, segur.KindTruncated}, false},
	CodeCallTooLarge: {segur.Text{
		FR: "L'appel contextuel dépasse la taille admise.",
		EN: "The contextual call is larger than what is accepted."},
		[]segur.Kind{segur.KindTooLarge}, false},
	CodeNotAForm: {segur.Text{
		FR: "L'appel contextuel est un formulaire envoyé par POST (application/x-www-form-urlencoded, UTF-8).",
		EN: "A contextual call is a form sent by POST (application/x-www-form-urlencoded, UTF-8)."},
		[]segur.Kind{segur.KindInvalidInput}, false},
	CodeCallGone: {segur.Text{
		FR: "Cet appel contextuel a déjà été ouvert ou a expiré : le relancer depuis le logiciel appelant.",
		EN: "This contextual call was opened already or has expired: call again from the calling software."},
		[]segur.Kind{segur.KindNotFound}, false},
	CodeTooManyCalls: {segur.Text{
		FR: "Trop d'appels contextuels attendent d'être ouverts : réessayer dans quelques minutes.",
		EN: "Too many contextual calls wait to be opened: try again in a few minutes."},
		[]segur.Kind{segur.KindUnavailable}, true},
	CodeBadViewerLink: {segur.Text{
		FR: "Le lien vers la visionneuse est incomplet ou altéré : l'ouvrir depuis le compte rendu.",
		EN: "The link to the viewer is incomplete or damaged: open it from the report."},
		[]segur.Kind{segur.KindInvalidInput}, false},
	CodeViewerMismatch: {segur.Text{
		FR: "Le lien ne désigne pas un examen partagé avec ce compte rendu : compte rendu remplacé ou annulé, ou numéros différents. Ne pas afficher les images.",
		EN: "The link does not designate a study that is shared with this report: report replaced or withdrawn, or other numbers. Do not show the images."},
		[]segur.Kind{segur.KindNotFound}, false},
	CodeCrossCheck: {segur.Text{
		FR: "Le compte rendu, le manifeste, les métadonnées et les images ne se rapportent pas au même examen : rien n'est publié. Chaque règle non respectée est citée.",
		EN: "Report, manifest, metadata and images are not about the same exam: nothing is published. Every rule that is broken is listed."},
		[]segur.Kind{segur.KindRefused}, false},
	CodeOpposed: {segur.Text{
		FR: "L'appel contextuel indique que le patient n'a pas été informé, ou s'oppose à la consultation : le DMP n'est pas interrogé.",
		EN: "The contextual call says that the patient was not informed, or is opposed: the record is not asked."},
		[]segur.Kind{segur.KindRefused}, false},
	CodeNotAManifest: {segur.Text{
		FR: "Le document du DMP n'est pas un manifeste d'images lisible. Le signaler à son auteur.",
		EN: "The document of the record is no manifest of images that can be read. Tell its author."},
		[]segur.Kind{segur.KindProtocol, segur.KindTooLarge}, false},
	CodeWrongManifest: {segur.Text{
		FR: "Le document reçu n'est pas celui que décrit le DMP (identifiant, taille ou empreinte). Il n'est pas utilisé.",
		EN: "The document is not the one that the record describes (identifier, size or hash). It is not used."},
		[]segur.Kind{segur.KindProtocol}, false},
	CodeWrongStudy: {segur.Text{
		FR: "Un élément reçu est celui d'un autre examen. Il n'est pas utilisé ; le signaler au site source.",
		EN: "Something that came is of another exam. It is not used; tell the site that sent it."},
		[]segur.Kind{segur.KindProtocol, segur.KindRefused}, false},
	CodeBadAddress: {segur.Text{
		FR: "Le manifeste ne donne pas d'adresse utilisable (https, étude et série de l'entrée) pour cette série.",
		EN: "The manifest has no address that may be called (https, study and series of the item) for the series."},
		[]segur.Kind{segur.KindRefused}, false},
	CodeExamWithdrawn: {segur.Text{
		FR: "Le DMP n'a plus de manifeste pour cet examen : le partage a été annulé. Ne plus présenter ses images comme partagées.",
		EN: "The record no longer has a manifest of the exam: it is no longer shared. Its images are not to be shown as if it were."},
		[]segur.Kind{segur.KindNotFound}, false},
	CodeManifestReplaced: {segur.Text{
		FR: "L'examen change pendant la récupération : recommencer.",
		EN: "The exam changes during its retrieval: start again."},
		[]segur.Kind{segur.KindConflict}, true},
	CodeImageGone: {segur.Text{
		FR: "La source n'a plus cette image, que le manifeste liste encore.",
		EN: "The source no longer has the image, which the manifest still lists."},
		[]segur.Kind{segur.KindNotFound}, false},
	CodeImageNotListed: {segur.Text{
		FR: "La source a envoyé une image que le manifeste ne liste pas. Elle n'est pas utilisée.",
		EN: "The source sent an image that the manifest does not list. It is not used."},
		[]segur.Kind{segur.KindProtocol, segur.KindTooLarge}, false},
	CodeImageDamaged: {segur.Text{
		FR: "Le fichier reçu n'est pas un fichier DICOM entier. Il n'est pas utilisé.",
		EN: "The file that came is no whole DICOM file. It is not used."},
		[]segur.Kind{segur.KindProtocol, segur.KindTruncated}, false},
	CodeImageWithoutPixels: {segur.Text{
		FR: "Le fichier reçu n'a pas les pixels qu'il annonce. Il n'est pas utilisé : l'image est à corriger à la source.",
		EN: "The file that came does not have the pixels that it announces. It is not used: the source has to correct the image."},
		[]segur.Kind{segur.KindTruncated}, false},
	CodeNotAnswered: {segur.Text{
		FR: "La source a répondu sans envoyer cette image.",
		EN: "The source answered without sending the image."},
		[]segur.Kind{segur.KindPartial, segur.KindProtocol}, true},
	CodeSourceDown: {segur.Text{
		FR: "La source ne répond pas. Réessayer plus tard.",
		EN: "The source does not answer. Try again later."},
		[]segur.Kind{segur.KindUnavailable, segur.KindTimeout, segur.KindRateLimited}, true},
	CodeCannotSpool: {segur.Text{
		FR: "Une image n'a pas pu être conservée le temps de sa réception : vérifier le répertoire et l'espace disponible.",
		EN: "An image could not be kept while it came: check the directory and the space left."},
		[]segur.Kind{segur.KindInvalidInput}, false},
	CodeNotStored: {segur.Text{
		FR: "Le PACS local n'accepte plus d'images : voir son erreur, puis recommencer.",
		EN: "The local archive takes no more images: see its error, then start again."},
		[]segur.Kind{segur.KindPartial, segur.KindUnavailable}, true},
	CodeIncompleteExam: {segur.Text{
		FR: "Toutes les images de l'examen ne sont pas arrivées : le signaler à l'utilisateur et réessayer.",
		EN: "Not every image of the exam is there: tell the user and try again."},
		[]segur.Kind{segur.KindPartial}, true},
}

func helpOf(code string) segur.Text { return errorCodes[code].help }

// sourceError is an error of the source itself.
func sourceError(op string, kind segur.Kind, code, message string, details ...segur.Detail) *segur.Error {
	return &segur.Error{Op: op, Kind: kind, Code: code, Message: message, Details: details, Help: helpOf(code)}
}

// asSegur makes sure that the error of an interface is a [*segur.Error].
func asSegur(op string, kind segur.Kind, message string, err error) *segur.Error {
	var e *segur.Error
	if errors.As(err, &e) {
		return e
	}
	return &segur.Error{Op: op, Kind: kind, Message: message, Err: err}
}
