package revocation

import (
	"time"

	"github.com/segur-sdk/segur"
)

// Source is a way to know.
type Source uint8

// The sources.
const (
	// OCSP asks the responder that the certificate names. A response stapled to the handshake is always looked at first,
	// when OCSP is among the sources.
	OCSP Source = iota + 1
	// CRL reads the list at the distribution points that the certificate names.
	CRL
)

// Nonce says what is done with the nonce of OCSP requests.
type Nonce uint8

// The policies.
const (
	// NonceIfAnswered sends one, and refuses a response that bears another; many responders give none back (RFC 5019).
	NonceIfAnswered Nonce = iota
	// NonceRequired also refuses a response without it. Stapled responses are then of no use.
	NonceRequired
	// NonceNone sends none.
	NonceNone
)

// Config is what a [Checker] needs.
type Config struct {
	// Of ClientConfig, Timeout bounds one download, default 10 seconds here; Credentials, RootCAs and CheckChain must be
	// unset: lists and responses come over HTTP without TLS, and carry their own signatures.
	segur.ClientConfig

	// Sources are tried in this order until one says good or revoked. nil: OCSP, then CRL.
	Sources []Source
	// SoftFail is for how long after its end (nextUpdate) the last answer still counts when no newer one can be had. 0:
	// not at all. An answer that says revoked counts for ever.
	SoftFail time.Duration
	// AcceptUnknown accepts a certificate about which nothing could be known, with a warning, instead of refusing it.
	// The rules of MSSanté do not allow it; a test platform may need it.
	AcceptUnknown bool
	// LeafOnly looks at the certificate of the peer only, not at the authorities above it.
	LeafOnly bool
	// Nonce says what is done with the nonce of OCSP requests.
	Nonce Nonce
	// Skew is the difference tolerated between clocks. 0: 5 minutes.
	Skew time.Duration
	// MaxResponseAge is how long an OCSP response without an end (nextUpdate) counts. 0: 24 hours.
	MaxResponseAge time.Duration
	// MaxListBytes bounds one list. 0: 32 MiB.
	MaxListBytes int64
	// MaxEntries bounds the certificates of one list. 0: 1,000,000.
	MaxEntries int
	// MaxLists bounds the lists that are kept, MaxResponses the OCSP responses. 0: 64, and 10,000.
	MaxLists, MaxResponses int
	// RetryAfter is the pause before a source that failed is asked again; the failure answers meanwhile. 0: 30 seconds.
	RetryAfter time.Duration
	// Warn is told of what an administrator should know. nil: nobody. It must not block.
	Warn func(Warning)
}

// Warning is something that did not refuse a certificate.
type Warning struct {
	// Code is stable: "soft-fail" (an answer that has ended was used), "unknown" (nothing was known, and accepted),
	// "renewal-failed" (a list could not be renewed and serves until its end).
	Code string
	// Text says it.
	Text segur.Text
	// Certificate says which one: its serial number and the common name of its authority. For a list, the latter only.
	Certificate string
	// Err is the cause, when there is one.
	Err error
}

func (c *Config) check(p *segur.Problems) {
	c.ClientConfig.Check(p)
	if c.Credentials != nil || c.RootCAs != nil || c.ClientConfig.CheckChain != nil || c.ServerName != "" {
		p.Add("clientConfig", "must have no credentials, rootCAs, serverName or checkChain: nothing goes over TLS")
	}
	seen := map[Source]bool{}
	for _, s := range c.Sources {
		if s != OCSP && s != CRL || seen[s] {
			p.Add("sources", "must be OCSP and CRL, each once at most")
		}
		seen[s] = true
	}
	if c.Sources != nil && len(c.Sources) == 0 {
		p.Add("sources", "must not be empty")
	}
	if c.Nonce > NonceNone {
		p.Add("nonce", "must be NonceIfAnswered, NonceRequired or NonceNone")
	}
	for _, d := range []struct {
		field string
		v     int64
	}{
		{"softFail", int64(c.SoftFail)}, {"skew", int64(c.Skew)}, {"maxResponseAge", int64(c.MaxResponseAge)}, {"maxListBytes", c.MaxListBytes},
		{"maxEntries", int64(c.MaxEntries)}, {"maxLists", int64(c.MaxLists)}, {"maxResponses", int64(c.MaxResponses)}, {"retryAfter", int64(c.RetryAfter)},
	} {
		if d.v < 0 {
			p.Add(d.field, "must not be negative")
		}
	}
}

func (c *Config) fill() {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	c.ClientConfig = c.WithDefaults()
	if c.Sources == nil {
		c.Sources = []Source{OCSP, CRL}
	}
	def(&c.Skew, 5*time.Minute)
	def(&c.MaxResponseAge, 24*time.Hour)
	def(&c.MaxListBytes, 32<<20)
	def(&c.MaxEntries, 1_000_000)
	def(&c.MaxLists, 64)
	def(&c.MaxResponses, 10_000)
	def(&c.RetryAfter, 30*time.Second)
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
