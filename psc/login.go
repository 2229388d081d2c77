package psc

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/segur-sdk/segur"
)

// LoginOptions change one login in the browser. The zero value is an ordinary one.
type LoginOptions struct {
	// Force asks for a new authentication even when the browser has a session (prompt=login); the ID token then has to
	// tell a recent one.
	Force bool
	// MaxAge is the greatest age of the authentication; the ID token has to tell it. 0: any.
	MaxAge time.Duration
	// ProviderHint sends the user straight to the identity provider of an establishment (kc_idp_hint). Optional.
	ProviderHint string
}

// PendingLogin is a login that began and whose browser has not come back: state, nonce and the proof of PKCE. It
// belongs in the server-side session of that one browser, never in a page, a cookie or a log; its printed forms are
// redacted. It serves once. MarshalBinary gives the form to store when the callback may reach another server.
type PendingLogin struct {
	p    pending
	used atomic.Bool
}

// pending is what is stored.
type pending struct {
	Version  int           `json:"v"`
	Issuer   string        `json:"iss"`
	ClientID string        `json:"client"`
	Redirect string        `json:"redirect"`
	State    string        `json:"state"`
	Nonce    string        `json:"nonce"`
	Verifier string        `json:"verifier"`
	Start    time.Time     `json:"start"`
	Force    bool          `json:"force,omitempty"`
	MaxAge   time.Duration `json:"max_age,omitempty"`
}

const (
	opLogin = "psc.login"
	opToken = "psc.token"

	pendingVersion = 1
	maxPending     = 8 << 10
	// secretLength is the length of state, nonce and verifier: 256 bits in base64url.
	secretLength = 43
)

// MarshalBinary returns the form to store on the server. It is secret.
func (p *PendingLogin) MarshalBinary() ([]byte, error) { return json.Marshal(p.p) }

// UnmarshalBinary reads what MarshalBinary wrote.
func (p *PendingLogin) UnmarshalBinary(b []byte) error {
	bad := func(message string) error {
		return &segur.Error{Op: opLogin, Kind: segur.KindInvalidInput, Message: message}
	}
	if len(b) > maxPending {
		return bad("the stored login is too long")
	}
	var v pending
	if err := decodeJSON(b, &v, bad); err != nil {
		return err
	}
	if v.Version != pendingVersion || len(v.State) != secretLength || len(v.Nonce) != secretLength || len(v.Verifier) != secretLength {
		return bad("the stored login is not one of this version")
	}
	p.p = v
	p.used.Store(false)
	return nil
}

// AuthCodeURL begins a login: the URL to send the browser to, and what to keep until it comes back to
// Config.RedirectURI. The URL is for a whole page: Pro Santé Connect refuses frames.
func (c *Client) AuthCodeURL(ctx context.Context, o LoginOptions) (string, *PendingLogin, error) {
	var p segur.Problems
	p.Require("redirectURI", c.cfg.RedirectURI)
	if o.MaxAge < 0 {
		p.Add("maxAge", "must not be negative")
	}
	if err := p.Err(opLogin); err != nil {
		return "", nil, err
	}
	m, err := c.provider(ctx)
	if err != nil {
		return "", nil, named(opLogin, err)
	}
	login := &PendingLogin{p: pending{Version: pendingVersion, Issuer: c.cfg.Issuer, ClientID: c.cfg.ClientID,
		Redirect: c.cfg.RedirectURI, Start: c.cfg.Clock().UTC(), Force: o.Force, MaxAge: o.MaxAge}}
	for _, secret := range []*string{&login.p.State, &login.p.Nonce, &login.p.Verifier} {
		if *secret, err = c.random(opLogin, 32); err != nil {
			return "", nil, err
		}
	}
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(login.p.Nonce), oauth2.S256ChallengeOption(login.p.Verifier),
		oauth2.SetAuthURLParam("acr_values", strings.Join(c.cfg.ACRValues, " ")),
	}
	if o.Force {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	if o.MaxAge > 0 {
		options = append(options, oauth2.SetAuthURLParam("max_age", strconv.FormatInt(int64(o.MaxAge/time.Second), 10)))
	}
	if o.ProviderHint != "" {
		options = append(options, oauth2.SetAuthURLParam("kc_idp_hint", o.ProviderHint))
	}
	config := oauth2.Config{ClientID: c.cfg.ClientID, RedirectURL: c.cfg.RedirectURI, Scopes: c.cfg.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthURL}}
	return config.AuthCodeURL(login.p.State, options...), login, nil
}

