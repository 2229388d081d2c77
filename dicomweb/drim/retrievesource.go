package drim

import (
	"errors"
	"net/url"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
)

// place is where series are: the base address of a source and its host.
type place struct{ base, host string }

func (p *place) parse() error {
	u, err := url.Parse(p.base)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("not https")
	}
	p.host = strings.ToLower(u.Host)
	return nil
}

// source is what is known of a host during one retrieval.
type source struct {
	host  string
	slots chan struct{}

	mu       sync.Mutex
	failures int // requests in a row that found nobody
	dead     error
	requests int
	received int
	bytes    int64
}

// maxSourceFailures is how many requests in a row may fail before a source, or
// the search for the images of one series, is given up.
const maxSourceFailures = 3

func (s *source) givenUp() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// outcome notes how a request ended.
func (s *source) outcome(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	var e *segur.Error
	if !errors.As(err, &e) {
		s.failures = 0
		return
	}
	switch {
	case e.Kind == segur.KindAuthentication, e.Kind == segur.KindSignature:
		if s.dead == nil {
			s.dead = err
		}
	case e.Kind == segur.KindUnavailable && e.Status != 500, e.Kind == segur.KindTimeout, e.Kind == segur.KindRateLimited:
		if s.failures++; s.failures >= maxSourceFailures && s.dead == nil {
			s.dead = &segur.Error{Op: opImages, Kind: e.Kind, Code: CodeSourceDown, Status: e.Status, RetryAfter: e.RetryAfter,
				Message: "the source was given up: several requests in a row failed", Help: helpOf(CodeSourceDown), Err: e}
		}
	case e.Kind != segur.KindCanceled:
		s.failures = 0
	}
}
