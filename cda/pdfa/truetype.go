package pdfa

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"unicode"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// face is one parsed TrueType font; it never changes after loadFace.
type face struct {
	name   string // PostScript name
	cmap   *sfnt.Font
	tables map[string][]byte

	unitsPerEm, numGlyphs, numHMetrics int
	longLoca                           bool
	bbox                               [4]int // in 1/1000 em
	ascent, descent, capHeight         int    // in 1/1000 em
	angle                              int    // of italic, in degrees
}

type faces struct{ regular, bold, italic, boldItalic *face }

// of returns the face of a look.
func (f *faces) of(bold, italic bool) *face {
	switch {
	case bold && italic:
		return f.boldItalic
	case bold:
		return f.bold
	case italic:
		return f.italic
	}
	return f.regular
}

// all lists the faces in the order in which a file has them.
func (f *faces) all() []*face { return []*face{f.regular, f.bold, f.italic, f.boldItalic} }

// loadFaces parses the fonts once: they are constants of the program.
var loadFaces = sync.OnceValues(func() (f faces, err error) {
	for _, font := range []struct {
		to   **face
		name string
		ttf  []byte
	}{
		{&f.regular, "GoRegular", goregular.TTF}, {&f.bold, "GoBold", gobold.TTF},
		{&f.italic, "GoItalic", goitalic.TTF}, {&f.boldItalic, "GoBoldItalic", gobolditalic.TTF},
	} {
		if *font.to, err = loadFace(font.name, font.ttf); err != nil {
			return faces{}, err
		}
	}
	return f, nil
})

var errFont = errors.New("pdfa: unusable TrueType font")

func loadFace(name string, ttf []byte) (*face, error) {
	f := &face{name: name, tables: map[string][]byte{}}
	var err error
	if f.cmap, err = sfnt.Parse(ttf); err != nil {
		return nil, fmt.Errorf("%w: %w", errFont, err)
	}
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		e := ttf[12+16*i:]
		from := binary.BigEndian.Uint32(e[8:])
		f.tables[string(e[:4])] = ttf[from : from+binary.BigEndian.Uint32(e[12:])]
	}
	for tag, least := range map[string]int{"head": 54, "hhea": 36, "maxp": 32, "hmtx": 4, "loca": 4, "glyf": 0, "OS/2": 90, "post": 8} {
		if len(f.tables[tag]) < least {
			return nil, fmt.Errorf("%w: table %s", errFont, tag)
		}
	}
	head, hhea := f.tables["head"], f.tables["hhea"]
	f.unitsPerEm = int(binary.BigEndian.Uint16(head[18:]))
	f.longLoca = binary.BigEndian.Uint16(head[50:]) == 1
	f.numGlyphs = int(binary.BigEndian.Uint16(f.tables["maxp"][4:]))
	f.numHMetrics = int(binary.BigEndian.Uint16(hhea[34:]))
	for i := range f.bbox {
		f.bbox[i] = f.milli(signed(head[36+2*i:]))
	}
	f.ascent, f.descent = f.milli(signed(hhea[4:])), f.milli(signed(hhea[6:]))
	f.capHeight = f.milli(signed(f.tables["OS/2"][88:]))
	f.angle = signed(f.tables["post"][4:])
	return f, nil
}

func signed(b []byte) int { return int(int16(binary.BigEndian.Uint16(b))) } //nolint:gosec // two's complement on purpose

// milli converts font units to 1/1000 em, rounded to the nearest.
func (f *face) milli(units int) int {
	if units < 0 {
		return -f.milli(-units)
	}
	return (units*1000 + f.unitsPerEm/2) / f.unitsPerEm
}

// blanks are white space and format characters that have no shape: the subset gets an empty glyph of this width (1/1000 em)
// where the font has none, so that the text stays what it was when it is extracted.
var blanks = map[rune]int{
	'\t':     1200, // a fixed wide space: reports do not depend on tab stops
	'\u00ad': 0,    // soft hyphen: lines are never hyphenated here
	'\u2002': 500, '\u2003': 1000, '\u2004': 333, '\u2005': 250, '\u2006': 167,
	'\u2007': 556, '\u2008': 278, '\u2009': 200, '\u200a': 100, '\u200b': 0,
	'\u202f': 200, // narrow no-break space, the French space before ; : ! ?
	'\u2060': 0,
}

// sameGlyph are characters that are by definition another one with a different line breaking behaviour.
var sameGlyph = map[rune]rune{'\u2010': '-', '\u2011': '-'}

