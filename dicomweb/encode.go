package dicomweb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteOrder reads and appends numbers in an order.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// layout is how a data set is laid out in bytes (PS3.5 7, A).
type layout struct {
	implicit bool
	order    byteOrder
	// delimited writes sequences and items of undefined length.
	delimited bool
	// fixedCharset: the items keep the character set that they are given, and
	// no (0008,0005) of their own.
	fixedCharset bool
}

// layoutOf returns the layout of the attributes in a transfer syntax: Explicit
// VR Little Endian for all but three (PS3.5 A.4).
func layoutOf(syntax string) layout {
	switch syntax {
	case ImplicitVRLittleEndian:
		return layout{implicit: true, order: binary.LittleEndian}
	case ExplicitVRBigEndian:
		return layout{order: binary.BigEndian}
	}
	return layout{order: binary.LittleEndian}
}

// elementError says which attribute cannot be written and why; it names no
// value.
type elementError struct{ path, rule string }

func (e *elementError) Error() string { return e.path + ": " + e.rule }

// inItem puts the place of an item in front of the path of an elementError.
func inItem(sequence Tag, i int, err error) error {
	var inner *elementError
	if errors.As(err, &inner) {
		return &elementError{fmt.Sprintf("%s[%d].%s", sequence, i, inner.path), inner.rule}
	}
	return err
}

func refuse(tag Tag, format string, args ...any) error {
	return &elementError{tag.String(), fmt.Sprintf(format, args...)}
}

// appendElement appends the bytes of an attribute, of even length. The error is
// an *elementError.
func appendElement(dst []byte, e Element, enc layout, cs *charset) ([]byte, error) {
	if e.VR == SQ || len(e.Items) > 0 {
		return appendSequence(dst, e, enc, cs)
	}
	if !e.VR.known() {
		return dst, refuse(e.Tag, "a value representation that PS3.5 does not have")
	}
	if e.Bulk != nil && e.Bulk.Fragments != nil {
		return appendFragments(dst, e, enc)
	}
	from := len(dst)
	dst = appendHeader(dst, e.Tag, e.VR, 0, enc)
	at := len(dst)
	dst, err := appendElementValue(dst, e, enc.order, cs)
	if err != nil {
		return dst, err
	}
	if (len(dst)-at)%2 == 1 {
		dst = append(dst, padding(e.VR))
	}
	n := len(dst) - at
	switch {
	case int64(n) >= undefinedLength:
		return dst, refuse(e.Tag, "a value longer than the format holds")
	case !enc.implicit && !e.VR.longLength() && n > math.MaxUint16:
		// PS3.5 6.2.2, note 2: a value that the short form has no length for is UN,
		// which is little endian whatever the syntax.
		if enc.order == byteOrder(binary.BigEndian) {
			return dst, refuse(e.Tag, "a value longer than its value representation holds")
		}
		value := append([]byte(nil), dst[at:]...)
		return append(appendHeader(dst[:from], e.Tag, UN, uint32(n), enc), value...), nil //nolint:gosec // checked above
	case enc.implicit || e.VR.longLength():
		enc.order.PutUint32(dst[at-4:], uint32(n)) //nolint:gosec // checked above
	default:
		enc.order.PutUint16(dst[at-2:], uint16(n)) //nolint:gosec // checked above
	}
	return dst, nil
}

// appendFragments appends encapsulated pixel data.
func appendFragments(dst []byte, e Element, enc layout) ([]byte, error) {
	if enc.implicit || e.VR != OB && e.VR != OW {
		return dst, refuse(e.Tag, "fragments, which need an explicit encoding and OB")
	}
	dst = appendHeader(dst, e.Tag, e.VR, undefinedLength, enc)
	for _, f := range e.Bulk.Fragments {
		n := len(f)
		if int64(n) >= undefinedLength-1 {
			return dst, refuse(e.Tag, "a value longer than the format holds")
		}
		dst = append(appendHeader(dst, tagItem, 0, uint32(n+n%2), enc), f...) //nolint:gosec // checked above
		if n%2 == 1 {
			dst = append(dst, 0)
		}
	}
	return appendHeader(dst, tagSequenceEnd, 0, 0, enc), nil
}

