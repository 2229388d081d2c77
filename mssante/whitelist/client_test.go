package whitelist_test

import (
	"bytes"
	"context"
	"crypto"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

// clock stands still until it is moved.
type clock struct{ now atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	c.set(time.Date(2026, time.March, 10, 9, 0, 7, 0, time.UTC))
	return c
}

func (c *clock) set(t time.Time)     { c.now.Store(&t) }
func (c *clock) add(d time.Duration) { c.set(c.time().Add(d)) }
func (c *clock) time() time.Time     { return *c.now.Load() }

func newServer(t *testing.T, c *clock, opts ...whitelisttest.Option) *whitelisttest.Server {
	t.Helper()
	s := whitelisttest.NewServer(append([]whitelisttest.Option{whitelisttest.WithClock(c.time)}, opts...)...)
	t.Cleanup(s.Close)
	return s
}

// A day in the life of the list: first fetch, unchanged, changed, failures that change nothing, older and future
// editions, restart from the store.
func TestRefresh(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), newClock()
	srv := newServer(t, now)
	file := filepath.Join(t.TempDir(), "liste.xml")
	var mu sync.Mutex
	var warnings []string
	cfg := srv.Config()
	cfg.Retry.MaxAttempts = 1
	cfg.Store = whitelist.FileStore(file)
	cfg.Warn = func(w whitelist.Warning) {
		mu.Lock()
		defer mu.Unlock()
		assert.NotEmpty(t, w.Text.FR)
		assert.NotEmpty(t, w.Text.EN)
		warnings = append(warnings, w.Code)
	}
	told := func() string {
		mu.Lock()
		defer mu.Unlock()
		out := strings.Join(warnings, " ")
		warnings = nil
		return out
	}
	c, err := whitelist.New(cfg)
	require.NoError(t, err)
	guard := c.Guard()

	// Nothing yet.
	require.ErrorIs(t, c.Load(ctx), segur.ErrNotFound)
	assert.Nil(t, c.List())
	assert.Equal(t, whitelist.NoList, c.Check("cabinet-fictif.mssante.fr"))
	assert.False(t, guard.AllowDomain("cabinet-fictif.mssante.fr"))
	guard.AllowWithoutList = true
	assert.True(t, guard.AllowDomain("cabinet-fictif.mssante.fr"))
	assert.True(t, c.Status().Stale)

	changed, err := c.Refresh(ctx)
	require.NoError(t, err)
	assert.True(t, changed)
	assert.True(t, guard.AllowDomain("Cabinet-Fictif.mssante.fr"))
	assert.True(t, guard.AllowDomain("patient.mssante.fr"))
	assert.False(t, guard.AllowDomain("gmail.com"), "a list is there")
	first := c.Status()
	assert.Equal(t, now.time(), first.Confirmed)
	assert.Equal(t, 3, first.Domains)
	stored, err := os.ReadFile(file)
	require.NoError(t, err)

	// Unchanged: asked with both validators, and no body comes.
	now.add(time.Hour)
	changed, err = c.Refresh(ctx)
	require.NoError(t, err)
	assert.False(t, changed)
	assert.Equal(t, now.time(), c.Status().Confirmed)
	asked := srv.Requests()
	assert.Empty(t, asked[0].Header.Get("If-None-Match"))
	assert.NotEmpty(t, asked[1].Header.Get("If-None-Match"))
	assert.NotEmpty(t, asked[1].Header.Get("If-Modified-Since"))

	// Another edition.
	domains := []whitelisttest.Domain{{Name: "nouveau-fictif.mssante.fr"}}
	second := whitelisttest.Document(now.time(), domains...)
	srv.Publish(second)
	changed, err = c.Refresh(ctx)
	require.NoError(t, err)
	assert.True(t, changed)
	assert.Equal(t, whitelist.NotListed, c.Check("cabinet-fictif.mssante.fr"))
	assert.Empty(t, told())

	// What must change nothing.
	good := c.List()
	now.add(time.Hour)
	foreign := srv.PKI().Foreign().Signature(credentialtest.CommonName(whitelisttest.SignerName))
	noUsage := srv.PKI().Organization(credentialtest.CommonName(whitelisttest.SignerName))
	expired := srv.PKI().Signature(credentialtest.CommonName(whitelisttest.SignerName), credentialtest.Expired())
	fresh := whitelisttest.Document(now.time(), domains...)
	for name, c2 := range map[string]struct {
		document []byte
		want     error
	}{
		"older":          {stored, segur.ErrProtocol},
		"same date":      {whitelisttest.Sign(whitelisttest.Document(now.time().Add(-time.Hour), whitelisttest.Domain{Name: "x.mssante.fr"}), srv.Signer()), segur.ErrProtocol},
		"future":         {whitelisttest.Sign(whitelisttest.Document(now.time().Add(11*time.Minute), domains...), srv.Signer()), segur.ErrProtocol},
		"no date":        {whitelisttest.Sign(bytes.Replace(fresh, []byte("DateDeGeneration>"), []byte("Autre>"), 2), srv.Signer()), segur.ErrProtocol},
		"no domain":      {whitelisttest.Sign(whitelisttest.Document(now.time()), srv.Signer()), segur.ErrProtocol},
		"twice the name": {whitelisttest.Sign(bytes.Replace(fresh, []byte("<Nom>"), []byte("<Nom>x.fr</Nom><Nom>"), 1), srv.Signer()), segur.ErrProtocol},
		"nested":         {whitelisttest.Sign(bytes.Replace(fresh, []byte("<Nom>"), []byte("<Nom><b/>"), 1), srv.Signer()), segur.ErrProtocol},
		"other pki":      {whitelisttest.Sign(fresh, foreign), segur.ErrSignature},
		"usage":          {whitelisttest.Sign(fresh, noUsage), segur.ErrSignature},
		"expired":        {whitelisttest.Sign(fresh, expired), segur.ErrSignature},
		"sha-1":          {whitelisttest.SignWith(fresh, srv.Signer(), whitelisttest.Algorithms{Signature: "http://www.w3.org/2000/09/xmldsig#rsa-sha1", Digest: "http://www.w3.org/2000/09/xmldsig#sha1", Hash: crypto.SHA1}), segur.ErrSignature},
		"sha-512":        {whitelisttest.SignWith(fresh, srv.Signer(), whitelisttest.Algorithms{Signature: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", Digest: "http://www.w3.org/2001/04/xmlenc#sha512", Hash: crypto.SHA512}), segur.ErrSignature},
		"inclusive":      {whitelisttest.SignWith(fresh, srv.Signer(), whitelisttest.Algorithms{Canonical: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}), segur.ErrSignature},
		"transform":      {whitelisttest.SignWith(fresh, srv.Signer(), whitelisttest.Algorithms{Transform: "http://www.w3.org/TR/1999/REC-xslt-19991116"}), segur.ErrSignature},
		"unsigned":       {fresh, segur.ErrSignature},
		"cut":            {whitelisttest.Sign(fresh, srv.Signer())[:900], segur.ErrTruncated},
		"html":           {[]byte("<!DOCTYPE html><html></html>"), segur.ErrProtocol},
	} {
		srv.PublishRaw(c2.document)
		_, err = c.Refresh(ctx)
		require.ErrorIs(t, err, c2.want, name)
		assert.Same(t, good, c.List(), name)
		assert.Equal(t, "refresh-failed", told(), name)
		require.ErrorIs(t, c.Status().LastError, c2.want, name)
	}
	for _, f := range []faults.Fault{{Status: 503}, {Status: 404}, {Status: 304}, {Status: 204}, {CutAfter: 500}, {DropBeforeResponse: true}} {
		srv.Fail(f)
		_, err = c.Refresh(ctx)
		require.Error(t, err, "%+v", f)
		assert.Same(t, good, c.List())
	}
	told()

	// The store has the last good list, and gives it to the next process.
	again, err := whitelist.New(cfg)
	require.NoError(t, err)
	require.NoError(t, again.Load(ctx))
	assert.True(t, again.List().Allows("nouveau-fictif.mssante.fr"))
	assert.Zero(t, again.Status().Confirmed)

	// Old: said at each refresh, still in use.
	now.add(48 * time.Hour)
	srv.PublishRaw(whitelisttest.Sign(second, srv.Signer()))
	changed, err = c.Refresh(ctx)
	require.NoError(t, err)
	assert.False(t, changed, "the same list signed anew")
	assert.Equal(t, "stale", told())
	assert.True(t, c.Status().Stale)
	assert.True(t, guard.AllowDomain("nouveau-fictif.mssante.fr"))
	guard.MaxAge, guard.AllowWithoutList = 24*time.Hour, false
	assert.False(t, guard.AllowDomain("nouveau-fictif.mssante.fr"))
	assert.Equal(t, whitelist.NoList, guard.Check("nouveau-fictif.mssante.fr"))
}

// What is on disk is worth its signature.
func TestStore(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), newClock()
	srv := newServer(t, now)
	dir := t.TempDir()
	file := filepath.Join(dir, "liste.xml")
	cfg := srv.Config()
	var warned atomic.Int32
	cfg.Warn = func(w whitelist.Warning) {
		assert.Equal(t, "store-failed", w.Code)
		assert.NotContains(t, w.Err.Error(), dir)
		warned.Add(1)
	}
	cfg.Store = whitelist.FileStore(file)
	document := whitelisttest.Sign(whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "a-fictif.mssante.fr"}), srv.Signer())
	_, err := use(t, cfg, document)
	require.NoError(t, err)
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, names, 1, "no temporary file stays")

	load := func() error {
		c, err := whitelist.New(cfg)
		require.NoError(t, err)
		return c.Load(ctx)
	}
	require.NoError(t, load())
	require.NoError(t, os.WriteFile(file, bytes.Replace(document, []byte("a-fictif"), []byte("b-fictif"), 1), 0o600))
	require.ErrorIs(t, load(), segur.ErrSignature)
	require.NoError(t, os.WriteFile(file, document[:len(document)/2], 0o600))
	require.ErrorIs(t, load(), segur.ErrTruncated)
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorIs(t, load(), segur.ErrNotFound)
	require.NoError(t, os.WriteFile(file, document, 0o600))
	now.add(4 * 365 * 24 * time.Hour)
	require.ErrorIs(t, load(), segur.ErrSignature, "the signer's certificate has expired since")

	// A store that fails costs nothing but a warning.
	now.set(time.Date(2026, time.March, 10, 9, 0, 7, 0, time.UTC))
	cfg.Store = whitelist.FileStore(filepath.Join(dir, "absent", "liste.xml"))
	c, err := use(t, cfg, document)
	require.NoError(t, err)
	assert.True(t, c.List().Allows("a-fictif.mssante.fr"))
	assert.Equal(t, int32(1), warned.Load())
	cfg.Store = whitelist.FileStore(dir)
	require.ErrorIs(t, load(), segur.ErrUnavailable)
	assert.NotContains(t, load().Error(), dir)
	cfg.Store = nil
	require.ErrorIs(t, load(), segur.ErrNotFound)
}

