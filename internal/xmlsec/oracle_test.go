package xmlsec_test

import (
	"crypto/x509"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

func impostorBase64() []byte {
	return base64.StdEncoding.AppendEncode(nil, impostor().Chain[0].Raw)
}

// TestXMLSec1AcceptsOurs: xmlsec1 judges our signatures, and refuses them once changed.
func TestXMLSec1AcceptsOurs(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "xmlsec1")
	_, cert, _ := pemFiles(t, rsaKey())
	_, ecCert, _ := pemFiles(t, ecKey())
	saml := func(cert string) []string { return append([]string{"--pubkey-cert-pem", cert}, testkit.XMLSecSAML...) }
	dsg := func(cert string) []string { return append([]string{"--pubkey-cert-pem", cert}, testkit.XMLSecXAdES...) }
	rsa256 := signed(t, rsaKey(), xmlsec.Algorithms{})
	tests := map[string]struct {
		doc   []byte
		flags []string
		spoil string
	}{
		"assertion":             {rsa256, saml(cert), "801234560801"},
		"assertion in envelope": {envelope(rsa256), saml(cert), "801234560801"},
		"assertion sha1":        {signed(t, rsaKey(), xmlsec.SHA1Algorithms()), saml(cert), "801234560801"},
		"assertion ecdsa":       {signed(t, ecKey(), xmlsec.Algorithms{}), saml(ecCert), "801234560801"},
		"dsg":                   {must(xmlsec.SignDSG(testDSG(t, xmlsec.Algorithms{}), rsaKey())), dsg(cert), "1.2.250.1.999.2"},
		"dsg sha1":              {must(xmlsec.SignDSG(testDSG(t, xmlsec.SHA1Algorithms()), rsaKey())), dsg(cert), "2026-03-02"},
		"dsg ecdsa":             {must(xmlsec.SignDSG(testDSG(t, xmlsec.Algorithms{}), ecKey())), dsg(ecCert), "2026-03-02"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NoError(t, testkit.XMLSec1Verify(t, tc.doc, tc.flags...))
			require.Contains(t, string(tc.doc), tc.spoil)
			spoiled := strings.Replace(string(tc.doc), tc.spoil, tc.spoil[:len(tc.spoil)-1]+"7", 1)
			require.Error(t, testkit.XMLSec1Verify(t, []byte(spoiled), tc.flags...))
		})
	}
}

