package psc_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// The shape that dmp.Config.BearerToken, mssante.Config.Token and dmp.Config.AuthenticatedAt take.
var (
	_ func(context.Context) (string, error) = (*psc.Session)(nil).Token
	_ func() time.Time                      = (*psc.Session)(nil).AuthenticatedAt
)

const refresh = "refresh_token"

func token(t *testing.T, s *psc.Session) string {
	t.Helper()
	v, err := s.Token(t.Context())
	require.NoError(t, err)
	return v
}

func TestTokenIsRenewedInTime(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	first := token(t, s)
	at := s.AuthenticatedAt()
	p.clock.Advance(89 * time.Second)
	assert.Equal(t, first, token(t, s), "31 seconds are left")
	assert.Zero(t, p.count(psctest.OpToken, refresh))
	p.clock.Advance(time.Second)
	second := token(t, s)
	assert.NotEqual(t, first, second)
	assert.Equal(t, second, token(t, s))
	assert.Equal(t, 1, p.count(psctest.OpToken, refresh))
	assert.Equal(t, at, s.AuthenticatedAt())
	assert.Equal(t, p.clock.Now().Unix(), s.Claims().IssuedAt.Unix())
	for range 5 { // the refresh token of each answer serves for the next
		p.clock.Advance(2 * time.Minute)
		token(t, s)
	}
	assert.Equal(t, 6, p.count(psctest.OpToken, refresh))
	_, until := s.Expiry()
	assert.Equal(t, 30*time.Minute, until.Sub(p.clock.Now()), "the session slides")
	p.clock.Advance(31 * time.Minute)
	_, err := s.Token(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded)
	assert.Equal(t, segur.KindAuthentication, segur.KindOf(err))
	assert.Equal(t, 6, p.count(psctest.OpToken, refresh), "nothing is sent")
	assert.True(t, s.Ended())
}

// A token that lives less than twice RefreshBefore is not renewed at each call.
func TestShortTokens(t *testing.T) {
	t.Parallel()
	p := start(t, psctest.WithLifetimes(20*time.Second, time.Minute), psctest.WithoutRotation())
	s := p.login(t, p.client(t), psctest.Decision{})
	first := token(t, s)
	p.clock.Advance(9 * time.Second)
	assert.Equal(t, first, token(t, s))
	p.clock.Advance(2 * time.Second)
	assert.NotEqual(t, first, token(t, s))
	p.clock.Advance(11 * time.Second)
	token(t, s)
	assert.Equal(t, 2, p.count(psctest.OpToken, refresh), "the same refresh token twice")
}

func TestConcurrentRenewal(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	old := token(t, s)
	p.clock.Advance(100 * time.Second)
	var wait sync.WaitGroup
	got := make([]string, 64)
	errs := make([]error, len(got))
	for i := range got {
		wait.Go(func() {
			if i%4 == 3 {
				got[i], errs[i] = s.Renew(t.Context())
				return
			}
			got[i], errs[i] = s.Token(t.Context())
		})
	}
	wait.Wait()
	for i := range got {
		require.NoError(t, errs[i])
		assert.NotEqual(t, old, got[i])
	}
	assert.False(t, s.Ended(), "a refresh token that serves twice would have ended it")
	assert.Equal(t, 1, p.OpenSessions())
}

func TestRenewalOutlivesTheCallerWhoBeganIt(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	p.clock.Advance(2 * time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	p.Fail(psctest.Fault{Op: psctest.OpToken, Alter: func(b []byte) []byte {
		cancel() // the new tokens are made, and the caller goes away
		return b
	}})
	_, err := s.Token(ctx)
	if err != nil { // the answer may win
		refused(t, err, segur.KindCanceled, "")
	}
	v, err := s.Token(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, v)
	assert.Equal(t, 1, p.count(psctest.OpToken, refresh), "the answer was read and kept")

	_, err = s.Token(ctx)
	refused(t, err, segur.KindCanceled, "")
	late, cancel := context.WithTimeout(t.Context(), -1)
	defer cancel()
	_, err = s.Renew(late)
	refused(t, err, segur.KindTimeout, "")
}

func TestRenewalRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	p.EndSessions()
	token(t, s) // nothing tells it
	p.clock.Advance(100 * time.Second)
	_, err := s.Token(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "invalid_grant", e.Code)
	assert.True(t, s.Ended())
	before := len(p.Calls())
	_, err = s.Renew(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded)
	_, err = s.UserInfo(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded)
	require.NoError(t, s.Logout(t.Context()), "logged out already")
	assert.Len(t, p.Calls(), before, "nothing is sent any more")
}

