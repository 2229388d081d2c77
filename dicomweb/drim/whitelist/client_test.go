package whitelist_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist"
	"github.com/segur-sdk/segur/dicomweb/drim/whitelist/whitelisttest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
)

// A life of the list: first fetch, unchanged, changed, failures that change nothing, restart from the store.
func TestRefresh(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var now atomic.Pointer[time.Time]
	add := func(d time.Duration) { at := now.Load().Add(d); now.Store(&at) }
	start := morning
	now.Store(&start)
	srv := whitelisttest.NewServer(whitelisttest.WithPKI(pki()), whitelisttest.WithProfile(whitelisttest.Enveloped), whitelisttest.WithClock(func() time.Time { return *now.Load() }))
	defer srv.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "liste.xml")
	cfg := srv.Config()
	cfg.Retry.MaxAttempts = 1
	cfg.Store = whitelist.FileStore(file)
	var warnings []string
	cfg.Warn = func(w whitelist.Warning) {
		assert.NotEmpty(t, w.Text.FR)
		assert.NotEmpty(t, w.Text.EN)
		warnings = append(warnings, w.Code)
	}
	told := func() string {
		out := strings.Join(warnings, " ")
		warnings = nil
		return out
	}
	c, err := whitelist.New(cfg)
	require.NoError(t, err)
	require.ErrorIs(t, c.Load(ctx), segur.ErrNotFound)
	assert.Nil(t, c.List())
	assert.True(t, c.Status().Stale)

	changed, err := c.Refresh(ctx)
	require.NoError(t, err)
	assert.True(t, changed)
	guard := c.Guard()
	require.NoError(t, guard("db1.site-fictif.example"))
	assert.Len(t, c.List().Viewer("vi1.site-fictif.example"), 1)
	stored, err := os.ReadFile(file)
	require.NoError(t, err)
	add(time.Hour)
	changed, err = c.Refresh(ctx)
	require.NoError(t, err)
	assert.False(t, changed)
	assert.Equal(t, *now.Load(), c.Status().Confirmed)
	assert.NotEmpty(t, srv.Requests()[1].Header.Get("If-None-Match"))

	srv.Publish(whitelisttest.Document(*now.Load(), whitelisttest.Box{Host: "db3.site-fictif.example"}))
	changed, err = c.Refresh(ctx)
	require.NoError(t, err)
	assert.True(t, changed)
	require.NoError(t, guard("db3.site-fictif.example"))
	require.ErrorIs(t, guard("db1.site-fictif.example"), segur.ErrAuthorization)
	assert.Empty(t, told())

	good := c.List()
	add(time.Hour)
	fresh := whitelisttest.Document(*now.Load(), whitelisttest.Box{Host: "evil.example"})
	for name, bad := range map[string][]byte{
		"unsigned": fresh, "older": stored, "html": []byte("<!DOCTYPE html><html></html>"), "cut": whitelisttest.Sign(fresh, srv.Signer(), 0)[:900],
		"other pki": whitelisttest.Sign(fresh, srv.PKI().Foreign().Signature(credentialtest.CommonName(whitelisttest.SignerName)), 0),
		"same date": whitelisttest.Sign(whitelisttest.Document(now.Load().Add(-time.Hour), whitelisttest.Box{Host: "evil.example"}), srv.Signer(), 0),
	} {
		srv.PublishRaw(bad)
		_, err = c.Refresh(ctx)
		require.Error(t, err, name)
		assert.Same(t, good, c.List(), name)
		assert.Equal(t, "refresh-failed", told(), name)
		require.Error(t, c.Status().LastError, name)
	}
	for _, f := range []faults.Fault{{Status: 503}, {Status: 404}, {CutAfter: 500}, {DropBeforeResponse: true}} {
		srv.Fail(f)
		_, err = c.Refresh(ctx)
		require.Error(t, err, "%+v", f)
		assert.Same(t, good, c.List())
	}
	told()

	// Another process: from the store, not older than it, and the same verification.
	again, err := whitelist.New(cfg)
	require.NoError(t, err)
	require.Error(t, again.Use(ctx, stored), "older than what is stored, though nothing is in use yet")
	require.NoError(t, again.Load(ctx))
	require.NoError(t, again.Guard()("db3.site-fictif.example"))
	assert.Zero(t, again.Status().Confirmed)
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, names, 1, "no temporary file stays")
	require.NoError(t, os.WriteFile(file, fresh, 0o600))
	again, err = whitelist.New(cfg)
	require.NoError(t, err)
	require.ErrorIs(t, again.Load(ctx), segur.ErrSignature)

	// Old: said at each refresh, and still in use unless RefuseAfter.
	srv.Publish(whitelisttest.Document(*now.Load(), whitelisttest.Box{Host: "db3.site-fictif.example"}))
	add(49 * time.Hour)
	_, err = c.Refresh(ctx)
	require.NoError(t, err)
	assert.Equal(t, "stale", told())
	require.NoError(t, guard("db3.site-fictif.example"))
}

func TestRun(t *testing.T) {
	t.Parallel()
	srv := whitelisttest.NewServer(whitelisttest.WithPKI(pki()), whitelisttest.WithClock(fixed(morning)), whitelisttest.WithBoxes("127.0.0.1:8443"))
	defer srv.Close()
	cfg := srv.Config()
	cfg.Retry.MaxAttempts, cfg.Every, cfg.RetryEvery = 1, time.Millisecond, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
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
	srv.Fail(faults.Fault{After: 2, Status: http.StatusInternalServerError, Times: faults.Forever})
	require.ErrorIs(t, c.Run(ctx), context.Canceled)
	require.NoError(t, c.Guard()("127.0.0.1:8443"), "a fake listens on this machine")
	_, err = c.Refresh(ctx)
	require.ErrorIs(t, err, segur.ErrCanceled)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := whitelist.New(whitelist.Config{Signers: []whitelist.Signer{{}}, Issuers: []string{}, Namespaces: []string{}, Versions: []string{}, MaxBytes: -1, RefuseAfter: -1})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	for _, field := range []string{"environment", "url", "signerRoots", "checkSigner", "signers", "issuers", "namespaces", "versions", "maxBytes", "refuseAfter"} {
		assert.Contains(t, err.Error(), field)
	}
	cfg := offline(segur.Fake)
	cfg.MaxBytes = 1000
	c, err := whitelist.New(cfg)
	require.NoError(t, err)
	require.ErrorIs(t, c.Use(t.Context(), make([]byte, 1001)), segur.ErrTooLarge)
}
