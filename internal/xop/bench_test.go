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
	"strings"
	"testing"

	"github.com/segur-sdk/segur/internal/xop"
)

type onlyReader struct{ io.Reader }
type onlyWriter struct{ io.Writer }

// study is a DICOMweb answer of 200 parts of 512 KiB; a decoy of the delimiter stands every 4 KiB.
func study(b *testing.B) []byte {
	b.Helper()
	payload := bytes.Repeat([]byte("\r\n--boundary-012345678"+strings.Repeat("pixel data\x00\xff", 340)), 512<<10/4103)
	var out []byte
	for range 200 {
		out = append(out, "\r\n--boundary-0123456789\r\nContent-Type: application/dicom\r\n\r\n"...)
		out = append(out, payload...)
	}
	return append(out, "\r\n--boundary-0123456789--\r\n"...)
}

// BenchmarkReader compares the reader with its floor, a copy of the same stream.
func BenchmarkReader(b *testing.B) {
	msg := study(b)
	buf := make([]byte, 32<<10)
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(len(msg)))
		for b.Loop() {
			if _, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{bytes.NewReader(msg)}, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parts", func(b *testing.B) {
		b.SetBytes(int64(len(msg)))
		b.ReportAllocs()
		for b.Loop() {
			r, err := xop.NewReader(onlyReader{bytes.NewReader(msg)}, related+"boundary-0123456789", xop.Options{})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for p, err := range r.All() {
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{p}, buf); err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 200 || !r.Complete() {
				b.Fatal(n)
			}
		}
	})
}

// BenchmarkReaderTLS is BenchmarkReader over loopback TLS, where the network dominates.
func BenchmarkReaderTLS(b *testing.B) {
	msg := study(b)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", related+"boundary-0123456789")
		_, _ = w.Write(msg)
	}))
	defer srv.Close()
	client := srv.Client()
	buf := make([]byte, 32<<10)
	get := func(b *testing.B) *http.Response {
		b.Helper()
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			b.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		return resp
	}
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(int64(len(msg)))
		for b.Loop() {
			resp := get(b)
			if _, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{resp.Body}, buf); err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close()
		}
	})
	b.Run("parts", func(b *testing.B) {
		b.SetBytes(int64(len(msg)))
		for b.Loop() {
			resp := get(b)
			r, err := xop.NewReader(resp.Body, resp.Header.Get("Content-Type"), xop.Options{})
			if err != nil {
				b.Fatal(err)
			}
			for p, err := range r.All() {
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{p}, buf); err != nil {
					b.Fatal(err)
				}
			}
			_ = resp.Body.Close()
		}
	})
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
