package dmptest

import (
	"net/http"
	"slices"

	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/saml"
)

// query is ITI-18.
func (c *call) query(w http.ResponseWriter) *refusal {
	if c.mtom {
		return sender("", "ITI-18 is not sent as MTOM")
	}
	q, err := ebrim.ReadQuery(c.message.Payload)
	if err != nil || !c.message.Payload.Is(ebrim.NamespaceQuery, "AdhocQueryRequest") {
		return sender("", "The body is not a stored query")
	}
	byReference := q.ID == getDocuments && q.ReturnType == "ObjectRef"
	t := dmp.TD31
	if byReference {
		t = dmp.TD31Reference
	}
	if f := c.refuses(t); f != nil {
		return f
	}
	if !byReference { // a reference is open to who feeds, without authorisation
		if f := c.mayConsult(); f != nil {
			return f
		}
	}
	response := c.find(q)
	c.note(&response.Response)
	body, err := response.AppendXML(nil)
	if err != nil {
		return sender("", "The answer cannot be written")
	}
	c.write(w, http.StatusOK, body)
	return nil
}

func refused(code, context string) *xds.QueryResponse {
	return &xds.QueryResponse{Response: *failure(code, context)}
}

func (c *call) find(q ebrim.Query) *xds.QueryResponse {
	if q.ReturnType != "LeafClass" && q.ReturnType != "ObjectRef" {
		return refused("XDSRegistryError", "returnType must be LeafClass or ObjectRef")
	}
	stored, known := storedQueries[q.ID]
	if !known {
		return refused("XDSUnknownStoredQuery", q.ID)
	}
	m, r := stored.read(q)
	if r != nil {
		return r
	}
	if _, known := c.record(); !known {
		return refused("XDSUnknownPatientId", "Aucun DMP pour ce patient")
	}
	if p := stored.patient; p != "" && m.first(p) != saml.PatientID(c.vihf.Patient) {
		return refused("XDSPatientIdDoesNotMatch", "L'INS de la recherche n'est pas celle du VIHF")
	}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	out := &xds.QueryResponse{Response: xds.Response{Outcome: xds.Success}}
	stored.answer(c, m, out)
	return c.h.capped(out, q.ReturnType)
}

// versions are the entries of the patient that the user sees, superseded
// versions first. h.mu is held.
func (c *call) versions(returnType string) []*xds.DocumentEntry {
	var out []*xds.DocumentEntry
	for _, list := range [][]StoredDocument{c.h.store.history, c.h.store.documents} {
		for i := range list {
			if d := &list[i]; d.Patient == c.vihf.Patient && c.sees(&d.Entry, returnType) {
				out = append(out, &d.Entry)
			}
		}
	}
	return out
}

// sees keeps masked documents for those who may read them. A reference says
// nothing of a document but that it exists. h.mu is held.
func (c *call) sees(e *xds.DocumentEntry, returnType string) bool {
	return returnType == "ObjectRef" || !e.Has(xds.HiddenFromProfessionals) || c.owns(dmp.TD32Masked, e)
}

// matching answers the entries that fit.
func (c *call) matching(m *matcher, out *xds.QueryResponse) {
	current := m.q.ID == getDocuments && m.q.ReturnType == "ObjectRef" // TD3.1b: one entryUUID for a document
	for _, e := range c.versions(m.q.ReturnType) {
		if current && c.h.store.entry(e.ID) == nil {
			continue
		}
		if m.match(e) {
			out.Entries = append(out.Entries, *e)
		}
	}
}

// sets answers the submission sets that fit.
func (c *call) sets(m *matcher, out *xds.QueryResponse) {
	for i := range c.h.store.submissions {
		if s := &c.h.store.submissions[i]; s.Patient == c.vihf.Patient && m.matchSet(&s.Set) {
			out.Sets = append(out.Sets, s.Set)
		}
	}
}

// links answers the associations that have one of the objects at either end.
func (c *call) links(ids []string, out *xds.QueryResponse) {
	for i := range c.h.store.submissions {
		s := &c.h.store.submissions[i]
		if s.Patient != c.vihf.Patient {
			continue
		}
		for _, a := range s.Associations {
			if slices.Contains(ids, a.Source) || slices.Contains(ids, a.Target) {
				out.Associations = append(out.Associations, a)
			}
		}
	}
}

// associations is GetAssociations.
func (c *call) associations(m *matcher, out *xds.QueryResponse) {
	c.links(slices.Concat(m.parameters["$uuid"]...), out)
}

// documentsAndLinks is GetDocumentsAndAssociations.
func (c *call) documentsAndLinks(m *matcher, out *xds.QueryResponse) {
	c.matching(m, out)
	var ids []string
	for i := range out.Entries {
		ids = append(ids, out.Entries[i].ID)
	}
	c.links(ids, out)
}

// capped gives what the cap of the registry lets through, as references when
// they are asked for.
func (h *Handler) capped(out *xds.QueryResponse, returnType string) *xds.QueryResponse {
	if n := h.resultCap.Results; n > 0 && len(out.Entries)+len(out.Sets) > n {
		tooMany := xds.RegistryError{Code: "XDSTooManyResults", Context: "Trop de résultats"}
		switch h.resultCap.Answer {
		case CapRefuses:
			return refused(tooMany.Code, tooMany.Context)
		case CapPartial:
			out.Outcome, out.Errors = xds.PartialSuccess, append(out.Errors, tooMany)
		case CapSilent:
		}
		out.Entries = out.Entries[:min(n, len(out.Entries))]
		out.Sets = out.Sets[:min(n, len(out.Sets))]
	}
	if returnType != "ObjectRef" {
		return out
	}
	for i := range out.Sets {
		out.IDs = append(out.IDs, out.Sets[i].ID)
	}
	for i := range out.Entries {
		out.IDs = append(out.IDs, out.Entries[i].ID)
	}
	for i := range out.Associations {
		out.IDs = append(out.IDs, out.Associations[i].ID)
	}
	out.Sets, out.Entries, out.Associations = nil, nil, nil
	return out
}
