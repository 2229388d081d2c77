package pdfa

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
)

// document writes the objects of the file. Streams are not compressed: the fonts are subsets, a report stays small, and
// the bytes do not depend on the version of a compressor.
type document struct {
	report *Report
	fonts  faces
	pages  []page

	pictures []picture

	out     bytes.Buffer
	offsets []int // of object i+1
}

// Numbers of the objects that are always there.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objMetadata
	objIntent
	objProfile
	objFonts // each font takes objectsPerFont; the pages follow
)

const objectsPerFont = 6

func (d *document) bytes() []byte {
	used := d.subsets()
	firstPage := objFonts + objectsPerFont*len(used)
	firstPicture := firstPage + 2*len(d.pages)
	if len(d.pictures) > 0 { // they are what is large: room for them and for the rest, roughly
		size := 1<<18 + len(d.pages)<<14
		for _, p := range d.pictures {
			size += len(p.data) + 1<<8
		}
		d.out.Grow(size)
	}
	d.out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n") // ISO 19005-1, 6.1.2

	d.object(objCatalog, fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Metadata %d 0 R /OutputIntents [ %d 0 R ] /Lang %s"+
		" /ViewerPreferences << /DisplayDocTitle true >> >>", objPages, objMetadata, objIntent, literal(d.report.Language)))
	var kids []byte
	for i := range d.pages {
		kids = fmt.Appendf(kids, "%d 0 R ", firstPage+2*i)
	}
	d.object(objPages, fmt.Sprintf("<< /Type /Pages /Count %d /Kids [ %s] >>", len(d.pages), kids))
	d.object(objInfo, d.info())
	d.stream(objMetadata, "/Type /Metadata /Subtype /XML", xmpPacket(d.report))
	d.object(objIntent, fmt.Sprintf("<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB IEC61966-2.1)"+
		" /Info (sRGB IEC61966-2.1) /DestOutputProfile %d 0 R >>", objProfile))
	d.stream(objProfile, "/N 3", outputProfile())
	fonts := ""
	for i, s := range used {
		d.font(objFonts+objectsPerFont*i, s)
		fonts += fmt.Sprintf("/%s %d 0 R ", s.face.name, objFonts+objectsPerFont*i)
	}
	for i, p := range d.pages {
		n := firstPage + 2*i
		d.object(n, fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [ 0 0 %d %d ] /Resources << /Font << %s>>%s >> /Contents %d 0 R >>",
			objPages, pageWidth/pt, pageHeight/pt, fonts, p.xObjects(firstPicture), n+1))
		d.stream(n+1, "", d.content(p, used))
	}
	for i, p := range d.pictures {
		d.stream(firstPicture+i, fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d %s", p.width, p.height, p.entries), p.data)
	}
	d.trailer()
	return d.out.Bytes()
}

// xObjects is the resource entry of the pictures of a page.
func (p *page) xObjects(first int) string {
	if len(p.pictures) == 0 {
		return ""
	}
	s := " /XObject << "
	for _, n := range p.pictures {
		s += fmt.Sprintf("/I%d %d 0 R ", n, first+n)
	}
	return s + ">>"
}

// subsets reduces each font to the characters that the pages show.
func (d *document) subsets() []*subset {
	seen := map[*face]map[rune]bool{}
	for _, f := range d.fonts.all() {
		seen[f] = map[rune]bool{}
	}
	for _, p := range d.pages {
		for _, i := range p.items {
			for _, r := range i.text {
				seen[d.face(i.style)][r] = true
			}
		}
	}
	var used []*subset
	for _, f := range d.fonts.all() {
		runes := make([]rune, 0, len(seen[f]))
		for r := range seen[f] {
			runes = append(runes, r)
		}
		slices.Sort(runes)
		if len(runes) > 0 {
			used = append(used, f.subset(runes))
		}
	}
	return used
}

func (d *document) face(s style) *face { return d.fonts.of(s.bold, s.italic) }

