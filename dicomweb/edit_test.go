package dicomweb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

const otherPatientIDs dicomweb.Tag = 0x00101002

// national is an item of Other Patient IDs Sequence, of fictional content.
func national() *dicomweb.Dataset {
	return dicomweb.NewDataset(
		dicomweb.Text(dicomweb.TagPatientID, "285036912345697"), dicomweb.Text(dicomweb.TagIssuerOfPatientID, "ASIP-SANTE-INS-NIR"),
		dicomweb.Text(0x00100022, "TEXT"),
		dicomweb.Sequence(0x00100024, dicomweb.NewDataset(
			dicomweb.Text(0x00400032, string(segur.OIDINSNIRTest)), dicomweb.Text(0x00400033, "ISO"))))
}

func edited(t testing.TB, file []byte, changes ...dicomweb.Change) []byte {
	t.Helper()
	out, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(file), changes...))
	require.NoError(t, err)
	return out
}

func parsed(t testing.TB, file []byte) *dicomweb.Dataset {
	t.Helper()
	ds, err := dicomweb.ReadDataset(segur.BytesContent(file))
	require.NoError(t, err)
	return ds
}

// raw makes a file of elements, each written by hand.
func raw(syntax string, elements ...[]byte) []byte {
	if len(syntax)%2 == 1 {
		syntax += "\x00"
	}
	b := append(make([]byte, 128), "DICM\x02\x00\x10\x00UI"...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(syntax))) //nolint:gosec // short
	b = append(b, syntax...)
	return append(b, bytes.Join(elements, nil)...)
}

const uids = "\x08\x00\x16\x00UI\x04\x001.2\x00" + "\x08\x00\x18\x00UI\x04\x001.3\x00"

const places = "\x20\x00\x0d\x00UI\x04\x001.4\x00" + "\x20\x00\x0e\x00UI\x04\x001.5\x00"

// Without a change, every file passes as it is.
func TestEditWithoutChange(t *testing.T) {
	t.Parallel()
	dir := testkit.SharedData(t, "dicomweb/edge")
	names, err := filepath.Glob(filepath.Join(dir, "*.dcm"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		out, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(file)))
		switch filepath.Base(name) {
		case "hugevl.dcm":
			require.ErrorIs(t, err, segur.ErrTruncated)
		case "deflated.dcm":
			require.NoError(t, err)
			assert.Equal(t, parsed(t, file), parsed(t, out), name)
		default:
			require.NoError(t, err, name)
			assert.True(t, bytes.Equal(file, out), name)
		}
	}
}

// What is inserted is all that changes, in every encoding.
func TestEditAppendsItem(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"implicit.dcm", "be.dcm", "latin1.dcm", "deflated.dcm", "frags.dcm", "htj2k.dcm", "ge.dcm"} {
		file := testkit.ReadShared(t, "dicomweb/edge/"+name)
		out := edited(t, file, dicomweb.AppendItem(otherPatientIDs, national()))
		before, after := parsed(t, file), parsed(t, out)
		items := after.Items(otherPatientIDs)
		require.Len(t, items, 1, name)
		assert.Equal(t, "285036912345697", items[0].Value(dicomweb.TagPatientID), name)
		assert.Equal(t, string(segur.OIDINSNIRTest), items[0].Items(0x00100024)[0].Value(0x00400032), name)
		assert.Equal(t, before.Len()+1, after.Len(), name)
		for e := range before.All() {
			got, ok := after.Get(e.Tag)
			assert.True(t, ok, "%s %s", name, e.Tag)
			assert.Equal(t, e, got, "%s %s", name, e.Tag)
		}
		if name != "deflated.dcm" {
			at := 0
			for at < len(file) && file[at] == out[at] {
				at++
			}
			grown := len(out) - len(file)
			assert.Positive(t, grown)
			assert.True(t, bytes.Equal(file[at:], out[at+grown:]), "%s: the rest is as it was", name)
		}
		again := edited(t, out, dicomweb.AppendItem(otherPatientIDs, national()))
		assert.Len(t, parsed(t, again).Items(otherPatientIDs), 2, name)
		if name != "ge.dcm" && name != "deflated.dcm" {
			assert.Contains(t, testkit.DcmDumpBytes(t, again), "ASIP-SANTE-INS-NIR", name)
		}
	}
}

