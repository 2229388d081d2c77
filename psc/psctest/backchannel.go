package psctest

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"
)

const (
	grantCIBA       = "urn:openid:params:grant-type:ciba"
	backchannelLife = 2 * time.Minute
)

// backchannel is a login that waits for its user.
type backchannel struct {
	user     *User
	message  string
	scope    string
	until    time.Time
	interval time.Duration
	next     time.Time
	polls    int
	decision string // "", "accept", "refuse"
	used     bool
	authTime time.Time
}

var twoDigits = regexp.MustCompile(`^[0-9]{2}$`)

func (s *Server) startBackchannel(r *http.Request, form url.Values) reply {
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "invalid_request", "méthode")
	}
	if a := s.authenticate(r, form); a != nil {
		return *a
	}
	user := s.user(form.Get("login_hint"))
	switch {
	case !slices.Contains(words(form.Get("scope")), "openid") || unknown(words(form.Get("scope")), scopes):
		return refuse(http.StatusBadRequest, "invalid_scope", "scope")
	case unknown(words(form.Get("acr_values")), []string{"eidas1", "eidas2", "eidas3"}):
		return refuse(http.StatusBadRequest, "invalid_request", "acr_values")
	case form.Get("channel") != "MOBILE" && form.Get("channel") != "CARD":
		return refuse(http.StatusBadRequest, "invalid_request", "channel")
	case !twoDigits.MatchString(form.Get("binding_message")):
		return refuse(http.StatusBadRequest, "invalid_binding_message", "binding_message")
	case user == nil:
		return refuse(http.StatusBadRequest, "unknown_user_id", "login_hint")
	}
	now, id := s.clock(), random()
	s.requests[id] = &backchannel{user: user, message: form.Get("binding_message"), scope: form.Get("scope"), until: now.Add(backchannelLife),
		interval: s.interval, next: now.Add(s.interval)}
	return jsonReply(http.StatusOK, map[string]any{"auth_req_id": id, "expires_in": int(backchannelLife / time.Second), "interval": int(s.interval / time.Second)})
}

// poll wants the pace of CIBA Core section 7.3: who comes too early slows down.
func (s *Server) poll(r *http.Request, form url.Values) reply {
	b := s.requests[form.Get("auth_req_id")]
	now := s.clock()
	switch {
	case b == nil || b.used:
		return invalidGrant("auth_req_id")
	case !now.Before(b.until):
		return refuse(http.StatusBadRequest, "expired_token", "demande périmée")
	case now.Before(b.next):
		b.interval += 5 * time.Second
		b.next = now.Add(b.interval)
		return refuse(http.StatusBadRequest, "slow_down", "trop tôt")
	}
	b.polls++
	b.next = now.Add(b.interval)
	if b.decision == "" && b.user.ConfirmsAfter > 0 && b.polls >= b.user.ConfirmsAfter {
		b.decision, b.authTime = "accept", now
	}
	switch b.decision {
	case "accept":
		b.used = true
		return s.issue(s.open(r, b.user, b.scope, b.user.acr(), b.authTime), true)
	case "refuse":
		b.used = true
		return refuse(http.StatusBadRequest, "access_denied", "refus")
	}
	return refuse(http.StatusBadRequest, "authorization_pending", "attente")
}

// Confirm has a user answer the backchannel logins that wait for him: accept says how, and message is the binding
// message that he compares, empty for any. It reports whether there was one.
func (s *Server) Confirm(nationalID, message string, accept bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	for _, b := range s.requests {
		if b.user.NationalID != nationalID || message != "" && b.message != message || b.decision != "" {
			continue
		}
		found = true
		if b.decision = "refuse"; accept {
			b.decision, b.authTime = "accept", s.clock()
		}
	}
	return found
}
