package pdfa

import (
	"fmt"
	"math"
	"strings"
)

// Symbol is a matrix code, such as the INS datamatrix of a qualified identity, drawn in black squares beside the identity
// block. It holds the identity, so it is never logged.
type Symbol struct {
	// Modules are the rows of the symbol from the top, without quiet zone; true is dark. 8 to 144 rows and columns.
	Modules [][]bool
	// ModuleWidth is the side of a module in millimetres, 0.2 to 2; 0 means 0.5.
	ModuleWidth float64
	// QuietZone is the width in modules of the margin that is kept free on the four sides, 1 to 20; 0 means 2.
	QuietZone int
	// Caption is shown below the symbol. Optional.
	Caption string
}

// maxSymbolWidth bounds a symbol with its quiet zone, so that the identity keeps half of the line.
const maxSymbolWidth = 80.0 // millimetres

const symbolGap = 8 * pt // between the identity and the symbol

func (p *preparer) symbol(in *Symbol) *Symbol {
	if in == nil {
		return nil
	}
	s := *in
	p.line("symbol.caption", &s.Caption, p.fonts.regular)
	if s.ModuleWidth == 0 {
		s.ModuleWidth = 0.5
	}
	if s.QuietZone == 0 {
		s.QuietZone = 2
	}
	ok := len(s.Modules) >= 8 && len(s.Modules) <= 144 && len(s.Modules[0]) >= 8 && len(s.Modules[0]) <= 144
	for _, row := range s.Modules {
		ok = ok && len(row) == len(s.Modules[0])
	}
	if !ok {
		p.problems.Add("symbol.modules", "must be 8 to 144 rows of 8 to 144 modules, all of the same length")
	}
	if math.IsNaN(s.ModuleWidth) || s.ModuleWidth < 0.2 || s.ModuleWidth > 2 {
		p.problems.Add("symbol.moduleWidth", "must be 0.2 to 2 millimetres")
		ok = false
	}
	if s.QuietZone < 1 || s.QuietZone > 20 {
		p.problems.Add("symbol.quietZone", "must be 1 to 20 modules")
		ok = false
	}
	if ok && float64(max(len(s.Modules), len(s.Modules[0]))+2*s.QuietZone)*s.ModuleWidth > maxSymbolWidth {
		p.problems.Addf("symbol.moduleWidth", "makes the symbol larger than %g millimetres", maxSymbolWidth)
	}
	return &s
}

// symbolBox is the place that a symbol takes.
type symbolBox struct {
	module        int // the side of one
	side          int // the width with the quiet zone
	width, height int // with the caption
	caption       []string
}

func (l *layout) symbolBox(s *Symbol) symbolBox {
	b := symbolBox{module: millimetres(s.ModuleWidth)}
	b.side = (len(s.Modules[0]) + 2*s.QuietZone) * b.module
	b.width = max(b.side, 60*pt) // room for a caption
	b.caption = l.wrap(s.Caption, styleSmall, b.width)
	b.caption = b.caption[:min(len(b.caption), maxSymbolCaption+1)]
	l.symbolLines = len(b.caption)
	b.height = (len(s.Modules)+2*s.QuietZone)*b.module + len(b.caption)*styleSmall.leading
	return b
}

// maxSymbolCaption bounds the lines of the caption.
const maxSymbolCaption = 4

// symbol draws a symbol at the right margin of a page: one path of rectangles, each one a run of dark modules of a row.
func (l *layout) symbol(s *Symbol, b symbolBox, sheet, top int) {
	left := marginSide + textWidth - b.width
	x0, y := left+(b.width-b.side)/2+s.QuietZone*b.module, top-s.QuietZone*b.module
	var ops strings.Builder
	ops.WriteString("q 0 0 0 rg\n")
	for _, row := range s.Modules {
		y -= b.module
		for i := 0; i < len(row); i++ {
			n := i
			for n < len(row) && row[n] {
				n++
			}
			if n > i {
				fmt.Fprintf(&ops, "%s %s %s %s re\n", points(x0+i*b.module), points(y), points((n-i)*b.module), points(b.module))
				i = n
			}
		}
	}
	ops.WriteString("f Q\n")
	p := &l.pages[sheet]
	p.items = append(p.items, item{ops: ops.String(), x: x0, y: y})
	y -= s.QuietZone * b.module
	for _, text := range b.caption {
		y -= styleSmall.leading
		p.items = append(p.items, item{text: text, style: styleSmall, x: left + (b.width-l.width(text, styleSmall))/2, y: y + 3*pt})
	}
}
