package credentialtest

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"golang.org/x/crypto/ocsp"
)

const (
	pathIssuingCRL = "/CRL/ACI-EL-ORG.crl"
	pathRootCRL    = "/CRL/ACR-EL.crl"
	pathOCSP       = "/ocsp"
)

// RevocationServer publishes the revocation lists of one infrastructure and answers OCSP, over HTTP without TLS as is
// usual. It is safe for concurrent use.
type RevocationServer struct {
	// URL is its address, without a final slash.
	URL string

	server *httptest.Server

	mu      sync.Mutex
	pki     *PKI
	revoked []*x509.Certificate
	answer  func(http.ResponseWriter, *http.Request) bool
	hits    map[string]int
	crl     CRL
	ocsp    OCSP
}

// NewRevocationServer starts one on this machine. Give it to [WithRevocation], and close it.
func NewRevocationServer() *RevocationServer {
	s := &RevocationServer{hits: map[string]int{}}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.server.URL
	return s
}

// WithRevocation makes the certificates of an infrastructure say that their revocation can be known at s. A server
// serves one infrastructure.
func WithRevocation(s *RevocationServer) PKIOption { return func(p *PKI) { p.revocation = s } }

func (s *RevocationServer) adopt(p *PKI) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pki = p
}

// Close stops the server.
func (s *RevocationServer) Close() { s.server.Close() }

// Revoke revokes certificates, of leaves or of the issuing authority.
func (s *RevocationServer) Revoke(certs ...*x509.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, certs...)
}

// Shape sets the dates and other traits of the lists and responses to come; what is revoked is filled in.
func (s *RevocationServer) Shape(l CRL, o OCSP) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crl, s.ocsp = l, o
}

// Answer lets f answer first; it returns false to let the server do it. nil: the server always does.
func (s *RevocationServer) Answer(f func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Hits counts the requests for "crl", "root-crl" and "ocsp".
func (s *RevocationServer) Hits(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[kind]
}

func (s *RevocationServer) serve(w http.ResponseWriter, r *http.Request) {
	kind := map[string]string{pathIssuingCRL: "crl", pathRootCRL: "root-crl", pathOCSP: "ocsp"}[r.URL.Path]
	s.mu.Lock()
	s.hits[kind]++
	answer, pki, revoked, list, response := s.answer, s.pki, slices.Clone(s.revoked), s.crl, s.ocsp
	s.mu.Unlock()
	if answer != nil && answer(w, r) {
		return
	}
	var out []byte
	switch kind {
	case "crl", "root-crl":
		list.Root, list.Revoked = kind == "root-crl", revoked
		out = pki.CRL(list)
		w.Header().Set("Content-Type", "application/pkix-crl")
	case "ocsp":
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/ocsp-request" {
			http.Error(w, "POST application/ocsp-request expected", http.StatusBadRequest)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
		if err != nil {
			return
		}
		number, nonce, ok := readOCSPRequest(body)
		if !ok {
			http.Error(w, "not an OCSP request", http.StatusBadRequest)
			return
		}
		if response.Nonce == nil {
			response.Nonce = nonce
		}
		for _, c := range revoked {
			if c.SerialNumber.Cmp(number) == 0 {
				response.Status = ocsp.Revoked
			}
		}
		out = pki.ocsp(number, response)
		w.Header().Set("Content-Type", "application/ocsp-response")
	default:
		http.NotFound(w, r)
		return
	}
	_, _ = io.Copy(w, bytes.NewReader(out))
}

// readOCSPRequest reads the serial number and the nonce, if any.
func readOCSPRequest(der []byte) (number *big.Int, nonce []byte, ok bool) {
	req, err := ocsp.ParseRequest(der)
	if err != nil {
		return nil, nil, false
	}
	var outer struct {
		TBS struct {
			Requests   asn1.RawValue
			Extensions []struct {
				ID    asn1.ObjectIdentifier
				Value []byte
			} `asn1:"explicit,tag:2,optional"`
		}
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		return req.SerialNumber, nil, true
	}
	for _, x := range outer.TBS.Extensions {
		if x.ID.Equal(oidOCSPNonce) {
			if _, err := asn1.Unmarshal(x.Value, &nonce); err != nil {
				return nil, nil, false
			}
		}
	}
	return req.SerialNumber, nonce, true
}
