package dicomweb_test

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // the handshake of RFC 6455
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

// Whatever ends a channel is told, and the same subscriptions are heard again through a new one.
func TestEventsFaults(t *testing.T) {
	t.Parallel()
	const limit = 4 << 10
	srv := newServer(dicomwebtest.WithoutTLS())
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	cfg.Limits.MaxResponseBytes = limit
	client := newClient(t, cfg)
	ctx := t.Context()
	_, err := client.CreateWorkitem(ctx, task("2.25.7"))
	require.NoError(t, err)
	subscription, err := client.Subscribe(ctx, dicomweb.Subscription{AETitle: console, Workitem: dicomweb.UPSAll})
	require.NoError(t, err)
	open := func() *dicomweb.EventChannel {
		ch, err := client.OpenEvents(ctx, dicomweb.EventRequest{AETitle: console, URL: subscription.URL})
		require.NoError(t, err)
		t.Cleanup(func() { _ = ch.Close() })
		return ch
	}
	const event = `{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[1]}`
	pad := func(n int) string { return event + strings.Repeat(" ", n-len(event)-1) + "}" }
	for name, c := range map[string]struct {
		fault func()
		want  error
		first int // events that come whole before
	}{
		"cut":       {func() { srv.SendEvent(console, event+"}"); srv.CutEvents(console) }, segur.ErrUnavailable, -1},
		"malformed": {func() { srv.SendEvent(console, event+"}"); srv.SendEvent(console, event) }, segur.ErrProtocol, 1},
		"oversize":  {func() { srv.SendEvent(console, pad(limit)); srv.SendEvent(console, pad(limit+1)) }, segur.ErrTooLarge, 1},
	} {
		ch := open()
		c.fault()
		events, err := collect(ch.Events())
		require.ErrorIs(t, err, c.want, name)
		assert.Equal(t, dicomweb.CodeEventsLost, codeOf(t, err), name)
		if c.first >= 0 {
			assert.Len(t, events, c.first, name)
		}
		assert.Contains(t, err.(*segur.Error).Explain(segur.FR), "rouvrir", name) //nolint:errorlint // it is what the SDK returns
	}
	ch := open()
	_, err = client.ChangeWorkitemState(ctx, dicomweb.StateChange{UID: "2.25.7", State: dicomweb.UPSInProgress, Transaction: "2.25.8"})
	require.NoError(t, err)
	assert.Equal(t, dicomweb.UPSInProgress, next(t, ch, 1)[0].State)
	srv.Close()
	_, err = collect(ch.Events())
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.ErrorContains(t, err, "status 1001")
}

// rawChannel answers the handshake and then writes bytes as they are.
func rawChannel(t *testing.T, accept func(key string) string, after string) *dicomweb.Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString(switching(accept(r.Header.Get("Sec-WebSocket-Key"))) + after)
		_ = rw.Flush()
		_, _ = io.Copy(io.Discard, rw) // until the client leaves
	}))
	t.Cleanup(srv.Close)
	return rawClient(t, srv.URL)
}

func switching(accept string) string {
	return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n"
}

func goodKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // the handshake of RFC 6455
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Frames of other servers: in pieces, between pings, cut at every byte, against the protocol.
func TestEventsFrames(t *testing.T) {
	t.Parallel()
	const text = `{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[1]}}`
	frame := func(head byte, s string) string { return string([]byte{head, byte(len(s))}) + s }
	whole := frame(0x81, text)
	pieces := frame(0x01, text[:10]) + frame(0x89, "are you there") + frame(0x00, text[10:40]) + frame(0x8A, "") + frame(0x80, text[40:])
	for name, c := range map[string]struct {
		bytes string
		n     int
		want  error
	}{
		"pieces":          {pieces + whole + frame(0x88, ""), 2, segur.ErrUnavailable},
		"going away":      {whole + frame(0x88, "\x03\xe9bye"), 1, segur.ErrUnavailable},
		"binary":          {frame(0x82, text), 0, segur.ErrProtocol},
		"unknown opcode":  {frame(0x83, text), 0, segur.ErrProtocol},
		"reserved bits":   {frame(0xF1, text), 0, segur.ErrProtocol},
		"no beginning":    {frame(0x80, text), 0, segur.ErrProtocol},
		"endless control": {string([]byte{0x89, 0x7E, 0xFF, 0xFF}), 0, segur.ErrProtocol},
		"length":          {string([]byte{0x81, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}) + strings.Repeat(" ", 2<<20), 0, segur.ErrTooLarge},
		"negative length": {string([]byte{0x81, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), 0, segur.ErrProtocol},
		"HTTP":            {"HTTP/1.1 400 Bad Request\r\n\r\n", 0, segur.ErrProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch, err := rawChannel(t, goodKey, c.bytes).OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: "A"})
			require.NoError(t, err)
			defer ch.Close()
			events, err := collect(ch.Events())
			assert.Len(t, events, c.n)
			require.ErrorIs(t, err, c.want)
			assert.Equal(t, dicomweb.CodeEventsLost, codeOf(t, err))
			assert.NotContains(t, err.Error(), "bye", "what the server wrote is not passed on")
		})
	}
	t.Run("handshake of another protocol", func(t *testing.T) {
		t.Parallel()
		_, err := rawChannel(t, func(string) string { return "another" }, whole).OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: "A"})
		require.ErrorIs(t, err, segur.ErrProtocol)
	})
}

