package datamatrix_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
	"github.com/segur-sdk/segur/internal/testkit"
)

func symbol(t testing.TB, p segur.Patient) *datamatrix.Symbol {
	t.Helper()
	s, err := encode(t, p).Symbol()
	require.NoError(t, err)
	return s
}

func drawPNG(t testing.TB, s *datamatrix.Symbol, d datamatrix.Drawing) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.PNG(&b, d))
	return b.Bytes()
}

func drawSVG(t testing.TB, s *datamatrix.Symbol, d datamatrix.Drawing) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.SVG(&b, d))
	return b.Bytes()
}

// The frame of ECC 200: solid left and bottom edges, alternating top and right ones, in a square.
func TestSymbolFrame(t *testing.T) {
	t.Parallel()
	s := symbol(t, patient())
	assert.Equal(t, 40, s.Size())
	n := s.Size()
	for i := range n {
		assert.True(t, s.Dark(0, i), "left %d", i)
		assert.True(t, s.Dark(i, n-1), "bottom %d", i)
		assert.Equal(t, i%2 == 0, s.Dark(i, 0), "top %d", i)
		assert.Equal(t, i%2 == 1, s.Dark(n-1, i), "right %d", i)
		assert.False(t, s.Dark(-1, i) || s.Dark(n, i) || s.Dark(i, -1) || s.Dark(i, n), "outside %d", i)
	}
	rows := s.Modules()
	require.Len(t, rows, n)
	for y, row := range rows {
		require.Len(t, row, n)
		for x, dark := range row {
			require.Equal(t, s.Dark(x, y), dark)
		}
	}
	rows[0][0] = false
	assert.True(t, s.Dark(0, 0))
}

func TestSymbolOfNothing(t *testing.T) {
	t.Parallel()
	_, err := datamatrix.Payload{}.Symbol()
	assert.Equal(t, []string{"payload"}, fields(t, err))
	assert.Equal(t, []string{"symbol"}, fields(t, new(datamatrix.Symbol).PNG(io.Discard, datamatrix.Drawing{})))
	assert.Equal(t, []string{"symbol"}, fields(t, new(datamatrix.Symbol).SVG(io.Discard, datamatrix.Drawing{})))
}

func TestDrawingIsChecked(t *testing.T) {
	t.Parallel()
	s := symbol(t, patient())
	all := []string{"drawing.moduleSize", "drawing.moduleWidth", "drawing.quietZone"}
	for _, d := range []datamatrix.Drawing{
		{ModuleSize: -1, ModuleWidth: -1, QuietZone: -1}, {ModuleSize: 41, ModuleWidth: 11, QuietZone: 21}, {ModuleSize: 1 << 40, ModuleWidth: math.NaN(), QuietZone: 1 << 40},
		{ModuleSize: -8, ModuleWidth: math.Inf(1), QuietZone: -2},
	} {
		var b bytes.Buffer
		assert.Equal(t, all, fields(t, s.PNG(&b, d)))
		assert.Equal(t, all, fields(t, s.SVG(&b, d)))
		_, err := s.Image(d)
		assert.Equal(t, all, fields(t, err))
		assert.Zero(t, b.Len())
	}
}

// darkAt reports whether the module of a picture is dark, all its pixels alike.
func darkAt(t *testing.T, img image.Image, left, top, size int) bool {
	t.Helper()
	first := img.At(left, top) == color.Color(color.Gray{})
	for y := top; y < top+size; y++ {
		for x := left; x < left+size; x++ {
			require.Equal(t, first, img.At(x, y) == color.Color(color.Gray{}))
		}
	}
	return first
}

// Every module of the picture is where it belongs, the quiet zone is light, and the caption is below it.
func TestPNG(t *testing.T) {
	t.Parallel()
	s := symbol(t, patient())
	for _, d := range []datamatrix.Drawing{{}, {ModuleSize: 3, QuietZone: 1}, {ModuleSize: 5, QuietZone: 4, NoCaption: true}, {ModuleSize: 1, QuietZone: 1}} {
		data := drawPNG(t, s, d)
		assert.Equal(t, data, drawPNG(t, s, d), "same symbol, same bytes")
		decoded, err := png.Decode(bytes.NewReader(data))
		require.NoError(t, err)
		paletted, ok := decoded.(*image.Paletted)
		require.True(t, ok)
		assert.Len(t, paletted.Palette, 2)
		img := image.NewGray(paletted.Bounds())
		dark := 0
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				img.Set(x, y, paletted.At(x, y))
			}
		}
		module, quiet := max(d.ModuleSize, 1), max(d.QuietZone, 1)
		if d == (datamatrix.Drawing{}) {
			module, quiet = 8, 2
		}
		side := (s.Size() + 2*quiet) * module
		left := (img.Rect.Dx() - side) / 2
		for y := -quiet; y < s.Size()+quiet; y++ {
			for x := -quiet; x < s.Size()+quiet; x++ {
				require.Equal(t, s.Dark(x, y), darkAt(t, img, left+(x+quiet)*module, (y+quiet)*module, module), "module %d, %d", x, y)
			}
		}
		for y := side; y < img.Rect.Dy(); y++ {
			for x := range img.Rect.Dx() {
				if img.GrayAt(x, y).Y == 0 {
					dark++
				}
			}
		}
		assert.Equal(t, d.NoCaption, dark == 0, "caption")
		assert.Equal(t, d.NoCaption, img.Rect.Dy() == side)
	}
}

