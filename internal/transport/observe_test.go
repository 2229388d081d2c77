package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/transport"
)

type observedKey struct{}

type observer struct {
	mu      sync.Mutex
	started []string
	ended   []segur.Outcome
	context []any
}

func (o *observer) OperationStart(ctx context.Context, op string) context.Context {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.started = append(o.started, op)
	return context.WithValue(ctx, observedKey{}, op)
}

func (o *observer) OperationEnd(ctx context.Context, out segur.Outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, out)
	o.context = append(o.context, ctx.Value(observedKey{}))
}

func TestObservation(t *testing.T) {
	t.Parallel()
	s := newFaulty(t, ok10)
	obs := &observer{}
	cfg := s.config()
	cfg.Observer = obs
	t0 := time.Now()
	ticks := 0
	cfg.Clock = func() time.Time { ticks++; return t0.Add(time.Duration(ticks) * time.Second) }
	c := newClient(t, cfg, transport.Options{})
	do := func(end func(*transport.Response)) {
		resp, err := c.Do(t.Context(), &transport.Request{Op: "test.op", URL: s.URL, Body: content("abc"), RepeatSafe: true, RequestID: "id"})
		require.NoError(t, err)
		assert.Len(t, obs.ended, len(obs.started)-1, "ends with the body")
		end(resp)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, resp.Body.Close())
		assert.Len(t, obs.ended, len(obs.started), "and once")
	}
	fault := &segur.Error{Kind: segur.KindRefused, Code: "desir_550"}
	do(func(r *transport.Response) { _, _ = io.Copy(io.Discard, r.Body) })
	do(func(r *transport.Response) { assert.Equal(t, error(fault), r.Fail(fault)) })
	s.script.Add(faults.Fault{Status: 404, Body: []byte("none")}, faults.Fault{CutAfter: 3})
	do(func(*transport.Response) {})
	do(func(r *transport.Response) { _, _ = io.Copy(io.Discard, r.Body) })

	kinds := []segur.Kind{segur.KindUnknown, segur.KindRefused, segur.KindNotFound, segur.KindTruncated}
	received := []int64{10, 10, 4, 3}
	status := []int{200, 200, 404, 200}
	for i, out := range obs.ended {
		assert.Equal(t, "test.op", out.Op)
		assert.Equal(t, "test.op", obs.context[i])
		assert.Equal(t, kinds[i], out.Kind)
		assert.Equal(t, kinds[i] == segur.KindUnknown, out.Err == nil)
		assert.Equal(t, received[i], out.BytesReceived, "what Close drained counts")
		assert.Equal(t, status[i], out.Status)
		assert.EqualValues(t, 3, out.BytesSent)
		assert.Equal(t, "id", out.RequestID)
		assert.Equal(t, 1, out.Attempts)
		assert.Positive(t, out.Duration)
	}
	assert.Equal(t, error(fault), obs.ended[1].Err)
}

const secret = "MATRICULE-OR-TOKEN"

// Nothing of the message reaches the log, an error or the observer.
func TestRedaction(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newFaulty(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Answer", secret)
		_, _ = io.WriteString(w, secret)
	})
	obs := &observer{}
	cfg := s.config()
	cfg.Observer = obs
	cfg.Logger = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
	c := newClient(t, cfg, transport.Options{})
	var errs []error
	for i := range 4 {
		if i == 1 {
			s.script.Add(faults.Fault{Status: 500, Body: []byte(secret)}, faults.Fault{CutAfter: 2}, faults.Fault{DropRequest: true})
		}
		_, _, err := fetch(t, c, &transport.Request{Op: "test.op", URL: s.URL + "/" + "?identifier=" + secret, Body: content(secret),
			Header: http.Header{"Authorization": {"Bearer " + secret}}, RequestID: "urn:uuid:7"})
		errs = append(errs, err)
	}
	require.NoError(t, errs[0])
	require.Error(t, errs[2])
	require.Error(t, errs[3])
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	assert.Len(t, lines, 4, "one record for each operation")
	assert.NotContains(t, out.String(), secret)
	assert.Contains(t, lines[0], `"level":"INFO"`)
	assert.Contains(t, lines[0], `"op":"test.op"`)
	assert.Contains(t, lines[0], `"status":200`)
	assert.Contains(t, lines[0], `"request_id":"urn:uuid:7"`)
	assert.Contains(t, lines[0], `"host":"127.0.0.1:`)
	assert.Contains(t, lines[1], `"kind":"outcome unknown"`)
	assert.NotContains(t, fmt.Sprintf("%v %+v", errs, obs.ended), secret)
}

