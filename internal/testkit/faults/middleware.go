package faults

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// Middleware returns a handler that hits the calls the script names and hands the others to next. op names the operation
// of a request without reading its body; a fake that must read the body first calls Next and Apply itself.
func (s *Script) Middleware(op func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := s.Next(op(r))
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		s.Apply(f, w, r, next)
	})
}

// Apply carries out one fault on one call; next processes the request where the fault lets it. It may end the call by
// panicking with http.ErrAbortHandler, which net/http turns into a cut connection.
func (s *Script) Apply(f Fault, w http.ResponseWriter, r *http.Request, next http.Handler) {
	if f.DropRequest {
		panic(http.ErrAbortHandler)
	}
	if f.Latency > 0 && !s.wait(r, f.Latency) {
		panic(http.ErrAbortHandler)
	}
	if f.Hang {
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices that the client left only once the body is read
		if f.Reached != nil {
			f.Reached()
		}
		select {
		case <-r.Context().Done():
		case <-s.done():
		}
		panic(http.ErrAbortHandler)
	}
	if f.Rate > 0 {
		slow := func(n int) bool { return s.wait(r, time.Duration(n)*time.Second/time.Duration(f.Rate)) }
		r.Body = &slowBody{ReadCloser: r.Body, piece: piece(f.Rate), wait: slow}
		w = &slowWriter{ResponseWriter: w, piece: piece(f.Rate), wait: slow}
	}
	switch {
	case f.CutAfter != 0:
		w = &limitedWriter{ResponseWriter: w, left: max(f.CutAfter, 0), cut: true}
	case f.TruncateAfter != 0:
		w = &limitedWriter{ResponseWriter: w, left: max(f.TruncateAfter, 0)}
	}
	switch {
	case f.DropBeforeResponse:
		next.ServeHTTP(&recorder{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case f.Status != 0 || f.Body != nil:
		_, _ = io.Copy(io.Discard, r.Body) // answer after the whole request, as a gateway does
		send(w, f, f.Status, f.Body)
	case f.Alter != nil:
		rec := &recorder{header: http.Header{}}
		next.ServeHTTP(rec, r)
		for k, v := range rec.header {
			w.Header()[k] = v
		}
		w.Header().Del("Content-Length")
		send(w, f, rec.status, f.Alter(rec.body.Bytes()))
	default:
		for k, v := range f.Header {
			w.Header()[k] = v
		}
		next.ServeHTTP(w, r)
	}
	if lw, ok := w.(*limitedWriter); ok {
		lw.end()
	}
}

// wait returns false when the client or the script went away first.
func (s *Script) wait(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-s.done():
	}
	return false
}

func send(w http.ResponseWriter, f Fault, status int, body []byte) {
	for k, v := range f.Header {
		w.Header()[k] = v
	}
	if f.ContentType != "" {
		w.Header().Set("Content-Type", f.ContentType)
	}
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// limitedWriter lets a number of body bytes through, then cuts the connection or swallows the rest.
type limitedWriter struct {
	http.ResponseWriter
	left    int64
	cut     bool
	started bool
}

func (w *limitedWriter) WriteHeader(status int) {
	if !w.started && status >= 200 { // informational answers are not the answer
		w.started = true
		if !w.cut {
			w.Header().Del("Content-Length") // the answer must look complete
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if !w.started {
		w.WriteHeader(http.StatusOK)
	}
	n := len(p)
	if int64(n) > w.left {
		p = p[:w.left]
	}
	if len(p) > 0 {
		m, err := w.ResponseWriter.Write(p)
		w.left -= int64(m)
		if err != nil {
			return m, err
		}
	}
	if len(p) < n && w.cut {
		w.abort()
	}
	return n, nil
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *limitedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// end is called when the handler is done: a body shorter than the limit is cut after its last byte.
func (w *limitedWriter) end() {
	if w.cut {
		if !w.started {
			w.WriteHeader(http.StatusOK)
		}
		w.abort()
	}
}

func (w *limitedWriter) abort() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // what was let through must reach the client
	panic(http.ErrAbortHandler)
}

// recorder holds an answer in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
}
func (r *recorder) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}
