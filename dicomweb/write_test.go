package dicomweb_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

func write(t testing.TB, ds *dicomweb.Dataset, o dicomweb.WriteOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, dicomweb.WritePart10(&b, ds, o))
	return b.Bytes()
}

// everyVR holds every value representation, in the main data set and in items.
func everyVR() *dicomweb.Dataset {
	elems := func() []dicomweb.Element {
		return []dicomweb.Element{
			{Tag: 0x0072005E, VR: dicomweb.AE, Values: []string{"AE1", "AE2"}},
			{Tag: 0x0072005F, VR: dicomweb.AS, Values: []string{"040Y"}},
			{Tag: 0x00720060, VR: dicomweb.AT, Values: []string{"00181063", "7FE00010"}},
			{Tag: 0x00720062, VR: dicomweb.CS, Values: []string{"A", "", "C"}},
			{Tag: 0x00720061, VR: dicomweb.DA, Values: []string{"20260110", "20260111"}},
			{Tag: 0x00720064, VR: dicomweb.IS, Values: []string{"+0001", "-2"}},
			{Tag: 0x00720065, VR: dicomweb.OB, Bulk: &dicomweb.Bulk{Data: []byte{1, 2, 3, 4}}},
			{Tag: 0x00720066, VR: dicomweb.LO, Values: []string{"Côlon", "état"}},
			{Tag: 0x00720067, VR: dicomweb.OF, Bulk: &dicomweb.Bulk{Data: []byte{0, 0, 128, 63}}},
			{Tag: 0x00720068, VR: dicomweb.LT, Values: []string{"  deux\r\nlignes \\ é  "}},
			{Tag: 0x00720069, VR: dicomweb.OW, Bulk: &dicomweb.Bulk{Data: []byte{1, 2}}},
			{Tag: 0x0072006A, VR: dicomweb.PN, Values: []string{"FICTIVE-DURAND^CAMILLE^^^", "Yamada^Tarou=山田^太郎=やまだ^たろう"}},
			{Tag: 0x0072006B, VR: dicomweb.TM, Values: []string{"101112.5"}},
			{Tag: 0x0072006C, VR: dicomweb.SH, Values: []string{"court"}},
			{Tag: 0x0072006D, VR: dicomweb.UN, Bulk: &dicomweb.Bulk{Data: []byte{9, 8}}},
			{Tag: 0x0072006E, VR: dicomweb.ST, Values: []string{" a\\b"}},
			{Tag: 0x0072006F, VR: dicomweb.UC, Values: []string{"un", "deux"}},
			{Tag: 0x00720070, VR: dicomweb.UT, Values: []string{"\\texte long\\"}},
			{Tag: 0x00720071, VR: dicomweb.UR, Values: []string{"https://pacs.example/a?b=1"}},
			{Tag: 0x00720072, VR: dicomweb.DS, Values: []string{"1.50", "-2e3", ".5"}},
			{Tag: 0x00720073, VR: dicomweb.OD, Bulk: &dicomweb.Bulk{Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}}},
			{Tag: 0x00720074, VR: dicomweb.FD, Values: []string{"NaN", "inf", "-inf", "0.1"}},
			{Tag: 0x00720075, VR: dicomweb.OL, Bulk: &dicomweb.Bulk{Data: []byte{1, 2, 3, 4}}},
			{Tag: 0x00720076, VR: dicomweb.FL, Values: []string{"1.1", "-0", "NaN"}},
			{Tag: 0x00720078, VR: dicomweb.UL, Values: []string{"4294967295", "0"}},
			{Tag: 0x0072007A, VR: dicomweb.US, Values: []string{"65535"}},
			{Tag: 0x0072007C, VR: dicomweb.SL, Values: []string{"-2147483648"}},
			{Tag: 0x0072007E, VR: dicomweb.SS, Values: []string{"-32768", "1"}},
			{Tag: 0x0072007F, VR: dicomweb.UI, Values: []string{"1.2.3", "1.2.34"}},
			{Tag: 0x00720081, VR: dicomweb.OV, Bulk: &dicomweb.Bulk{Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}}},
			{Tag: 0x00720082, VR: dicomweb.SV, Values: []string{"-9223372036854775808", "1"}},
			{Tag: 0x00720083, VR: dicomweb.UV, Values: []string{"18446744073709551615"}},
			{Tag: 0x00720063, VR: dicomweb.DT, Values: []string{"20260102030405.123456+0100"}},
		}
	}
	ds := dicomweb.NewDataset(elems()...)
	ds.Set(dicomweb.Text(dicomweb.TagSpecificCharacterSet, "ISO_IR 192"))
	ds.Set(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2.840.10008.5.1.4.1.1.2"))
	ds.Set(dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.2.250.1.999.1.4"))
	ds.Set(dicomweb.Text(dicomweb.TagStudyInstanceUID, "1.2.250.1.999.1.2"))
	ds.Set(dicomweb.Text(dicomweb.TagSeriesInstanceUID, "1.2.250.1.999.1.3"))
	ds.Set(dicomweb.Text(0x00090010, "SEGUR TEST"))
	ds.Set(dicomweb.Element{Tag: 0x00091001, VR: dicomweb.LO, Values: []string{"privé"}})
	ds.Set(dicomweb.Element{Tag: 0x00091002, VR: dicomweb.UN, Bulk: &dicomweb.Bulk{Data: []byte{0, 1, 2, 3}}})
	ds.Set(dicomweb.Sequence(0x00081115))
	ds.Set(dicomweb.Sequence(0x00081140, dicomweb.NewDataset(elems()...), dicomweb.NewDataset(),
		dicomweb.NewDataset(dicomweb.Sequence(0x00081140, dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, "IPP-0001"))))))
	return ds
}

