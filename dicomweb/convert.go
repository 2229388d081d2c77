package dicomweb

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/frame"
	"github.com/suyashkumar/dicom/pkg/tag"
	"golang.org/x/text/encoding/charmap"

	"github.com/segur-sdk/segur"
)

const (
	opToDICOM   = "dicomweb.ToDICOM"
	opFromDICOM = "dicomweb.FromDICOM"
)

// ToDICOM converts to the data set of github.com/suyashkumar/dicom, sorted, with
// a file meta information for Explicit VR Little Endian, ready for dicom.Write
// with the option dicom.SkipVRVerification. To read a file without the defects of
// that library's parser (version 1.1.0 panics on transfer syntaxes that it does
// not know, gives no error for a file cut inside its pixels, and believes the
// lengths of a hostile one), use [ReadDataset] and this.
//
// What the library would write wrongly is given a form that it writes rightly:
// since it writes text as UTF-8 whatever the character set says, (0008,0005)
// becomes ISO_IR 192 when a text is not ASCII; OD, OF, OL, OV, SV and UV, and
// values longer than the 16-bit length of their representation, become UN (PS3.5
// 6.2.2), which [FromDICOM] and other readers take for what they are. Pixels that
// are elsewhere are marked as skipped. The error is [segur.ErrInvalidInput] and
// names the attributes that cannot be converted.
func ToDICOM(ds *Dataset) (dicom.Dataset, error) {
	var p segur.Problems
	if ds == nil {
		p.Add("dataset", "is required")
		return dicom.Dataset{}, p.Err(opToDICOM)
	}
	var meta []Element
	for _, uid := range [...]struct{ to, from Tag }{{tagMediaStorageClass, TagSOPClassUID}, {tagMediaStorageUID, TagSOPInstanceUID}} {
		if v := ds.Value(uid.from); v != "" {
			meta = append(meta, Element{Tag: uid.to, VR: UI, Values: []string{v}})
		}
	}
	meta = append(meta, Element{Tag: tagTransferSyntax, VR: UI, Values: []string{ExplicitVRLittleEndian}})
	if len(meta) == 3 {
		meta = append([]Element{{Tag: 0x00020001, VR: OB, Bulk: &Bulk{Data: []byte{0, 1}}}}, meta...)
	}
	elems, err := toLibrary(&Dataset{elems: meta}, true)
	if err != nil {
		addElementError(&p, err)
	}
	if ds.beyondASCII() {
		ds = &Dataset{elems: append([]Element(nil), ds.elems...)}
		ds.Set(Text(TagSpecificCharacterSet, "ISO_IR 192"))
	}
	for _, e := range ds.elems {
		if !written(e.Tag) {
			continue
		}
		el, err := e.toLibrary(false)
		if err != nil {
			addElementError(&p, err)
			continue
		}
		elems = append(elems, el)
	}
	if err := p.Err(opToDICOM); err != nil {
		return dicom.Dataset{}, err
	}
	return dicom.Dataset{Elements: elems}, nil
}

// beyondASCII reports whether a text, in an item too, is not ASCII.
func (d *Dataset) beyondASCII() bool {
	for i := range d.elems {
		for _, v := range d.elems[i].Values {
			if !isASCII(v) {
				return true
			}
		}
		for _, item := range d.elems[i].Items {
			if item != nil && item.beyondASCII() {
				return true
			}
		}
	}
	return false
}

// toLibrary converts the elements of a data set. Items have the character set
// of the main data set.
func toLibrary(d *Dataset, meta bool) ([]*dicom.Element, error) {
	var out []*dicom.Element
	if d == nil {
		return nil, nil
	}
	for _, e := range d.elems {
		if !meta && (!written(e.Tag) || e.Tag == TagSpecificCharacterSet) {
			continue
		}
		el, err := e.toLibrary(meta)
		if err != nil {
			return nil, err
		}
		out = append(out, el)
	}
	return out, nil
}

