package datamatrix_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins/datamatrix"
	"github.com/segur-sdk/segur/internal/testkit"
)

// read returns what libdmtx finds in a picture.
func read(t *testing.T, picture []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "symbol.png")
	require.NoError(t, os.WriteFile(file, picture, 0o600))
	out := testkit.Run(t, nil, "dmtxread", "--stop-after=1", file)
	require.NoError(t, out.Err())
	return string(out.Stdout)
}

// payloads are of every length that matters: the shortest, the typical, each field at its most.
func payloads() map[string]func(*segur.Patient) {
	return map[string]func(*segur.Patient){
		"typical":  func(*segur.Patient) {},
		"OID 19":   func(p *segur.Patient) { p.INS = number("297022A020778", segur.OIDINSNIR) },
		"shortest": func(p *segur.Patient) { p.Traits.BirthName, p.Traits.GivenNames, p.Traits.BirthPlace = "A", "B", "" },
		"40":       func(p *segur.Patient) { p.Traits.BirthName = strings.Repeat("D'ARC-", 6) + "FICT" },
		"99": func(p *segur.Patient) {
			p.Traits.BirthName, p.Traits.GivenNames = strings.Repeat("AZ-", 33), strings.Repeat("ANNE ", 19)+"LUCE"
		},
		"longest": func(p *segur.Patient) {
			p.Traits.BirthName, p.Traits.GivenNames = strings.Repeat("DE L'", 20)[:99]+"X", strings.Repeat("MARIE-EVE ", 10)[:99]+"S"
		},
	}
}

// A decoder of others reads the picture as the same bytes, separators included, and they decode to the identity.
func TestOracleReadsPNG(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "dmtxread")
	for name, change := range payloads() {
		for _, d := range []datamatrix.Drawing{{}, {ModuleSize: 3, QuietZone: 1}, {ModuleSize: 5, QuietZone: 4, NoCaption: true}} {
			t.Run(fmt.Sprintf("%s, modules of %d", name, d.ModuleSize), func(t *testing.T) {
				t.Parallel()
				p := patient()
				change(&p)
				payload := encode(t, p)
				s, err := payload.Symbol()
				require.NoError(t, err)
				got := read(t, drawPNG(t, s, d))
				require.Equal(t, string(payload.Bytes()), got)
				decoded, err := decode(got)
				require.NoError(t, err)
				assert.Equal(t, p.INS, decoded.INS)
				assert.Equal(t, p.Traits.BirthName, decoded.Traits.BirthName)
			})
		}
	}
}

// The same for the drawing, its path put on a grid by the test.
func TestOracleReadsSVG(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "dmtxread")
	for name, change := range payloads() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := patient()
			change(&p)
			payload := encode(t, p)
			s, err := payload.Symbol()
			require.NoError(t, err)
			const size = 4
			grid := svgModules(t, drawSVG(t, s, datamatrix.Drawing{}))
			img := image.NewGray(image.Rect(0, 0, len(grid)*size, len(grid)*size))
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					if !grid[y/size][x/size] {
						img.SetGray(x, y, color.Gray{Y: 255})
					}
				}
			}
			var b strings.Builder
			require.NoError(t, png.Encode(&b, img))
			assert.Equal(t, string(payload.Bytes()), read(t, []byte(b.String())))
		})
	}
}

// GS is a data character (codeword 30), never FNC1 (codeword 232): the codewords of the symbol are those of plain ASCII.
func TestOracleCodewords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "symbol.png")
	require.NoError(t, os.WriteFile(file, drawPNG(t, symbol(t, patient()), datamatrix.Drawing{}), 0o600))
	out := testkit.Run(t, nil, "dmtxread", "--stop-after=1", "--codewords", file)
	require.NoError(t, out.Err())
	var data []byte
	for line := range strings.Lines(string(out.Stdout)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "d:"); ok {
			codeword, err := strconv.ParseUint(value, 10, 8)
			require.NoError(t, err)
			data = append(data, byte(codeword))
		}
	}
	want := encodedASCII(scanOf())
	assert.Equal(t, 2, bytes.Count(want, []byte{30}))
	require.Greater(t, len(data), len(want))
	assert.Equal(t, want, data[:len(want)])
	assert.Equal(t, byte(129), data[len(want)], "padding follows")
}

// encodedASCII returns the codewords of ASCII encodation: a pair of digits in one, else a character in each.
func encodedASCII(s string) []byte {
	digit := func(i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }
	var out []byte
	for i := 0; i < len(s); i++ {
		if digit(i) && digit(i+1) {
			out = append(out, 130+(s[i]-'0')*10+s[i+1]-'0')
			i++
			continue
		}
		out = append(out, s[i]+1)
	}
	return out
}
