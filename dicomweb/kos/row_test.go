package kos_test

import (
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

func search(err error, rows ...*dicomweb.InstanceRow) iter.Seq2[*dicomweb.InstanceRow, error] {
	return func(yield func(*dicomweb.InstanceRow, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestFromRows(t *testing.T) {
	t.Parallel()
	whole := &dicomweb.InstanceRow{StudyUID: study, SeriesUID: study + ".1", UID: study + ".1.1", SOPClass: ctClass, Attributes: dicomweb.NewDataset(
		dicomweb.Text(dicomweb.TagStudyDate, "20260105"), dicomweb.Text(dicomweb.TagStudyTime, "083117.658"), dicomweb.Text(dicomweb.TagStudyDescription, "Scanner"),
		dicomweb.Text(dicomweb.TagStudyID, "S1"), dicomweb.Text(dicomweb.TagReferringPhysician, "X^Y"), dicomweb.Text(dicomweb.TagAccessionNumber, "ACN1"),
		dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"), dicomweb.Text(dicomweb.TagIssuerOfPatientID, "C"), dicomweb.Text(dicomweb.TagPatientBirthDate, "19850314"),
		dicomweb.Text(dicomweb.TagSeriesNumber, "3"), dicomweb.Text(dicomweb.TagModality, "CT"), dicomweb.Text(dicomweb.TagSeriesDescription, "D"),
		dicomweb.Text(dicomweb.Tag(0x00180015), "HEAD"), dicomweb.Text(dicomweb.TagInstanceNumber, "7"), dicomweb.Text(dicomweb.TagNumberOfFrames, "12"))}
	bare := &dicomweb.InstanceRow{StudyUID: study, SeriesUID: study + ".2", UID: study + ".2.1", SOPClass: ctClass}
	studyRow := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, study), dicomweb.Text(dicomweb.TagStudyDescription, "De l'étude"),
		dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"), dicomweb.Text(dicomweb.TagAccessionNumber, "ACN1"))
	seriesRow := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagSeriesInstanceUID, study+".2"), dicomweb.Text(dicomweb.TagModality, "MR"), dicomweb.Text(dicomweb.TagSeriesNumber, "5"))
	got, err := kos.FromRows(search(nil, whole, bare), studyRow, seriesRow, nil)
	require.NoError(t, err)
	assert.Equal(t, []kos.Row{
		{Study: kos.Study{UID: study, ID: "S1", Date: segur.NewDate(2026, 1, 5), Time: "083117.658", Description: "Scanner", ReferringPhysician: "X^Y"},
			PatientID: "IPP-0001", Issuer: "C", BirthDate: segur.NewDate(1985, 3, 14), Accession: "ACN1", SeriesUID: study + ".1", SeriesNumber: 3, Modality: "CT",
			SeriesDescription: "D", BodyPart: "HEAD", SOPClass: ctClass, UID: study + ".1.1", Number: 7, Frames: 12},
		{Study: kos.Study{UID: study, Description: "De l'étude"}, PatientID: "IPP-0001", Accession: "ACN1", SeriesUID: study + ".2", SeriesNumber: 5, Modality: "MR",
			SOPClass: ctClass, UID: study + ".2.1"},
	}, got)

	foreign := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.2"), dicomweb.Text(dicomweb.TagPatientID, "OTHER"))
	got, err = kos.FromRows(search(nil, bare), foreign)
	require.NoError(t, err)
	assert.Empty(t, got[0].PatientID, "of another study")

	_, err = kos.FromRows(search(segur.ErrTruncated, whole))
	assert.ErrorIs(t, err, segur.ErrTruncated, "a part of a study is no study")
	assert.Contains(t, kos.Attributes(), dicomweb.TagAccessionNumber)
}

func TestFromFiles(t *testing.T) {
	t.Parallel()
	image := func(n string) segur.Content {
		return segur.BytesContent(file(t, dicomweb.NewDataset(
			dicomweb.Text(dicomweb.TagSOPClassUID, ctClass), dicomweb.Text(dicomweb.TagSOPInstanceUID, study+".1."+n),
			dicomweb.Text(dicomweb.TagStudyInstanceUID, study), dicomweb.Text(dicomweb.TagSeriesInstanceUID, study+".1"),
			dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"), dicomweb.Text(dicomweb.TagAccessionNumber, "ACN1"),
			dicomweb.Text(dicomweb.TagModality, "CT"), dicomweb.Text(dicomweb.TagInstanceNumber, n), dicomweb.Text(dicomweb.TagBitsAllocated, "16"))))
	}
	files := []segur.Content{image("1"), image("2"), image("3")}
	images, err := kos.FromFiles(files...)
	require.NoError(t, err)
	require.Len(t, images, 3)
	assert.Equal(t, kos.Row{Study: kos.Study{UID: study}, PatientID: "IPP-0001", Accession: "ACN1", SeriesUID: study + ".1", Modality: "CT", SOPClass: ctClass,
		UID: study + ".1.2", Number: 2}, images[1])

	note := func(title string, rows []kos.Row, n int64) segur.Content {
		ko, err := kos.NewNote(kos.NoteContext{Manufacturer: "PACS FICTIF", IDs: &counted{n: n}, UIDRoot: testRoot + ".8"}, title, rows)
		require.NoError(t, err)
		b, err := ko.Encode()
		require.NoError(t, err)
		return segur.BytesContent(b)
	}
	// A key image note, a rejection note, and a manifest of another product that
	// this one would not read.
	foreign := dataset(t)
	foreign.Set(dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"))
	foreign.Set(dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.2.3.4"))
	foreign = without(foreign, tagOtherIDs, tagQualifiers, dicomweb.TagPatientBirthDate, dicomweb.TagIssuerOfPatientID)
	all, err := kos.FromFiles(append(files, note(kos.TitleOfInterest, images[:2], 10), note(kos.TitleRejectedSafety, images[1:2], 20), segur.BytesContent(file(t, foreign)))...)
	require.NoError(t, err)
	assert.Equal(t, kos.KindKeyImages, all[3].Document.Kind)
	assert.Equal(t, kos.KindRejection, all[4].Document.Kind)
	assert.Equal(t, kos.KindManifest, all[5].Document.Kind)
	assert.Nil(t, all[5].Document.Manifest)
	local, err := kos.ReadLocal(segur.BytesContent(file(t, foreign)))
	require.NoError(t, err)
	assert.Equal(t, kos.KindManifest, local.Kind)
	assert.Nil(t, local.Manifest)
	_, err = kos.Read(segur.BytesContent(file(t, foreign)))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	c := newContext()
	m, err := kos.Build(c, all)
	require.NoError(t, err)
	assert.Equal(t, 3, m.Len(), "two images and the note on the first")
	assert.Len(t, m.SeriesByUID(study + ".1").Instances[0].Keys, 1)
	assert.ElementsMatch(t, []string{kos.WarnNotShared, kos.WarnRejected, kos.WarnKey}, codes(m.Warnings))

	_, err = kos.FromFiles(image("1"), segur.BytesContent([]byte("no")), segur.BytesContent(nil))
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	require.Len(t, e.Details, 2)
	assert.Equal(t, "files[1]", e.Details[0].Field)
	assert.Equal(t, "files[2]", e.Details[1].Field)
	assert.ErrorIs(t, err, segur.ErrInvalidInput)
}
