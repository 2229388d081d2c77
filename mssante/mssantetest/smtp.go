package mssantetest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

func (s *Server) newSMTPSession(c *smtp.Conn) (smtp.Session, error) {
	if f := s.take("CONNECT", ""); f != nil {
		if err := s.play(f, c); err != nil {
			return nil, err
		}
	}
	return &smtpSession{s: s, c: c}, nil
}

// play carries out the part of a fault that any command can have.
func (s *Server) play(f *Fault, c *smtp.Conn) error {
	switch {
	case f.Hang:
		s.hang(f)
		return errGone
	case f.Status != 0:
		return reply(f.Status, f.Code, "scripted refusal")
	}
	_ = c.Conn().Close()
	return errGone
}

var errGone = errors.New("mssantetest: the connection is gone")

// reply makes a refusal. The text quotes the address, as real servers do.
func reply(status int, code, text string) *smtp.SMTPError {
	e := &smtp.SMTPError{Code: status, Message: text, EnhancedCode: smtp.NoEnhancedCode}
	var a, b, d int
	if n, _ := fmt.Sscanf(code, "%d.%d.%d", &a, &b, &d); n == 3 {
		e.EnhancedCode = smtp.EnhancedCode{a, b, d}
	}
	return e
}

// smtpSession is one connection.
type smtpSession struct {
	s    *Server
	c    *smtp.Conn
	box  *mailbox // authenticated
	from bool
	mail envelope
	to   []target
}

// envelope is how a mail was submitted, for one recipient once it is.
type envelope struct {
	sender   *mailbox
	null     bool // no return path
	id       string
	headers  bool // RET=HDRS
	declared int64

	rcpt []string
	target
	raw []byte
}

// target is one recipient.
type target struct {
	box      *mailbox
	address  string
	original string // ORCPT
	notify   []smtp.DSNNotify
}

// AuthMechanisms lists what the server offers, inside TLS only.
func (x *smtpSession) AuthMechanisms() []string {
	if _, ok := x.c.TLSConnectionState(); !ok {
		return nil
	}
	return []string{"EXTERNAL", "PLAIN", "XOAUTH2"}
}

