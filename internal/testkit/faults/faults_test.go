package faults_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
	"github.com/segur-sdk/segur/internal/testkit/faults"
)

const answer = "0123456789"

type server struct {
	*httptest.Server
	script    *faults.Script
	processed atomic.Int64
}

func newServer(t *testing.T, fs ...faults.Fault) *server {
	t.Helper()
	s := &server{script: new(faults.Script)}
	s.script.Add(fs...)
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.processed.Add(1)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, answer)
	})
	op := func(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/") }
	s.Server = httptest.NewServer(s.script.Middleware(op, next))
	t.Cleanup(func() { s.script.Close(); s.Close() })
	return s
}

// post returns status, body and the first error, of the call or of the body.
func (s *server) post(t *testing.T, op string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/"+op, strings.NewReader("request"))
	require.NoError(t, err)
	tr := &http.Transport{DisableKeepAlives: true}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func TestQueue(t *testing.T) {
	t.Parallel()
	var s faults.Script
	s.Add(faults.Fault{Op: "a", Status: 1, After: 1}, faults.Fault{Op: "a", Status: 2, Times: 2}, faults.Fault{Status: 3})
	next := func(op string) int {
		f, ok := s.Next(op)
		if !ok {
			return 0
		}
		return f.Status
	}
	assert.Equal(t, 2, next("a"), "the first fault lets one call through to the next fault")
	assert.Equal(t, 3, next("b"), "no operation: any")
	assert.Equal(t, 1, next("a"))
	assert.Equal(t, 2, next("a"))
	assert.Equal(t, 0, next("a"))
	assert.Equal(t, 4, s.Hits("a")+s.Hits("b"))
	assert.Zero(t, s.Pending())

	s.Add(faults.Fault{Status: 4, Times: faults.Forever})
	for range 5 {
		assert.Equal(t, 4, next("z"))
	}
	assert.Equal(t, 1, s.Pending())
	s.Clear()
	assert.Equal(t, 0, next("z"))
}

func TestQueueConcurrent(t *testing.T) {
	t.Parallel()
	var s faults.Script
	s.Add(faults.Fault{Times: 50})
	var hit atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if _, ok := s.Next("x"); ok {
				hit.Add(1)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 50, hit.Load())
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault     faults.Fault
		status    int
		body      string
		err       bool
		processed int64
	}{
		"status":               {faults.Fault{Status: 503, Body: []byte("busy")}, 503, "busy", false, 0},
		"body alone":           {faults.Fault{Body: []byte("<broken"), ContentType: "text/xml"}, 200, "<broken", false, 0},
		"cut after 4":          {faults.Fault{CutAfter: 4}, 200, "0123", true, 1},
		"cut at start":         {faults.Fault{CutAfter: faults.AtStart}, 200, "", true, 1},
		"cut beyond the end":   {faults.Fault{CutAfter: 100}, 200, answer, false, 1}, // all of Content-Length has come
		"cut scripted":         {faults.Fault{CutAfter: 2, Body: []byte("abc")}, 200, "ab", true, 0},
		"truncate 4":           {faults.Fault{TruncateAfter: 4}, 200, "0123", false, 1},
		"truncate at start":    {faults.Fault{TruncateAfter: faults.AtStart}, 200, "", false, 1},
		"drop request":         {faults.Fault{DropRequest: true}, 0, "", true, 0},
		"drop before response": {faults.Fault{DropBeforeResponse: true}, 0, "", true, 1},
		"latency":              {faults.Fault{Latency: time.Millisecond}, 200, answer, false, 1},
		"slow":                 {faults.Fault{Rate: 1000}, 200, answer, false, 1},
		"slow and cut":         {faults.Fault{Rate: 1000, CutAfter: 4}, 200, "0123", true, 1},
		"slow and truncated":   {faults.Fault{Rate: 1000, TruncateAfter: 4}, 200, "0123", false, 1},
		"alter":                {faults.Fault{Alter: func(b []byte) []byte { return append(b, '!') }}, 200, answer + "!", false, 1},
		"other operation":      {faults.Fault{Op: "other", Status: 500}, 200, answer, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, c.fault)
			status, body, err := s.post(t, "op")
			assert.Equal(t, c.status, status)
			assert.Equal(t, c.body, body)
			assert.Equal(t, c.err, err != nil, "%v", err)
			assert.Equal(t, c.processed, s.processed.Load())
			if c.fault.Op == "" {
				status, body, err = s.post(t, "op")
				require.NoError(t, err, "the fault is used up")
				assert.Equal(t, 200, status)
				assert.Equal(t, answer, body)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newServer(t, faults.Fault{Status: 429, Header: http.Header{"Retry-After": {"7"}}, ContentType: "application/json", Body: []byte("{}")})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/op", nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "7", resp.Header.Get("Retry-After"))
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
}

func TestHangEndsWithTheClientOrTheScript(t *testing.T) {
	t.Parallel()
	ctx, expire := testkit.Expiring(t.Context())
	s := newServer(t, faults.Fault{Hang: true, Reached: expire}, faults.Fault{Hang: true}, faults.Fault{Latency: time.Hour, Times: 1})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/op", strings.NewReader("x"))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		resp.Body.Close()
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)

	done := make(chan error, 2)
	for range 2 { // one hangs, one is late by an hour: both wait for the script
		go func() {
			_, _, err := s.post(t, "op")
			done <- err
		}()
	}
	require.Eventually(t, func() bool { return s.script.Hits("op") == 3 }, time.Minute, time.Millisecond)
	assert.Empty(t, done, "nobody was answered")
	s.script.Close()
	s.script.Close() // twice is fine
	assert.Error(t, <-done)
	assert.Error(t, <-done)
}

func TestListenerCutsAfterWrite(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cut  int64
		want string
	}{{faults.AtStart, ""}, {1, "0"}, {9, "012345678"}, {10, answer}, {0, answer + answer}} {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		l := faults.NewListener(inner, func(int) faults.ConnFault { return faults.ConnFault{CutAfterWrite: c.cut, Latency: time.Microsecond} })
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, answer)
			_, err = io.WriteString(conn, answer)
			if c.cut != 0 {
				assert.Error(t, err)
			}
			_ = conn.Close()
		}()
		conn, err := net.Dial("tcp", inner.Addr().String())
		require.NoError(t, err)
		b, _ := io.ReadAll(conn) // end of stream or reset
		assert.Equal(t, c.want, string(b))
		assert.Equal(t, 1, l.Accepted())
		_ = conn.Close()
		_ = l.Close()
	}
}

