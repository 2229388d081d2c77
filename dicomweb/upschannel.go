package dicomweb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// CodeEventsLost says that a channel of events ended, and with it what it would
// have told.
const CodeEventsLost = "events-lost"

// EventRequest says whose events a channel brings.
type EventRequest struct {
	// AETitle is that of the subscriptions.
	AETitle string
	// URL is the address that [Client.Subscribe] gave ([WorkitemAnswer.URL]); it
	// stays the same when the channel is opened again. Empty:
	// "/subscribers/{AETitle}" below the endpoint, which not every server has.
	// With an https endpoint "ws" is read as "wss": a server behind a proxy does
	// not know that its clients use TLS.
	URL string
	// SendCredentials lets the token go to the host of URL when that is not the
	// one of the endpoint.
	SendCredentials bool
}

// EventChannel brings the events of the subscriptions of one application
// (PS3.18 8.10.4, 11.12). Events is for one goroutine at a time; Close may be
// called from any, and is mandatory.
type EventChannel struct {
	ctx   context.Context //nolint:containedctx // the channel is the call
	conn  *websocket.Conn
	link  *eventLink
	resp  *transport.Response
	idle  time.Duration
	max   int64
	queue chan *UPSEvent // those that wait to be taken

	mu     sync.Mutex
	err    error       // what ended it
	closed bool        // by its owner
	forget func() bool // the context, which may live long
	once   sync.Once
}

// OpenEvents opens the channel through which the service tells of changes. ctx
// is that of the whole channel. Subscribe first: the answer says where the
// channel is.
//
// Nothing is owed to who does not listen: what happened before the channel was
// open, and what happens after it broke, is told to nobody (PS3.4 CC.2.4.3). So
// each time, the first one included: open the channel, then read the worklist
// ([Client.SearchWorkitems]), then follow the events. A channel is not opened
// again by itself, since that second step would be forgotten. Subscriptions
// outlive channels, unless the service says that it lost them
// ([ServiceStatus]).
//
// The client asks the server for a sign of life three times in an idle timeout
// and gives the channel up when none comes within one. An event has 1 MiB at
// most, and less when Limits.MaxResponseBytes is less; up to 64 of them wait for
// a caller that takes its time, the others in the connection.
func (c *Client) OpenEvents(ctx context.Context, r EventRequest) (*EventChannel, error) {
	var p segur.Problems
	address := c.checkEvents(&p, &r)
	if err := p.Err(opUPSEvents); err != nil {
		return nil, err
	}
	own, cancel := context.WithCancel(ctx)
	secure := strings.HasPrefix(address, "https:") // nothing secret travels in clear
	link := &eventLink{c: c, url: address, cancel: cancel, credentials: secure && r.SendCredentials || c.ours(address)}
	conn, _, err := websocket.Dial(own, address, &websocket.DialOptions{HTTPClient: &http.Client{Transport: link}}) //nolint:bodyclose // the channel closes it
	if err != nil {
		defer cancel()
		switch {
		case link.err != nil:
			return nil, link.err
		case link.resp == nil:
			return nil, &segur.Error{Op: opUPSEvents, Kind: segur.KindUnavailable, Message: "the handshake cannot be made"}
		}
		defer link.resp.Body.Close()
		return nil, fail(link.resp, segur.KindProtocol, opUPSEvents, "", "the answer does not open a WebSocket", nil)
	}
	ch := &EventChannel{ctx: ctx, conn: conn, link: link, resp: link.resp,
		idle: c.cfg.IdleTimeout, max: min(c.cfg.Limits.MaxResponseBytes, maxEvent), queue: make(chan *UPSEvent, maxWaiting)}
	conn.SetReadLimit(ch.max)
	link.opened()
	ch.mu.Lock()
	ch.forget = context.AfterFunc(ctx, func() { _ = ch.end(ch.contextError()) })
	ch.mu.Unlock()
	go ch.keepAlive(own)
	go ch.read(own)
	return ch, nil
}

