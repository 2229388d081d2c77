package dicomweb

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Transfer syntaxes whose data set is not Explicit VR Little Endian, or that
// the client names. Every other one, known or not, encodes the attributes as
// Explicit VR Little Endian (PS3.5 A.4).
const (
	ImplicitVRLittleEndian     = "1.2.840.10008.1.2"
	ExplicitVRLittleEndian     = "1.2.840.10008.1.2.1"
	DeflatedExplicitVRLE       = "1.2.840.10008.1.2.1.99"
	ExplicitVRBigEndian        = "1.2.840.10008.1.2.2"
	gePrivateImplicit          = "1.2.840.113619.5.2"
	papyrusImplicit            = "1.2.840.10008.1.20"
	mediaStorageDirectory      = "1.2.840.10008.1.3.10"
	undefinedLength            = 0xFFFFFFFF
	maxMetaBytes               = 1 << 20  // of group 0002
	maxInflated                = 64 << 20 // of a deflated data set, up to the UIDs
	maxUIDBytes                = 128      // of a value we keep
	maxElements                = 1 << 20  // of one file, nested ones included
	tagItem                Tag = 0xFFFEE000
	tagItemEnd             Tag = 0xFFFEE00D
	tagSequenceEnd         Tag = 0xFFFEE0DD
	tagMediaStorageClass   Tag = 0x00020002
	tagMediaStorageUID     Tag = 0x00020003
	tagTransferSyntax      Tag = 0x00020010
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

// element header as it stands in a file.
type fileElement struct {
	tag    Tag
	vr     VR // 0 in implicit encodings and for items
	length uint32
	at     int64 // offset of the value
}

// walker reads the structure of a Part 10 file: the headers of its elements,
// with every length held against what is left, and no value but those asked
// for. It never allocates what a length claims.
type walker struct {
	src   io.Reader // behind br
	seek  io.Seeker // src, nil when it cannot be sought
	br    *bufio.Reader
	pos   int64
	size  int64 // of the file; negative when not known
	order binary.ByteOrder
	impl  bool // implicit VR
	count int
	start int64 // offset of the element of the main data set that visit is told of
	// visit is told of each element of the main data set, before its value is
	// passed over. It may read at most the value, with value.
	visit func(fileElement) (more bool, err error)
	// nested is told of each element inside a sequence. Optional.
	nested func(fileElement) error
	buf    [16]byte
}

func newWalker(r io.Reader, size int64) *walker {
	w := &walker{src: r, br: bufio.NewReaderSize(r, 4096), size: size, order: binary.LittleEndian}
	w.seek, _ = r.(io.Seeker)
	return w
}

// bytes reads n bytes, 16 at most.
func (w *walker) bytes(n int) ([]byte, error) {
	b := w.buf[:n]
	got, err := io.ReadFull(w.br, b)
	w.pos += int64(got)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errCut
	}
	return b, err
}

// value reads the n bytes of a value that the caller keeps.
func (w *walker) value(n uint32) ([]byte, error) {
	b := make([]byte, n)
	got, err := io.ReadFull(w.br, b)
	w.pos += int64(got)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errCut
	}
	return b, err
}

