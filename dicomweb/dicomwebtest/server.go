package dicomwebtest

import (
	"crypto/tls"
	"net/http"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/testkit/loopback"
)

// Fault is one scripted misbehaviour, see [Server.Fail].
type Fault = faults.Fault

// Values of the fields of [Fault].
const (
	// AtStart, as CutAfter or TruncateAfter, lets nothing of the body through.
	AtStart = faults.AtStart
	// Forever, as Times, keeps the fault.
	Forever = faults.Forever
)

// Operations that a [Fault] may name.
const (
	OpStore    = "store"
	OpSearch   = "search"
	OpRetrieve = "retrieve"
	OpMetadata = "metadata"
	OpDelete   = "delete"
	OpFrames   = "frames"
	OpBulk     = "bulk"
	OpRendered = "rendered" // thumbnails included
	OpWADOURI  = "wado-uri"
	OpOptions  = "options" // the description of the services

	OpUPSCreate    = "ups.create"
	OpUPSRetrieve  = "ups.retrieve"
	OpUPSSearch    = "ups.search"
	OpUPSUpdate    = "ups.update"
	OpUPSState     = "ups.state"
	OpUPSCancel    = "ups.cancel"
	OpUPSSubscribe = "ups.subscribe"
	OpUPSEvents    = "ups.events" // the opening of a channel
)

const (
	base = "/dicom-web"
	wado = "/wado" // below it
)

// Quirks are deviations of servers in the field. The zero value is a strict
// server.
type Quirks struct {
	// IgnoreFilters answers every search with the whole archive.
	IgnoreFilters bool
	// IgnoreOffset answers every page with the first rows.
	IgnoreOffset bool
	// LimitFirst takes the offset off the rows that the limit left, as Orthanc
	// does in searches for modalities: the second page is empty.
	LimitFirst bool
	// LiteralQuery does not decode the values of a query (Orthanc): "%5E" is no
	// "^".
	LiteralQuery bool
	// EmptyArray answers a search without match with 200 and "[]".
	EmptyArray bool
	// RefuseMultipart answers 406 to multipart retrievals.
	RefuseMultipart bool
	// UnquotedTypes writes type=application/dicom without quotation marks.
	UnquotedTypes bool
	// RefuseAccept answers 406 to retrievals whose Accept holds one of these
	// texts.
	RefuseAccept []string
	// XMLMetadata has metadata in the Native DICOM Model only.
	XMLMetadata bool
	// Withhold leaves these SOP Instance UIDs out of retrievals of studies and
	// series, which end as if they were whole.
	Withhold []string
	// ShortFrames leaves the last frame out of an answer of several.
	ShortFrames bool
	// IgnoreRange answers whole bulk data to a request of a range (Orthanc).
	IgnoreRange bool
	// NoThumbnail answers 404 to thumbnails (Orthanc before plugin 1.19).
	NoThumbnail bool
	// MaxRows gives at most so many rows at a time, and says how many follow
	// (dcm4chee). 0: as many as are asked.
	MaxRows int
	// MaxTotal gives no row beyond so many, and says that there are others. 0:
	// all.
	MaxTotal int
	// NoFuzzy says that it does not know the fuzzy matching of names. Otherwise
	// it finds names whatever their accents.
	NoFuzzy bool
	// XMLStoreResponse answers stores in the Native DICOM Model.
	XMLStoreResponse bool
	// MixedStoreIs400 answers 400 when one part of a store is not DICOM, and
	// does not mention it (Orthanc).
	MixedStoreIs400 bool
	// Forget leaves these SOP Instance UIDs out of store responses.
	Forget []string
	// DICOMOnly answers 415 to stores of metadata with bulk data (Orthanc).
	DICOMOnly bool
	// MaxStore answers 413 to stores of more bytes. 0: 1 GiB.
	MaxStore int64
	// NoDelete answers 405 to deletions (Orthanc).
	NoDelete bool
	// NoDescription answers 404 to OPTIONS (Orthanc).
	NoDescription bool
	// NoUPS answers 404 to the worklist service (Orthanc).
	NoUPS bool
	// NoDeletionLock, NoFilteredSubscriptions are limits of worklist services.
	NoDeletionLock, NoFilteredSubscriptions bool
	// MuteEvents opens channels of events and then does nothing, not even answer
	// pings.
	MuteEvents bool
}

