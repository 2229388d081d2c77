package xmlsec_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
	"github.com/segur-sdk/segur/internal/xmlw"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func template(cn string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(2, 0, 0),
		Subject: pkix.Name{CommonName: cn, Organization: []string{"CENTRE ESSAI, RADIO"}, OrganizationalUnit: []string{"10B0000001"},
			Province: []string{"Rhône (69)"}, Country: []string{"FR"}},
	}
}

// root is a test authority; other signs nothing we trust.
var (
	root = sync.OnceValue(func() authority { return newAuthority("AC ESSAI", 1) })

	rsaKey = sync.OnceValue(func() xmlsec.Key {
		return issue(root(), must(rsa.GenerateKey(rand.Reader, 2048)), "SIGNATURE ESSAI", 4660)
	})
	ecKey = sync.OnceValue(func() xmlsec.Key {
		return issue(root(), must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), "SIGNATURE EC", 3)
	})
	// impostor has the same names, another key.
	impostor = sync.OnceValue(func() xmlsec.Key {
		return issue(newAuthority("AC ESSAI", 9), must(rsa.GenerateKey(rand.Reader, 2048)), "SIGNATURE ESSAI", 4660)
	})
)

func newAuthority(cn string, serial int64) authority {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	t := template(cn, serial)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	return authority{must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)))), key}
}

func issue(ca authority, key crypto.Signer, cn string, serial int64) xmlsec.Key {
	t := template(cn, serial)
	t.KeyUsage = x509.KeyUsageContentCommitment
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	t.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 250, 1, 71, 99}}
	cert := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, t, ca.cert, key.Public(), ca.key))))
	return xmlsec.Key{Signer: key, Chain: []*x509.Certificate{cert, ca.cert}}
}

const (
	saml   = "urn:oasis:names:tc:SAML:2.0:assertion"
	testID = "_a1"
)

// assertion writes a small assertion and says where its signature goes.
func assertion(t testing.TB) (xml []byte, at int) {
	t.Helper()
	w := xmlw.New(nil)
	w.Use("xsi", "http://www.w3.org/2001/XMLSchema-instance")
	w.Start("saml:Assertion")
	w.NS("saml", saml)
	w.Attr("ID", testID)
	w.Attr("Version", "2.0")
	w.Elem("saml:Issuer", "CN=ESSAI & Cie")
	at = w.Len()
	w.Start("saml:Subject")
	w.Elem("saml:NameID", "801234560801")
	w.End()
	w.Start("saml:AttributeValue")
	w.Start("Role")
	w.NS("", "urn:hl7-org:v3")
	w.Attr("code", "10")
	w.Attr("xsi:type", "CE")
	w.End()
	w.End()
	w.End()
	return must(w.Bytes()), at
}

func signed(t testing.TB, k xmlsec.Key, a xmlsec.Algorithms) []byte {
	t.Helper()
	xml, at := assertion(t)
	out, err := xmlsec.SignEnveloped(xml, at, "ID", k, a)
	require.NoError(t, err)
	return out
}

// envelope wraps an assertion the way a SOAP stack would, with prefixes and a default namespace that must not matter.
func envelope(assertion []byte) []byte {
	return []byte(`<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:hostile" xmlns:xsi="urn:other" xmlns:u="urn:unused">` +
		`<s:Header><Security>` + string(assertion) + `</Security></s:Header><s:Body/></s:Envelope>`)
}

func find(t testing.TB, doc []byte) *xmlr.Node {
	t.Helper()
	n, err := xmlr.Parse(doc, xmlr.Options{})
	require.NoError(t, err)
	for c := range n.Walk() {
		if c.Is(saml, "Assertion") {
			return c
		}
	}
	return nil
}

func samlPolicy() xmlsec.Policy { return xmlsec.Policy{IDAttrs: []xmlr.Name{xmlsec.IDSAML}} }

func requireReason(t testing.TB, err error, reason xmlsec.Reason) {
	t.Helper()
	var e *xmlsec.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, reason, e.Reason, "%v", e)
}

// pemFiles writes the key and the certificates for xmlsec1.
func pemFiles(t testing.TB, k xmlsec.Key) (key, cert, ca string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, typ string, der []byte) string {
		p := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(p, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600))
		return p
	}
	return write("key.pem", "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(k.Signer))),
		write("cert.pem", "CERTIFICATE", k.Chain[0].Raw), write("ca.pem", "CERTIFICATE", k.Chain[1].Raw)
}

