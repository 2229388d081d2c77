package drimtest_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/internal/testkit/fixed"
)

const manifest = "1.2.250.1.999.8.1"

func sample(t *testing.T, seed uint64) *dicomwebtest.Study {
	t.Helper()
	s, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, IDs: segur.NewIDSource(fixed.Rand(seed))})
	require.NoError(t, err)
	return s
}

func files(s *dicomwebtest.Study) (out [][]byte) {
	for _, i := range s.Instances {
		out = append(out, i.File)
	}
	return out
}

func TestServer(t *testing.T) {
	t.Parallel()
	box := drimtest.NewServer()
	t.Cleanup(box.Close)
	study, other := sample(t, 1), sample(t, 2)
	require.NoError(t, box.Share(manifest, files(study)...))
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: box.PKI().Roots()}}
	t.Cleanup(transport.CloseIdleConnections)
	ask := func(path string, change func(*http.Request)) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, box.URL+path, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+drimtest.Token)
		r.Header.Set(drim.HeaderManifest, manifest)
		r.Header.Set("Accept", drim.FormatAccept(drim.Lossless))
		if change != nil {
			change(r)
		}
		resp, err := transport.RoundTrip(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	first := study.Instances[0].Ref
	p := "/studies/" + study.UID + "/series/" + first.Series
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		path   string
		change func(*http.Request)
		want   int
	}{
		"study":            {"/studies/" + study.UID, nil, 200},
		"series":           {p, nil, 200},
		"instance":         {p + "/instances/" + first.Instance, nil, 200},
		"health":           {"", func(r *http.Request) { r.Header = http.Header{} }, 200},
		"token":            {p, set("Authorization", "Bearer x"), 401},
		"no manifest":      {p, func(r *http.Request) { r.Header.Del(drim.HeaderManifest) }, 400},
		"old manifest":     {p, set(drim.HeaderManifest, "1.2"), 404},
		"Accept of others": {p, set("Accept", `multipart/related; type="application/dicom"; transfer-syntax=*`), 400},
		"Accept of nine":   {p, set("Accept", drim.FormatAccept(drim.Lossless)[strings.Index(drim.FormatAccept(drim.Lossless), ",")+1:]), 400},
		"no study":         {"/studies/1.2.3", nil, 404},
		"query":            {p + "?a=b", nil, 400},
		"method":           {p, func(r *http.Request) { r.Method = http.MethodPost }, 405},
	} {
		got, _ := ask(c.path, c.change)
		assert.Equal(t, c.want, got, name)
	}
	assert.Len(t, box.Requests(), 12)

	box.Forget(first.Instance)
	code, body := ask(p, nil)
	assert.Equal(t, 200, code)
	assert.Equal(t, 2, strings.Count(body, "DICM"), "and ends well")
	code, _ = ask(p+"/instances/"+first.Instance, nil)
	assert.Equal(t, 410, code)
	box.Substitute(first.Instance, other.Instances[0].File)
	_, body = ask(p, nil)
	assert.Contains(t, body, other.UID)
	box.Withdraw(study.UID)
	code, _ = ask(p, nil)
	assert.Equal(t, 404, code)
	box.SetTokens()
	code, _ = ask(p, nil)
	assert.Equal(t, 401, code)
	box.Fail(drimtest.Fault{Op: drimtest.OpSeries, Status: 503})
	code, _ = ask(p, nil)
	assert.Equal(t, 503, code)
	require.Error(t, box.Share(manifest, files(study)[0], files(other)[0]))
	require.Error(t, box.Share(manifest))
	assert.Contains(t, box.URL, box.Host())
}

// The client of package dicomweb reads from it.
func TestServerWithClient(t *testing.T) {
	t.Parallel()
	box := drimtest.NewServer(drimtest.WithTokens("t"), drimtest.WithMutualTLS())
	t.Cleanup(box.Close)
	study := sample(t, 1)
	require.NoError(t, box.Share(manifest, files(study)...))
	client, err := dicomweb.New(dicomweb.Config{ClientConfig: box.ClientConfig(), Endpoint: box.URL, Tokens: token("t")})
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	n := 0
	for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: study.UID}, dicomweb.RetrieveOptions{
		Header: http.Header{drim.HeaderManifest: {manifest}}, Accept: []string{drim.FormatAccept(drim.Lossy)}}) {
		require.NoError(t, err)
		b, err := io.ReadAll(inst)
		require.NoError(t, err)
		assert.Equal(t, study.Instances[n].File, b)
		n++
	}
	assert.Equal(t, 3, n)
}

// A box whose certificate has expired is not listened to.
func TestServerCertificate(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	box := drimtest.NewServer(drimtest.WithPKI(pki), drimtest.WithServerCertificate(
		pki.ServerWith(credentialtest.Hosts("127.0.0.1", "localhost"), credentialtest.Expired())))
	t.Cleanup(box.Close)
	client, err := dicomweb.New(dicomweb.Config{ClientConfig: box.ClientConfig(), Endpoint: box.URL, Tokens: token(drimtest.Token)})
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	for _, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: "1.2.3"}) {
		require.ErrorIs(t, err, segur.ErrSignature)
	}
	assert.Empty(t, box.Requests())
}

type token string

func (t token) Token(context.Context) (string, error) { return string(t), nil }
