package loopback_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/loopback"
)

func get(t *testing.T, config *tls.Config, url string) (string, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestServer(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") })

	plain := loopback.Start(h, nil)
	defer plain.Close()
	require.True(t, strings.HasPrefix(plain.URL, "http://127.0.0.1:"), plain.URL)
	body, err := get(t, nil, plain.URL)
	require.NoError(t, err)
	assert.Equal(t, "here", body)

	mutual := loopback.Start(h, pki.MutualTLS())
	require.True(t, strings.HasPrefix(mutual.URL, "https://127.0.0.1:"), mutual.URL)
	client := credentialtest.TLSCertificate(pki.Organization())
	body, err = get(t, &tls.Config{RootCAs: pki.Roots(), Certificates: []tls.Certificate{client}}, mutual.URL)
	require.NoError(t, err)
	assert.Equal(t, "here", body)
	_, err = get(t, &tls.Config{RootCAs: pki.Roots()}, mutual.URL)
	require.Error(t, err, "no client certificate")
	mutual.Close()
	mutual.Close()
	_, err = get(t, nil, mutual.URL)
	require.Error(t, err, "closed")
}

func TestCloseCutsCalls(t *testing.T) {
	t.Parallel()
	cut, entered := make(chan struct{}), make(chan struct{})
	s := loopback.Start(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(cut)
	}), nil)
	failed := make(chan error, 1)
	go func() {
		_, err := get(t, nil, s.URL)
		failed <- err
	}()
	<-entered
	s.Close()
	<-cut
	require.Error(t, <-failed)
}
