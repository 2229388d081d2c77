package dicomweb

import (
	"context"
	"fmt"
	"net/http"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xop"
)

// StoreRequest is a set of instances to store in one request.
type StoreRequest struct {
	// Study is the Study Instance UID that every instance must belong to. Empty:
	// the instances may belong to several.
	Study string
	// Instances are complete Part 10 files: [File] values, or any content. Each
	// is opened once to be checked, unless it is a [File], and once to be sent.
	Instances []segur.Content
}

// Store sends instances (STOW-RS, PS3.18 10.5) in one request that is streamed
// with a known length. Every instance is checked first: when one is not a
// complete DICOM file, is of another study, or is there twice, nothing is sent
// and the [segur.ErrInvalidInput] error names them all by their index.
//
// The server answers for each instance, whatever its status; so when an answer
// came the result is not nil, beside an error too:
//
//   - all stored, warnings included, or held already: no error
//   - some not stored: [segur.ErrPartial], whose Details name them with reasons
//   - none stored: [segur.ErrRefused], or [segur.ErrUnavailable] when the
//     server is out of resources
//   - instances that the answer does not account for: part of the error, and
//     [segur.ErrOutcomeUnknown] when there are no others
//
// A failing status on an answer that lists every instance as newly stored is
// [segur.ErrOutcomeUnknown] too: one of the two is wrong.
//
// When the request left and no usable answer came, the error is
// [segur.ErrOutcomeUnknown]: ask [Client.Missing] before sending again.
func (c *Client) Store(ctx context.Context, req StoreRequest) (*StoreResult, error) {
	sent, err := c.checkStore(ctx, req)
	if err != nil {
		return nil, err
	}
	boundary, err := xop.NewBoundary(c.cfg.Random)
	if err != nil {
		return nil, &segur.Error{Op: opStore, Kind: segur.KindUnavailable, Message: "the random source failed", Err: err}
	}
	parts := make([]xop.OutPart, len(req.Instances))
	for i, content := range req.Instances {
		parts[i] = xop.OutPart{ContentType: "application/dicom", Content: content}
	}
	message, err := xop.Related{Boundary: boundary, Type: "application/dicom", Parts: parts}.Message()
	if err != nil {
		return nil, &segur.Error{Op: opStore, Kind: segur.KindInvalidInput, Message: "the instances cannot be packed", Err: err}
	}
	target := c.base + "/studies"
	if req.Study != "" {
		target += "/" + req.Study
	}
	resp, err := c.do(ctx, &transport.Request{
		Op: opStore, Method: http.MethodPost, URL: target, Body: message,
		Header: http.Header{"Content-Type": {message.ContentType()}, "Accept": {"application/dicom+json"}},
	})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return storeAnswer(resp, sent)
}

// checkStore returns what each instance is.
func (c *Client) checkStore(ctx context.Context, req StoreRequest) ([]InstanceResult, error) {
	var p segur.Problems
	if req.Study != "" && !ValidUID(req.Study) {
		p.Add("study", uidRule)
	}
	if len(req.Instances) == 0 {
		p.Add("instances", "must hold at least one")
	}
	sent := make([]InstanceResult, 0, len(req.Instances))
	first := map[string]int{}
	for i, content := range req.Instances {
		if err := ctx.Err(); err != nil {
			return nil, &segur.Error{Op: opStore, Kind: segur.KindCanceled, Message: "the call was cancelled: nothing was sent", Err: err}
		}
		field := fmt.Sprintf("instances[%d]", i)
		if content == nil {
			p.Add(field, "is required")
			continue
		}
		h, err := Inspect(content)
		if err != nil {
			p.Add(field, problem(err))
			continue
		}
		if req.Study != "" && h.StudyInstanceUID != req.Study {
			p.Add(field, "belongs to another study than the one of the request")
		}
		if j, twice := first[h.SOPInstanceUID]; twice {
			p.Addf(field, "is the same instance as instances[%d]", j)
		}
		first[h.SOPInstanceUID] = i
		sent = append(sent, InstanceResult{Ref: h.Ref(), SOPClass: h.SOPClassUID})
	}
	return sent, p.Err(opStore)
}

// problem is the text of an input error without its operation.
func problem(err error) string {
	if e, ok := err.(*segur.Error); ok && e.Message != "" { //nolint:errorlint // ours, bare
		return e.Message
	}
	return "cannot be read"
}
