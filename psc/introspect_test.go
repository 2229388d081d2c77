package psc_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/psc/psctest"
)

func TestIntrospectRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	for _, bad := range []string{"", "a b", "a\r\nX: y", string(make([]byte, 20<<10))} {
		_, err := c.Introspect(t.Context(), bad)
		refused(t, err, segur.KindInvalidInput, "accessToken")
	}
	answer := func(body string) psctest.Fault {
		return psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte(body)}
	}
	for name, try := range map[string]struct {
		fault psctest.Fault
		kind  segur.Kind
	}{
		"another issuer": {answer(`{"active":true,"iss":"https://autre.example"}`), segur.KindProtocol},
		"ended":          {answer(`{"active":true,"exp":1}`), segur.KindProtocol},
		"active as text": {answer(`{"active":"true"}`), segur.KindProtocol},
		"HTML":           {psctest.Fault{Status: 200, ContentType: "text/html", Body: []byte(`{"active":true}`)}, segur.KindProtocol},
		"no answer":      {psctest.Fault{DropBeforeResponse: true}, segur.KindUnavailable},
		"refused":        {psctest.Error("", 401, "invalid_client"), segur.KindAuthentication},
	} {
		try.fault.Op = psctest.OpIntrospect
		p.Fail(try.fault)
		in, err := c.Introspect(t.Context(), "jeton")
		t.Run(name, func(t *testing.T) {
			assert.Nil(t, in)
			refused(t, err, try.kind, "")
		})
	}
	in, err := c.Introspect(t.Context(), "jeton-inconnu")
	require.NoError(t, err)
	assert.False(t, in.Active)
	p.Fail(psctest.Fault{Op: psctest.OpIntrospect, Status: 200, ContentType: "application/json", Body: []byte(`{"active":false,"username":"899900000015"}`)})
	in, err = c.Introspect(t.Context(), "jeton")
	require.NoError(t, err)
	assert.Empty(t, in.Username, "of a token that is not active nothing is told")
}

func TestOfficialIntrospection(t *testing.T) {
	t.Parallel()
	official, err := os.ReadFile(testkit.SharedData(t, "mssante/psc/introspection-active.json"))
	require.NoError(t, err)
	p := start(t)
	p.clock.Set(time.Unix(1628250440, 0))
	p.Fail(psctest.Fault{Op: psctest.OpIntrospect, Status: 200, ContentType: "application/json",
		Body: replace("https://auth.bas.esw.esante.gouv.fr/auth/realms/esante-wallet", p.URL)(official)})
	in, err := p.client(t).Introspect(t.Context(), "jeton")
	require.NoError(t, err)
	assert.True(t, in.Active)
	assert.Equal(t, "899700218896", in.Username)
	assert.Equal(t, "ans-poc-bas-psc", in.ClientID)
	assert.Equal(t, "eidas3", in.ACR)
	assert.Equal(t, []string{"openid", "profile", "email", "scope_all"}, in.Scopes)
	assert.Equal(t, int64(1628250434), in.AuthenticatedAt.Unix())
	assert.Equal(t, int64(1628250495), in.Expiry.Unix())
}
