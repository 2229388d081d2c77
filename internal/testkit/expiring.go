package testkit

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"
)

// Expiring gives a context whose deadline is reached when expire is called, and not before: what it bounds begins first,
// however slow the machine is, and the signal that it has begun (a scripted fault, a line of the output) ends it. To the
// code under test it is a context of [context.WithTimeout] of one hour: it has a Deadline, and Done, Err and Cause tell
// [context.DeadlineExceeded] to it and to the contexts made from it. It ends with its parent too, and then tells the
// parent's error. Expire may be called several times, from any goroutine.
func Expiring(parent context.Context) (ctx context.Context, expire func()) {
	inner, cancel := context.WithCancelCause(parent)
	e := &expiring{Context: inner, deadline: time.Now().Add(time.Hour), done: make(chan struct{})}
	if d, ok := parent.Deadline(); ok && d.Before(e.deadline) {
		e.deadline = d
	}
	context.AfterFunc(inner, func() { close(e.done) })
	return e, func() {
		cancel(context.DeadlineExceeded)
		<-e.done
	}
}

// expiring has a Done channel of its own: package context would cancel the children of a context that only embeds one
// of its own with that one's error, context.Canceled.
type expiring struct {
	context.Context // canceled by expire, with the cause context.DeadlineExceeded
	deadline        time.Time
	done            chan struct{}
}

func (e *expiring) Deadline() (time.Time, bool) { return e.deadline, true }

func (e *expiring) Done() <-chan struct{} { return e.done }

func (e *expiring) Err() error {
	select {
	case <-e.done:
	default:
		return nil
	}
	if context.Cause(e.Context) == context.DeadlineExceeded { //nolint:errorlint // the context's own
		return context.DeadlineExceeded
	}
	return e.Context.Err()
}

// OnText gives a writer to stand for an output: it calls f, once, in the Write that completes text. It keeps nothing
// else, and is safe for concurrent use.
func OnText(text string, f func()) io.Writer { return &onText{text: []byte(text), f: f} }

type onText struct {
	mu   sync.Mutex
	text []byte
	tail []byte
	f    func()
}

func (w *onText) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f == nil {
		return len(p), nil
	}
	w.tail = append(w.tail, p...)
	if bytes.Contains(w.tail, w.text) {
		w.f()
		w.f, w.tail = nil, nil
		return len(p), nil
	}
	w.tail = w.tail[max(0, len(w.tail)-len(w.text)):]
	return len(p), nil
}