// glyph returns the glyph of a character; ok is false when the font has none. Glyph -1 is an empty one.
func (f *face) glyph(r rune) (gid int, ok bool) {
	if _, blank := blanks[r]; blank {
		return -1, true
	}
	if as, found := sameGlyph[r]; found {
		r = as
	}
	if unicode.IsControl(r) {
		return 0, false // the font has empty glyphs for a few of them
	}
	g, err := f.cmap.GlyphIndex(nil, r)
	return int(g), err == nil && g != 0 && r <= 0xffff
}

// width is the advance of a character in 1/1000 em.
func (f *face) width(r rune) int {
	gid, ok := f.glyph(r)
	if !ok {
		return 0
	}
	if gid < 0 {
		return blanks[r]
	}
	return f.milli(f.advance(gid))
}

func (f *face) advance(gid int) int {
	return int(binary.BigEndian.Uint16(f.tables["hmtx"][4*min(gid, f.numHMetrics-1):]))
}

func (f *face) leftBearing(gid int) int {
	if gid < f.numHMetrics {
		return signed(f.tables["hmtx"][4*gid+2:])
	}
	return signed(f.tables["hmtx"][4*f.numHMetrics+2*(gid-f.numHMetrics):])
}

// outline returns the bytes of a glyph in the table glyf; empty for a blank one.
func (f *face) outline(gid int) []byte {
	loca := f.tables["loca"]
	if f.longLoca {
		return f.tables["glyf"][binary.BigEndian.Uint32(loca[4*gid:]):binary.BigEndian.Uint32(loca[4*gid+4:])]
	}
	return f.tables["glyf"][2*int(binary.BigEndian.Uint16(loca[2*gid:])) : 2*int(binary.BigEndian.Uint16(loca[2*gid+2:]))]
}

// subset is a font reduced to some characters. Its glyph numbers are the codes used in the content streams: glyph i+1 is
// runes[i], and after them come the parts of composite glyphs.
type subset struct {
	face   *face
	file   []byte
	runes  []rune // sorted
	widths []int  // of every glyph, 1/1000 em
}

// code returns the two-byte code of a character that the subset was made for.
func (s *subset) code(r rune) int {
	i, _ := slices.BinarySearch(s.runes, r)
	return i + 1
}

// subset builds the font file that holds only the given characters (sorted, each one known to glyph).
func (f *face) subset(runes []rune) *subset {
	b := subsetter{face: f, renumbered: map[int]int{}}
	b.add(0, 0)
	for _, r := range runes {
		gid, _ := f.glyph(r)
		if gid >= 0 {
			if _, seen := b.renumbered[gid]; !seen {
				b.renumbered[gid] = len(b.old)
			}
		}
		b.add(gid, f.width(r))
	}
	for i := 0; i < len(b.old); i++ { // grows while composite glyphs ask for their parts
		b.glyphs = append(b.glyphs, b.strip(b.old[i]))
	}
	s := &subset{face: f, file: b.file(), runes: slices.Clone(runes)}
	for _, w := range b.advances {
		s.widths = append(s.widths, f.milli(w))
	}
	return s
}

type subsetter struct {
	face       *face
	old        []int       // glyph number in the full font, -1 for an empty glyph
	advances   []int       // font units
	renumbered map[int]int // full font -> subset
	glyphs     [][]byte
}

func (b *subsetter) add(gid, emptyWidth int) {
	b.old = append(b.old, gid)
	if gid < 0 {
		b.advances = append(b.advances, (emptyWidth*b.face.unitsPerEm+500)/1000)
		return
	}
	b.advances = append(b.advances, b.face.advance(gid))
}

// Flags of a composite glyph description (OpenType, table glyf).
const (
	argsAreWords = 0x0001
	haveScale    = 0x0008
	moreParts    = 0x0020
	haveXYScale  = 0x0040
	have2x2      = 0x0080
	haveInstr    = 0x0100
)

// strip copies a glyph without its hinting program and renumbers the parts of a composite one.
func (b *subsetter) strip(gid int) []byte {
	if gid < 0 {
		return nil
	}
	src := b.face.outline(gid)
	if len(src) == 0 {
		return nil
	}
	var out []byte
	if contours := signed(src); contours >= 0 {
		endPoints := 10 + 2*contours
		instr := int(binary.BigEndian.Uint16(src[endPoints:]))
		out = append(out, src[:endPoints]...)
		out = append(out, 0, 0)
		out = append(out, src[endPoints+2+instr:]...)
	} else {
		out = slices.Clone(src)
		p := 10
		for {
			flags := int(binary.BigEndian.Uint16(out[p:]))
			binary.BigEndian.PutUint16(out[p:], uint16(flags&^haveInstr))                                      //nolint:gosec // 16 bits
			binary.BigEndian.PutUint16(out[p+2:], uint16(b.renumber(int(binary.BigEndian.Uint16(out[p+2:]))))) //nolint:gosec // 16 bits
			p += 6
			if flags&argsAreWords != 0 {
				p += 2
			}
			switch {
			case flags&haveScale != 0:
				p += 2
			case flags&haveXYScale != 0:
				p += 4
			case flags&have2x2 != 0:
				p += 8
			}
			if flags&moreParts == 0 {
				break
			}
		}
		out = out[:p]
	}
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return out
}

