package dicomweb_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// What a file announces of its pixels is there, or the file is not whole.
func TestCheckPixels(t *testing.T) {
	t.Parallel()
	const jpegLS, mpeg4, components = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.93"
	native := func(length int) string {
		return "\xe0\x7f\x10\x00OW\x00\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(length))) + string(make([]byte, length)) //nolint:gosec // short
	}
	fragments := func(all ...string) string {
		out := "\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff" + fragment("")
		for _, f := range all {
			out += fragment(f)
		}
		return out + "\xfe\xff\xdd\xe0\x00\x00\x00\x00"
	}
	us := func(element string, n uint16) string {
		return "\x28\x00" + string([]byte{element[0], element[1]}) + "US\x02\x00" + string(binary.LittleEndian.AppendUint16(nil, n))
	}
	photometric := func(s string) string { return "\x28\x00\x04\x00CS" + fmt.Sprintf("%c\x00", len(s)) + s }
	samples, rows, columns, bits := "\x02\x00", "\x10\x00", "\x11\x00", "\x00\x01"
	three := string(frameAttributes("3")) // 3 frames of 2 x 3 x 16 bits
	missing, fewer, empty := "announces pixels and has none", "fewer than the object announces", "are empty"
	for name, test := range map[string]struct {
		syntax, rest, want string
	}{
		"whole":                         {dicomweb.ExplicitVRLittleEndian, three + native(36), ""},
		"padded":                        {dicomweb.ExplicitVRLittleEndian, three + native(40), ""},
		"short":                         {dicomweb.ExplicitVRLittleEndian, three + native(34), fewer},
		"one frame of three":            {dicomweb.ExplicitVRLittleEndian, three + native(12), fewer},
		"empty":                         {dicomweb.ExplicitVRLittleEndian, three + native(0), empty},
		"missing":                       {dicomweb.ExplicitVRLittleEndian, three, missing},
		"no description":                {dicomweb.ExplicitVRLittleEndian, native(2), ""},
		"no description, empty":         {dicomweb.ExplicitVRLittleEndian, native(0), empty},
		"bits that do not fill a byte":  {dicomweb.ExplicitVRLittleEndian, us(rows, 3) + us(columns, 3) + us(bits, 1) + native(2), ""},
		"the last bit lacks its byte":   {dicomweb.ExplicitVRLittleEndian, us(rows, 3) + us(columns, 6) + us(bits, 1) + native(2), fewer},
		"colour, half of it subsampled": {dicomweb.ExplicitVRLittleEndian, us(samples, 3) + photometric("YBR_FULL_422") + us(rows, 2) + us(columns, 4) + us(bits, 8) + native(16), ""},
		"colour":                        {dicomweb.ExplicitVRLittleEndian, us(samples, 3) + photometric("RGB ") + us(rows, 2) + us(columns, 4) + us(bits, 8) + native(16), fewer},
		"the largest numbers":           {dicomweb.ExplicitVRLittleEndian, us(samples, 65535) + us(rows, 65535) + us(columns, 65535) + us(bits, 65535) + native(2), fewer},
		"spectroscopy":                  {dicomweb.ExplicitVRLittleEndian, us(rows, 1) + us(columns, 1) + "\x00\x56\x20\x00OF\x00\x00\x04\x00\x00\x00abcd", ""},
		"no image":                      {dicomweb.ExplicitVRLittleEndian, "", ""},
		"fragments":                     {jpegLS, three + fragments("aa", "bb", "cc"), ""},
		"more fragments":                {jpegLS, three + fragments("aa", "bb", "cc", "dd"), ""},
		"fewer fragments":               {jpegLS, three + fragments("aa", "bb"), "fewer fragments than frames"},
		"empty fragments":               {jpegLS, three + fragments("aa", "", "", ""), "fewer fragments than frames"},
		"no fragment":                   {jpegLS, fragments(), "fewer fragments than frames"},
		"a video":                       {mpeg4, three + fragments("aa"), ""},
		"a video without":               {mpeg4, three + fragments(), "fewer fragments than frames"},
		"several frames in one":         {components, three + fragments("aa"), ""},
		"compressed, missing":           {jpegLS, three, missing},
		"compressed, of defined length": {jpegLS, three + native(4), ""},
	} {
		file := raw(test.syntax, []byte(uids), []byte(places), []byte(test.rest))
		err := dicomweb.CheckPixels(segur.BytesContent(file))
		if test.want == "" {
			assert.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, segur.ErrProtocol, name)
		assert.ErrorContains(t, err, test.want, name)
	}
}

// A class that always is an image lacks its pixels even when nothing announces
// them.
func TestCheckPixelsOfClasses(t *testing.T) {
	t.Parallel()
	for class, image := range map[string]bool{
		"1.2.840.10008.5.1.4.1.1.2": true, "1.2.840.10008.5.1.4.1.1.4.2": false, "1.2.840.10008.5.1.4.1.1.88.59": false,
		"1.2.840.10008.5.1.4.1.1.104.1": false, "1.2.840.10008.5.1.4.1.1.11.1": false, "1.2.840.10008.5.1.4.1.1.66": false,
	} {
		element := "\x08\x00\x16\x00UI" + string(binary.LittleEndian.AppendUint16(nil, uint16(len(class)+len(class)%2))) + class + "\x00"[:len(class)%2] //nolint:gosec // short
		err := dicomweb.CheckPixels(segur.BytesContent(raw(dicomweb.ExplicitVRLittleEndian, []byte(element), []byte(places))))
		if image {
			assert.ErrorContains(t, err, "an image without pixels", class)
		} else {
			assert.NoError(t, err, class)
		}
	}
}

// A file of a sample passes, and none that is cut.
func TestCheckPixelsOfFiles(t *testing.T) {
	t.Parallel()
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{})
	require.NoError(t, err)
	file := study.Contents()[0]
	require.NoError(t, dicomweb.CheckPixels(file))
	rc, err := file.Open()
	require.NoError(t, err)
	b, err := io.ReadAll(rc)
	require.NoError(t, errors.Join(err, rc.Close()))
	for _, n := range []int{0, 131, 200, len(b) / 2, len(b) - 1} {
		require.Error(t, dicomweb.CheckPixels(segur.BytesContent(b[:n])), n)
	}
}

// Nothing panics nor hangs, and what passes has no pixels that are cut.
func FuzzCheckPixels(f *testing.F) {
	f.Add(raw(dicomweb.ExplicitVRLittleEndian, []byte(uids), []byte(places), frameAttributes("3"), []byte("\xe0\x7f\x10\x00OW\x00\x00\x04\x00\x00\x00abcd")))
	f.Add(raw("1.2.840.10008.1.2.4.80", frameAttributes("1"), []byte("\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff"+fragment("")+fragment("aa")+"\xfe\xff\xdd\xe0\x00\x00\x00\x00")))
	f.Add(raw(dicomweb.DeflatedExplicitVRLE, []byte("\x03\x00")))
	f.Fuzz(func(t *testing.T, file []byte) {
		err := dicomweb.CheckPixels(segur.BytesContent(file))
		if kind := segur.KindOf(err); err != nil && kind != segur.KindProtocol && kind != segur.KindTruncated && kind != segur.KindUnknown {
			t.Fatal(err)
		}
	})
}