func TestConnReadFaults(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	go func() { _, _ = io.WriteString(a, answer) }()
	cut := faults.NewConn(b, faults.ConnFault{CutAfterRead: 3})
	got, err := io.ReadAll(cut)
	assert.Equal(t, "012", string(got))
	require.ErrorIs(t, err, faults.ErrCut)

	c, d := net.Pipe()
	go func() { _, _ = io.WriteString(c, answer) }()
	hang := faults.NewConn(d, faults.ConnFault{HangAfterRead: 3})
	buf := make([]byte, 3)
	_, err = io.ReadFull(hang, buf)
	require.NoError(t, err)
	assert.Equal(t, "012", string(buf))
	done := make(chan error, 1)
	go func() {
		_, err := hang.Read(buf)
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("did not hang: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	require.NoError(t, hang.Close())
	require.ErrorIs(t, <-done, net.ErrClosed)
	_ = a.Close()
	_ = c.Close()
}

func TestDialerPlansPerConnection(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	tr := &http.Transport{DisableKeepAlives: true, DialContext: faults.Dialer(func(n int) faults.ConnFault {
		if n == 0 {
			return faults.ConnFault{CutAfterWrite: 10}
		}
		return faults.ConnFault{}
	})}
	client := &http.Client{Transport: tr}
	do := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/op", strings.NewReader("x"))
		require.NoError(t, err)
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	require.Error(t, do())
	require.NoError(t, do())
	assert.EqualValues(t, 1, s.processed.Load())
}
