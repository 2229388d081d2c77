package dicomweb_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/suyashkumar/dicom"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

func read(t testing.TB, file []byte) *dicomweb.Dataset {
	t.Helper()
	ds, err := dicomweb.ReadDataset(segur.BytesContent(file))
	require.NoError(t, err)
	return ds
}

// sameDataset compares element by element, so that a failure names the tag and not the data set.
func sameDataset(t testing.TB, want, got *dicomweb.Dataset) {
	t.Helper()
	require.Equal(t, want.Len(), got.Len())
	for w := range want.All() {
		g, ok := got.Get(w.Tag)
		require.True(t, ok, "%s", w.Tag)
		require.Equal(t, w.VR, g.VR, "%s", w.Tag)
		require.Equal(t, w.Values, g.Values, "%s", w.Tag)
		require.Equal(t, w.Bulk, g.Bulk, "%s", w.Tag)
		require.Equal(t, len(w.Items), len(g.Items), "%s", w.Tag)
		for i := range w.Items {
			sameDataset(t, w.Items[i], g.Items[i])
		}
	}
}

// Every value representation, in the main data set and in items, comes back from every encoding, and is written again
// with the same bytes.
func TestWriteReadEveryEncoding(t *testing.T) {
	t.Parallel()
	for _, syntax := range []string{"", dicomweb.ImplicitVRLittleEndian, dicomweb.DeflatedExplicitVRLE, dicomweb.ExplicitVRBigEndian} {
		for _, undefined := range []bool{false, true} {
			o := dicomweb.WriteOptions{TransferSyntaxUID: syntax, UndefinedLengths: undefined}
			ds := everyVR()
			if syntax == dicomweb.ImplicitVRLittleEndian { // private attributes have no value representation there
				ds.Set(dicomweb.Element{Tag: 0x00091001, VR: dicomweb.UN, Bulk: &dicomweb.Bulk{Data: []byte("priv")}})
			}
			file := write(t, ds, o)
			got := read(t, file)
			sameDataset(t, ds, got)
			assert.True(t, bytes.Equal(file, write(t, got, o)), "%q %v", syntax, undefined)
			h, err := dicomweb.Inspect(segur.BytesContent(file))
			require.NoError(t, err)
			assert.Equal(t, ds.Ref(), h.Ref())
		}
	}
}

// JSON keeps all that a file says: the same bytes come out after it.
func TestRoundTripThroughJSON(t *testing.T) {
	t.Parallel()
	ds := everyVR()
	sameDataset(t, ds, parseOne(t, string(ds.AppendJSON(nil))))
	official := testkit.ReadShared(t, "dicomweb/captures/allvr.dcm")
	ds = read(t, official)
	again := parseOne(t, string(ds.AppendJSON(nil)))
	sameDataset(t, ds, again)
	assert.Equal(t, []string{"NaN"}, again.Values(0x00189073))
	assert.Equal(t, []string{"18446744073709551615"}, again.Values(0x00720083))
	assert.Len(t, again.Items(0x00081140), 2)
	file := write(t, again, dicomweb.WriteOptions{})
	// From the first attribute after group 0002 to the pixels, the bytes are those of the official file.
	body := func(b []byte) []byte { return b[144+binary.LittleEndian.Uint32(b[140:]):] }
	want := body(official)
	assert.True(t, bytes.Equal(want[:bytes.Index(want, []byte("\xE0\x7F\x10\x00OW"))], body(file)))
}

// The files that break naive parsers: read, written and read again they say the same.
func TestRoundTripEdgeFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(testkit.SharedData(t, "dicomweb/edge"), "*.dcm"))
	require.NoError(t, err)
	require.Len(t, files, 14)
	for _, name := range files {
		if filepath.Base(name) == "hugevl.dcm" {
			continue
		}
		content, err := segur.FileContent(name)
		require.NoError(t, err)
		ds, err := dicomweb.ReadDataset(content)
		require.NoError(t, err, name)
		for _, o := range []dicomweb.WriteOptions{{}, {TransferSyntaxUID: dicomweb.ImplicitVRLittleEndian}, {UndefinedLengths: true},
			{TransferSyntaxUID: dicomweb.DeflatedExplicitVRLE}, {TransferSyntaxUID: dicomweb.ExplicitVRBigEndian}} {
			sameDataset(t, ds, read(t, write(t, ds, o)))
		}
		sameDataset(t, ds, parseOne(t, string(ds.AppendJSON(nil))))
	}
}

