package credential_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

const password = "motdepassé"

// field asserts that err is an input error on one field, which it returns with
// the message.
func field(t *testing.T, err error) (string, string) {
	t.Helper()
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.True(t, errors.As(err, &e))
	require.Len(t, e.Details, 1)
	assert.NotContains(t, err.Error(), password)
	return e.Details[0].Field, e.Details[0].Message
}

// same asserts that got is the credential want and signs with its key.
func same(t *testing.T, want segur.Credential, got *credential.Credential) {
	t.Helper()
	require.Len(t, got.Chain(), len(want.Chain()))
	for i, c := range want.Chain() {
		assert.True(t, c.Equal(got.Chain()[i]))
	}
	digest := sha256.Sum256([]byte("x"))
	sig, err := got.Sign(rand.Reader, digest[:], crypto.SHA256)
	require.NoError(t, err)
	switch k := got.Public().(type) {
	case *rsa.PublicKey:
		require.NoError(t, rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], sig))
	case *ecdsa.PublicKey:
		assert.True(t, ecdsa.VerifyASN1(k, digest[:], sig))
	default:
		t.Fatalf("key of type %T", k)
	}
	assert.True(t, want.Chain()[0].Equal(got.Leaf()))
}

func TestPKCS12Encodings(t *testing.T) {
	t.Parallel()
	c := credentialtest.NewPKI().Organization()
	key := credentialtest.TLSCertificate(c).PrivateKey
	for name, enc := range map[string]*pkcs12.Encoder{
		"modern": pkcs12.Modern, "2023": pkcs12.Modern2023, "3DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2, "no password": pkcs12.Passwordless,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secret := password
			if enc == pkcs12.Passwordless {
				secret = ""
			}
			data, err := enc.Encode(key, c.Chain()[0], c.Chain()[1:], secret)
			require.NoError(t, err)
			got, err := credential.FromPKCS12(data, secret)
			require.NoError(t, err)
			same(t, c, got)
			if secret == "" {
				return
			}
			for _, wrong := range []string{"", "motdepasse", password + " "} {
				_, err = credential.FromPKCS12(data, wrong)
				f, m := field(t, err)
				assert.Equal(t, "password", f)
				assert.Contains(t, m, "not the one of this file")
			}
		})
	}
}

func TestPKCS12OfOpenSSL(t *testing.T) {
	t.Parallel()
	openssl := testkit.Oracle(t, "openssl")
	pki := credentialtest.NewPKI()
	c := pki.Organization()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.pem")
	require.NoError(t, os.WriteFile(in, credentialtest.PEM(c), 0o600))
	for name, flags := range map[string][]string{
		"default": nil,
		"legacy":  {"-legacy"},
		"3DES":    {"-legacy", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"},
		"AES-128": {"-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(dir, name+".p12")
			out := testkit.Run(t, nil, "openssl", append([]string{"pkcs12", "-export", "-in", in, "-out", file, "-passout", "pass:" + password, "-name", "structure"}, flags...)...)
			if err := out.Err(); err != nil && slices.Contains(flags, "-legacy") {
				t.Skipf("this %s has no legacy provider (Debian: apt-get install openssl): %v", openssl, err)
			} else {
				require.NoError(t, err)
			}
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			got, err := credential.FromPKCS12(data, password)
			require.NoError(t, err)
			same(t, c, got)
			_, err = credential.FromPKCS12(data, "other")
			f, _ := field(t, err)
			assert.Equal(t, "password", f)
		})
	}
}

func TestPKCS12Broken(t *testing.T) {
	t.Parallel()
	c := credentialtest.NewPKI().Organization()
	data := credentialtest.PKCS12(c, password)
	for n := range len(data) {
		if n > 64 && n%97 != 0 {
			continue
		}
		_, err := credential.FromPKCS12(data[:n], password)
		f, _ := field(t, err)
		assert.Equal(t, "data", f)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty": {nil, "is empty"}, "large": {make([]byte, credential.MaxFileBytes+1), "larger than 1 MiB"},
		"PEM": {credentialtest.PEM(c), "is not a PKCS #12 file"}, "BER": {[]byte{0x30, 0x80, 2, 1, 3, 0x30, 0x80, 0, 0, 0, 0, 0, 0}, "is in BER"},
	} {
		_, err := credential.FromPKCS12(c.data, password)
		f, m := field(t, err)
		assert.Equal(t, "data", f, name)
		assert.Contains(t, m, c.want, name)
	}
	certs, err := pkcs12.Modern.EncodeTrustStore(c.Chain(), password)
	require.NoError(t, err)
	_, err = credential.FromPKCS12(certs, password)
	_, m := field(t, err)
	assert.Contains(t, m, "one private key")
}

