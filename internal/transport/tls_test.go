package transport_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/transport"
)

func ok(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, "ok")
}

// An untrusted server never sees a request.
func TestServerCertificate(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	day := func(d time.Duration) string { return time.Now().UTC().Add(d).Format(time.DateOnly) }
	for name, c := range map[string]struct {
		cert    tls.Certificate
		message string
	}{
		"another pki":  {pki.Foreign().Server(), "does not chain to a trusted authority"},
		"expired":      {pki.ServerWith(credentialtest.Expired()), "expired on " + day(-24*time.Hour)},
		"not yet":      {pki.ServerWith(credentialtest.NotYetValid()), "not valid before " + day(24*time.Hour)},
		"another host": {pki.Server("service.example"), "does not bear the name 127.0.0.1"},
		"wrong usage":  {credentialtest.TLSCertificate(pki.Organization(credentialtest.Hosts("127.0.0.1"))), "not made for servers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c.cert}},
				func(http.ResponseWriter, *http.Request) { calls.Add(1) })
			p := &pauses{}
			client := newClient(t, segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots()}, p.options())
			_, _, err := fetch(t, client, &transport.Request{URL: s.URL + "/?secret=1", RepeatSafe: true})
			require.ErrorIs(t, err, segur.ErrSignature)
			assert.Contains(t, err.Error(), c.message)
			assert.NotContains(t, err.Error(), "secret")
			assert.Zero(t, calls.Load())
			assert.Empty(t, p.got, "not repeated")
		})
	}
}

func TestIssuingAuthorityMayBeOmittedByTheServer(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.ServerWith(credentialtest.LeafOnly())}}, ok)
	client := newClient(t, segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots()}, transport.Options{})
	_, body, err := fetch(t, client, &transport.Request{URL: s.URL})
	require.NoError(t, err)
	assert.Equal(t, "ok", body)
}

func TestServerNameOverride(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.Server("service.example")}},
		func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.TLS.ServerName) })
	client := newClient(t, segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), ServerName: "service.example"}, transport.Options{})
	_, body, err := fetch(t, client, &transport.Request{URL: s.URL})
	require.NoError(t, err)
	assert.Equal(t, "service.example", body)
}

// The service refuses our certificate: never an unknown outcome, although
// with TLS 1.3 the request had left.
func TestClientCertificateRefused(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	big := segur.BytesContent(make([]byte, 1<<20))
	for name, c := range map[string]struct {
		credential segur.Credential
		message    string
	}{
		"expired":     {pki.Organization(credentialtest.Expired()), "expired"},
		"not yet":     {pki.Organization(credentialtest.NotYetValid()), "expired or not yet valid"},
		"another pki": {pki.Foreign().Organization(), "does not know the authority"},
		"usage":       {pki.Signature(), "certificate"},
		"none":        {nil, "requires a client certificate and none is configured"},
	} {
		for version, v := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
			for size, body := range map[string]segur.Content{"small": segur.BytesContent([]byte("x")), "big": big, "http/2": big} {
				t.Run(name+" "+version+" "+size, func(t *testing.T) {
					t.Parallel()
					var calls atomic.Int32
					conf := pki.MutualTLS()
					conf.MaxVersion, conf.NextProtos = v, []string{"h2", "http/1.1"}
					s := newServerTLS(t, conf, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
					cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots()}
					if c.credential != nil {
						cfg.Credentials = segur.StaticCredential(c.credential)
					}
					client := newClient(t, cfg, transport.Options{HTTP2: size == "http/2"})
					_, _, err := fetch(t, client, &transport.Request{URL: s.URL, Body: body})
					require.ErrorIs(t, err, segur.ErrAuthentication)
					assert.Contains(t, err.Error(), c.message)
					assert.Zero(t, calls.Load())
				})
			}
		}
	}
}

// nginx shakes hands with anybody and answers 400 by a page of its own. Other pages stay what they are.
func TestClientCertificateRefusedByPage(t *testing.T) {
	t.Parallel()
	const page = "<html>\r\n<head><title>400 %s</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>%[1]s</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	pki := credentialtest.NewPKI()
	reason := atomic.Pointer[string]{}
	s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.Server()}}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, page, *reason.Load())
	})
	cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots()}
	for _, c := range []struct {
		reason     string
		credential segur.CredentialSource
		message    string
	}{
		{"No required SSL certificate was sent", nil, "requires a client certificate and none is configured"},
		{"The SSL certificate error", segur.StaticCredential(pki.Foreign().Organization()), "refuses the client certificate"},
	} {
		reason.Store(&c.reason)
		cfg.Credentials = c.credential
		_, _, err := fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL, Body: content("question")})
		require.ErrorIs(t, err, segur.ErrAuthentication)
		require.NotErrorIs(t, err, segur.ErrOutcomeUnknown, "it never came to the service")
		assert.Contains(t, err.Error(), c.message)
		assert.Equal(t, http.StatusBadRequest, asError(t, err).Status)
	}
	other := "Request Header Or Cookie Too Large"
	reason.Store(&other)
	status, got, err := fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL, Body: content("question")})
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, fmt.Sprintf(page, other), got)
}

