package dmp

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

const (
	opFind   = "dmp.find"
	opLookup = "dmp.lookup"
)

// Find gives the entries of a patient that answer a query (TD3.1, ITI-18:
// FindDocuments, FindDocumentsByReferenceId or GetDocuments), each as the
// caller asks for the next one; an answer itself comes whole. The last pair
// may hold an error, after the entries that could be read. Entries are not
// compared with the INS of the query: the INS of a person may change
// (EX_3.1-1055). The identity traits they carry must not be used to correct
// the local identity.
//
// Where the record has more entries than it answers at once the search is cut
// by date, latest part first, and no entry is lost nor given twice; see
// [SearchSettings]. When two seconds in a row hold too many the last pair is
// the error XDSTooManyResults. Documents named by their identifiers are asked
// for in several calls; one that was not named is [segur.ErrProtocol].
//
// The call is open to IndirecteRenforcee and Directe; Indirecte has
// [Client.Lookup].
func (c *Client) Find(ctx context.Context, q Query) iter.Seq2[*xds.DocumentEntry, error] {
	return func(yield func(*xds.DocumentEntry, error) bool) {
		keep := q.classFilter()
		c.search(ctx, q, false, func(r *xds.QueryResponse, at int) string { return cmp.Or(r.Entries[at].ID, r.Entries[at].UniqueID) },
			func(r *xds.QueryResponse, at int, err error) bool {
				switch {
				case err != nil:
					return yield(nil, err)
				case !keep(&r.Entries[at]):
					return true
				}
				return yield(&r.Entries[at], nil)
			})
	}
}

// FindIDs gives the entryUUIDs that answer a query (ObjectRef): a light answer,
// to know what there is. It behaves as [Client.Find] does.
func (c *Client) FindIDs(ctx context.Context, q Query) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		c.search(ctx, q, true, func(r *xds.QueryResponse, at int) string { return r.IDs[at] },
			func(r *xds.QueryResponse, at int, err error) bool {
				if err != nil {
					return yield("", err)
				}
				return yield(r.IDs[at], nil)
			})
	}
}

// FindByReference gives the entries that bear one of the references: the
// accession number or the order of an examination, the Study Instance UID. A
// study is asked for with and without an assigning authority. It is Find with
// the references alone.
func (c *Client) FindByReference(ctx context.Context, patient segur.INS, references ...xds.Reference) iter.Seq2[*xds.DocumentEntry, error] {
	if len(references) == 0 {
		references = []xds.Reference{{}} // refused, with its path
	}
	return c.Find(ctx, Query{Patient: patient, References: [][]xds.Reference{references}})
}

// search runs a query, cut by date where it must be.
func (c *Client) search(ctx context.Context, q Query, idsOnly bool, key func(*xds.QueryResponse, int) string, yield func(*xds.QueryResponse, int, error) bool) {
	if err := c.allowed(opFind, TD31); err != nil {
		yield(nil, 0, err)
		return
	}
	f := c.failure(opFind, q.Patient)
	if _, err := q.encode(&c.cfg, idsOnly); err != nil {
		yield(nil, 0, f.typed(err))
		return
	}
	judge := func(r *xds.QueryResponse) error {
		if idsOnly {
			return nil
		}
		return q.judge(r)
	}
	p := paging{settings: &c.cfg.Settings.Search, now: c.cfg.now(), key: key, yield: yield, seen: map[string]bool{}}
	p.fetch = func(part xds.Period) (*xds.QueryResponse, error) {
		q := q
		*q.pageBy(p.settings.PageBy) = part
		body, err := q.encode(&c.cfg, idsOnly)
		if err != nil {
			return nil, f.typed(err)
		}
		f := c.failure(opFind, q.Patient)
		return c.query(ctx, &f, q.Patient, body, judge)
	}
	p.count = func(r *xds.QueryResponse) int {
		if idsOnly {
			references(r)
			return len(r.IDs)
		}
		return len(r.Entries)
	}
	if !q.identified() {
		p.run(*q.pageBy(p.settings.PageBy))
		return
	}
	c.batches(ctx, q.Patient, slices.Concat(q.UniqueIDs, q.EntryUUIDs), func(ids []string) xds.Query { return q.named(ids, idsOnly) }, judge,
		func(r *xds.QueryResponse, err error) bool {
			if err != nil {
				return yield(nil, 0, err)
			}
			return p.give(r)
		})
}

// references makes references of entries: some registries answer those
// whatever was asked for.
func references(r *xds.QueryResponse) {
	for i := range r.Entries {
		r.IDs = append(r.IDs, r.Entries[i].ID)
	}
	r.Entries = nil
}

// whole refuses references in the place of objects: what is not there would
// look as if there were nothing.
func whole(r *xds.QueryResponse) error {
	if len(r.IDs) > 0 && len(r.Entries)+len(r.Sets)+len(r.Associations) == 0 {
		return protocol("the registry answers references where whole objects were asked for")
	}
	return nil
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
		asked := Query{UniqueIDs: []string{uniqueID}}
		if err := asked.strangers(answer); err != nil {
			return err
		}
		references(answer)
		slices.Sort(answer.IDs)
		answer.IDs = slices.Compact(answer.IDs)
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

// failure is that of a call which knows no more of the patient than the INS:
// what the service says in free text may name people.
func (c *Client) failure(op string, patient segur.INS) failure {
	return failure{op: op, private: privateTexts(patient.Matricule(), patient.Body()), refused: c.hintOf(transactionOf[op]), freeText: true}
}

// query sends one stored query, and judges what is answered. The error is
// typed; a partial success has an answer as well.
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
	doubt(response)
	err = response.Err(f.op)
	if response.Outcome != xds.Success && response.Outcome != xds.PartialSuccess {
		response = nil
	} else if wrong := judge(response); wrong != nil {
		err, response = wrong, nil
	}
	if err == nil {
		return response, nil
	}
	return response, answer.Fail(f.typed(err))
}

// doubt takes a success that names an error for what it is: partial. A cut
// answer is one even where that is a warning.
func doubt(r *xds.QueryResponse) {
	for i := range r.Errors {
		e := &r.Errors[i]
		if e.Code == tooMany {
			e.Warning = false
		}
		if !e.Warning && r.Outcome == xds.Success {
			r.Outcome = xds.PartialSuccess
		}
	}
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
