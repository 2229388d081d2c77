// Package published serves one document over TLS, as a national authority publishes its signed lists: to anybody, with
// validators for conditional requests.
package published

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/segur-sdk/segur/internal/testkit/faults"
)

// Server publishes a document. It is safe for concurrent use.
type Server struct {
	// URL is the address of the document.
	URL string

	clock  func() time.Time
	script faults.Script
	server *httptest.Server

	mu       sync.Mutex
	document []byte
	modified time.Time
	requests []*http.Request
}

// NewServer starts a server of a document of this name. It asks for no client certificate, whatever c does.
func NewServer(c *tls.Config, clock func() time.Time, name string, document []byte) *Server {
	s := &Server{clock: clock}
	s.Publish(document)
	s.server = httptest.NewUnstartedServer(s.script.Middleware(func(*http.Request) string { return "list" }, http.HandlerFunc(s.serve)))
	s.server.TLS = c
	s.server.TLS.ClientAuth = tls.NoClientCert
	s.server.StartTLS()
	s.URL = s.server.URL + "/" + name
	return s
}

// Close stops the server.
func (s *Server) Close() {
	s.script.Close()
	s.server.Close()
}

// Publish replaces the document.
func (s *Server) Publish(document []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.document, s.modified = document, s.clock()
}

// Fail scripts the next answers; Fault.Op is "list" or empty.
func (s *Server) Fail(f ...faults.Fault) { s.script.Add(f...) }

// Requests are those that came so far, but for those that a fault answered.
func (s *Server) Requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.requests...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	document, modified := s.document, s.modified
	s.mu.Unlock()
	if r.Method != http.MethodGet {
		http.Error(w, "GET expected", http.StatusMethodNotAllowed)
		return
	}
	d := sha256.Sum256(document)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(d[:9])+`"`)
	http.ServeContent(w, r, "", modified, bytes.NewReader(document))
}
