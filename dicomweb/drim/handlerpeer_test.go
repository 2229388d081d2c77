package drim_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
)

func TestListedPeers(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	srv := whitelisttest.NewServer(whitelisttest.WithPKI(pki), whitelisttest.WithBoxes("db1.site-fictif.example", "db2.site-fictif.example:8443"))
	t.Cleanup(srv.Close)
	client, err := whitelist.New(srv.Config())
	require.NoError(t, err)
	check := drim.ListedPeers(client.List)
	leaf := func(c segur.Credential) *x509.Certificate { return credentialtest.TLSCertificate(c).Leaf }
	ask := func(c *x509.Certificate, verified bool) error {
		r := &http.Request{TLS: &tls.ConnectionState{}}
		if c != nil {
			r.TLS.PeerCertificates = []*x509.Certificate{c}
		}
		if verified {
			r.TLS.VerifiedChains = [][]*x509.Certificate{{c}}
		}
		return check(r)
	}
	own := leaf(pki.Organization(credentialtest.CommonName("db1.site-fictif.example")))
	require.NotNil(t, own)
	require.ErrorContains(t, ask(own, true), "there is no white list")
	_, err = client.Refresh(t.Context())
	require.NoError(t, err)
	require.NoError(t, ask(own, true))
	require.NoError(t, ask(leaf(pki.Organization(credentialtest.CommonName("db2.site-fictif.example"))), true), "a certificate names no port")
	require.ErrorIs(t, ask(own, false), segur.ErrAuthorization)
	require.ErrorIs(t, ask(nil, false), segur.ErrAuthorization)
	require.ErrorIs(t, check(&http.Request{}), segur.ErrAuthorization)
	err = ask(leaf(pki.Organization(credentialtest.CommonName("db9.other.example"))), true)
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.ErrorContains(t, err, "not that of a box")
}
