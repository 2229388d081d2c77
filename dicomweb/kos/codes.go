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
	// CodeBadINS: what stands where the INS must is not one: shape or key.
	CodeBadINS = "kos-bad-ins"
	// CodeNotQualified: the identity is not qualified, or lacks a trait that a
	// qualified one has.
	CodeNotQualified = "kos-not-qualified"
	// CodeSeveralPatients: two patients where there must be one.
	CodeSeveralPatients = "kos-several-patients"
	// CodeSeveralStudies: images of two studies, or two studies where there must
	// be one.
	CodeSeveralStudies = "kos-several-studies"
	// CodeOtherStudy: the study is not that of the report, or of the version before.
	CodeOtherStudy = "kos-other-study"
	// CodeEmptyStudy: there is no instance to share.
	CodeEmptyStudy = "kos-empty-study"
	// CodeBadUID: a UID is missing or is none.
	CodeBadUID = "kos-bad-uid"
	// CodeTwice: an instance is given twice.
	CodeTwice = "kos-twice"
	// CodeTooLarge: more instances, or bytes, than are accepted.
	CodeTooLarge = "kos-too-large"
	// CodeField: any other field breaks its rule.
	CodeField = "kos-field"
)
