package pdfa_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The logo stands at the top right, within its box, and pushes the title down.
func TestLogoIsInItsBox(t *testing.T) {
	t.Parallel()
	r := kneeReport()
	r.Logo = &pdfa.Image{JPEG: keyImage(t, 600, 300, true)}
	pdf := build(t, r)
	assert.Empty(t, pdfa.Check(pdf))
	const dpi = 72
	img := render(t, pdf, dpi)
	left, right, top, bottom := img.Rect.Dx(), 0, img.Rect.Dy(), 0
	for y := range 130 { // the logo is what has colours
		for x := range img.Rect.Dx() {
			if c := img.RGBAAt(x, y); max(c.R, c.G, c.B)-min(c.R, c.G, c.B) > 40 {
				left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
			}
		}
	}
	millimetres := func(pixels int) float64 { return float64(pixels) * 25.4 / dpi }
	assert.InDelta(t, 40, millimetres(right-left), 3, "20 mm high, twice as wide")
	assert.InDelta(t, 20, millimetres(bottom-top), 2)
	assert.InDelta(t, 595-57, right, 3, "at the right margin")
	require.NoError(t, testkit.PreflightBytes(t, pdf))

	r.Logo = &pdfa.Image{JPEG: []byte("x"), Caption: "légende"}
	_, err := pdfa.Build(r)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "logo.caption must be empty; logo.jpeg ")
}