// checkEvents returns the address with the scheme of HTTP.
func (c *Client) checkEvents(p *segur.Problems, r *EventRequest) string {
	if !validAETitle(r.AETitle) {
		p.Add("events.aeTitle", aeTitleRule)
	}
	if r.URL == "" {
		return c.base + "/subscribers/" + url.PathEscape(r.AETitle)
	}
	base, err := url.Parse(c.base + "/")
	if err != nil {
		p.Add("events.url", "cannot be resolved")
		return ""
	}
	u, err := base.Parse(strings.TrimSpace(r.URL))
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		p.Add("events.url", "must be the URL of a WebSocket")
		return ""
	}
	switch u.Scheme {
	case "wss":
		u.Scheme = "https"
	case "ws", "http":
		u.Scheme = base.Scheme
	case "https":
	default:
		p.Add("events.url", "must be the URL of a WebSocket")
	}
	return u.String()
}

// read takes what comes, so that the server gets its signs of life while the
// caller works.
func (ch *EventChannel) read(own context.Context) {
	defer close(ch.queue)
	reading := context.WithoutCancel(own) // the end of the context closes the connection
	for {
		kind, text, err := ch.conn.Read(reading)
		if err != nil {
			_ = ch.end(ch.explain(err))
			return
		}
		event, err := readEvent(text)
		if kind != websocket.MessageText {
			err = errEventText
		}
		if err != nil {
			_ = ch.end(ch.lost(segur.KindProtocol, err.Error()))
			return
		}
		select {
		case ch.queue <- event:
		case <-own.Done():
			_ = ch.end(ch.explain(own.Err()))
			return
		}
	}
}

// Events gives the events in their order, as they come. A break leaves the
// channel open, and Events can be called again. It ends without error only after
// [EventChannel.Close]. Whatever else ends it is an error, with
// [CodeEventsLost]: the server left ([segur.ErrUnavailable]), gave no sign of
// life ([segur.ErrTimeout]), sent what is no event ([segur.ErrProtocol],
// [segur.ErrTooLarge]); without the code when it was the context.
func (ch *EventChannel) Events() iter.Seq2[*UPSEvent, error] {
	return func(yield func(*UPSEvent, error) bool) {
		for event := range ch.queue {
			if closed, _ := ch.ended(); closed || !yield(event, nil) {
				return
			}
		}
		if closed, err := ch.ended(); !closed {
			yield(nil, err)
		}
	}
}

// ended tells whether the owner closed the channel, and else what ended it.
func (ch *EventChannel) ended() (closed bool, err error) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.closed && ch.err == nil, ch.err
}

// Close tells the server that nobody listens any more, and frees the connection.
// The subscriptions stay. It returns nil.
func (ch *EventChannel) Close() error {
	ch.mu.Lock()
	ch.closed = true
	ch.mu.Unlock()
	_ = ch.end(nil) // what ended it before was told
	return nil
}

const (
	maxEvent   = 1 << 20
	maxWaiting = 64
)

// goodbye bounds the wait for the answer to our leaving.
const goodbye = time.Second

// end ends the channel with err, once, and returns what ended it: nil when its
// owner closed it.
func (ch *EventChannel) end(err error) error {
	ch.mu.Lock()
	if ch.err == nil && !ch.closed {
		ch.err = err
	}
	err = ch.err
	forget := ch.forget
	ch.mu.Unlock()
	ch.once.Do(func() {
		forget()
		if err == nil {
			t := time.AfterFunc(goodbye, ch.link.cancel)
			_ = ch.conn.Close(websocket.StatusNormalClosure, "")
			t.Stop()
		} else {
			_ = ch.conn.CloseNow()
		}
		_ = ch.resp.Fail(err) // nil too: the end of the connection is no failure then
		_ = ch.resp.Body.Close()
		ch.link.cancel()
	})
	return err
}

// keepAlive asks for signs of life. Each one that comes, or anything else, holds
// off the idle timeout of the connection, which runs while somebody reads.
func (ch *EventChannel) keepAlive(ctx context.Context) {
	every := max(ch.idle/3, time.Millisecond)
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			wait, cancel := context.WithTimeout(ctx, every)
			_ = ch.conn.Ping(wait) // that no answer comes is seen by the reader
			cancel()
		}
	}
}

