package drim_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// provider is the introspection endpoint of a fictional Pro Santé Connect.
type provider struct {
	pki *credentialtest.PKI
	url string

	mu     sync.Mutex
	calls  int
	form   url.Values
	auth   string
	cn     string
	status int
	body   string
}

func newProvider(t *testing.T, auth tls.ClientAuthType) *provider {
	t.Helper()
	p := &provider{pki: credentialtest.NewPKI(), status: 200}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		b, _ := io.ReadAll(r.Body)
		p.calls++
		p.form, _ = url.ParseQuery(string(b))
		p.auth = r.Header.Get("Authorization")
		if p.cn = ""; len(r.TLS.PeerCertificates) > 0 {
			p.cn = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.body)
	}))
	srv.TLS = p.pki.MutualTLS()
	srv.TLS.ClientAuth = auth
	srv.Config.ErrorLog = discardLog
	srv.StartTLS()
	t.Cleanup(srv.Close)
	p.url = srv.URL + "/introspect"
	return p
}

func (p *provider) answer(status int, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.body = status, body
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	p := newProvider(t, tls.RequireAndVerifyClientCert)
	now := time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	config := drim.IntrospectionConfig{
		ClientConfig: segur.ClientConfig{Environment: segur.Fake, RootCAs: p.pki.Roots(), Credentials: segur.StaticCredential(p.pki.Organization()),
			Retry: segur.RetryPolicy{MaxAttempts: 1}, Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return now }},
		Endpoint: p.url, ClientID: "drimbox-a", Issuer: "https://psc.example",
	}
	c, err := drim.NewIntrospection(config)
	require.NoError(t, err)
	future := now.Add(2 * time.Minute).Unix()
	p.answer(200, fmt.Sprintf(`{"active":true,"iss":"https://psc.example","sub":"f:1","preferred_username":"899900000015","azp":"viewer","exp":%d}`, future))
	state, err := c.Check(t.Context(), "secret-token")
	require.NoError(t, err)
	assert.Equal(t, drim.TokenState{Active: true, User: "899900000015", Client: "viewer", Expiry: time.Unix(future, 0)}, state)
	assert.Equal(t, url.Values{"token": {"secret-token"}, "token_type_hint": {"access_token"}, "client_id": {"drimbox-a"}}, p.form)
	assert.Empty(t, p.auth)
	assert.NotEmpty(t, p.cn, "known by its certificate")

	p.answer(200, `{"active":false}`)
	state, err = c.Check(t.Context(), "secret-token")
	require.NoError(t, err)
	assert.Equal(t, drim.TokenState{}, state)

	for body, c2 := range map[string]struct {
		status int
		is     error
	}{
		`{"active":true`:                  {200, segur.ErrProtocol},
		`{}`:                              {200, segur.ErrProtocol},
		`{"active":"true"}`:               {200, segur.ErrProtocol},
		`{"active":true}{"active":false}`: {200, segur.ErrProtocol},
		`{"active":true,"exp":"soon"}`:    {200, segur.ErrProtocol},
		`{"active":true} `:                {202, segur.ErrProtocol},
		`{"error":"invalid_client"}`:      {401, segur.ErrAuthentication},
		`{"error":"server"}`:              {500, segur.ErrUnavailable},
		`{"active":true,"pad":"` + strings.Repeat("x", 70<<10) + `"}`: {200, segur.ErrTooLarge},
	} {
		p.answer(c2.status, body)
		state, err := c.Check(t.Context(), "secret-token")
		require.ErrorIs(t, err, c2.is, "%.60s", body)
		assert.False(t, state.Active)
		assert.NotContains(t, err.Error(), "secret-token")
	}

	// One that is told active, and is none for us: refused (401), so that who holds it gets another.
	for _, body := range []string{`{"active":true,"iss":"https://evil.example"}`, `{"active":true,"exp":1}`} {
		p.answer(200, body)
		state, err := c.Check(t.Context(), "secret-token")
		require.NoError(t, err, body)
		assert.Equal(t, drim.TokenState{}, state, body)
	}

	// A token is remembered no longer than it lives, and one that is refused never.
	config.CacheFor = time.Minute
	c, err = drim.NewIntrospection(config)
	require.NoError(t, err)
	p.answer(200, fmt.Sprintf(`{"active":true,"exp":%d}`, now.Add(30*time.Second).Unix()))
	before := p.calls
	for range 3 {
		_, err = c.Check(t.Context(), "t1")
		require.NoError(t, err)
	}
	assert.Equal(t, before+1, p.calls)
	p.answer(200, `{"active":false}`)
	mu.Lock()
	now = now.Add(31 * time.Second)
	mu.Unlock()
	for range 2 {
		state, err = c.Check(t.Context(), "t1")
		require.NoError(t, err)
		assert.False(t, state.Active)
	}
	assert.Equal(t, before+3, p.calls)
}

func TestIntrospectionWithSecret(t *testing.T) {
	t.Parallel()
	p := newProvider(t, tls.NoClientCert)
	c, err := drim.NewIntrospection(drim.IntrospectionConfig{
		ClientConfig: segur.ClientConfig{Environment: segur.Fake, RootCAs: p.pki.Roots(), Retry: segur.RetryPolicy{MaxAttempts: 1}},
		Endpoint:     p.url, ClientID: "drim box", ClientSecret: "s:1",
	})
	require.NoError(t, err)
	p.answer(200, `{"active":true}`)
	state, err := c.Check(t.Context(), "x")
	require.NoError(t, err)
	assert.True(t, state.Active)
	assert.Equal(t, "Basic ZHJpbStib3g6cyUzQTE=", p.auth)
	assert.Empty(t, p.form.Get("client_id"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Check(ctx, "x")
	require.ErrorIs(t, err, segur.ErrCanceled)

	_, err = drim.NewIntrospection(drim.IntrospectionConfig{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: "http://x", CacheFor: time.Hour})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"endpoint", "clientID", "credentials", "cacheFor"} {
		assert.ErrorContains(t, err, field+" ")
	}
}