// skip passes over n bytes, by seeking where the source can.
func (w *walker) skip(n int64) error {
	if n < 0 || w.size >= 0 && n > w.size-w.pos {
		return errCut
	}
	if w.seek != nil && n > int64(w.br.Buffered()) {
		if _, err := w.seek.Seek(n-int64(w.br.Buffered()), io.SeekCurrent); err != nil {
			return err
		}
		w.br.Reset(w.src)
		w.pos += n
		return nil
	}
	got, err := io.CopyN(io.Discard, w.br, n)
	w.pos += got
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// atEnd reports whether nothing is left.
func (w *walker) atEnd() (bool, error) {
	if w.size >= 0 {
		return w.pos >= w.size, nil
	}
	if _, err := w.br.Peek(1); errors.Is(err, io.EOF) {
		return true, nil
	} else if err != nil {
		return false, err
	}
	return false, nil
}

// header reads the header of an element.
func (w *walker) header() (fileElement, error) {
	var e fileElement
	if w.count++; w.count > maxElements {
		return e, rule("the file holds more elements than any instance has")
	}
	b, err := w.bytes(8)
	if err != nil {
		return e, err
	}
	e.tag = Tag(w.order.Uint16(b))<<16 | Tag(w.order.Uint16(b[2:]))
	switch {
	case w.impl || e.tag>>16 == 0xFFFE:
		e.length = w.order.Uint32(b[4:])
	case b[4] < 'A' || b[4] > 'Z' || b[5] < 'A' || b[5] > 'Z':
		return e, rule("an element has no value representation where the transfer syntax demands one")
	default:
		e.vr = VR(b[4])<<8 | VR(b[5])
		e.length = uint32(w.order.Uint16(b[6:]))
		if e.vr.longLength() {
			if b, err = w.bytes(4); err != nil {
				return e, err
			}
			e.length = w.order.Uint32(b)
		}
	}
	e.at = w.pos
	return e, nil
}

// pass goes over the value of e and looks inside it where it is a sequence.
func (w *walker) pass(e fileElement, depth int) error {
	switch {
	case e.length == undefinedLength:
		if e.tag == TagPixelData || e.vr == OB || e.vr == OW {
			return w.fragments()
		}
		if e.vr != SQ && e.vr != UN && !w.impl {
			return rule("an element of this value representation must have a defined length")
		}
		// The content of UN with undefined length is Implicit VR Little Endian (PS3.5 6.2.2).
		if e.vr == UN {
			impl, order := w.impl, w.order
			w.impl, w.order = true, binary.LittleEndian
			defer func() { w.impl, w.order = impl, order }()
		}
		return w.sequence(-1, depth)
	case w.size >= 0 && int64(e.length) > w.size-w.pos:
		return errCut
	case e.vr == SQ || w.impl && e.length > 0 && e.tag.VR() == SQ:
		return w.sequence(w.pos+int64(e.length), depth)
	}
	return w.skip(int64(e.length))
}

// sequence goes over the items up to the offset end, or to the delimiter when
// end is negative.
func (w *walker) sequence(end int64, depth int) error {
	if depth++; depth > maxDepth {
		return rule(fmt.Sprintf("sequences are nested beyond %d", maxDepth))
	}
	for end < 0 || w.pos < end {
		item, err := w.header()
		if err != nil {
			return err
		}
		switch {
		case item.tag == tagSequenceEnd && end < 0 && item.length == 0:
			return nil
		case item.tag != tagItem:
			return rule("a sequence holds something that is not an item")
		}
		limit := int64(-1)
		if item.length != undefinedLength {
			if limit = w.pos + int64(item.length); end >= 0 && limit > end {
				return rule("an item is longer than its sequence")
			}
		}
		for limit < 0 || w.pos < limit {
			e, err := w.header()
			if err != nil {
				return err
			}
			if e.tag == tagItemEnd && limit < 0 && e.length == 0 {
				break
			}
			if e.tag>>16 == 0xFFFE {
				return rule("a delimiter stands where an element must")
			}
			if w.nested != nil {
				if err := w.nested(e); err != nil {
					return err
				}
			}
			if err := w.pass(e, depth); err != nil {
				return err
			}
		}
		if limit >= 0 && w.pos > limit {
			return rule("an element is longer than its item")
		}
	}
	if end >= 0 && w.pos > end {
		return rule("an item is longer than its sequence")
	}
	return nil
}

// fragments goes over encapsulated pixel data (PS3.5 A.4).
func (w *walker) fragments() error {
	for {
		item, err := w.header()
		switch {
		case err != nil:
			return err
		case item.tag == tagSequenceEnd:
			return nil
		case item.tag != tagItem || item.length == undefinedLength:
			return rule("encapsulated pixel data hold something that is not a fragment")
		}
		if err := w.skip(int64(item.length)); err != nil {
			return err
		}
	}
}

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

// inflate puts the walker on the inflated form of a deflated data set, of which
// at most limit bytes are read.
func (w *walker) inflate(limit int64) {
	inflated := io.LimitReader(flate.NewReader(w.br), limit)
	w.br = bufio.NewReaderSize(inflated, 4096)
	w.seek, w.size, w.pos = nil, -1, 0
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
		headerOnly = true
		w.inflate(maxInflated)
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

// walk goes over the elements of the main data set until visit says stop.
func (w *walker) walk() error {
	for {
		if end, err := w.atEnd(); end || err != nil {
			return err
		}
		w.start = w.pos
		e, err := w.header()
		if err != nil {
			return err
		}
		if e.tag>>16 == 0xFFFE {
			return rule("a delimiter stands where an element must")
		}
		more, err := w.visit(e)
		if err != nil || !more {
			return err
		}
		if w.pos == e.at {
			if err := w.pass(e, 0); err != nil {
				return err
			}
		}
	}
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
