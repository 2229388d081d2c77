package dicomweb_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// wholePromises reports whether the promises are measured as they are stated, with SEGUR_BENCH=1 on a machine that does
// nothing else; an ordinary run does a small share of it, and is not held to a time.
func wholePromises(t *testing.T) bool {
	t.Helper()
	if testing.Short() || withRaceDetector {
		t.Skip("a measurement: neither with -short nor with the race detector")
	}
	return os.Getenv("SEGUR_BENCH") != ""
}

// race holds the times of calls that were made in turn, none always first.
type race struct {
	names []string
	calls []func()
	times [][]time.Duration
}

func run(t *testing.T, rounds int, names []string, calls ...func()) *race {
	t.Helper()
	r := &race{names: names, calls: calls, times: make([][]time.Duration, len(calls))}
	for _, call := range calls { // opens connections
		call()
	}
	r.more(rounds)
	return r
}

func (r *race) more(rounds int) {
	for i := range rounds {
		for k := range r.calls {
			k = (k + i) % len(r.calls)
			start := time.Now()
			r.calls[k]()
			r.times[k] = append(r.times[k], time.Since(start))
		}
	}
}

// below takes more rounds as long as a ratio is above the limit, three times as many in all: on a machine that does other
// things the best of few rounds says little.
func (r *race) below(limit float64, a, b string) bool {
	for range 2 {
		if r.ratio(a, b) >= limit {
			r.more(len(r.times[0]))
		}
	}
	return r.ratio(a, b) < limit
}

// ratio is the best of the times of a against that of b: other programs on the machine only add to a time.
func (r *race) ratio(a, b string) float64 { return float64(r.best(a)) / float64(r.best(b)) }

func (r *race) best(name string) time.Duration {
	return slices.Min(r.times[slices.Index(r.names, name)])
}

// transfer is a server that has one answer for each path, a client of it, curl and a plain HTTP client, all over mutual TLS.
type transfer struct {
	t      *testing.T
	srv    *httptest.Server
	client *dicomweb.Client
	plain  *http.Transport
	curl   []string
	mux    *http.ServeMux
}

func newTransfer(t *testing.T) *transfer {
	t.Helper()
	testkit.Oracle(t, "curl")
	pki := credentialtest.NewPKI()
	x := &transfer{t: t, mux: http.NewServeMux()}
	x.srv = httptest.NewUnstartedServer(x.mux)
	x.srv.TLS = pki.MutualTLS()
	x.srv.StartTLS()
	t.Cleanup(x.srv.Close)
	x.client = newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(),
		Credentials: segur.StaticCredential(pki.Organization())}, Endpoint: x.srv.URL})
	x.plain = &http.Transport{WriteBufferSize: 32 << 10, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pki.Roots(),
		Certificates: []tls.Certificate{credentialtest.TLSCertificate(pki.Organization())}}}
	t.Cleanup(x.plain.CloseIdleConnections)
	dir := t.TempDir()
	ca, own := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "own.pem")
	require.NoError(t, os.WriteFile(ca, pki.CAPEM(), 0o600))
	require.NoError(t, os.WriteFile(own, credentialtest.PEM(pki.Organization()), 0o600))
	x.curl = []string{"-s", "-f", "--noproxy", "*", "--http1.1", "--cacert", ca, "--cert", own, "-o", "/dev/null"}
	return x
}

// answers makes the server read whole requests and answer with the body.
func (x *transfer) answers(path, contentType string, body []byte) {
	x.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		buf := make([]byte, 256<<10)
		for {
			if _, err := r.Body.Read(buf); err != nil {
				break
			}
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(body)
	})
}

func (x *transfer) byCurl(path string, args ...string) func() {
	return func() {
		require.NoError(x.t, testkit.Run(x.t, nil, "curl", append(append(slices.Clone(x.curl), args...), x.srv.URL+path)...).Err())
	}
}

// byPlain is the floor: the same bytes, which nobody looks at.
func (x *transfer) byPlain(method, path, file, contentType string) func() {
	buf := make([]byte, 256<<10)
	return func() {
		var body io.Reader
		var size int64
		if file != "" {
			f, err := os.Open(file)
			require.NoError(x.t, err)
			defer f.Close()
			info, err := f.Stat()
			require.NoError(x.t, err)
			body, size = f, info.Size()
		}
		req, err := http.NewRequestWithContext(x.t.Context(), method, x.srv.URL+path, body)
		require.NoError(x.t, err)
		req.ContentLength = size
		req.Header.Set("Content-Type", contentType)
		resp, err := x.plain.RoundTrip(req)
		require.NoError(x.t, err)
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
		require.NoError(x.t, err)
		require.NoError(x.t, resp.Body.Close())
		require.Equal(x.t, http.StatusOK, resp.StatusCode)
	}
}

