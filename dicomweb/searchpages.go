package dicomweb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// paging is how a search gets its rows from a server that does not do what
// PS3.18 says.
type paging struct {
	literal bool // "^" is written as it is
	growing bool // from the first row on, more at a time
	full    bool // the page before held as many rows as it could
}

// What a client knows of how its server reads a query.
const (
	queryUnknown int32 = iota
	queryDecoded
	queryLiteral
)

// span is what to ask for next.
func (s *searching) span() (limit, offset int) {
	if s.pages.growing {
		return 2*s.offset + s.size, 0
	}
	if s.left > 0 {
		return min(s.size, s.left), s.offset
	}
	return s.size, s.offset
}

func (s *searching) ask(ctx context.Context, limit, offset int) (*transport.Response, error) {
	query := s.query
	if s.pages.literal || s.c.queries.Load() == queryLiteral {
		query = strings.ReplaceAll(query, "%5E", "^")
	}
	return s.c.get(ctx, opSearch, fmt.Sprintf("%s?%slimit=%d&offset=%d", s.path, query, limit, offset), "application/dicom+json")
}

// none is told that a page holds no row, and decides whether that is the end.
//
// Orthanc up to plugin 1.7 looks for "%5E" where a name has "^", and finds
// nobody: a search for a name is asked once more with the "^" that URLs should
// not hold. It also takes the offset off what the limit left, when it looks for
// modalities: so an empty page after a full one is the end only when the last
// row is still where it was.
func (s *searching) none(ctx context.Context, resp *transport.Response, announced bool) (more bool, err error) {
	switch {
	case announced || s.pages.growing:
	case s.offset == 0 && !s.pages.literal && strings.Contains(s.query, "%5E") && s.c.queries.Load() == queryUnknown:
		s.pages.literal = true
		return s.literally(ctx)
	case s.offset > 0 && s.pages.full:
		moved, err := s.moved(ctx)
		if err != nil {
			return false, err
		}
		s.pages.growing = moved
		return moved, nil
	}
	return false, s.heldBack(resp, announced)
}

// literally asks for the first page with "^" as it is. A server that refuses
// that has answered already.
func (s *searching) literally(ctx context.Context) (more bool, err error) {
	more, err = s.page(ctx)
	var e *segur.Error
	if len(s.seen) > 0 {
		s.c.queries.Store(queryLiteral)
	} else if errors.As(err, &e) && e.Code == "" && e.Status != 0 && ctx.Err() == nil {
		return false, nil
	}
	return more, err
}

// moved reports whether the rows given so far are not where they were.
func (s *searching) moved(ctx context.Context) (bool, error) {
	limit, offset := 1, s.offset-1
	if s.offset == 1 { // the first row is where it was at any server
		limit, offset = 2, 0
	}
	resp, err := s.ask(ctx, limit, offset)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	rows := 0
	switch resp.Status {
	case http.StatusOK, http.StatusPartialContent:
		for _, err := range ReadJSON(resp.Body, int(s.c.cfg.Limits.MaxResponseBytes)) {
			if err != nil {
				return false, resp.Fail(streamError(opSearch, resp, err))
			}
			rows++
		}
	case http.StatusNoContent:
	default:
		return false, refused(resp, opSearch)
	}
	return rows != 1, nil
}
