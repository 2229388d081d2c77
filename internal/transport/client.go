package transport

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/segur-sdk/segur"
)

// Options are the settings that a service fixes, where [segur.ClientConfig]
// holds those of the integrator. The zero value suits any service.
type Options struct {
	// MaxTLS is the highest TLS version. 0: 1.3.
	MaxTLS uint16
	// CipherSuites lists the suites of TLS 1.2. nil: ECDHE with AEAD.
	CipherSuites []uint16
	// HTTP2 offers HTTP/2. Evidence then shows the HTTP/1.1 form of messages
	// that were framed otherwise. A stream that the service resets is a lost
	// connection; net/http repeats by itself what a service says that it did not
	// look at.
	HTTP2 bool
	// PlainHTTP accepts http URLs: image servers of a local network only.
	PlainHTTP bool
	// Pause waits between two attempts. nil: a timer.
	Pause func(ctx context.Context, d time.Duration) error
	// Jitter draws a pause between 0 and limit. nil: uniform.
	Jitter func(limit time.Duration) time.Duration
}

// DMPOptions are those of the DMP for health software: TLS 1.2 only, and the
// three suites of its list that Go has (TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384
// is the fourth).
func DMPOptions() Options {
	return Options{MaxTLS: tls.VersionTLS12, CipherSuites: []uint16{
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	}}
}

// Client sends requests. It is immutable and safe for concurrent use.
type Client struct {
	cfg    segur.ClientConfig
	o      Options
	given  *http.Client // the integrator's own, or nil
	pool   *pool
	budget *budget
}

// New checks cfg completely and fills its defaults.
func New(cfg segur.ClientConfig, o Options) (*Client, error) {
	var p segur.Problems
	cfg.Check(&p)
	if o.MaxTLS != 0 && o.MaxTLS < tls.VersionTLS12 {
		p.Add("maxTLS", "must be TLS 1.2 or more")
	}
	if err := p.Err("transport.New"); err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg.WithDefaults(), o: o, budget: newBudget()}
	if o.Pause == nil {
		c.o.Pause = pause
	}
	if o.Jitter == nil {
		c.o.Jitter = jitter
	}
	if cfg.HTTPClient != nil {
		own := *cfg.HTTPClient
		own.CheckRedirect = noRedirect
		c.given = &own
	}
	c.pool = newPool(c.cfg, c.o)
	return c, nil
}

// Config returns the configuration, defaults filled.
func (c *Client) Config() segur.ClientConfig { return c.cfg }

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() {
	if c.given != nil {
		c.given.CloseIdleConnections()
	}
	c.pool.closeIdle()
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
