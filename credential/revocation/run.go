package revocation

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/segur-sdk/segur"
)

// Renew downloads anew the lists that are in the last quarter of their life. A failure changes nothing and is a warning:
// the list serves until its end.
func (c *Checker) Renew(ctx context.Context) error {
	now := c.cfg.Clock()
	c.mu.Lock()
	var due []*list
	for _, l := range c.lists {
		if !now.Before(l.due()) {
			due = append(due, l)
		}
	}
	c.mu.Unlock()
	var errs []error
	for _, l := range due {
		err := c.once(ctx, "crl "+listKey(l.issuer, l.point), func(ctx context.Context) error { return c.downloadList(ctx, l.issuer, l.point, l.names) })
		if ctx.Err() != nil {
			return contextError(ctx)
		}
		if err != nil {
			errs = append(errs, err)
			c.warn(Warning{Code: "renewal-failed", Certificate: l.issuer.Subject.CommonName, Err: err, Text: segur.Text{
				FR: "Une liste de révocation n'a pas pu être renouvelée : elle sert jusqu'à son échéance.",
				EN: "A revocation list could not be renewed: it serves until its end.",
			}})
		}
	}
	if len(errs) > 0 {
		return &segur.Error{Op: "revocation.renew", Kind: segur.KindUnavailable, Message: "lists could not be renewed", Err: errors.Join(errs...)}
	}
	return nil
}

// due is when the list is to be renewed.
func (l *list) due() time.Time { return l.nextUpdate.Add(-l.nextUpdate.Sub(l.thisUpdate) / 4) }

// Run calls [Checker.Renew] until ctx ends, and returns its error. Lists become known when a certificate is first
// checked.
func (c *Checker) Run(ctx context.Context) error {
	for {
		_ = c.Renew(ctx) // told to Warn
		t := time.NewTimer(c.pause())
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}

// pause is the time to the next renewal, a tenth more at random, between RetryAfter and an hour.
func (c *Checker) pause() time.Duration {
	now, wait := c.cfg.Clock(), time.Hour
	c.mu.Lock()
	for _, l := range c.lists {
		wait = min(wait, l.due().Sub(now))
	}
	c.mu.Unlock()
	wait = max(wait, c.cfg.RetryAfter)
	return wait + time.Duration(rand.Float64()*0.1*float64(wait)) //nolint:gosec // spreads load
}