// A channel cut at any byte tells of the whole events before it and never of a part of one.
func TestEventsCutAtEveryByte(t *testing.T) {
	t.Parallel()
	const text = `{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[1]}}`
	frame := "\x81" + string([]byte{byte(len(text))}) + text
	for cut := range len(frame) + 3 {
		near, far := net.Pipe()
		go func() {
			r := bufio.NewReader(far)
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.WriteString(far, switching(goodKey(req.Header.Get("Sec-WebSocket-Key")))+(frame + frame)[:cut])
			_ = far.Close()
		}()
		client := pipeClient(t, func() net.Conn { return near })
		ch, err := client.OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: "A"})
		require.NoError(t, err)
		events, err := collect(ch.Events())
		require.ErrorIs(t, err, segur.ErrUnavailable, "cut at %d", cut)
		assert.Len(t, events, cut/len(frame), "cut at %d", cut)
		_ = ch.Close()
	}
}

// pipeClient reaches a server in this process without a network.
func pipeClient(t testing.TB, dial func() net.Conn) *dicomweb.Client {
	t.Helper()
	return newClient(t, dicomweb.Config{
		ClientConfig: segur.ClientConfig{Environment: segur.Fake, IdleTimeout: 30 * time.Second, HTTPClient: &http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return dial(), nil }}}},
		Endpoint: "http://127.0.0.1/dicom-web", PlainHTTP: true,
	})
}

// pipes is a listener whose connections are made by dial.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.conns <- far
	return near
}

// quiet starts the fake without a network, for tests in false time.
func quiet(t *testing.T, opts ...dicomwebtest.Option) (*dicomwebtest.Server, *dicomweb.Client) {
	t.Helper()
	fake := dicomwebtest.NewHandler(append(opts, dicomwebtest.WithPKI(sharedPKI()), dicomwebtest.WithoutTLS())...)
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: fake, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() {
		fake.Close()
		_ = srv.Close()
	})
	return fake, pipeClient(t, l.dial)
}

// A server that lives may be silent; one that does not answer is given up within the idle timeout.
func TestEventsSilence(t *testing.T) {
	t.Parallel()
	sharedPKI()
	synctest.Test(t, func(t *testing.T) {
		srv, client := quiet(t)
		ch := listen(t, client, console)
		go func() {
			<-time.After(20 * time.Minute)
			srv.SendEvent(console, `{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[1]}}`)
		}()
		assert.Equal(t, "2.25.7", next(t, ch, 1)[0].Workitem)
		<-time.After(time.Hour) // a reader that takes its time: the server is not to blame
		srv.SendEvent(console, `{"00001000":{"vr":"UI","Value":["2.25.8"]},"00001002":{"vr":"US","Value":[1]}}`)
		assert.Equal(t, "2.25.8", next(t, ch, 1)[0].Workitem)
	})
	synctest.Test(t, func(t *testing.T) {
		srv, client := quiet(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{MuteEvents: true}))
		ch := listen(t, client, console)
		srv.SendEvent(console, `{}`)
		start := time.Now()
		_, err := collect(ch.Events())
		require.ErrorIs(t, err, segur.ErrTimeout)
		assert.Equal(t, dicomweb.CodeEventsLost, codeOf(t, err))
		assert.Equal(t, 30*time.Second, time.Since(start))
	})
}

// A channel ends with its context and with Close, whoever reads or does not; the server sees it go.
func TestEventsEnd(t *testing.T) {
	t.Parallel()
	sharedPKI()
	for name, c := range map[string]struct {
		read bool
		mute bool
		end  func(cancel func(), ch *dicomweb.EventChannel)
		want error
	}{
		"context":         {true, false, func(cancel func(), _ *dicomweb.EventChannel) { cancel() }, segur.ErrCanceled},
		"context, unread": {false, false, func(cancel func(), _ *dicomweb.EventChannel) { cancel() }, segur.ErrCanceled},
		"deadline":        {true, false, func(func(), *dicomweb.EventChannel) { <-time.After(2 * time.Hour) }, segur.ErrTimeout},
		"close":           {true, false, func(_ func(), ch *dicomweb.EventChannel) { _ = ch.Close() }, nil},
		"close, unread":   {false, false, func(_ func(), ch *dicomweb.EventChannel) { _ = ch.Close() }, nil},
		"close, mute":     {true, true, func(_ func(), ch *dicomweb.EventChannel) { _ = ch.Close() }, nil},
		"two closes":      {true, false, func(_ func(), ch *dicomweb.EventChannel) { go ch.Close(); _ = ch.Close() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv, client := quiet(t, dicomwebtest.WithQuirks(dicomwebtest.Quirks{MuteEvents: c.mute}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				ch, err := client.OpenEvents(ctx, dicomweb.EventRequest{AETitle: console})
				require.NoError(t, err)
				result := make(chan error, 1)
				read := func() {
					_, err := collect(ch.Events())
					result <- err
				}
				if c.read {
					go read()
				}
				synctest.Wait()
				c.end(cancel, ch)
				synctest.Wait()
				if !c.read {
					read()
				}
				err = <-result
				if c.want == nil {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, c.want)
					assert.NotEqual(t, dicomweb.CodeEventsLost, codeOf(t, err), "the caller knows")
				}
				require.NoError(t, ch.Close())
				synctest.Wait()
				assert.Zero(t, srv.Listeners(console))
			})
		})
	}
}

