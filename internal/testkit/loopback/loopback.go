// Package loopback is the listening part of the fakes: an HTTP server on 127.0.0.1, with TLS or without. Unlike
// net/http/httptest it adds no flag to the programs that link it, keeps refused handshakes out of the log and cuts the
// calls under way when it closes.
package loopback

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Server listens until Close.
type Server struct {
	// URL is the root, without a slash at the end.
	URL string

	http *http.Server
	done chan struct{}
}

// Start serves h; without a TLS configuration, in plain HTTP. Like net/http/httptest it panics when it cannot listen.
func Start(h http.Handler, config *tls.Config) *Server {
	var listener net.ListenConfig
	l, err := listener.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		panic("loopback: " + err.Error())
	}
	s := &Server{URL: "http://" + l.Addr().String(), done: make(chan struct{})}
	if config != nil {
		s.URL = "https://" + l.Addr().String()
		l = tls.NewListener(l, config)
	}
	s.http = &http.Server{
		Handler:           h,
		ErrorLog:          log.New(io.Discard, "", 0), // refused handshakes are what tests provoke
		ReadHeaderTimeout: time.Minute,
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // always returns an error, at the latest that of Close
	}()
	return s
}

// Close stops the server and cuts the calls under way. It may be called again.
func (s *Server) Close() {
	_ = s.http.Close()
	<-s.done
}