// Exchange ends a login: callback is the query that the browser came back with, login what AuthCodeURL gave for this
// same browser. A callback of another login, or of none, is refused without anything being sent. The code is sent once:
// when no answer comes the user has to log in again.
func (c *Client) Exchange(ctx context.Context, login *PendingLogin, callback url.Values) (*Session, error) {
	code, err := c.checkCallback(login, callback)
	if err != nil {
		return nil, err
	}
	t, err := c.askToken(ctx, opToken, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {login.p.Redirect}, "code_verifier": {login.p.Verifier},
	})
	if err != nil {
		return nil, err
	}
	want := expectation{nonce: login.p.Nonce, level: true, accessToken: t.access}
	switch {
	case login.p.Force:
		want.notBefore = login.p.Start
	case login.p.MaxAge > 0:
		want.notBefore = c.cfg.Clock().Add(-login.p.MaxAge)
	}
	return c.open(ctx, t, want)
}

// maxCode bounds a code: those of Keycloak have about 110 characters.
const maxCode = 4096

// checkCallback returns the code of a callback that answers this login.
func (c *Client) checkCallback(login *PendingLogin, q url.Values) (string, error) {
	bad := func(kind segur.Kind, field, rule string) (string, error) {
		return "", &segur.Error{Op: opLogin, Kind: kind, Details: []segur.Detail{{Field: field, Message: rule}}, Help: loginAgain}
	}
	if login == nil || login.p.Version != pendingVersion {
		return bad(segur.KindInvalidInput, "login", "is required: what AuthCodeURL gave for this browser")
	}
	if login.p.Issuer != c.cfg.Issuer || login.p.ClientID != c.cfg.ClientID {
		return bad(segur.KindInvalidInput, "login", "must have begun at this provider, for this client")
	}
	for _, name := range []string{"state", "code", "iss", "error", "session_state"} {
		if len(q[name]) > 1 {
			return bad(segur.KindProtocol, "callback."+name, "must be there once")
		}
	}
	// The state comes first: whatever else a callback of another browser says is not about this login, and must not
	// end it.
	if !same(q.Get("state"), login.p.State) {
		return bad(segur.KindAuthentication, "callback.state", "must be that of the login")
	}
	if login.used.Swap(true) {
		return bad(segur.KindInvalidInput, "login", "serves once")
	}
	if c.cfg.Clock().Sub(login.p.Start) > c.cfg.Settings.LoginLifetime {
		return bad(segur.KindAuthentication, "login", "took longer than settings.loginLifetime")
	}
	switch iss, there := q["iss"]; {
	case there && iss[0] != c.cfg.Issuer:
		return bad(segur.KindAuthentication, "callback.iss", "must be the provider")
	case !there && c.cfg.Settings.RequireResponseIssuer:
		return bad(segur.KindAuthentication, "callback.iss", "is required by settings.requireResponseIssuer")
	}
	if q.Has("error") {
		return "", oauthError(opLogin, q.Get("error"), 0)
	}
	code := q.Get("code")
	if code == "" || len(code) > maxCode {
		return bad(segur.KindProtocol, "callback.code", "must be there")
	}
	return code, nil
}

// open makes a session of tokens whose ID token is as expected.
func (c *Client) open(ctx context.Context, t *tokens, want expectation) (*Session, error) {
	if t.id == "" {
		return nil, &segur.Error{Op: opToken, Kind: segur.KindProtocol, Message: "the answer has no ID token: the scope openid was not granted"}
	}
	claims, err := c.verifyIDToken(ctx, opToken, t.id, want)
	if err != nil {
		return nil, err
	}
	s := &Session{c: c, tokens: *t, claims: *claims, nonce: want.nonce, login: claims.AuthenticatedAt}
	if s.login.IsZero() {
		s.login = claims.IssuedAt
	}
	s.renewal.limit = c.limit()
	return s, nil
}
