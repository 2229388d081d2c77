package dicomweb

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// WorkitemQuery says what workitems to search. Zero fields do not restrict.
type WorkitemQuery struct {
	// State, Priority and Readiness are exact.
	State     UPSState
	Priority  string
	Readiness string
	// Label and Worklist may hold the wildcards "*" and "?".
	Label    string
	Worklist string
	// PatientID is the local identifier, exact; Issuer is who gave it.
	PatientID string
	Issuer    string
	// PatientName is "FAMILY^GIVEN"; "*" and "?" are wildcards.
	PatientName string
	// From and To bound the time at which a workitem is to begin, both included.
	// To the second.
	From, To time.Time
	// Match are further keys.
	Match []Match
	// Include asks for attributes beyond those of the standard.
	Include []Tag
	// IncludeAll asks for all attributes that the server has.
	IncludeAll bool
	// Fuzzy asks for the server's fuzzy matching of names.
	Fuzzy bool
	// Limit bounds the workitems given. 0: all of them, within
	// Limits.MaxParts of the configuration.
	Limit int
	// PageSize is the number asked for at a time. 0: 200.
	PageSize int
}

// SearchWorkitems gives the workitems that match q (UPS-RS, PS3.18 11.5), page
// after page, with the guards of [Client.SearchStudies].
func (c *Client) SearchWorkitems(ctx context.Context, q WorkitemQuery) iter.Seq2[*Workitem, error] {
	return func(yield func(*Workitem, error) bool) {
		if err := q.check(); err != nil {
			yield(nil, err)
			return
		}
		s := &workitemSearch{c: c, keys: q.encode(), criteria: q.criteria(), seen: map[string]bool{}, left: q.Limit, size: q.PageSize, yield: yield}
		if s.size == 0 {
			s.size = defaultPageSize
		}
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

func (q *WorkitemQuery) check() error {
	var p segur.Problems
	oneOf(&p, "query.state", string(q.State), "", string(UPSScheduled), string(UPSInProgress), string(UPSCompleted), string(UPSCanceled))
	oneOf(&p, "query.priority", q.Priority, "", UPSHigh, UPSMedium, UPSLow)
	oneOf(&p, "query.readiness", q.Readiness, "", UPSReady, UPSUnavailable, UPSIncomplete)
	for _, v := range []struct {
		field, value string
		exact        bool
	}{{"label", q.Label, false}, {"worklist", q.Worklist, false}, {"patientID", q.PatientID, true}, {"issuer", q.Issuer, true}, {"patientName", q.PatientName, false}} {
		checkKey(&p, "query."+v.field, v.value, v.exact)
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.To.Before(q.From) {
		p.Add("query.to", "must not be before from")
	}
	checkMatch(&p, "query.match", q.Match)
	if q.Limit < 0 {
		p.Add("query.limit", "must not be negative")
	}
	if q.PageSize < 0 {
		p.Add("query.pageSize", "must not be negative")
	}
	return p.Err(opUPSSearch)
}

// checkMatch names what is wrong with keys.
func checkMatch(p *segur.Problems, field string, keys []Match) {
	for i, m := range keys {
		m.check(p, fmt.Sprintf("%s[%d]", field, i), ",")
	}
}

// matchKeys are matching keys as they stand in a query string, with what the
// server must know to match them.
func matchKeys(matches []Match) []string {
	var keys []string
	empty, multiple := false, false
	for _, m := range matches {
		names := make([]string, len(m.Path))
		for i, t := range m.Path {
			names[i] = t.String()
		}
		keys = append(keys, strings.Join(names, ".")+"="+m.encode(","))
		empty, multiple = empty || m.Empty, multiple || m.multiple()
	}
	if empty {
		keys = append(keys, "emptyvaluematching=true")
	}
	if multiple {
		keys = append(keys, "multiplevaluematching=true")
	}
	return keys
}

// matches are all keys of the query.
func (q *WorkitemQuery) matches() []Match {
	var out []Match
	add := func(tag Tag, value string) {
		if value != "" {
			out = append(out, Match{Path: []Tag{tag}, Value: value})
		}
	}
	add(TagProcedureStepState, string(q.State))
	add(TagStepPriority, q.Priority)
	add(TagInputReadinessState, q.Readiness)
	add(TagProcedureStepLabel, q.Label)
	add(TagWorklistLabel, q.Worklist)
	add(TagPatientID, q.PatientID)
	add(TagIssuerOfPatientID, q.Issuer)
	add(TagPatientName, q.PatientName)
	if !q.From.IsZero() || !q.To.IsZero() {
		from, to := "", ""
		if !q.From.IsZero() {
			from = formatDT(q.From)
		}
		if !q.To.IsZero() {
			to = formatDT(q.To)
		}
		add(TagScheduledStart, from+"-"+to)
	}
	return append(out, q.Match...)
}

func (q *WorkitemQuery) encode() string {
	keys := matchKeys(q.matches())
	for _, t := range q.Include {
		keys = append(keys, "includefield="+t.String())
	}
	if q.IncludeAll {
		keys = append(keys, "includefield=all")
	}
	if q.Fuzzy {
		keys = append(keys, "fuzzymatching=true")
	}
	return strings.Join(keys, "&")
}

// criteria are what the workitems of an answer are held against. Whose they are
// is in every answer (PS3.4 table CC.2.5-3, return key type 1 and 2).
func (q *WorkitemQuery) criteria() []criterion {
	var out []criterion
	for _, m := range q.matches() {
		if c, ok := m.criterion(); ok && !strings.Contains(m.Value, ",") {
			c.must = c.tag == TagPatientID && len(c.path) == 0
			out = append(out, c)
		}
	}
	return out
}

// workitemSearch is one search on its way through the pages.
type workitemSearch struct {
	c        *Client
	keys     string
	criteria []criterion
	size     int // of a page
	left     int // still to give; 0 from the start: no bound
	offset   int
	seen     map[string]bool
	more     bool // the page before said that it does not hold all
	yield    func(*Workitem, error) bool
}

// page asks for one page, gives its workitems, and reports whether another may
// follow.
func (s *workitemSearch) page(ctx context.Context) (more bool, err error) {
	limit := s.size
	if s.left > 0 {
		limit = min(limit, s.left)
	}
	keys := s.keys
	if keys != "" {
		keys += "&"
	}
	resp, err := s.c.get(ctx, opUPSSearch, fmt.Sprintf("/workitems?%slimit=%d&offset=%d", keys, limit, s.offset), jsonType)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch resp.Status {
	case http.StatusOK, http.StatusPartialContent:
	case http.StatusNoContent:
		return false, s.heldBack(resp)
	default:
		return false, upsRefused(resp, opUPSSearch)
	}
	if !isJSON(mediaType(resp)) {
		return false, fail(resp, segur.KindProtocol, opUPSSearch, "", "the answer is not DICOM JSON", nil)
	}
	rows, fresh := 0, 0
	zone := s.c.cfg.Clock().Location()
	for ds, err := range ReadJSON(resp.Body, int(s.c.cfg.Limits.MaxResponseBytes)) {
		if err != nil {
			return false, resp.Fail(streamError(opUPSSearch, resp, err))
		}
		rows++
		uid := ds.Value(TagSOPInstanceUID)
		if !ValidUID(uid) {
			return false, fail(resp, segur.KindProtocol, opUPSSearch, "", "a workitem has no valid SOPInstanceUID", nil)
		}
		if tag, bad := violated(ds, s.criteria); bad {
			return false, fail(resp, segur.KindProtocol, opUPSSearch, CodeFilterIgnored,
				"a workitem does not match the "+tag.Keyword()+" that was asked: the server ignores the key", nil)
		}
		if s.seen[uid] {
			continue
		}
		s.seen[uid] = true
		if most := s.c.cfg.Limits.MaxParts; len(s.seen) > most {
			return false, fail(resp, segur.KindTooLarge, opUPSSearch, "", fmt.Sprintf("more than %d workitems", most), nil)
		}
		fresh++
		if !s.yield(readWorkitem(ds, zone), nil) {
			return false, nil
		}
		if s.left--; s.left == 0 {
			return false, nil
		}
	}
	s.left = max(s.left, 0)
	if rows > 0 && fresh == 0 {
		return false, fail(resp, segur.KindProtocol, opUPSSearch, CodeOffsetIgnored,
			"a page holds only workitems that were given before: the server ignores offset, and there may be more", nil)
	}
	s.offset += rows
	if rows == 0 || rows > limit { // a server that gives more than the limit does not page
		return false, s.heldBack(resp)
	}
	s.more = saysMoreWorkitems(resp)
	return rows == limit || rows < limit && (s.more || resp.Header.Get("Warning") != ""), nil
}

// saysMoreWorkitems reports whether an answer says that it does not hold all.
func saysMoreWorkitems(resp *transport.Response) bool {
	if resp.Status == http.StatusPartialContent {
		return true
	}
	for _, text := range resp.Header.Values("Warning") {
		if _, says := classify(text); says == saysMore {
			return true
		}
	}
	return false
}

// heldBack is the end of a search: an error where the server said that there is
// more and gives no more.
func (s *workitemSearch) heldBack(resp *transport.Response) error {
	if !s.more && !saysMoreWorkitems(resp) {
		return nil
	}
	return fail(resp, segur.KindPartial, opUPSSearch, CodeHeldBack, "the server says that it has more workitems than it gives: narrow the query", nil)
}
