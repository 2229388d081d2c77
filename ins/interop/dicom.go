package interop

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/segur-sdk/segur"
)

// DICOMProfile says which object the Patient module is for.
type DICOMProfile uint8

// The two objects of the DRIMbox.
const (
	// KOS is a key object selection manifest: the INS is the Patient ID, is
	// repeated in Other Patient IDs, and the COG code of the place of birth is in
	// Patient Comments, by convention.
	KOS DICOMProfile = iota + 1
	// Image is an image, or any other object of the PACS: it keeps its local
	// Patient ID, the first local number, and gets the INS as an item of Other
	// Patient IDs.
	Image
)

// Specific Character Sets that names are written in.
const (
	charsetLatin1 = "ISO_IR 100"
	charsetUTF8   = "ISO_IR 192"
)

// The limits of a component group of PN and of LO, in characters.
const maxDICOMText = 64

// typeText is the Type of Patient ID of a number that people can read.
const typeText = "TEXT"

// DICOMPatient writes the elements of the Patient module (PS3.3 C.7.1.1) that
// hold the identity, in ascending order of tags. Values are encoded in
// Config.DICOMCharacterSet, which must be that of the object: (0008,0005) is not
// among the elements.
//
// Names are "NAME^FIRST GIVEN NAME" at birth; Other Patient Names has the list of
// given names, then the used names when there are any. A birth date with unknown
// parts gives an empty element, and a list of given names longer than 64
// characters is left out: DICOM holds neither. A name that DICOM cannot hold (one
// with ^, = or \, or longer than 64 characters) is refused.
func (c *Codec) DICOMPatient(id Identity, profile DICOMProfile) ([]*dicom.Element, error) {
	const op = "interop.DICOMPatient"
	id, err := c.gate(op, id)
	if err != nil {
		return nil, err
	}
	b := &dicomBuilder{charset: c.cfg.DICOMCharacterSet}
	ins, qualified := id.Patient.QualifiedINS()
	local := func() segur.Identifier {
		if len(id.Patient.LocalIDs) == 0 {
			b.problems.Add("patient.localIDs", "one at least is required: an image keeps its local number")
			return segur.Identifier{}
		}
		return id.Patient.LocalIDs[0]
	}
	t := &id.Patient.Traits
	b.text(tag.PatientName, b.person("patient.traits.birthName", t.BirthName, t.FirstGivenName))
	switch {
	case profile != KOS && profile != Image:
		b.problems.Add("profile", "must be KOS or Image")
	case profile == KOS && qualified:
		b.text(tag.PatientID, ins.Matricule())
		b.issuer(c.label(ins.Authority()), ins.Authority())
	default:
		l := local()
		b.text(tag.PatientID, b.long("patient.localIDs[0].extension", l.Extension))
		b.issuer(b.long("patient.localIDs[0].assigner", l.Assigner), l.Root)
	}
	birth := ""
	if t.BirthDate.Complete() {
		birth = t.BirthDate.Compact()
	}
	b.text(tag.PatientBirthDate, birth)
	sex := string(t.Sex)
	if t.Sex == segur.SexUnknown {
		sex = "O"
	}
	b.text(tag.PatientSex, sex)
	if names := b.otherNames(t); len(names) > 0 {
		b.text(tag.OtherPatientNames, names...)
	}
	if qualified {
		item := &dicomBuilder{}
		item.text(tag.PatientID, ins.Matricule())
		item.text(tag.IssuerOfPatientID, c.label(ins.Authority()))
		item.text(tag.TypeOfPatientID, typeText)
		item.qualifiers(ins.Authority())
		b.sequence(tag.OtherPatientIDsSequence, item)
	}
	if profile == KOS && t.BirthPlace != "" {
		b.text(tag.PatientComments, t.BirthPlace)
	}
	if err := b.problems.Err(op); err != nil {
		return nil, err
	}
	if b.err != nil { // the dictionary of the library lacks a tag
		return nil, fmt.Errorf("%s: %w", op, b.err)
	}
	return b.elements, nil
}

type dicomBuilder struct {
	charset  string
	elements []*dicom.Element
	problems segur.Problems
	err      error
}

func (b *dicomBuilder) add(t tag.Tag, data any) {
	e, err := dicom.NewElement(t, data)
	if err != nil {
		b.err = err
		return
	}
	b.elements = append(b.elements, e)
}

func (b *dicomBuilder) text(t tag.Tag, values ...string) { b.add(t, values) }

func (b *dicomBuilder) sequence(t tag.Tag, items ...*dicomBuilder) {
	var out [][]*dicom.Element
	for _, i := range items {
		if i.err != nil {
			b.err = i.err
		}
		out = append(out, i.elements)
	}
	b.add(t, out)
}

// issuer writes who assigned the Patient ID, and qualifiers its OID.
func (b *dicomBuilder) issuer(label string, root segur.OID) {
	if label != "" {
		b.text(tag.IssuerOfPatientID, label)
	}
	b.qualifiers(root)
}

func (b *dicomBuilder) qualifiers(root segur.OID) {
	if root == "" {
		return
	}
	q := &dicomBuilder{}
	q.text(tag.UniversalEntityID, string(root))
	q.text(tag.UniversalEntityIDType, "ISO")
	b.sequence(tag.IssuerOfPatientIDQualifiersSequence, q)
}

// person writes a PN.
func (b *dicomBuilder) person(path, family, given string) string {
	if utf8.RuneCountInString(family)+1+utf8.RuneCountInString(given) > maxDICOMText {
		b.problems.Addf(path, "takes more than %d characters with the given name: DICOM holds no more", maxDICOMText)
	}
	if strings.ContainsAny(family+given, `^=\`) {
		b.problems.Add(path, `must not hold ^, = or \: DICOM has no place for them`)
	}
	return strings.TrimRight(b.encode(path, family)+"^"+b.encode(path, given), "^")
}

// long writes a LO.
func (b *dicomBuilder) long(path, s string) string {
	if utf8.RuneCountInString(s) > maxDICOMText {
		b.problems.Addf(path, "has more than %d characters: DICOM holds no more", maxDICOMText)
	}
	if strings.Contains(s, `\`) {
		b.problems.Add(path, `must not hold \: DICOM has no place for it`)
	}
	return b.encode(path, s)
}

func (b *dicomBuilder) otherNames(t *segur.Traits) []string {
	var list string
	if t.GivenNames != "" && utf8.RuneCountInString(t.GivenNames) < maxDICOMText {
		list = b.person("patient.traits.givenNames", "", t.GivenNames)
	}
	switch used := t.UsedName != "" || t.UsedGivenName != ""; {
	case used:
		return []string{list, b.person("patient.traits.usedName", t.UsedName, t.UsedGivenName)}
	case list != "":
		return []string{list}
	}
	return nil
}

// encode puts a text in the character set of the object.
func (b *dicomBuilder) encode(path, s string) string {
	switch b.charset {
	case charsetUTF8:
		return s
	case charsetLatin1:
		out := make([]byte, 0, len(s))
		for _, r := range s {
			if r > 0xFF || r >= 0x80 && r < 0xA0 {
				b.problems.Add(path, "has a letter that ISO_IR 100 does not hold")
				return ""
			}
			out = append(out, byte(r))
		}
		return string(out)
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			b.problems.Add(path, "has a letter that is not ASCII: set Config.DICOMCharacterSet to that of the object")
			return ""
		}
	}
	return s
}
