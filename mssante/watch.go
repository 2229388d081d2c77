package mssante

import (
	"context"
	"crypto/sha256"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/segur-sdk/segur"
)

const maxIdle = 29 * time.Minute

// WatchPolicy tunes [Client.Watch]. The zero value is fine.
type WatchPolicy struct {
	// Idle is how long to wait in one IDLE command before a new one, which also
	// shows that the connection is alive. Less than 29 minutes, after which
	// servers end sessions (RFC 2177). 0: 9 minutes.
	Idle time.Duration
	// Poll is how often to ask a server that does not offer IDLE. 0: 1 minute.
	Poll time.Duration
	// MinBackoff and MaxBackoff bound the pause before connecting again, which
	// doubles at each failure. 0: 1 second and 5 minutes.
	MinBackoff, MaxBackoff time.Duration
	// Timer makes a timer and the function that stops it, for tests. nil: that
	// of package time.
	Timer func(time.Duration) (<-chan time.Time, func())
}

func (w *WatchPolicy) check(p *segur.Problems) {
	if w.Idle < 0 || w.Idle >= maxIdle {
		p.Add("watch.idle", "must be less than 29 minutes")
	}
	if w.Poll < 0 || w.MinBackoff < 0 || w.MaxBackoff < 0 || w.MaxBackoff > 0 && w.MaxBackoff < w.MinBackoff {
		p.Add("watch", "must have no negative duration, and a maximal pause that is not the shortest")
	}
}

func (w *WatchPolicy) setDefaults() {
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&w.Idle, 9 * time.Minute}, {&w.Poll, time.Minute}, {&w.MinBackoff, time.Second}, {&w.MaxBackoff, 5 * time.Minute}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	w.MaxBackoff = max(w.MaxBackoff, w.MinBackoff)
	if w.Timer == nil {
		w.Timer = func(d time.Duration) (<-chan time.Time, func()) {
			t := time.NewTimer(d)
			return t.C, func() { t.Stop() }
		}
	}
}

// Watch gives the messages that the filter wants, those that are there and then
// each one that comes, until the context ends or the program leaves the loop.
// It waits with IDLE where the server offers it, else asks again and again. It
// connects again by itself, for as long as it takes, and goes on where it was:
// no message is left out, and none is given twice (a folder that the operator
// makes anew can only give again what was given before this Watch; a filter
// with Unprocessed prevents that too). Filter.After resumes an earlier Watch at
// the [Incoming.Position] of its last message.
//
// A message that cannot be read is given with an error, as [Client.Receive]
// does, and one that could not be fetched, or marked, five times in a row is an
// error without a message; the loop goes on. An error that only a person can put right is the last pair, as is
// the end of the context: credentials refused, no such folder, a server that
// cannot be trusted. Failures of the network are for the observer and the
// logger only.
//
// Filter.Limit bounds one listing, not the whole.
func (c *Client) Watch(ctx context.Context, f Filter) iter.Seq2[*Incoming, error] {
	return func(yield func(*Incoming, error) bool) {
		if err := c.checkFilter(&f); err != nil {
			yield(nil, err)
			return
		}
		w := &watch{c: c, f: f, at: f.After, yield: yield, handed: map[[sha256.Size]byte]bool{}}
		for {
			err := w.connect(ctx)
			switch {
			case w.left:
				return
			case ctx.Err() != nil:
				yield(nil, &segur.Error{Op: opWatch, Kind: kindOfEnd(ctx), Message: "the watch ended", Err: ctx.Err()})
				return
			case final(err):
				yield(nil, err)
				return
			}
			timer, stop := c.cfg.Watch.Timer(w.pause())
			select {
			case <-timer:
			case <-ctx.Done():
			}
			stop()
		}
	}
}

const opWatch = "mssante.watch" //nolint:gosec // the name of an operation

// final reports whether trying again is of no use.
func final(err error) bool {
	switch segur.KindOf(err) {
	case segur.KindAuthentication, segur.KindAuthorization, segur.KindNotFound, segur.KindInvalidInput, segur.KindSignature, segur.KindTooLarge:
		return true
	}
	return false
}

// watch is the state of a Watch between connections.
type watch struct {
	c     *Client
	f     Filter
	yield func(*Incoming, error) bool
	at    Position // of the last message given
	left  bool     // the program left the loop

	failures int // in a row
	stuck    uint32
	stuckFor int
	noIdle   bool
	fresh    bool // something was listed since the last wait

	unmarked    []*Incoming // given, and not marked yet
	unmarkedFor int         // failures of the first one
	// handed has what was given, for when the folder is made anew.
	remade bool
	handed map[[sha256.Size]byte]bool
	order  [][sha256.Size]byte
}

