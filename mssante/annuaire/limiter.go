package annuaire

import (
	"context"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// CallsPerSecond is what the service allows to one application, whatever the
// number of its processes.
const CallsPerSecond = 17

// longestPause bounds what a Retry-After may close the limiter for.
const longestPause = time.Hour

// LimiterOptions are the settings of a [Limiter]. The zero value is right for
// one process.
type LimiterOptions struct {
	// PerSecond is the number of calls in any second. 0: [CallsPerSecond]. An
	// application of several processes divides it among them.
	PerSecond int
	// MaxWait is the longest wait for a turn; a call that would wait longer,
	// behind those that came before or for what the service asked, fails at
	// once with [segur.ErrRateLimited]. 0: 30 s.
	MaxWait time.Duration
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
	// Sleep waits, or returns the error of the context when it ends before.
	// nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Limiter keeps the calls of one API key under the rate of the service: no
// second holds more than its number of calls, turns are in the order of
// arrival, and a call that the service refuses for its rate (status 429)
// stops all of them for the time that it asks. Give the same limiter to all
// the clients of a key. It is safe for concurrent use.
type Limiter struct {
	turn    chan struct{} // held by the call whose turn comes next
	clock   func() time.Time
	sleep   func(ctx context.Context, d time.Duration) error
	maxWait time.Duration

	mu     sync.Mutex
	queue  int         // calls in Wait
	last   []time.Time // ring of the latest calls
	next   int         // the oldest of them
	closed time.Time   // no call before
}

// NewLimiter returns a limiter. Negative numbers count as 0.
func NewLimiter(o LimiterOptions) *Limiter {
	if o.PerSecond <= 0 {
		o.PerSecond = CallsPerSecond
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 30 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	return &Limiter{
		turn: make(chan struct{}, 1), clock: o.Clock, sleep: o.Sleep, maxWait: o.MaxWait,
		last: make([]time.Time, o.PerSecond),
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Wait returns when a call may leave, and counts it. The error is that of the
// context, or [segur.ErrRateLimited].
func (l *Limiter) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return contextError(ctx.Err())
	default:
	}
	if d := l.enter(); d > l.maxWait {
		return tooLong(d)
	}
	defer l.leave()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return contextError(ctx.Err())
	}
	for {
		d := l.take()
		if d <= 0 {
			return nil
		}
		if d > l.maxWait {
			return tooLong(d)
		}
		if err := l.sleep(ctx, d); err != nil {
			return contextError(err)
		}
	}
}

func tooLong(d time.Duration) *segur.Error {
	return &segur.Error{Op: opSearch, Kind: segur.KindRateLimited, RetryAfter: d,
		Message: "the turn of the call would come later than it may wait"}
}

// enter queues a call and returns the least that it will wait; it is not
// queued when that is too long.
func (l *Limiter) enter() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.last)
	d := l.until(l.last[(l.next+l.queue)%n]) + time.Duration(l.queue/n)*time.Second
	if d <= l.maxWait {
		l.queue++
	}
	return d
}

func (l *Limiter) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue--
}

// take counts a call, or says how long it has to wait.
func (l *Limiter) take() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if d := l.until(l.last[l.next]); d > 0 {
		return d
	}
	l.last[l.next] = l.clock()
	l.next = (l.next + 1) % len(l.last)
	return 0
}

// until is the time before the call that follows that one by the number of the
// rule. A clock that is set back makes no wait longer than the rule's second.
func (l *Limiter) until(call time.Time) time.Duration {
	now := l.clock()
	d := min(call.Add(time.Second).Sub(now), time.Second)
	return max(0, d, min(l.closed.Sub(now), longestPause))
}

// pause stops the calls for d.
func (l *Limiter) pause(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := l.clock().Add(min(d, longestPause)); until.After(l.closed) {
		l.closed = until
	}
}

func contextError(err error) *segur.Error {
	e := &segur.Error{Op: opSearch, Kind: segur.KindTimeout, Message: "the deadline passed while waiting for a turn", Err: err}
	if err == context.Canceled { //nolint:errorlint // the error of a context is one of two
		e.Kind, e.Message = segur.KindCanceled, "cancelled while waiting for a turn"
	}
	return e
}