func (b *subsetter) renumber(gid int) int {
	n, seen := b.renumbered[gid]
	if !seen {
		n = len(b.old)
		b.renumbered[gid] = n
		b.add(gid, 0)
	}
	return n
}

// file assembles the tables that a font embedded as CIDFontType2 needs, and the name table for the licence notice.
func (b *subsetter) file() []byte {
	n := len(b.glyphs)
	var glyf, loca, hmtx []byte
	for i, g := range b.glyphs {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf))) //nolint:gosec // far below 4 GiB
		glyf = append(glyf, g...)
		bearing := 0
		if b.old[i] >= 0 {
			bearing = b.face.leftBearing(b.old[i])
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(b.advances[i])) //nolint:gosec // 16 bits
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(bearing))       //nolint:gosec // two's complement
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf))) //nolint:gosec // far below 4 GiB
	head, hhea, maxp := slices.Clone(b.face.tables["head"]), slices.Clone(b.face.tables["hhea"]), slices.Clone(b.face.tables["maxp"])
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1)         // loca in 32 bits
	binary.BigEndian.PutUint16(hhea[34:], uint16(n)) //nolint:gosec // 16 bits
	binary.BigEndian.PutUint16(maxp[4:], uint16(n))  //nolint:gosec // 16 bits
	binary.BigEndian.PutUint16(maxp[14:], 1)         // no twilight zone: there are no hinting programs
	clear(maxp[16:28])                               // twilight points, storage, functions, instructions, stack, instruction size
	tables := []struct {
		tag  string
		data []byte
	}{{"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}, {"name", b.face.notice()}}

	power := 1 << (bits.Len(uint(len(tables))) - 1)
	out := []byte{0, 1, 0, 0}
	for _, v := range []int{len(tables), power * 16, bits.Len(uint(power)) - 1, (len(tables) - power) * 16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v)) //nolint:gosec // 16 bits
	}
	at, headAt := len(out)+16*len(tables), 0
	for _, t := range tables {
		out = append(out, t.tag...)
		out = binary.BigEndian.AppendUint32(out, checksum(t.data))
		out = binary.BigEndian.AppendUint32(out, uint32(at))          //nolint:gosec // far below 4 GiB
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data))) //nolint:gosec // far below 4 GiB
		if t.tag == "head" {
			headAt = at
		}
		at += (len(t.data) + 3) &^ 3
	}
	for _, t := range tables {
		out = append(out, t.data...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint32(out[headAt+8:], 0xB1B0AFBA-checksum(out))
	return out
}

func checksum(b []byte) (sum uint32) {
	for ; len(b) >= 4; b = b[4:] {
		sum += binary.BigEndian.Uint32(b)
	}
	var last [4]byte
	copy(last[:], b)
	return sum + binary.BigEndian.Uint32(last[:])
}

// notice is a name table with the copyright and licence of the font (its licence asks that copies keep them).
func (f *face) notice() []byte {
	src := f.tables["name"]
	type record struct {
		id   int
		text []byte
	}
	var kept []record
	storage := int(binary.BigEndian.Uint16(src[4:]))
	for i := range int(binary.BigEndian.Uint16(src[2:])) {
		e := src[6+12*i:]
		id := int(binary.BigEndian.Uint16(e[6:]))
		if binary.BigEndian.Uint16(e) == 1 && (id == 0 || id == 13) { // Macintosh Roman: one byte a character
			from := storage + int(binary.BigEndian.Uint16(e[10:]))
			kept = append(kept, record{id, src[from : from+int(binary.BigEndian.Uint16(e[8:]))]})
		}
	}
	var out, text []byte
	for _, v := range []int{0, len(kept), 6 + 12*len(kept)} {
		out = binary.BigEndian.AppendUint16(out, uint16(v)) //nolint:gosec // 16 bits
	}
	for _, r := range kept {
		for _, v := range []int{1, 0, 0, r.id, len(r.text), len(text)} {
			out = binary.BigEndian.AppendUint16(out, uint16(v)) //nolint:gosec // 16 bits
		}
		text = append(text, r.text...)
	}
	return append(out, text...)
}
