package dmp

import (
	"errors"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// PageDate is the time by which a search is cut where the record answers no
// more than so many results.
type PageDate string

// The ways of paging.
const (
	// PageByCreation cuts by creationTime, which every entry has. The default.
	PageByCreation PageDate = ""
	// PageByServiceStart cuts by serviceStartTime: an entry without one is
	// found only as long as the answer need not be cut.
	PageByServiceStart PageDate = "serviceStart"
	// NoPaging leaves the refusal of the record to the caller.
	NoPaging PageDate = "none"
)

// SearchSettings are what the public specifications leave open of searches.
type SearchSettings struct {
	// PageBy is how a search is cut when the record answers XDSTooManyResults.
	PageBy PageDate
	// ResultCap is the number of results at which an answer is held to be cut
	// even though the record calls it a success. 0: a success is whole.
	ResultCap int
	// BatchSize is how many identifiers one GetDocuments, GetAssociations,
	// GetDocumentsAndAssociations or RetrieveDocumentSet names. 0: 20.
	BatchSize int
	// StudyUIDAuthority is the assigning authority under which the reference
	// to a study is asked for, besides none. Empty: [xds.DummyStudyAuthority].
	StudyUIDAuthority segur.OID
	// SyncOverlap is how far before the last call [Client.Sync] looks for
	// lots: clocks differ, and the time of a lot is that of the software that
	// sent it. 0: one hour.
	SyncOverlap time.Duration
}

func (s *SearchSettings) batch() int {
	if s.BatchSize > 0 {
		return s.BatchSize
	}
	return defaultBatch
}

func (s *SearchSettings) overlap() time.Duration {
	if s.SyncOverlap > 0 {
		return s.SyncOverlap
	}
	return time.Hour
}

// defaultBatch is what the record's integrators are told to ask for at once.
const defaultBatch = 20

const (
	// maxPages bounds the calls of one search.
	maxPages = 2000
	// tooMany is the registry's code for a capped answer.
	tooMany = "XDSTooManyResults"
)

// oldest is before any document of a record.
var oldest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)

// paging cuts a search by date until every part is answered whole.
type paging struct {
	settings *SearchSettings
	now      time.Time
	// fetch asks for one part; a partial answer comes with its error.
	fetch func(xds.Period) (*xds.QueryResponse, error)
	// count tells how many results an answer has, key names one of them.
	count func(*xds.QueryResponse) int
	key   func(*xds.QueryResponse, int) string
	// yield gives one result, or the error that ends the search.
	yield func(*xds.QueryResponse, int, error) bool

	calls int
	seen  map[string]bool
	// incomplete is the first part that could not be had whole.
	incomplete error
}

func (p *paging) run(whole xds.Period) {
	if p.part(whole) && p.incomplete != nil {
		p.yield(nil, 0, p.incomplete)
	}
}

// part gives the results of one part, latest first where it has to be cut. It
// returns false when the search is over: the caller has had enough, or an
// error.
func (p *paging) part(period xds.Period) bool {
	if p.calls++; p.calls > maxPages {
		p.yield(nil, 0, &segur.Error{Op: opFind, Kind: segur.KindTooLarge, Message: "the record holds too many results, whatever the period"})
		return false
	}
	r, err := p.fetch(period)
	if r == nil && !isTooMany(err) {
		p.yield(nil, 0, err)
		return false
	}
	if p.capped(r, err) {
		if later, earlier, ok := p.split(period); ok {
			return p.part(later) && p.part(earlier)
		}
		if err == nil {
			err = &segur.Error{Op: opFind, Kind: segur.KindPartial, Code: tooMany, Message: "the record answers as many results as it ever does, for the shortest period"}
		}
	}
	if err != nil && p.incomplete == nil {
		p.incomplete = err
	}
	return p.give(r)
}

func (p *paging) give(r *xds.QueryResponse) bool {
	if r == nil {
		return true
	}
	for i := range p.count(r) {
		if key := p.key(r, i); key != "" {
			if p.seen[key] {
				continue
			}
			p.seen[key] = true
		}
		if !p.yield(r, i, nil) {
			return false
		}
	}
	return true
}

func (p *paging) capped(r *xds.QueryResponse, err error) bool {
	if p.settings.PageBy == NoPaging {
		return false
	}
	return isTooMany(err) || r != nil && p.settings.ResultCap > 0 && p.count(r) >= p.settings.ResultCap
}

func isTooMany(err error) bool {
	var e *segur.Error
	return errors.As(err, &e) && e.Code == tooMany
}

// split halves a period. The parts share one second: should the registry not
// count the bounds as the norm has it (from inclusive, to exclusive), a result
// comes twice, and is given once, rather than not at all.
func (p *paging) split(period xds.Period) (later, earlier xds.Period, ok bool) {
	from, to := period.From, period.To
	if from.IsZero() {
		from = oldest
	}
	if to.IsZero() {
		to = p.now.Add(48 * time.Hour) // clocks of producers differ
	}
	from, to = from.UTC().Truncate(time.Second), to.UTC().Truncate(time.Second)
	if to.Sub(from) <= 2*time.Second {
		return later, earlier, false
	}
	middle := from.Add(to.Sub(from) / 2).Truncate(time.Second)
	if period.From.IsZero() {
		// Documents are recent as a rule: one year, then ever more.
		span := max(365*24*time.Hour, 2*p.now.Sub(to))
		if guess := to.Add(-span); guess.After(from) {
			middle = guess
		}
	}
	later, earlier = period, period
	later.From, earlier.To = middle, middle.Add(time.Second)
	return later, earlier, true
}
