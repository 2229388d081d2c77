package xop_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segur-sdk/segur/internal/testkit/fixed"
	"github.com/segur-sdk/segur/internal/xop"
)

type onlyReader struct{ io.Reader }
type onlyWriter struct{ io.Writer }

const benchBoundary = "boundary-0123456789"

// payloads are 512 KiB each: what detectors give, what stands around the patient, and what a search for the delimiter
// could stumble over.
func payloads() []struct {
	name string
	data []byte
} {
	const size = 512 << 10
	fill := func(unit string) []byte { return bytes.Repeat([]byte(unit), size/len(unit)+1)[:size] }
	noise := make([]byte, size)
	_, _ = io.ReadFull(fixed.Rand(1), noise)
	return []struct {
		name string
		data []byte
	}{
		{"noise", noise},
		{"zeros", make([]byte, size)},
		{"decoys-79", fill("\r\n--boundary-012345678" + strings.Repeat("pixel\x00\xff", 8) + ".")},
		{"longer-name", fill("\r\n--" + benchBoundary + "X" + strings.Repeat("pixel\x00\xff", 8))},
		{"pixel-13", fill("\r\x00")},
		{"all-CR", fill("\r")},
		{"CRLF--", fill("\r\n--")},
	}
}

// study is a DICOMweb answer of 100 parts.
func study(payload []byte) []byte {
	var out []byte
	for range 100 {
		out = append(out, "\r\n--"+benchBoundary+"\r\nContent-Type: application/dicom\r\n\r\n"...)
		out = append(out, payload...)
	}
	return append(out, "\r\n--"+benchBoundary+"--\r\n"...)
}

func readStudy(b *testing.B, body io.Reader, buf []byte, size int64) {
	b.Helper()
	r, err := xop.NewReader(body, related+benchBoundary, xop.Options{})
	if err != nil {
		b.Fatal(err)
	}
	n, total := 0, int64(0)
	for p, err := range r.All() {
		if err != nil {
			b.Fatal(err)
		}
		k, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{p}, buf)
		if err != nil {
			b.Fatal(err)
		}
		n, total = n+1, total+k
	}
	if n != 100 || total != 100*size || !r.Complete() {
		b.Fatal(n, total)
	}
}

func copyStream(b *testing.B, body io.Reader, buf []byte) {
	b.Helper()
	if _, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{body}, buf); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkReader compares the reader with its floor, a copy of the same stream, in memory.
func BenchmarkReader(b *testing.B) {
	buf := make([]byte, 32<<10)
	for _, p := range payloads() {
		msg := study(p.data)
		b.Run(p.name, func(b *testing.B) {
			b.SetBytes(int64(len(msg)))
			b.ReportAllocs()
			var own, floor []time.Duration
			for b.Loop() {
				start := time.Now()
				copyStream(b, bytes.NewReader(msg), buf)
				mid := time.Now()
				readStudy(b, onlyReader{bytes.NewReader(msg)}, buf, int64(len(p.data)))
				own, floor = append(own, time.Since(mid)), append(floor, mid.Sub(start))
			}
			report(b, int64(len(msg)), own, floor)
		})
	}
}

// report gives the speed of the reader and that of its floor, measured in turn; the best of each, as others use the
// machine too.
func report(b *testing.B, size int64, own, floor []time.Duration) {
	b.Helper()
	best, least := slices.Min(own).Seconds(), slices.Min(floor).Seconds()
	b.ReportMetric(float64(size)/1e9/best, "GB/s")
	b.ReportMetric(float64(size)/1e9/least, "floor-GB/s")
	b.ReportMetric(best/least, "times-floor")
}

// BenchmarkReaderTLS is BenchmarkReader over loopback TLS.
func BenchmarkReaderTLS(b *testing.B) {
	buf := make([]byte, 32<<10)
	for _, p := range payloads() {
		msg := study(p.data)
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(msg)
		}))
		defer srv.Close()
		get := func(b *testing.B, read func(io.Reader)) time.Duration {
			b.Helper()
			start := time.Now()
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, srv.URL, nil)
			if err != nil {
				b.Fatal(err)
			}
			resp, err := srv.Client().Do(req)
			if err != nil {
				b.Fatal(err)
			}
			defer resp.Body.Close()
			read(resp.Body)
			return time.Since(start)
		}
		b.Run(p.name, func(b *testing.B) {
			b.SetBytes(int64(len(msg)))
			var own, floor []time.Duration
			for b.Loop() {
				floor = append(floor, get(b, func(r io.Reader) { copyStream(b, r, buf) }))
				own = append(own, get(b, func(r io.Reader) { readStudy(b, r, buf, int64(len(p.data))) }))
			}
			report(b, int64(len(msg)), own, floor)
		})
	}
}

type file struct {
	name string
	size int64
}

func (f file) Size() int64                  { return f.size }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.name) }

// BenchmarkSend20MiB compares an MTOM request with a plain POST of the same file over the same TLS connection.
func BenchmarkSend20MiB(b *testing.B) {
	const size = 20 << 20
	doc := file{name: filepath.Join(b.TempDir(), "doc.bin"), size: size}
	if err := os.WriteFile(doc.name, make([]byte, size), 0o600); err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	srv.StartTLS()
	defer srv.Close()
	client := srv.Client()
	mtom, err := xop.NewMTOM("segur-0123456789abcdef", "root", "urn:x", bytes.Repeat([]byte("<e/>"), 5000), []xop.OutPart{{ContentID: "d", Content: doc}})
	if err != nil {
		b.Fatal(err)
	}
	plain, err := xop.NewBody(doc)
	if err != nil {
		b.Fatal(err)
	}
	for name, apply := range map[string]func(*http.Request) error{
		"floor": func(r *http.Request) error { // what a caller writes without this package
			f, err := os.Open(doc.name)
			r.Body, r.ContentLength = f, size
			return err
		},
		"plain body": plain.Apply, "mtom": mtom.Apply,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, srv.URL, nil)
				if err != nil {
					b.Fatal(err)
				}
				if err := apply(req); err != nil {
					b.Fatal(err)
				}
				resp, err := client.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Fatal(fmt.Errorf("status %d", resp.StatusCode))
				}
			}
		})
	}
}
