package dicomweb_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"

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

// Memory stays the same at thousands of instances, sent or received. The sizes are small so that the test is fast; what
// is held does not depend on them.
func TestConstantMemory(t *testing.T) {
	s := study(t, 70, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	file, ref := s.Instances[0].File, s.Instances[0].Ref
	const count = 5_000
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
			if n++; n%1000 == 0 {
				look()
			}
		}
	})
	assert.Equal(t, count, n)
	assert.Less(t, rise, int64(6<<20), "bytes held while %d instances came", count)
}

// numbered is the sample file under another SOP Instance UID.
type numbered struct {
	file     []byte
	from, to string
}

func (n numbered) Open() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(bytes.ReplaceAll(n.file, []byte(n.from), []byte(n.to)))), nil
}
func (n numbered) Size() int64 { return int64(len(n.file)) }

func TestConstantMemoryStore(t *testing.T) {
	const count, uid = 5_000, "1.2.250.1.999.7.1000"
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: 1,
		IDs: &sequenceIDs{list: []segur.OID{"1.2.250.1.999.7.1", "1.2.250.1.999.7.2", "1.2.250.1.999.7.3", uid + "00000"}}})
	require.NoError(t, err)
	var rise int64
	parts := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Positive(t, r.ContentLength, "the length is known")
		_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		assert.NoError(t, err)
		answer := []byte(`{"00081199":{"vr":"SQ","Value":[{}`)
		mr := multipart.NewReader(r.Body, params["boundary"])
		rise = peak(func(look func()) {
			for part, err := mr.NextRawPart(); err == nil; part, err = mr.NextRawPart() {
				h, _ := io.ReadAll(io.LimitReader(part, 132))
				assert.Len(t, h, 132)
				if parts++; parts%1250 == 0 {
					look()
				}
			}
		})
		for i := range count {
			answer = fmt.Appendf(answer, `,{"00081155":{"vr":"UI","Value":["%s%05d"]}}`, uid, i)
		}
		w.Header().Set("Content-Type", "application/dicom+json")
		_, _ = w.Write(append(answer, "]}}"...))
	}))
	t.Cleanup(srv.Close)
	client := newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: srv.URL, PlainHTTP: true})
	list := make([]segur.Content, count)
	for i := range list {
		list[i] = numbered{s.Instances[0].File, uid + "00000", fmt.Sprintf("%s%05d", uid, i)}
	}
	result, err := client.Store(t.Context(), dicomweb.StoreRequest{Instances: list})
	require.NoError(t, err)
	assert.True(t, result.All())
	assert.Equal(t, count, parts)
	assert.Less(t, rise, int64(6<<20), "bytes held while %d instances went", count)
}

// BenchmarkQIDORatio takes both decoders in turn and reports the median ratio of their times.
func BenchmarkQIDORatio(b *testing.B) {
	text := rows(1000)
	var ratios []float64
	for b.Loop() {
		start := time.Now()
		if n, err := drain(bytes.NewReader(text)); n != 1000 || err != nil {
			b.Fatal(n, err)
		}
		own := time.Since(start)
		start = time.Now()
		var out []map[string]stdElement
		if err := json.Unmarshal(text, &out); err != nil {
			b.Fatal(err)
		}
		ratios = append(ratios, float64(time.Since(start))/float64(own))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "times-encoding/json")
}

// BenchmarkTransfer moves 40 instances of 512 KiB over mutual TLS.
func BenchmarkTransfer(b *testing.B) {
	_, client := setupTLS(b)
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
