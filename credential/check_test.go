package credential_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/credential/credentialtest"
)

// chainOnly is a credential without a key.
type chainOnly struct {
	segur.Credential
	chain []*x509.Certificate
}

func (c chainOnly) Chain() []*x509.Certificate { return c.chain }

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	b, _ := pem.Decode(text)
	require.NotNil(t, b)
	c, err := x509.ParseCertificate(b.Bytes)
	require.NoError(t, err)
	return c
}

func TestCheck(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	pki := credentialtest.NewPKI(credentialtest.WithClock(func() time.Time { return now }))
	const day = 24 * time.Hour
	both := []credential.Purpose{credential.ClientAuthentication, credential.Signature}
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // weak on purpose
	require.NoError(t, err)
	for name, c := range map[string]struct {
		c      segur.Credential
		wanted []credential.Purpose
		codes  []string
	}{
		"fine":            {pki.Organization(), both[:1], nil},
		"fine signature":  {pki.Signature(), both[1:], nil},
		"61 days":         {pki.Organization(credentialtest.ExpiresIn(61 * day)), nil, nil},
		"60 days":         {pki.Organization(credentialtest.ExpiresIn(60 * day)), nil, []string{"expires-soon"}},
		"now":             {pki.Organization(credentialtest.ExpiresIn(0)), nil, []string{"expires-soon"}},
		"expired":         {pki.Organization(credentialtest.Expired()), nil, []string{"expired"}},
		"future":          {pki.Organization(credentialtest.NotYetValid()), nil, []string{"not-yet-valid"}},
		"wrong purposes":  {pki.Organization(credentialtest.Usages(x509.KeyUsageKeyEncipherment, x509.ExtKeyUsageServerAuth)), both, []string{"purpose", "purpose"}},
		"sign for client": {pki.Signature(), both[:1], []string{"purpose"}},
		"client for sign": {pki.Organization(), both[1:], []string{"purpose"}},
		"no usage stated": {pki.Organization(credentialtest.Usages(0)), both, nil},
		"any usage":       {pki.Organization(credentialtest.Usages(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageAny)), both, nil},
		"professional":    {pki.Professional(), both, nil},
		"no structure":    {pki.Organization(credentialtest.StructureID("")), nil, []string{"no-structure-id"}},
		"weak key":        {pki.Organization(credentialtest.Key(weak)), nil, []string{"weak-key"}},
	} {
		var codes []string
		for _, w := range credential.Check(c.c, now, c.wanted...) {
			codes = append(codes, w.Code)
			assert.NotEmpty(t, w.Text.FR)
			assert.NotEmpty(t, w.Text.EN)
		}
		assert.Equal(t, c.codes, codes, name)
	}
	w := credential.Check(pki.Organization(credentialtest.Expired()), now)[0]
	assert.Equal(t, "The certificate expired on 2026-05-31.", w.Text.In(segur.EN))
	assert.Equal(t, "Le certificat a expiré le 2026-05-31.", w.Text.In(segur.FR))
	w = credential.Check(pki.Organization(), now, credential.Signature)[0]
	assert.Equal(t, "The certificate is not made for signature.", w.Text.EN)
}

func TestVerifyAndPool(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	pool, err := credential.Pool(pki.CAPEM())
	require.NoError(t, err)
	now := time.Now()
	require.NoError(t, credential.Verify(pki.Signature(), pool, now), "whatever the usage")
	require.NoError(t, credential.Verify(pki.Organization(credentialtest.LeafOnly()), pool, now), "the issuing authority is in the pool")
	require.ErrorIs(t, credential.Verify(pki.Foreign().Organization(), pool, now), segur.ErrSignature)
	require.ErrorIs(t, credential.Verify(pki.Organization(credentialtest.Expired()), pool, now), segur.ErrSignature)

	onlyRoot, err := credential.Pool(pki.Root().Raw)
	require.NoError(t, err)
	require.NoError(t, credential.Verify(pki.Organization(), onlyRoot, now))
	require.Error(t, credential.Verify(pki.Organization(credentialtest.LeafOnly()), onlyRoot, now))
	der, err := credential.Pool(pki.Root().Raw, pki.Issuing().Raw)
	require.NoError(t, err)
	require.NoError(t, credential.Verify(pki.Organization(credentialtest.LeafOnly()), der, now))

	for name, files := range map[string][][]byte{
		"none": nil, "empty": {{}}, "a leaf": {pki.Server().Certificate[0]}, "a key": {credentialtest.PEM(pki.Organization())},
		"garbage": {[]byte("x")}, "cut": {pki.CAPEM()[:len(pki.CAPEM())-9]}, "large": {make([]byte, credential.MaxFileBytes+1)},
	} {
		_, err := credential.Pool(files...)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
	}
}
