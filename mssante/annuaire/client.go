package annuaire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Endpoint is the base of the production service. The directory has no other
// environment: its data are public.
const Endpoint = "https://gateway.api.esante.gouv.fr/fhir/v2"

const opSearch = "annuaire.search"

// Config is the configuration of a [Client].
type Config struct {
	segur.ClientConfig
	// Endpoint is the base URL. Empty: [Endpoint], but in the Fake environment.
	Endpoint string
	// Key is the ESANTE-API-KEY that the portal gave to the application. Required.
	Key string
	// Limiter keeps the rate of the service. All the clients of a key share
	// one. nil: one of this client.
	Limiter *Limiter
	// MaxPages and MaxEntries bound one search; more is [segur.ErrTooLarge]. 0:
	// 20 pages, 2000 entries. A synchronisation has its own bounds.
	MaxPages, MaxEntries int
	// NamesInURL sends searches by a person's name or by a mailbox with GET.
	// They go with POST otherwise (_search, which the service takes), since
	// URLs end in the logs of gateways.
	NamesInURL bool
	// UntypedMailboxes takes a telecom for an MSSanté mailbox when it only has
	// the metadata of one (as-ext-mailbox-mss-metadata). The directory's own
	// data have the email type MSSANTE as well; examples of the draft guide of
	// mailboxes (IG-MSS 0.1.0) do not. Without the type, it is no mailbox.
	UntypedMailboxes bool
}

// String says what it is without the key.
func (c Config) String() string { return "annuaire.Config(redacted)" }

// Format is String.
func (c Config) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue is String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Client reads the directory. It is immutable and safe for concurrent use.
type Client struct {
	cfg     Config
	rest    *transport.REST
	base    *url.URL
	limiter *Limiter
	decoder Decoder
}

// New checks cfg completely and returns a client.
func New(cfg Config) (*Client, error) {
	var p segur.Problems
	cfg.Check(&p)
	if cfg.Endpoint == "" && cfg.Environment != segur.Fake {
		cfg.Endpoint = Endpoint
	}
	segur.CheckEndpoint(&p, "endpoint", cfg.Endpoint)
	p.Require("key", cfg.Key)
	if strings.ContainsFunc(cfg.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		p.Add("key", "must be printable ASCII without blanks")
	}
	if cfg.MaxPages < 0 {
		p.Add("maxPages", "must not be negative")
	}
	if cfg.MaxEntries < 0 {
		p.Add("maxEntries", "must not be negative")
	}
	if err := p.Err("annuaire.New"); err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(cfg.Endpoint, "/"))
	if err != nil { // CheckEndpoint parsed it
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{HTTP2: true})
	if err != nil {
		return nil, err
	}
	if cfg.Limiter == nil {
		// Not with cfg.Clock: one that stands still would never give a turn.
		cfg.Limiter = NewLimiter(LimiterOptions{})
	}
	cfg.ClientConfig = cfg.WithDefaults()
	if cfg.MaxPages == 0 {
		cfg.MaxPages = 20
	}
	if cfg.MaxEntries == 0 {
		cfg.MaxEntries = 2000
	}
	return &Client{cfg: cfg, rest: t.REST(), base: base, limiter: cfg.Limiter, decoder: Decoder{UntypedMailboxes: cfg.UntypedMailboxes}}, nil
}

// call carries out one request, repeated within the policy: each attempt takes
// its own turn at the limiter.
func (c *Client) call(ctx context.Context, call transport.Call) (*transport.Reply, error) {
	call.Op, call.RepeatSafe, call.Once = opSearch, true, true
	call.Header = http.Header{"Esante-Api-Key": {c.cfg.Key}, "Accept": {"application/fhir+json"}}
	if c.cfg.Evidence == nil { // which is read by people
		call.Header.Set("Accept-Encoding", "gzip")
	}
	for n := 1; ; n++ {
		if err := c.limiter.Wait(ctx); err != nil {
			return nil, err
		}
		reply, err := c.rest.Do(ctx, call)
		if err == nil {
			if err = reply.StatusError(); err == nil {
				return reply, nil
			}
			err = withOutcome(err, reply.Body)
		}
		var e *segur.Error
		if !errors.As(err, &e) {
			return nil, err
		}
		if e.Kind == segur.KindRateLimited {
			c.limiter.pause(max(e.RetryAfter, time.Second))
		}
		if !e.Retryable() || n >= c.cfg.Retry.MaxAttempts || ctx.Err() != nil {
			return nil, err
		}
		wait, ok := transport.Backoff(ctx, c.cfg.Retry, n, e.RetryAfter)
		if !ok || !c.rest.MayRepeat() {
			return nil, err
		}
		if e.Kind == segur.KindRateLimited {
			continue // the limiter waits
		}
		if c.limiter.sleep(ctx, wait) != nil {
			return nil, err
		}
	}
}

// get follows a link of the service.
func (c *Client) get(ctx context.Context, target string) (*transport.Reply, error) {
	return c.call(ctx, transport.Call{URL: target})
}

// longest is the longest query that goes in a URL.
const longest = 1500

// query asks for the first page of a search.
func (c *Client) query(ctx context.Context, s search) (*transport.Reply, error) {
	target, form := c.base.String()+"/"+string(s.kind), s.values.Encode()
	if len(form) > longest || s.names && !c.cfg.NamesInURL {
		return c.call(ctx, transport.Call{
			Method: http.MethodPost, URL: target + "/_search", Body: []byte(form), ContentType: "application/x-www-form-urlencoded",
		})
	}
	return c.call(ctx, transport.Call{URL: target, Query: s.values})
}

// next resolves the link to a page. The service's samples name hosts of other
// environments: only the configured one gets the key.
func (c *Client) next(link string) (string, error) {
	u, err := url.Parse(link)
	switch {
	case err != nil, u.Scheme != c.base.Scheme, !strings.EqualFold(u.Host, c.base.Host), u.User != nil, u.Fragment != "",
		!strings.HasPrefix(u.Path, c.base.Path+"/"), strings.Contains(u.Path, "/.."), u.RawPath != "":
		return "", protocol("the next page is not on the configured service")
	}
	return u.String(), nil
}

func protocol(message string) *segur.Error {
	return &segur.Error{Op: opSearch, Kind: segur.KindProtocol, Message: message}
}

func invalid(field, message string) *segur.Error {
	return &segur.Error{Op: opSearch, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: field, Message: message}}}
}
