package transport_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/internal/transport"
)

// Frames of HTTP/2 (RFC 9113 section 6) and the error codes of its section 7 that the tests send.
const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway = 0, 1, 3, 4, 7

	endStream, endHeaders = 0x1, 0x4

	codeNone, codeInternal, codeRefused, codeCalm = 0, 2, 7, 11
)

// framed is a connection of HTTP/2 whose server side is scripted frame by frame.
type framed struct {
	net.Conn
	body atomic.Int64
}

func (c *framed) frame(kind, flags byte, stream uint32, payload ...byte) {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind)) //nolint:gosec // short
	head = binary.BigEndian.AppendUint32(append(head, flags), stream)
	_, _ = c.Write(append(head, payload...))
}

func (c *framed) reset(stream, code uint32) {
	c.frame(frameReset, 0, stream, binary.BigEndian.AppendUint32(nil, code)...)
}

func (c *framed) goAway(last, code uint32, debug string) {
	c.frame(frameGoAway, 0, 0, append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code), debug...)...)
}

// answer is ":status: 200", an entry of the static table of HPACK, and content.
func (c *framed) answer(stream uint32, content string, flags byte) {
	c.frame(frameHeaders, endHeaders, stream, 0x88)
	c.frame(frameData, flags, stream, []byte(content)...)
}

// serve calls whole for each request that came to its end.
func (c *framed) serve(whole func(c *framed, stream uint32)) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	c.frame(frameSettings, 0, 0)
	for {
		var head [9]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		size := int64(binary.BigEndian.Uint32(head[:]) >> 8)
		if _, err := io.CopyN(io.Discard, c, size); err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		switch {
		case kind == frameSettings && flags == 0:
			c.frame(frameSettings, 1, 0)
		case kind == frameData:
			c.body.Add(size)
			fallthrough
		case kind == frameHeaders:
			if flags&endStream != 0 {
				whole(c, stream)
			}
		}
	}
}

// newFramed starts such a server.
func newFramed(t *testing.T, whole func(c *framed, stream uint32)) (url string, cfg segur.ClientConfig) {
	t.Helper()
	pki := credentialtest.NewPKI()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.Server()}, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { (&framed{Conn: c}).serve(whole) })
		}
	})
	return "https://" + l.Addr().String(), segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots()}
}

// What HTTP/2 calls a reset stream is a lost connection to the caller: a call that is not safe to repeat has an unknown
// outcome, and what the server wrote into its last frame is in no error.
func TestHTTP2Failures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  func(c *framed, stream uint32)
		want    error
		message string
	}{
		"stream reset":       {func(c *framed, s uint32) { c.reset(s, codeInternal) }, segur.ErrUnavailable, "the connection ended before the response"},
		"asked to calm down": {func(c *framed, s uint32) { c.reset(s, codeCalm) }, segur.ErrUnavailable, "the connection ended before the response"},
		"connection cut":     {func(c *framed, _ uint32) { _ = c.Close() }, segur.ErrUnavailable, "the connection ended before the response"},
		"leaves":             {func(c *framed, s uint32) { c.goAway(s, codeNone, "secret"); _ = c.Close() }, segur.ErrUnavailable, "the connection ended before the response"},
		"leaves in anger":    {func(c *framed, _ uint32) { c.goAway(0, codeInternal, "secret"); _ = c.Close() }, segur.ErrUnavailable, "the connection ended before the response"},
		"frame of the past":  {func(c *framed, _ uint32) { c.frame(frameData, 0, 0, []byte("secret")...) }, segur.ErrProtocol, "the answer is not HTTP"},
		"no frames":          {func(c *framed, _ uint32) { _, _ = c.Write([]byte("HTTP/1.1 200 OK secret\r\n\r\n")) }, segur.ErrProtocol, "the answer is not HTTP"},
		"no status":          {func(c *framed, s uint32) { c.frame(frameHeaders, endHeaders|endStream, s, 0x82) }, segur.ErrProtocol, "the answer is not HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			url, cfg := newFramed(t, func(f *framed, stream uint32) { calls.Add(1); c.answer(f, stream) })
			p := &pauses{}
			o := p.options()
			o.HTTP2 = true
			client := newClient(t, cfg, o)
			_, _, err := fetch(t, client, &transport.Request{Op: "test.op", URL: url, Body: content("question")})
			require.ErrorIs(t, err, c.want)
			require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
			assert.Contains(t, err.Error(), c.message)
			assert.NotContains(t, err.Error(), "secret")
			assert.EqualValues(t, 1, calls.Load(), "not repeated")
			assert.Empty(t, p.got)

			_, _, err = fetch(t, client, &transport.Request{Op: "test.op", URL: url, RepeatSafe: true})
			require.ErrorIs(t, err, c.want)
			require.NotErrorIs(t, err, segur.ErrOutcomeUnknown)
			assert.NotContains(t, err.Error(), "secret")
			if c.want == segur.ErrUnavailable {
				assert.NotEmpty(t, p.got, "safe to repeat")
			}
		})
	}
}