// Readers never wait and never see half a list while it is replaced.
func TestConcurrentReaders(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	c, err := whitelist.New(srv.Config())
	require.NoError(t, err)
	sign := func(i int) []byte {
		name := []string{"pair-fictif.mssante.fr", "impair-fictif.mssante.fr"}[i%2]
		return whitelisttest.Sign(whitelisttest.Document(now.time().Add(time.Duration(i-60)*time.Second), whitelisttest.Domain{Name: name}), srv.Signer())
	}
	require.NoError(t, c.Use(t.Context(), sign(0)))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				l := c.List()
				assert.NotEqual(t, l.Allows("pair-fictif.mssante.fr"), l.Allows("impair-fictif.mssante.fr"))
				c.Status()
				c.Guard().AllowDomain("pair-fictif.mssante.fr")
			}
		})
	}
	var writers sync.WaitGroup
	for i := 1; i <= 20; i++ {
		document := sign(i)
		writers.Go(func() { _ = c.Use(t.Context(), document) }) // in any order: older ones are refused
	}
	writers.Wait()
	close(stop)
	wg.Wait()
	require.Equal(t, now.time().Add(-40*time.Second), c.List().Generated(), "the newest stays")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Refresh(ctx)
	require.ErrorIs(t, err, segur.ErrCanceled)
}

