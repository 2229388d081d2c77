package dicomweb

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

// File gives the instance as a Part 10 file, for [Client.Store] and
// [Client.StoreAll]: what servers take that do not take metadata, Orthanc and
// Azure among them. The values of Bulk are read when the file is, so memory does
// not hold them; compressed pixel data becomes one fragment. Attributes that name
// no character set are written in UTF-8 (ISO_IR 192).
//
// The error is [segur.ErrInvalidInput] and names every attribute that cannot be
// written, as [WritePart10] does. A value that gives other bytes than its Size
// says makes reading the file fail.
func (m MetadataInstance) File() (segur.Content, error) {
	const op = "dicomweb.File"
	var p segur.Problems
	if _, err := checkMetadata(StoreMetadataRequest{Instances: []MetadataInstance{m}}); err != nil {
		var e *segur.Error
		if errors.As(err, &e) {
			for _, d := range e.Details {
				p.Add(strings.TrimPrefix(d.Field, "instances[0]."), d.Message)
			}
		}
		return nil, p.Err(op)
	}
	terms := m.Attributes.Values(TagSpecificCharacterSet)
	ds := NewDataset(slices.Collect(m.Attributes.All())...)
	if len(terms) == 0 {
		terms = []string{"ISO_IR 192"}
		ds.Set(Element{Tag: TagSpecificCharacterSet, VR: CS, Values: terms})
	}
	cs, ok := findCharset(terms)
	if !ok {
		p.Add(TagSpecificCharacterSet.String(), "not a character set that is written")
		cs = &charset{utf8: true}
	}
	apart := map[Tag]BulkContent{}
	for _, b := range m.Bulk {
		apart[b.Tag] = b
		ds.Set(Element{Tag: b.Tag, VR: b.vr(m.Attributes)})
	}
	syntax := ExplicitVRLittleEndian
	if b := apart[TagPixelData]; b.compressed() {
		syntax = b.TransferSyntax
	}
	var f joined
	f.bytes(appendMeta(ds, WriteOptions{TransferSyntaxUID: syntax}, &p))
	enc := layoutOf(ExplicitVRLittleEndian)
	var text []byte
	for _, e := range ds.elems {
		if !written(e.Tag) {
			continue
		}
		b, ok := apart[e.Tag]
		if !ok {
			var err error
			if text, err = appendElement(text, e, enc, cs); err != nil {
				addElementError(&p, err)
			}
			continue
		}
		f.bytes(text)
		text = f.value(b, e.VR, enc, &p)
	}
	f.bytes(text)
	if err := p.Err(op); err != nil {
		return nil, err
	}
	return &f, nil
}

// compressed reports whether the value is pixel data that stands in fragments.
func (b BulkContent) compressed() bool {
	switch b.TransferSyntax {
	case "", ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLE, ExplicitVRBigEndian:
		return false
	}
	return b.Tag == TagPixelData
}

// joined is a content made of several, one after the other.
type joined struct {
	parts []segur.Content
	size  int64
}

func (f *joined) add(c segur.Content) {
	f.parts = append(f.parts, c)
	f.size += c.Size()
}

func (f *joined) bytes(b []byte) {
	if len(b) > 0 {
		f.add(segur.BytesContent(b))
	}
}

// value adds the header of a value and the value, and returns what follows it.
func (f *joined) value(b BulkContent, vr VR, enc layout, p *segur.Problems) (after []byte) {
	n := b.Content.Size()
	padded := n + n%2
	switch {
	case b.TransferSyntax == ExplicitVRBigEndian:
		p.Add(b.Tag.String(), "big endian values are not written")
	case b.compressed() && vr != OB && vr != OW:
		p.Add(b.Tag.String(), "fragments, which need OB")
	case !vr.known() || vr == SQ:
		p.Add(b.Tag.String(), "a value representation that holds no bulk data")
	case padded >= undefinedLength || !vr.longLength() && padded > 0xFFFF:
		p.Add(b.Tag.String(), "a value longer than the format holds")
	}
	var head []byte
	if b.compressed() {
		head = appendHeader(head, b.Tag, vr, undefinedLength, enc)
		head = appendHeader(head, tagItem, 0, 0, enc)              // no offset table
		head = appendHeader(head, tagItem, 0, uint32(padded), enc) //nolint:gosec // checked above
		after = appendHeader(nil, tagSequenceEnd, 0, 0, enc)
	} else {
		head = appendHeader(head, b.Tag, vr, uint32(padded), enc) //nolint:gosec // checked above
	}
	f.bytes(head)
	f.add(b.Content)
	if n%2 == 1 {
		pad := byte(0)
		if vr.isText() {
			pad = padding(vr)
		}
		f.bytes([]byte{pad})
	}
	return after
}

// Size is the length of all.
func (f *joined) Size() int64 { return f.size }

// Open reads them one after the other.
func (f *joined) Open() (io.ReadCloser, error) { return &joinedReader{left: f.parts}, nil }

type joinedReader struct {
	left []segur.Content
	open io.ReadCloser
	rest int64 // of the one that is open
}

func (r *joinedReader) Read(b []byte) (int, error) {
	for {
		if r.open == nil {
			if len(r.left) == 0 {
				return 0, io.EOF
			}
			var err error
			if r.open, err = r.left[0].Open(); err != nil {
				return 0, withoutPath(err)
			}
			r.rest = r.left[0].Size()
			r.left = r.left[1:]
		}
		n, err := r.open.Read(b)
		r.rest -= int64(n)
		switch {
		case r.rest < 0:
			return 0, errOtherSize
		case errors.Is(err, io.EOF) && r.rest > 0:
			return n, errOtherSize
		case errors.Is(err, io.EOF):
			err = r.Close()
		case err != nil:
			err = withoutPath(err)
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
	}
}

var errOtherSize = errors.New("a value has another size than it said")

// Close closes the one that is open.
func (r *joinedReader) Close() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return withoutPath(err)
}
