package psctest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/segur-sdk/segur/psc"
)

// session is a user logged in.
type session struct {
	id       string
	user     *User
	nonce    string
	scope    string
	acr      string
	authTime time.Time
	ended    bool
	// certificate is what the tokens are bound to; empty without psc.MutualTLS.
	certificate string
}

type accessToken struct {
	session *session
	until   time.Time
	revoked bool
}

type refreshToken struct {
	session *session
	until   time.Time
	used    bool
}

// authenticate checks the proof of the client, the registered one and no other beside it.
func (s *Server) authenticate(r *http.Request, form url.Values) *reply {
	bad := func(text string) *reply {
		a := refuse(http.StatusUnauthorized, "invalid_client", text)
		a.header = http.Header{"Www-Authenticate": {`Basic realm="psc"`}}
		return &a
	}
	id, password, basic := r.BasicAuth()
	if basic != (s.authentication == psc.SecretBasic) || form.Has("client_secret") != (s.authentication == psc.SecretPost) {
		return bad("preuve du client : autre méthode que " + string(s.authentication))
	}
	switch s.authentication {
	case psc.SecretBasic:
		id, _ = url.QueryUnescape(id)
		password, _ = url.QueryUnescape(password)
		if form.Has("client_id") && form.Get("client_id") != id {
			return bad("client_id double")
		}
	case psc.SecretPost:
		id, password = form.Get("client_id"), form.Get("client_secret")
	case psc.MutualTLS:
		id = form.Get("client_id")
		if len(r.TLS.VerifiedChains) == 0 || r.TLS.PeerCertificates[0].Subject.String() != s.client.Chain()[0].Subject.String() {
			return bad("certificat du client")
		}
	}
	if id != ClientID || s.authentication != psc.MutualTLS && password != ClientSecret {
		return bad("client inconnu ou secret faux")
	}
	return nil
}

func thumbprint(r *http.Request) string {
	if len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s *Server) token(r *http.Request, form url.Values) reply {
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "invalid_request", "méthode")
	}
	if a := s.authenticate(r, form); a != nil {
		return *a
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return s.exchange(r, form)
	case "refresh_token":
		return s.renew(r, form)
	case grantCIBA:
		return s.poll(r, form)
	}
	return refuse(http.StatusBadRequest, "unsupported_grant_type", "flux inconnu")
}

func invalidGrant(text string) reply {
	return refuse(http.StatusBadRequest, "invalid_grant", text)
}

func (s *Server) exchange(r *http.Request, form url.Values) reply {
	g := s.codes[form.Get("code")]
	switch {
	case g == nil:
		return invalidGrant("code inconnu")
	case g.session != nil:
		// A code that comes back was stolen: what it gave is taken back (RFC 6749 section 4.1.2).
		g.session.ended = true
		return invalidGrant("code déjà utilisé")
	case !s.clock().Before(g.until):
		return invalidGrant("code périmé")
	case form.Get("redirect_uri") != RedirectURI:
		return invalidGrant("redirect_uri")
	case !verifier.MatchString(form.Get("code_verifier")) || oauth2.S256ChallengeFromVerifier(form.Get("code_verifier")) != g.challenge:
		return invalidGrant("code_verifier")
	}
	g.session = s.open(r, g.user, g.scope, g.acr, g.authTime)
	g.session.nonce = g.nonce
	return s.issue(g.session, true)
}

var verifier = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

func (s *Server) open(r *http.Request, user *User, scope, acr string, authTime time.Time) *session {
	v := &session{id: random(), user: user, scope: scope, acr: acr, authTime: authTime}
	if s.authentication == psc.MutualTLS {
		v.certificate = thumbprint(r)
	}
	s.sessions[v.id] = v
	return v
}

func (s *Server) renew(r *http.Request, form url.Values) reply {
	t := s.refresh[form.Get("refresh_token")]
	switch {
	case t == nil || t.session.ended:
		return invalidGrant("jeton inconnu ou session finie")
	case t.used:
		// A refresh token that comes back was stolen (RFC 9700 section 4.14.2).
		t.session.ended = true
		return invalidGrant("jeton déjà utilisé")
	case !s.clock().Before(t.until):
		return invalidGrant("jeton périmé")
	case t.session.certificate != "" && t.session.certificate != thumbprint(r):
		return invalidGrant("autre certificat")
	}
	if s.rotation {
		t.used = true
	}
	return s.issue(t.session, s.rotation)
}

// issue makes tokens. The refresh token stays when it does not rotate.
func (s *Server) issue(v *session, withRefresh bool) reply {
	now := s.clock()
	access := s.sign(s.claims(v, "Bearer", now), nil)
	s.access[access] = &accessToken{session: v, until: now.Add(s.accessLife)}
	a := map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(s.accessLife / time.Second), "not-before-policy": 0,
		"session_state": v.id, "scope": v.scope + " profile email",
	}
	if withRefresh {
		token := random()
		s.refresh[token] = &refreshToken{session: v, until: now.Add(s.refreshLife)}
		a["refresh_token"], a["refresh_expires_in"] = token, int(s.refreshLife/time.Second)
	}
	sum := sha256.Sum256([]byte(access))
	id := s.claims(v, "ID", now)
	id["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:16])
	if idToken := s.sign(id, s.tamper); idToken != "" {
		a["id_token"] = idToken
	}
	return jsonReply(http.StatusOK, a)
}

