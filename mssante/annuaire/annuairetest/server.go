// Package annuairetest is a fake health directory: FHIR R4 over TLS, with the
// professionals, structures and equipment that the test gives it, all
// fictional. Searches are carried out as the documentation of the directory
// (API v2) says: the parameters of each resource, their modifiers, inclusions,
// pages, GET and POST. It refuses calls without the API key, other resources,
// parameters, modifiers and inclusions.
package annuairetest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/mssante/annuaire"
)

// Key is the API key that the fake accepts.
const Key = "fake-directory-key"

// Fault scripts a failure of the next answers; see [Server.Fail].
type Fault = faults.Fault

// Call is a call that the fake got.
type Call struct {
	// Method and Path are those of the request.
	Method, Path string
	// Query is the query of the URL, as it came.
	Query string
	// Form is the body, as it came.
	Form string
}

// Server is a fake directory on 127.0.0.1.
type Server struct {
	// URL is the base of the service.
	URL string

	pki    *credentialtest.PKI
	http   *httptest.Server
	script *faults.Script
	clock  func() time.Time
	page   int
	rate   int
	gzip   bool

	mu      sync.Mutex
	order   []string // "Type/id", as added
	data    map[string]resource
	pages   map[string]pending
	serial  int
	calls   []Call
	allowed []time.Time // calls of the last second
}

// Option changes a [Server].
type Option func(*Server)

// WithPKI makes the server's certificate from p.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithPageSize makes pages of n resources when the call does not say.
func WithPageSize(n int) Option { return func(s *Server) { s.page = n } }

// WithClock gives the time of the changes and of the rate. nil: time.Now.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.clock = now } }

// WithRate refuses more than n calls in a second: status 429, Retry-After.
func WithRate(n int) Option { return func(s *Server) { s.rate = n } }

// WithGzip compresses answers for the clients that accept it.
func WithGzip() Option { return func(s *Server) { s.gzip = true } }

// NewServer starts a fake directory.
func NewServer(opts ...Option) *Server {
	s := &Server{script: &faults.Script{}, page: 50, data: map[string]resource{}, pages: map[string]pending{}}
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI()
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.http = httptest.NewUnstartedServer(s.script.Middleware(func(*http.Request) string { return "annuaire.search" }, http.HandlerFunc(s.serve)))
	s.http.TLS = s.pki.MutualTLS()
	s.http.StartTLS()
	s.URL = s.http.URL + "/fhir/v2"
	return s
}

// Close ends the server.
func (s *Server) Close() {
	s.script.Close()
	s.http.Close()
}

// PKI is what made the certificates.
func (s *Server) PKI() *credentialtest.PKI { return s.pki }

// Fail scripts the next answers.
func (s *Server) Fail(f ...Fault) { s.script.Add(f...) }

// Config is a client configuration for this server. Its limiter lets tests
// pass as fast as they come; see [WithRate].
func (s *Server) Config() annuaire.Config {
	return annuaire.Config{ClientConfig: s.ClientConfig(), Endpoint: s.URL, Key: Key,
		Limiter: annuaire.NewLimiter(annuaire.LimiterOptions{PerSecond: 100_000})}
}

// ClientConfig is the part of the configuration that all clients have.
func (s *Server) ClientConfig() segur.ClientConfig {
	return segur.ClientConfig{Environment: segur.Fake, RootCAs: s.pki.Roots(), Credentials: segur.StaticCredential(s.pki.Organization())}
}

// Calls are the calls that reached the directory, without those that a fault
// answered.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// ForgetPages makes the links to next pages that were given out expire: the
// status is 410.
func (s *Server) ForgetPages() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.pages)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	const base = "/fhir/v2/"
	form := ""
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			s.refuse(w, r, http.StatusBadRequest, "invalid", "the form cannot be read")
			return
		}
		form = r.PostForm.Encode()
	}
	s.mu.Lock()
	s.calls = append(s.calls, Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Form: form})
	over := s.over()
	s.mu.Unlock()
	path, post := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, base), "/_search")
	switch {
	case r.Header.Get("Esante-Api-Key") != Key || len(r.Header.Values("Esante-Api-Key")) != 1:
		s.refuse(w, r, http.StatusUnauthorized, "login", "wrong key")
	case over:
		w.Header().Set("Retry-After", "1")
		s.refuse(w, r, http.StatusTooManyRequests, "throttled", "more calls than the plan allows")
	case !strings.HasPrefix(r.URL.Path, base):
		s.refuse(w, r, http.StatusNotFound, "not-found", "no such path")
	case !strings.Contains(r.Header.Get("Accept"), "application/fhir+json"):
		s.refuse(w, r, http.StatusNotAcceptable, "not-supported", "only application/fhir+json")
	case r.Method == http.MethodGet && path == "_page" && !post:
		s.next(w, r)
	case !known(path):
		s.refuse(w, r, http.StatusNotFound, "processing", fmt.Sprintf("HAPI-0302: Unknown resource type '%s' - Server knows how to handle: [Practitioner, PractitionerRole, Device, Organization, HealthcareService]", path))
	case r.Method == http.MethodGet && !post:
		s.search(w, r, annuaire.Type(path), r.URL.Query())
	case r.Method == http.MethodPost && post:
		if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
			s.refuse(w, r, http.StatusBadRequest, "invalid", "a search by POST is a form")
			return
		}
		s.search(w, r, annuaire.Type(path), r.PostForm)
	default:
		s.refuse(w, r, http.StatusMethodNotAllowed, "not-supported", "the directory is read only")
	}
}

func known(path string) bool { return params[annuaire.Type(path)] != nil }

// over counts a call of the present second.
func (s *Server) over() bool {
	if s.rate == 0 {
		return false
	}
	now := s.clock()
	recent := s.allowed[:0]
	for _, t := range s.allowed {
		if now.Sub(t) < time.Second {
			recent = append(recent, t)
		}
	}
	s.allowed = recent
	if len(recent) >= s.rate {
		return true
	}
	s.allowed = append(s.allowed, now)
	return false
}

// refuse answers with an OperationOutcome that repeats the query, as the
// service does.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, code, why string) {
	s.write(w, r, status, resource{"resourceType": "OperationOutcome", "issue": []any{
		resource{"severity": "error", "code": code, "diagnostics": why + " in " + r.URL.RawQuery + r.PostForm.Encode()}}})
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // it is made of JSON
		panic(err)
	}
	w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
	if s.gzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = z.Write(b)
		_ = z.Close()
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
