package pdfa

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// Report is the content of a report. Its texts are shown as they are: nothing is interpreted, nothing replaced.
//
// Multi-line texts (Field.Value, Section.Paragraphs, the runs of a [Text]) break at "\n"; the other texts are one line of input, wrapped when
// they are too long. Lines are not broken at no-break spaces (U+00A0, U+202F) and hyphens. A tab is a wide space.
// Decomposed letters (e + U+0301) are composed (Unicode NFC), which does not change the text.
type Report struct {
	// ID identifies this version of the document, for example the OID and extension of the CDA document. It is required,
	// since it makes the file identifier in the trailer (ISO 19005-1, 6.1.3); it does not appear in the file as such.
	ID string
	// Created is the time of creation, written to the second with its offset from UTC. It is required.
	Created time.Time
	// Language is the language of the text as an RFC 3066 tag; empty means fr-FR.
	Language string

	// Title is shown on the first page and is the document title of viewers and archives. It is required.
	Title string
	// Author and Subject are document properties (Info dictionary and XMP); they are not shown. They are optional.
	Author, Subject string

	// Letterhead is the block at the top of page 1: the name of the structure, then its address and telephone. Optional.
	Letterhead []string
	// Logo is shown at the right of the letterhead, made smaller to 45 by 20 millimetres when it is larger. It has no caption.
	// Optional.
	Logo *Image
	// Identity is the block of labels and values below the title: patient, INS, act, requester, dates. Optional.
	Identity []Field
	// Symbol is shown at the right of the identity block: the INS datamatrix, when the identity is qualified. Optional.
	Symbol *Symbol
	// Sections are the body.
	Sections []Section

	// RunningHead is repeated at the top of every page but the first. A page that gets separated must still say whose it
	// is, so it normally holds the patient's name, birth date and the date of the act. Optional.
	RunningHead string
	// Footer is repeated at the bottom of every page, left of the page number. Optional.
	Footer string

	// Substitute is for texts of others, which must be shown whatever they hold: a character that the fonts do not have is
	// shown as its code point, such as [U+4E2D], instead of being an error. Those that have no form, such as joiners and
	// marks of direction, are left out, and a byte that is no UTF-8 is shown in hexadecimal, such as [E9]. Own reports are
	// better served by the error.
	Substitute bool
}

// Field is a label and its value in the identity block.
type Field struct {
	Label, Value string
	Bold         bool // the value
}

// Section is a heading and what stands below it: the paragraphs, then the blocks. An empty heading is left out. A heading is
// never the last line of a page when something follows it in its section or a sub-section follows.
type Section struct {
	Heading string
	// Level is 1 (0 means 1) for a section, 2 for a sub-section and so on, to MaxLevel; it is how the heading looks. The
	// sub-sections of a section follow it in Report.Sections.
	Level int
	// Paragraphs are texts with one look, for a report that has nothing else.
	Paragraphs []string
	// Blocks are paragraphs with bold and italic runs, lists, tables and images.
	Blocks []Block
}

// Limits of a report; more is an input error.
const (
	MaxTextBytes = 2 << 20 // all texts together, in bytes of UTF-8
	MaxPages     = 999
)

// Build writes the report as a PDF/A-1b file. The same report gives the same bytes, whatever the machine, the time and the
// version of Go. It may be called from many goroutines, also with the same report, which it does not change. It needs memory
// for the file, twice at most, since images are embedded whole.
//
// What is wrong with the report is returned as one segur.ErrInvalidInput with the path of each field: a required text that
// is missing, text that is not UTF-8, a character that the fonts do not have (named by its code point; it is never
// replaced), a text too long to print, an image that PDF/A-1 does not take, more than the limits allow. Of more than a hundred
// faults, the first hundred are named.
func Build(r Report) ([]byte, error) {
	const op = "pdfa.build"
	fonts, err := loadFaces()
	if err != nil {
		return nil, &segur.Error{Op: op, Message: "the built-in fonts cannot be read", Err: err}
	}
	p := &preparer{fonts: fonts, replace: r.Substitute}
	p.report(&r)
	if err := p.err(op); err != nil {
		return nil, err
	}
	l := layout{fonts: fonts}
	l.report(&r)
	l.limits(&p.problems)
	if err := p.problems.Err(op); err != nil {
		return nil, err
	}
	d := document{report: &r, fonts: fonts, pages: l.pages, pictures: l.pictures.list}
	return d.bytes(), nil
}

// preparer checks every text of a report and normalises it in a private copy of the report.
type preparer struct {
	fonts    faces
	problems segur.Problems
	size     int

	parts, images, imageBytes int
	replace                   bool // Report.Substitute
}

// maxFaults bounds how many faults are named.
const maxFaults = 100

// err is what was found, the first faults when they are many.
func (p *preparer) err(op string) error {
	all := p.problems.Details()
	if len(all) <= maxFaults {
		return p.problems.Err(op)
	}
	var some segur.Problems
	for _, d := range all[:maxFaults] {
		some.Add(d.Field, d.Message)
	}
	some.Addf("", "there are %d more faults", len(all)-maxFaults)
	return some.Err(op)
}

