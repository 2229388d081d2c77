package whitelist_test

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/mssante/whitelist"
)

// BenchmarkRead compares verifying and reading the national list with the bare SHA-256 of its bytes, interleaved in one
// run; x-sha256 is the ratio of the medians.
func BenchmarkRead(b *testing.B) {
	document := official(b)
	cfg := officialConfig(b, march2025)
	var floor, ours []time.Duration
	b.ReportAllocs()
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		c, err := whitelist.New(cfg)
		require.NoError(b, err)
		t0 := time.Now()
		_ = sha256.Sum256(document)
		t1 := time.Now()
		if err := c.Use(b.Context(), document); err != nil {
			b.Fatal(err)
		}
		floor, ours = append(floor, t1.Sub(t0)), append(ours, time.Since(t1))
	}
	slices.Sort(floor)
	slices.Sort(ours)
	b.ReportMetric(float64(ours[len(ours)/2])/float64(floor[len(floor)/2]), "x-sha256")
}

// BenchmarkAllows looks a domain up among the 4944 of the national list.
func BenchmarkAllows(b *testing.B) {
	c, err := use(b, officialConfig(b, march2025), official(b))
	require.NoError(b, err)
	for name, domain := range map[string]string{"listed": "15-20.mssante.fr", "upper case": "15-20.MSSANTE.FR", "unknown": "inconnu.example", "unicode": "hôpital.mssante.fr"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.List().Allows(domain)
			}
		})
	}
}
