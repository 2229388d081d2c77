package dicomweb_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// peak follows the live heap while f runs and returns by how much it rose at most, in bytes.
func peak(f func(look func())) int64 {
	var m runtime.MemStats
	heap := func() int64 {
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc) //nolint:gosec // far below
	}
	before, highest := heap(), int64(0)
	f(func() { highest = max(highest, heap()-before) })
	return highest
}

// Memory stays the same at ten thousand instances, sent or received. The sizes are small so that the test is fast; what
// is held does not depend on them.
func TestConstantMemory(t *testing.T) {
	s := study(t, 70, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	file, ref := s.Instances[0].File, s.Instances[0].Ref
	const count = 10_000
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", `multipart/related; type="application/dicom"; boundary=B`)
		for range count {
			_, _ = io.WriteString(w, "\r\n--B\r\nContent-Type: application/dicom\r\n\r\n")
			_, _ = w.Write(file)
		}
		_, _ = io.WriteString(w, "\r\n--B--\r\n")
	}))
	t.Cleanup(srv.Close)
	client := newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: srv.URL, PlainHTTP: true})
	n := 0
	rise := peak(func(look func()) {
		for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: ref.Study}) {
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, inst)
			require.NoError(t, err)
			if n++; n%2000 == 0 {
				look()
			}
		}
	})
	assert.Equal(t, count, n)
	assert.Less(t, rise, int64(2<<20), "bytes held while %d instances came", count)
}

// BenchmarkTransfer moves 40 instances of 512 KiB over mutual TLS.
func BenchmarkTransfer(b *testing.B) {
	_, client := setup(b)
	s := study(b, 71, dicomwebtest.SampleOptions{Series: 1, Instances: 40, Rows: 512})
	total := int64(0)
	for _, inst := range s.Instances {
		total += int64(len(inst.File))
	}
	b.Run("store", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			if _, err := client.Store(b.Context(), dicomweb.StoreRequest{Instances: s.Contents()}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("retrieve", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			for inst, err := range client.Retrieve(b.Context(), dicomweb.Ref{Study: s.UID}) {
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, inst); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
