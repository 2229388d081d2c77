package psc_test

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/psc/psctest"
)

// Another client, made of go-oidc and x/oauth2 alone as their documentation says, logs in at the fake: it discovers,
// exchanges, verifies with its own key set, renews and reads UserInfo. So the fake speaks OpenID Connect, not ours.
func TestAnotherClientLogsInAtTheFake(t *testing.T) {
	t.Parallel()
	p := psctest.NewServer(psctest.WithPKI(pki()))
	defer p.Close()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.PKI().Roots(), MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: transport})

	var document oidc.ProviderConfig
	require.NoError(t, json.Unmarshal(get(ctx, t, transport, p.URL+"/.well-known/wallet-openid-configuration"), &document))
	provider := document.NewProvider(ctx)
	config := oauth2.Config{ClientID: psctest.ClientID, ClientSecret: psctest.ClientSecret, RedirectURL: psctest.RedirectURI,
		Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "scope_all"}}
	verifier, state, nonce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	callback, err := p.Login(ctx, config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier),
		oauth2.SetAuthURLParam("acr_values", "eidas1")), psctest.Decision{})
	require.NoError(t, err)
	assert.Equal(t, state, callback.Get("state"))
	tokens, err := config.Exchange(ctx, callback.Get("code"), oauth2.VerifierOption(verifier))
	require.NoError(t, err)
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: psctest.ClientID, SupportedSigningAlgs: []string{"RS256"}}).Verify(ctx, raw)
	require.NoError(t, err)
	assert.Equal(t, nonce, id.Nonce)
	require.NoError(t, id.VerifyAccessToken(tokens.AccessToken))

	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	require.NoError(t, err)
	assert.Equal(t, id.Subject, info.Subject)
	tokens.Expiry = tokens.Expiry.AddDate(-1, 0, 0)
	renewed, err := config.TokenSource(ctx, tokens).Token()
	require.NoError(t, err)
	assert.NotEqual(t, tokens.RefreshToken, renewed.RefreshToken)

	opensslVerifies(t, raw, get(ctx, t, transport, document.JWKSURL))
}

func get(ctx context.Context, t *testing.T, transport http.RoundTripper, target string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return b
}

// openssl verifies the signature of the token with the published key, and no longer once a byte of the payload changed.
func opensslVerifies(t *testing.T, token string, set []byte) {
	t.Helper()
	testkit.Oracle(t, "openssl")
	var keys struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(set, &keys))
	last := keys.Keys[len(keys.Keys)-1]
	number := func(s string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(s)
		require.NoError(t, err)
		return new(big.Int).SetBytes(b)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: number(last["n"]), E: int(number(last["e"]).Int64())})
	require.NoError(t, err)
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	dir := t.TempDir()
	for name, b := range map[string][]byte{"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "signature": signature} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	judge := func(input string) testkit.Output {
		return testkit.Run(t, []byte(input), "openssl", "dgst", "-sha256", "-verify", filepath.Join(dir, "key.pem"), "-signature", filepath.Join(dir, "signature"))
	}
	input := parts[0] + "." + parts[1]
	require.NoError(t, judge(input).Err())
	assert.Error(t, judge(input+"A").Err())
}
