package dicomweb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// Transfer syntaxes whose data set is not Explicit VR Little Endian, and that
// one. Every other one, known or not, encodes the attributes as Explicit VR
// Little Endian (PS3.5 A.4).
const (
	ImplicitVRLittleEndian = "1.2.840.10008.1.2"
	ExplicitVRLittleEndian = "1.2.840.10008.1.2.1"
	DeflatedExplicitVRLE   = "1.2.840.10008.1.2.1.99"
	ExplicitVRBigEndian    = "1.2.840.10008.1.2.2"
	gePrivateImplicit      = "1.2.840.113619.5.2"
	papyrusImplicit        = "1.2.840.10008.1.20"
)

// mediaStorageDirectory is the class of a DICOMDIR.
const mediaStorageDirectory = "1.2.840.10008.1.3.10"

// undefinedLength marks a value that ends at a delimiter.
const undefinedLength = 0xFFFFFFFF

// What a file may make us read or follow.
const (
	maxMetaBytes = 1 << 20  // of group 0002
	maxInflated  = 64 << 20 // of a deflated data set, up to the UIDs
	maxFollowed  = 4 << 30  // of a deflated data set, to its end
	maxUIDBytes  = 128      // of a value we keep
	maxElements  = 1 << 20  // of one file, nested ones included
)

// Tags of the file format.
const (
	tagItem              Tag = 0xFFFEE000
	tagItemEnd           Tag = 0xFFFEE00D
	tagSequenceEnd       Tag = 0xFFFEE0DD
	tagMediaStorageClass Tag = 0x00020002
	tagMediaStorageUID   Tag = 0x00020003
	tagTransferSyntax    Tag = 0x00020010
)

// Header is what a Part 10 file says of itself (PS3.10), read without pixels.
type Header struct {
	SOPClassUID       string
	SOPInstanceUID    string
	StudyInstanceUID  string
	SeriesInstanceUID string
	// TransferSyntaxUID is the encoding of the data set.
	TransferSyntaxUID string
}

// Ref returns the place of the instance.
func (h Header) Ref() Ref {
	return Ref{Study: h.StudyInstanceUID, Series: h.SeriesInstanceUID, Instance: h.SOPInstanceUID}
}

// rule is a rule of a file format that is broken; it names no value.
type rule string

func (r rule) Error() string { return string(r) }

// errCut: the file ends inside an element.
var errCut = errors.New("the file ends before the element that it announces")

// readMeta reads preamble, prefix and file meta information, and leaves the
// walker at the data set with its encoding set.
func (w *walker) readMeta(h *Header) (class, instance string, err error) {
	head := make([]byte, 132)
	n, err := io.ReadFull(w.br, head)
	w.pos += int64(n)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return "", "", rule("the file is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "", "", rule("the file is shorter than the 132 bytes of a DICOM preamble")
	case err != nil:
		return "", "", err
	case string(head[128:]) != "DICM":
		return "", "", rule(`the prefix "DICM" is not at byte 128: not a DICOM Part 10 file`)
	}
	for {
		next, err := w.br.Peek(2)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return "", "", errCut
			}
			return "", "", err
		}
		if binary.LittleEndian.Uint16(next) != 2 {
			break
		}
		e, err := w.header()
		if err != nil {
			return "", "", err
		}
		if e.length == undefinedLength || w.pos+int64(e.length) > maxMetaBytes {
			return "", "", rule("the file meta information is longer than any is")
		}
		switch e.tag {
		case tagMediaStorageClass:
			class, err = w.uid(e)
		case tagMediaStorageUID:
			instance, err = w.uid(e)
		case tagTransferSyntax:
			h.TransferSyntaxUID, err = w.uid(e)
		default:
			err = w.skip(int64(e.length))
		}
		if err != nil {
			return "", "", err
		}
	}
	switch h.TransferSyntaxUID {
	case "":
		return "", "", rule("the file meta information names no transfer syntax (0002,0010)")
	case ImplicitVRLittleEndian:
		w.impl = true
	case ExplicitVRBigEndian:
		w.order = binary.BigEndian
	case gePrivateImplicit, papyrusImplicit: // files claim these and hold explicit VR
		b, err := w.br.Peek(6)
		w.impl = err != nil || b[4] < 'A' || b[4] > 'Z' || b[5] < 'A' || b[5] > 'Z'
	}
	if class == mediaStorageDirectory {
		return "", "", rule("a DICOMDIR is an index of files, not an instance")
	}
	return class, instance, nil
}

// uid reads the value of a UID.
func (w *walker) uid(e fileElement) (string, error) {
	if e.length > maxUIDBytes {
		return "", rule("a UID is longer than 64 characters")
	}
	b, err := w.value(e.length)
	return string(bytes.TrimRight(b, "\x00 ")), err
}

// readHeader reads the header of the file and goes on to its end, so that a cut
// file is noticed; with headerOnly it stops once the UIDs are known.
func readHeader(r io.Reader, size int64, headerOnly bool) (Header, error) {
	w := newWalker(r, size)
	var h Header
	metaClass, metaInstance, err := w.readMeta(&h)
	if err != nil {
		return h, err
	}
	if h.TransferSyntaxUID == DeflatedExplicitVRLE {
		limit := int64(maxFollowed)
		if headerOnly {
			limit = maxInflated
		}
		w.inflate(limit)
	}
	w.visit = func(e fileElement) (bool, error) {
		var dst *string
		switch e.tag {
		case TagSOPClassUID:
			dst = &h.SOPClassUID
		case TagSOPInstanceUID:
			dst = &h.SOPInstanceUID
		case TagStudyInstanceUID:
			dst = &h.StudyInstanceUID
		case TagSeriesInstanceUID:
			dst = &h.SeriesInstanceUID
		default:
			return !headerOnly || e.tag < TagSeriesInstanceUID, nil
		}
		if *dst != "" {
			return false, rule("a UID is given twice")
		}
		var err error
		*dst, err = w.uid(e)
		return !headerOnly || e.tag < TagSeriesInstanceUID, err
	}
	if err := w.walk(); err != nil {
		return h, err
	}
	return h, h.check(metaClass, metaInstance)
}

// check names the rules that an instance to store must keep.
func (h Header) check(metaClass, metaInstance string) error {
	for _, u := range []struct{ value, name string }{
		{h.SOPClassUID, "SOP Class UID (0008,0016)"}, {h.SOPInstanceUID, "SOP Instance UID (0008,0018)"},
		{h.StudyInstanceUID, "Study Instance UID (0020,000D)"}, {h.SeriesInstanceUID, "Series Instance UID (0020,000E)"},
	} {
		if u.value == "" {
			return rule("the " + u.name + " is missing")
		}
		if !ValidUID(u.value) {
			return rule("the " + u.name + " is not a UID")
		}
	}
	if metaInstance != "" && metaInstance != h.SOPInstanceUID {
		return rule("(0002,0003) and (0008,0018) name different instances")
	}
	if metaClass != "" && metaClass != h.SOPClassUID {
		return rule("(0002,0002) and (0008,0016) name different SOP classes")
	}
	return nil
}
