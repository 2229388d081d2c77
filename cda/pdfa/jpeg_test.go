package pdfa_test

import (
	"bytes"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
)

// segment is a JPEG marker with its data.
func segment(marker byte, data ...byte) string {
	n := len(data) + 2
	return string([]byte{0xff, marker, byte(n >> 8), byte(n)}) + string(data) //nolint:gosec // two halves
}

// Pieces of small JPEG files. The one code of the tables is the bit 0: no difference (DC), end of block (AC).
var (
	jpegSOI      = "\xff\xd8"
	jpegEOI      = "\xff\xd9"
	jpegQuant    = segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	jpegDC       = segment(0xc4, append([]byte{0x00, 1}, make([]byte, 16)...)...)
	jpegAC       = segment(0xc4, append([]byte{0x10, 1}, make([]byte, 16)...)...)
	jpegGrey     = segment(0xc0, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)
	jpegGreyScan = segment(0xda, 1, 1, 0, 0, 63, 0) + "\x3f"
)

func frame3(ids string) string {
	return segment(0xc0, 8, 0, 8, 0, 8, 3, ids[0], 0x11, 0, ids[1], 0x11, 0, ids[2], 0x11, 0)
}

func scan3(ids string) string {
	return segment(0xda, 3, ids[0], 0, ids[1], 0, ids[2], 0, 0, 63, 0) + "\x03"
}

func greyJPEG() string {
	return jpegSOI + jpegQuant + jpegGrey + jpegDC + jpegAC + jpegGreyScan + jpegEOI
}

// rgbJPEG has components named R, G and B and nothing else that says what they are.
func rgbJPEG() []byte {
	return []byte(jpegSOI + jpegQuant + frame3("RGB") + jpegDC + jpegAC + scan3("RGB") + jpegEOI)
}

// progressiveJPEG has one scan, of the mean values of the blocks.
func progressiveJPEG() []byte {
	return []byte(jpegSOI + jpegQuant + segment(0xc2, 8, 0, 8, 0, 8, 1, 1, 0x11, 0) + jpegDC + segment(0xda, 1, 1, 0, 0, 0, 0) + "\x7f" + jpegEOI)
}

func TestJPEGIsEmbeddedAsItIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		jpeg []byte
		want string
	}{
		"grey":        {keyImage(t, 40, 30, false), "/Width 40 /Height 30 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length"},
		"colour":      {keyImage(t, 41, 30, true), "/Width 41 /Height 30 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /Length"},
		"RGB":         {rgbJPEG(), "/Width 8 /Height 8 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode /DecodeParms << /ColorTransform 0 >> /Length"},
		"progressive": {progressiveJPEG(), "/Width 8 /Height 8 /ColorSpace /DeviceGray"},
		"small":       {[]byte(greyJPEG()), "/Width 8 /Height 8 /ColorSpace /DeviceGray"},
		"comment":     {[]byte(strings.Replace(greyJPEG(), jpegQuant, segment(0xfe, 'x')+"\xff\xff"+jpegQuant+segment(0xe1, 'E', 'x', 'i', 'f'), 1)), "/Width 8"},
	} {
		_, err := jpeg.Decode(bytes.NewReader(tc.jpeg))
		require.NoError(t, err, "%s: the sample is sound", name)
		b := build(t, blockReport(pdfa.Image{JPEG: tc.jpeg}))
		assert.Contains(t, string(b), tc.want, name)
		assert.Contains(t, string(b), "\nstream\n"+string(tc.jpeg)+"\nendstream\n", name)
	}
}

func TestJPEGPaddingIsLeftOut(t *testing.T) {
	t.Parallel()
	plain := build(t, blockReport(pdfa.Image{JPEG: []byte(greyJPEG())}))
	assert.Equal(t, plain, build(t, blockReport(pdfa.Image{JPEG: []byte(greyJPEG() + "\x00")})))
}

