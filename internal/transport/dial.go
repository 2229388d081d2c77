package transport

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func dial(timeout time.Duration) dialFunc {
	d := &net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &patientConn{Conn: c, closed: make(chan struct{})}, nil
	}
}

// dialTLS makes connections that remember the alert of the server. net/http
// makes its own behind a proxy and for HTTP/2, where the alert may be lost.
func dialTLS(timeout time.Duration, conf *tls.Config, check func(context.Context, segur.Chains) error) dialFunc {
	plain := dial(timeout)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		raw, err := plain(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		own := conf.Clone()
		checkWithin(ctx, own, check)
		if own.ServerName == "" {
			if own.ServerName, _, err = net.SplitHostPort(addr); err != nil {
				own.ServerName = addr
			}
		}
		c := tls.Client(raw, own)
		if err := c.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		return &tlsConn{Conn: c}, nil
	}
}

// tlsConn remembers the alert that ended it. With TLS 1.3 a server refuses our
// certificate after our side of the handshake: its alert arrives while the
// request is being written, and the failed write hides it.
type tlsConn struct {
	*tls.Conn
	mu   sync.Mutex
	last error
}

func (c *tlsConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil {
		if _, ok := alertOf(err); ok {
			c.mu.Lock()
			c.last = err
			c.mu.Unlock()
		}
	}
	return n, err
}

func (c *tlsConn) alert() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// patientConn delays the report of a failed write, so that the reader has the
// time to find the alert that tells why, before net/http closes both ways.
type patientConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

const patience = 250 * time.Millisecond

func (c *patientConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil {
		t := time.NewTimer(patience)
		defer t.Stop()
		select {
		case <-c.closed: // the reader failed, and net/http closed the connection
		case <-t.C:
		}
	}
	return n, err
}

func (c *patientConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
