package mssantetest_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

func status(err error) int {
	var refusal *smtp.SMTPError
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return 0
}

func TestGreylisting(t *testing.T) {
	t.Parallel()
	s := newServer(t, mssantetest.WithGreylisting(2))
	const second = "b@x.mssante.fr"
	s.AddMailbox(second)
	c := open(t, s)
	require.NoError(t, c.Mail(box, nil))
	for _, want := range []int{450, 450, 0} {
		assert.Equal(t, want, status(c.Rcpt(mssantetest.PrescriberMailbox, nil)))
	}
	assert.Equal(t, 450, status(c.Rcpt(second, nil)), "each recipient on its own")
}

func TestWhiteListOfTheOperator(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []mssantetest.Option
		to      string
		code    smtp.EnhancedCode
	}{
		"another network": {nil, "dr@example.com", smtp.EnhancedCode{5, 7, 1}},
		"unknown mailbox": {nil, "dr@x.mssante.fr", smtp.EnhancedCode{5, 1, 1}},
		"not listed":      {[]mssantetest.Option{mssantetest.WithWhiteList("imagerie-fictive.mssante.fr")}, mssantetest.PrescriberMailbox, smtp.EnhancedCode{5, 7, 1}},
	} {
		s := newServer(t, c.options...)
		s.AddMailbox("dr@example.com")
		x := open(t, s)
		require.NoError(t, x.Mail(box, nil))
		var refusal *smtp.SMTPError
		require.ErrorAs(t, x.Rcpt(c.to, nil), &refusal, name)
		assert.Equal(t, 550, refusal.Code, name)
		assert.Equal(t, c.code, refusal.EnhancedCode, name)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const small = "b@x.mssante.fr"
	s.AddMailbox(small, mssantetest.Quota(1000))
	c := open(t, s)
	raw := good(t, s)
	for declared, want := range map[int64]int{int64(len(raw)) - 1: 554, int64(len(raw)) + 1: 554, 30_000_000: 552} {
		err := c.Mail(box, &smtp.MailOptions{Size: declared})
		if err == nil {
			require.NoError(t, c.Rcpt(mssantetest.PrescriberMailbox, nil))
			w, derr := c.Data()
			require.NoError(t, derr)
			_, _ = w.Write(raw)
			err = w.Close()
		}
		assert.Equal(t, want, status(err))
		require.NoError(t, c.Reset())
	}
	require.NoError(t, c.Mail(box, &smtp.MailOptions{Size: 1001}))
	assert.Equal(t, 452, status(c.Rcpt(small, nil)))
	for _, bad := range []string{strings.Repeat("x", 999), "a\rb", "a\x00b"} {
		require.NoError(t, c.Reset())
		require.NoError(t, c.Mail(box, nil))
		require.NoError(t, c.Rcpt(mssantetest.PrescriberMailbox, nil))
		w, err := c.Data()
		require.NoError(t, err)
		_, _ = w.Write(append(raw[:len(raw):len(raw)], bad+"\r\n"...))
		assert.Equal(t, 554, status(w.Close()), "%q", bad)
	}
	assert.Empty(t, s.Messages(mssantetest.PrescriberMailbox))
}

// Where the connection ends decides whether the mail arrives.
func TestConnectionLost(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	raw := good(t, s)
	for name, c := range map[string]struct {
		fault     mssantetest.Fault
		delivered int
	}{
		"before DATA":          {mssantetest.Fault{Command: "RCPT"}, 0},
		"as DATA begins":       {mssantetest.Fault{Command: "DATA", CutAfter: 1}, 0},
		"in the middle":        {mssantetest.Fault{Command: "DATA", CutAfter: 500}, 0},
		"after the final dot":  {mssantetest.Fault{Command: "DATA"}, 0},
		"instead of an answer": {mssantetest.Fault{Command: "DATA", DropReply: true}, 1},
		"delivered twice":      {mssantetest.Fault{Command: "DATA", Twice: true}, 2},
		"refused for now":      {mssantetest.Fault{Command: "DATA", Status: 451, Code: "4.3.0"}, 0},
		"refused":              {mssantetest.Fault{Command: "DATA", Status: 552, Code: "5.3.4"}, 0},
	} {
		before := len(s.Messages(mssantetest.PrescriberMailbox))
		s.Fail(c.fault)
		x := open(t, s)
		require.NoError(t, x.Mail(box, nil))
		err := x.Rcpt(mssantetest.PrescriberMailbox, nil)
		if err == nil {
			w, derr := x.Data()
			require.NoError(t, derr)
			_, _ = w.Write([]byte(strings.Replace(string(raw), "Message-ID: <", "Message-ID: <"+strings.ReplaceAll(name, " ", ""), 1)))
			err = w.Close()
		}
		assert.Equal(t, c.fault.Twice, err == nil, name)
		assert.Equal(t, c.fault.Status, status(err), name)
		assert.Len(t, s.Messages(mssantetest.PrescriberMailbox), before+c.delivered, name)
	}
}

