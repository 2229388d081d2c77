package psctest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// grant is a code that waits to be exchanged.
type grant struct {
	user      *User
	challenge string
	nonce     string
	scope     string
	acr       string
	authTime  time.Time
	until     time.Time
	session   *session // once exchanged
}

const codeLife = time.Minute

var (
	secret    = regexp.MustCompile(`^[A-Za-z0-9._~-]{22,256}$`) // 128 bits at least
	challenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	allowed   = []string{"response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "acr_values", "code_challenge",
		"code_challenge_method", "prompt", "max_age", "kc_idp_hint"}
)

// authorize is the wallet page: a GET shows it, a POST is what its user does. What is wrong with the client or with the
// address of return is told to the user, and nothing goes back (RFC 6749 section 4.1.2.1).
func (s *Server) authorize(r *http.Request, form url.Values) reply {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return page(http.StatusBadRequest, "invalid_request")
	}
	for name, v := range q {
		if len(v) > 1 {
			return page(http.StatusBadRequest, "parameter repeated: "+name)
		}
		if !slices.Contains(allowed, name) {
			return page(http.StatusBadRequest, "parameter unknown: "+name)
		}
	}
	switch {
	case q.Get("client_id") != ClientID:
		return page(http.StatusBadRequest, "client_id")
	case q.Get("redirect_uri") != RedirectURI:
		return page(http.StatusBadRequest, "redirect_uri")
	}
	if code := checkAuthorize(q); code != "" {
		return s.back(q, url.Values{"error": {code}, "error_description": {"demande refusée (service factice)"}})
	}
	if r.Method == http.MethodGet {
		return page(http.StatusOK, "Authentification")
	}
	if form.Get("decision") != "accept" {
		return s.back(q, url.Values{"error": {"access_denied"}})
	}
	user := s.user(form.Get("user"))
	if user == nil {
		return page(http.StatusForbidden, "user")
	}
	now := s.clock()
	g := &grant{user: user, challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), scope: q.Get("scope"), acr: user.acr(),
		authTime: now, until: now.Add(codeLife)}
	if age, err := strconv.Atoi(form.Get("age")); err == nil && q.Get("prompt") != "login" {
		g.authTime = now.Add(-time.Duration(age) * time.Second)
	}
	code := random()
	s.codes[code] = g
	return s.back(q, url.Values{"code": {code}, "session_state": {random()}})
}

// checkAuthorize returns the error code of a request, or "".
func checkAuthorize(q url.Values) string {
	switch {
	case q.Get("response_type") != "code":
		return "unsupported_response_type"
	case !slices.Contains(words(q.Get("scope")), "openid") || unknown(words(q.Get("scope")), scopes):
		return "invalid_scope"
	case q.Get("acr_values") == "" || unknown(words(q.Get("acr_values")), []string{"eidas1", "eidas2", "eidas3"}):
		return "invalid_request"
	case !secret.MatchString(q.Get("state")), !secret.MatchString(q.Get("nonce")), q.Get("state") == q.Get("nonce"):
		return "invalid_request"
	case q.Get("code_challenge_method") != "S256", !challenge.MatchString(q.Get("code_challenge")):
		return "invalid_request"
	case q.Has("prompt") && q.Get("prompt") != "login":
		return "invalid_request"
	}
	return ""
}

func unknown(values, known []string) bool {
	return len(values) == 0 || slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(known, v) })
}

// back sends the browser back.
func (s *Server) back(q, answer url.Values) reply {
	answer.Set("state", q.Get("state"))
	if s.responseIssuer {
		answer.Set("iss", s.URL)
	}
	target, _ := url.Parse(q.Get("redirect_uri")) // the registered one
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += answer.Encode()
	return reply{status: http.StatusFound, header: http.Header{"Location": {target.String()}}, failure: answer.Get("error")}
}

// Decision is what the user of a browser does, see [Server.Login].
type Decision struct {
	// User is his national identifier. Empty: the first user of the server.
	User string
	// Refuse cancels the login.
	Refuse bool
	// SessionAge tells that he logged in that long ago, for another service.
	SessionAge time.Duration
}

// Login plays a browser that follows the URL of psc.Client.AuthCodeURL: its user decides on the wallet page, and the
// query that it brings back to the redirect address is returned. The error says why the page refuses.
func (s *Server) Login(ctx context.Context, authURL string, d Decision) (url.Values, error) {
	if _, err := s.browse(ctx, http.MethodGet, authURL, nil); err != nil {
		return nil, err
	}
	form := url.Values{"user": {d.User}, "decision": {"accept"}}
	if d.User == "" && len(s.users) > 0 {
		form.Set("user", s.users[0].NationalID)
	}
	if d.Refuse {
		form.Set("decision", "refuse")
	}
	if d.SessionAge > 0 {
		form.Set("age", strconv.Itoa(int(d.SessionAge/time.Second)))
	}
	target, err := s.browse(ctx, http.MethodPost, authURL, form)
	if err != nil {
		return nil, err
	}
	return target.Query(), nil
}

// Logout plays a browser that follows the URL of psc.Session.LogoutURL, and returns the query that it brings back.
func (s *Server) Logout(ctx context.Context, logoutURL string) (url.Values, error) {
	target, err := s.browse(ctx, http.MethodGet, logoutURL, nil)
	if err != nil || target == nil {
		return nil, err
	}
	return target.Query(), nil
}

// browse sends what a browser sends, and returns where it is sent to.
func (s *Server) browse(ctx context.Context, method, target string, form url.Values) (*url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errors.New("psctest: not a URL")
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := s.browser.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("psctest: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxRequest))
	switch {
	case err != nil:
		return nil, fmt.Errorf("psctest: %w", err)
	case resp.StatusCode >= http.StatusBadRequest:
		_, reason, _ := strings.Cut(string(text), "<p>")
		return nil, fmt.Errorf("psctest: the page refuses (status %d): %s", resp.StatusCode, reason)
	case resp.StatusCode >= http.StatusMultipleChoices:
		return resp.Location()
	}
	return nil, nil //nolint:nilnil // a page, and no redirect
}
