package faults

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// ErrCut is what a wrapped connection answers once its fault has cut it.
var ErrCut = errors.New("faults: connection cut on purpose")

// ConnFault is a misbehaviour of one connection, seen from the side that holds the wrapped connection. The zero value is
// a healthy connection.
type ConnFault struct {
	CutAfterWrite int64         // let that many written bytes out, then cut (AtStart: none)
	CutAfterRead  int64         // let that many bytes in, then cut (AtStart: none)
	HangAfterRead int64         // let that many bytes in, then block reads until the connection is closed (AtStart: none)
	Latency       time.Duration // before each write, at most until the connection is closed
}

// Listener wraps a listener so that its connections misbehave.
type Listener struct {
	net.Listener
	plan func(n int) ConnFault

	mu sync.Mutex
	n  int
}

// NewListener wraps l; plan gives the fault of the n-th accepted connection, counted from 0.
func NewListener(l net.Listener, plan func(n int) ConnFault) *Listener {
	return &Listener{Listener: l, plan: plan}
}

// Accept returns the next connection, wrapped.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	n := l.n
	l.n++
	l.mu.Unlock()
	return NewConn(c, l.plan(n)), nil
}

// Accepted returns how many connections were accepted so far.
func (l *Listener) Accepted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// Dialer returns a dial function for http.Transport.DialContext whose n-th connection misbehaves as planned.
func Dialer(plan func(n int) ConnFault) func(ctx context.Context, network, addr string) (net.Conn, error) {
	var (
		mu sync.Mutex
		n  int
		d  net.Dialer
	)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		i := n
		n++
		mu.Unlock()
		return NewConn(c, plan(i)), nil
	}
}

// Conn is a connection that misbehaves.
type Conn struct {
	net.Conn
	fault ConnFault

	mu            sync.Mutex
	written, read int64
	once          sync.Once
	closed        chan struct{}
}

// NewConn wraps a connection.
func NewConn(c net.Conn, f ConnFault) *Conn {
	return &Conn{Conn: c, fault: f, closed: make(chan struct{})}
}

// Close closes the connection and releases what waits on it.
func (c *Conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// Write writes, until the fault strikes.
func (c *Conn) Write(p []byte) (int, error) {
	if c.fault.Latency > 0 {
		t := time.NewTimer(c.fault.Latency)
		defer t.Stop()
		select {
		case <-t.C:
		case <-c.closed:
			return 0, net.ErrClosed
		}
	}
	cut := false
	if c.fault.CutAfterWrite != 0 {
		c.mu.Lock()
		left := max(c.fault.CutAfterWrite, 0) - c.written
		if int64(len(p)) >= left {
			p, cut = p[:left], true
		}
		c.written += int64(len(p))
		c.mu.Unlock()
	}
	n, err := c.Conn.Write(p)
	if err == nil && cut {
		c.cut()
		err = ErrCut
	}
	return n, err
}

// Read reads, until the fault strikes.
func (c *Conn) Read(p []byte) (int, error) {
	limit := c.fault.CutAfterRead
	if limit == 0 {
		limit = c.fault.HangAfterRead
	}
	if limit == 0 {
		return c.Conn.Read(p)
	}
	c.mu.Lock()
	left := max(limit, 0) - c.read
	c.mu.Unlock()
	if left <= 0 {
		if c.fault.CutAfterRead != 0 {
			c.cut()
			return 0, ErrCut
		}
		<-c.closed
		return 0, net.ErrClosed
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.read += int64(n)
	c.mu.Unlock()
	return n, err
}

// cut closes the connection; the peer reads what was written and then the end of the stream or a reset.
func (c *Conn) cut() { _ = c.Close() }
