package drim_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// box is an MLLP server under test.
type box struct {
	addr   string
	errs   chan error
	cancel func()
	done   chan error
}

func serve(t *testing.T, handler drim.MLLPHandler, limits drim.MLLPLimits) *box {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	b := &box{addr: listener.Addr().String(), errs: make(chan error, 100), cancel: cancel, done: make(chan error, 1)}
	limits.OnError = func(_ net.Addr, err error) { b.errs <- err }
	go func() { b.done <- drim.ServeMLLP(ctx, listener, handler, limits) }()
	t.Cleanup(func() {
		cancel()
		<-b.done
	})
	return b
}

func (b *box) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", b.addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(2*time.Minute)))
	return conn
}

func block(message string) string { return "\x0b" + message + "\x1c\r" }

// answer reads one block.
func answer(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	s, err := r.ReadString('\x1c')
	require.NoError(t, err)
	cr, err := r.ReadByte()
	require.NoError(t, err)
	require.Equal(t, byte('\r'), cr)
	return strings.Trim(s, "\x0b\x1c")
}

func echo(_ context.Context, message []byte) []byte { return append([]byte("got "), message...) }

func TestMLLPServesManyMessages(t *testing.T) {
	t.Parallel()
	b := serve(t, echo, drim.MLLPLimits{MaxConnections: 3})
	var wg sync.WaitGroup
	for i := range 6 { // twice as many as are served at a time
		wg.Go(func() {
			conn := b.dial(t)
			r := bufio.NewReader(conn)
			for j := range 5 {
				message := fmt.Sprintf("M-%d-%d %s", i, j, strings.Repeat("x", 1000*j))
				for _, part := range []string{"\r\n" + block(message)[:3], block(message)[3:]} {
					_, err := conn.Write([]byte(part))
					assert.NoError(t, err)
				}
				assert.Equal(t, "got "+message, answer(t, r))
			}
			_, err := conn.Write([]byte(block("A") + block("B")))
			assert.NoError(t, err)
			assert.Equal(t, "got A", answer(t, r))
			assert.Equal(t, "got B", answer(t, r))
			_ = conn.Close()
		})
	}
	wg.Wait()
	b.cancel()
	require.NoError(t, <-b.done)
	b.done <- nil
	assert.Empty(t, b.errs)
}

// What is no whole block never reaches the handler, and ends only its own
// connection.
func TestMLLPBadBlocks(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	handler := func(_ context.Context, m []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		if string(m) == "panic" {
			panic("boom")
		}
		got = append(got, string(m))
		if string(m) == "silence" {
			return nil
		}
		return []byte("ok")
	}
	b := serve(t, handler, drim.MLLPLimits{MaxMessageBytes: 100})
	late := serve(t, handler, drim.MLLPLimits{MessageTimeout: 50 * time.Millisecond})
	for _, c := range []struct {
		send  string
		close bool
		kind  segur.Kind
	}{
		{"\x0bMSH|cut", true, segur.KindTruncated},
		{"\x0bMSH|cut\x1c", true, segur.KindTruncated},
		{"\x0bMSH|slow", false, segur.KindTimeout},
		{block(strings.Repeat("x", 101)), false, segur.KindTooLarge},
		{"\x0b" + strings.Repeat("x", 300), false, segur.KindTooLarge},
		{"MSH|^~\\&|no block at all", true, segur.KindProtocol},
		{strings.Repeat("y", 5000), false, segur.KindProtocol},
		{"\x0bA\x0bB\x1c\r", false, segur.KindProtocol},
		{"\x0bA\x1cB\x1c\r", false, segur.KindProtocol},
		{block("panic"), false, segur.KindUnknown},
	} {
		b := b
		if c.kind == segur.KindTimeout {
			b = late
		}
		conn := b.dial(t)
		_, _ = conn.Write([]byte(c.send))
		if c.close {
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		}
		rest, _ := io.ReadAll(conn) // the server closes, perhaps with a reset
		assert.Empty(t, rest, "%q", c.send)
		err := <-b.errs
		assert.Equal(t, c.kind, segur.KindOf(err), "%q: %v", c.send, err)
		assert.NotContains(t, err.Error(), "MSH|")
	}
	conn := b.dial(t)
	r := bufio.NewReader(conn)
	_, err := conn.Write([]byte("junk before" + block("A") + "\r\n" + block("silence") + block("never")))
	require.NoError(t, err)
	assert.Equal(t, "ok", answer(t, r))
	_, err = r.ReadByte()
	require.Error(t, err, "no answer closes the connection")
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, []string{"A", "silence"}, got)
}

