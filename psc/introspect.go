package psc

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

const opIntrospect = "psc.introspect"

// Introspection is what Pro Santé Connect says of an access token that another party sent (RFC 7662). Its printed forms
// are redacted.
type Introspection struct {
	// Active says that the token is valid now. When it is false nothing else is filled.
	Active bool
	// Subject and Username identify the user: the key of the account, and the national identifier.
	Subject, Username string
	// ClientID is the service that the token was made for.
	ClientID string
	// ACR is the level of the login.
	ACR string
	// Scopes were granted.
	Scopes []string
	// Expiry is when the token ends, AuthenticatedAt when the user logged in; zero when not told.
	Expiry, AuthenticatedAt time.Time
	// CertificateSHA256 is the certificate that the token is bound to, in base64url (RFC 8705); empty when to none.
	CertificateSHA256 string
	// Raw is the answer as it came.
	Raw json.RawMessage
}

// Introspect asks whether an access token that another party sent is valid: for services that receive them, such as the
// source of a DRIMbox. A token that is not active is no error. The answer is checked against the provider and the clock.
func (c *Client) Introspect(ctx context.Context, accessToken string) (*Introspection, error) {
	if len(accessToken) > maxToken || !bearer.MatchString(accessToken) {
		return nil, &segur.Error{Op: opIntrospect, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "accessToken", Message: "must be a token as a header carries it"}}}
	}
	m, err := c.provider(ctx)
	if err != nil {
		return nil, named(opIntrospect, err)
	}
	reply, err := c.post(ctx, opIntrospect, m.Introspection, url.Values{"token": {accessToken}, "token_type_hint": {"access_token"}})
	if err != nil {
		return nil, lost(opIntrospect, err)
	}
	if err := refusal(opIntrospect, reply); err != nil {
		return nil, lost(opIntrospect, err)
	}
	bad := func(message string) error {
		return &segur.Error{Op: opIntrospect, Kind: segur.KindProtocol, Message: message, Status: reply.Status}
	}
	if mediaType(reply.Header) != "application/json" {
		return nil, bad("the answer is not JSON")
	}
	out, issuer, err := parseIntrospection(reply.Body, bad)
	if err != nil {
		return nil, err
	}
	switch {
	case !out.Active:
		return out, nil
	case issuer != "" && issuer != c.cfg.Issuer:
		return nil, bad("the token is that of another issuer")
	case !out.Expiry.IsZero() && out.Expiry.Before(c.cfg.Clock().Add(-c.cfg.Settings.ClockSkew)):
		return nil, bad("the token is told active and has expired")
	}
	return out, nil
}

func parseIntrospection(body []byte, bad func(string) error) (*Introspection, string, error) {
	var a struct {
		Active            bool     `json:"active"`
		Issuer            string   `json:"iss"`
		Subject           string   `json:"sub"`
		Username          string   `json:"username"`
		PreferredUsername string   `json:"preferred_username"`
		ClientID          string   `json:"client_id"`
		AuthorizedParty   string   `json:"azp"`
		ACR               string   `json:"acr"`
		Scope             string   `json:"scope"`
		Expiry            *seconds `json:"exp"`
		AuthTime          *seconds `json:"auth_time"`
		Confirmation      struct {
			Certificate string `json:"x5t#S256"`
		} `json:"cnf"`
	}
	if err := decodeJSON(body, &a, bad); err != nil {
		return nil, "", err
	}
	if !a.Active {
		return &Introspection{Raw: slices.Clone(body)}, "", nil
	}
	out := &Introspection{Active: true, Subject: a.Subject, Username: a.Username, ClientID: a.ClientID, ACR: a.ACR, Scopes: strings.Fields(a.Scope),
		Expiry: a.Expiry.time(), AuthenticatedAt: a.AuthTime.time(), CertificateSHA256: a.Confirmation.Certificate, Raw: slices.Clone(body)}
	if out.Username == "" {
		out.Username = a.PreferredUsername
	}
	if out.ClientID == "" {
		out.ClientID = a.AuthorizedParty
	}
	return out, a.Issuer, nil
}