// The caption has its accent, and its letters stand as they are drawn.
func TestPNGCaption(t *testing.T) {
	t.Parallel()
	s := symbol(t, patient())
	img, err := s.Image(datamatrix.Drawing{ModuleSize: 2, QuietZone: 1})
	require.NoError(t, err)
	side := (s.Size() + 2) * 2
	margin := (img.Rect.Dx() - 77) / 2
	var lines []string
	for y := side; y < side+7; y++ {
		line := ""
		for x := margin; x < margin+77; x++ {
			line += map[uint8]string{0: " ", 1: "#"}[img.ColorIndexAt(x, y)]
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	testkit.Golden(t, "caption.txt", []byte(strings.Join(lines, "\n")+"\n"))
}

// The picture says how large it is on paper: a reader who prints it at its size gets modules of that width.
func TestPNGPhysicalSize(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d    datamatrix.Drawing
		want uint32
	}{{datamatrix.Drawing{}, 16000}, {datamatrix.Drawing{ModuleSize: 6, ModuleWidth: 0.508}, 11811}} { // 300 dots per inch
		data := drawPNG(t, symbol(t, patient()), test.d)
		i := bytes.Index(data, []byte("pHYs"))
		require.Equal(t, 37, i)
		assert.Equal(t, test.want, binary.BigEndian.Uint32(data[i+4:]))
		assert.Equal(t, test.want, binary.BigEndian.Uint32(data[i+8:]))
		assert.Equal(t, byte(1), data[i+12])
		assert.Equal(t, crc32.ChecksumIEEE(data[i:i+13]), binary.BigEndian.Uint32(data[i+13:]))
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	s := symbol(t, patient())
	testkit.Golden(t, "symbol.svg", drawSVG(t, s, datamatrix.Drawing{}))
	testkit.Golden(t, "plain.svg", drawSVG(t, s, datamatrix.Drawing{QuietZone: 1, ModuleWidth: 0.3, NoCaption: true}))
	assert.Equal(t, drawSVG(t, s, datamatrix.Drawing{}), drawSVG(t, s, datamatrix.Drawing{}))

	var doc struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Label   string   `xml:"aria-label,attr"`
		Role    string   `xml:"role,attr"`
		Width   string   `xml:"width,attr"`
		Height  string   `xml:"height,attr"`
		ViewBox string   `xml:"viewBox,attr"`
		Title   string   `xml:"title"`
		Text    string   `xml:"text"`
	}
	data := drawSVG(t, s, datamatrix.Drawing{})
	require.NoError(t, xml.Unmarshal(data, &doc))
	assert.Equal(t, []string{"INS à scanner", "img", "22mm", "25.432mm", "0 0 44 50.864", "INS à scanner", "INS à scanner"},
		[]string{doc.Label, doc.Role, doc.Width, doc.Height, doc.ViewBox, doc.Title, doc.Text})
	for _, reference := range []string{"href", "url(", "<script", "<style", "<!DOCTYPE", "FICTIVE"} {
		assert.NotContains(t, string(data), reference)
	}
	assert.NotContains(t, string(drawSVG(t, s, datamatrix.Drawing{NoCaption: true})), "<text")
}

// svgModules draws the path of an SVG on a grid of modules, on its own: the moves and runs, nothing else.
func svgModules(t testing.TB, data []byte) [][]bool {
	t.Helper()
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Path    struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	require.NoError(t, xml.Unmarshal(data, &doc))
	side, err := strconv.Atoi(strings.Fields(doc.ViewBox)[2])
	require.NoError(t, err)
	grid := make([][]bool, side)
	for y := range grid {
		grid[y] = make([]bool, side)
	}
	for _, run := range strings.Split(strings.TrimSuffix(doc.Path.D, "z"), "z") {
		place, length, found := strings.Cut(run, "h")
		require.True(t, found)
		column, line, found := strings.Cut(strings.TrimPrefix(place, "M"), " ")
		require.True(t, found)
		x, err := strconv.Atoi(column)
		require.NoError(t, err)
		y, err := strconv.Atoi(line)
		require.NoError(t, err)
		right, back, found := strings.Cut(length, "v1h-")
		require.True(t, found)
		require.Equal(t, right, back)
		n, err := strconv.Atoi(right)
		require.NoError(t, err)
		for i := range n {
			require.False(t, grid[y][x+i])
			grid[y][x+i] = true
		}
	}
	return grid
}

func TestSVGModules(t *testing.T) {
	t.Parallel()
	s := symbol(t, patient())
	for _, quiet := range []int{1, 2, 20} {
		grid := svgModules(t, drawSVG(t, s, datamatrix.Drawing{QuietZone: quiet}))
		require.Len(t, grid, s.Size()+2*quiet)
		for y, row := range grid {
			for x, dark := range row {
				require.Equal(t, s.Dark(x-quiet, y-quiet), dark)
			}
		}
	}
}

type failingWriter struct{ after int }

var errDisk = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestDrawingToFailingWriter(t *testing.T) {
	t.Parallel()
	s := symbol(t, patient())
	for _, after := range []int{0, 33, 60} {
		assert.ErrorIs(t, s.PNG(&failingWriter{after}, datamatrix.Drawing{}), errDisk)
		assert.ErrorIs(t, s.SVG(&failingWriter{after}, datamatrix.Drawing{}), errDisk)
	}
}

func TestSymbolsAreSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	payload := encode(t, patient())
	s, err := payload.Symbol()
	require.NoError(t, err)
	want := drawPNG(t, s, datamatrix.Drawing{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			other, err := payload.Symbol()
			assert.NoError(t, err)
			assert.Equal(t, s, other)
			var b bytes.Buffer
			assert.NoError(t, s.PNG(&b, datamatrix.Drawing{}))
			assert.Equal(t, want, b.Bytes())
		})
	}
	wg.Wait()
}
