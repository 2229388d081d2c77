package dmp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
	"github.com/segur-sdk/segur/internal/soap"
)

// RetrieveAll asks for several documents of the patient (TD3.2, ITI-43), so
// many in one call ([SearchSettings]), and gives each as it comes: in the order
// of the answers, which need not be that of entries, and valid until the next
// one. A document that is not read to its end is skipped; [Retrieved.Close]
// judges it as for [Client.Retrieve]: its size, and the hash of its entry. Its
// io.EOF vouches for the document, not for those after it.
//
// What the repository does not give is reported once, by an error with no
// document after all the others: [segur.ErrPartial], or the error of the
// repository when it gives nothing. Details name each missing document. An
// answer that holds another document, the same one twice, or a part that
// belongs to none, is [segur.ErrProtocol]. Such an error, or a call that
// fails, ends the iteration: the documents before it that were read to their
// end are right all the same.
func (c *Client) RetrieveAll(ctx context.Context, patient segur.INS, entries []*xds.DocumentEntry) iter.Seq2[*Retrieved, error] {
	return func(yield func(*Retrieved, error) bool) {
		if err := c.mayRetrieve(patient, entries, "entries"); err != nil {
			yield(nil, err)
			return
		}
		var lacking absence
		for part := range slices.Chunk(entries, c.cfg.Settings.Search.batch()) {
			if !c.retrievePart(ctx, patient, part, &lacking, yield) {
				return
			}
		}
		if err := lacking.join(len(entries)); err != nil {
			yield(nil, err)
		}
	}
}

// retrievePart gives what one call gives. It returns false when the iteration
// is over.
func (c *Client) retrievePart(ctx context.Context, patient segur.INS, entries []*xds.DocumentEntry, lacking *absence, yield func(*Retrieved, error) bool) bool {
	failed := func(s *retrievedSet, err error) bool {
		if s != nil && s.absent > 0 {
			lacking.add(s.absent, err)
			return true
		}
		yield(nil, err)
		return false
	}
	set, err := c.retrieve(ctx, patient, entries)
	if err != nil {
		return failed(set, err)
	}
	defer set.answer.Close() //nolint:errcheck // every document is judged by itself
	for {
		d, err := set.next()
		if err == io.EOF { //nolint:errorlint // ours
			return true
		}
		if err != nil {
			return failed(set, err)
		}
		more := yield(d, nil)
		d.abandon()
		if !more {
			return false
		}
	}
}

// absence collects what the answers lack.
type absence struct {
	documents int
	errs      []*segur.Error
}

func (a *absence) add(documents int, err error) {
	var e *segur.Error
	if errors.As(err, &e) {
		a.documents += documents
		a.errs = append(a.errs, e)
	}
}

// join is one error for all the answers to so many documents; nil when they
// lack nothing.
func (a *absence) join(asked int) error {
	switch {
	case len(a.errs) == 0:
		return nil
	case len(a.errs) == 1 && (a.documents == asked || a.errs[0].Kind == segur.KindPartial):
		return a.errs[0]
	}
	out := *a.errs[0]
	out.Details = nil
	for _, e := range a.errs {
		out.Details = append(out.Details, e.Details...)
		if out.Code == "" {
			out.Code = e.Code
		}
		if e.Kind != out.Kind {
			out.Kind = segur.KindPartial
		}
	}
	if a.documents < asked {
		out.Kind = segur.KindPartial
	}
	out.Message = fmt.Sprintf("%d of %d documents are not in the answers", a.documents, asked)
	return &out
}

// retrievedSet is the answer of a retrieval being read.
type retrievedSet struct {
	f       failure
	answer  *soap.Answer
	entries map[string]*xds.DocumentEntry // by uniqueId
	order   []string
	// inline are the documents that the envelope holds, waiting those of which
	// the part did not come yet.
	inline   []*xds.RetrievedDocument
	waiting  []*xds.RetrievedDocument
	response *xds.RetrieveResponse
	// alone says that the end of the document is that of the message.
	alone bool
	// absent counts the documents that the repository says it does not give,
	// once that is the error.
	absent int
}

