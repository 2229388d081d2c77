package psctest

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/testkit/loopback"
	"github.com/segur-sdk/segur/psc"
)

// The client that a server knows, and that its Config is.
const (
	// ClientID is its identifier.
	ClientID = "ris-fictif"
	// ClientSecret is its secret: reserved characters and all, to find clients that do not encode it.
	ClientSecret = "secret fictif:+/%é&=" //nolint:gosec // fictional, of the fake alone
	// RedirectURI and PostLogoutRedirectURI are registered for it. Nothing listens there: [Server.Login] stops before.
	RedirectURI           = "https://ris.example/psc/retour?poste=1"
	PostLogoutRedirectURI = "https://ris.example/psc/fin"
)

// The operations of a server, as [Fault] names them.
const (
	OpDiscovery   = "discovery"
	OpKeys        = "keys"
	OpAuthorize   = "authorize"
	OpToken       = "token"
	OpBackchannel = "backchannel"
	OpUserInfo    = "userinfo"
	OpLogout      = "logout"
	OpRevoke      = "revoke"
	OpIntrospect  = "introspect"
)

const (
	realm  = "/auth/realms/esante-wallet"
	oidc   = realm + "/protocol/openid-connect/"
	wallet = "/wallet/auth"
)

var paths = map[string]string{
	realm + "/.well-known/wallet-openid-configuration": OpDiscovery,
	wallet:                    OpAuthorize,
	oidc + "certs":            OpKeys,
	oidc + "token":            OpToken,
	oidc + "ext/ciba/auth":    OpBackchannel,
	oidc + "userinfo":         OpUserInfo,
	oidc + "logout":           OpLogout,
	oidc + "revoke":           OpRevoke,
	oidc + "token/introspect": OpIntrospect,
}

// Option changes a [Server].
type Option func(*Server)

// WithPKI takes certificates from p instead of from a PKI of the server's own.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithAuthentication registers the client for another authentication than psc.SecretBasic. With psc.MutualTLS the
// certificate is that of [credentialtest.PKI.Organization], whose CN is "RIS FICTIF".
func WithAuthentication(a psc.Authentication) Option { return func(s *Server) { s.authentication = a } }

// WithClock reads the given clock instead of the present; [Server.Config] has it too.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.clock = now } }

// WithUsers replaces [DefaultUsers].
func WithUsers(users ...User) Option { return func(s *Server) { s.users = slices.Clone(users) } }

// WithLifetimes sets how long access and refresh tokens live: 120 seconds and 30 minutes unless told otherwise.
func WithLifetimes(access, refresh time.Duration) Option {
	return func(s *Server) { s.accessLife, s.refreshLife = access, refresh }
}

// WithoutRotation leaves a refresh token valid when it has served.
func WithoutRotation() Option { return func(s *Server) { s.rotation = false } }

// WithSignedUserInfo answers UserInfo as a signed JWT.
func WithSignedUserInfo() Option { return func(s *Server) { s.signedUserInfo = true } }

// WithoutEndpoints leaves these members out of the discovery document, "end_session_endpoint" for instance.
func WithoutEndpoints(members ...string) Option {
	return func(s *Server) { s.hidden = append(s.hidden, members...) }
}

// WithPollInterval sets the pace of backchannel logins: 1 second unless told otherwise.
func WithPollInterval(d time.Duration) Option { return func(s *Server) { s.interval = d } }

// WithoutResponseIssuer leaves iss out of callbacks, as the documented ones do.
func WithoutResponseIssuer() Option { return func(s *Server) { s.responseIssuer = false } }

