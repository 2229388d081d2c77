package faults

import (
	"net/http"
	"sync"
	"time"
)

// AtStart as Fault.CutAfter or Fault.TruncateAfter lets the status and headers through and none of the body.
const AtStart int64 = -1

// Forever as Fault.Times keeps the fault in the script.
const Forever = -1

// Fault is one misbehaviour of a fake server. The zero value of a field means "not this one"; fields combine where that
// makes sense (Latency with anything, Status with Body, CutAfter with either the real or the scripted body).
type Fault struct {
	Op    string // operation, as the fake names it; empty: any
	After int    // how many calls of the operation go through first
	Times int    // how many calls are hit: 0 means 1, Forever means all

	Latency time.Duration // wait before anything else, at most until the client goes away

	// Answers that replace the real one: the request is not processed.
	Status      int         // HTTP status; 0 with a Body means 200
	Header      http.Header // added to the answer
	ContentType string      // of Body
	Body        []byte      // scripted body, for example a SOAP fault or a malformed document

	Alter func(body []byte) []byte // process the request, then send the altered body (held in memory)

	Rate int64 // read the request and send the answer at that many bytes per second, in small pieces

	// Damage on the connection.
	CutAfter           int64 // send that many bytes of the body, then cut the connection (AtStart: none)
	TruncateAfter      int64 // send that many bytes of the body, then end the answer as if it were complete (AtStart: none)
	DropRequest        bool  // cut the connection without reading the body: the request is not processed
	DropBeforeResponse bool  // process the request, then cut the connection without an answer
	Hang               bool  // read the request, never answer: until the client or the script is closed

	// Reached is called when the wait of Hang begins, the request read: the moment to end a context. Optional.
	Reached func()
}

// Script is a queue of faults, safe for concurrent use. The zero value holds none.
type Script struct {
	mu     sync.Mutex
	faults []*Fault
	closed chan struct{}
	hits   map[string]int
}

// Add appends faults. A call takes the first one that fits its operation; a fault with After left counts the call and
// lets the next fault of the queue be considered.
func (s *Script) Add(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = 1
		}
		s.faults = append(s.faults, &f)
	}
}

// Next takes the fault that hits this call of the operation, if any.
func (s *Script) Next(op string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Op != "" && f.Op != op {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		hit := *f
		if f.Times == 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		if s.hits == nil {
			s.hits = map[string]int{}
		}
		s.hits[op]++
		return hit, true
	}
	return Fault{}, false
}

// Hits returns how many calls of the operation were hit so far.
func (s *Script) Hits(op string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[op]
}

// Pending returns how many faults are still in the script (one with Times left counts once).
func (s *Script) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.faults)
}

// Clear removes the faults that are left.
func (s *Script) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Close removes the faults that are left and releases the calls that wait or hang. A fake closes its script before its
// HTTP server, which waits for its calls.
func (s *Script) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	done := s.doneLocked()
	select {
	case <-done:
	default:
		close(done)
	}
}

func (s *Script) done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doneLocked()
}

func (s *Script) doneLocked() chan struct{} {
	if s.closed == nil {
		s.closed = make(chan struct{})
	}
	return s.closed
}
