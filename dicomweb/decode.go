package dicomweb

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
)

// elementReader reads the elements of a data set out of bytes. Every length is
// held against what is left.
type elementReader struct {
	b     []byte
	pos   int
	order byteOrder
	impl  bool
	count int
}

// scope is what the elements of a data set inherit from those around them.
type scope struct {
	charset *charset
	signed  bool // pixels, which decides between US and SS in implicit encodings
	depth   int
}

func (r *elementReader) header() (fileElement, error) {
	if r.count++; r.count > maxElements {
		return fileElement{}, errTooMany
	}
	b := r.b[r.pos:]
	if len(b) < 8 {
		return fileElement{}, errCut
	}
	e, long, err := parseHeader(b, r.order, r.impl)
	if err != nil {
		return e, err
	}
	r.pos += 8
	if long {
		if len(b) < 12 {
			return e, errCut
		}
		e.length = r.order.Uint32(b[8:])
		r.pos += 4
	}
	e.at = int64(r.pos)
	return e, nil
}

// dataset reads the elements up to the offset end, or to the delimiter when end
// is negative.
func (r *elementReader) dataset(end int, s scope) (*Dataset, error) {
	d := &Dataset{}
	for end < 0 || r.pos < end {
		e, err := r.header()
		if err != nil {
			return nil, err
		}
		if e.tag == tagItemEnd && end < 0 && e.length == 0 {
			return d, nil
		}
		if e.tag>>16 == 0xFFFE {
			return nil, errDelimiter
		}
		el, err := r.element(e, s)
		if err != nil {
			return nil, err
		}
		switch e.tag {
		case TagSpecificCharacterSet:
			s.charset, _ = findCharset(el.Values)
		case tagPixelRepresentation:
			s.signed = slices.Equal(el.Values, []string{"1"})
		}
		if written(e.tag) {
			d.Set(el)
		}
	}
	if r.pos > end {
		return nil, errLongElement
	}
	return d, nil
}

// element reads the value of an element, whose header was read.
func (r *elementReader) element(e fileElement, s scope) (Element, error) {
	out := Element{Tag: e.tag, VR: e.vr}
	if r.impl {
		out.VR = implicitVR(e.tag, e.length, s.signed)
	}
	if e.length == undefinedLength {
		if out.VR == OB || out.VR == OW {
			var err error
			out.Bulk, err = r.fragments()
			return out, err
		}
		if out.VR != SQ && out.VR != UN && !r.impl {
			return out, errOpenValue
		}
		// The content of UN with undefined length is Implicit VR Little Endian (PS3.5 6.2.2).
		if impl, order := r.impl, r.order; out.VR == UN {
			r.impl, r.order = true, binary.LittleEndian
			defer func() { r.impl, r.order = impl, order }()
		}
		out.VR = SQ
		var err error
		out.Items, err = r.sequence(-1, s)
		return out, err
	}
	if int64(e.length) > int64(len(r.b)-r.pos) {
		return out, errCut
	}
	if out.VR == SQ {
		var err error
		out.Items, err = r.sequence(r.pos+int(e.length), s)
		return out, err
	}
	b := r.b[r.pos : r.pos+int(e.length)]
	r.pos += int(e.length)
	order := r.order
	if !out.VR.known() { // of a later edition of the standard
		out.VR = UN
	}
	if out.VR == UN {
		if vr, known := dictionaryVR(e.tag); known {
			if vr == SQ {
				inner := elementReader{b: b, order: binary.LittleEndian, impl: true, count: r.count}
				items, err := inner.sequence(len(b), s)
				r.count = inner.count
				if err == nil {
					out.VR, out.Items = SQ, items
					return out, nil
				}
			} else if vr.isText() || len(b)%vr.wordSize() == 0 {
				out.VR, order = vr, binary.LittleEndian
			}
		}
	}
	out.decodeValue(b, order, s.charset)
	return out, nil
}

// sequence reads the items up to the offset end, or to the delimiter when end
// is negative.
func (r *elementReader) sequence(end int, s scope) ([]*Dataset, error) {
	if s.depth++; s.depth > maxDepth {
		return nil, errTooDeep
	}
	var items []*Dataset
	for end < 0 || r.pos < end {
		item, err := r.header()
		if err != nil {
			return nil, err
		}
		if item.tag == tagSequenceEnd && end < 0 && item.length == 0 {
			return items, nil
		}
		if item.tag != tagItem {
			return nil, errNoItem
		}
		limit := -1
		if item.length != undefinedLength {
			if int64(item.length) > int64(len(r.b)-r.pos) {
				return nil, errCut
			}
			if limit = r.pos + int(item.length); end >= 0 && limit > end {
				return nil, errLongItem
			}
		}
		d, err := r.dataset(limit, s)
		if err != nil {
			return nil, err
		}
		items = append(items, d)
	}
	if r.pos > end {
		return nil, errLongItem
	}
	return items, nil
}

