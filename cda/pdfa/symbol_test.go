package pdfa_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
)

// render draws the first page.
func render(t testing.TB, pdf []byte, dpi int) *image.RGBA {
	t.Helper()
	ppm := testkit.Run(t, pdf, "pdftoppm", "-r", fmt.Sprint(dpi), "-f", "1", "-l", "1", "-").Stdout
	var w, h, most int
	n, err := fmt.Sscanf(string(ppm[:min(len(ppm), 32)]), "P6\n%d %d\n%d", &w, &h, &most)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	pixels := ppm[len(ppm)-3*w*h:]
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetRGBA(i%w, i/w, color.RGBA{R: pixels[3*i], G: pixels[3*i+1], B: pixels[3*i+2], A: 255})
	}
	return img
}

func dark(img *image.RGBA, x, y int) bool {
	c := img.RGBAAt(x, y)
	return int(c.R)+int(c.G)+int(c.B) < 3*128
}

// imageTop finds the first row of an image at the left margin of a page rendered at 72 dpi: it is not white and not grey.
func imageTop(img *image.RGBA) int {
	for y := range img.Rect.Dy() {
		if c := img.RGBAAt(60, y); max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 40 {
			return y
		}
	}
	return 0
}

func TestSymbolIsDrawnModuleByModule(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ size, quiet int }{{40, 0}, {44, 6}} {
		r := kneeReport()
		r.Symbol = &pdfa.Symbol{Modules: modules(tc.size), QuietZone: tc.quiet, Caption: "INS à scanner"}
		const dpi = 300
		img := render(t, build(t, r), dpi)
		module := 0.5 / 25.4 * dpi
		// The lower left corner of the symbol is solid: look for its left border from the right of the identity values.
		x0, y0 := corner(img, 400*dpi/72, 60*dpi/72, 300*dpi/72)
		require.NotZero(t, x0)
		quiet := tc.quiet
		if quiet == 0 {
			quiet = 2
		}
		for y := -quiet; y < tc.size+quiet; y++ {
			for x := -quiet; x < tc.size+quiet; x++ {
				inside := x >= 0 && y >= 0 && x < tc.size && y < tc.size
				want := inside && r.Symbol.Modules[y][x]
				for _, at := range [][2]float64{{0.5, 0.5}, {0.2, 0.2}, {0.8, 0.8}} {
					px, py := x0+int((float64(x)+at[0])*module), y0+int((float64(y)+at[1])*module)
					require.Equal(t, want, dark(img, px, py), "module %d,%d of %d", x, y, tc.size)
				}
			}
		}
		assert.Contains(t, pages(t, build(t, r))[0], "INS à scanner")
	}
}

// corner finds the first dark pixel right of x between two heights that has dark ones below it for a while: the solid border.
func corner(img *image.RGBA, x, top, bottom int) (int, int) {
	for ; x < img.Rect.Dx(); x++ {
		for y := top; y < bottom; y++ {
			run := 0
			for y+run < bottom && dark(img, x, y+run) {
				run++
			}
			if run > 40 {
				return x, y
			}
		}
	}
	return 0, 0
}

func TestSymbolLeavesTheIdentityReadable(t *testing.T) {
	t.Parallel()
	r := kneeReport()
	r.Symbol = &pdfa.Symbol{Modules: modules(48), ModuleWidth: 1, QuietZone: 2}
	r.Identity[0].Value = "TESTE-MARTIN Zoé Amélie Géraldine Hippolyte, née le 04/02/1979 à Ville-Fictive-sur-Rivière, sexe F, identité de test"
	inOrder(t, pages(t, build(t, r))[0], "Patient", "TESTE-MARTIN", "identité de test", "Matricule INS", "Indication")
	for _, w := range words(t, build(t, r)) {
		if w.page == 0 && w.y1 > 130 && w.y0 < 250 && w.x0 > 150 {
			assert.Less(t, w.x1, 595-57-147.0, "%s stands beside the symbol of 147 points", w.text)
		}
	}
	r.Identity = nil
	b := build(t, r)
	assert.Contains(t, string(b), " re\n")
	assert.NotContains(t, pages(t, b)[0], "TESTE-MARTIN Zoé, née")
}

func TestSymbolIsNotInTheFileWithoutOne(t *testing.T) {
	t.Parallel()
	assert.False(t, bytes.Contains(build(t, kneeReport()), []byte(" re\n")))
}
