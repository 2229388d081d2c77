package dicomweb

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// Metadata gives the attributes of the instances of a study, of a series, or of
// one instance, without pixels (WADO-RS, PS3.18 10.4.1.1.2), in DICOM JSON, or in
// the Native DICOM Model of a server that has no other. Binary values are
// references, made absolute, that [Client.BulkData] follows, or are left out by
// the server. Of the options Header, Accept and URL count.
//
// For a study of thousands of instances, ask for one series after the other:
// servers make the answer in memory.
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
	address := c.place(ref, o) + "/metadata"
	asked, err := url.Parse(address)
	if err != nil {
		return &segur.Error{Op: opRetrieve, Kind: segur.KindInvalidInput, Message: "the URL cannot be built"}
	}
	resp, err := c.ask(ctx, asking{op: opRetrieve, url: address, kind: formMetadata, forms: metadataForms, own: o.Accept, o: o})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var sets iter.Seq2[*Dataset, error]
	switch t := mediaType(resp); {
	case isJSON(t):
		sets = ReadJSON(resp.Body, int(c.cfg.Limits.MaxResponseBytes))
	case t == "multipart/related" || isXML(t):
		sets = c.xmlMetadata(ctx, resp)
	default:
		return fail(resp, segur.KindProtocol, opRetrieve, "", "the answer is neither DICOM JSON nor DICOM XML", nil)
	}
	n := 0
	for ds, err := range sets {
		if err != nil {
			return resp.Fail(streamError(opRetrieve, resp, err))
		}
		if n++; n > c.cfg.Limits.MaxParts {
			return fail(resp, segur.KindTooLarge, opRetrieve, "", "the answer passes the limit MaxParts", nil)
		}
		if !ref.holds(ds.Ref()) {
			return fail(resp, segur.KindProtocol, opRetrieve, CodeWrongInstance, "the answer holds another instance than what was asked", nil)
		}
		resolveBulk(ds, asked)
		if !yield(ds, nil) {
			return nil
		}
	}
	if resp.Status == http.StatusPartialContent {
		return fail(resp, segur.KindPartial, opRetrieve, "", "the server sent only a part of the metadata", nil)
	}
	return nil
}

func isXML(mediaType string) bool {
	return mediaType == "application/dicom+xml" || mediaType == "application/xml" || mediaType == "text/xml"
}

// xmlMetadata gives the data sets of an answer of XML parts, or of one.
func (c *Client) xmlMetadata(ctx context.Context, resp *transport.Response) iter.Seq2[*Dataset, error] {
	return func(yield func(*Dataset, error) bool) {
		a, err := c.newAnswer(ctx, resp)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			m, err := a.nextMedia(isXML)
			if err == io.EOF { //nolint:errorlint // nextMedia returns it bare
				return
			}
			var ds *Dataset
			if err == nil {
				ds, err = a.xmlDataset(m)
			}
			if !yield(ds, err) || err != nil {
				return
			}
		}
	}
}

// xmlDataset reads one data set, which may have MaxResponseBytes.
func (a *answer) xmlDataset(m *Media) (*Dataset, error) {
	limit := a.c.cfg.Limits.MaxResponseBytes
	text, err := io.ReadAll(io.LimitReader(m, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(text)) > limit:
		return nil, a.fail(segur.KindTooLarge, "", "one data set passes the limit MaxResponseBytes", nil)
	}
	ds, err := parseNativeXML(text)
	if err == nil && ds == nil {
		err = a.fail(segur.KindProtocol, "", "a part is no Native DICOM Model", nil)
	}
	return ds, err
}
