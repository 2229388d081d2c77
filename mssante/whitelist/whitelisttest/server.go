package whitelisttest

import (
	"net/http"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/testkit/published"
	"github.com/segur-sdk/segur/mssante/whitelist"
)

// SignerName is the common name of the fictional signer's certificate.
const SignerName = "liste-blanche-fictive.example"

// Server publishes a list over TLS. It is safe for concurrent use.
type Server struct {
	// URL is the address of the list.
	URL string

	pki     *credentialtest.PKI
	signer  segur.Credential
	clock   func() time.Time
	list    *published.Server
	domains []Domain
}

// Option changes a [Server].
type Option func(*Server)

// WithPKI uses an infrastructure of the caller.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithClock dates the lists.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.clock = now } }

// WithDomains publishes these domains from the start, carried by the fictional operator. By default there are
// cabinet-fictif.mssante.fr, centre-imagerie-fictif.mssante.fr and the citizens' domain.
func WithDomains(names ...string) Option {
	return func(s *Server) { s.domains = domains(names) }
}

func domains(names []string) []Domain {
	var out []Domain
	for _, n := range names {
		out = append(out, Domain{Name: n})
	}
	return out
}

// NewServer starts a server that publishes a first list, dated an hour ago.
func NewServer(opts ...Option) *Server {
	s := &Server{clock: time.Now, domains: domains([]string{"cabinet-fictif.mssante.fr", "centre-imagerie-fictif.mssante.fr", whitelist.CitizenDomain})}
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI(credentialtest.WithClock(s.clock))
	}
	s.signer = s.pki.Signature(credentialtest.CommonName(SignerName))
	s.list = published.NewServer(s.pki.MutualTLS(), s.clock, "listeblanchemssante.xml", s.sign(Document(s.clock().Add(-time.Hour), s.domains...)))
	s.URL = s.list.URL
	return s
}

// Close stops the server.
func (s *Server) Close() { s.list.Close() }

// PKI is the infrastructure of the server and of the signer.
func (s *Server) PKI() *credentialtest.PKI { return s.pki }

// Signer is the credential that signs.
func (s *Server) Signer() segur.Credential { return s.signer }

// Config is that of a client of this server.
func (s *Server) Config() whitelist.Config {
	return whitelist.Config{
		ClientConfig:      segur.ClientConfig{Environment: segur.Fake, RootCAs: s.pki.Roots(), Clock: s.clock},
		URL:               s.URL,
		SignerRoots:       s.pki.Roots(),
		Signers:           []whitelist.Signer{{CommonName: SignerName}},
		Issuers:           []string{s.pki.Issuing().Subject.CommonName},
		WithoutRevocation: true,
	}
}

// Publish signs a document, see [Document], and publishes it.
func (s *Server) Publish(document []byte) { s.PublishRaw(s.sign(document)) }

func (s *Server) sign(document []byte) []byte { return Sign(document, s.signer) }

// PublishRaw publishes bytes as they are.
func (s *Server) PublishRaw(document []byte) { s.list.Publish(document) }

// Fail scripts the next answers; Fault.Op is "list" or empty.
func (s *Server) Fail(f ...faults.Fault) { s.list.Fail(f...) }

// Requests are those that came so far.
func (s *Server) Requests() []*http.Request { return s.list.Requests() }
