package dicomweb

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MarshalJSON writes the data set as DICOM JSON. It holds patient data.
func (d *Dataset) MarshalJSON() ([]byte, error) { return d.AppendJSON(nil), nil }

// UnmarshalJSON reads one DICOM JSON object.
func (d *Dataset) UnmarshalJSON(text []byte) error {
	all, err := ParseJSON(text)
	if err != nil {
		return err
	}
	*d = Dataset{}
	if len(all) > 0 {
		*d = *all[0]
	}
	return nil
}

// AppendJSON appends the data set as DICOM JSON (PS3.18 annex F): tags upper
// case and ascending, group length and file meta information left out, DS and
// IS as numbers where their text is a JSON number and as text where it is not,
// 64-bit integers beyond 2^53 as text, non-finite floats as text.
func (d *Dataset) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	for i := range d.elems {
		e := &d.elems[i]
		if e.Tag&0xFFFF == 0 || e.Tag>>16 == 2 || e.Tag>>16 == 0xFFFE || e.Bulk != nil && e.Bulk.Fragments != nil {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = e.appendJSON(dst)
	}
	return append(dst, '}')
}

const upperHex = "0123456789ABCDEF"

func (e *Element) appendJSON(dst []byte) []byte {
	dst = append(dst, '"')
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, upperHex[e.Tag>>shift&0xF])
	}
	dst = append(dst, `":{"vr":"`...)
	vr := e.VR
	if len(e.Items) > 0 {
		vr = SQ
	}
	dst = append(dst, byte(vr>>8), byte(vr), '"')
	switch {
	case e.Bulk != nil && e.Bulk.URI != "":
		dst = append(dst, `,"BulkDataURI":`...)
		dst = appendString(dst, e.Bulk.URI)
	case e.Bulk != nil && len(e.Bulk.Data) > 0:
		dst = append(dst, `,"InlineBinary":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, e.Bulk.Data)
		dst = append(dst, '"')
	case len(e.Items) > 0:
		dst = append(dst, `,"Value":[`...)
		for i, item := range e.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendJSON(dst)
		}
		dst = append(dst, ']')
	case len(e.Values) > 1 || len(e.Values) == 1 && e.Values[0] != "":
		dst = append(dst, `,"Value":[`...)
		for i, v := range e.Values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, e.VR, v)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendValue(dst []byte, vr VR, v string) []byte {
	if v == "" {
		return append(dst, "null"...)
	}
	switch vr {
	case PN:
		return appendPersonName(dst, v)
	case DS, IS:
		if v = strings.Trim(v, " "); !isNumber(v) {
			return appendString(dst, v)
		}
		return append(dst, v...)
	case SV, UV:
		if n, err := strconv.ParseInt(v, 10, 64); err != nil || n > 1<<53-1 || n < -(1<<53-1) {
			return appendString(dst, v)
		}
		return append(dst, v...)
	case FL, FD, SL, SS, UL, US:
		if isNumber(v) {
			return append(dst, v...)
		}
	}
	return appendString(dst, v)
}

func appendPersonName(dst []byte, v string) []byte {
	dst = append(dst, '{')
	first := true
	for i, group := range strings.SplitN(v, "=", 3) {
		if group == "" {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, [...]string{`"Alphabetic":`, `"Ideographic":`, `"Phonetic":`}[i]...)
		dst = appendString(dst, group)
	}
	return append(dst, '}')
}

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf && plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= utf8.RuneSelf:
			dst = append(dst, "\uFFFD"...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', upperHex[c>>4], upperHex[c&0xF])
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
