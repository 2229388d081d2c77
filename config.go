package segur

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// ClientConfig is what every client needs; each client's own Config embeds it.
// The zero value of every field but Environment is a safe default.
type ClientConfig struct {
	// Environment is required.
	Environment Environment
	// Credentials gives the TLS client certificate. nil: none is presented.
	Credentials CredentialSource
	// RootCAs verifies the server, IGC-Santé roots as a rule. nil: the
	// system's roots. Verification cannot be switched off.
	RootCAs *x509.CertPool
	// ServerName overrides the host name that the server's certificate must
	// carry. Empty: the host of the endpoint.
	ServerName string
	// CheckChain is asked at each TLS handshake, once the certificate of the
	// server verifies, whether it may be trusted still: revocation, which the
	// rules of MSSanté require (ECO.1.1.6). Its error ends the handshake before
	// anything is sent. ctx is that of the call. A connection that is kept is
	// not asked about again. See the package credential/revocation. nil: no
	// further check.
	CheckChain func(ctx context.Context, chains Chains) error
	// HTTPClient replaces the client that the SDK builds. Its owner then
	// answers for TLS: Credentials, RootCAs, ServerName, CheckChain and Proxy
	// must be unset. Redirects are refused whatever its settings.
	HTTPClient *http.Client
	// Proxy selects a proxy. nil: none; the environment is not consulted.
	Proxy func(*http.Request) (*url.URL, error)
	// Timeout bounds one attempt until its response head, connection and TLS
	// handshake included; it starts anew whenever the request body advances.
	// The whole call is bounded by its context. 0: 30 seconds.
	Timeout time.Duration
	// IdleTimeout bounds the wait for the next bytes of a response body; the
	// time that the caller takes between two reads is not counted. 0: 30 seconds.
	IdleTimeout time.Duration
	// Retry says how calls that are safe to repeat are repeated.
	Retry RetryPolicy
	// Limits bounds what is accepted from a service.
	Limits Limits
	// Logger gets one record for each operation, without payload. nil: none.
	Logger *slog.Logger
	// Observer is told of every operation. nil: none.
	Observer Observer
	// Evidence records exact messages. nil: none. It holds patient data.
	Evidence Evidence
	// Clock gives the time. nil: time.Now.
	Clock func() time.Time
	// IDs makes identifiers. nil: random ones.
	IDs IDSource
	// Random is the randomness of signatures and boundaries. nil: crypto/rand.
	Random io.Reader
	// UserAgent is sent on HTTP. Empty: "segur".
	UserAgent string
}

// RetryPolicy bounds the repetition of calls that are safe to repeat. The
// zero value is three attempts.
type RetryPolicy struct {
	// MaxAttempts counts the first one. 0: 3. 1: never repeat.
	MaxAttempts int
	// BaseDelay is the first pause, doubled each time, with full jitter. 0: 200 ms.
	BaseDelay time.Duration
	// MaxDelay bounds one pause, and a Retry-After that is longer ends the
	// attempts. 0: 10 s.
	MaxDelay time.Duration
}

// Limits bounds what a client accepts. Zero fields take the defaults given.
type Limits struct {
	// MaxResponseBytes bounds a response held in memory. 0: 16 MiB.
	MaxResponseBytes int64
	// MaxPartBytes bounds one streamed document or instance. 0: 4 GiB.
	MaxPartBytes int64
	// MaxParts bounds the parts of a multipart answer. 0: 100,000.
	MaxParts int
	// MaxHeaderBytes bounds response headers. 0: 64 KiB.
	MaxHeaderBytes int64
}

// WithDefaults returns c with every unset optional field filled. It does not
// touch Environment, Credentials, RootCAs, CheckChain, HTTPClient, Proxy,
// Observer and Evidence, for which unset has a meaning.
func (c ClientConfig) WithDefaults() ClientConfig {
	setDefault(&c.Timeout, 30*time.Second)
	setDefault(&c.IdleTimeout, 30*time.Second)
	setDefault(&c.Retry.MaxAttempts, 3)
	setDefault(&c.Retry.BaseDelay, 200*time.Millisecond)
	setDefault(&c.Retry.MaxDelay, 10*time.Second)
	setDefault(&c.Limits.MaxResponseBytes, 16<<20)
	setDefault(&c.Limits.MaxPartBytes, 4<<30)
	setDefault(&c.Limits.MaxParts, 100_000)
	setDefault(&c.Limits.MaxHeaderBytes, 64<<10)
	setDefault(&c.UserAgent, "segur")
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.IDs == nil {
		c.IDs = NewIDSource(c.Random)
	}
	return c
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Check adds everything that is wrong with c to p.
func (c ClientConfig) Check(p *Problems) {
	if rule := c.Environment.problem(); rule != "" {
		p.Add("environment", rule)
	}
	if c.HTTPClient != nil {
		if c.Credentials != nil {
			p.Add("credentials", "must be unset when httpClient is given: TLS is then its own")
		}
		if c.RootCAs != nil {
			p.Add("rootCAs", "must be unset when httpClient is given: TLS is then its own")
		}
		if c.ServerName != "" {
			p.Add("serverName", "must be unset when httpClient is given: TLS is then its own")
		}
		if c.CheckChain != nil {
			p.Add("checkChain", "must be unset when httpClient is given: TLS is then its own")
		}
		if c.Proxy != nil {
			p.Add("proxy", "must be unset when httpClient is given")
		}
	}
	for _, d := range []struct {
		field string
		v     int64
	}{
		{"timeout", int64(c.Timeout)}, {"idleTimeout", int64(c.IdleTimeout)},
		{"retry.maxAttempts", int64(c.Retry.MaxAttempts)}, {"retry.baseDelay", int64(c.Retry.BaseDelay)},
		{"retry.maxDelay", int64(c.Retry.MaxDelay)}, {"limits.maxResponseBytes", c.Limits.MaxResponseBytes},
		{"limits.maxPartBytes", c.Limits.MaxPartBytes}, {"limits.maxParts", int64(c.Limits.MaxParts)},
		{"limits.maxHeaderBytes", c.Limits.MaxHeaderBytes},
	} {
		if d.v < 0 {
			p.Add(d.field, "must not be negative")
		}
	}
}

// CheckEndpoint adds to p what is wrong with the URL of a service: https only,
// a host, no user, no query, no fragment.
func CheckEndpoint(p *Problems, field, endpoint string) {
	u, err := url.Parse(endpoint)
	switch {
	case endpoint == "":
		p.Add(field, "is required")
	case err != nil:
		p.Add(field, "is not a URL")
	case u.Scheme != "https":
		p.Add(field, "must be https")
	case u.Host == "":
		p.Add(field, "has no host")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		p.Add(field, "must have no user, query or fragment")
	}
}
