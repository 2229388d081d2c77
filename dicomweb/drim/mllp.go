package drim

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
	"github.com/segur-sdk/segur/internal/transport"
)

// MLLPHandler acts on one message and returns the acknowledgement, which is sent
// before the next message of the connection is read. nil sends nothing and
// closes the connection: the sender, without an answer, sends again.
type MLLPHandler func(ctx context.Context, message []byte) []byte

// MLLPLimits bound an MLLP server. Zero values are the defaults.
type MLLPLimits struct {
	// MaxMessageBytes bounds a block. Default: [DefaultMaxMessageBytes].
	MaxMessageBytes int
	// MaxConnections bounds how many peers are served at a time; others wait to be
	// accepted, for as long as those keep their connections and IdleTimeout lets
	// them. Default: 16. Memory is bounded by the product of both.
	MaxConnections int
	// IdleTimeout closes a connection on which no block begins. Default: 10 minutes.
	IdleTimeout time.Duration
	// MessageTimeout bounds the time that a block takes to arrive, and that of the
	// TLS handshake. Default: 1 minute.
	MessageTimeout time.Duration
	// WriteTimeout bounds the time that an acknowledgement takes. Default: 30 seconds.
	WriteTimeout time.Duration
	// OnError is told why a connection was given up: a block that was cut, is too
	// large or none, a handler that panicked. Optional. Called from several
	// goroutines; the error holds no content.
	OnError func(remote net.Addr, err error)
}

func (l MLLPLimits) withDefaults() MLLPLimits {
	if l.MaxMessageBytes <= 0 {
		l.MaxMessageBytes = DefaultMaxMessageBytes
	}
	if l.MaxConnections <= 0 {
		l.MaxConnections = 16
	}
	if l.IdleTimeout <= 0 {
		l.IdleTimeout = 10 * time.Minute
	}
	if l.MessageTimeout <= 0 {
		l.MessageTimeout = time.Minute
	}
	if l.WriteTimeout <= 0 {
		l.WriteTimeout = 30 * time.Second
	}
	return l
}

// ServeMLLP serves MLLP on a listener, which is the caller's: give it one of
// crypto/tls unless the network is your own. Connections are independent, and
// the messages of one are handled in turn. A block that is cut, too large, or
// none ends its connection without reaching the handler.
//
// It returns when ctx ends, nil then, or when the listener fails; the listener
// and every connection are closed and every handler has returned. A handler that
// ctx interrupts should return nil: the message was not taken.
func ServeMLLP(ctx context.Context, listener net.Listener, handler MLLPHandler, limits MLLPLimits) error {
	s := &mllpServer{handler: handler, limits: limits.withDefaults()}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel() // before waiting
	defer func() { _ = listener.Close() }()
	slots := make(chan struct{}, s.limits.MaxConnections)
	var delay time.Duration
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		conn, err := listener.Accept()
		if err != nil {
			<-slots
			var temporary interface{ Timeout() bool }
			switch {
			case ctx.Err() != nil:
				return nil
			case errors.As(err, &temporary) && temporary.Timeout() && delay < time.Second:
				delay = max(2*delay, 5*time.Millisecond)
				_ = transport.Pause(ctx, delay) // ended: so does the loop
				continue
			}
			return &segur.Error{Op: opMLLP, Kind: segur.KindUnavailable, Message: "the listener failed", Err: err}
		}
		delay = 0
		wg.Go(func() {
			defer func() { <-slots }()
			s.serve(ctx, conn)
		})
	}
}

const opMLLP = "drim.ServeMLLP"

type mllpServer struct {
	handler MLLPHandler
	limits  MLLPLimits
}

func (s *mllpServer) serve(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	// A peer that waits is cut at once; an acknowledgement under way may still go.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := s.handshake(ctx, conn); err != nil {
		if ctx.Err() == nil {
			s.report(conn, mllpError(err))
		}
		return
	}
	r := bufio.NewReaderSize(conn, 32<<10)
	for {
		message, err := s.read(ctx, conn, r)
		if err != nil {
			if !errors.Is(err, io.EOF) && ctx.Err() == nil {
				s.report(conn, mllpError(err))
			}
			return
		}
		answer, err := s.handle(ctx, message)
		if err != nil {
			s.report(conn, err)
			return
		}
		if answer == nil {
			return
		}
		if err := conn.SetWriteDeadline(time.Now().Add(s.limits.WriteTimeout)); err != nil {
			return
		}
		if _, err := conn.Write(hl7.AppendBlock(nil, answer)); err != nil {
			s.report(conn, &segur.Error{Op: opMLLP, Kind: segur.KindOutcomeUnknown, Message: "the acknowledgement did not leave: the sender will send the message again", Err: err})
			return
		}
	}
}

