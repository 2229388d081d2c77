package mssante_test

import (
	"context"
	"errors"
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

// actions collects traces.
type actions struct {
	mu  sync.Mutex
	all []mssante.Action
}

func (a *actions) add(x mssante.Action) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, x)
}

// kinds lists them, and begins anew.
func (a *actions) kinds() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, x := range a.all {
		out = append(out, string(x.Kind)+"="+x.Result)
	}
	a.all = nil
	return strings.Join(out, " ")
}

// Several letters leave over one connection, and another takes over when the
// operator ended it.
func TestOutbox(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	trace := &actions{}
	cfg := srv.Config()
	cfg.Trace, cfg.Actor = trace.add, "899900000015"
	clock := now
	cfg.Clock = func() time.Time { return clock }
	c := newClient(t, cfg)
	o := c.Outbox()
	send := func(m mssante.Message) (*mssante.Receipt, error) {
		l, err := c.Compose(m)
		require.NoError(t, err)
		return o.Send(t.Context(), l)
	}
	m := toPrescriber()
	for range 3 {
		_, err := send(m)
		require.NoError(t, err)
	}
	assert.Equal(t, "CONNECT=ok AUTH=ok SEND=ok SEND=ok SEND=ok", trace.kinds())
	// A refusal leaves the connection of use.
	two := toTwo()
	_, err := send(two)
	require.ErrorIs(t, err, segur.ErrPartial)
	srv.Fail(mssantetest.Fault{Command: "DATA", Status: 452, Code: "4.3.1"})
	_, err = send(m)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	_, err = send(m)
	require.NoError(t, err)
	assert.Equal(t, "SEND=partial SEND=unavailable SEND=ok", trace.kinds())
	// Cut before the end of a letter: another connection takes over.
	srv.Fail(mssantetest.Fault{Command: "MAIL"})
	_, err = send(m)
	require.NoError(t, err)
	assert.Equal(t, "CONNECT=ok AUTH=ok SEND=ok", trace.kinds())
	srv.Fail(mssantetest.Fault{Command: "RCPT", Status: 421, Code: "4.7.0"})
	_, err = send(m)
	require.NoError(t, err)
	assert.Equal(t, "CONNECT=ok AUTH=ok SEND=ok", trace.kinds())
	// Cut after the end: nobody knows, and nothing is sent again by itself.
	srv.Fail(mssantetest.Fault{Command: "DATA", DropReply: true})
	before := len(srv.Messages(box))
	_, err = send(m)
	require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
	assert.Len(t, srv.Messages(box), before+1)
	assert.Equal(t, "SEND=outcome unknown", trace.kinds())
	_, err = send(m)
	require.NoError(t, err)
	// Idle for long: not even tried.
	clock = clock.Add(time.Hour)
	_, err = send(m)
	require.NoError(t, err)
	assert.Equal(t, "CONNECT=ok AUTH=ok SEND=ok CONNECT=ok AUTH=ok SEND=ok", trace.kinds())
	// A call that ends early takes its connection with it.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = o.Send(ctx, compose(t, c, m))
	require.ErrorIs(t, err, segur.ErrCanceled)
	_, err = send(m)
	require.NoError(t, err)
	require.NoError(t, o.Close())
	require.NoError(t, o.Close())
	_, err = send(m)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// Whoever waits for the outbox gives up with its own context.
func TestOutboxIsOneAtATime(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	cfg, has := srv.Config(), make(chan struct{}, 10)
	cfg.Trace, cfg.Actor = func(mssante.Action) { has <- struct{}{} }, "ris"
	c := newClient(t, cfg)
	o := c.Outbox()
	l := compose(t, c, toPrescriber())
	srv.Fail(mssantetest.Fault{Command: "RCPT", Hang: true})
	long, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := o.Send(long, l); done <- err }()
	<-has // it is connected: it has the turn
	for ctx, kind := range map[context.Context]error{deadline(t): segur.ErrTimeout, long: segur.ErrCanceled} {
		if kind == segur.ErrCanceled { //nolint:errorlint // a table
			c, cancel := context.WithCancel(t.Context())
			cancel()
			ctx = c
		}
		_, err := o.Send(ctx, l)
		require.ErrorIs(t, err, kind)
		assert.Contains(t, err.Error(), "busy")
	}
	end()
	require.ErrorIs(t, <-done, segur.ErrCanceled)
	c = newClient(t, newServer(t).Config()) // the fault of the first one may still be there
	o = c.Outbox()
	var wg sync.WaitGroup
	for range 4 {
		own := compose(t, c, toPrescriber())
		wg.Go(func() { _, err := o.Send(t.Context(), own); assert.NoError(t, err) })
	}
	wg.Wait()
	require.NoError(t, o.Close())
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// Reads share a connection, and another takes over when the operator ended it.
func TestInbox(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Deliver(box, plain("m0"))
	trace := &actions{}
	cfg := srv.ConfigFor(box)
	cfg.Trace, cfg.Actor = trace.add, "ris"
	b := newClient(t, cfg).Inbox()
	read := func(f mssante.Filter) (n int, last error) {
		for m, err := range b.Receive(t.Context(), f) {
			if last = err; m != nil {
				n++
			}
		}
		return n, last
	}
	for range 3 {
		n, err := read(mssante.Filter{})
		require.NoError(t, err)
		assert.Equal(t, 1, n)
	}
	assert.Equal(t, "CONNECT=ok AUTH=ok RECV=ok RECV=ok RECV=ok", trace.kinds())
	srv.Deliver(box, plain("m1")) // what came since is seen
	n, err := read(mssante.Filter{})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	_, err = read(mssante.Filter{Folder: "Nowhere"})
	require.ErrorIs(t, err, segur.ErrNotFound)
	srv.Fail(mssantetest.Fault{Command: "SELECT"}) // the server ends it between two reads
	n, err = read(mssante.Filter{})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	srv.Fail(mssantetest.Fault{Command: "FETCH"})
	_, err = read(mssante.Filter{})
	require.ErrorIs(t, err, segur.ErrUnavailable, "a read that began is not begun anew by itself")
	n, err = read(mssante.Filter{})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	// One loop at a time.
	for _, err := range b.Receive(t.Context(), mssante.Filter{Limit: 1}) {
		require.NoError(t, err)
		_, err = read(mssante.Filter{})
		require.ErrorIs(t, err, segur.ErrInvalidInput)
		require.NoError(t, b.Close(), "at the end of this loop")
	}
	_, err = read(mssante.Filter{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// A program that takes its time between two messages loses no connection.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	srv.Deliver(box, plain("m0"))
	srv.Deliver(box, plain("m1"))
	testkit.Patiently(t, 150*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		cfg := srv.ConfigFor(box)
		cfg.Timeout = d
		n := 0
		for _, err := range newClient(t, cfg).Receive(t.Context(), mssante.Filter{}) {
			if errors.Is(err, segur.ErrTimeout) {
				return true
			}
			require.NoError(t, err)
			n++
			<-time.After(d + d/3)
		}
		assert.Equal(t, 2, n)
		return false
	})
}

// The server speaks of a message on its own while it is asked for: the message
// is not lost, whether it is listed or fetched.
func TestNewsInsideAnAnswer(t *testing.T) {
	t.Parallel()
	imap := newMiniIMAP(t)
	imap.add(plain("m0"), plain("m1"), plain("m2"))
	news := map[string]int{}
	imap.before = func(command string) string {
		set, fetch := strings.CutPrefix(command, "UID FETCH ")
		key, items, _ := strings.Cut(set, " ") // the library writes the items in any order
		if strings.Contains(items, "BODY") {
			key += " body"
		}
		if news[key]++; fetch && news[key] < 3 {
			if news[key] == 2 {
				return "* 2 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n* 3 EXISTS"
			}
			return "* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n* 3 FETCH (FLAGS (\\Answered) UID 3)"
		}
		return ""
	}
	var ids []string
	for m, err := range newClient(t, imap.config(t)).Receive(t.Context(), mssante.Filter{Since: now.Add(-24 * time.Hour)}) {
		require.NoError(t, err)
		ids = append(ids, strings.TrimSuffix(m.MessageID, "@b.mssante.fr"))
		assert.False(t, m.Received.IsZero())
	}
	assert.Equal(t, []string{"m0", "m1", "m2"}, ids)
	assert.Equal(t, []int{1, 2, 3, 1, 3, 2}, []int{news["1:3"], news["2:3"], news["2"], news["1 body"], news["2 body"], news["3 body"]}, "%v", news)
}

// Tokens too long for a line, and servers whose lines are short.
func TestLongTokens(t *testing.T) {
	t.Parallel()
	imap := newMiniIMAP(t)
	cfg := imap.config(t)
	asked := 0
	cfg.Auth, cfg.Token = mssante.Token, func(context.Context) (string, error) { asked++; return imap.token, nil }
	read := func(length, maxLine int) (string, error) {
		imap.mu.Lock()
		imap.token, imap.maxLine, imap.said = strings.Repeat("t", length), maxLine, nil
		imap.mu.Unlock()
		var last error
		for _, err := range newClient(t, cfg).Receive(t.Context(), mssante.Filter{}) {
			last = err
		}
		imap.mu.Lock()
		defer imap.mu.Unlock()
		var out []string
		for _, s := range imap.said {
			if strings.Contains(s, "AUTHENTICATE") {
				out = append(out, s[:min(len(s), 23)])
			}
		}
		return strings.Join(out, "|"), last
	}
	said, err := read(1500, 0)
	require.NoError(t, err)
	assert.Equal(t, "A2 AUTHENTICATE XOAUTH2", said)
	said, err = read(9000, 8000)
	require.NoError(t, err)
	assert.Equal(t, "A2 AUTHENTICATE XOAUTH2", said, "alone at once")
	said, err = read(1500, 512)
	require.NoError(t, err)
	assert.Equal(t, "A2 AUTHENTICATE XOAUTH2|A3 AUTHENTICATE XOAUTH2", said, "alone after a refusal")
	// A token that is too old: another one is asked for, once.
	asked = 0
	old := cfg.Token
	cfg.Token = func(ctx context.Context) (string, error) {
		if s, err := old(ctx); asked > 1 {
			return s, err
		}
		return "old", nil
	}
	_, err = read(100, 0)
	require.NoError(t, err)
	assert.Equal(t, 2, asked)
	cfg.Token = func(context.Context) (string, error) { asked++; return "old", nil }
	asked = 0
	_, err = read(100, 0)
	require.ErrorIs(t, err, segur.ErrAuthentication)
	assert.Equal(t, 2, asked)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "AUTHENTICATIONFAILED", e.Code)

	// SMTP: a token beyond 12,288 bytes of base64 goes alone.
	srv := newServer(t)
	long := strings.Repeat("t", 10_000)
	srv.AddMailbox(mssantetest.SenderMailbox, mssantetest.WithToken(long))
	sending := srv.Config()
	sending.Auth, sending.Token = mssante.Token, func(context.Context) (string, error) { return long, nil }
	c := newClient(t, sending)
	_, err = c.Send(t.Context(), compose(t, c, toPrescriber()))
	require.NoError(t, err)
	// A server that takes no initial response.
	srv.AddMailbox(mssantetest.SenderMailbox, mssantetest.WithToken("short"))
	sending.Token = func(context.Context) (string, error) { return "short", nil }
	srv.Fail(mssantetest.Fault{Command: "AUTH", Status: 500, Code: "5.5.6"})
	c = newClient(t, sending)
	_, err = c.Send(t.Context(), compose(t, c, toPrescriber()))
	require.NoError(t, err)
}

// ledger is the store of a caller.
type ledger struct {
	mu   sync.Mutex
	keys map[string]bool
	fail error
}

func (l *ledger) Processed(_ context.Context, key string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys[key], l.fail
}

func (l *ledger) MarkProcessed(_ context.Context, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[key] = true
	return l.fail
}

func TestProcessedMarkers(t *testing.T) {
	t.Parallel()
	imap := newMiniIMAP(t)
	imap.add(plain("m0"), plain("m1"), plain("m2"))
	read := func(c *mssante.Client, f mssante.Filter) string {
		var ids []string
		for _, m := range receive(t, c, f) {
			ids = append(ids, strings.TrimSuffix(m.MessageID, "@b.mssante.fr"))
		}
		return strings.Join(ids, " ")
	}
	c := newClient(t, imap.config(t))
	// On the server: a loop that stops early leaves the rest.
	for m, err := range c.Receive(t.Context(), mssante.Filter{Unprocessed: true, MarkProcessed: true}) {
		require.NoError(t, err)
		if strings.HasPrefix(m.MessageID, "m1") {
			break
		}
	}
	assert.Equal(t, "m1 m2", read(c, mssante.Filter{Unprocessed: true}))
	one := receive(t, c, mssante.Filter{Unprocessed: true})[0]
	require.NoError(t, c.MarkProcessed(t.Context(), one))
	require.NoError(t, c.MarkProcessed(t.Context(), one))
	assert.Equal(t, "m2", read(c, mssante.Filter{Unprocessed: true}))
	assert.Equal(t, "m0 m1 m2", read(c, mssante.Filter{}))
	imap.mu.Lock()
	imap.validity = 7
	imap.mu.Unlock()
	require.ErrorIs(t, c.MarkProcessed(t.Context(), one), segur.ErrConflict)
	require.ErrorIs(t, c.MarkProcessed(t.Context(), nil), segur.ErrInvalidInput)

	// A server without keywords: a store of the caller, or nothing.
	imap.mu.Lock()
	imap.permanent, imap.flags = "", map[int]string{}
	imap.mu.Unlock()
	for _, err := range c.Receive(t.Context(), mssante.Filter{Unprocessed: true}) {
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	store := &ledger{keys: map[string]bool{}}
	cfg := imap.config(t)
	cfg.Processed = store
	c = newClient(t, cfg)
	assert.Equal(t, "m0 m1 m2", read(c, mssante.Filter{Unprocessed: true}))
	require.NoError(t, c.MarkProcessed(t.Context(), one), "by content, whatever the number")
	assert.Equal(t, "m0 m2", read(c, mssante.Filter{Unprocessed: true, MarkProcessed: true}))
	assert.Empty(t, read(c, mssante.Filter{Unprocessed: true}))
	assert.Len(t, store.keys, 3)
	store.fail = errors.New("the base is down")
	for _, err := range c.Receive(t.Context(), mssante.Filter{Unprocessed: true}) {
		require.ErrorIs(t, err, segur.ErrUnavailable)
		require.ErrorIs(t, err, store.fail)
	}
	cfg.ProcessedKeyword = "two words"
	_, err := mssante.New(cfg)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}

// Traces have their fields, and neither token, content nor matricule.
func TestTraces(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	trace := &actions{}
	cfg := srv.Config()
	cfg.Trace = trace.add
	_, err := mssante.New(cfg)
	require.ErrorIs(t, err, segur.ErrInvalidInput, "without an author")
	cfg.Actor = "899900000015"
	c := newClient(t, cfg)
	m := toPatient()
	m.Text = "s3cret content"
	l := compose(t, c, m)
	_, err = c.Send(mssante.WithActor(t.Context(), "899900000099"), l)
	require.NoError(t, err)
	_, err = c.Send(t.Context(), compose(t, c, toTwo()))
	require.ErrorIs(t, err, segur.ErrPartial)
	cfg.Auth, cfg.Password = mssante.Password, "s3cret"
	bad := newClient(t, cfg)
	_, err = bad.Send(t.Context(), compose(t, bad, toPrescriber()))
	require.ErrorIs(t, err, segur.ErrAuthentication)

	all := trace.all
	seen := map[string]bool{}
	for _, a := range all {
		assert.NotEmpty(t, a.ID)
		assert.False(t, seen[a.ID])
		seen[a.ID] = true
		assert.Equal(t, time.UTC, a.Time.Location())
		assert.Equal(t, mssantetest.SenderMailbox, a.Mailbox)
		assert.Equal(t, srv.SMTP, a.Service)
		assert.NotEmpty(t, a.Actor)
		assert.NotEmpty(t, a.Command)
		assert.NotEmpty(t, a.Result)
	}
	assert.Equal(t, "CONNECT=ok AUTH=ok SEND=ok CONNECT=ok AUTH=ok SEND=partial CONNECT=ok AUTH=authentication SEND=authentication", trace.kinds())
	assert.Equal(t, "899900000099", all[2].Actor)
	assert.Equal(t, "899900000015", all[5].Actor)
	assert.Equal(t, l.MessageID(), all[2].MessageID)
	assert.Equal(t, []string{"18748-4"}, all[2].Codes)
	assert.Equal(t, "250", all[2].Reply)
	address, err := mssante.PatientAddress(patient(), segur.Fake)
	require.NoError(t, err)
	assert.Equal(t, []mssante.ActionRecipient{{Ref: mssante.RecipientRef(l.MessageID(), address), Patient: true, Reply: "250"}}, all[2].Recipients)
	assert.Equal(t, second, all[5].Recipients[1].Address)
	assert.Equal(t, "550 5.1.1", all[5].Recipients[1].Reply)
	assert.Equal(t, "AUTH PLAIN", all[7].Command)
	assert.Equal(t, "535 5.7.8", all[7].Reply)
}
