package faults

import (
	"io"
	"net/http"
)

// piece is what goes at once: a twentieth of a second's worth.
func piece(rate int64) int { return int(max(1, rate/20)) }

// slowBody is a request body that is read slowly.
type slowBody struct {
	io.ReadCloser
	piece int
	wait  func(n int) bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.piece)])
	if n > 0 && !b.wait(n) {
		return n, http.ErrAbortHandler
	}
	return n, err
}

// slowWriter sends an answer slowly.
type slowWriter struct {
	http.ResponseWriter
	piece int
	wait  func(n int) bool
}

func (w *slowWriter) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n, err := w.ResponseWriter.Write(p[done:min(len(p), done+w.piece)])
		if done += n; err != nil {
			return done, err
		}
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		if !w.wait(n) {
			panic(http.ErrAbortHandler)
		}
	}
	return len(p), nil
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *slowWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
