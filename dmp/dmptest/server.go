package dmptest

import (
	"crypto/tls"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/internal/testkit/loopback"
	"github.com/segur-sdk/segur/internal/transport"
)

const path = "/si-dmp-server/v2/services"

// Option changes a [Handler] or a [Server].
type Option func(*Handler)

// WithPKI takes certificates from p instead of from a PKI of the server's own.
func WithPKI(p *credentialtest.PKI) Option { return func(h *Handler) { h.pki = p } }

// WithClock gives the time to which assertions are compared.
func WithClock(now func() time.Time) Option { return func(h *Handler) { h.clock = now } }

// WithMaxAge is the age at which an assertion is too old; 5 minutes by default.
func WithMaxAge(d time.Duration) Option { return func(h *Handler) { h.maxAge = d } }

// WithoutPatients starts without the default patient.
func WithoutPatients() Option { return func(h *Handler) { h.patients = map[segur.INS]Record{} } }

// WithUnknownCodes accepts codes that the value sets of the SDK do not hold.
func WithUnknownCodes() Option { return func(h *Handler) { h.unknownCodes = true } }

// WithLegalEntityCertificates accepts certificates of another structure than
// the one that acts.
func WithLegalEntityCertificates() Option { return func(h *Handler) { h.legalEntity = true } }

// WithAssertionReuse accepts an assertion again while it is not too old.
func WithAssertionReuse() Option { return func(h *Handler) { h.reuse = true } }

// WithMaskedAndInvisible accepts documents that are both masked from
// professionals and invisible to the patient: the parameter
// cumul-invisible_patient-masque_ps of the record.
func WithMaskedAndInvisible() Option { return func(h *Handler) { h.cumul = true } }

// WithReasonAttribute is the name that the reason of an access "en bris de
// glace" has in assertions; Mode_Acces_Raison by default.
func WithReasonAttribute(name string) Option { return func(h *Handler) { h.reasonAttribute = name } }

// WithBearerTokens wants an access token that accept takes with each request,
// as the architecture "API PSC" does; other requests get HTTP status 401.
func WithBearerTokens(accept func(token string) bool) Option {
	return func(h *Handler) { h.bearer = accept }
}

// WithServerCertificate presents another certificate, an expired one for instance.
func WithServerCertificate(c tls.Certificate) Option {
	return func(h *Handler) { h.certificate = &c }
}

// Server is a fake DMP that listens. It is safe for concurrent use.
type Server struct {
	*Handler
	// URL is the endpoint, as dmp.Config takes it.
	URL string

	http *loopback.Server
	// The default certificates, made once.
	organization, signature func() segur.Credential
}

// NewServer starts a server on 127.0.0.1. Like net/http/httptest it panics when it cannot listen.
func NewServer(opts ...Option) *Server {
	s := &Server{Handler: NewHandler(opts...)}
	s.organization = sync.OnceValue(func() segur.Credential { return s.pki.Organization() })
	s.signature = sync.OnceValue(func() segur.Credential { return s.pki.Signature() })
	config := s.pki.MutualTLS()
	config.MaxVersion, config.CipherSuites = tls.VersionTLS12, transport.DMPOptions().CipherSuites
	if s.certificate != nil {
		config.Certificates = []tls.Certificate{*s.certificate}
	}
	s.http = loopback.Start(s.Handler, config)
	s.URL = s.http.URL + path
	return s
}

// Close stops the server and cuts the calls under way.
func (s *Server) Close() {
	s.script.Close()
	s.http.Close()
}

// Fail scripts the next answers.
func (h *Handler) Fail(f ...Fault) { h.script.Add(f...) }

// PKI returns the infrastructure that the server trusts.
func (h *Handler) PKI() *credentialtest.PKI { return h.pki }

// ClientConfig is the configuration of any client of the server: environment,
// roots, default certificate of the structure.
func (s *Server) ClientConfig() segur.ClientConfig {
	return segur.ClientConfig{
		Environment: segur.Fake, RootCAs: s.pki.Roots(),
		Credentials: segur.StaticCredential(s.organization()), Clock: s.clock,
	}
}

// Config is a complete configuration of the client: the default structure and
// radiologist, who logged in with Pro Santé Connect, in the mode
// [dmp.Indirecte].
func (s *Server) Config() dmp.Config {
	return dmp.Config{
		ClientConfig: s.ClientConfig(), Endpoint: s.URL, Mode: dmp.Indirecte,
		Signing: segur.StaticCredential(s.signature()), Structure: Structure(), User: Radiologist(),
		LocalAuthentication: dmp.ByProSanteConnect,
		Software:            dmp.Software{Name: "RIS FICTIF", Version: "1.0", InstallationID: "INSTALL-0001", ApprovalNumber: "FIC-000000-0000"},
		OIDRoot:             "1.2.250.1.999.8",
	}
}

// Structure is the default fictional structure.
func Structure() segur.Organization {
	return segur.Organization{ID: credentialtest.DefaultStructureID, Name: credentialtest.DefaultStructureName,
		Sector: segur.Code{Code: "SA07", System: "1.2.250.1.71.4.2.4"}}
}

// Radiologist is the default fictional professional, of the default structure.
func Radiologist() segur.Professional {
	structure := Structure()
	return segur.Professional{
		ID: credentialtest.DefaultProfessionalID, FamilyName: "RADIOLOGUE", GivenName: "Claude",
		Profession:   segur.Code{Code: "10", System: "1.2.250.1.71.1.2.7", Display: "Médecin"},
		Specialty:    segur.Code{Code: "G15_10/SM44", System: "1.2.250.1.213.1.1.4.5"},
		Organization: &structure,
	}
}

// Patient is the default fictional patient, whose record is open.
func Patient() segur.Patient {
	const body = "2850369123456"
	ins, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	if err != nil {
		panic("dmptest: " + err.Error())
	}
	return segur.Patient{
		Status: segur.Qualified, INS: ins,
		Traits: segur.Traits{
			BirthName: "FICTIVE-DURAND", FirstGivenName: "CAMILLE", GivenNames: "CAMILLE LUCE",
			Sex: segur.Female, BirthDate: segur.NewDate(1985, 3, 14), BirthPlace: "69123",
		},
		LocalIDs: []segur.Identifier{{Root: "1.2.250.1.999.1", Extension: "IPP-0001"}},
	}
}
