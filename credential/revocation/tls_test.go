package revocation_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/credential/revocation"
	"github.com/segur-sdk/segur/internal/transport"
)

// A client with the checker refuses a revoked server inside the handshake, and one that it cannot know about.
func TestInTheHandshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cert := w.pki.Server()
	cert.OCSPStaple = w.pki.OCSP(cert.Leaf, credentialtest.OCSP{})
	var requests atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	srv.TLS = w.pki.MutualTLS()
	srv.TLS.ClientAuth = 0
	srv.TLS.Certificates = append(srv.TLS.Certificates[:0], cert)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	get := func(c *revocation.Checker) error {
		client, err := transport.New(segur.ClientConfig{Environment: segur.Fake, RootCAs: w.pki.Roots(), Clock: w.time, CheckChain: c.CheckChain}, transport.Options{})
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		resp, err := client.Do(t.Context(), &transport.Request{Op: "test.get", URL: srv.URL})
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	require.NoError(t, get(w.checker(t, nil)))
	assert.Equal(t, int32(1), requests.Load())
	assert.Zero(t, w.srv.Hits("ocsp"), "stapled")

	w.srv.Revoke(cert.Leaf)
	err := get(w.checker(t, only(revocation.CRL)))
	require.ErrorIs(t, err, segur.ErrSignature)
	assert.Contains(t, err.Error(), "was revoked")
	w.srv.Answer(func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(http.StatusNotFound); return true })
	err = get(w.checker(t, only(revocation.CRL)))
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.NotErrorIs(t, err, segur.ErrOutcomeUnknown)
	assert.Equal(t, int32(1), requests.Load(), "nothing was sent")
}
