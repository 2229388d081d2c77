package dicomweb_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
)

func frameAttributes(count string) []byte {
	return []byte("\x28\x00\x02\x00US\x02\x00\x01\x00" + "\x28\x00\x08\x00IS\x02\x00" + count + " " + "\x28\x00\x10\x00US\x02\x00\x02\x00" +
		"\x28\x00\x11\x00US\x02\x00\x03\x00" + "\x28\x00\x00\x01US\x02\x00\x10\x00")
}

func fragment(b string) string {
	return "\xfe\xff\x00\xe0" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(b)))) + b //nolint:gosec // short
}

func frame(t *testing.T, file []byte, n int) (string, *dicomweb.FrameStream, error) {
	t.Helper()
	f, err := dicomweb.ReadFrames(bytes.NewReader(file))
	if err != nil {
		return "", nil, err
	}
	r, err := f.Frame(n)
	if err != nil {
		return "", f, err
	}
	b, err := io.ReadAll(r)
	return string(b), f, err
}

func TestReadFramesNative(t *testing.T) {
	t.Parallel()
	pixels := "AAAAAAAAAAAABBBBBBBBBBBBCCCCCCCCCCCC"
	file := raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(places), frameAttributes("3"), []byte("\xe0\x7f\x10\x00OW\x00\x00\x24\x00\x00\x00"+pixels))
	for n, want := range map[int]string{1: pixels[:12], 2: pixels[12:24], 3: pixels[24:]} {
		got, f, err := frame(t, file, n)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, 3, f.Count)
		assert.Equal(t, "application/octet-stream", f.MediaType)
	}
	f, err := dicomweb.ReadFrames(bytes.NewReader(file))
	require.NoError(t, err)
	first, err := f.Frame(1)
	require.NoError(t, err)
	third, err := f.Frame(3) // the first was not read
	require.NoError(t, err)
	b, err := io.ReadAll(third)
	require.NoError(t, err)
	assert.Equal(t, pixels[24:], string(b))
	_, err = first.Read(make([]byte, 1))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, err = f.Frame(2)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	_, _, err = frame(t, file, 4)
	require.ErrorIs(t, err, segur.ErrNotFound)
	_, _, err = frame(t, file[:len(file)-1], 3)
	require.ErrorIs(t, err, segur.ErrTruncated)
	short := bytes.Replace(file, []byte("OW\x00\x00\x24"), []byte("OW\x00\x00\x20"), 1)
	_, _, err = frame(t, short, 1)
	require.ErrorIs(t, err, segur.ErrProtocol)
}

func TestReadFramesEncapsulated(t *testing.T) {
	t.Parallel()
	const begin, end = "\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff", "\xfe\xff\xdd\xe0\x00\x00\x00\x00"
	jpeg := "1.2.840.10008.1.2.4.70"
	a, b, c, d := "\xff\xd8aaaa", "bbbb", "\xff\xd8cc", "\xff\xd8dddd"
	offsets := func(v ...uint32) string {
		var out []byte
		for _, o := range v {
			out = binary.LittleEndian.AppendUint32(out, o)
		}
		return fragment(string(out))
	}
	const jp2 = "\x00\x00\x00\x0cjP  \r\n\x87\n"
	fragments := fragment(a) + fragment(b) + fragment(c) + fragment(d)
	for name, c2 := range map[string]struct {
		syntax, count, pixels string
		want                  []string
		media                 string
	}{
		"offsets":           {jpeg, "3", offsets(0, 26, 38) + fragments, []string{a + b, c, d}, "image/jpeg"},
		"markers":           {jpeg, "3", fragment("") + fragments, []string{a + b, c, d}, "image/jpeg"},
		"one frame":         {jpeg, "1", fragment("") + fragments, []string{a + b + c + d}, "image/jpeg"},
		"a fragment each":   {"1.2.840.10008.1.2.5", "4", fragment("") + fragments, []string{a, b, c, d}, "image/dicom-rle"},
		"JPEG 2000":         {"1.2.840.10008.1.2.4.90", "2", fragment("") + fragment("\xff\x4faa") + fragment("\xff\x4fbb"), []string{"\xff\x4faa", "\xff\x4fbb"}, "image/jp2"},
		"a rest like a box": {jpeg, "2", fragment("") + fragment(a) + fragment("\x00\x00bb") + fragment(c), []string{a + "\x00\x00bb", c}, "image/jpeg"},
		"JP2 boxes": {"1.2.840.10008.1.2.4.91", "2", fragment("") + fragment(jp2+"a") + fragment("\x00\x00") + fragment(jp2+"b"),
			[]string{jp2 + "a\x00\x00", jp2 + "b"}, "image/jp2"},
	} {
		file := raw(c2.syntax, []byte(uids), []byte(places), frameAttributes(c2.count), []byte(begin+c2.pixels+end))
		for n, want := range c2.want {
			got, f, err := frame(t, file, n+1)
			require.NoError(t, err, "%s %d", name, n)
			assert.Equal(t, want, got, "%s %d", name, n)
			assert.Equal(t, c2.media, f.MediaType)
			assert.Equal(t, c2.syntax, f.TransferSyntaxUID)
		}
		for cut := len(file) - len(end) - 1; cut > len(file)-len(end)-20; cut-- {
			_, _, err := frame(t, file[:cut], len(c2.want))
			require.Error(t, err, name)
		}
	}
	for name, c := range map[string]struct {
		syntax, pixels string
		is             error
	}{
		"video":          {"1.2.840.10008.1.2.4.102", begin + fragment("") + fragments + end, segur.ErrRefused},
		"no pixels":      {jpeg, "", segur.ErrRefused},
		"wrong offsets":  {jpeg, begin + offsets(0, 27, 38) + fragments + end, segur.ErrProtocol},
		"disorder":       {jpeg, begin + offsets(0, 38, 26) + fragments + end, segur.ErrProtocol},
		"no fragments":   {"1.2.840.10008.1.2.5", begin + fragment("") + fragment("a ") + end, segur.ErrProtocol},
		"more fragments": {"1.2.840.10008.1.2.5", begin + fragment("") + fragment("a ") + fragments + end, segur.ErrProtocol},
		"no table":       {jpeg, begin + end, segur.ErrProtocol},
		"not a fragment": {jpeg, begin + fragment("") + "\x08\x00\x00\x00\x00\x00\x00\x00" + end, segur.ErrProtocol},
	} {
		_, _, err := frame(t, raw(c.syntax, []byte(uids), []byte(places), frameAttributes("3"), []byte(c.pixels)), 3)
		require.ErrorIs(t, err, c.is, name)
	}
}

