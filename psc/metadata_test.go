package psc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

func replace(old, by string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(by)) }
}

func TestDiscoveryRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	path := "/auth/realms/esante-wallet"
	for name, try := range map[string]struct {
		fault psctest.Fault
		kind  segur.Kind
		field string
	}{
		"another issuer":      {psctest.Fault{Alter: replace(`"issuer":"`+p.URL, `"issuer":"https://autre.example`)}, segur.KindSignature, ""},
		"a slash more":        {psctest.Fault{Alter: replace(`"issuer":"`+p.URL, `"issuer":"`+p.URL+"/")}, segur.KindSignature, ""},
		"no issuer":           {psctest.Fault{Alter: replace(`"issuer"`, `"x"`)}, segur.KindSignature, ""},
		"token in clear":      {psctest.Fault{Alter: replace(`"token_endpoint":"https:`, `"token_endpoint":"http:`)}, segur.KindProtocol, "token_endpoint"},
		"no keys":             {psctest.Fault{Alter: replace(`"jwks_uri"`, `"x"`)}, segur.KindProtocol, "jwks_uri"},
		"no page":             {psctest.Fault{Alter: replace(`"authorization_endpoint"`, `"x"`)}, segur.KindProtocol, "authorization_endpoint"},
		"user in it":          {psctest.Fault{Alter: replace(`"userinfo_endpoint":"https://`, `"userinfo_endpoint":"https://a:b@`)}, segur.KindProtocol, "userinfo_endpoint"},
		"no algorithm":        {psctest.Fault{Alter: replace(`"RS256"`, `"none"`)}, segur.KindProtocol, "id_token_signing_alg_values_supported"},
		"HTML":                {psctest.Fault{Status: 200, ContentType: "text/html", Body: []byte("<html>")}, segur.KindProtocol, ""},
		"JSON called HTML":    {psctest.Fault{Status: 200, ContentType: "text/html", Body: []byte("{}")}, segur.KindProtocol, ""},
		"a list":              {psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte("[]")}, segur.KindProtocol, ""},
		"cut":                 {psctest.Fault{CutAfter: 100}, segur.KindTruncated, ""},
		"ended too soon":      {psctest.Fault{TruncateAfter: 100}, segur.KindProtocol, ""},
		"too large":           {psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte(strings.Repeat(" ", 300<<10))}, segur.KindTooLarge, ""},
		"elsewhere":           {psctest.Fault{Status: 302, Header: http.Header{"Location": {p.URL}}}, segur.KindProtocol, ""},
		"absent":              {psctest.Fault{Status: 404}, segur.KindNotFound, ""},
		"forbidden":           {psctest.Fault{Status: 403}, segur.KindAuthorization, ""},
		"three times nothing": {psctest.Fault{Status: 503, Times: 3}, segur.KindUnavailable, ""},
	} {
		try.fault.Op = psctest.OpDiscovery
		p.Fail(try.fault)
		_, _, err := p.client(t, func(c *psc.Config) { c.Retry.BaseDelay = time.Millisecond }).AuthCodeURL(t.Context(), psc.LoginOptions{})
		t.Run(name, func(t *testing.T) {
			require.Error(t, err)
			assert.Equal(t, try.kind, segur.KindOf(err), "%v", err)
			assert.NotContains(t, err.Error(), path)
			if try.field != "" {
				assert.Contains(t, err.Error(), try.field)
			}
		})
	}
	assert.Zero(t, p.count(psctest.OpToken, ""))
	_, _, err := p.client(t, func(c *psc.Config) { c.Settings.DiscoveryPath = "/.well-known/openid-configuration" }).AuthCodeURL(t.Context(), psc.LoginOptions{})
	refused(t, err, segur.KindNotFound, "")
}

