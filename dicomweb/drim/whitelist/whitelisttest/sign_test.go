package whitelisttest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/xmlsec"
)

var flags = append([]string{"--enabled-key-data", "x509", "--insecure"}, testkit.XMLSecXAdES...)

// A second opinion on both profiles: xmlsec1 accepts ours, and ours accepts those that xmlsec1 makes out of the same
// templates.
func TestXMLSec1(t *testing.T) {
	t.Parallel()
	testkit.Oracle(t, "xmlsec1")
	signer := credentialtest.NewPKI().Signature()
	key := filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(key, credentialtest.PEM(signer), 0o600))
	unsigned := whitelisttest.Document(time.Now(), whitelisttest.Box{Host: "é&<.site-fictif.example"})
	for _, p := range []whitelisttest.Profile{whitelisttest.Filter2, whitelisttest.Enveloped} {
		document := whitelisttest.Sign(unsigned, signer, p)
		require.NoError(t, testkit.XMLSec1Verify(t, document, flags...))
		for _, at := range []string{"site-fictif", "SigningTime>2"} {
			changed := bytes.Clone(document)
			changed[bytes.Index(changed, []byte(at))+len(at)+1] ^= 1
			require.Error(t, testkit.XMLSec1Verify(t, changed, flags...), at)
		}

		template := filepath.Join(t.TempDir(), "template.xml")
		require.NoError(t, os.WriteFile(template, []byte(emptied(string(document))), 0o600))
		args := append([]string{"--sign", "--privkey-pem", key}, testkit.XMLSecXAdES...)
		out := testkit.Run(t, nil, "xmlsec1", append(args, template)...)
		require.NoError(t, out.Err())
		_, err := xmlsec.VerifyDocument(out.Stdout, xmlsec.DocumentPolicy{Form: xmlsec.XAdESForm})
		require.NoError(t, err)
	}
}

// emptied takes the values out of a signature, but for the digest of the certificate.
func emptied(document string) string {
	for _, element := range []string{"DigestValue>", "DigestValue>", "SignatureValue>", `SignatureValue Id="value-id-signature">`} {
		for from := 0; ; {
			i := strings.Index(document[from:], element)
			if i < 0 {
				break
			}
			i += from + len(element)
			end := i + strings.Index(document[i:], "<")
			if document[i-len(element)-1] != '/' && !strings.Contains(document[:i], "CertDigest>") {
				document, end = document[:i]+document[end:], i
			}
			from = end
		}
	}
	return document
}
