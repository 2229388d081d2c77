package dicomwebtest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"
	"golang.org/x/text/encoding/charmap"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

// SOP classes of the samples.
const (
	ctImageStorage = "1.2.840.10008.5.1.4.1.1.2"
	// implementation is below the root that the SDK keeps for tests.
	implementation = "1.2.250.1.999.1.10"
)

// SampleOptions says what [SampleStudy] makes. Every zero field has a default.
type SampleOptions struct {
	// IDs makes the UIDs. Default: a fixed sequence, so that every call gives
	// the same bytes.
	IDs segur.IDSource
	// Root is where UIDs are made. Default: 1.2.250.1.999.1.
	Root segur.OID
	// Patient is whose study it is: the names, the sex, the date of birth and
	// the first local identifier. Default: CAMILLE FICTIVE-DURAND, IPP-0001. An
	// INS is never written in the images.
	Patient segur.Patient
	// AccessionNumber identifies the order. Default: "ACC-0001".
	AccessionNumber string
	// Description is that of the study, in French. Default: "Scanner thoracique
	// à visée diagnostique".
	Description string
	// When is the date and time of the study. Default: 2026-01-15 10:11:12.
	When time.Time
	// Series and Instances count them; Instances is per series. Default: 2 series
	// of 3 instances.
	Series, Instances int
	// Latin1 writes text as ISO_IR 100 instead of ISO_IR 192.
	Latin1 bool
	// Frames is the number of images in each instance, each of another value.
	// Default: one, without the attribute that counts them.
	Frames int
	// Rows is the height and width of the images in pixels of 2 bytes. Default: 16.
	Rows int
}

// Study is a sample study: small CT images of a disc.
type Study struct {
	// UID is the Study Instance UID.
	UID string
	// AccessionNumber identifies the order.
	AccessionNumber string
	// Instances are the files, in order.
	Instances []Instance
}

// Instance is one file of a sample study.
type Instance struct {
	// Ref is its place.
	Ref dicomweb.Ref
	// SOPClass is its SOP class.
	SOPClass string
	// File is the Part 10 file.
	File []byte
}

// Contents returns the files, to send.
func (s *Study) Contents() []segur.Content {
	out := make([]segur.Content, len(s.Instances))
	for i, inst := range s.Instances {
		out[i] = segur.BytesContent(inst.File)
	}
	return out
}

// WriteDir writes the files below dir as IM0001.dcm and so on.
func (s *Study) WriteDir(dir string) error {
	for i, inst := range s.Instances {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("IM%04d.dcm", i+1)), inst.File, 0o600); err != nil {
			return fmt.Errorf("dicomwebtest: write a sample: %w", err)
		}
	}
	return nil
}

func (o SampleOptions) withDefaults() SampleOptions {
	if o.IDs == nil {
		o.IDs = segur.NewIDSource(fixed.Rand(1))
	}
	if o.Root == "" {
		o.Root = "1.2.250.1.999.1"
	}
	if o.Patient.Traits.BirthName == "" {
		o.Patient = segur.Patient{
			Traits: segur.Traits{BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", Sex: segur.Female,
				BirthDate: segur.NewDate(1985, time.March, 14)},
			LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001", Assigner: "CENTRE D'IMAGERIE FICTIF"}},
		}
	}
	if o.AccessionNumber == "" {
		o.AccessionNumber = "ACC-0001"
	}
	if o.Description == "" {
		o.Description = "Scanner thoracique à visée diagnostique"
	}
	if o.When.IsZero() {
		o.When = time.Date(2026, time.January, 15, 10, 11, 12, 0, time.UTC)
	}
	if o.Series == 0 {
		o.Series = 2
	}
	if o.Instances == 0 {
		o.Instances = 3
	}
	if o.Rows == 0 {
		o.Rows = 16
	}
	return o
}

