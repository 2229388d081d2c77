package transport

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
)

// operation follows a call from before its first attempt to the end of its
// response body, and reports it once.
type operation struct {
	c     *Client
	req   *Request
	ctx   context.Context //nolint:containedctx // the operation is the call
	host  string
	start time.Time

	attempts       int
	renewed        atomic.Pointer[renewal] // of the present attempt; nil for the first
	sent, received atomic.Int64

	mu     sync.Mutex
	status int
	err    error
	ended  bool
}

func (c *Client) begin(ctx context.Context, req *Request, host string) *operation {
	if c.cfg.Observer != nil {
		ctx = c.cfg.Observer.OperationStart(ctx, req.Op)
	}
	return &operation{c: c, req: req, ctx: ctx, host: host, start: c.cfg.Clock()}
}

// renewal is what an attempt after the first sends instead.
type renewal struct {
	body segur.Content
	id   string
}

func (o *operation) requestID() string {
	if r := o.renewed.Load(); r != nil {
		return r.id
	}
	return o.req.RequestID
}

func (o *operation) content() segur.Content {
	if r := o.renewed.Load(); r != nil {
		return r.body
	}
	return o.req.Body
}

// renew prepares the next attempt.
func (o *operation) renew() *segur.Error {
	if o.req.Renew == nil {
		return nil
	}
	content, id, err := o.req.Renew(o.ctx)
	if err != nil {
		return o.errorOf(err, "the next attempt cannot be made")
	}
	o.renewed.Store(&renewal{content, id})
	return nil
}

// errorOf is the error of a hook.
func (o *operation) errorOf(err error, message string) *segur.Error {
	var e *segur.Error
	if errors.As(err, &e) {
		return e
	}
	return o.error(segur.KindUnavailable, message, err)
}

// note keeps the first error, unless final replaces it.
func (o *operation) note(err error, final bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil || final {
		o.err = err
	}
}

func (o *operation) setStatus(status int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status = status
}

// end reports the operation; later calls do nothing.
func (o *operation) end() {
	o.mu.Lock()
	if o.ended {
		o.mu.Unlock()
		return
	}
	o.ended = true
	if o.err == nil && o.status >= 400 {
		o.err = o.statusError(o.status, 0)
	}
	out := segur.Outcome{
		Op: o.req.Op, Duration: o.c.cfg.Clock().Sub(o.start), Attempts: max(o.attempts, 1),
		BytesSent: o.sent.Load(), BytesReceived: o.received.Load(),
		Status: o.status, RequestID: o.requestID(), Kind: segur.KindOf(o.err), Err: o.err,
	}
	o.mu.Unlock()

	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("op", out.Op), slog.String("host", o.host), slog.Duration("duration", out.Duration),
		slog.Int("attempts", out.Attempts), slog.Int("status", out.Status),
		slog.Int64("bytes_sent", out.BytesSent), slog.Int64("bytes_received", out.BytesReceived),
		slog.String("request_id", out.RequestID),
	}
	if out.Err != nil {
		level = slog.LevelWarn
		attrs = append(attrs, slog.String("kind", out.Kind.String()), slog.String("code", codeOf(out.Err)))
	}
	o.c.cfg.Logger.LogAttrs(context.WithoutCancel(o.ctx), level, "segur operation", attrs...)
	if o.c.cfg.Observer != nil {
		o.c.cfg.Observer.OperationEnd(o.ctx, out)
	}
}

func codeOf(err error) string {
	var e *segur.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
