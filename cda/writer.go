package cda

import (
	"bytes"
	"crypto/rand"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// Config says how documents are written.
type Config struct {
	// Environment is required: test identities are refused in production.
	Environment segur.Environment
	// OIDRoot is the root below which document and set identifiers are made:
	// an arc of the vendor or of the structure. Required but for the Fake
	// environment, where it defaults to [segur.OIDRootUUID]. National services
	// have not confirmed that they take that root elsewhere, so naming it
	// there is a decision of the caller.
	OIDRoot segur.OID
	// Clock gives the creation time of a report that states none. nil: time.Now.
	Clock func() time.Time
	// IDs makes identifiers. nil: random ones.
	IDs segur.IDSource
	// MaxPDFBytes bounds the PDF, and all that a structured document embeds together.
	// 0: [DefaultMaxPDFBytes]. The transport that carries the document has its
	// own limit, often 10 MB.
	MaxPDFBytes int64
	// AllowAnyPDF accepts a PDF that package pdfa does not take for PDF/A-1.
	// The general structure guide of the CI-SIS wants PDF/A-1; what receivers
	// check is not public. The file must still be a whole PDF.
	AllowAnyPDF bool
	// AllowUnlistedCodes accepts a code that the tables of the SDK do not know
	// when the caller gives code, system and label: value sets are revised
	// several times a year.
	AllowUnlistedCodes bool
	// ValueSets replace sets of the SDK, by OID, with newer revisions. The whole
	// set is given; see [ValueSets].
	ValueSets []ValueSet
	// AllowInvalid writes a document that breaks rules of its kind, and
	// [Document.Problems] says which: for a rule that a vendor knows to be out of
	// date, and for tests. It lifts nothing that concerns the identity of the
	// patient and of the document, the safety of texts and links, the contents to
	// embed, or a report without author or act.
	AllowInvalid bool
	// ViewerURL is the template from which [ViewerLink] makes the links of level
	// 3 reports to their images. Empty: reports have the links of their
	// [Catalog] alone.
	ViewerURL string
	// TopographicModifiers writes any modifier of [Site] on a technique, left and
	// right too, as the guide of 2026 has it. The rules of IMG-CR-IMG 2024.01
	// refuse them.
	TopographicModifiers bool
}

// DefaultMaxPDFBytes bounds the PDF of a report: 100 MiB.
const DefaultMaxPDFBytes = 100 << 20

// Writer writes documents. It is immutable and safe for concurrent use.
type Writer struct {
	cfg    Config
	tables replacements
	pages  *sync.Pool // of *[]byte, to write structured documents in
}

// page is memory to write a structured document in.
func (w *Writer) page() []byte {
	if p, ok := w.pages.Get().(*[]byte); ok {
		return (*p)[:0]
	}
	return make([]byte, 0, 64<<10)
}

// maxPage bounds the memory that is kept for the next document.
const maxPage = 1 << 20

// torn is a copy of what was written in a page, which serves again.
func (w *Writer) torn(page []byte) []byte {
	xml := bytes.Clone(page)
	if cap(page) > 0 && cap(page) <= maxPage { // 0: nothing could be written
		w.pages.Put(&page)
	}
	return xml
}

// checker checks with the settings of the writer.
func (w *Writer) checker(naming bool) *checker {
	return &checker{cfg: w.cfg, tables: w.tables, naming: naming, base: "sections."}
}

// New checks the configuration and returns a Writer. The error is
// [segur.ErrInvalidInput] and lists everything that is wrong.
func New(cfg Config) (*Writer, error) {
	var p segur.Problems
	if !cfg.Environment.Valid() {
		p.Add("environment", "must be segur.Production, segur.Qualification or segur.Fake")
	}
	if cfg.OIDRoot == "" && cfg.Environment == segur.Fake {
		cfg.OIDRoot = segur.OIDRootUUID
	}
	switch {
	case cfg.OIDRoot == "":
		p.Add("oidRoot", "is required: an OID of the vendor or of the structure")
	case !cfg.OIDRoot.Valid():
		p.Add("oidRoot", "must be a valid OID")
	case len(cfg.OIDRoot) > maxOIDRoot:
		p.Addf("oidRoot", "must have %d characters at most, to leave room for an identifier", maxOIDRoot)
	}
	if cfg.MaxPDFBytes < 0 {
		p.Add("maxPDFBytes", "must not be negative")
	}
	if cfg.ViewerURL != "" && !isViewerLink(ViewerLink(cfg.ViewerURL, "1.2", segur.Identifier{Root: "1.2", Extension: "3"}, "1.2")) {
		p.Add("viewerURL", "must be a complete https address; its placeholders are {study}, {accession} and {document}")
	}
	tables := replace(&p, cfg.ValueSets)
	if err := p.Err("cda.New"); err != nil {
		return nil, err
	}
	if cfg.MaxPDFBytes == 0 {
		cfg.MaxPDFBytes = DefaultMaxPDFBytes
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.IDs == nil {
		cfg.IDs = segur.NewIDSource(rand.Reader)
	}
	return &Writer{cfg: cfg, tables: tables, pages: &sync.Pool{}}, nil
}

// maxOIDRoot leaves room for 20 digits below it: what [segur.IDSource] needs.
const maxOIDRoot = segur.MaxOIDLength - 21
