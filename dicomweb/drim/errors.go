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

// Codes of the source: Code of a [segur.Error] and of a [Trouble].
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
	// CodeWrongPatient: the images, or a change of them, are those of another
	// patient than the report.
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
)

var helps = map[string]segur.Text{
	CodeArchiveDamaged: {
		FR: "La fiche de l'examen dans l'archive locale est altérée. Elle n'est pas utilisée : la restaurer d'une sauvegarde, puis rejouer les messages reçus depuis.",
		EN: "The study in the local archive is damaged. It is not used: restore it from a backup, then replay the messages received since."},
	CodeArchiveLocked: {
		FR: "Un autre processus utilise cette archive : une seule source par répertoire.",
		EN: "Another process uses this archive: one source for a directory."},
	CodeNoReport: {
		FR: "Le message ne porte pas de compte rendu CDA lisible.",
		EN: "The message bears no CDA report that can be read."},
	CodeNoStudy: {
		FR: "Le compte rendu ne nomme aucun examen DICOM (documentationOf/serviceEvent/id).",
		EN: "The report names no DICOM study (documentationOf/serviceEvent/id)."},
	CodeUnknownReport: {
		FR: "L'annulation vise un compte rendu inconnu, ou une version qui a été remplacée : la renvoyer avec l'identifiant de la version courante.",
		EN: "The withdrawal names a report that is not known, or a version that was replaced: send it with the identifier of the current version."},
	CodeNotQualified: {
		FR: "L'identité n'est pas qualifiée : rien n'est transmis avec l'INS. Qualifier l'identité puis renvoyer le compte rendu.",
		EN: "The identity is not qualified: nothing leaves with the INS. Qualify the identity, then send the report again."},
	CodeWrongPatient: {
		FR: "Les images ne sont pas celles du patient du compte rendu. Rien n'est publié : corriger l'identité dans le PACS ou le compte rendu.",
		EN: "The images are not those of the patient of the report. Nothing is published: correct the identity in the PACS or the report."},
	CodeWrongAccession: {
		FR: "Le numéro d'accession des images n'est pas celui du compte rendu. Rien n'est publié : corriger l'un ou l'autre.",
		EN: "The accession number of the images is not that of the report. Nothing is published: correct one or the other."},
	CodeNotInPACS: {
		FR: "Le PACS n'a pas encore d'image de cet examen. La publication sera tentée de nouveau.",
		EN: "The PACS has no image of this study yet. The publication will be tried again."},
	CodePreviousGone: {
		FR: "Le DMP n'a plus le manifeste à remplacer : il a pu être supprimé par le patient ou par un professionnel. Décider s'il faut le publier de nouveau (Source.Republish).",
		EN: "The record no longer has the manifest to replace: the patient or a professional may have deleted it. Decide whether to publish anew (Source.Republish)."},
	CodeUnsettled: {
		FR: "L'issue d'un envoi n'est pas connue et le manifeste n'est plus voulu : le DMP sera interrogé de nouveau pour le retirer s'il apparaît.",
		EN: "The outcome of a submission is not known and its manifest is no longer wanted: the record will be asked again, to withdraw it if it appears."},
	CodeUnknownStudy: {
		FR: "Aucun compte rendu reçu ne porte sur cet examen.",
		EN: "No report received is about this study."},
}

func helpOf(code string) segur.Text { return helps[code] }

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
