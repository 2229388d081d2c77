package transport

import (
	"errors"
	"fmt"
	"strings"
)

// streamReset is how HTTP/2 ends one exchange and keeps the connection (RFC 9113 section 6.4). net/http does not export its
// type; errors.As fills any structure that has the same fields.
type streamReset struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamReset) Error() string { return fmt.Sprintf("HTTP/2 stream reset, code %d", e.Code) }

// byPeer returns the reset of a stream by the service; else it is net/http that ended it, since what came is not HTTP/2.
func byPeer(err error) (streamReset, bool) {
	var e streamReset
	if !errors.As(err, &e) || e.Cause == nil || e.Cause.Error() != "received from peer" {
		return e, false
	}
	return streamReset{StreamID: e.StreamID, Code: e.Code}, true
}

// lostHTTP2 reports whether err is the end of an HTTP/2 connection. These errors have no exported type; some quote what the
// service wrote into its last frame, so their texts are not passed on.
func lostHTTP2(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "http2: ") && !strings.Contains(text, "frame") && !headersExceeded(err)
}

// headersExceeded tells apart the limit of the response head, in HTTP/1.1 and in HTTP/2.
func headersExceeded(err error) bool {
	text := err.Error()
	return strings.Contains(text, "server response headers exceeded") || strings.Contains(text, "response header list larger than advertised limit")
}
