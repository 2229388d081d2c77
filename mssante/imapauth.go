package mssante

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
)

// imapLogin opens the mailbox on a connection that is in TLS, before the IMAP
// library gets it: the library cannot send a token on a line of its own, nor
// answer a refusal with an empty line.
type imapLogin struct {
	r    *reader
	in   *bufio.Reader
	caps []string // after authentication, in capitals
}

var errBadIMAP = errors.New("not an IMAP answer")

// answer is the end of a command.
type answer struct {
	status string // OK, NO, BAD
	code   string // such as AUTHENTICATIONFAILED
	caps   []string
}

// command sends a line and reads to its end. next answers continuation
// requests; it is nil where none may come.
func (l *imapLogin) command(tag, line string, next func(challenge []byte) (string, error)) (answer, error) {
	if err := l.say(tag + " " + line); err != nil {
		return answer{}, err
	}
	var caps []string
	for range maxLines {
		text, err := readLine(l.in)
		switch {
		case err != nil:
			return answer{}, err
		case strings.HasPrefix(text, "+"):
			if next == nil {
				return answer{}, errBadIMAP
			}
			challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text[1:]))
			if err != nil {
				challenge = nil // a text for people
			}
			reply, err := next(challenge)
			if err != nil {
				return answer{}, err
			}
			if err := l.say(reply); err != nil {
				return answer{}, err
			}
		case prefixFold(text, "* CAPABILITY "):
			caps = strings.Fields(strings.ToUpper(text[len("* CAPABILITY "):]))
		case prefixFold(text, "* BYE"):
			return answer{}, l.r.s.Error(segur.KindUnavailable, "the server ends the session", nil)
		case strings.HasPrefix(text, "* "):
		case prefixFold(text, tag+" "):
			status, rest, _ := strings.Cut(text[len(tag)+1:], " ")
			a := answer{status: strings.ToUpper(status), caps: caps}
			if code, ok := strings.CutPrefix(strings.TrimSpace(rest), "["); ok {
				code, _, _ = strings.Cut(code, "]")
				a.code, _, _ = strings.Cut(strings.ToUpper(code), " ")
			}
			return a, nil
		default:
			return answer{}, errBadIMAP
		}
	}
	return answer{}, errFlood
}

func (l *imapLogin) say(line string) error {
	_, err := io.WriteString(l.r.conn, line+"\r\n")
	return err
}

func (l *imapLogin) capability(tag string) error {
	a, err := l.command(tag, "CAPABILITY", nil)
	if err == nil && (a.status != "OK" || len(a.caps) == 0) {
		err = errBadIMAP
	}
	l.caps = a.caps
	return err
}

// run authenticates. What was announced in clear counts for nothing: it asks
// again.
func (l *imapLogin) run(greeted bool) error {
	r := l.r
	open := false
	if !greeted {
		greeting, err := readLine(l.in)
		switch {
		case err != nil:
			return r.lost(err)
		case prefixFold(greeting, "* BYE"):
			return r.s.Error(segur.KindUnavailable, "the server is not available", nil)
		case prefixFold(greeting, "* PREAUTH"):
			open = true // inside TLS: the certificate was enough
		case !prefixFold(greeting, "* OK"):
			return r.lost(errBadIMAP)
		}
	}
	if err := l.capability("A1"); err != nil {
		return r.lost(err)
	}
	if open {
		return nil
	}
	mechanism, err := r.c.mechanism(r.s.Context(), r.s, func(name string) bool { return slices.Contains(l.caps, "AUTH="+name) })
	if err != nil {
		return err
	}
	if mechanism == nil {
		return r.s.Error(segur.KindAuthentication, "the server does not offer SASL EXTERNAL to open the mailbox with the certificate", nil)
	}
	token, isToken := mechanism.(*xoauth2)
	if isToken {
		token.alone = token.long(maxIMAPInitial)
	}
	a, err := l.authenticate("A2", mechanism)
	if err == nil && a.status == "BAD" && isToken && !token.alone { // a line that is too long for the server
		again := *token
		again.alone, again.sent = true, false
		a, err = l.authenticate("A3", &again)
	}
	switch {
	case err != nil:
		err = r.lost(err)
	case a.status == "OK":
		r.c.traceAuth(r.s, r.c.cfg.IMAP, mechanism, "OK", nil)
		if err := l.capability("A4"); err != nil {
			return r.lost(err)
		}
		return nil
	case a.code == "UNAVAILABLE":
		err = r.s.Error(segur.KindUnavailable, "the server cannot open the mailbox now", nil)
	default:
		_, message, help := classify(535, "")
		e := r.s.Error(segur.KindAuthentication, message, nil)
		e.Code, e.Help = a.code, help
		err = e
	}
	r.c.traceAuth(r.s, r.c.cfg.IMAP, mechanism, strings.TrimSpace(a.status+" "+a.code), err)
	return err
}

// saslClient is what go-sasl calls a client, as far as we use it.
type saslClient interface {
	Start() (name string, initial []byte, err error)
	Next(challenge []byte) (response []byte, err error)
}

func (l *imapLogin) authenticate(tag string, mechanism saslClient) (answer, error) {
	name, initial, err := mechanism.Start()
	if err != nil {
		return answer{}, err
	}
	line := "AUTHENTICATE " + name
	if initial != nil && slices.Contains(l.caps, "SASL-IR") {
		line += " " + encodeSASL(initial)
		initial = nil
	}
	l.r.conn.secret.Store(true)
	defer l.r.conn.secret.Store(false)
	return l.command(tag, line, func(challenge []byte) (string, error) {
		if initial != nil {
			first := initial
			initial = nil
			return base64.StdEncoding.EncodeToString(first), nil
		}
		response, err := mechanism.Next(challenge)
		return base64.StdEncoding.EncodeToString(response), err
	})
}

// encodeSASL writes an initial response: "=" is the empty one (RFC 4959).
func encodeSASL(b []byte) string {
	if len(b) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(b)
}
