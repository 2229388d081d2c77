package kos

import (
	"fmt"
	"iter"
	"math"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Row is one instance of a study as the image archive, or a file, tells it: what
// [Build] makes a manifest of. [FromRows] and [FromFiles] make rows. Its printed
// forms are redacted.
type Row struct {
	// Study holds the attributes of the study.
	Study Study
	// PatientID is the local number of the patient, Issuer who assigned it.
	PatientID, Issuer string
	// PatientName is the name of the patient, a DICOM PN. Optional.
	PatientName string
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
	// Document is a key object selection document of the study (its class is
	// [SOPClass]) that was read with [ReadLocal]. A key image note marks the images that it
	// selects, a rejection note takes out those that it rejects; neither that
	// nor a manifest is shared.
	Document *Document
}

// Tags of a search of instances that are not among those of dicomweb.
const (
	tagBodyPart dicomweb.Tag = 0x00180015
)

// Attributes are what a search of the instances of a study asks for
// (Include of [dicomweb.Query]), beyond what servers give of themselves.
func Attributes() []dicomweb.Tag {
	return []dicomweb.Tag{
		dicomweb.TagStudyDate, dicomweb.TagStudyTime, dicomweb.TagStudyDescription, dicomweb.TagStudyID,
		dicomweb.TagReferringPhysician, dicomweb.TagAccessionNumber, dicomweb.TagPatientID, dicomweb.TagIssuerOfPatientID,
		dicomweb.TagPatientName, dicomweb.TagPatientBirthDate, dicomweb.TagSeriesNumber, dicomweb.TagModality, dicomweb.TagSeriesDescription,
		tagBodyPart, dicomweb.TagInstanceNumber, dicomweb.TagNumberOfFrames,
	}
}

// FromRows makes rows of the answer to a search of the instances of a study
// ([dicomweb.Client.SearchInstances] with [Attributes]). Attributes of the study
// and of the series that the answer lacks, as many servers leave them out, are
// taken from parents: Attributes of the rows of the study and of its series. An
// error of the search ends it: a part of a study is no study.
func FromRows(instances iter.Seq2[*dicomweb.InstanceRow, error], parents ...*dicomweb.Dataset) ([]Row, error) {
	var study *dicomweb.Dataset
	series := map[string]*dicomweb.Dataset{}
	for _, p := range parents {
		switch {
		case p == nil:
		case p.Value(dicomweb.TagSeriesInstanceUID) != "":
			series[p.Value(dicomweb.TagSeriesInstanceUID)] = p
		default:
			study = p
		}
	}
	var rows []Row
	for i, err := range instances {
		if err != nil {
			return nil, err
		}
		if len(rows) == maxRead {
			return nil, &segur.Error{Op: "kos.FromRows", Kind: segur.KindTooLarge, Code: CodeTooLarge, Help: help[CodeTooLarge],
				Message: "the study has more instances than any has"}
		}
		attributes, above := i.Attributes, study
		if attributes == nil {
			attributes = &dicomweb.Dataset{}
		}
		if above != nil && above.Value(dicomweb.TagStudyInstanceUID) != i.StudyUID {
			above = nil
		}
		row := newRow(attributes, series[i.SeriesUID], above)
		row.Study.UID, row.SeriesUID, row.SOPClass, row.UID = i.StudyUID, i.SeriesUID, i.SOPClass, i.UID
		rows = append(rows, row)
	}
	return rows, nil
}

// FromFiles makes rows of complete Part 10 files, such as those of
// [dicomweb.OpenDir]. Key object selection documents among them are read. The
// error names every file that is none, by its index.
func FromFiles(files ...segur.Content) ([]Row, error) {
	const op = "kos.FromFiles"
	if len(files) > maxRead {
		return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Code: CodeTooLarge, Message: "more files than any study has instances"}
	}
	var p segur.Problems
	rows := make([]Row, 0, len(files))
	for i, f := range files {
		at := fmt.Sprintf("files[%d]", i)
		d, err := dicomweb.ReadDataset(f)
		if err != nil {
			p.Merge(at, err)
			continue
		}
		row := newRow(d)
		if row.SOPClass == SOPClass {
			if row.Document, err = read(d, true); err != nil {
				p.Merge(at, err)
				continue
			}
		}
		rows = append(rows, row)
	}
	if err := p.Err(op); err != nil {
		return nil, err
	}
	return rows, nil
}

// newRow reads a row from the first data set, and what that lacks from the next
// ones.
func newRow(sets ...*dicomweb.Dataset) Row {
	text := func(t dicomweb.Tag) string {
		for _, d := range sets {
			if d != nil {
				if v := d.Value(t); v != "" {
					return v
				}
			}
		}
		return ""
	}
	number := func(t dicomweb.Tag) int {
		for _, d := range sets {
			if d != nil {
				if n, ok := d.Int(t); ok && n >= math.MinInt32 && n <= math.MaxInt32 {
					return int(n)
				}
			}
		}
		return 0
	}
	date := func(t dicomweb.Tag) segur.Date {
		for _, d := range sets {
			if d != nil {
				if v := d.Date(t); !v.IsZero() {
					return v
				}
			}
		}
		return segur.Date{}
	}
	return Row{
		Study: Study{
			UID: text(dicomweb.TagStudyInstanceUID), ID: text(dicomweb.TagStudyID),
			Date: date(dicomweb.TagStudyDate), Time: text(dicomweb.TagStudyTime),
			Description: text(dicomweb.TagStudyDescription), ReferringPhysician: text(dicomweb.TagReferringPhysician),
		},
		PatientID: text(dicomweb.TagPatientID), Issuer: text(dicomweb.TagIssuerOfPatientID),
		PatientName: text(dicomweb.TagPatientName), BirthDate: date(dicomweb.TagPatientBirthDate), Accession: text(dicomweb.TagAccessionNumber),
		SeriesUID: text(dicomweb.TagSeriesInstanceUID), SeriesNumber: number(dicomweb.TagSeriesNumber),
		Modality: text(dicomweb.TagModality), SeriesDescription: text(dicomweb.TagSeriesDescription), BodyPart: text(tagBodyPart),
		SOPClass: text(dicomweb.TagSOPClassUID), UID: text(dicomweb.TagSOPInstanceUID),
		Number: number(dicomweb.TagInstanceNumber), Frames: number(dicomweb.TagNumberOfFrames),
	}
}
