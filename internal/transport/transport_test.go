package transport_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/transport"
)

// server is a TLS server that requires a client certificate.
type server struct {
	*httptest.Server
	pki *credentialtest.PKI
}

func newServer(t testing.TB, h http.HandlerFunc) *server {
	t.Helper()
	pki := credentialtest.NewPKI()
	return &server{Server: newServerTLS(t, pki.MutualTLS(), h), pki: pki}
}

func newServerTLS(t testing.TB, conf *tls.Config, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = conf
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// deadCard is a credential whose key signs nothing.
type deadCard struct{ segur.Credential }

func (deadCard) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("card removed, PIN 1234")
}

func (s *server) config() segur.ClientConfig {
	return segur.ClientConfig{
		Environment: segur.Fake,
		Credentials: segur.StaticCredential(s.pki.Organization()),
		RootCAs:     s.pki.Roots(),
	}
}

// pauses records the waits between attempts and never sleeps; jitter is its
// ceiling.
type pauses struct {
	mu  sync.Mutex
	got []time.Duration
}

func (p *pauses) options() transport.Options {
	return transport.Options{
		Pause: func(ctx context.Context, d time.Duration) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.got = append(p.got, d)
			return ctx.Err()
		},
		Jitter: func(limit time.Duration) time.Duration { return limit },
	}
}

func newClient(t testing.TB, cfg segur.ClientConfig, o transport.Options) *transport.Client {
	t.Helper()
	c, err := transport.New(cfg, o)
	require.NoError(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// fetch carries out the request and reads the whole answer.
func fetch(t *testing.T, c *transport.Client, req *transport.Request) (int, string, error) {
	t.Helper()
	if req.Op == "" {
		req.Op = "test.op"
	}
	resp, err := c.Do(t.Context(), req)
	if err != nil {
		assert.Nil(t, resp)
		return 0, "", err
	}
	b, err := resp.ReadAll()
	return resp.Status, string(b), err
}

func asError(t *testing.T, err error) *segur.Error {
	t.Helper()
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestDo(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		assert.Equal(t, "RIS FICTIF", r.TLS.PeerCertificates[0].Subject.CommonName)
		assert.Equal(t, "HTTP/1.1", r.Proto)
		assert.Equal(t, int64(len(body)), r.ContentLength)
		assert.Equal(t, "segur", r.UserAgent())
		assert.Empty(t, r.Header.Get("Accept-Encoding"))
		w.Header().Set("X-Answer", r.Header.Get("X-Question"))
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write(bytes.ToUpper(body))
	})
	c := newClient(t, s.config(), transport.Options{})
	resp, err := c.Do(t.Context(), &transport.Request{
		Op: "test.op", URL: s.URL + "/x?y=z", Body: segur.BytesContent([]byte("question")),
		Header: http.Header{"X-Question": {"42"}},
	})
	require.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, resp.Status)
	assert.Equal(t, "42", resp.Header.Get("X-Answer"))
	assert.EqualValues(t, 8, resp.ContentLength)
	b, err := resp.ReadAll()
	require.NoError(t, err)
	assert.Equal(t, "QUESTION", string(b))
	require.NoError(t, resp.StatusError())
	assert.Equal(t, 30*time.Second, c.Config().Timeout)
}

func TestHeadAndHTTP2(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9")
		_, _ = io.WriteString(w, "HTTP/"+r.Proto[5:]+"!")
	}))
	s.TLS = pki.MutualTLS()
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), Credentials: segur.StaticCredential(pki.Organization())}
	cfg.Limits.MaxResponseBytes = 9
	for _, two := range []bool{false, true} {
		c := newClient(t, cfg, transport.Options{HTTP2: two})
		status, body, err := fetch(t, c, &transport.Request{URL: s.URL, Method: http.MethodHead})
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Empty(t, body)
		_, body, err = fetch(t, c, &transport.Request{URL: s.URL})
		require.NoError(t, err)
		assert.Equal(t, map[bool]string{false: "HTTP/1.1!", true: "HTTP/2.0!"}[two], body)
	}
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := transport.New(segur.ClientConfig{Timeout: -1}, transport.Options{MaxTLS: 0x0302})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var fields []string
	for _, d := range asError(t, err).Details {
		fields = append(fields, d.Field)
	}
	assert.Equal(t, []string{"environment", "timeout", "maxTLS"}, fields)
}

func TestRequestIsCheckedBeforeAnythingLeaves(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), Evidence: brokenEvidence{errors.New("must not be reached")}}
	c := newClient(t, cfg, transport.Options{})
	for name, c2 := range map[string]struct {
		req   transport.Request
		field string
	}{
		"no url":           {transport.Request{}, "url"},
		"http":             {transport.Request{URL: "http://127.0.0.1/"}, "url"},
		"not this machine": {transport.Request{URL: "https://service.example/"}, "url"},
		"user":             {transport.Request{URL: "https://u:p@127.0.0.1/"}, "url"},
		"method":           {transport.Request{URL: "https://127.0.0.1/", Method: "get x"}, "method"},
		"header value":     {transport.Request{URL: "https://127.0.0.1/", Header: http.Header{"X-A": {"secret\r\nX-B: c"}}}, "header.X-A"},
		"header name":      {transport.Request{URL: "https://127.0.0.1/", Header: http.Header{"X A": {"a"}}}, "header"},
		"size":             {transport.Request{URL: "https://127.0.0.1/", Body: sized{-1}}, "body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.Do(t.Context(), &c2.req)
			require.ErrorIs(t, err, segur.ErrInvalidInput)
			require.Len(t, asError(t, err).Details, 1)
			assert.Equal(t, c2.field, asError(t, err).Details[0].Field)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

// sized is a content of n zero bytes that announces another size.
type sized struct{ announced int64 }

func (s sized) Size() int64 { return s.announced }
func (s sized) Open() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(make([]byte, 10))), nil
}

type brokenEvidence struct{ err error }

func (b brokenEvidence) Begin(string) (segur.Exchange, error) { return nil, b.err }
