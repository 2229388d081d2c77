package dicomweb

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendNativeXML appends the data set as a document of the Native DICOM Model
// (PS3.19 A.1). Group length, file meta information and encapsulated pixel data
// are left out, as in [Dataset.AppendJSON]; a private attribute has the name of
// its creator instead of its block. Characters that XML cannot hold become
// U+FFFD. It holds patient data.
func (d *Dataset) AppendNativeXML(dst []byte) []byte {
	dst = append(dst, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+
		`<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">`...)
	dst = d.appendXML(dst)
	return append(dst, "</NativeDicomModel>\n"...)
}

func (d *Dataset) appendXML(dst []byte) []byte {
	for i := range d.elems {
		e := &d.elems[i]
		if !written(e.Tag) || e.Bulk != nil && e.Bulk.Fragments != nil {
			continue
		}
		tag := e.Tag
		creator := d.creatorOf(tag)
		if creator != "" {
			tag &^= 0xFF00
		}
		dst = append(dst, `<DicomAttribute tag="`...)
		dst = append(dst, tag.String()...)
		dst = append(dst, `" vr="`...)
		vr := e.VR
		if len(e.Items) > 0 {
			vr = SQ
		}
		dst = append(dst, byte(vr>>8), byte(vr), '"')
		if keyword := tag.Keyword(); keyword != "" {
			dst = append(append(append(dst, ` keyword="`...), keyword...), '"')
		}
		if creator != "" {
			dst = append(dst, ` privateCreator="`...)
			dst = append(appendXMLText(dst, creator), '"')
		}
		dst = append(dst, '>')
		dst = e.appendXML(dst)
		dst = append(dst, "</DicomAttribute>"...)
	}
	return dst
}

// creatorOf returns the creator of a private attribute that has one. The model
// has no name for a second block of the same creator: its attributes keep their
// tags.
func (d *Dataset) creatorOf(t Tag) string {
	if !t.Private() || t&0xFFFF < 0x1000 {
		return ""
	}
	reserved := t&^0xFFFF | t>>8&0xFF
	creator := d.Value(reserved)
	for i, _ := d.find(t&^0xFFFF | 0x10); i < len(d.elems) && d.elems[i].Tag < reserved; i++ {
		if creator != "" && d.Value(d.elems[i].Tag) == creator {
			return ""
		}
	}
	return creator
}

func (e *Element) appendXML(dst []byte) []byte {
	number := func(open string, i int) {
		dst = append(append(append(dst, open...), ` number="`...), strconv.Itoa(i+1)...)
		dst = append(dst, `">`...)
	}
	switch {
	case e.Bulk != nil && e.Bulk.URI != "":
		name, uri := ` uri="`, e.Bulk.URI
		if uuid, ok := strings.CutPrefix(uri, uuidScheme); ok {
			name, uri = ` uuid="`, uuid
		}
		dst = append(append(dst, "<BulkData"...), name...)
		return append(appendXMLText(dst, uri), `"/>`...)
	case e.Bulk != nil && len(e.Bulk.Data) > 0:
		dst = append(dst, "<InlineBinary>"...)
		dst = base64.StdEncoding.AppendEncode(dst, e.Bulk.Data)
		return append(dst, "</InlineBinary>"...)
	case e.VR == SQ || len(e.Items) > 0:
		for i, item := range e.Items {
			number("<Item", i)
			if item != nil {
				dst = item.appendXML(dst)
			}
			dst = append(dst, "</Item>"...)
		}
		return dst
	case len(e.Values) == 1 && e.Values[0] == "":
		return dst
	}
	for i, v := range e.Values {
		if e.VR == PN {
			number("<PersonName", i)
			dst = appendXMLName(dst, v)
			dst = append(dst, "</PersonName>"...)
			continue
		}
		number("<Value", i)
		dst = append(appendXMLText(dst, v), "</Value>"...)
	}
	return dst
}

// Names of the groups and of the components of a person name.
var (
	nameGroups     = [...]string{"Alphabetic", "Ideographic", "Phonetic"}
	nameComponents = [...]string{"FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"}
)

func appendXMLName(dst []byte, v string) []byte {
	for i, group := range strings.SplitN(v, "=", len(nameGroups)) {
		if group == "" {
			continue
		}
		dst = append(append(append(dst, '<'), nameGroups[i]...), '>')
		for j, c := range strings.SplitN(group, "^", len(nameComponents)) {
			if c == "" {
				continue
			}
			dst = append(append(append(dst, '<'), nameComponents[j]...), '>')
			dst = appendXMLText(dst, c)
			dst = append(append(append(dst, "</"...), nameComponents[j]...), '>')
		}
		dst = append(append(append(dst, "</"...), nameGroups[i]...), '>')
	}
	return dst
}

// appendXMLText appends character data or an attribute value.
func appendXMLText(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '"':
			dst = append(dst, "&#34;"...)
		case r == '\r' || r == '\n' || r == '\t': // as they are, a reader may change them
			dst = append(append(append(dst, "&#"...), strconv.Itoa(int(r))...), ';')
		case r < ' ' || r == 0xFFFE || r == 0xFFFF:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
