package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/transport"
)

// The integrator's check sees the verified chains and the stapled response at each handshake, and its refusal ends
// the call before anything is sent.
func TestCheckChain(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	var requests atomic.Int32
	cert := pki.Server()
	cert.OCSPStaple = []byte("stapled")
	s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}},
		func(http.ResponseWriter, *http.Request) { requests.Add(1) })

	var verdict atomic.Pointer[error]
	var checks atomic.Int32
	check := func(ctx context.Context, c segur.Chains) error {
		checks.Add(1)
		assert.Equal(t, "stapled", string(c.StapledOCSP))
		if assert.NotEmpty(t, c.Verified) {
			assert.Equal(t, cert.Certificate[0], c.Leaf().Raw)
			assert.Equal(t, pki.Issuing().Raw, c.Verified[0][1].Raw)
		}
		if d, ok := ctx.Deadline(); assert.True(t, ok) {
			assert.LessOrEqual(t, time.Until(d), 2*time.Minute, "the timeout of an attempt")
		}
		if err := verdict.Load(); err != nil {
			return *err
		}
		return nil
	}
	for name, o := range map[string]transport.Options{"http/1.1": {}, "http/2": {HTTP2: true}} {
		client := newClient(t, segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), CheckChain: check, Timeout: 2 * time.Minute}, o)
		for _, c := range []struct {
			err     error
			want    error
			message string
		}{
			{errors.New("quotes a secret"), segur.ErrSignature, "refused by the configured check"},
			{&segur.Error{Op: "revocation.check", Kind: segur.KindSignature, Message: "revoked"}, segur.ErrSignature, "revoked"},
			{&segur.Error{Op: "revocation.check", Kind: segur.KindUnavailable, Message: "no list"}, segur.ErrUnavailable, "no list"},
		} {
			verdict.Store(&c.err)
			_, _, err := fetch(t, client, &transport.Request{URL: s.URL})
			require.ErrorIs(t, err, c.want, name)
			assert.NotErrorIs(t, err, segur.ErrOutcomeUnknown)
			assert.Contains(t, err.Error(), c.message)
			assert.NotContains(t, err.Error(), "secret")
		}
		assert.Zero(t, requests.Load(), name)
		verdict.Store(nil)
		before := checks.Load()
		_, _, err := fetch(t, client, &transport.Request{URL: s.URL})
		require.NoError(t, err, name)
		_, _, err = fetch(t, client, &transport.Request{URL: s.URL})
		require.NoError(t, err, name)
		assert.Equal(t, before+1, checks.Load(), "once for each connection")
		assert.Equal(t, int32(2), requests.Swap(0))
	}
}

// A check that waits ends with the call.
func TestCheckChainEndsWithTheCall(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := transport.New(segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(),
		CheckChain: func(ctx context.Context, _ segur.Chains) error {
			go cancel()
			<-ctx.Done()
			return &segur.Error{Kind: segur.KindCanceled, Message: "the call was cancelled", Err: ctx.Err()}
		}}, transport.Options{})
	require.NoError(t, err)
	s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.Server()}}, ok)
	session, err := c.Session(ctx, "mail.send", s.Listener.Addr().String(), "")
	require.NoError(t, err)
	dialer := &tls.Dialer{Config: session.TLSConfig()}
	_, err = dialer.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	require.Error(t, err)
	require.ErrorIs(t, session.End(session.Fault(err, false)), segur.ErrCanceled)

	_, err = transport.New(segur.ClientConfig{Environment: segur.Fake, HTTPClient: &http.Client{},
		CheckChain: func(context.Context, segur.Chains) error { return nil }}, transport.Options{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Contains(t, err.Error(), "checkChain")
}