const (
	maxStuck  = 5
	maxHanded = 10_000
)

// pause is the time to wait before connecting again.
func (w *watch) pause() time.Duration {
	p := w.c.cfg.Watch
	d := p.MinBackoff << min(w.failures, 20)
	if d <= 0 || d > p.MaxBackoff {
		d = p.MaxBackoff
	}
	w.failures++
	return d/2 + rand.N(d/2+1) //nolint:gosec // so that everybody does not come back at once
}

// connect watches over one connection, until it ends.
func (w *watch) connect(ctx context.Context) (err error) {
	s, err := w.c.transport.Session(ctx, opWatch, w.c.cfg.IMAP, w.f.MessageID)
	if err != nil {
		return err
	}
	defer func() { _ = s.End(err) }()
	if err := s.Record(); err != nil {
		return err
	}
	r, err := w.c.openReader(s)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.choose(w.f); err != nil {
		return err
	}
	if r.validity != w.at.UIDValidity {
		w.remade = w.at.UIDValidity != 0
		w.at, w.unmarked = Position{UIDValidity: r.validity}, nil
	}
	for len(w.unmarked) > 0 {
		if err := r.markDone(w.unmarked[0], w.f); err != nil {
			if w.unmarkedFor++; w.unmarkedFor < maxStuck || final(err) || r.s.Context().Err() != nil {
				return err
			}
			// The messages that follow matter more than a mark.
			w.unmarked, w.unmarkedFor = w.unmarked[1:], 0
			w.left = !w.yield(nil, err)
			return err
		}
		w.unmarked, w.unmarkedFor = w.unmarked[1:], 0
	}
	for {
		select {
		case <-r.news: // what it says is in the listing that follows
		default:
		}
		more, err := w.list(r)
		if err != nil || w.left {
			return err
		}
		if more {
			continue
		}
		if err := w.wait(ctx, r); err != nil {
			return err
		}
		w.failures = 0
	}
}

// list gives what is new. more: the listing was cut by its limit.
func (w *watch) list(r *reader) (more bool, err error) {
	list, err := r.search(w.f, w.at.UID)
	if err != nil {
		return false, err
	}
	w.fresh = w.fresh || len(list) > 0
	for _, m := range list {
		in, next, err := r.hand(m, w.f, w.once)
		if err != nil { // the connection ended, or a ledger failed
			if w.stuck != m.uid {
				w.stuck, w.stuckFor = m.uid, 0
			}
			if w.stuckFor++; w.stuckFor < maxStuck || r.s.Context().Err() != nil {
				return false, err
			}
			w.at.UID, w.stuckFor = m.uid, 0
			if !w.yield(nil, err) {
				w.left = true
			}
			return false, err
		}
		w.at.UID, w.failures = m.uid, 0
		if !next {
			w.left = true
			return false, nil
		}
		if in != nil {
			if err := r.markDone(in, w.f); err != nil {
				w.unmarked, w.unmarkedFor = append(w.unmarked, in), 1
				return false, err
			}
		}
	}
	return len(list) == w.f.Limit, nil
}

// once gives a message unless it was given before, under another number.
func (w *watch) once(m *Incoming, err error) bool {
	if m == nil {
		return w.yield(m, err)
	}
	sum := sha256.Sum256(m.raw)
	if w.remade && w.handed[sum] {
		return true
	}
	w.handed[sum] = true
	if w.order = append(w.order, sum); len(w.order) > maxHanded {
		delete(w.handed, w.order[0])
		w.order = w.order[1:]
	}
	return w.yield(m, err)
}

// wait returns when there may be news.
func (w *watch) wait(ctx context.Context, r *reader) error {
	if err := r.s.Record(); err != nil {
		return err
	}
	if r.canIdle && !w.noIdle {
		// Some servers do not tell what came just before IDLE began: the first
		// one is short.
		d := w.c.cfg.Watch.Idle
		if w.fresh {
			d, w.fresh = min(d, w.c.cfg.Watch.Poll), false
		}
		timer, stop := w.c.cfg.Watch.Timer(d)
		defer stop()
		err := r.idle(timer)
		if err != nil && segur.KindOf(err) != segur.KindUnavailable && !r.conn.failed() {
			w.noIdle = true // announced, and refused
			return nil
		}
		return err
	}
	r.rest()
	timer, stop := w.c.cfg.Watch.Timer(w.c.cfg.Watch.Poll)
	defer stop()
	select {
	case <-timer:
	case <-r.client.Closed():
	case <-ctx.Done():
	}
	return r.noop()
}
