package revocation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/revocation"
	"github.com/segur-sdk/segur/internal/testkit"
)

// Requests and responses of another implementation: OpenSSL as the responder, nonce included.
func TestOpenSSLResponder(t *testing.T) {
	t.Parallel()
	openssl := testkit.Oracle(t, "openssl")
	dir, now := t.TempDir(), time.Now()
	path := func(name string) string { return filepath.Join(dir, name) }
	newKey := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		return k
	}
	write := func(name, kind string, der []byte) {
		require.NoError(t, os.WriteFile(path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	make509 := func(c, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
		c.NotBefore, c.NotAfter = now.Add(-time.Hour), now.Add(24*time.Hour)
		if parent == nil {
			parent = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
		require.NoError(t, err)
		out, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		return out
	}
	caKey, responderKey := newKey(), newKey()
	ca := make509(&x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "AC FICTIVE"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}, nil, caKey, caKey)
	responder := make509(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "OCSP FICTIF"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}}, ca, responderKey, caKey)
	der, err := x509.MarshalECPrivateKey(responderKey)
	require.NoError(t, err)
	write("ca.pem", "CERTIFICATE", ca.Raw)
	write("responder.pem", "CERTIFICATE", responder.Raw)
	write("responder.key", "EC PRIVATE KEY", der)
	index := fmt.Sprintf("V\t%[1]s\t\t10\tunknown\t/CN=a\nR\t%[1]s\t%[2]s,keyCompromise\t11\tunknown\t/CN=b\n",
		now.Add(24*time.Hour).UTC().Format("060102150405Z"), now.Add(-time.Minute).UTC().Format("060102150405Z"))
	require.NoError(t, os.WriteFile(path("index.txt"), []byte(index), 0o600))

	var one sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		body, err := io.ReadAll(r.Body)
		if !assert.NoError(t, err) || !assert.NoError(t, os.WriteFile(path("req.der"), body, 0o600)) {
			return
		}
		out := testkit.Run(t, nil, openssl, "ocsp", "-index", path("index.txt"), "-CA", path("ca.pem"), "-rsigner", path("responder.pem"), "-rkey", path("responder.key"),
			"-reqin", path("req.der"), "-respout", path("resp.der"), "-nmin", "60")
		assert.NoError(t, out.Err())
		response, err := os.ReadFile(path("resp.der"))
		assert.NoError(t, err)
		_, _ = w.Write(response)
	}))
	t.Cleanup(srv.Close)
	leaf := func(serial int64) *x509.Certificate {
		return make509(&x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "x"}, OCSPServer: []string{srv.URL}}, ca, caKey, caKey)
	}
	c, err := revocation.New(revocation.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Sources: []revocation.Source{revocation.OCSP}, Nonce: revocation.NonceRequired})
	require.NoError(t, err)
	require.NoError(t, c.Check(t.Context(), leaf(0x10), ca))
	err = c.Check(t.Context(), leaf(0x11), ca)
	require.ErrorIs(t, err, segur.ErrSignature)
	assert.Contains(t, err.Error(), "keyCompromise")
	err = c.Check(t.Context(), leaf(0x12), ca)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Contains(t, err.Error(), "does not know")
}
