// Package annuairetest is a fake health directory: FHIR R4 over TLS, with the
// professionals that the test gives it. It refuses calls without the API key,
// other resources and other parameters than those it knows.
package annuairetest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/mssante/annuaire"
)

// Key is the API key that the fake accepts.
const Key = "fake-directory-key"

// Fault scripts a failure of the next answers; see [Server.Fail].
type Fault = faults.Fault

// Server is a fake directory on 127.0.0.1.
type Server struct {
	// URL is the base of the service.
	URL string

	pki    *credentialtest.PKI
	http   *httptest.Server
	script *faults.Script

	mu     sync.Mutex
	people []person
	page   int
}

type person struct {
	professional segur.Professional
	boxes        []annuaire.Mailbox
}

// Option changes a [Server].
type Option func(*Server)

// WithPKI makes the server's certificate from p.
func WithPKI(p *credentialtest.PKI) Option { return func(s *Server) { s.pki = p } }

// WithPageSize cuts answers into pages of n resources.
func WithPageSize(n int) Option { return func(s *Server) { s.page = n } }

// NewServer starts a fake directory.
func NewServer(opts ...Option) *Server {
	s := &Server{script: &faults.Script{}, page: 50}
	for _, o := range opts {
		o(s)
	}
	if s.pki == nil {
		s.pki = credentialtest.NewPKI()
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

// Fail scripts the next answers.
func (s *Server) Fail(f ...Fault) { s.script.Add(f...) }

// Add publishes a professional with mailboxes: those with an Organization
// belong to a situation, the others to the person.
func (s *Server) Add(p segur.Professional, boxes ...annuaire.Mailbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = append(s.people, person{p, boxes})
}

// Config is a client configuration for this server.
func (s *Server) Config() annuaire.Config {
	return annuaire.Config{
		ClientConfig: segur.ClientConfig{
			Environment: segur.Fake, RootCAs: s.pki.Roots(), Credentials: segur.StaticCredential(s.pki.Organization()),
		},
		Endpoint: s.URL, Key: Key,
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Esante-Api-Key") != Key:
		refuse(w, http.StatusUnauthorized, "login")
	case r.Method != http.MethodGet:
		refuse(w, http.StatusMethodNotAllowed, "not-supported")
	case r.URL.Path != "/fhir/v2/Practitioner" && r.URL.Path != "/fhir/v2/_page":
		refuse(w, http.StatusNotFound, "processing")
	default:
		s.answer(w, r)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	number, offset := q.Get("identifier"), 0
	if r.URL.Path == "/fhir/v2/_page" {
		// The identifier of a page is opaque for the client.
		var cut bool
		var at string
		number, at, cut = strings.Cut(q.Get("id"), "-")
		n, err := strconv.Atoi(at)
		if !cut || err != nil || n < 0 {
			refuse(w, http.StatusGone, "expired")
			return
		}
		offset = n
	} else {
		for k := range q {
			if k != "identifier" && k != "_revinclude" {
				refuse(w, http.StatusBadRequest, "invalid")
				return
			}
		}
	}
	all := s.resources(number, q.Get("_revinclude") != "" || offset > 0)
	end := min(offset+s.page, len(all))
	entries := []any{}
	for _, res := range all[min(offset, end):end] {
		entries = append(entries, map[string]any{"resource": res})
	}
	links := []any{map[string]any{"relation": "self", "url": s.URL + "/Practitioner"}}
	if end < len(all) {
		links = append(links, map[string]any{"relation": "next", "url": s.URL + "/_page?id=" + number + "-" + strconv.Itoa(end)})
	}
	write(w, http.StatusOK, map[string]any{"resourceType": "Bundle", "type": "searchset", "link": links, "entry": entries})
}

// resources are the Practitioner and, when asked for, its situations.
func (s *Server) resources(number string, roles bool) []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []any
	for _, p := range s.people {
		rpps := p.professional.RPPS()
		if number != rpps && number != p.professional.ID {
			continue
		}
		var own []any
		situations := map[string][]any{}
		var order []string
		for _, b := range p.boxes {
			if b.Organization == "" {
				own = append(own, telecom(b))
				continue
			}
			if situations[b.Organization] == nil {
				order = append(order, b.Organization)
			}
			situations[b.Organization] = append(situations[b.Organization], telecom(b))
		}
		out = append(out, map[string]any{
			"resourceType": "Practitioner", "id": "P" + rpps, "meta": map[string]any{"versionId": 2}, "active": true,
			"identifier": []any{
				map[string]any{"system": segur.OIDProfessional.URN(), "value": p.professional.ID},
				map[string]any{"system": "https://rpps.esante.gouv.fr", "value": rpps},
			},
			"name":    []any{map[string]any{"family": p.professional.FamilyName, "given": []string{p.professional.GivenName}, "suffix": []string{p.professional.Title}}},
			"telecom": own,
		})
		if !roles {
			continue
		}
		for i, o := range order {
			out = append(out, map[string]any{
				"resourceType": "PractitionerRole", "id": "R" + rpps + strconv.Itoa(i), "active": true,
				"practitioner": map[string]any{"reference": "Practitioner/P" + rpps},
				"organization": map[string]any{"reference": o}, "telecom": situations[o],
			})
		}
	}
	return out
}

func telecom(m annuaire.Mailbox) any {
	return map[string]any{
		"system": "email", "value": m.Address,
		"extension": []any{
			map[string]any{"url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type",
				"valueCoding": map[string]any{"code": "MSSANTE"}},
			map[string]any{"url": "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/as-ext-mailbox-mss-metadata",
				"extension": []any{
					map[string]any{"url": "type", "valueCodeableConcept": map[string]any{"coding": []any{map[string]any{"code": m.Kind}}}},
					map[string]any{"url": "description", "valueString": m.Description},
					map[string]any{"url": "digitization", "valueBoolean": !m.PaperWanted},
				}},
		},
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	write(w, status, map[string]any{"resourceType": "OperationOutcome",
		"issue": []any{map[string]any{"severity": "error", "code": code, "diagnostics": "refused by the fake"}}})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