func TestRun(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	cfg := srv.Config()
	cfg.Retry.MaxAttempts = 1
	cfg.Every, cfg.RetryEvery = time.Millisecond, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	var failed atomic.Int32
	cfg.Warn = func(whitelist.Warning) {
		if failed.Add(1) == 2 {
			cancel()
		}
	}
	file := filepath.Join(t.TempDir(), "liste.xml")
	require.NoError(t, os.WriteFile(file, []byte("<x/>"), 0o600))
	cfg.Store = whitelist.FileStore(file) // said, and passed over
	c, err := whitelist.New(cfg)
	require.NoError(t, err)
	srv.Fail(faults.Fault{After: 3, Status: http.StatusInternalServerError, Times: faults.Forever})
	require.ErrorIs(t, c.Run(ctx), context.Canceled)
	assert.Equal(t, 3, c.Status().Domains)
	assert.GreaterOrEqual(t, len(srv.Requests()), 3)
	assert.Equal(t, int32(2), failed.Load())
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := whitelist.New(whitelist.Config{URL: "http://x.example/", Signers: []whitelist.Signer{{}}, Issuers: []string{}, MaxBytes: -1, Every: -1})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "url", "signerRoots", "checkSigner", "signers", "issuers", "maxBytes", "every"} {
		assert.Contains(t, err.Error(), field)
	}
	now := newClock()
	srv := newServer(t, now)
	cfg := srv.Config()
	cfg.MaxBytes = 1000
	c, err := whitelist.New(cfg)
	require.NoError(t, err)
	_, err = c.Refresh(t.Context())
	require.ErrorIs(t, err, segur.ErrTooLarge)
	require.ErrorIs(t, c.Use(t.Context(), make([]byte, 1001)), segur.ErrTooLarge)
}
