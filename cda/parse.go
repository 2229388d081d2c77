package cda

import (
	"errors"
	"io"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Kind says what a document is.
type Kind uint8

// The kinds of document.
const (
	// KindOther is any other document: its header only is understood.
	KindOther Kind = iota
	// KindImagingReport is a "compte rendu d'imagerie", LOINC 18748-4.
	KindImagingReport
	// KindImagingRequest is a "demande d'acte d'imagerie", LOINC 55115-0.
	KindImagingRequest
)

// String names the kind in English.
func (k Kind) String() string {
	switch k {
	case KindImagingReport:
		return "imaging report"
	case KindImagingRequest:
		return "imaging request"
	}
	return "other document"
}

// Reader reads documents. Its zero value is ready to use and safe for
// concurrent use.
type Reader struct {
	// MaxBytes bounds a document. 0: [DefaultMaxDocumentBytes].
	MaxBytes int
	// MaxDepth bounds nested elements. 0: 256.
	MaxDepth int
	// MaxSections bounds the sections of a structured body. 0: 2,000.
	MaxSections int
	// MaxEntries bounds the entries of its sections. 0: 50,000.
	MaxEntries int
}

// DefaultMaxDocumentBytes bounds a document that is read: 144 MiB, the size of
// one that embeds a PDF of [DefaultMaxPDFBytes], with line breaks.
const DefaultMaxDocumentBytes = 144 << 20

// Parsed is a document that was read. It keeps the bytes that it was given:
// hashes and signatures are computed on Raw.
type Parsed struct {
	// Raw is the input, untouched. For a self-presenting or a signed document
	// it is the whole file, not only the ClinicalDocument inside.
	Raw []byte
	// Header is what the header says.
	Header segur.DocumentHeader
	// Kind is what the document is.
	Kind Kind
	// Level is 3 for a structured body, 1 for an unstructured one, 0 when
	// there is no body.
	Level int
	// TemplateVersion is the extension of the template of the imaging volet,
	// such as "2024.01". Empty at level 1.
	TemplateVersion string
	// Signed says that the document came inside an enveloping signature, which
	// was not verified here.
	Signed bool
	// Custodian keeps the original.
	Custodian segur.Organization
	// Prescriber is the participant who asked for the examination (REF); nil
	// when the document names none.
	Prescriber *segur.Professional
	// FamilyPhysician is the "médecin traitant" (participant INF with the
	// function PCP); nil when the document names none.
	FamilyPhysician *segur.Professional
	// ReportRecipients are those to whom a request wants the report sent
	// (participant CON with the function CORRE).
	ReportRecipients []segur.Professional

	// Sections are the sections of a structured body, in document order; those
	// in a section are in [Section.Sections].
	Sections []Section
	// Report is what they say in an imaging report of level 3; nil in any other
	// document.
	Report *ReportBody
	// Request is what an imaging request says, header and sections; nil in any
	// other document, and when its body is not structured.
	Request *Request
	// Attachments are the contents that a structured body embeds, but for Copy.
	// Each is decoded while it is read; opening one whose base64 text is
	// damaged gives [segur.ErrProtocol].
	Attachments []Attachment
	// Copy is the document in PDF ("Copie du document"), which the author wants
	// shown in place of the sections; nil when there is none.
	Copy *Attachment
	// Warnings lists what departs from the national rules and was understood
	// all the same. Field is the path of the element.
	Warnings []segur.Detail

	body       bodyText
	details    Report     // what metadata does not need of the header
	prescribed segur.Date // of the prescriber
}

// Parse reads a document with the default limits. See [Reader.Parse].
func Parse(data []byte) (*Parsed, error) { return Reader{}.Parse(data) }

// ReadHeader reads the header of a document with the default limits. The
// document is read to its end, so that a truncated one is not taken for whole.
func ReadHeader(r io.Reader) (segur.DocumentHeader, error) {
	b, err := xmlr.ReadAll(r, DefaultMaxDocumentBytes)
	if err != nil {
		return segur.DocumentHeader{}, parseError(err)
	}
	return readHeader(b)
}

// Read reads everything from r and parses it.
func (o Reader) Read(r io.Reader) (*Parsed, error) {
	b, err := xmlr.ReadAll(r, o.maxBytes())
	if err != nil {
		return nil, parseError(err)
	}
	return o.Parse(b)
}

// Parse reads a document. It is tolerant: what departs from the rules without
// being ambiguous is understood and listed in Warnings, unknown elements are
// skipped, and namespaces may have any prefix. A document inside a style sheet
// ("auto-présentable") or inside an enveloping XML signature is found there.
//
// Refused: what is not well-formed XML or has a DOCTYPE, another root element,
// several documents in one file, and what passes the limits. Encodings are
// UTF-8, with or without byte order mark, and ISO-8859-1 and -15 when declared.
//
// data is kept in the result and must not be modified afterwards. Errors are
// of the kinds [segur.ErrProtocol], [segur.ErrTruncated] and
// [segur.ErrTooLarge], and hold no content.
func (o Reader) Parse(data []byte) (*Parsed, error) { return o.parse(data, false) }

// parse reads a document, without its body when headerOnly is set.
func (o Reader) parse(data []byte, headerOnly bool) (*Parsed, error) {
	if kind := notXML(data); kind != "" {
		return nil, &segur.Error{Op: opParse, Kind: segur.KindProtocol, Message: "this is " + kind + ", not a CDA document"}
	}
	text, err := toUTF8(data)
	if err != nil {
		return nil, err
	}
	d := &decoder{
		Scanner: xmlr.NewScanner(text, xmlr.Options{MaxBytes: 2 * o.maxBytes(), MaxDepth: o.MaxDepth}),
		src:     text,
		out:     &Parsed{Raw: data},
		limits:  o, headerOnly: headerOnly,
	}
	if len(data) > o.maxBytes() {
		return nil, parseError(&xmlr.Error{Rule: xmlr.RuleLimit, Line: 1, Col: 1, Detail: "document too large"})
	}
	if !headerOnly {
		d.target = &RecordTarget{}
	}
	if err := d.document(); err != nil {
		return nil, err
	}
	if t := d.target; t != nil {
		d.out.details.Patient.Address, d.out.details.Patient.Telecoms, d.out.details.BirthPlaceName = t.Address, t.Telecoms, t.BirthPlaceName
	}
	d.classify()
	if d.understand(); d.fail != nil {
		return nil, d.fail
	}
	return d.out, nil
}

func (o Reader) maxBytes() int {
	if o.MaxBytes > 0 {
		return o.MaxBytes
	}
	return DefaultMaxDocumentBytes
}

const opParse = "cda.parse"

func readHeader(xml []byte) (segur.DocumentHeader, error) {
	p, err := Reader{}.parse(xml, true)
	if err != nil {
		return segur.DocumentHeader{}, err
	}
	return p.Header, nil
}

// parseError classes the refusals of the XML reader.
func parseError(err error) error {
	e := &segur.Error{Op: opParse, Kind: segur.KindProtocol, Message: "not a well-formed document", Err: err}
	var x *xmlr.Error
	if errors.As(err, &x) {
		switch x.Rule {
		case xmlr.RuleTruncated:
			e.Kind, e.Message = segur.KindTruncated, "the document ends too early"
		case xmlr.RuleLimit:
			e.Kind, e.Message = segur.KindTooLarge, "the document passes a limit"
		case xmlr.RuleDoctype:
			e.Message = "the document has a DOCTYPE, which is refused"
		case xmlr.RuleRead:
			e.Kind, e.Message = segur.KindUnavailable, "the source failed"
		}
	}
	return e
}

// classify says what the document is, from its templates, its body and its code.
func (d *decoder) classify() {
	h := &d.out.Header
	byCode := KindOther
	if h.Type.System == loincOID {
		switch h.Type.Code {
		case "18748-4":
			byCode = KindImagingReport
		case "55115-0":
			byCode = KindImagingRequest
		}
	}
	kind := byCode
	switch {
	case slices.Contains(h.TemplateIDs, templateReport) && d.out.Level == 3:
		kind = KindImagingReport
	case slices.Contains(h.TemplateIDs, templateRequest):
		kind = KindImagingRequest
	case d.out.Level == 3 && kind != KindOther:
		d.warn("templateId", "is not that of the French imaging volet: sections are known by their codes")
	}
	if kind != byCode {
		d.warn("code", "is not that of an "+kind.String()+", which the templates announce")
	}
	if v := d.out.TemplateVersion; v != templateVersion && v != "" {
		d.warn("templateId", "is of another version of the volet than "+templateVersion)
	}
	d.out.Kind = kind
	if kind == KindImagingRequest && len(h.Services) > 0 {
		// The identifier of the act of requesting is the number of the request, of which the root is no study.
		h.Services[0].StudyUID, h.Services[0].Placer = "", d.serviceID
	}
	if d.out.Level == 1 && !slices.Contains(h.TemplateIDs, templateXDSSD) {
		d.warn("templateId", "an unstructured document lacks the template "+templateXDSSD)
	}
	if h.ID.IsZero() {
		d.warn("id", "is missing")
	}
	if h.SetID.IsZero() {
		d.warn("setId", "is missing")
	}
}

func cloneHeader(h segur.DocumentHeader) segur.DocumentHeader {
	h.TemplateIDs = slices.Clone(h.TemplateIDs)
	h.TypeTranslations = slices.Clone(h.TypeTranslations)
	h.PatientIDs = slices.Clone(h.PatientIDs)
	h.Authors = slices.Clone(h.Authors)
	h.Services = slices.Clone(h.Services)
	for i := range h.Services {
		h.Services[i].Translations = slices.Clone(h.Services[i].Translations)
	}
	h.Orders = slices.Clone(h.Orders)
	return h
}
