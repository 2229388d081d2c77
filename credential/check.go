package credential

import (
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
)

// Purpose is a use of a certificate.
type Purpose uint8

// The purposes of software certificates and cards.
const (
	// ClientAuthentication is mutual TLS (offer ORG, usage AUTH_CLI).
	ClientAuthentication Purpose = iota + 1
	// Signature is the signature of assertions and documents (usage SIGN).
	Signature
)

// String names the purpose.
func (p Purpose) String() string {
	switch p {
	case ClientAuthentication:
		return "client authentication"
	case Signature:
		return "signature"
	}
	return "unknown purpose"
}

// Purposes returns what the key usages of c allow. Usages that a certificate
// does not state are allowed (RFC 5280 section 4.2.1.12).
func Purposes(c *x509.Certificate) []Purpose {
	var out []Purpose
	extended := func(wanted x509.ExtKeyUsage) bool {
		if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
			return true
		}
		return slices.Contains(c.ExtKeyUsage, wanted) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
	}
	const both = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if extended(x509.ExtKeyUsageClientAuth) && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageDigitalSignature != 0) {
		out = append(out, ClientAuthentication)
	}
	if (extended(x509.ExtKeyUsageEmailProtection) || c.KeyUsage&x509.KeyUsageContentCommitment != 0) &&
		(c.KeyUsage == 0 || c.KeyUsage&both != 0) {
		out = append(out, Signature)
	}
	return out
}

// RenewalPeriod is the time before expiry from which [Check] warns: the
// administrator of an IGC-Santé certificate is told then, and only a
// certificate that is still valid can be renewed.
const RenewalPeriod = 60 * 24 * time.Hour

// Warning is something that a service will refuse, or soon.
type Warning struct {
	// Code is stable: "expired", "not-yet-valid", "expires-soon", "purpose",
	// "no-structure-id", "weak-key".
	Code string
	// Text says it, without personal data.
	Text segur.Text
}

// Check returns what is wrong, or soon will be, with the certificate of c at
// the given time and for the wanted purposes.
func Check(c segur.Credential, now time.Time, wanted ...Purpose) []Warning {
	leaf := c.Chain()[0]
	var out []Warning
	warn := func(code, fr, en string) {
		out = append(out, Warning{Code: code, Text: segur.Text{FR: fr, EN: en}})
	}
	end, begin := leaf.NotAfter.UTC().Format(time.DateOnly), leaf.NotBefore.UTC().Format(time.DateOnly)
	switch {
	case now.After(leaf.NotAfter):
		warn("expired", "Le certificat a expiré le "+end+".", "The certificate expired on "+end+".")
	case now.Before(leaf.NotBefore):
		warn("not-yet-valid", "Le certificat n'est valable qu'à partir du "+begin+" : vérifier l'horloge.",
			"The certificate is valid from "+begin+" only: check the clock.")
	case leaf.NotAfter.Sub(now) <= RenewalPeriod:
		warn("expires-soon", "Le certificat expire le "+end+". Le renouveler avant : un certificat expiré ne se renouvelle plus.",
			"The certificate expires on "+end+". Renew it before: an expired certificate cannot be renewed.")
	}
	has := Purposes(leaf)
	for _, p := range wanted {
		if slices.Contains(has, p) {
			continue
		}
		fr := map[Purpose]string{ClientAuthentication: "l'authentification (AUTH_CLI)", Signature: "la signature (SIGN)"}[p]
		warn("purpose", "Le certificat n'est pas fait pour "+fr+".", "The certificate is not made for "+p.String()+".")
	}
	if s, err := ParseSubject(leaf); err != nil || s.StructureID == "" && s.FamilyName == "" {
		warn("no-structure-id", "Le sujet du certificat ne porte pas d'identifiant de structure (OU).",
			"The subject of the certificate bears no structure identifier (OU).")
	}
	if k, ok := leaf.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() < 2048 {
		warn("weak-key", "La clé RSA a moins de 2048 bits.", "The RSA key has less than 2048 bits.")
	}
	return out
}

// Verify checks that the certificate of c chains to roots at the given time,
// whatever its usage: [Purposes] tells that. The failure is an
// [segur.ErrSignature] error.
func Verify(c segur.Credential, roots *x509.CertPool, now time.Time) error {
	between := x509.NewCertPool()
	for _, x := range c.Chain()[1:] {
		between.AddCert(x)
	}
	_, err := c.Chain()[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return &segur.Error{Op: "credential.Verify", Kind: segur.KindSignature, Message: "the certificate does not verify", Err: err}
	}
	return nil
}