// While the present token lives, a provider that cannot be reached stops nobody.
func TestProviderUnavailable(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		fault psctest.Fault
		kind  segur.Kind
	}{
		"503":            {psctest.Fault{Status: 503}, segur.KindUnavailable},
		"429":            {psctest.Fault{Status: 429}, segur.KindRateLimited},
		"cut":            {psctest.Fault{DropRequest: true}, segur.KindUnavailable},
		"500":            {psctest.Fault{Status: 500, ContentType: "text/html", Body: []byte("<html>")}, segur.KindUnavailable},
		"server_error":   {psctest.Error(psctest.OpToken, 400, "temporarily_unavailable"), segur.KindUnavailable},
		"cut in its end": {psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte(`{"access_token":"a"}`), CutAfter: 3}, segur.KindUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, psctest.WithoutRotation())
			s := p.login(t, p.client(t), psctest.Decision{})
			first := token(t, s)
			try.fault.Op, try.fault.Times = psctest.OpToken, 2
			p.Fail(try.fault)
			p.clock.Advance(119 * time.Second)
			assert.Equal(t, first, token(t, s))
			p.clock.Advance(time.Second)
			_, err := s.Token(t.Context())
			refused(t, err, try.kind, "")
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			assert.True(t, e.Retryable(), "the outcome of the caller's own call is not in question")
			assert.False(t, s.Ended())
			assert.NotEqual(t, first, token(t, s), "the next call renews")
		})
	}
}

// With rotation, an answer that is lost takes the session with it: the next renewal says so.
func TestLostRotation(t *testing.T) {
	t.Parallel()
	p := start(t)
	s := p.login(t, p.client(t), psctest.Decision{})
	p.clock.Advance(2 * time.Minute)
	p.Fail(psctest.Fault{Op: psctest.OpToken, DropBeforeResponse: true})
	_, err := s.Token(t.Context())
	refused(t, err, segur.KindUnavailable, "")
	_, err = s.Token(t.Context())
	require.ErrorIs(t, err, psc.ErrSessionEnded)
	assert.Zero(t, p.OpenSessions())
}

func TestRenewedIDTokenOfAnotherUser(t *testing.T) {
	t.Parallel()
	p := start(t)
	for name, try := range map[string]struct {
		tamper func(*psctest.IDToken)
		kind   segur.Kind
	}{
		"sub":       {claim("sub", "autre"), segur.KindAuthentication},
		"nonce":     {claim("nonce", "autre"), segur.KindAuthentication},
		"auth_time": {claim("auth_time", p.clock.Now().Add(-time.Hour).Unix()), segur.KindAuthentication},
		"aud":       {claim("aud", "autre"), segur.KindAuthentication},
		"acr":       {claim("acr", "0"), segur.KindAuthentication},
		"alg":       {header("alg", "none"), segur.KindSignature},
		"not a JWT": {raw("x"), segur.KindProtocol},
	} {
		p.Tamper(nil)
		s := p.login(t, p.client(t), psctest.Decision{})
		p.Tamper(try.tamper)
		_, err := s.Renew(t.Context())
		t.Run(name, func(t *testing.T) {
			refused(t, err, try.kind, "")
			require.ErrorIs(t, err, psc.ErrSessionEnded)
			assert.True(t, s.Ended())
		})
	}
	// OpenID Connect Core section 12.2 lets these out.
	for name, tamper := range map[string]func(*psctest.IDToken){
		"no ID token": raw(""), "no nonce": claim("nonce", nil), "no auth_time": claim("auth_time", nil), "no acr": claim("acr", nil), "no name": claim("preferred_username", nil),
	} {
		p.Tamper(nil)
		s := p.login(t, p.client(t), psctest.Decision{})
		at := s.Claims().AuthenticatedAt
		p.Tamper(tamper)
		_, err := s.Renew(t.Context())
		require.NoError(t, err, name)
		assert.Equal(t, "eidas3", s.Claims().ACR, name)
		assert.Equal(t, at, s.Claims().AuthenticatedAt, name)
		assert.Equal(t, "899900000015", s.Claims().PreferredUsername, name)
	}
}