// A server that says that it did not look at the request gets it again, once.
func TestHTTP2RefusedStreamIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(c *framed, stream uint32){
		"refused stream": func(c *framed, s uint32) { c.reset(s, codeRefused) },
		"leaves":         func(c *framed, s uint32) { c.goAway(s-2, codeNone, "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls, body atomic.Int64
			url, cfg := newFramed(t, func(c *framed, stream uint32) {
				switch calls.Add(1) {
				case 2:
					c.body.Store(0)
					refuse(c, stream)
				default:
					body.Add(c.body.Swap(0))
					c.answer(stream, "ok", endStream)
				}
			})
			client := newClient(t, cfg, transport.Options{HTTP2: true})
			for range 2 {
				_, got, err := fetch(t, client, &transport.Request{Op: "test.op", URL: url, Body: content("question")})
				require.NoError(t, err)
				assert.Equal(t, "ok", got)
			}
			assert.EqualValues(t, 3, calls.Load())
			assert.EqualValues(t, 2*len("question"), body.Load(), "whole, both times")
		})
	}
}

// An answer that is cut is never whole.
func TestHTTP2BodyCut(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(c *framed, stream uint32){
		"stream reset":   func(c *framed, s uint32) { c.reset(s, codeInternal) },
		"connection cut": func(c *framed, _ uint32) { _ = c.Close() },
		"leaves":         func(c *framed, s uint32) { c.goAway(s, codeInternal, "secret"); _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, cfg := newFramed(t, func(c *framed, stream uint32) {
				c.answer(stream, "half", 0)
				cut(c, stream)
			})
			client := newClient(t, cfg, transport.Options{HTTP2: true})
			_, got, err := fetch(t, client, &transport.Request{Op: "test.op", URL: url, RepeatSafe: true})
			require.ErrorIs(t, err, segur.ErrTruncated)
			assert.NotContains(t, err.Error(), "secret")
			assert.Contains(t, "half", got)
			_, _, err = fetch(t, client, &transport.Request{Op: "test.op", URL: url, Body: content("question")})
			require.ErrorIs(t, err, segur.ErrTruncated)
			require.ErrorIs(t, err, segur.ErrOutcomeUnknown)
		})
	}
}

// A refusal that comes before the content was read is an answer, not a broken connection.
func TestHTTP2EarlyRefusal(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	conf := pki.MutualTLS()
	conf.NextProtos = []string{"h2"}
	s := newServerTLS(t, conf, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots(), Credentials: segur.StaticCredential(pki.Organization())}
	client := newClient(t, cfg, transport.Options{HTTP2: true})
	status, _, err := fetch(t, client, &transport.Request{URL: s.URL, Body: segur.BytesContent(make([]byte, 4<<20))})
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
}

func TestHTTP2HeaderLimit(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newServerTLS(t, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pki.Server()}, NextProtos: []string{"h2"}},
		func(w http.ResponseWriter, _ *http.Request) {
			for range 64 {
				w.Header().Add("X-Long", strings.Repeat("a", 1<<10))
			}
		})
	cfg := segur.ClientConfig{Environment: segur.Fake, RootCAs: pki.Roots()}
	cfg.Limits.MaxHeaderBytes = 16 << 10
	client := newClient(t, cfg, transport.Options{HTTP2: true})
	_, _, err := fetch(t, client, &transport.Request{URL: s.URL, RepeatSafe: true})
	require.ErrorIs(t, err, segur.ErrTooLarge)
	assert.Contains(t, err.Error(), "response headers")
}
