package dicomweb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/suyashkumar/dicom"
	"golang.org/x/text/encoding/charmap"

	"github.com/segur-sdk/segur"
)

// maxParsed bounds the attributes of a file without its pixels, in bytes: what
// ReadDataset holds in memory.
const maxParsed = 64 << 20

// ReadDataset reads the attributes of a Part 10 file, without its pixels: what
// follows (7FE0,0000) is left out. Text is decoded by the file's character set;
// where that is not given, text that is not UTF-8 is taken as Windows-1252, a
// superset of Latin-1. The structure is checked first, as [OpenFile] does, so
// the lengths of a hostile file are never believed.
//
// The values are parsed by github.com/suyashkumar/dicom. Limits that come from
// it: blanks around LT, ST and UT values are lost, the content of UN of
// undefined length is left out, and a sequence that holds such an element or SV,
// UV, OV, OD, OF or OL is refused.
func ReadDataset(c segur.Content) (*Dataset, error) {
	ds, err := parseContent(c)
	if err != nil {
		return nil, inputError("dicomweb.ReadDataset", err)
	}
	return ds, nil
}

// plan is what the first pass over a file found.
type plan struct {
	from, to int64 // the attributes without pixels, in the inflated bytes of a deflated file
	own      []ownElement
	syntax   string // one that the library knows
}

// ownElement is an element that the library would misread, decoded here.
type ownElement struct {
	fileElement
	from, to int64
}

func parseContent(c segur.Content) (*Dataset, error) {
	var p plan
	if err := withWalker(c, p.survey); err != nil {
		return nil, err
	}
	if p.to-p.from > maxParsed {
		return nil, rule("the attributes without pixels are larger than any are")
	}
	body := make([]byte, p.to-p.from)
	var order binary.ByteOrder
	if err := withWalker(c, func(w *walker) error {
		order = w.order
		_, err := io.ReadFull(w.br, body)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errCut
		}
		return err
	}); err != nil {
		return nil, err
	}
	d := &Dataset{}
	var rest []byte
	at := p.from
	for _, own := range p.own {
		rest = append(rest, body[at-p.from:own.from-p.from]...)
		at = own.to
		e := Element{Tag: own.tag, VR: own.vr}
		if own.length != undefinedLength {
			decodeOwn(&e, body[own.at-p.from:own.to-p.from], order)
		}
		d.Set(e)
	}
	rest = append(rest, body[at-p.from:]...)
	parsed, err := parseGuarded(p.syntax, rest)
	if err != nil {
		return nil, err
	}
	for _, e := range parsed.Elements {
		if e.Tag.Group > 2 && e.Tag.Element != 0 {
			d.Set(fromLibrary(e))
		}
	}
	return d, nil
}

// withWalker opens c and gives f a walker that stands at the data set.
func withWalker(c segur.Content, f func(*walker) error) error {
	rc, err := c.Open()
	if err != nil {
		return withoutPath(err)
	}
	w := newWalker(rc, c.Size())
	var h Header
	if _, _, err = w.readMeta(&h); err == nil {
		if h.TransferSyntaxUID == DeflatedExplicitVRLE {
			w.inflate(2 * maxParsed)
		}
		err = f(w)
	}
	return errors.Join(withoutPath(err), rc.Close())
}

func (p *plan) survey(w *walker) error {
	switch {
	case w.impl:
		p.syntax = ImplicitVRLittleEndian
	case w.order == binary.BigEndian:
		p.syntax = ExplicitVRBigEndian
	default:
		p.syntax = ExplicitVRLittleEndian
	}
	p.from = w.pos
	var pending bool // the last of own ends where the next element starts
	end := func() {
		if pending {
			p.own[len(p.own)-1].to = w.start
			pending = false
		}
	}
	w.visit = func(e fileElement) (bool, error) {
		end()
		if e.tag >= 0x7FE00000 {
			p.to = w.start
			return false, nil
		}
		if misread(w, &e) {
			p.own = append(p.own, ownElement{fileElement: e, from: w.start})
			pending = true
		}
		return true, nil
	}
	w.nested = func(e fileElement) error {
		if misread(w, &e) {
			return rule("a sequence holds a value representation that is not supported inside sequences")
		}
		return nil
	}
	if err := w.walk(); err != nil {
		return err
	}
	if p.to == 0 {
		p.to, w.start = w.pos, w.pos
	}
	end()
	return nil
}

