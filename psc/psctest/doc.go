// Package psctest is a fake Pro Santé Connect on 127.0.0.1, in the manner of net/http/httptest.
//
// It is strict: the discovery document is at the path of the wallet only; a login needs a registered redirect address,
// state and nonce of 128 bits, PKCE with S256, known scopes and acr_values; a client proves itself in the registered
// way and no other; codes, refresh tokens (which rotate) and backchannel requests serve once, and one that comes back
// ends its session; who polls too early slows down; with mutual TLS, tokens are bound to the certificate.
//
//	srv := psctest.NewServer()
//	defer srv.Close()
//	client, err := psc.New(srv.Config())
//	authURL, login, err := client.AuthCodeURL(ctx, psc.LoginOptions{})
//	callback, err := srv.Login(ctx, authURL, psctest.Decision{}) // plays the browser
//	session, err := client.Exchange(ctx, login, callback)
//
// [Server.Fail] scripts failures of HTTP, [Server.Tamper] wrong ID tokens, [Server.RotateKeys] new keys.
//
// What it does not do: pages for people, other flows than the code, CIBA by poll and refresh, token exchange, consent,
// single sign-on between services.
package psctest
