package dicomweb

import (
	"context"
	"iter"
	"net/http"

	"github.com/segur-sdk/segur"
)

// Metadata gives the attributes of the instances of a study, of a series, or of
// one instance, without pixels (WADO-RS, PS3.18 10.4.1.1.2). Binary values are
// references that this version does not follow, or are left out by the server.
func (c *Client) Metadata(ctx context.Context, ref Ref, options ...RetrieveOptions) iter.Seq2[*Dataset, error] {
	return func(yield func(*Dataset, error) bool) {
		if err := c.metadata(ctx, ref, options, yield); err != nil {
			yield(nil, err)
		}
	}
}

func (c *Client) metadata(ctx context.Context, ref Ref, options []RetrieveOptions, yield func(*Dataset, error) bool) error {
	var p segur.Problems
	ref.check(&p, "ref")
	o := one(&p, ref, options)
	if err := p.Err(opRetrieve); err != nil {
		return err
	}
	resp, err := c.ask(ctx, asking{op: opRetrieve, url: c.place(ref, o) + "/metadata", kind: formMetadata, forms: metadataForms[:1], own: o.Accept, o: o})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if !isJSON(mediaType(resp)) {
		return fail(resp, segur.KindProtocol, opRetrieve, "", "the answer is not DICOM JSON", nil)
	}
	n := 0
	for ds, err := range ReadJSON(resp.Body, int(c.cfg.Limits.MaxResponseBytes)) {
		if err != nil {
			return resp.Fail(streamError(opRetrieve, resp, err))
		}
		if n++; n > c.cfg.Limits.MaxParts {
			return fail(resp, segur.KindTooLarge, opRetrieve, "", "the answer passes the limit MaxParts", nil)
		}
		if !ref.holds(ds.Ref()) {
			return fail(resp, segur.KindProtocol, opRetrieve, CodeWrongInstance, "the answer holds another instance than what was asked", nil)
		}
		if !yield(ds, nil) {
			return nil
		}
	}
	if resp.Status == http.StatusPartialContent {
		return fail(resp, segur.KindPartial, opRetrieve, "", "the server sent only a part of the metadata", nil)
	}
	return nil
}
