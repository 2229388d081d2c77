package datamatrix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"

	"github.com/segur-sdk/segur"
)

// Caption is the text that the format wants beside the symbol.
const Caption = "INS à scanner"

// Drawing says how a symbol is drawn. The zero value is good for print.
type Drawing struct {
	// ModuleSize is the side of a module in the pixels of a PNG, 1 to 40; 0 means 8. Modules are never smoothed: print
	// the picture at its own size or at a whole multiple of it.
	ModuleSize int
	// ModuleWidth is the side of a module on paper in millimetres, 0.1 to 10; 0 means 0.5. It sets the size of the SVG
	// and the resolution of the PNG. The smallest width that the format allows is not public.
	ModuleWidth float64
	// QuietZone is the light margin on the four sides in modules, 1 to 20; 0 means 2. The format wants at least 1.
	QuietZone int
	// NoCaption leaves the caption out, for a program that writes [Caption] beside the symbol itself.
	NoCaption bool
}

// prepared returns d with its defaults, or what is wrong with it.
func (s *Symbol) prepared(d Drawing, op string) (Drawing, error) {
	var p segur.Problems
	if s == nil || s.size == 0 {
		p.Add("symbol", "is empty: get one from Payload.Symbol")
	}
	if d.ModuleSize == 0 {
		d.ModuleSize = 8
	}
	if d.ModuleWidth == 0 {
		d.ModuleWidth = 0.5
	}
	if d.QuietZone == 0 {
		d.QuietZone = 2
	}
	if d.ModuleSize < 1 || d.ModuleSize > 40 {
		p.Add("drawing.moduleSize", "must be 1 to 40 pixels")
	}
	if math.IsNaN(d.ModuleWidth) || d.ModuleWidth < 0.1 || d.ModuleWidth > 10 {
		p.Add("drawing.moduleWidth", "must be 0.1 to 10 millimetres")
	}
	if d.QuietZone < 1 || d.QuietZone > 20 {
		p.Add("drawing.quietZone", "must be 1 to 20 modules")
	}
	return d, p.Err(op)
}

// Image draws the symbol in black on white, with its quiet zone and, below that, the caption.
func (s *Symbol) Image(d Drawing) (*image.Paletted, error) {
	d, err := s.prepared(d, "datamatrix.Image")
	if err != nil {
		return nil, err
	}
	return s.image(d), nil
}

func (s *Symbol) image(d Drawing) *image.Paletted {
	side := (s.size + 2*d.QuietZone) * d.ModuleSize
	width, height, dot := side, side, 0
	if !d.NoCaption {
		// The letters are as large as the symbol is wide; under one pixel a dot, the picture grows instead.
		dot = max(1, side/(captionWidth+2))
		width = max(side, (captionWidth+2)*dot)
		height += (captionHeight + 1) * dot
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	square := func(x, y, side int) {
		for row := y; row < y+side; row++ {
			line := img.Pix[row*img.Stride:]
			for col := x; col < x+side; col++ {
				line[col] = 1
			}
		}
	}
	left, top := (width-side)/2+d.QuietZone*d.ModuleSize, d.QuietZone*d.ModuleSize
	for y := range s.size {
		for x := range s.size {
			if s.Dark(x, y) {
				square(left+x*d.ModuleSize, top+y*d.ModuleSize, d.ModuleSize)
			}
		}
	}
	if !d.NoCaption {
		margin := (width - captionWidth*dot) / 2
		captionDots(func(x, y int) { square(margin+x*dot, side+y*dot, dot) })
	}
	return img
}

// PNG writes the symbol as a picture of two colours that carries its size on paper. The same symbol and drawing give the
// same bytes with the same Go toolchain.
func (s *Symbol) PNG(w io.Writer, d Drawing) error {
	const op = "datamatrix.PNG"
	d, err := s.prepared(d, op)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, s.image(d)); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	// image/png writes no physical size: the chunk goes in after the signature and IHDR (8 + 25 bytes).
	const afterIHDR = 33
	perMetre := uint32(math.Round(float64(d.ModuleSize) / d.ModuleWidth * 1000))
	for _, part := range [][]byte{b.Bytes()[:afterIHDR], physical(perMetre), b.Bytes()[afterIHDR:]} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
	}
	return nil
}

// physical makes the chunk pHYs: pixels per metre, both ways (PNG, 11.3.4.3).
func physical(perMetre uint32) []byte {
	c := binary.BigEndian.AppendUint32(nil, 9)
	c = append(c, "pHYs"...)
	c = binary.BigEndian.AppendUint32(c, perMetre)
	c = binary.BigEndian.AppendUint32(c, perMetre)
	c = append(c, 1) // the unit is the metre
	return binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
}
