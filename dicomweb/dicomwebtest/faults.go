package dicomwebtest

import (
	"net/http"
	"strconv"
	"time"
)

// Faults of image servers, made of the fields of [Fault]; the name of an
// operation restricts them to it.

// Throttled reads requests and sends answers at that many bytes per second.
func Throttled(op string, bytesPerSecond int64) Fault { return Fault{Op: op, Rate: bytesPerSecond} }

// TruncatedAt ends the body of an answer after n bytes as if it were complete:
// what a server that closes the connection at the end makes of a crash.
func TruncatedAt(op string, n int64) Fault {
	if n == 0 {
		n = AtStart
	}
	return Fault{Op: op, TruncateAfter: n}
}

// WrongBoundary announces another boundary than the one of the body.
func WrongBoundary(op string) Fault {
	return Fault{Op: op, Alter: func(b []byte) []byte { return b },
		ContentType: `multipart/related; type="application/dicom"; boundary=another`}
}

// Busy answers 503 and names the time to come back after, in whole seconds.
func Busy(op string, after time.Duration, times int) Fault {
	return Fault{Op: op, Status: http.StatusServiceUnavailable, Times: times,
		Header: http.Header{"Retry-After": {strconv.Itoa(int(after / time.Second))}}}
}

// HTML answers with a page, as a portal or a gateway does that the request
// never gets past.
func HTML(op string, status int) Fault {
	return Fault{Op: op, Status: status, ContentType: "text/html; charset=utf-8", Body: []byte("<!DOCTYPE html><html><body>Bienvenue</body></html>")}
}
