package mssante

import (
	"context"
	"time"

	"github.com/segur-sdk/segur"
)

// Outbox sends letters over one connection that stays open between them, and
// opens another when the operator closed it. It is safe for concurrent use:
// letters leave one after the other. Close it when the Pro Santé Connect
// session of the user ends (ECO.1.2.6).
type Outbox struct {
	c      *Client
	turn   chan struct{} // holds one token
	closed bool
	kept   *submission
	since  time.Time
}

// keptFor is how long an idle session is tried again: servers end them after
// five minutes at the earliest (RFC 5321 section 4.5.3.2.7).
const keptFor = 4 * time.Minute

// Outbox makes an outbox. Nothing is opened before the first letter.
func (c *Client) Outbox() *Outbox {
	o := &Outbox{c: c, turn: make(chan struct{}, 1)}
	o.turn <- struct{}{}
	return o
}

// Send is [Client.Send] over the connection of the outbox.
func (o *Outbox) Send(ctx context.Context, l *Letter) (*Receipt, error) {
	return o.do(ctx, func() (*Receipt, error) { return o.c.send(ctx, l, nil, o) })
}

// Resend is [Client.Resend] over the connection of the outbox.
func (o *Outbox) Resend(ctx context.Context, l *Letter, previous *Receipt) (*Receipt, error) {
	return o.do(ctx, func() (*Receipt, error) { return o.c.resend(ctx, l, previous, o) })
}

func (o *Outbox) do(ctx context.Context, send func() (*Receipt, error)) (*Receipt, error) {
	select {
	case <-o.turn:
	case <-ctx.Done():
		return &Receipt{}, &segur.Error{Op: opSend, Kind: kindOfEnd(ctx), Message: "the outbox was busy: nothing was sent", Err: ctx.Err()}
	}
	defer func() { o.turn <- struct{}{} }()
	if o.closed {
		return &Receipt{}, &segur.Error{Op: opSend, Kind: segur.KindInvalidInput, Message: "the outbox is closed"}
	}
	if o.kept != nil && o.c.cfg.Clock().Sub(o.since) > keptFor {
		o.kept.quit()
		o.kept = nil
	}
	return send()
}

func kindOfEnd(ctx context.Context) segur.Kind {
	if _, ok := ctx.Deadline(); ok && context.Cause(ctx) == context.DeadlineExceeded { //nolint:errorlint // the context's own
		return segur.KindTimeout
	}
	return segur.KindCanceled
}

// keep takes a session back after a letter.
func (o *Outbox) keep(x *submission) {
	if !x.conn.release() {
		x.conn.close()
		return
	}
	o.kept, o.since = x, o.c.cfg.Clock()
}

// Close ends the connection. Letters that are leaving go first.
func (o *Outbox) Close() error {
	<-o.turn
	defer func() { o.turn <- struct{}{} }()
	if o.closed = true; o.kept != nil {
		o.kept.quit()
		o.kept = nil
	}
	return nil
}
