package psc_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/psc"
	"github.com/segur-sdk/segur/psc/psctest"
)

// claim changes one claim of the ID tokens; nil takes it out.
func claim(name string, v any) func(*psctest.IDToken) {
	return func(t *psctest.IDToken) {
		if t.Claims["typ"] != "ID" {
			return
		}
		if t.Claims[name] = v; v == nil {
			delete(t.Claims, name)
		}
	}
}

func header(name string, v any) func(*psctest.IDToken) {
	return func(t *psctest.IDToken) {
		if t.Header[name] = v; v == nil {
			delete(t.Header, name)
		}
	}
}

func both(f ...func(*psctest.IDToken)) func(*psctest.IDToken) {
	return func(t *psctest.IDToken) {
		for _, g := range f {
			g(t)
		}
	}
}

func raw(s string) func(*psctest.IDToken) { return func(t *psctest.IDToken) { t.Raw = &s } }

func TestIDTokenRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	kid, key := p.Signer()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hs256 := func(t *psctest.IDToken) { // the confusion of a public key with a secret
		t.Header["alg"] = "HS256"
		t.Sign = func(input []byte) []byte {
			h := hmac.New(sha256.New, public)
			h.Write(input)
			return h.Sum(nil)
		}
	}
	now := p.clock.Now()
	embedded := map[string]any{"kty": "RSA", "n": "AQAB", "e": "AQAB"}
	for name, try := range map[string]struct {
		tamper func(*psctest.IDToken)
		kind   segur.Kind
		field  string
	}{
		"alg none":           {both(header("alg", "none"), func(t *psctest.IDToken) { t.Sign = nil }), segur.KindSignature, ""},
		"alg None":           {both(header("alg", "None"), func(t *psctest.IDToken) { t.Sign = nil }), segur.KindSignature, ""},
		"no alg":             {header("alg", nil), segur.KindSignature, ""},
		"HS256":              {hs256, segur.KindSignature, ""},
		"RS384":              {header("alg", "RS384"), segur.KindSignature, ""},
		"another key":        {func(t *psctest.IDToken) { t.Sign = psctest.RS256(p.PKI().Organization()) }, segur.KindSignature, ""},
		"unknown kid":        {header("kid", "autre"), segur.KindSignature, ""},
		"no kid":             {header("kid", nil), segur.KindSignature, ""},
		"key of encryption":  {header("kid", "chiffrement"), segur.KindSignature, ""},
		"its own key":        {both(header("jwk", embedded), header("kid", "autre")), segur.KindSignature, ""},
		"critical extension": {both(header("crit", []string{"exp"}), header("exp", 1)), segur.KindSignature, ""},
		"no signature":       {func(t *psctest.IDToken) { t.Sign = nil }, segur.KindSignature, ""},
		"not a JWT":          {raw("opaque"), segur.KindProtocol, ""},
		"header not JSON":    {raw("AAAA.AAAA.AAAA"), segur.KindProtocol, ""},
		"encrypted":          {raw("eyJhbGciOiJkaXIifQ.e.e.e.e"), segur.KindProtocol, ""},
		"left out":           {raw(""), segur.KindProtocol, ""},
		"too long":           {claim("x", strings.Repeat("x", 20<<10)), segur.KindTooLarge, ""},
		"iss":                {claim("iss", "https://autre.example/realm"), segur.KindAuthentication, "idToken.iss"},
		"iss with a slash":   {claim("iss", p.URL+"/"), segur.KindAuthentication, "idToken.iss"},
		"no iss":             {claim("iss", nil), segur.KindAuthentication, "idToken.iss"},
		"no sub":             {claim("sub", nil), segur.KindAuthentication, "idToken.sub"},
		"aud":                {claim("aud", "autre"), segur.KindAuthentication, "idToken.aud"},
		"no aud":             {claim("aud", nil), segur.KindAuthentication, "idToken.aud"},
		"one more aud":       {claim("aud", []string{psctest.ClientID, "autre"}), segur.KindAuthentication, "idToken.aud"},
		"azp":                {claim("azp", "autre"), segur.KindAuthentication, "idToken.azp"},
		"expired":            {claim("exp", now.Add(-time.Second).Unix()), segur.KindAuthentication, "idToken.exp"},
		"no exp":             {claim("exp", nil), segur.KindAuthentication, "idToken.exp"},
		"exp not a number":   {claim("exp", "demain"), segur.KindProtocol, ""},
		"exp far away":       {claim("exp", 1e18), segur.KindProtocol, ""},
		"iat":                {claim("iat", now.Add(61*time.Second).Unix()), segur.KindAuthentication, "idToken.iat"},
		"no iat":             {claim("iat", nil), segur.KindAuthentication, "idToken.iat"},
		"nbf":                {claim("nbf", now.Add(61*time.Second).Unix()), segur.KindAuthentication, "idToken.nbf"},
		"auth_time":          {claim("auth_time", now.Add(61*time.Second).Unix()), segur.KindAuthentication, "idToken.auth_time"},
		"nonce":              {claim("nonce", "autre"), segur.KindAuthentication, "idToken.nonce"},
		"no nonce":           {claim("nonce", nil), segur.KindAuthentication, "idToken.nonce"},
		"acr":                {claim("acr", "0"), segur.KindAuthentication, "idToken.acr"},
		"no acr":             {claim("acr", nil), segur.KindAuthentication, "idToken.acr"},
		"at_hash":            {claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), segur.KindAuthentication, "idToken.at_hash"},
		"an access token":    {claim("typ", "Bearer"), segur.KindAuthentication, "idToken.typ"},
		"two at once":        {both(claim("iss", "x"), claim("nonce", "x")), segur.KindAuthentication, "idToken.nonce"},
	} {
		p.Tamper(try.tamper)
		login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
		s, err := c.Exchange(t.Context(), login, callback)
		t.Run(name, func(t *testing.T) {
			assert.Nil(t, s)
			refused(t, err, try.kind, try.field)
			for _, secret := range []string{"899900000015", "autre", "eyJ", callback.Get("code"), kid} {
				assert.NotContains(t, err.Error(), secret)
			}
		})
	}
	// What is within bounds passes.
	for name, tamper := range map[string]func(*psctest.IDToken){
		"untouched": nil, "iat within the skew": claim("iat", now.Add(60*time.Second).Unix()), "nbf within the skew": claim("nbf", now.Add(60*time.Second).Unix()),
		"aud in a list": claim("aud", []string{psctest.ClientID}), "no azp": claim("azp", nil), "no at_hash": claim("at_hash", nil),
		"no auth_time": claim("auth_time", nil), "eidas1": claim("acr", "eidas1"), "dates with decimals": claim("exp", json.Number("99999999999.5")),
	} {
		p.Tamper(tamper)
		login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
		_, err := c.Exchange(t.Context(), login, callback)
		require.NoError(t, err, name)
	}
}

