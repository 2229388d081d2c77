package dmptest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/ebrim"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/saml"
)

// Stored queries that are answered.
const (
	findDocuments   = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
	findByReference = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"
	getDocuments    = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
)

// query is ITI-18.
func (c *call) query(w http.ResponseWriter) *refusal {
	if c.mtom {
		return sender("", "ITI-18 is not sent as MTOM")
	}
	if c.vihf.Patient.IsZero() {
		return sender("DMPInvalidVihf", "Le VIHF ne nomme pas de patient")
	}
	q, err := ebrim.ReadQuery(c.message.Payload)
	if err != nil || !c.message.Payload.Is(ebrim.NamespaceQuery, "AdhocQueryRequest") {
		return sender("", "The body is not a stored query")
	}
	byReference := q.ID == getDocuments && q.ReturnType == "ObjectRef"
	if !byReference { // a reference is open to every mode
		if f := c.denied(false); f != nil {
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
	m := matcher{q: q, parameters: map[string][][]string{}}
	for _, p := range q.Parameters {
		v, err := q.Parameter(p.Name)
		if err != nil {
			return refused("XDSStoredQueryParamNumber", p.Name+" cannot be read")
		}
		m.parameters[p.Name] = v
	}
	if _, known := c.record(); !known {
		return refused("XDSUnknownPatientId", "Aucun DMP pour ce patient")
	}
	switch q.ID {
	case findDocuments, findByReference:
		if r := c.checkFind(&m); r != nil {
			return r
		}
	case getDocuments:
		unique, entries := m.parameters["$XDSDocumentEntryUniqueId"], m.parameters["$XDSDocumentEntryEntryUUID"]
		if (len(unique) == 0) == (len(entries) == 0) {
			return refused("XDSStoredQueryMissingParam", "$XDSDocumentEntryUniqueId or $XDSDocumentEntryEntryUUID")
		}
	default:
		return refused("XDSUnknownStoredQuery", q.ID)
	}
	if m.match(&xds.DocumentEntry{}); m.unknown != "" {
		return refused("XDSStoredQueryParamNumber", m.unknown+" is not a parameter of the query")
	}
	out := &xds.QueryResponse{Response: xds.Response{Outcome: xds.Success}}
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	for i := range c.h.store.documents {
		d := &c.h.store.documents[i]
		if d.Patient != c.vihf.Patient || !m.match(&d.Entry) || !c.sees(&d.Entry, q.ReturnType) {
			continue
		}
		if q.ReturnType == "ObjectRef" {
			out.IDs = append(out.IDs, d.Entry.ID)
		} else {
			out.Entries = append(out.Entries, d.Entry)
		}
	}
	return out
}

// checkFind wants the patient of the assertion, as one string, and a status.
func (c *call) checkFind(m *matcher) *xds.QueryResponse {
	patient := m.parameters["$XDSDocumentEntryPatientId"]
	switch {
	case len(patient) != 1 || len(patient[0]) != 1 || len(m.parameters["$XDSDocumentEntryStatus"]) == 0:
		return refused("XDSStoredQueryMissingParam", "$XDSDocumentEntryPatientId, $XDSDocumentEntryStatus")
	case patient[0][0] != saml.PatientID(c.vihf.Patient):
		return refused("XDSPatientIdDoesNotMatch", "L'INS de la recherche n'est pas celle du VIHF")
	}
	for _, s := range m.q.Parameters {
		if s.Name == "$XDSDocumentEntryPatientId" && strings.HasPrefix(strings.TrimSpace(s.Values[0]), "(") {
			return refused("XDSStoredQueryParamNumber", "$XDSDocumentEntryPatientId is not a list")
		}
	}
	return nil
}

// sees keeps masked documents for their authors. A reference says nothing of a
// document but that it exists.
func (c *call) sees(e *xds.DocumentEntry, returnType string) bool {
	if returnType == "ObjectRef" || !e.Has(xds.HiddenFromProfessionals) || e.LegalAuthenticator.ID == c.vihf.Subject {
		return true
	}
	return slices.ContainsFunc(e.Authors, func(a xds.Author) bool { return a.Person.ID == c.vihf.Subject })
}

// matcher evaluates a query on entries.
type matcher struct {
	q          ebrim.Query
	parameters map[string][][]string
	unknown    string
}

func (m *matcher) match(e *xds.DocumentEntry) bool {
	ok := true
	for name, lists := range m.parameters {
		for _, list := range lists {
			ok = m.one(name, list, e) && ok
		}
	}
	return ok
}

// one evaluates one parameter: its values are alternatives.
func (m *matcher) one(name string, list []string, e *xds.DocumentEntry) bool {
	codes := func(have ...segur.Code) bool {
		return slices.ContainsFunc(have, func(c segur.Code) bool { return slices.Contains(list, c.Code+"^^"+string(c.System)) })
	}
	switch strings.TrimPrefix(name, "$XDSDocumentEntry") {
	case "PatientId":
		return true // that of the assertion: checked
	case "Status":
		return slices.Contains(list, string(e.Status))
	case "UniqueId":
		return slices.Contains(list, e.UniqueID)
	case "EntryUUID":
		return slices.Contains(list, e.ID)
	case "TypeCode":
		return codes(e.TypeCode)
	case "ClassCode":
		return codes(e.ClassCode)
	case "FormatCode":
		return codes(e.FormatCode)
	case "PracticeSettingCode":
		return codes(e.PracticeSettingCode)
	case "HealthcareFacilityTypeCode":
		return codes(e.FacilityTypeCode)
	case "EventCodeList":
		return codes(e.EventCodes...)
	case "ConfidentialityCode":
		return codes(e.ConfidentialityCodes...)
	case "ReferenceIdList":
		return slices.ContainsFunc(e.References, func(r xds.Reference) bool {
			return slices.ContainsFunc(list, func(v string) bool {
				cx := hl7.ParseCX(v)
				return cx.ID == r.ID && cx.Type == r.Type && (cx.Authority.OID == r.Authority || r.Type == xds.ReferenceStudy)
			})
		})
	case "CreationTimeFrom", "CreationTimeTo":
		return bound(name, list, e.Created)
	case "ServiceStartTimeFrom", "ServiceStartTimeTo":
		return bound(name, list, e.ServiceStart)
	case "ServiceStopTimeFrom", "ServiceStopTimeTo":
		return bound(name, list, e.ServiceStop)
	}
	m.unknown = name
	return false
}

// bound applies IHE's rule: From is inclusive, To is not.
func bound(name string, list []string, t segur.Timestamp) bool {
	if len(list) != 1 || t.IsZero() {
		return false
	}
	limit, err := hl7.ParseUTC(list[0])
	if err != nil {
		return false
	}
	if strings.HasSuffix(name, "From") {
		return !t.Time.Before(limit.Time)
	}
	return t.Time.Before(limit.Time)
}
