package transport_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/transport"
)

// rawServer reads one request for each connection and writes answer as it is.
func rawServer(t *testing.T, pki *credentialtest.PKI, answer string) string {
	t.Helper()
	return rawServerFunc(t, pki, func([]byte) string { return answer })
}

// rawServerFunc gives the bytes of each request to answer, as they came.
func rawServerFunc(t *testing.T, pki *credentialtest.PKI, answer func(request []byte) string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.Server()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func(conn net.Conn) {
				defer conn.Close()
				var seen bytes.Buffer
				r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &seen)))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(conn, answer(seen.Bytes()))
			}(conn)
		}
	}()
	return l.Addr().String()
}

// A proxy that the environment names is not used.
func TestEnvironmentProxyIsIgnored(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:9")
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	pki := credentialtest.NewPKI()
	s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.Server("0.0.0.0")}}, ok)
	// 0.0.0.0 reaches this machine, and net/http does not spare it from the
	// proxy as it does 127.0.0.1.
	target := strings.Replace(s.URL, "127.0.0.1", "0.0.0.0", 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	require.NoError(t, err)
	proxy, err := http.ProxyFromEnvironment(req)
	require.NoError(t, err)
	require.NotNil(t, proxy, "the test has a meaning")
	c := newClient(t, segur.ClientConfig{Environment: segur.Qualification, RootCAs: pki.Roots()}, transport.Options{})
	_, body, err := fetch(t, c, &transport.Request{URL: target})
	require.NoError(t, err)
	assert.Equal(t, "ok", body)
}
