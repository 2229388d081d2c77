package mssante

import (
	"context"
	"encoding/base64"

	"github.com/emersion/go-sasl"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// xoauth2 is the SASL mechanism that the reference for client software asks
// for: "user=<mailbox>^Aauth=Bearer <token>^A^A".
type xoauth2 struct {
	user, token string
	alone       bool // on a line of its own, after the server's go-ahead
	sent        bool
}

// Lengths beyond which a token goes on a line of its own, once in base64: RFC
// 4954 section 4 for SMTP; RFC 2683 section 3.2.1.5 asks IMAP servers for
// 8,000 bytes.
const (
	maxSMTPInitial = 12_288
	maxIMAPInitial = 7_900
)

func (x *xoauth2) frame() []byte {
	return []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01")
}

func (x *xoauth2) long(limit int) bool { return base64.StdEncoding.EncodedLen(len(x.frame())) > limit }

func (x *xoauth2) Start() (string, []byte, error) {
	if x.alone {
		return "XOAUTH2", nil, nil
	}
	x.sent = true
	return "XOAUTH2", x.frame(), nil
}

// Next sends the token when it did not leave yet, and answers the JSON that
// explains a refusal with an empty line, which gets the final answer.
func (x *xoauth2) Next([]byte) ([]byte, error) {
	if !x.sent {
		x.sent = true
		return x.frame(), nil
	}
	return []byte{}, nil
}

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
		return &xoauth2{user: c.cfg.Mailbox, token: token}, nil
	}
	if offers("EXTERNAL") {
		return sasl.NewExternalClient(c.cfg.Mailbox), nil
	}
	return nil, nil //nolint:nilnil // documented
}
