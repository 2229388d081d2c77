package instest

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// recorder is an evidence that reads the messages that it passes on.
type recorder struct {
	next segur.Evidence // may be nil

	mu        sync.Mutex
	exchanges []*recorded
}

// recorded is one exchange. The client writes one exchange from one goroutine at a time.
type recorded struct {
	mu                sync.Mutex
	request, response bytes.Buffer
	next              segur.Exchange
}

// Begin opens an exchange here and in the next evidence.
func (r *recorder) Begin(op string) (segur.Exchange, error) {
	x := &recorded{}
	if r.next != nil {
		var err error
		if x.next, err = r.next.Begin(op); err != nil {
			return nil, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges = append(r.exchanges, x)
	return x, nil
}

// side is one direction of an exchange.
type side struct {
	x    *recorded
	to   *bytes.Buffer
	next io.Writer
}

func (s side) Write(p []byte) (int, error) {
	s.x.mu.Lock()
	s.to.Write(p)
	s.x.mu.Unlock()
	if s.next == nil {
		return len(p), nil
	}
	return s.next.Write(p)
}

func (x *recorded) Request() io.Writer {
	s := side{x: x, to: &x.request}
	if x.next != nil {
		s.next = x.next.Request()
	}
	return s
}

func (x *recorded) Response() io.Writer {
	s := side{x: x, to: &x.response}
	if x.next != nil {
		s.next = x.next.Response()
	}
	return s
}

func (x *recorded) Close() error {
	if x.next == nil {
		return nil
	}
	return x.next.Close()
}

// calls reads the exchanges.
func (r *recorder) calls() []CNDACall {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []CNDACall
	for _, x := range r.exchanges {
		x.mu.Lock()
		out = append(out, readCall(x.request.Bytes(), x.response.Bytes()))
		x.mu.Unlock()
	}
	return out
}

// readCall reads a message and its answer; what cannot be read stays empty.
func readCall(request, response []byte) CNDACall {
	var c CNDACall
	if m, err := envelope(request); err == nil && m.Payload != nil {
		c.MessageID = m.MessageID
		text := func(name string) string {
			if n := m.Payload.Child(nsSearch, name); n != nil {
				return n.Text()
			}
			return ""
		}
		c.BirthName, c.GivenName, c.Sex = text("NomNaissance"), text("Prenom"), text("Sexe")
		c.BirthDate, c.BirthPlace = text("DateNaissance"), text("LieuNaissance")
	}
	if m, err := envelope(response); err == nil && m.Payload != nil {
		c.Code = codeOf(m.Payload)
	}
	return c
}

var errNoBody = errors.New("instest: no body in the record")

// envelope reads the envelope of a message as it was on the wire, head included.
func envelope(message []byte) (*soap.Message, error) {
	_, body, found := bytes.Cut(message, []byte("\r\n\r\n"))
	if !found {
		return nil, errNoBody
	}
	return soap.ParseMessage(op, body, maxRequest)
}

// codeOf is the CodeCR of an answer, or the detail code of a fault.
func codeOf(payload *xmlr.Node) string {
	for n := range payload.Walk() {
		switch n.Name.Local {
		case "CodeCR":
			return n.TrimText()
		case "Erreur":
			return n.Attr("code")
		}
	}
	return ""
}
