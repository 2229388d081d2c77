package dicomweb

import (
	"fmt"

	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/segur-sdk/segur"
)

// Tag is an attribute tag: group in the upper 16 bits, element in the lower.
type Tag uint32

// Tags that the client itself uses. Any other is written as a number, such as
// Tag(0x00181030), or read with [ParseTag].
const (
	TagSpecificCharacterSet  Tag = 0x00080005
	TagSOPClassUID           Tag = 0x00080016
	TagSOPInstanceUID        Tag = 0x00080018
	TagStudyDate             Tag = 0x00080020
	TagStudyTime             Tag = 0x00080030
	TagAccessionNumber       Tag = 0x00080050
	TagInstanceAvailability  Tag = 0x00080056
	TagModality              Tag = 0x00080060
	TagModalitiesInStudy     Tag = 0x00080061
	TagReferringPhysician    Tag = 0x00080090
	TagStudyDescription      Tag = 0x00081030
	TagSeriesDescription     Tag = 0x0008103E
	TagReferencedSOPClass    Tag = 0x00081150
	TagReferencedSOPInstance Tag = 0x00081155
	TagRetrieveURL           Tag = 0x00081190
	TagWarningReason         Tag = 0x00081196
	TagFailureReason         Tag = 0x00081197
	TagFailedSOPSequence     Tag = 0x00081198
	TagReferencedSOPSequence Tag = 0x00081199
	TagOtherFailures         Tag = 0x0008119A
	TagPatientName           Tag = 0x00100010
	TagPatientID             Tag = 0x00100020
	TagIssuerOfPatientID     Tag = 0x00100021
	TagPatientBirthDate      Tag = 0x00100030
	TagPatientSex            Tag = 0x00100040
	TagStudyInstanceUID      Tag = 0x0020000D
	TagSeriesInstanceUID     Tag = 0x0020000E
	TagStudyID               Tag = 0x00200010
	TagSeriesNumber          Tag = 0x00200011
	TagInstanceNumber        Tag = 0x00200013
	TagStudySeriesCount      Tag = 0x00201206
	TagStudyInstanceCount    Tag = 0x00201208
	TagSeriesInstanceCount   Tag = 0x00201209
	TagNumberOfFrames        Tag = 0x00280008
	TagRows                  Tag = 0x00280010
	TagColumns               Tag = 0x00280011
	TagBitsAllocated         Tag = 0x00280100
	TagPixelData             Tag = 0x7FE00010
)

// ParseTag reads "GGGGEEEE" (hexadecimal, either case) or a keyword of the
// DICOM dictionary such as "PatientID".
func ParseTag(s string) (Tag, error) {
	if t, ok := hexTag(s); ok {
		return t, nil
	}
	if info, err := tag.FindByKeyword(s); err == nil && s != "" {
		return Tag(info.Tag.Uint32()), nil
	}
	return 0, &segur.Error{Op: "dicomweb.ParseTag", Kind: segur.KindInvalidInput,
		Message: "neither eight hexadecimal digits nor a keyword of the DICOM dictionary"}
}

// String returns the form of DICOM JSON and of query keys: "GGGGEEEE".
func (t Tag) String() string { return fmt.Sprintf("%08X", uint32(t)) }

// Keyword returns the dictionary keyword, or "" for a private or unknown tag.
func (t Tag) Keyword() string {
	if info, ok := t.info(); ok {
		return info.Keyword
	}
	return ""
}

// Private reports whether the group is odd.
func (t Tag) Private() bool { return t>>16&1 == 1 }

// VR returns the value representation of the dictionary, UN when the tag is
// not in it. Where the dictionary allows several, it is the first. Private
// creators are LO (PS3.5 7.8.1).
func (t Tag) VR() VR {
	if t.Private() {
		if t.creator() {
			return LO
		}
		return UN
	}
	if info, ok := t.info(); ok && len(info.VRs) > 0 {
		if vr, ok := parseVR(info.VRs[0]); ok {
			return vr
		}
	}
	return UN
}

// creator reports whether the attribute reserves a block of a private group.
func (t Tag) creator() bool { return t.Private() && t&0xFFFF >= 0x10 && t&0xFFFF <= 0xFF }

// info looks the tag up. The groups 50xx and 60xx repeat (PS3.5 7.6).
func (t Tag) info() (tag.Info, bool) {
	if t.Private() {
		return tag.Info{}, false
	}
	if g := t >> 24; g == 0x50 || g == 0x60 {
		t &= 0xFF00FFFF
	}
	info, err := tag.Find(t.library())
	return info, err == nil
}

func (t Tag) library() tag.Tag { return tag.Tag{Group: uint16(t >> 16), Element: uint16(t & 0xFFFF)} }

// hexDigit maps a character to its value, 0xFF when it is not hexadecimal.
var hexDigit = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xFF
	}
	for i := range byte(10) {
		table['0'+i] = i
	}
	for i := range byte(6) {
		table['a'+i], table['A'+i] = 10+i, 10+i
	}
	return table
}()

// hexTag reads exactly eight hexadecimal digits.
func hexTag[S string | []byte](s S) (Tag, bool) {
	if len(s) != 8 {
		return 0, false
	}
	var v uint32
	var bad byte
	for i := range 8 {
		d := hexDigit[s[i]]
		bad |= d
		v = v<<4 | uint32(d&0xF)
	}
	return Tag(v), bad&0xF0 == 0
}