// claims are those of the tokens of a session.
func (s *Server) claims(v *session, kind string, now time.Time) map[string]any {
	c := map[string]any{
		"iss": s.URL, "sub": v.user.Subject(), "aud": ClientID, "azp": ClientID, "typ": kind, "jti": random(), "iat": now.Unix(),
		"exp": now.Add(s.accessLife).Unix(), "auth_time": v.authTime.Unix(), "session_state": v.id, "sid": v.id, "acr": v.acr,
		"preferred_username": v.user.NationalID, "amr": []string{v.user.means()},
	}
	if v.nonce != "" {
		c["nonce"] = v.nonce
	}
	if kind == "Bearer" {
		c["scope"] = v.scope
		if v.certificate != "" {
			c["cnf"] = map[string]string{"x5t#S256": v.certificate}
		}
	}
	return c
}

// bearer returns the access token of a call, active and bound to the certificate of the connection.
func (s *Server) bearer(r *http.Request) *accessToken {
	value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil
	}
	t := s.access[value]
	if !s.active(t) || t.session.certificate != "" && t.session.certificate != thumbprint(r) {
		return nil
	}
	return t
}

func (s *Server) active(t *accessToken) bool {
	return t != nil && !t.revoked && !t.session.ended && s.clock().Before(t.until)
}

func (s *Server) userInfo(r *http.Request, _ url.Values) reply {
	t := s.bearer(r)
	if t == nil {
		a := refuse(http.StatusUnauthorized, "invalid_token", "jeton refusé")
		a.header = http.Header{"Www-Authenticate": {`Bearer error="invalid_token"`}}
		return a
	}
	if !slices.Contains(words(t.session.scope), "scope_all") {
		return refuse(http.StatusForbidden, "insufficient_scope", "scope_all")
	}
	claims := t.session.user.userInfo()
	if !s.signedUserInfo {
		return jsonReply(http.StatusOK, claims)
	}
	claims["iss"], claims["aud"] = s.URL, ClientID
	return reply{status: http.StatusOK, kind: "application/jwt", body: []byte(s.sign(claims, s.tamper))}
}

// logout ends a session: of the browser by a GET (OpenID Connect RP-Initiated Logout), of the client by a POST.
func (s *Server) logout(r *http.Request, form url.Values) reply {
	if r.Method == http.MethodPost {
		if a := s.authenticate(r, form); a != nil {
			return *a
		}
		t := s.refresh[form.Get("refresh_token")]
		if t == nil || t.session.ended {
			return invalidGrant("session inconnue ou finie")
		}
		t.session.ended = true
		return reply{status: http.StatusNoContent}
	}
	q := r.URL.Query()
	v := s.hinted(q.Get("id_token_hint"))
	switch target := q.Get("post_logout_redirect_uri"); {
	case v == nil:
		return page(http.StatusBadRequest, "id_token_hint")
	case q.Has("client_id") && q.Get("client_id") != ClientID:
		return page(http.StatusBadRequest, "client_id")
	case target == "":
		v.ended = true
		return page(http.StatusOK, "Session terminée")
	case target != PostLogoutRedirectURI:
		return page(http.StatusBadRequest, "post_logout_redirect_uri")
	}
	v.ended = true
	return reply{status: http.StatusFound, header: http.Header{"Location": {PostLogoutRedirectURI + "?" + url.Values{"state": {q.Get("state")}}.Encode()}}}
}

func (s *Server) revoke(r *http.Request, form url.Values) reply {
	if a := s.authenticate(r, form); a != nil {
		return *a
	}
	value := form.Get("token")
	if value == "" {
		return refuse(http.StatusBadRequest, "invalid_request", "token")
	}
	if t := s.access[value]; t != nil {
		t.revoked = true
	}
	if t := s.refresh[value]; t != nil {
		t.session.ended = true
	}
	return reply{status: http.StatusOK}
}

func (s *Server) introspect(r *http.Request, form url.Values) reply {
	if a := s.authenticate(r, form); a != nil {
		return *a
	}
	t := s.access[form.Get("token")]
	if !s.active(t) {
		return jsonReply(http.StatusOK, map[string]any{"active": false})
	}
	c := s.claims(t.session, "Bearer", s.clock())
	c["active"], c["client_id"], c["username"], c["exp"] = true, ClientID, t.session.user.NationalID, t.until.Unix()
	return jsonReply(http.StatusOK, c)
}

// EndSessions ends every session at the provider without a word to the client, as an administrator does.
func (s *Server) EndSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.sessions {
		v.ended = true
	}
}

// RevokeAccess makes every access token refused, and leaves the sessions.
func (s *Server) RevokeAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.access {
		t.revoked = true
	}
}

// OpenSessions counts the sessions that have not ended.
func (s *Server) OpenSessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, v := range s.sessions {
		if !v.ended {
			n++
		}
	}
	return n
}

// subject is stable from one login to the next.
func subject(nationalID string) string {
	sum := sha256.Sum256([]byte("psctest " + nationalID))
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{"f:" + h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-") + ":" + nationalID
}
