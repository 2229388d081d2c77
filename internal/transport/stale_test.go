package transport_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// A connection that the server closed while it was kept: the call goes through
// on another, or its outcome is unknown. It is never made twice, and the
// evidence has one request for each time it left.
func TestStaleConnections(t *testing.T) {
	t.Parallel()
	var processed atomic.Int32
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil && len(b) == 8 {
			processed.Add(1)
		}
		_, _ = io.WriteString(w, "ok")
	})
	dir := t.TempDir()
	ev, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	cfg := s.config()
	cfg.Evidence = ev
	c := newClient(t, cfg, transport.Options{})
	answered, unknown := 0, 0
	for range 40 {
		_, body, err := fetch(t, c, &transport.Request{Op: "a", URL: s.URL, Body: content("question")})
		switch {
		case err == nil:
			assert.Equal(t, "ok", body)
			answered++
		case errors.Is(err, segur.ErrOutcomeUnknown):
			require.ErrorIs(t, err, segur.ErrUnavailable)
			unknown++
		default:
			require.ErrorIs(t, err, segur.ErrUnavailable, "nothing left")
		}
		s.CloseClientConnections()
	}
	assert.GreaterOrEqual(t, int(processed.Load()), answered)
	assert.LessOrEqual(t, int(processed.Load()), answered+unknown, "no call was made twice")
	files, err := filepath.Glob(filepath.Join(dir, "*.request"))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(files), 40)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(string(b), "POST / HTTP/1.1\r\n"))
		assert.LessOrEqual(t, strings.Count(string(b), "question"), 1)
	}
}
