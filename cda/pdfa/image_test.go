package pdfa_test

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
)

func TestImageSize(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		image pdfa.Image
		want  string // the matrix: width and height in points
	}{
		"natural":    {pdfa.Image{JPEG: keyImage(t, 150, 75, false)}, "q 72 0 0 36 57 "},
		"text width": {pdfa.Image{JPEG: keyImage(t, 2000, 100, false)}, "q 481 0 0 24.05 57 "},
		"given":      {pdfa.Image{JPEG: keyImage(t, 30, 60, false), Width: 25.4}, "q 72 0 0 144 57 "},
		"widest":     {pdfa.Image{JPEG: keyImage(t, 50, 10, false), Width: pdfa.MaxImageWidth}, "q 479.055 0 0 95.811 57 "},
		"too high":   {pdfa.Image{JPEG: keyImage(t, 20, 200, false), Width: 100}, "q 64 0 0 640 57 "},
	} {
		b := string(build(t, blockReport(tc.image)))
		assert.Contains(t, b, tc.want, name)
		assert.Len(t, pages(t, []byte(b)), 1, name)
	}
}

func TestImageIsEmbeddedOnce(t *testing.T) {
	t.Parallel()
	a, b := keyImage(t, 60, 60, false), keyImage(t, 60, 60, true)
	blocks := []pdfa.Block{pdfa.Image{JPEG: a}, pdfa.Image{JPEG: bytes.Clone(a), Width: 30}, pdfa.Image{JPEG: b, Width: 160}, pdfa.Image{JPEG: a, Width: 160}}
	pdf := build(t, blockReport(blocks...))
	assert.Equal(t, 1, bytes.Count(pdf, a))
	assert.Equal(t, 1, bytes.Count(pdf, b))
	assert.Equal(t, 3, bytes.Count(pdf, []byte("/I0 Do")))
	assert.Equal(t, 1, bytes.Count(pdf, []byte("/I1 Do")))
	assert.Regexp(t, `/XObject << /I0 \d+ 0 R /I1 \d+ 0 R >>`, string(pdf), "the page that shows both")
	assert.Regexp(t, `/XObject << /I0 \d+ 0 R >>`, string(pdf), "the page that shows the first")
	assert.Len(t, pages(t, pdf), 2)
}

func TestImageAndCaptionStayTogether(t *testing.T) {
	t.Parallel()
	for filler := 10; filler < 50; filler += 5 {
		text := pdfa.Paragraph{Text: pdfa.Plain(strings.Repeat("plein\n", filler) + "plein")}
		pdf := build(t, blockReport(text, pdfa.Image{Bitmap: arrow(), Width: 80, Caption: "Figure du bas"}))
		_, after, found := strings.Cut(string(pdf), "/I0 Do")
		assert.True(t, found)
		after, _, _ = strings.Cut(after, "endstream")
		assert.Contains(t, after, "/GoItalic 9 Tf", "the caption is on the page of the image, filler %d", filler)
	}
}

// The dark pixels of a bitmap are dark on paper, the others are not.
func TestBitmap(t *testing.T) {
	t.Parallel()
	const dpi = 300
	bitmap := arrow()
	pdf := build(t, blockReport(pdfa.Image{Bitmap: bitmap, Width: 40}))
	m := regexp.MustCompile(`q (\S+) 0 0 (\S+) (\S+) (\S+) cm /I0 Do`).FindSubmatch(pdf)
	require.Len(t, m, 5)
	var at [4]float64
	for i := range at {
		var err error
		at[i], err = strconv.ParseFloat(string(m[i+1]), 64)
		require.NoError(t, err)
	}
	img := render(t, pdf, dpi)
	for y := range bitmap.Height {
		for x := range bitmap.Width {
			px := at[2] + at[0]*(float64(x)+0.5)/float64(bitmap.Width)
			py := 842 - at[3] - at[1]*(1-(float64(y)+0.5)/float64(bitmap.Height))
			want := bitmap.Bits[8*y+x/8]&(0x80>>(x%8)) != 0
			require.Equal(t, want, dark(img, int(px*dpi/72), int(py*dpi/72)), "pixel %d,%d", x, y)
		}
	}
}
