package drim

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

const opIntrospect = "drim.introspect"

// TokenState is what is known of a bearer token.
type TokenState struct {
	// Active says that the token is valid now.
	Active bool
	// User is the national identifier of the professional, Client the service
	// that the token was made for. Both for the trace, and may be empty.
	User, Client string
	// Expiry is when the token ends; zero when that is not told.
	Expiry time.Time
}

// TokenChecker says whether a bearer token that a consumer presents is valid. A
// token that is not is no error. It is safe for concurrent use. [NewIntrospection]
// makes one; a client of package psc is one through [TokenCheckerFunc].
type TokenChecker interface {
	Check(ctx context.Context, token string) (TokenState, error)
}

// TokenCheckerFunc is a function as a [TokenChecker].
type TokenCheckerFunc func(ctx context.Context, token string) (TokenState, error)

// Check calls the function.
func (f TokenCheckerFunc) Check(ctx context.Context, token string) (TokenState, error) {
	return f(ctx, token)
}

// IntrospectionConfig is the configuration of [NewIntrospection].
type IntrospectionConfig struct {
	// ClientConfig: Credentials gives the certificate by which the source is
	// known to the provider (RFC 8705), which the rules want.
	segur.ClientConfig
	// Endpoint is the introspection endpoint (RFC 7662) of Pro Santé Connect.
	Endpoint string
	// ClientID is the service that asks.
	ClientID string
	// ClientSecret authenticates it where no certificate does (HTTP Basic).
	// Empty: the certificate does, and ClientID travels in the form.
	ClientSecret string
	// Issuer is who must have made the token, when the provider tells that.
	// Empty: not compared.
	Issuer string
	// CacheFor is how long an active token is not asked about again, within its
	// life: a consumer asks series by series with one token. A token that is
	// revoked is taken that much longer. 0: every request is checked; at most 5
	// minutes.
	CacheFor time.Duration
}

// Introspection asks Pro Santé Connect about tokens. It is immutable and safe for
// concurrent use.
type Introspection struct {
	cfg  IntrospectionConfig
	rest *transport.REST

	mu    sync.Mutex
	cache map[[sha256.Size]byte]cachedToken
}

type cachedToken struct {
	state TokenState
	until time.Time
}

const (
	maxCachedTokens  = 1024
	maxTokenLifetime = 5 * time.Minute
	maxIntrospection = 64 << 10
)

// NewIntrospection checks cfg completely and returns a [TokenChecker].
func NewIntrospection(cfg IntrospectionConfig) (*Introspection, error) {
	var p segur.Problems
	cfg.ClientConfig.Check(&p)
	segur.CheckEndpoint(&p, "endpoint", cfg.Endpoint)
	p.Require("clientID", cfg.ClientID)
	if cfg.ClientSecret == "" && cfg.Credentials == nil && cfg.HTTPClient == nil {
		p.Add("credentials", "is required without a client secret")
	}
	if cfg.CacheFor < 0 || cfg.CacheFor > maxTokenLifetime {
		p.Add("cacheFor", "must be from 0 to 5 minutes")
	}
	if err := p.Err("drim.NewIntrospection"); err != nil {
		return nil, err
	}
	t, err := transport.New(cfg.ClientConfig, transport.Options{})
	if err != nil {
		return nil, err
	}
	cfg.ClientConfig = t.Config()
	return &Introspection{cfg: cfg, rest: t.REST(), cache: map[[sha256.Size]byte]cachedToken{}}, nil
}

// Check asks whether the token is valid. The answer must say so in JSON; one that
// is told active and that has expired by our clock, or that another issuer made,
// is not valid. Errors never hold the token.
func (i *Introspection) Check(ctx context.Context, token string) (TokenState, error) {
	key := sha256.Sum256([]byte(token))
	now := i.cfg.Clock()
	if s, ok := i.cached(key, now); ok {
		return s, nil
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	header := http.Header{}
	if i.cfg.ClientSecret == "" {
		form.Set("client_id", i.cfg.ClientID)
	} else { // RFC 6749 2.3.1
		credentials := url.QueryEscape(i.cfg.ClientID) + ":" + url.QueryEscape(i.cfg.ClientSecret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	}
	reply, err := i.rest.Do(ctx, transport.Call{
		Op: opIntrospect, Method: http.MethodPost, URL: i.cfg.Endpoint, Header: header, RepeatSafe: true, Secret: true,
		Body: []byte(form.Encode()), ContentType: "application/x-www-form-urlencoded", ResponseLimit: maxIntrospection,
	})
	if err != nil {
		return TokenState{}, err
	}
	if err := reply.StatusError(); err != nil {
		return TokenState{}, err
	}
	state, err := i.state(reply, now)
	if err == nil && state.Active {
		i.keep(key, state, now)
	}
	return state, err
}

func (i *Introspection) state(reply *transport.Reply, now time.Time) (TokenState, error) {
	bad := func(message string) (TokenState, error) {
		return TokenState{}, &segur.Error{Op: opIntrospect, Kind: segur.KindProtocol, Message: message, Status: reply.Status}
	}
	var a struct {
		Active    *bool        `json:"active"`
		Issuer    string       `json:"iss"`
		Subject   string       `json:"sub"`
		Username  string       `json:"username"`
		Preferred string       `json:"preferred_username"`
		ClientID  string       `json:"client_id"`
		Party     string       `json:"azp"`
		Expiry    *json.Number `json:"exp"`
	}
	d := json.NewDecoder(bytes.NewReader(reply.Body))
	if err := d.Decode(&a); err != nil {
		return bad("the answer is not the JSON of an introspection")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("something follows the JSON of the introspection")
	}
	switch {
	case reply.Status != http.StatusOK:
		return bad("the status is not that of an introspection")
	case a.Active == nil:
		return bad("the answer does not say whether the token is active")
	case !*a.Active:
		return TokenState{}, nil
	case i.cfg.Issuer != "" && a.Issuer != "" && a.Issuer != i.cfg.Issuer:
		return TokenState{}, nil
	}
	s := TokenState{Active: true, User: cmp.Or(a.Username, a.Preferred, a.Subject), Client: cmp.Or(a.ClientID, a.Party)}
	if a.Expiry != nil {
		seconds, err := a.Expiry.Float64()
		if err != nil || seconds < 0 || seconds > 1<<40 {
			return bad("the expiry is not a time")
		}
		if s.Expiry = time.Unix(int64(seconds), 0); s.Expiry.Before(now.Add(-time.Minute)) {
			return TokenState{}, nil
		}
	}
	return s, nil
}

func (i *Introspection) cached(key [sha256.Size]byte, now time.Time) (TokenState, bool) {
	if i.cfg.CacheFor == 0 {
		return TokenState{}, false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	c, ok := i.cache[key]
	return c.state, ok && now.Before(c.until)
}

// keep remembers an active token, no longer than it lives.
func (i *Introspection) keep(key [sha256.Size]byte, s TokenState, now time.Time) {
	if i.cfg.CacheFor == 0 {
		return
	}
	until := now.Add(i.cfg.CacheFor)
	if !s.Expiry.IsZero() && s.Expiry.Before(until) {
		until = s.Expiry
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for k, c := range i.cache {
		if !now.Before(c.until) || len(i.cache) >= maxCachedTokens {
			delete(i.cache, k)
		}
	}
	i.cache[key] = cachedToken{s, until}
}
