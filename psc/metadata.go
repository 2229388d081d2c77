package psc

import (
	"context"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// metadata is the discovery document (OpenID Connect Discovery 1.0, with the additions of CIBA, RFC 7009, RFC 7662,
// RFC 8705 and RFC 9207). It lists algorithms, flows and levels that are not all open: they are not trusted for what
// to accept.
type metadata struct {
	oidc.ProviderConfig
	EndSession    string `json:"end_session_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	Backchannel   string `json:"backchannel_authentication_endpoint"`
	// Aliases serve clients that authenticate by a certificate (RFC 8705 section 5).
	Aliases struct {
		Token         string `json:"token_endpoint"`
		UserInfo      string `json:"userinfo_endpoint"`
		Revocation    string `json:"revocation_endpoint"`
		Introspection string `json:"introspection_endpoint"`
		Backchannel   string `json:"backchannel_authentication_endpoint"`
	} `json:"mtls_endpoint_aliases"`
}

const (
	opDiscovery = "psc.discovery"

	// rediscovery is the pause after the document, or the key set, could not be read again.
	rediscovery = time.Minute
)

// check wants the issuer asked for, to the character: a document that names another one would have its tokens accepted.
func (m *metadata) check(cfg *Config) error {
	if m.IssuerURL != cfg.Issuer {
		return &segur.Error{Op: opDiscovery, Kind: segur.KindSignature, Message: "the discovery document is that of another issuer"}
	}
	var p segur.Problems
	for _, e := range []struct {
		field, url string
		required   bool
	}{
		{"authorization_endpoint", m.AuthURL, true}, {"token_endpoint", m.TokenURL, true}, {"jwks_uri", m.JWKSURL, true},
		{"userinfo_endpoint", m.UserInfoURL, false}, {"end_session_endpoint", m.EndSession, false},
		{"revocation_endpoint", m.Revocation, false}, {"introspection_endpoint", m.Introspection, false},
		{"backchannel_authentication_endpoint", m.Backchannel, false},
		{"mtls_endpoint_aliases.token_endpoint", m.Aliases.Token, false},
		{"mtls_endpoint_aliases.userinfo_endpoint", m.Aliases.UserInfo, false},
		{"mtls_endpoint_aliases.revocation_endpoint", m.Aliases.Revocation, false},
		{"mtls_endpoint_aliases.introspection_endpoint", m.Aliases.Introspection, false},
		{"mtls_endpoint_aliases.backchannel_authentication_endpoint", m.Aliases.Backchannel, false},
	} {
		if e.required || e.url != "" {
			segur.CheckEndpoint(&p, e.field, e.url)
		}
	}
	if len(m.Algorithms) > 0 && !slices.ContainsFunc(m.Algorithms, func(a string) bool {
		return slices.Contains(cfg.Settings.SigningAlgorithms, a)
	}) {
		p.Add("id_token_signing_alg_values_supported", "holds none of settings.signingAlgorithms")
	}
	if p.Empty() {
		return nil
	}
	return &segur.Error{Op: opDiscovery, Kind: segur.KindProtocol, Message: "the discovery document cannot be used", Details: p.Details()}
}

// forCertificate puts the aliases in the place of the endpoints.
func (m *metadata) forCertificate() {
	for _, e := range []struct {
		to   *string
		from string
	}{
		{&m.TokenURL, m.Aliases.Token}, {&m.UserInfoURL, m.Aliases.UserInfo}, {&m.Revocation, m.Aliases.Revocation},
		{&m.Introspection, m.Aliases.Introspection}, {&m.Backchannel, m.Aliases.Backchannel},
	} {
		if e.from != "" {
			*e.to = e.from
		}
	}
}

// provider returns the discovery document, read at most once in its lifetime. When it cannot be read again, the last
// good one goes on serving.
func (c *Client) provider(ctx context.Context) (*metadata, error) {
	now := c.cfg.Clock()
	c.mu.Lock()
	m, fresh := c.metadata, now.Before(c.until)
	c.mu.Unlock()
	if m != nil && fresh {
		return m, nil
	}
	read, err := c.discovery.do(ctx, opDiscovery, c.discover)
	if err != nil && m != nil && ctx.Err() == nil {
		// The last good document; every call would else wait for a provider that does not answer.
		c.mu.Lock()
		c.until = c.cfg.Clock().Add(min(rediscovery, c.cfg.Settings.MetadataLifetime))
		c.mu.Unlock()
		return m, nil
	}
	return read, err
}

func (c *Client) discover(ctx context.Context) (*metadata, error) {
	reply, err := c.rest.Do(ctx, transport.Call{Op: opDiscovery, URL: c.cfg.Issuer + c.cfg.Settings.DiscoveryPath,
		RepeatSafe: true, ResponseLimit: maxMetadata})
	if err != nil {
		return nil, err
	}
	if err := reply.StatusError(); err != nil {
		return nil, err
	}
	m := &metadata{}
	if err := decode(opDiscovery, reply, m); err != nil {
		return nil, err
	}
	if err := m.check(&c.cfg); err != nil {
		return nil, err
	}
	if c.cfg.Authentication == MutualTLS {
		m.forCertificate()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.metadata, c.until = m, c.cfg.Clock().Add(c.cfg.Settings.MetadataLifetime)
	return m, nil
}
