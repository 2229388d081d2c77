package psc

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// tokenAnswer is what the token endpoint gives (RFC 6749 section 5.1, with the addition of Keycloak).
type tokenAnswer struct {
	AccessToken  string   `json:"access_token"`
	TokenType    string   `json:"token_type"`
	ExpiresIn    duration `json:"expires_in"`
	RefreshToken string   `json:"refresh_token"`
	RefreshIn    duration `json:"refresh_expires_in"`
	IDToken      string   `json:"id_token"`
	Scope        string   `json:"scope"`
}

// duration is a number of seconds, between quotes or not.
type duration time.Duration

const maxLife = 400 * 24 * time.Hour

func (d *duration) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		return nil
	}
	var quoted string
	if json.Unmarshal(b, &quoted) == nil {
		text = quoted
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || f < 0 {
		return errors.New("not a number of seconds")
	}
	*d = duration(min(f, maxLife.Seconds()) * float64(time.Second))
	return nil
}

// tokens are those of a session at one moment.
type tokens struct {
	access, refresh, id       string
	accessUntil, refreshUntil time.Time // refreshUntil is zero when the provider does not say
	accessLife                time.Duration
	scope                     []string
}

// bearer is the form of a token that goes into a header (RFC 6750 section 2.1).
var bearer = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// askToken sends a grant to the token endpoint. The lifetimes count from before the request.
func (c *Client) askToken(ctx context.Context, op string, form url.Values) (*tokens, error) {
	m, err := c.provider(ctx)
	if err != nil {
		return nil, named(op, err)
	}
	start := c.cfg.Clock()
	reply, err := c.post(ctx, op, m.TokenURL, form)
	if err != nil {
		return nil, err
	}
	return c.readTokens(op, reply, start)
}

func (c *Client) readTokens(op string, reply *transport.Reply, start time.Time) (*tokens, error) {
	if err := refusal(op, reply); err != nil {
		return nil, err
	}
	var a tokenAnswer
	if err := decode(op, reply, &a); err != nil {
		return nil, err
	}
	bad := func(message string) error {
		return &segur.Error{Op: op, Kind: segur.KindProtocol, Message: message, Status: reply.Status}
	}
	for _, t := range []string{a.AccessToken, a.RefreshToken, a.IDToken} {
		if len(t) > maxToken {
			return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Message: "a token is too long", Status: reply.Status}
		}
	}
	switch {
	case !bearer.MatchString(a.AccessToken):
		return nil, bad("the answer has no access token that can be sent")
	case !strings.EqualFold(a.TokenType, "Bearer"):
		return nil, bad("the access token is of another type than Bearer")
	case a.ExpiresIn == 0:
		return nil, bad("the answer does not say how long the access token lives")
	}
	t := &tokens{access: a.AccessToken, refresh: a.RefreshToken, id: a.IDToken, accessLife: time.Duration(a.ExpiresIn),
		accessUntil: start.Add(time.Duration(a.ExpiresIn)), scope: strings.Fields(a.Scope)}
	if a.RefreshIn > 0 && a.RefreshToken != "" {
		t.refreshUntil = start.Add(time.Duration(a.RefreshIn))
	}
	return t, nil
}

// named gives err the operation that the caller asked for.
func named(op string, err error) error {
	var e *segur.Error
	if !errors.As(err, &e) || e.Op == op {
		return err
	}
	return &segur.Error{Op: op, Kind: e.Kind, Code: e.Code, Message: "the provider cannot be used", Status: e.Status, RetryAfter: e.RetryAfter, Err: err}
}
