package xop_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/xop"
)

// tracked is a content that counts its openings and closings and may misbehave.
type tracked struct {
	open         func() io.Reader
	size         int64
	openErr      error
	closeErr     error
	opens, alive atomic.Int64
}

func (c *tracked) Size() int64 { return c.size }

func (c *tracked) Open() (io.ReadCloser, error) {
	if c.openErr != nil {
		return nil, c.openErr
	}
	c.opens.Add(1)
	c.alive.Add(1)
	return &trackedReader{Reader: c.open(), c: c}, nil
}

type trackedReader struct {
	io.Reader
	c    *tracked
	once sync.Once
}

func (r *trackedReader) Close() error {
	r.once.Do(func() { r.c.alive.Add(-1) })
	return r.c.closeErr
}

func content(s string) *tracked {
	return &tracked{size: int64(len(s)), open: func() io.Reader { return strings.NewReader(s) }}
}

func TestBodyConcatenates(t *testing.T) {
	t.Parallel()
	a, empty, b := content("alpha"), content(""), content("beta")
	body, err := xop.NewBody(xop.Bytes("<"), a, empty, xop.Bytes(nil), b, xop.Bytes(">"))
	require.NoError(t, err)
	require.EqualValues(t, 11, body.Size())
	for range 3 {
		rc, err := body.Open()
		require.NoError(t, err)
		require.NoError(t, iotest.TestReader(rc, []byte("<alphabeta>")))
		require.NoError(t, rc.Close())
	}
	assert.EqualValues(t, 3, a.opens.Load())
	for _, c := range []*tracked{a, empty, b} {
		assert.Zero(t, c.alive.Load(), "every opening is closed")
	}
	rc, err := body.Open()
	require.NoError(t, err)
	_, err = io.ReadFull(iotest.OneByteReader(rc), make([]byte, 3))
	require.NoError(t, err)
	assert.EqualValues(t, 1, a.alive.Load())
	assert.EqualValues(t, 3, b.opens.Load(), "a content is opened only when it is reached")
	require.NoError(t, rc.Close())
	assert.Zero(t, a.alive.Load())
	_, err = rc.Read(make([]byte, 1))
	require.ErrorIs(t, err, http.ErrBodyReadAfterClose)
	require.NoError(t, rc.Close(), "closing twice is harmless")
}

func TestBodyFaultyContents(t *testing.T) {
	t.Parallel()
	boom := errors.New("card removed")
	for name, c := range map[string]struct {
		content *tracked
		want    error
	}{
		"short":        {&tracked{size: 9, open: func() io.Reader { return strings.NewReader("12345") }}, xop.ErrSize},
		"long":         {&tracked{size: 3, open: func() io.Reader { return strings.NewReader("12345") }}, xop.ErrSize},
		"empty":        {&tracked{size: 1, open: func() io.Reader { return strings.NewReader("") }}, xop.ErrSize},
		"not so empty": {&tracked{size: 0, open: func() io.Reader { return strings.NewReader("x") }}, xop.ErrSize},
		"open fails":   {&tracked{size: 5, openErr: boom}, boom},
		"read fails":   {&tracked{size: 5, open: func() io.Reader { return iotest.ErrReader(boom) }}, boom},
		"fails late":   {&tracked{size: 5, open: func() io.Reader { return io.MultiReader(strings.NewReader("12345"), iotest.ErrReader(boom)) }}, boom},
		"close fails":  {&tracked{size: 5, closeErr: boom, open: func() io.Reader { return strings.NewReader("12345") }}, boom},
	} {
		body, err := xop.NewBody(xop.Bytes("head"), c.content, xop.Bytes("tail"))
		require.NoError(t, err)
		rc, err := body.Open()
		require.NoError(t, err)
		got, err := io.ReadAll(rc)
		require.ErrorIs(t, err, c.want, name)
		assert.NotContains(t, string(got), "tail", name)
		assert.Zero(t, c.content.alive.Load(), name)
		_, again := rc.Read(make([]byte, 1))
		assert.Equal(t, err, again, "%s: the error is final", name)
	}
	_, err := xop.NewBody(&tracked{size: -1})
	require.ErrorIs(t, err, xop.ErrSize)
	_, err = xop.NewBody(&tracked{size: 1 << 62}, &tracked{size: 1 << 62})
	require.ErrorIs(t, err, xop.ErrSize)
}

// TestBodyCloseWhileReading: net/http closes a request body while another goroutine may still read it.
func TestBodyCloseWhileReading(t *testing.T) {
	t.Parallel()
	pr, pw := io.Pipe()
	c := &tracked{size: 100, open: func() io.Reader { return pr }}
	body, err := xop.NewBody(c)
	require.NoError(t, err)
	rc, err := body.Open()
	require.NoError(t, err)
	reading := make(chan error, 1)
	go func() {
		_, err := io.ReadAll(rc)
		reading <- err
	}()
	_, err = pw.Write([]byte("x")) // returns once the reader took it: it now waits for the next byte
	require.NoError(t, err)
	require.NoError(t, rc.Close())
	assert.Zero(t, c.alive.Load())
	_ = pw.CloseWithError(io.ErrClosedPipe) // what closing a file does to a pending read
	require.Error(t, <-reading)
}

func TestBodyRequest(t *testing.T) {
	t.Parallel()
	doc := content(strings.Repeat("0123456789", 10_000))
	body, err := xop.NewBody(xop.Bytes("head"), doc, xop.Bytes("tail"))
	require.NoError(t, err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusTemporaryRedirect) // makes the client call GetBody
			return
		}
		b, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Empty(t, r.TransferEncoding, "not chunked")
		assert.EqualValues(t, body.Size(), r.ContentLength)
		assert.EqualValues(t, body.Size(), len(b))
		assert.True(t, bytes.HasPrefix(b, []byte("head0123")) && bytes.HasSuffix(b, []byte("789tail")))
	}))
	t.Cleanup(srv.Close)
	for _, path := range []string{"/from", "/to"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+path, nil)
		require.NoError(t, err)
		require.NoError(t, body.Apply(req))
		resp, err := srv.Client().Do(req)
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
		require.NoError(t, resp.Body.Close())
	}
	none, err := xop.NewBody()
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, nil)
	require.NoError(t, err)
	require.NoError(t, none.Apply(req))
	assert.Equal(t, http.NoBody, req.Body)
}

// TestBodyMemory: sending does not depend on the size of the contents.
func TestBodyMemory(t *testing.T) { //nolint:paralleltest // it counts allocations of the whole process
	const size = 64 << 20
	body, err := xop.NewBody(xop.Bytes("head"), &tracked{size: size, open: func() io.Reader { return io.LimitReader(zeros{}, size) }})
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rc, err := body.Open()
	require.NoError(t, err)
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, rc, make([]byte, 32<<10))
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	assert.EqualValues(t, size+4, n)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
