package dmptest

import (
	"fmt"
	"net/http"

	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/xop"
)

// retrieve is ITI-43, which answers in several parts whatever happens.
func (c *call) retrieve(w http.ResponseWriter) *refusal {
	if f := c.refuses(dmp.TD32); f != nil {
		return f
	}
	if f := c.mayConsult(); f != nil {
		return f
	}
	requests, err := xds.ParseRetrieve(c.message.Raw)
	if err != nil || len(requests) == 0 {
		return sender("", "The body is not a RetrieveDocumentSetRequest")
	}
	response := &xds.RetrieveResponse{Response: xds.Response{Outcome: xds.Success}}
	var parts []xop.OutPart
	refuse := func(code, context string) {
		response.Errors = append(response.Errors, xds.RegistryError{Code: code, Context: context})
	}
	c.h.mu.Lock()
	for i, r := range requests {
		d := c.h.store.document(r.UniqueID)
		switch {
		case r.RepositoryID != repositoryID:
			refuse("XDSUnknownRepositoryId", string(r.RepositoryID))
			continue
		case d == nil || d.Patient != c.vihf.Patient || !c.sees(&d.Entry, "LeafClass"):
			refuse("XDSDocumentUniqueIdError", r.UniqueID)
			continue
		}
		id := fmt.Sprintf("%s-%d@urn:ihe:iti:xds-b:2007", newUUID(), i+1)
		response.Documents = append(response.Documents, xds.RetrievedDocument{
			DocumentRequest: r, MimeType: d.Entry.MimeType, Href: xop.Href(id)})
		parts = append(parts, xop.OutPart{ContentID: id, ContentType: d.Entry.MimeType, Content: xop.Bytes(d.Content)})
	}
	c.h.mu.Unlock()
	switch {
	case len(response.Errors) == 0:
	case len(response.Documents) == 0:
		response.Outcome = xds.Failure
	default:
		response.Outcome = xds.PartialSuccess
	}
	c.note(&response.Response)
	body, err := response.AppendXML(nil)
	if err != nil {
		return sender("", "The answer cannot be written")
	}
	c.writeParts(w, http.StatusOK, body, parts)
	return nil
}
