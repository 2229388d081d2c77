package revocation_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/credential/revocation"
)

type world struct {
	srv *credentialtest.RevocationServer
	pki *credentialtest.PKI
	now atomic.Pointer[time.Time]

	mu       sync.Mutex
	warnings []revocation.Warning
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{srv: credentialtest.NewRevocationServer()}
	t.Cleanup(w.srv.Close)
	w.set(time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC))
	w.pki = credentialtest.NewPKI(credentialtest.WithRevocation(w.srv), credentialtest.WithClock(w.time))
	return w
}

func (w *world) time() time.Time     { return *w.now.Load() }
func (w *world) set(t time.Time)     { w.now.Store(&t) }
func (w *world) add(d time.Duration) { w.set(w.time().Add(d)) }

func (w *world) config() revocation.Config {
	return revocation.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Fake, Clock: w.time, Retry: segur.RetryPolicy{MaxAttempts: 1}},
		Warn: func(x revocation.Warning) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.warnings = append(w.warnings, x)
		},
	}
}

func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, x := range w.warnings {
		out = append(out, x.Code)
	}
	w.warnings = nil
	return strings.Join(out, " ")
}

func (w *world) checker(t *testing.T, change func(*revocation.Config)) *revocation.Checker {
	t.Helper()
	cfg := w.config()
	if change != nil {
		change(&cfg)
	}
	c, err := revocation.New(cfg)
	require.NoError(t, err)
	return c
}

func (w *world) chain(opts ...credentialtest.Option) []*x509.Certificate {
	return append(w.pki.Organization(opts...).Chain(), w.pki.Root())
}

func only(sources ...revocation.Source) func(*revocation.Config) {
	return func(c *revocation.Config) { c.Sources = sources }
}

// Each source alone says good, and says revoked, for the leaf and for the authority.
func TestSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain()
	lists := w.checker(t, only(revocation.CRL))
	both := w.checker(t, nil)
	require.NoError(t, lists.Check(t.Context(), chain...))
	assert.Equal(t, [3]int{1, 1, 0}, [3]int{w.srv.Hits("crl"), w.srv.Hits("root-crl"), w.srv.Hits("ocsp")})
	require.NoError(t, both.Check(t.Context(), chain...))
	assert.Equal(t, [3]int{1, 2, 1}, [3]int{w.srv.Hits("crl"), w.srv.Hits("root-crl"), w.srv.Hits("ocsp")}, "the authority has no responder")
	require.NoError(t, both.Check(t.Context(), chain...))
	require.NoError(t, lists.Check(t.Context(), chain...))
	assert.Equal(t, [3]int{1, 2, 1}, [3]int{w.srv.Hits("crl"), w.srv.Hits("root-crl"), w.srv.Hits("ocsp")}, "kept")

	bad := w.chain()
	w.srv.Revoke(bad[0])
	for name, c := range map[string]*revocation.Checker{"crl": w.checker(t, only(revocation.CRL)), "ocsp": w.checker(t, func(c *revocation.Config) { c.Sources, c.LeafOnly = []revocation.Source{revocation.OCSP}, true })} {
		err := c.Check(t.Context(), bad...)
		require.ErrorIs(t, err, segur.ErrSignature, name)
		assert.Contains(t, err.Error(), "the certificate was revoked")
		assert.NotContains(t, err.Error(), "FICTIF\"")
		require.NoError(t, c.Check(t.Context(), chain...), name)
	}
	w.srv.Revoke(w.pki.Issuing())
	err := w.checker(t, nil).Check(t.Context(), chain...)
	require.ErrorIs(t, err, segur.ErrSignature)
	assert.Contains(t, err.Error(), "the authority that issued the certificate was revoked")
	require.NoError(t, w.checker(t, func(c *revocation.Config) { c.LeafOnly = true }).Check(t.Context(), chain...))
	// A chain that ends at the issuing authority trusts it.
	require.NoError(t, w.checker(t, nil).Check(t.Context(), chain[:2]...))
	require.ErrorIs(t, w.checker(t, nil).Check(t.Context()), segur.ErrInvalidInput)
	// Every verified chain counts.
	err = w.checker(t, nil).CheckChain(t.Context(), segur.Chains{Verified: [][]*x509.Certificate{chain[:2], chain}})
	require.ErrorIs(t, err, segur.ErrSignature)
}

