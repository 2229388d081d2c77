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
	// SkipInvalid sends the others when some are not what they must be, which
	// are then reported as [Invalid]. By default nothing is sent.
	SkipInvalid bool
}

// Store sends instances (STOW-RS, PS3.18 10.5) in one request that is streamed
// with a known length. Every instance is checked first: when one is not a
// complete DICOM file, is of another study, or is there twice, nothing is sent
// and the [segur.ErrInvalidInput] error names them all by their index, unless
// SkipInvalid is set. See [Client.StoreAll] for more than one request holds.
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
// A server that is busy (429, 503) is asked again within the retry policy,
// after the time that it names. When the request left and no usable answer
// came, the error is [segur.ErrOutcomeUnknown]: ask [Client.Missing] before
// sending again.
func (c *Client) Store(ctx context.Context, req StoreRequest) (*StoreResult, error) {
	sent, err := c.checkStore(ctx, req)
	if err != nil {
		return nil, err
	}
	valid := make([]segur.Content, 0, len(req.Instances))
	for i, content := range req.Instances {
		if sent[i].Outcome != Invalid {
			valid = append(valid, content)
		}
	}
	return c.store(ctx, req.Study, valid, sent, false)
}

// store sends contents that were checked. sent tells what they are, and gets
// what became of them; its invalid entries have no content. once leaves
// repetition to the caller.
func (c *Client) store(ctx context.Context, study string, contents []segur.Content, sent []InstanceResult, once bool) (*StoreResult, error) {
	parts := make([]xop.OutPart, len(contents))
	for i, content := range contents {
		parts[i] = xop.OutPart{ContentType: "application/dicom", Content: content}
	}
	return c.stow(ctx, study, "application/dicom", parts, sent, once)
}

// stow sends the parts of a store request.
func (c *Client) stow(ctx context.Context, study, mediaType string, parts []xop.OutPart, sent []InstanceResult, once bool) (*StoreResult, error) {
	boundary, err := xop.NewBoundary(c.cfg.Random)
	if err != nil {
		return nil, &segur.Error{Op: opStore, Kind: segur.KindUnavailable, Message: "the random source failed", Err: err}
	}
	message, err := xop.Related{Boundary: boundary, Type: mediaType, Parts: parts}.Message()
	if err != nil {
		return nil, &segur.Error{Op: opStore, Kind: segur.KindInvalidInput, Message: "the instances cannot be packed", Err: err}
	}
	target := c.base + "/studies"
	if study != "" {
		target += "/" + study
	}
	resp, err := c.do(ctx, &transport.Request{
		Op: opStore, Method: http.MethodPost, URL: target, Body: message, RepeatBusy: true, Once: once,
		Header: http.Header{"Content-Type": {message.ContentType()}, "Accept": {jsonType}},
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
	if err := p.Err(opStore); err != nil && req.SkipInvalid {
		return nil, err
	}
	sent := make([]InstanceResult, 0, len(req.Instances))
	first := map[string]int{}
	valid := 0
	for i, content := range req.Instances {
		if err := ctx.Err(); err != nil {
			e := transport.ContextError(opStore, err)
			e.Message += ": nothing was sent"
			return nil, e
		}
		r := checkInstance(content, req.Study)
		r.Index = i
		if r.Err == nil {
			if j, twice := first[r.Ref.Instance]; twice {
				r.invalid(sameInstance(j))
			} else {
				first[r.Ref.Instance] = i
				valid++
			}
		}
		if r.Err != nil {
			p.Add(fmt.Sprintf("instances[%d]", i), problem(r.Err))
		}
		sent = append(sent, r)
	}
	if req.SkipInvalid && valid > 0 {
		return sent, nil
	}
	return sent, p.Err(opStore)
}

// checkInstance reads what a content is. Err is set when it cannot be sent.
func checkInstance(content segur.Content, study string) InstanceResult {
	var r InstanceResult
	if content == nil {
		r.invalid(&segur.Error{Op: opStore, Kind: segur.KindInvalidInput, Message: "is required"})
		return r
	}
	h, err := Inspect(content)
	if err != nil {
		r.invalid(err)
		return r
	}
	r.Ref, r.SOPClass = h.Ref(), h.SOPClassUID
	if study != "" && h.StudyInstanceUID != study {
		r.invalid(&segur.Error{Op: opStore, Kind: segur.KindInvalidInput, Message: "belongs to another study than the one of the request"})
	}
	return r
}

func sameInstance(first int) error {
	return &segur.Error{Op: opStore, Kind: segur.KindInvalidInput, Message: fmt.Sprintf("is the same instance as instances[%d]", first)}
}

// problem is the text of an input error without its operation.
func problem(err error) string {
	if e, ok := err.(*segur.Error); ok && e.Message != "" { //nolint:errorlint // ours, bare
		return e.Message
	}
	return "cannot be read"
}
