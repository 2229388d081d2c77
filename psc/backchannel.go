package psc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// Channel is where the user confirms a backchannel login (parameter "channel" of Pro Santé Connect).
type Channel string

// The channels.
const (
	// Mobile is the application e-CPS.
	Mobile Channel = "MOBILE"
	// Card is the card in its reader, through the component CPS-Gestion.
	Card Channel = "CARD"
)

// BackchannelRequest asks a user to confirm a login on another device (CIBA). Its printed forms are redacted.
type BackchannelRequest struct {
	// LoginHint is the national identifier of the user, or "<structure>/<user>". Required.
	LoginHint string
	// BindingMessage is shown on both screens, so that the user confirms the login of this screen and not another:
	// two digits. Empty: drawn at random.
	BindingMessage string
	// Channel is where the user confirms. Empty: Mobile.
	Channel Channel
}

// Backchannel is a backchannel login that waits for its user. Its printed forms are redacted.
type Backchannel struct {
	id, message string
	until       time.Time

	mu       sync.Mutex
	interval time.Duration
	next     time.Time // of the next poll
	busy     bool
	ended    bool
}

// BindingMessage is what to show to the user beside the question.
func (b *Backchannel) BindingMessage() string { return b.message }

// Expiry is when the provider forgets the request.
func (b *Backchannel) Expiry() time.Time { return b.until }

// ErrPending is the cause of the error of [Client.PollOnce] while the user has not answered; RetryAfter of the
// [segur.Error] says when to ask again.
var ErrPending = errors.New("the user has not answered yet")

const (
	opBackchannel = "psc.backchannel"
	opPoll        = "psc.poll"
	grantCIBA     = "urn:openid:params:grant-type:ciba"

	// defaultInterval holds when the provider gives none, and slower is what slow_down adds (CIBA Core 1.0 sections
	// 7.3 and 11).
	defaultInterval = 5 * time.Second
	slower          = 5 * time.Second
)

var hint = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)

// StartBackchannel sends the question to the user. It is sent once: a repetition would ask twice.
func (c *Client) StartBackchannel(ctx context.Context, r BackchannelRequest) (*Backchannel, error) {
	if r.Channel == "" {
		r.Channel = Mobile
	}
	if r.BindingMessage == "" {
		n, err := rand.Int(c.cfg.Random, big.NewInt(100))
		if err != nil {
			return nil, &segur.Error{Op: opBackchannel, Kind: segur.KindUnavailable, Message: "the random source failed"}
		}
		r.BindingMessage = fmt.Sprintf("%02d", n.Int64())
	}
	var p segur.Problems
	if !hint.MatchString(r.LoginHint) {
		p.Add("loginHint", "is required: the national identifier of the user, without blank")
	}
	if !c.cfg.Settings.BindingMessage.MatchString(r.BindingMessage) {
		p.Add("bindingMessage", "must be two digits, or as settings.bindingMessage says")
	}
	if r.Channel != Mobile && r.Channel != Card {
		p.Add("channel", "must be psc.Mobile or psc.Card")
	}
	if err := p.Err(opBackchannel); err != nil {
		return nil, err
	}
	m, err := c.provider(ctx)
	if err != nil {
		return nil, named(opBackchannel, err)
	}
	start := c.cfg.Clock()
	reply, err := c.post(ctx, opBackchannel, m.Backchannel, url.Values{
		"scope": {strings.Join(c.cfg.Scopes, " ")}, "acr_values": {strings.Join(c.cfg.ACRValues, " ")},
		"login_hint": {r.LoginHint}, "binding_message": {r.BindingMessage}, "channel": {string(r.Channel)},
	})
	if err != nil {
		return nil, err
	}
	if err := refusal(opBackchannel, reply); err != nil {
		return nil, err
	}
	var a struct {
		ID        string    `json:"auth_req_id"`
		ExpiresIn duration  `json:"expires_in"`
		Interval  *duration `json:"interval"`
	}
	if err := decode(opBackchannel, reply, &a); err != nil {
		return nil, err
	}
	if a.ID == "" || len(a.ID) > maxToken || a.ExpiresIn == 0 {
		return nil, &segur.Error{Op: opBackchannel, Kind: segur.KindProtocol, Message: "the answer needs auth_req_id and expires_in", Status: reply.Status}
	}
	b := &Backchannel{id: a.ID, message: r.BindingMessage, until: start.Add(time.Duration(a.ExpiresIn)), interval: defaultInterval}
	if a.Interval != nil {
		b.interval = max(time.Duration(*a.Interval), time.Second)
	}
	b.next = c.cfg.Clock().Add(b.interval)
	return b, nil
}

