package credentialtest_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
)

func verify(t *testing.T, p *credentialtest.PKI, c *x509.Certificate, usage x509.ExtKeyUsage) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(p.Root())
	between := x509.NewCertPool()
	between.AddCert(p.Issuing())
	_, err := c.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

func TestStructure(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	c := pki.Organization(credentialtest.CommonName("INSI-AUTO"), credentialtest.StructureID("10B0127189"))
	require.Len(t, c.Chain(), 2)
	leaf := c.Chain()[0]
	assert.Equal(t, "CN=INSI-AUTO,OU=10B0127189,O=CENTRE D'IMAGERIE FICTIF,ST=Rhône (69),C=FR", leaf.Subject.String())
	assert.Equal(t, "CN=FICTIVE AC IGC ELEMENTAIRE ORGANISATIONS,OU=IGC FICTIVE,O=SEGUR SDK FICTIF,C=FR", leaf.Issuer.String())
	assert.Equal(t, pki.Issuing(), c.Chain()[1])
	assert.Equal(t, leaf.PublicKey, c.Public())
	require.NoError(t, verify(t, pki, leaf, x509.ExtKeyUsageClientAuth))
	require.Error(t, verify(t, pki, leaf, x509.ExtKeyUsageServerAuth))
	require.Error(t, verify(t, pki.Foreign(), leaf, x509.ExtKeyUsageClientAuth))
	require.NoError(t, verify(t, credentialtest.NewPKI(), leaf, x509.ExtKeyUsageClientAuth), "keys are shared in a process")
	assert.Len(t, pki.Organization(credentialtest.LeafOnly()).Chain(), 1)
}

func TestSignatureAndProfessional(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := pki.Signature()
	assert.Equal(t, x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, s.Chain()[0].KeyUsage)
	require.Error(t, verify(t, pki, s.Chain()[0], x509.ExtKeyUsageClientAuth))
	require.NoError(t, verify(t, pki, s.Chain()[0], x509.ExtKeyUsageEmailProtection))
	assert.NotEqual(t, pki.Organization().Public(), s.Public())

	p := pki.Professional(credentialtest.Person("MARTIN", "ALAIN")).Chain()[0]
	assert.Contains(t, p.Subject.String(), "CN=899900000015")
	assert.Contains(t, string(p.RawSubject), "MARTIN")
	require.NoError(t, verify(t, pki, p, x509.ExtKeyUsageClientAuth))
}

func TestValidity(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	pki := credentialtest.NewPKI(credentialtest.WithClock(func() time.Time { return now }))
	for name, c := range map[string]struct {
		opt         credentialtest.Option
		from, until time.Time
	}{
		"default": {credentialtest.LeafOnly(),
			time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), now.AddDate(3, 0, 0)},
		"expired": {credentialtest.Expired(), now.AddDate(0, 0, -1).AddDate(-3, 0, 0), now.AddDate(0, 0, -1)},
		"future":  {credentialtest.NotYetValid(), now.AddDate(0, 0, 1), now.AddDate(0, 0, 1).AddDate(3, 0, 0)},
		"given":   {credentialtest.Valid(now, now.Add(time.Hour)), now, now.Add(time.Hour)},
	} {
		leaf := pki.Organization(c.opt).Chain()[0]
		assert.Equal(t, c.from, leaf.NotBefore, name)
		assert.Equal(t, c.until, leaf.NotAfter, name)
	}
}