func TestMLLPEndsWithItsContext(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	b := serve(t, func(ctx context.Context, m []byte) []byte {
		if string(m) == "quick" {
			return m
		}
		close(begun)
		<-ctx.Done()
		close(ended)
		return nil
	}, drim.MLLPLimits{})
	idle, busy := b.dial(t), b.dial(t)
	_, err := idle.Write([]byte(block("quick")))
	require.NoError(t, err)
	assert.Equal(t, "quick", answer(t, bufio.NewReader(idle)))
	_, err = busy.Write([]byte(block("wait")))
	require.NoError(t, err)
	<-begun
	b.cancel()
	require.NoError(t, <-b.done)
	b.done <- nil
	<-ended // before ServeMLLP returned
	rest, err := io.ReadAll(busy)
	require.NoError(t, err)
	assert.Empty(t, rest, "the sender, without an answer, sends again")
	_, err = io.ReadAll(idle)
	require.NoError(t, err)
	_, err = net.Dial("tcp", b.addr)
	require.Error(t, err, "the listener is closed")
}

func TestMLLPListenerFails(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	require.ErrorIs(t, drim.ServeMLLP(t.Context(), listener, echo, drim.MLLPLimits{}), segur.ErrUnavailable)
}

func TestMLLPIdle(t *testing.T) {
	t.Parallel()
	b := serve(t, echo, drim.MLLPLimits{IdleTimeout: 20 * time.Millisecond})
	_, err := io.ReadAll(b.dial(t))
	require.NoError(t, err)
}

// The handler answers AA when the message is in safe hands, AE when it is
// refused, and nothing when the sender should try again.
func TestMessageHandler(t *testing.T) {
	t.Parallel()
	var outcome error
	var seen []error
	handler := drim.MessageReader{}.Handler(func(_ context.Context, m drim.Message) error {
		assert.Equal(t, "M-0001", m.Header().ControlID)
		return outcome
	}, drim.HandlerOptions{IDs: segur.NewIDSource(bytes.NewReader(bytes.Repeat([]byte("fixed bytes of ids"), 100))),
		Clock: func() time.Time { return ackTime }, OnError: func(_ *drim.MessageHeader, err error) { seen = append(seen, err) }})
	call := func(message []byte) []string {
		return strings.Split(string(handler(t.Context(), message)), "\r")
	}
	lines := call(edit(t, oruText))
	assert.Equal(t, "MSA|AA|M-0001", lines[1])
	assert.Len(t, strings.Split(lines[0], "|")[9], 20)
	outcome = &segur.Error{Kind: segur.KindRefused, Message: "no"}
	assert.Equal(t, "MSA|AE|M-0001", call(edit(t, oruText))[1])
	outcome = &segur.Error{Kind: segur.KindUnavailable}
	assert.Equal(t, []string{""}, call(edit(t, oruText)), "an AE would tell the sender to correct it")
	assert.Equal(t, "MSA|AE|M-0001", call(edit(t, oruText, "ORC|NW", "ORC|ZZ"))[1])
	assert.Equal(t, []string{""}, call([]byte("garbage")), "nobody to answer")
	assert.Len(t, seen, 4)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	outcome = errors.New("interrupted")
	assert.Empty(t, handler(ctx, edit(t, oruText)))

	taken := func(context.Context, drim.Message) error { return nil }
	fields := strings.Split(string(drim.MessageReader{}.Handler(taken, drim.HandlerOptions{})(t.Context(), edit(t, oruText))), "|")
	require.Greater(t, len(fields), 9, "the zero options are ready to use")
	assert.Len(t, fields[9], 20, "a control identifier")
}

// A peer that does not begin TLS does not hold a connection for as long as one
// that waits between two messages.
func TestMLLPHandshake(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	errs, done := make(chan error, 100), make(chan error, 1)
	limits := drim.MLLPLimits{MaxConnections: 1, IdleTimeout: time.Hour, MessageTimeout: 30 * time.Millisecond, OnError: func(_ net.Addr, err error) { errs <- err }}
	go func() { done <- drim.ServeMLLP(ctx, tls.NewListener(plain, pki.MutualTLS()), echo, limits) }()
	t.Cleanup(func() { cancel(); <-done })
	conn, err := net.Dial("tcp", plain.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.ReadAll(conn)
	require.NoError(t, err, "it is closed")
	require.ErrorIs(t, <-errs, segur.ErrTimeout)
}
