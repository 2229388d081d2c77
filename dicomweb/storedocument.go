package dicomweb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/segur-sdk/segur"
)

// SOP classes of what is not an image of a modality.
const (
	EncapsulatedPDFStorage   = "1.2.840.10008.5.1.4.1.1.104.1"
	VLPhotographicStorage    = "1.2.840.10008.5.1.4.1.1.77.1.4"
	VideoPhotographicStorage = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
)

// Transfer syntaxes of compressed pixel data that documents have.
const (
	JPEGBaseline = "1.2.840.10008.1.2.4.50"
	JPEGExtended = "1.2.840.10008.1.2.4.51"
	MPEG2Main    = "1.2.840.10008.1.2.4.100"
	MPEG4High41  = "1.2.840.10008.1.2.4.102"
)

// Tags of documents.
const (
	tagImageType            Tag = 0x00080008
	tagContentDate          Tag = 0x00080023
	tagAcquisitionDateTime  Tag = 0x0008002A
	tagContentTime          Tag = 0x00080033
	tagConversionType       Tag = 0x00080064
	tagManufacturer         Tag = 0x00080070
	tagCineRate             Tag = 0x00180040
	tagFrameTime            Tag = 0x00181063
	tagSamplesPerPixel      Tag = 0x00280002
	tagPhotometric          Tag = 0x00280004
	tagPlanarConfiguration  Tag = 0x00280006
	tagFramePointer         Tag = 0x00280009
	tagBitsStored           Tag = 0x00280101
	tagHighBit              Tag = 0x00280102
	tagPixelRepresentation  Tag = 0x00280103
	tagBurnedIn             Tag = 0x00280301
	tagLossy                Tag = 0x00282110
	tagLossyRatio           Tag = 0x00282112
	tagLossyMethod          Tag = 0x00282114
	tagAcquisitionContext   Tag = 0x00400555
	tagConceptName          Tag = 0x0040A043
	tagDocumentTitle        Tag = 0x00420010
	tagEncapsulatedDocument Tag = 0x00420011
	tagMIMEType             Tag = 0x00420012
	tagDocumentLength       Tag = 0x00420015
)

// EncapsulatedPDF makes an instance of a PDF (PS3.3 A.45.1). base holds the UIDs
// of the study, the series and the instance, and the attributes of the patient
// and the study; what it has of the others is kept. Without BurnedInAnnotation
// it is said that the pages name the patient.
func EncapsulatedPDF(base *Dataset, title string, pdf segur.Content) (MetadataInstance, error) {
	const op = "dicomweb.EncapsulatedPDF"
	if base == nil || pdf == nil {
		return MetadataInstance{}, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "base and pdf are required"}
	}
	if head, err := head(pdf, 1024); err != nil || !bytes.Contains(head, []byte("%PDF-")) {
		return MetadataInstance{}, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "the content is not a PDF", Err: withoutPath(err)}
	}
	ds := complete(base,
		Text(TagSOPClassUID, EncapsulatedPDFStorage), Text(TagModality, "DOC"), Text(tagConversionType, "WSD"),
		Text(tagManufacturer, ""), Text(TagInstanceNumber, "1"), Text(tagContentDate, ""), Text(tagContentTime, ""),
		Text(tagAcquisitionDateTime, ""), Text(tagBurnedIn, "YES"), Sequence(tagConceptName), Text(tagDocumentTitle, title),
	)
	ds.Set(Text(tagMIMEType, "application/pdf"))
	ds.Set(Element{Tag: tagDocumentLength, VR: UL, Values: []string{strconv.FormatInt(pdf.Size(), 10)}})
	return MetadataInstance{Attributes: ds, Bulk: []BulkContent{{Tag: tagEncapsulatedDocument, Content: pdf, ContentType: "application/pdf"}}}, nil
}

