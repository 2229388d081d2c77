package dicomweb

import (
	"bufio"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Rules of the structure of a data set (PS3.5 7).
const (
	errNoItem      rule = "a sequence holds something that is not an item"
	errNoFragment  rule = "encapsulated pixel data hold something that is not a fragment"
	errDelimiter   rule = "a delimiter stands where an element must"
	errOpenValue   rule = "an element of this value representation must have a defined length"
	errLongItem    rule = "an item is longer than its sequence"
	errLongElement rule = "an element is longer than its item"
	errTooMany     rule = "the file holds more elements than any instance has"
)

var errTooDeep = rule(fmt.Sprintf("sequences are nested beyond %d", maxDepth))

// fileElement is the header of an element as it stands in a file.
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
	seek  io.Seeker // src, nil when it cannot be sought or its size is not known
	br    *bufio.Reader
	pos   int64
	size  int64 // of the file; negative when not known
	order byteOrder
	impl  bool // implicit VR
	count int
	start int64 // offset of the element of the main data set that visit is told of
	// visit is told of each element of the main data set, before its value is
	// passed over. It may read at most the value, with value.
	visit func(fileElement) (more bool, err error)
	buf   [16]byte
}

func newWalker(r io.Reader, size int64) *walker {
	w := &walker{src: r, br: bufio.NewReaderSize(r, 4096), size: size, order: binary.LittleEndian}
	if size >= 0 { // else a seek beyond the end would not be noticed
		w.seek, _ = r.(io.Seeker)
	}
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
	if w.count++; w.count > maxElements {
		return fileElement{}, errTooMany
	}
	b, err := w.bytes(8)
	if err != nil {
		return fileElement{}, err
	}
	e, long, err := parseHeader(b, w.order, w.impl)
	if err != nil {
		return e, err
	}
	if long {
		if b, err = w.bytes(4); err != nil {
			return e, err
		}
		e.length = w.order.Uint32(b)
	}
	e.at = w.pos
	return e, nil
}

// parseHeader reads the first eight bytes of an element. long: its length is in
// the four bytes behind them.
func parseHeader(b []byte, order byteOrder, impl bool) (e fileElement, long bool, err error) {
	e.tag = Tag(order.Uint16(b))<<16 | Tag(order.Uint16(b[2:]))
	switch {
	case impl || e.tag>>16 == 0xFFFE:
		e.length = order.Uint32(b[4:])
	case b[4] < 'A' || b[4] > 'Z' || b[5] < 'A' || b[5] > 'Z':
		return e, false, rule("an element has no value representation where the transfer syntax demands one")
	default:
		e.vr = VR(b[4])<<8 | VR(b[5])
		e.length = uint32(order.Uint16(b[6:]))
		long = e.vr.longLength()
	}
	return e, long, nil
}

// elements is a reader of the elements of b, which are encoded as those that the
// walker stands at.
func (w *walker) elements(b []byte) elementReader {
	return elementReader{b: b, order: w.order, impl: w.impl}
}

// pass goes over the value of e and looks inside it where it is a sequence.
func (w *walker) pass(e fileElement, depth int) error {
	switch {
	case e.length == undefinedLength:
		if e.tag == TagPixelData || e.vr == OB || e.vr == OW {
			return w.fragments()
		}
		if e.vr != SQ && e.vr != UN && !w.impl {
			return errOpenValue
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
		return errTooDeep
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
			return errNoItem
		}
		limit := int64(-1)
		if item.length != undefinedLength {
			if limit = w.pos + int64(item.length); end >= 0 && limit > end {
				return errLongItem
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
				return errDelimiter
			}
			if err := w.pass(e, depth); err != nil {
				return err
			}
		}
		if limit >= 0 && w.pos > limit {
			return errLongElement
		}
	}
	if end >= 0 && w.pos > end {
		return errLongItem
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
			return errNoFragment
		}
		if err := w.skip(int64(item.length)); err != nil {
			return err
		}
	}
}

// inflate puts the walker on the inflated form of a deflated data set, of which
// at most limit bytes are read.
func (w *walker) inflate(limit int64) {
	w.br = bufio.NewReaderSize(&inflated{r: flate.NewReader(w.br), left: limit}, 4096)
	w.seek, w.size, w.pos = nil, -1, 0
}

// inflated bounds what a deflated data set holds, and tells that from its end.
type inflated struct {
	r    io.Reader
	left int64
}

func (i *inflated) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	if i.left -= int64(n); i.left < 0 {
		return 0, rule("the deflated data set is larger than any is once inflated")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	return n, err
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
			return errDelimiter
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