func TestMutualTLS(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	for name, c := range map[string]struct {
		client segur.Credential
		max    uint16
		ok     bool
	}{
		"valid":             {pki.Organization(), 0, true},
		"issuer omitted":    {pki.Organization(credentialtest.LeafOnly()), 0, true},
		"tls 1.2":           {pki.Organization(), tls.VersionTLS12, true},
		"expired":           {pki.Organization(credentialtest.Expired()), 0, false},
		"not yet":           {pki.Organization(credentialtest.NotYetValid()), 0, false},
		"foreign":           {pki.Foreign().Organization(), 0, false},
		"signature usage":   {pki.Signature(), 0, false},
		"without pss, 1.2":  {credentialtest.WithoutPSS(pki.Organization()), tls.VersionTLS12, true},
		"professional, 1.3": {pki.Professional(), 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := tls.Listen("tcp", "127.0.0.1:0", pki.MutualTLS())
			require.NoError(t, err)
			defer l.Close()
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, "hello")
				_ = conn.Close()
			}()
			cert := credentialtest.TLSCertificate(c.client)
			if s, ok := c.client.(interface {
				SupportedSignatureAlgorithms() []tls.SignatureScheme
			}); ok {
				cert.SupportedSignatureAlgorithms = s.SupportedSignatureAlgorithms()
			}
			d := &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pki.Roots(), Certificates: []tls.Certificate{cert}, MaxVersion: c.max}}
			conn, err := d.DialContext(context.Background(), "tcp", l.Addr().String())
			var got []byte
			if err == nil {
				got, err = io.ReadAll(conn)
				_ = conn.Close()
			}
			if c.ok {
				require.NoError(t, err)
				assert.Equal(t, "hello", string(got))
			} else {
				require.Error(t, err)
				assert.Empty(t, got)
			}
		})
	}
}

func TestServerHosts(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	leaf := pki.Server().Leaf
	for _, h := range []string{"127.0.0.1", "::1", "localhost"} {
		require.NoError(t, leaf.VerifyHostname(h))
	}
	leaf = pki.ServerWith(credentialtest.Hosts("insi.example", "10.0.0.1"), credentialtest.Expired()).Leaf
	assert.Equal(t, []string{"insi.example"}, leaf.DNSNames)
	assert.True(t, leaf.IPAddresses[0].Equal(net.IPv4(10, 0, 0, 1)))
	require.Error(t, leaf.VerifyHostname("127.0.0.1"))
	assert.True(t, leaf.NotAfter.Before(time.Now()))
}

func TestWithoutPSS(t *testing.T) {
	t.Parallel()
	c := credentialtest.WithoutPSS(credentialtest.NewPKI().Organization())
	digest := sha256.Sum256([]byte("x"))
	sig, err := c.Sign(nil, digest[:], crypto.SHA256)
	require.NoError(t, err)
	require.NoError(t, rsa.VerifyPKCS1v15(c.Public().(*rsa.PublicKey), crypto.SHA256, digest[:], sig))
	_, err = c.Sign(nil, digest[:], &rsa.PSSOptions{Hash: crypto.SHA256})
	require.ErrorContains(t, err, "RSA-PSS")
}

func TestExport(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	c := pki.Organization()
	pair, err := tls.X509KeyPair(credentialtest.PEM(c), credentialtest.PEM(c))
	require.NoError(t, err)
	assert.Equal(t, c.Chain()[0].Raw, pair.Certificate[0])
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(pki.CAPEM()))
	assert.NotEmpty(t, credentialtest.PKCS12(c, "secret"))
}

func TestNamesOfTheStructure(t *testing.T) {
	t.Parallel()
	leaf := credentialtest.NewPKI().Organization(credentialtest.StructureName("HOPITAL FICTIF"), credentialtest.Department("Paris (75)")).Chain()[0]
	assert.Equal(t, []string{"HOPITAL FICTIF"}, leaf.Subject.Organization)
	assert.Equal(t, []string{"Paris (75)"}, leaf.Subject.Province)
}

func TestAuthorities(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI(credentialtest.WithAuthorities("AC RACINE FICTIVE", "AC FICTIVE"))
	assert.Equal(t, "AC RACINE FICTIVE", pki.Root().Subject.CommonName)
	assert.Equal(t, "AC FICTIVE", pki.Organization().Chain()[0].Issuer.CommonName)
	assert.Equal(t, "AC FICTIVE", pki.Foreign().Issuing().Subject.CommonName)
}
