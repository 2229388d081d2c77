package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
)

// slow gives one byte after each wait, in the false time of the test.
type slow struct {
	waits []time.Duration
	ctx   context.Context
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.waits) == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(s.waits[0]):
	case <-s.ctx.Done(): // as net/http does when the attempt is cancelled
		return 0, s.ctx.Err()
	}
	s.waits = s.waits[1:]
	p[0] = 'x'
	return 1, nil
}

func (s *slow) Close() error { return nil }

func (s *slow) operation(t *testing.T, safe bool) *operation {
	t.Helper()
	c, err := New(segur.ClientConfig{Environment: segur.Fake, IdleTimeout: 10 * time.Second}, Options{})
	require.NoError(t, err)
	return c.begin(t.Context(), &Request{Op: "test.op", RepeatSafe: safe}, "")
}

// A slow answer that advances is not idle, and neither is a slow reader.
func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		src := &slow{ctx: ctx, waits: []time.Duration{9 * time.Second, 9 * time.Second, 9 * time.Second, 11 * time.Second}}
		o := src.operation(t, true)
		b := newBody(ctx, cancel, o, &http.Response{Body: src, ContentLength: -1}, nil)
		buf := make([]byte, 8)
		for range 3 {
			n, err := b.Read(buf)
			require.NoError(t, err)
			assert.Equal(t, 1, n)
			<-time.After(time.Hour) // false time: the reader is slow, the service is not
		}
		start := time.Now()
		_, err := b.Read(buf)
		require.ErrorIs(t, err, segur.ErrTimeout)
		assert.Equal(t, 10*time.Second, time.Since(start))
		require.NoError(t, b.Close())
		assert.Equal(t, segur.KindTimeout, segur.KindOf(o.err))
	})
}

// memory is evidence held in memory.
type memory struct{ exchanges []*memoryExchange }

type memoryExchange struct {
	request, response bytes.Buffer
	closed            int
}

func (m *memory) Begin(string) (segur.Exchange, error) {
	x := &memoryExchange{}
	m.exchanges = append(m.exchanges, x)
	return x, nil
}
func (x *memoryExchange) Request() io.Writer  { return &x.request }
func (x *memoryExchange) Response() io.Writer { return &x.response }
func (x *memoryExchange) Close() error        { x.closed++; return nil }

// net/http sends again when a connection it kept was dead: another exchange.
func TestRecordRestarts(t *testing.T) {
	ev := &memory{}
	c, err := New(segur.ClientConfig{Environment: segur.Fake, Evidence: ev}, Options{})
	require.NoError(t, err)
	o := c.begin(t.Context(), &Request{Op: "test.op"}, "")
	rec, err := o.newRecord()
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://127.0.0.1/a", nil)
	require.NoError(t, err)
	rec.requestHead(req, 8)
	rec.requestBody([]byte("ques"))
	rec.restart(req, 8)
	rec.requestBody([]byte("question"))
	rec.close()
	rec.requestBody([]byte("late"))
	rec.close()
	require.Len(t, ev.exchanges, 2)
	head := "POST /a HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: \r\nContent-Length: 8\r\n\r\n"
	assert.Equal(t, head+"ques", ev.exchanges[0].request.String())
	assert.Equal(t, head+"question", ev.exchanges[1].request.String())
	for _, x := range ev.exchanges {
		assert.Equal(t, 1, x.closed)
		assert.Empty(t, x.response.String())
	}
}

// A service that ends its answer because we left has not answered.
func TestEndAfterCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, length := range []int64{-1, 0} {
			ctx, cancel := context.WithCancelCause(t.Context())
			src := &slow{ctx: ctx}
			b := newBody(ctx, cancel, src.operation(t, false), &http.Response{Body: src, ContentLength: length}, nil)
			cancel(errIdleTimeout)
			_, err := b.Read(make([]byte, 1))
			if length == 0 {
				require.Equal(t, io.EOF, err, "the announced length has come")
				continue
			}
			require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
			require.ErrorIs(t, err, segur.ErrTimeout)
		}
	})
}

// Close leaves no answer half read for more than an instant.
func TestCloseDrainsForAnInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			waits []time.Duration
			took  time.Duration
			bytes int64
		}{
			{[]time.Duration{time.Millisecond, time.Millisecond}, 2 * time.Millisecond, 2},
			{[]time.Duration{time.Millisecond, time.Hour}, drainTime, 1},
		} {
			ctx, cancel := context.WithCancelCause(t.Context())
			src := &slow{ctx: ctx, waits: c.waits}
			o := src.operation(t, true)
			b := newBody(ctx, cancel, o, &http.Response{Body: src, ContentLength: -1}, nil)
			start := time.Now()
			require.NoError(t, b.Close())
			assert.Equal(t, c.took, time.Since(start))
			assert.Equal(t, c.bytes, o.received.Load())
			require.NoError(t, o.err)
			_, err := b.Read(make([]byte, 1))
			require.Error(t, err, "nothing is read after Close")
			assert.False(t, errors.Is(err, io.EOF))
		}
	})
}

// An upload that advances is not late.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := false
		w := newWatch(10*time.Second, func() { late = true })
		for range 5 {
			<-time.After(9 * time.Second)
			w.touch()
		}
		synctest.Wait()
		assert.False(t, late)
		w.stop()
		w.touch()
		<-time.After(time.Hour)
		synctest.Wait()
		assert.False(t, late, "stopped")

		w = newWatch(10*time.Second, func() { late = true })
		<-time.After(10 * time.Second)
		synctest.Wait()
		assert.True(t, late)
		w.stop()
	})
}
