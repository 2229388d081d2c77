package dicomweb

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

// CodeWrongInstance is the code of an answer that holds something else than
// what was asked: another study, series or instance.
const CodeWrongInstance = "wrong-instance"

// RetrieveInstance opens one instance (WADO-RS, PS3.18 10.4) as it is stored,
// without conversion. Reading it gives the bytes of the Part 10 file. The last
// Read returns io.EOF only when the whole answer came and held that instance and
// nothing else; a cut answer is [segur.ErrTruncated]. The caller closes it.
func (c *Client) RetrieveInstance(ctx context.Context, ref Ref, options ...RetrieveOptions) (*Instance, error) {
	var p segur.Problems
	ref.check(&p, "ref")
	o := one(&p, ref, options)
	if ref.Instance == "" {
		p.Add("ref.instance", "is required")
	}
	if err := p.Err(opRetrieve); err != nil {
		return nil, err
	}
	r, err := c.open(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	inst, err := r.next()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = r.fail(segur.KindProtocol, "", "the answer holds no instance", nil)
		}
		_ = r.close()
		return nil, err
	}
	inst.alone = true
	return inst, nil
}

// Retrieve gives the instances of a study, of a series, or one instance, in the
// order in which the server sends them. Each is valid until the next one is
// asked for; what was not read of it is skipped. Instances that came whole are
// given before the error of a cut answer ([segur.ErrTruncated]). When the server
// says that it could send only a part of them, the sequence ends with
// [segur.ErrPartial].
func (c *Client) Retrieve(ctx context.Context, ref Ref, options ...RetrieveOptions) iter.Seq2[*Instance, error] {
	return func(yield func(*Instance, error) bool) {
		var p segur.Problems
		ref.check(&p, "ref")
		o := one(&p, ref, options)
		if err := p.Err(opRetrieve); err != nil {
			yield(nil, err)
			return
		}
		r, err := c.open(ctx, ref, o)
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.close() //nolint:errcheck // what is wrong was told by reading
		for n := 0; ; n++ {
			inst, err := r.next()
			if err == io.EOF { //nolint:errorlint // next returns it bare
				switch {
				case n == 0:
					err = r.fail(segur.KindProtocol, "", "the answer holds no instance", nil)
				case r.resp.Status == http.StatusPartialContent:
					err = r.fail(segur.KindPartial, "", "the server sent only a part of the instances", nil)
				default:
					return
				}
			}
			if !yield(inst, err) || err != nil {
				return
			}
		}
	}
}

// open asks for ref.
func (c *Client) open(ctx context.Context, ref Ref, o *RetrieveOptions) (*retrieval, error) {
	a := asking{op: opRetrieve, url: c.place(ref, o), kind: formInstances, forms: instancesForms, own: o.accepts(rangeInstances), o: o}
	if ref.Instance != "" {
		a.kind, a.forms = formInstance, instanceForms
	}
	resp, err := c.ask(ctx, a)
	if err != nil {
		return nil, err
	}
	r, err := c.newRetrieval(ctx, resp, ref)
	if err != nil {
		_ = resp.Body.Close()
	}
	return r, err
}

// retrieval is an answer on its way.
type retrieval struct {
	c     *Client
	resp  *transport.Response
	body  io.Reader // of resp
	ref   Ref
	parts *xop.Reader // nil for an answer of one part
	cur   *Instance
	given bool // the one part
	watch *watched
	buf   *bufio.Reader // of the instance at hand
	copy  []byte        // for WriteTo
}

// promptReader fails as soon as the call is cancelled; net/http goes on giving
// what has already come.
type promptReader struct {
	ctx context.Context //nolint:containedctx // that of the call
	r   io.Reader
}

func (p promptReader) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		kind := segur.KindCanceled
		if errors.Is(err, context.DeadlineExceeded) {
			kind = segur.KindTimeout
		}
		return 0, &segur.Error{Op: opRetrieve, Kind: kind, Message: "the call was cancelled or its deadline passed", Err: err}
	}
	return p.r.Read(b)
}

// close ends the operation.
func (r *retrieval) close() error {
	if r.watch != nil {
		r.watch.stop()
	}
	return r.resp.Body.Close()
}

func (c *Client) newRetrieval(ctx context.Context, resp *transport.Response, ref Ref) (*retrieval, error) {
	r := &retrieval{c: c, resp: resp, body: promptReader{ctx, resp.Body}, ref: ref}
	switch mediaType(resp) {
	case "multipart/related":
		limits := c.cfg.Limits
		var err error
		r.parts, err = xop.NewReader(r.body, resp.Header.Get("Content-Type"), xop.Options{SniffBoundary: true, Limits: xop.Limits{
			Parts: int64(limits.MaxParts), PartBytes: limits.MaxPartBytes, TotalBytes: -1,
		}})
		if err != nil {
			return nil, r.streamError(err)
		}
	case "application/dicom":
		if ref.Instance == "" {
			return nil, r.fail(segur.KindProtocol, "", "one instance came where several were asked", nil)
		}
	default:
		return nil, r.fail(segur.KindProtocol, "", "the answer is not DICOM", nil)
	}
	return r, nil
}

// next gives the next instance, or io.EOF after the last one of a complete
// answer.
func (r *retrieval) next() (*Instance, error) {
	if r.cur != nil {
		if err := r.cur.discard(); err != nil {
			return nil, err
		}
	}
	if r.parts == nil {
		if r.given {
			return nil, io.EOF
		}
		r.given = true
		r.watch = newWatched(r.body, r.c.cfg.Limits.MaxPartBytes)
		return r.instance(r.watch)
	}
	part, err := r.parts.Next()
	if err == io.EOF { //nolint:errorlint // Next returns it bare
		return nil, io.EOF
	}
	if err != nil {
		return nil, r.streamError(err)
	}
	if t := part.MediaType(); t != "" && t != "application/dicom" && t != "application/octet-stream" {
		return nil, r.fail(segur.KindProtocol, "", "a part is not DICOM", nil)
	}
	content, err := part.Content()
	if err != nil {
		return nil, r.streamError(err)
	}
	return r.instance(content)
}

func (r *retrieval) fail(kind segur.Kind, code, message string, cause error) error {
	return fail(r.resp, kind, opRetrieve, code, message, cause)
}

// streamError classes an error met while reading the answer.
func (r *retrieval) streamError(err error) error {
	var (
		known     *segur.Error
		truncated *xop.TruncatedError
		limit     *xop.LimitError
		broken    rule
	)
	switch {
	case errors.As(err, &known): // of the transport: cancelled, idle, cut
		return r.resp.Fail(streamError(opRetrieve, r.resp, known))
	case errors.As(err, &truncated):
		return r.fail(segur.KindTruncated, "", "the multipart answer stops before its end", nil)
	case errors.As(err, &limit):
		return r.fail(segur.KindTooLarge, "", "the answer passes the limit "+limit.Limit, nil)
	case errors.As(err, &broken):
		return r.fail(segur.KindProtocol, "", string(broken), nil)
	case errors.Is(err, errCut):
		return r.fail(segur.KindTruncated, "", "the instance stops before its end", nil)
	case errors.Is(err, errTooLarge):
		return r.fail(segur.KindTooLarge, "", "the instance passes the limit MaxPartBytes", nil)
	}
	return r.fail(segur.KindProtocol, "", "the multipart answer is malformed", nil)
}
