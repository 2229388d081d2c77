package dicomweb

import (
	"bufio"
	"context"
	"io"
	"iter"
	"net/http"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// CodeWrongInstance is the code of an answer that holds something else than
// what was asked: another study, series or instance.
const CodeWrongInstance = "wrong-instance"

// CodeSinglePart is the code of an answer of one part to a retrieval of a study
// or of a series: it holds one instance, and cannot say whether there are
// others.
const CodeSinglePart = "single-part"

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
	return r.only()
}

// Retrieve gives the instances of a study, of a series, or one instance, in the
// order in which the server sends them. Each is valid until the next one is
// asked for; what was not read of it is skipped. Instances that came whole are
// given before the error of a cut answer ([segur.ErrTruncated]). When the server
// says that it could send only a part of them, or answers with one part, the
// sequence ends with [segur.ErrPartial]. A whole answer may still hold less than
// the server has: [Client.Download] holds it against a list.
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
				if err = r.end(n); err == nil {
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
	a := asking{op: opRetrieve, url: c.place(ref, o), kind: formInstances, forms: instancesForms, own: o.accepts(func(string) string { return rangeInstances }), o: o}
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

// retrieval is an answer that holds instances.
type retrieval struct {
	*answer
	ref   Ref
	cur   *Instance
	watch *watched
	buf   *bufio.Reader // of the instance at hand
	copy  []byte        // for WriteTo
}

// close ends the operation.
func (r *retrieval) close() error {
	if r.watch != nil {
		r.watch.stop()
	}
	return r.resp.Body.Close()
}

func (c *Client) newRetrieval(ctx context.Context, resp *transport.Response, ref Ref) (*retrieval, error) {
	a, err := c.newAnswer(ctx, resp)
	if err != nil {
		return nil, err
	}
	if t := mediaType(resp); a.parts == nil && t != "application/dicom" && t != "application/octet-stream" {
		return nil, a.fail(segur.KindProtocol, "", "the answer is not DICOM", nil)
	}
	return &retrieval{answer: a, ref: ref}, nil
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
		r.watch = newWatched(r.body, r.c.cfg.Limits.MaxPartBytes, r.ref)
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

// only gives the instance of an answer that must hold nothing else. Without one
// the answer is closed.
func (r *retrieval) only() (*Instance, error) {
	inst, err := r.next()
	if err == io.EOF { //nolint:errorlint // next returns it bare
		err = r.end(0)
	}
	if err != nil {
		_ = r.close()
		return nil, err
	}
	inst.alone = true
	return inst, nil
}

// end says what the end of a whole answer that held n instances means.
func (r *retrieval) end(n int) error {
	switch {
	case n == 0:
		return r.fail(segur.KindProtocol, "", "the answer holds no instance", nil)
	case r.resp.Status == http.StatusPartialContent:
		return r.fail(segur.KindPartial, "", "the server sent only a part of the instances", nil)
	case r.parts == nil && r.ref.Instance == "":
		return r.fail(segur.KindPartial, CodeSinglePart, "one part came where several instances were asked: there may be others", nil)
	}
	return nil
}