func TestDiscoveryIsKept(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			_, _, err := c.AuthCodeURL(t.Context(), psc.LoginOptions{})
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	first := p.count(psctest.OpDiscovery, "")
	assert.LessOrEqual(t, first, 2, "shared")
	p.clock.Advance(23 * time.Hour)
	p.login(t, c, psctest.Decision{})
	assert.Equal(t, first, p.count(psctest.OpDiscovery, ""))
	p.clock.Advance(2 * time.Hour)
	p.login(t, c, psctest.Decision{})
	assert.Equal(t, first+1, p.count(psctest.OpDiscovery, ""), "read again after a day")

	p.clock.Advance(25 * time.Hour)
	p.Fail(psctest.Fault{Op: psctest.OpDiscovery, Status: 404, Times: psctest.Forever})
	p.login(t, c, psctest.Decision{}) // with the last good one
	p.clock.Advance(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := c.AuthCodeURL(ctx, psc.LoginOptions{})
	refused(t, err, segur.KindCanceled, "")
}

// With mutual TLS the aliases of RFC 8705 are called; without, they are not.
func TestAliases(t *testing.T) {
	t.Parallel()
	alter := func(b []byte) []byte {
		var d map[string]any
		_ = json.Unmarshal(b, &d)
		aliases := d["mtls_endpoint_aliases"].(map[string]any)
		aliases["token_endpoint"] = strings.Replace(aliases["token_endpoint"].(string), "/token", "/absent", 1)
		b, _ = json.Marshal(d)
		return b
	}
	for _, a := range []psc.Authentication{psc.SecretBasic, psc.MutualTLS} {
		p := start(t, psctest.WithAuthentication(a))
		p.Fail(psctest.Fault{Op: psctest.OpDiscovery, Alter: alter})
		c := p.client(t)
		login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
		_, err := c.Exchange(t.Context(), login, callback)
		if a == psc.SecretBasic {
			require.NoError(t, err)
			continue
		}
		refused(t, err, segur.KindNotFound, "")
	}
}

// The document of the sandbox, whose publisher replaced its hosts: served by the fake, it says what is wrong with it,
// and with the hosts put right it is used.
func TestOfficialDiscovery(t *testing.T) {
	t.Parallel()
	official, err := os.ReadFile(testkit.SharedData(t, "mssante/psc/discovery-mock-bas-hosts-replaced.json"))
	require.NoError(t, err)
	p := start(t)
	serve := func(b []byte) (string, error) {
		p.Fail(psctest.Fault{Op: psctest.OpDiscovery, Status: 200, ContentType: "application/json", Body: b})
		target, _, err := p.client(t).AuthCodeURL(t.Context(), psc.LoginOptions{})
		return target, err
	}
	_, err = serve(official)
	refused(t, err, segur.KindSignature, "")
	host := strings.TrimSuffix(p.URL, "/auth/realms/esante-wallet")
	named := replace("http://localhost:8443/auth/realms/esante-wallet\",\n    \"auth", p.URL+"\",\n    \"auth")(official)
	_, err = serve(named)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "mtls_endpoint_aliases.backchannel_authentication_endpoint must be https")
	right := replace("http://localhosts:8443", host)(replace("http://localhost:8443", host)(official))
	target, err := serve(right)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(target, "https://wallet.bas.psc.esante.gouv.fr/auth?"), target)
}

// A provider whose document cannot be read again is not asked at each call: the last good one serves meanwhile.
func TestDiscoveryIsNotAskedAtEachCall(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t, func(c *psc.Config) { c.Retry.MaxAttempts = 1 })
	begin := func() {
		_, _, err := c.AuthCodeURL(t.Context(), psc.LoginOptions{})
		require.NoError(t, err)
	}
	begin()
	p.clock.Advance(25 * time.Hour)
	var asked atomic.Int32
	p.Fail(psctest.Fault{Op: psctest.OpDiscovery, Times: psctest.Forever, Alter: func([]byte) []byte {
		asked.Add(1)
		return []byte("<html>")
	}})
	for range 3 {
		begin()
	}
	assert.Equal(t, int32(1), asked.Load())
	p.clock.Advance(2 * time.Minute)
	begin()
	begin()
	assert.Equal(t, int32(2), asked.Load())
}
