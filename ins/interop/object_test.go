package interop_test

import (
	"bytes"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"
)

// object writes a small Part 10 file, a secondary capture without pixels, around
// the elements of a patient.
func object(t interface{ Fatal(...any) }, charset string, patient []*dicom.Element) []byte {
	var elements []*dicom.Element
	add := func(tg tag.Tag, data any) {
		e, err := dicom.NewElement(tg, data)
		if err != nil {
			t.Fatal(err)
		}
		elements = append(elements, e)
	}
	text := func(tg tag.Tag, v ...string) { add(tg, v) }
	const class, instance = "1.2.840.10008.5.1.4.1.1.7", "1.2.250.1.999.9.1"
	add(tag.FileMetaInformationVersion, []byte{0, 1})
	text(tag.MediaStorageSOPClassUID, class)
	text(tag.MediaStorageSOPInstanceUID, instance)
	text(tag.TransferSyntaxUID, "1.2.840.10008.1.2.1")
	text(tag.ImplementationClassUID, "1.2.250.1.999.10")
	if charset != "" {
		text(tag.SpecificCharacterSet, charset)
	}
	text(tag.SOPClassUID, class)
	text(tag.SOPInstanceUID, instance)
	text(tag.StudyDate, "")
	text(tag.StudyTime, "")
	text(tag.AccessionNumber, "")
	text(tag.Modality, "OT")
	text(tag.ConversionType, "WSD")
	text(tag.ReferringPhysicianName, "")
	elements = append(elements, patient...)
	text(tag.StudyInstanceUID, "1.2.250.1.999.9.2")
	text(tag.SeriesInstanceUID, "1.2.250.1.999.9.3")
	text(tag.StudyID, "")
	text(tag.SeriesNumber, "1")
	text(tag.InstanceNumber, "1")
	text(tag.PatientOrientation, "")
	add(tag.SamplesPerPixel, []int{1})
	text(tag.PhotometricInterpretation, "MONOCHROME2")
	add(tag.Rows, []int{1})
	add(tag.Columns, []int{2})
	add(tag.BitsAllocated, []int{8})
	add(tag.BitsStored, []int{8})
	add(tag.HighBit, []int{7})
	add(tag.PixelRepresentation, []int{0})
	add(tag.PixelData, dicom.PixelDataInfo{IntentionallyUnprocessed: true, UnprocessedValueData: []byte{1, 2}})
	var b bytes.Buffer
	if err := dicom.Write(&b, dicom.Dataset{Elements: elements}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
