package drim

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// CallStore keeps the calls that wait to be opened. They are health data. It is safe for concurrent use. A consumer with
// several processes keeps them where all of them look.
type CallStore interface {
	// Put keeps a call until expires. It may refuse.
	Put(ctx context.Context, id string, c *Call, expires time.Time) error
	// Take gives the call and forgets it, at once: of many who ask for the same one gets it, and the others, like those
	// who come after it expired, [segur.ErrNotFound].
	Take(ctx context.Context, id string) (*Call, error)
}

// CallHandlerConfig configures a [CallHandler].
type CallHandlerConfig struct {
	// Environment says which authorities of an INS are accepted. Required.
	Environment segur.Environment
	// Front is the address of the front end, https or a path of the same host. The identifier of the call is added to it as
	// the parameter uuid. Required.
	Front string
	// Store keeps the calls. nil: in memory.
	Store CallStore
	// MaxWaiting is how many calls may wait in memory. 0: 10,000.
	MaxWaiting int
	// Lifetime is how long a call waits to be opened. 0: 5 minutes.
	Lifetime time.Duration
	// Statistic is told of each call received. nil: nobody. It must not block.
	Statistic func(CallStatistic)
	// Logger is told of refusals, without any value. nil: nobody.
	Logger *slog.Logger
	// IDs makes the identifiers, which must not be guessed. nil: crypto/rand.
	IDs segur.IDSource
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
}

// CallHandler receives contextual calls: it answers 303 See Other to the front end with a one-time identifier, and the
// front end redeems it. The caller's patient is never in an address.
type CallHandler struct {
	cfg   CallHandlerConfig
	front url.URL
}

// NewCallHandler checks the configuration and reports all that is wrong.
func NewCallHandler(cfg CallHandlerConfig) (*CallHandler, error) {
	var p segur.Problems
	if !cfg.Environment.Valid() {
		p.Add("environment", "must be set: segur.Production, segur.Qualification or segur.Fake")
	}
	front, err := url.Parse(cfg.Front)
	switch {
	case cfg.Front == "":
		p.Add("front", "is required")
	case err != nil || front.User != nil || front.Opaque != "" || front.Query().Has("uuid"):
		p.Add("front", "is not an address to which the parameter uuid can be added")
	case front.Scheme == "https" && front.Host != "":
	case front.Scheme == "" && front.Host == "" && strings.HasPrefix(front.Path, "/") && !strings.HasPrefix(front.Path, "//"):
	default:
		p.Add("front", "must be https, or an absolute path")
	}
	if cfg.Lifetime < 0 || cfg.Lifetime > time.Hour {
		p.Add("lifetime", "must be between 0 and one hour")
	}
	if cfg.MaxWaiting < 0 {
		p.Add("maxWaiting", "must not be negative")
	}
	if err := p.Err(opCall); err != nil {
		return nil, err
	}
	defaults := segur.ClientConfig{IDs: cfg.IDs, Clock: cfg.Clock, Logger: cfg.Logger}.WithDefaults()
	cfg.IDs, cfg.Clock, cfg.Logger = defaults.IDs, defaults.Clock, defaults.Logger
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 5 * time.Minute
	}
	if cfg.MaxWaiting == 0 {
		cfg.MaxWaiting = 10_000
	}
	if cfg.Store == nil {
		cfg.Store = &callMemory{clock: cfg.Clock, limit: cfg.MaxWaiting, calls: map[string]waitingCall{}}
	}
	return &CallHandler{cfg: cfg, front: *front}, nil
}

