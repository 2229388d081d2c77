// Package psc is a client of Pro Santé Connect, the OpenID Connect provider of French health professionals: login in a
// browser (authorization code with PKCE), login on another device (CIBA, by poll), renewal, logout, UserInfo and
// introspection.
//
// It follows OpenID Connect Core 1.0, CIBA Core 1.0, RFC 6749, 7009, 7636, 7662, 8705 and 9207, and the public
// documentation of Pro Santé Connect where that differs: the discovery document at a path of its own, acr_values
// mandatory, the parameter channel of CIBA, the claims of the RPPS.
//
//	target, login, err := client.AuthCodeURL(ctx, psc.LoginOptions{})
//	// keep login in the server-side session of this browser, redirect it to target; when it comes back:
//	session, err := client.Exchange(ctx, login, request.URL.Query())
//	info, err := session.UserInfo(ctx)
//	user, err := info.Professional(psc.InStructure(chosen))
//
// The client proves itself by its secret or by its certificate ([Authentication]). go-oidc verifies ID tokens, and
// what it leaves to the caller is verified here: algorithms, key, audience, authorized party, times, nonce, level,
// at_hash. [Session.Token] renews on demand, one renewal at a time, and fits mssante.Config.Token and
// dmp.Config.BearerToken; with [MutualTLS] those calls must present the same certificate.
//
// Tokens live in memory only. They are never printed, logged, put in evidence nor in an error, and only
// [Session.LogoutURL] puts one (the ID token) in a URL, as its protocol wants.
//
// What it does not do: choose the practice situation of a user (he does, see [UserInfo.Choose]); keep or renew a
// session that nobody uses; token exchange for the API of a sector, which is not a service of Pro Santé Connect; CIBA
// by ping, private_key_jwt, pushed requests, back-channel logout; web pages and cookies.
package psc
