package dicomweb_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

// Items whose attribute came without its value representation, or as UN, are a sequence in every form.
func TestItemsWithoutVR(t *testing.T) {
	t.Parallel()
	for _, vr := range []string{`"vr":"UN",`, ``, `"vr":"??",`} {
		sets, err := dicomweb.ParseJSON([]byte(`{"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.7"]},"00080018":{"vr":"UI","Value":["1.2.3.4"]},
			"00090010":{"vr":"LO","Value":["FICTIF"]},"00091001":{` + vr + `"Value":[{"00080100":{"vr":"SH","Value":["CODE"]}}]}}`))
		require.NoError(t, err)
		e, ok := sets[0].Get(0x00091001)
		require.True(t, ok)
		assert.Equal(t, dicomweb.SQ, e.VR)
		var b bytes.Buffer
		require.NoError(t, dicomweb.WritePart10(&b, sets[0], dicomweb.WriteOptions{}))
		back, err := dicomweb.ReadDataset(segur.BytesContent(b.Bytes()))
		require.NoError(t, err)
		items := back.Items(0x00091001)
		require.Len(t, items, 1)
		assert.Equal(t, "CODE", items[0].Value(0x00080100))
		assert.Contains(t, string(sets[0].AppendNativeXML(nil)), "CODE")
	}
	// Made by hand.
	ds := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2"), dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.3"),
		dicomweb.Element{Tag: 0x00091001, VR: dicomweb.UN, Items: []*dicomweb.Dataset{dicomweb.NewDataset(dicomweb.Text(0x00080100, "CODE"))}})
	var b bytes.Buffer
	require.NoError(t, dicomweb.WritePart10(&b, ds, dicomweb.WriteOptions{}))
	assert.Contains(t, b.String(), "CODE")
	assert.Contains(t, string(ds.AppendNativeXML(nil)), "CODE")
}

// What is missing is refused, and does not panic.
func TestWritePart10Nil(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, dicomweb.WritePart10(&bytes.Buffer{}, nil, dicomweb.WriteOptions{}), segur.ErrInvalidInput)
	_, err := dicomweb.ToDICOM(nil)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// A binary value of odd length ends with a zero byte, not with a blank.
func TestWritePart10OddBinary(t *testing.T) {
	t.Parallel()
	for _, vr := range []dicomweb.VR{dicomweb.OB, dicomweb.OW, dicomweb.OF, dicomweb.UN, dicomweb.US} {
		ds := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2"), dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.3"),
			dicomweb.Element{Tag: 0x00291001, VR: vr, Bulk: &dicomweb.Bulk{Data: []byte{1, 2, 3}}})
		var b bytes.Buffer
		require.NoError(t, dicomweb.WritePart10(&b, ds, dicomweb.WriteOptions{}))
		assert.True(t, bytes.HasSuffix(b.Bytes(), []byte{1, 2, 3, 0}), "%s", vr)
	}
}