func TestJPEGFaults(t *testing.T) {
	t.Parallel()
	change := func(old, replacement string) string { return strings.Replace(greyJPEG(), old, replacement, 1) }
	for name, tc := range map[string]struct{ jpeg, want string }{
		"PNG":               {"\x89PNG\r\n\x1a\n", "is not a JPEG file"},
		"JPEG 2000":         {"\xff\x4f\xff\x51", "is not a JPEG file"},
		"CMYK":              {change(jpegGrey, segment(0xc0, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)), "must be grey or RGB (the output intent is sRGB)"},
		"two components":    {change(jpegGrey, segment(0xc0, 8, 0, 8, 0, 8, 2, 1, 0x11, 0, 2, 0x11, 0)), "must be grey or RGB"},
		"12 bits":           {change(jpegGrey, segment(0xc1, 12, 0, 8, 0, 8, 1, 1, 0x11, 0)), "must have 8 bits a sample"},
		"lossless":          {change(jpegGrey, segment(0xc3, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)), "must be baseline or progressive"},
		"arithmetic":        {change(jpegGrey, segment(0xc9, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)), "must be baseline or progressive"},
		"number of lines":   {change(jpegEOI, segment(0xdc, 0, 8)+jpegEOI), "must be baseline or progressive"},
		"two frames":        {change(jpegGrey, jpegGrey+jpegGrey), "two frames"},
		"frame":             {change(jpegGrey, segment(0xc0, 8, 0, 8, 0, 8, 1, 1, 0x11)), "frame header"},
		"component twice":   {change(jpegGrey, frame3("RGR")), "frame header"},
		"no frame":          {change(jpegGrey, ""), "scan header"},
		"no scan":           {change(jpegGreyScan, ""), "a component without data"},
		"other component":   {change(jpegGreyScan, segment(0xda, 1, 2, 0, 0, 63, 0)+"\x3f"), "a scan without its component or tables"},
		"no quantisation":   {change(jpegQuant, ""), "a scan without its component or tables"},
		"no Huffman table":  {change(jpegAC, ""), "a scan without its component or tables"},
		"bad quantisation":  {change(jpegQuant, segment(0xdb, 0, 1)), "quantisation table"},
		"bad Huffman table": {change(jpegAC, segment(0xc4, 0x10, 9)), "Huffman table"},
		"restart interval":  {change(jpegAC, jpegAC+segment(0xdd, 1)), "restart interval"},
		"restart":           {change(jpegEOI, "\xff\xd0\x3f"+jpegEOI), "restart marker"},
		"restart order":     {change(jpegAC, jpegAC+segment(0xdd, 0, 1)), ""},
		"empty scan":        {change("\x3f"+jpegEOI, jpegEOI), "a scan without data"},
		"marker":            {change(jpegAC, jpegAC+segment(0x02, 1)), "marker 0x2"},
		"no marker":         {change(jpegAC, jpegAC+"x"), "data where a marker is expected"},
		"second image":      {greyJPEG() + greyJPEG(), "data after its end"},
		"no height":         {change(jpegGrey, segment(0xc0, 8, 0, 0, 0, 8, 1, 1, 0x11, 0)), "must have sides of 1 to 16384 pixels"},
		"too wide":          {change(jpegGrey, segment(0xc0, 8, 0x40, 0, 0x40, 1, 1, 1, 0x11, 0)), "must have sides of 1 to 16384 pixels"},
		"too long":          {change(jpegGrey, segment(0xc0, 8, 1, 0, 0, 1, 1, 1, 0x11, 0)), "must not be more than 50 times as long as wide"},
		"sampling":          {change(jpegGrey, segment(0xc0, 8, 0, 8, 0, 8, 1, 1, 0x55, 0)), "its header cannot be decoded"},
		"colour models": {strings.Replace(string(rgbJPEG()), jpegSOI, jpegSOI+segment(0xe0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")...)+
			segment(0xee, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00")...), 1), "two contradicting colour models"},
	} {
		if tc.want == "" {
			build(t, blockReport(pdfa.Image{JPEG: []byte(tc.jpeg)}))
			continue
		}
		got := faults(t, blockReport(pdfa.Image{JPEG: []byte(tc.jpeg)}))
		assert.Len(t, got, 1, name)
		assert.Contains(t, got["sections[0].blocks[0].jpeg"], tc.want, name)
	}
}

func TestJPEGCutAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	for _, whole := range [][]byte{keyImage(t, 33, 20, true), progressiveJPEG(), rgbJPEG()} {
		for n := 1; n < len(whole); n++ {
			_, err := pdfa.Build(blockReport(pdfa.Image{JPEG: whole[:n]}))
			if err == nil {
				t.Fatalf("accepted when cut at %d of %d", n, len(whole))
			}
		}
	}
}

// The colours on paper are those that Go decodes.
func TestJPEGColours(t *testing.T) {
	t.Parallel()
	r := blockReport(pdfa.Image{JPEG: keyImage(t, 64, 64, true), Width: 100})
	got := render(t, build(t, r), 72)
	img, err := jpeg.Decode(bytes.NewReader(keyImage(t, 64, 64, true)))
	require.NoError(t, err)
	left, top := 57, imageTop(got)
	for _, p := range [][2]int{{8, 8}, {56, 8}, {8, 56}, {56, 56}, {32, 20}} {
		x, y := left+p[0]*283/64, top+p[1]*283/64
		want := img.At(p[0], p[1])
		wr, wg, wb, _ := want.RGBA()
		gr, gg, gb, _ := got.At(x, y).RGBA()
		assert.InDelta(t, wr>>8, gr>>8, 24, "red at %v", p)
		assert.InDelta(t, wg>>8, gg>>8, 24, "green at %v", p)
		assert.InDelta(t, wb>>8, gb>>8, 24, "blue at %v", p)
	}
}

func FuzzJPEG(f *testing.F) {
	f.Add([]byte(greyJPEG()))
	f.Add(rgbJPEG())
	f.Add(progressiveJPEG())
	f.Add(keyImage(f, 16, 16, true))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := pdfa.Build(blockReport(pdfa.Image{JPEG: data}))
		if err == nil && len(pdfa.Check(b)) > 0 {
			t.Fatal(pdfa.Check(b))
		}
	})
}