// Photograph makes an instance of a JPEG file (VL Photographic Image, PS3.3
// A.32.4), whose head is read for the size and the colours; the image is kept as
// it is. base is as for [EncapsulatedPDF]. Progressive and lossless files are
// refused: DICOM has no transfer syntax for the former, and readers vary on the
// latter.
func Photograph(base *Dataset, jpeg segur.Content) (MetadataInstance, error) {
	const op = "dicomweb.Photograph"
	if base == nil || jpeg == nil {
		return MetadataInstance{}, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "base and jpeg are required"}
	}
	rc, err := jpeg.Open()
	if err != nil {
		return MetadataInstance{}, inputError(op, withoutPath(err))
	}
	frame, err := readJPEG(bufio.NewReader(rc))
	if err = errors.Join(err, rc.Close()); err != nil {
		return MetadataInstance{}, inputError(op, err)
	}
	number := func(tag Tag, n int) Element {
		return Element{Tag: tag, VR: tag.VR(), Values: []string{strconv.Itoa(n)}}
	}
	raw := frame.rows * frame.columns * frame.components
	ds := complete(base,
		Text(TagSOPClassUID, VLPhotographicStorage), Text(TagModality, "XC"), Text(tagImageType, "ORIGINAL", "PRIMARY"),
		Text(tagManufacturer, ""), Text(TagInstanceNumber, "1"), Sequence(tagAcquisitionContext),
	)
	image := []Element{
		number(tagSamplesPerPixel, frame.components), Text(tagPhotometric, frame.photometric), number(TagRows, frame.rows),
		number(TagColumns, frame.columns), number(TagBitsAllocated, 8), number(tagBitsStored, 8), number(tagHighBit, 7),
		number(tagPixelRepresentation, 0), Text(tagLossy, "01"), Text(tagLossyMethod, "ISO_10918_1"),
		Text(tagLossyRatio, strconv.FormatFloat(float64(raw)/float64(jpeg.Size()), 'f', 2, 64)),
	}
	if frame.components == 3 {
		image = append(image, number(tagPlanarConfiguration, 0))
	}
	for _, e := range image {
		ds.Set(e)
	}
	return MetadataInstance{Attributes: ds, Bulk: []BulkContent{{
		Tag: TagPixelData, Content: jpeg, ContentType: "image/jpeg", TransferSyntax: frame.syntax}}}, nil
}

// VideoFormat is what a video is; it is not read from the file.
type VideoFormat struct {
	// Rows and Columns are the size of a frame in pixels, Frames their number.
	Rows, Columns, Frames int
	// Rate is the number of frames in a second.
	Rate float64
	// TransferSyntax is the encoding. Empty: [MPEG4High41].
	TransferSyntax string
}

// Video makes an instance of an MPEG file (Video Photographic Image, PS3.3
// A.32.7). base is as for [EncapsulatedPDF].
func Video(base *Dataset, f VideoFormat, video segur.Content) (MetadataInstance, error) {
	var p segur.Problems
	if base == nil {
		p.Add("base", "is required")
	}
	if video == nil {
		p.Add("video", "is required")
	}
	for _, v := range []struct {
		field string
		n     int
	}{{"rows", f.Rows}, {"columns", f.Columns}} {
		if v.n < 1 || v.n > 0xFFFF {
			p.Add("format."+v.field, "must be between 1 and 65535")
		}
	}
	if f.Frames < 1 {
		p.Add("format.frames", "must be at least 1")
	}
	if !(f.Rate > 0 && f.Rate <= 1000) {
		p.Add("format.rate", "must be above 0, in frames per second")
	}
	if f.TransferSyntax == "" {
		f.TransferSyntax = MPEG4High41
	} else if !ValidUID(f.TransferSyntax) {
		p.Add("format.transferSyntax", uidRule)
	}
	if err := p.Err("dicomweb.Video"); err != nil {
		return MetadataInstance{}, err
	}
	mediaType, known, _ := pixelMediaType(f.TransferSyntax)
	if !known { // of a later edition
		mediaType = "video/mp4"
	}
	number := func(tag Tag, v string) Element { return Element{Tag: tag, VR: tag.VR(), Values: []string{v}} }
	ds := complete(base,
		Text(TagSOPClassUID, VideoPhotographicStorage), Text(TagModality, "XC"), Text(tagImageType, "ORIGINAL", "PRIMARY"),
		Text(tagManufacturer, ""), Text(TagInstanceNumber, "1"), Sequence(tagAcquisitionContext),
	)
	for _, e := range []Element{
		number(tagSamplesPerPixel, "3"), Text(tagPhotometric, "YBR_PARTIAL_420"), number(tagPlanarConfiguration, "0"),
		number(TagRows, strconv.Itoa(f.Rows)), number(TagColumns, strconv.Itoa(f.Columns)), number(TagNumberOfFrames, strconv.Itoa(f.Frames)),
		number(TagBitsAllocated, "8"), number(tagBitsStored, "8"), number(tagHighBit, "7"), number(tagPixelRepresentation, "0"),
		number(tagFrameTime, strconv.FormatFloat(1000/f.Rate, 'f', 3, 64)), number(tagCineRate, strconv.Itoa(max(1, int(f.Rate+0.5)))),
		{Tag: tagFramePointer, VR: AT, Values: []string{tagFrameTime.String()}}, Text(tagLossy, "01"),
	} {
		ds.Set(e)
	}
	return MetadataInstance{Attributes: ds, Bulk: []BulkContent{{
		Tag: TagPixelData, Content: video, ContentType: mediaType, TransferSyntax: f.TransferSyntax}}}, nil
}