// Server is a fake Pro Santé Connect. It is safe for concurrent use.
type Server struct {
	// URL is the issuer.
	URL string

	pki            *credentialtest.PKI
	authentication psc.Authentication
	clock          func() time.Time
	users          []User
	accessLife     time.Duration
	refreshLife    time.Duration
	rotation       bool
	signedUserInfo bool
	hidden         []string
	interval       time.Duration
	responseIssuer bool
	client         segur.Credential // of the client, with psc.MutualTLS

	root    string
	browser *http.Transport // of the users, without certificate
	http    *loopback.Server
	script  faults.Script

	mu       sync.Mutex
	signers  []signer // the first one signs; all are published
	tamper   func(*IDToken)
	codes    map[string]*grant
	access   map[string]*accessToken
	refresh  map[string]*refreshToken
	requests map[string]*backchannel
	sessions map[string]*session
	calls    []Call
}

// Call is a request that the server answered by itself. It holds no token.
type Call struct {
	// Op is the operation, such as [OpToken], and Grant the grant_type.
	Op, Grant string
	// Status is that of the answer, Error its code when it is an error.
	Status int
	Error  string
	// ACR, Scope and Channel are those of the request, where it has them.
	ACR, Scope, Channel string
	// Certificate says that the connection had a client certificate.
	Certificate bool
}

// signer is a key that signs tokens.
type signer struct {
	id  string
	key crypto.Signer
}

// NewServer starts a server on 127.0.0.1. Like net/http/httptest it panics when it cannot listen.
func NewServer(opts ...Option) *Server {
	s := &Server{
		authentication: psc.SecretBasic, clock: time.Now, users: DefaultUsers(), accessLife: 2 * time.Minute, refreshLife: 30 * time.Minute,
		rotation: true, interval: time.Second, responseIssuer: true,
		codes: map[string]*grant{}, access: map[string]*accessToken{}, refresh: map[string]*refreshToken{},
		requests: map[string]*backchannel{}, sessions: map[string]*session{},
	}
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI()
	}
	if s.authentication == psc.MutualTLS {
		s.client = s.pki.Organization()
	}
	s.signers = []signer{{"cle-" + random()[:8], s.pki.Signature()}}
	config := s.pki.MutualTLS()
	config.ClientAuth = tls.VerifyClientCertIfGiven
	s.http = loopback.Start(s.script.Middleware(func(r *http.Request) string { return paths[r.URL.Path] }, http.HandlerFunc(s.serve)), config)
	s.browser = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.pki.Roots(), MinVersion: tls.VersionTLS12}}
	s.root = s.http.URL
	s.URL = s.root + realm
	return s
}

// Close stops the server and cuts the calls under way.
func (s *Server) Close() {
	s.browser.CloseIdleConnections()
	s.script.Close()
	s.http.Close()
}

// PKI returns the infrastructure that the server trusts.
func (s *Server) PKI() *credentialtest.PKI { return s.pki }

// ClientConfig returns the common part of a configuration that reaches the server.
func (s *Server) ClientConfig() segur.ClientConfig {
	c := segur.ClientConfig{Environment: segur.Fake, RootCAs: s.pki.Roots(), Clock: s.clock}
	if s.authentication == psc.MutualTLS {
		c.Credentials = segur.StaticCredential(s.client)
	}
	return c
}

// Config returns a complete configuration of the client that the server knows.
func (s *Server) Config() psc.Config {
	c := psc.Config{ClientConfig: s.ClientConfig(), ClientID: ClientID, Authentication: s.authentication, Issuer: s.URL,
		RedirectURI: RedirectURI, PostLogoutRedirectURI: PostLogoutRedirectURI}
	if s.authentication != psc.MutualTLS {
		c.ClientSecret = ClientSecret
	}
	return c
}

// Fault is one scripted misbehaviour, see [Server.Fail].
type Fault = faults.Fault

// Values of the fields of [Fault].
const (
	// AtStart, as CutAfter or TruncateAfter, lets nothing of the body through.
	AtStart = faults.AtStart
	// Forever, as Times, keeps the fault.
	Forever = faults.Forever
)

// Fail scripts the next answers, in order.
func (s *Server) Fail(f ...Fault) { s.script.Add(f...) }

