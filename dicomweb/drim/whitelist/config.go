package whitelist

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/signedlist"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const maxListBytes = 16 << 20

// Namespaces of the list: that of the repository ansforge/DRIM-M_DATA and that of the informative list of 2024.
const (
	NamespaceData        = "https://github.com/ansforge/DRIM-M_DATA"
	NamespaceInformative = "https://listeblanche.mesimagesmedicales.fr/schema"
)

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

	// URL is where the list is published. Required: no address is public.
	URL string
	// Namespaces lists those that the list may be in. nil: [NamespaceData] and [NamespaceInformative].
	Namespaces []string
	// Versions lists the versions of the format (versionFormat). nil: 1.0.0.
	Versions []string
	// SignerRoots verifies the signer: AC RACINE IGC-SANTE ELEMENTAIRE. Required.
	SignerRoots *x509.CertPool
	// Intermediates are issuing authorities that may stand between: the signature brings the signer's certificate only.
	// Not needed when SignerRoots holds them.
	Intermediates []*x509.Certificate
	// Signers lists who may sign; one must match. nil: CN "Liste Blanche DRIM-M" with OU 318751275100020, the Agence du
	// Numérique en Santé. The key is not pinned: it changes every three years.
	Signers []Signer
	// Issuers lists the common names of the authorities that may issue the signer's certificate. nil: AC IGC-SANTE
	// ELEMENTAIRE ORGANISATIONS, with TEST before it in the environment [segur.Qualification].
	Issuers []string
	// CheckSigner is asked whether the signer's certificate may be trusted still: revocation, as a rule with the checker
	// of credential/revocation. nil: CheckChain. One of the two is required, unless WithoutRevocation.
	CheckSigner func(ctx context.Context, chains segur.Chains) error
	// WithoutRevocation accepts lists without asking about the signer.
	WithoutRevocation bool

	// Store keeps the last good list over restarts. nil: it is kept in memory only.
	Store Store
	// MaxBytes bounds the document. 0: 16 MiB, tens of thousands of boxes.
	MaxBytes int64
	// Skew is how far in the future a list may be dated. 0: 10 minutes.
	Skew time.Duration
	// StaleAfter is the age from which a list is said to be stale. 0: 48 hours.
	StaleAfter time.Duration
	// RefuseAfter is the age from which the guard refuses every host. 0: a list never gets too old, for it is verified at
	// each reading and the publisher may be down for days.
	RefuseAfter time.Duration
	// AnyPort lets a box be called on any port when the list says none. By default that is 443 only: what listens on
	// another port of the host may be somebody else.
	AnyPort bool
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
	if c.Signers == nil {
		c.Signers = []Signer{{CommonName: "Liste Blanche DRIM-M", Unit: "318751275100020"}}
	}
	if c.Issuers == nil {
		c.Issuers = []string{"AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"}
		if c.Environment == segur.Qualification {
			c.Issuers[0] = "TEST " + c.Issuers[0]
		}
	}
	if c.Namespaces == nil {
		c.Namespaces = []string{NamespaceData, NamespaceInformative}
	}
	if c.Versions == nil {
		c.Versions = []string{"1.0.0"}
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
	segur.CheckEndpoint(p, "url", c.URL)
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
	for _, l := range []struct {
		field string
		v     []string
	}{{"issuers", c.Issuers}, {"namespaces", c.Namespaces}, {"versions", c.Versions}} {
		if l.v != nil && len(l.v) == 0 {
			p.Add(l.field, "must not be empty")
		}
	}
	if c.MaxBytes < 0 || c.MaxBytes > maxListBytes {
		p.Add("maxBytes", "must be between 0 and 16 MiB")
	}
	for _, d := range []struct {
		field string
		v     time.Duration
	}{{"skew", c.Skew}, {"staleAfter", c.StaleAfter}, {"refuseAfter", c.RefuseAfter}, {"every", c.Every}, {"retryEvery", c.RetryEvery}} {
		if d.v < 0 {
			p.Add(d.field, "must not be negative")
		}
	}
}

// profile is how the list of DRIM-M is signed.
func (c *Config) profile() signedlist.Profile {
	p := signedlist.Profile{
		XAdES: true, Issuers: c.Issuers, ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		Limits: xmlr.Options{MaxBytes: int(c.MaxBytes), MaxDepth: 32, MaxAttrs: 16, MaxNS: 16},
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

// loopback: the boxes of a fake listen on this machine.
func (c *Config) loopback() bool { return c.Environment == segur.Fake }
