package psc_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

func TestLoginWithEachAuthentication(t *testing.T) {
	t.Parallel()
	for _, a := range []psc.Authentication{psc.SecretBasic, psc.SecretPost, psc.MutualTLS} {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			p := start(t, psctest.WithAuthentication(a))
			c := p.client(t)
			s := p.login(t, c, psctest.Decision{})
			assert.Equal(t, "eidas3", s.Claims().ACR)
			assert.Equal(t, []string{"MOBILE"}, s.Claims().AMR)
			assert.Equal(t, "899900000015", s.Claims().PreferredUsername)
			assert.Equal(t, p.clock.Now().Unix(), s.AuthenticatedAt().Unix())
			assert.Equal(t, []string{"openid", "scope_all", "profile", "email"}, s.Scopes())
			access, session := s.Expiry()
			assert.Equal(t, 2*time.Minute, access.Sub(p.clock.Now()))
			assert.Equal(t, 30*time.Minute, session.Sub(p.clock.Now()))

			token, err := s.Token(t.Context())
			require.NoError(t, err)
			u, err := s.UserInfo(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "899900000015", u.NameID)
			in, err := c.Introspect(t.Context(), token)
			require.NoError(t, err)
			assert.True(t, in.Active)
			assert.Equal(t, "899900000015", in.Username)
			assert.Equal(t, psctest.ClientID, in.ClientID)
			assert.Equal(t, a == psc.MutualTLS, in.CertificateSHA256 != "")
			require.NoError(t, s.Logout(t.Context()))
			assert.Zero(t, p.OpenSessions())
			in, err = c.Introspect(t.Context(), token)
			require.NoError(t, err)
			assert.False(t, in.Active)
			assert.Empty(t, in.Username)
			for _, call := range p.Calls() {
				assert.Empty(t, call.Error, call.Op)
				assert.Equal(t, a == psc.MutualTLS && call.Op != psctest.OpAuthorize, call.Certificate, call.Op)
			}
		})
	}
}

func TestAuthCodeURL(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	one, login, err := c.AuthCodeURL(t.Context(), psc.LoginOptions{Force: true, MaxAge: 5 * time.Minute, ProviderHint: "hopital"})
	require.NoError(t, err)
	two, _, err := c.AuthCodeURL(t.Context(), psc.LoginOptions{})
	require.NoError(t, err)
	u, err := url.Parse(one)
	require.NoError(t, err)
	assert.Equal(t, "/wallet/auth", u.Path, "the page of the wallet, as the discovery document says")
	q := u.Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": psctest.ClientID, "redirect_uri": psctest.RedirectURI, "scope": "openid scope_all",
		"acr_values": "eidas1", "code_challenge_method": "S256", "prompt": "login", "max_age": "300", "kc_idp_hint": "hopital",
	} {
		assert.Equal(t, []string{want}, q[name], name)
	}
	other, err := url.Parse(two)
	require.NoError(t, err)
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		assert.Len(t, q.Get(name), 43, name)
		assert.NotEqual(t, q.Get(name), other.Query().Get(name), name)
	}
	stored, err := login.MarshalBinary()
	require.NoError(t, err)
	assert.NotContains(t, one, string(stored))
	_, verifier, _ := strings.Cut(string(stored), `"verifier":"`)
	verifier = verifier[:43]
	assert.Equal(t, oauth2.S256ChallengeFromVerifier(verifier), q.Get("code_challenge"), "as another implementation makes it")
	assert.NotContains(t, one, verifier)
	assert.Equal(t, 1, p.count(psctest.OpDiscovery, ""), "read once")
}