// Option changes a [Server].
type Option func(*Server)

// WithPKI takes certificates from p instead of from a PKI of the server's own.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithServerCertificate presents another certificate, an expired one for instance.
func WithServerCertificate(c tls.Certificate) Option { return func(s *Server) { s.certificate = &c } }

// WithToken requires the bearer token.
func WithToken(token string) Option { return func(s *Server) { s.token = token } }

// WithBasic requires the user name and the password.
func WithBasic(username, password string) Option {
	return func(s *Server) { s.basic = &[2]string{username, password} }
}

// WithQuirks starts with deviations.
func WithQuirks(q Quirks) Option { return func(s *Server) { s.quirks = q } }

// WithoutTLS serves http, for tools without certificates: dicomweb.Config needs
// PlainHTTP then, which [Server.Config] sets.
func WithoutTLS() Option { return func(s *Server) { s.plain = true } }

// Server is an image server in memory. It is safe for concurrent use, and is an
// [http.Handler] too, below the path /dicom-web.
type Server struct {
	// URL is the base URL of the services.
	URL string

	pki         *credentialtest.PKI
	certificate *tls.Certificate
	token       string
	basic       *[2]string
	plain       bool
	archive     archive
	worklist    worklist
	script      faults.Script
	handler     http.Handler
	http        *loopback.Server
	closed      chan struct{}
	closing     sync.Once

	mu      sync.Mutex
	quirks  Quirks
	refused map[string]dicomweb.Reason
}

// NewHandler returns a server that does not listen: its owner calls ServeHTTP.
func NewHandler(opts ...Option) *Server {
	s := &Server{refused: map[string]dicomweb.Reason{}, closed: make(chan struct{})}
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI()
	}
	s.handler = s.script.Middleware(operation, http.HandlerFunc(s.serve))
	return s
}

// NewServer starts a server on 127.0.0.1. Like net/http/httptest it panics when
// it cannot listen.
func NewServer(opts ...Option) *Server {
	s := NewHandler(opts...)
	var config *tls.Config
	if !s.plain {
		config = s.pki.MutualTLS()
		if s.certificate != nil {
			config.Certificates = []tls.Certificate{*s.certificate}
		}
	}
	s.http = loopback.Start(s, config)
	s.URL = s.http.URL + base
	return s
}

// Close stops the server, cuts the calls under way and closes the channels of
// events.
func (s *Server) Close() {
	s.closing.Do(func() { close(s.closed) })
	s.script.Close()
	if s.http != nil {
		s.http.Close()
	}
}

// PKI returns the infrastructure that the server trusts.
func (s *Server) PKI() *credentialtest.PKI { return s.pki }

// ClientConfig returns the common part of a configuration that reaches the
// server.
func (s *Server) ClientConfig() segur.ClientConfig {
	if s.plain {
		return segur.ClientConfig{Environment: segur.Fake}
	}
	return segur.ClientConfig{Environment: segur.Fake, RootCAs: s.pki.Roots(), Credentials: segur.StaticCredential(s.pki.Organization())}
}

// Config returns a complete configuration of a client of the server.
func (s *Server) Config() dicomweb.Config {
	return dicomweb.Config{ClientConfig: s.ClientConfig(), Endpoint: s.URL, WADOURI: s.URL + wado, PlainHTTP: s.plain}
}

// Fail scripts misbehaviours, see [Fault]; they hit calls in their order.
func (s *Server) Fail(f ...Fault) { s.script.Add(f...) }

