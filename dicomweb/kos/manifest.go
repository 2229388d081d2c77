package kos

import (
	"iter"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// SOPClass is the class of a key object selection document.
const SOPClass = "1.2.840.10008.5.1.4.1.1.88.59"

// Manifest is the list of the images of one study that a site shares: an
// XDS-I.b manifest (title 113030) in the form of DRIM-M. [Build] makes the first
// version of a study, [Manifest.Next] each later one, [Read] finds it in a
// document. Its printed forms are redacted: it holds the identity of the patient.
type Manifest struct {
	// UID is the SOP Instance UID, new for each version: the uniqueId of the
	// document entry and the header KOS-SOPInstanceUID of a retrieval.
	UID string
	// SeriesUID is the series that the versions of the manifest share. It is
	// none of the images'.
	SeriesUID string
	// SeriesNumber is 59 by convention.
	SeriesNumber int
	// Number is the Instance Number: 1, and one more for each version.
	Number int
	// Created is the Instance Creation Date and Time with its offset from UTC.
	Created segur.Timestamp
	// Manufacturer is the product that made the manifest.
	Manufacturer string
	// Institution is the structure that shares the images.
	Institution Institution
	// INS identifies the patient.
	INS segur.INS
	// Patient holds the traits of the INS. What a document does not say is empty.
	Patient segur.Traits
	// OtherIDs are identifiers of the patient that a document holds beside the
	// INS, such as a local number. Never written.
	OtherIDs []segur.Identifier
	// Study holds the attributes of the study.
	Study Study
	// Orders are the orders that the study fulfils.
	Orders []segur.DocumentOrder
	// Act is the label of the act, from the text item.
	Act string
	// Series are the series of the study in the order of their numbers.
	Series []Series
	// Archive is what the image archive says of the study. Only [Build] fills
	// it: a document does not hold it.
	Archive Archive
	// Encoding says how the manifest is written. [Read] leaves it zero.
	Encoding Encoding
	// Warnings tell what was changed or left out to make the manifest. For what
	// [Read] tolerated see [Document].
	Warnings []segur.Detail
}

// Institution is the structure that shares the images: the organisation of the
// author of the report. A document holds both in InstitutionName, as the first
// and the tenth of ten components.
type Institution struct {
	// ID is the national identifier (IdNat_Struct), such as "1750000001".
	ID string
	// Name is the name for people.
	Name string
}

// Study holds the attributes of a study, as its images give them.
type Study struct {
	// UID is the Study Instance UID.
	UID string
	// ID is the Study ID, at most 16 characters. Optional.
	ID string
	// Date and Time say when the study began; Time is a DICOM TM, such as
	// "083117.658". Optional.
	Date segur.Date
	Time string
	// Description is the Study Description. Optional.
	Description string
	// ReferringPhysician is a DICOM PN. Optional.
	ReferringPhysician string
}

// Archive is what the image archive says of the images of a study: what must
// agree with the report before the manifest is published.
type Archive struct {
	// PatientID is the local number of the patient (IPP); Issuer who assigned
	// it, as the archive words it. Both may be empty.
	PatientID, Issuer string
	// Accessions are the accession numbers of the images, without repetition and
	// in ascending order.
	Accessions []string
	// PatientNames are the names of the patient in the images, DICOM PNs, without
	// repetition.
	PatientNames []string
	// BirthDate is that of the images; zero when they do not say.
	BirthDate segur.Date
}

// Series is a series of a [Manifest].
type Series struct {
	// UID is the Series Instance UID.
	UID string
	// RetrieveURL is where the series is retrieved (WADO-RS):
	// <base>/studies/<study>/series/<series>.
	RetrieveURL string
	// RetrieveLocationUID is the OID of the place that holds the series. Optional.
	RetrieveLocationUID string
	// Number is the Series Number; 0 when it is not known.
	Number int
	// Modality is that of the series, "CT". A document holds it in the text
	// item only; empty when that has no line for the series.
	Modality string
	// Region is the text after "@" in the text item. Optional.
	Region string
	// Description is the Series Description. Optional.
	Description string
	// Instances are in the order of their numbers.
	Instances []Instance
}

// Instance is an image, or another object, of a [Series].
type Instance struct {
	// SOPClass is its class.
	SOPClass string
	// UID is its SOP Instance UID.
	UID string
	// Number is the Instance Number; 0 when it is not known.
	Number int
	// Frames is the Number of Frames; 0 for an object that is not multi-frame.
	Frames int
	// Keys name the key image notes that select the instance.
	Keys []Key
}

// Key says that a key image note (KIN) of the study selects an instance.
type Key struct {
	// Note and Series are the SOP Instance UID of the note and its series.
	Note, Series string
	// Title says why the instance was selected: 113000 "Of Interest".
	Title segur.Code
	// Text is the sentence that the manifest holds about it.
	Text string
}

// Ref returns the place of an instance of the manifest.
func (m *Manifest) ref(s *Series, i *Instance) dicomweb.Ref {
	return dicomweb.Ref{Study: m.Study.UID, Series: s.UID, Instance: i.UID}
}

// All gives every instance with its place.
func (m *Manifest) All() iter.Seq2[dicomweb.Ref, *Instance] {
	return func(yield func(dicomweb.Ref, *Instance) bool) {
		for s := range m.Series {
			for i := range m.Series[s].Instances {
				in := &m.Series[s].Instances[i]
				if !yield(m.ref(&m.Series[s], in), in) {
					return
				}
			}
		}
	}
}

// Len is the number of instances.
func (m *Manifest) Len() int {
	n := 0
	for i := range m.Series {
		n += len(m.Series[i].Instances)
	}
	return n
}

// SeriesByUID returns the series of that UID, nil when there is none.
func (m *Manifest) SeriesByUID(uid string) *Series {
	for i := range m.Series {
		if m.Series[i].UID == uid {
			return &m.Series[i]
		}
	}
	return nil
}

// Modalities are the modalities of the series, each once, in the order of the
// series. They include those of objects that are not images, such as KO and SR:
// see [Acquisition].
func (m *Manifest) Modalities() []string {
	var out []string
	for i := range m.Series {
		if v := m.Series[i].Modality; v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Base is the address of the source that holds the series: RetrieveURL up to
// "/studies", without it. Empty when the URL has no such part.
func (s *Series) Base() string {
	if i := strings.LastIndex(s.RetrieveURL, "/studies/"); i > 0 {
		return s.RetrieveURL[:i]
	}
	return ""
}
