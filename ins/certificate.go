package ins

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/dn"
)

// The two common names that INSi accepts in a certificate of a structure.
const (
	// CommonNameAuto is for calls that a program makes by itself.
	CommonNameAuto = "INSI-AUTO"
	// CommonNameManual is for calls that a user triggers.
	CommonNameManual = "INSI-MANU"
)

const certificateOrder = "order an IGC-Santé software certificate, offer ORG, usage AUTH_CLI, with the common name " +
	CommonNameAuto + " or " + CommonNameManual + " (it serves INSi only)"

// checkCertificate adds what would make INSi refuse the certificate and returns the issuer of the flow.
func (c Config) checkCertificate(ctx context.Context, p *segur.Problems, now time.Time) (issuer string) {
	if c.HTTPClient != nil {
		return c.Issuer // TLS is the caller's own
	}
	if c.Credentials == nil {
		p.Add("credentials", "is required: "+certificateOrder)
		return c.Issuer
	}
	credential, err := c.Credentials.Credential(ctx)
	if err != nil {
		p.Merge("credentials", err)
		return c.Issuer
	}
	chain := credential.Chain()
	if len(chain) == 0 || chain[0] == nil {
		p.Add("credentials", "has no certificate")
		return c.Issuer
	}
	leaf := chain[0]
	subject, err := dn.Decode(leaf.RawSubject)
	if err != nil {
		p.Addf("credentials", "the subject of the certificate %v", err)
		return c.Issuer
	}
	if cn := subject.First(dn.CommonName); cn != CommonNameAuto && cn != CommonNameManual {
		p.Add("credentials", "the certificate is not one for INSi, which would answer desir_560: "+certificateOrder)
	}
	switch {
	case now.After(leaf.NotAfter):
		p.Addf("credentials", "the certificate expired on %s; only a valid one can be renewed, so %s",
			leaf.NotAfter.Format(time.DateOnly), certificateOrder)
	case now.Before(leaf.NotBefore):
		p.Addf("credentials", "the certificate is valid from %s on: check the clock", leaf.NotBefore.Format(time.DateOnly))
	}
	if !forClientAuth(leaf) {
		p.Add("credentials", "the certificate does not serve client authentication: the usage must be AUTH_CLI, not SIGN")
	}
	if c.Issuer != "" {
		return c.Issuer
	}
	issuer = subject.StructureID()
	if issuer == "" {
		p.Add("issuer", "is required: the certificate has no OU with an identifier of a structure to take it from")
	}
	return issuer
}

// forClientAuth accepts a certificate that does not restrict its usage.
func forClientAuth(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, u := range c.ExtKeyUsage {
		if u == x509.ExtKeyUsageClientAuth || u == x509.ExtKeyUsageAny {
			return true
		}
	}
	return false
}
