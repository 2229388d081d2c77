package transport

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// again decides whether another attempt follows attempt n, and after how long.
func (c *Client) again(o *operation, n int, resp *Response, f *failure) (time.Duration, bool) {
	if o.req.Once && f == nil && !temporary(resp.Status) {
		c.budget.earn()
	}
	busy := o.req.RepeatBusy && f == nil && (resp.Status == http.StatusTooManyRequests || resp.Status == http.StatusServiceUnavailable)
	if !o.req.RepeatSafe && !busy || o.req.Once || n >= c.cfg.Retry.MaxAttempts || o.ctx.Err() != nil {
		return 0, false
	}
	var after time.Duration
	if f != nil {
		if !f.again {
			return 0, false
		}
	} else {
		if !temporary(resp.Status) {
			c.budget.earn()
			return 0, false
		}
		after = resp.RetryAfter
	}
	wait, ok := backoff(o.ctx, c.cfg.Retry, n, after, c.o.Jitter)
	return wait, ok && c.budget.spend()
}

// temporary reports whether a status asks to come back.
func temporary(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// MayRepeat takes one repetition from those that all the calls of the client share, for callers that repeat by
// themselves ([Request].Once); false: the service is down for everybody, and none is left.
func (c *Client) MayRepeat() bool { return c.budget.spend() }

// Backoff is the pause before what follows attempt n, for callers that repeat by themselves: the one that the service
// asked for, if any, and a random part. false: the service asked for more than the policy may wait, or the context
// ends before.
func Backoff(ctx context.Context, p segur.RetryPolicy, n int, after time.Duration) (time.Duration, bool) {
	return backoff(ctx, p, n, after, jitter)
}

func backoff(ctx context.Context, p segur.RetryPolicy, n int, after time.Duration, jitter func(time.Duration) time.Duration) (time.Duration, bool) {
	if after > p.MaxDelay {
		return 0, false
	}
	ceiling := p.MaxDelay
	if shift := n - 1; shift < 32 && p.BaseDelay<<shift>>shift == p.BaseDelay {
		ceiling = min(ceiling, p.BaseDelay<<shift)
	}
	// A wait that the service named is kept whole, and spread upwards.
	wait := min(p.MaxDelay, after+jitter(ceiling))
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait {
		return 0, false
	}
	return wait, true
}

// jitter is full jitter: uniform from nothing to the ceiling, which spreads
// the clients of a service that comes back.
func jitter(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	return rand.N(limit + 1) //nolint:gosec // no secret depends on it
}

// Pause waits for d, or returns the error of the context when it ends before.
func Pause(ctx context.Context, d time.Duration) error { return pause(ctx, d) }

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// budget bounds repetitions over all calls of a client, so that a service that
// is down gets little more than one attempt for each call. Every answer that
// needs no repetition earns a part of one.
type budget struct {
	mu     sync.Mutex
	tokens float64
}

const (
	budgetMax  = 20
	budgetEarn = 0.2
)

func newBudget() *budget { return &budget{tokens: budgetMax} }

func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func (b *budget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(budgetMax, b.tokens+budgetEarn)
}

// retryAfter reads the header Retry-After (RFC 9110 section 10.2.3): seconds,
// or a date that is compared with now. 0 when absent, past or malformed.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
