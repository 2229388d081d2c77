package ins

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// NoLimit as [LimiterConfig].Calls bounds nothing over time.
const NoLimit = -1

// LimiterConfig is the configuration of a [Limiter]. The zero value is usable. The figures are the SDK's own: no public
// text gives any.
type LimiterConfig struct {
	// Calls bounds the messages of one structure within any Interval. 0: 60. [NoLimit]: no bound.
	Calls int
	// Interval is the length of time that Calls are counted over. 0: one minute.
	Interval time.Duration
	// MaxWait is how long a call may wait for its turn, within its context; one that would wait longer is refused at
	// once with an [segur.ErrRateLimited] error whose RetryAfter says when to come back. 0: ten seconds.
	MaxWait time.Duration
	// Refuse refuses instead of waiting at all.
	Refuse bool
	// EventCalls bounds the messages of one event ([ForEvent]), all its runs together. 0: 8, two whole runs of the
	// default [Policy].
	EventCalls int
	// EventMemory is how long an event is remembered after its last use. 0: one hour.
	EventMemory time.Duration
	// MaxEvents bounds the events remembered; the one that was used least recently is forgotten first. 0: 10,000.
	MaxEvents int
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
	// Pause waits, or returns the error of the context when it ends before. nil: a timer.
	Pause func(context.Context, time.Duration) error
	// Random gives the key under which events and criteria are remembered. nil: crypto/rand.
	Random io.Reader
}

// Limiter bounds the calls of a structure over time and those of each event: INSi is questioned one patient at a time,
// when the patient arrives, never over a data base. One limiter serves all the clients of a structure, in as many
// goroutines as wanted; several structures may share one, each is counted by its issuer. It keeps no personal data:
// events and criteria are remembered as keyed hashes.
type Limiter struct {
	cfg LimiterConfig
	key []byte

	mu      sync.Mutex
	windows map[string]*window
	events  map[digest]*event
}

// NewLimiter returns a limiter. A configuration that cannot work is told by [New] of the client that uses it.
func NewLimiter(cfg LimiterConfig) *Limiter {
	for _, d := range []struct {
		v   *int
		def int
	}{{&cfg.Calls, 60}, {&cfg.EventCalls, 2 * defaultMaxCalls}, {&cfg.MaxEvents, 10_000}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&cfg.Interval, time.Minute}, {&cfg.MaxWait, 10 * time.Second}, {&cfg.EventMemory, time.Hour}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Pause == nil {
		cfg.Pause = transport.Pause
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	l := &Limiter{cfg: cfg, key: make([]byte, 32), windows: map[string]*window{}, events: map[digest]*event{}}
	if _, err := io.ReadFull(cfg.Random, l.key); err != nil {
		l.key = nil
	}
	return l
}

// check adds what is wrong with the configuration of the limiter.
func (l *Limiter) check(p *segur.Problems) {
	switch {
	case l.windows == nil:
		p.Add("limiter", "must be made by NewLimiter")
		return
	case l.key == nil:
		p.Add("limiter.random", "cannot be read")
	}
	if l.cfg.Calls < NoLimit || l.cfg.Calls > 1_000_000 {
		p.Add("limiter.calls", "must be 1 to 1,000,000, 0 for the default, or NoLimit")
	}
	for _, d := range []struct {
		field string
		v     int64
	}{
		{"interval", int64(l.cfg.Interval)}, {"maxWait", int64(l.cfg.MaxWait)}, {"eventCalls", int64(l.cfg.EventCalls)},
		{"eventMemory", int64(l.cfg.EventMemory)}, {"maxEvents", int64(l.cfg.MaxEvents)},
	} {
		if d.v < 0 {
			p.Add("limiter."+d.field, "must not be negative")
		}
	}
}

// window holds the times of the last calls of a structure, as many as the limit counts.
type window struct {
	times []time.Time
	next  int // the oldest of them, once all are there
	last  time.Time
}

// free takes a call at now and returns 0, or returns how long until one is free.
func (w *window) free(now time.Time, calls int, interval time.Duration) time.Duration {
	if len(w.times) < calls {
		w.times = append(w.times, now)
		w.last = now
		return 0
	}
	if d := w.times[w.next].Add(interval).Sub(now); d > 0 {
		return d
	}
	w.times[w.next], w.next, w.last = now, (w.next+1)%calls, now
	return 0
}

// maxWindows is how many structures are counted before those that are silent are forgotten.
const maxWindows = 1000

// admit waits until the structure may send one more message.
func (l *Limiter) admit(ctx context.Context, op, issuer string) error {
	if l.cfg.Calls == NoLimit {
		return nil
	}
	for waited := time.Duration(0); ; {
		d := l.turn(issuer)
		if d == 0 {
			return nil
		}
		if l.cfg.Refuse || waited+d > l.cfg.MaxWait {
			return &segur.Error{Op: op, Kind: segur.KindRateLimited, RetryAfter: d, Help: helpLimiter,
				Message: fmt.Sprintf("the limiter allows %d calls of the structure in %s: nothing was sent", l.cfg.Calls, l.cfg.Interval)}
		}
		if err := l.cfg.Pause(ctx, d); err != nil {
			return contextError(ctx, op, nil)
		}
		waited += d
	}
}

var helpLimiter = segur.Text{
	FR: "Trop d'appels à INSi en peu de temps pour cette structure (limite du logiciel). Réessayer dans un moment ; la prise en charge continue avec l'identité locale.",
	EN: "Too many calls of INSi in a short time for this structure (a limit of the software). Try again in a moment; care goes on with the local identity.",
}

func (l *Limiter) turn(issuer string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Clock()
	w := l.windows[issuer]
	if w == nil {
		if len(l.windows) >= maxWindows {
			for k, old := range l.windows {
				if now.Sub(old.last) >= l.cfg.Interval {
					delete(l.windows, k)
				}
			}
		}
		w = &window{}
		l.windows[issuer] = w
	}
	return w.free(now, l.cfg.Calls, l.cfg.Interval)
}
