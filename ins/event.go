package ins

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/segur-sdk/segur"
)

// digest stands for an event or for criteria: a keyed hash, from which neither can be had back.
type digest [sha256.Size]byte

func (l *Limiter) digest(fields ...string) (d digest) {
	h := hmac.New(sha256.New, l.key)
	for _, f := range fields {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		_, _ = h.Write(n[:])
		_, _ = h.Write([]byte(f))
	}
	h.Sum(d[:0])
	return d
}

// event is one arrival of a patient: what was searched for it and how many messages left.
type event struct {
	calls int
	runs  map[digest]bool // by criteria; true: it gave an outcome
	used  time.Time
}

// busy reports whether a run of the event is under way.
func (e *event) busy() bool {
	for _, done := range e.runs {
		if !done {
			return true
		}
	}
	return false
}

// run is one identification of an event. The nil run is an identification without event.
type run struct {
	limiter         *Limiter
	event, criteria digest
}

var helpEvent = segur.Text{
	FR: "INSi a déjà été interrogé pour cette venue avec ces critères, ou autant de fois que permis. Corriger les traits d'après un document avant une nouvelle recherche, ou garder l'identité locale.",
	EN: "INSi was already questioned for this event with these criteria, or as many times as allowed. Correct the traits from a document before another search, or keep the local identity.",
}

// begin opens a run of the event, or refuses it: its criteria gave an outcome already or are being searched, or its
// calls are spent.
func (l *Limiter) begin(id string, t segur.Traits) (*run, error) {
	key := l.digest("event", id)
	criteria := l.digest("criteria", t.BirthName, t.FirstGivenName, t.GivenNames, string(t.Sex), t.BirthDate.ISO(), t.BirthPlace)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Clock()
	e := l.events[key]
	if e != nil && now.Sub(e.used) >= l.cfg.EventMemory && !e.busy() {
		delete(l.events, key)
		e = nil
	}
	if e == nil {
		l.forget(now)
		e = &event{runs: map[digest]bool{}}
		l.events[key] = e
	}
	e.used = now
	rule := ""
	done, seen := e.runs[criteria]
	switch {
	case seen && done:
		rule = "was already identified with the same criteria"
	case seen:
		rule = "is being identified with the same criteria"
	case e.calls >= l.cfg.EventCalls:
		rule = "has spent its calls"
	}
	if rule != "" {
		return nil, &segur.Error{Op: opIdentify, Kind: segur.KindRefused, Message: "nothing was sent", Help: helpEvent,
			Details: []segur.Detail{{Field: "event", Message: rule}}}
	}
	e.runs[criteria] = false
	return &run{limiter: l, event: key, criteria: criteria}, nil
}

// forget makes room for one more event: those that are out of memory go, else the one used least recently. An event
// under way stays.
func (l *Limiter) forget(now time.Time) {
	if len(l.events) < l.cfg.MaxEvents {
		return
	}
	var oldest digest
	var at time.Time
	for k, e := range l.events {
		switch {
		case e.busy():
		case now.Sub(e.used) >= l.cfg.EventMemory:
			delete(l.events, k)
		case at.IsZero() || e.used.Before(at):
			oldest, at = k, e.used
		}
	}
	if len(l.events) >= l.cfg.MaxEvents {
		delete(l.events, oldest)
	}
}

// take counts one message, or says that none is left.
func (r *run) take() bool {
	if r == nil {
		return true
	}
	l := r.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.events[r.event]
	if e == nil || e.calls >= l.cfg.EventCalls {
		return false
	}
	e.calls++
	e.used = l.cfg.Clock()
	return true
}

// giveBack undoes take when no message was made.
func (r *run) giveBack() {
	if r == nil {
		return
	}
	l := r.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.events[r.event]; e != nil {
		e.calls--
	}
}

// end closes the run. One that gave no outcome may be made again.
func (r *run) end(done bool) {
	if r == nil {
		return
	}
	l := r.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.events[r.event]
	switch {
	case e == nil:
	case done:
		e.runs[r.criteria] = true
	default:
		delete(e.runs, r.criteria)
	}
}