// storedAll is the answer to a store of the study.
func storedAll(s *dicomwebtest.Study) []byte {
	answer := []byte(`{"00081199":{"vr":"SQ","Value":[{}`)
	for _, i := range s.Instances {
		answer = fmt.Appendf(answer, `,{"00081155":{"vr":"UI","Value":["%s"]}}`, i.Ref.Instance)
	}
	return append(answer, "]}}"...)
}

// packed is the study as a multipart body.
func packed(s *dicomwebtest.Study) []byte {
	var body bytes.Buffer
	for _, i := range s.Instances {
		body.WriteString("--packed\r\nContent-Type: application/dicom\r\n\r\n")
		body.Write(i.File)
		body.WriteString("\r\n")
	}
	body.WriteString("--packed--\r\n")
	return body.Bytes()
}

const packedType = `multipart/related; type="application/dicom"; boundary=packed`

// TestPromiseTransfer sends 200 CT images of 525 KB from files, and fetches them, against curl and against a plain request
// with the same bytes, over the same TLS and to the same server. That a store takes longer than curl's is told and not
// asserted: the plain request does too. BenchmarkOrthanc has both without TLS, to a server that is not ours.
func TestPromiseTransfer(t *testing.T) { //nolint:paralleltest // a measurement
	const limit = 1.3
	whole := wholePromises(t)
	instances, rounds := 3, 1
	if whole {
		instances, rounds = 200, 5
	}
	x := newTransfer(t)
	s := study(t, 400, dicomwebtest.SampleOptions{Series: 1, Instances: instances, Rows: 512})
	dir := t.TempDir()
	require.NoError(t, s.WriteDir(dir))
	files, _, err := dicomweb.OpenDir(dir)
	require.NoError(t, err)
	list := make([]segur.Content, len(files))
	for i, f := range files {
		list[i] = f
	}
	body := packed(s)
	file := filepath.Join(t.TempDir(), "body")
	require.NoError(t, os.WriteFile(file, body, 0o600))
	x.answers("POST /studies", "application/dicom+json", storedAll(s))
	x.answers("GET /studies/"+s.UID, packedType, body)

	up := run(t, rounds, []string{"store", "store all", "curl", "plain"}, func() {
		result, err := x.client.Store(t.Context(), dicomweb.StoreRequest{Instances: list})
		require.NoError(t, err)
		require.True(t, result.All())
	}, func() {
		n := 0
		for r, err := range x.client.StoreAll(t.Context(), dicomweb.Contents(files), dicomweb.StoreOptions{}) {
			require.NoError(t, err)
			require.Equal(t, dicomweb.Stored, r.Outcome)
			n++
		}
		require.Equal(t, instances, n)
	}, x.byCurl("/studies", "-X", "POST", "-H", "Expect:", "-H", "Content-Type: "+packedType, "-T", file), x.byPlain(http.MethodPost, "/studies", file, packedType))
	down := run(t, rounds, []string{"retrieve", "curl", "plain"}, func() {
		n := 0
		for inst, err := range x.client.Retrieve(t.Context(), dicomweb.Ref{Study: s.UID}) {
			require.NoError(t, err)
			_, err := io.Copy(io.Discard, inst)
			require.NoError(t, err)
			n++
		}
		require.Equal(t, instances, n)
	}, x.byCurl("/studies/"+s.UID, "-H", `Accept: multipart/related; type="application/dicom"; transfer-syntax=*`), x.byPlain(http.MethodGet, "/studies/"+s.UID, "", ""))
	met := []bool{!whole || up.below(limit, "store", "plain"), !whole || down.below(limit, "retrieve", "plain"), !whole || down.below(limit, "retrieve", "curl")}
	t.Logf("%d x 525 KB, best of %d and %d: store %v, against curl %.2f, against a plain POST %.2f; StoreAll %.2f, %.2f; retrieve %v, against curl %.2f, against a plain GET %.2f",
		instances, len(up.times[0]), len(down.times[0]), up.best("store"), up.ratio("store", "curl"), up.ratio("store", "plain"), up.ratio("store all", "curl"), up.ratio("store all", "plain"),
		down.best("retrieve"), down.ratio("retrieve", "curl"), down.ratio("retrieve", "plain"))
	require.NotContains(t, met, false, "at most %v", limit)
}

