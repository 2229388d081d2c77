package dicomweb_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

func readXML(t testing.TB, text []byte) *dicomweb.Dataset {
	t.Helper()
	ds, err := dicomweb.ReadNativeXML(strings.NewReader(string(text)), 0)
	require.NoError(t, err)
	return ds
}

// Every value representation, person name groups, private blocks, items and blanks survive the XML form.
func TestRoundTripThroughXML(t *testing.T) {
	t.Parallel()
	ds := everyVR()
	ds.Set(dicomweb.Element{Tag: 0x00720068, VR: dicomweb.LT, Values: []string{"  <deux>\r\n\tlignes & \"é\" \\ "}})
	ds.Set(dicomweb.Element{Tag: 0x0072006A, VR: dicomweb.PN, Values: []string{"A^B^C^D^E", "", "==P^Q", "Yamada^Tarou=山田^太郎=やまだ^たろう"}})
	ds.Set(dicomweb.Element{Tag: 0x00091003, VR: dicomweb.SQ, Items: []*dicomweb.Dataset{dicomweb.NewDataset(
		dicomweb.Text(0x00090011, "OTHER"), dicomweb.Element{Tag: 0x00091101, VR: dicomweb.LO, Values: []string{"x"}},
		dicomweb.Text(0x00090012, "OTHER"), dicomweb.Element{Tag: 0x00091201, VR: dicomweb.LO, Values: []string{"y"}})}}) // a second block
	ds.Set(dicomweb.Element{Tag: 0x000B1001, VR: dicomweb.LO, Values: []string{"no creator"}})
	ds.Set(dicomweb.Element{Tag: dicomweb.TagPixelData, VR: dicomweb.OW, Bulk: &dicomweb.Bulk{URI: "../bulk?a=1&b=<2>"}})
	ds.Set(dicomweb.Element{Tag: 0x00420011, VR: dicomweb.OB, Bulk: &dicomweb.Bulk{URI: "urn:uuid:3ef22ff0-e5f3-01f1-80b8-ac87b1e0fc3e"}})
	items := ds.Items(0x00081140)
	names, _ := items[0].Get(0x0072006A)
	names.Values = []string{"FICTIVE-DURAND^CAMILLE", "B"} // trailing carets have no form in XML
	items[0].Set(names)
	text := ds.AppendNativeXML(nil)
	assert.Contains(t, string(text), `<DicomAttribute tag="00090001" vr="LO" privateCreator="SEGUR TEST"><Value number="1">privé</Value></DicomAttribute>`)
	assert.Contains(t, string(text), `<BulkData uuid="3ef22ff0-e5f3-01f1-80b8-ac87b1e0fc3e"/>`)
	sameDataset(t, ds, readXML(t, text))
	official := read(t, testkit.ReadShared(t, "dicomweb/captures/allvr.dcm"))
	sameDataset(t, official, readXML(t, official.AppendNativeXML(nil)))
}

// A private attribute whose creator is named beside it only gets a block of its own.
func TestNativeXMLPrivateBlock(t *testing.T) {
	t.Parallel()
	ds := readXML(t, []byte(`<NativeDicomModel><DicomAttribute tag="00090001" vr="LO" privateCreator="NEW"><Value number="1">x</Value></DicomAttribute>
		<DicomAttribute tag="00090010" vr="LO"><Value number="1">OTHER</Value></DicomAttribute>
		<DicomAttribute tag="00091002" vr="LO" privateCreator="OTHER"><Value number="1">whole tag</Value></DicomAttribute>
		<DicomAttribute tag="00080060" vr="CS"><Value number="3">third</Value></DicomAttribute>
		<DicomAttribute tag="00280009" vr="AT"><Value number="1">(0018,106a)</Value></DicomAttribute>
		<DicomAttribute tag="00280010" vr="US"/></NativeDicomModel>`))
	assert.Equal(t, "NEW", ds.Value(0x00090011))
	assert.Equal(t, "x", ds.Value(0x00091101))
	assert.Equal(t, "whole tag", ds.Value(0x00091002))
	assert.Equal(t, []string{"", "", "third"}, ds.Values(dicomweb.TagModality))
	assert.Equal(t, []string{"0018106A"}, ds.Values(0x00280009))
}

// Cut at any byte, the text is said to be cut or is no data set at all.
func TestNativeXMLCutAtEveryByte(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(string(dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientName, "FICTIVE^A=B"), dicomweb.Sequence(0x00081140, dicomweb.NewDataset())).AppendNativeXML(nil)))
	for cut := range len(text) {
		_, err := dicomweb.ReadNativeXML(strings.NewReader(text[:cut]), 0)
		require.Error(t, err, "cut at %d", cut)
		assertPublic(t, err)
		if cut > 200 {
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
		}
	}
	_, err := dicomweb.ReadNativeXML(strings.NewReader(text), 100)
	require.ErrorIs(t, err, segur.ErrTooLarge)
	broken := errors.New("connection lost")
	_, err = dicomweb.ReadNativeXML(io.MultiReader(strings.NewReader(text[:300]), iotest.ErrReader(broken)), 0)
	require.ErrorIs(t, err, broken)
	_, err = dicomweb.ReadNativeXML(strings.NewReader("<html/>"), 0)
	require.ErrorIs(t, err, segur.ErrProtocol)
}
