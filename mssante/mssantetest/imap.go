package mssantetest

import (
	"crypto/tls"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
)

func (s *Server) newIMAPSession(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	conn := c.NetConn()
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	raw, _ := conn.(*cutConn)
	if f := s.take("IMAP-CONNECT", ""); f != nil {
		if f.Hang {
			s.hang(f)
		}
		_ = c.NetConn().Close()
		return nil, nil, errGone
	}
	return &imapSession{s: s, c: c, raw: raw}, &imapserver.GreetingData{}, nil
}

// imapSession is one connection. UserSession is nil until the mailbox is open.
type imapSession struct {
	*imapmemserver.UserSession

	s   *Server
	c   *imapserver.Conn
	raw *cutConn
	box *mailbox
}

func (x *imapSession) play(command string) error {
	f := x.s.take(command, "")
	switch {
	case f == nil:
		return nil
	case f.Hang:
		x.s.hang(f)
		return errGone
	case f.Status != 0:
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCode(f.Code), Text: "scripted refusal"}
	case f.CutAfter > 0 && x.raw != nil:
		x.raw.left.Store(f.CutAfter)
		return nil
	}
	_ = x.c.NetConn().Close()
	return errGone
}

// Login is refused: mailboxes are opened by SASL.
func (x *imapSession) Login(string, string) error { return imapserver.ErrAuthFailed }

// AuthenticateMechanisms lists what the server offers.
func (x *imapSession) AuthenticateMechanisms() []string {
	return []string{"EXTERNAL", "PLAIN", "XOAUTH2"}
}

// Authenticate opens a mailbox.
func (x *imapSession) Authenticate(mechanism string) (sasl.Server, error) {
	if err := x.play("IMAP-AUTH"); err != nil {
		return nil, err
	}
	t, ok := x.c.NetConn().(*tls.Conn)
	if !ok {
		return nil, imapserver.ErrAuthFailed
	}
	server, err := x.s.authenticator(mechanism, t.ConnectionState(), func(m *mailbox) {
		x.UserSession, x.box = imapmemserver.NewUserSession(m.user), m
		x.s.mu.Lock()
		defer x.s.mu.Unlock()
		m.sessions[x] = true
	})
	if err != nil {
		return nil, imapserver.ErrAuthFailed
	}
	return refusing{server, imapserver.ErrAuthFailed}, nil
}

func (x *imapSession) Close() error {
	if x.UserSession == nil {
		return nil
	}
	x.s.mu.Lock()
	delete(x.box.sessions, x)
	x.s.mu.Unlock()
	return x.UserSession.Close()
}

func (x *imapSession) Select(name string, o *imap.SelectOptions) (*imap.SelectData, error) {
	if err := x.play("SELECT"); err != nil {
		return nil, err
	}
	return x.UserSession.Select(name, o)
}

func (x *imapSession) Search(kind imapserver.NumKind, criteria *imap.SearchCriteria, o *imap.SearchOptions) (*imap.SearchData, error) {
	if err := x.play("SEARCH"); err != nil {
		return nil, err
	}
	return x.UserSession.Search(kind, criteria, o)
}

func (x *imapSession) Fetch(w *imapserver.FetchWriter, set imap.NumSet, o *imap.FetchOptions) error {
	if len(o.BodySection) > 0 { // the listing goes through
		if err := x.play("FETCH"); err != nil {
			return err
		}
	}
	return x.UserSession.Fetch(w, set, o)
}

func (x *imapSession) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, o *imap.StoreOptions) error {
	if err := x.play("STORE"); err != nil {
		return err
	}
	return x.UserSession.Store(w, set, flags, o)
}

// Idle tells at once what came, also just before it began, which the server of
// the library forgets.
func (x *imapSession) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	if err := x.play("IDLE"); err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := x.UserSession.Poll(w, true); err != nil {
				return err
			}
		case <-stop:
			return nil
		}
	}
}
