package instest

import (
	"crypto/rand"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/testkit/loopback"
)

// AuthorizationNumber is the number that a server accepts by default, and that its Config holds.
const AuthorizationNumber = "FICTIF000000"

const (
	path = "/lps"
	op   = "ins.search"
)

// Option changes a [Server].
type Option func(*Server)

// WithPKI takes certificates from p instead of from a PKI of the server's own.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithoutPersons leaves [DefaultPersons] and [DefaultVitale] out.
func WithoutPersons() Option { return func(s *Server) { s.persons, s.rights = nil, nil } }

// WithUnknownPersonFault answers the search of an unknown person with the fault insi_102, as the qualification
// platform does, instead of with CodeCR 01, as production does.
func WithUnknownPersonFault() Option { return func(s *Server) { s.unknownIsFault = true } }

// WithAuthorizationNumbers replaces the accepted numbers.
func WithAuthorizationNumbers(numbers ...string) Option {
	return func(s *Server) { s.numbers = slices.Clone(numbers) }
}

// WithFaults selects the form of the faults that the server makes by itself.
func WithFaults(g Generation) Option { return func(s *Server) { s.generation = g } }

// WithServerCertificate presents another certificate, an expired one for instance.
func WithServerCertificate(c tls.Certificate) Option { return func(s *Server) { s.certificate = &c } }

// WithClock judges the age of assertions by the given clock instead of the present; [Server.Config] has it too.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.clock = now } }

// WithLatency lets every answer wait, scripted ones aside.
func WithLatency(d time.Duration) Option { return func(s *Server) { s.latency = d } }

// Server is a fake INSi. It is safe for concurrent use.
type Server struct {
	// URL is the endpoint.
	URL string

	pki            *credentialtest.PKI
	certificate    *tls.Certificate
	generation     Generation
	unknownIsFault bool
	numbers        []string
	mode           mode
	clock          func() time.Time
	latency        time.Duration
	secret         [32]byte // of the assertions of Vitale cards

	http   *loopback.Server
	script faults.Script

	mu      sync.Mutex
	persons []Person
	rights  []right
	seen    map[string]bool // MessageIDs, context Ids, assertions of professionals
	calls   []Call
}

// Call is a request that the server answered by itself.
type Call struct {
	// MessageID is its identifier.
	MessageID string
	// Action is the operation, as the media type names it.
	Action string
	// CommonName is the CN of the client certificate; empty in the modes of professionals.
	CommonName string
	// Issuer is the "Emetteur" of ContexteBAM.
	Issuer string
	// Professional is the subject of the assertion, and Assertion its identifier, in the modes of professionals.
	Professional, Assertion string
	// Criteria are the criteria received; zero when the request was refused before, or names a Vitale card.
	Criteria segur.Traits
	// Code is the CodeCR, or the detail code of the fault.
	Code string
	// Request is the envelope received.
	Request []byte
}

// NewServer starts a server on 127.0.0.1. Like net/http/httptest it panics when it cannot listen.
func NewServer(opts ...Option) *Server {
	s := &Server{numbers: []string{AuthorizationNumber}, seen: map[string]bool{}, clock: time.Now}
	_, _ = rand.Read(s.secret[:]) // never fails
	for _, p := range DefaultPersons() {
		s.persons = append(s.persons, must(p.check()))
	}
	must(0, s.AddVitale(DefaultVitale()...))
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI()
	}
	config := s.pki.MutualTLS()
	if s.mode != organizations {
		config.ClientAuth, config.ClientCAs = tls.NoClientCert, nil
	}
	if s.certificate != nil {
		config.Certificates = []tls.Certificate{*s.certificate}
	}
	s.http = loopback.Start(s.script.Middleware(func(*http.Request) string { return op }, http.HandlerFunc(s.serve)), config)
	s.URL = s.http.URL + path
	return s
}

// Close stops the server and cuts the calls under way.
func (s *Server) Close() {
	s.script.Close()
	s.http.Close()
}

// Now reads the clock of the server.
func (s *Server) Now() time.Time { return s.clock() }

// PKI returns the infrastructure that the server trusts.
func (s *Server) PKI() *credentialtest.PKI { return s.pki }

// Credential returns a client certificate for the server, named INSI-AUTO unless the options say otherwise.
func (s *Server) Credential(opts ...credentialtest.Option) segur.CredentialSource {
	opts = append([]credentialtest.Option{credentialtest.CommonName(ins.CommonNameAuto)}, opts...)
	return segur.StaticCredential(s.pki.Organization(opts...))
}

// ClientConfig returns the common part of a configuration that reaches the server.
func (s *Server) ClientConfig() segur.ClientConfig {
	c := segur.ClientConfig{Environment: segur.Fake, RootCAs: s.pki.Roots(), Clock: s.clock}
	if s.mode == organizations {
		c.Credentials = s.Credential()
	}
	return c
}

// Config returns a complete configuration of a client of the server.
func (s *Server) Config() ins.Config {
	return ins.Config{
		ClientConfig: s.ClientConfig(), Endpoint: s.URL, Authentication: s.authenticator(),
		Software: ins.Software{AuthorizationNumber: AuthorizationNumber, Name: "RIS fictif", Version: "1.0",
			Instance: "0f6e7a36-3c1d-4d55-9f0b-2f4f6c1d8a77"},
	}
}

// AddPerson makes a person known.
func (s *Server) AddPerson(p Person) error {
	p, err := p.check()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.persons = append(s.persons, p)
	return nil
}

// Fail scripts the next answers, in order.
func (s *Server) Fail(f ...Fault) { s.script.Add(f...) }

// Calls returns the requests answered so far; scripted answers are not among them.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// maxRequest bounds a request: real ones have about 2 KiB.
const maxRequest = 1 << 20

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.latency > 0 {
		wait := time.NewTimer(s.latency)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	call := Call{Request: raw}
	status, body := s.answer(r, raw, &call)
	s.mu.Lock()
	s.calls = append(s.calls, call)
	s.mu.Unlock()
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // SOAP for a program, not a page
}

// answer makes the answer to one request and completes the record of it.
func (s *Server) answer(r *http.Request, raw []byte, call *Call) (status int, body []byte) {
	refuse := func(f *soapFault) (int, []byte) {
		call.Code = f.code
		return http.StatusInternalServerError, f.envelope(s.generation, call.MessageID)
	}
	q, f := s.check(r, raw, call)
	if f != nil {
		return refuse(f)
	}
	call.Criteria = q.traits
	found := s.find(*q)
	switch len(found) {
	case 0:
		if s.unknownIsFault && q.card == nil { // the text of the fault names the search by traits
			f := known["insi_102"]
			return refuse(&f)
		}
		call.Code = "01"
		return http.StatusOK, result(call.Code, nil)
	case 1:
		if found[0].Fault != "" {
			f := faultOf(found[0].Fault)
			return refuse(&f)
		}
		call.Code = "00"
		return http.StatusOK, result(call.Code, &found[0])
	}
	call.Code = "02"
	return http.StatusOK, result(call.Code, nil)
}

func (s *Server) find(q question) (found []Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.persons {
		if q.card == nil && p.matches(q.traits) || q.card != nil && q.card.matches(p, s.rights) {
			found = append(found, p)
		}
	}
	return found
}

// fresh reports whether the identifier is met for the first time.
func (s *Server) fresh(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[id] {
		return false
	}
	s.seen[id] = true
	return true
}
