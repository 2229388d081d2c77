package datamatrix

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// captionSize is the font size of the SVG caption as a part of the picture's width: "INS à scanner" takes six to seven times
// its size in any usual font without serifs, so it stays within the picture.
const captionSize = 0.13

// SVG writes the symbol as a drawing of its size on paper, black on white, with a title for screen readers, without
// script, style sheet or reference. The caption is text in the reader's sans-serif font. Same symbol and drawing, same
// bytes.
func (s *Symbol) SVG(w io.Writer, d Drawing) error {
	const op = "datamatrix.SVG"
	d, err := s.prepared(d, op)
	if err != nil {
		return err
	}
	side := float64(s.size + 2*d.QuietZone)
	height, font := side, 0.0
	if !d.NoCaption {
		font = side * captionSize
		height += font * 1.2
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" version="1.1" role="img" aria-label="%s" width="%smm" height="%smm" viewBox="0 0 %s %s">`+"\n",
		Caption, number(side*d.ModuleWidth), number(height*d.ModuleWidth), number(side), number(height))
	fmt.Fprintf(&b, "<title>%s</title>\n", Caption)
	fmt.Fprintf(&b, `<rect width="%s" height="%s" fill="#fff"/>`+"\n", number(side), number(height))
	b.WriteString(`<path fill="#000" shape-rendering="crispEdges" d="`)
	for y := range s.size {
		for x := 0; x < s.size; x++ {
			if !s.Dark(x, y) {
				continue
			}
			run := 1
			for s.Dark(x+run, y) {
				run++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+d.QuietZone, y+d.QuietZone, run, run)
			x += run
		}
	}
	b.WriteString("\"/>\n")
	if !d.NoCaption {
		fmt.Fprintf(&b, `<text x="%s" y="%s" font-family="sans-serif" font-size="%s" text-anchor="middle" fill="#000">%s</text>`+"\n",
			number(side/2), number(side+font*0.8), number(font), Caption)
	}
	b.WriteString("</svg>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// number writes at most three decimals.
func number(f float64) string {
	f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'f', 3, 64), 64)
	return strconv.FormatFloat(f, 'f', -1, 64)
}
