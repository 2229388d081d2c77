package dicomweb_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// rotating gives the tokens of a list, one more at each call of Token.
type rotating struct {
	mu   sync.Mutex
	list []string
}

func (r *rotating) Token(context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.list[0]
	if len(r.list) > 1 {
		r.list = r.list[1:]
	}
	return t, nil
}

// session gives the same token until it is told to renew.
type session struct {
	mu     sync.Mutex
	token  string
	next   string
	err    error
	renews int
}

func (s *session) Token(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, nil
}

func (s *session) Renew(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renews++
	s.token = s.next
	return s.token, s.err
}

// A 401 asks for a token once more, whatever the call, bodies that are streamed included; then it is final.
func TestTokenRefreshedOnce(t *testing.T) {
	t.Parallel()
	s := study(t, 210, dicomwebtest.SampleOptions{Series: 1, Instances: 3, Rows: 512}) // 1.5 MiB: Expect: 100-continue
	srv := newServer(dicomwebtest.WithToken("fresh-secret"))
	t.Cleanup(srv.Close)
	add(t, srv, study(t, 211, dicomwebtest.SampleOptions{}))
	for name, c := range map[string]struct {
		tokens dicomweb.TokenSource
		want   error
	}{
		"another at the second call": {&rotating{list: []string{"stale-secret", "fresh-secret", "stale-secret"}}, nil},
		"told to renew":              {&session{token: "stale-secret", next: "fresh-secret"}, nil},
		"the same again":             {tokens("stale-secret"), segur.ErrAuthentication},
		"renewed in vain":            {&session{token: "stale-secret", next: "other-secret"}, segur.ErrAuthentication},
		"refused twice":              {&rotating{list: []string{"a-secret", "b-secret", "fresh-secret"}}, segur.ErrAuthentication},
		"renewal fails":              {&session{token: "stale-secret", err: errors.New("patient-secret")}, segur.ErrAuthentication},
		"session is over":            {&session{token: "stale-secret", err: &segur.Error{Op: "psc.token", Kind: segur.KindAuthentication}}, segur.ErrAuthentication},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := &observed{}
			client := quick(t, srv, func(cfg *dicomweb.Config) { cfg.Tokens, cfg.Observer = c.tokens, seen })
			result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
			require.Len(t, seen.all(), 1, "one operation, whatever its attempts")
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				assert.NotContains(t, err.Error(), "secret")
				return
			}
			require.NoError(t, err)
			assert.True(t, result.All())
		})
	}
	for name, call := range map[string]func(c *dicomweb.Client) error{
		"search": func(c *dicomweb.Client) error {
			for _, err := range c.SearchStudies(t.Context(), dicomweb.Query{}) {
				return err
			}
			return errors.New("no row")
		},
		"delete": func(c *dicomweb.Client) error {
			if err := c.Delete(t.Context(), dicomweb.Ref{Study: "1.2.3"}); !errors.Is(err, segur.ErrNotFound) {
				return err
			}
			return nil
		},
		"workitem": func(c *dicomweb.Client) error {
			_, err := c.CreateWorkitem(t.Context(), task(""))
			return err
		},
	} {
		source := &session{token: "stale-secret", next: "fresh-secret"}
		require.NoError(t, call(quick(t, srv, func(cfg *dicomweb.Config) { cfg.Tokens = source })), name)
		assert.Equal(t, 1, source.renews, name)
	}

	// Requests that go together are refused together, and renewed once.
	source := &session{token: "stale-secret", next: "fresh-secret"}
	client := quick(t, srv, func(cfg *dicomweb.Config) { cfg.Tokens = source })
	got, err := storeAll(t.Context(), client, s.Contents(), dicomweb.StoreOptions{BatchInstances: 1, Parallel: 3})
	require.NoError(t, err)
	assert.Equal(t, "SSS", outcomes(got))
	assert.Equal(t, 1, source.renews)
}

func TestBasic(t *testing.T) {
	t.Parallel()
	srv := newServer(dicomwebtest.WithBasic("ris", "mot de passe é"))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	auth := &dicomweb.BasicAuth{Username: "ris", Password: "mot de passe é"}
	client := quick(t, srv, func(c *dicomweb.Config) { c.Basic, c.Evidence = auth, evidence })
	_, err = collect(client.SearchStudies(t.Context(), dicomweb.Query{}))
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "001-dicomweb.search.request"))
	require.NoError(t, err)
	assert.NotContains(t, string(b), "cmlzOm") // base64 of "ris:"
	assert.Equal(t, "BasicAuth(redacted) BasicAuth(redacted)", fmt.Sprintf("%+v %v", *auth, auth))
	assert.Equal(t, "BasicAuth(redacted)", auth.LogValue().String())
	wrong := quick(t, srv, func(c *dicomweb.Config) { c.Basic = &dicomweb.BasicAuth{Username: "ris", Password: "x"} })
	_, err = collect(wrong.SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrAuthentication)

	fake := segur.ClientConfig{Environment: segur.Fake}
	hook := func(context.Context, dicomweb.AuthRequest) (http.Header, error) { return nil, nil }
	for name, c := range map[string]struct {
		cfg    dicomweb.Config
		fields []string
	}{
		"clear":    {dicomweb.Config{ClientConfig: fake, Endpoint: "http://127.0.0.1/x", PlainHTTP: true, Basic: auth}, []string{"basic"}},
		"user":     {dicomweb.Config{ClientConfig: fake, Endpoint: "https://127.0.0.1/x", Basic: &dicomweb.BasicAuth{Username: "a:b"}}, []string{"basic.username"}},
		"no user":  {dicomweb.Config{ClientConfig: fake, Endpoint: "https://127.0.0.1/x", Basic: &dicomweb.BasicAuth{}}, []string{"basic.username"}},
		"two ways": {dicomweb.Config{ClientConfig: fake, Endpoint: "https://127.0.0.1/x", Basic: auth, Authorize: hook}, []string{"authorize"}},
	} {
		_, err := dicomweb.New(c.cfg)
		var e *segur.Error
		require.ErrorAs(t, err, &e, name)
		require.Len(t, e.Details, len(c.fields), name)
		assert.Equal(t, c.fields[0], e.Details[0].Field)
	}
}