func TestHandshakesAndSlowness(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := client(t, s.Config())
	for _, command := range []string{"TLS", "IMAP-TLS", "IMAP-CONNECT"} {
		s.Fail(mssantetest.Fault{Command: command})
		var err error
		if command == "TLS" {
			_, err = c.Send(t.Context(), note(t, c, mssantetest.PrescriberMailbox))
		} else {
			for _, err = range c.Receive(t.Context(), mssante.Filter{}) {
				break
			}
		}
		require.Error(t, err, command)
	}
	s.Fail(mssantetest.Fault{Command: "MAIL", Delay: 30 * time.Millisecond})
	start := time.Now()
	_, err := c.Send(t.Context(), note(t, c, mssantetest.PrescriberMailbox))
	require.NoError(t, err, "slow, no more")
	assert.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)

	s.Fail(mssantetest.Fault{Command: "SELECT", Status: 1, Code: "UNAVAILABLE"})
	for _, err = range c.Receive(t.Context(), mssante.Filter{}) {
		break
	}
	require.Error(t, err)
	require.Len(t, inbox(t, client(t, s.ConfigFor(mssantetest.PrescriberMailbox))), 1)
}

func TestTokensThatExpire(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const person = "dr@x.mssante.fr"
	var valid atomic.Value
	valid.Store("t1")
	s.AddMailbox(person, mssantetest.WithTokenCheck(func(token string) bool { return token == valid.Load() }))
	cfg := s.ConfigFor(person)
	asked := 0
	cfg.Auth, cfg.Token = mssante.Token, func(context.Context) (string, error) {
		asked++
		if asked == 1 {
			return "t1", nil
		}
		return "t2", nil
	}
	c := client(t, cfg)
	assert.Empty(t, inbox(t, c))
	valid.Store("t3")
	for _, err := range c.Receive(t.Context(), mssante.Filter{}) {
		require.ErrorIs(t, err, segur.ErrAuthentication)
	}
	assert.Equal(t, 3, asked, "one token more after a refusal, and no third")
}

// Another program works in the same mailbox while it is watched, the network
// fails, and the folder is made anew.
func TestAnotherProgram(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for _, id := range []string{"1", "2", "3"} {
		s.Deliver(box, []byte("Message-ID: <"+id+"@b.mssante.fr>\r\nSubject: "+id+"\r\n\r\nx\r\n"))
	}
	c := client(t, s.Config())
	s.Flag(box, 0, "\\Seen", "$Label1")
	s.Flag(box, 0, "-$Label1")
	s.Expunge(box, 1)
	got := inbox(t, c)
	require.Len(t, got, 2)
	assert.Equal(t, []string{"1", "3"}, []string{got[0].Subject, got[1].Subject})
	assert.Equal(t, []bool{true, false}, []bool{got[0].Seen, got[1].Seen})
	assert.Len(t, s.Messages(box), 3, "what came stays known")
	before := got[1].Position()
	s.Rebuild(box)
	s.Flag(box, 2, "\\Seen")
	got = inbox(t, c)
	require.Len(t, got, 2)
	assert.Equal(t, []bool{true, true}, []bool{got[0].Seen, got[1].Seen}, "flags go along")
	assert.NotEqual(t, before.UIDValidity, got[1].Position().UIDValidity)
	assert.NotEqual(t, before.UID, got[1].Position().UID+1)

	cfg := s.Config()
	cfg.Watch = mssante.WatchPolicy{MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var seen []string
	for m, err := range client(t, cfg).Watch(ctx, mssante.Filter{}) {
		require.NoError(t, err)
		seen = append(seen, m.Subject)
		switch len(seen) {
		case 2:
			s.Disconnect(box)
			s.Expunge(box, 0)
			s.Deliver(box, []byte("Message-ID: <4@b.mssante.fr>\r\nSubject: 4\r\n\r\nx\r\n"))
		case 3:
			s.Rebuild(box)
			s.Deliver(box, []byte("Message-ID: <5@b.mssante.fr>\r\nSubject: 5\r\n\r\nx\r\n"))
		}
		if len(seen) == 4 {
			break
		}
	}
	assert.Equal(t, []string{"1", "3", "4", "5"}, seen)
}
