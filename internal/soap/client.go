package soap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

// Media types of SOAP messages.
const (
	mediaSOAP12    = "application/soap+xml"
	mediaXOP       = "application/xop+xml"
	mediaMultipart = "multipart/related"
)

// Client sends calls. It is immutable and safe for concurrent use.
type Client struct {
	transport *transport.Client
	limits    segur.Limits
	ids       segur.IDSource
}

// New returns a client over t. Limits and IDs (for MTOM boundaries) come from cfg.
func New(t *transport.Client, cfg segur.ClientConfig) *Client {
	cfg = cfg.WithDefaults()
	return &Client{transport: t, limits: cfg.Limits, ids: cfg.IDs}
}

// MayRepeat is that of the transport, for calls that are made Once.
func (c *Client) MayRepeat() bool { return c.transport.MayRepeat() }

// Do sends the call and reads the envelope of the answer. A fault is an error that wraps a [*Fault], whatever the HTTP
// status. Every error is an [*segur.Error] with the Op and the MessageID of the call; none holds content of the message.
//
// Where the call is not RepeatSafe, an answer that cannot be understood settles nothing: the error is then of kind
// [segur.KindOutcomeUnknown], and matches what was wrong with the answer as well.
func (c *Client) Do(ctx context.Context, call *Call) (*Answer, error) {
	if err := call.check(); err != nil {
		return nil, err
	}
	contentType, body, err := c.encode(call)
	if err != nil {
		return nil, err
	}
	request := &transport.Request{
		Op: call.Op, Method: http.MethodPost, URL: call.Endpoint, Header: call.header(contentType), Body: body,
		SecretHeaders: slices.Collect(maps.Keys(call.Header)),
		RepeatSafe:    call.RepeatSafe, Once: call.Once, RequestID: call.MessageID, ResponseLimit: -1, // bounded here, part by part
	}
	if call.Renew != nil {
		request.Renew = func(ctx context.Context) (segur.Content, string, error) {
			next := *call
			if err := call.Renew(ctx, &next); err != nil {
				return nil, "", err
			}
			if err := next.check(); err != nil {
				return nil, "", err
			}
			contentType, body, err := c.encode(&next)
			call = &next // the answer is one to this message
			request.Header, request.SecretHeaders = next.header(contentType), slices.Collect(maps.Keys(next.Header))
			return body, next.MessageID, err
		}
	}
	resp, err := c.transport.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	a, err := c.read(call, resp)
	if err != nil {
		e := call.complete(typed(call.Op, err), resp)
		_ = resp.Fail(e)
		_ = resp.Body.Close() // the first error is the one that matters
		return nil, e
	}
	return a, nil
}

// header makes the HTTP header of the call.
func (c *Call) header(contentType string) http.Header {
	h := make(http.Header, len(c.Header)+2)
	maps.Copy(h, c.Header)
	h.Set("Content-Type", contentType)
	h.Set("Accept", mediaSOAP12+", "+mediaMultipart)
	return h
}

// complete adds to e what only the exchange knows.
func (c *Call) complete(e *segur.Error, resp *transport.Response) *segur.Error {
	if e.Status == 0 {
		e.Status = resp.Status
	}
	if e.RequestID == "" {
		e.RequestID = c.MessageID
	}
	switch e.Kind {
	case segur.KindRateLimited, segur.KindUnavailable:
		e.RetryAfter = resp.RetryAfter
	case segur.KindProtocol, segur.KindTruncated, segur.KindTooLarge:
		var f *Fault
		if c.RepeatSafe || resp.Status >= 400 && resp.Status < 500 || errors.As(e, &f) {
			break
		}
		return &segur.Error{Op: e.Op, Kind: segur.KindOutcomeUnknown, Status: e.Status, RequestID: e.RequestID,
			Message: "the request left and no usable answer came",
			Err:     &segur.Error{Kind: e.Kind, Message: e.Message, Err: e.Err}}
	}
	return e
}

