package xmlsec

import (
	"crypto/x509"
	"encoding/asn1"
	"time"
)

// Trust says which signers are trusted.
type Trust struct {
	Roots         *x509.CertPool // required
	Intermediates []*x509.Certificate
	Time          time.Time // required: the instant at which the certificates must be valid
	// ExtKeyUsages, when not empty, lists the extended key usages of which the signer's certificate must have one
	// (dotted OIDs are given as asn1.ObjectIdentifier). IGC-Santé signature certificates bear several.
	ExtKeyUsages        []x509.ExtKeyUsage
	ExtKeyUsageOIDs     []asn1.ObjectIdentifier
	RequireSigningUsage bool // keyUsage, when present, must allow digitalSignature or nonRepudiation
}

// Chain checks that the certificate that signed leads to a trusted root and has the wanted usage, and returns the
// chains found. Revocation is for the caller.
func (v *Verified) Chain(t Trust) ([][]*x509.Certificate, error) {
	if t.Roots == nil || t.Time.IsZero() {
		return nil, refuse(ReasonInput, "roots and time are needed to judge a chain")
	}
	pool := x509.NewCertPool()
	for _, c := range t.Intermediates {
		pool.AddCert(c)
	}
	for _, c := range v.Certificates {
		pool.AddCert(c)
	}
	chains, err := v.Certificate.Verify(x509.VerifyOptions{
		Roots: t.Roots, Intermediates: pool, CurrentTime: t.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return nil, refuseWith(ReasonTrust, "the signer's certificate is not trusted", err)
	}
	const signing = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if t.RequireSigningUsage && v.Certificate.KeyUsage != 0 && v.Certificate.KeyUsage&signing == 0 {
		return nil, refuse(ReasonTrust, "the signer's certificate is not for signatures")
	}
	if !t.usage(v.Certificate) {
		return nil, refuse(ReasonTrust, "the signer's certificate has none of the extended usages asked for")
	}
	return chains, nil
}

func (t Trust) usage(c *x509.Certificate) bool {
	if len(t.ExtKeyUsages) == 0 && len(t.ExtKeyUsageOIDs) == 0 {
		return true
	}
	for _, want := range t.ExtKeyUsages {
		for _, has := range c.ExtKeyUsage {
			if has == want || want == x509.ExtKeyUsageAny {
				return true
			}
		}
	}
	for _, want := range t.ExtKeyUsageOIDs {
		for _, has := range c.UnknownExtKeyUsage {
			if has.Equal(want) {
				return true
			}
		}
	}
	return false
}
