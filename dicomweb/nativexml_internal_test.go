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
	for want := range all[0].All() {
		got, ok := ds.Get(want.Tag)
		if want.Tag.Private() { // XML names private attributes by their creator
			continue
		}
		require.True(t, ok, "%s", want.Tag)
		switch want.VR {
		case PN, CS, UI, LO, SH, DA, TM, DT, AE, AS, UR, LT, ST, UT, UC, US, UL:
			assert.Equal(t, want.Values, got.Values, "%s %s", want.Tag, want.VR)
		case SQ:
			assert.Len(t, got.Items, len(want.Items), "%s", want.Tag)
		}
	}
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
		"entity":     {head + `&x;`, segur.ErrTruncated},
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
	f.Fuzz(func(_ *testing.T, text []byte) {
		if ds, err := parseNativeXML(text); err == nil && ds != nil {
			_ = ds.AppendJSON(nil)
		}
	})
}