// encode makes the HTTP body: the envelope alone, or MTOM when there are attachments.
func (c *Client) encode(call *Call) (contentType string, body segur.Content, err error) {
	envelope, err := Envelope(call)
	if err != nil {
		return "", nil, err
	}
	if len(call.Attachments) == 0 {
		return fmt.Sprintf(`%s; charset=utf-8; action="%s"`, mediaSOAP12, call.Action), segur.BytesContent(envelope), nil
	}
	return c.mtom(call, envelope)
}

func (c *Client) read(call *Call, resp *transport.Response) (*Answer, error) {
	a := &Answer{Status: resp.Status, op: call.Op, id: call.MessageID, resp: resp}
	contentType := resp.Header.Get("Content-Type")
	ct, err := xop.ParseContentType(contentType)
	if err != nil {
		ct = xop.ContentType{} // a page without a usable media type is told as such
	}
	var root io.Reader = resp.Body
	switch {
	case ct.Type == mediaMultipart:
		a.Multipart = true
		if root, err = a.open(resp.Body, contentType, c.limits); err != nil {
			return nil, err
		}
	case !isEnvelope(ct):
		return nil, statusError(call, resp.Status, ct.Type)
	}
	raw, err := readAll(call.Op, root, c.limits.MaxResponseBytes)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, statusError(call, resp.Status, "empty")
	}
	if a.Message, err = parseMessage(raw, c.limits.MaxResponseBytes); err != nil {
		return nil, err
	}
	if err := a.check(call); err != nil {
		return nil, err
	}
	return a, nil
}

// open starts a multipart answer and returns its root part.
func (a *Answer) open(body io.Reader, contentType string, l segur.Limits) (io.Reader, error) {
	var err error
	a.reader, err = xop.NewReader(body, contentType, xop.Options{Limits: xop.Limits{
		HeaderBytes: l.MaxHeaderBytes, Parts: int64(l.MaxParts), PartBytes: l.MaxPartBytes,
	}})
	if err != nil {
		return nil, a.readError(err)
	}
	root, err := a.reader.Root()
	if err != nil {
		return nil, a.readError(err)
	}
	if ct := root.ContentType(); ct.Type != mediaXOP && !isEnvelope(ct) {
		return nil, refuse("the root part of the multipart answer is not SOAP")
	}
	r, err := root.Content()
	if err != nil {
		return nil, a.readError(err)
	}
	return r, nil
}

// check is what can be told of an answer without knowing the service.
func (a *Answer) check(call *Call) error {
	if a.RelatesTo != "" && call.MessageID != "" && a.RelatesTo != call.MessageID {
		return refuse("the answer relates to another message")
	}
	if f := a.Fault; f != nil {
		e := &segur.Error{Op: call.Op, Kind: f.Kind(call.RepeatSafe), Code: printableOr(f.Subcode(), f.Code),
			Status: a.Status, RequestID: call.MessageID, Err: f}
		if call.Refused != nil {
			e = call.Refused(e, f)
		}
		return e
	}
	if err := a.checkUnderstood(call.Understood); err != nil {
		return err
	}
	if a.Status < 200 || a.Status > 299 {
		return refuse("the answer has an error status and no SOAP fault")
	}
	return nil
}

func printableOr(code, fallback string) string {
	if c := printable(code); c != "?" {
		return c
	}
	return printable(fallback)
}

// isEnvelope reports whether a media type may carry an envelope. Servers of both versions are met, and text/xml is
// what SOAP 1.1 and a number of gateways send. A charset other than UTF-8 contradicts what the XML reader accepts.
func isEnvelope(ct xop.ContentType) bool {
	switch ct.Type {
	case mediaSOAP12, "text/xml", "application/xml":
	default:
		return false
	}
	cs := strings.ToLower(ct.Param("charset"))
	return cs == "" || cs == "utf-8" || cs == "utf8" || cs == "us-ascii"
}

// readAll reads an envelope, which is held in memory.
func readAll(op string, r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, max(limit, limit+1))) // as much as an int64 holds is no limit
	if err != nil {
		return nil, readError(op, err)
	}
	if int64(len(b)) > limit {
		return nil, &segur.Error{Op: op, Kind: segur.KindTooLarge, Message: "the envelope is larger than limits.maxResponseBytes"}
	}
	return b, nil
}
