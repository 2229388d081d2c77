package transport_test

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/transport"
)

// zeros is a content of n bytes that takes no memory.
type zeros struct{ n int64 }

func (z zeros) Size() int64 { return z.n }
func (z zeros) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(zeroReader{}, z.n)), nil
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What is allocated does not grow with the size of the bodies.
func TestStreamsTakeNoMemory(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		w.Header().Set("Content-Length", fmt.Sprint(n))
		_, _ = io.CopyN(w, zeroReader{}, n)
	})
	c := newClient(t, s.config(), transport.Options{})
	buf := make([]byte, 32<<10)
	run := func(size int64) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		resp, err := c.Do(t.Context(), &transport.Request{Op: "test.op", URL: s.URL, Body: zeros{size}, ResponseLimit: -1})
		require.NoError(t, err)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{resp.Body}, buf)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, size, n)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	run(1 << 10)
	small, large := run(1<<20), run(32<<20)
	// The race detector drops pooled buffers at random, hence the margin.
	assert.Less(t, large, small+16<<20, "32 MiB each way allocate little more than 1 MiB each way (%d, %d bytes)", small, large)
}

func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		h := sha256.New()
		_, _ = io.Copy(h, r.Body)
		_, _ = fmt.Fprintf(w, "%x", h.Sum(nil))
	})
	cfg := s.config()
	obs := &observer{}
	cfg.Observer = obs
	c := newClient(t, cfg, transport.Options{})
	rest := c.REST()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 10 {
				body := fmt.Sprintf("%d-%d", g, i)
				want := fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
				if g%2 == 0 {
					reply, err := rest.Do(t.Context(), transport.Call{Op: "rest", URL: s.URL, Body: []byte(body)})
					if assert.NoError(t, err) {
						assert.Equal(t, want, string(reply.Body))
					}
					continue
				}
				resp, err := c.Do(t.Context(), &transport.Request{Op: "do", URL: s.URL, Body: content(body)})
				if assert.NoError(t, err) {
					b, err := resp.ReadAll()
					assert.NoError(t, err)
					assert.Equal(t, want, string(b))
				}
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 80, calls.Load())
	assert.Len(t, obs.ended, 80)
}

// BenchmarkUpload compares Do with a bare http.Client over the same TLS.
func BenchmarkUpload(b *testing.B) {
	const size = 20 << 20
	srv := newServer(b, ok)
	s, c := srv.URL, newClient(b, srv.config(), transport.Options{})
	bare := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12,
		RootCAs: srv.pki.Roots(), Certificates: []tls.Certificate{credentialtest.TLSCertificate(srv.pki.Organization())}}}}
	b.Run("transport", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			resp, err := c.Do(b.Context(), &transport.Request{Op: "test.op", URL: s, Body: zeros{size}})
			require.NoError(b, err)
			_, err = resp.ReadAll()
			require.NoError(b, err)
		}
	})
	b.Run("net/http", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			rc, _ := zeros{size}.Open()
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s, rc)
			require.NoError(b, err)
			req.ContentLength = size
			resp, err := bare.Do(req)
			require.NoError(b, err)
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
}
