package pdfa

import (
	"crypto/sha256"
	"fmt"
)

// font writes the six objects of an embedded font from number n on: a Type 0 font with Identity-H, its CIDFontType2, the
// descriptor, the TrueType program, the ToUnicode map and the CIDSet (ISO 19005-1, 6.3.3 to 6.3.5).
func (d *document) font(n int, s *subset) {
	name := s.tag() + "+" + s.face.name
	d.object(n, fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [ %d 0 R ] /ToUnicode %d 0 R >>",
		name, n+1, n+4))
	var widths []byte
	for _, w := range s.widths {
		widths = fmt.Appendf(widths, " %d", w)
	}
	d.object(n+1, fmt.Sprintf("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s"+
		" /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"+
		" /FontDescriptor %d 0 R /CIDToGIDMap /Identity /DW 0 /W [ 0 [%s ] ] >>", name, n+2, widths))
	stem := 80
	if s.face == d.fonts.bold || s.face == d.fonts.boldItalic {
		stem = 140
	}
	flags := 4 // symbolic: the codes are glyph numbers
	f := s.face
	if f.angle != 0 {
		flags |= 64 // italic
	}
	d.object(n+2, fmt.Sprintf("<< /Type /FontDescriptor /FontName /%s /Flags %d /FontBBox [ %d %d %d %d ] /ItalicAngle %d"+
		" /Ascent %d /Descent %d /CapHeight %d /StemV %d /FontFile2 %d 0 R /CIDSet %d 0 R >>",
		name, flags, f.bbox[0], f.bbox[1], f.bbox[2], f.bbox[3], f.angle, f.ascent, f.descent, f.capHeight, stem, n+3, n+5))
	d.stream(n+3, fmt.Sprintf("/Length1 %d", len(s.file)), s.file)
	d.stream(n+4, "", s.toUnicode())
	set := make([]byte, (len(s.widths)+7)/8)
	for i := range s.widths {
		set[i/8] |= 0x80 >> (i % 8)
	}
	d.stream(n+5, "", set)
}

// tag is the six letters that mark a subset; they depend on its characters only.
func (s *subset) tag() string {
	sum := sha256.Sum256([]byte(string(s.runes)))
	b := make([]byte, 6)
	for i := range b {
		b[i] = 'A' + sum[i]%26
	}
	return string(b)
}

// toUnicode maps the codes back to characters, so that the text can be searched and copied.
func (s *subset) toUnicode() []byte {
	b := []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	const block = 100 // the most one block may hold
	for from := 0; from < len(s.runes); from += block {
		part := s.runes[from:min(from+block, len(s.runes))]
		b = fmt.Appendf(b, "%d beginbfchar\n", len(part))
		for i, r := range part {
			b = fmt.Appendf(b, "<%04X> <%04X>\n", from+i+1, r)
		}
		b = append(b, "endbfchar\n"...)
	}
	return append(b, "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"...)
}