// An item is added at the end of sequences of defined and of undefined length,
// whose items are of either kind.
func TestEditAppendsToSequence(t *testing.T) {
	t.Parallel()
	const id = "\x10\x00\x20\x00LO\x02\x00A "
	for name, value := range map[string]string{
		"defined":          "\x12\x00\x00\x00" + "\xfe\xff\x00\xe0\x0a\x00\x00\x00" + id,
		"defined, open":    "\x1a\x00\x00\x00" + "\xfe\xff\x00\xe0\xff\xff\xff\xff" + id + "\xfe\xff\x0d\xe0\x00\x00\x00\x00",
		"undefined":        "\xff\xff\xff\xff" + "\xfe\xff\x00\xe0\x0a\x00\x00\x00" + id + "\xfe\xff\xdd\xe0\x00\x00\x00\x00",
		"undefined, open":  "\xff\xff\xff\xff" + "\xfe\xff\x00\xe0\xff\xff\xff\xff" + id + "\xfe\xff\x0d\xe0\x00\x00\x00\x00" + "\xfe\xff\xdd\xe0\x00\x00\x00\x00",
		"undefined, empty": "\xff\xff\xff\xff" + "\xfe\xff\xdd\xe0\x00\x00\x00\x00",
		"empty":            "\x00\x00\x00\x00",
	} {
		file := raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte("\x10\x00\x02\x10SQ\x00\x00"+value), []byte(places))
		items := parsed(t, edited(t, file, dicomweb.AppendItem(otherPatientIDs, national()))).Items(otherPatientIDs)
		require.NotEmpty(t, items, name)
		last := items[len(items)-1]
		assert.Equal(t, "285036912345697", last.Value(dicomweb.TagPatientID), name)
		if len(items) == 2 {
			assert.Equal(t, "A", items[0].Value(dicomweb.TagPatientID), name)
		} else {
			assert.Contains(t, name, "empty")
		}
	}
}

func TestEditPutsAndRemoves(t *testing.T) {
	t.Parallel()
	file := testkit.ReadShared(t, "dicomweb/edge/latin1.dcm")
	before := parsed(t, file)
	out := edited(t, file,
		dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, "FICTIVE-DURAND^ZOÉ")), dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "IPP-77")),
		dicomweb.Remove(dicomweb.TagPatientSex), dicomweb.Put(dicomweb.Text(0x00104000, "é")), dicomweb.Put(dicomweb.Text(0x00081030)))
	after := parsed(t, out)
	assert.Equal(t, "FICTIVE-DURAND^ZOÉ", after.Value(dicomweb.TagPatientName))
	assert.Equal(t, "IPP-77", after.Value(dicomweb.TagPatientID))
	assert.Equal(t, "é", after.Value(0x00104000))
	_, there := after.Get(dicomweb.TagPatientSex)
	assert.False(t, there)
	assert.Contains(t, string(out), "ZO\xc9", "in the character set of the file")
	assert.Equal(t, before.Ref(), after.Ref())
	e, there := after.Get(0x00081030)
	assert.True(t, there)
	assert.Empty(t, e.Values)
}

// A value that the file cannot hold is refused, never folded.
func TestEditKeepsCharacterSet(t *testing.T) {
	t.Parallel()
	latin1 := testkit.ReadShared(t, "dicomweb/edge/latin1.dcm")
	bare := raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(places))
	for _, c := range []struct {
		file []byte
		name string
	}{{latin1, "ŒUVRE^ŁUKASZ"}, {bare, "ÉLODIE"}} {
		_, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(c.file), dicomweb.Put(dicomweb.Text(dicomweb.TagPatientName, c.name))))
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		assert.ErrorContains(t, err, "changes[00100010] text that the character set (0008,0005) cannot write")
		assert.NotContains(t, err.Error(), c.name)
	}
}

// Lengths that counted what changes are taken out.
func TestEditGroupLengths(t *testing.T) {
	t.Parallel()
	file := raw(dicomweb.ExplicitVRLittleEndian, []byte("\x08\x00\x00\x00UL\x04\x00\x18\x00\x00\x00"), []byte(uids),
		[]byte("\x10\x00\x00\x00UL\x04\x00\x0a\x00\x00\x00"), []byte("\x10\x00\x20\x00LO\x02\x00A "), []byte(places))
	out := edited(t, file, dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "B")))
	want := raw(dicomweb.ExplicitVRLittleEndian, []byte("\x08\x00\x00\x00UL\x04\x00\x18\x00\x00\x00"), []byte(uids),
		[]byte("\x10\x00\x20\x00LO\x02\x00B "), []byte(places))
	assert.Equal(t, want, out)
}