// mayRetrieve checks what is asked for, all of it before anything is sent;
// field names the entries.
func (c *Client) mayRetrieve(patient segur.INS, entries []*xds.DocumentEntry, field string) error {
	if err := c.allowed(opRetrieve, TD32); err != nil {
		return err
	}
	f := c.failure(opRetrieve, patient)
	var p segur.Problems
	if len(entries) == 0 {
		p.Add(field, "at least one is required")
	}
	seen := map[string]bool{}
	for i, e := range entries {
		at := field + ".uniqueID"
		if field == "entries" {
			at = fmt.Sprintf("%s[%d].uniqueID", field, i)
		}
		switch {
		case e == nil || e.UniqueID == "":
			p.Add(at, "is required")
			continue
		case seen[e.UniqueID]:
			p.Add(at, "is asked for twice")
			continue
		}
		seen[e.UniqueID] = true
		if err := c.allowed(opRetrieve, Retrieval(e)); err != nil {
			return err
		}
	}
	if err := p.Err(""); err != nil {
		return f.typed(err)
	}
	return f.typed(c.checkPatient(patient))
}

// Retrieval is the line of the rights matrix that says who may read a
// document: that of its visibility, or else of its status. For [Client.Right]:
// a masked document is open to its authors only.
func Retrieval(e *xds.DocumentEntry) Transaction {
	switch {
	case e.Has(xds.HiddenFromProfessionals):
		return TD32Masked
	case e.Has(xds.HiddenFromPatient), e.Has(xds.HiddenFromRepresentatives):
		return TD32Invisible
	}
	switch e.Status {
	case xds.Archived:
		return TD32Archived
	case xds.Deprecated:
		return TD32Obsolete
	case xds.Deleted:
		return TD32Deleted
	default:
		return TD32
	}
}

// retrieve asks for entries that were checked, and judges the list of what
// comes. With an error there may be a set, that tells what it lacks.
func (c *Client) retrieve(ctx context.Context, patient segur.INS, entries []*xds.DocumentEntry) (*retrievedSet, error) {
	s := &retrievedSet{f: c.failure(opRetrieve, patient), entries: map[string]*xds.DocumentEntry{}}
	body, err := s.request(c.cfg.Settings.RepositoryUniqueID, entries)
	if err != nil {
		return nil, s.f.typed(err)
	}
	cred, err := c.cfg.signer(ctx, opRetrieve)
	if err != nil {
		return nil, err
	}
	s.answer, err = c.send(ctx, &s.f, cred, patient, request{
		op: opRetrieve, service: serviceRepository, action: actionRetrieve, body: body, repeatSafe: true})
	if err != nil {
		return nil, err
	}
	if err := s.list(); err != nil {
		err = s.answer.Fail(s.f.typed(err))
		_ = s.answer.Close() // the first error is the one that matters
		return s, err
	}
	return s, nil
}

func (s *retrievedSet) request(repository segur.OID, entries []*xds.DocumentEntry) ([]byte, error) {
	requests := make([]xds.DocumentRequest, 0, len(entries))
	for _, e := range entries {
		s.entries[e.UniqueID] = e
		s.order = append(s.order, e.UniqueID)
		s.f.keepPrivate(e)
		r := xds.DocumentRequest{RepositoryID: e.RepositoryID, UniqueID: e.UniqueID}
		if r.RepositoryID == "" {
			r.RepositoryID = repository
		}
		requests = append(requests, r)
	}
	return xds.AppendRetrieve(nil, requests...)
}