// The judge of the field reads the file, with every value, in both forms of sequences.
func TestWritePart10Dump(t *testing.T) {
	t.Parallel()
	for _, o := range []dicomweb.WriteOptions{{}, {UndefinedLengths: true}} {
		dump := testkit.DcmDumpBytes(t, write(t, everyVR(), o))
		for _, want := range []string{
			"(0002,0001) OB 00\\01", "(0002,0002) UI =CTImageStorage", "(0002,0003) UI [1.2.250.1.999.1.4]", "(0002,0010) UI =LittleEndianExplicit",
			"(0002,0012) UI [2.25.", "(0002,0013) SH [SEGUR_SDK]", "(0008,0005) CS [ISO_IR 192]", "(0072,0060) AT (0018,1063)\\(7fe0,0010)",
			"[20260110\\20260111]", "[Côlon\\état]", "[  deux\r\nlignes \\ é", "[\\texte long\\]", "FD nan\\inf\\-inf\\0.1", "UL 4294967295\\0",
			"SL -2147483648", "SV -9223372036854775808\\1", "UV 18446744073709551615", "[+0001\\-2]", "[1.2.3\\1.2.34]", "UN 00\\01\\02\\03",
		} {
			assert.True(t, strings.Contains(dump, want), "%s", want)
		}
		assert.Equal(t, o.UndefinedLengths, strings.Contains(dump, "Sequence with undefined length #=3"))
	}
}

// What does not fit is refused with its place, and nothing is written.
func TestWritePart10Refuses(t *testing.T) {
	t.Parallel()
	ds := everyVR()
	ds.Set(dicomweb.Text(dicomweb.TagSpecificCharacterSet, "ISO_IR 100"))
	ds.Set(dicomweb.Text(dicomweb.TagStudyDescription, "Cœur FICTIVE"))
	ds.Set(dicomweb.Text(dicomweb.TagPatientID, `IPP\0001`))
	ds.Set(dicomweb.Element{Tag: dicomweb.TagRows, VR: dicomweb.US, Values: []string{"65536"}})
	ds.Set(dicomweb.Element{Tag: dicomweb.TagPixelData, VR: dicomweb.OW, Bulk: &dicomweb.Bulk{URI: "../bulk/1"}})
	ds.Set(dicomweb.Element{Tag: dicomweb.TagModality, VR: dicomweb.CS, Values: []string{"é"}})
	ds.Set(dicomweb.Element{Tag: 0x00091003, VR: 'Z'<<8 | 'Z', Values: []string{"x"}})
	ds.Set(dicomweb.Text(dicomweb.TagSOPInstanceUID))
	var b bytes.Buffer
	err := dicomweb.WritePart10(&b, ds, dicomweb.WriteOptions{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Zero(t, b.Len())
	assertPublic(t, err)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	paths := map[string]bool{}
	for _, d := range e.Details {
		paths[d.Field] = true
	}
	for _, p := range []string{"00081030", "00100020", "00280010", "7FE00010", "00080060", "00091003", "00080018", "00081140[0].0072006A"} {
		assert.True(t, paths[p], "%s in %v", p, paths)
	}

	for name, o := range map[string]dicomweb.WriteOptions{
		"syntax":  {TransferSyntaxUID: "1.2.840.10008.1.2.4.50"},
		"charset": {CharacterSet: "ISO_IR 999"},
		"class":   {ImplementationClassUID: "x"},
		"version": {ImplementationVersionName: "more than 16 characters"},
	} {
		require.ErrorIs(t, dicomweb.WritePart10(io.Discard, everyVR(), o), segur.ErrInvalidInput, name)
	}
	for _, syntax := range []string{dicomweb.ExplicitVRLittleEndian, dicomweb.DeflatedExplicitVRLE} {
		for n := range 2 {
			require.ErrorIs(t, dicomweb.WritePart10(&fullAfter{n}, everyVR(), dicomweb.WriteOptions{TransferSyntaxUID: syntax}), errFull)
		}
	}
}

var errFull = errors.New("the disk is full")

// fullAfter takes n writes.
type fullAfter struct{ n int }

func (f *fullAfter) Write(p []byte) (int, error) {
	if f.n--; f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}
