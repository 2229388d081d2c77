package ins

import (
	"net"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// Endpoints of the mutual TLS mode, by environment. One URL serves every operation.
const (
	EndpointQualification = "https://qualiflps-services-ps-tlsm.ameli.fr:443/lps"
	EndpointProduction    = "https://services-ps-tlsm.ameli.fr/lps"
)

// Endpoints of the modes [Card] and [Assertion], where TLS verifies the server only. That of production is inferred from
// the host names that a connector of the field accepts: check it in the guide before the first call.
const (
	EndpointQualificationCPx = "https://qualiflps.services-ps.ameli.fr:443/lps"
	EndpointProductionCPx    = "https://services-ps.ameli.fr/lps"
)

// defaultVitaleAssertionAge: a conformance test waits "more than 20 minutes" for an assertion to be obsolete.
const defaultVitaleAssertionAge = 20 * time.Minute

// maxHeaderLength bounds the fields of [Software], in characters.
const maxHeaderLength = 59

// Software identifies the program to the service (header ContexteLPS).
type Software struct {
	// AuthorizationNumber is the number that CNDA gave to the software ("IDAM"). Required; an unknown one is refused
	// with desir_550 before anything else is looked at.
	AuthorizationNumber string
	// Name is the name of the software. Required. Without a colon it is sent as "urn:lps:<name>:<version>", in lower
	// case and with "-" for blanks; a text with a colon is sent as it is.
	Name string
	// Version is the version of the software, in any format. Required.
	Version string
	// Instance is a UUID that stays the same for one installation. Required.
	Instance string
}

// Config is the configuration of a [Client].
type Config struct {
	// ClientConfig is the common part. Credentials gives the certificate of the structure; with Authentication it is
	// not asked.
	segur.ClientConfig

	// Endpoint is the URL of the service. Empty: [EndpointProduction] or [EndpointQualification], with [Card] and
	// [Assertion] [EndpointProductionCPx] or [EndpointQualificationCPx]; required in the Fake environment and with
	// [ProSanteConnect]. The platform of another environment or mode is refused.
	Endpoint string
	// Authentication is how a professional proves who calls: [Card], [Assertion] or [ProSanteConnect]. nil: the
	// structure does, by its certificate (mutual TLS).
	Authentication Authenticator
	// CertificateIssuers are common names of authorities whose certificates are accepted beside those of IGC-Santé
	// (AC IGC-SANTE ELEMENTAIRE ORGANISATIONS; for cards AC IGC-SANTE FORT PERSONNES and AC IGC-SANTE STANDARD
	// PERSONNES; in qualification also the ones named "TEST …"). The Fake environment accepts any.
	CertificateIssuers []string
	// Software identifies the program. Required.
	Software Software
	// Issuer is the "Emetteur" of the headers. Empty: the OU of the client certificate, the national identifier of
	// the structure; with Authentication, the subject of the assertion. Required when HTTPClient is given without
	// Authentication, since the certificate is then not ours to read.
	Issuer string
	// UnknownPersonFaults are the detail codes ("insi_…") of faults that mean "nobody found". nil: insi_102 outside of
	// production, where the platform answers so to the search of a person it does not have; an empty slice: none.
	// Must be empty in production, where insi_102 is a technical failure.
	UnknownPersonFaults []string
	// VitaleAssertionAge is how old the assertion of a Vitale card may be when it is sent. 0: 20 minutes; the exact
	// limit is not public.
	VitaleAssertionAge time.Duration
	// Policy bounds [Client.Identify].
	Policy Policy
	// Limiter bounds the calls of a structure, see [NewLimiter]: share one between the clients of the structure. nil:
	// no bound over time, and the events of [ForEvent] are remembered by this client alone.
	Limiter *Limiter
}

func (c Config) withDefaults() Config {
	c.ClientConfig = c.ClientConfig.WithDefaults()
	if c.Authentication != nil {
		c.Credentials = nil // TLS presents nothing
	}
	if c.Endpoint == "" {
		c.Endpoint = c.defaultEndpoint()
	}
	if c.VitaleAssertionAge == 0 {
		c.VitaleAssertionAge = defaultVitaleAssertionAge
	}
	if c.UnknownPersonFaults == nil && c.Environment != segur.Production {
		c.UnknownPersonFaults = []string{codeTechnicalFailure}
	}
	c.Policy = c.Policy.withDefaults()
	if c.Limiter == nil {
		c.Limiter = NewLimiter(LimiterConfig{Calls: NoLimit, Clock: c.Clock})
	}
	return c
}

func (c Config) defaultEndpoint() string {
	switch {
	case c.Authentication != nil:
		return c.Authentication.endpoint(c.Environment)
	case c.Environment == segur.Production:
		return EndpointProduction
	case c.Environment == segur.Qualification:
		return EndpointQualification
	}
	return ""
}

// check adds everything that is wrong with c, the certificate aside.
func (c Config) check(p *segur.Problems) {
	c.ClientConfig.Check(p)
	segur.CheckEndpoint(p, "endpoint", c.Endpoint)
	if c.Environment == segur.Fake && c.Endpoint != "" && !loopback(c.Endpoint) {
		p.Add("endpoint", "must be on this machine in the Fake environment")
	}
	if other := platform(c.Endpoint); other != "" && c.Environment.Valid() && c.Environment != segur.Fake && other != c.Environment {
		p.Add("endpoint", "is the one of environment "+string(other)+": fictional and real identities must not mix")
	}
	if mutual, known := mutualTLS(c.Endpoint); known && mutual != (c.Authentication == nil) {
		p.Add("endpoint", "is the one of another mode of authentication: organisation certificates have a host of their own (-tlsm)")
	}
	c.Software.check(p)
	if c.VitaleAssertionAge < 0 {
		p.Add("vitaleAssertionAge", "must not be negative")
	}
	if c.Issuer == "" && c.HTTPClient != nil && c.Authentication == nil {
		p.Add("issuer", "is required with httpClient: the certificate cannot be read")
	}
	if c.Issuer != strings.TrimSpace(c.Issuer) {
		p.Add("issuer", "must have no blanks around it")
	}
	if strings.ContainsFunc(c.Issuer, unprintable) {
		p.Add("issuer", "must be printable text")
	}
	if c.Environment == segur.Production && len(c.UnknownPersonFaults) > 0 {
		p.Add("unknownPersonFaults", "must be empty in production")
	}
	for _, code := range c.UnknownPersonFaults {
		if codeOf(code) == "" || !strings.HasPrefix(code, "insi_") {
			p.Add("unknownPersonFaults", "must be detail codes of the application (insi_…): the gateway does not know persons")
			break
		}
	}
	c.Policy.check(p)
	c.Limiter.check(p)
}

func (s Software) check(p *segur.Problems) {
	for _, f := range []struct{ field, value string }{
		{"software.authorizationNumber", s.AuthorizationNumber}, {"software.name", s.Name},
		{"software.version", s.Version}, {"software.instance", s.Instance},
	} {
		p.Require(f.field, f.value)
		if utf8.RuneCountInString(f.value) > maxHeaderLength {
			p.Addf(f.field, "must have %d characters at most", maxHeaderLength)
		}
		if f.value != strings.TrimSpace(f.value) {
			p.Add(f.field, "must have no blanks around it")
		}
		if strings.ContainsFunc(f.value, unprintable) {
			p.Add(f.field, "must be printable text")
		}
	}
	if a := s.AuthorizationNumber; strings.TrimSpace(a) != "" && !alphanumeric(a) {
		p.Add("software.authorizationNumber", "must be letters and digits")
	}
	if s.Instance != "" && !isUUID(s.Instance) {
		p.Add("software.instance", "must be a UUID, the same for the whole life of the installation")
	}
	if !strings.Contains(s.Name, ":") && strings.ContainsFunc(s.urn(), func(r rune) bool { return r > unicode.MaxASCII }) {
		p.Add("software.name", "makes a URN with the version, which has no accents: write it without, or give the whole name with a colon")
	}
	if n := utf8.RuneCountInString(s.urn()); s.Name != "" && n > maxHeaderLength {
		p.Addf("software.name", "makes a URN of %d characters with the version, %d at most", n, maxHeaderLength)
	}
}

// unprintable is what a header has no place for: line breaks, other control characters, what is not text.
func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// urn is the name as the header carries it.
func (s Software) urn() string {
	if strings.Contains(s.Name, ":") {
		return s.Name
	}
	dashed := func(v string) string { return strings.ReplaceAll(v, " ", "-") }
	return "urn:lps:" + strings.ToLower(dashed(s.Name)) + ":" + dashed(s.Version)
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F'):
			return false
		}
	}
	return true
}

// platform is the environment that a host of the health insurance belongs to, "" for any other host.
func platform(endpoint string) segur.Environment {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	switch host := hostOf(u); {
	case !strings.HasSuffix(host, ".ameli.fr"):
		return ""
	case strings.HasPrefix(host, "qualif"):
		return segur.Qualification
	case strings.HasPrefix(host, "services-ps"):
		return segur.Production
	}
	return ""
}

// hostOf is the name of the host in one spelling: a dot at the end changes nothing.
func hostOf(u *url.URL) string { return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".") }

// mutualTLS reports whether a host of the health insurance is that of organisation certificates.
func mutualTLS(endpoint string) (mutual, known bool) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false, false
	}
	host := hostOf(u)
	mutual = strings.HasSuffix(host, "services-ps-tlsm.ameli.fr")
	return mutual, mutual || strings.HasSuffix(host, "services-ps.ameli.fr")
}

func loopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
