package kos

import "github.com/segur-sdk/segur"

// dcm is the OID of the code scheme DCM (DICOM PS3.16).
const dcm segur.OID = "1.2.840.10008.2.16.4"

// Codes of errors: Code of the [segur.Error], and of its details.
const (
	// CodeNotKOS: the file is no key object selection document.
	CodeNotKOS = "kos-not-kos"
	// CodeNoINS: no INS where a manifest must have one.
	CodeNoINS = "kos-no-ins"
	// CodeBadINS: what stands where the INS must is not one: shape, key or
	// authority.
	CodeBadINS = "kos-bad-ins"
	// CodeNotQualified: the identity is not qualified, or lacks a trait that a
	// qualified one has.
	CodeNotQualified = "kos-not-qualified"
	// CodeSeveralPatients: two patients where there must be one.
	CodeSeveralPatients = "kos-several-patients"
	// CodeSeveralStudies: images of two studies.
	CodeSeveralStudies = "kos-several-studies"
	// CodeOtherStudy: the study is not that of the report, or of the version
	// before, or the document names two.
	CodeOtherStudy = "kos-other-study"
	// CodeEmptyStudy: there is no instance to share.
	CodeEmptyStudy = "kos-empty-study"
	// CodeBadUID: a UID is missing or is none.
	CodeBadUID = "kos-bad-uid"
	// CodeTwice: an instance is given twice.
	CodeTwice = "kos-twice"
	// CodeTooLarge: more instances, or bytes, than are accepted.
	CodeTooLarge = "kos-too-large"
	// CodeField: another field breaks its rule.
	CodeField = "kos-field"
)

// Codes of the warnings of [Build]: what was left out or changed.
const (
	// WarnNotShared: a manifest or a rejection note among the rows is not shared.
	WarnNotShared = "kos-not-shared"
	// WarnRejected: instances that a rejection note takes out.
	WarnRejected = "kos-rejected"
	// WarnKey: a key image note selects what the manifest does not have, or is
	// not in it.
	WarnKey = "kos-key"
	// WarnOrder: the report names no order.
	WarnOrder = "kos-order"
	// WarnCut: a text was longer than its attribute may be and was cut.
	WarnCut = "kos-cut"
	// WarnLong: an identifier is longer than its attribute may be; it was kept.
	WarnLong = "kos-long"
	// WarnCharacters: characters that the attribute cannot hold were replaced.
	WarnCharacters = "kos-characters"
	// WarnBirthDate: a date of birth that is not complete was left empty.
	WarnBirthDate = "kos-birth-date"
)

// Codes of the warnings of [Read]: deviations that documents show, the samples
// and the prototype of DRIM-M among them.
const (
	// WarnTitle: the title is not written as the code 113030 of DCM.
	WarnTitle = "kos-title"
	// WarnValueType: the root is not a CONTAINER.
	WarnValueType = "kos-value-type"
	// WarnMeta: the file meta information names another instance.
	WarnMeta = "kos-meta"
	// WarnBlanks: blanks or line ends around a value.
	WarnBlanks = "kos-blanks"
	// WarnIssuer: an identifier of the patient has no authority, or a label that
	// does not go with it.
	WarnIssuer = "kos-issuer"
	// WarnOtherINS: the INS stands in OtherPatientIDs only.
	WarnOtherINS = "kos-ins-in-other-ids"
	// WarnOtherNames: OtherPatientNames is not written as the list of given
	// names and the used name.
	WarnOtherNames = "kos-other-names"
	// WarnInstitution: InstitutionName has no identifier.
	WarnInstitution = "kos-institution"
	// WarnAccession: the accession number stands at the root, alone or otherwise
	// than in the order.
	WarnAccession = "kos-accession"
	// WarnRequest: there is no order, or it names another study.
	WarnRequest = "kos-request"
	// WarnTime: a time holds something else, or the offset from UTC is missing.
	WarnTime = "kos-time"
	// WarnStudies: the document lists several studies.
	WarnStudies = "kos-studies"
	// WarnURL: RetrieveURL is missing, not https, or names another study or series.
	WarnURL = "kos-url"
	// WarnSOPClass: an instance has no class.
	WarnSOPClass = "kos-sop-class"
	// WarnEmptySeries: a series lists no instance: what it should hold is not
	// known to be there.
	WarnEmptySeries = "kos-empty-series"
	// WarnTwice: an instance is listed twice; the first stays.
	WarnTwice = "kos-listed-twice"
	// WarnContent: the content and the evidence do not name the same instances.
	WarnContent = "kos-content"
	// WarnText: the text item is missing, at the root, or speaks of a series that
	// is not listed.
	WarnText = "kos-text"
	// WarnRepaired: text that was UTF-8 in a document that says Latin-1 was read
	// as UTF-8.
	WarnRepaired = "kos-repaired"
	// WarnCharacterSet: the document does not name its character set.
	WarnCharacterSet = "kos-character-set"
	// WarnProcedureStep: ReferencedPerformedProcedureStepSequence, which is empty
	// in a manifest, has items.
	WarnProcedureStep = "kos-procedure-step"
)

// help says what to do about a code.
var help = map[string]segur.Text{
	CodeNotKOS: {FR: "Le fichier n'est pas un document KOS (classe 1.2.840.10008.5.1.4.1.1.88.59).",
		EN: "The file is no key object selection document (class 1.2.840.10008.5.1.4.1.1.88.59)."},
	CodeNoINS: {FR: "Aucun matricule INS : un manifeste ne se publie et ne se lit qu'avec l'INS du patient.",
		EN: "No INS: a manifest is neither published nor read without that of the patient."},
	CodeBadINS: {FR: "Le matricule n'est pas un INS (forme, clé ou autorité d'affectation). Vérifier l'identité, ne rien publier.",
		EN: "The number is no INS (shape, key or assigning authority). Check the identity and publish nothing."},
	CodeNotQualified: {FR: "L'identité n'est pas qualifiée. La qualifier (INSi et pièce d'identité) avant de publier.",
		EN: "The identity is not qualified. Qualify it (INSi and an identity document) before publishing."},
	CodeSeveralPatients: {FR: "Deux patients différents. Ne rien publier ni afficher ; faire vérifier les images et le compte rendu.",
		EN: "Two different patients. Publish and show nothing; have the images and the report checked."},
	CodeSeveralStudies: {FR: "Des images de plusieurs examens : faire un manifeste par examen.",
		EN: "Images of several studies: make one manifest for each."},
	CodeOtherStudy: {FR: "L'examen n'est pas celui attendu. Vérifier le Study Instance UID du compte rendu et des images.",
		EN: "The study is not the one expected. Check the Study Instance UID of the report and of the images."},
	CodeEmptyStudy: {FR: "Aucune image à partager. Attendre les images, ou dépublier si toutes ont été retirées.",
		EN: "No image to share. Wait for the images, or withdraw the manifest when all are gone."},
	CodeBadUID:   {FR: "Un UID manque ou n'en est pas un. Corriger les objets dans le PACS.", EN: "A UID is missing or is none. Correct the objects in the image archive."},
	CodeTwice:    {FR: "Une image est citée deux fois. Relancer la recherche dans le PACS.", EN: "An instance is given twice. Search the image archive again."},
	CodeTooLarge: {FR: "Plus d'images ou d'octets qu'il n'est accepté : vérifier, puis relever la limite.", EN: "More instances or bytes than are accepted: check, then raise the limit."},
	CodeField:    {FR: "Un champ ne respecte pas sa règle : voir les détails.", EN: "A field breaks its rule: see the details."},
}
