package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// openStudy gives the files of the study: those of -dicom, or a small study
// made here. Files that are not DICOM are named and left out.
func (j *journey) openStudy() ([]segur.Content, error) {
	if j.options.dicom == "" {
		study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Patient: j.patient, AccessionNumber: accession})
		if err != nil {
			return nil, err
		}
		return study.Contents(), nil
	}
	files, skipped, err := dicomweb.OpenDir(j.options.dicom)
	if err != nil {
		return nil, err
	}
	for _, s := range skipped {
		fmt.Fprintf(j.stdout, "skipped %s: %v\n", s.Path, s.Err)
	}
	var contents []segur.Content
	for _, f := range files {
		if f.StudyInstanceUID != files[0].StudyInstanceUID {
			return nil, &segur.Error{Op: "publish-report", Kind: segur.KindInvalidInput,
				Details: []segur.Detail{{Field: "-dicom", Message: "the folder holds more than one study"}}}
		}
		contents = append(contents, f)
	}
	if len(contents) == 0 {
		return nil, &segur.Error{Op: "publish-report", Kind: segur.KindInvalidInput,
			Details: []segur.Detail{{Field: "-dicom", Message: "the folder holds no DICOM file"}}}
	}
	return contents, nil
}

// storeStudy sends the study to the PACS, finds it there, and reads one
// instance back to compare it byte for byte.
func (j *journey) storeStudy(ctx context.Context) error {
	start := time.Now()
	client, err := dicomweb.New(j.pacsConfig)
	if err != nil {
		return err
	}
	stored, err := client.Store(ctx, dicomweb.StoreRequest{Study: string(j.studyUID), Instances: j.study})
	if err != nil {
		return err
	}
	j.done(start, "3 PACS: study stored (STOW-RS)", fmt.Sprintf("%s, %d instances", j.studyUID, len(stored.Instances)))

	start = time.Now()
	rows := 0
	for _, err := range client.SearchInstances(ctx, dicomweb.Query{Study: string(j.studyUID)}) {
		if err != nil {
			return err
		}
		rows++
	}
	if rows < len(j.study) {
		return &segur.Error{Op: "dicomweb.search", Kind: segur.KindNotFound,
			Message: fmt.Sprintf("the PACS lists %d of %d instances", rows, len(j.study))}
	}
	j.done(start, "  PACS: study found (QIDO-RS)", fmt.Sprintf("%d instances listed", rows))

	start = time.Now()
	header, err := dicomweb.Inspect(j.study[0])
	if err != nil {
		return err
	}
	instance, err := client.RetrieveInstance(ctx, dicomweb.Ref{
		Study: header.StudyInstanceUID, Series: header.SeriesInstanceUID, Instance: header.SOPInstanceUID})
	if err != nil {
		return err
	}
	defer func() { _ = instance.Close() }()
	if err := sameBytes(instance, j.study[0]); err != nil {
		return err
	}
	j.done(start, "  PACS: instance read back (WADO-RS)", header.SOPInstanceUID+", byte-identical")
	return nil
}

// sameBytes reads got to its end and compares it with the content sent.
func sameBytes(got io.Reader, sent segur.Content) error {
	b, err := io.ReadAll(got)
	if err != nil {
		return err
	}
	want, err := readContent(sent)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, want) {
		return &segur.Error{Op: "publish-report", Kind: segur.KindSignature, Message: "what was read back differs from what was sent"}
	}
	return nil
}

func readContent(c segur.Content) ([]byte, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}
