package dicomweb_test

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

// What is converted says the same, and dcmtk reads it.
func TestConvert(t *testing.T) {
	t.Parallel()
	implicit := testkit.ReadShared(t, "dicomweb/edge/implicit.dcm")
	implicit = edited(t, implicit, dicomweb.AppendItem(otherPatientIDs, national()), dicomweb.AppendItem(0x00081140, dicomweb.NewDataset()))
	for name, file := range map[string][]byte{"implicit": implicit, "deflated": testkit.ReadShared(t, "dicomweb/edge/deflated.dcm")} {
		out, err := io.ReadAll(dicomweb.Convert(iotest.HalfReader(bytes.NewReader(file)), dicomweb.ExplicitVRLittleEndian))
		require.NoError(t, err, name)
		h, err := dicomweb.Inspect(segur.BytesContent(out))
		require.NoError(t, err, name)
		assert.Equal(t, dicomweb.ExplicitVRLittleEndian, h.TransferSyntaxUID)
		assert.Equal(t, parsed(t, file), parsed(t, out), name)
		assert.Equal(t, 1, bytes.Count(out, []byte(dicomweb.ExplicitVRLittleEndian+"\x00")))
		dump := testkit.DcmDumpBytes(t, out)
		assert.Contains(t, dump, "LittleEndianExplicit")
		same, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(out)))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(out, same))
	}
	// The explicit form of the same content, pixels included.
	plain := sample(t)
	back, err := io.ReadAll(dicomweb.Convert(bytes.NewReader(deflated(t, plain)), dicomweb.ExplicitVRLittleEndian))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(plain, back))
}

// JPEG 2000 Lossless is JPEG 2000: only the name changes.
func TestConvertJPEG2000(t *testing.T) {
	t.Parallel()
	body := []byte(uids + places + "\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x02\x00\x00\x00\xff\x4f\xfe\xff\xdd\xe0\x00\x00\x00\x00")
	out, err := io.ReadAll(dicomweb.Convert(bytes.NewReader(raw("1.2.840.10008.1.2.4.90", body)), "1.2.840.10008.1.2.4.91"))
	require.NoError(t, err)
	assert.Equal(t, raw("1.2.840.10008.1.2.4.91", body), out)
	assert.False(t, dicomweb.CanConvert("1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.90"))
	_, err = io.ReadAll(dicomweb.Convert(bytes.NewReader(raw("1.2.840.10008.1.2.4.90", body)), dicomweb.ExplicitVRLittleEndian))
	require.ErrorIs(t, err, segur.ErrRefused)
}

func TestConvertCutFile(t *testing.T) {
	t.Parallel()
	file := testkit.ReadShared(t, "dicomweb/edge/implicit.dcm")
	step := 1 + len(file)/300
	for cut := 0; cut < len(file); cut += step {
		_, err := io.Copy(io.Discard, dicomweb.Convert(bytes.NewReader(file[:cut]), dicomweb.ExplicitVRLittleEndian))
		if err == nil {
			_, err = dicomweb.Inspect(segur.BytesContent(file[:cut]))
			require.NotErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(raw(dicomweb.ImplicitVRLittleEndian, []byte("\x10\x00\x02\x10\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00")))
	f.Add(raw(dicomweb.ImplicitVRLittleEndian, []byte("\x10\x00\x02\x10\x12\x00\x00\x00\xfe\xff\x00\xe0\x0a\x00\x00\x00\x10\x00\x20\x00\x02\x00\x00\x00A ")))
	f.Fuzz(func(t *testing.T, file []byte) {
		out, err := io.ReadAll(dicomweb.Convert(bytes.NewReader(file), dicomweb.ExplicitVRLittleEndian))
		if err != nil || !bytes.Contains(out, []byte(dicomweb.ExplicitVRLittleEndian)) {
			return
		}
		if bytes.Contains(file, []byte(dicomweb.DeflatedExplicitVRLE)) {
			return // what it holds passes as it is
		}
		_, err = io.ReadAll(dicomweb.Edit(bytes.NewReader(out)))
		assert.NoError(t, err, "what was converted is well formed")
	})
}
