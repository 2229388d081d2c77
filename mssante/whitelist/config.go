package whitelist

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/signedlist"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// DefaultURL is where the national list is published.
const DefaultURL = "https://espacedeconfiance.mssante.fr/listeblanchemssante.xml"

// CitizenDomain is the mail domain of Mon espace santé.
const CitizenDomain = "patient.mssante.fr"

const maxListBytes = 64 << 20

// Signer designates who signs the list by its certificate: every field that is set must match, without regard to case.
type Signer struct {
	// CommonName is the CN of the subject.
	CommonName string
	// Email is among the alternative names.
	Email string
	// Unit is an OU of the subject: the identifier of the structure.
	Unit string
}

// Config is what a [Client] needs.
type Config struct {
	// Of ClientConfig, RootCAs verifies the publisher's server: its certificate is of IGC-Santé.
	segur.ClientConfig

	// URL is where the list is published. Empty: [DefaultURL].
	URL string
	// SignerRoots verifies the signer: AC RACINE IGC-SANTE ELEMENTAIRE. Required.
	SignerRoots *x509.CertPool
	// Intermediates are issuing authorities that may stand between: the signature brings the signer's certificate only.
	// Not needed when SignerRoots holds them.
	Intermediates []*x509.Certificate
	// Signers lists who may sign; one must match. nil: CN alb.mssante.fr, or the address alb@mssante.fr, which signed
	// in 2025. The key is not pinned: it changes every three years.
	Signers []Signer
	// Issuers lists the common names of the authorities that may issue the signer's certificate. nil: AC IGC-SANTE
	// ELEMENTAIRE ORGANISATIONS.
	Issuers []string
	// CheckSigner is asked whether the signer's certificate may be trusted still: revocation, as a rule with the checker
	// of credential/revocation. nil: CheckChain. One of the two is required, unless WithoutRevocation.
	CheckSigner func(ctx context.Context, chains segur.Chains) error
	// WithoutRevocation accepts lists without asking about the signer.
	WithoutRevocation bool

	// Store keeps the last good list over restarts. nil: it is kept in memory only.
	Store Store
	// MaxBytes bounds the document. 0: 64 MiB, which nothing exceeds (the list of 2025 has 3.7 MB).
	MaxBytes int64
	// Skew is how far in the future a list may be dated. 0: 10 minutes.
	Skew time.Duration
	// StaleAfter is the age from which a list is said to be stale. 0: 48 hours.
	StaleAfter time.Duration
	// Every is the pause between two refreshes of [Client.Run]. 0: 24 hours.
	Every time.Duration
	// RetryEvery is the pause after a refresh that failed. 0: 15 minutes.
	RetryEvery time.Duration
	// Warn is told of what an administrator should know. nil: nobody. It must not block.
	Warn func(Warning)
}

// Warning is something that did not stop the client.
type Warning struct {
	// Code is stable: "refresh-failed", "store-failed", "stale".
	Code string
	// Text says it.
	Text segur.Text
	// Err is the cause; nil for "stale".
	Err error
}

func (c *Config) fill() {
	c.ClientConfig = c.WithDefaults()
	if c.URL == "" {
		c.URL = DefaultURL
	}
	if c.Signers == nil {
		c.Signers = []Signer{{CommonName: "alb.mssante.fr"}, {Email: "alb@mssante.fr"}}
	}
	if c.Issuers == nil {
		c.Issuers = []string{"AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"}
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = maxListBytes
	}
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&c.Skew, 10 * time.Minute}, {&c.StaleAfter, 48 * time.Hour}, {&c.Every, 24 * time.Hour}, {&c.RetryEvery, 15 * time.Minute}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
}

func (c *Config) check(p *segur.Problems) {
	c.ClientConfig.Check(p)
	if c.URL != "" {
		segur.CheckEndpoint(p, "url", c.URL)
	}
	if c.SignerRoots == nil {
		p.Add("signerRoots", "are required: the list is worth what its signature is worth")
	}
	if c.CheckChain == nil && c.CheckSigner == nil && !c.WithoutRevocation {
		p.Add("checkSigner", "is required, or checkChain: the revocation of the signer's certificate is to be checked (or set withoutRevocation)")
	}
	if c.Signers != nil && len(c.Signers) == 0 {
		p.Add("signers", "must not be empty: any holder of a certificate could sign")
	}
	for _, s := range c.Signers {
		if s == (Signer{}) {
			p.Add("signers", "must each say a name, an address or a unit")
		}
	}
	if c.Issuers != nil && len(c.Issuers) == 0 {
		p.Add("issuers", "must not be empty")
	}
	if c.MaxBytes < 0 || c.MaxBytes > maxListBytes {
		p.Add("maxBytes", "must be between 0 and 64 MiB")
	}
	for _, d := range []struct {
		field string
		v     time.Duration
	}{{"skew", c.Skew}, {"staleAfter", c.StaleAfter}, {"every", c.Every}, {"retryEvery", c.RetryEvery}} {
		if d.v < 0 {
			p.Add(d.field, "must not be negative")
		}
	}
}

// profile is how the list of MSSanté is signed.
func (c *Config) profile() signedlist.Profile {
	p := signedlist.Profile{
		Issuers: c.Issuers, ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		Limits: xmlr.Options{MaxBytes: int(c.MaxBytes), MaxDepth: 16, MaxAttrs: 16, MaxNS: 16},
	}
	for _, s := range c.Signers {
		p.Signers = append(p.Signers, signedlist.Signer(s))
	}
	return p
}

func (c *Config) trust() signedlist.Trust {
	t := signedlist.Trust{Roots: c.SignerRoots, Intermediates: c.Intermediates}
	switch {
	case c.WithoutRevocation:
	case c.CheckSigner != nil:
		t.CheckChain = c.CheckSigner
	default:
		t.CheckChain = c.CheckChain
	}
	return t
}