// explain says what ended the connection.
func (ch *EventChannel) explain(err error) error {
	switch {
	case ch.ctx.Err() != nil:
		return ch.contextError()
	case errors.Is(err, websocket.ErrMessageTooBig):
		return ch.lost(segur.KindTooLarge, fmt.Sprintf("an event is larger than its limit of %d bytes", ch.max))
	case websocket.CloseStatus(err) != -1:
		return ch.lost(segur.KindUnavailable, fmt.Sprintf("the server closed the channel of events with status %d", websocket.CloseStatus(err)))
	}
	switch ended := ch.link.fault(); {
	case errors.Is(ended, segur.ErrTimeout):
		return ch.lost(segur.KindTimeout, "the server gave no sign of life for "+ch.idle.String())
	case ended != nil || errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed):
		return ch.lost(segur.KindUnavailable, "the connection of the channel of events ended")
	}
	return ch.lost(segur.KindProtocol, "what came through the channel of events is no WebSocket")
}

func (ch *EventChannel) lost(kind segur.Kind, message string) error {
	return &segur.Error{Op: opUPSEvents, Kind: kind, Code: CodeEventsLost, Message: message, Help: segur.Text{
		FR: "Le canal des événements est fermé : le rouvrir, puis relire la liste de tâches, car ce qui a changé entre-temps n'a été dit à personne.",
		EN: "The channel of events ended: open it again, then read the worklist, since nobody was told what changed meanwhile."}}
}

func (ch *EventChannel) contextError() error {
	kind := segur.KindCanceled
	if errors.Is(ch.ctx.Err(), context.DeadlineExceeded) {
		kind = segur.KindTimeout
	}
	return &segur.Error{Op: opUPSEvents, Kind: kind, Message: "the context of the channel of events ended", Err: ch.ctx.Err()}
}

// eventLink carries a WebSocket over the transport of the client: its TLS, its
// authorisation, its idle timeout and its evidence.
type eventLink struct {
	c           *Client
	url         string
	credentials bool
	cancel      context.CancelFunc
	resp        *transport.Response
	err         error // of the handshake

	mu    sync.Mutex
	open  bool
	ended error
}

// RoundTrip makes the handshake.
func (l *eventLink) RoundTrip(r *http.Request) (*http.Response, error) {
	req := &transport.Request{Op: opUPSEvents, Method: http.MethodGet, URL: l.url, Header: r.Header.Clone(), RepeatSafe: true}
	if l.credentials {
		if l.err = l.c.authorize(r.Context(), req); l.err != nil {
			return nil, l.err
		}
	}
	if l.resp, l.err = l.c.channels.Do(r.Context(), req); l.err != nil {
		return nil, l.err
	}
	_, both := l.resp.Body.(io.Writer)
	switch {
	case l.resp.Status != http.StatusSwitchingProtocols:
		l.err = upsRefused(l.resp, opUPSEvents)
	case !both:
		l.err = fail(l.resp, segur.KindProtocol, opUPSEvents, "", "the HTTP client that was given cannot carry a WebSocket: it must set no Timeout", nil)
	}
	if l.err != nil {
		_ = l.resp.Body.Close()
		return nil, l.err
	}
	return &http.Response{StatusCode: l.resp.Status, Header: l.resp.Header, Body: l, Request: r}, nil
}

func (l *eventLink) opened() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = true
}

// Read reads nothing until the handshake was found good.
func (l *eventLink) Read(p []byte) (int, error) {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	if !open {
		return 0, io.EOF
	}
	n, err := l.resp.Body.Read(p)
	if err == io.EOF { // which would be taken for the end of a message
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.ended == nil {
			l.ended = err
		}
	}
	return n, err
}

func (l *eventLink) Write(p []byte) (int, error) {
	w, ok := l.resp.Body.(io.Writer)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return w.Write(p)
}

// Close ends the connection; the operation ends with the channel.
func (l *eventLink) Close() error {
	l.cancel()
	return nil
}

func (l *eventLink) fault() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}