// A list is used until its end and not after, unless the policy says so; a revoked certificate stays so.
func TestListLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	start := w.time()
	chain, bad := w.chain()[:2], w.chain()[:2]
	w.srv.Revoke(bad[0])
	w.srv.Shape(credentialtest.CRL{NextUpdate: start.Add(24 * time.Hour)}, credentialtest.OCSP{})
	strict := w.checker(t, only(revocation.CRL))
	soft := w.checker(t, func(c *revocation.Config) { c.Sources, c.SoftFail = []revocation.Source{revocation.CRL}, 12*time.Hour })
	open := w.checker(t, func(c *revocation.Config) { c.Sources, c.AcceptUnknown = []revocation.Source{revocation.CRL}, true })
	for _, c := range []*revocation.Checker{strict, soft, open} {
		require.NoError(t, c.Check(ctx, chain...))
		require.NoError(t, c.Renew(ctx), "not due")
	}
	assert.Equal(t, 3, w.srv.Hits("crl"))

	down := func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	w.srv.Answer(down)
	w.add(20 * time.Hour) // the last quarter
	require.ErrorIs(t, strict.Renew(ctx), segur.ErrUnavailable)
	assert.Equal(t, "renewal-failed", w.told())
	require.NoError(t, strict.Check(ctx, chain...), "the last list has not ended (ECO.1.1.7)")
	assert.Equal(t, 4, w.srv.Hits("crl"))
	require.ErrorIs(t, strict.Renew(ctx), segur.ErrUnavailable)
	assert.Equal(t, 4, w.srv.Hits("crl"), "a failure answers for a while")
	w.told()

	w.set(start.Add(24*time.Hour + 5*time.Minute))
	require.NoError(t, strict.Check(ctx, chain...), "clocks may differ")
	w.add(time.Second)
	err := strict.Check(ctx, chain...)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Contains(t, err.Error(), "cannot be known")
	require.NoError(t, soft.Check(ctx, chain...))
	assert.Equal(t, "soft-fail", w.told())
	require.NoError(t, open.Check(ctx, chain...))
	assert.Equal(t, "unknown", w.told())
	for _, c := range []*revocation.Checker{strict, soft, open} {
		require.ErrorIs(t, c.Check(ctx, bad...), segur.ErrSignature, "revoked on the last list")
	}
	w.set(start.Add(36*time.Hour + time.Second))
	require.ErrorIs(t, soft.Check(ctx, chain...), segur.ErrUnavailable)

	// Back, and a list that was replayed is not taken over a newer one.
	w.srv.Answer(nil)
	w.srv.Shape(credentialtest.CRL{ThisUpdate: w.time().Add(-time.Minute), NextUpdate: w.time().Add(4 * time.Hour)}, credentialtest.OCSP{})
	w.add(time.Minute)
	require.NoError(t, strict.Check(ctx, chain...))
	w.add(200 * time.Minute)
	w.srv.Shape(credentialtest.CRL{ThisUpdate: start, NextUpdate: w.time().AddDate(0, 1, 0)}, credentialtest.OCSP{})
	require.ErrorIs(t, strict.Renew(ctx), segur.ErrUnavailable)
	require.NoError(t, strict.Check(ctx, chain...))
	w.add(time.Hour)
	require.ErrorIs(t, strict.Check(ctx, chain...), segur.ErrUnavailable)
}

