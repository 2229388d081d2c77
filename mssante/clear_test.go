package mssante_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante"
)

// script is a server in clear that says what it is told, and what it heard.
func script(t *testing.T, lines ...string) (address string, heard func() string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	done := make(chan string, 1)
	go func() {
		var got strings.Builder
		defer func() { done <- got.String() }()
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		r := bufio.NewReader(io.TeeReader(c, &got))
		for i, line := range lines {
			if _, err := io.WriteString(c, line+"\r\n"); err != nil {
				return
			}
			if i == len(lines)-1 {
				break
			}
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
		}
		_, _ = r.ReadString(0) // until the client leaves
	}()
	return l.Addr().String(), func() string { return <-done }
}

// Whatever a server says in clear, nothing but the request for TLS is said to it.
func TestNothingInClear(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	for name, c := range map[string]struct {
		lines []string
		kind  segur.Kind
		heard string
	}{
		"SMTP without TLS": {[]string{"220 x", "250-x\r\n250 AUTH PLAIN"}, segur.KindProtocol, "EHLO localhost\r\n"},
		"SMTP refuses it":  {[]string{"220 x", "250-x\r\n250 STARTTLS", "454 not now"}, segur.KindProtocol, "EHLO localhost\r\nSTARTTLS\r\n"},
		"SMTP answers ahead": {[]string{"220 x", "250-x\r\n250 STARTTLS", "220 go\r\n250-x\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 ok\r\n250 ok"},
			segur.KindProtocol, "EHLO localhost\r\nSTARTTLS\r\n\x16\x03"},
		"SMTP is no SMTP":  {[]string{"HTTP/1.1 400 Bad Request"}, segur.KindProtocol, ""},
		"SMTP is closed":   {[]string{"554 no"}, segur.KindUnavailable, ""},
		"SMTP never stops": {[]string{strings.Repeat("220-x\r\n", 5000)}, segur.KindProtocol, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, heard := script(t, c.lines...)
			cfg := srv.Config()
			cfg.SMTP, cfg.Timeout = address, time.Minute
			client := newClient(t, cfg)
			_, err := client.Send(t.Context(), compose(t, client, toPrescriber()))
			require.Error(t, err)
			assert.Equal(t, c.kind, segur.KindOf(err), "%v", err)
			assertHeard(t, c.heard, heard())
		})
	}
	for name, c := range map[string]struct {
		lines []string
		kind  segur.Kind
		heard string
	}{
		"IMAP without TLS":   {[]string{"* OK x", "S BAD what?"}, segur.KindProtocol, "S STARTTLS\r\n"},
		"IMAP refuses it":    {[]string{"* OK x", "S NO later"}, segur.KindProtocol, "S STARTTLS\r\n"},
		"IMAP open in clear": {[]string{"* PREAUTH [CAPABILITY IMAP4rev1] come in"}, segur.KindProtocol, ""},
		"IMAP is closed":     {[]string{"* BYE"}, segur.KindUnavailable, ""},
		"IMAP answers ahead": {[]string{"* OK x", "S OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nT1 OK"}, segur.KindProtocol, "S STARTTLS\r\n\x16\x03"},
		"IMAP never stops":   {[]string{"* OK x", strings.Repeat("* x\r\n", 5000)}, segur.KindProtocol, "S STARTTLS\r\n"},
		"IMAP long line":     {[]string{"* OK " + strings.Repeat("x", 100_000)}, segur.KindProtocol, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, heard := script(t, c.lines...)
			cfg := srv.Config()
			cfg.IMAP, cfg.Timeout = address, time.Minute
			for m, err := range newClient(t, cfg).Receive(t.Context(), mssante.Filter{}) {
				assert.Nil(t, m)
				require.Error(t, err)
				assert.Equal(t, c.kind, segur.KindOf(err), "%v", err)
			}
			assertHeard(t, c.heard, heard())
		})
	}
}

// assertHeard compares what was heard, up to the first bytes of TLS.
func assertHeard(t *testing.T, want, got string) {
	t.Helper()
	if i := strings.IndexByte(got, 0x16); i >= 0 {
		got = got[:min(i+2, len(got))]
	}
	assert.Equal(t, want, got)
}

// A server that speaks no SMTP inside TLS is told from one that is silent.
func TestGarbageInsideTLS(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	l, err := tls.Listen("tcp", "127.0.0.1:0", srv.PKI().MutualTLS())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
				_, _ = io.Copy(io.Discard, c)
			}()
		}
	}()
	cfg := srv.Config()
	cfg.SMTP, cfg.IMAP, cfg.ImplicitTLS = l.Addr().String(), l.Addr().String(), true
	c := newClient(t, cfg)
	_, err = c.Send(t.Context(), compose(t, c, toPrescriber()))
	require.ErrorIs(t, err, segur.ErrProtocol)
	for _, err := range c.Receive(t.Context(), mssante.Filter{}) {
		require.ErrorIs(t, err, segur.ErrProtocol)
		assert.NotContains(t, err.Error(), "Bad Request")
	}
}