// ServeHTTP receives one call: 303 with the address of the front end; 400 with the names of the parameters that are wrong;
// 405, 413 or 415 for what is no such form; 503 when it cannot be kept.
func (h *CallHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Cache-Control", "no-store")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("X-Content-Type-Options", "nosniff")
	r.Body = http.MaxBytesReader(w, r.Body, maxCall+1)
	id, err := h.receive(r)
	if r.Method == http.MethodPost && h.cfg.Statistic != nil {
		h.cfg.Statistic(CallStatistic{At: h.cfg.Clock(), Failed: err != nil})
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	target := h.front
	q := target.Query()
	q.Set("uuid", id)
	target.RawQuery = q.Encode()
	head.Set("Location", target.String())
	w.WriteHeader(http.StatusSeeOther)
}

func (h *CallHandler) receive(r *http.Request) (string, error) {
	c, err := ParseCall(r)
	if err != nil {
		return "", err
	}
	if !h.cfg.Environment.AcceptsINS(c.INS.Authority()) {
		return "", callError(segur.KindInvalidInput, http.StatusBadRequest, CodeBadCall, "the contextual call is not valid",
			segur.Detail{Field: paramINSAuthority, Message: "is not an authority of this environment"})
	}
	id, err := h.cfg.IDs.UUID()
	if err != nil {
		return "", err
	}
	if err := h.cfg.Store.Put(r.Context(), id, c, h.cfg.Clock().Add(h.cfg.Lifetime)); err != nil {
		return "", asSegur(opCall, segur.KindUnavailable, "the call cannot be kept", err)
	}
	return id, nil
}

func (h *CallHandler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *segur.Error
	if !errors.As(err, &e) || e.Status == 0 {
		e = callError(segur.KindUnavailable, http.StatusServiceUnavailable, segurCode(err), "the call cannot be kept")
	}
	if e.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	h.cfg.Logger.WarnContext(r.Context(), "contextual call refused", "status", e.Status, "code", e.Code, "error", err)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(e.Status)
	text := e.Message + "\n"
	for _, d := range e.Details {
		text += strings.TrimSpace(d.Field+" "+d.Message) + "\n"
	}
	_, _ = w.Write([]byte(text)) //nolint:gosec // names of parameters and rules of ours, as plain text
}

// segurCode is the code of an error, "" without.
func segurCode(err error) string {
	var e *segur.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Redeem gives the call of an identifier, once: [segur.ErrNotFound] with [CodeCallGone] when it was taken, has expired or
// never was. Let only a user who is authenticated redeem it, and keep the call in the session of that user.
func (h *CallHandler) Redeem(ctx context.Context, id string) (*Call, error) {
	c, err := h.cfg.Store.Take(ctx, id)
	if err != nil {
		if errors.Is(err, segur.ErrNotFound) {
			return nil, callError(segur.KindNotFound, http.StatusNotFound, CodeCallGone, "the call was taken already, has expired or never was")
		}
		return nil, asSegur(opCall, segur.KindUnavailable, "the calls cannot be read", err)
	}
	return c, nil
}

// callMemory is the CallStore of one process.
type callMemory struct {
	clock func() time.Time
	limit int
	mu    sync.Mutex
	calls map[string]waitingCall
	purge time.Time // not before
}

type waitingCall struct {
	call    *Call
	expires time.Time
}

// Put implements [CallStore].
func (m *callMemory) Put(_ context.Context, id string, c *Call, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	// Those who expired leave in time: they name patients.
	if now := m.clock(); len(m.calls) >= m.limit || !now.Before(m.purge) {
		for k, w := range m.calls {
			if !now.Before(w.expires) {
				delete(m.calls, k)
			}
		}
		m.purge = now.Add(time.Minute)
	}
	if len(m.calls) >= m.limit {
		return callError(segur.KindUnavailable, http.StatusServiceUnavailable, CodeTooManyCalls, "too many calls wait to be opened")
	}
	m.calls[id] = waitingCall{c, expires}
	return nil
}

// Take implements [CallStore].
func (m *callMemory) Take(_ context.Context, id string) (*Call, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, ok := m.calls[id]
	delete(m.calls, id)
	if !ok || !m.clock().Before(w.expires) {
		return nil, segur.ErrNotFound
	}
	return w.call, nil
}