// handshake begins TLS, where the listener has it: a peer that does not is not
// waited for as one between two messages is.
func (s *mllpServer) handshake(ctx context.Context, conn net.Conn) error {
	c, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.limits.MessageTimeout)
	defer cancel()
	return c.HandshakeContext(ctx)
}

func (s *mllpServer) read(ctx context.Context, conn net.Conn, r *bufio.Reader) ([]byte, error) {
	deadline := func(d time.Duration) {
		_ = conn.SetReadDeadline(time.Now().Add(d))
		if ctx.Err() != nil { // ended meanwhile: what it set would be undone
			_ = conn.SetReadDeadline(time.Unix(1, 0))
		}
	}
	deadline(s.limits.IdleTimeout)
	return hl7.ReadBlock(r, s.limits.MaxMessageBytes, func() { deadline(s.limits.MessageTimeout) })
}

// handle calls the handler; its panic ends the connection and not the program.
func (s *mllpServer) handle(ctx context.Context, message []byte) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, &segur.Error{Op: opMLLP, Kind: segur.KindUnknown, Message: "the handler panicked"}
		}
	}()
	return s.handler(ctx, message), nil
}

func (s *mllpServer) report(conn net.Conn, err error) {
	if s.limits.OnError != nil {
		s.limits.OnError(conn.RemoteAddr(), err)
	}
}

func mllpError(err error) error {
	e := &segur.Error{Op: opMLLP, Kind: segur.KindProtocol, Err: err}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Kind, e.Message = segur.KindTruncated, "the peer closed inside a block"
	case errors.Is(err, hl7.ErrBlockTooLarge):
		e.Kind = segur.KindTooLarge
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Kind, e.Message = segur.KindTimeout, "no whole block came in time"
	}
	return e
}

// HandlerOptions are what [MessageReader.Handler] answers with. The zero value
// is ready to use.
type HandlerOptions struct {
	// IDs makes the control identifiers of acknowledgements. nil: random ones.
	IDs segur.IDSource
	// Clock gives their time. Default: time.Now.
	Clock func() time.Time
	// OnError is told why a message was not accepted. Optional. Called from
	// several goroutines.
	OnError func(header *MessageHeader, err error)
}

// Handler reads each message, gives it to act, and acknowledges: AA when act
// returns nil, AE with the reasons when the message cannot be read or act refuses
// it. A message that was not taken for want of time or of a service
// ([segur.Error.Retryable], or ctx ended) is not answered: an AE would tell the
// sender to correct it, silence makes it send again. act is called for every
// message that arrives whole, so for one that is sent again too.
func (o MessageReader) Handler(act func(ctx context.Context, m Message) error, h HandlerOptions) MLLPHandler {
	now, ids := h.Clock, h.IDs
	if now == nil {
		now = time.Now
	}
	if ids == nil {
		ids = segur.NewIDSource(rand.Reader)
	}
	return func(ctx context.Context, raw []byte) []byte {
		m, err := o.Parse(raw)
		var header *MessageHeader
		if err == nil {
			x := m.Header()
			header = &x
			err = act(ctx, m)
		}
		if err != nil && h.OnError != nil {
			h.OnError(header, err)
		}
		var e *segur.Error
		if err != nil && (ctx.Err() != nil || errors.As(err, &e) && e.Retryable()) {
			return nil
		}
		id, idErr := ids.UUID() // MSH-10 has 20 characters in version 2.5
		if idErr != nil {
			return nil
		}
		ack, ackErr := Ack(raw, AckOptions{Err: err, Time: now(), ControlID: strings.ReplaceAll(id, "-", "")[:20]})
		if ackErr != nil {
			return nil
		}
		return ack
	}
}
