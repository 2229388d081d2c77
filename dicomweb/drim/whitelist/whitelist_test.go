package whitelist_test

import (
	"crypto/x509"
	"encoding/pem"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/internal/testkit"
)

var morning = time.Date(2026, time.March, 10, 9, 0, 7, 0, time.UTC)

func fixed(t time.Time) func() time.Time { return func() time.Time { return t } }

// pki is shared: making authorities is the longest part of these tests.
var pki = sync.OnceValue(func() *credentialtest.PKI { return credentialtest.NewPKI(credentialtest.WithClock(fixed(morning))) })

var signer = sync.OnceValue(func() segur.Credential {
	return pki().Signature(credentialtest.CommonName(whitelisttest.SignerName))
})

// offline is the configuration of a client that is given its lists.
func offline(env segur.Environment) whitelist.Config {
	return whitelist.Config{
		ClientConfig: segur.ClientConfig{Environment: env, RootCAs: pki().Roots(), Clock: fixed(morning)},
		URL:          "https://127.0.0.1/liste.xml", SignerRoots: pki().Roots(), WithoutRevocation: true,
		Signers: []whitelist.Signer{{CommonName: whitelisttest.SignerName}}, Issuers: []string{pki().Issuing().Subject.CommonName},
	}
}

func use(tb testing.TB, cfg whitelist.Config, document []byte) (*whitelist.Client, error) {
	tb.Helper()
	c, err := whitelist.New(cfg)
	require.NoError(tb, err)
	return c, c.Use(tb.Context(), document)
}

// listOf gives the list of these boxes as production reads it.
func listOf(t *testing.T, boxes ...whitelisttest.Box) *whitelist.List {
	t.Helper()
	c, err := use(t, offline(segur.Production), whitelisttest.Sign(whitelisttest.Document(morning, boxes...), signer(), whitelisttest.Enveloped))
	require.NoError(t, err)
	return c.List()
}

func certificate(tb testing.TB, file string) *x509.Certificate {
	tb.Helper()
	block, _ := pem.Decode(testkit.ReadShared(tb, file))
	require.NotNil(tb, block)
	c, err := x509.ParseCertificate(block.Bytes)
	require.NoError(tb, err)
	return c
}
