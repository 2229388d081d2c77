package dicomweb_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/suyashkumar/dicom"
	"github.com/suyashkumar/dicom/pkg/tag"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

// There and back, nothing changes; and what the library writes of it is read back the same, in the character set that
// the library's text is in.
func TestConvertRoundTrip(t *testing.T) {
	t.Parallel()
	ds := everyVR()
	ds.Set(dicomweb.Element{Tag: dicomweb.TagPixelData, VR: dicomweb.OW, Bulk: &dicomweb.Bulk{Data: []byte{1, 2, 3, 4}}})
	lib, err := dicomweb.ToDICOM(ds)
	require.NoError(t, err)
	back, err := dicomweb.FromDICOM(lib)
	require.NoError(t, err)
	sameDataset(t, ds, back)
	name, err := lib.FindElementByTag(tag.PatientID)
	require.Error(t, err)
	assert.Nil(t, name)

	var b bytes.Buffer
	require.NoError(t, dicom.Write(&b, lib, dicom.SkipVRVerification()))
	testkit.DcmDumpBytes(t, b.Bytes())
	got := read(t, b.Bytes())
	want := everyVR()
	sameDataset(t, want, got)
}

// The files that make the library panic, stop or err go to it through our reader, and come back the same.
func TestConvertEdgeFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(testkit.SharedData(t, "dicomweb/edge"), "*.dcm"))
	require.NoError(t, err)
	files = append(files, testkit.SharedData(t, "dicomweb/captures/allvr.dcm"))
	for _, name := range files {
		if filepath.Base(name) == "hugevl.dcm" {
			continue
		}
		content, err := segur.FileContent(name)
		require.NoError(t, err)
		ds, err := dicomweb.ReadDataset(content)
		require.NoError(t, err)
		lib, err := dicomweb.ToDICOM(ds)
		require.NoError(t, err, name)
		var b bytes.Buffer
		require.NoError(t, dicom.Write(&b, lib, dicom.SkipVRVerification()), name)
		again, err := dicom.Parse(bytes.NewReader(b.Bytes()), int64(b.Len()), nil, dicom.SkipPixelData())
		require.NoError(t, err, name)
		got := read(t, b.Bytes())
		if ds.Value(dicomweb.TagSpecificCharacterSet) == "ISO_IR 100" {
			ds.Set(dicomweb.Text(dicomweb.TagSpecificCharacterSet, "ISO_IR 192"))
		}
		sameDataset(t, ds, got)
		if back, err := dicomweb.FromDICOM(again); assert.NoError(t, err, name) {
			assert.Equal(t, ds.Ref(), back.Ref())
			assert.Equal(t, ds.Value(dicomweb.TagPatientName), back.Value(dicomweb.TagPatientName))
		}
	}
}

// What the library reads by itself: text, dates, tags and the backslash of text are repaired; binary read as text is refused.
func TestFromDICOMDefects(t *testing.T) {
	t.Parallel()
	element := func(group, elem uint16, vr string, data any) *dicom.Element {
		v, err := dicom.NewValue(data)
		require.NoError(t, err)
		return &dicom.Element{Tag: tag.Tag{Group: group, Element: elem}, RawValueRepresentation: vr, Value: v}
	}
	ds, err := dicomweb.FromDICOM(dicom.Dataset{Elements: []*dicom.Element{
		element(2, 0x10, "UI", []string{"1.2"}), element(8, 0, "UL", []int{4}), nil,
		element(0x10, 0x4000, "LT", []string{" a", "b"}), element(8, 0x22, "DA", []string{`20260101\20260102`}),
		element(0x28, 9, "AT", []int{0x18, 0x1063, 0x7FE0, 0x10}), element(0x10, 0x10, "PN", []string{"DUR\xC9", "B"}),
		element(0x7FE0, 0x10, "OW", dicom.PixelDataInfo{IntentionallySkipped: true}),
		element(0x72, 0x83, "UN", []byte{1, 0, 0, 0, 0, 0, 0, 0}), {Tag: tag.Tag{Group: 8, Element: 0x60}},
	}})
	require.NoError(t, err)
	assert.Equal(t, 6, ds.Len())
	assert.Equal(t, []string{` a\b`}, ds.Values(0x00104000))
	assert.Equal(t, []string{"20260101", "20260102"}, ds.Values(0x00080022))
	assert.Equal(t, []string{"00181063", "7FE00010"}, ds.Values(0x00280009))
	assert.Equal(t, []string{"DURÉ", "B"}, ds.Values(dicomweb.TagPatientName))
	assert.Equal(t, []string{"1"}, ds.Values(0x00720083))
	_, err = dicomweb.FromDICOM(dicom.Dataset{Elements: []*dicom.Element{
		element(0x66, 0x0129, "OL", []string{"FICTIVE"}),
		element(8, 0x1140, "SQ", [][]*dicom.Element{{element(0x72, 0x82, "SV", []string{"x"})}}),
	}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "00660129")
	assert.Contains(t, err.Error(), "00081140[0].00720082")
	assertPublic(t, err)

	bad := dicomweb.NewDataset(dicomweb.Element{Tag: dicomweb.TagRows, VR: dicomweb.US, Values: []string{"x"}},
		dicomweb.Sequence(0x00081140, dicomweb.NewDataset(dicomweb.Element{Tag: 0x00420011, VR: dicomweb.OB, Bulk: &dicomweb.Bulk{URI: "x"}})))
	_, err = dicomweb.ToDICOM(bad)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "00280010")
	assert.Contains(t, err.Error(), "00081140[0].00420011")
}
