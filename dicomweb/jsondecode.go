package dicomweb

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of sequences, in JSON, XML and files.
const maxDepth = 64

// jsonFault is why a decoding stopped.
type jsonFault uint8

const (
	faultNone   jsonFault = iota
	faultShort            // the bytes at hand end inside the value
	faultSyntax           // not DICOM JSON
	faultDepth            // sequences nested beyond maxDepth
)

// jsonDecoder reads DICOM JSON data sets (PS3.18 annex F) out of bytes in one
// pass. Its scratch space is a stack shared by nested items; each finished data
// set is copied out of it in four allocations, whatever its size.
//
// It is more tolerant than encoding/json where servers deviate: bare NaN and
// Infinity, numbers beyond float64, text where numbers belong and the reverse.
type jsonDecoder struct {
	buf   []byte
	pos   int
	fault jsonFault

	text  []byte
	spans []span
	elems []rawElement
	items []*Dataset
	depth int
}

// span is a value: text[from:to].
type span struct{ from, to int }

// rawElement is an attribute whose values lie in the scratch space.
type rawElement struct {
	tag      Tag
	vr       VR
	vals     span // in spans
	items    span // in items
	bulk     *Bulk
	unsorted bool // not above its predecessor in the same data set
}

func (d *jsonDecoder) fail(f jsonFault) bool {
	if d.fault == faultNone {
		d.fault = f
	}
	return false
}

// peek skips blanks and returns the next byte without consuming it; 0 with the
// fault set at the end of the bytes.
func (d *jsonDecoder) peek() byte {
	if d.pos < len(d.buf) && d.buf[d.pos] > ' ' {
		return d.buf[d.pos]
	}
	return d.peekBlanks()
}

func (d *jsonDecoder) peekBlanks() byte {
	for i := d.pos; i < len(d.buf); i++ {
		switch c := d.buf[i]; c {
		case ' ', '\t', '\n', '\r':
		case 0:
			d.pos = i
			d.fail(faultSyntax)
			return 0
		default:
			d.pos = i
			return c
		}
	}
	d.pos = len(d.buf)
	d.fail(faultShort)
	return 0
}

// take consumes c after blanks.
func (d *jsonDecoder) take(c byte) bool {
	switch got := d.peek(); {
	case got == c:
		d.pos++
		return true
	case got != 0:
		return d.fail(faultSyntax)
	}
	return false
}

// more is called between the entries of an array or object that ends with end:
// it consumes the comma, or the end and reports false.
func (d *jsonDecoder) more(end byte) bool {
	switch d.peek() {
	case ',':
		d.pos++
		return true
	case end:
		d.pos++
	case 0:
	default:
		d.fail(faultSyntax)
	}
	return false
}

// key reads a member name and its colon. The result is valid until the next
// string. Names with escapes are no names of the model: they are read as text.
func (d *jsonDecoder) key() []byte {
	if d.peek() != '"' {
		d.fail(faultSyntax)
		return nil
	}
	from := d.pos + 1
	for i := from; i < len(d.buf); i++ {
		c := d.buf[i]
		if c == '"' {
			d.pos = i + 1
			if !d.take(':') {
				return nil
			}
			return d.buf[from:i]
		}
		if c == '\\' || c < ' ' {
			mark := len(d.text)
			if _, ok := d.str(); !ok || !d.take(':') {
				return nil
			}
			name := d.text[mark:]
			d.text = d.text[:mark]
			return name
		}
	}
	d.fail(faultShort)
	return nil
}

// dataset reads one data set; pos is at its brace.
func (d *jsonDecoder) dataset() *Dataset {
	if d.depth++; d.depth > maxDepth {
		d.fail(faultDepth)
		return nil
	}
	text, spans, elems, items := len(d.text), len(d.spans), len(d.elems), len(d.items)
	if !d.take('{') {
		return nil
	}
	last := int64(-1)
	if d.peek() == '}' {
		d.pos++
	} else {
		for {
			name := d.key()
			if d.fault != faultNone {
				return nil
			}
			tag, ok := hexTag(name)
			if !ok { // not a member of the model
				if !d.skip() {
					return nil
				}
			} else {
				if !d.element(tag, int64(tag) <= last) {
					return nil
				}
				last = int64(tag)
			}
			if !d.more('}') {
				break
			}
		}
		if d.fault != faultNone {
			return nil
		}
	}
	ds := d.build(text, spans, elems, items)
	d.text, d.spans, d.elems, d.items = d.text[:text], d.spans[:spans], d.elems[:elems], d.items[:items]
	d.depth--
	return ds
}