// explicit makes a file of Explicit VR Little Endian whose data set is the sample's UIDs and raw bytes behind them.
func explicit(t testing.TB, raw string) []byte {
	t.Helper()
	ds := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2.840.10008.5.1.4.1.1.2"), dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.2.250.1.999.1.4"))
	return append(write(t, ds, dicomweb.WriteOptions{}), raw...)
}

// What the standard says of UN: of undefined length it is a sequence in Implicit VR, of a known attribute it is that.
func TestReadUnknownVR(t *testing.T) {
	t.Parallel()
	ds := read(t, explicit(t, "\x10\x00\x10\x00UN\x00\x00\x08\x00\x00\x00FICTIVE "+
		"\x28\x00\x10\x00UN\x00\x00\x02\x00\x00\x00\x04\x00"+
		"\x28\x00\x11\x00UN\x00\x00\x03\x00\x00\x00\x04\x00\x00"+
		"\x40\x00\x75\x02UN\x00\x00\x14\x00\x00\x00\xFE\xFF\x00\xE0\x0C\x00\x00\x00\x08\x00\x50\x00\x04\x00\x00\x00ACC1"+
		"\x41\x00\x01\x10UN\x00\x00\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF\x08\x00\x50\x00\x04\x00\x00\x00ACC2\xFE\xFF\x0D\xE0\x00\x00\x00\x00\xFE\xFF\xDD\xE0\x00\x00\x00\x00"))
	e, _ := ds.Get(dicomweb.TagPatientName)
	assert.Equal(t, dicomweb.Element{Tag: dicomweb.TagPatientName, VR: dicomweb.PN, Values: []string{"FICTIVE"}}, e)
	assert.Equal(t, []string{"4"}, ds.Values(dicomweb.TagRows))
	e, _ = ds.Get(dicomweb.TagColumns)
	assert.Equal(t, &dicomweb.Bulk{Data: []byte{4, 0, 0}}, e.Bulk, "a length that US cannot have")
	require.Len(t, ds.Items(0x00400275), 1)
	assert.Equal(t, "ACC1", ds.Items(0x00400275)[0].Value(dicomweb.TagAccessionNumber))
	e, _ = ds.Get(0x00411001)
	assert.Equal(t, dicomweb.SQ, e.VR)
	assert.Equal(t, "ACC2", e.Items[0].Value(dicomweb.TagAccessionNumber))
}

