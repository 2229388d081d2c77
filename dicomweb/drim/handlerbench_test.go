package drim_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// TestPromiseServing measures a study that the handler reads from a folder, checks
// and completes with the INS, against io.Copy of the same files over the same
// TLS. SEGUR_BENCH=1 takes more rounds, on a machine that does nothing else; an
// ordinary run looks at the heap only.
func TestPromiseServing(t *testing.T) { //nolint:paralleltest // the heap is that of the process
	if testing.Short() {
		t.Skip("a measurement: not with -short")
	}
	instances, rounds, whole := 3, 3, os.Getenv("SEGUR_BENCH") != ""
	if whole {
		instances, rounds = 256, 31
	}
	m := measureServing(t, instances, rounds)
	t.Logf("%d instances of 512 KiB, median of %d: io.Copy %v, handler %v (%.3f), %.0f Mbit/s; peak heap +%.1f MiB",
		instances, rounds, m.plain, m.served, m.ratio(), float64(m.bytes)*8/1e6/m.served.Seconds(), m.heap)
	if whole {
		require.Greater(t, m.ratio(), 0.7)
	}
	require.Less(t, m.heap, 8.0)
}

type servingMeasure struct {
	plain, served time.Duration
	bytes         int64
	heap          float64 // MiB above the start
}

func (m servingMeasure) ratio() float64 { return float64(m.plain) / float64(m.served) }

func measureServing(t *testing.T, instances, rounds int) servingMeasure {
	t.Helper()
	s := newServing(t, dicomwebtest.SampleOptions{Series: 1, Instances: instances, Rows: 512})
	dir := t.TempDir()
	require.NoError(t, s.study.WriteDir(dir))
	ref := dicomweb.Ref{Study: s.study.UID}
	s.study.Instances = nil
	source, err := drim.ImagesFromDir(dir)
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(dir, "*.dcm"))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("/drim/", s.handler(t, func(c *drim.HandlerConfig) { c.Images, c.Observe = source, nil }))
	mux.HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range names {
			f, err := os.Open(name)
			if err == nil {
				_, _ = io.Copy(w, f)
				_ = f.Close()
			}
		}
	})
	srv := httptest.NewUnstartedServer(mux)
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.pki.Server()}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.pki.Roots()}}
	t.Cleanup(transport.CloseIdleConnections)
	buf := make([]byte, 256<<10)
	get := func(url string) (time.Duration, int64) {
		begin := time.Now()
		resp, err := transport.RoundTrip(s.request(t, url))
		require.NoError(t, err)
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
		return time.Since(begin), n
	}
	plainURL, servedURL := srv.URL+"/plain", srv.URL+"/drim/rs"+path(ref)
	var plain, served []time.Duration
	var m servingMeasure
	get(plainURL)
	get(servedURL)
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range rounds {
		d, _ := get(plainURL)
		plain = append(plain, d)
		d, m.bytes = get(servedURL)
		served = append(served, d)
		runtime.ReadMemStats(&during)
		m.heap = max(m.heap, float64(int64(during.HeapAlloc)-int64(before.HeapAlloc))/(1<<20)) //nolint:gosec // sizes of a heap
	}
	slices.Sort(plain)
	slices.Sort(served)
	m.plain, m.served = plain[rounds/2], served[rounds/2]
	return m
}