// build copies the data set above the marks out of the scratch space.
func (d *jsonDecoder) build(text, spans, elems, items int) *Dataset {
	raw := d.elems[elems:]
	if len(raw) == 0 {
		return &Dataset{}
	}
	all := string(d.text[text:])
	valid := utf8.ValidString(all)
	vals := make([]string, len(d.spans)-spans)
	for i, s := range d.spans[spans:] {
		vals[i] = all[s.from-text : s.to-text]
		if !valid {
			vals[i] = strings.ToValidUTF8(vals[i], "\uFFFD")
		}
	}
	var nested []*Dataset
	if len(d.items) > items {
		nested = slices.Clone(d.items[items:])
	}
	out := make([]Element, len(raw))
	sorted := true
	for i, r := range raw {
		e := &out[i]
		e.Tag, e.VR, e.Bulk = r.tag, r.vr, r.bulk
		if r.vals.to > r.vals.from {
			e.Values = vals[r.vals.from-spans : r.vals.to-spans : r.vals.to-spans]
		}
		if r.items.to > r.items.from {
			e.Items = nested[r.items.from-items : r.items.to-items : r.items.to-items]
		}
		switch r.vr {
		case FL, FD:
			normalizeFloats(e.Values)
		case AT:
			normalizeTags(e.Values)
		}
		sorted = sorted && !r.unsorted
	}
	if !sorted {
		slices.SortStableFunc(out, func(a, b Element) int { return int(int64(a.Tag) - int64(b.Tag)) })
		n := 0
		for i := range out { // of equal tags the last one stays
			if i+1 < len(out) && out[i+1].Tag == out[i].Tag {
				continue
			}
			out[n] = out[i]
			n++
		}
		out = out[:n]
	}
	return &Dataset{elems: out}
}

// element reads the object of one attribute.
func (d *jsonDecoder) element(tag Tag, unsorted bool) bool {
	r := rawElement{tag: tag, unsorted: unsorted, vals: span{len(d.spans), len(d.spans)}, items: span{len(d.items), len(d.items)}}
	if !d.take('{') {
		return false
	}
	if d.peek() == '}' {
		d.pos++
	} else {
		for {
			name := d.key()
			if d.fault != faultNone || !d.member(&r, name) {
				return false
			}
			if !d.more('}') {
				break
			}
		}
		if d.fault != faultNone {
			return false
		}
	}
	if r.vr == 0 {
		r.vr = tag.VR()
	}
	r.vals.to, r.items.to = len(d.spans), len(d.items)
	if r.vr == UN && slices.ContainsFunc(d.items[r.items.from:], func(i *Dataset) bool { return i.Len() > 0 }) {
		r.vr = SQ // only a sequence has items
	}
	// "{}" was counted as an empty value and as an empty item: the VR decides.
	if r.vr == SQ {
		d.spans = d.spans[:r.vals.from]
		r.vals.to = r.vals.from
	} else if !slices.ContainsFunc(d.items[r.items.from:], func(i *Dataset) bool { return i.Len() > 0 }) {
		d.items = d.items[:r.items.from]
		r.items.to = r.items.from
	}
	d.elems = append(d.elems, r)
	return true
}

// member reads one member of an attribute's object.
func (d *jsonDecoder) member(r *rawElement, name []byte) bool {
	switch string(name) {
	case "vr":
		mark := len(d.text)
		s, ok := d.scalar()
		if !ok {
			return false
		}
		r.vr, _ = parseVR(d.text[s.from:s.to])
		d.text = d.text[:mark]
		return true
	case "Value":
		d.spans, d.items = d.spans[:r.vals.from], d.items[:r.items.from] // a repeated member: the last wins
		return d.values()
	case "BulkDataURI":
		mark := len(d.text)
		s, ok := d.scalar()
		if !ok {
			return false
		}
		r.bulk = &Bulk{URI: string(d.text[s.from:s.to])}
		d.text = d.text[:mark]
		return true
	case "InlineBinary":
		mark := len(d.text)
		s, ok := d.scalar()
		if !ok {
			return false
		}
		data := make([]byte, base64.StdEncoding.DecodedLen(s.to-s.from))
		n, err := base64.StdEncoding.Decode(data, d.text[s.from:s.to])
		if err != nil {
			return d.fail(faultSyntax)
		}
		r.bulk = &Bulk{Data: data[:n]}
		d.text = d.text[:mark]
		return true
	}
	return d.skip()
}
