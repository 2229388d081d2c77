package testkit_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
)

func TestFreePorts(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 3 {
		for _, p := range testkit.FreePorts(t, 4) {
			assert.False(t, seen[p], "promised twice")
			seen[p] = true
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			require.NoError(t, err)
			require.NoError(t, l.Close())
		}
	}
	assert.Len(t, seen, 12)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	resp, err := http.Get(s.URL) //nolint:noctx // a test
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	s.Close()
	testkit.Refused(t, s.URL)
	for _, address := range []string{s.Listener.Addr().String(), testkit.RefusedAddress(t)} {
		for range 3 {
			_, err = net.Dial("tcp", address)
			require.ErrorContains(t, err, "refused")
		}
	}
}

func TestPatiently(t *testing.T) {
	t.Parallel()
	var asked []time.Duration
	testkit.Patiently(t, time.Millisecond, func(d time.Duration) bool { asked = append(asked, d); return len(asked) < 3 })
	assert.Equal(t, []time.Duration{time.Millisecond, 2 * time.Millisecond, 4 * time.Millisecond}, asked)
	n := 0
	r := record(t, func(tb testkit.TB) {
		testkit.Patiently(tb, 20*time.Second, func(time.Duration) bool { n++; return true })
	})
	assert.Equal(t, 2, n)
	assert.Equal(t, []string{"not within 40s"}, r.fatal)
}