// misread reports whether the library reads the element wrongly (version 1.1.0:
// 64-bit integers as if their length had 16 bits, wide binaries as text, UN of
// undefined length in the wrong encoding), and completes its VR.
func misread(w *walker, e *fileElement) bool {
	if w.impl && e.vr == 0 {
		e.vr = e.tag.VR()
	}
	switch e.vr {
	case SV, UV, OV, OL, OF, OD:
		return true
	case UN:
		return e.length == undefinedLength && !w.impl
	}
	return !e.vr.known()
}

// decodeOwn fills in the values of an element that the library would misread.
func decodeOwn(e *Element, b []byte, order binary.ByteOrder) {
	switch e.VR {
	case SV:
		for ; len(b) >= 8; b = b[8:] {
			e.Values = append(e.Values, strconv.FormatInt(int64(order.Uint64(b)), 10)) //nolint:gosec // the bits of a signed number
		}
		return
	case UV:
		for ; len(b) >= 8; b = b[8:] {
			e.Values = append(e.Values, strconv.FormatUint(order.Uint64(b), 10))
		}
		return
	}
	if len(b) == 0 {
		return
	}
	data := bytes.Clone(b)
	width := map[VR]int{OV: 8, OD: 8, OL: 4, OF: 4}[e.VR]
	if order == binary.BigEndian && width > 0 { // bulk values are little endian in this model
		for word := data; len(word) >= width; word = word[width:] {
			for i, j := 0, width-1; i < j; i, j = i+1, j-1 {
				word[i], word[j] = word[j], word[i]
			}
		}
	}
	e.Bulk = &Bulk{Data: data}
}

// parseGuarded gives the library a file of its own making: a file meta
// information with a transfer syntax that it knows (it panics on others), and a
// body whose lengths were checked. What it says in errors may hold values, so
// it is not repeated.
func parseGuarded(syntax string, body []byte) (ds dicom.Dataset, err error) {
	defer func() {
		if recover() != nil {
			err = rule("the parser gave up on the data set")
		}
	}()
	file := append(metaFor(syntax), body...)
	ds, err = dicom.Parse(bytes.NewReader(file), int64(len(file)), nil, dicom.SkipPixelData())
	if err != nil {
		return ds, rule("the parser does not understand the data set")
	}
	return ds, nil
}

// metaFor writes preamble, prefix and the least file meta information.
func metaFor(syntax string) []byte {
	if len(syntax)%2 == 1 {
		syntax += "\x00"
	}
	b := append(make([]byte, 128), "DICM\x02\x00\x00\x00UL\x04\x00"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(8+len(syntax)))
	b = append(b, "\x02\x00\x10\x00UI"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(syntax)))
	return append(b, syntax...)
}

// fromLibrary converts an element of the library.
func fromLibrary(e *dicom.Element) Element {
	out := Element{Tag: Tag(e.Tag.Uint32())}
	out.VR, _ = parseVR(e.RawValueRepresentation)
	if e.Value == nil {
		return out
	}
	switch v := e.Value.GetValue().(type) {
	case []string:
		out.Values = textValues(out.VR, v)
	case []int:
		if out.VR == AT {
			for ; len(v) >= 2; v = v[2:] {
				out.Values = append(out.Values, Tag(uint32(v[0])<<16|uint32(v[1])&0xFFFF).String())
			}
			break
		}
		for _, n := range v {
			out.Values = append(out.Values, strconv.Itoa(n))
		}
	case []float64:
		for _, f := range v {
			out.Values = append(out.Values, floatText(out.VR, f))
		}
	case []byte:
		if len(v) > 0 {
			out.Bulk = &Bulk{Data: v}
		}
	case []*dicom.SequenceItemValue:
		out.VR = SQ
		for _, item := range v {
			elems, _ := item.GetValue().([]*dicom.Element)
			sub := &Dataset{}
			for _, e := range elems {
				if e.Tag.Element != 0 && e.Tag.Group != 0xFFFE {
					sub.Set(fromLibrary(e))
				}
			}
			out.Items = append(out.Items, sub)
		}
	}
	return out
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

// textValues undoes what the library does to text: it splits values whose
// backslash is data, and does not split dates.
func textValues(vr VR, v []string) []string {
	switch {
	case vr.singleText():
		v = []string{strings.Join(v, `\`)}
	case vr == DA && len(v) == 1:
		v = strings.Split(v[0], `\`)
	}
	out := make([]string, len(v))
	for i, s := range v {
		if !vr.singleText() {
			s = strings.Trim(s, " \x00")
		}
		s = strings.TrimRight(s, " \x00")
		if !utf8.ValidString(s) {
			s, _ = charmap.Windows1252.NewDecoder().String(s)
		}
		out[i] = s
	}
	if len(out) == 1 && out[0] == "" {
		return nil
	}
	return out
}