func marshal(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Lists that must not be believed.
func TestBadLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain()[:2]
	now := w.time()
	point := func(v any) []pkix.Extension {
		return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: marshal(v)}}
	}
	good := w.pki.CRL(credentialtest.CRL{})
	many := make([]*x509.Certificate, 11)
	for i := range many {
		many[i] = w.pki.Organization().Chain()[0]
	}
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-1] ^= 1
	for name, c := range map[string]struct {
		list    []byte
		message string
	}{
		"other authority": {w.pki.CRL(credentialtest.CRL{Root: true}), "another authority"},
		"other key":       {w.pki.Foreign().CRL(credentialtest.CRL{}), "signature"},
		"altered":         {flipped, "signature"},
		"ended":           {w.pki.CRL(credentialtest.CRL{ThisUpdate: now.Add(-48 * time.Hour), NextUpdate: now.Add(-24 * time.Hour)}), "ended"},
		"future":          {w.pki.CRL(credentialtest.CRL{ThisUpdate: now.Add(time.Hour)}), "not valid yet"},
		"delta":           {w.pki.CRL(credentialtest.CRL{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: marshal(1)}}}), "delta"},
		"indirect": {w.pki.CRL(credentialtest.CRL{Extensions: point(struct {
			Indirect bool `asn1:"tag:4"`
		}{true})}), "indirect"},
		"some certificates": {w.pki.CRL(credentialtest.CRL{Extensions: point(struct {
			OnlyCA bool `asn1:"tag:2"`
		}{true})}), "some certificates"},
		"unknown critical": {w.pki.CRL(credentialtest.CRL{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: marshal(1)}}}), "critical"},
		"too many":         {w.pki.CRL(credentialtest.CRL{Revoked: many}), "more entries"},
		"too large":        {make([]byte, 20_001), "larger"},
		"cut":              {good[:len(good)-1], "not a revocation list"},
		"trailing":         {append(append([]byte(nil), good...), 0), "not a revocation list"},
		"html":             {[]byte("<html>"), "not a revocation list"},
		"empty":            {[]byte{}, "not a revocation list"},
	} {
		w.srv.Answer(func(rw http.ResponseWriter, _ *http.Request) bool { _, _ = rw.Write(c.list); return true })
		err := w.checker(t, func(c *revocation.Config) {
			c.Sources, c.MaxEntries, c.MaxListBytes = []revocation.Source{revocation.CRL}, 10, 20_000
		}).Check(t.Context(), chain...)
		require.ErrorIs(t, err, segur.ErrUnavailable, name)
		assert.Contains(t, err.Error(), c.message, name)
	}
	// A scope that is the whole is accepted, and PEM.
	w.srv.Answer(func(rw http.ResponseWriter, _ *http.Request) bool {
		_, _ = rw.Write(w.pki.CRL(credentialtest.CRL{Extensions: point(struct{}{})}))
		return true
	})
	require.NoError(t, w.checker(t, only(revocation.CRL)).Check(t.Context(), chain...))
}

