package xmlsec_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

// listDocument has its namespaces on the root, that of signatures too, and what canonical form changes.
const listDocument = `<?xml version="1.0"?><l:Liste xmlns:l="urn:liste" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" b='2' a="1&#9;">` +
	"<l:Nom>\r\n<![CDATA[a&b]]> &gt; é</l:Nom><l:Vide/>%</l:Liste>\n"

// signDocument signs by hand, with the prefix that the root declares.
func signDocument(t *testing.T, k xmlsec.Key) []byte {
	t.Helper()
	canonical, err := xmlr.Canonicalize(nil, []byte(strings.Replace(listDocument, "%", "", 1)), xmlr.Canonical{Mode: xmlr.Exclusive})
	require.NoError(t, err)
	digest := sha256.Sum256(canonical)
	algorithm := xmlsec.RSASHA256
	if _, ec := k.Chain[0].PublicKey.(*ecdsa.PublicKey); ec {
		algorithm = xmlsec.ECDSASHA256
	}
	body := `<ds:CanonicalizationMethod Algorithm="` + xmlsec.ExcC14N + `"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="` + algorithm +
		`"></ds:SignatureMethod><ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="` + xmlsec.EnvelopedTransform +
		`"></ds:Transform><ds:Transform Algorithm="` + xmlsec.ExcC14N + `"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="` + xmlsec.SHA256 +
		`"></ds:DigestMethod><ds:DigestValue>` + base64.StdEncoding.EncodeToString(digest[:]) + `</ds:DigestValue></ds:Reference></ds:SignedInfo>`
	sum := sha256.Sum256([]byte(`<ds:SignedInfo xmlns:ds="` + xmlsec.NamespaceDS + `">` + body))
	var value []byte
	if key, ec := k.Signer.(*ecdsa.PrivateKey); ec {
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		require.NoError(t, err)
		value = make([]byte, 64)
		r.FillBytes(value[:32])
		s.FillBytes(value[32:])
	} else {
		value, err = k.Signer.Sign(rand.Reader, sum[:], crypto.SHA256)
		require.NoError(t, err)
	}
	return []byte(strings.Replace(listDocument, "%", `<ds:Signature><ds:SignedInfo>`+body+`<ds:SignatureValue>`+base64.StdEncoding.EncodeToString(value)+
		`</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>`+base64.StdEncoding.EncodeToString(k.Chain[0].Raw)+
		`</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`, 1))
}

// What Visit sees is what the signature covers, and nothing of the signature.
func TestVerifyDocument(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]xmlsec.Key{"rsa": rsaKey(), "ecdsa": ecKey()} {
		document := signDocument(t, k)
		var seen []string
		v, err := xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{Visit: func(s *xmlr.Scanner) error {
			switch s.Kind() {
			case xmlr.StartElement:
				seen = append(seen, "<"+string(s.Local()))
			case xmlr.Text:
				seen = append(seen, string(s.TextValue()))
			}
			return nil
		}})
		require.NoError(t, err, name)
		assert.Equal(t, []string{"<Liste", "<Nom", "\n", "a&b", " > é", "<Vide"}, seen)
		assert.Equal(t, k.Chain[0].Raw, v.Certificate.Raw)
		require.NoError(t, testkit.XMLSec1Verify(t, document, "--enabled-key-data", "x509", "--insecure"), name)

		_, err = xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{Signatures: []string{xmlsec.RSASHA512}})
		requireReason(t, err, xmlsec.ReasonAlgorithm)
	}
	document := signDocument(t, rsaKey())
	stop := errors.New("stop")
	_, err := xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{Visit: func(*xmlr.Scanner) error { return stop }})
	require.ErrorIs(t, err, stop)
	_, err = xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{MinRSABits: 4096})
	requireReason(t, err, xmlsec.ReasonCertificate)
	_, err = xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{Limits: xmlr.Options{MaxBytes: 100}})
	require.Error(t, err)

	// Every byte counts, but for those that change nothing of what the document says.
	for i := range document {
		changed := bytes.Clone(document)
		changed[i] ^= 1
		if v, err := xmlsec.VerifyDocument(changed, xmlsec.DocumentPolicy{}); err == nil {
			original, _ := xmlsec.VerifyDocument(document, xmlsec.DocumentPolicy{})
			assert.Equal(t, original.Digest, v.Digest, i)
			// The rest of the certificate is for Chain.
			assert.Equal(t, original.Certificate.RawSubjectPublicKeyInfo, v.Certificate.RawSubjectPublicKeyInfo, i)
		}
	}
}

func TestVerifyDocumentRefuses(t *testing.T) {
	t.Parallel()
	document := string(signDocument(t, rsaKey()))
	replace := func(old, new string) string {
		out := strings.Replace(document, old, new, 1)
		require.NotEqual(t, document, out)
		return out
	}
	for name, c := range map[string]struct {
		document string
		reason   xmlsec.Reason
	}{
		"prefix list":    {replace(`exc-c14n#"></ds:CanonicalizationMethod>`, `exc-c14n#"><InclusiveNamespaces xmlns="`+xmlsec.ExcC14N+`" PrefixList="l"/></ds:CanonicalizationMethod>`), xmlsec.ReasonSignature},
		"namespace":      {replace(`xmlns:ds="http://www.w3.org/2000/09/xmldsig#" b`, `xmlns:ds="http://www.w3.org/2000/09/xmldsig" b`), xmlsec.ReasonStructure},
		"no key":         {strings.ReplaceAll(document, "X509Certificate>", "X509Other>"), xmlsec.ReasonCertificate},
		"signature root": {`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>`, xmlsec.ReasonStructure},
		"empty":          {`<x><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></x>`, xmlsec.ReasonStructure},
		"base64":         {replace("<ds:SignatureValue>", "<ds:SignatureValue>*"), xmlsec.ReasonStructure},
	} {
		_, err := xmlsec.VerifyDocument([]byte(c.document), xmlsec.DocumentPolicy{})
		require.Error(t, err, name)
		requireReason(t, err, c.reason)
	}
}
