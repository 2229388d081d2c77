package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/segur-sdk/segur"
)

// failure is an attempt without a response.
type failure struct {
	err *segur.Error
	// again: another attempt may do better.
	again bool
}

func (o *operation) error(kind segur.Kind, message string, cause error) *segur.Error {
	return &segur.Error{Op: o.req.Op, Kind: kind, Message: message, RequestID: o.requestID(), Err: cause}
}

// unsure turns e into an unknown outcome when the request may have reached the
// service and is not safe to repeat. e stays as the cause.
func (o *operation) unsure(left bool, e *segur.Error) *segur.Error {
	if !left || o.req.RepeatSafe {
		return e
	}
	return o.error(segur.KindOutcomeUnknown, "the request left and no usable answer came",
		&segur.Error{Kind: e.Kind, Message: e.Message, Err: e.Err})
}

// ContextError is the end of the caller's context, whose Err is err: a deadline
// that passed, or a cancellation. The cause that the caller may have attached is
// left out: its text is not ours.
func ContextError(op string, err error) *segur.Error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &segur.Error{Op: op, Kind: segur.KindTimeout, Message: "the deadline of the call passed", Err: err}
	}
	return &segur.Error{Op: op, Kind: segur.KindCanceled, Message: "the call was cancelled", Err: err}
}

func (o *operation) contextError(left bool) *segur.Error {
	e := ContextError(o.req.Op, o.ctx.Err())
	e.RequestID = o.requestID()
	return o.unsure(left, e)
}

func (o *operation) tooLarge(limit int64) *segur.Error {
	return o.error(segur.KindTooLarge, fmt.Sprintf("the response is larger than its limit of %d bytes", limit), nil)
}

func (o *operation) credentialError(err error) *segur.Error {
	e := noCredential(o.ctx, o.req.Op, err)
	e.RequestID = o.requestID()
	return e
}

// classify says what became of an attempt that has no response. The texts of
// net/http are not passed on, since some quote the URL or the answer.
func (s *sending) classify(ctx context.Context, err error) *failure {
	o, left := s.o, s.left.Load()
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if c := s.conn.Load(); c != nil {
		if alert := c.alert(); alert != nil {
			err = alert
		}
	} else if c := s.framed.Load(); c != nil && ctx.Err() == nil && lost(err) {
		if alert := c.alert(); alert != nil {
			err = alert
		}
	}
	if f := s.party().explain(err, !left); f != nil {
		return &failure{err: o.error(f.kind, f.message, f.cause)}
	}
	if content := s.contentFault(); content != nil {
		// The service got less than announced; one that works on parts as they
		// come may still have kept some.
		return &failure{err: o.unsure(left, o.error(segur.KindInvalidInput, "the content to send cannot be read as announced", content))}
	}
	var (
		proxy proxyError
		e     *segur.Error
		again bool
	)
	switch {
	case o.ctx.Err() != nil:
		return &failure{err: o.contextError(left)}
	case errors.Is(context.Cause(ctx), errAttemptTimeout):
		e, again = o.error(segur.KindTimeout, "no response within "+o.c.cfg.Timeout.String(), nil), true
	case errors.As(err, &proxy):
		e = o.error(segur.KindUnavailable, proxy.Error(), nil)
	case headersExceeded(err):
		e = o.error(segur.KindTooLarge, fmt.Sprintf("the response headers are larger than their limit of %d bytes", o.c.cfg.Limits.MaxHeaderBytes), nil)
	case timedOut(err):
		e, again = o.error(segur.KindTimeout, "the connection or the TLS handshake took too long", safeCause(err)), true
	case connectionError(err):
		e, again = o.error(segur.KindUnavailable, connectionMessage(err, left), safeCause(err)), true
	default:
		e = o.error(segur.KindProtocol, "the answer is not HTTP", nil)
	}
	return &failure{err: o.unsure(left, e), again: again}
}

func connectionMessage(err error, left bool) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "the name of the service is not found"
	case !left:
		return "no connection"
	}
	return "the connection ended before the response"
}

func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// connectionError reports whether err is about the connection, not about what
// came through it.
func connectionError(err error) bool {
	_, reset := byPeer(err)
	return reset || lost(err)
}

// lost reports whether err is the end of the whole connection.
func lost(err error) bool {
	var (
		op    *net.OpError
		dns   *net.DNSError
		errno syscall.Errno
	)
	switch {
	case errors.As(err, &op), errors.As(err, &dns), errors.As(err, &errno),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return true
	}
	if lostHTTP2(err) {
		return true
	}
	// Two errors of net/http that have no exported type.
	text := err.Error()
	return strings.HasSuffix(text, "server closed idle connection") || strings.Contains(text, "cannot rewind body after connection loss")
}

// safeCause keeps the part of err whose text is known to quote nothing of the
// URL nor of the answer.
func safeCause(err error) error {
	var (
		op    *net.OpError
		dns   *net.DNSError
		errno syscall.Errno
	)
	if reset, ok := byPeer(err); ok {
		return reset
	}
	switch {
	case errors.As(err, &op):
		return op
	case errors.As(err, &dns):
		return dns
	case errors.As(err, &errno):
		return errno
	case errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		return os.ErrDeadlineExceeded
	}
	return nil
}
