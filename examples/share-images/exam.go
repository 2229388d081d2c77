package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// exam is an exam of site A, as its RIS knows it.
type exam struct {
	study     segur.OID
	accession segur.Identifier
	act       segur.Code
	modality  []string
	region    string
	start     time.Time
	images    []segur.Content
	// report is its last version, nil when none was written.
	report *cda.Document
}

// newExam makes the exam of a small CT study of a patient of site A.
func (w *world) newExam(accession string, change ...func(*dicomwebtest.SampleOptions)) (*exam, error) {
	o := dicomwebtest.SampleOptions{IDs: w.ids, Root: oidRoot, Patient: patient(), AccessionNumber: accession, When: start(), Frames: 1}
	for _, f := range change {
		f(&o)
	}
	study, err := dicomwebtest.SampleStudy(o)
	if err != nil {
		return nil, err
	}
	return &exam{study: segur.OID(study.UID), accession: accessionNumber(accession), start: o.When, modality: []string{"CT"},
		act: segur.Code{Code: "24627-2", Display: "CT thorax"}, region: cda.RegionThorax, images: study.Contents()}, nil
}

func accessionNumber(number string) segur.Identifier {
	return segur.Identifier{Root: "1.2.250.1.999.3", Extension: number}
}

// openExam takes the study of a folder. Its images are given the identity and
// the order of the fictional exam, as the modality writes them when it works from
// the worklist: what is shared must bear the patient of the report.
func (t *tour) openExam(accession string) (*exam, error) {
	if t.options.dicom == "" {
		return t.newExam(accession)
	}
	files, skipped, err := dicomweb.OpenDir(t.options.dicom)
	if err != nil {
		return nil, err
	}
	if len(skipped) > 0 {
		t.line("left out", "files that are not DICOM, or are cut: %d", len(skipped))
	}
	wrong := func(rule string) error {
		return &segur.Error{Op: "share-images", Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "-dicom", Message: rule}}}
	}
	if len(files) < 4 {
		return nil, wrong("the folder must hold a study of 4 images or more: two of them are removed on the way")
	}
	e := &exam{study: segur.OID(files[0].StudyInstanceUID), accession: accessionNumber(accession), start: start(),
		act: segur.Code{Code: "24627-2", Display: "CT thorax"}, region: cda.RegionThorax}
	p := patient()
	for _, f := range files {
		if f.StudyInstanceUID != files[0].StudyInstanceUID {
			return nil, wrong("the folder holds more than one study")
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(dicomweb.Edit(r,
			dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, p.Traits.BirthName+"^"+p.Traits.FirstGivenName)),
			dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, p.LocalIDs[0].Extension)),
			dicomweb.Put(dicomweb.Text(dicomweb.TagPatientBirthDate, p.Traits.BirthDate.Time(time.UTC).Format("20060102"))),
			dicomweb.Put(dicomweb.Text(dicomweb.TagPatientSex, "F")),
			dicomweb.Put(dicomweb.Text(dicomweb.TagAccessionNumber, accession)),
		))
		if err := firstOf(err, r.Close()); err != nil {
			return nil, fmt.Errorf("-dicom: %w", err)
		}
		e.images = append(e.images, segur.BytesContent(b))
	}
	return e, e.describe()
}

// describe takes what the report says of the exam from its images: the modalities,
// and for some of them an act. Nothing else of the report is about these images.
func (e *exam) describe() error {
	rows, err := kos.FromFiles(e.images...)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if kos.Acquisition(r.Modality) && !slices.Contains(e.modality, r.Modality) {
			e.modality = append(e.modality, r.Modality)
		}
	}
	switch {
	case len(e.modality) == 0:
		return &segur.Error{Op: "share-images", Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "-dicom", Message: "the study holds no image of a modality: (0008,0060) is none that makes images, such as CT"}}}
	case e.modality[0] == "MR":
		e.act, e.region = segur.Code{Code: "26257-6", Display: "RM genou - gauche"}, cda.RegionLowerLimb
	case e.modality[0] == "CR" || e.modality[0] == "DX":
		e.act = segur.Code{Code: "36643-5", Display: "RX thorax 2 incidences"}
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// readAll reads a content to its end.
func readAll(c segur.Content) ([]byte, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(r)
	return b.Bytes(), firstOf(err, r.Close())
}
