package segur

// Document is a clinical document (CDA R2) ready to be sent: its bytes, and
// the header that metadata are derived from. A document written by package cda
// is one; [NewDocument] makes one of any content. Packages dmp and mssante
// take it.
type Document interface {
	Content
	// Header is the header of the document.
	Header() DocumentHeader
}

// NewDocument is a document built elsewhere: its bytes, and its header as the
// caller or a reader of CDA states it.
func NewDocument(content Content, header DocumentHeader) Document {
	return document{content, header}
}

type document struct {
	Content
	header DocumentHeader
}

func (d document) Header() DocumentHeader { return d.header }
