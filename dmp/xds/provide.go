package xds

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/xmlw"
)

const namespaceXOP = "http://www.w3.org/2004/08/xop/include"

// AppendProvideAndRegister appends xds:ProvideAndRegisterDocumentSetRequest,
// the body of ITI-41. Each entry of the submission has one document, which
// href names for an xop:Include ("cid:…"). Call [Submission.Number] first.
func (s *Submission) AppendProvideAndRegister(dst []byte, href func(entryID string) string) ([]byte, error) {
	return appendXML("xds.AppendProvideAndRegister", dst, func(w *xmlw.Writer) error {
		w.Start("xds:ProvideAndRegisterDocumentSetRequest")
		w.NS("xds", namespaceXDS)
		if err := s.write(w); err != nil {
			return err
		}
		for i := range s.Entries {
			id := s.Entries[i].ID
			w.Start("xds:Document")
			w.Attr("id", id)
			writeInclude(w, href(id))
			w.End()
		}
		w.End()
		return nil
	})
}

func writeInclude(w *xmlw.Writer, href string) {
	w.Start("xop:Include")
	w.NS("xop", namespaceXOP)
	w.Attr("href", href)
	w.End()
}

// ProvideAndRegister is a request of ITI-41 as a repository receives it.
type ProvideAndRegister struct {
	Submission Submission
	// Documents are in the order of the message.
	Documents []DocumentRef
	// Warnings name what is not as it should be.
	Warnings []segur.Detail
}

// DocumentRef binds a document of a message to its entry.
type DocumentRef struct {
	// ID is that of the entry.
	ID string
	// Href is the reference of its xop:Include ("cid:…"); empty when the
	// document is inline.
	Href string
	// Base64 is the inline content, white space included; empty with Href.
	Base64 string
}

// ParseProvideAndRegister reads a ProvideAndRegisterDocumentSetRequest, alone
// or in a SOAP envelope.
func ParseProvideAndRegister(message []byte) (*ProvideAndRegister, error) {
	const op = "xds.ParseProvideAndRegister"
	n, err := find(op, message, "ProvideAndRegisterDocumentSetRequest")
	if err != nil {
		return nil, err
	}
	list, err := ebrim.ReadList(n.Child("*", "SubmitObjectsRequest"))
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the request holds no metadata", Err: err}
	}
	d := decoder{warnings: list.Warnings}
	s, sets, _ := d.submission(list.Objects)
	if sets != 1 {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the request must hold one submission set"}
	}
	out := &ProvideAndRegister{Submission: s, Warnings: d.warnings}
	for _, c := range n.All("*", "Document") {
		ref := DocumentRef{ID: c.Attr("id")}
		if include := c.Child(namespaceXOP, "Include"); include != nil {
			ref.Href = include.Attr("href")
		} else {
			ref.Base64 = c.Text()
		}
		out.Documents = append(out.Documents, ref)
	}
	return out, nil
}
