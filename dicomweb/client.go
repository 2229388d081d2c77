package dicomweb

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

// The operations, as they are named in errors, observations and evidence.
const (
	opStore    = "dicomweb.store"
	opSearch   = "dicomweb.search"
	opRetrieve = "dicomweb.retrieve"
)

// TokenSource gives the bearer token of a request. It is asked before each one,
// and caches as it sees fit. Implementations are safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context) (string, error)
}

// Config is the configuration of a [Client].
type Config struct {
	segur.ClientConfig
	// Endpoint is the base URL of the DICOMweb services, any path included:
	// https://pacs.example/dicom-web. "/studies" is appended to it.
	Endpoint string
	// Tokens gives bearer tokens. nil: none is sent.
	Tokens TokenSource
	// PlainHTTP accepts an http endpoint: an image server of the local network
	// without TLS. Images and identities then travel in clear; a token is
	// refused.
	PlainHTTP bool
	// TrustFilters switches off the check that the rows of a search match what
	// was asked. Some servers ignore keys that they do not know and answer with
	// the whole archive, so the check is on by default.
	TrustFilters bool
}

// Client talks to one image server. It is immutable and safe for concurrent use.
type Client struct {
	cfg   Config
	base  string
	http  *transport.Client
	forms *formMemory
}

// New checks cfg completely and returns a client.
func New(cfg Config) (*Client, error) {
	var p segur.Problems
	cfg.ClientConfig.Check(&p)
	if u, err := url.Parse(cfg.Endpoint); cfg.PlainHTTP && err == nil && u.Scheme == "http" {
		secure := *u
		secure.Scheme = "https"
		segur.CheckEndpoint(&p, "endpoint", secure.String())
		if cfg.Tokens != nil {
			p.Add("tokens", "must be unset with an http endpoint: a token never travels in clear")
		}
	} else {
		segur.CheckEndpoint(&p, "endpoint", cfg.Endpoint)
	}
	if err := p.Err("dicomweb.New"); err != nil {
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{PlainHTTP: cfg.PlainHTTP})
	if err != nil {
		return nil, err
	}
	cfg.ClientConfig = t.Config()
	return &Client{cfg: cfg, base: strings.TrimRight(cfg.Endpoint, "/"), http: t, forms: &formMemory{}}, nil
}

// CloseIdleConnections closes the connections that no call uses.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// get asks for a resource; path starts with a slash.
func (c *Client) get(ctx context.Context, op, path, accept string) (*transport.Response, error) {
	return c.do(ctx, &transport.Request{
		Op: op, Method: http.MethodGet, URL: c.base + path, Header: http.Header{"Accept": {accept}}, RepeatSafe: true, ResponseLimit: -1,
	})
}

func (c *Client) do(ctx context.Context, req *transport.Request) (*transport.Response, error) {
	if c.cfg.Tokens != nil {
		token, err := c.cfg.Tokens.Token(ctx)
		if err != nil {
			return nil, tokenError(ctx, req.Op, err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.http.Do(ctx, req)
}

func tokenError(ctx context.Context, op string, err error) error {
	out := &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "no token to present: nothing was sent"}
	var known *segur.Error
	switch {
	case errors.As(err, &known):
		out.Kind, out.Err = known.Kind, known
	case ctx.Err() != nil:
		out.Kind, out.Err = segur.KindCanceled, ctx.Err()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			out.Kind = segur.KindTimeout
		}
	}
	return out
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
	return r.Fail(&segur.Error{Op: op, Kind: kind, Code: code, Status: r.Status, Message: message, Err: cause})
}

// refused turns a status that is not a success into an error.
func refused(r *transport.Response, op string) error {
	if err := r.StatusError(); err != nil {
		return r.Fail(err)
	}
	return fail(r, segur.KindProtocol, op, "", "a status that this service does not have", nil)
}
