package psc

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
)

// flight lets one call run at a time; who asks meanwhile gets its result. The call goes on when the one who began it
// gives up: a refresh token that rotates is lost when nobody reads the answer.
type flight[T any] struct {
	// limit bounds a call, as no context of a caller does.
	limit time.Duration

	mu  sync.Mutex
	now *turn[T]
}

type turn[T any] struct {
	done chan struct{}
	v    T
	err  error
}

func (f *flight[T]) do(ctx context.Context, op string, call func(context.Context) (T, error)) (T, error) {
	if ctx.Err() != nil {
		var zero T
		return zero, contextError(ctx, op)
	}
	f.mu.Lock()
	t := f.now
	if t == nil {
		t = &turn[T]{done: make(chan struct{})}
		f.now = t
		go func() {
			inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.limit)
			defer cancel()
			t.v, t.err = call(inner)
			f.mu.Lock()
			f.now = nil
			f.mu.Unlock()
			close(t.done)
		}()
	}
	f.mu.Unlock()
	select {
	case <-t.done:
		return t.v, t.err
	case <-ctx.Done():
		var zero T
		return zero, contextError(ctx, op)
	}
}

// wait returns once no call runs, or ctx ends.
func (f *flight[T]) wait(ctx context.Context, op string) error {
	f.mu.Lock()
	t := f.now
	f.mu.Unlock()
	if t == nil {
		return nil
	}
	select {
	case <-t.done:
		return nil
	case <-ctx.Done():
		return contextError(ctx, op)
	}
}

// contextError is the end of the caller's context.
func contextError(ctx context.Context, op string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &segur.Error{Op: op, Kind: segur.KindTimeout, Message: "the deadline of the call passed", Err: ctx.Err()}
	}
	return &segur.Error{Op: op, Kind: segur.KindCanceled, Message: "the call was cancelled", Err: ctx.Err()}
}
