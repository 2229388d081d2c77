package transport

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"slices"

	"github.com/segur-sdk/segur"
)

// TLSConfig returns the TLS side of cfg for a protocol that is not HTTP (SMTP,
// IMAP): versions, suites, roots, clock, and the client certificate that the
// source gives now, which is also returned (nil when cfg has no source). host
// is the name that the server's certificate must carry, unless cfg.ServerName
// says otherwise. Ask again for each connection: the certificate may have been
// renewed.
func TLSConfig(ctx context.Context, op string, cfg segur.ClientConfig, o Options, host string) (*tls.Config, segur.Credential, error) {
	cred, err := credentialOf(ctx, cfg)
	if err != nil {
		return nil, nil, noCredential(ctx, op, err)
	}
	t := tlsConfig(cfg, o, cred, func() segur.Credential { return cred })
	checkWithin(ctx, t, cfg.CheckChain)
	if t.ServerName == "" {
		t.ServerName = host
	}
	return t, cred, nil
}

var errNoCredential = errors.New("the credential source gave no certificate")

// credentialOf returns nil when there is no source.
func credentialOf(ctx context.Context, cfg segur.ClientConfig) (segur.Credential, error) {
	if cfg.Credentials == nil {
		return nil, nil //nolint:nilnil // documented
	}
	cred, err := cfg.Credentials.Credential(ctx)
	if err != nil {
		return nil, err
	}
	if cred == nil || len(cred.Chain()) == 0 || cred.Chain()[0] == nil {
		return nil, errNoCredential
	}
	return cred, nil
}

func noCredential(ctx context.Context, op string, err error) *segur.Error {
	const message = "no credential to present: nothing was sent"
	if ctx.Err() != nil {
		return ContextError(op, ctx.Err())
	}
	if kind := segur.KindOf(err); kind != segur.KindUnknown {
		return &segur.Error{Op: op, Kind: kind, Message: message, Err: err}
	}
	return &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: message, Err: err}
}

// aeadSuites is what TLS 1.2 may use where the service fixes nothing.
var aeadSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// tlsConfig presents what latest gives; cred decides on the version.
func tlsConfig(cfg segur.ClientConfig, o Options, cred segur.Credential, latest func() segur.Credential) *tls.Config {
	t := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		MaxVersion:   o.MaxTLS,
		CipherSuites: o.CipherSuites,
		RootCAs:      cfg.RootCAs,
		ServerName:   cfg.ServerName,
		Time:         cfg.Clock,
	}
	if t.CipherSuites == nil {
		t.CipherSuites = aeadSuites
	}
	if check := cfg.CheckChain; check != nil {
		// net/http shakes hands by itself behind a proxy, and gives no context: the time of an attempt.
		t.VerifyConnection = func(s tls.ConnectionState) error {
			ctx, cancel := context.WithTimeout(context.Background(), cfg.Timeout)
			defer cancel()
			return judge(ctx, s, check)
		}
	}
	if cred == nil {
		return t
	}
	if s := schemes(cred); len(s) > 0 && !slices.ContainsFunc(s, inTLS13) {
		t.MaxVersion = tls.VersionTLS12
	}
	t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		c := latest()
		out := &tls.Certificate{PrivateKey: crypto.Signer(c), Leaf: c.Chain()[0], SupportedSignatureAlgorithms: schemes(c)}
		for _, x := range c.Chain() {
			out.Certificate = append(out.Certificate, x.Raw)
		}
		return out, nil
	}
	return t
}

// checkWithin makes the check of the chain end with ctx.
func checkWithin(ctx context.Context, t *tls.Config, check func(context.Context, segur.Chains) error) {
	if check != nil {
		t.VerifyConnection = func(s tls.ConnectionState) error { return judge(ctx, s, check) }
	}
}

// chainError is a refusal by the integrator's check. Nothing unwraps it: what it becomes is for explain.
type chainError struct{ err error }

func (e *chainError) Error() string { return "the check of the certificate chain failed" }

func judge(ctx context.Context, s tls.ConnectionState, check func(context.Context, segur.Chains) error) error {
	if err := check(ctx, segur.Chains{Verified: s.VerifiedChains, StapledOCSP: s.OCSPResponse}); err != nil {
		return &chainError{err}
	}
	return nil
}

// schemes returns what the key can do, when the credential says so. Cards and
// tokens without RSA-PSS do; TLS 1.3 is out of their reach.
func schemes(c segur.Credential) []tls.SignatureScheme {
	if l, ok := c.(interface {
		SupportedSignatureAlgorithms() []tls.SignatureScheme
	}); ok {
		return l.SupportedSignatureAlgorithms()
	}
	return nil
}

func inTLS13(s tls.SignatureScheme) bool {
	switch s {
	case tls.PKCS1WithSHA1, tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PKCS1WithSHA512, tls.ECDSAWithSHA1:
		return false
	}
	return true
}