func (p *preparer) report(r *Report) {
	p.problems.Require("id", r.ID)
	p.problems.Require("title", r.Title)
	if r.Created.IsZero() {
		p.problems.Add("created", "is required")
	} else if y := r.Created.Year(); y < 1 || y > 9999 {
		p.problems.Add("created", "must have a year of four digits")
	}
	if r.Language == "" {
		r.Language = "fr-FR"
	}
	if !languageTag(r.Language) {
		p.problems.Add("language", "must be a language tag such as fr-FR")
	}
	p.line("title", &r.Title, p.fonts.bold)
	p.line("author", &r.Author, nil)
	p.line("subject", &r.Subject, nil)
	p.line("runningHead", &r.RunningHead, p.fonts.regular)
	p.line("footer", &r.Footer, p.fonts.regular)
	r.Letterhead = append([]string(nil), r.Letterhead...)
	for i := range r.Letterhead {
		f := p.fonts.regular
		if i == 0 {
			f = p.fonts.bold
		}
		p.line(fmt.Sprintf("letterhead[%d]", i), &r.Letterhead[i], f)
	}
	r.Logo = p.logo(r.Logo)
	r.Identity = append([]Field(nil), r.Identity...)
	for i := range r.Identity {
		p.line(fmt.Sprintf("identity[%d].label", i), &r.Identity[i].Label, p.fonts.regular)
		p.text(fmt.Sprintf("identity[%d].value", i), &r.Identity[i].Value, p.fonts.of(r.Identity[i].Bold, false))
	}
	r.Symbol = p.symbol(r.Symbol)
	r.Sections = append([]Section(nil), r.Sections...)
	for i := range r.Sections {
		s := &r.Sections[i]
		f := p.fonts.bold
		if s.level() > 2 {
			f = p.fonts.boldItalic
		}
		p.line(fmt.Sprintf("sections[%d].heading", i), &s.Heading, f)
		if s.Level < 0 || s.Level > MaxLevel {
			p.problems.Addf(fmt.Sprintf("sections[%d].level", i), "must be 0 to %d", MaxLevel)
		}
		s.Paragraphs = append([]string(nil), s.Paragraphs...)
		for j := range s.Paragraphs {
			p.text(fmt.Sprintf("sections[%d].paragraphs[%d]", i, j), &s.Paragraphs[j], p.fonts.regular)
		}
		s.Blocks = p.blocks(fmt.Sprintf("sections[%d].blocks", i), s.Blocks)
	}
	if p.parts > MaxParts {
		p.problems.Addf("", "the report has more than %d blocks, runs, items, rows and cells", MaxParts)
	}
	if p.size > MaxTextBytes {
		p.problems.Addf("", "the texts hold more than %d bytes", MaxTextBytes)
	}
}

// line prepares a text that has no line break. f is the font that shows it, nil when it is not shown.
func (p *preparer) line(path string, s *string, f *face) {
	if strings.ContainsAny(*s, "\r\n") {
		p.problems.Add(path, "must not hold a line break")
		return
	}
	p.text(path, s, f)
}

// missingShown bounds how many different characters are named for one field.
const missingShown = 10

func (p *preparer) text(path string, s *string, f *face) {
	p.size += len(*s)
	if p.size > MaxTextBytes {
		return
	}
	if !p.replace && !utf8.ValidString(*s) {
		p.problems.Add(path, "must be UTF-8")
		return
	}
	if *s = normal(*s); p.replace {
		before := len(*s)
		*s = p.substitute(*s, f)
		p.size += max(0, len(*s)-before)
		return
	}
	var missing []string
	seen := map[rune]bool{}
	for _, r := range *s {
		if r == '\n' || seen[r] {
			continue
		}
		seen[r] = true
		if !p.known(r, f) {
			missing = append(missing, fmt.Sprintf("U+%04X", r))
		}
	}
	if n := len(missing); n > missingShown {
		missing = append(missing[:missingShown], fmt.Sprintf("and %d more", n-missingShown))
	}
	if len(missing) > 0 {
		p.problems.Addf(path, "holds characters that cannot be printed: %s", strings.Join(missing, ", "))
	}
}

func (p *preparer) known(r rune, f *face) bool {
	if f == nil { // a document property: any character of XML 1.0 but the controls
		return r >= 0x20 && (r < 0x7f || r > 0x9f) && r != 0xfffe && r != 0xffff
	}
	_, ok := f.glyph(r)
	return ok
}

func languageTag(s string) bool {
	if len(s) > 35 {
		return false
	}
	for i, part := range strings.Split(s, "-") {
		if len(part) == 0 || len(part) > 8 || (i == 0 && len(part) < 2) {
			return false
		}
		for _, c := range []byte(part) {
			letter := c|0x20 >= 'a' && c|0x20 <= 'z'
			if !letter && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}
