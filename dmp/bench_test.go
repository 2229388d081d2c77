package dmp_test

import (
	"context"
	"crypto/tls"
	"fmt"
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

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dmp"
	"github.com/segur-sdk/segur/dmp/dmptest"
)

// sink answers every request once it has read it, and keeps nothing.
func sink(tb testing.TB, pki *credentialtest.PKI) *httptest.Server {
	tb.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 256<<10)
		for {
			if _, err := r.Body.Read(buf); err != nil {
				break
			}
		}
		w.Header().Set("Content-Type", soapType)
		_, _ = w.Write(registryAnswer(statusSuccess))
	}))
	srv.TLS = pki.MutualTLS()
	srv.TLS.MaxVersion = tls.VersionTLS12
	srv.StartTLS()
	tb.Cleanup(srv.Close)
	return srv
}

// largeReport is a document of about size bytes, in a file, as a product that
// has it on disk sends it.
func largeReport(tb testing.TB, size int64) (segur.Document, segur.Content) {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "report.xml")
	f, err := os.Create(name)
	require.NoError(tb, err)
	content := repeated{head: `<ClinicalDocument xmlns="urn:hl7-org:v3">` + recordTarget(dmptest.Patient().INS) + `<text>`, unit: "QUJDREVGR0g=", times: size / 12, tail: "</text></ClinicalDocument>"}
	r, err := content.Open()
	require.NoError(tb, err)
	_, err = io.Copy(f, r)
	require.NoError(tb, err)
	require.NoError(tb, f.Close())
	file, err := segur.FileContent(name)
	require.NoError(tb, err)
	return segur.NewDocument(file, newReport(tb).Header()), file
}

// TestPromiseSubmission measures a submission of 20 MiB against a plain POST of
// the same file, over TLS with the same settings. On a loopback the two RSA
// signatures of a submission weigh as much as several MiB, so the cost of the
// bytes alone is told beside the whole. SEGUR_BENCH=1 takes more rounds, on a
// machine that does nothing else; an ordinary run looks at the heap only.
func TestPromiseSubmission(t *testing.T) {
	if testing.Short() || stride > 1 {
		t.Skip("a measurement: neither with -short nor with the race detector")
	}
	size, rounds, whole := int64(12<<20), 2, os.Getenv("SEGUR_BENCH") != ""
	if whole {
		size, rounds = 20<<20, 61
	}
	m := measureSubmission(t, size, rounds)
	t.Logf("%d MiB, median of %d: plain POST %v, submission %v (%.3f); 1 KiB: plain POST %v, submission %v; bytes alone %.3f; peak heap +%.1f MiB",
		size>>20, rounds, m.post, m.submit, m.whole(), m.smallPost, m.smallSubmit, m.bytes(), m.heap)
	if whole {
		require.Greater(t, m.bytes(), 0.75)
	}
	require.Less(t, m.heap, 8.0)
}

// measured holds medians of interleaved rounds, and the peak of the heap
// during a submission, in MiB above the start.
type measured struct {
	post, submit, smallPost, smallSubmit time.Duration
	heap                                 float64
}

func (m measured) whole() float64 { return float64(m.post) / float64(m.submit) }

func (m measured) bytes() float64 {
	return float64(m.post-m.smallPost) / float64(m.submit-m.smallSubmit)
}

func measureSubmission(tb testing.TB, size int64, rounds int) measured {
	tb.Helper()
	fakeServer := fake(tb)
	pki := fakeServer.PKI()
	target := sink(tb, pki)
	client := newClient(tb, fakeServer, func(c *dmp.Config) { c.Endpoint = target.URL })
	ctx := context.Background()
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		RootCAs: pki.Roots(), Certificates: []tls.Certificate{credentialtest.TLSCertificate(pki.Organization())}},
		WriteBufferSize: 32 << 10}
	defer transport.CloseIdleConnections()
	post := func(file segur.Content) func() {
		return func() {
			r, err := file.Open()
			require.NoError(tb, err)
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL, r)
			require.NoError(tb, err)
			req.ContentLength = file.Size()
			resp, err := transport.RoundTrip(req)
			require.NoError(tb, err)
			_, _ = io.Copy(io.Discard, resp.Body)
			require.NoError(tb, resp.Body.Close())
		}
	}
	submit := func(document segur.Document) func() {
		sealed := prepared(tb, client, dmp.SubmissionDocument{Document: document})
		return func() {
			_, err := client.Submit(ctx, sealed)
			require.NoError(tb, err)
		}
	}
	document, file := largeReport(tb, size)
	small, smallFile := largeReport(tb, 1<<10)
	calls := []func(){post(file), submit(document), post(smallFile), submit(small)}
	times := make([][]time.Duration, len(calls))
	for i := range rounds + 1 {
		for k := range calls {
			k = (k + i) % len(calls) // none is always first
			d := timed(calls[k])
			if i > 0 { // the first round opens connections
				times[k] = append(times[k], d)
			}
		}
	}
	median := func(k int) time.Duration {
		slices.Sort(times[k])
		return times[k][len(times[k])/2]
	}
	return measured{post: median(0), submit: median(1), smallPost: median(2), smallSubmit: median(3), heap: peakHeap(calls[1])}
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// peakHeap samples the heap during f and returns how far it rose, in MiB.
func peakHeap(f func()) float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	base, peak := m.HeapAlloc, m.HeapAlloc
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var m runtime.MemStats
		for {
			select {
			case <-stop:
				return
			default:
			}
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			runtime.Gosched()
		}
	}()
	f()
	close(stop)
	<-done
	return float64(peak-base) / (1 << 20)
}

func BenchmarkPrepare(b *testing.B) {
	srv := fake(b)
	client := newClient(b, srv)
	for _, size := range []int64{64 << 10, 20 << 20} {
		document, _ := largeReport(b, size)
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				_, err := client.Prepare(context.Background(), dmp.Submission{Patient: dmptest.Patient(), Opposition: dmp.NotOpposed, ContentType: consultation,
					Documents: []dmp.SubmissionDocument{{Document: document}}})
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkSubmit is a whole call over mutual TLS to a server that does
// nothing.
func BenchmarkSubmit(b *testing.B) {
	srv := fake(b)
	target := sink(b, srv.PKI())
	client := newClient(b, srv, func(c *dmp.Config) { c.Endpoint = target.URL })
	for _, size := range []int64{64 << 10, 20 << 20} {
		document, _ := largeReport(b, size)
		sealed := prepared(b, client, dmp.SubmissionDocument{Document: document})
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				_, err := client.Submit(context.Background(), sealed)
				require.NoError(b, err)
			}
		})
	}
}
