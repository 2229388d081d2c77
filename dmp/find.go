package dmp

import (
	"context"
	"iter"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	opFind   = "dmp.find"
	opLookup = "dmp.lookup"
)

// systemLOINC is the system of the types of document that are not French.
const systemLOINC segur.OID = "2.16.840.1.113883.6.1"

// Query says which documents of a patient to find. Within a field the values
// are alternatives; all the fields that are set must hold.
type Query struct {
	// Patient is whose record it is. Required.
	Patient segur.INS
	// UniqueIDs asks for these documents and nothing else. EntryUUIDs does the
	// same by entry. The fields below are then unset.
	UniqueIDs, EntryUUIDs []string

	// Statuses. Empty: Approved only, which is what is shown by default
	// (EX_3.1-1030).
	Statuses []xds.Status
	// Types are the types of document; a system left empty is LOINC.
	Types []segur.Code
	// Classes and Formats select by code, with their systems.
	Classes, Formats []segur.Code
	// Events: one code of each list must be present. Modalities and regions
	// are asked for under both of their schemes.
	Events [][]segur.Code
	// ServiceStart and Created bound the start of the act and the making of
	// the document. A first automatic search is limited to two years.
	ServiceStart, Created xds.Period
	// References select documents that bear one of these identifiers:
	// accession number, order, study.
	References []xds.Reference
}

func (q *Query) encode() ([]byte, error) {
	if len(q.UniqueIDs)+len(q.EntryUUIDs) > 0 {
		if q.filtered() {
			return nil, &segur.Error{Kind: segur.KindInvalidInput,
				Details: []segur.Detail{{Field: "query", Message: "takes either identifiers, or criteria"}}}
		}
		return xds.GetDocuments{UniqueIDs: q.UniqueIDs, EntryUUIDs: q.EntryUUIDs}.AppendXML(nil)
	}
	find := xds.FindDocuments{
		Patient: xds.INSPatientID(q.Patient), Statuses: q.Statuses, ClassCodes: q.Classes, FormatCodes: q.Formats,
		ServiceStart: q.ServiceStart, Created: q.Created, References: q.References,
	}
	for _, t := range q.Types {
		if t.System == "" {
			t.System = systemLOINC
		}
		find.TypeCodes = append(find.TypeCodes, t)
	}
	for _, list := range q.Events {
		find.EventCodes = append(find.EventCodes, xds.EventAlternatives(list...))
	}
	return find.AppendXML(nil)
}

func (q *Query) filtered() bool {
	return len(q.Statuses)+len(q.Types)+len(q.Classes)+len(q.Formats)+len(q.Events)+len(q.References) > 0 ||
		q.ServiceStart != xds.Period{} || q.Created != xds.Period{}
}

// Find gives the entries of a patient that answer a query (TD3.1, ITI-18),
// each as the caller asks for the next one; the answer itself comes whole. The
// last pair may hold an error, after the entries that could be read. Entries
// are not compared with the INS of the query: the INS of a person may change
// (EX_3.1-1055). The identity traits they carry must not be used to correct
// the local identity.
//
// The call is open to IndirecteRenforcee and Directe; Indirecte has
// [Client.Lookup].
func (c *Client) Find(ctx context.Context, q Query) iter.Seq2[*xds.DocumentEntry, error] {
	return func(yield func(*xds.DocumentEntry, error) bool) {
		if err := c.allowed(opFind, TD31); err != nil {
			yield(nil, err)
			return
		}
		f := c.failure(opFind, q.Patient)
		body, err := q.encode()
		if err != nil {
			yield(nil, f.typed(err))
			return
		}
		answer, err := c.query(ctx, &f, q.Patient, body, func(*xds.QueryResponse) error { return nil })
		if answer != nil {
			for i := range answer.Entries {
				if !yield(&answer.Entries[i], nil) {
					return
				}
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// Lookup returns the entryUUID of a document known by its identifier (TD3.1b,
// open to every mode): what a replacement refers to. The error is
// [segur.ErrNotFound] when the record has no such document.
func (c *Client) Lookup(ctx context.Context, patient segur.INS, uniqueID string) (string, error) {
	id, err := c.lookup(ctx, patient, uniqueID)
	if err == nil && id == "" {
		return "", &segur.Error{Op: opLookup, Kind: segur.KindNotFound, Message: "the record has no document under this identifier"}
	}
	return id, err
}

// lookup returns "" when the document is absent.
func (c *Client) lookup(ctx context.Context, patient segur.INS, uniqueID string) (string, error) {
	if err := c.allowed(opLookup, TD31Reference); err != nil {
		return "", err
	}
	f := c.failure(opLookup, patient)
	body, err := xds.GetDocuments{UniqueIDs: []string{uniqueID}, IDsOnly: true}.AppendXML(nil)
	if err != nil {
		return "", f.typed(err)
	}
	var id string
	if _, err := c.query(ctx, &f, patient, body, func(answer *xds.QueryResponse) error {
		// Some registries answer whole entries whatever was asked for.
		for i := range answer.Entries {
			answer.IDs = append(answer.IDs, answer.Entries[i].ID)
		}
		switch {
		case len(answer.IDs) == 0:
			return nil
		case len(answer.IDs) > 1 || answer.IDs[0] == "":
			return &segur.Error{Kind: segur.KindProtocol, Message: "the registry answers several entries, or one without identifier, for one document"}
		}
		id = answer.IDs[0]
		return nil
	}); err != nil {
		return "", err
	}
	return id, nil
}

func (c *Client) failure(op string, patient segur.INS) failure {
	return failure{op: op, private: privateTexts(patient.Matricule(), patient.Body()), mode: c.cfg.Mode}
}

// query sends one stored query, and judges the answer of a success. The error
// is typed; a partial success has an answer as well.
func (c *Client) query(ctx context.Context, f *failure, patient segur.INS, body []byte, judge func(*xds.QueryResponse) error) (*xds.QueryResponse, error) {
	if err := c.checkPatient(patient); err != nil {
		return nil, f.typed(err)
	}
	cred, err := c.cfg.signer(ctx, f.op)
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, f, cred, patient, request{
		op: f.op, service: serviceRegistry, action: actionQuery, body: body, repeatSafe: true})
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	if err := answer.Finish(); err != nil {
		return nil, answer.Fail(f.typed(err))
	}
	response, err := xds.ParseQueryResponse(answer.Raw)
	if err != nil {
		return nil, answer.Fail(f.typed(err))
	}
	for i := range response.Entries {
		f.keepPrivate(&response.Entries[i])
	}
	err = response.Err(f.op)
	if err == nil {
		err = judge(response)
	}
	switch {
	case err == nil:
		return response, nil
	case response.Outcome != xds.PartialSuccess:
		response = nil
	}
	return response, answer.Fail(f.typed(err))
}

func (c *Client) checkPatient(patient segur.INS) error {
	var p segur.Problems
	switch {
	case patient.IsZero():
		p.Add("patient", "is required: the INS of the patient")
	case !c.cfg.Environment.AcceptsINS(patient.Authority()):
		p.Add("patient", "is of a test authority, refused in production")
	}
	return p.Err("")
}
