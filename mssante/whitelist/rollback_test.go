package whitelist_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/mssante/whitelist"
	"github.com/segur-sdk/segur/mssante/whitelist/whitelisttest"
)

// A restart does not let the list go back, even when the program did not load the stored one, or could not.
func TestNoWayBackOverARestart(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	cfg := srv.Config()
	file := filepath.Join(t.TempDir(), "liste.xml")
	cfg.Store = whitelist.FileStore(file)
	older := whitelisttest.Sign(whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "ancien-fictif.mssante.fr"}), srv.Signer())
	now.add(time.Hour)
	newer := whitelisttest.Sign(whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "nouveau-fictif.mssante.fr"}), srv.Signer())
	_, err := use(t, cfg, newer)
	require.NoError(t, err)

	c, err := use(t, cfg, older)
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Contains(t, err.Error(), "older")
	assert.Nil(t, c.List())
	require.NoError(t, c.Load(t.Context()), "the store was not touched")
	assert.True(t, c.List().Allows("nouveau-fictif.mssante.fr"))

	// Nor does another list of the same date pass, as none does once there is one in use.
	twin := whitelisttest.Sign(whitelisttest.Document(now.time(), whitelisttest.Domain{Name: "jumeau-fictif.mssante.fr"}), srv.Signer())
	c, err = use(t, cfg, twin)
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Contains(t, err.Error(), "differs")
	assert.Nil(t, c.List())
	require.NoError(t, c.Use(t.Context(), newer), "the same again")
	require.ErrorIs(t, c.Use(t.Context(), twin), segur.ErrProtocol)

	down := true
	cfg.WithoutRevocation, cfg.CheckSigner = false, func(context.Context, segur.Chains) error {
		if down {
			return &segur.Error{Kind: segur.KindUnavailable}
		}
		return nil
	}
	c, err = whitelist.New(cfg)
	require.NoError(t, err)
	require.ErrorIs(t, c.Load(t.Context()), segur.ErrUnavailable)
	down = false
	require.ErrorIs(t, c.Use(t.Context(), older), segur.ErrProtocol)
	require.NoError(t, c.Use(t.Context(), newer), "the same again")
	assert.True(t, c.List().Allows("nouveau-fictif.mssante.fr"))
}

// "Not modified" does not make a list good whose signer no longer is; it stays in use, and is not confirmed.
func TestUnchangedListOfASignerRevokedSince(t *testing.T) {
	t.Parallel()
	now := newClock()
	srv := newServer(t, now)
	cfg := srv.Config()
	cfg.Retry.MaxAttempts = 1
	gone := false
	cfg.WithoutRevocation, cfg.CheckSigner = false, func(ctx context.Context, c segur.Chains) error {
		if gone {
			return revoked(ctx, c)
		}
		return nil
	}
	c, err := whitelist.New(cfg)
	require.NoError(t, err)
	_, err = c.Refresh(t.Context())
	require.NoError(t, err)
	confirmed := c.Status().Confirmed
	now.add(time.Hour)
	gone = true
	for range 2 {
		_, err = c.Refresh(t.Context())
		require.ErrorIs(t, err, segur.ErrSignature)
		assert.Equal(t, confirmed, c.Status().Confirmed)
		assert.True(t, c.List().Allows("cabinet-fictif.mssante.fr"), "the last good one stays")
	}
	asked := srv.Requests()
	assert.NotEmpty(t, asked[1].Header.Get("If-None-Match"))
	assert.Empty(t, asked[2].Header.Get("If-None-Match"), "the whole list is asked for")
	gone = false
	_, err = c.Refresh(t.Context())
	require.NoError(t, err)
	assert.Equal(t, now.time(), c.Status().Confirmed)

	now.add(10 * 365 * 24 * time.Hour)
	_, err = c.Refresh(t.Context())
	require.Error(t, err)
}
