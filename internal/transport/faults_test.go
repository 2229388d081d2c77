package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/transport"
)

// faulty is a server whose calls fail as scripted.
type faulty struct {
	*server
	script *faults.Script
	calls  atomic.Int32
}

func newFaulty(t *testing.T, answer http.HandlerFunc, list ...faults.Fault) *faulty {
	t.Helper()
	f := &faulty{script: new(faults.Script)}
	f.script.Add(list...)
	h := f.script.Middleware(func(*http.Request) string { f.calls.Add(1); return "" }, answer)
	f.server = newServer(t, h.ServeHTTP)
	t.Cleanup(f.script.Close) // before the server's Close: cleanups run backwards
	return f
}

func content(s string) segur.Content { return segur.BytesContent([]byte(s)) }

func TestFailuresOfTheConnection(t *testing.T) {
	t.Parallel()
	cut := faults.Fault{DropBeforeResponse: true, Times: faults.Forever}
	for name, c := range map[string]struct {
		fault      faults.Fault
		safe       bool
		is, alsoIs error
		calls      int32
	}{
		"processed, no answer, safe":     {cut, true, segur.ErrUnavailable, segur.ErrUnavailable, 3},
		"processed, no answer, not safe": {cut, false, segur.ErrOutcomeUnknown, segur.ErrUnavailable, 1},
		"dropped, not safe":              {faults.Fault{DropRequest: true}, false, segur.ErrOutcomeUnknown, segur.ErrUnavailable, 1},
		"cut body, safe":                 {faults.Fault{CutAfter: 4}, true, segur.ErrTruncated, io.ErrUnexpectedEOF, 1},
		"cut body, not safe":             {faults.Fault{CutAfter: 4}, false, segur.ErrOutcomeUnknown, segur.ErrTruncated, 1},
		"cut at start, safe":             {faults.Fault{CutAfter: faults.AtStart}, true, segur.ErrTruncated, segur.ErrTruncated, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newFaulty(t, ok10, c.fault)
			p := &pauses{}
			_, _, err := fetch(t, newClient(t, s.config(), p.options()), &transport.Request{
				URL: s.URL + "/?secret=1", Body: content("x"), RepeatSafe: c.safe, RequestID: "urn:uuid:1"})
			require.ErrorIs(t, err, c.is)
			require.ErrorIs(t, err, c.alsoIs)
			assert.Equal(t, "urn:uuid:1", asError(t, err).RequestID)
			assert.Equal(t, "test.op", asError(t, err).Op)
			assert.NotContains(t, err.Error(), "secret")
			assert.Equal(t, c.calls, s.calls.Load())
			assert.Equal(t, c.is == segur.ErrUnavailable, asError(t, err).Retryable())
		})
	}
}

func ok10(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, "0123456789")
}

// Nothing left: the call was not made, whatever its kind.
func TestRefusedConnection(t *testing.T) {
	t.Parallel()
	address := testkit.RefusedAddress(t)
	pki := credentialtest.NewPKI()
	cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots()}
	for _, safe := range []bool{false, true} {
		p := &pauses{}
		_, _, err := fetch(t, newClient(t, cfg, p.options()), &transport.Request{URL: "https://" + address + "/?secret=1", Body: content("x"), RepeatSafe: safe})
		require.ErrorIs(t, err, segur.ErrUnavailable)
		assert.True(t, asError(t, err).Retryable())
		assert.Contains(t, err.Error(), "connection refused")
		assert.NotContains(t, err.Error(), "secret")
		if safe {
			assert.Equal(t, []time.Duration{200 * time.Millisecond, 400 * time.Millisecond}, p.got)
		} else {
			assert.Empty(t, p.got)
		}
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		safe     bool
		deadline bool // of the call; else of the attempt
		is       error
		alsoIs   error
	}{
		"attempt, safe":      {true, false, segur.ErrTimeout, segur.ErrTimeout},
		"attempt, not safe":  {false, false, segur.ErrOutcomeUnknown, segur.ErrTimeout},
		"deadline, safe":     {true, true, segur.ErrTimeout, context.DeadlineExceeded},
		"deadline, not safe": {false, true, segur.ErrOutcomeUnknown, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.Patiently(t, 50*time.Millisecond, func(d time.Duration) (tooSlow bool) {
				ctx, expire := testkit.Expiring(t.Context())
				var reached atomic.Bool
				s := newFaulty(t, ok, faults.Fault{Hang: true, Reached: func() {
					if reached.Store(true); c.deadline {
						expire()
					}
				}})
				cfg := s.config()
				if cfg.Retry.MaxAttempts = 1; !c.deadline {
					cfg.Timeout = d
				}
				client := newClient(t, cfg, transport.Options{})
				_, err := client.Do(ctx, &transport.Request{Op: "test.op", URL: s.URL, Body: content("x"), RepeatSafe: c.safe})
				if !reached.Load() {
					require.ErrorIs(t, err, segur.ErrTimeout)
					return true
				}
				require.ErrorIs(t, err, c.is)
				require.ErrorIs(t, err, c.alsoIs)
				return false
			})
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	s := newServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	c := newClient(t, s.config(), transport.Options{})
	for _, safe := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		_, err := c.Do(ctx, &transport.Request{Op: "test.op", URL: s.URL, Body: content("x"), RepeatSafe: safe})
		require.ErrorIs(t, err, context.Canceled)
		want := segur.KindCanceled
		if !safe {
			want = segur.KindOutcomeUnknown
		}
		assert.Equal(t, want, segur.KindOf(err))
		_, err = c.Do(ctx, &transport.Request{Op: "test.op", URL: s.URL, Body: content("x"), RepeatSafe: safe})
		assert.Equal(t, segur.KindCanceled, segur.KindOf(err), "nothing left")
	}
}

