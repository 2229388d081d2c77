package mssantetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/segur-sdk/segur/mssante"
)

// route carries a mail to one recipient, and to the sender what is to be said
// of it.
func (s *Server) route(e envelope) {
	m := e.box
	switch {
	case m.status != 0:
		s.notify(e, "failed", m.status, m.code)
	case m.bounce != 0:
		s.bounce(e, m.bounce)
	case m.absent:
		s.bounce(e, BounceUnknown)
	case mssante.IsPatientAddress(e.address) && int64(len(e.raw)) > s.maxPatientBytes:
		s.bounce(e, BounceTooLarge)
	case s.hold(e):
		s.notify(e, "delayed", 451, "4.4.1")
	default:
		s.arrive(e)
	}
}

func (s *Server) hold(e envelope) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.box.held {
		e.box.pending = append(e.box.pending, e)
	}
	return e.box.held
}

// Release delivers what was [Held] for a mailbox, and what comes from now on.
func (s *Server) Release(address string) {
	m := s.must(address)
	s.mu.Lock()
	pending := m.pending
	m.pending, m.held = nil, false
	s.mu.Unlock()
	for _, e := range pending {
		s.arrive(e)
	}
}

// GiveUp returns what was [Held] for a mailbox, as an operator does after some
// days: the sender gets a failure notification.
func (s *Server) GiveUp(address string) {
	m := s.must(address)
	s.mu.Lock()
	pending := m.pending
	m.pending = nil
	s.mu.Unlock()
	for _, e := range pending {
		s.notify(e, "failed", 451, "4.4.7")
	}
}

// arrive puts the mail in the mailbox of the recipient.
func (s *Server) arrive(e envelope) {
	from := e.sender.address
	if e.null {
		from = ""
	}
	now := s.clock()
	trace := fmt.Sprintf("Return-Path: <%s>\r\nReceived: from client by %s; %s\r\n", from, hostName, now.Format(time.RFC1123Z))
	wanted := slices.Contains(e.notify, smtp.DSNNotifySuccess)
	s.put(e.box, Message{From: from, To: slices.Clone(e.rcpt), Raw: slices.Clone(e.raw), DeliveryReceipt: wanted}, trace)
	if wanted {
		s.notify(e, "delivered", 250, "2.0.0")
	}
	s.read(e)
}

// report gives a mail of the server to the sender. It never answers a report.
func (s *Server) report(e envelope, raw string) {
	if e.null {
		return
	}
	s.put(e.sender, Message{To: []string{e.sender.address}, Raw: []byte(raw)},
		"Return-Path: <>\r\n"+"Received: by "+hostName+"; "+s.clock().Format(time.RFC1123Z)+"\r\n")
}

// number names the next report.
func (s *Server) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports++
	return s.reports
}

// header is the value of a field of the mail, as it is written.
func (e envelope) header(name string) string {
	head, _, _ := strings.Cut(string(e.raw), "\r\n\r\n")
	head = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(head)
	for line := range strings.SplitSeq(head, "\r\n") {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
