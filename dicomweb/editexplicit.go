package dicomweb

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"slices"
)

const opConvert = "dicomweb.Convert"

// Syntaxes of JPEG 2000: the second one includes the first.
const (
	jpeg2000Lossless = "1.2.840.10008.1.2.4.90"
	jpeg2000         = "1.2.840.10008.1.2.4.91"
)

// CanConvert reports whether [Convert] makes one transfer syntax of another:
// those for which no codec of images is needed. Implicit VR Little Endian and
// Deflated Explicit VR Little Endian become Explicit VR Little Endian, and
// JPEG 2000 Lossless becomes JPEG 2000, which includes it (PS3.5 A.4.4).
func CanConvert(from, to string) bool {
	switch from {
	case ImplicitVRLittleEndian, DeflatedExplicitVRLE:
		return to == ExplicitVRLittleEndian
	case jpeg2000Lossless:
		return to == jpeg2000
	}
	return false
}

// Convert returns the Part 10 file that r gives in another transfer syntax, as
// it passes, in constant memory. Values stay as they are: what changes is how
// they are announced. Group lengths and the length to the end (0008,0001), which
// then change, are left out of what was implicit. In Explicit VR Little Endian, sequences that come from an
// implicit encoding have undefined lengths, an attribute that the dictionary does
// not know is UN, and so is a value that is longer than its representation allows
// (PS3.5 6.2.2). Only what [CanConvert] allows is converted
// ([segur.ErrRefused]); the other errors are those of [Edit].
func Convert(r io.Reader, to string) io.Reader {
	c := &converter{rewriter: newRewriter(opConvert, r), to: to}
	c.step = c.next
	return c
}

// converter is the state of a Convert on its way.
type converter struct {
	rewriter
	to     string
	begun  bool
	stack  []convertLevel
	signed bool
	plain  *editor // follows elements that pass as they are; nil: of an implicit encoding
}

// convertLevel is a sequence or an item that is being rewritten.
type convertLevel struct {
	item   bool
	end    int64 // its offset; negative: a delimiter
	signed bool  // around it
}

// Read gives the next bytes of the file.
func (c *converter) Read(p []byte) (int, error) {
	if c.plain != nil && len(c.out) == 0 {
		return c.plain.Read(p)
	}
	return c.rewriter.Read(p)
}

// next rewrites one element more.
func (c *converter) next() error {
	if !c.begun {
		c.begun = true
		return c.begin()
	}
	if n := len(c.stack); n > 0 {
		if l := c.stack[n-1]; l.end >= 0 && c.w.pos >= l.end {
			if c.w.pos > l.end {
				return errLongElement
			}
			c.close(l)
			return nil
		}
		if !c.stack[n-1].item {
			return c.item(c.stack[n-1])
		}
	} else if _, err := c.w.br.Peek(1); err != nil {
		return err // io.EOF: the end of the data set
	}
	return c.element()
}

// begin rewrites the file meta information.
func (c *converter) begin() error {
	h, meta, err := c.meta()
	if err != nil {
		return err
	}
	if !CanConvert(h.TransferSyntaxUID, c.to) {
		return streamRefused(opConvert, "the file is in a transfer syntax that is not converted to the one asked")
	}
	c.out = convertMeta(c.out, meta, c.to)
	if h.TransferSyntaxUID == DeflatedExplicitVRLE {
		c.w.br = bufio.NewReaderSize(&inflated{r: flate.NewReader(c.w.br), left: maxFollowed}, 64<<10)
	}
	if h.TransferSyntaxUID != ImplicitVRLittleEndian { // only that one is announced otherwise
		c.plain = newEditor(nil, nil)
		c.plain.op, c.plain.w, c.plain.begun = opConvert, c.w, true
	}
	return nil
}

// convertMeta copies the file meta information with another transfer syntax and
// the length that it then has.
func convertMeta(dst, meta []byte, to string) []byte {
	dst = append(dst, meta[:132]...)
	at := len(dst)
	group := -1 // where the value of the group length is
	w := newWalker(bytes.NewReader(meta), int64(len(meta)))
	_ = w.skip(132) // readMeta has read it
	for {
		start := w.pos
		e, err := w.header()
		if err != nil {
			break
		}
		_ = w.skip(int64(e.length))
		switch e.tag {
		case tagTransferSyntax:
			dst = appendHeader(dst, tagTransferSyntax, UI, uint32(len(to)+len(to)%2), layoutOf(ExplicitVRLittleEndian)) //nolint:gosec // a UID
			dst = append(dst, to...)
			if len(to)%2 == 1 {
				dst = append(dst, 0)
			}
			continue
		case 0x00020000:
			if e.length == 4 {
				group = len(dst) + int(e.at-start)
				at = group + 4
			}
		}
		dst = append(dst, meta[start:w.pos]...)
	}
	if group >= 0 {
		binary.LittleEndian.PutUint32(dst[group:], uint32(len(dst)-at)) //nolint:gosec // below 64 KiB
	}
	return dst
}

// element rewrites the header of an element of the data set, or of an item.
func (c *converter) element() error {
	e, err := c.w.header()
	if err != nil {
		return err
	}
	if n := len(c.stack); e.tag == tagItemEnd && n > 0 && c.stack[n-1].end < 0 && e.length == 0 {
		c.close(c.stack[n-1])
		return nil
	}
	if e.tag>>16 == 0xFFFE {
		return errDelimiter
	}
	vr := implicitVR(e.tag, e.length, c.signed)
	c.mute = e.tag&0xFFFF == 0 || e.tag == tagLengthToEnd
	switch {
	case e.length == undefinedLength:
		vr = SQ // encapsulated pixels are never implicit
	case e.tag == tagPixelRepresentation && e.length == 2:
		b, err := c.w.br.Peek(2)
		if err != nil {
			return errCut
		}
		c.signed = slices.Equal(b, []byte{1, 0})
	case !vr.longLength() && e.length > 0xFFFF:
		vr = UN
	}
	if vr != SQ && c.mute {
		c.pass = int64(e.length)
		return nil
	}
	if vr != SQ {
		c.out = appendHeader(c.out, e.tag, vr, e.length, layoutOf(ExplicitVRLittleEndian))
		c.pass = int64(e.length)
		return nil
	}
	if len(c.stack) >= 2*maxDepth {
		return errTooDeep
	}
	c.out = appendHeader(c.out, e.tag, SQ, undefinedLength, layoutOf(ExplicitVRLittleEndian))
	c.open(e, false)
	return nil
}

// item rewrites the header of an item, or the end of its sequence.
func (c *converter) item(l convertLevel) error {
	e, err := c.w.header()
	switch {
	case err != nil:
		return err
	case e.tag == tagSequenceEnd && l.end < 0 && e.length == 0:
		c.close(l)
		return nil
	case e.tag != tagItem:
		return errNoItem
	}
	c.out = appendHeader(c.out, tagItem, 0, undefinedLength, layoutOf(ExplicitVRLittleEndian))
	c.open(e, true)
	return nil
}

func (c *converter) open(e fileElement, item bool) {
	l := convertLevel{item: item, end: -1, signed: c.signed}
	if e.length != undefinedLength {
		l.end = c.w.pos + int64(e.length)
	}
	c.stack = append(c.stack, l)
}

// close writes the delimiter of what is done.
func (c *converter) close(l convertLevel) {
	tag := tagSequenceEnd
	if l.item {
		tag, c.signed = tagItemEnd, l.signed
	}
	c.out = appendHeader(c.out, tag, 0, 0, layoutOf(ExplicitVRLittleEndian))
	c.stack = c.stack[:len(c.stack)-1]
}
