package mssante

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// wire is the raw connection: it ends with the context, bounds each wait and
// the bytes that a server may send, and ignores the deadlines of the mail
// libraries, which know nothing of the context.
type wire struct {
	net.Conn
	patience atomic.Int64 // of one read or write, a time.Duration
	budget   atomic.Int64 // bytes that may still come
}

var errFlood = errors.New("the server sends more than it was asked for")

func (w *wire) Read(p []byte) (int, error) {
	if w.budget.Load() <= 0 {
		return 0, errFlood
	}
	if err := w.Conn.SetReadDeadline(time.Now().Add(time.Duration(w.patience.Load()))); err != nil {
		return 0, err
	}
	n, err := w.Conn.Read(p)
	w.budget.Add(-int64(n))
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	if err := w.Conn.SetWriteDeadline(time.Now().Add(time.Duration(w.patience.Load()))); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// wait sets how long each wait may last, that of a read under way included.
func (w *wire) wait(d time.Duration) {
	w.patience.Store(int64(d))
	_ = w.Conn.SetReadDeadline(time.Now().Add(d)) // a closed connection says so at the next read
}

// connection is the conversation inside TLS. It records both directions, and
// keeps the first error of the network, which the mail libraries blur.
type connection struct {
	net.Conn // TLS
	wire     *wire
	session  atomic.Pointer[transport.Session]
	unbind   func() bool // from the context of the call under way
	greeting []byte      // given to the library, which expects one after STARTTLS too
	secret   atomic.Bool // what passes is a credential
	// readEnded is closed at the first failed read, where another goroutine
	// reads all the time; nil where reads follow writes.
	readEnded chan struct{}
	readOnce  sync.Once

	mu  sync.Mutex
	err error
}

// patience for the alert of a server that refuses our certificate: with TLS
// 1.3 it comes after our side of the handshake, maybe after a failed write.
const alertPatience = 250 * time.Millisecond

const removed = "[removed]\r\n"

func (c *connection) Read(p []byte) (int, error) {
	if len(c.greeting) > 0 {
		n := copy(p, c.greeting)
		c.greeting = c.greeting[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		if c.secret.Load() {
			c.session.Load().Received([]byte(removed), 0)
		} else {
			c.session.Load().Received(p[:n], n)
		}
	}
	if c.note(err) && c.readEnded != nil {
		c.readOnce.Do(func() { close(c.readEnded) })
	}
	return n, err
}

func (c *connection) Write(p []byte) (int, error) {
	if c.secret.Load() {
		c.session.Load().Sent([]byte(removed), 0)
	} else {
		c.session.Load().Sent(p, len(p))
	}
	n, err := c.Conn.Write(p)
	if c.note(err) && c.readEnded != nil {
		timer := time.NewTimer(alertPatience)
		defer timer.Stop()
		select {
		case <-c.readEnded:
		case <-timer.C:
		}
	}
	return n, err
}

// note keeps the first error, or the alert of the server, which explains it.
// It reports whether there is one.
func (c *connection) note(err error) bool {
	if err == nil {
		return false
	}
	var op *net.OpError
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil || errors.As(err, &op) && op.Op == "remote error" {
		c.err = err
	}
	return true
}

// failed reports whether the network failed.
func (c *connection) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// alert looks for the reason of a failure of the network where nobody reads.
func (c *connection) alert() {
	if !c.failed() {
		return
	}
	c.wire.patience.Store(int64(alertPatience))
	_, err := c.Conn.Read(make([]byte, 1))
	c.note(err)
}

// fault classes err, with what the network said first. left: the request may
// have been carried out.
func (c *connection) fault(err error, left bool) *segur.Error {
	c.mu.Lock()
	first := c.err
	c.mu.Unlock()
	session := c.session.Load()
	if first != nil {
		err = first
	}
	if errors.Is(err, errFlood) {
		e := session.Error(segur.KindTooLarge, errFlood.Error(), nil)
		if left {
			return session.Unsure(e)
		}
		return e
	}
	if e := session.Fault(err, left); e != nil {
		return e
	}
	e := session.Error(segur.KindProtocol, "the server's answer is not what the protocol says", nil)
	if left {
		return session.Unsure(e)
	}
	return e
}

// dialect is how a protocol goes from clear text to TLS.
type dialect struct {
	implicitPort string
	// upgrade asks for TLS on a connection in clear; it returns an error of
	// the network, or errNoTLS.
	upgrade func(r *bufio.Reader, w io.Writer, helo string) error
	// greeting is what the library expects to read first after an upgrade.
	greeting string
}

var errNoTLS = errors.New("no STARTTLS")

const (
	maxLines = 100
	maxLine  = 2000
)

// open connects, and returns only once TLS is up: nothing else is ever said in
// clear than what asks for it.
func (c *Client) open(s *transport.Session, address string, d dialect, budget int64) (conn *connection, err error) {
	defer func() {
		c.trace(s.Context(), Action{Kind: ActionConnect, Service: address, Command: "CONNECT", Result: result(err)})
	}()
	ctx := s.Context()
	dialer := &net.Dialer{Timeout: c.cfg.Timeout}
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, faultOr(s, err)
	}
	w := &wire{Conn: raw}
	w.patience.Store(int64(c.cfg.Timeout))
	w.budget.Store(budget)
	conn = &connection{wire: w}
	conn.bind(s)
	if !c.cfg.implicit(address, d.implicitPort) {
		// One byte at a time: what follows the answer belongs to TLS, and a
		// server that talks ahead (command injection) breaks the handshake.
		if err := d.upgrade(bufio.NewReaderSize(&slow{w}, 16), w, c.cfg.HeloName); err != nil {
			conn.close()
			if errors.Is(err, errNoTLS) {
				return nil, s.Error(segur.KindProtocol, "the server does not offer TLS (STARTTLS): nothing was sent", nil)
			}
			return nil, faultOr(s, err)
		}
		conn.greeting = []byte(d.greeting)
	}
	t := tls.Client(w, s.TLSConfig())
	if err := t.HandshakeContext(ctx); err != nil {
		conn.close()
		return nil, faultOr(s, err)
	}
	conn.Conn = t
	return conn, nil
}

// bind makes the connection serve the operation s and end with its context.
func (c *connection) bind(s *transport.Session) {
	c.session.Store(s)
	c.unbind = context.AfterFunc(s.Context(), func() { _ = c.wire.Conn.Close() })
}

// release keeps the connection beyond the operation. false: the context ended
// meanwhile, and so did the connection.
func (c *connection) release() bool { return c.unbind() && !c.failed() }

// close ends the connection.
func (c *connection) close() {
	c.unbind()
	_ = c.wire.Conn.Close()
}

func faultOr(s *transport.Session, err error) *segur.Error {
	if e := s.Fault(err, false); e != nil {
		return e
	}
	return s.Error(segur.KindProtocol, "the server does not speak the protocol expected", nil)
}

// slow gives one byte at a time, so that a buffer above it never holds what
// belongs to TLS.
type slow struct{ r io.Reader }

func (s *slow) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), 1)]) }

// readLine reads a line in clear text, bounded.
func readLine(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		c, err := r.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		if c == '\n' {
			return strings.TrimSuffix(b.String(), "\r"), nil
		}
		if b.Len() == maxLine {
			return "", errFlood
		}
		b.WriteByte(c)
	}
}
