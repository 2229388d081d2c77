package psc

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/segur-sdk/segur"
)

// Claims are those of a verified ID token. Its printed forms are redacted.
type Claims struct {
	// Subject is the key of the account at the provider. Its form changes in 2026: compare it, never take it apart.
	Subject string
	// PreferredUsername is the national identifier, when the token has it.
	PreferredUsername string
	// ACR is the level of the login, such as "eidas1"; AMR its means, such as "CARD" or "MOBILE", when told.
	ACR string
	AMR []string
	// AuthenticatedAt is when the user logged in; zero when the provider does not say.
	AuthenticatedAt time.Time
	// IssuedAt and Expiry are those of the token, not of the session.
	IssuedAt, Expiry time.Time
	// SessionID is that of the provider (sid, or session_state).
	SessionID string
}

// expectation is what an ID token has to say beside what all have to.
type expectation struct {
	// nonce is that of the login; empty: the flow has none.
	nonce string
	// keptNonce is the one that a renewed token has, if it has one.
	keptNonce string
	// level wants an accepted acr.
	level bool
	// accessToken is what at_hash, when there, is about.
	accessToken string
	// notBefore wants an auth_time at or after it, the skew aside. Zero: none wanted.
	notBefore time.Time
	// before are the claims of the session that is renewed (OpenID Connect Core section 12.2).
	before *Claims
}

// rawClaims is the payload of an ID token.
type rawClaims struct {
	Issuer            string   `json:"iss"`
	Subject           string   `json:"sub"`
	Audience          audience `json:"aud"`
	AuthorizedParty   *string  `json:"azp"`
	Expiry            *seconds `json:"exp"`
	IssuedAt          *seconds `json:"iat"`
	NotBefore         *seconds `json:"nbf"`
	AuthTime          *seconds `json:"auth_time"`
	Nonce             *string  `json:"nonce"`
	ACR               *string  `json:"acr"`
	AMR               audience `json:"amr"`
	AccessTokenHash   string   `json:"at_hash"`
	Type              string   `json:"typ"`
	PreferredUsername string   `json:"preferred_username"`
	SessionID         string   `json:"sid"`
	SessionState      string   `json:"session_state"`
}

// audience is one text or a list of texts.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

func (a audience) holds(client string) bool { return slices.Contains(a, client) }

// seconds is a NumericDate (RFC 7519 section 2).
type seconds time.Time

func (s *seconds) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if math.Abs(f) > 1<<40 { // the year 36,812
		return errors.New("not a date")
	}
	*s = seconds(time.Unix(int64(f), 0).UTC())
	return nil
}

func (s *seconds) time() time.Time {
	if s == nil {
		return time.Time{}
	}
	return time.Time(*s)
}

// verifyIDToken checks everything that OpenID Connect Core section 3.1.3.7 asks for: the signature with a key of the
// provider and an algorithm of ours, then the claims, which are reported together.
func (c *Client) verifyIDToken(ctx context.Context, op, raw string, want expectation) (*Claims, error) {
	token, payload, err := c.verifyJWT(ctx, op, raw)
	var claims rawClaims
	if payload != nil {
		if json.Unmarshal(payload, &claims) != nil {
			return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the claims of the ID token cannot be read"}
		}
		var p segur.Problems
		c.checkClaims(&p, &claims, want)
		if token != nil && claims.AccessTokenHash != "" && token.VerifyAccessToken(want.accessToken) != nil {
			p.Add("idToken.at_hash", "must be that of the access token")
		}
		if !p.Empty() {
			return nil, &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "the ID token is refused", Details: p.Details(), Help: loginAgain}
		}
	}
	if err != nil {
		return nil, err
	}
	out := &Claims{
		Subject: claims.Subject, PreferredUsername: claims.PreferredUsername, AMR: claims.AMR,
		AuthenticatedAt: claims.AuthTime.time(), IssuedAt: claims.IssuedAt.time(), Expiry: claims.Expiry.time(), SessionID: claims.SessionID,
	}
	if claims.ACR != nil {
		out.ACR = *claims.ACR
	}
	if out.SessionID == "" {
		out.SessionID = claims.SessionState
	}
	return out, nil
}

// verifyJWT has go-oidc verify the signature, the issuer, the audience and the expiry. The payload is returned when the
// signature is right, even if something else is not: the caller says what.
func (c *Client) verifyJWT(ctx context.Context, op, raw string) (*oidc.IDToken, []byte, error) {
	set, err := c.prepare(op, raw, maxToken)
	if err != nil {
		return nil, nil, err
	}
	token, err := c.verifier(set, false).Verify(ctx, raw)
	switch {
	case err == nil:
		return token, set.payload, nil
	case set.err != nil:
		return nil, nil, inOperation(op, set.err)
	}
	// The text of go-oidc quotes the token and is left out.
	return nil, set.payload, &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "the token is refused"}
}

