package soap

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

// Answer is what a service answered: an envelope without fault, and the parts that came with it. Close is mandatory: the
// operation ends, and is observed, at that moment.
type Answer struct {
	*Message
	// Status is the HTTP status.
	Status int
	// Multipart says that the envelope was the root of a multipart/related message. Such an answer must be read to
	// its end with Next before it may be trusted.
	Multipart bool

	op, id string // of the call
	resp   *transport.Response
	reader *xop.Reader
}

// Part is one attachment of an answer, read as it comes from the network: to io.EOF before it may be trusted. Hash
// and size are the caller's to check.
type Part struct {
	// ContentID identifies the part, without angle brackets.
	ContentID string
	// ContentType is the header of the part as written; may be empty.
	ContentType string

	a    *Answer
	part *xop.Part
	r    io.Reader
}

// Is says whether href, the attribute of an xop:Include, names this part.
func (p *Part) Is(href string) bool { return p.part.Is(href) }

// Read reads the content, its transfer encoding undone. io.EOF means that the part is whole; a part that may have been
// cut ends with an error of kind [segur.KindTruncated].
func (p *Part) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if err != nil && err != io.EOF { //nolint:errorlint // a wrapped io.EOF is not the end
		// A base64 text that was cut looks corrupt before it looks cut: half a delimiter is no base64.
		if _, cause := io.CopyN(io.Discard, p.part, 512); cause != nil && cause != io.EOF { //nolint:errorlint // as above
			err = cause
		}
		err = p.a.readError(err)
	}
	return n, err
}

// Next returns the next part, io.EOF after the last one when the whole message was seen, an [*segur.Error] otherwise.
// What was left unread of the part before is skipped. A plain answer has no parts.
func (a *Answer) Next() (*Part, error) {
	if a.reader == nil {
		return nil, io.EOF
	}
	p, err := a.reader.Next()
	if err == io.EOF { //nolint:errorlint // bare only at the closing delimiter
		return nil, io.EOF
	}
	if err != nil {
		return nil, a.readError(err)
	}
	r, err := p.Content()
	if err != nil {
		return nil, a.readError(err)
	}
	return &Part{ContentID: p.ContentID(), ContentType: p.Header.Get("Content-Type"), a: a, part: p, r: r}, nil
}

// Finish reads the rest of the message and returns nil when its end was seen: for answers whose parts do not matter.
func (a *Answer) Finish() error {
	for {
		_, err := a.Next()
		if err == io.EOF { //nolint:errorlint // see Next
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Fail says how the operation ended where the caller alone can tell: a refusal inside a SOAP body, a part whose hash is
// wrong. It returns err, and is to be called before Close.
func (a *Answer) Fail(err error) error { return a.resp.Fail(err) }

// Close ends the answer and the operation. Closing early abandons the connection. A second Close does nothing.
func (a *Answer) Close() error { return a.resp.Body.Close() }

// readError types a failure met after the head of the answer, with which the operation then ends: what is cut between
// two parts looks like a clean end to transport.
func (a *Answer) readError(err error) error {
	e := readError(a.op, err)
	if e.Status == 0 {
		e.Status = a.Status
	}
	if e.RequestID == "" {
		e.RequestID = a.id
	}
	return a.resp.Fail(e)
}

// readError types a failure met while reading an answer: what transport said wins, since it knows why the stream
// ended.
func readError(op string, err error) *segur.Error {
	var e *segur.Error
	if errors.As(err, &e) {
		if e.Op == "" {
			c := *e
			c.Op = op
			e = &c
		}
		return e
	}
	e = &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the multipart answer cannot be read", Err: err}
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Message = segur.KindCanceled, "cancelled while reading the answer"
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Message = segur.KindTimeout, "the deadline passed while reading the answer"
	case errors.Is(err, xop.ErrTruncated), errors.Is(err, io.ErrUnexpectedEOF):
		e.Kind, e.Message = segur.KindTruncated, "the answer stops before its end"
	case errors.Is(err, xop.ErrLimit):
		e.Kind, e.Message = segur.KindTooLarge, "the answer is beyond a limit"
	}
	return e
}

// statusError is the error of an answer that is not SOAP, by its HTTP status.
func statusError(c *Call, status int, mediaType string) *segur.Error {
	if mediaType == "" {
		mediaType = "no media type"
	}
	e := &segur.Error{Op: c.Op, Kind: segur.KindProtocol, Status: status, RequestID: c.MessageID,
		Message: "the answer is not SOAP but " + mediaType}
	switch status {
	case http.StatusUnauthorized, http.StatusProxyAuthRequired:
		e.Kind = segur.KindAuthentication
	case http.StatusForbidden:
		e.Kind = segur.KindAuthorization
	case http.StatusTooManyRequests:
		e.Kind = segur.KindRateLimited
	case http.StatusServiceUnavailable:
		e.Kind = segur.KindUnavailable
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		// The gateway does not say whether the service got the request.
		e.Kind = segur.KindOutcomeUnknown
		if c.RepeatSafe {
			e.Kind = segur.KindUnavailable
		}
	}
	return e
}