// SetQuirks replaces the deviations.
func (s *Server) SetQuirks(q Quirks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quirks = q
}

// admits checks who asks.
func (s *Server) admits(w http.ResponseWriter, r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	switch {
	case s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token:
		w.Header().Set("WWW-Authenticate", `Bearer realm="dicomwebtest"`)
	case s.basic != nil && *s.basic != [2]string{user, password}:
		w.Header().Set("WWW-Authenticate", `Basic realm="dicomwebtest"`)
	default:
		return true
	}
	http.Error(w, "who are you?", http.StatusUnauthorized)
	return false
}

// Refuse makes stores of the instance fail with the reason; 0 takes it back.
func (s *Server) Refuse(sopInstanceUID string, reason dicomweb.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason == 0 {
		delete(s.refused, sopInstanceUID)
		return
	}
	s.refused[sopInstanceUID] = reason
}

// Add stores files as if they had been sent.
func (s *Server) Add(files ...[]byte) error {
	for _, f := range files {
		inst, err := newInstance(f)
		if err == nil {
			err = s.archive.add(inst)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Len returns the number of instances held.
func (s *Server) Len() int { return len(s.archive.all()) }

// File returns the file of an instance as it was stored.
func (s *Server) File(sopInstanceUID string) ([]byte, bool) {
	for _, i := range s.archive.all() {
		if i.header.SOPInstanceUID == sopInstanceUID {
			return i.file, true
		}
	}
	return nil, false
}

func (s *Server) state() (Quirks, map[string]dicomweb.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	refused := make(map[string]dicomweb.Reason, len(s.refused))
	for k, v := range s.refused {
		refused[k] = v
	}
	return s.quirks, refused
}

func (s *Server) quirk() Quirks {
	q, _ := s.state()
	return q
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// operation names a request for the script.
func operation(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, base)
	if op := upsOperation(r.Method, path); op != "" {
		return op
	}
	res := parsePath(path)
	switch {
	case r.Method == http.MethodOptions:
		return OpOptions
	case r.Method == http.MethodPost:
		return OpStore
	case r.Method == http.MethodDelete:
		return OpDelete
	case path == wado:
		return OpWADOURI
	case res.tail != "":
		return map[string]string{tailMetadata: OpMetadata, tailFrames: OpFrames, tailBulk: OpBulk, tailRendered: OpRendered, tailThumbnail: OpRendered}[res.tail]
	case res.level != "":
		return OpSearch
	}
	return OpRetrieve
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	path, below := strings.CutPrefix(r.URL.Path, base)
	res := parsePath(path)
	switch {
	case !s.admits(w, r):
	case below && upsOperation(r.Method, path) != "":
		s.ups(w, r, path)
	case below && r.Method == http.MethodOptions && strings.Trim(path, "/") == "":
		s.describe(w)
	case below && path == wado && r.Method == http.MethodGet:
		s.wadoURI(w, r)
	case !below || !res.ok:
		http.Error(w, "no such resource", http.StatusNotFound)
	case r.Method == http.MethodPost && (path == "/studies" || res.level == "" && res.tail == "" && res.ref.Series == ""):
		s.store(w, r, res.ref.Study)
	case r.Method == http.MethodDelete && res.level == "" && res.tail == "" && !s.quirk().NoDelete:
		s.delete(w, res.ref)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET")
		http.Error(w, "method", http.StatusMethodNotAllowed)
	case res.level != "":
		s.search(w, r, res)
	case res.tail == tailMetadata:
		s.metadata(w, r, res.ref)
	case res.tail == tailFrames:
		s.frames(w, r, res.ref, res.frames)
	case res.tail == tailBulk:
		s.bulk(w, r, res.ref, res.name)
	case res.tail != "":
		s.rendered(w, r, res)
	default:
		s.retrieve(w, r, res.ref)
	}
}

// baseURL is the address that the client used.
func baseURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + base
}
