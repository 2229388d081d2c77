package cda

import (
	"crypto/sha256"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Level1 makes the report as a CDA R2 document of level 1: the header and the
// PDF. Everything that is missing or wrong is reported at once, in one
// [segur.ErrInvalidInput] error with the paths of the fields; nothing is
// written then, but on demand ([Config.AllowInvalid]). The same report, clock and identifiers give the same bytes.
func (w *Writer) Level1(r Report) (*Document, error) {
	const op = "cda.level1"
	if r.Created.IsZero() {
		r.Created = w.cfg.Clock()
	}
	c := w.checker(false)
	filled := c.report(r)
	named := w.checker(true)
	if c.failed {
		named.report(r)
	}
	var sum [sha256.Size]byte
	named.firmly(func() { sum = named.pdf(r.PDF) })
	invalid := named.problems.Err(op)
	if invalid != nil && (named.refused || !w.cfg.AllowInvalid) {
		return nil, invalid
	}
	patient := r.Patient
	r = filled
	if err := w.identify(&r); err != nil {
		return nil, err
	}

	xml, split, err := level1XML(&r)
	if err := unqualified(op, patient, xml); err != nil {
		return nil, err
	}
	if err != nil { // a character that XML has no place for
		return nil, unwritable(op, err)
	}
	if len(xml) > maxHeaderBytes {
		return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Message: "the header of the document is larger than 1 MiB"}
	}
	embeds := []embed{{at: split, content: r.PDF, sum: sum, pdf: true}}
	return readable(newDocument(segur.Identifier{Root: r.ID}, xml, embeds, named.problems.Details()), invalid)
}

// level1XML writes a checked report around an empty body; the text of the PDF
// goes at split.
func level1XML(r *Report) (xml []byte, split int, err error) {
	x := xmlEncoder{xmlw.New(make([]byte, 0, 12<<10))}
	x.Declaration()
	x.header(r, level1Templates[:])
	x.Start("component")
	x.Start("nonXMLBody")
	x.Start("text")
	x.Attr("mediaType", mediaTypePDF)
	x.Attr("representation", "B64")
	split = x.Len() // after the start tag
	x.End()
	x.End()
	x.End()
	x.End()
	xml, err = x.Bytes()
	return xml, split, err
}

// maxHeaderBytes bounds what a report makes around its PDF: beyond, a text was
// given in the place of a name.
const maxHeaderBytes = 1 << 20

const mediaTypePDF = "application/pdf"

// level1Templates are the three of an unstructured document, no more and no
// less: HL7 France, CI-SIS, IHE XDS-SD.
var level1Templates = [...]segur.OID{templateHL7France, templateCISIS, templateXDSSD}

// Template identifiers of documents.
const (
	templateHL7France = "2.16.840.1.113883.2.8.2.1"
	templateCISIS     = "1.2.250.1.213.1.1.1.1"
	templateXDSSD     = "1.3.6.1.4.1.19376.1.2.20"
	templateReport    = "1.2.250.1.213.1.1.1.45"
	templateRequest   = "1.2.250.1.213.1.1.1.47"
)
