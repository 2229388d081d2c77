package soap_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/transport"
)

// A header of the call goes with each attempt, renewed with the message, and its value with no record.
func TestHeader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	var tokens []string
	cfg := segur.ClientConfig{Environment: segur.Fake, Evidence: evidence, Retry: segur.RetryPolicy{MaxAttempts: 2, BaseDelay: 1},
		HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			_, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			tokens = append(tokens, r.Header.Get("X-Token"))
			assert.Equal(t, `application/soap+xml; charset=utf-8; action="`+action+`"`, r.Header.Get("Content-Type"))
			if len(tokens) == 1 {
				return served{status: http.StatusServiceUnavailable}.RoundTrip(r)
			}
			return served{contentType: "application/soap+xml", body: envelope("", `<r/>`)}.RoundTrip(r)
		})}}
	tr, err := transport.New(cfg, transport.Options{})
	require.NoError(t, err)
	client := soap.New(tr, cfg)
	call := func() *soap.Call {
		return &soap.Call{Op: "test.ask", Endpoint: endpoint, Action: action, Body: []byte("<q></q>"), RepeatSafe: true,
			Header: http.Header{"x-token": {"first-secret"}}}
	}
	c := call()
	c.Renew = func(_ context.Context, next *soap.Call) error {
		next.Header = http.Header{"X-Token": {"second-secret"}}
		return nil
	}
	a, err := client.Do(t.Context(), c)
	require.NoError(t, err)
	require.NoError(t, a.Close())
	assert.Equal(t, []string{"first-secret", "second-secret"}, tokens)
	files, err := filepath.Glob(filepath.Join(dir, "*.request"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		assert.Contains(t, string(b), "X-Token: [removed]\r\n")
		assert.NotContains(t, string(b), "secret")
	}

	for _, name := range []string{"content-type", "Accept", "HOST", "Content-Length"} {
		c := call()
		c.Header = http.Header{name: {"x"}}
		_, err := client.Do(t.Context(), c)
		require.ErrorIs(t, err, segur.ErrInvalidInput, name)
		require.ErrorContains(t, err, "must not replace")
	}
	tokens = nil
	c = call()
	c.Renew = func(_ context.Context, next *soap.Call) error {
		next.Header = http.Header{"Host": {"other.example"}}
		return nil
	}
	_, err = client.Do(t.Context(), c)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	require.Len(t, tokens, 1)
}