func (e Element) toLibrary(meta bool) (*dicom.Element, error) {
	out := &dicom.Element{Tag: e.Tag.library(), RawValueRepresentation: e.VR.String()}
	var err error
	var value any
	switch {
	case e.VR == SQ || len(e.Items) > 0:
		items := make([][]*dicom.Element, len(e.Items))
		for i, item := range e.Items {
			if items[i], err = toLibrary(item, meta); err != nil {
				return nil, inItem(e.Tag, i, err)
			}
		}
		out.RawValueRepresentation, value = "SQ", items
	case e.Tag == TagPixelData:
		value, err = e.pixels(out)
	default:
		value, err = e.libraryValue(out)
	}
	if err != nil {
		return nil, err
	}
	out.ValueRepresentation = tag.GetVRKind(out.Tag, out.RawValueRepresentation)
	if out.Value, err = dicom.NewValue(value); err != nil {
		return nil, refuse(e.Tag, "a value that the library has no form for")
	}
	return out, nil
}

func (e Element) pixels(out *dicom.Element) (dicom.PixelDataInfo, error) {
	switch {
	case e.Bulk == nil, e.Bulk.URI != "":
		return dicom.PixelDataInfo{IntentionallySkipped: true}, nil
	case e.Bulk.Fragments == nil:
		data := e.Bulk.Data
		if len(data)%2 == 1 {
			data = append(append([]byte(nil), data...), 0)
		}
		return dicom.PixelDataInfo{IntentionallyUnprocessed: true, UnprocessedValueData: data}, nil
	}
	info := dicom.PixelDataInfo{IsEncapsulated: true}
	for i, f := range e.Bulk.Fragments {
		if i == 0 {
			for r := f; len(r) >= 4; r = r[4:] {
				info.Offsets = append(info.Offsets, uint32(r[0])|uint32(r[1])<<8|uint32(r[2])<<16|uint32(r[3])<<24)
			}
			continue
		}
		info.Frames = append(info.Frames, &frame.Frame{Encapsulated: true, EncapsulatedData: frame.EncapsulatedFrame{Data: f}})
	}
	out.ValueLength = tag.VLUndefinedLength
	return info, nil
}