// SampleStudy makes a small fictional CT study, deterministic for given
// identifiers.
func SampleStudy(o SampleOptions) (*Study, error) {
	o = o.withDefaults()
	b := &sampleBuilder{o: o}
	study := &Study{AccessionNumber: o.AccessionNumber}
	study.UID = b.uid()
	frame := b.uid()
	for s := range o.Series {
		series := b.uid()
		for i := range o.Instances {
			ref := dicomweb.Ref{Study: study.UID, Series: series, Instance: b.uid()}
			file := b.instance(ref, frame, s, i)
			if b.err != nil {
				return nil, fmt.Errorf("dicomwebtest: sample study: %w", b.err)
			}
			study.Instances = append(study.Instances, Instance{Ref: ref, SOPClass: ctImageStorage, File: file})
		}
	}
	return study, nil
}

type sampleBuilder struct {
	o     SampleOptions
	elems []*dicom.Element
	err   error
}

func (b *sampleBuilder) uid() string {
	id, err := b.o.IDs.OID(b.o.Root)
	b.err = errors.Join(b.err, err)
	return string(id)
}

// add appends an element; tags are added in ascending order, since the library
// writes them as they come.
func (b *sampleBuilder) add(t tag.Tag, data any) {
	if list, ok := data.([]string); ok {
		for i, v := range list {
			list[i] = b.encode(v)
		}
	}
	e, err := dicom.NewElement(t, data)
	if err != nil {
		b.err = errors.Join(b.err, err)
		return
	}
	b.elems = append(b.elems, e)
}

func (b *sampleBuilder) text(t tag.Tag, values ...string) { b.add(t, values) }

// encode puts text into the character set of the file: the library writes the
// bytes of strings as they are.
func (b *sampleBuilder) encode(s string) string {
	if !b.o.Latin1 {
		return s
	}
	out, err := charmap.ISO8859_1.NewEncoder().String(s)
	b.err = errors.Join(b.err, err)
	return out
}

