package cda

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// HTMLOptions says how a document is shown. The zero value is ready to use.
type HTMLOptions struct {
	// Language is that of the labels: "fr" or "en". Empty: "fr". The texts of
	// the document stay as they are.
	Language string
	// MaxInlineBytes bounds what the page holds of images and PDF, all
	// together, before their encoding in base64. What passes it is named, with
	// its size. 0: [DefaultMaxInlineBytes]. Negative: nothing is held.
	MaxInlineBytes int64
	// Attachment, for a server that has an address for each embedded content,
	// gives the address of one: relative, http or https. id is that of
	// [Parsed.Attachments] and [Parsed.Copy], and empty for the body of an
	// unstructured document. With an empty address, and for images, the page holds the
	// content itself. Optional.
	Attachment func(id, mediaType string) (href string)
	// Symbol gives the picture (PNG) of the INS datamatrix, which stands with
	// the traits on the first page of a document with a qualified identity
	// (EXI DIF 02): package ins/datamatrix makes it. It is called when the
	// document holds an INS whose key is right, with that INS and the traits of
	// the document. Whether the identity is qualified here is the caller's
	// knowledge: a document does not say it. No bytes: no symbol. Optional.
	Symbol func(ins segur.INS, traits segur.Traits) (png []byte, err error)
}

// DefaultMaxInlineBytes bounds the images and PDF that a page holds: 8 MiB.
const DefaultMaxInlineBytes = 8 << 20

// HTML writes a document as one page for people: who the patient is, what was
// done and by whom, the text in its sections, images, and the PDF of an
// unstructured document. It shows any document that [Parse] reads: what is not
// known of its form is shown as text, and nothing of the text of its sections is
// left out.
//
// The page stands alone: it asks nothing of the network, holds no script, and
// a policy in its head (Content-Security-Policy) forbids to the browser what the
// page does not need. No markup of the document reaches it: elements of the
// narrative (CDA R2, NarrativeBlock) become elements chosen here, styles become
// classes chosen here, identifiers become numbers, links lead to http, https or
// the page itself, and an image is shown when it is a PNG, JPEG or GIF image and
// nothing else. It is valid as HTML and as XML, made for screen readers, keyboard
// and paper. The same document and options give the same bytes.
//
// The page holds health data of a person: serve it with Cache-Control: no-store.
// It shows an INS as the document carries it, which a document does for a
// qualified identity only (EXI ID 29); of a test identity it says so, and of a
// matricule whose key is wrong.
//
// Errors are those of w, of Symbol, and [segur.ErrInvalidInput] for a nil
// document or another language; w may then have got a part of the page.
func HTML(w io.Writer, doc *Parsed, o HTMLOptions) error {
	const op = "cda.HTML"
	if doc == nil {
		return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "there is no document"}
	}
	if o.Language != "" && o.Language != "fr" && o.Language != "en" {
		return &segur.Error{Op: op, Kind: segur.KindInvalidInput, Message: "the language must be fr or en"}
	}
	root, err := clinicalTree(doc.Raw)
	if err != nil {
		return err
	}
	p := &page{wording: wording(o.Language), w: bufio.NewWriterSize(w, 32<<10), o: o, doc: doc, root: root, left: o.MaxInlineBytes}
	switch {
	case p.left == 0:
		p.left = DefaultMaxInlineBytes
	case p.left < 0:
		p.left = 0
	}
	p.narrator.prepare(root)
	if err := p.symbol(); err != nil {
		return err
	}
	p.all()
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// clinicalTree finds the ClinicalDocument of a file that Parse has read. Depth
// is bounded here, not by what the Reader of the document was given.
func clinicalTree(raw []byte) (*xmlr.Node, error) {
	text, err := toUTF8(raw)
	if err != nil {
		return nil, err
	}
	root, err := xmlr.Parse(text, xmlr.Options{MaxBytes: max(2*len(raw), 1), MaxDepth: maxTreeDepth})
	if err != nil {
		return nil, parseError(err)
	}
	for n := range root.Walk() {
		if n.Is(nsCDA, "ClinicalDocument") {
			return n, nil
		}
	}
	return nil, &segur.Error{Op: "cda.HTML", Kind: segur.KindProtocol, Message: "the file holds no ClinicalDocument element"}
}

const maxTreeDepth = 4096

// page writes one document.
type page struct {
	wording
	w    *bufio.Writer // keeps the first error
	o    HTMLOptions
	doc  *Parsed
	root *xmlr.Node // ClinicalDocument
	left int64      // what may still be embedded, in bytes
	png  []byte     // the INS datamatrix
	narrator
	sections int // headings written
}

func (p *page) all() {
	lang := p.say("fr", "en")
	title := p.title()
	p.raw("<!DOCTYPE html>\n")
	p.open("html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", lang, "xml:lang", lang)
	p.raw("\n<head>\n")
	p.void("meta", "charset", "UTF-8")
	p.void("meta", "http-equiv", "Content-Security-Policy", "content", p.policy())
	p.void("meta", "name", "referrer", "content", "no-referrer")
	p.void("meta", "name", "robots", "content", "noindex, nofollow, noarchive")
	p.void("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
	p.elem("title", title)
	p.raw("\n<style>" + styleSheet + "</style>\n</head>\n")
	p.open("body")
	p.elem("a", p.say("Aller au texte du document", "Skip to the text of the document"), "class", "skip", "href", "#text")
	p.line()
	p.header(title)
	p.contents()
	p.open("main", "id", "text", "lang", p.documentLanguage())
	p.line()
	p.body()
	p.shut("main")
	p.line()
	p.footer()
	p.raw("</body>\n</html>\n")
}

// title is what the page is called: never empty.
func (p *page) title() string {
	h := &p.doc.Header
	for _, s := range []string{h.Title, h.Type.Display} {
		if s = clean(s); s != "" {
			return s
		}
	}
	switch p.doc.Kind {
	case KindImagingReport:
		return p.say("Compte rendu d'imagerie", "Imaging report")
	case KindImagingRequest:
		return p.say("Demande d'acte d'imagerie", "Imaging request")
	}
	return p.say("Document médical sans titre", "Clinical document without title")
}

// documentLanguage is the language of the texts, when it is one.
func (p *page) documentLanguage() string { return language(p.doc.Header.Language) }

// language lets pass what looks like a language tag (BCP 47).
func language(s string) string {
	if len(s) < 2 || len(s) > 35 {
		return ""
	}
	for part := range strings.SplitSeq(s, "-") {
		if len(part) < 1 || len(part) > 8 || strings.IndexFunc(part, func(r rune) bool {
			return r > '~' || !isLetterOrDigit(byte(r))
		}) >= 0 {
			return ""
		}
	}
	return s
}

// contents is a list of the sections, for a document that has several.
func (p *page) contents() {
	sections := p.topSections()
	if len(sections) < 3 {
		return
	}
	p.open("nav", "aria-labelledby", "h-contents")
	p.elem("h2", p.say("Sommaire", "Contents"), "id", "h-contents")
	p.open("ul")
	p.line()
	n := 0
	for _, s := range sections {
		n++
		p.open("li")
		p.elem("a", p.sectionTitle(s), "href", "#s"+strconv.Itoa(n))
		p.shut("li")
		p.line()
		n += subSections(s)
	}
	p.raw("</ul></nav>\n")
}