func TestEvidenceIsWhatWent(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	wire := make(chan string, 1)
	address := rawServerFunc(t, pki, func(request []byte) string {
		wire <- string(request)
		return "HTTP/1.1 201 Très bien\r\nSet-Cookie: a=" + secret + "\r\nContent-Length: 6\r\nX-B: 1\r\n\r\nanswer"
	})
	dir := t.TempDir()
	ev, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), Evidence: ev}
	c := newClient(t, cfg, transport.Options{})
	_, body, err := fetch(t, c, &transport.Request{Op: "ins.search", URL: "https://" + address + "/lps?a=b%20c", Body: content("<question/>"),
		Header: http.Header{"Authorization": {"Bearer " + secret}, "content-type": {"application/soap+xml"}, "X-Two": {"1", "2"}, "Cookie": {secret}}})
	require.NoError(t, err)
	assert.Equal(t, "answer", body)

	sent := <-wire
	assert.Contains(t, sent, "Content-Type: application/soap+xml")
	want := strings.NewReplacer("Bearer "+secret, "[removed]", secret, "[removed]").Replace(sent)
	got, err := os.ReadFile(filepath.Join(dir, "001-ins.search.request"))
	require.NoError(t, err)
	assert.Equal(t, want, string(got), "byte for byte, but for what is secret")
	got, err = os.ReadFile(filepath.Join(dir, "001-ins.search.response"))
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 201 Très bien\r\nContent-Length: 6\r\nSet-Cookie: [removed]\r\nX-B: 1\r\n\r\nanswer", string(got))
}

func TestEvidenceOfEachAttempt(t *testing.T) {
	t.Parallel()
	s := newFaulty(t, ok, faults.Fault{Status: 503, Body: []byte("busy")}, faults.Fault{DropBeforeResponse: true})
	dir := t.TempDir()
	ev, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := s.config()
	cfg.Evidence = ev
	p := &pauses{}
	_, _, err = fetch(t, newClient(t, cfg, p.options()), &transport.Request{Op: "a.b", URL: s.URL, Body: content("question"), RepeatSafe: true})
	require.NoError(t, err)
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(b)
	}
	for _, n := range []string{"001", "002", "003"} {
		assert.True(t, strings.HasSuffix(read(n+"-a.b.request"), "\r\n\r\nquestion"))
	}
	assert.True(t, strings.HasPrefix(read("001-a.b.response"), "HTTP/1.1 503 "))
	assert.True(t, strings.HasSuffix(read("001-a.b.response"), "busy"))
	assert.Empty(t, read("002-a.b.response"))
	assert.True(t, strings.HasSuffix(read("003-a.b.response"), "ok"))
}

func TestEvidenceOfSecretBodies(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, secret) })
	dir := t.TempDir()
	ev, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := s.config()
	cfg.Evidence = ev
	_, body, err := fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{Op: "psc.token", URL: s.URL, Body: content(secret), SecretBodies: true})
	require.NoError(t, err)
	assert.Equal(t, secret, body)
	for _, name := range []string{"001-psc.token.request", "001-psc.token.response"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(string(b), "\r\n\r\n[removed]"), string(b))
		assert.NotContains(t, string(b), secret)
	}
}

// fullEvidence fails where asked.
type fullEvidence struct{ write, close error }

func (f fullEvidence) Begin(string) (segur.Exchange, error) { return f, nil }
func (f fullEvidence) Request() io.Writer                   { return f }
func (f fullEvidence) Response() io.Writer                  { return f }
func (f fullEvidence) Write(p []byte) (int, error)          { return len(p), f.write }
func (f fullEvidence) Close() error                         { return f.close }

func TestEvidenceThatFails(t *testing.T) {
	t.Parallel()
	calls := 0
	s := newServer(t, func(http.ResponseWriter, *http.Request) { calls++ })
	cfg := s.config()
	cfg.Evidence = brokenEvidence{errors.New("disk full")}
	p := &pauses{}
	_, _, err := fetch(t, newClient(t, cfg, p.options()), &transport.Request{URL: s.URL, RepeatSafe: true})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Contains(t, err.Error(), "nothing was sent: disk full")
	assert.Zero(t, calls)
	assert.Empty(t, p.got)

	for _, e := range []fullEvidence{{write: errors.New("disk full")}, {close: errors.New("disk full")}} {
		var out bytes.Buffer
		cfg.Evidence = e
		cfg.Logger = slog.New(slog.NewTextHandler(&out, nil))
		_, _, err = fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL, Body: content(secret)})
		require.NoError(t, err, "what is under way goes on")
		assert.Equal(t, 1, strings.Count(out.String(), "evidence is incomplete"))
		assert.Contains(t, out.String(), "disk full")
		assert.NotContains(t, out.String(), secret)
	}
	assert.Equal(t, 2, calls)
}
