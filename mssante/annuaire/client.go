package annuaire

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Endpoint is the base of the production service. The directory has no other
// environment: its data are public.
const Endpoint = "https://gateway.api.esante.gouv.fr/fhir/v2"

// Limits of one search; more is a [segur.ErrTooLarge] error.
const (
	maxPages   = 20
	maxEntries = 2000
)

const opSearch = "annuaire.search"

// Config is the configuration of a [Client].
type Config struct {
	segur.ClientConfig
	// Endpoint is the base URL. Empty: [Endpoint], but in the Fake environment.
	Endpoint string
	// Key is the ESANTE-API-KEY that the portal gave to the application. Required.
	Key string
}

// Client reads the directory. It is immutable and safe for concurrent use.
type Client struct {
	rest *transport.REST
	base *url.URL
	key  string
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
	return &Client{rest: t.REST(), base: base, key: cfg.Key}, nil
}

// get asks for one page. target is a URL of the configured host.
func (c *Client) get(ctx context.Context, target string, query url.Values) (*transport.Reply, error) {
	reply, err := c.rest.Do(ctx, transport.Call{
		Op: opSearch, URL: target, Query: query, RepeatSafe: true,
		Header: http.Header{"Esante-Api-Key": {c.key}, "Accept": {"application/fhir+json"}},
	})
	if err != nil {
		return nil, err
	}
	if err := reply.StatusError(); err != nil {
		return nil, outcome(err, reply.Body)
	}
	return reply, nil
}

// next resolves the link to the next page. The service's samples name hosts
// of other environments: only the configured one gets the key.
func (c *Client) next(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != c.base.Scheme || u.Host != c.base.Host || !strings.HasPrefix(u.Path, c.base.Path+"/") {
		return "", protocol("the next page is not on the configured service")
	}
	return u.String(), nil
}

func protocol(message string) *segur.Error {
	return &segur.Error{Op: opSearch, Kind: segur.KindProtocol, Message: message}
}