// When the keys cannot be read at the moment of a renewal, the refresh token that came is kept: it is the only one left.
func TestKeysUnavailableDuringRenewal(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	s := p.login(t, c, psctest.Decision{})
	old := token(t, s)
	p.RotateKeys(true)
	p.Fail(psctest.Fault{Op: psctest.OpKeys, Status: 404})
	_, err := s.Renew(t.Context())
	refused(t, err, segur.KindNotFound, "")
	assert.False(t, s.Ended())
	assert.Equal(t, old, token(t, s), "a token that was not verified is not given")
	v, err := s.Renew(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, old, v)
}

func TestTokenAnswersRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	answer := func(body string) psctest.Fault {
		return psctest.Fault{Status: 200, ContentType: "application/json; charset=utf-8", Body: []byte(body)}
	}
	for name, try := range map[string]struct {
		fault psctest.Fault
		kind  segur.Kind
	}{
		"HTML":            {psctest.Fault{Status: 200, ContentType: "text/html", Body: []byte("<html>")}, segur.KindProtocol},
		"no media type":   {psctest.Fault{Status: 200, ContentType: "x", Body: []byte(`{}`)}, segur.KindProtocol},
		"empty":           {answer(``), segur.KindProtocol},
		"no token":        {answer(`{"token_type":"Bearer","expires_in":60}`), segur.KindProtocol},
		"two values":      {answer(`{"access_token":"a","token_type":"Bearer","expires_in":60}{}`), segur.KindProtocol},
		"another type":    {answer(`{"access_token":"a","token_type":"DPoP","expires_in":60}`), segur.KindProtocol},
		"no type":         {answer(`{"access_token":"a","expires_in":60}`), segur.KindProtocol},
		"no life":         {answer(`{"access_token":"a","token_type":"Bearer"}`), segur.KindProtocol},
		"life not number": {answer(`{"access_token":"a","token_type":"Bearer","expires_in":"NaN"}`), segur.KindProtocol},
		"negative life":   {answer(`{"access_token":"a","token_type":"Bearer","expires_in":-1}`), segur.KindProtocol},
		"header in it":    {answer(`{"access_token":"a\r\nX: y","token_type":"Bearer","expires_in":60}`), segur.KindProtocol},
		"no ID token":     {answer(`{"access_token":"a","token_type":"bearer","expires_in":"60"}`), segur.KindProtocol},
		"too large":       {answer(`{"access_token":"` + string(make([]byte, 300<<10))), segur.KindOutcomeUnknown},
		"cut":             {psctest.Fault{CutAfter: 100}, segur.KindOutcomeUnknown},
		"no answer":       {psctest.Fault{DropBeforeResponse: true}, segur.KindOutcomeUnknown},
		"redirect":        {psctest.Fault{Status: 307, Header: map[string][]string{"Location": {"https://autre.example"}}}, segur.KindProtocol},
		"refused":         {psctest.Error(psctest.OpToken, 403, "unauthorized_client"), segur.KindAuthorization},
		"an odd code":     {psctest.Error(psctest.OpToken, 400, "Odd Code!"), segur.KindRefused},
	} {
		try.fault.Op = psctest.OpToken
		login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
		p.Fail(try.fault)
		_, err := c.Exchange(t.Context(), login, callback)
		t.Run(name, func(t *testing.T) {
			refused(t, err, try.kind, "")
			assert.NotContains(t, err.Error(), "Odd")
			assert.NotContains(t, err.Error(), "scripté")
		})
	}
}