func TestVersionsAndSuites(t *testing.T) {
	t.Parallel()
	state := func(t *testing.T, conf func(*tls.Config), o transport.Options, cred segur.Credential) (*tls.ConnectionState, error) {
		t.Helper()
		pki := credentialtest.NewPKI()
		srv := pki.MutualTLS()
		conf(srv)
		var seen *tls.ConnectionState
		s := newServerTLS(t, srv, func(_ http.ResponseWriter, r *http.Request) { seen = r.TLS })
		if cred == nil {
			cred = pki.Organization()
		}
		client := newClient(t, segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), Credentials: segur.StaticCredential(cred)}, o)
		_, _, err := fetch(t, client, &transport.Request{URL: s.URL})
		return seen, err
	}
	as := func(*tls.Config) {}

	cs, err := state(t, as, transport.Options{}, nil)
	require.NoError(t, err)
	assert.EqualValues(t, tls.VersionTLS13, cs.Version)

	cs, err = state(t, as, transport.DMPOptions(), nil)
	require.NoError(t, err)
	assert.EqualValues(t, tls.VersionTLS12, cs.Version)
	assert.Contains(t, transport.DMPOptions().CipherSuites, cs.CipherSuite)
	assert.Len(t, transport.DMPOptions().CipherSuites, 3)

	_, err = state(t, func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, transport.DMPOptions(), nil)
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Contains(t, err.Error(), "refuses the TLS version")

	_, err = state(t, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, transport.Options{}, nil)
	require.ErrorIs(t, err, segur.ErrProtocol)

	// CBC is on the DMP's list and not in ours.
	_, err = state(t, func(c *tls.Config) {
		c.MaxVersion = tls.VersionTLS12
		c.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256}
	}, transport.DMPOptions(), nil)
	require.ErrorIs(t, err, segur.ErrProtocol)

	// A card without RSA-PSS holds TLS at 1.2 on a server that has 1.3.
	cs, err = state(t, as, transport.Options{}, credentialtest.WithoutPSS(credentialtest.NewPKI().Organization()))
	require.NoError(t, err)
	assert.EqualValues(t, tls.VersionTLS12, cs.Version)
}

// rotating gives another credential when told to.
type rotating struct {
	mu  sync.Mutex
	c   segur.Credential
	err error
}

func (r *rotating) set(c segur.Credential, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.c, r.err = c, err
}

func (r *rotating) Credential(context.Context) (segur.Credential, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.c, r.err
}

func TestCredentialIsTakenUpWithoutRestart(t *testing.T) {
	t.Parallel()
	var conns sync.Map
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		conns.Store(r.RemoteAddr, true)
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	})
	src := &rotating{}
	src.set(s.pki.Organization(credentialtest.CommonName("old")), nil)
	cfg := s.config()
	cfg.Credentials = src
	c := newClient(t, cfg, transport.Options{})
	call := func() (string, error) {
		_, body, err := fetch(t, c, &transport.Request{URL: s.URL})
		return body, err
	}
	for _, step := range []struct{ want string }{{"old"}, {"old"}} {
		body, err := call()
		require.NoError(t, err)
		assert.Equal(t, step.want, body)
	}
	renewed := s.pki.Organization(credentialtest.CommonName("new"))
	src.set(renewed, nil)
	body, err := call()
	require.NoError(t, err)
	assert.Equal(t, "new", body, "the kept connection of the old certificate is not used")
	n := 0
	conns.Range(func(any, any) bool { n++; return true })
	assert.Equal(t, 2, n, "connections are kept for each certificate")

	src.set(nil, &segur.Error{Kind: segur.KindUnavailable, Message: "card removed"})
	_, err = call()
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Contains(t, err.Error(), "card removed")
	src.set(nil, nil)
	_, err = call()
	require.ErrorIs(t, err, segur.ErrAuthentication)
}

// A source may answer by user: two users never share a connection.
func TestIdentitiesNeverShareAConnection(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	})
	type userKey struct{}
	users := make([]segur.Credential, 20) // more than the pool keeps
	for i := range users {
		users[i] = s.pki.Organization(credentialtest.CommonName(string(rune('a' + i))))
	}
	cfg := s.config()
	cfg.Credentials = sourceFunc(func(ctx context.Context) (segur.Credential, error) {
		return users[ctx.Value(userKey{}).(int)], nil
	})
	c := newClient(t, cfg, transport.Options{})
	var wg sync.WaitGroup
	for g := range 2 {
		wg.Go(func() {
			for i := range users {
				u := (i + 5*g) % len(users)
				resp, err := c.Do(context.WithValue(t.Context(), userKey{}, u), &transport.Request{Op: "test.op", URL: s.URL, RepeatSafe: true})
				if !assert.NoError(t, err) {
					return
				}
				b, err := resp.ReadAll()
				assert.NoError(t, err)
				assert.Equal(t, string(rune('a'+u)), string(b))
			}
		})
	}
	wg.Wait()
}

type sourceFunc func(context.Context) (segur.Credential, error)

func (f sourceFunc) Credential(ctx context.Context) (segur.Credential, error) { return f(ctx) }

func TestSigningFailure(t *testing.T) {
	t.Parallel()
	s := newServer(t, ok)
	cfg := s.config()
	cfg.Credentials = segur.StaticCredential(deadCard{s.pki.Organization()})
	_, _, err := fetch(t, newClient(t, cfg, transport.Options{}), &transport.Request{URL: s.URL})
	require.ErrorIs(t, err, segur.ErrAuthentication)
	assert.Contains(t, err.Error(), "did not sign")
	assert.NotContains(t, err.Error(), "PIN 1234")
}

func TestOwnHTTPClient(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
	})
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: s.pki.Roots(), Certificates: []tls.Certificate{credentialtest.TLSCertificate(s.pki.Organization())}}}}
	c := newClient(t, segur.ClientConfig{Environment: segur.Fake, HTTPClient: own}, transport.Options{})
	_, _, err := fetch(t, c, &transport.Request{URL: s.URL})
	require.ErrorIs(t, err, segur.ErrProtocol, "redirects are refused whatever the client's settings")
	assert.Nil(t, own.CheckRedirect, "the caller's client is not modified")
	_, err = transport.New(segur.ClientConfig{Environment: segur.Fake, HTTPClient: own, RootCAs: x509.NewCertPool()}, transport.Options{})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}