// A server that does not say goodbye is not waited for.
func TestEventsGoodbye(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() {
			r := bufio.NewReader(far)
			if req, err := http.ReadRequest(r); err == nil {
				_, _ = io.WriteString(far, switching(goodKey(req.Header.Get("Sec-WebSocket-Key"))))
			}
			_, _ = io.Copy(io.Discard, r)
		}()
		ch, err := pipeClient(t, func() net.Conn { return near }).OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: "A"})
		require.NoError(t, err)
		start := time.Now()
		require.NoError(t, ch.Close())
		assert.Equal(t, time.Second, time.Since(start))
	})
}

// The channel takes the way of every other call: TLS and client certificate, authorisation renewed once, observation, evidence
// without secrets; nothing of it for another host, or in clear.
func TestEventsTransport(t *testing.T) {
	t.Parallel()
	srv := newServer(dicomwebtest.WithToken("second"))
	t.Cleanup(srv.Close)
	cfg := srv.Config()
	tokens := &rotating{list: []string{"first", "second"}}
	outcomes := &observed{}
	dir := t.TempDir()
	var err error
	cfg.Tokens, cfg.Observer = tokens, outcomes
	cfg.Evidence, err = segur.NewEvidenceDir(dir)
	require.NoError(t, err)
	client := newClient(t, cfg)
	// A server behind a proxy believes that it speaks in clear.
	ch, err := client.OpenEvents(t.Context(), dicomweb.EventRequest{AETitle: console, URL: "ws" + strings.TrimPrefix(srv.URL, "https") + "/subscribers/" + console})
	require.NoError(t, err)
	srv.SendEvent(console, `{"00001000":{"vr":"UI","Value":["2.25.7"]},"00001002":{"vr":"US","Value":[1]}}`)
	next(t, ch, 1)
	require.NoError(t, ch.Close())
	assert.Equal(t, []string{"dicomweb.ups.events " + segur.Kind(0).String() + " 101"}, outcomes.list, "one operation, once it ended, without error")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(dir + "/" + f.Name())
		require.NoError(t, err)
		all.Write(b)
	}
	assert.Contains(t, all.String(), "Upgrade: websocket")
	assert.Contains(t, all.String(), `"00001002"`)
	assert.NotContains(t, all.String(), "second")

	other := newServer(dicomwebtest.WithToken("second"))
	t.Cleanup(other.Close)
	r := dicomweb.EventRequest{AETitle: console, URL: "wss" + strings.TrimPrefix(other.URL, "https") + "/subscribers/" + console}
	_, err = client.OpenEvents(t.Context(), r)
	require.ErrorIs(t, err, segur.ErrAuthentication, "no token for another host")
	r.SendCredentials = true
	ch, err = client.OpenEvents(t.Context(), r)
	require.NoError(t, err)
	require.NoError(t, ch.Close())
}

// A channel is of HTTP/1.1, beside calls that share a connection of HTTP/2.
func TestEventsBesideHTTP2(t *testing.T) {
	t.Parallel()
	fake := dicomwebtest.NewHandler(dicomwebtest.WithPKI(sharedPKI()))
	front := httptest.NewUnstartedServer(fake)
	front.EnableHTTP2 = true
	front.TLS = sharedPKI().MutualTLS()
	front.StartTLS()
	t.Cleanup(front.Close)
	t.Cleanup(fake.Close)
	client := newClient(t, dicomweb.Config{ClientConfig: fake.ClientConfig(), Endpoint: front.URL + "/dicom-web", HTTP2: true})
	ch := listen(t, client, console)
	_, err := client.CreateWorkitem(t.Context(), task("2.25.7"))
	require.NoError(t, err)
	_, err = client.Subscribe(t.Context(), dicomweb.Subscription{AETitle: console, Workitem: "2.25.7"})
	require.NoError(t, err)
	assert.Equal(t, dicomweb.UPSScheduled, next(t, ch, 1)[0].State)
}
