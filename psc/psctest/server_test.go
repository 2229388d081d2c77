package psctest_test

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

const (
	verifier = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
	ciba     = "urn:openid:params:grant-type:ciba"
)

var pki = sync.OnceValue(func() *credentialtest.PKI { return credentialtest.NewPKI() })

// browser sends what a program of its own would.
type browser struct {
	*psctest.Server
	clock  *fixed.Clock
	client http.Client
}

func start(t *testing.T, certificate bool, opts ...psctest.Option) *browser {
	t.Helper()
	b := &browser{clock: fixed.NewClock(time.Now().Truncate(time.Second))}
	b.Server = psctest.NewServer(append([]psctest.Option{psctest.WithClock(b.clock.Now), psctest.WithPKI(pki())}, opts...)...)
	t.Cleanup(b.Close)
	b.client = b.with(t, certificate)
	return b
}

func (b *browser) with(t *testing.T, certificate bool, opts ...credentialtest.Option) http.Client {
	t.Helper()
	config := &tls.Config{RootCAs: b.PKI().Roots(), MinVersion: tls.VersionTLS12}
	if certificate {
		config.Certificates = []tls.Certificate{credentialtest.TLSCertificate(b.PKI().Organization(opts...))}
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (b *browser) send(t *testing.T, req *http.Request) (int, map[string]any) {
	t.Helper()
	resp, err := b.client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	var out map[string]any
	_ = json.Unmarshal(body, &out)
	if location, err := resp.Location(); err == nil {
		out = map[string]any{"error": location.Query().Get("error"), "code": location.Query().Get("code")}
	}
	return resp.StatusCode, out
}

func (b *browser) post(t *testing.T, path string, form url.Values, change ...func(*http.Request)) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/protocol/openid-connect/"+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range change {
		f(req)
	}
	return b.send(t, req)
}

func basic(r *http.Request) { r.SetBasicAuth(psctest.ClientID, url.QueryEscape(psctest.ClientSecret)) }

