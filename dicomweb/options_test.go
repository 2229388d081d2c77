package dicomweb_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// recorder keeps the heads of the requests that pass through it.
type recorder struct {
	mu   sync.Mutex
	seen []*http.Request
	next http.Handler
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.seen = append(r.seen, req.Clone(req.Context()))
	r.mu.Unlock()
	r.next.ServeHTTP(w, req)
}

// take returns what was seen since the last call.
func (r *recorder) take() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.seen
	r.seen = nil
	return out
}

func (r *recorder) accepts() []string {
	var out []string
	for _, req := range r.take() {
		out = append(out, req.Header.Get("Accept"))
	}
	return out
}

// plain starts a fake without TLS behind a recorder, and a client of it.
func plain(t testing.TB, opts ...dicomwebtest.Option) (*dicomwebtest.Server, *dicomweb.Client, *recorder, string) {
	t.Helper()
	srv := dicomwebtest.NewHandler(append(opts, dicomwebtest.WithoutTLS())...)
	rec := &recorder{next: srv}
	front := httptest.NewServer(rec)
	t.Cleanup(front.Close)
	base := front.URL + "/dicom-web"
	return srv, newClient(t, dicomweb.Config{ClientConfig: segur.ClientConfig{Environment: segur.Fake}, Endpoint: base, PlainHTTP: true}), rec, base
}

// What the caller asks for goes out as a consumer of the DRIM-M profile needs it: own headers, an ordered list of transfer
// syntaxes outside the quotation marks, one decimal, and the URL of the manifest.
func TestRetrieveOptions(t *testing.T) {
	t.Parallel()
	srv, client, rec, base := plain(t)
	other, _, otherRec, otherBase := plain(t)
	s := study(t, 200, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	add(t, srv, s)
	add(t, other, s)
	ref := s.Instances[0].Ref
	o := dicomweb.RetrieveOptions{
		Header: http.Header{"KOS-SOPInstanceUID": {"1.2.250.1.999.5"}},
		TransferSyntaxes: []dicomweb.AcceptedSyntax{
			{UID: dicomweb.ExplicitVRLittleEndian, Q: 0.4}, {UID: "1.2.840.10008.1.2.4.70", Q: 1}, {UID: "1.2.840.10008.1.2.4.80", Q: 0.8},
		},
	}
	files, err := collect(client.Retrieve(t.Context(), dicomweb.Ref{Study: ref.Study, Series: ref.Series}, o))
	require.NoError(t, err)
	assert.Len(t, files, 1)
	seen := rec.take()
	require.Len(t, seen, 1)
	assert.Equal(t, `multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.70;q=1.0, `+
		`multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80;q=0.8, `+
		`multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1;q=0.4`, seen[0].Header.Get("Accept"))
	assert.Equal(t, "1.2.250.1.999.5", seen[0].Header.Get("KOS-SOPInstanceUID"))

	const verbatim = `multipart/related; type="application/dicom";transfer-syntax=1.2.840.10008.1.2.1;q=0.9;boundary=**`
	o = dicomweb.RetrieveOptions{Accept: []string{verbatim}, URL: " " + otherBase + ref.Path() + "/"}
	_, err = collect(client.Retrieve(t.Context(), ref, o))
	require.NoError(t, err)
	assert.Equal(t, []string{verbatim}, otherRec.accepts(), "the other host was asked")
	assert.Empty(t, rec.take())

	o.URL = base + "/studies/1.2.3"
	o.Header = http.Header{"accept": {"x"}, "X": {"a\r\nb"}}
	o.TransferSyntaxes = []dicomweb.AcceptedSyntax{{UID: "x", Q: 2}, {UID: "1.2", Q: 0.1234}}
	o.Accept = append(o.Accept, "")
	_, err = collect(client.Retrieve(t.Context(), ref, o))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	var e *segur.Error
	require.ErrorAs(t, err, &e)
	var fields []string
	for _, d := range e.Details {
		fields = append(fields, d.Field)
	}
	assert.ElementsMatch(t, []string{"options.header", "options.header", "options.transferSyntaxes[0].uid", "options.transferSyntaxes[0].q",
		"options.transferSyntaxes[1].q", "options.accept", "options.accept[1]", "options.url"}, fields)
	_, err = collect(client.Retrieve(t.Context(), ref, dicomweb.RetrieveOptions{}, dicomweb.RetrieveOptions{}))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.Empty(t, rec.take())
}

// A token goes to the host of the endpoint only, unless the caller answers for the other.
func TestRetrieveOptionsCredentials(t *testing.T) {
	t.Parallel()
	srv := newServer(dicomwebtest.WithToken("jeton"))
	t.Cleanup(srv.Close)
	s := study(t, 201, dicomwebtest.SampleOptions{Series: 1, Instances: 1})
	add(t, srv, s)
	cfg := srv.Config()
	cfg.Tokens = tokens("jeton")
	cfg.Endpoint = "https://localhost:1/dicom-web" // another origin than that of the fake
	client := newClient(t, cfg)
	ref := s.Instances[0].Ref
	o := dicomweb.RetrieveOptions{URL: srv.URL + ref.Path()}
	_, err := collect(client.Retrieve(t.Context(), ref, o))
	require.ErrorIs(t, err, segur.ErrAuthentication)
	o.SendCredentials = true
	_, err = collect(client.Retrieve(t.Context(), ref, o))
	require.NoError(t, err)
}

func TestSplitURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		base string
		ref  dicomweb.Ref
	}{
		"https://a.example/rs/studies/1.2":                                 {"https://a.example/rs", dicomweb.Ref{Study: "1.2"}},
		" https://a.example:8443/studies/1.2/series/1.3/ ":                 {"https://a.example:8443", dicomweb.Ref{Study: "1.2", Series: "1.3"}},
		"http://a.example/studies/x/rs/studies/1/series/2/instances/3\x00": {"http://a.example/studies/x/rs", dicomweb.Ref{Study: "1", Series: "2", Instance: "3"}},
	} {
		base, ref, err := dicomweb.SplitURL(in)
		require.NoError(t, err)
		assert.Equal(t, want.base, base)
		assert.Equal(t, want.ref, ref)
	}
	for _, in := range []string{"", "studies/1.2", "ftp://a/studies/1", "https://a.example/studies", "https://a.example/studies/1.2/series", "https://a.example/studies/1.2?a=b",
		"https://u@a.example/studies/1.2", "https://a.example/studies/1.2/instances/3", "https://a.example/studies/1.2/metadata", "https://a.example/studies/a", "https://%zz"} {
		_, _, err := dicomweb.SplitURL(in)
		require.ErrorIs(t, err, segur.ErrInvalidInput, in)
	}
}
