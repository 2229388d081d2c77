package xop

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNeedleIsBytesIndex(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable
	for range 20_000 {
		from := func(letters string, n int) []byte {
			b := make([]byte, n)
			for i := range b {
				b[i] = letters[r.IntN(len(letters))]
			}
			return b
		}
		needle := append([]byte("\r\n--"), from("ab-\r", 1+r.IntN(5))...)
		if r.IntN(3) == 0 {
			needle = needle[1:]
		}
		hay := from("ab-\r\n", r.IntN(60))
		for range r.IntN(3) {
			at := r.IntN(len(hay) + 1)
			hay = append(hay[:at:at], append(bytes.Clone(needle[:1+r.IntN(len(needle))]), hay[at:]...)...)
		}
		n := newNeedle(needle)
		require.Equal(t, bytes.Index(hay, needle), n.index(hay), "%q in %q", needle, hay)
	}
	n := newNeedle([]byte("\r\n--" + strings.Repeat("x", maxBoundary)))
	require.Equal(t, 3, n.index([]byte("xxx\r\n--"+strings.Repeat("x", maxBoundary+5))))
	require.Equal(t, -1, n.index([]byte("\r\n--"+strings.Repeat("x", maxBoundary-1))))
}
