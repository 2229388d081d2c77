package transport

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
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
// makes its own behind a proxy, where the alert may be lost.
func dialTLS(timeout time.Duration, conf *tls.Config, two bool, check func(context.Context, segur.Chains) error) dialFunc {
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
		if two {
			own.NextProtos = []string{"h2", "http/1.1"}
		}
		c := tls.Client(raw, own)
		if err := c.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		if c.ConnectionState().NegotiatedProtocol == "h2" { // net/http wants the type as it is
			p := raw.(*patientConn)
			p.unread.Store(c)
			if s, ok := ctx.Value(dialKey{}).(*sending); ok {
				s.framed.Store(&framedConn{conn: c, raw: p})
			}
			return c, nil
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

// framedConn is a connection of HTTP/2: net/http reads it, and keeps to itself what it read.
type framedConn struct {
	conn *tls.Conn
	raw  *patientConn
}

// dialKey is that of the *sending in the context of a dial.
type dialKey struct{}

// alert returns that which ended the connection: crypto/tls gives it again to whoever reads.
func (c *framedConn) alert() error {
	t := time.NewTimer(4 * patience) // closing takes one or two: its last record is a failed write
	defer t.Stop()
	select {
	case <-c.raw.closed:
	case <-t.C:
		return nil // it may serve others
	}
	_, err := c.conn.Read(make([]byte, 1))
	if _, ok := alertOf(err); !ok {
		return nil
	}
	return err
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
	unread atomic.Pointer[tls.Conn] // that of HTTP/2, until it is read
}

func (c *patientConn) Read(b []byte) (int, error) {
	c.unread.Store(nil)
	return c.Conn.Read(b)
}

const patience = 250 * time.Millisecond

func (c *patientConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil {
		t := time.NewTimer(patience)
		defer t.Stop()
		told := make(chan struct{})
		if reader := c.unread.Swap(nil); reader != nil {
			go func() { defer close(told); _, _ = reader.Read(make([]byte, 1)) }()
		}
		select {
		case <-told:
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
