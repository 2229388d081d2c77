package dicomweb

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

// CodeEndUnmarked is the code of an error: an answer of one part came whose end nothing marks, neither a
// length nor the framing of HTTP or TLS. What was read may be cut.
const CodeEndUnmarked = "end-unmarked"

// answer is an answer to a retrieval on its way: of several parts, or of one.
type answer struct {
	c     *Client
	resp  *transport.Response
	body  io.Reader   // of resp
	parts *xop.Reader // nil for an answer of one part
	given bool        // the one part
	// ranged: a range was asked and came.
	ranged bool
}

// promptReader fails as soon as the call is cancelled; net/http goes on giving
// what has already come.
type promptReader struct {
	ctx context.Context //nolint:containedctx // that of the call
	r   io.Reader
}

func (p promptReader) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, transport.ContextError(opRetrieve, err)
	}
	return p.r.Read(b)
}

// newAnswer looks at the head of an answer.
func (c *Client) newAnswer(ctx context.Context, resp *transport.Response) (*answer, error) {
	a := &answer{c: c, resp: resp, body: promptReader{ctx, resp.Body}}
	if mediaType(resp) != "multipart/related" {
		return a, nil
	}
	limits := c.cfg.Limits
	var err error
	a.parts, err = xop.NewReader(a.body, resp.Header.Get("Content-Type"), xop.Options{SniffBoundary: true, Limits: xop.Limits{
		Parts: int64(limits.MaxParts), PartBytes: limits.MaxPartBytes, TotalBytes: -1,
	}})
	if err != nil {
		return nil, a.streamError(err)
	}
	return a, nil
}

func (a *answer) fail(kind segur.Kind, code, message string, cause error) error {
	return fail(a.resp, kind, opRetrieve, code, message, cause)
}

// streamError classes an error met while reading the answer.
func (a *answer) streamError(err error) error {
	var (
		known     *segur.Error
		truncated *xop.TruncatedError
		limit     *xop.LimitError
		broken    rule
	)
	switch {
	case errors.As(err, &known): // of the transport: cancelled, idle, cut
		return a.resp.Fail(streamError(opRetrieve, a.resp, known))
	case errors.As(err, &truncated):
		return a.fail(segur.KindTruncated, "", fmt.Sprintf("the multipart answer stops before its end, after %d whole parts", truncated.Parts), nil)
	case errors.As(err, &limit):
		return a.fail(segur.KindTooLarge, "", "the answer passes the limit "+limit.Limit, nil)
	case errors.As(err, &broken):
		return a.fail(segur.KindProtocol, "", string(broken), nil)
	case errors.Is(err, errCut):
		return a.fail(segur.KindTruncated, "", "the instance stops before its end", nil)
	case errors.Is(err, errCutRange):
		return a.fail(segur.KindTruncated, "", errCutRange.Error(), nil)
	case errors.Is(err, errOtherInstance):
		return a.fail(segur.KindProtocol, CodeWrongInstance, errOtherInstance.Error(), nil)
	case errors.Is(err, errTooLarge):
		return a.fail(segur.KindTooLarge, "", "the answer passes the limit MaxPartBytes", nil)
	}
	return a.fail(segur.KindProtocol, "", "the multipart answer is malformed", nil)
}

// bounded ends with errTooLarge beyond the limit. An answer of one part whose
// end nothing marks does not end well.
type bounded struct {
	a    *answer
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.a.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n, errTooLarge
	}
	if err == io.EOF && !b.a.resp.Delimited { //nolint:errorlint // the io.Reader contract says bare
		return n, b.a.fail(segur.KindTruncated, CodeEndUnmarked, "the server does not mark the end of its answer: it may be cut", nil)
	}
	return n, err
}