// Responses that must not be believed, stapled or asked for; then those that must.
func TestResponses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain()[:2]
	now := w.time()
	with := func(o credentialtest.OCSP) []byte { return w.pki.OCSP(chain[0], o) }
	flipped := with(credentialtest.OCSP{})
	flipped[len(flipped)-1] ^= 1
	server := w.pki.Responder(credentialtest.Usages(x509.KeyUsageDigitalSignature, x509.ExtKeyUsageServerAuth), credentialtest.Hosts("x.example"))
	for name, c := range map[string]struct {
		response []byte
		message  string
	}{
		"another certificate":    {w.pki.OCSP(w.chain()[0], credentialtest.OCSP{}), "not an OCSP response"},
		"another authority":      {with(credentialtest.OCSP{OtherIssuer: true}), "another certificate"},
		"another key":            {w.pki.Foreign().OCSP(chain[0], credentialtest.OCSP{}), "another certificate"},
		"altered":                {flipped, "signed by another"},
		"not a responder":        {with(credentialtest.OCSP{Responder: server}), "signed by another"},
		"expired responder":      {with(credentialtest.OCSP{Responder: w.pki.Responder(credentialtest.Valid(now.AddDate(-1, 0, 0), now.Add(-time.Hour)))}), "signed by another"},
		"responder of elsewhere": {with(credentialtest.OCSP{Responder: w.pki.Foreign().Responder()}), "signed by another"},
		"ended":                  {with(credentialtest.OCSP{ThisUpdate: now.Add(-2 * time.Hour), NextUpdate: now.Add(-time.Hour)}), "ended"},
		"endless and old":        {with(credentialtest.OCSP{ThisUpdate: now.Add(-25 * time.Hour), NoNextUpdate: true}), "ended"},
		"future":                 {with(credentialtest.OCSP{ThisUpdate: now.Add(time.Hour)}), "not valid yet"},
		"unknown":                {with(credentialtest.OCSP{Status: ocsp.Unknown}), "does not know"},
		"try later":              {[]byte{0x30, 3, 0x0a, 1, 3}, "try later"},
		"cut":                    {with(credentialtest.OCSP{})[:200], "not an OCSP response"},
		"html":                   {[]byte("<html>"), "not an OCSP response"},
		"other nonce":            {with(credentialtest.OCSP{Nonce: []byte("other")}), "nonce"},
	} {
		w.srv.Answer(func(rw http.ResponseWriter, _ *http.Request) bool { _, _ = rw.Write(c.response); return true })
		err := w.checker(t, only(revocation.OCSP)).Check(t.Context(), chain...)
		require.ErrorIs(t, err, segur.ErrUnavailable, name)
		assert.Contains(t, err.Error(), c.message, name)
		if name == "other nonce" {
			continue
		}
		// The same, stapled, does not count: the responder is asked.
		w.srv.Answer(nil)
		before := w.srv.Hits("ocsp")
		require.NoError(t, w.checker(t, only(revocation.OCSP)).CheckChain(t.Context(), segur.Chains{Verified: [][]*x509.Certificate{chain}, StapledOCSP: c.response}), name)
		assert.Equal(t, before+1, w.srv.Hits("ocsp"), name)
	}
	for name, o := range map[string]credentialtest.OCSP{
		"issuer": {}, "responder": {Responder: w.pki.Responder()}, "endless": {NoNextUpdate: true}, "no nonce": {Nonce: []byte{}},
	} {
		der := with(o)
		before := w.srv.Hits("ocsp")
		require.NoError(t, w.checker(t, nil).CheckChain(t.Context(), segur.Chains{Verified: [][]*x509.Certificate{chain}, StapledOCSP: der}), name)
		assert.Equal(t, before, w.srv.Hits("ocsp"), "the stapled response is enough: %s", name)
	}
	// Stapled: revoked, even when the responder is no longer of that opinion.
	c := w.checker(t, nil)
	for _, staple := range [][]byte{with(credentialtest.OCSP{Status: ocsp.Revoked, ThisUpdate: now.AddDate(0, -1, 0), NextUpdate: now.AddDate(0, 0, -20)}), nil} {
		err := c.CheckChain(t.Context(), segur.Chains{Verified: [][]*x509.Certificate{chain}, StapledOCSP: staple})
		require.ErrorIs(t, err, segur.ErrSignature)
		assert.Contains(t, err.Error(), "keyCompromise")
	}
	// Nonces.
	w.srv.Answer(nil)
	required := func(c *revocation.Config) {
		c.Sources, c.Nonce = []revocation.Source{revocation.OCSP}, revocation.NonceRequired
	}
	require.NoError(t, w.checker(t, required).Check(t.Context(), chain...))
	w.srv.Answer(func(rw http.ResponseWriter, _ *http.Request) bool {
		_, _ = rw.Write(with(credentialtest.OCSP{}))
		return true
	})
	err := w.checker(t, required).Check(t.Context(), chain...)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.Contains(t, err.Error(), "nonce")
	require.NoError(t, w.checker(t, only(revocation.OCSP)).Check(t.Context(), chain...))
	require.NoError(t, w.checker(t, func(c *revocation.Config) { c.Nonce = revocation.NonceNone }).Check(t.Context(), chain...))
	// The responder does not know: the list does.
	w.srv.Answer(nil)
	w.srv.Shape(credentialtest.CRL{}, credentialtest.OCSP{Status: ocsp.Unknown})
	require.NoError(t, w.checker(t, nil).Check(t.Context(), chain...))
}

// Certificates that say nothing useful.
func TestPoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, o := range map[string]credentialtest.Option{
		"none": credentialtest.RevocationPoints(nil, nil),
		"ldap": credentialtest.RevocationPoints([]string{"ldap://annuaire.example/cn=x"}, []string{"ldap://annuaire.example/"}),
		"file": credentialtest.RevocationPoints([]string{"file:///etc/passwd", "https://127.0.0.1/x"}, nil),
	} {
		err := w.checker(t, nil).Check(t.Context(), w.chain(o)[:2]...)
		require.ErrorIs(t, err, segur.ErrUnavailable, name)
		assert.Contains(t, err.Error(), "does not say where", name)
	}
	// The second address serves when the first does not.
	two := credentialtest.RevocationPoints([]string{w.srv.URL + "/absent.crl", w.srv.URL + "/CRL/ACI-EL-ORG.crl"}, nil)
	require.NoError(t, w.checker(t, nil).Check(t.Context(), w.chain(two)[:2]...))
}

