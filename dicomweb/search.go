package dicomweb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Codes of search errors that the client itself finds.
const (
	// CodeFilterIgnored: a row does not match what was asked. The server does
	// not know the key and answers without it; nothing it returns can be taken
	// for this patient's.
	CodeFilterIgnored = "filter-ignored"
	// CodeOffsetIgnored: a page holds the rows of the page before. The rows
	// given so far are right and not all there may be.
	CodeOffsetIgnored = "offset-ignored"
	// CodeHeldBack: the server says that it has more rows than it gives. The
	// rows given so far are right: narrow the query.
	CodeHeldBack = "results-held-back"
)

const defaultPageSize = 200

// SearchStudies gives the studies that match q (QIDO-RS, PS3.18 10.6), asking
// for page after page. No match is an empty sequence. An error ends the
// sequence; the rows before it are right, but for [CodeFilterIgnored] not the
// answer to q.
func (c *Client) SearchStudies(ctx context.Context, q Query) iter.Seq2[*Study, error] {
	return typed(c.search(ctx, studyLevel, &q), &q, studyRow)
}

// SearchSeries gives the series that match q, of q.Study when it is set (not
// every server searches series of all studies).
func (c *Client) SearchSeries(ctx context.Context, q Query) iter.Seq2[*Series, error] {
	return typed(c.search(ctx, seriesLevel, &q), &q, seriesRow)
}

// SearchInstances gives the instances that match q, of q.Study and q.Series
// when they are set (not every server searches instances of all studies).
func (c *Client) SearchInstances(ctx context.Context, q Query) iter.Seq2[*InstanceRow, error] {
	return typed(c.search(ctx, instanceLevel, &q), &q, instanceRow)
}

// typed makes rows of data sets.
func typed[T any](seq iter.Seq2[*Dataset, error], q *Query, row func(*Dataset, *Query) *T) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for ds, err := range seq {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(row(ds, q), nil) {
				return
			}
		}
	}
}

func (c *Client) search(ctx context.Context, l level, q *Query) iter.Seq2[*Dataset, error] {
	return func(yield func(*Dataset, error) bool) {
		if err := q.check(l); err != nil {
			yield(nil, err)
			return
		}
		s := &searching{c: c, level: l, seen: map[string]bool{}, left: q.Limit, size: q.PageSize, toEmpty: q.toEmpty, yield: yield, warn: q.OnWarning}
		if s.size == 0 {
			s.size = defaultPageSize
		}
		s.query, s.criteria = q.encode(l)
		if s.query != "" {
			s.query += "&"
		}
		s.path = q.resource(l)
		if c.cfg.TrustFilters {
			s.criteria = nil
		}
		for {
			more, err := s.page(ctx)
			if err != nil {
				yield(nil, err)
			}
			if err != nil || !more {
				return
			}
		}
	}
}

// searching is one search on its way through the pages.
type searching struct {
	c        *Client
	level    level
	path     string
	query    string
	criteria []criterion
	size     int // of a page
	left     int // rows still to give; 0 from the start: no bound
	offset   int
	seen     map[string]bool // UIDs given, to find repetitions
	warn     func(string)
	more     bool // the page before announced rows that it does not hold
	toEmpty  bool // a short page is not the last one
	pages    paging
	yield    func(*Dataset, error) bool
}

// page asks for one page and gives its rows. It reports whether another may
// follow.
func (s *searching) page(ctx context.Context) (more bool, err error) {
	limit, offset := s.span()
	resp, err := s.ask(ctx, limit, offset)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	announced := s.warnings(ctx, resp)
	switch resp.Status {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusNoContent:
		return s.none(ctx, resp, s.more || announced == saysMore)
	default:
		return false, s.refused(resp)
	}
	if resp.Status == http.StatusPartialContent {
		announced = saysMore
	}
	if !isJSON(mediaType(resp)) {
		return false, fail(resp, segur.KindProtocol, opSearch, "", "the answer is not DICOM JSON", nil)
	}
	rows, fresh := 0, 0
	for ds, err := range ReadJSON(resp.Body, int(s.c.cfg.Limits.MaxResponseBytes)) {
		if err != nil {
			return false, resp.Fail(streamError(opSearch, resp, err))
		}
		rows++
		again, err := s.row(ds, resp)
		if err != nil {
			return false, err
		}
		if again {
			continue
		}
		fresh++
		if !s.yield(ds, nil) {
			return false, nil
		}
		if s.left--; s.left == 0 {
			return false, nil
		}
	}
	s.left = max(s.left, 0)
	if rows > 0 && fresh == 0 && (!s.pages.growing || rows >= limit) {
		return false, fail(resp, segur.KindProtocol, opSearch, CodeOffsetIgnored,
			"a page holds only rows that were given before: the server ignores offset, and there may be more rows", nil)
	}
	if rows > 0 && !s.pages.literal && strings.Contains(s.query, "%5E") {
		s.c.queries.CompareAndSwap(queryUnknown, queryDecoded)
	}
	before := s.more
	s.more = announced == saysMore
	if s.pages.growing {
		s.offset = rows
		return rows >= limit, s.heldBack(resp, s.more && rows < limit)
	}
	s.offset += rows
	s.pages.full = rows == limit || rows == 0 && s.pages.full
	switch {
	case rows == limit:
		return true, nil
	case rows > limit: // a server that gives more than the limit does not page
		return false, s.heldBack(resp, s.more)
	case rows == 0:
		return s.none(ctx, resp, before || s.more)
	}
	// A short page is the last one, unless the server says that it holds some back.
	return s.toEmpty || announced != saysNothing, nil
}

// heldBack is the end of a search of which the server said that there is more.
func (s *searching) heldBack(resp *transport.Response, more bool) error {
	if !more {
		return nil
	}
	return fail(resp, segur.KindPartial, opSearch, CodeHeldBack, "the server says that it has more rows than it gives: narrow the query", nil)
}

// row checks one row and reports whether it was given before.
func (s *searching) row(ds *Dataset, resp *transport.Response) (again bool, err error) {
	uid := ds.Value(s.level.uid())
	if !ValidUID(uid) {
		return false, fail(resp, segur.KindProtocol, opSearch, "", "a row has no valid "+s.level.uid().Keyword(), nil)
	}
	if tag, bad := violated(ds, s.criteria); bad {
		return false, fail(resp, segur.KindProtocol, opSearch, CodeFilterIgnored,
			"a row does not match the "+tag.Keyword()+" that was asked: the server ignores the key", nil)
	}
	if s.seen[uid] {
		return true, nil
	}
	s.seen[uid] = true
	if max := s.c.cfg.Limits.MaxParts; len(s.seen) > max {
		return false, fail(resp, segur.KindTooLarge, opSearch, "", fmt.Sprintf("more than %d rows", max), nil)
	}
	return false, nil
}

// refused is an answer that is no success. 404 is no way to say that nothing
// matches: nothing is at that address.
func (s *searching) refused(resp *transport.Response) error {
	err := refused(resp, opSearch)
	var e *segur.Error
	if resp.Status == http.StatusNotFound && strings.Count(s.path, "/") == 1 && errors.As(err, &e) {
		e.Help = helpNoService
	}
	return err
}

// streamError gives an error of reading an answer the name of its operation.
func streamError(op string, resp *transport.Response, err error) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		return &segur.Error{Op: op, Kind: segur.KindProtocol, Status: resp.Status, Message: "the answer cannot be read"}
	}
	if e.Op == op {
		return e
	}
	out := *e
	out.Op, out.Status = op, resp.Status
	return &out
}