// TestWeAcceptXMLSec1: xmlsec1 signs templates, with the parameters that other stacks emit.
func TestWeAcceptXMLSec1(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "xmlsec1")
	key, cert, _ := pemFiles(t, rsaKey())
	ecPEM, ecCert, _ := pemFiles(t, ecKey())
	prefixes := func(list string) string {
		return `<ec:InclusiveNamespaces xmlns:ec="` + xmlsec.ExcC14N + `" PrefixList="` + list + `"/>`
	}
	comments := xmlsec.ExcC14NComments
	tests := map[string]struct {
		method, methodParam, transform, transformParam, alg, digest string
	}{
		"plain":                         {xmlsec.ExcC14N, "", xmlsec.ExcC14N, "", xmlsec.RSASHA256, xmlsec.SHA256},
		"prefixes on the method":        {xmlsec.ExcC14N, prefixes("xs"), xmlsec.ExcC14N, "", xmlsec.RSASHA256, xmlsec.SHA256},
		"prefixes on the transform":     {xmlsec.ExcC14N, "", xmlsec.ExcC14N, prefixes("xs #default un soap"), xmlsec.RSASHA256, xmlsec.SHA256},
		"prefixes on both":              {xmlsec.ExcC14N, prefixes("xs soap #default"), xmlsec.ExcC14N, prefixes("xs un"), xmlsec.RSASHA512, xmlsec.SHA512},
		"inclusive":                     {xmlsec.C14N, "", xmlsec.C14N, "", xmlsec.RSASHA384, xmlsec.SHA256},
		"inclusive with comments":       {xmlsec.C14NComments, "", xmlsec.C14NComments, "", xmlsec.RSASHA256, xmlsec.SHA256},
		"exclusive with comments":       {comments, "", comments, "", xmlsec.RSASHA256, xmlsec.SHA256},
		"ecdsa":                         {xmlsec.ExcC14N, "", xmlsec.ExcC14N, "", xmlsec.ECDSASHA256, xmlsec.SHA256},
		"inclusive method, exclusive c": {xmlsec.C14NComments, "", comments, prefixes("xs"), xmlsec.RSASHA1, xmlsec.SHA1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			template := `<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:d" xmlns:un="urn:un" xml:lang="fr"><soap:Header>
<saml:Assertion xmlns:saml="` + saml + `" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_a1" xml:space='preserve'><saml:Issuer>CN=É &amp; co</saml:Issuer>` +
				`<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><!-- in SignedInfo -->
<ds:CanonicalizationMethod Algorithm="` + tc.method + `">` + tc.methodParam + `</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="` + tc.alg + `"/>
<ds:Reference URI="#_a1"><ds:Transforms><ds:Transform Algorithm="` + xmlsec.EnvelopedTransform + `"/><ds:Transform Algorithm="` + tc.transform + `">` + tc.transformParam +
				`</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="` + tc.digest + `"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>` +
				`<ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>` +
				`<saml:Value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">801234560801</saml:Value><!-- c --><x a='"'
 xmlns="urn:x" un:y="&#9;"/></saml:Assertion></soap:Header></soap:Envelope>`
			in := filepath.Join(t.TempDir(), "template.xml")
			require.NoError(t, os.WriteFile(in, []byte(template), 0o600))
			pair, signer := key+","+cert, rsaKey()
			if tc.alg == xmlsec.ECDSASHA256 {
				pair, signer = ecPEM+","+ecCert, ecKey()
			}
			out := testkit.Run(t, nil, "xmlsec1", append([]string{"--sign", "--privkey-pem", pair}, append(testkit.XMLSecSAML, in)...)...)
			require.NoError(t, out.Err())
			p := samlPolicy()
			p.AllowSHA1 = tc.digest == xmlsec.SHA1
			v, err := xmlsec.VerifyEnveloped(find(t, out.Stdout), p)
			require.NoError(t, err)
			require.Contains(t, string(v.References[0].Bytes), "801234560801")
			require.NotContains(t, string(v.References[0].Bytes), "<!--")
			require.True(t, v.Certificate.Equal(signer.Chain[0]))
			spoiled := strings.Replace(string(out.Stdout), "801234560801", "801234560802", 1)
			_, err = xmlsec.VerifyEnveloped(find(t, []byte(spoiled)), p)
			requireReason(t, err, xmlsec.ReasonDigest)
		})
	}
}

// TestSecondOpinion: goxmldsig, another implementation in Go, accepts our assertions, and we accept its own. RSA only:
// for ECDSA it writes ASN.1 where XML Signature wants r || s.
func TestSecondOpinion(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]xmlsec.Key{"rsa": rsaKey()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := etree.NewDocument()
			require.NoError(t, doc.ReadFromBytes(signed(t, k, xmlsec.Algorithms{})))
			store := dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{k.Chain[0]}}
			validator := dsig.NewDefaultValidationContext(&store)
			validator.IdAttribute = "ID"
			validator.Clock = dsig.NewFakeClockAt(now)
			_, err := validator.Validate(doc.Root())
			require.NoError(t, err)

			signer, err := dsig.NewSigningContext(k.Signer, [][]byte{k.Chain[0].Raw})
			require.NoError(t, err)
			signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("xs")
			plain, _ := assertion(t)
			theirs := etree.NewDocument()
			require.NoError(t, theirs.ReadFromBytes(plain))
			root, err := signer.SignEnveloped(theirs.Root())
			require.NoError(t, err)
			theirs.SetRoot(root)
			b, err := theirs.WriteToBytes()
			require.NoError(t, err)
			v, err := xmlsec.VerifyEnveloped(find(t, b), samlPolicy())
			require.NoError(t, err)
			require.Contains(t, string(v.References[0].Bytes), "801234560801")
		})
	}
}
