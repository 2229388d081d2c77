package transport

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segur-sdk/segur"
)

// sending is the way out of one attempt.
type sending struct {
	o     *operation
	m     *member
	watch *watch
	rec   *record
	body  segur.Content
	size  int64

	left    atomic.Bool // a byte of the request may have left
	conn    atomic.Pointer[tlsConn]
	framed  atomic.Pointer[framedConn] // that was made for it
	mu      sync.Mutex
	content error // what went wrong with the content to send
}

func (s *sending) trace() *httptrace.ClientTrace {
	// net/http sends again on its own when nothing was written on a connection
	// it kept: then nothing left yet. What is idempotent it sends again anyway.
	replayed := false
	switch s.o.req.method() {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		replayed = true
	}
	for _, h := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		replayed = replayed || s.o.req.Header.Get(h) != ""
	}
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			if !replayed {
				s.left.Store(false)
			}
		},
		GotConn: func(i httptrace.GotConnInfo) {
			c, _ := i.Conn.(*tlsConn)
			s.conn.Store(c)
		},
		WroteHeaderField: func(string, []string) { s.left.Store(true) },
	}
}

var (
	errContentShort = errors.New("the content is shorter than its size")
	errContentLong  = errors.New("the content is longer than its size")
)

func (s *sending) open() (io.ReadCloser, error) {
	rc, err := s.body.Open()
	if err != nil {
		s.fault(err)
		return nil, err
	}
	return &outgoing{s: s, rc: rc}, nil
}

func (s *sending) fault(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.content == nil {
		s.content = err
	}
}

func (s *sending) contentFault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content
}

// outgoing is the request body: it counts, records, checks the size and keeps
// the watch awake.
type outgoing struct {
	s      *sending
	rc     io.ReadCloser
	n      int64
	closed atomic.Bool
}

func (b *outgoing) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	b.s.watch.touch()
	b.n += int64(n)
	if err == nil && b.n == b.s.size {
		// The last bytes leave only once it is sure that nothing follows: a
		// service that has them all may answer before we could say otherwise.
		err = b.end()
	}
	switch {
	case b.n > b.s.size:
		n, err = 0, errContentLong
	case err == io.EOF && b.n < b.s.size:
		err = errContentShort
	}
	if err != nil && err != io.EOF && !b.closed.Load() { // net/http closes it when the connection fails
		b.s.fault(err)
	}
	b.s.o.sent.Add(int64(n))
	b.s.rec.requestBody(p[:n])
	return n, err
}

// end looks beyond the announced size.
func (b *outgoing) end() error {
	var extra [1]byte
	for range 100 {
		k, err := b.rc.Read(extra[:])
		b.n += int64(k)
		if k > 0 || err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

func (b *outgoing) Close() error {
	b.closed.Store(true)
	return b.rc.Close()
}

// watch calls late when nothing touched it for d, until it is stopped.
type watch struct {
	d    time.Duration
	mu   sync.Mutex
	t    *time.Timer
	done bool
}

func newWatch(d time.Duration, late func()) *watch {
	return &watch{d: d, t: time.AfterFunc(d, late)}
}

func (w *watch) touch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.t.Reset(w.d)
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	w.t.Stop()
}