// list reads which documents the answer announces.
func (s *retrievedSet) list() error {
	var err error
	if s.response, err = xds.ParseRetrieveResponse(s.answer.Raw); err != nil {
		return err
	}
	if o := s.response.Outcome; o != xds.Success && o != xds.PartialSuccess {
		err := s.response.Err(opRetrieve)
		if errors.Is(err, segur.ErrNotFound) && len(s.order) > 1 {
			err = s.missing(nil)
		}
		if errors.Is(err, segur.ErrNotFound) {
			s.absent = len(s.order)
		}
		return err
	}
	seen, hrefs := map[string]bool{}, map[string]bool{}
	for i := range s.response.Documents {
		d := &s.response.Documents[i]
		switch {
		case s.entries[d.UniqueID] == nil:
			return protocol("the answer holds a document that was not asked for")
		case seen[d.UniqueID]:
			return protocol("the answer holds a document twice")
		case d.Href != "" && hrefs[d.Href]:
			return protocol("two documents of the answer name the same part")
		}
		seen[d.UniqueID] = true
		if d.Href == "" {
			s.inline = append(s.inline, d)
			continue
		}
		hrefs[d.Href] = true
		s.waiting = append(s.waiting, d)
	}
	if len(seen) == 0 {
		if err := s.missing(seen); err != nil {
			return err
		}
	}
	return nil
}

// next gives the next document, io.EOF after the last one when all of them
// came and the end of the message was seen.
func (s *retrievedSet) next() (*Retrieved, error) {
	if len(s.inline) > 0 {
		d := s.inline[0]
		s.inline = s.inline[1:]
		return s.document(d, inlineContent(d)), nil
	}
	part, err := s.answer.Next()
	if err == io.EOF { //nolint:errorlint // bare at the end only
		if err = s.end(); err == nil {
			return nil, io.EOF
		}
		return nil, s.answer.Fail(s.f.typed(err))
	}
	if err != nil {
		return nil, s.answer.Fail(s.f.typed(err))
	}
	for i, d := range s.waiting {
		if part.Is(d.Href) {
			s.waiting = append(s.waiting[:i:i], s.waiting[i+1:]...)
			return s.document(d, part), nil
		}
	}
	return nil, s.answer.Fail(s.f.typed(protocol("the answer holds a part that belongs to no document, or a part twice")))
}

// end judges an answer of which every part was seen.
func (s *retrievedSet) end() error {
	if len(s.waiting) > 0 {
		e := &segur.Error{Kind: segur.KindProtocol, Message: "the answer names a part that it does not hold"}
		for _, d := range s.waiting {
			e.Details = append(e.Details, segur.Detail{Field: d.UniqueID, Message: "has no content"})
		}
		return e
	}
	came := map[string]bool{}
	for i := range s.response.Documents {
		came[s.response.Documents[i].UniqueID] = true
	}
	return s.missing(came)
}

// missing is the error of the documents that did not come; nil when all did.
// What the repository says comes first, then each document, with the error
// that names it.
func (s *retrievedSet) missing(came map[string]bool) error {
	var e *segur.Error
	if !errors.As(s.response.Err(opRetrieve), &e) {
		e = &segur.Error{}
	}
	said := e.Details
	absent := 0
	for _, id := range s.order {
		if came[id] {
			continue
		}
		absent++
		d := segur.Detail{Field: id, Message: "is not in the answer"}
		for _, r := range said {
			if strings.Contains(r.Location+" "+r.Message, id) {
				d.Code = r.Code
			}
		}
		e.Details = append(e.Details, d)
	}
	switch {
	case absent == 0 && s.response.Outcome == xds.Success:
		return nil
	case absent == 0: // it says so of nothing that was asked for
		e.Kind, e.Message = segur.KindPartial, "the repository says that something is missing, and gave all that was asked for"
	case absent == len(s.order) && s.response.Outcome == xds.Failure:
		// in the words of the repository
	case absent == len(s.order):
		e.Kind, e.Message = segur.KindProtocol, "the answer holds none of the documents asked for"
		if s.response.Outcome == xds.PartialSuccess {
			e.Kind = segur.KindPartial
		}
	default:
		e.Kind, e.Message = segur.KindPartial, fmt.Sprintf("%d of %d documents are not in the answer", absent, len(s.order))
	}
	if e.Kind == segur.KindPartial {
		s.absent = absent
	}
	return e
}

// abandon ends a document whose turn is over, without its judgement.
func (r *Retrieved) abandon() {
	if r.err == nil {
		r.err = r.f.typed(&segur.Error{Kind: segur.KindTruncated, Message: "the document was left before its end"})
	}
	r.closed = true
}
