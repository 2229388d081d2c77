package interop

import (
	"strings"
	"unicode/utf8"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// ReadDICOM reads the patient from the elements of a data set, as the library
// parses them; other elements are ignored. The INS is found by the OID of its
// authority, in Patient ID or in Other Patient IDs, never by a label. A text that
// is not UTF-8 is read as ISO_IR 100. Patient Comments is a place of birth in a
// KOS only, where Patient ID is the INS.
//
// There is no error: what cannot be understood is in Warnings.
func (c *Codec) ReadDICOM(elements []*dicom.Element) *Reading {
	r := c.reader(nil)
	m := attributes(elements)
	id := &r.out.Identity
	t := &id.Patient.Traits
	name, _ := m.text(tag.PatientName)
	family, given := personName(name)
	t.BirthName = family
	list := r.otherNames(m)
	r.givenNames("(0010,1001)", given, list)
	if s, _ := m.text(tag.PatientBirthDate); s != "" {
		if d, err := segur.ParseDate(s); err == nil && len(s) == 8 && d.Complete() {
			t.BirthDate = d
		} else {
			r.warn("(0010,0030)", "is not a date")
		}
	}
	if s, _ := m.text(tag.PatientSex); s != "" {
		t.Sex = hl7.ParseSex(s)
	}
	isINS := r.dicomIdentifier("(0010,0020)", m)
	items := m.items(tag.OtherPatientIDsSequence)
	for _, item := range limited(items) {
		r.dicomIdentifier("(0010,1002)", item)
	}
	if s, ok := m.text(tag.PatientComments); ok && isINS {
		t.BirthPlace = r.cog("(0010,4000)", s)
	}
	return r.settle("(0010,0020)", true)
}

// otherNames reads the list of given names and the used names. Old manifests
// have the used name, or the name at birth again, in the place of the list.
func (r *reader) otherNames(m dicomAttributes) (list string) {
	t := &r.out.Identity.Patient.Traits
	for i, v := range limited(m.texts(tag.OtherPatientNames)) {
		family, given := personName(v)
		switch {
		case family == "" && given == "":
		case i == 0 && family == "":
			list = given
		case i == 0 && family == t.BirthName:
		case t.UsedName == "" && t.UsedGivenName == "":
			t.UsedName, t.UsedGivenName = family, given
		default:
			r.warn("(0010,1001)", "has more names than a list of given names and a used one; left out")
		}
	}
	return list
}

// dicomIdentifier reads a Patient ID with its issuer, and reports whether it is
// an INS.
func (r *reader) dicomIdentifier(path string, m dicomAttributes) bool {
	values := m.texts(tag.PatientID)
	if len(values) > 1 {
		r.warn(path, "has several values; left out")
		return false
	}
	value, _ := m.text(tag.PatientID)
	label, _ := m.text(tag.IssuerOfPatientID)
	var oid segur.OID
	if q := m.items(tag.IssuerOfPatientIDQualifiersSequence); len(q) > 0 {
		s, _ := q[0].text(tag.UniversalEntityID)
		if kind, _ := q[0].text(tag.UniversalEntityIDType); kind == "ISO" || kind == "" {
			oid = segur.OID(s)
		}
	}
	switch {
	case value == "":
	case segur.IsINSAuthority(oid):
		if ins, ok := r.ins(path, value, oid); ok {
			r.use(ins)
			return true
		}
	case insLabel(label):
		r.warn(path, "is called an INS and has no OID of an INS authority; left out")
	default:
		r.local(path, value, oid, label)
	}
	return false
}

// personName splits the alphabetic group of a PN.
func personName(s string) (family, given string) {
	s, _, _ = strings.Cut(s, "=")
	parts := strings.Split(s, "^")
	if len(parts) > 1 {
		given = clean(parts[1])
	}
	return clean(parts[0]), given
}

// dicomAttributes are the elements of a data set or of an item by tag.
type dicomAttributes map[tag.Tag]*dicom.Element

func attributes(elements []*dicom.Element) dicomAttributes {
	m := dicomAttributes{}
	for _, e := range elements {
		if e == nil || e.Value == nil {
			continue
		}
		if _, twice := m[e.Tag]; !twice {
			m[e.Tag] = e
		}
	}
	return m
}

// texts returns the values of an element, in UTF-8 and without padding.
func (m dicomAttributes) texts(t tag.Tag) []string {
	e, ok := m[t]
	if !ok {
		return nil
	}
	list, ok := e.Value.GetValue().([]string)
	if !ok {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		if !utf8.ValidString(s) {
			s = fromLatin(s, false)
		}
		out[i] = strings.Trim(s, " \x00\t\r\n")
	}
	return out
}

// text returns the first value, and whether there is one.
func (m dicomAttributes) text(t tag.Tag) (string, bool) {
	list := m.texts(t)
	if len(list) == 0 {
		return "", false
	}
	return list[0], list[0] != ""
}

// items returns the items of a sequence.
func (m dicomAttributes) items(t tag.Tag) []dicomAttributes {
	e, ok := m[t]
	if !ok {
		return nil
	}
	list, ok := e.Value.GetValue().([]*dicom.SequenceItemValue)
	if !ok {
		return nil
	}
	var out []dicomAttributes
	for _, i := range limited(list) {
		if i == nil {
			continue
		}
		if elements, ok := i.GetValue().([]*dicom.Element); ok {
			out = append(out, attributes(elements))
		}
	}
	return out
}
