package dicomweb_test

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The files that break naive parsers are read or refused, never believed.
func TestEdgeFiles(t *testing.T) {
	t.Parallel()
	dir := testkit.SharedData(t, "dicomweb/edge")
	for name, want := range map[string]string{
		"backslash.dcm": "", "be.dcm": "", "deflated.dcm": "", "emptynof.dcm": "", "emptyrows.dcm": "", "floatpix.dcm": "",
		"frags.dcm": "", "ge.dcm": "", "htj2k.dcm": "", "jxl.dcm": "", "smpte.dcm": "", "implicit.dcm": "", "latin1.dcm": "",
		"hugevl.dcm": "the file ends before the element that it announces",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := dicomweb.OpenFile(filepath.Join(dir, name))
			if want != "" {
				require.ErrorIs(t, err, segur.ErrInvalidInput)
				require.ErrorIs(t, err, segur.ErrTruncated)
				assert.Contains(t, err.Error(), want)
				return
			}
			require.NoError(t, err)
			dump := f.StudyInstanceUID + f.SOPInstanceUID
			if name != "ge.dcm" { // dcmtk believes the syntax that the file claims
				dump = testkit.DcmDump(t, f.Path)
			}
			for _, uid := range []string{f.SOPClassUID, f.SOPInstanceUID, f.StudyInstanceUID, f.SeriesInstanceUID} {
				assert.True(t, dicomweb.ValidUID(uid))
			}
			assert.Contains(t, dump, f.StudyInstanceUID)
			assert.Contains(t, dump, f.SOPInstanceUID)
			ds, err := dicomweb.ReadDataset(f)
			require.NoError(t, err)
			assert.Equal(t, f.Ref(), ds.Ref())
			assert.NotEmpty(t, ds.Value(dicomweb.TagPatientName))
			switch name {
			case "latin1.dcm":
				assert.Contains(t, ds.Value(dicomweb.TagPatientName), "É")
			case "backslash.dcm":
				found := false
				for e := range ds.All() {
					if e.VR == dicomweb.LT && len(e.Values) == 1 && strings.Contains(e.Values[0], `\`) {
						found = true
					}
				}
				assert.True(t, found, "the backslash of LT is data")
			}
		})
	}
}

// The file with every VR: what the library misreads is decoded here.
func TestReadDatasetEveryVR(t *testing.T) {
	t.Parallel()
	c := segur.BytesContent(testkit.ReadShared(t, "dicomweb/captures/allvr.dcm"))
	ds, err := dicomweb.ReadDataset(c)
	require.NoError(t, err)
	all, err := dicomweb.ParseJSON(testkit.ReadShared(t, "dicomweb/captures/metadata-allvr-dcmtk367.json"))
	require.NoError(t, err)
	want := all[0]
	for e := range want.All() {
		got, ok := ds.Get(e.Tag)
		if e.Tag >= 0x7FE00000 {
			continue
		}
		require.True(t, ok, "%s", e.Tag)
		assert.Equal(t, e.VR, got.VR, "%s", e.Tag)
		switch e.VR {
		case dicomweb.DS, dicomweb.IS, dicomweb.FL, dicomweb.FD: // written as numbers by dcmtk
			assert.Equal(t, len(e.Values), len(got.Values), "%s", e.Tag)
		case dicomweb.SQ:
			assert.Equal(t, len(e.Items), len(got.Items), "%s", e.Tag)
		default:
			if e.Bulk != nil {
				assert.Equal(t, e.Bulk, got.Bulk, "%s", e.Tag)
			} else {
				assert.Equal(t, e.Values, got.Values, "%s %s", e.Tag, e.VR)
			}
		}
	}
}

// deflated rewrites a file of Explicit VR Little Endian in the deflated syntax.
func deflated(t *testing.T, file []byte) []byte {
	t.Helper()
	end := 144 + int(binary.LittleEndian.Uint32(file[140:])) // the first element is the length of its group
	syntax := []byte("UI\x14\x00" + dicomweb.ExplicitVRLittleEndian + "\x00")
	require.Equal(t, 1, bytes.Count(file[:end], syntax))
	out := bytes.NewBuffer(bytes.Replace(file[:end], syntax, []byte("UI\x16\x00"+dicomweb.DeflatedExplicitVRLE), 1))
	binary.LittleEndian.PutUint32(out.Bytes()[140:], uint32(end-144+2)) //nolint:gosec // small
	w, err := flate.NewWriter(out, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(file[end:])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// A deflated file tells its end: cut at any byte, it is refused.
func TestCutDeflatedFile(t *testing.T) {
	t.Parallel()
	plain := sample(t)
	file := deflated(t, plain)
	h, err := dicomweb.Inspect(segur.BytesContent(file))
	require.NoError(t, err)
	assert.Equal(t, dicomweb.DeflatedExplicitVRLE, h.TransferSyntaxUID)
	want, err := dicomweb.Inspect(segur.BytesContent(plain))
	require.NoError(t, err)
	assert.Equal(t, want.Ref(), h.Ref())
	for cut := range file {
		_, err := dicomweb.Inspect(segur.BytesContent(file[:cut]))
		require.ErrorIs(t, err, segur.ErrInvalidInput, "cut at %d", cut)
		if cut > 500 {
			require.ErrorIs(t, err, segur.ErrTruncated, "cut at %d", cut)
		}
	}
}

// A file cut at any byte is refused, unless what is left is a whole data set.
func TestCutFile(t *testing.T) {
	t.Parallel()
	file := sample(t)
	h, err := dicomweb.Inspect(segur.BytesContent(file))
	require.NoError(t, err)
	assert.Equal(t, dicomweb.ExplicitVRLittleEndian, h.TransferSyntaxUID)
	whole := 0
	for cut := range file {
		_, err := dicomweb.Inspect(segur.BytesContent(file[:cut]))
		if err == nil {
			whole++ // between two elements after the UIDs
			continue
		}
		require.ErrorIs(t, err, segur.ErrInvalidInput, "cut at %d", cut)
		if ds, err := dicomweb.ReadDataset(segur.BytesContent(file[:cut])); err == nil {
			assert.Less(t, ds.Len(), 60, "only between two elements, cut at %d", cut)
		}
	}
	assert.Less(t, whole, 40)
}

func TestNotDICOM(t *testing.T) {
	t.Parallel()
	file := sample(t)
	patch := func(old, new string) []byte {
		require.Equal(t, 1, bytes.Count(file, []byte(old)), "%q", old)
		return bytes.Replace(file, []byte(old), []byte(new), 1)
	}
	for name, c := range map[string]struct {
		file []byte
		rule string
	}{
		"empty":     {nil, "the file is empty"},
		"short":     {make([]byte, 100), "shorter than the 132 bytes"},
		"PDF":       {[]byte("%PDF-1.7" + strings.Repeat(" ", 300)), `"DICM" is not at byte 128`},
		"no study":  {patch("\x20\x00\x0d\x00UI", "\x20\x00\x0f\x00UI"), "Study Instance UID (0020,000D) is missing"},
		"no VR":     {patch("\x20\x00\x0d\x00UI", "\x20\x00\x0d\x00\x01\x02"), "no value representation"},
		"no syntax": {bytes.Replace(file, []byte("\x02\x00\x10\x00UI"), []byte("\x02\x00\x11\x00UI"), 1), "names no transfer syntax"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dicomweb.Inspect(segur.BytesContent(c.file))
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			assert.Contains(t, err.Error(), c.rule)
		})
	}
}

func TestOpenDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := sample(t)
	write := func(name string, b []byte) {
		t.Helper()
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	write("b/IM2", file)
	write("a.dcm", file)
	write("lisez-moi.txt", []byte("bonjour"))
	write("b/cut.dcm", file[:len(file)-1])
	require.NoError(t, os.Symlink(filepath.Join(dir, "a.dcm"), filepath.Join(dir, "link.dcm")))
	files, skipped, err := dicomweb.OpenDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 2)
	assert.Equal(t, filepath.Join(dir, "a.dcm"), files[0].Path)
	assert.EqualValues(t, len(file), files[0].Size())
	reasons := map[string]string{}
	for _, s := range skipped {
		reasons[filepath.Base(s.Path)] = s.Err.Error()
		assert.NotContains(t, s.Err.Error(), dir)
	}
	assert.Len(t, reasons, 3)
	assert.Contains(t, reasons["lisez-moi.txt"], "shorter than")
	assert.Contains(t, reasons["cut.dcm"], "ends before")
	assert.Contains(t, reasons["link.dcm"], "not a regular file")

	_, _, err = dicomweb.OpenDir(filepath.Join(dir, "nowhere-FICTIVE"))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.NotContains(t, err.Error(), "FICTIVE")
	_, err = dicomweb.OpenFile(filepath.Join(dir, "nowhere"))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

func FuzzInspect(f *testing.F) {
	f.Add(sample(f))
	f.Add(append(make([]byte, 128), "DICM"...))
	f.Fuzz(func(t *testing.T, file []byte) {
		c := segur.BytesContent(file)
		h, err := dicomweb.Inspect(c)
		if err == nil && (!dicomweb.ValidUID(h.StudyInstanceUID) || !dicomweb.ValidUID(h.SOPInstanceUID)) {
			t.Fatal("accepted without UIDs")
		}
		ds, err2 := dicomweb.ReadDataset(c)
		if err2 == nil {
			_ = ds.AppendJSON(nil)
		}
	})
}
