package whitelist_test

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"encoding/pem"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/mssante/whitelist"
)

// official is the national list of 28 February 2025.
func official(tb testing.TB) []byte {
	tb.Helper()
	z, err := gzip.NewReader(bytes.NewReader(testkit.ReadShared(tb, "mssante/whitelist/listeblanchemssante-20250228-signed.xml.gz")))
	require.NoError(tb, err)
	b, err := io.ReadAll(z)
	require.NoError(tb, err)
	return b
}

func certificate(tb testing.TB, file string) *x509.Certificate {
	tb.Helper()
	block, _ := pem.Decode(testkit.ReadShared(tb, file))
	require.NotNil(tb, block)
	c, err := x509.ParseCertificate(block.Bytes)
	require.NoError(tb, err)
	return c
}

// officialConfig trusts IGC-Santé at the time at.
func officialConfig(tb testing.TB, at time.Time) whitelist.Config {
	tb.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(certificate(tb, "mssante/igc/prod-ACR-EL-root.pem"))
	return whitelist.Config{
		ClientConfig:  segur.ClientConfig{Environment: segur.Production, Clock: func() time.Time { return at }},
		SignerRoots:   roots,
		Intermediates: []*x509.Certificate{certificate(tb, "mssante/igc/prod-ACI-EL-ORG-intermediate.pem")},
		// What revocation said in 2025 is not kept.
		WithoutRevocation: true,
	}
}

var march2025 = time.Date(2025, time.March, 1, 12, 0, 0, 0, time.UTC)

func TestOfficialList(t *testing.T) {
	t.Parallel()
	c, err := whitelist.New(officialConfig(t, march2025))
	require.NoError(t, err)
	require.NoError(t, c.Use(t.Context(), official(t)))
	st := c.Status()
	assert.Equal(t, 6494, st.Entries)
	assert.Equal(t, 4944, st.Domains)
}
