package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"

	"github.com/segur-sdk/segur"
)

// Session is an operation over a protocol that is not HTTP: submission and
// reading of mail. It carries what HTTP gets from [Client.Do]: mutual TLS,
// classified errors, one observation, one log record, evidence. It is safe for
// concurrent use.
type Session struct {
	o      *operation
	party  party
	config *tls.Config

	mu  sync.Mutex
	rec *record
}

// Session begins the operation op towards address ("host:port"). End is
// mandatory unless it fails.
func (c *Client) Session(ctx context.Context, op, address, requestID string) (*Session, error) {
	if c.given != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput,
			Details: []segur.Detail{{Field: "httpClient", Message: "must be unset: the protocol is not HTTP"}}}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput,
			Details: []segur.Detail{{Field: "address", Message: "must be host:port"}}}
	}
	if c.cfg.Environment == segur.Fake && !loopback(host) {
		return nil, &segur.Error{Op: op, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "address",
			Message: "must be on this machine (127.0.0.1, ::1, localhost) in the environment segur.Fake"}}}
	}
	o := c.begin(ctx, &Request{Op: op, RequestID: requestID}, host)
	o.attempts = 1
	config, cred, err := TLSConfig(o.ctx, op, c.cfg, c.o, host)
	if err != nil {
		o.note(err, true)
		o.end()
		return nil, err
	}
	return &Session{o: o, config: config, party: party{presented: cred != nil, credential: cred, now: c.cfg.Clock()}}, nil
}

// Context is that of the operation: the observer may have changed it.
func (s *Session) Context() context.Context { return s.o.ctx }

// TLSConfig verifies the server and presents the client certificate.
func (s *Session) TLSConfig() *tls.Config { return s.config.Clone() }

// Record begins the evidence of one exchange, after ending the one before. It
// does nothing when no evidence is asked for.
func (s *Session) Record() error {
	rec, err := s.o.newRecord()
	if err != nil {
		return s.o.error(segur.KindUnavailable, "the evidence cannot be recorded: nothing was sent", err)
	}
	s.swap(rec)
	return nil
}

func (s *Session) swap(rec *record) {
	s.mu.Lock()
	old := s.rec
	s.rec = rec
	s.mu.Unlock()
	old.close()
}

func (s *Session) current() *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec
}

// Sent records bytes that left, without secrets; n counts those of a body.
func (s *Session) Sent(b []byte, n int) {
	s.o.sent.Add(int64(n))
	if r := s.current(); r != nil {
		r.write(segur.Exchange.Request, b)
	}
}

// Received records bytes that came; n counts those of a body.
func (s *Session) Received(b []byte, n int) {
	s.o.received.Add(int64(n))
	if r := s.current(); r != nil {
		r.write(segur.Exchange.Response, b)
	}
}

// Status notes the last status of the service.
func (s *Session) Status(status int) { s.o.setStatus(status) }

// Error makes an error of the operation.
func (s *Session) Error(kind segur.Kind, message string, cause error) *segur.Error {
	return s.o.error(kind, message, cause)
}

// Fault classes what a connection, a TLS handshake or a read failed with. It
// returns nil when err is none of those. left says that the request may have
// been carried out: the outcome is then unknown.
func (s *Session) Fault(err error, left bool) *segur.Error {
	var known *segur.Error
	if errors.As(err, &known) {
		return known
	}
	if f := s.party.explain(err, !left); f != nil {
		return s.o.error(f.kind, f.message, f.cause)
	}
	var dns *net.DNSError
	switch {
	case s.o.ctx.Err() != nil:
		return s.o.contextError(left)
	case timedOut(err):
		return s.o.unsure(left, s.o.error(segur.KindTimeout, "no byte came for too long", safeCause(err)))
	case errors.As(err, &dns):
		return s.o.error(segur.KindUnavailable, "the name of the service is not found", dns)
	case connectionError(err):
		return s.o.unsure(left, s.o.error(segur.KindUnavailable, "the connection failed or ended too early", safeCause(err)))
	}
	return nil
}

// Unsure says that the outcome is unknown because of e.
func (s *Session) Unsure(e *segur.Error) *segur.Error { return s.o.unsure(true, e) }

// End ends the operation with err, which it returns. Further calls do nothing.
func (s *Session) End(err error) error {
	s.swap(nil)
	if err != nil {
		s.o.note(err, true)
	}
	s.o.end()
	return err
}
