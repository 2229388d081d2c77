package datamatrix

import (
	"fmt"
	"log/slog"
	"unique"

	ecc200 "github.com/boombuler/barcode/datamatrix"

	"github.com/segur-sdk/segur"
)

// Symbol is a square Data Matrix ECC 200 symbol, quiet zone not included. It is immutable. Its printed forms are redacted,
// since its modules hold the identity.
type Symbol struct {
	size int
	// One byte a module, row after row: 1 is dark. A handle, since fmt prints what a pointer leads to where it reaches
	// the field by reflection.
	modules unique.Handle[string]
}

// Symbol lays the payload out as a symbol. Encodation is ASCII throughout: a typical identity takes 40 × 40 modules.
func (p Payload) Symbol() (*Symbol, error) {
	if p.IsZero() {
		var problems segur.Problems
		problems.Require("payload", "")
		return nil, problems.Err("datamatrix.Symbol")
	}
	code, err := ecc200.Encode(p.text.Value())
	if err != nil {
		return nil, &segur.Error{Op: "datamatrix.Symbol", Kind: segur.KindTooLarge, Message: "the payload does not fit a symbol"}
	}
	bounds := code.Bounds()
	modules := make([]byte, 0, bounds.Dx()*bounds.Dy())
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			dark := byte(1)
			if red, _, _, _ := code.At(x, y).RGBA(); red != 0 {
				dark = 0
			}
			modules = append(modules, dark)
		}
	}
	return &Symbol{size: bounds.Dx(), modules: unique.Make(string(modules))}, nil
}

// Size returns the number of modules of a side.
func (s *Symbol) Size() int { return s.size }

// Dark reports whether the module in column x of row y is dark, counted from the top left corner. Light outside.
func (s *Symbol) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < s.size && y < s.size && s.modules.Value()[y*s.size+x] == 1
}

// Modules returns the rows of the symbol, from the top; true is dark. It is a copy, for a program that draws by itself.
func (s *Symbol) Modules() [][]bool {
	rows := make([][]bool, s.size)
	for y := range rows {
		rows[y] = make([]bool, s.size)
		for x := range rows[y] {
			rows[y][x] = s.Dark(x, y)
		}
	}
	return rows
}

// String returns the size only.
func (s *Symbol) String() string { return fmt.Sprintf("Symbol(%d×%d, redacted)", s.size, s.size) }

// Format writes the redacted form whatever the verb.
func (s *Symbol) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s *Symbol) LogValue() slog.Value { return slog.StringValue(s.String()) }
