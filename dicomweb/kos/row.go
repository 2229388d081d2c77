package kos

import (
	"iter"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Row is one instance of a study as the image archive, or a file, tells it: what
// [Build] makes a manifest of. [FromRows] and [FromFiles] make rows.
type Row struct {
	// Study holds the attributes of the study.
	Study Study
	// PatientID is the local number of the patient, Issuer who assigned it.
	PatientID, Issuer string
	// BirthDate is that of the patient.
	BirthDate segur.Date
	// Accession is the accession number.
	Accession string
	// SeriesUID is the series.
	SeriesUID string
	// SeriesNumber is its number; 0 when not known.
	SeriesNumber int
	// Modality, SeriesDescription and BodyPart (Body Part Examined) are those of
	// the series.
	Modality, SeriesDescription, BodyPart string
	// SOPClass is the class of the instance, UID its SOP Instance UID.
	SOPClass, UID string
	// Number is the Instance Number; 0 when not known.
	Number int
	// Frames is the Number of Frames; 0 when there is none.
	Frames int
	// Note is the content of a key object selection document of the study (its
	// class is [SOPClass]), when it was read. A key image note marks the images
	// that it selects; a manifest or a rejection note is not shared.
	Note *Note
}


// FromRows makes rows of the answer to a search of instances. Attributes of the
// study and of the series that the rows lack, as many servers leave them out, are
// taken from parents: the row of the study and those of its series.
func FromRows(rows iter.Seq2[*dicomweb.Dataset, error], parents ...*dicomweb.Dataset) ([]Row, error) {
	return nil, nil
}

// FromFiles makes rows of complete Part 10 files, such as those of
// [dicomweb.OpenDir]. Key object selection documents among them are read.
func FromFiles(files ...segur.Content) ([]Row, error) { return nil, nil }
