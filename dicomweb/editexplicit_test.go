package dicomweb_test

import (
	"bytes"
	"encoding/binary"
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

// What passes as it is is followed to its end too.
func TestConvertCutFilePassed(t *testing.T) {
	t.Parallel()
	pixels := "\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff" + fragment("") + fragment("\xff\x4faa") + fragment("\xff\x4fbb") + "\xfe\xff\xdd\xe0\x00\x00\x00\x00"
	jpeg := raw("1.2.840.10008.1.2.4.90", []byte(uids), []byte(places), frameAttributes("2"), []byte(pixels))
	for cut := len(jpeg) - len(pixels) + 1; cut < len(jpeg); cut++ {
		_, err := io.Copy(io.Discard, dicomweb.Convert(bytes.NewReader(jpeg[:cut]), "1.2.840.10008.1.2.4.91"))
		require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
	}
	_, err := io.Copy(io.Discard, dicomweb.Convert(bytes.NewReader(deflated(t, sample(t)[:700])), dicomweb.ExplicitVRLittleEndian))
	require.ErrorIs(t, err, segur.ErrTruncated, "cut before it was deflated")
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "dicomweb.Convert", e.Op)
}

// Group lengths do not outlive what they count, and the sign of the pixels of an icon is not that of the image.
func TestConvertGroupLengthsAndSigns(t *testing.T) {
	t.Parallel()
	item := implicitElement(0xFFFEE000, string(implicitElement(0x00280000, "\x14\x00\x00\x00"))+string(implicitElement(0x00280103, "\x00\x00"))+string(implicitElement(0x00280106, "\xff\xff")))
	file := raw(dicomweb.ImplicitVRLittleEndian,
		implicitElement(0x00080000, "\x18\x00\x00\x00"), implicitElement(0x00080001, "\x99\x00\x00\x00"),
		implicitElement(dicomweb.TagSOPClassUID, "1.2\x00"), implicitElement(dicomweb.TagSOPInstanceUID, "1.3\x00"),
		implicitElement(dicomweb.TagStudyInstanceUID, "1.4\x00"), implicitElement(dicomweb.TagSeriesInstanceUID, "1.5\x00"),
		implicitElement(0x00280103, "\x01\x00"), implicitElement(0x00283000, string(item)), implicitElement(0x00409216, "\xff\xff"))
	out, err := io.ReadAll(dicomweb.Convert(iotest.HalfReader(bytes.NewReader(file)), dicomweb.ExplicitVRLittleEndian))
	require.NoError(t, err)
	ds := parsed(t, out)
	assert.Equal(t, []string{"-1"}, ds.Values(0x00409216))
	assert.Equal(t, []string{"65535"}, ds.Items(0x00283000)[0].Values(0x00280106))
	dump := testkit.DcmDumpBytes(t, out)
	for _, gone := range []string{"(0008,0000)", "(0008,0001)", "(0028,0000)"} {
		assert.NotContains(t, dump, gone)
	}
}

func implicitElement(tag dicomweb.Tag, value string) []byte {
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(tag>>16)), uint16(tag&0xFFFF)) //nolint:gosec // halves
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(value))), value...)                                  //nolint:gosec // short
}

func FuzzConvert(f *testing.F) {
	f.Add(raw(dicomweb.ImplicitVRLittleEndian, []byte("\x10\x00\x02\x10\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00")))
	f.Add(raw(dicomweb.ImplicitVRLittleEndian, []byte("\x10\x00\x02\x10\x12\x00\x00\x00\xfe\xff\x00\xe0\x0a\x00\x00\x00\x10\x00\x20\x00\x02\x00\x00\x00A ")))
	f.Fuzz(func(t *testing.T, file []byte) {
		out, err := io.ReadAll(dicomweb.Convert(bytes.NewReader(file), dicomweb.ExplicitVRLittleEndian))
		if err != nil || !bytes.Contains(out, []byte(dicomweb.ExplicitVRLittleEndian)) {
			return
		}
		if ds, err := dicomweb.ReadDataset(segur.BytesContent(file)); err == nil && ds.Len() == 0 {
			return // of group lengths, nothing is left
		}
		_, err = io.ReadAll(dicomweb.Edit(bytes.NewReader(out)))
		assert.NoError(t, err, "what was converted is well formed")
	})
}
