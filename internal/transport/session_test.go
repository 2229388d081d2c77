package transport_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

type counter struct{ outcomes []segur.Outcome }

func (c *counter) OperationStart(ctx context.Context, _ string) context.Context { return ctx }
func (c *counter) OperationEnd(_ context.Context, o segur.Outcome) {
	c.outcomes = append(c.outcomes, o)
}

func TestSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	evidence, err := segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	seen := &counter{}
	c, err := transport.New(segur.ClientConfig{Environment: segur.Fake, Evidence: evidence, Observer: seen}, transport.Options{})
	require.NoError(t, err)

	s, err := c.Session(t.Context(), "mail.send", "127.0.0.1:587", "id-1")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1", s.TLSConfig().ServerName)
	require.NoError(t, s.Record())
	s.Sent([]byte("MAIL\r\n"), 6)
	s.Received([]byte("250\r\n"), 5)
	require.NoError(t, s.Record())
	s.Sent([]byte("RCPT\r\n"), 6)
	s.Status(550)
	lost := s.Fault(io.ErrUnexpectedEOF, true)
	require.ErrorIs(t, lost, segur.ErrOutcomeUnknown)
	require.ErrorIs(t, lost, segur.ErrUnavailable)
	require.ErrorIs(t, s.Fault(io.EOF, false), segur.ErrUnavailable)
	assert.Nil(t, s.Fault(errors.New("quotes secrets"), false))
	require.ErrorIs(t, s.End(lost), segur.ErrOutcomeUnknown)
	require.NoError(t, s.End(nil))
	s.Sent([]byte("late"), 0)

	require.Len(t, seen.outcomes, 1)
	assert.Equal(t, segur.KindOutcomeUnknown, seen.outcomes[0].Kind)
	assert.Equal(t, "id-1", seen.outcomes[0].RequestID)
	assert.Equal(t, 550, seen.outcomes[0].Status)
	assert.Equal(t, int64(12), seen.outcomes[0].BytesSent)
	for name, want := range map[string]string{
		"001-mail.send.request": "MAIL\r\n", "001-mail.send.response": "250\r\n", "002-mail.send.request": "RCPT\r\n", "002-mail.send.response": "",
	} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, want, string(b), name)
	}

	for _, address := range []string{"192.0.2.1:587", "nowhere"} {
		_, err = c.Session(t.Context(), "mail.send", address, "")
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
}