// In implicit encodings the sign of the pixels and the dictionary decide.
func TestReadImplicitVR(t *testing.T) {
	t.Parallel()
	raw := "\x28\x00\x03\x01\x02\x00\x00\x00\x01\x00" + "\x28\x00\x06\x01\x02\x00\x00\x00\xFF\xFF" + "\x28\x00\x06\x30\x04\x00\x00\x00\x01\x02\x03\x04" +
		"\x28\x01\x06\x00\x02\x00\x00\x00ab" + "\x09\x00\x10\x00\x04\x00\x00\x00SEGU" + "\x02\x60\x10\x00\x02\x00\x00\x00\x05\x00" + "\x02\x60\x00\x30\x02\x00\x00\x00\x05\x06"
	ds := dicomweb.NewDataset(dicomweb.Text(dicomweb.TagSOPClassUID, "1.2.840.10008.5.1.4.1.1.2"), dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.2.250.1.999.1.4"))
	ds = read(t, append(write(t, ds, dicomweb.WriteOptions{TransferSyntaxUID: dicomweb.ImplicitVRLittleEndian}), raw...))
	for tag, want := range map[dicomweb.Tag]dicomweb.Element{
		0x00280106: {VR: dicomweb.SS, Values: []string{"-1"}}, 0x00283006: {VR: dicomweb.OW, Bulk: &dicomweb.Bulk{Data: []byte{1, 2, 3, 4}}},
		0x01280006: {VR: dicomweb.UN, Bulk: &dicomweb.Bulk{Data: []byte("ab")}}, 0x00090010: {VR: dicomweb.LO, Values: []string{"SEGU"}},
		0x60020010: {VR: dicomweb.US, Values: []string{"5"}}, 0x60023000: {VR: dicomweb.OW, Bulk: &dicomweb.Bulk{Data: []byte{5, 6}}},
	} {
		want.Tag = tag
		e, ok := ds.Get(tag)
		require.True(t, ok, "%s", tag)
		assert.Equal(t, want, e)
	}
}

// The pixels of an icon may be encapsulated: they are kept, and written back.
func TestReadIconFragments(t *testing.T) {
	t.Parallel()
	icon := dicomweb.NewDataset(dicomweb.Element{Tag: dicomweb.TagPixelData, VR: dicomweb.OB, Bulk: &dicomweb.Bulk{Fragments: [][]byte{{}, {1, 2, 3, 4}}}})
	ds := everyVR()
	ds.Set(dicomweb.Sequence(0x00880200, icon))
	for _, undefined := range []bool{false, true} {
		sameDataset(t, ds, read(t, write(t, ds, dicomweb.WriteOptions{UndefinedLengths: undefined})))
	}
	require.ErrorIs(t, dicomweb.WritePart10(&bytes.Buffer{}, ds, dicomweb.WriteOptions{TransferSyntaxUID: dicomweb.ImplicitVRLittleEndian}), segur.ErrInvalidInput)
	assert.Equal(t, `{}`, string(icon.AppendJSON(nil)))
}

// A value beyond the 16-bit length of its representation is written as UN, and read as what it is.
func TestLongShortValue(t *testing.T) {
	t.Parallel()
	ds := everyVR()
	ds.Set(dicomweb.Element{Tag: 0x00720072, VR: dicomweb.DS, Values: strings.Split(strings.Repeat(`1.5\`, 40_000)+"1", `\`)})
	file := write(t, ds, dicomweb.WriteOptions{})
	assert.True(t, bytes.Contains(file, []byte("\x72\x00\x72\x00UN")))
	sameDataset(t, ds, read(t, file))
	require.ErrorIs(t, dicomweb.WritePart10(&bytes.Buffer{}, ds, dicomweb.WriteOptions{TransferSyntaxUID: dicomweb.ExplicitVRBigEndian}), segur.ErrInvalidInput)
}

// Large binary values are not copied, and are padded.
func TestWriteLargeBinary(t *testing.T) {
	t.Parallel()
	ds := everyVR()
	ds.Set(dicomweb.Element{Tag: 0x00420011, VR: dicomweb.OB, Bulk: &dicomweb.Bulk{Data: bytes.Repeat([]byte{7}, 100_001)}})
	for _, syntax := range []string{"", dicomweb.DeflatedExplicitVRLE} {
		got := read(t, write(t, ds, dicomweb.WriteOptions{TransferSyntaxUID: syntax}))
		e, _ := got.Get(0x00420011)
		require.Len(t, e.Bulk.Data, 100_002)
		assert.Equal(t, byte(0), e.Bulk.Data[100_001])
		assert.Equal(t, "1.2.3", got.Value(0x0072007F))
	}
}

// What a hostile file claims is never believed, in files of known and of unknown size.
func TestReadHostile(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("\x08\x00\x40\x11SQ\x00\x00\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF", 70)
	for name, c := range map[string]struct {
		raw  string
		want string
	}{
		"length":            {"\x10\x00\x20\x00UT\x00\x00\x00\x00\x00\xF0ab", "ends before"},
		"item length":       {"\x08\x00\x40\x11SQ\x00\x00\x08\x00\x00\x00\xFE\xFF\x00\xE0\x00\x00\x00\xF0", "longer than its sequence"},
		"no item":           {"\x08\x00\x40\x11SQ\x00\x00\x08\x00\x00\x00\x10\x00\x20\x00LO\x00\x00", "not an item"},
		"delimiter":         {"\xFE\xFF\x0D\xE0\x00\x00\x00\x00", "delimiter"},
		"deep":              {deep, "nested beyond 64"},
		"no VR":             {"\x10\x00\x20\x00\x01\x02\x00\x00", "no value representation"},
		"undefined text":    {"\x10\x00\x20\x00UT\x00\x00\xFF\xFF\xFF\xFF", "must have a defined length"},
		"element past item": {"\x08\x00\x40\x11SQ\x00\x00\x12\x00\x00\x00\xFE\xFF\x00\xE0\x08\x00\x00\x00\x10\x00\x20\x00LO\x02\x00ab", "longer than its"},
		"endless sequence":  {"\x08\x00\x40\x11SQ\x00\x00\xFF\xFF\xFF\xFF", "ends before"},
	} {
		file := explicit(t, c.raw)
		for _, content := range []segur.Content{segur.BytesContent(file), noSize{segur.BytesContent(file)}} {
			_, err := dicomweb.ReadDataset(content)
			require.ErrorIs(t, err, segur.ErrInvalidInput, name)
			assert.Contains(t, err.Error(), c.want, name)
		}
	}
}

// noSize hides how long a content is.
type noSize struct{ segur.Content }

func (noSize) Size() int64 { return -1 }

// Cut at every byte, a file is refused or gives what lies before the cut, and nothing else.
func TestReadDatasetCutAtEveryByte(t *testing.T) {
	t.Parallel()
	ds := everyVR()
	for _, o := range []dicomweb.WriteOptions{{}, {UndefinedLengths: true}, {TransferSyntaxUID: dicomweb.ImplicitVRLittleEndian}} {
		file := write(t, ds, o)
		whole := 0
		for cut := range file {
			got, err := dicomweb.ReadDataset(segur.BytesContent(file[:cut]))
			if err != nil {
				require.ErrorIs(t, err, segur.ErrInvalidInput, "cut at %d", cut)
				continue
			}
			whole++
			for e := range got.All() {
				want, _ := ds.Get(e.Tag)
				require.Equal(t, len(want.Items), len(e.Items), "cut at %d", cut)
				if o.TransferSyntaxUID == "" {
					require.Equal(t, want.Values, e.Values, "cut at %d", cut)
				}
			}
		}
		assert.LessOrEqual(t, whole, ds.Len()+1)
	}
}

// What was read and written once is written with the same bytes for ever.
func FuzzReadDataset(f *testing.F) {
	for _, o := range []dicomweb.WriteOptions{{}, {UndefinedLengths: true}, {TransferSyntaxUID: dicomweb.ImplicitVRLittleEndian}, {TransferSyntaxUID: dicomweb.ExplicitVRBigEndian}} {
		f.Add(write(f, everyVR(), o))
	}
	f.Add(withText(f, `ISO 2022 IR 100\ISO 2022 IR 87`, "\xC9\x1B$B;3\x1B(B^A=B", "\x1B-B\xA9"))
	f.Fuzz(func(t *testing.T, file []byte) {
		ds, err := dicomweb.ReadDataset(segur.BytesContent(file))
		if err != nil {
			return
		}
		_ = ds.AppendJSON(nil)
		_ = ds.AppendNativeXML(nil)
		if lib, err := dicomweb.ToDICOM(ds); err == nil {
			_, _ = dicomweb.FromDICOM(lib)
		}
		var first, second bytes.Buffer
		if dicomweb.WritePart10(&first, ds, dicomweb.WriteOptions{}) != nil {
			_ = dicomweb.WritePart10(&first, ds, dicomweb.WriteOptions{CharacterSet: "ISO_IR 192"})
			return
		}
		again, err := dicomweb.ReadDataset(segur.BytesContent(first.Bytes()))
		if err != nil {
			t.Fatalf("own file not read: %v", err)
		}
		if again.Value(dicomweb.TagSpecificCharacterSet) != "ISO_IR 192" {
			return
		}
		if err := dicomweb.WritePart10(&second, again, dicomweb.WriteOptions{}); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("not stable: %v", err)
		}
	})
}

// BenchmarkHeader reads what a file of 525 KB says of itself, its pixels passed over.
func BenchmarkHeader(b *testing.B) {
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Rows: 512, Series: 1, Instances: 1})
	require.NoError(b, err)
	path := filepath.Join(b.TempDir(), "ct.dcm")
	require.NoError(b, os.WriteFile(path, s.Instances[0].File, 0o600))
	content, err := segur.FileContent(path)
	require.NoError(b, err)
	b.Run("OpenFile", func(b *testing.B) {
		for b.Loop() {
			if _, err := dicomweb.OpenFile(path); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ReadDataset", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dicomweb.ReadDataset(content); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("suyashkumar-SkipPixelData", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dicom.ParseFile(path, nil, dicom.SkipPixelData()); err != nil {
				b.Fatal(err)
			}
		}
	})
	ds, err := dicomweb.ReadDataset(content)
	require.NoError(b, err)
	b.Run("WritePart10", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := dicomweb.WritePart10(io.Discard, ds, dicomweb.WriteOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	text := ds.AppendJSON(nil)
	b.Run("MetadataDecode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := dicomweb.ParseJSON(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