// TestPromiseDecode decodes the rows of 1000 studies and the metadata of 200 images, against encoding/json; and asks a
// server for them, against curl and a plain GET, which look at nothing.
func TestPromiseDecode(t *testing.T) { //nolint:paralleltest // a measurement
	const floor = 5 * 0.85 // the machine may be busy
	rounds, whole := 1, wholePromises(t)
	if whole {
		rounds = 15
	}
	x := newTransfer(t)
	s := study(t, 401, dicomwebtest.SampleOptions{Series: 1, Instances: 200})
	var metadata []byte
	for i, inst := range s.Instances {
		ds, err := dicomweb.ReadDataset(segur.BytesContent(inst.File))
		require.NoError(t, err)
		metadata = ds.AppendJSON(append(metadata, "[,"[min(i, 1)]))
	}
	metadata = append(metadata, ']')
	found := rows(1000)
	x.answers("GET /studies", "application/dicom+json", found)
	x.answers("GET /studies/"+s.UID+"/metadata", "application/dicom+json", metadata)
	for _, c := range []struct {
		name, path string
		text       []byte
		want       int
		share      float64 // of the floor
		ask        func() int
	}{
		{"1000 studies", "/studies", found, 1000, 1, func() int {
			got, err := collect(x.client.SearchStudies(t.Context(), dicomweb.Query{PageSize: 2000}))
			require.NoError(t, err)
			return len(got)
		}},
		{"metadata of 200", "/studies/" + s.UID + "/metadata", metadata, 200, 0.6, func() int {
			got, err := collect(x.client.Metadata(t.Context(), dicomweb.Ref{Study: s.UID}))
			require.NoError(t, err)
			return len(got)
		}},
	} {
		r := run(t, rounds, []string{"decode", "encoding/json", "ask", "curl", "plain"}, func() {
			n, err := drain(bytes.NewReader(c.text))
			require.NoError(t, err)
			require.Equal(t, c.want, n)
		}, func() {
			var out []map[string]stdElement
			require.NoError(t, json.Unmarshal(c.text, &out))
		}, func() { require.Equal(t, c.want, c.ask()) },
			x.byCurl(c.path, "-H", "Accept: application/dicom+json"), x.byPlain(http.MethodGet, c.path, "", ""))
		t.Logf("%s, %d bytes, best of %d: decode %v, encoding/json takes %.1f times as long; the whole call %v, against curl %.2f, against a plain GET %.2f", c.name, len(c.text),
			rounds, r.best("decode"), r.ratio("encoding/json", "decode"), r.best("ask"), r.ratio("ask", "curl"), r.ratio("ask", "plain"))
		if whole {
			require.Greater(t, r.ratio("encoding/json", "decode"), floor*c.share)
		}
	}
}

// generated is an image of 512 KiB whose UID is its own and whose pixels are those of all others.
type generated struct{ head, tail []byte }

func (g generated) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.MultiReader(bytes.NewReader(g.head), bytes.NewReader(g.tail))), nil
}
func (g generated) Size() int64 { return int64(len(g.head) + len(g.tail)) }

// TestPromiseMemory sends and fetches 10,000 images of 512 KiB, 5 GB each way, which nobody stores, and looks at the heap.
func TestPromiseMemory(t *testing.T) { //nolint:paralleltest // the heap is that of the process
	count := 40
	if wholePromises(t) {
		count = 10_000
	}
	const uid = "1.2.250.1.999.7.3000"
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: 1, Rows: 512,
		IDs: &sequenceIDs{list: []segur.OID{"1.2.250.1.999.7.1", "1.2.250.1.999.7.2", "1.2.250.1.999.7.3", uid + "00000"}}})
	require.NoError(t, err)
	file := s.Instances[0].File
	image := func(i int) generated {
		return generated{bytes.ReplaceAll(file[:4096], []byte(uid+"00000"), fmt.Appendf(nil, "%s%05d", uid, i)), file[4096:]}
	}
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", packedType)
		for i := range count {
			g := image(i)
			for _, b := range [][]byte{[]byte("\r\n--packed\r\nContent-Type: application/dicom\r\n\r\n"), g.head, g.tail} {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}
		_, _ = io.WriteString(w, "\r\n--packed--\r\n")
	}))
	t.Cleanup(source.Close)
	moved := int64(0)
	fetched := peak(func(look func()) {
		n := 0
		for inst, err := range rawClient(t, source.URL).Retrieve(t.Context(), dicomweb.Ref{Study: s.UID}) {
			require.NoError(t, err)
			size, err := io.Copy(io.Discard, inst)
			require.NoError(t, err)
			moved += size
			if n++; n%(count/20) == 0 {
				look()
			}
		}
		require.Equal(t, count, n)
	})
	require.Equal(t, int64(count)*int64(len(file)), moved)

	sink := acceptAll(t)
	client := rawClient(t, sink.URL)
	sent := peak(func(look func()) {
		n := 0
		for r, err := range client.StoreAll(t.Context(), func(yield func(segur.Content) bool) {
			for i := range count {
				if !yield(image(i)) {
					return
				}
			}
		}, dicomweb.StoreOptions{}) {
			require.NoError(t, err)
			require.Equal(t, dicomweb.Stored, r.Outcome)
			if n++; n%(count/20) == 0 {
				look()
			}
		}
		require.Equal(t, count, n)
	})
	t.Logf("%d images, %d MB each way: the heap rises by %.1f MiB while they come, by %.1f MiB while they go", count, moved/1e6, float64(fetched)/(1<<20), float64(sent)/(1<<20))
	require.Less(t, fetched, int64(8<<20))
	require.Less(t, sent, int64(16<<20))
}