// complete returns base with the elements that it lacks.
func complete(base *Dataset, elems ...Element) *Dataset {
	ds := NewDataset(slices.Collect(base.All())...)
	for _, e := range elems {
		if len(e.Values) == 1 && e.Values[0] == "" {
			e.Values = nil
		}
		if _, ok := ds.Get(e.Tag); !ok {
			ds.Set(e)
		}
	}
	return ds
}

// head reads the first bytes of a content, n at most.
func head(c segur.Content, n int64) ([]byte, error) {
	rc, err := c.Open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(rc, n))
	return b, errors.Join(err, rc.Close())
}

// jpegFrame is what the head of a JPEG file says.
type jpegFrame struct {
	rows, columns, components int
	photometric, syntax       string
}

// readJPEG reads the markers up to the frame header (ISO 10918-1 annex B).
func readJPEG(r *bufio.Reader) (f jpegFrame, err error) {
	const notJPEG = rule("the content is not a JPEG file")
	var soi [2]byte
	if _, err := io.ReadFull(r, soi[:]); err != nil || soi != [2]byte{0xFF, 0xD8} {
		return f, notJPEG
	}
	adobeRGB := false
	for range 1000 {
		b, err := r.ReadByte()
		if err != nil || b != 0xFF {
			return f, notJPEG
		}
		for b == 0xFF {
			if b, err = r.ReadByte(); err != nil {
				return f, notJPEG
			}
		}
		var size [2]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return f, notJPEG
		}
		n := int(binary.BigEndian.Uint16(size[:])) - 2
		if n < 0 {
			return f, notJPEG
		}
		segment := make([]byte, n)
		if _, err := io.ReadFull(r, segment); err != nil {
			return f, notJPEG
		}
		switch {
		case b == 0xEE && n >= 12 && string(segment[:5]) == "Adobe":
			adobeRGB = segment[11] == 0
		case b == 0xC4 || b == 0xC8 || b == 0xCC: // tables, among the frame markers
		case b >= 0xC0 && b <= 0xCF:
			return frameOf(b, segment, adobeRGB)
		case b == 0xDA || b == 0xD9:
			return f, notJPEG
		}
	}
	return f, notJPEG
}

func frameOf(marker byte, s []byte, adobeRGB bool) (f jpegFrame, err error) {
	if len(s) < 6 || len(s) < 6+3*int(s[5]) {
		return f, rule("the content is not a JPEG file")
	}
	f = jpegFrame{rows: int(binary.BigEndian.Uint16(s[1:])), columns: int(binary.BigEndian.Uint16(s[3:])), components: int(s[5])}
	switch marker {
	case 0xC0:
		f.syntax = JPEGBaseline
	case 0xC1:
		f.syntax = JPEGExtended
	case 0xC2:
		return f, rule("a progressive JPEG has no transfer syntax in DICOM: save it as baseline")
	default:
		return f, rule("only baseline and extended JPEG are taken")
	}
	switch {
	case s[0] != 8:
		return f, rule("only JPEG of 8 bits is taken")
	case f.rows == 0 || f.columns == 0:
		return f, rule("the JPEG does not say its size")
	case f.components == 1:
		f.photometric = "MONOCHROME2"
	case f.components == 3 && adobeRGB:
		f.photometric = "RGB"
	case f.components == 3 && s[7] == 0x11:
		f.photometric = "YBR_FULL"
	case f.components == 3:
		f.photometric = "YBR_FULL_422"
	default:
		return f, rule("only grey and three colour JPEG are taken")
	}
	return f, nil
}
