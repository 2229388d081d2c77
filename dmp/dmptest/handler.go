package dmptest

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/internal/testkit/faults"
)

// Handler is the fake without its listener: an [http.Handler] for a server of
// one's own, which must ask for client certificates of its PKI. It is safe for
// concurrent use.
type Handler struct {
	pki          *credentialtest.PKI
	clock        func() time.Time
	maxAge       time.Duration
	certificate  *tls.Certificate
	unknownCodes bool
	legalEntity  bool
	reuse        bool
	cumul        bool
	occupational []string
	bearer       func(token string) bool

	reasonAttribute string

	script    faults.Script
	resultCap ResultCap

	mu       sync.Mutex
	refusals []Refusal
	patients map[segur.INS]Record
	store    store
	used     map[string]bool // MessageIDs and assertion identifiers
	calls    []Call
}

// Call is one request that reached the service, faults of the script aside.
type Call struct {
	// Op is dmp.submit, dmp.find, dmp.retrieve or dmp.update (ITI-57).
	Op string
	// MessageID is the identifier of the request; empty when unreadable.
	MessageID string
	// Mode and Purpose are those of the assertion, UserID its subject.
	Mode, Purpose, UserID string
	// Secret says that the assertion is that of a secret connection.
	Secret bool
	// EmergencyReason is the reason of an access "en bris de glace", where the
	// assertion gives one.
	EmergencyReason string
	// Transaction is the line of the rights matrix that was applied last; empty
	// when the call was refused before that.
	Transaction dmp.Transaction
	// Code is the code of the refusal; empty when the call succeeded.
	Code string
	// Reason explains the refusal.
	Reason string
	// Envelope is the SOAP envelope received.
	Envelope []byte
}

// NewHandler returns a fake that does not listen.
func NewHandler(opts ...Option) *Handler {
	h := &Handler{
		clock: time.Now, maxAge: 5 * time.Minute, used: map[string]bool{},
		patients: map[segur.INS]Record{Patient().INS: {Traits: Patient().Traits}},
	}
	for _, o := range opts {
		o(h)
	}
	if h.pki == nil {
		h.pki = credentialtest.NewPKI()
	}
	return h
}

// Calls returns the requests that reached the service so far.
func (h *Handler) Calls() []Call {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Call(nil), h.calls...)
}

// operation names the operation of a request by its head: submissions are the
// only messages in several parts.
func operation(r *http.Request) string {
	service := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch service {
	case "patients":
		return opExistence
	case "patientsPDQ":
		return opSearch
	case "patientsSpecific":
		return opRecords
	case "habilitations":
		if strings.Contains(r.Header.Get("Content-Type"), actionProfessionals) {
			return opProfessionals
		}
		return opAuthorize
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/registry") && strings.Contains(r.Header.Get("Content-Type"), actionUpdate):
		return opUpdate
	case strings.HasSuffix(r.URL.Path, "/registry"):
		return opFind
	case strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/"):
		return opSubmit
	}
	return opRetrieve
}

const (
	opSubmit   = "dmp.submit"
	opFind     = "dmp.find"
	opRetrieve = "dmp.retrieve"
	opUpdate   = "dmp.update"
)

// ServeHTTP carries out one call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.script.Middleware(operation, http.HandlerFunc(h.serve)).ServeHTTP(w, r)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.TLS == nil || len(r.TLS.VerifiedChains) == 0:
		http.Error(w, "a client certificate is required", http.StatusForbidden)
		return
	case r.Method != http.MethodPost:
		http.Error(w, "POST only", http.StatusMethodNotAllowed)
		return
	}
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); h.bearer != nil && (!ok || !h.bearer(token)) {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		http.Error(w, "an access token is required", http.StatusUnauthorized)
		return
	}
	c := &call{h: h, r: r, Call: Call{Op: operation(r)}}
	w = &answer{ResponseWriter: w, begins: sync.OnceFunc(c.recorded)}
	if refused := c.run(w); refused != nil {
		c.Code, c.Reason = refused.code, refused.reason
		c.writeFault(w, refused)
	}
}

// answer tells when the first byte of an answer is about to leave: whoever has
// the answer finds the call among those that were recorded.
type answer struct {
	http.ResponseWriter
	begins func()
}

func (a *answer) WriteHeader(status int) {
	a.begins()
	a.ResponseWriter.WriteHeader(status)
}

// recorded keeps the call, whose outcome is known.
func (c *call) recorded() {
	h := c.h
	if c.Op == opSubmit && c.Reason == "" && c.vihf != nil {
		h.update(c.vihf.Patient, func(r *Record) { r.LastAdd, r.LastUpdate = h.clock(), h.clock() })
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, c.Call)
}

// run dispatches by service and action, as the real service does.
func (c *call) run(w http.ResponseWriter) *refusal {
	if f := c.read(); f != nil {
		return f
	}
	if done, f := c.scripted(w); done {
		return f
	}
	service := c.r.URL.Path[strings.LastIndexByte(c.r.URL.Path, '/'):]
	switch c.message.Action {
	case actionProvide:
		if service != "/repository" {
			break
		}
		return c.provide(w)
	case actionQuery:
		if service != "/registry" {
			break
		}
		return c.query(w)
	case actionRetrieve:
		if service != "/repository" {
			break
		}
		return c.retrieve(w)
	case actionUpdate:
		if service != "/registry" {
			break
		}
		return c.update(w)
	case actionIdentity:
		if service != "/patients" {
			break
		}
		return c.identity(w)
	case actionSearch:
		if service != "/patientsPDQ" {
			break
		}
		return c.searchPatient(w)
	case actionAuthorization:
		if service != "/habilitations" {
			break
		}
		return c.authorize(w)
	case actionProfessionals:
		if service != "/habilitations" {
			break
		}
		return c.professionals(w)
	case actionRecords:
		if service != "/patientsSpecific" {
			break
		}
		return c.records(w)
	}
	return sender("", fmt.Sprintf("The action %s is not one of the service %s", c.message.Action, service))
}

const (
	actionProvide  = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
	actionQuery    = "urn:ihe:iti:2007:RegistryStoredQuery"
	actionRetrieve = "urn:ihe:iti:2007:RetrieveDocumentSet"
	actionUpdate   = "urn:ihe:iti:2010:UpdateDocumentSet"
)
