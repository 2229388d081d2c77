package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// body is a response body with its limit, its idle timeout and its evidence.
type body struct {
	ctx    context.Context //nolint:containedctx // that of the attempt
	cancel context.CancelCauseFunc
	o      *operation
	rec    *record
	rc     io.ReadCloser
	limit  int64 // -1: none
	length int64 // announced; -1: unknown
	timer  *time.Timer
	// upgraded: the connection is of another protocol now, without end.
	upgraded bool

	ahead []byte // read already

	mu   sync.Mutex
	n    int64
	err  error // sticky
	once sync.Once
}

func newBody(ctx context.Context, cancel context.CancelCauseFunc, o *operation, resp *http.Response, rec *record) *body {
	b := &body{ctx: ctx, cancel: cancel, o: o, rec: rec, rc: resp.Body, length: resp.ContentLength, limit: o.req.ResponseLimit}
	if o.req.method() == http.MethodHead || resp.StatusCode == http.StatusNotModified {
		// They announce the length of what they do not send.
		b.length = 0
	}
	switch {
	case b.limit == 0:
		b.limit = o.c.cfg.Limits.MaxResponseBytes
	case b.limit < 0:
		b.limit = -1
	}
	b.timer = time.AfterFunc(o.c.cfg.IdleTimeout, func() { cancel(errIdleTimeout) })
	b.timer.Stop() // it runs during reads only: a slow reader is not an idle service
	return b
}

func (b *body) Read(p []byte) (int, error) {
	if len(b.ahead) > 0 {
		n := copy(p, b.ahead)
		b.ahead = b.ahead[n:]
		return n, nil
	}
	b.mu.Lock()
	n, err := b.n, b.err
	b.mu.Unlock()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	if b.limit >= 0 && int64(len(p))-1 > b.limit-n {
		p = p[:b.limit-n+1] // one more byte than allowed tells that there is more
	}
	b.timer.Reset(b.o.c.cfg.IdleTimeout)
	k, err := b.rc.Read(p)
	b.timer.Stop()
	b.o.received.Add(int64(k))
	b.rec.responseBody(p[:k])
	n += int64(k)
	if err == io.EOF && b.length < 0 && b.ctx.Err() != nil {
		// The service may end its chunks properly because it saw us leave.
		err = io.ErrUnexpectedEOF
	}
	if b.limit >= 0 && n > b.limit {
		k, n, err = k-1, n-1, b.o.unsure(true, b.o.tooLarge(b.limit))
	} else if err != nil && err != io.EOF {
		err = b.classify(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n, b.err = n, err
	if err != nil && err != io.EOF {
		b.o.note(err, false)
	}
	return k, err
}

func (b *body) classify(err error) error {
	var e *segur.Error
	switch {
	case b.o.ctx.Err() != nil:
		return b.o.contextError(true)
	case errors.Is(context.Cause(b.ctx), errIdleTimeout):
		e = b.o.error(segur.KindTimeout, "no byte of the response for "+b.o.c.cfg.IdleTimeout.String(), nil)
	case errors.Is(err, io.ErrUnexpectedEOF), connectionError(err):
		e = b.o.error(segur.KindTruncated, "the connection ended before the response did", safeCause(err))
	default: // malformed chunks: the text of the error may quote them
		e = b.o.error(segur.KindProtocol, "the response body is not well framed", nil)
	}
	return b.o.unsure(true, e)
}

// drainTime and drainSize bound what Close reads so that the connection can be
// used again and the evidence is complete: a JSON decoder stops before the end
// of the chunks.
const (
	drainTime = 100 * time.Millisecond
	drainSize = 64 << 10
)

// Close ends the operation. It returns nil: what is wrong with the answer was
// told by Read.
func (b *body) Close() error {
	b.once.Do(func() {
		b.release()
		b.o.end()
	})
	return nil
}

// discard is Close between two attempts.
func (b *body) discard() { b.once.Do(b.release) }

func (b *body) release() {
	b.mu.Lock()
	n, err := b.n, b.err
	b.mu.Unlock()
	if err == nil && !b.upgraded && b.ctx.Err() == nil && (b.length < 0 || b.length-n <= drainSize) {
		t := time.AfterFunc(drainTime, func() { b.cancel(nil) })
		b.drain()
		t.Stop()
	}
	b.timer.Stop()
	_ = b.rc.Close()
	b.cancel(nil)
	b.rec.close()
}

func (b *body) drain() {
	buf := make([]byte, 4<<10)
	for left := drainSize; left > 0; {
		n, err := b.rc.Read(buf[:min(len(buf), left)])
		b.rec.responseBody(buf[:n])
		b.o.received.Add(int64(n))
		if left -= n; err != nil {
			return
		}
	}
}