func TestBodyIdleCancelAndDeadline(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	testkit.Patiently(t, 100*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		cfg := s.config()
		cfg.IdleTimeout = d
		_, body, err := fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL, RepeatSafe: true})
		require.ErrorIs(t, err, segur.ErrTimeout)
		if body != "begin" {
			return true
		}
		assert.Contains(t, err.Error(), d.String())
		_, _, err = fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL})
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
		require.ErrorIs(t, err, segur.ErrTimeout)
		return false
	})

	ctx, cancel := context.WithCancel(t.Context())
	resp, err := newClient(t, s.config(), transport.Options{}).Do(ctx, &transport.Request{Op: "test.op", URL: s.URL, RepeatSafe: true})
	require.NoError(t, err)
	defer resp.Body.Close()
	buf := make([]byte, 5)
	_, err = io.ReadFull(resp.Body, buf)
	require.NoError(t, err)
	cancel()
	_, err = resp.Body.Read(buf)
	require.ErrorIs(t, err, segur.ErrCanceled)
	_, again := resp.Body.Read(buf)
	assert.Equal(t, err, again, "errors stick")
}

func TestResponseLimits(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chunked" {
			_ = http.NewResponseController(w).Flush()
		}
		if r.URL.Path == "/headers" {
			w.Header().Set("X-Long", strings.Repeat("p", 3000))
		}
		_, _ = io.WriteString(w, "0123456789")
	})
	cfg := s.config()
	cfg.Limits.MaxResponseBytes, cfg.Limits.MaxHeaderBytes = 9, 2000
	c := newClient(t, cfg, transport.Options{})
	for path, partial := range map[string]string{"/chunked": "012345678", "/known": ""} {
		_, body, err := fetch(t, c, &transport.Request{URL: s.URL + path, RepeatSafe: true})
		require.ErrorIs(t, err, segur.ErrTooLarge, path)
		assert.Contains(t, err.Error(), "9 bytes")
		assert.Equal(t, partial, body)
		_, _, err = fetch(t, c, &transport.Request{URL: s.URL + path})
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
		require.ErrorIs(t, err, segur.ErrTooLarge)
		for _, limit := range []int64{10, -1, math.MaxInt64} {
			_, body, err = fetch(t, c, &transport.Request{URL: s.URL + path, ResponseLimit: limit})
			require.NoError(t, err)
			assert.Equal(t, "0123456789", body)
		}
	}
	_, _, err := fetch(t, c, &transport.Request{URL: s.URL + "/headers", RepeatSafe: true})
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Contains(t, err.Error(), "2000 bytes")
}

func TestRedirectsAndCompressionAreRefused(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		switch r.URL.Path {
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
		case "/unchanged":
			w.WriteHeader(http.StatusNotModified)
		default:
			http.Redirect(w, r, "/target?secret=1", http.StatusTemporaryRedirect)
		}
	})
	c := newClient(t, s.config(), transport.Options{})
	_, _, err := fetch(t, c, &transport.Request{URL: s.URL})
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Equal(t, 307, asError(t, err).Status)
	assert.NotContains(t, err.Error(), "secret")
	assert.EqualValues(t, 1, calls.Load())
	_, _, err = fetch(t, c, &transport.Request{URL: s.URL + "/gzip", RepeatSafe: true})
	require.ErrorIs(t, err, segur.ErrProtocol)
	status, _, err := fetch(t, c, &transport.Request{URL: s.URL + "/unchanged"})
	require.NoError(t, err)
	assert.Equal(t, 304, status)
}

