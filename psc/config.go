package psc

import (
	"context"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// Authentication is how the client proves itself to the provider (RFC 6749 section 2.3, RFC 8705).
type Authentication string

// The ways that Pro Santé Connect accepts.
const (
	// SecretBasic sends the secret in the header Authorization.
	SecretBasic Authentication = "client_secret_basic"
	// SecretPost sends the secret in the form.
	SecretPost Authentication = "client_secret_post"
	// MutualTLS sends no secret: the TLS client certificate of the structure is the proof, and the tokens are bound to
	// it (the calls that use them must present the same certificate).
	MutualTLS Authentication = "tls_client_auth"
)

// Config is what a [Client] needs: one client registered at Pro Santé Connect.
type Config struct {
	segur.ClientConfig

	// ClientID is the identifier given at the registration. Required.
	ClientID string
	// ClientSecret is the secret given at the registration. Programs that run on the workstation must not hold one.
	ClientSecret Secret
	// Authentication says how the client proves itself. Empty: [SecretBasic] with a ClientSecret, else [MutualTLS],
	// which needs Credentials.
	Authentication Authentication
	// RedirectURI is where the browser comes back with a code: registered, compared to the character. Required for
	// [Client.AuthCodeURL].
	RedirectURI string
	// PostLogoutRedirectURI is where the browser comes back after a logout, registered too. Optional.
	PostLogoutRedirectURI string
	// Scopes are asked for. nil: openid and scope_all.
	Scopes []string
	// ACRValues are the levels asked for; Pro Santé Connect refuses a login without. nil: eidas1.
	ACRValues []string
	// AcceptedACR lists the levels that an ID token may have. nil: eidas1 and above, not below the lowest of
	// ACRValues (who asks for eidas1 is known to get eidas3).
	AcceptedACR []string
	// Issuer is the provider. Empty: the one of the Environment, [IssuerProduction] or [IssuerSandbox]; required in
	// segur.Fake.
	Issuer string
	// Pause waits between two polls of a backchannel login. nil: a timer.
	Pause func(ctx context.Context, d time.Duration) error
	// Settings are what is not settled in public documents.
	Settings Settings
}

// The issuers of Pro Santé Connect.
const (
	// IssuerProduction is the provider of real professionals.
	IssuerProduction = "https://auth.esw.esante.gouv.fr/auth/realms/esante-wallet"
	// IssuerSandbox is the provider of test identities ("bac à sable", BAS).
	IssuerSandbox = "https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet"
)

// Settings hold the values that public documents leave open. The zero value takes the best known ones.
type Settings struct {
	// DiscoveryPath follows the issuer. Empty: "/.well-known/wallet-openid-configuration"; the standard path gives a
	// document without the wallet page.
	DiscoveryPath string
	// MetadataLifetime is how long the discovery document and the key set are kept. 0: 24 hours.
	MetadataLifetime time.Duration
	// SigningAlgorithms are accepted for ID tokens and signed UserInfo: RS, PS and ES with 256, 384 or 512. nil:
	// RS256, the one that Pro Santé Connect documents.
	SigningAlgorithms []string
	// ClockSkew is tolerated on iat, nbf and auth_time. 0: 60 seconds.
	ClockSkew time.Duration
	// TrustedAudiences may stand beside ClientID in the aud of an ID token. nil: none.
	TrustedAudiences []string
	// RequireResponseIssuer refuses a callback without the parameter iss (RFC 9207), which the discovery document
	// announces and the documented callbacks do not show. When it is there it is always checked.
	RequireResponseIssuer bool
	// RefreshBefore is what is left to an access token when it is renewed. 0: 30 seconds; never more than half of the
	// token's life.
	RefreshBefore time.Duration
	// LoginLifetime is how long a login may take in the browser. 0: 10 minutes.
	LoginLifetime time.Duration
	// BindingMessage is the form of the message of a backchannel login. nil: two digits.
	BindingMessage *regexp.Regexp
}

const (
	defaultDiscoveryPath = "/.well-known/wallet-openid-configuration"
	scopeOpenID          = "openid"
)

var (
	twoDigits  = regexp.MustCompile(`^[0-9]{2}$`)
	eidas      = regexp.MustCompile(`^eidas([1-9])$`)
	scopeToken = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`) // RFC 6749 section 3.3
	algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)

// withDefaults fills what is unset. Slices are copied: the client is immutable.
func (c Config) withDefaults() Config {
	c.ClientConfig = c.ClientConfig.WithDefaults()
	if c.Issuer == "" {
		switch c.Environment {
		case segur.Production:
			c.Issuer = IssuerProduction
		case segur.Qualification:
			c.Issuer = IssuerSandbox
		}
	}
	if c.Authentication == "" {
		c.Authentication = MutualTLS
		if c.ClientSecret != "" {
			c.Authentication = SecretBasic
		}
	}
	c.Scopes = orDefault(c.Scopes, scopeOpenID, "scope_all")
	c.ACRValues = orDefault(c.ACRValues, "eidas1")
	c.AcceptedACR = slices.Clone(c.AcceptedACR)
	if c.Pause == nil {
		c.Pause = pause
	}
	s := &c.Settings
	s.SigningAlgorithms = orDefault(s.SigningAlgorithms, "RS256")
	s.TrustedAudiences = slices.Clone(s.TrustedAudiences)
	if s.DiscoveryPath == "" {
		s.DiscoveryPath = defaultDiscoveryPath
	}
	for _, d := range []struct {
		v   *time.Duration
		def time.Duration
	}{{&s.MetadataLifetime, 24 * time.Hour}, {&s.ClockSkew, time.Minute}, {&s.RefreshBefore, 30 * time.Second}, {&s.LoginLifetime, 10 * time.Minute}} {
		if *d.v == 0 {
			*d.v = d.def
		}
	}
	if s.BindingMessage == nil {
		s.BindingMessage = twoDigits
	}
	return c
}

func orDefault(v []string, def ...string) []string {
	if v == nil {
		return def
	}
	return slices.Clone(v)
}

// check adds everything that is wrong with c, defaults filled, to p.
func (c *Config) check(p *segur.Problems) {
	c.ClientConfig.Check(p)
	p.Require("clientID", c.ClientID)
	segur.CheckEndpoint(p, "issuer", c.Issuer)
	c.checkAuthentication(p)
	if c.RedirectURI != "" {
		checkRedirect(p, "redirectURI", c.RedirectURI)
	}
	if c.PostLogoutRedirectURI != "" {
		checkRedirect(p, "postLogoutRedirectURI", c.PostLogoutRedirectURI)
	}
	checkTokens(p, "scopes", c.Scopes)
	if !slices.Contains(c.Scopes, scopeOpenID) {
		p.Add("scopes", "must hold openid")
	}
	checkTokens(p, "acrValues", c.ACRValues)
	if len(c.ACRValues) == 0 {
		p.Add("acrValues", "must name a level: Pro Santé Connect refuses a login without")
	}
	s := &c.Settings
	if !strings.HasPrefix(s.DiscoveryPath, "/") || strings.ContainsAny(s.DiscoveryPath, "?#") {
		p.Add("settings.discoveryPath", "must begin with a slash and hold no query")
	}
	for _, a := range s.SigningAlgorithms {
		if !slices.Contains(algorithms, a) {
			p.Add("settings.signingAlgorithms", "must be among "+strings.Join(algorithms, ", ")+": a signature by a public key")
			break
		}
	}
	if len(s.SigningAlgorithms) == 0 {
		p.Add("settings.signingAlgorithms", "must name an algorithm")
	}
	for _, d := range []struct {
		field string
		v     time.Duration
	}{{"settings.metadataLifetime", s.MetadataLifetime}, {"settings.clockSkew", s.ClockSkew},
		{"settings.refreshBefore", s.RefreshBefore}, {"settings.loginLifetime", s.LoginLifetime}} {
		if d.v < 0 {
			p.Add(d.field, "must not be negative")
		}
	}
	if s.ClockSkew > 5*time.Minute {
		p.Add("settings.clockSkew", "must be 5 minutes at most")
	}
}

func (c *Config) checkAuthentication(p *segur.Problems) {
	switch c.Authentication {
	case SecretBasic, SecretPost:
		p.Require("clientSecret", string(c.ClientSecret))
	case MutualTLS:
		if c.ClientSecret != "" {
			p.Add("clientSecret", "must be unset with psc.MutualTLS: a secret that is not sent is only a risk")
		}
		if c.Credentials == nil && c.HTTPClient == nil {
			p.Add("credentials", "are required with psc.MutualTLS, or a clientSecret with another authentication")
		}
	default:
		p.Add("authentication", "unknown: use psc.SecretBasic, psc.SecretPost or psc.MutualTLS")
	}
}

// checkRedirect wants https, or http on this machine: programs of the workstation listen there (RFC 8252).
func checkRedirect(p *segur.Problems, field, uri string) {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Host == "":
		p.Add(field, "must be an absolute URL")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		p.Add(field, "must be https, or http on the loopback")
	case u.User != nil || strings.Contains(uri, "#"):
		p.Add(field, "must have no user and no fragment")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func checkTokens(p *segur.Problems, field string, values []string) {
	for _, v := range values {
		if !scopeToken.MatchString(v) {
			p.Add(field, "must be words without blank")
			return
		}
	}
}

// acceptsACR says whether a login of this level is enough.
func (c *Config) acceptsACR(acr string) bool {
	if c.AcceptedACR != nil {
		return slices.Contains(c.AcceptedACR, acr)
	}
	got := eidas.FindString(acr)
	lowest, other := "", false
	for _, v := range c.ACRValues {
		switch {
		case !eidas.MatchString(v):
			other = other || v == acr
		case lowest == "" || v < lowest:
			lowest = v
		}
	}
	return other || got != "" && lowest != "" && got >= lowest
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
