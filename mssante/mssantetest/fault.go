package mssantetest

import (
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// Fault makes a server fail once, or Times times, at a command. Faults of the
// same command are used in the order they were given. One with a command only
// closes the connection instead of answering.
type Fault struct {
	// Command is where it happens: CONNECT, TLS, AUTH, MAIL, RCPT, DATA of SMTP;
	// IMAP-CONNECT, IMAP-TLS, IMAP-AUTH, SELECT, SEARCH, FETCH, STORE, IDLE of
	// IMAP. At DATA the message was read and was not delivered yet.
	Command string
	// Recipient limits RCPT to one address.
	Recipient string
	// Status and Code are the SMTP reply: 450 and "4.7.1" for greylisting. In
	// IMAP any status means NO, and Code is the response code, "UNAVAILABLE" for
	// instance.
	Status int
	Code   string
	// CutAfter closes the connection: after that many bytes of the message in
	// DATA, after that many bytes on the wire in FETCH.
	CutAfter int64
	// DropReply takes the message, delivers it, and closes the connection
	// instead of answering DATA.
	DropReply bool
	// Twice delivers the message two times, and answers DATA as if nothing was.
	Twice bool
	// Delay waits before anything else. A fault with nothing but a delay is a
	// slow server.
	Delay time.Duration
	// Hang answers nothing until the server is closed or the client leaves.
	Hang bool
	// Reached is called when Hang begins: the moment to end a context. Optional.
	Reached func()
	// Times is how often; 0 means once, -1 always.
	Times int
}

// slow reports whether the fault only takes time.
func (f *Fault) slow() bool {
	return f.Delay > 0 && f.Status == 0 && f.CutAfter == 0 && !f.DropReply && !f.Twice && !f.Hang
}

// Fail scripts a fault.
func (s *Server) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// take returns the fault to play at a command, its delay elapsed, or nil.
func (s *Server) take(command, recipient string) *Fault {
	f := s.scripted(command, recipient)
	if f == nil || f.Delay == 0 {
		return f
	}
	t := time.NewTimer(f.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closed:
	}
	if f.slow() {
		return nil
	}
	return f
}

func (s *Server) scripted(command, recipient string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times == 0 || f.Command != command || f.Recipient != "" && !strings.EqualFold(f.Recipient, recipient) {
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}

// hang waits until the server is closed.
func (s *Server) hang(f *Fault) {
	if f.Reached != nil {
		f.Reached()
	}
	<-s.closed
}

// handshake plays the faults of a TLS handshake.
func (s *Server) handshake(config *tls.Config, command string) *tls.Config {
	if config == nil {
		return nil
	}
	config = config.Clone()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		f := s.take(command, "")
		if f == nil {
			return nil, nil //nolint:nilnil // the same configuration
		}
		if f.Hang {
			s.hang(f)
		}
		_ = hello.Conn.Close()
		return nil, errGone
	}
	return config
}

// listener gives connections that can be cut after a number of bytes.
type listener struct{ net.Listener }

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &cutConn{Conn: c}
	conn.left.Store(-1)
	return conn, nil
}

// cutConn closes itself once left bytes were written; -1: never.
type cutConn struct {
	net.Conn
	left atomic.Int64
}

func (c *cutConn) Write(p []byte) (int, error) {
	left := c.left.Load()
	if left < 0 {
		return c.Conn.Write(p)
	}
	if int64(len(p)) < left {
		c.left.Store(left - int64(len(p)))
		return c.Conn.Write(p)
	}
	n, _ := c.Conn.Write(p[:left])
	_ = c.Conn.Close()
	return n, net.ErrClosed
}
