package kos

import (
	"fmt"
	"slices"
	"strings"

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
func (n *Note) Apply(rows []Row) []Row {
	if !n.Rejects() {
		return rows
	}
	rejected := make(map[string]bool, len(n.References))
	for _, r := range n.References {
		rejected[r.Instance] = true
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return rejected[r.UID] })
}

// note reads a document that is no manifest. Its references are those of the
// evidence, which rejection notes must have; else those of the content.
func (r *reader) note(title segur.Code, text string) *Note {
	ds := r.ds
	n := &Note{
		UID: r.value(ds, dicomweb.TagSOPInstanceUID, "uid"), SeriesUID: r.value(ds, dicomweb.TagSeriesInstanceUID, "seriesUID"),
		SeriesNumber: numberOf(ds, dicomweb.TagSeriesNumber), Number: numberOf(ds, dicomweb.TagInstanceNumber),
		Title: title, Manufacturer: r.value(ds, tagManufacturer, "manufacturer"), Study: r.study(),
		Accession: r.value(ds, dicomweb.TagAccessionNumber, "accession"),
		PatientID: r.value(ds, dicomweb.TagPatientID, "patient.id"), Issuer: r.value(ds, dicomweb.TagIssuerOfPatientID, "patient.id.issuer"),
		PatientName: r.value(ds, dicomweb.TagPatientName, "patient.name"), BirthDate: ds.Date(dicomweb.TagPatientBirthDate),
		Description: text,
	}
	if _, ok := ds.Get(tagContentDate); ok {
		n.Created = r.created()
	}
	switch sex := segur.Sex(ds.Value(dicomweb.TagPatientSex)); sex {
	case segur.Female, segur.Male:
		n.Sex = sex
	}
	for _, u := range []struct{ field, value string }{{"uid", n.UID}, {"seriesUID", n.SeriesUID}, {"study.uid", n.Study.UID}} {
		if !dicomweb.ValidUID(u.value) {
			r.add(CodeBadUID, u.field, uidRule)
		}
	}
	add := func(ref dicomweb.Ref, it *dicomweb.Dataset) {
		ref.Instance = r.value(it, dicomweb.TagReferencedSOPInstance, "references")
		if !dicomweb.ValidUID(ref.Instance) {
			r.add(CodeBadUID, fmt.Sprintf("references[%d].instance", len(n.References)), uidRule)
		}
		n.References = append(n.References, Reference{Ref: ref, SOPClass: strings.TrimSpace(it.Value(dicomweb.TagReferencedSOPClass))})
	}
	for _, study := range ds.Items(tagEvidence) {
		for _, series := range study.Items(tagReferencedSeries) {
			for _, it := range series.Items(dicomweb.TagReferencedSOPSequence) {
				add(dicomweb.Ref{Study: r.value(study, dicomweb.TagStudyInstanceUID, "references"),
					Series: r.value(series, dicomweb.TagSeriesInstanceUID, "references")}, it)
			}
		}
	}
	if n.References == nil {
		for _, c := range ds.Items(tagContent) {
			for _, it := range c.Items(dicomweb.TagReferencedSOPSequence) {
				add(dicomweb.Ref{Study: n.Study.UID}, it)
			}
		}
		if n.References != nil {
			r.warnings.add(WarnContent, "evidence", "lists no instance: those of the content were taken")
		}
	}
	if n.References == nil {
		r.add(CodeEmptyStudy, "references", "are none")
	}
	if title.Code == "" {
		r.add(CodeNotKOS, "title", "is missing: what the document selects is not known")
	}
	return n
}
