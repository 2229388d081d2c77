package psc_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

func TestLoginWithEachAuthentication(t *testing.T) {
	t.Parallel()
	for _, a := range []psc.Authentication{psc.SecretBasic, psc.SecretPost, psc.MutualTLS} {
		t.Run(string(a), func(t *testing.T) {
			t.Parallel()
			p := start(t, psctest.WithAuthentication(a))
			c := p.client(t)
			s := p.login(t, c, psctest.Decision{})
			token, err := s.Token(t.Context())
			require.NoError(t, err)
			assert.NotEmpty(t, token)
			u, err := s.UserInfo(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "899900000015", u.NameID)
			in, err := c.Introspect(t.Context(), token)
			require.NoError(t, err)
			assert.True(t, in.Active)
			assert.Equal(t, a == psc.MutualTLS, in.CertificateSHA256 != "")
			require.NoError(t, s.Logout(t.Context()))
			assert.Zero(t, p.OpenSessions())
		})
	}
}
