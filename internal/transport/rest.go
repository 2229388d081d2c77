package transport

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/segur-sdk/segur"
)

// REST makes small calls whose bodies are held in memory: the health
// directory, Pro Santé Connect. It is resty above [Client.Do]: its own
// repetition, redirects, logging and streaming are off, because it repeats
// whatever the meaning of a call, sends an empty body the second time, and
// holds streams in memory. It is safe for concurrent use.
type REST struct {
	c     *Client
	resty *resty.Client
}

// REST returns the REST side of the client.
func (c *Client) REST() *REST {
	r := resty.NewWithClient(&http.Client{Transport: roundTripper{c}, CheckRedirect: noRedirect})
	r.SetRetryCount(0).SetLogger(silent{}).SetDisableWarn(true)
	return &REST{c: c, resty: r}
}

// MayRepeat is [Client.MayRepeat].
func (r *REST) MayRepeat() bool { return r.c.MayRepeat() }

// Call is one REST operation.
type Call struct {
	// Op, RepeatSafe, Once, RequestID and ResponseLimit are those of [Request].
	Op            string
	RepeatSafe    bool
	Once          bool
	RequestID     string
	ResponseLimit int64
	// Method is the HTTP method. Empty: GET without Body, POST with one.
	Method string
	// URL is absolute and Query is added to it.
	URL   string
	Query url.Values
	// Header is added. Accept is application/json unless it says otherwise.
	// Accept-Encoding: gzip is honoured: the reply is inflated, within the
	// limit of the response.
	Header http.Header
	// Body is sent with ContentType. nil: none.
	Body        []byte
	ContentType string
	// Secret keeps both bodies out of the evidence: they hold tokens.
	Secret bool
}

// Reply is the answer to a [Call].
type Reply struct {
	// Status is the HTTP status.
	Status int
	// Header has canonical names.
	Header http.Header
	// Body is complete.
	Body []byte
	// RetryAfter is the delay that the service asked for; 0 when none.
	RetryAfter time.Duration

	o *operation
}

// StatusError is [Response.StatusError].
func (r *Reply) StatusError() error {
	return (&Response{Status: r.Status, RetryAfter: r.RetryAfter, o: r.o}).StatusError()
}

// Do carries out the call and returns the reply whatever its status.
func (r *REST) Do(ctx context.Context, call Call) (*Reply, error) {
	target, err := call.target()
	if err != nil {
		return nil, err
	}
	e := &envelope{req: Request{
		Op: call.Op, Method: call.Method, URL: target, RepeatSafe: call.RepeatSafe, Once: call.Once, RequestID: call.RequestID,
		SecretBodies: call.Secret, ResponseLimit: call.ResponseLimit,
	}}
	req := r.resty.R().SetContext(context.WithValue(ctx, envelopeKey{}, e))
	for k, v := range call.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", r.c.cfg.UserAgent)
	}
	if call.Body != nil {
		e.req.Body = segur.BytesContent(call.Body)
		req.SetBody(call.Body).SetHeader("Content-Type", call.ContentType)
	}
	resp, err := req.Execute(e.req.method(), target)
	if err != nil {
		var known *segur.Error
		if errors.As(err, &known) { // resty and net/http wrap it with the URL
			return nil, known
		}
		return nil, &segur.Error{Op: call.Op, Kind: segur.KindInvalidInput, Message: "the call cannot be built", RequestID: call.RequestID}
	}
	return &Reply{
		Status: resp.StatusCode(), Header: resp.Header(), Body: resp.Body(),
		RetryAfter: retryAfter(resp.Header(), r.c.cfg.Clock()), o: e.o,
	}, nil
}

// JSON carries out the call and decodes its answer into out, which may be nil.
// A status of 400 and more is an error, and so is anything after the value.
func (r *REST) JSON(ctx context.Context, call Call, out any) error {
	reply, err := r.Do(ctx, call)
	if err != nil {
		return err
	}
	if err := reply.StatusError(); err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(reply.Body))
	if err := d.Decode(out); err != nil {
		// The text of the error may quote the answer.
		return &segur.Error{Op: call.Op, Kind: segur.KindProtocol, Message: "the answer is not the JSON expected", Status: reply.Status, RequestID: call.RequestID}
	}
	if _, err := d.Token(); err != io.EOF {
		return &segur.Error{Op: call.Op, Kind: segur.KindProtocol, Message: "something follows the JSON value", Status: reply.Status, RequestID: call.RequestID}
	}
	return nil
}

func (c *Call) target() (string, error) {
	if len(c.Query) == 0 {
		return c.URL, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return "", &segur.Error{Op: c.Op, Kind: segur.KindInvalidInput, Details: []segur.Detail{{Field: "url", Message: "is not a URL"}}}
	}
	q := u.Query()
	for k, v := range c.Query {
		q[k] = append(q[k], v...)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// envelope carries what net/http has no room for through resty.
type envelope struct {
	req Request
	o   *operation
}

type envelopeKey struct{}

type roundTripper struct{ c *Client }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close() // the same bytes are opened again, once for each attempt
	}
	e, ok := r.Context().Value(envelopeKey{}).(*envelope)
	if !ok {
		return nil, errors.New("transport: not called through REST.Do")
	}
	req := e.req
	req.Header = r.Header
	resp, err := t.c.Do(r.Context(), &req)
	if err != nil {
		return nil, err
	}
	e.o = resp.o
	out := &http.Response{
		StatusCode: resp.Status, Status: http.StatusText(resp.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: resp.Header, Body: resp.Body, ContentLength: resp.ContentLength, Request: r,
	}
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") { // it was asked for
		limit := e.req.ResponseLimit
		if limit == 0 {
			limit = t.c.cfg.Limits.MaxResponseBytes
		}
		out.Body, out.ContentLength, out.Uncompressed = &inflated{src: resp.Body, o: resp.o, limit: limit, left: limit}, -1, true
		out.Header = resp.Header.Clone() // resty would inflate it once more, without limit
		out.Header.Del("Content-Encoding")
	}
	return out, nil
}

// inflated is a response that came compressed, bounded once inflated too.
type inflated struct {
	src         io.ReadCloser
	o           *operation
	zip         *gzip.Reader
	limit, left int64 // limit below 0: none
}

func (b *inflated) Read(p []byte) (int, error) {
	var err error
	if b.zip == nil {
		if b.zip, err = gzip.NewReader(b.src); err == io.EOF {
			return 0, err // no content: some services announce its encoding all the same
		} else if err != nil {
			return 0, b.failure(err)
		}
	}
	n, err := b.zip.Read(p)
	if b.left -= int64(n); b.limit >= 0 && b.left < 0 {
		return 0, b.fail(b.o.tooLarge(b.limit))
	}
	if err != nil && err != io.EOF {
		err = b.failure(err)
	}
	return n, err
}

func (b *inflated) failure(err error) error {
	var known *segur.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, io.ErrUnexpectedEOF):
		return b.fail(b.o.error(segur.KindTruncated, "the compressed response stops before its end", nil))
	}
	return b.fail(b.o.error(segur.KindProtocol, "the response is not well compressed", nil))
}

// fail is how the operation ends, for the caller and the observer.
func (b *inflated) fail(e *segur.Error) error {
	e = b.o.unsure(true, e)
	b.o.note(e, false)
	return e
}

func (b *inflated) Close() error { return b.src.Close() }

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
