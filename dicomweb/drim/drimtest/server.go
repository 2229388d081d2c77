package drimtest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/testkit/loopback"
)

// Token is the bearer token that a [Server] takes unless it is told otherwise.
const Token = "drimtest-token"

// Fault is one scripted misbehaviour, see [Server.Fail].
type Fault = faults.Fault

// Values of the fields of [Fault].
const (
	// AtStart, as CutAfter or TruncateAfter, lets nothing of the body through.
	AtStart = faults.AtStart
	// Forever, as Times, keeps the fault.
	Forever = faults.Forever
)

// Operations that a [Fault] may name: the level of the resource.
const (
	OpStudy    = "study"
	OpSeries   = "series"
	OpInstance = "instance"
	OpFrames   = "frames"
	OpHealth   = "health"
)

// base is the path of the service.
const base = "/drim/rs"

// Option changes a [Server].
type Option func(*Server)

// WithPKI takes certificates from p instead of from a PKI of the server's own.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithTokens takes these bearer tokens instead of [Token].
func WithTokens(tokens ...string) Option { return func(s *Server) { s.tokens = tokens } }

// WithMutualTLS requires a client certificate.
func WithMutualTLS() Option { return func(s *Server) { s.mutual = true } }

// WithServerCertificate presents another certificate, an expired one for instance.
func WithServerCertificate(c tls.Certificate) Option { return func(s *Server) { s.certificate = &c } }

// Request is one request that a [Server] got.
type Request struct {
	// Method and Path are those of the request.
	Method, Path string
	// Ref is what was asked; zero for a path that is none of the service.
	Ref dicomweb.Ref
	// Frames is the list at the end of the path, as it stands.
	Frames string
	// Token is the bearer token, ManifestUID the header KOS-SOPInstanceUID,
	// Accept the header lines, Situation the header of that name.
	Token, ManifestUID string
	Accept             []string
	Situation          string
	// Status is how it was answered, before a [Fault] of its own; 0 when a fault
	// came first.
	Status int
}

// Server is a DRIMbox in memory. It is safe for concurrent use.
type Server struct {
	// URL is the base address, which a RetrieveURL begins with.
	URL string

	pki         *credentialtest.PKI
	certificate *tls.Certificate
	mutual      bool
	script      faults.Script
	http        *loopback.Server

	mu       sync.Mutex
	tokens   []string
	studies  map[string]*shared
	requests []Request
}

// shared is a study that is published.
type shared struct {
	manifest  string
	instances []*image
}

type image struct {
	ref  dicomweb.Ref
	file []byte
	gone bool
}

// NewServer starts a box on 127.0.0.1. Like net/http/httptest it panics when it
// cannot listen.
func NewServer(opts ...Option) *Server {
	s := &Server{tokens: []string{Token}, studies: map[string]*shared{}}
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI()
	}
	config := s.pki.MutualTLS()
	if !s.mutual {
		config.ClientAuth = tls.VerifyClientCertIfGiven
	}
	if s.certificate != nil {
		config.Certificates = []tls.Certificate{*s.certificate}
	}
	s.http = loopback.Start(s.script.Middleware(operation, http.HandlerFunc(s.serve)), config)
	s.URL = s.http.URL + base
	return s
}

// Close stops the box and cuts the calls under way.
func (s *Server) Close() {
	s.script.Close()
	s.http.Close()
}

// PKI returns the infrastructure that made its certificate.
func (s *Server) PKI() *credentialtest.PKI { return s.pki }

// Host is the host and port of the box, as its URL has it.
func (s *Server) Host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		panic("drimtest: " + err.Error()) // our own
	}
	return u.Host
}

// ClientConfig returns the common part of a configuration that reaches the box.
func (s *Server) ClientConfig() segur.ClientConfig {
	return segur.ClientConfig{Environment: segur.Fake, RootCAs: s.pki.Roots(), Credentials: segur.StaticCredential(s.pki.Organization())}
}

// Share publishes the files of one study under a manifest, in place of what was
// shared of that study.
func (s *Server) Share(manifestUID string, files ...[]byte) error {
	study := &shared{manifest: manifestUID}
	for _, f := range files {
		h, err := dicomweb.Inspect(segur.BytesContent(f))
		if err != nil {
			return fmt.Errorf("drimtest: not an instance: %w", err)
		}
		study.instances = append(study.instances, &image{ref: h.Ref(), file: f})
		if h.StudyInstanceUID != study.instances[0].ref.Study {
			return errors.New("drimtest: the files are of several studies")
		}
	}
	if len(files) == 0 || !dicomweb.ValidUID(manifestUID) {
		return errors.New("drimtest: a manifest UID and at least one file are required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.studies[study.instances[0].ref.Study] = study
	return nil
}

// Withdraw depublishes a study: it is answered 404.
func (s *Server) Withdraw(studyUID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.studies, studyUID)
}

// Forget loses an instance that stays listed: it is answered 410, and left out of
// the answers for its series and study, which end well.
func (s *Server) Forget(sopInstanceUID string) {
	s.each(sopInstanceUID, func(i *image) { i.gone = true })
}

// Substitute sends another file in the place of an instance: of another study or
// patient, or broken.
func (s *Server) Substitute(sopInstanceUID string, file []byte) {
	s.each(sopInstanceUID, func(i *image) { i.file, i.gone = file, false })
}

func (s *Server) each(uid string, f func(*image)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, study := range s.studies {
		for _, i := range study.instances {
			if i.ref.Instance == uid {
				f(i)
			}
		}
	}
}

// SetTokens replaces the bearer tokens that are taken; none: every token is
// refused.
func (s *Server) SetTokens(tokens ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = tokens
}

// Fail scripts misbehaviours, see [Fault]; they hit requests in their order.
func (s *Server) Fail(f ...Fault) { s.script.Add(f...) }

// Requests returns the requests so far, but for those that a fault answered.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// operation names a request for the script.
func operation(r *http.Request) string {
	rest := strings.TrimPrefix(r.URL.Path, base)
	return []string{OpHealth, OpHealth, OpStudy, OpStudy, OpSeries, OpSeries, OpInstance, OpInstance, OpFrames}[min(strings.Count(rest, "/"), 8)]
}