// libraryValue gives the value in the type that the library has for it, and
// changes the value representation where the library would write it wrongly.
func (e Element) libraryValue(out *dicom.Element) (any, error) {
	utf8Text := &charset{utf8: true}
	b, err := appendElementValue(nil, e, layoutOf(ExplicitVRLittleEndian).order, utf8Text)
	if err != nil {
		return nil, err
	}
	if len(b)%2 == 1 {
		b = append(b, padding(e.VR))
	}
	unknown := e.Bulk != nil && e.VR != OB && e.VR != OW || !e.VR.longLength() && len(b) > math.MaxUint16-1
	switch e.VR {
	case OD, OF, OL, OV, SV, UV:
		unknown = true
	}
	switch {
	case unknown:
		out.RawValueRepresentation = UN.String()
		return b, nil
	case e.VR.isBinary():
		return b, nil
	case e.VR == AT:
		list := make([]int, 0, len(b)/2)
		for ; len(b) >= 2; b = b[2:] {
			list = append(list, int(b[0])|int(b[1])<<8)
		}
		return list, nil
	case e.VR == FL || e.VR == FD:
		list := []float64{}
		for _, v := range e.Values {
			f, err := parseFloat(v, 64)
			if err == nil {
				list = append(list, f)
			}
		}
		return list, nil
	case !e.VR.isText():
		list := []int{}
		for _, v := range e.Values {
			n, err := strconv.Atoi(whole(strings.TrimSpace(v)))
			if err == nil {
				list = append(list, n)
			}
		}
		return list, nil
	}
	list := append([]string{}, e.Values...)
	if e.VR.singleText() && len(list) > 0 {
		list = []string{strings.Join(list, `\`)}
	}
	switch e.VR {
	case AS, DA, UC, UR: // the library pads these with a zero byte
		if n := len(list); n > 0 && len(strings.Join(list, `\`))%2 == 1 {
			list[n-1] += " "
		}
	}
	return list, nil
}

// FromDICOM converts from the data set of github.com/suyashkumar/dicom. What the
// library splits or leaves apart is put together: values of LT, ST, UT and UR
// that hold a backslash, several dates, the halves of AT. What it has read wrongly
// is refused by its tag: binary values read as text (OD, OF, OL, OV, SV, UV).
// Group lengths and file meta information are left out, and pixels that are not
// unprocessed (dicom.SkipProcessingPixelDataValue). The error is
// [segur.ErrInvalidInput].
func FromDICOM(in dicom.Dataset) (*Dataset, error) {
	var p segur.Problems
	out := &Dataset{}
	for _, e := range in.Elements {
		el, keep, err := fromLibrary(e, 0)
		if err != nil {
			addElementError(&p, err)
		} else if keep {
			out.Set(el)
		}
	}
	if err := p.Err(opFromDICOM); err != nil {
		return nil, err
	}
	return out, nil
}

// fromLibrary converts an element of the library.
func fromLibrary(e *dicom.Element, depth int) (out Element, keep bool, err error) {
	if e == nil {
		return out, false, nil
	}
	out.Tag = Tag(e.Tag.Uint32())
	if !written(out.Tag) {
		return out, false, nil
	}
	vr, ok := parseVR(e.RawValueRepresentation)
	if !ok {
		vr = out.Tag.VR()
	}
	if out.VR = vr; e.Value == nil {
		return out, true, nil
	}
	switch v := e.Value.GetValue().(type) {
	case []string:
		if !vr.isText() && len(strings.Join(v, "")) > 0 {
			return out, false, refuse(out.Tag, "a value that the library has read as text: use ReadDataset")
		}
		out.Values = libraryText(vr, v)
	case []int:
		if vr == AT {
			for ; len(v) >= 2; v = v[2:] {
				out.Values = append(out.Values, Tag(uint32(v[0])<<16|uint32(v[1])&0xFFFF).String()) //nolint:gosec // halves
			}
			break
		}
		for _, n := range v {
			out.Values = append(out.Values, strconv.Itoa(n))
		}
	case []float64:
		for _, f := range v {
			out.Values = append(out.Values, floatText(vr, f))
		}
	case []byte:
		out.fromBytes(v)
	case dicom.PixelDataInfo:
		if !v.IntentionallyUnprocessed {
			return out, false, nil
		}
		out.Bulk = &Bulk{Data: v.UnprocessedValueData}
	case []*dicom.SequenceItemValue:
		if depth++; depth > maxDepth {
			return out, false, refuse(out.Tag, "sequences nested beyond %d", maxDepth)
		}
		out.VR = SQ
		for i, item := range v {
			elems, _ := item.GetValue().([]*dicom.Element)
			sub := &Dataset{}
			for _, e := range elems {
				el, keep, err := fromLibrary(e, depth)
				if err != nil {
					return out, false, inItem(out.Tag, i, err)
				}
				if keep {
					sub.Set(el)
				}
			}
			out.Items = append(out.Items, sub)
		}
	default:
		return out, false, refuse(out.Tag, "a value of a type that is not expected")
	}
	return out, true, nil
}

// fromBytes takes a binary value; UN of a public attribute is what the
// dictionary says.
func (e *Element) fromBytes(b []byte) {
	if e.VR == UN {
		if vr, ok := dictionaryVR(e.Tag); ok && vr != SQ && (vr.isText() || len(b)%vr.wordSize() == 0) {
			e.VR = vr
			e.decodeValue(b, layoutOf(ExplicitVRLittleEndian).order, &charset{utf8: true})
			return
		}
	}
	if len(b) > 0 {
		e.Bulk = &Bulk{Data: b}
	}
}

// libraryText undoes what the library does to text: it splits values whose
// backslash is data, does not split dates, and leaves padding.
func libraryText(vr VR, v []string) []string {
	s := strings.Join(v, `\`)
	if !utf8.ValidString(s) {
		s, _ = charmap.Windows1252.NewDecoder().String(s)
	}
	if s == "" {
		return nil
	}
	return decodeText(vr, []byte(s), &charset{utf8: true})
}
