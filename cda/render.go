package cda

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda/pdfa"
	"github.com/segur-sdk/segur/internal/hl7"
)

// PDFOptions says how a document is shown on paper. The zero value is ready to
// use for a document whose identity is not known to be qualified.
type PDFOptions struct {
	// Qualified says that the identity of the patient is qualified where the PDF
	// is made: a document does not say it. The matricule and the INS datamatrix
	// are then on the first page, as they must be (EXI DIF 02); otherwise neither
	// is printed (EXI ID 29). [Writer.WithPDF] knows it from the patient.
	Qualified bool
	// Environment is required with Qualified: in production no datamatrix is
	// made of a test identity. [Writer.WithPDF] takes that of its Config.
	Environment segur.Environment
	// Letterhead is the top of the first page: the name of the structure, then
	// its address and telephone. Empty: that of the custodian.
	Letterhead []string
	// Logo is a JPEG image, shown at the right of the letterhead. Optional.
	Logo []byte
	// RunningHead stands on every page but the first, which has the identity.
	// Empty: the patient with birth date, the first act and its date.
	RunningHead string
	// Language is that of the labels: "fr" or "en". Empty: "fr". The texts of
	// the document stay as they are.
	Language string
	// Substitute is for the document of somebody else, which must be shown
	// whatever it holds: a character that the embedded fonts do not have is shown
	// as its code point, such as [U+4E2D], and an image that PDF/A-1 does not take
	// as its title. Without it, both are errors: the author of a report should
	// know that it would not read as it was typed.
	Substitute bool
}

// PDF renders a document as PDF/A-1b: letterhead, identity of the patient with
// the INS datamatrix, what was done and by whom, the sections with their texts,
// tables, lists and images, page numbers, and on each page whose document it
// is. Nothing of a text is left out; attached PDF files are named. The same
// document and options give the same bytes.
//
// A document of level 1 that holds a PDF is rendered already: see [Parsed.Body].
// To make the PDF of a report before it is written, see [Writer.WithPDF].
//
// Errors are [segur.ErrInvalidInput], list everything that is wrong with the
// place where it is, and hold nothing of a text: characters that the fonts do
// not have (Latin, Greek, Cyrillic), images that cannot be shown, texts beyond
// the limits of package pdfa, an identity of which no datamatrix can be made.
func PDF(doc *Parsed, o PDFOptions) ([]byte, error) {
	const op = "cda.PDF"
	if doc == nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "there is no document"}
	}
	p := &paper{wording: wording(o.Language), doc: doc, o: o, shown: map[string]bool{}}
	p.all()
	if err := p.problems.Err(op); err != nil {
		return nil, err
	}
	b, err := pdfa.Build(p.report)
	if err != nil {
		return nil, p.located(op, err)
	}
	return b, nil
}

// paper is a document on its way to paper.
type paper struct {
	wording
	doc        *Parsed
	o          PDFOptions
	report     pdfa.Report
	names      []string        // of report.Sections, for errors
	shown      map[string]bool // attachments, by ID
	images     int
	imageBytes int64
	problems   segur.Problems
}

func (p *paper) all() {
	if l := p.o.Language; l != "" && l != "fr" && l != "en" {
		p.problems.Add("options.language", "must be fr or en")
	}
	h := &p.doc.Header
	r := &p.report
	r.Substitute = p.o.Substitute
	if r.ID = p.identifier(h.ID); r.ID == "" { // it makes the identifier of the file, and is not shown
		sum := sha256.Sum256(p.doc.Raw)
		r.ID = hex.EncodeToString(sum[:])
	}
	r.Created = h.Created.Time
	if r.Created.IsZero() {
		if !p.o.Substitute {
			p.problems.Add("header.created", "is required: the document has no time of creation")
		}
		r.Created = time.Unix(0, 0).UTC()
	}
	if isLanguage(h.Language) {
		r.Language = h.Language
	}
	r.Title = p.title()
	r.Author = professionalWords(h.LegalAuthenticator.Professional)
	p.letterhead()
	p.identity()
	p.running()
	p.examination()
	p.body()
}

func (p *paper) title() string {
	h := &p.doc.Header
	for _, s := range []string{clean(h.Title), clean(h.Type.Display)} {
		if s != "" {
			return s
		}
	}
	return p.say("Document médical", "Clinical document")
}

func (p *paper) letterhead() {
	for _, l := range p.o.Letterhead {
		p.report.Letterhead = append(p.report.Letterhead, clean(l))
	}
	if len(p.o.Letterhead) == 0 {
		o := &p.doc.Custodian
		if clean(o.Name) == "" && p.doc.Header.LegalAuthenticator.Professional.Organization != nil {
			o = p.doc.Header.LegalAuthenticator.Professional.Organization
		}
		p.report.Letterhead = p.organization(o)
	}
	if len(p.o.Logo) == 0 {
		return
	}
	if why := pdfa.CheckJPEG(p.o.Logo); why != nil {
		p.problems.Add("options.logo", "must be a JPEG image in colours or greys: "+paperReason(why))
		return
	}
	p.report.Logo = &pdfa.Image{JPEG: p.o.Logo}
}

// paperReason is what an input error says of its only field.
func paperReason(err error) string {
	if e := (*segur.Error)(nil); errors.As(err, &e) && len(e.Details) > 0 {
		return e.Details[0].Message
	}
	return "it cannot be read"
}

// body shows the sections, or the text of an unstructured document.
func (p *paper) body() {
	switch {
	case p.doc.Level == 1:
		p.unstructured()
	default:
		for _, s := range p.doc.Sections {
			p.section(s, 1)
		}
	}
	p.otherAttachments()
}

