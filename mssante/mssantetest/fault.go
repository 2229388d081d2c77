package mssantetest

import (
	"net"
	"strings"
	"sync/atomic"
)

// Fault makes a server fail once, or Times times, at a command. Faults of the
// same command are used in the order they were given.
type Fault struct {
	// Command is where it happens: CONNECT, AUTH, MAIL, RCPT, DATA of SMTP;
	// IMAP-AUTH, SELECT, SEARCH, FETCH, STORE, IDLE of IMAP.
	Command string
	// Recipient limits RCPT to one address.
	Recipient string
	// Status and Code are the SMTP reply: 450 and "4.7.1" for greylisting.
	Status int
	Code   string
	// CutAfter closes the connection: after that many bytes of the message in
	// DATA, after that many bytes on the wire in FETCH.
	CutAfter int64
	// DropReply takes the message, delivers it, and closes the connection
	// instead of answering DATA.
	DropReply bool
	// Hang answers nothing until the server is closed or the client leaves.
	Hang bool
	// Times is how often; 0 means once, -1 always.
	Times int
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

// take returns the fault to play at a command, or nil.
func (s *Server) take(command, recipient string) *Fault {
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
