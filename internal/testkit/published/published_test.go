package published_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/testkit/faults"
	"github.com/segur-sdk/segur/internal/testkit/published"
)

// The document is given to anybody, again only when it changed, and as scripted.
func TestServer(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	srv := published.NewServer(pki.MutualTLS(), time.Now, "list.xml", []byte("<a/>"))
	defer srv.Close()
	assert.Regexp(t, `^https://.*/list\.xml$`, srv.URL)
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
	transport.TLSClientConfig.RootCAs = pki.Roots()
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	ask := func(method, tag string) (int, string, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL, nil)
		require.NoError(t, err)
		r.Header.Set("If-None-Match", tag)
		resp, err := client.Do(r)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode, string(b), resp.Header.Get("ETag")
	}
	status, body, tag := ask(http.MethodGet, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "<a/>", body)
	status, body, _ = ask(http.MethodGet, tag)
	assert.Equal(t, http.StatusNotModified, status)
	assert.Empty(t, body)
	srv.Publish([]byte("<b/>"))
	_, body, _ = ask(http.MethodGet, tag)
	assert.Equal(t, "<b/>", body)
	status, _, _ = ask(http.MethodPost, "")
	assert.Equal(t, http.StatusMethodNotAllowed, status)
	srv.Fail(faults.Fault{Op: "list", Status: http.StatusServiceUnavailable})
	status, _, _ = ask(http.MethodGet, "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Len(t, srv.Requests(), 4, "a fault answers in its place")
}