func TestPEM(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	c := pki.Organization()
	key := credentialtest.TLSCertificate(c).PrivateKey.(*rsa.PrivateKey)
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	pkcs1 := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	leaf, issuing, root := block("CERTIFICATE", c.Chain()[0].Raw), block("CERTIFICATE", pki.Issuing().Raw), block("CERTIFICATE", pki.Root().Raw)

	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	ecc := pki.Organization(credentialtest.Key(ec))
	sec1, err := x509.MarshalECPrivateKey(ec)
	require.NoError(t, err)

	for name, x := range map[string]struct {
		want  segur.Credential
		texts [][]byte
	}{
		"PKCS #8":       {c, [][]byte{credentialtest.PEM(c)}},
		"PKCS #1":       {c, [][]byte{pkcs1, leaf, issuing}},
		"any order":     {c, [][]byte{slices.Concat([]byte("comment\n"), root, issuing, leaf), pkcs1}},
		"with stranger": {c, [][]byte{block("CERTIFICATE", pki.Foreign().Issuing().Raw), pkcs1, leaf, issuing}},
		"SEC 1":         {ecc, [][]byte{block("EC PARAMETERS", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}), block("EC PRIVATE KEY", sec1), block("CERTIFICATE", ecc.Chain()[0].Raw), issuing}},
	} {
		got, err := credential.FromPEM(x.texts...)
		require.NoError(t, err, name)
		same(t, x.want, got)
	}

	for name, x := range map[string]struct {
		texts       [][]byte
		field, rule string
	}{
		"nothing":         {nil, "key", "is missing"},
		"no key":          {[][]byte{leaf}, "key", "is missing"},
		"no certificate":  {[][]byte{pkcs1}, "certificates", "is missing"},
		"other key":       {[][]byte{block("EC PRIVATE KEY", sec1), leaf, issuing}, "key", "belongs to none"},
		"two keys":        {[][]byte{pkcs1, pkcs1, leaf}, "key", "more than one"},
		"encrypted":       {[][]byte{block("ENCRYPTED PRIVATE KEY", []byte{1}), leaf}, "key", "is encrypted"},
		"encrypted, old":  {[][]byte{[]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")}, "key", "is encrypted"},
		"bad key":         {[][]byte{block("PRIVATE KEY", []byte{1, 2})}, "key", "is not a PKCS #8"},
		"bad certificate": {[][]byte{pkcs1, block("CERTIFICATE", []byte{1})}, "certificate", "does not parse"},
		"a request":       {[][]byte{pkcs1, block("CERTIFICATE REQUEST", []byte{1})}, "data", "neither"},
		"cut":             {[][]byte{pkcs1, leaf[:len(leaf)-10]}, "data", "not well formed"},
		"too large":       {[][]byte{make([]byte, credential.MaxFileBytes), leaf}, "data", "1 MiB"},
	} {
		_, err := credential.FromPEM(x.texts...)
		f, m := field(t, err)
		assert.Equal(t, x.field, f, name)
		assert.Contains(t, m, x.rule, name)
	}
}

func TestSigner(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	c := pki.Organization()
	signer := credentialtest.TLSCertificate(c).PrivateKey.(crypto.Signer)
	got, err := credential.FromSigner(signer, []*x509.Certificate{pki.Root(), nil, pki.Issuing(), c.Chain()[0]}, credential.WithoutPSS())
	require.NoError(t, err)
	same(t, c, got)
	assert.Equal(t, []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512}, got.SupportedSignatureAlgorithms())

	old, renewed := pki.Organization(credentialtest.Expired()), pki.Organization()
	got, err = credential.FromSigner(signer, []*x509.Certificate{old.Chain()[0], renewed.Chain()[0]})
	require.NoError(t, err)
	assert.True(t, renewed.Chain()[0].Equal(got.Leaf()), "renewed below the same key")
	assert.Nil(t, got.SupportedSignatureAlgorithms())

	_, err = credential.FromSigner(nil, c.Chain())
	f, _ := field(t, err)
	assert.Equal(t, "signer", f)
	_, err = credential.FromSigner(signer, pki.Signature().Chain())
	f, _ = field(t, err)
	assert.Equal(t, "key", f)
}

// Neither the key nor the name of a professional is printed.
func TestPrintedForms(t *testing.T) {
	t.Parallel()
	c := credentialtest.NewPKI().Professional()
	got, err := credential.FromPEM(credentialtest.PEM(c))
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "credential", got)
	want := "Credential(expires " + c.Chain()[0].NotAfter.Format("2006-01-02") + ")"
	for _, s := range []string{fmt.Sprint(got), fmt.Sprintf("%+v", got), fmt.Sprintf("%#v", got), fmt.Sprintf("%d", got)} {
		assert.Equal(t, want, s)
	}
	assert.Contains(t, log.String(), want)
	assert.NotContains(t, fmt.Sprintf("%+v", struct{ c segur.Credential }{got}), "RADIOLOGUE")
}
