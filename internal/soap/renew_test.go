package soap_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/transport"
)

// A call that is repeated is another message: identifier and assertion are new,
// the answer must relate to it, and it is what is observed.
func TestRenew(t *testing.T) {
	t.Parallel()
	const second = "urn:uuid:22222222-2222-4333-8444-555555555555"
	for name, c := range map[string]struct {
		relates string
		renew   error
		want    error
	}{
		"answered":                   {relates: second},
		"answer to the first":        {relates: messageID, want: segur.ErrProtocol},
		"typed refusal to renew":     {renew: &segur.Error{Op: "test.ask", Kind: segur.KindAuthentication}, want: segur.ErrAuthentication},
		"any other refusal to renew": {renew: errors.New("no entropy"), want: segur.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			seen := &watcher{}
			cfg := segur.ClientConfig{Environment: segur.Fake, Retry: segur.RetryPolicy{MaxAttempts: 3, BaseDelay: 1}, Observer: seen,
				HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					b, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					sent = append(sent, string(b))
					if len(sent) == 1 {
						return served{status: http.StatusServiceUnavailable}.RoundTrip(r)
					}
					return served{contentType: "application/soap+xml", body: envelope(related(c.relates), `<r/>`)}.RoundTrip(r)
				})}}
			tr, err := transport.New(cfg, transport.Options{})
			require.NoError(t, err)
			a, err := soap.New(tr, cfg).Do(t.Context(), &soap.Call{Op: "test.ask", Endpoint: endpoint, Action: action, MessageID: messageID,
				Security: []byte("<first></first>"), Body: []byte("<q></q>"), RepeatSafe: true,
				Renew: func(_ context.Context, next *soap.Call) error {
					next.MessageID, next.Security = second, []byte("<second></second>")
					return c.renew
				}})
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			} else {
				require.NoError(t, err)
				require.NoError(t, a.Close())
			}
			assert.Contains(t, sent[0], messageID)
			if c.renew != nil {
				require.Len(t, sent, 1)
				return
			}
			require.Len(t, sent, 2)
			assert.Equal(t, strings.NewReplacer(messageID, second, "first", "second").Replace(sent[0]), sent[1])
			require.Len(t, seen.out, 1)
			assert.Equal(t, second, seen.out[0].RequestID)
			assert.Equal(t, 2, seen.out[0].Attempts)
		})
	}
	_, err := (&soap.Client{}).Do(t.Context(), &soap.Call{Op: "test.ask", Endpoint: endpoint, Action: action, Body: []byte("<q></q>"),
		Renew:       func(context.Context, *soap.Call) error { return nil },
		Attachments: []soap.Attachment{{ContentID: "a", ContentType: "text/xml", Content: segur.BytesContent([]byte("x"))}}})
	require.ErrorIs(t, err, segur.ErrInvalidInput)
}
