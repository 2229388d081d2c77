package transport

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
)

// upgraded makes one side of a connection that became another protocol's.
func upgraded(ctx context.Context, t *testing.T) (o *operation, near io.ReadWriteCloser, far net.Conn) {
	t.Helper()
	c, err := New(segur.ClientConfig{Environment: segur.Fake, IdleTimeout: 10 * time.Second, Evidence: &memory{}}, Options{})
	require.NoError(t, err)
	o = c.begin(ctx, &Request{Op: "test.op", RepeatSafe: true}, "")
	rec, err := o.newRecord()
	require.NoError(t, err)
	conn, far := net.Pipe()
	attempt, cancel := context.WithCancelCause(ctx)
	b := newBody(attempt, cancel, o, &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: conn, ContentLength: 0}, rec)
	return o, b.upgrade(conn), far
}

// Both ways are open at once and recorded; an end of the other side is an end.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	o, near, far := upgraded(t.Context(), t)
	go func() {
		_, _ = io.CopyN(far, far, 5) // says back what it hears
		_ = far.Close()
	}()
	said := make(chan struct{})
	go func() {
		defer close(said)
		_, _ = io.WriteString(near, "hello")
	}()
	heard, err := io.ReadAll(near)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(heard))
	<-said
	require.NoError(t, near.Close())
	assert.Equal(t, int64(5), o.sent.Load())
	assert.Equal(t, int64(5), o.received.Load())
	x := o.c.cfg.Evidence.(*memory).exchanges[0]
	assert.Equal(t, "hello", x.request.String())
	assert.Equal(t, "hello", x.response.String())
	assert.Equal(t, 1, x.closed)
	require.NoError(t, o.err)
}

// The connection does not outlive its context, a silence or its owner.
func TestUpgradeEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(cancel func(), near io.Closer)
		kind segur.Kind
		took time.Duration
	}{
		"context": {func(cancel func(), _ io.Closer) { cancel() }, segur.KindCanceled, 0},
		"silence": {func(func(), io.Closer) {}, segur.KindTimeout, 10 * time.Second},
		"owner":   {func(_ func(), near io.Closer) { _ = near.Close() }, 0, 0}, // its own doing: any error
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, near, far := upgraded(ctx, t)
				defer far.Close()
				start := time.Now()
				go func() {
					synctest.Wait() // the reader waits
					c.end(cancel, near)
				}()
				_, err := near.Read(make([]byte, 1))
				require.Error(t, err)
				if c.kind != 0 {
					assert.Equal(t, c.kind, segur.KindOf(err), "%v", err)
				}
				assert.Equal(t, c.took, time.Since(start))
				_, err = far.Read(make([]byte, 1))
				require.Equal(t, io.EOF, err, "the other side sees the end")
				require.NoError(t, near.Close())
			})
		})
	}
}
