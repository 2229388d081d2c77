package psctest

import (
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/url"
)

// discovery is a document like that of the sandbox: it lists more than it opens.
func (s *Server) discovery(*http.Request, url.Values) reply {
	base := s.root + oidc
	aliases := map[string]any{
		"token_endpoint": base + "token", "userinfo_endpoint": base + "userinfo", "revocation_endpoint": base + "revoke",
		"introspection_endpoint": base + "token/introspect", "backchannel_authentication_endpoint": base + "ext/ciba/auth",
	}
	d := map[string]any{
		"issuer": s.URL, "authorization_endpoint": s.root + wallet, "jwks_uri": base + "certs", "end_session_endpoint": base + "logout",
		"grant_types_supported":                          []string{"authorization_code", "refresh_token", grantCIBA},
		"acr_values_supported":                           []string{"0", "0"},
		"response_types_supported":                       []string{"code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"PS384", "HS256", "RS256"},
		"code_challenge_methods_supported":               []string{"plain", "S256"},
		"scopes_supported":                               scopes,
		"backchannel_token_delivery_modes_supported":     []string{"poll", "ping"},
		"tls_client_certificate_bound_access_tokens":     true,
		"authorization_response_iss_parameter_supported": true,
		"mtls_endpoint_aliases":                          aliases,
	}
	for name, v := range aliases {
		d[name] = v
	}
	for _, name := range s.hidden {
		delete(d, name)
		delete(aliases, name)
	}
	return jsonReply(http.StatusOK, d)
}

var scopes = []string{"openid", "profile", "email", "scope_all", "identity", "rpps", "referentiel", "offline_access"}

func (s *Server) keys(*http.Request, url.Values) reply {
	keys := []map[string]string{
		// Key sets hold keys that are not for signatures.
		{"kid": "chiffrement", "kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"},
	}
	for _, k := range s.signers {
		public := k.key.Public().(*rsa.PublicKey)
		keys = append(keys, map[string]string{"kid": k.id, "kty": "RSA", "use": "sig", "alg": "RS256",
			"n": base64.RawURLEncoding.EncodeToString(public.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes())})
	}
	return jsonReply(http.StatusOK, map[string]any{"keys": keys})
}