// fragments reads encapsulated pixel data (PS3.5 A.4): those of an icon, since
// those of the instance are not read.
func (r *elementReader) fragments() (*Bulk, error) {
	out := &Bulk{Fragments: [][]byte{}}
	for {
		item, err := r.header()
		switch {
		case err != nil:
			return nil, err
		case item.tag == tagSequenceEnd:
			return out, nil
		case item.tag != tagItem || item.length == undefinedLength:
			return nil, errNoFragment
		case int64(item.length) > int64(len(r.b)-r.pos):
			return nil, errCut
		}
		out.Fragments = append(out.Fragments, bytes.Clone(r.b[r.pos:r.pos+int(item.length)]))
		r.pos += int(item.length)
	}
}

// dictionaryVR returns the value representation of a public attribute that has
// one only.
func dictionaryVR(t Tag) (VR, bool) {
	info, ok := t.info()
	if !ok || len(info.VRs) != 1 {
		return UN, false
	}
	vr, ok := parseVR(info.VRs[0])
	return vr, ok && vr.known() && vr != UN
}

// implicitVR returns the value representation of an attribute in an implicit
// encoding. Where the dictionary allows several, the sign of the pixels decides
// between US and SS, and binary data are words (PS3.5 A.1); a lookup table of
// one value is a number.
func implicitVR(t Tag, length uint32, signed bool) VR {
	if t&0xFFFF == 0 {
		return UL
	}
	info, ok := t.info()
	if !ok || len(info.VRs) < 2 {
		return t.VR()
	}
	switch {
	case slices.Contains(info.VRs, "OW") && (length != 2 || slices.Contains(info.VRs, "OB")):
		return OW
	case signed && slices.Contains(info.VRs, "SS"):
		return SS
	}
	return US
}

// decodeValue fills in the values out of the bytes of a file.
func (e *Element) decodeValue(b []byte, order byteOrder, cs *charset) {
	size := e.VR.wordSize()
	if e.VR == AT {
		size = 4
	}
	switch {
	case len(b) == 0:
	case e.VR.isText():
		e.Values = decodeText(e.VR, b, cs)
	case e.VR.isBinary() || len(b)%size != 0:
		data := bytes.Clone(b)
		if order == byteOrder(binary.BigEndian) { // bulk values are little endian in this model
			swap(data, e.VR.wordSize())
		}
		e.Bulk = &Bulk{Data: data}
	default:
		e.Values = make([]string, 0, len(b)/size)
		for ; len(b) > 0; b = b[size:] {
			e.Values = append(e.Values, numberText(e.VR, b, order))
		}
	}
}

// numberText writes the number at the head of b.
func numberText(vr VR, b []byte, order byteOrder) string {
	switch vr {
	case AT:
		return (Tag(order.Uint16(b))<<16 | Tag(order.Uint16(b[2:]))).String()
	case FL:
		return floatText(FL, float64(math.Float32frombits(order.Uint32(b))))
	case FD:
		return floatText(FD, math.Float64frombits(order.Uint64(b)))
	case SS:
		return strconv.Itoa(int(int16(order.Uint16(b)))) //nolint:gosec // the bits of a signed number
	case US:
		return strconv.Itoa(int(order.Uint16(b)))
	case SL:
		return strconv.Itoa(int(int32(order.Uint32(b)))) //nolint:gosec // the bits of a signed number
	case UL:
		return strconv.FormatUint(uint64(order.Uint32(b)), 10)
	case SV:
		return strconv.FormatInt(int64(order.Uint64(b)), 10) //nolint:gosec // the bits of a signed number
	}
	return strconv.FormatUint(order.Uint64(b), 10)
}

func floatText(vr VR, f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case vr == FL:
		return strconv.FormatFloat(f, 'g', -1, 32)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// decodeText gives the values of a text without padding; nil for none.
func decodeText(vr VR, b []byte, cs *charset) []string {
	s := cs.decode(b, delimiters(vr))
	switch vr {
	case LT, ST, UT: // the last blank is padding only where it makes the length even
		if last := b[len(b)-1]; len(b)%2 == 0 && (last == ' ' || last == 0) {
			s = s[:len(s)-1]
		}
		if i := strings.IndexByte(s[len(strings.TrimRight(s, " \x00")):], 0); i >= 0 { // what follows a zero is padding
			s = s[:len(strings.TrimRight(s, " \x00"))+i]
		}
		if s == "" {
			return nil
		}
		return []string{s}
	case UR:
		s = strings.TrimRight(s, " \x00")
		if s == "" {
			return nil
		}
		return []string{s}
	}
	values := strings.Split(s, `\`)
	for i, v := range values {
		v = strings.TrimRight(v, " \x00")
		if vr != UC { // the blanks in front are data
			v = strings.TrimLeft(v, " \x00")
		}
		if vr == PN {
			v = strings.TrimRight(v, "= \x00")
		}
		values[i] = v
	}
	if len(values) == 1 && values[0] == "" {
		return nil
	}
	return values
}
