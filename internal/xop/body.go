package xop

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Content is a byte string that can be opened more than once: for its hash, for sending, and again for a retry. Each
// opening yields exactly Size bytes.
type Content interface {
	Open() (io.ReadCloser, error)
	Size() int64
}

// Bytes is a Content in memory.
type Bytes []byte

// Open returns a reader of the bytes.
func (b Bytes) Open() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }

// Size returns the number of bytes.
func (b Bytes) Size() int64 { return int64(len(b)) }

// Body is a sequence of contents read one after the other. It holds no state of a reading, so that it can be opened as
// often as needed, also concurrently.
type Body struct {
	segments []Content
	size     int64
}

// NewBody returns the concatenation of the contents.
func NewBody(segments ...Content) (*Body, error) {
	b := &Body{segments: segments}
	for _, s := range segments {
		n := s.Size()
		if n < 0 || b.size+n < b.size {
			return nil, ErrSize
		}
		b.size += n
	}
	return b, nil
}

// Size returns the number of bytes of the whole body.
func (b *Body) Size() int64 { return b.size }

// Open returns a reader from the start. It opens each content when it is reached and closes it when it is read; closing
// the reader, also while another goroutine reads, closes the content that is open. A content that delivers more or fewer
// bytes than announced gives ErrSize.
func (b *Body) Open() (io.ReadCloser, error) { return &bodyReader{segments: b.segments}, nil }

// Apply makes the body that of an HTTP request: with its length (so that it is not sent chunked, which old gateways
// refuse) and with GetBody, for redirects and for retries on a fresh connection.
func (b *Body) Apply(req *http.Request) error {
	rc, err := b.Open()
	if err != nil {
		return err
	}
	req.ContentLength = b.size
	req.GetBody = b.Open
	req.Body = rc
	if b.size == 0 {
		req.Body = http.NoBody
	}
	return nil
}

type bodyReader struct {
	segments []Content // the current one and those to come
	left     int64     // of the current one
	err      error

	mu     sync.Mutex // guards cur and closed: net/http may close while it reads
	cur    io.ReadCloser
	closed bool
}

func (r *bodyReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := r.read(p)
	if err != nil {
		r.err = err
		if e := r.closeCurrent(); e != nil && err == io.EOF { //nolint:errorlint // ours, bare
			r.err = e
		}
	}
	return n, r.err
}

func (r *bodyReader) read(p []byte) (int, error) {
	for {
		cur, err := r.current()
		if err != nil {
			return 0, err
		}
		if r.left == 0 {
			if err := r.finish(cur); err != nil {
				return 0, err
			}
			continue
		}
		if int64(len(p)) > r.left {
			p = p[:r.left]
		}
		n, err := cur.Read(p)
		if n < 0 || n > len(p) {
			return 0, fmt.Errorf("%w: impossible read count", ErrSize)
		}
		r.left -= int64(n)
		switch {
		case n > 0: // an error comes again, or shows as a missing byte
			return n, nil
		case err == io.EOF: //nolint:errorlint // the io.Reader contract says bare
			return 0, fmt.Errorf("%w: %d bytes are missing", ErrSize, r.left)
		case err != nil:
			return 0, err
		}
	}
}

// current opens the content that is next.
func (r *bodyReader) current() (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, http.ErrBodyReadAfterClose
	}
	if r.cur != nil {
		return r.cur, nil
	}
	if len(r.segments) == 0 {
		return nil, io.EOF
	}
	rc, err := r.segments[0].Open()
	if err != nil {
		return nil, err
	}
	r.left, r.cur = r.segments[0].Size(), rc
	return rc, nil
}

// finish makes sure that the content has no more bytes than announced, and closes it.
func (r *bodyReader) finish(cur io.Reader) error {
	var one [1]byte
	n, err := 0, error(nil)
	for range 100 {
		if n, err = cur.Read(one[:]); n > 0 || err != nil {
			break
		}
	}
	switch {
	case n > 0:
		return fmt.Errorf("%w: more bytes than announced", ErrSize)
	case err == nil:
		return io.ErrNoProgress
	case err != io.EOF: //nolint:errorlint // the io.Reader contract says bare
		return err
	}
	r.segments = r.segments[1:]
	return r.closeCurrent()
}

func (r *bodyReader) closeCurrent() error {
	r.mu.Lock()
	cur := r.cur
	r.cur = nil
	r.mu.Unlock()
	if cur == nil {
		return nil
	}
	return cur.Close()
}

// Close releases the content that is open. Reading afterwards fails.
func (r *bodyReader) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return r.closeCurrent()
}
