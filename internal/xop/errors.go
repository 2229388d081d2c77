package xop

import (
	"errors"
	"fmt"
)

// Errors of this package, for errors.Is. None of them carries bytes of a message.
var (
	// ErrTruncated: the message ended before its closing delimiter. The error is a *TruncatedError.
	ErrTruncated = errors.New("xop: multipart message ended before its closing delimiter")
	// ErrLimit: the message is larger than allowed. The error is a *LimitError.
	ErrLimit = errors.New("xop: multipart message exceeds a limit")
	// ErrMalformed: the message does not have the structure of a multipart message.
	ErrMalformed = errors.New("xop: malformed multipart message")
	// ErrContentType: the Content-Type has no media type, contradicts itself or is too long.
	ErrContentType = errors.New("xop: unusable Content-Type")
	// ErrNotMultipart: the Content-Type is not multipart/related.
	ErrNotMultipart = errors.New("xop: not a multipart/related message")
	// ErrBoundary: the boundary is missing, illegal, or occurs in what it must delimit.
	ErrBoundary = errors.New("xop: unusable boundary")
	// ErrHeader: a value cannot stand in a part header.
	ErrHeader = errors.New("xop: illegal header value")
	// ErrStale: a part was read after the reader had moved on.
	ErrStale = errors.New("xop: part is no longer readable, the reader has moved on")
	// ErrSize: a content did not deliver the number of bytes that it announced.
	ErrSize = errors.New("xop: content has not the announced size")
	// ErrEncoding: a part has a Content-Transfer-Encoding that is not known.
	ErrEncoding = errors.New("xop: unknown content transfer encoding")
	// ErrCID: a reference is not a cid: URI.
	ErrCID = errors.New("xop: not a cid: reference")
)

// TruncatedError says how far a message went that ended too early. It matches ErrTruncated.
type TruncatedError struct {
	Parts int   // parts whose end was seen
	Bytes int64 // bytes of the message that were received
	Err   error // why the stream ended, nil when it ended cleanly
}

func (e *TruncatedError) Error() string {
	s := fmt.Sprintf("%v (%d whole parts, %d bytes)", ErrTruncated, e.Parts, e.Bytes)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Is matches ErrTruncated.
func (e *TruncatedError) Is(target error) bool { return target == ErrTruncated }

// Unwrap returns the cause: context.Canceled, a network error, or nil.
func (e *TruncatedError) Unwrap() error { return e.Err }

// LimitError names the limit that a message exceeds. It matches ErrLimit.
type LimitError struct {
	Limit string // field of Limits
	Max   int64  // its value
}

func (e *LimitError) Error() string { return fmt.Sprintf("%v: %s is %d", ErrLimit, e.Limit, e.Max) }

// Is matches ErrLimit.
func (e *LimitError) Is(target error) bool { return target == ErrLimit }
