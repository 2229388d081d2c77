package dicomweb

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// TokenSource gives the bearer token of a request. It is asked before each one,
// and caches as it sees fit. Implementations are safe for concurrent use.
//
// After a 401 it is asked once more. A source that has a method
//
//	Renew(context.Context) (string, error)
//
// too is then told to renew when it still gives the token that was refused. A
// session of the package psc is such a source.
type TokenSource interface {
	Token(ctx context.Context) (string, error)
}

// renewer is the optional part of a [TokenSource].
type renewer interface {
	Renew(ctx context.Context) (string, error)
}

// BasicAuth is a user name and a password (RFC 7617). Its printed forms are
// redacted.
type BasicAuth struct {
	// Username holds no colon.
	Username string
	// Password is sent in UTF-8.
	Password string
}

// String returns a redacted form.
func (b BasicAuth) String() string { return "BasicAuth(redacted)" }

// Format writes the redacted form whatever the verb.
func (b BasicAuth) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, b.String()) }

// LogValue makes slog write the redacted form.
func (b BasicAuth) LogValue() slog.Value { return slog.StringValue(b.String()) }

// AuthRequest is the request that [Config.Authorize] is asked about.
type AuthRequest struct {
	// Op is the operation: "dicomweb.store".
	Op string
	// Method and URL are those of the request. The query may hold patient data.
	Method string
	URL    *url.URL
	// Refused: the server answered 401 to the headers given before.
	Refused bool
}

// secretHeaders are never sent in clear.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// ownHeaders are not those of an authorisation.
var ownHeaders = []string{"Accept", "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Connection", "Range", "Expect",
	"Upgrade", "Sec-Websocket-Key", "Sec-Websocket-Version"}

// checkAuth adds to p what is wrong with the authorisation of cfg.
func (cfg *Config) checkAuth(p *segur.Problems, clear bool) {
	ways := 0
	for _, w := range []struct {
		field string
		set   bool
	}{{"tokens", cfg.Tokens != nil}, {"basic", cfg.Basic != nil}, {"authorize", cfg.Authorize != nil}} {
		if !w.set {
			continue
		}
		if ways++; ways == 2 {
			p.Add(w.field, "must be unset beside another of tokens, basic and authorize")
		}
	}
	if clear && cfg.Tokens != nil {
		p.Add("tokens", "must be unset with an http endpoint: a token never travels in clear")
	}
	if cfg.Basic == nil {
		return
	}
	if clear {
		p.Add("basic", "must be unset with an http endpoint: a password never travels in clear")
	}
	p.Require("basic.username", cfg.Basic.Username)
	if strings.Contains(cfg.Basic.Username, ":") {
		p.Add("basic.username", "must hold no colon")
	}
}

// expectFrom is the body from which on the server is asked, before it is sent,
// whether it lets the caller in: a refusal then costs nothing.
const expectFrom = 1 << 20

// authorize puts the authorisation into the header of req and arranges for one
// more after a 401.
func (c *Client) authorize(ctx context.Context, req *transport.Request) error {
	give := c.bearer
	switch {
	case c.cfg.Basic != nil:
		b := c.cfg.Basic
		req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(b.Username+":"+b.Password)))
		give = nil // a password is not renewed
	case c.cfg.Authorize != nil:
		give = c.custom
	case c.cfg.Tokens == nil:
		return nil
	}
	if req.Body != nil && req.Body.Size() >= expectFrom {
		req.Header.Set("Expect", "100-continue")
	}
	if give == nil {
		return nil
	}
	if _, err := give(ctx, req, false); err != nil {
		return err
	}
	req.Reauthorize = func(ctx context.Context) (bool, error) { return give(ctx, req, true) }
	return nil
}

// bearer puts a token into req and reports whether it is another than before.
func (c *Client) bearer(ctx context.Context, req *transport.Request, refused bool) (bool, error) {
	token, err := c.cfg.Tokens.Token(ctx)
	if err != nil {
		return false, tokenError(ctx, req.Op, err)
	}
	before := req.Header.Get("Authorization")
	if r, ok := c.cfg.Tokens.(renewer); ok && refused && "Bearer "+token == before {
		// One at a time: of several calls refused together, the first renews and
		// the others find its token.
		select {
		case c.renewing <- struct{}{}:
		case <-ctx.Done():
			return false, tokenError(ctx, req.Op, ctx.Err())
		}
		defer func() { <-c.renewing }()
		if token, err = c.cfg.Tokens.Token(ctx); err == nil && "Bearer "+token == before {
			token, err = r.Renew(ctx)
		}
		if err != nil {
			return false, tokenError(ctx, req.Op, err)
		}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return "Bearer "+token != before, nil
}

// custom puts the headers of the hook into req.
func (c *Client) custom(ctx context.Context, req *transport.Request, refused bool) (bool, error) {
	u, err := url.Parse(req.URL)
	if err != nil {
		return false, &segur.Error{Op: req.Op, Kind: segur.KindInvalidInput, Message: "the URL cannot be parsed"}
	}
	headers, err := c.cfg.Authorize(ctx, AuthRequest{Op: req.Op, Method: req.Method, URL: u, Refused: refused})
	if err != nil {
		return false, tokenError(ctx, req.Op, err)
	}
	var p segur.Problems
	changed := false
	for name, values := range headers {
		name = http.CanonicalHeaderKey(name)
		switch {
		case slices.Contains(ownHeaders, name):
			p.Add("authorize."+name, "must not be set: it belongs to the client")
			continue
		case u.Scheme != "https" && slices.Contains(secretHeaders, name):
			p.Add("authorize."+name, "must not be set with an http endpoint: it never travels in clear")
			continue
		}
		changed = changed || strings.Join(req.Header[name], "\n") != strings.Join(values, "\n")
		req.Header[name] = values
		if !slices.Contains(req.SecretHeaders, name) {
			req.SecretHeaders = append(req.SecretHeaders, name)
		}
	}
	if err := p.Err(req.Op); err != nil {
		return false, err
	}
	return changed, nil
}

func tokenError(ctx context.Context, op string, err error) error {
	out := &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "no token to present: nothing was sent"}
	var known *segur.Error
	switch {
	case errors.As(err, &known):
		out.Kind, out.Err = known.Kind, known
	case ctx.Err() != nil:
		return transport.ContextError(op, ctx.Err())
	}
	return out
}