// Bytes in big endian words are turned around: they are no frames as they stand.
func TestReadFramesBigEndianWords(t *testing.T) {
	t.Parallel()
	attributes := "\x00\x28\x00\x02US\x00\x02\x00\x01" + "\x00\x28\x00\x10US\x00\x02\x00\x02" + "\x00\x28\x00\x11US\x00\x02\x00\x02" + "\x00\x28\x01\x00US\x00\x02\x00\x08"
	got, _, err := frame(t, raw(dicomweb.ExplicitVRBigEndian, []byte(attributes), []byte("\x7f\xe0\x00\x10OB\x00\x00\x00\x00\x00\x04ABCD")), 1)
	require.NoError(t, err)
	assert.Equal(t, "ABCD", got)
	_, _, err = frame(t, raw(dicomweb.ExplicitVRBigEndian, []byte(attributes), []byte("\x7f\xe0\x00\x10OW\x00\x00\x00\x00\x00\x04BADC")), 1)
	require.ErrorIs(t, err, segur.ErrRefused)
}

// Counts that multiply beyond 64 bits do not pass for small ones.
func TestReadFramesHugeCounts(t *testing.T) {
	t.Parallel()
	attributes := "\x28\x00\x02\x00US\x02\x00\x04\x00" + "\x28\x00\x08\x00IS\x0a\x002147483647" + "\x28\x00\x10\x00US\x02\x00\x00\x80" +
		"\x28\x00\x11\x00US\x02\x00\x00\x80" + "\x28\x00\x00\x01US\x02\x00\x40\x00" // 2^35 bytes a frame
	_, err := dicomweb.ReadFrames(bytes.NewReader(raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(places), []byte(attributes),
		[]byte("\xe0\x7f\x10\x00OW\x00\x00\x04\x00\x00\x00AAAA"))))
	require.ErrorIs(t, err, segur.ErrProtocol)
}

func FuzzReadFrames(f *testing.F) {
	f.Add(raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), frameAttributes("2"), []byte("\xe0\x7f\x10\x00OW\x00\x00\x18\x00\x00\x00"+"AAAAAAAAAAAABBBBBBBBBBBB")))
	f.Add(raw("1.2.840.10008.1.2.4.70", []byte(uids), frameAttributes("2"), []byte("\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff"+fragment("")+fragment("\xff\xd8")+fragment("\xff\xd8")+"\xfe\xff\xdd\xe0\x00\x00\x00\x00")))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := dicomweb.ReadFrames(bytes.NewReader(file))
		if err != nil {
			return
		}
		for _, n := range []int{1, s.Count} {
			if r, err := s.Frame(n); err == nil {
				got, _ := io.Copy(io.Discard, r)
				assert.LessOrEqual(t, got, int64(len(file))*2048, "no more than the file holds, inflated at most")
			}
		}
	})
}
