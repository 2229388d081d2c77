package dicomweb

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/segur-sdk/segur"
)

const (
	// implementationUID names this SDK in the files that it writes (0002,0012).
	implementationUID     = "2.25.305231326148194267875750929040812410932"
	implementationVersion = "SEGUR_SDK"
)

// WriteOptions says how a file is laid out. The zero value is the one to use.
type WriteOptions struct {
	// TransferSyntaxUID is [ExplicitVRLittleEndian] (when empty),
	// [ImplicitVRLittleEndian], [DeflatedExplicitVRLE] or [ExplicitVRBigEndian].
	TransferSyntaxUID string
	// CharacterSet replaces the Specific Character Set (0008,0005) of the data
	// set and of its items: "ISO_IR 192" writes any text, and is the one for a
	// data set that comes from DICOM JSON. Empty: texts are written in the
	// character set that the data set names.
	CharacterSet string
	// UndefinedLengths ends sequences and items with delimiters instead of
	// announcing their lengths.
	UndefinedLengths bool
	// ImplementationClassUID and ImplementationVersionName (at most 16
	// characters) name the product that writes. Default: those of the SDK.
	ImplementationClassUID, ImplementationVersionName string
}

// WritePart10 writes a data set as a Part 10 file (PS3.10): preamble, file meta
// information made from the data set, attributes in ascending order, values of
// even length. Group lengths and attributes of group 0002 in the data set are
// left out. Values longer than the 16-bit length of their value representation
// are written as UN (PS3.5 6.2.2).
//
// Nothing is written when something is wrong: the [segur.ErrInvalidInput] error
// names every attribute that cannot be written by its tags, such as
// "0040A730[2].00080104": text that does not fit the character set, a backslash
// in a value of several, a number out of range, a binary value that is elsewhere
// ([Bulk].URI), a missing SOP Class or Instance UID. An error of w is given as it
// is.
func WritePart10(w io.Writer, ds *Dataset, o WriteOptions) error {
	const op = "dicomweb.WritePart10"
	var p segur.Problems
	if o.TransferSyntaxUID == "" {
		o.TransferSyntaxUID = ExplicitVRLittleEndian
	}
	switch o.TransferSyntaxUID {
	case ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLE, ExplicitVRBigEndian:
	default:
		p.Add("options.TransferSyntaxUID", "not a transfer syntax that is written")
	}
	if ds == nil {
		p.Add("dataset", "is required")
		ds = &Dataset{}
	}
	meta := appendMeta(ds, o, &p)
	segments := appendAttributes(ds, o, &p)
	if err := p.Err(op); err != nil {
		return err
	}
	if _, err := w.Write(meta); err != nil {
		return err //nolint:wrapcheck // the caller's writer
	}
	if o.TransferSyntaxUID == DeflatedExplicitVRLE {
		return writeDeflated(w, segments)
	}
	for _, s := range segments {
		if _, err := w.Write(s); err != nil {
			return err //nolint:wrapcheck // the caller's writer
		}
	}
	return nil
}

