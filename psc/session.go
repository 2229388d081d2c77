package psc

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// Session is one user logged in. Its tokens live in memory only and are never printed. It is safe for concurrent use.
//
// Nothing is renewed in the background: a session that nobody uses ends by itself, as the rules of Pro Santé Connect
// ask. Token, as a method value, serves as mssante.Config.Token and dmp.Config.BearerToken, and AuthenticatedAt as
// dmp.Config.AuthenticatedAt.
type Session struct {
	c       *Client
	nonce   string
	login   time.Time
	renewal flight[string]

	mu     sync.Mutex
	tokens tokens
	claims Claims
	ended  bool
}

const opRefresh = "psc.refresh"

// ErrSessionEnded is the cause of errors of a session that was logged out, revoked or refused by the provider: the user
// has to log in again.
var ErrSessionEnded = errors.New("the session has ended")

func endedError(op string) error {
	return &segur.Error{Op: op, Kind: segur.KindAuthentication, Message: "log in again", Help: loginAgain, Err: ErrSessionEnded}
}

// Token returns an access token that lives some time yet, renewed when Settings.RefreshBefore or less is left. Callers
// at the same moment share one renewal, which goes on when one of them gives up. When the provider refuses it the
// session ends ([ErrSessionEnded]); when the provider cannot be reached, the present token is given as long as it lives.
func (s *Session) Token(ctx context.Context) (string, error) {
	if ctx.Err() != nil {
		return "", contextError(ctx, opRefresh)
	}
	s.mu.Lock()
	t, ended, now := s.tokens, s.ended, s.c.cfg.Clock()
	s.mu.Unlock()
	if ended {
		return "", endedError(opRefresh)
	}
	if t.fresh(now, s.c.cfg.Settings.RefreshBefore) {
		return t.access, nil
	}
	if t.refresh == "" && now.Before(t.accessUntil) {
		return t.access, nil // the last one of a session that cannot be renewed
	}
	access, err := s.renewal.do(ctx, opRefresh, func(ctx context.Context) (string, error) { return s.renew(ctx, t.access) })
	var e *segur.Error
	if errors.As(err, &e) && e.Retryable() && ctx.Err() == nil && s.c.cfg.Clock().Before(t.accessUntil) && s.alive() {
		return t.access, nil
	}
	return access, err
}

// Renew renews the access token whatever is left of it, for a service that refuses it: it may have been revoked.
func (s *Session) Renew(ctx context.Context) (string, error) {
	s.mu.Lock()
	seen, ended := s.tokens.access, s.ended
	s.mu.Unlock()
	if ended {
		return "", endedError(opRefresh)
	}
	return s.renewal.do(ctx, opRefresh, func(ctx context.Context) (string, error) { return s.renew(ctx, seen) })
}

func (t *tokens) fresh(now time.Time, before time.Duration) bool {
	return now.Before(t.accessUntil.Add(-min(before, t.accessLife/2)))
}

func (s *Session) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.ended
}

// renew sends the refresh token, unless the caller's idea of the access token, seen, is out of date.
func (s *Session) renew(ctx context.Context, seen string) (string, error) {
	s.mu.Lock()
	t, ended := s.tokens, s.ended
	s.mu.Unlock()
	now := s.c.cfg.Clock()
	switch {
	case ended:
		return "", endedError(opRefresh)
	case t.access != seen:
		return t.access, nil
	case t.refresh == "" || !t.refreshUntil.IsZero() && !now.Before(t.refreshUntil):
		s.end()
		return "", endedError(opRefresh)
	}
	next, err := s.c.askToken(ctx, opRefresh, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.refresh}})
	if err != nil {
		return "", s.refreshFailed(err)
	}
	claims := (*Claims)(nil)
	if next.id != "" {
		s.mu.Lock()
		before := s.claims
		s.mu.Unlock()
		claims, err = s.c.verifyIDToken(ctx, opRefresh, next.id, expectation{accessToken: next.access, before: &before, keptNonce: s.nonce})
		if k := segur.KindOf(err); k == segur.KindAuthentication || k == segur.KindSignature || k == segur.KindProtocol || k == segur.KindTooLarge {
			// Another user's tokens, or nobody's: none of them may serve.
			s.end()
			return "", &segur.Error{Op: opRefresh, Kind: k, Message: "the renewed tokens are refused and the session has ended", Help: loginAgain,
				Err: errors.Join(ErrSessionEnded, err)}
		}
	}
	return s.take(next, claims, err)
}

// take puts the new tokens in the place of the old. failed is why the new ID token could not be verified for now: the
// refresh token, which may be the only one valid by now, is kept, and the access token is not.
func (s *Session) take(next *tokens, claims *Claims, failed error) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next.refresh == "" {
		next.refresh, next.refreshUntil = s.tokens.refresh, s.tokens.refreshUntil
	}
	if next.id == "" || failed != nil {
		next.id = s.tokens.id
	}
	if next.scope == nil {
		next.scope = s.tokens.scope
	}
	if failed != nil {
		next.access, next.accessUntil, next.accessLife = s.tokens.access, s.tokens.accessUntil, s.tokens.accessLife
		s.tokens = *next
		return "", failed
	}
	s.tokens = *next
	if s.ended { // logged out meanwhile: Logout called again ends these tokens
		return "", endedError(opRefresh)
	}
	if claims != nil {
		kept := s.claims
		s.claims = *claims
		if s.claims.AuthenticatedAt.IsZero() {
			s.claims.AuthenticatedAt = kept.AuthenticatedAt
		}
		if s.claims.ACR == "" {
			s.claims.ACR, s.claims.AMR = kept.ACR, kept.AMR
		}
		if s.claims.PreferredUsername == "" {
			s.claims.PreferredUsername = kept.PreferredUsername
		}
	}
	return next.access, nil
}

// refreshFailed ends the session when the provider refuses. An answer that was lost is not an unknown outcome for the
// caller: nothing but this session depends on it, and asking again is safe.
func (s *Session) refreshFailed(err error) error {
	var e *segur.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Code == codeGrant:
		s.end()
		return &segur.Error{Op: opRefresh, Kind: segur.KindAuthentication, Code: e.Code, Status: e.Status,
			Message: "the provider does not renew the session", Help: loginAgain, Err: ErrSessionEnded}
	case e.Kind == segur.KindOutcomeUnknown:
		return &segur.Error{Op: opRefresh, Kind: segur.KindUnavailable, Message: "the answer to the renewal was lost", Status: e.Status}
	}
	return err
}

// end forgets the tokens.
func (s *Session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.tokens = true, tokens{}
}

// Claims returns those of the last ID token.
func (s *Session) Claims() Claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.claims
	c.AMR = slices.Clone(c.AMR)
	return c
}

// AuthenticatedAt is when the user logged in; when the provider did not say, when the first ID token was made.
func (s *Session) AuthenticatedAt() time.Time { return s.login }

// Scopes are those that were granted, as far as the provider told.
func (s *Session) Scopes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tokens.scope)
}

// Expiry tells until when the present access token lives, and until when the session can be renewed; zero when the
// provider does not say, or once the session has ended.
func (s *Session) Expiry() (token, session time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens.refresh == "" {
		return s.tokens.accessUntil, s.tokens.accessUntil
	}
	return s.tokens.accessUntil, s.tokens.refreshUntil
}

// Ended reports whether the user has to log in again. A session may end at the provider without a word: then the next
// renewal finds out.
func (s *Session) Ended() bool { return !s.alive() }
