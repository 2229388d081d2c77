package mssante_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/credential/revocation"
	"github.com/segur-sdk/segur/mssante"
	"github.com/segur-sdk/segur/mssante/mssantetest"
)

// The certificate of an operator that was revoked, or whose revocation cannot be known, is refused for sending and for
// reading, before anything is said (ECO.1.1.6).
func TestRevokedOperator(t *testing.T) {
	t.Parallel()
	authority := credentialtest.NewRevocationServer()
	t.Cleanup(authority.Close)
	pki := credentialtest.NewPKI(credentialtest.WithRevocation(authority))
	cert := pki.Server()
	srv := newServer(t, mssantetest.WithPKI(pki), mssantetest.WithServerCertificate(cert))
	with := func() *mssante.Client {
		checker, err := revocation.New(revocation.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake, Retry: segur.RetryPolicy{MaxAttempts: 1}}})
		require.NoError(t, err)
		cfg := srv.Config()
		cfg.CheckChain = checker.CheckChain
		return newClient(t, cfg)
	}
	try := func(want error) {
		t.Helper()
		c := with()
		_, err := c.Send(t.Context(), compose(t, c, toPrescriber()))
		require.ErrorIs(t, err, want)
		assert.NotErrorIs(t, err, segur.ErrOutcomeUnknown)
		for _, err := range c.Receive(t.Context(), mssante.Filter{}) {
			require.ErrorIs(t, err, want)
		}
	}
	c := with()
	_, err := c.Send(t.Context(), compose(t, c, toPrescriber()))
	require.NoError(t, err)
	authority.Revoke(cert.Leaf)
	try(segur.ErrSignature)
	authority.Answer(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusNotFound); return true })
	try(segur.ErrUnavailable)
	assert.Len(t, srv.Messages(mssantetest.PrescriberMailbox), 1)
}