// appendHeader appends tag, value representation and length.
func appendHeader(dst []byte, tag Tag, vr VR, n uint32, enc layout) []byte {
	dst = enc.order.AppendUint16(dst, uint16(tag>>16))
	dst = enc.order.AppendUint16(dst, uint16(tag&0xFFFF))
	switch {
	case enc.implicit || tag>>16 == 0xFFFE:
		return enc.order.AppendUint32(dst, n)
	case vr.longLength():
		dst = append(dst, byte(vr>>8), byte(vr), 0, 0)
		return enc.order.AppendUint32(dst, n)
	}
	dst = append(dst, byte(vr>>8), byte(vr))
	return enc.order.AppendUint16(dst, uint16(n)) //nolint:gosec // filled in later or short
}

// padding is the byte that makes a value of odd length even (PS3.5 6.2).
func padding(vr VR) byte {
	if vr == UI || !vr.isText() {
		return 0
	}
	return ' '
}

func appendSequence(dst []byte, e Element, enc layout, cs *charset) ([]byte, error) {
	length := func(at int) error {
		if int64(len(dst)-at) >= undefinedLength {
			return refuse(e.Tag, "a value longer than the format holds")
		}
		enc.order.PutUint32(dst[at-4:], uint32(len(dst)-at)) //nolint:gosec // checked above
		return nil
	}
	var open uint32
	if enc.delimited {
		open = undefinedLength
	}
	dst = appendHeader(dst, e.Tag, SQ, open, enc)
	start := len(dst)
	for i, item := range e.Items {
		dst = appendHeader(dst, tagItem, 0, open, enc)
		at := len(dst)
		var err error
		if dst, err = appendItemAttributes(dst, item, enc, cs); err != nil {
			return dst, inItem(e.Tag, i, err)
		}
		if enc.delimited {
			dst = appendHeader(dst, tagItemEnd, 0, 0, enc)
		} else if err := length(at); err != nil {
			return dst, err
		}
	}
	if enc.delimited {
		return appendHeader(dst, tagSequenceEnd, 0, 0, enc), nil
	}
	return dst, length(start)
}