func TestCallbackOfAnotherLogin(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	other, _ := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	with := func(name string, values ...string) url.Values {
		q := url.Values{}
		for k, v := range callback {
			q[k] = v
		}
		q[name] = values
		return q
	}
	for name, try := range map[string]struct {
		login *psc.PendingLogin
		q     url.Values
		kind  segur.Kind
		field string
	}{
		"another login":  {other, callback, segur.KindAuthentication, "callback.state"},
		"a wrong state":  {login, with("state", "x"), segur.KindAuthentication, "callback.state"},
		"no state":       {login, with("state"), segur.KindAuthentication, "callback.state"},
		"two states":     {login, with("state", callback.Get("state"), "x"), segur.KindProtocol, "callback.state"},
		"two codes":      {login, with("code", callback.Get("code"), "x"), segur.KindProtocol, "callback.code"},
		"no login":       {nil, callback, segur.KindInvalidInput, "login"},
		"an empty login": {new(psc.PendingLogin), callback, segur.KindInvalidInput, "login"},
	} {
		_, err := c.Exchange(t.Context(), try.login, try.q)
		t.Run(name, func(t *testing.T) { refused(t, err, try.kind, try.field) })
	}
	assert.Zero(t, p.count(psctest.OpToken, "authorization_code"), "nothing is sent")
	s, err := c.Exchange(t.Context(), login, callback)
	require.NoError(t, err, "what others sent has not ended this login")
	assert.False(t, s.Ended())
	_, err = c.Exchange(t.Context(), login, callback)
	refused(t, err, segur.KindInvalidInput, "login")
}

func TestCallbackRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	strict := p.client(t, func(c *psc.Config) { c.Settings.RequireResponseIssuer = true })
	for name, try := range map[string]struct {
		c        *psc.Client
		decision psctest.Decision
		change   func(url.Values)
		wait     time.Duration
		kind     segur.Kind
		field    string
		code     string
	}{
		"another issuer":      {c, psctest.Decision{}, func(q url.Values) { q.Set("iss", "https://autre.example") }, 0, segur.KindAuthentication, "callback.iss", ""},
		"no issuer, required": {strict, psctest.Decision{}, func(q url.Values) { q.Del("iss") }, 0, segur.KindAuthentication, "callback.iss", ""},
		"no code":             {c, psctest.Decision{}, func(q url.Values) { q.Del("code") }, 0, segur.KindProtocol, "callback.code", ""},
		"refused by the user": {c, psctest.Decision{Refuse: true}, nil, 0, segur.KindAuthorization, "", "access_denied"},
		"an unknown error":    {c, psctest.Decision{}, func(q url.Values) { q.Set("error", "eyJhbGciOi.secret") }, 0, segur.KindRefused, "", ""},
		"too late":            {c, psctest.Decision{}, nil, 11 * time.Minute, segur.KindAuthentication, "login", ""},
		"a code that ended":   {c, psctest.Decision{}, nil, 2 * time.Minute, segur.KindAuthentication, "", "invalid_grant"},
		"another code":        {c, psctest.Decision{}, func(q url.Values) { q.Set("code", "autre") }, 0, segur.KindAuthentication, "", "invalid_grant"},
	} {
		login, callback := p.begin(t, try.c, psc.LoginOptions{}, try.decision)
		if try.change != nil {
			try.change(callback)
		}
		p.clock.Advance(try.wait)
		_, err := try.c.Exchange(t.Context(), login, callback)
		t.Run(name, func(t *testing.T) {
			refused(t, err, try.kind, try.field)
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, try.code, e.Code)
			assert.NotContains(t, err.Error(), "eyJ")
			assert.NotEmpty(t, e.Explain(segur.FR))
		})
	}
	assert.Zero(t, p.OpenSessions())
}

// The callbacks that the documentation shows have no iss.
func TestCallbackWithoutIssuer(t *testing.T) {
	t.Parallel()
	p := start(t, psctest.WithoutResponseIssuer())
	assert.False(t, p.login(t, p.client(t), psctest.Decision{}).Ended())
}

func TestReplayedCodeEndsItsSession(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	stored, err := login.MarshalBinary()
	require.NoError(t, err)
	first, err := c.Exchange(t.Context(), login, callback)
	require.NoError(t, err)
	again := new(psc.PendingLogin)
	require.NoError(t, again.UnmarshalBinary(stored))
	_, err = c.Exchange(t.Context(), again, callback)
	refused(t, err, segur.KindAuthentication, "")
	_, err = first.Renew(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded, "the provider took it back")
}

