package ins

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
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

// subject is what INSi reads in the client certificate.
type subject struct{ commonName, structureID string }

// readSubject walks the raw subject: pkix.Name loses the order and multi-valued RDNs.
func readSubject(c *x509.Certificate) subject {
	var rdns pkix.RDNSequence
	var s subject
	if rest, err := asn1.Unmarshal(c.RawSubject, &rdns); err != nil || len(rest) > 0 {
		return s
	}
	for _, set := range rdns {
		for _, a := range set {
			v, ok := a.Value.(string)
			switch {
			case !ok:
			case a.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 3}):
				s.commonName = v
			case a.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 11}) && s.structureID == "":
				s.structureID = strings.TrimSpace(v)
			}
		}
	}
	return s
}

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
	s := readSubject(leaf)
	if s.commonName != CommonNameAuto && s.commonName != CommonNameManual {
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
	if s.structureID == "" {
		p.Add("issuer", "is required: the certificate has no OU to take it from")
	}
	return s.structureID
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