func request() url.Values {
	return url.Values{"response_type": {"code"}, "client_id": {psctest.ClientID}, "redirect_uri": {psctest.RedirectURI}, "scope": {"openid scope_all"},
		"state": {strings.Repeat("s", 22)}, "nonce": {strings.Repeat("n", 22)}, "acr_values": {"eidas1"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"}}
}

func (b *browser) page(q url.Values) string {
	return strings.TrimSuffix(b.URL, "/auth/realms/esante-wallet") + "/wallet/auth?" + q.Encode()
}

func (b *browser) code(t *testing.T) string {
	t.Helper()
	q, err := b.Login(t.Context(), b.page(request()), psctest.Decision{})
	require.NoError(t, err)
	require.NotEmpty(t, q.Get("code"))
	return q.Get("code")
}

func TestPageIsStrict(t *testing.T) {
	t.Parallel()
	b := start(t, false)
	for name, try := range map[string]struct {
		change func(url.Values)
		status int // of a page; 0: the browser is sent back with the error
		code   string
	}{
		"client":           {func(q url.Values) { q.Set("client_id", "autre") }, 400, ""},
		"redirect":         {func(q url.Values) { q.Set("redirect_uri", psctest.RedirectURI+"&x=1") }, 400, ""},
		"twice":            {func(q url.Values) { q.Add("state", "x") }, 400, ""},
		"unknown":          {func(q url.Values) { q.Set("code_verifier", verifier) }, 400, ""},
		"type":             {func(q url.Values) { q.Set("response_type", "token") }, 0, "unsupported_response_type"},
		"no openid":        {func(q url.Values) { q.Set("scope", "scope_all") }, 0, "invalid_scope"},
		"scope":            {func(q url.Values) { q.Set("scope", "openid autre") }, 0, "invalid_scope"},
		"no acr":           {func(q url.Values) { q.Del("acr_values") }, 0, "invalid_request"},
		"acr":              {func(q url.Values) { q.Set("acr_values", "x") }, 0, "invalid_request"},
		"short state":      {func(q url.Values) { q.Set("state", "1") }, 0, "invalid_request"},
		"no nonce":         {func(q url.Values) { q.Del("nonce") }, 0, "invalid_request"},
		"nonce = state":    {func(q url.Values) { q.Set("nonce", q.Get("state")) }, 0, "invalid_request"},
		"no PKCE":          {func(q url.Values) { q.Del("code_challenge") }, 0, "invalid_request"},
		"plain PKCE":       {func(q url.Values) { q.Set("code_challenge_method", "plain") }, 0, "invalid_request"},
		"prompt":           {func(q url.Values) { q.Set("prompt", "none") }, 0, "invalid_request"},
		"all as it should": {func(url.Values) {}, 200, ""},
	} {
		q := request()
		try.change(q)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.page(q), nil)
		require.NoError(t, err)
		status, answer := b.send(t, req)
		if try.status == 0 {
			try.status = 302
			assert.Equal(t, try.code, answer["error"], name)
		}
		assert.Equal(t, try.status, status, name)
	}
	_, err := b.Login(t.Context(), b.page(request()), psctest.Decision{User: "inconnu"})
	require.ErrorContains(t, err, "status 403")
}

func TestTokenEndpointIsStrict(t *testing.T) {
	t.Parallel()
	b := start(t, false)
	exchange := func(change func(url.Values), with ...func(*http.Request)) (int, any) {
		form := url.Values{"grant_type": {"authorization_code"}, "code": {b.code(t)}, "redirect_uri": {psctest.RedirectURI}, "code_verifier": {verifier}}
		if change != nil {
			change(form)
		}
		status, answer := b.post(t, "token", form, with...)
		return status, answer["error"]
	}
	for name, try := range map[string]struct {
		change func(url.Values)
		with   func(*http.Request)
		status int
		code   any
	}{
		"as it should":    {nil, basic, 200, nil},
		"nobody":          {nil, func(*http.Request) {}, 401, "invalid_client"},
		"not encoded":     {nil, func(r *http.Request) { r.SetBasicAuth(psctest.ClientID, psctest.ClientSecret) }, 401, "invalid_client"},
		"two proofs":      {func(q url.Values) { q.Set("client_secret", psctest.ClientSecret) }, basic, 401, "invalid_client"},
		"two clients":     {func(q url.Values) { q.Set("client_id", "autre") }, basic, 401, "invalid_client"},
		"JSON":            {nil, func(r *http.Request) { basic(r); r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request"},
		"in the URL":      {nil, func(r *http.Request) { basic(r); r.URL.RawQuery = "code=x" }, 400, "invalid_request"},
		"a code twice":    {func(q url.Values) { q.Add("code", "x") }, basic, 400, "invalid_request"},
		"grant":           {func(q url.Values) { q.Set("grant_type", "password") }, basic, 400, "unsupported_grant_type"},
		"another code":    {func(q url.Values) { q.Set("code", "x") }, basic, 400, "invalid_grant"},
		"redirect":        {func(q url.Values) { q.Del("redirect_uri") }, basic, 400, "invalid_grant"},
		"no verifier":     {func(q url.Values) { q.Del("code_verifier") }, basic, 400, "invalid_grant"},
		"verifier":        {func(q url.Values) { q.Set("code_verifier", strings.ToUpper(verifier)) }, basic, 400, "invalid_grant"},
		"a code that end": {func(url.Values) { b.clock.Advance(time.Minute) }, basic, 400, "invalid_grant"},
	} {
		status, code := exchange(try.change, try.with)
		assert.Equal(t, try.status, status, name)
		assert.Equal(t, try.code, code, name)
	}
}

func TestWhatServesOnce(t *testing.T) {
	t.Parallel()
	b := start(t, false)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {b.code(t)}, "redirect_uri": {psctest.RedirectURI}, "code_verifier": {verifier}}
	status, tokens := b.post(t, "token", form, basic)
	require.Equal(t, 200, status)
	renew := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}}
	status, second := b.post(t, "token", renew, basic)
	require.Equal(t, 200, status)
	assert.NotEqual(t, tokens["refresh_token"], second["refresh_token"])
	assert.Equal(t, 1, b.OpenSessions())
	status, answer := b.post(t, "token", renew, basic)
	assert.Equal(t, 400, status)
	assert.Equal(t, "invalid_grant", answer["error"])
	assert.Zero(t, b.OpenSessions(), "it was stolen: the session ends")
	status, _ = b.post(t, "token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {second["refresh_token"].(string)}}, basic)
	assert.Equal(t, 400, status)
}

func TestPace(t *testing.T) {
	t.Parallel()
	b := start(t, false)
	status, answer := b.post(t, "ext/ciba/auth", url.Values{"scope": {"openid"}, "acr_values": {"eidas1"}, "login_hint": {"899900000023"},
		"binding_message": {"42"}, "channel": {"MOBILE"}}, basic)
	require.Equal(t, 200, status)
	poll := func() any {
		_, a := b.post(t, "token", url.Values{"grant_type": {ciba}, "auth_req_id": {answer["auth_req_id"].(string)}}, basic)
		return a["error"]
	}
	assert.Equal(t, "slow_down", poll(), "at once")
	b.clock.Advance(5 * time.Second)
	assert.Equal(t, "slow_down", poll(), "it was to be 6 seconds")
	b.clock.Advance(11 * time.Second)
	assert.Equal(t, "authorization_pending", poll())
	b.clock.Advance(2 * time.Minute)
	assert.Equal(t, "expired_token", poll())
	for name, change := range map[string]func(url.Values){
		"invalid_scope": func(q url.Values) { q.Set("scope", "profile") }, "invalid_request": func(q url.Values) { q.Del("channel") },
		"invalid_binding_message": func(q url.Values) { q.Set("binding_message", "x") }, "unknown_user_id": func(q url.Values) { q.Set("login_hint", "x") },
	} {
		q := url.Values{"scope": {"openid"}, "acr_values": {"eidas1"}, "login_hint": {"899900000023"}, "binding_message": {"42"}, "channel": {"CARD"}}
		change(q)
		_, answer := b.post(t, "ext/ciba/auth", q, basic)
		assert.Equal(t, name, answer["error"])
	}
}

// Tokens of a client that proves itself by a certificate are worth nothing with another one.
func TestBoundTokens(t *testing.T) {
	t.Parallel()
	b := start(t, true, psctest.WithAuthentication(psc.MutualTLS))
	form := url.Values{"grant_type": {"authorization_code"}, "code": {b.code(t)}, "redirect_uri": {psctest.RedirectURI}, "code_verifier": {verifier}, "client_id": {psctest.ClientID}}
	mine := b.client
	b.client = b.with(t, false)
	status, answer := b.post(t, "token", form)
	assert.Equal(t, 401, status)
	assert.Equal(t, "invalid_client", answer["error"])
	b.client = b.with(t, true, credentialtest.CommonName("AUTRE"))
	status, _ = b.post(t, "token", form)
	assert.Equal(t, 401, status)
	b.client = mine
	status, tokens := b.post(t, "token", form)
	require.Equal(t, 200, status)
	info := func() int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL+"/protocol/openid-connect/userinfo", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+tokens["access_token"].(string))
		status, _ := b.send(t, req)
		return status
	}
	assert.Equal(t, 200, info())
	b.client = b.with(t, false)
	assert.Equal(t, 401, info())
}