func (d *document) begin(n int) {
	for len(d.offsets) < n {
		d.offsets = append(d.offsets, 0)
	}
	d.offsets[n-1] = d.out.Len()
	fmt.Fprintf(&d.out, "%d 0 obj\n", n)
}

func (d *document) object(n int, body string) {
	d.begin(n)
	d.out.WriteString(body + "\nendobj\n")
}

func (d *document) stream(n int, entries string, data []byte) {
	d.begin(n)
	if entries != "" {
		entries += " "
	}
	fmt.Fprintf(&d.out, "<< %s/Length %d >>\nstream\n", entries, len(data))
	d.out.Write(data)
	d.out.WriteString("\nendstream\nendobj\n")
}

func (d *document) info() string {
	b := "<< /Title " + unicodeString(d.report.Title)
	if d.report.Author != "" {
		b += " /Author " + unicodeString(d.report.Author)
	}
	if d.report.Subject != "" {
		b += " /Subject " + unicodeString(d.report.Subject)
	}
	at := pdfDate(d.report.Created)
	return b + fmt.Sprintf(" /Producer %s /CreationDate (%s) /ModDate (%s) >>", literal(producer), at, at)
}

// maxShown bounds the characters of one string: PDF/A-1 (6.1.12) allows 65,535 bytes, and characters without width are not
// bounded by the line.
const maxShown = 32_000

// content writes the operators of a page. Text is black or grey in DeviceRGB, which the output intent defines.
func (d *document) content(p page, used []*subset) []byte {
	var b []byte
	grey := -1
	for _, i := range p.items {
		if i.rule > 0 {
			b = fmt.Appendf(b, "0.6 0.6 0.6 RG 0.5 w %s %s m %s %s l S\n", points(i.x), points(i.y), points(i.x+i.rule), points(i.y))
			continue
		}
		if i.ops != "" {
			b = append(b, i.ops...)
			continue
		}
		if i.text == "" {
			continue
		}
		if i.style.grey != grey {
			grey = i.style.grey
			g := points(grey)
			b = fmt.Appendf(b, "%s %s %s rg\n", g, g, g)
		}
		f := d.face(i.style)
		s := used[slices.IndexFunc(used, func(s *subset) bool { return s.face == f })]
		b = fmt.Appendf(b, "BT /%s %d Tf %s %s Td <", f.name, i.style.size, points(i.x), points(i.y))
		n := 0
		for _, r := range i.text {
			if n++; n%maxShown == 0 {
				b = append(b, "> Tj <"...)
			}
			b = fmt.Appendf(b, "%04X", s.code(r))
		}
		b = append(b, "> Tj ET\n"...)
	}
	return b
}

// trailer writes the cross-reference table (20 bytes an entry) and the trailer with its file identifier (6.1.3).
func (d *document) trailer() {
	at := d.out.Len()
	fmt.Fprintf(&d.out, "xref\n0 %d\n0000000000 65535 f \n", len(d.offsets)+1)
	for _, o := range d.offsets {
		fmt.Fprintf(&d.out, "%010d 00000 n \n", o)
	}
	sum := sha256.Sum256([]byte(d.report.ID))
	fmt.Fprintf(&d.out, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [ <%X> <%X> ] >>\nstartxref\n%d\n%%%%EOF\n",
		len(d.offsets)+1, objCatalog, objInfo, sum[:16], sum[:16], at)
}

// points writes a number of thousandths as a decimal.
func points(n int) string {
	s := strconv.FormatFloat(float64(n)/1000, 'f', 3, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

// literal writes a string of plain ASCII without parentheses and backslashes.
func literal(s string) string { return "(" + s + ")" }

// unicodeString writes a text string in UTF-16BE with its byte order mark.
func unicodeString(s string) string {
	b := []byte("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		b = fmt.Appendf(b, "%04X", u)
	}
	return string(b) + ">"
}