// appendItemAttributes appends the attributes of an item, which may have a
// character set of its own.
func appendItemAttributes(dst []byte, item *Dataset, enc layout, cs *charset) ([]byte, error) {
	if item == nil {
		return dst, nil
	}
	if own, ok := item.Get(TagSpecificCharacterSet); ok && !enc.fixedCharset {
		if cs, ok = findCharset(own.Values); !ok {
			return dst, refuse(TagSpecificCharacterSet, "not a character set that is written")
		}
	}
	for _, e := range item.elems {
		if !written(e.Tag) || e.Tag == TagSpecificCharacterSet && enc.fixedCharset {
			continue
		}
		var err error
		if dst, err = appendElement(dst, e, enc, cs); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// written reports whether an attribute has a place in a data set: group lengths,
// file meta information and delimiters have none.
func written(t Tag) bool { return t&0xFFFF != 0 && t>>16 > 2 && t>>16 < 0xFFFE }

// appendElementValue appends the value without padding.
func appendElementValue(dst []byte, e Element, order byteOrder, cs *charset) ([]byte, error) {
	if e.Bulk != nil {
		if e.Bulk.URI != "" {
			return dst, refuse(e.Tag, "the value is elsewhere: fetch it first")
		}
		if e.VR.isText() && !isASCII(e.Bulk.Data) { // bulk text is UTF-8
			return appendTextValue(dst, e.Tag, e.VR, string(e.Bulk.Data), cs)
		}
		at := len(dst)
		dst = append(dst, e.Bulk.Data...)
		if order == byteOrder(binary.BigEndian) {
			swap(dst[at:], e.VR.wordSize())
		}
		return dst, nil
	}
	if e.VR.isText() {
		if e.VR.singleText() {
			return appendTextValue(dst, e.Tag, e.VR, strings.Join(e.Values, `\`), cs)
		}
		for i, v := range e.Values {
			if strings.Contains(v, `\`) {
				return dst, refuse(e.Tag, "a value holds a backslash, which separates values")
			}
			if i > 0 {
				dst = append(dst, '\\')
			}
			var err error
			if dst, err = appendTextValue(dst, e.Tag, e.VR, v, cs); err != nil {
				return dst, err
			}
		}
		return dst, nil
	}
	if len(e.Values) == 1 && e.Values[0] == "" {
		return dst, nil
	}
	for _, v := range e.Values {
		var ok bool
		if dst, ok = appendNumber(dst, e.VR, strings.TrimSpace(v), order); !ok {
			return dst, refuse(e.Tag, "a value that %s cannot hold", e.VR)
		}
	}
	return dst, nil
}

func appendTextValue(dst []byte, tag Tag, vr VR, v string, cs *charset) ([]byte, error) {
	if !vr.hasCharset() {
		if !isASCII(v) {
			return dst, refuse(tag, "text beyond ASCII, which %s cannot hold", vr)
		}
		return append(dst, v...), nil
	}
	dst, ok := cs.appendText(dst, v, delimiters(vr))
	if !ok {
		return dst, refuse(tag, "text that the character set (0008,0005) cannot write: ISO_IR 192 can")
	}
	return dst, nil
}

// appendNumber appends a binary number; binary values given as numbers are
// refused, because servers that do so leave out most of them.
func appendNumber(dst []byte, vr VR, v string, order byteOrder) ([]byte, bool) {
	switch vr {
	case AT:
		t, ok := parseAT(v)
		return order.AppendUint16(order.AppendUint16(dst, uint16(t>>16)), uint16(t&0xFFFF)), ok //nolint:gosec // halves
	case FL:
		f, err := parseFloat(v, 32)
		return order.AppendUint32(dst, math.Float32bits(float32(f))), err == nil
	case FD:
		f, err := parseFloat(v, 64)
		return order.AppendUint64(dst, math.Float64bits(f)), err == nil
	case SS, SL, SV:
		n, err := strconv.ParseInt(whole(v), 10, 8*vr.wordSize())
		return appendWord(dst, uint64(n), vr.wordSize(), order), err == nil //nolint:gosec // the bits of a signed number
	case US, UL, UV:
		n, err := strconv.ParseUint(whole(v), 10, 8*vr.wordSize())
		return appendWord(dst, n, vr.wordSize(), order), err == nil
	}
	return dst, false
}

// whole undoes what JSON writers do to whole numbers: "12.0", "+12".
func whole(v string) string {
	v = strings.TrimPrefix(v, "+")
	if i := strings.IndexByte(v, '.'); i > 0 && strings.Trim(v[i+1:], "0") == "" {
		v = v[:i]
	}
	return v
}

func parseFloat(v string, bits int) (float64, error) {
	switch v {
	case "NaN":
		return math.Float64frombits(0x7FF8 << 48), nil // the bits that all toolkits write
	case "inf":
		return math.Inf(1), nil
	case "-inf":
		return math.Inf(-1), nil
	}
	return strconv.ParseFloat(v, bits) //nolint:wrapcheck // only asked whether there is one
}

func appendWord(dst []byte, n uint64, size int, order byteOrder) []byte {
	switch size {
	case 2:
		return order.AppendUint16(dst, uint16(n)) //nolint:gosec // parsed with that size
	case 4:
		return order.AppendUint32(dst, uint32(n)) //nolint:gosec // parsed with that size
	}
	return order.AppendUint64(dst, n)
}

// parseAT reads a tag as servers write it: eight hexadecimal digits, also as
// "(gggg,eeee)".
func parseAT(v string) (Tag, bool) {
	if len(v) == 11 && v[0] == '(' && v[5] == ',' && v[10] == ')' {
		v = v[1:5] + v[6:10]
	}
	return hexTag(v)
}

// swap turns words of the given size around.
func swap(b []byte, size int) {
	if size < 2 {
		return
	}
	for ; len(b) >= size; b = b[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}
