package mssante_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// timers stands for the clock of a watch: pauses end at once, and a wait of
// IDLE or of a poll when the test says so.
type timers struct {
	mu     sync.Mutex
	asked  []time.Duration
	waits  chan chan time.Time
	cutoff time.Duration // shorter timers fire at once
}

func newTimers() *timers {
	return &timers{waits: make(chan chan time.Time, 100), cutoff: 30 * time.Second}
}

func (x *timers) timer(d time.Duration) (<-chan time.Time, func()) {
	x.mu.Lock()
	x.asked = append(x.asked, d)
	x.mu.Unlock()
	c := make(chan time.Time, 1)
	if d < x.cutoff {
		c <- time.Time{}
	} else {
		x.waits <- c
	}
	return c, func() {}
}

func (x *timers) wasAsked(d time.Duration) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Contains(x.asked, d)
}

// fire ends the wait under way.
func (x *timers) fire(t *testing.T) {
	t.Helper()
	select {
	case c := <-x.waits:
		c <- time.Time{}
	case <-time.After(time.Minute):
		t.Fatal("nobody waits")
	}
}

type given struct {
	mail *mssante.Incoming
	err  error
}

// startWatch runs a watch in the background; next gives what it gave.
func startWatch(t *testing.T, c *mssante.Client, f mssante.Filter) (next func() given, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, done := make(chan given, 100), make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range c.Watch(ctx, f) {
			out <- given{m, err}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return func() given {
			t.Helper()
			select {
			case g := <-out:
				return g
			case <-time.After(time.Minute):
				t.Fatal("the watch gives nothing")
				return given{}
			}
		}, func() {
			cancel()
			<-done
			close(out)
		}
}

func id(t *testing.T, g given) string {
	t.Helper()
	require.NoError(t, g.err)
	return strings.TrimSuffix(g.mail.MessageID, "@b.mssante.fr")
}

func TestWatch(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Deliver(box, plain("m0"))
	cfg, clock := srv.ConfigFor(box), newTimers()
	cfg.Watch.Timer = clock.timer
	client := newClient(t, cfg)
	next, stop := startWatch(t, client, mssante.Filter{MarkSeen: true})
	assert.Equal(t, "m0", id(t, next()), "what was there")
	srv.Deliver(box, plain("m1"))
	assert.Equal(t, "m1", id(t, next()), "what comes")
	for i := range 3 { // a new IDLE finds the connection alive, and what the server did not tell
		clock.fire(t)
		srv.Deliver(box, plain(fmt.Sprintf("n%d", i)))
		assert.Equal(t, fmt.Sprintf("n%d", i), id(t, next()))
	}
	// The connection is cut at a listing, inside a message, and while marking.
	for i, fault := range []mssantetest.Fault{
		{Command: "SEARCH"}, {Command: "FETCH", CutAfter: 40}, {Command: "STORE"}, {Command: "SELECT"}, {Command: "IMAP-AUTH"},
		{Command: "FETCH", CutAfter: 1, Times: 3}, {Command: "IDLE"},
	} {
		srv.Fail(fault)
		if fault.Command == "SELECT" || fault.Command == "IMAP-AUTH" {
			srv.Fail(mssantetest.Fault{Command: "SEARCH"})
		}
		srv.Deliver(box, plain(fmt.Sprintf("c%d", i)))
		assert.Equal(t, fmt.Sprintf("c%d", i), id(t, next()), "after a cut at %s", fault.Command)
	}
	srv.Deliver(box, plain("last"))
	g := next()
	assert.Equal(t, "last", id(t, g), "nothing twice, nothing lost")
	for !clock.wasAsked(9 * time.Minute) { // once nothing came for a while
		clock.fire(t)
	}
	stop()
	g = next()
	require.ErrorIs(t, g.err, segur.ErrCanceled)
	assert.Nil(t, g.mail)
	assert.Empty(t, receive(t, client, mssante.Filter{Unseen: true}), "all were marked, after cuts too")

	// Later, another run goes on after a position.
	all := receive(t, client, mssante.Filter{})
	next, stop = startWatch(t, client, mssante.Filter{After: all[len(all)-2].Position()})
	assert.Equal(t, "last", id(t, next()))
	stop()
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	ctx, expire := testkit.Expiring(t.Context())
	one := func(change func(*mssante.Config), f mssante.Filter) error {
		cfg := srv.ConfigFor(box)
		cfg.Watch.Timer = newTimers().timer
		change(&cfg)
		var last error
		for m, err := range newClient(t, cfg).Watch(ctx, f) {
			assert.Nil(t, m)
			assert.NoError(t, last)
			last = err
		}
		return last
	}
	same := func(*mssante.Config) {}
	require.ErrorIs(t, one(same, mssante.Filter{Folder: "Nowhere"}), segur.ErrNotFound)
	require.ErrorIs(t, one(same, mssante.Filter{Limit: -1}), segur.ErrInvalidInput)
	require.ErrorIs(t, one(same, mssante.Filter{After: mssante.Position{UID: 3}}), segur.ErrInvalidInput)
	require.ErrorIs(t, one(func(c *mssante.Config) { c.Auth, c.Password = mssante.Password, "no" }, mssante.Filter{}), segur.ErrAuthentication)
	for _, bad := range []mssante.WatchPolicy{{Idle: 29 * time.Minute}, {Idle: -1}, {Poll: -1}, {MinBackoff: 2, MaxBackoff: 1}} {
		cfg := srv.ConfigFor(box)
		cfg.Watch = bad
		_, err := mssante.New(cfg)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	// Leaving the loop ends it without a word.
	srv.Deliver(box, plain("m0"))
	n := 0
	for _, err := range newClient(t, srv.ConfigFor(box)).Watch(t.Context(), mssante.Filter{}) {
		require.NoError(t, err)
		n++
		break
	}
	assert.Equal(t, 1, n)
	// The deadline of the context, while it waits.
	require.ErrorIs(t, one(func(c *mssante.Config) {
		c.Watch.Timer = func(time.Duration) (<-chan time.Time, func()) { expire(); return nil, func() {} }
	}, mssante.Filter{MessageID: "none@b.mssante.fr"}), segur.ErrTimeout)
}

// Nobody there for a while: the pauses grow, and the watch goes on.
func TestWatchBacksOff(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Deliver(box, plain("m0"))
	srv.Fail(mssantetest.Fault{Command: "SELECT", Times: 12})
	cfg, clock := srv.ConfigFor(box), newTimers()
	clock.cutoff = 6 * time.Minute
	cfg.Watch.Timer = clock.timer
	next, stop := startWatch(t, newClient(t, cfg), mssante.Filter{})
	assert.Equal(t, "m0", id(t, next()))
	stop()
	require.GreaterOrEqual(t, len(clock.asked), 12)
	for i, d := range clock.asked[:12] {
		most := min(time.Second<<i, 5*time.Minute)
		assert.LessOrEqual(t, d, most)
		assert.GreaterOrEqual(t, d, most/2)
	}
}

// A message that never comes whole is told, and does not stop the others.
func TestWatchOfAPoisonedMessage(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Deliver(box, append(plain("long"), bytes.Repeat([]byte("0123456789abcdef\r\n"), 3000)...))
	srv.Deliver(box, plain("m1"))
	srv.Fail(mssantetest.Fault{Command: "FETCH", CutAfter: 30_000, Times: 5})
	cfg := srv.ConfigFor(box)
	cfg.Watch.Timer = newTimers().timer
	next, _ := startWatch(t, newClient(t, cfg), mssante.Filter{})
	g := next()
	assert.Nil(t, g.mail)
	require.ErrorIs(t, g.err, segur.ErrTruncated)
	assert.Equal(t, "m1", id(t, next()))
}

// The folder is made anew under the watch: numbers begin again, and nothing is
// lost or given twice.
func TestWatchOfAFolderMadeAnew(t *testing.T) {
	t.Parallel()
	imap := newMiniIMAP(t)
	imap.add(plain("m0"), plain("m1"))
	cfg, clock := imap.config(t), newTimers()
	cfg.Watch.Timer = clock.timer
	next, _ := startWatch(t, newClient(t, cfg), mssante.Filter{})
	assert.Equal(t, "m0", id(t, next()))
	assert.Equal(t, "m1", id(t, next()))
	imap.mu.Lock()
	imap.validity, imap.messages = 2, [][]byte{plain("m1"), plain("m2"), plain("m0")}
	imap.mu.Unlock()
	imap.cut()
	assert.Equal(t, "m2", id(t, next()))
	imap.add(plain("m3"))
	clock.fire(t)
	clock.fire(t)
	assert.Equal(t, "m3", id(t, next()))
}

// A mark that the server keeps refusing is told, and does not hold up what
// follows.
func TestWatchWithoutMarks(t *testing.T) {
	t.Parallel()
	imap := newMiniIMAP(t)
	imap.noStores = 5
	imap.add(plain("m0"), plain("m1"))
	cfg, clock := imap.config(t), newTimers()
	cfg.Watch.Timer = clock.timer
	next, stop := startWatch(t, newClient(t, cfg), mssante.Filter{MarkSeen: true})
	assert.Equal(t, "m0", id(t, next()))
	g := next()
	assert.Nil(t, g.mail)
	require.ErrorIs(t, g.err, segur.ErrUnavailable)
	assert.Equal(t, "m1", id(t, next()))
	imap.add(plain("m2"))
	clock.fire(t)
	assert.Equal(t, "m2", id(t, next()))
	stop()
	imap.mu.Lock()
	defer imap.mu.Unlock()
	assert.Empty(t, imap.flags[1])
	assert.Contains(t, imap.flags[2], "Seen")
}

// Without IDLE, and with an IDLE that is announced and refused, the server is
// asked again and again.
func TestWatchByPolling(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*miniIMAP){
		"not offered": func(m *miniIMAP) { m.caps = "IMAP4rev1 AUTH=EXTERNAL SASL-IR" },
		"refused":     func(m *miniIMAP) { m.noIdle = true },
	} {
		imap := newMiniIMAP(t)
		change(imap)
		cfg, clock := imap.config(t), newTimers()
		cfg.Watch.Timer = clock.timer
		next, stop := startWatch(t, newClient(t, cfg), mssante.Filter{})
		if name == "refused" {
			<-clock.waits // that of the IDLE
		}
		clock.fire(t)
		imap.add(plain("m0"))
		clock.fire(t)
		assert.Equal(t, "m0", id(t, next()), name)
		stop()
		assert.Contains(t, clock.asked, time.Minute, name)
	}
}
