package cda

import (
	"io"

	"github.com/segur-sdk/segur"
)

// WithPDF renders a report before it is written, and returns it with the PDF
// and with the identifiers and the time of creation that the PDF shows. What
// is filled once then makes both documents:
//
//	r, err = w.WithPDF(r, s, cda.PDFOptions{})
//	level1, err := w.Level1(r)    // the PDF alone
//	level3, err := w.Level3(r, s) // the sections, and the PDF as "Copie du document"
//
// Both have the same identifier, which is on the paper: publish one of them, or
// call WithPDF again with another [Report.ID] for the second.
//
// The matricule and the INS datamatrix are there when the identity is qualified,
// whatever o says of it. A PDF that r has is replaced. Errors are those of
// [Writer.Level3] and of [PDF].
func (w *Writer) WithPDF(r Report, s Sections, o PDFOptions) (Report, error) {
	preview := *w
	preview.cfg.IDs = previewIDs{w.cfg.IDs}
	if r.Created.IsZero() {
		r.Created = w.cfg.Clock()
	}
	r.PDF = nil
	doc, err := preview.Level3(r, withoutFiles(s))
	if err != nil {
		return Report{}, err
	}
	b, err := doc.Bytes()
	if err != nil {
		return Report{}, err
	}
	parsed, err := Reader{MaxBytes: len(b)}.Parse(b)
	if err != nil {
		return Report{}, err
	}
	_, o.Qualified = r.Patient.QualifiedINS()
	o.Environment = w.cfg.Environment
	pdf, err := PDF(parsed, o)
	if err != nil {
		return Report{}, err
	}
	r.ID, r.SetID, r.PDF = parsed.Header.ID.Root, parsed.Header.SetID, segur.BytesContent(pdf)
	return r, nil
}

// previewIDs makes true identifiers of the document, which it keeps, and one
// UUID for all the entries, which nobody sees.
type previewIDs struct{ segur.IDSource }

func (previewIDs) UUID() (string, error) { return "00000000-0000-4000-8000-000000000000", nil }

// withoutFiles puts the shortest PDF in the place of large ones, of which the
// paper shows the titles only.
func withoutFiles(s Sections) Sections {
	files := make([]Attachment, len(s.Attachments))
	for i, a := range s.Attachments {
		if a.Content != nil && a.Content.Size() > 1<<16 && isPDF(a.Content) {
			a.Content = segur.BytesContent([]byte("%PDF-1.4\n%%EOF\n"))
		}
		files[i] = a
	}
	s.Attachments = files
	return s
}

func isPDF(c segur.Content) bool {
	src, err := c.Open()
	if err != nil {
		return false
	}
	defer func() { _ = src.Close() }()
	head := make([]byte, 5)
	_, err = io.ReadFull(src, head)
	return err == nil && string(head) == "%PDF-"
}
