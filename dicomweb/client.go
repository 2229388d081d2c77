package dicomweb

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

// The operations, as they are named in errors, observations and evidence.
const (
	opStore    = "dicomweb.store"
	opSearch   = "dicomweb.search"
	opRetrieve = "dicomweb.retrieve"
	opDelete   = "dicomweb.delete"
)

// Config is the configuration of a [Client].
type Config struct {
	segur.ClientConfig
	// Endpoint is the base URL of the DICOMweb services, any path included:
	// https://pacs.example/dicom-web. "/studies" is appended to it.
	Endpoint string
	// WADOURI is the URL of the older WADO-URI service, without query; it is on
	// a path of its own at most servers. Empty: the service is not used.
	WADOURI string
	// Tokens gives bearer tokens. nil: none is sent. At most one of Tokens,
	// Basic and Authorize is set; the client certificate is ClientConfig's.
	Tokens TokenSource
	// Basic is a user name and a password. nil: none is sent.
	Basic *BasicAuth
	// Authorize gives the headers that authorise a request: an API key, a
	// signature. It is asked before each one, and once more after a 401. Their
	// values are kept out of the evidence. It is safe for concurrent use. nil:
	// none.
	Authorize func(ctx context.Context, r AuthRequest) (http.Header, error)
	// PlainHTTP accepts an http endpoint: an image server of the local network
	// without TLS. Images and identities then travel in clear; a token and a
	// password are refused.
	PlainHTTP bool
	// HTTP2 offers HTTP/2 to a server with TLS. All calls then share one
	// connection: fewer handshakes for many small searches over a long way; for
	// images, the connections of HTTP/1.1, one for each call, are as fast or
	// faster, so it is off by default. Outcomes and errors are the same, and
	// evidence shows the HTTP/1.1 form of the messages.
	HTTP2 bool
	// UPS says how requests of the worklist service are written, where servers
	// differ.
	UPS UPSForm
	// TrustFilters switches off the check that the rows of a search match what
	// was asked. Some servers ignore keys that they do not know and answer with
	// the whole archive, so the check is on by default.
	TrustFilters bool
}

// Client talks to one image server. It is immutable and safe for concurrent use.
type Client struct {
	cfg  Config
	base string
	http *transport.Client
	// channels opens those of events.
	channels *transport.Client
	forms    *formMemory
	// queries is what is known of how the server reads a query.
	queries atomic.Int32
	// renewing holds one value while a token is renewed.
	renewing chan struct{}
}

// New checks cfg completely and returns a client.
func New(cfg Config) (*Client, error) {
	var p segur.Problems
	cfg.ClientConfig.Check(&p)
	cfg.checkAuth(&p, cfg.checkEndpoint(&p, "endpoint", cfg.Endpoint))
	cfg.checkWADOURI(&p)
	cfg.UPS.check(&p)
	if err := p.Err("dicomweb.New"); err != nil {
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{PlainHTTP: cfg.PlainHTTP, HTTP2: cfg.HTTP2})
	if err != nil {
		return nil, err
	}
	cfg.ClientConfig = t.Config()
	channels := t
	if cfg.HTTP2 { // a WebSocket is opened in HTTP/1.1
		if channels, err = transport.New(cfg.ClientConfig, transport.Options{PlainHTTP: cfg.PlainHTTP}); err != nil {
			return nil, err
		}
	}
	return &Client{
		cfg: cfg, base: strings.TrimRight(cfg.Endpoint, "/"), http: t, channels: channels, forms: &formMemory{}, renewing: make(chan struct{}, 1),
	}, nil
}

// checkEndpoint adds what is wrong with the URL of a service, and reports whether
// what goes there is in clear, which PlainHTTP allows.
func (cfg *Config) checkEndpoint(p *segur.Problems, field, address string) (clear bool) {
	u, err := url.Parse(address)
	switch {
	case err == nil && path.Base(u.Path) == "studies":
		p.Add(field, "must end before /studies, which the client appends")
		return false
	case err != nil || u.Scheme != "http":
	case !cfg.PlainHTTP:
		p.Add(field, "must be https: PlainHTTP accepts http, for a server of the local network")
		return false
	default:
		clear, u.Scheme = true, "https"
		address = u.String()
	}
	segur.CheckEndpoint(p, field, address)
	return clear
}

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() {
	c.http.CloseIdleConnections()
	c.channels.CloseIdleConnections()
}

// get asks for a resource; path starts with a slash.
func (c *Client) get(ctx context.Context, op, path, accept string) (*transport.Response, error) {
	return c.do(ctx, &transport.Request{
		Op: op, Method: http.MethodGet, URL: c.base + path, Header: http.Header{"Accept": {accept}}, RepeatSafe: true, ResponseLimit: -1,
	})
}

func (c *Client) do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	if err := c.authorize(ctx, req); err != nil {
		return nil, err
	}
	return c.http.Do(ctx, req)
}

// mediaType returns the media type of an answer, lower case; "" when there is
// none that can be read.
func mediaType(r *transport.Response) string {
	ct, err := xop.ParseContentType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return ct.Type
}

func isJSON(mediaType string) bool {
	return mediaType == "application/dicom+json" || mediaType == "application/json"
}

// fail notes err as the end of the operation.
func fail(r *transport.Response, kind segur.Kind, op, code, message string, cause error) error {
	return r.Fail(&segur.Error{Op: op, Kind: kind, Code: code, Status: r.Status, Message: message, Help: helps[code], Err: cause})
}

// refused turns a status that is not a success into an error.
func refused(r *transport.Response, op string) error {
	if err := r.StatusError(); err != nil {
		return r.Fail(err)
	}
	return fail(r, segur.KindProtocol, op, "", "a status that this service does not have", nil)
}
