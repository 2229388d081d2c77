package mssante

import (
	"context"

	"github.com/emersion/go-sasl"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// xoauth2 is the SASL mechanism that the reference for client software asks
// for: "user=<mailbox>^Aauth=Bearer <token>^A^A".
type xoauth2 struct{ user, token string }

func (x xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the JSON that explains a refusal with an empty line, which
// gets the final answer.
func (xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }

// mechanism chooses a SASL mechanism among those that the server offers. nil
// means that TLS alone opens the mailbox.
func (c *Client) mechanism(ctx context.Context, s *transport.Session, offers func(string) bool) (sasl.Client, error) {
	missing := func(name string) error {
		return s.Error(segur.KindAuthentication, "the server does not offer "+name+" to open the mailbox", nil)
	}
	switch c.cfg.Auth {
	case Password:
		if !offers("PLAIN") {
			return nil, missing("SASL PLAIN")
		}
		return sasl.NewPlainClient("", c.cfg.Mailbox, c.cfg.Password), nil
	case Token:
		bearer := offers("OAUTHBEARER")
		if !offers("XOAUTH2") && !bearer {
			return nil, missing("SASL XOAUTH2")
		}
		token, err := c.cfg.Token(ctx)
		if err != nil {
			kind := segur.KindOf(err)
			if kind == segur.KindUnknown {
				kind = segur.KindAuthentication
			}
			return nil, s.Error(kind, "no access token: nothing was sent", err)
		}
		if token == "" || hasControl(token) {
			return nil, s.Error(segur.KindAuthentication, "the access token is empty or has control characters: nothing was sent", nil)
		}
		if !offers("XOAUTH2") {
			return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: c.cfg.Mailbox, Token: token}), nil
		}
		return xoauth2{c.cfg.Mailbox, token}, nil
	}
	if offers("EXTERNAL") {
		return sasl.NewExternalClient(c.cfg.Mailbox), nil
	}
	return nil, nil //nolint:nilnil // documented
}