// Poll waits until the user has answered, at the pace that the provider sets, and returns the session. It ends with the
// context, with the refusal of the user ([segur.ErrAuthorization], code access_denied) and with the request
// ([segur.ErrAuthentication], code expired_token). A connection that fails meanwhile does not end it.
func (c *Client) Poll(ctx context.Context, b *Backchannel) (*Session, error) {
	for {
		s, err := c.PollOnce(ctx, b)
		if err == nil || !errors.Is(err, ErrPending) {
			return s, err
		}
		var e *segur.Error
		errors.As(err, &e)
		if err := c.cfg.Pause(ctx, max(e.RetryAfter, time.Millisecond)); err != nil {
			if ctx.Err() != nil {
				return nil, contextError(ctx, opPoll)
			}
			return nil, &segur.Error{Op: opPoll, Kind: segur.KindCanceled, Message: "config.pause failed"}
		}
	}
}

// PollOnce asks once whether the user has answered: for programs that have a loop of their own. When it is too early to
// ask nothing is sent. While there is no answer, and when the connection failed, the error wraps [ErrPending].
func (c *Client) PollOnce(ctx context.Context, b *Backchannel) (*Session, error) {
	if b == nil || b.id == "" {
		return nil, &segur.Error{Op: opPoll, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "backchannel", Message: "is required: what StartBackchannel gave"}}}
	}
	if ctx.Err() != nil {
		return nil, contextError(ctx, opPoll)
	}
	if wait, err := b.begin(c.cfg.Clock()); err != nil || wait > 0 {
		if err == nil {
			err = pendingError(wait)
		}
		return nil, err
	}
	t, err := c.askToken(ctx, opPoll, url.Values{"grant_type": {grantCIBA}, "auth_req_id": {b.id}})
	if err != nil && ctx.Err() != nil {
		b.end(c.cfg.Clock(), 0, false)
		return nil, contextError(ctx, opPoll)
	}
	var e *segur.Error
	switch {
	case err == nil:
		b.end(c.cfg.Clock(), 0, true)
		return c.open(ctx, t, expectation{level: true, accessToken: t.access})
	case !errors.As(err, &e):
		return nil, err
	case e.Code == codePending:
		return nil, pendingError(b.end(c.cfg.Clock(), 0, false))
	case e.Code == codeSlowDown:
		return nil, pendingError(b.end(c.cfg.Clock(), slower, false))
	case e.Code == "" && (e.Retryable() || e.Kind == segur.KindOutcomeUnknown):
		// The answer that was lost is most likely "not yet": RFC 8628 section 3.5 asks for a slower pace.
		return nil, pendingError(b.end(c.cfg.Clock(), slower, false))
	}
	b.end(c.cfg.Clock(), 0, true)
	return nil, err
}

// begin returns how long to wait before asking, or why there is nothing to ask any more.
func (b *Backchannel) begin(now time.Time) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.ended:
		return 0, &segur.Error{Op: opPoll, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "backchannel", Message: "has ended"}}}
	case !now.Before(b.until):
		b.ended = true
		return 0, oauthError(opPoll, codeExpired, 0)
	case b.busy:
		return b.wait(now.Add(b.interval), now), nil
	case now.Before(b.next):
		return b.wait(b.next, now), nil
	}
	b.busy = true
	return 0, nil
}

// end notes an answer and returns how long to wait for the next.
func (b *Backchannel) end(now time.Time, more time.Duration, final bool) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy, b.ended = false, final
	b.interval += more
	b.next = now.Add(b.interval)
	return b.wait(b.next, now)
}

// wait is how long it is until next, not beyond the end of the request: an interval is what the provider says.
func (b *Backchannel) wait(next, now time.Time) time.Duration {
	if next.After(b.until) {
		next = b.until
	}
	return next.Sub(now)
}

func pendingError(wait time.Duration) error {
	return &segur.Error{Op: opPoll, Kind: segur.KindUnavailable, Code: codePending, RetryAfter: wait, Err: ErrPending}
}