func TestTrustedAudience(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t, func(c *psc.Config) { c.Settings.TrustedAudiences = []string{"api"} })
	p.Tamper(claim("aud", []string{"api", psctest.ClientID}))
	p.login(t, c, psctest.Decision{})
	p.Tamper(both(claim("aud", []string{"api", psctest.ClientID}), claim("azp", nil)))
	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	_, err := c.Exchange(t.Context(), login, callback)
	refused(t, err, segur.KindAuthentication, "idToken.azp")
}

func TestLevels(t *testing.T) {
	t.Parallel()
	p := start(t)
	for name, try := range map[string]struct {
		asked, accepted []string
		acr             string
		ok              bool
	}{
		"higher than asked":     {[]string{"eidas1"}, nil, "eidas3", true},
		"as asked":              {[]string{"eidas2"}, nil, "eidas2", true},
		"lower than asked":      {[]string{"eidas2"}, nil, "eidas1", false},
		"the lowest of several": {[]string{"eidas3", "eidas2"}, nil, "eidas2", true},
		"not a level":           {[]string{"eidas1"}, nil, "eidas", false},
		"more than a level":     {[]string{"eidas1"}, nil, "eidas10", false},
		"listed":                {[]string{"eidas1"}, []string{"eidas1"}, "eidas1", true},
		"not listed":            {[]string{"eidas1"}, []string{"eidas1"}, "eidas3", false},
	} {
		c := p.client(t, func(c *psc.Config) { c.ACRValues, c.AcceptedACR = try.asked, try.accepted })
		p.Tamper(claim("acr", try.acr))
		login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
		_, err := c.Exchange(t.Context(), login, callback)
		assert.Equal(t, try.ok, err == nil, name)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	p.login(t, c, psctest.Decision{})
	p.login(t, c, psctest.Decision{})
	assert.Equal(t, 1, p.count(psctest.OpKeys, ""), "read once")
	p.RotateKeys(false)
	p.login(t, c, psctest.Decision{})
	p.login(t, c, psctest.Decision{})
	assert.Equal(t, 2, p.count(psctest.OpKeys, ""), "read again for a key that is not known, once")
	p.RotateKeys(true)
	p.login(t, c, psctest.Decision{})
	assert.Equal(t, 3, p.count(psctest.OpKeys, ""))

	// A key that was taken back may not serve again once the set was read without it.
	old, key := p.Signer()
	p.RotateKeys(true)
	p.login(t, c, psctest.Decision{})
	p.Tamper(func(token *psctest.IDToken) { token.Header["kid"], token.Sign = old, psctest.RS256(key) })
	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	_, err := c.Exchange(t.Context(), login, callback)
	refused(t, err, segur.KindSignature, "")
}

// A key that the provider withdrew does not count for ever, even when no token names another.
func TestWithdrawnKey(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.client(t)
	p.login(t, c, psctest.Decision{})
	id, key := p.Signer()
	p.RotateKeys(true)
	p.Tamper(func(token *psctest.IDToken) { token.Header["kid"], token.Sign = id, psctest.RS256(key) })
	p.login(t, c, psctest.Decision{}) // it is not known yet
	p.clock.Advance(25 * time.Hour)
	p.Fail(psctest.Fault{Op: psctest.OpKeys, Status: 404, Times: 1})
	p.login(t, c, psctest.Decision{}) // the last good set
	p.clock.Advance(2 * time.Minute)
	login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
	_, err := c.Exchange(t.Context(), login, callback)
	refused(t, err, segur.KindSignature, "")
}

func TestKeySetRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	for name, try := range map[string]struct {
		fault psctest.Fault
		kind  segur.Kind
	}{
		"HTML":        {psctest.Fault{Status: 200, ContentType: "text/html", Body: []byte("<html>")}, segur.KindProtocol},
		"not JSON":    {psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte("{")}, segur.KindProtocol},
		"no key":      {psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte(`{"keys":[]}`)}, segur.KindProtocol},
		"weak key":    {psctest.Fault{Status: 200, ContentType: "application/jwk-set+json", Body: []byte(weakKeys(t))}, segur.KindProtocol},
		"twice a kid": {psctest.Fault{Alter: func(b []byte) []byte { return twice(b) }}, segur.KindProtocol},
		"cut":         {psctest.Fault{CutAfter: 40}, segur.KindTruncated},
		"too large":   {psctest.Fault{Status: 200, ContentType: "application/json", Body: []byte(strings.Repeat(" ", 300<<10))}, segur.KindTooLarge},
		"redirect":    {psctest.Fault{Status: 302, Header: map[string][]string{"Location": {"https://autre.example"}}}, segur.KindProtocol},
		"absent":      {psctest.Fault{Status: 404}, segur.KindNotFound},
	} {
		c := p.client(t)
		try.fault.Op, try.fault.Times = psctest.OpKeys, 1
		p.Fail(try.fault)
		login, callback := p.begin(t, c, psc.LoginOptions{}, psctest.Decision{})
		_, err := c.Exchange(t.Context(), login, callback)
		t.Run(name, func(t *testing.T) { refused(t, err, try.kind, "") })
	}
}

func weakKeys(t *testing.T) string {
	t.Helper()
	n := make([]byte, 128) // 1,024 bits
	n[0], n[127] = 0x80, 1
	b, err := json.Marshal(map[string]any{"keys": []map[string]string{{"kid": "a", "kty": "RSA", "use": "sig",
		"n": base64.RawURLEncoding.EncodeToString(n), "e": "AQAB"}}})
	require.NoError(t, err)
	return string(b)
}

func twice(b []byte) []byte {
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	_ = json.Unmarshal(b, &set)
	set.Keys = append(set.Keys, set.Keys[len(set.Keys)-1])
	b, _ = json.Marshal(set)
	return b
}
