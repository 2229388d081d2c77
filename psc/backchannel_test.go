package psc_test

import (
	"context"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

const (
	confirms = "899900000015" // at the second poll
	waits    = "899900000023" // for Server.Confirm
	ciba     = "urn:openid:params:grant-type:ciba"
)

func TestBackchannel(t *testing.T) {
	t.Parallel()
	for _, a := range []psc.Authentication{psc.SecretBasic, psc.MutualTLS} {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			p := start(t, psctest.WithAuthentication(a))
			c := p.client(t)
			begin := p.clock.Now()
			b, err := c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: confirms, BindingMessage: "42", Channel: psc.Card})
			require.NoError(t, err)
			assert.Equal(t, "42", b.BindingMessage())
			assert.Equal(t, 2*time.Minute, b.Expiry().Sub(begin))
			s, err := c.Poll(t.Context(), b)
			require.NoError(t, err)
			assert.Equal(t, 2*time.Second, p.clock.Now().Sub(begin), "two polls, a second before each")
			assert.Equal(t, confirms, s.Claims().PreferredUsername)
			assert.Equal(t, p.clock.Now().Unix(), s.AuthenticatedAt().Unix())
			u, err := s.UserInfo(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "RADIOLOGUE", u.FamilyName)
			p.clock.Advance(2 * time.Minute)
			_, err = s.Token(t.Context())
			require.NoError(t, err, "it renews like any other")

			call := p.Calls()[1]
			assert.Equal(t, psctest.Call{Op: psctest.OpBackchannel, Status: 200, ACR: "eidas1", Scope: "openid scope_all", Channel: "CARD", Certificate: a == psc.MutualTLS}, call)
			_, err = c.Poll(t.Context(), b)
			refused(t, err, segur.KindInvalidInput, "backchannel")
		})
	}
}

func TestBackchannelDecisions(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	b, err := c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits})
	require.NoError(t, err)
	assert.Regexp(t, regexp.MustCompile(`^[0-9]{2}$`), b.BindingMessage())
	assert.Equal(t, "MOBILE", p.Calls()[1].Channel)

	_, err = c.PollOnce(t.Context(), b)
	require.ErrorIs(t, err, psc.ErrPending)
	assert.Zero(t, p.count(psctest.OpToken, ciba), "it is too early: nothing is sent")
	p.clock.Advance(time.Second)
	_, err = c.PollOnce(t.Context(), b)
	require.ErrorIs(t, err, psc.ErrPending)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, time.Second, e.RetryAfter)
	assert.Equal(t, 1, p.count(psctest.OpToken, ciba))

	require.True(t, p.Confirm(waits, b.BindingMessage(), false))
	_, err = c.Poll(t.Context(), b)
	refused(t, err, segur.KindAuthorization, "")
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "access_denied", e.Code)
	assert.Contains(t, e.Explain(segur.FR), "refusé")

	b, err = c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits, BindingMessage: "07"})
	require.NoError(t, err)
	assert.False(t, p.Confirm(waits, "08", true), "another screen")
	_, err = c.Poll(t.Context(), b)
	refused(t, err, segur.KindAuthentication, "")
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "expired_token", e.Code)
	_, err = c.PollOnce(t.Context(), b)
	refused(t, err, segur.KindInvalidInput, "backchannel")
	assert.Zero(t, p.OpenSessions())
}

// The provider's clock may be ahead: what it says counts.
func TestBackchannelExpiresAtTheProvider(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	for _, code := range []string{"expired_token", "invalid_grant"} {
		b, err := c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits})
		require.NoError(t, err)
		p.Fail(psctest.Error(psctest.OpToken, 400, code))
		_, err = c.Poll(t.Context(), b)
		refused(t, err, segur.KindAuthentication, "")
		var e *segur.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, code, e.Code)
	}
}

func TestBackchannelPace(t *testing.T) {
	t.Parallel()
	p := start(t, psctest.WithPollInterval(3*time.Second))
	var pauses []time.Duration
	c := p.client(t, func(c *psc.Config) {
		c.Pause = func(_ context.Context, d time.Duration) error {
			pauses = append(pauses, d)
			p.clock.Advance(d)
			return nil
		}
	})
	p.Fail(psctest.Error(psctest.OpToken, 400, "slow_down"), psctest.Fault{Op: psctest.OpToken, DropBeforeResponse: true}, psctest.Fault{Op: psctest.OpToken, Status: 503})
	b, err := c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: confirms})
	require.NoError(t, err)
	_, err = c.Poll(t.Context(), b)
	require.NoError(t, err, "a connection that fails ends nothing")
	second := time.Second
	assert.Equal(t, []time.Duration{3 * second, 8 * second, 13 * second, 18 * second}, pauses)
	for _, call := range p.Calls() {
		assert.NotEqual(t, "slow_down", call.Error, "the fake never found it too fast")
	}
}

func TestBackchannelRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	for name, try := range map[string]struct {
		r     psc.BackchannelRequest
		field string
	}{
		"no hint":        {psc.BackchannelRequest{}, "loginHint"},
		"hint and blank": {psc.BackchannelRequest{LoginHint: "8 99"}, "loginHint"},
		"message":        {psc.BackchannelRequest{LoginHint: waits, BindingMessage: "123"}, "bindingMessage"},
		"channel":        {psc.BackchannelRequest{LoginHint: waits, Channel: "SMS"}, "channel"},
	} {
		_, err := c.StartBackchannel(t.Context(), try.r)
		t.Run(name, func(t *testing.T) { refused(t, err, segur.KindInvalidInput, try.field) })
	}
	assert.Empty(t, p.Calls(), "nothing is sent")
	_, err := c.PollOnce(t.Context(), nil)
	refused(t, err, segur.KindInvalidInput, "backchannel")
	_, err = c.Poll(t.Context(), new(psc.Backchannel))
	refused(t, err, segur.KindInvalidInput, "backchannel")

	_, err = c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: "899900000098"})
	refused(t, err, segur.KindNotFound, "")
	assert.NotContains(t, err.Error(), "899900000098")
	_, err = p.client(t, func(c *psc.Config) { c.ACRValues = []string{"autre"} }).StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits})
	refused(t, err, segur.KindRefused, "")
	p.Fail(psctest.Fault{Op: psctest.OpBackchannel, Status: 200, ContentType: "application/json", Body: []byte(`{"interval":1}`)})
	_, err = c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits})
	refused(t, err, segur.KindProtocol, "")
	p.Fail(psctest.Fault{Op: psctest.OpBackchannel, DropBeforeResponse: true})
	_, err = c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits})
	refused(t, err, segur.KindOutcomeUnknown, "")

	ctx, cancel := context.WithCancel(t.Context())
	b, err := c.StartBackchannel(ctx, psc.BackchannelRequest{LoginHint: waits})
	require.NoError(t, err)
	cancel()
	_, err = c.Poll(ctx, b)
	refused(t, err, segur.KindCanceled, "")
	require.True(t, p.Confirm(waits, b.BindingMessage(), true))
	_, err = c.Poll(t.Context(), b)
	require.NoError(t, err, "it goes on for another caller")

	without := start(t, psctest.WithoutEndpoints("backchannel_authentication_endpoint"))
	_, err = without.client(t).StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits})
	refused(t, err, segur.KindRefused, "")
}

// The ID token of a backchannel login is verified as the others are, its nonce aside.
func TestBackchannelIDToken(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	for field, tamper := range map[string]func(*psctest.IDToken){
		"idToken.acr": claim("acr", nil), "idToken.aud": claim("aud", "autre"), "idToken.exp": claim("exp", 1),
	} {
		p.Tamper(tamper)
		b, err := c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: confirms})
		require.NoError(t, err)
		_, err = c.Poll(t.Context(), b)
		refused(t, err, segur.KindAuthentication, field)
	}
}

// A provider that asks for a long pause does not hold the caller beyond the end of the request.
func TestBackchannelPauseEnds(t *testing.T) {
	t.Parallel()
	p := start(t, psctest.WithPollInterval(1000*time.Hour))
	var pauses []time.Duration
	c := p.client(t, func(c *psc.Config) {
		c.Pause = func(_ context.Context, d time.Duration) error {
			pauses = append(pauses, d)
			p.clock.Advance(d)
			return nil
		}
	})
	b, err := c.StartBackchannel(t.Context(), psc.BackchannelRequest{LoginHint: waits})
	require.NoError(t, err)
	_, err = c.Poll(t.Context(), b)
	refused(t, err, segur.KindAuthentication, "")
	assert.Equal(t, []time.Duration{2 * time.Minute}, pauses)
}
