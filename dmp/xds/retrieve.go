package xds

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// DocumentRequest names a document to retrieve.
type DocumentRequest struct {
	// RepositoryID is the repositoryUniqueId of the entry.
	RepositoryID segur.OID
	// UniqueID is the uniqueId of the entry, never its entryUUID.
	UniqueID string
	// HomeCommunityID is not used in France.
	HomeCommunityID string
}

// AppendRetrieve appends xds:RetrieveDocumentSetRequest, the body of ITI-43.
func AppendRetrieve(dst []byte, requests ...DocumentRequest) ([]byte, error) {
	const op = "xds.AppendRetrieve"
	var p segur.Problems
	if len(requests) == 0 {
		p.Add("requests", "at least one is required")
	}
	for _, r := range requests {
		if !r.RepositoryID.Valid() {
			p.Add("requests.repositoryID", "must be an OID: that of the entry")
		}
		p.Require("requests.uniqueID", r.UniqueID)
	}
	if err := p.Err(op); err != nil {
		return dst, err
	}
	return appendXML(op, dst, func(w *xmlw.Writer) error {
		w.Start("xds:RetrieveDocumentSetRequest")
		w.NS("xds", namespaceXDS)
		for _, r := range requests {
			w.Start("xds:DocumentRequest")
			w.ElemOpt("xds:HomeCommunityId", r.HomeCommunityID)
			w.Elem("xds:RepositoryUniqueId", string(r.RepositoryID))
			w.Elem("xds:DocumentUniqueId", r.UniqueID)
			w.End()
		}
		w.End()
		return nil
	})
}

// ParseRetrieve reads a RetrieveDocumentSetRequest, alone or in a SOAP
// envelope.
func ParseRetrieve(message []byte) ([]DocumentRequest, error) {
	n, err := find("xds.ParseRetrieve", message, "RetrieveDocumentSetRequest")
	if err != nil {
		return nil, err
	}
	var out []DocumentRequest
	for _, c := range n.All(namespaceXDS, "DocumentRequest") {
		out = append(out, DocumentRequest{
			RepositoryID:    segur.OID(c.Child(namespaceXDS, "RepositoryUniqueId").TrimText()),
			UniqueID:        c.Child(namespaceXDS, "DocumentUniqueId").TrimText(),
			HomeCommunityID: c.Child(namespaceXDS, "HomeCommunityId").TrimText(),
		})
	}
	return out, nil
}

// RetrieveResponse is the answer of ITI-43: what the registry says and, for
// each document, where its content is.
type RetrieveResponse struct {
	Response
	Documents []RetrievedDocument
}

// RetrievedDocument is one document of an answer.
type RetrievedDocument struct {
	DocumentRequest
	// MimeType is what the repository says; the entry is more reliable.
	MimeType string
	// Href is the reference of its xop:Include ("cid:…"); empty when the
	// document is inline.
	Href string
	// Base64 is the inline content, white space included; empty with Href, and
	// never otherwise.
	Base64 string
}

// AppendXML appends xds:RetrieveDocumentSetResponse.
func (r *RetrieveResponse) AppendXML(dst []byte) ([]byte, error) {
	return appendXML("xds.AppendXML", dst, func(w *xmlw.Writer) error {
		w.Start("xds:RetrieveDocumentSetResponse")
		w.NS("xds", namespaceXDS)
		ebrim.WriteResponse(w, r.ebrim())
		for _, d := range r.Documents {
			w.Start("xds:DocumentResponse")
			w.ElemOpt("xds:HomeCommunityId", d.HomeCommunityID)
			w.Elem("xds:RepositoryUniqueId", string(d.RepositoryID))
			w.Elem("xds:DocumentUniqueId", d.UniqueID)
			w.Elem("xds:mimeType", d.MimeType)
			w.Start("xds:Document")
			if d.Href != "" {
				writeInclude(w, d.Href)
			} else {
				w.Text(d.Base64)
			}
			w.End()
			w.End()
		}
		w.End()
		return nil
	})
}

// ParseRetrieveResponse reads a RetrieveDocumentSetResponse, alone or in a
// SOAP envelope. What the registry refuses is in Response.Errors, not in err.
func ParseRetrieveResponse(message []byte) (*RetrieveResponse, error) {
	const op = "xds.ParseRetrieveResponse"
	n, err := find(op, message, "RetrieveDocumentSetResponse", "RegistryResponse")
	if err != nil {
		return nil, err
	}
	registry := n
	if n.Name.Local != "RegistryResponse" {
		registry = n.Child("*", "RegistryResponse")
	}
	r, err := ebrim.ReadResponse(registry)
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the answer holds no registry response", Err: err}
	}
	out := &RetrieveResponse{Response: response(r)}
	for _, c := range n.All(namespaceXDS, "DocumentResponse") {
		d := RetrievedDocument{MimeType: c.Child(namespaceXDS, "mimeType").TrimText()}
		d.RepositoryID = segur.OID(c.Child(namespaceXDS, "RepositoryUniqueId").TrimText())
		d.UniqueID = c.Child(namespaceXDS, "DocumentUniqueId").TrimText()
		d.HomeCommunityID = c.Child(namespaceXDS, "HomeCommunityId").TrimText()
		if !d.content(c.All(namespaceXDS, "Document")) {
			return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "a document of the answer does not have one content"}
		}
		out.Documents = append(out.Documents, d)
	}
	return out, nil
}

// content reads where the content is: one reference, or one text, and nothing
// beside it.
func (d *RetrievedDocument) content(documents []*xmlr.Node) bool {
	if len(documents) != 1 {
		return false
	}
	text, children := documents[0].TrimText(), documents[0].Children
	if len(children) == 0 {
		d.Base64 = documents[0].Text()
		return text != ""
	}
	d.Href = children[0].Attr("href")
	return len(children) == 1 && children[0].Is(namespaceXOP, "Include") && text == "" && d.Href != ""
}