// Error is the answer of an OAuth error as the next one of an operation.
func Error(op string, status int, code string) Fault {
	return Fault{Op: op, Status: status, ContentType: jsonType, Body: []byte(`{"error":"` + code + `","error_description":"refus scripté"}`)}
}

// Calls returns the requests answered so far; scripted answers are not among them.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// RotateKeys signs with another key from now on, which the key set holds beside the former one; drop leaves the former
// one out.
func (s *Server) RotateKeys(drop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := signer{"cle-" + random()[:8], s.pki.Organization()}
	if s.signers[0].key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(next.key.Public()) {
		next.key = s.pki.Signature()
	}
	s.signers = append([]signer{next}, s.signers...)
	if drop {
		s.signers = s.signers[:1]
	}
}

// Signer returns the key that signs now, for tokens of a test's own.
func (s *Server) Signer() (id string, key crypto.Signer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signers[0].id, s.signers[0].key
}

const (
	jsonType   = "application/json"
	maxRequest = 64 << 10
)

// reply is an answer.
type reply struct {
	status  int
	kind    string // media type; empty: none
	body    []byte
	header  http.Header
	failure string
}

func jsonReply(status int, v any) reply {
	b, err := json.Marshal(v)
	if err != nil {
		panic("psctest: " + err.Error())
	}
	return reply{status: status, kind: jsonType, body: b}
}

func refuse(status int, code, description string) reply {
	r := jsonReply(status, map[string]string{"error": code, "error_description": description + " (service factice)"})
	r.failure = code
	return r
}

// page is an answer for people, which no client reads.
func page(status int, text string) reply {
	r := reply{status: status, kind: "text/html; charset=utf-8", body: []byte("<!doctype html><title>Pro Santé Connect factice</title><p>" + text)}
	if status >= http.StatusBadRequest {
		r.failure = text
	}
	return r
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	op, ok := paths[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	form := url.Values{}
	if r.Method == http.MethodPost {
		var answer *reply
		if form, answer = readForm(w, r); answer != nil {
			s.answer(w, r, op, form, *answer)
			return
		}
	}
	handle := map[string]func(*http.Request, url.Values) reply{
		OpDiscovery: s.discovery, OpKeys: s.keys, OpAuthorize: s.authorize, OpToken: s.token, OpBackchannel: s.startBackchannel,
		OpUserInfo: s.userInfo, OpLogout: s.logout, OpRevoke: s.revoke, OpIntrospect: s.introspect,
	}[op]
	s.mu.Lock()
	answer := handle(r, form)
	s.mu.Unlock()
	s.answer(w, r, op, form, answer)
}

// readForm wants a form in the body and nothing in the query: tokens in a URL end in logs. The wallet page is the
// exception: its query is the request and its form the answer of the user.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *reply) {
	bad := func(text string) (url.Values, *reply) {
		answer := refuse(http.StatusBadRequest, "invalid_request", text)
		return nil, &answer
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return bad("corps trop long")
	}
	if r.URL.Path != wallet && r.URL.RawQuery != "" {
		return bad("paramètres dans l'adresse")
	}
	if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return bad("type de contenu")
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return bad("formulaire illisible")
	}
	for name, v := range form {
		if len(v) > 1 {
			return bad("paramètre répété : " + name)
		}
	}
	return form, nil
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, op string, form url.Values, a reply) {
	q := r.URL.Query()
	first := func(name string) string {
		if v := form.Get(name); v != "" {
			return v
		}
		return q.Get(name)
	}
	s.mu.Lock()
	s.calls = append(s.calls, Call{Op: op, Grant: form.Get("grant_type"), Status: a.status, Error: a.failure,
		ACR: first("acr_values"), Scope: first("scope"), Channel: form.Get("channel"), Certificate: len(r.TLS.PeerCertificates) > 0})
	s.mu.Unlock()
	for name, v := range a.header {
		w.Header()[name] = v
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// random returns 256 random bits in base64url.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func words(s string) []string { return strings.Fields(s) }
