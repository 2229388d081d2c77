package credentialtest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/segur-sdk/segur"
)

var errNoPSS = errors.New("credentialtest: this key does not do RSA-PSS")

// PEM returns the key (PKCS #8) and the chain of c, leaf first. It panics when
// the key cannot be exported.
func PEM(c segur.Credential) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(TLSCertificate(c).PrivateKey)
	must(err)
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, x := range c.Chain() {
		out = append(out, pemOf(x.Raw)...)
	}
	return out
}

// PKCS12 returns the key and the chain of c as a PKCS #12 file in today's
// algorithms. It panics when the key cannot be exported.
func PKCS12(c segur.Credential, password string) []byte {
	out, err := pkcs12.Modern.Encode(TLSCertificate(c).PrivateKey, c.Chain()[0], c.Chain()[1:], password)
	must(err)
	return out
}