// appendMeta makes preamble, prefix and file meta information.
func appendMeta(ds *Dataset, o WriteOptions, p *segur.Problems) []byte {
	if o.ImplementationClassUID == "" {
		o.ImplementationClassUID = implementationUID
	}
	if o.ImplementationVersionName == "" {
		o.ImplementationVersionName = implementationVersion
	}
	if len(o.ImplementationVersionName) > 16 || !isASCII(o.ImplementationVersionName) || strings.Contains(o.ImplementationVersionName, `\`) {
		p.Add("options.ImplementationVersionName", "at most 16 characters of ASCII")
	}
	for _, uid := range []struct{ path, value string }{
		{TagSOPClassUID.String(), ds.Value(TagSOPClassUID)}, {TagSOPInstanceUID.String(), ds.Value(TagSOPInstanceUID)},
		{"options.ImplementationClassUID", o.ImplementationClassUID},
	} {
		if !ValidUID(uid.value) {
			p.Add(uid.path, "must be a UID")
		}
	}
	enc := layoutOf(ExplicitVRLittleEndian)
	var group []byte
	for _, e := range []Element{
		{Tag: 0x00020001, VR: OB, Bulk: &Bulk{Data: []byte{0, 1}}},
		{Tag: tagMediaStorageClass, VR: UI, Values: []string{ds.Value(TagSOPClassUID)}},
		{Tag: tagMediaStorageUID, VR: UI, Values: []string{ds.Value(TagSOPInstanceUID)}},
		{Tag: tagTransferSyntax, VR: UI, Values: []string{o.TransferSyntaxUID}},
		{Tag: 0x00020012, VR: UI, Values: []string{o.ImplementationClassUID}},
		{Tag: 0x00020013, VR: SH, Values: []string{o.ImplementationVersionName}},
	} {
		var err error
		if group, err = appendElement(group, e, enc, defaultCharset); err != nil {
			addElementError(p, err)
		}
	}
	b := append(make([]byte, 128), "DICM"...)
	b = appendHeader(b, 0x00020000, UL, 4, enc)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(group))) //nolint:gosec // a few hundred bytes
	return append(b, group...)
}

// apart is the size from which a binary value is not copied before it is
// written.
const apart = 64 << 10

// appendAttributes makes the bytes of the data set, large binary values apart.
func appendAttributes(ds *Dataset, o WriteOptions, p *segur.Problems) [][]byte {
	enc := layoutOf(o.TransferSyntaxUID)
	enc.delimited = o.UndefinedLengths
	terms := ds.Values(TagSpecificCharacterSet)
	path := TagSpecificCharacterSet.String()
	elems := ds.elems
	if o.CharacterSet != "" {
		enc.fixedCharset = true
		terms = strings.Split(o.CharacterSet, `\`)
		path = "options.CharacterSet"
		replaced := &Dataset{elems: append([]Element(nil), elems...)}
		replaced.Set(Element{Tag: TagSpecificCharacterSet, VR: CS, Values: terms})
		elems = replaced.elems
	}
	cs, ok := findCharset(terms)
	if !ok {
		p.Add(path, "not a character set that is written")
		cs = &charset{utf8: true} // so that nothing else is said of texts
	}
	var segments [][]byte
	var b []byte
	for _, e := range elems {
		if !written(e.Tag) {
			continue
		}
		if e.Bulk != nil && len(e.Bulk.Data) >= apart && e.Bulk.URI == "" && e.VR.longLength() && !e.VR.isText() &&
			e.VR.known() && enc.order == byteOrder(binary.LittleEndian) && int64(len(e.Bulk.Data)) < undefinedLength-1 {
			n := len(e.Bulk.Data)
			b = appendHeader(b, e.Tag, e.VR, uint32(n+n%2), enc) //nolint:gosec // checked above
			segments = append(segments, b, e.Bulk.Data)
			b = make([]byte, 0, 512)
			if n%2 == 1 {
				b = append(b, 0)
			}
			continue
		}
		var err error
		if b, err = appendElement(b, e, enc, cs); err != nil {
			addElementError(p, err)
		}
	}
	return append(segments, b)
}

func addElementError(p *segur.Problems, err error) {
	var e *elementError
	if errors.As(err, &e) {
		p.Add(e.path, e.rule)
	}
}

// writeDeflated writes the segments deflated, padded to an even length (PS3.5 A.5).
func writeDeflated(w io.Writer, segments [][]byte) error {
	var out bytes.Buffer
	d, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		return err //nolint:wrapcheck // cannot fail with that level
	}
	for _, s := range segments {
		_, _ = d.Write(s) // into memory
	}
	if err := d.Close(); err != nil {
		return err //nolint:wrapcheck // into memory
	}
	if out.Len()%2 == 1 {
		out.WriteByte(0)
	}
	_, err = w.Write(out.Bytes())
	return err //nolint:wrapcheck // the caller's writer
}