func TestEditRefuses(t *testing.T) {
	t.Parallel()
	ok := raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(places))
	id := dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "B"))
	for name, c := range map[string]struct {
		file    []byte
		changes []dicomweb.Change
		is      error
		says    string
	}{
		"twice":        {ok, []dicomweb.Change{id, dicomweb.Remove(dicomweb.TagPatientID)}, segur.ErrInvalidInput, "is given twice"},
		"meta":         {ok, []dicomweb.Change{dicomweb.Remove(0x00020010)}, segur.ErrInvalidInput, "must be an attribute of the data set"},
		"pixels":       {ok, []dicomweb.Change{dicomweb.Remove(dicomweb.TagPixelData)}, segur.ErrInvalidInput, "must be an attribute of the data set"},
		"instance":     {ok, []dicomweb.Change{dicomweb.Put(dicomweb.Text(dicomweb.TagSOPInstanceUID, "1.2"))}, segur.ErrInvalidInput, "cannot be changed in place"},
		"too long":     {ok, []dicomweb.Change{dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, string(make([]byte, 70000))))}, segur.ErrInvalidInput, "is longer than"},
		"no sequence":  {raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte("\x10\x00\x02\x10LO\x02\x00A "), []byte(places)), []dicomweb.Change{dicomweb.AppendItem(otherPatientIDs, national())}, segur.ErrProtocol, "is no sequence"},
		"disorder":     {raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(places), []byte("\x10\x00\x20\x00LO\x02\x00A ")), []dicomweb.Change{id}, segur.ErrProtocol, "not in ascending order"},
		"no DICOM":     {bytes.Repeat([]byte("x"), 200), []dicomweb.Change{id}, segur.ErrProtocol, "not a DICOM Part 10 file"},
		"not an item":  {raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte("\x10\x00\x02\x10SQ\x00\x00\xff\xff\xff\xff"), []byte(places)), nil, segur.ErrProtocol, "not an item"},
		"a delimiter":  {raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte("\xfe\xff\x0d\xe0\x00\x00\x00\x00")), nil, segur.ErrProtocol, "a delimiter"},
		"open text":    {raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte("\x10\x00\x02\x10UT\x00\x00\xff\xff\xff\xff")), nil, segur.ErrProtocol, "must have a defined length"},
		"deep nesting": {raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), bytes.Repeat([]byte("\x10\x00\x02\x10SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"), 200)), nil, segur.ErrProtocol, "nested beyond"},
	} {
		_, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(c.file), c.changes...))
		require.ErrorIs(t, err, c.is, name)
		assert.ErrorContains(t, err, c.says, name)
	}
	_, err := io.ReadAll(dicomweb.Edit(iotest.ErrReader(io.ErrClosedPipe), id))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// A file cut anywhere never ends well, unless what is left is a whole data set.
func TestEditCutFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"latin1.dcm", "frags.dcm", "deflated.dcm"} {
		file := testkit.ReadShared(t, "dicomweb/edge/"+name)
		step := 1 + len(file)/250
		for cut := 0; cut < len(file); cut += step {
			_, err := io.Copy(io.Discard, dicomweb.Edit(bytes.NewReader(file[:cut]), dicomweb.AppendItem(otherPatientIDs, national())))
			if err != nil {
				require.True(t, errors.Is(err, segur.ErrTruncated) || cut < 400, "%s cut at %d: %v", name, cut, err)
				continue
			}
			require.NotEqual(t, "deflated.dcm", name, "cut at %d", cut)
			_, err = dicomweb.Inspect(segur.BytesContent(file[:cut]))
			require.NotErrorIs(t, err, segur.ErrTruncated, "%s cut at %d", name, cut)
		}
	}
}

// However the bytes come and are asked for, they are the same.
func TestEditByteByByte(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"frags.dcm", "be.dcm", "deflated.dcm"} {
		file := testkit.ReadShared(t, "dicomweb/edge/"+name)
		want := edited(t, file, dicomweb.AppendItem(otherPatientIDs, national()))
		got, err := io.ReadAll(iotest.OneByteReader(dicomweb.Edit(iotest.OneByteReader(bytes.NewReader(file)), dicomweb.AppendItem(otherPatientIDs, national()))))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got), name)
	}
}

func FuzzEdit(f *testing.F) {
	f.Add(raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(places)))
	f.Add(raw(dicomweb.ImplicitVRLittleEndian, []byte("\x10\x00\x02\x10\xff\xff\xff\xff\xfe\xff\xdd\xe0\x00\x00\x00\x00")))
	f.Add(raw(dicomweb.ExplicitVRBigEndian, []byte("\x00\x10\x10\x02SQ\x00\x00\x00\x00\x00\x00")))
	f.Add(raw(dicomweb.ExplicitVRLittleEndian, []byte("\x10\x00\x02\x10UN\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff\xfe\xff\x0d\xe0\x00\x00\x00\x00\xfe\xff\xdd\xe0\x00\x00\x00\x00")))
	f.Fuzz(func(t *testing.T, file []byte) {
		same, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(file)))
		if err != nil {
			assert.True(t, errors.Is(err, segur.ErrProtocol) || errors.Is(err, segur.ErrTruncated) || len(file) > 0, "%v", err)
			return
		}
		if !bytes.Contains(file, []byte(dicomweb.DeflatedExplicitVRLE)) {
			assert.True(t, bytes.Equal(file, same))
		}
		out, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(file), dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "IPP-77"))))
		if err != nil {
			return
		}
		once, err := io.ReadAll(dicomweb.Edit(bytes.NewReader(out), dicomweb.Put(dicomweb.Text(dicomweb.TagPatientID, "IPP-77"))))
		assert.NoError(t, err)
		assert.True(t, bytes.Equal(out, once), "the same change again changes nothing")
		_, _ = dicomweb.ReadHead(bytes.NewReader(file))
	})
}