func TestSignEnvelopedThenVerify(t *testing.T) {
	t.Parallel()
	whole := rsaKey()
	whole.WholeChain = true
	tests := map[string]struct {
		key  xmlsec.Key
		alg  xmlsec.Algorithms
		uri  string
		sha1 bool
		n    int
	}{
		"rsa-sha256":  {rsaKey(), xmlsec.Algorithms{}, xmlsec.RSASHA256, false, 1},
		"rsa-sha512":  {rsaKey(), xmlsec.Algorithms{Signature: xmlsec.RSASHA512, Digest: xmlsec.SHA384}, xmlsec.RSASHA512, false, 1},
		"rsa-sha1":    {rsaKey(), xmlsec.SHA1Algorithms(), xmlsec.RSASHA1, true, 1},
		"ecdsa":       {ecKey(), xmlsec.Algorithms{}, xmlsec.ECDSASHA256, false, 1},
		"whole chain": {whole, xmlsec.Algorithms{}, xmlsec.RSASHA256, false, 2},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			original, at := assertion(t)
			out := signed(t, tc.key, tc.alg)
			require.True(t, bytes.HasPrefix(out[at:], []byte(`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Canon`)))
			again, err := xmlr.Canonicalize(nil, out, xmlr.Canonical{Mode: xmlr.Exclusive})
			require.NoError(t, err)
			require.Equal(t, string(out), string(again), "the signed assertion is canonical itself")
			for _, doc := range [][]byte{out, envelope(out)} {
				if tc.sha1 {
					_, err := xmlsec.VerifyEnveloped(find(t, doc), samlPolicy())
					requireReason(t, err, xmlsec.ReasonAlgorithm)
				}
				p := samlPolicy()
				p.AllowSHA1 = tc.sha1
				v, err := xmlsec.VerifyEnveloped(find(t, doc), p)
				require.NoError(t, err)
				require.Equal(t, string(original), string(v.References[0].Bytes))
				require.Equal(t, "#"+testID, v.References[0].URI)
				require.Equal(t, tc.uri, v.Algorithm)
				require.True(t, tc.key.Chain[0].Equal(v.Certificate))
				require.Len(t, v.Certificates, tc.n)
				require.True(t, bytes.HasPrefix(v.SignedInfo, []byte(`<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#">`)))
			}
		})
	}
}

func TestSignEnvelopedRefuses(t *testing.T) {
	t.Parallel()
	xml, at := assertion(t)
	good := rsaKey()
	mixed := good
	mixed.Chain = ecKey().Chain
	broken := good
	broken.Signer = removed{good.Signer}
	tests := map[string]struct {
		xml    []byte
		at     int
		id     string
		key    xmlsec.Key
		alg    xmlsec.Algorithms
		reason xmlsec.Reason
	}{
		"no key":            {xml, at, "ID", xmlsec.Key{}, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"other certificate": {xml, at, "ID", mixed, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"card removed":      {xml, at, "ID", broken, xmlsec.Algorithms{}, xmlsec.ReasonSigner},
		"not canonical":     {bytes.Replace(xml, []byte(" Version"), []byte("  Version"), 1), at + 1, "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"not well formed":   {xml[:len(xml)-3], at, "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"no such id":        {xml, at, "Id", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"in the middle":     {xml, at + 3, "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"deeper":            {xml, bytes.Index(xml, []byte("</saml:NameID>")) + 14, "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"outside":           {xml, len(xml), "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"signed already":    {signed(t, good, xmlsec.Algorithms{}), at, "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"no namespace":      {[]byte(`<a ID="x"><b></b></a>`), 17, "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"HMAC":              {xml, at, "ID", good, xmlsec.Algorithms{Signature: "http://www.w3.org/2000/09/xmldsig#hmac-sha1"}, xmlsec.ReasonAlgorithm},
		"digest":            {xml, at, "ID", good, xmlsec.Algorithms{Digest: "http://www.w3.org/2001/04/xmldsig-more#md5"}, xmlsec.ReasonAlgorithm},
		"digit first":       {bytes.Replace(xml, []byte("_a1"), []byte("1a1"), 1), at, "ID", good, xmlsec.Algorithms{}, xmlsec.ReasonInput},
		"ECDSA with RSA":    {xml, at, "ID", good, xmlsec.Algorithms{Signature: xmlsec.ECDSASHA256}, xmlsec.ReasonAlgorithm},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := xmlsec.SignEnveloped(tc.xml, tc.at, tc.id, tc.key, tc.alg)
			require.Nil(t, out)
			requireReason(t, err, tc.reason)
		})
	}
}

// removed is a card that was taken out.
type removed struct{ crypto.Signer }

func (removed) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return nil, os.ErrClosed
}

func TestChain(t *testing.T) {
	t.Parallel()
	v, err := xmlsec.VerifyEnveloped(find(t, signed(t, rsaKey(), xmlsec.Algorithms{})), samlPolicy())
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(root().cert)
	others := x509.NewCertPool()
	others.AddCert(impostor().Chain[1])
	tests := map[string]struct {
		trust  xmlsec.Trust
		reason xmlsec.Reason
	}{
		"trusted":        {xmlsec.Trust{Roots: roots, Time: now, RequireSigningUsage: true}, ""},
		"usage":          {xmlsec.Trust{Roots: roots, Time: now, ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection}}, ""},
		"usage by OID":   {xmlsec.Trust{Roots: roots, Time: now, ExtKeyUsageOIDs: []asn1.ObjectIdentifier{{1, 2, 250, 1, 71, 99}}}, ""},
		"other usage":    {xmlsec.Trust{Roots: roots, Time: now, ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, xmlsec.ReasonTrust},
		"expired":        {xmlsec.Trust{Roots: roots, Time: now.AddDate(5, 0, 0)}, xmlsec.ReasonTrust},
		"other root":     {xmlsec.Trust{Roots: others, Time: now}, xmlsec.ReasonTrust},
		"no root":        {xmlsec.Trust{Time: now}, xmlsec.ReasonInput},
		"no time":        {xmlsec.Trust{Roots: roots}, xmlsec.ReasonInput},
		"other root too": {xmlsec.Trust{Roots: others, Time: now, Intermediates: []*x509.Certificate{root().cert}}, xmlsec.ReasonTrust},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chains, err := v.Chain(tc.trust)
			if tc.reason == "" {
				require.NoError(t, err)
				require.Len(t, chains[0], 2)
				return
			}
			requireReason(t, err, tc.reason)
		})
	}
}