// What the answer says never reaches an error text, however malformed.
func TestMalformedAnswers(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	for name, c := range map[string]struct {
		answer string
		is     error
	}{
		"not HTTP":        {"MATRICULE 2850369123456\r\n\r\n", segur.ErrProtocol},
		"bad header":      {"HTTP/1.1 200 OK\r\nMATRICULE\r\n\r\n", segur.ErrProtocol},
		"bad length":      {"HTTP/1.1 200 OK\r\nContent-Length: MATRICULE\r\n\r\n", segur.ErrProtocol},
		"bad chunk":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nMATRICULE\r\n", segur.ErrProtocol},
		"cut chunk":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nMATRI", segur.ErrTruncated},
		"cut head":        {"HTTP/1.1 200 OK\r\nX-A: MATRI", segur.ErrUnavailable},
		"cut status":      {"HTTP/1.", segur.ErrProtocol},
		"cut long answer": {"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nMATRICULE", segur.ErrTruncated},
	} {
		for _, safe := range []bool{true, false} {
			t.Run(fmt.Sprint(name, safe), func(t *testing.T) {
				t.Parallel()
				address := rawServer(t, pki, c.answer)
				cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), Retry: segur.RetryPolicy{MaxAttempts: 1}}
				_, _, err := fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: "https://" + address, Body: content("x"), RepeatSafe: safe})
				require.ErrorIs(t, err, c.is)
				assert.Equal(t, !safe, errors.Is(err, segur.ErrOutcomeUnknown))
				for e := err; e != nil; e = errors.Unwrap(e) {
					assert.NotContains(t, e.Error(), "MATRI")
				}
			})
		}
	}
}

func TestServerWithoutTLS(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	cfg := segur.ClientConfig{Environment: segur.Fake}
	_, _, err = fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: "https://" + l.Addr().String()})
	require.ErrorIs(t, err, segur.ErrProtocol)
	c := newClient(t, cfg, transport.Options{PlainHTTP: true})
	status, _, err := fetch(t, c, &transport.Request{URL: "http://" + l.Addr().String()})
	require.NoError(t, err)
	assert.Equal(t, 404, status)
}

// A content that is not what it announced.
func TestContentFaults(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	c := newClient(t, s.config(), transport.Options{})
	for name, content := range map[string]segur.Content{
		"short": sized{11}, "long": sized{9}, "fails": failing{errors.New("disk")}, "cannot open": unopenable{},
	} {
		p := &transport.Request{URL: s.URL, Body: content, RepeatSafe: true}
		_, _, err := fetch(t, c, p)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
	}
	_, _, err := fetch(t, c, &transport.Request{URL: s.URL, Body: sized{10}})
	require.NoError(t, err)
}

type failing struct{ err error }

func (failing) Size() int64 { return 100 }
func (f failing) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(bytes.NewReader(make([]byte, 50)), &errReader{f.err})), nil
}

type errReader struct{ err error }

func (r *errReader) Read([]byte) (int, error) { return 0, r.err }

type unopenable struct{}

func (unopenable) Size() int64                  { return 1 }
func (unopenable) Open() (io.ReadCloser, error) { return nil, os.ErrNotExist }

// A connection that dies during the upload leaves the outcome unknown; the
// content closed by net/http is not mistaken for a broken content.
func TestResetDuringUpload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := dir + "/big"
	require.NoError(t, os.WriteFile(name, make([]byte, 8<<20), 0o600))
	file, err := segur.FileContent(name)
	require.NoError(t, err)
	s := newFaulty(t, ok, faults.Fault{DropRequest: true, Times: faults.Forever})
	c := newClient(t, s.config(), transport.Options{})
	for range 10 {
		_, _, err = fetch(t, c, &transport.Request{URL: s.URL, Body: file})
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
		require.ErrorIs(t, err, segur.ErrUnavailable)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	var asked atomic.Value
	refuse := atomic.Bool{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	proxy := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method + " " + r.Host)
		if refuse.Load() {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		out, err := net.Dial("tcp", r.Host)
		if !assert.NoError(t, err) {
			return
		}
		w.WriteHeader(http.StatusOK)
		in, buffered, err := http.NewResponseController(w).Hijack()
		if !assert.NoError(t, err) {
			return
		}
		go func() { _, _ = io.Copy(out, buffered); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	})}
	go func() { _ = proxy.Serve(l) }()
	t.Cleanup(func() { _ = proxy.Close() })

	cfg := s.config()
	cfg.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: l.Addr().String()})
	_, body, err := fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL})
	require.NoError(t, err)
	assert.Equal(t, "ok", body)
	assert.Equal(t, "CONNECT "+strings.TrimPrefix(s.URL, "https://"), asked.Load())

	refuse.Store(true)
	_, _, err = fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL, Body: content("x")})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Contains(t, err.Error(), "the proxy answered with status 407")
}