// Auth opens a mailbox.
func (x *smtpSession) Auth(mechanism string) (sasl.Server, error) {
	if f := x.s.take("AUTH", ""); f != nil {
		if err := x.s.play(f, x.c); err != nil {
			return nil, err
		}
	}
	state, _ := x.c.TLSConnectionState()
	server, err := x.s.authenticator(mechanism, state, func(m *mailbox) { x.box = m })
	if err != nil {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return refusing{server, smtp.ErrAuthFailed}, nil
}

func (x *smtpSession) Mail(from string, o *smtp.MailOptions) error {
	if f := x.s.take("MAIL", ""); f != nil {
		if err := x.s.play(f, x.c); err != nil {
			return err
		}
	}
	switch {
	case x.box == nil:
		return reply(530, "5.7.0", "TLS and authentication first")
	case from != "" && !strings.EqualFold(from, x.box.address): // empty: a report
		return reply(550, "5.7.1", "the sender "+from+" is not the mailbox that is open")
	case o != nil && o.Size > x.s.maxBytes:
		return smtp.ErrDataTooLarge
	}
	x.from, x.mail = true, envelope{sender: x.box, null: from == ""}
	if o != nil {
		x.mail.id, x.mail.headers, x.mail.declared = o.EnvelopeID, o.Return == smtp.DSNReturnHeaders, o.Size
	}
	return nil
}

func (x *smtpSession) Rcpt(to string, o *smtp.RcptOptions) error {
	if f := x.s.take("RCPT", to); f != nil {
		if err := x.s.play(f, x.c); err != nil {
			return err
		}
	}
	_, domain, _ := strings.Cut(to, "@")
	if !x.s.allow(domain) {
		return reply(550, "5.7.1", "the domain of "+to+" is not in the white list")
	}
	m := x.s.find(to)
	if m == nil {
		return reply(550, "5.1.1", "no such mailbox: "+to)
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	pair := x.box.address + " " + strings.ToLower(to)
	switch {
	case x.s.greyed[pair] < x.s.greylisting:
		x.s.greyed[pair]++
		return reply(450, "4.2.0", "greylisted, try again later: "+to)
	case m.full || m.quota > 0 && m.bytes+x.mail.declared > m.quota:
		return reply(452, "4.2.2", "mailbox full: "+to)
	}
	t := target{box: m, address: to}
	if o != nil {
		t.notify, t.original = o.Notify, o.OriginalRecipient
	}
	x.to = append(x.to, t)
	return nil
}

func (x *smtpSession) Data(r io.Reader) error {
	fault := x.s.take("DATA", "")
	if fault != nil && fault.CutAfter > 0 {
		_, _ = io.CopyN(io.Discard, r, fault.CutAfter)
		_ = x.c.Conn().Close()
		return errGone
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if fault != nil && !fault.DropReply && !fault.Twice {
		if err := x.s.play(fault, x.c); err != nil {
			return err
		}
	}
	mail := x.mail
	mail.raw = raw
	for _, t := range x.to {
		mail.rcpt = append(mail.rcpt, t.address)
	}
	if refusal := x.s.judge(mail); refusal != "" {
		x.s.mu.Lock()
		x.s.refused = append(x.s.refused, refusal)
		x.s.mu.Unlock()
		return reply(554, "5.6.0", refusal)
	}
	for _, t := range x.to {
		mail.target = t
		x.s.route(mail)
		if fault != nil && fault.Twice {
			x.s.route(mail)
		}
	}
	if fault != nil && fault.DropReply {
		_ = x.c.Conn().Close()
		return errGone
	}
	return nil
}

func (x *smtpSession) Reset() { x.from, x.mail, x.to = false, envelope{}, nil }

func (x *smtpSession) Logout() error { return nil }

// authenticator is shared by SMTP and IMAP. open is called with the mailbox.
func (s *Server) authenticator(mechanism string, state tls.ConnectionState, open func(*mailbox)) (sasl.Server, error) {
	try := func(address string, ok func(*mailbox) bool) error {
		m := s.find(address)
		if m == nil || m.absent || !ok(m) {
			return errRefused
		}
		open(m)
		return nil
	}
	switch strings.ToUpper(mechanism) {
	case "EXTERNAL":
		return sasl.NewExternalServer(func(identity string) error {
			return try(identity, func(m *mailbox) bool {
				return m.structure != "" && len(state.VerifiedChains) > 0 &&
					slices.Contains(state.PeerCertificates[0].Subject.OrganizationalUnit, m.structure)
			})
		}), nil
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error {
			return try(user, func(m *mailbox) bool { return m.password != "" && m.password == password })
		}), nil
	case "XOAUTH2":
		return &xoauth2Server{check: func(user, token string) error {
			return try(user, func(m *mailbox) bool { return m.token != nil && m.token(token) })
		}}, nil
	}
	return nil, errRefused
}

var errRefused = errors.New("mssantetest: authentication refused")

// refusing replaces the error of a refused authentication by that of the protocol.
type refusing struct {
	sasl.Server
	err error
}

func (r refusing) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = r.Server.Next(response)
	if errors.Is(err, errRefused) {
		err = r.err
	}
	return challenge, done, err
}

// xoauth2Server refuses as real servers do: a JSON challenge first.
type xoauth2Server struct {
	check  func(user, token string) error
	failed bool
}

func (x *xoauth2Server) Next(response []byte) ([]byte, bool, error) {
	switch {
	case x.failed:
		return nil, false, errRefused
	case response == nil:
		return []byte{}, false, nil
	}
	user, rest, ok := strings.Cut(strings.TrimPrefix(string(response), "user="), "\x01auth=Bearer ")
	token, end, ended := strings.Cut(rest, "\x01")
	if ok && ended && end == "\x01" && x.check(user, token) == nil {
		return nil, true, nil
	}
	x.failed = true
	return []byte(`{"status":"401","schemes":"bearer"}`), false, nil
}
