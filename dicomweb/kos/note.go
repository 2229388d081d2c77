package kos

import (
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Titles of key object selection documents (DICOM CID 7010 and 7011), codes of
// the scheme DCM.
const (
	TitleManifest         = "113030"
	TitleOfInterest       = "113000"
	TitleRejectedQuality  = "113001" // image quality: may stay retrievable
	TitleRejectedSafety   = "113037" // patient safety: neither shown nor sent
	TitleRejectedWorklist = "113038" // wrong patient or order: corrected objects replace them
	TitleRejectedExpired  = "113039" // retention expired: purged
)

// Note is a key object selection document that is no manifest: a key image note
// of a radiologist, or the note by which an archive says that it rejected
// instances (IHE IOCM). It is an object of the site: the patient is known by the
// local number. Its printed forms are redacted.
type Note struct {
	// UID and SeriesUID are its own.
	UID, SeriesUID string
	// SeriesNumber and Number are the Series Number and the Instance Number.
	SeriesNumber, Number int
	// Title says what was selected, and why: the code of a rejection.
	Title segur.Code
	// Created is the Content Date and Time.
	Created segur.Timestamp
	// Manufacturer is the product that made it.
	Manufacturer string
	// Study holds the attributes of the study.
	Study Study
	// Accession is the accession number. Optional.
	Accession string
	// PatientID is the local number, Issuer who assigned it.
	PatientID, Issuer string
	// PatientName is a DICOM PN. Optional.
	PatientName string
	// BirthDate and Sex are those of the images. Optional.
	BirthDate segur.Date
	Sex       segur.Sex
	// Description is the text of the note. Optional.
	Description string
	// References are the instances.
	References []Reference
}

// Reference is an instance that a [Note] names.
type Reference struct {
	dicomweb.Ref
	// SOPClass is its class.
	SOPClass string
}

// Rejects reports whether the note says that the instances are rejected.
func (n *Note) Rejects() bool { return n.Title.System == dcm && rejection(n.Title.Code) }

func rejection(code string) bool {
	return slices.Contains([]string{TitleRejectedQuality, TitleRejectedSafety, TitleRejectedWorklist, TitleRejectedExpired}, code)
}

// Apply returns the rows without the instances that the note rejects: an archive
// may go on listing them. A note that rejects nothing changes nothing.
func (n *Note) Apply(rows []Row) []Row { return rows }

// Encode writes the note as a Part 10 file (Explicit VR Little Endian).
func (n *Note) Encode() ([]byte, error) { return nil, nil }