// Many calls at once ask once; one that gives up does not make the others fail; a call ends with its context.
func TestOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain()[:2]
	release, arrived := make(chan struct{}), make(chan struct{}, 10)
	w.srv.Answer(func(http.ResponseWriter, *http.Request) bool {
		arrived <- struct{}{}
		<-release
		return false
	})
	c := w.checker(t, only(revocation.CRL))
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- c.Check(ctx, chain...) }()
	<-arrived
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { assert.NoError(t, c.Check(t.Context(), chain...)) })
	}
	cancel()
	require.ErrorIs(t, <-first, segur.ErrCanceled)
	short, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	require.ErrorIs(t, c.Check(short, chain...), segur.ErrTimeout)
	close(release)
	wg.Wait()
	assert.Equal(t, 1, w.srv.Hits("crl"))

	// A service that never answers.
	w.add(30 * 24 * time.Hour)
	hang := make(chan struct{})
	defer close(hang)
	w.srv.Answer(func(http.ResponseWriter, *http.Request) bool { <-hang; return true })
	slow := w.checker(t, func(c *revocation.Config) {
		c.Sources, c.Timeout = []revocation.Source{revocation.CRL}, 20*time.Millisecond
	})
	require.ErrorIs(t, slow.Check(t.Context(), chain...), segur.ErrUnavailable)
}

// A call that comes to ask just after another one was answered takes that answer.
func TestOnceForTheLate(t *testing.T) {
	t.Parallel()
	for source, name := range map[revocation.Source]string{revocation.CRL: "crl", revocation.OCSP: "ocsp"} {
		w := newWorld(t)
		chain := w.chain()[:2]
		held, release := make(chan struct{}), make(chan struct{})
		var holds atomic.Bool
		c := w.checker(t, func(c *revocation.Config) {
			c.Sources = []revocation.Source{source}
			c.Clock = func() time.Time {
				// It saw that nothing is known, and asks nobody yet.
				if strings.Contains(string(debug.Stack()), "(*Checker).once(") && holds.CompareAndSwap(false, true) {
					close(held)
					<-release
				}
				return w.time()
			}
		})
		late := make(chan error, 1)
		go func() { late <- c.Check(t.Context(), chain...) }()
		<-held
		first := make(chan error, 1)
		go func() { first <- c.Check(t.Context(), chain...) }()
		require.NoError(t, <-first)
		close(release)
		require.NoError(t, <-late)
		assert.Equal(t, 1, w.srv.Hits(name), name)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := w.chain()[:2]
	renewed := make(chan struct{}, 100)
	w.srv.Answer(func(http.ResponseWriter, *http.Request) bool { renewed <- struct{}{}; return false })
	c := w.checker(t, func(c *revocation.Config) {
		c.Sources, c.RetryAfter = []revocation.Source{revocation.CRL}, time.Millisecond
	})
	require.NoError(t, c.Check(t.Context(), chain...))
	<-renewed
	w.add(6 * 24 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	<-renewed
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}

func TestBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.checker(t, func(c *revocation.Config) { c.Sources, c.MaxResponses = []revocation.Source{revocation.OCSP}, 2 })
	for range 5 {
		require.NoError(t, c.Check(t.Context(), w.chain()[:2]...))
	}
	_, err := revocation.New(revocation.Config{Sources: []revocation.Source{revocation.CRL, revocation.CRL, 9}, Nonce: 9, SoftFail: -1, MaxEntries: -1,
		ClientConfig: segur.ClientConfig{RootCAs: x509.NewCertPool()}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "sources", "nonce", "softFail", "maxEntries", "clientConfig"} {
		assert.Contains(t, err.Error(), field)
	}
	_, err = revocation.New(revocation.Config{Sources: []revocation.Source{}, ClientConfig: segur.ClientConfig{Environment: segur.Fake}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}