// verifySignature verifies the signature alone and returns the payload.
func (c *Client) verifySignature(ctx context.Context, op, raw string, limit int) ([]byte, error) {
	set, err := c.prepare(op, raw, limit)
	if err != nil {
		return nil, err
	}
	if _, err := c.verifier(set, true).Verify(ctx, raw); set.err != nil {
		return nil, inOperation(op, set.err)
	} else if err != nil {
		return nil, &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the token cannot be read"}
	}
	return set.payload, nil
}

func (c *Client) verifier(set oidc.KeySet, signatureOnly bool) *oidc.IDTokenVerifier {
	return oidc.NewVerifier(c.cfg.Issuer, set, &oidc.Config{
		ClientID: c.cfg.ClientID, SupportedSigningAlgs: c.cfg.Settings.SigningAlgorithms, Now: c.cfg.Clock,
		SkipClientIDCheck: signatureOnly, SkipExpiryCheck: signatureOnly, SkipIssuerCheck: signatureOnly,
	})
}

// prepare refuses, before go-oidc does, what go-oidc says in words only.
func (c *Client) prepare(op, raw string, limit int) (*keySet, error) {
	if len(raw) > limit {
		return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Message: "the token is too long"}
	}
	h, err := parseHeader(raw)
	if err != nil {
		return nil, inOperation(op, err)
	}
	if !slices.Contains(c.cfg.Settings.SigningAlgorithms, h.Algorithm) {
		return nil, &segur.Error{Op: op, Kind: segur.KindSignature, Message: "the algorithm of the token is not in settings.signingAlgorithms"}
	}
	return &keySet{c: c}, nil
}

// inOperation gives err the operation that met it.
func inOperation(op string, err error) error {
	var known *segur.Error
	if !errors.As(err, &known) {
		return err
	}
	e := *known
	e.Op = op
	return &e
}

func (c *Client) checkClaims(p *segur.Problems, t *rawClaims, want expectation) {
	now, skew := c.cfg.Clock(), c.cfg.Settings.ClockSkew
	if t.Issuer != c.cfg.Issuer {
		p.Add("idToken.iss", "must be the provider")
	}
	if t.Subject == "" {
		p.Add("idToken.sub", "is required")
	}
	c.checkAudience(p, t)
	if t.Expiry == nil || t.Expiry.time().Before(now) {
		p.Add("idToken.exp", "must not have passed")
	}
	if t.IssuedAt == nil || t.IssuedAt.time().After(now.Add(skew)) {
		p.Add("idToken.iat", "must be there and not in the future")
	}
	if t.NotBefore.time().After(now.Add(skew)) {
		p.Add("idToken.nbf", "must not be in the future")
	}
	if t.AuthTime.time().After(now.Add(skew)) {
		p.Add("idToken.auth_time", "must not be in the future")
	}
	if t.Type != "" && t.Type != "ID" {
		p.Add("idToken.typ", "must be that of an ID token")
	}
	if want.nonce != "" && (t.Nonce == nil || !same(*t.Nonce, want.nonce)) {
		p.Add("idToken.nonce", "must be that of the login")
	}
	if want.keptNonce != "" && t.Nonce != nil && !same(*t.Nonce, want.keptNonce) {
		p.Add("idToken.nonce", "must stay that of the session")
	}
	if want.level && t.ACR == nil || t.ACR != nil && !c.cfg.acceptsACR(*t.ACR) {
		p.Add("idToken.acr", "must be a level that is accepted")
	}
	if !want.notBefore.IsZero() && (t.AuthTime == nil || t.AuthTime.time().Before(want.notBefore.Add(-skew))) {
		p.Add("idToken.auth_time", "must be that of a login as recent as asked for")
	}
	if b := want.before; b != nil {
		if t.Subject != b.Subject {
			p.Add("idToken.sub", "must stay that of the session")
		}
		if t.AuthTime != nil && !b.AuthenticatedAt.IsZero() && !t.AuthTime.time().Equal(b.AuthenticatedAt) {
			p.Add("idToken.auth_time", "must stay that of the session")
		}
	}
}

func (c *Client) checkAudience(p *segur.Problems, t *rawClaims) {
	if !t.Audience.holds(c.cfg.ClientID) {
		p.Add("idToken.aud", "must hold the client")
	}
	for _, a := range t.Audience {
		if a != c.cfg.ClientID && !slices.Contains(c.cfg.Settings.TrustedAudiences, a) {
			p.Add("idToken.aud", "must hold nobody else who is not in settings.trustedAudiences")
			break
		}
	}
	if t.AuthorizedParty != nil && *t.AuthorizedParty != c.cfg.ClientID || t.AuthorizedParty == nil && len(t.Audience) > 1 {
		p.Add("idToken.azp", "must be the client")
	}
}
