package psc_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

func gone(t *testing.T, s *psc.Session) {
	t.Helper()
	assert.True(t, s.Ended())
	_, err := s.Token(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded)
	_, err = s.Renew(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded)
}

func TestLogout(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	s := p.login(t, c, psctest.Decision{})
	other := p.login(t, c, psctest.Decision{User: waits})
	require.NoError(t, s.Logout(t.Context()))
	gone(t, s)
	assert.Equal(t, 1, p.OpenSessions(), "nobody else's")
	assert.Equal(t, 1, p.count(psctest.OpLogout, ""))
	assert.Equal(t, 1, p.count(psctest.OpRevoke, ""), "the access token too")
	require.NoError(t, s.Logout(t.Context()), "again is nothing")
	assert.Equal(t, 1, p.count(psctest.OpLogout, ""))
	token(t, other)

	p.EndSessions()
	require.NoError(t, other.Logout(t.Context()), "the provider has ended it already")
	gone(t, other)
}

func TestLogoutIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	p.Fail(psctest.Fault{Op: psctest.OpLogout, DropRequest: true}, psctest.Fault{Op: psctest.OpLogout, Status: 503})
	for range 2 {
		err := s.Logout(t.Context())
		refused(t, err, segur.KindUnavailable, "")
		gone(t, s)
		assert.Equal(t, 1, p.OpenSessions())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Logout(ctx), context.Canceled)
	require.NoError(t, s.Logout(t.Context()))
	assert.Zero(t, p.OpenSessions())
}

// Without the endpoint of logout, revoking the refresh token ends the session.
func TestLogoutByRevocation(t *testing.T) {
	t.Parallel()
	p := start(t, psctest.WithoutEndpoints("end_session_endpoint"))
	s := p.login(t, p.client(t), psctest.Decision{})
	_, _, err := s.LogoutURL(t.Context())
	refused(t, err, segur.KindRefused, "")
	assert.False(t, s.Ended())
	require.NoError(t, s.Logout(t.Context()))
	gone(t, s)
	assert.Zero(t, p.OpenSessions())
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	p.Fail(psctest.Fault{Op: psctest.OpRevoke, DropBeforeResponse: true})
	refused(t, s.Revoke(t.Context()), segur.KindUnavailable, "")
	gone(t, s)
	require.NoError(t, s.Revoke(t.Context()))
	assert.Zero(t, p.OpenSessions())
	assert.Zero(t, p.count(psctest.OpLogout, ""))
}

func TestLogoutURL(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	access := token(t, s)
	target, state, err := s.LogoutURL(t.Context())
	require.NoError(t, err)
	gone(t, s)
	u, err := url.Parse(target)
	require.NoError(t, err)
	assert.Equal(t, psctest.PostLogoutRedirectURI, u.Query().Get("post_logout_redirect_uri"))
	assert.NotContains(t, target, access)
	assert.Equal(t, 1, p.OpenSessions(), "the browser has not been there yet")
	back, err := p.Logout(t.Context(), target)
	require.NoError(t, err)
	assert.Equal(t, []string{state}, back["state"])
	assert.Len(t, state, 43)
	assert.Zero(t, p.OpenSessions())
	_, _, err = p.login(t, p.client(t, func(c *psc.Config) { c.PostLogoutRedirectURI = "https://autre.example" }), psctest.Decision{}).LogoutURL(t.Context())
	require.NoError(t, err)
}

// A logout that meets a renewal gives no token out any more, and ends what the renewal brings: the provider may know the
// session by the new refresh token only.
func TestLogoutEndsRotatedTokens(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		end  func(*psc.Session, context.Context) error
		opts []psctest.Option
	}{
		"logout": {(*psc.Session).Logout, nil}, "revoke": {(*psc.Session).Revoke, nil},
		"logout by revocation": {(*psc.Session).Logout, []psctest.Option{psctest.WithoutEndpoints("end_session_endpoint")}},
	} {
		p := start(t, try.opts...)
		s := p.login(t, p.client(t), psctest.Decision{})
		p.clock.Advance(2 * time.Minute)
		arrived, proceed := make(chan struct{}), make(chan struct{})
		p.Fail(psctest.Fault{Op: psctest.OpToken, Alter: func(b []byte) []byte {
			close(arrived)
			<-proceed
			return b
		}})
		renewed, ended := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := s.Token(t.Context())
			renewed <- err
		}()
		<-arrived
		short, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, try.end(s, short), context.Canceled, name)
		gone(t, s)
		go func() { ended <- try.end(s, t.Context()) }()
		close(proceed)
		require.ErrorIs(t, <-renewed, psc.ErrSessionEnded, name)
		require.NoError(t, <-ended, name)
		assert.Zero(t, p.OpenSessions(), name)
	}
}
