package psc

import (
	"context"
	"errors"
	"net/url"

	"github.com/segur-sdk/segur"
)

const (
	opLogout = "psc.logout"
	opRevoke = "psc.revoke"
)

// Logout ends the session of the user at Pro Santé Connect, for all services, and the access token with it. From its
// first call on the session gives no token any more, even when the provider cannot be reached; it may then be called
// again. It waits for a renewal that is on its way, whose tokens are to end too. A session that the provider has ended
// already is logged out.
func (s *Session) Logout(ctx context.Context) error {
	t, err := s.last(ctx, opLogout)
	if err != nil {
		return err
	}
	if t.refresh == "" && t.access == "" {
		return nil
	}
	m, err := s.c.provider(ctx)
	if err != nil {
		return named(opLogout, err)
	}
	if t.refresh != "" {
		// The provider knows the session by the refresh token; without the endpoint, its revocation ends the session
		// as well (RFC 7009 section 2.1).
		op, endpoint, form := opLogout, m.EndSession, url.Values{"client_id": {s.c.cfg.ClientID}, "refresh_token": {t.refresh}}
		if endpoint == "" {
			op, endpoint, form = opRevoke, m.Revocation, url.Values{"token": {t.refresh}, "token_type_hint": {"refresh_token"}}
		}
		if err := s.c.send(ctx, op, endpoint, form); err != nil {
			return err
		}
	}
	if m.Revocation != "" && t.access != "" {
		// Seconds are left to it at most: what this answers changes nothing for the user.
		_ = s.c.send(ctx, opRevoke, m.Revocation, url.Values{"token": {t.access}, "token_type_hint": {"access_token"}})
	}
	s.end()
	return nil
}

// Revoke ends the tokens of this service (RFC 7009) and leaves the session of the user at Pro Santé Connect, which
// other services use, as it is. Like after Logout the session gives no token any more.
func (s *Session) Revoke(ctx context.Context) error {
	t, err := s.last(ctx, opRevoke)
	if err != nil {
		return err
	}
	m, err := s.c.provider(ctx)
	if err != nil {
		return named(opRevoke, err)
	}
	for _, token := range []struct{ value, hint string }{{t.refresh, "refresh_token"}, {t.access, "access_token"}} {
		if token.value == "" {
			continue
		}
		if err := s.c.send(ctx, opRevoke, m.Revocation, url.Values{"token": {token.value}, "token_type_hint": {token.hint}}); err != nil {
			return err
		}
	}
	s.end()
	return nil
}

// LogoutURL ends the session in the browser instead: where to send it, and the state that it has to bring back to
// Config.PostLogoutRedirectURI. The URL carries the ID token (id_token_hint of OpenID Connect RP-Initiated Logout): it
// is for the redirect alone, and no log. The session gives no token any more.
func (s *Session) LogoutURL(ctx context.Context) (target, state string, err error) {
	m, err := s.c.provider(ctx)
	if err != nil {
		return "", "", named(opLogout, err)
	}
	if m.EndSession == "" {
		return "", "", &segur.Error{Op: opLogout, Kind: segur.KindRefused, Message: "the provider announces no endpoint for it"}
	}
	if state, err = s.c.random(opLogout, 32); err != nil {
		return "", "", err
	}
	t := s.close()
	if t.id == "" {
		return "", "", endedError(opLogout)
	}
	q := url.Values{"id_token_hint": {t.id}, "client_id": {s.c.cfg.ClientID}, "state": {state}}
	if s.c.cfg.PostLogoutRedirectURI != "" {
		q.Set("post_logout_redirect_uri", s.c.cfg.PostLogoutRedirectURI)
	}
	return m.EndSession + "?" + q.Encode(), state, nil
}

// close gives no token out from now on, and returns those that are to end.
func (s *Session) close() tokens {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	return s.tokens
}

// last closes the session and returns the tokens that no renewal will replace any more: the provider may know the session
// by the newest refresh token only.
func (s *Session) last(ctx context.Context, op string) (tokens, error) {
	s.close()
	if err := s.renewal.wait(ctx, op); err != nil {
		return tokens{}, err
	}
	return s.close(), nil
}

// send posts what repeats safely in its effect but is sent once, and takes an ended token for success.
func (c *Client) send(ctx context.Context, op, endpoint string, form url.Values) error {
	reply, err := c.post(ctx, op, endpoint, form)
	if err != nil {
		return lost(op, err)
	}
	err = refusal(op, reply)
	var e *segur.Error
	if errors.As(err, &e) && (e.Code == codeGrant || e.Code == "invalid_token") {
		return nil
	}
	return lost(op, err)
}

// lost turns an unknown outcome into what it is here: something to do again.
func lost(op string, err error) error {
	if segur.KindOf(err) != segur.KindOutcomeUnknown {
		return err
	}
	return &segur.Error{Op: op, Kind: segur.KindUnavailable, Message: "the answer was lost: call it again"}
}
