package fixed_test

import (
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

func TestClock(t *testing.T) {
	t.Parallel()
	t0 := time.Date(2026, 3, 29, 1, 59, 0, 0, time.UTC)
	c := fixed.NewClock(t0)
	assert.Equal(t, t0, c.Now())
	assert.Equal(t, t0, c.Now())
	c.Advance(time.Hour)
	assert.Equal(t, t0.Add(time.Hour), c.Now())
	c.Set(t0)
	assert.Equal(t, t0, c.Now())
	s := fixed.NewSteppingClock(t0, time.Second)
	assert.Equal(t, t0, s.Now())
	assert.Equal(t, t0.Add(time.Second), s.Now())
}

func TestIDs(t *testing.T) {
	t.Parallel()
	a, b, other := fixed.NewIDs(1), fixed.NewIDs(1), fixed.NewIDs(2)
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	arc := regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	seen := map[string]bool{}
	for range 1000 {
		u := a.UUID()
		require.Regexp(t, uuid, u)
		require.Equal(t, u, b.UUID())
		require.NotEqual(t, u, other.UUID())
		require.False(t, seen[u])
		seen[u] = true
		s := a.UIDSuffix()
		require.Regexp(t, arc, s)
		require.Equal(t, s, b.UIDSuffix())
		require.Equal(t, a.Token(), b.Token())
	}
}

func TestRand(t *testing.T) {
	t.Parallel()
	read := func(seed uint64) []byte {
		b := make([]byte, 1000)
		_, err := io.ReadFull(fixed.Rand(seed), b)
		require.NoError(t, err)
		return b
	}
	assert.Equal(t, read(7), read(7))
	assert.NotEqual(t, read(7), read(8))
}