// personName writes FAMILY^GIVEN; the characters that delimit are taken out.
func personName(family, given string) string {
	clean := strings.NewReplacer("^", " ", "=", " ", `\`, " ").Replace
	return clean(family) + "^" + clean(given)
}

func (b *sampleBuilder) instance(ref dicomweb.Ref, frame string, series, number int) []byte {
	o := b.o
	b.elems = nil
	charset := "ISO_IR 192"
	if o.Latin1 {
		charset = "ISO_IR 100"
	}
	date, clock := o.When.Format("20060102"), o.When.Add(time.Duration(series*60+number)*time.Second).Format("150405")
	patient := o.Patient.Traits
	var local segur.Identifier
	if len(o.Patient.LocalIDs) > 0 {
		local = o.Patient.LocalIDs[0]
	}
	sex := string(patient.Sex)
	if patient.Sex == segur.SexUnknown {
		sex = "O"
	}

	b.add(tag.FileMetaInformationVersion, []byte{0, 1}) // the library adds none of the three by itself
	b.text(tag.MediaStorageSOPClassUID, ctImageStorage)
	b.text(tag.MediaStorageSOPInstanceUID, ref.Instance)
	b.text(tag.TransferSyntaxUID, dicomweb.ExplicitVRLittleEndian)
	b.text(tag.ImplementationClassUID, implementation)
	b.text(tag.ImplementationVersionName, "SEGUR_TEST")

	b.text(tag.SpecificCharacterSet, charset)
	b.text(tag.ImageType, "ORIGINAL", "PRIMARY", "AXIAL")
	b.text(tag.SOPClassUID, ctImageStorage)
	b.text(tag.SOPInstanceUID, ref.Instance)
	b.text(tag.StudyDate, date)
	b.text(tag.SeriesDate, date)
	b.text(tag.AcquisitionDate, date)
	b.text(tag.ContentDate, date)
	b.text(tag.StudyTime, o.When.Format("150405"))
	b.text(tag.SeriesTime, o.When.Format("150405"))
	b.text(tag.AcquisitionTime, clock)
	b.text(tag.ContentTime, clock)
	b.text(tag.AccessionNumber, o.AccessionNumber)
	b.text(tag.Modality, "CT")
	b.text(tag.Manufacturer, "SEGUR")
	b.text(tag.InstitutionName, "CENTRE D'IMAGERIE FICTIF")
	b.text(tag.ReferringPhysicianName, "PRESCRIPTEUR^Dominique")
	b.text(tag.StudyDescription, o.Description)
	b.text(tag.SeriesDescription, []string{"Thorax sans injection", "Thorax injecté"}[series%2])
	b.text(tag.ManufacturerModelName, "Sample")
	b.text(tag.PatientName, personName(patient.BirthName, patient.FirstGivenName))
	b.text(tag.PatientID, local.Extension)
	if local.Assigner != "" {
		b.text(tag.IssuerOfPatientID, local.Assigner)
	}
	b.text(tag.PatientBirthDate, completeDate(patient.BirthDate))
	b.text(tag.PatientSex, sex)
	b.text(tag.SliceThickness, "5")
	b.text(tag.KVP, "120")
	b.text(tag.DeviceSerialNumber, "1")
	b.text(tag.SoftwareVersions, "1")
	b.text(tag.PatientPosition, "HFS")
	b.text(tag.StudyInstanceUID, ref.Study)
	b.text(tag.SeriesInstanceUID, ref.Series)
	b.text(tag.StudyID, "1")
	b.text(tag.SeriesNumber, strconv.Itoa(series+1))
	b.text(tag.AcquisitionNumber, "1")
	b.text(tag.InstanceNumber, strconv.Itoa(number+1))
	b.text(tag.ImagePositionPatient, "-80", "-80", strconv.Itoa(-5*number))
	b.text(tag.ImageOrientationPatient, "1", "0", "0", "0", "1", "0")
	b.text(tag.FrameOfReferenceUID, frame)
	b.text(tag.Laterality, "")
	b.text(tag.PositionReferenceIndicator, "")
	b.pixels(series, number)

	var out bytes.Buffer
	if err := dicom.Write(&out, dicom.Dataset{Elements: b.elems}); err != nil {
		b.err = errors.Join(b.err, err)
	}
	return out.Bytes()
}

// completeDate writes a DA value, empty when a part is unknown: DA has no
// partial form.
func completeDate(d segur.Date) string {
	if !d.Complete() {
		return ""
	}
	return d.Compact()
}

// pixels draws a disc whose radius and value change from image to image.
func (b *sampleBuilder) pixels(series, number int) {
	n := b.o.Rows
	b.add(tag.SamplesPerPixel, []int{1})
	b.text(tag.PhotometricInterpretation, "MONOCHROME2")
	if b.o.Frames > 1 {
		b.text(tag.NumberOfFrames, strconv.Itoa(b.o.Frames))
	}
	b.add(tag.Rows, []int{n})
	b.add(tag.Columns, []int{n})
	b.text(tag.PixelSpacing, "10", "10")
	b.add(tag.BitsAllocated, []int{16})
	b.add(tag.BitsStored, []int{12})
	b.add(tag.HighBit, []int{11})
	b.add(tag.PixelRepresentation, []int{0})
	b.text(tag.RescaleIntercept, "-1024")
	b.text(tag.RescaleSlope, "1")
	b.text(tag.RescaleType, "HU")
	frames := max(b.o.Frames, 1)
	raw := make([]byte, 0, 2*n*n*frames)
	radius := float64(n)/3 + float64(number)
	for f := range frames {
		for y := range n {
			for x := range n {
				v := 24
				if math.Hypot(float64(x)-float64(n)/2, float64(y)-float64(n)/2) < radius {
					v = 1064 + 100*series + 10*number + f
				}
				raw = append(raw, byte(v), byte(v>>8))
			}
		}
	}
	b.add(tag.PixelData, dicom.PixelDataInfo{IntentionallyUnprocessed: true, UnprocessedValueData: raw})
}
