package dicomweb

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The file with every VR, as DCMTK writes it in XML and in JSON: the same data set.
func TestNativeXMLEveryVR(t *testing.T) {
	t.Parallel()
	ds, err := parseNativeXML(testkit.ReadShared(t, "dicomweb/captures/native-xml-allvr-dcmtk367.xml"))
	require.NoError(t, err)
	require.NotNil(t, ds)
	all, err := ParseJSON(testkit.ReadShared(t, "dicomweb/captures/metadata-allvr-dcmtk367.json"))
	require.NoError(t, err)
	require.Equal(t, all[0].Len(), ds.Len())
	for want := range all[0].All() {
		got, ok := ds.Get(want.Tag)
		require.True(t, ok, "%s", want.Tag)
		require.Equal(t, want.VR, got.VR, "%s", want.Tag)
		switch want.VR {
		case DS, IS: // numbers in JSON, as they stand in the file in XML
			assert.Len(t, got.Values, len(want.Values), "%s", want.Tag)
		case SQ:
			assert.Equal(t, want.Items, got.Items, "%s", want.Tag)
		default:
			if want.Bulk != nil { // by reference in XML
				assert.True(t, strings.HasPrefix(got.Bulk.URI, "urn:uuid:"), "%s", want.Tag)
			} else {
				assert.Equal(t, want.Values, got.Values, "%s %s", want.Tag, want.VR)
			}
		}
	}
	assert.Equal(t, "SDK TEST", ds.Value(0x00090010))
	assert.Equal(t, "privé", ds.Value(0x00091001), "the block of its creator")
}

func TestNativeXMLRefuses(t *testing.T) {
	t.Parallel()
	const head = `<NativeDicomModel>`
	deep := strings.Repeat(`<DicomAttribute tag="00081140" vr="SQ"><Item>`, 70)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"page":       {`<html/>`, nil},
		"text":       {`hello`, nil},
		"entity":     {head + `&x;`, segur.ErrProtocol},
		"far number": {head + `<DicomAttribute tag="00080060" vr="CS"><Value number="99999">`, segur.ErrTruncated},
		"gap":        {head + `<DicomAttribute tag="00080060" vr="CS"><Value number="99999"/>`, segur.ErrProtocol},
		"doctype":    {head + `<!DOCTYPE x []>`, segur.ErrProtocol},
		"cut":        {head + `<DicomAttribute tag="00081190" vr="UR"><Value>`, segur.ErrTruncated},
		"bad base64": {head + `<DicomAttribute tag="00091010" vr="OB"><InlineBinary>*</InlineBinary></DicomAttribute></NativeDicomModel>`, segur.ErrProtocol},
		"deep":       {head + deep, segur.ErrTooLarge},
	} {
		ds, err := parseNativeXML([]byte(c.text))
		assert.Nil(t, ds, name)
		if c.want == nil {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorIs(t, err, c.want, name)
		}
	}
}

func FuzzNativeXML(f *testing.F) {
	f.Add([]byte(`<NativeDicomModel><DicomAttribute tag="00081199" vr="SQ"><Item number="1"><DicomAttribute tag="00100010" vr="PN"><PersonName number="1"><Alphabetic><FamilyName>A</FamilyName></Alphabetic></PersonName></DicomAttribute></Item><Value number="1"/></DicomAttribute></NativeDicomModel>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ds, err := parseNativeXML(text)
		if err != nil || ds == nil {
			return
		}
		_ = ds.AppendJSON(nil)
		first := ds.AppendNativeXML(nil)
		again, err := parseNativeXML(first)
		if err != nil || again == nil {
			t.Fatalf("own text not read: %v %q", err, first)
		}
	})
}
