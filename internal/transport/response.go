package transport

import (
	"io"
	"net/http"
	"time"

	"github.com/segur-sdk/segur"
)

// Response is an answer whose head has come.
type Response struct {
	// Status is the HTTP status.
	Status int
	// Header has canonical names.
	Header http.Header
	// ContentLength is the announced length; -1 when unknown.
	ContentLength int64
	// Delimited says that the answer marks its end, by a length or by the
	// framing of HTTP: one that the connection ends, without TLS, may be cut
	// unnoticed.
	Delimited bool
	// RetryAfter is the delay that the service asked for; 0 when none.
	RetryAfter time.Duration
	// Body fails with [segur.ErrTruncated] when the answer is cut,
	// [segur.ErrTooLarge] beyond its limit, [segur.ErrTimeout] when idle. For a
	// request that is not safe to repeat, those failures are
	// [segur.ErrOutcomeUnknown] errors that also match the former. Close is
	// mandatory and ends the operation. After status 101 it is the connection,
	// an [io.Writer] too, without limit and without drain; nothing read for the
	// idle timeout while Read waits, or the end of the context, closes it.
	Body io.ReadCloser

	o *operation
}

// Fail says how the operation ended in the eyes of the caller: a SOAP fault, a
// refusal inside a 200. To be called before Body is closed; the last call
// wins. It returns err.
func (r *Response) Fail(err error) error {
	r.o.note(err, true)
	return err
}

const preallocated = 16 << 20

// ReadAll reads the whole body, within its limit, and closes it.
func (r *Response) ReadAll() ([]byte, error) {
	defer r.Body.Close()
	// The announced length is within the limit, which may be none.
	if r.ContentLength > 0 && r.ContentLength <= preallocated {
		b := make([]byte, r.ContentLength)
		n, err := io.ReadFull(r.Body, b)
		return b[:n], err
	}
	return io.ReadAll(r.Body)
}

// StatusError returns nil below 400, else the error that the status says.
// It reads no body.
func (r *Response) StatusError() error {
	if r.Status < 400 {
		return nil
	}
	return r.o.statusError(r.Status, r.RetryAfter)
}

func (o *operation) statusError(status int, after time.Duration) *segur.Error {
	e := o.error(StatusKind(status, o.req.RepeatSafe), http.StatusText(status), nil)
	e.Status, e.RetryAfter = status, after
	return e
}

// StatusKind classes an HTTP status of 400 and more. A gateway that lost the
// answer (500, 502, 504) leaves the outcome unknown unless the request is safe
// to repeat.
func StatusKind(status int, repeatSafe bool) segur.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		return segur.KindAuthentication
	case http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		return segur.KindAuthorization
	case http.StatusNotFound, http.StatusGone:
		return segur.KindNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return segur.KindConflict
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return segur.KindRefused
	case http.StatusRequestEntityTooLarge:
		return segur.KindTooLarge
	case http.StatusTooManyRequests:
		return segur.KindRateLimited
	case http.StatusRequestTimeout, http.StatusServiceUnavailable:
		return segur.KindUnavailable
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return segur.KindProtocol
	}
	switch {
	case status < 500:
		return segur.KindProtocol
	case !repeatSafe:
		return segur.KindOutcomeUnknown
	}
	return segur.KindUnavailable
}