// The proof of another login: PKCE stops a code that was stolen.
func TestCodeOfAnotherLogin(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	_, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	mine, own := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	own.Set("code", callback.Get("code"))
	_, err := c.Exchange(t.Context(), mine, own)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "invalid_grant", e.Code)
	assert.Zero(t, p.OpenSessions())
}

func TestStoredLogin(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	stored, err := login.MarshalBinary()
	require.NoError(t, err)
	for name, b := range map[string]string{
		"empty": "", "cut": string(stored[:len(stored)-1]), "more": string(stored) + "{}", "another version": strings.Replace(string(stored), `"v":1`, `"v":2`, 1),
		"no state": strings.Replace(string(stored), callback.Get("state"), "", 1), "long": strings.Repeat(" ", 9<<10) + string(stored),
	} {
		err := new(psc.PendingLogin).UnmarshalBinary([]byte(b))
		t.Run(name, func(t *testing.T) { refused(t, err, segur.KindInvalidInput, "") })
	}
	read := new(psc.PendingLogin)
	require.NoError(t, read.UnmarshalBinary(stored))
	elsewhere := p.client(t, func(c *psc.Config) { c.ClientID = "autre" })
	_, err = elsewhere.Exchange(t.Context(), read, callback)
	refused(t, err, segur.KindInvalidInput, "login")
	_, err = p.client(t).Exchange(t.Context(), read, callback)
	require.NoError(t, err, "another server of the same service")
}

func TestFreshLogin(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	old := psctest.Decision{SessionAge: time.Hour}
	s := p.login(t, c, old)
	assert.Equal(t, time.Hour, p.clock.Now().Sub(s.AuthenticatedAt()))
	login, callback := p.begin(t, c, psc.LoginOptions{MaxAge: 10 * time.Minute}, old)
	_, err := c.Exchange(t.Context(), login, callback)
	refused(t, err, segur.KindAuthentication, "idToken.auth_time")
	login, callback = p.begin(t, c, psc.LoginOptions{MaxAge: 2 * time.Hour}, old)
	_, err = c.Exchange(t.Context(), login, callback)
	require.NoError(t, err)
	login, callback = p.begin(t, c, psc.LoginOptions{Force: true}, old)
	s, err = c.Exchange(t.Context(), login, callback)
	require.NoError(t, err)
	assert.Equal(t, p.clock.Now().Unix(), s.AuthenticatedAt().Unix())
	// A provider that ignores prompt=login.
	p.Tamper(func(token *psctest.IDToken) { token.Claims["auth_time"] = p.clock.Now().Add(-time.Hour).Unix() })
	login, callback = p.begin(t, c, psc.LoginOptions{Force: true}, old)
	_, err = c.Exchange(t.Context(), login, callback)
	refused(t, err, segur.KindAuthentication, "idToken.auth_time")
}

func TestLoginCancelled(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	cancel()
	_, err := c.Exchange(ctx, login, callback)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = p.client(t).AuthCodeURL(ctx, psc.LoginOptions{})
	refused(t, err, segur.KindCanceled, "")
	_, _, err = p.client(t, func(c *psc.Config) { c.RedirectURI = "" }).AuthCodeURL(t.Context(), psc.LoginOptions{MaxAge: -1})
	refused(t, err, segur.KindInvalidInput, "redirectURI")
	refused(t, err, segur.KindInvalidInput, "maxAge")
}

func TestClientRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	for name, change := range map[string]func(*psc.Config){
		"wrong secret":   func(c *psc.Config) { c.ClientSecret = "autre" },
		"another method": func(c *psc.Config) { c.Authentication = psc.SecretPost },
	} {
		c := p.client(t, change)
		login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
		_, err := c.Exchange(t.Context(), login, callback)
		t.Run(name, func(t *testing.T) {
			refused(t, err, segur.KindAuthentication, "")
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "invalid_client", e.Code)
			assert.Contains(t, e.Explain(segur.FR), "certificat")
		})
	}
}