// The caller's own headers go with every request, are asked for anew after a 401, and stay out of the evidence.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	srv := newServer(dicomwebtest.WithToken("fresh"))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	var asked []string
	with := func(f func(dicomweb.AuthRequest) (http.Header, error)) *dicomweb.Client {
		return quick(t, srv, func(c *dicomweb.Config) {
			c.Evidence = evidence
			c.Authorize = func(_ context.Context, r dicomweb.AuthRequest) (http.Header, error) { return f(r) }
		})
	}
	client := with(func(r dicomweb.AuthRequest) (http.Header, error) {
		asked = append(asked, fmt.Sprint(r.Op, " ", r.Method, " ", r.URL.Path, " ", r.Refused))
		h := http.Header{"X-Api-Key": {"clef-secrete"}, "Authorization": {"Bearer stale"}}
		if r.Refused {
			h.Set("Authorization", "Bearer fresh")
		}
		return h, nil
	})
	_, err = collect(client.SearchStudies(t.Context(), dicomweb.Query{}))
	require.NoError(t, err)
	assert.Equal(t, []string{"dicomweb.search GET /dicom-web/studies false", "dicomweb.search GET /dicom-web/studies true"}, asked)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		assert.NotContains(t, string(b), "clef-secrete")
		assert.NotContains(t, string(b), "Bearer fresh")
	}
	_, err = collect(with(func(dicomweb.AuthRequest) (http.Header, error) { return nil, errors.New("boom") }).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	_, err = collect(with(func(dicomweb.AuthRequest) (http.Header, error) {
		return http.Header{"accept": {"*/*"}, "Range": {"x"}}, nil
	}).SearchStudies(t.Context(), dicomweb.Query{}))
	require.ErrorIs(t, err, segur.ErrInvalidInput)

	plain := newServer(dicomwebtest.WithoutTLS())
	t.Cleanup(plain.Close)
	for header, want := range map[string]error{"Cookie": segur.ErrInvalidInput, "X-Tenant": nil} {
		c := quick(t, plain, func(c *dicomweb.Config) {
			c.Authorize = func(context.Context, dicomweb.AuthRequest) (http.Header, error) {
				return http.Header{header: {"x"}}, nil
			}
		})
		_, err = collect(c.SearchStudies(t.Context(), dicomweb.Query{}))
		if want == nil {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, want, "never in clear")
		}
	}
}

// The time that a busy server names is kept; one that is too long is told to the caller.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	s := study(t, 212, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	client := quick(t, srv)
	srv.Fail(dicomwebtest.Busy(dicomwebtest.OpStore, 0, 2))
	result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
	require.NoError(t, err)
	assert.True(t, result.All())
	srv.Fail(dicomwebtest.Busy(dicomwebtest.OpStore, time.Hour, 1))
	_, err = client.Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
	require.ErrorIs(t, err, segur.ErrUnavailable)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, time.Hour, e.RetryAfter)
	// A deadline before that time: no pause is begun.
	patient := quick(t, srv, func(c *dicomweb.Config) { c.Retry.MaxDelay = 3 * time.Hour })
	srv.Fail(dicomwebtest.Busy(dicomwebtest.OpStore, 2*time.Hour, 1))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	_, err = patient.Store(ctx, dicomweb.StoreRequest{Instances: s.Contents()})
	require.ErrorIs(t, err, segur.ErrUnavailable)
}

// Timeouts bound the silence, not the transfer: a slow one passes, in both directions, and a silent one ends.
func TestIdleNotTotal(t *testing.T) {
	t.Parallel()
	srv := newServer()
	t.Cleanup(srv.Close)
	s := study(t, 213, dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 64})
	add(t, srv, s)
	size := int64(len(s.Instances[0].File))
	within := func(d time.Duration) *dicomweb.Client {
		cfg := srv.Config()
		cfg.Timeout, cfg.IdleTimeout, cfg.Retry.MaxAttempts = d, d, 1
		return newClient(t, cfg)
	}
	testkit.Patiently(t, 200*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		srv.Fail(dicomwebtest.Throttled(dicomwebtest.OpRetrieve, size*int64(time.Second)/int64(2*d))) // in pieces of 50 ms
		before := time.Now()
		files, err := fetchAll(t.Context(), within(d), s.Instances[0].Ref)
		if errors.Is(err, segur.ErrTimeout) {
			return true
		}
		require.NoError(t, err)
		assert.Equal(t, s.Instances[0].File, files[0])
		assert.Greater(t, time.Since(before), d, "longer than the timeouts")
		return false
	})
	// Of any attempt: one that ends before the server sees it leaves its fault to the next.
	var reached atomic.Bool
	testkit.Patiently(t, 100*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		srv.Fail(dicomwebtest.Fault{Op: dicomwebtest.OpStore, Hang: true, Reached: func() { reached.Store(true) }})
		_, err := within(d).Store(t.Context(), dicomweb.StoreRequest{Instances: s.Contents()})
		require.ErrorIs(t, err, segur.ErrTimeout)
		if !reached.Load() {
			return true
		}
		require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
		return false
	})
}