func (p *paper) unstructured() {
	b, err := p.doc.Body()
	switch {
	case err != nil:
		p.problems.Add("body", "cannot be read: its base64 text is damaged, or it is empty")
		return
	case b.MediaType == mediaTypeJPEG:
		n := p.narrative()
		n.image(&Attachment{Title: p.title(), MediaType: b.MediaType, Content: b}, "", "body")
		n.flush()
		p.add("body", pdfa.Section{Blocks: n.out})
		return
	case b.MediaType != "text/plain":
		p.problems.Add("body", "is a file that PDF does not show here: see Parsed.Body, which gives it as it is")
		return
	case b.Size() > pdfa.MaxTextBytes:
		p.problems.Addf("body", "has more than %d bytes of text", pdfa.MaxTextBytes)
		return
	}
	src, err := b.Open()
	if err != nil {
		p.problems.Add("body", "cannot be read")
		return
	}
	defer func() { _ = src.Close() }()
	text, err := io.ReadAll(io.LimitReader(src, pdfa.MaxTextBytes))
	if err != nil {
		p.problems.Add("body", "cannot be read")
		return
	}
	p.add("body", pdfa.Section{Paragraphs: []string{strings.TrimRight(string(bytes.TrimPrefix(text, []byte("\ufeff"))), " \t\r\n")}})
}

// add appends a section and the name that errors give to it.
func (p *paper) add(name string, s pdfa.Section) {
	p.report.Sections = append(p.report.Sections, s)
	p.names = append(p.names, name)
}

// section shows a section and those in it.
func (p *paper) section(s Section, level int) {
	n := p.narrative()
	if by := p.addedBy(s); by != "" {
		n.out = append(n.out, pdfa.Paragraph{Text: pdfa.Text{{Text: by, Italic: true}}})
	}
	n.all(s.Narrative().nodes)
	if s.Role == RoleCopy && p.doc.Copy != nil { // no place for it is left in the text
		n.out = p.copied(s)
	}
	heading := clean(s.Title)
	if heading == "" {
		heading = clean(s.Code.Display)
	}
	p.add(paperName(s.Role), pdfa.Section{Heading: heading, Level: min(level, pdfa.MaxLevel), Blocks: n.out})
	for _, inner := range s.Sections {
		p.section(inner, level+1)
	}
}

// copied is the section of the document in PDF: its words, and that it is there.
func (p *paper) copied(s Section) []pdfa.Block {
	n := p.narrative()
	if words := clean(paperPlain(s.Narrative().nodes)); words != clean(s.Title) {
		n.line.write(words+" ", pdfa.Run{})
	}
	n.attachment(&Attachment{MediaType: p.doc.Copy.MediaType}, "")
	n.flush()
	return n.out
}

// addedBy says who wrote a section that has an author of its own: an addendum.
func (p *paper) addedBy(s Section) string {
	if s.body == nil {
		return ""
	}
	author := s.at.child("author")
	if !author.ok() {
		return ""
	}
	who, ok := s.body.actor(author, "assignedAuthor")
	if !ok {
		return ""
	}
	words := p.person(who.who.Professional)
	if t, err := hl7.ParseTS(author.child("time").attr("value"), nil); err == nil {
		words = append(words, p.instant(t))
	}
	return strings.Join(words, ", ")
}

// otherAttachments lists what no text shows.
func (p *paper) otherAttachments() {
	var left []*Attachment
	for i := range p.doc.Attachments {
		if a := &p.doc.Attachments[i]; !p.shown[a.ID] {
			left = append(left, a)
		}
	}
	if len(left) == 0 {
		return
	}
	n := p.narrative()
	for _, a := range left {
		n.attachment(a, "")
		n.flush()
	}
	p.add(paperName(RoleAttachments), pdfa.Section{Heading: p.say("Autres documents joints", "Other attachments"), Blocks: n.out})
}

// paperName is the field of Sections that makes a section.
func paperName(role SectionRole) string {
	switch role {
	case "":
		return "sections"
	case RolePriorResults:
		return "sections.priorResults"
	case RolePatient:
		return "sections.patientInformation"
	case RoleAttachments:
		return "sections.attachments"
	case RoleAct, RoleComplications, RoleExposure, RoleCatalog:
		return "sections.acts"
	}
	return "sections." + string(role)
}

// located gives the errors of package pdfa the names of the document.
func (p *paper) located(op string, err error) error {
	e := (*segur.Error)(nil)
	if !errors.As(err, &e) || len(e.Details) == 0 {
		return fmt.Errorf("%s: %w", op, err)
	}
	var problems segur.Problems
	var seen []segur.Detail
	for _, d := range e.Details {
		d.Field = p.field(d.Field)
		if !slices.Contains(seen, d) {
			seen = append(seen, d)
			problems.Add(d.Field, d.Message)
		}
	}
	return problems.Err(op)
}

func (p *paper) field(path string) string {
	if rest, ok := strings.CutPrefix(path, "sections["); ok {
		i := 0
		if n, err := fmt.Sscanf(rest, "%d]", &i); err == nil && n == 1 && i < len(p.names) {
			return p.names[i]
		}
	}
	switch name, _, _ := strings.Cut(path, "["); name {
	case "letterhead", "runningHead":
		return "options." + path
	case "identity", "symbol":
		return "header.patient"
	case "title":
		return "header.title"
	case "footer", "author":
		return "header"
	}
	return path
}
