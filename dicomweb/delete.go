package dicomweb

import (
	"context"
	"net/http"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// CodeNotSupported is the code of an answer by which the server says that it
// does not have the service: 405 or 501, and 415 for metadata with bulk data.
const CodeNotSupported = "not-supported"

// Delete removes a study, a series or an instance from the server. PS3.18 does
// not have it; Azure, Google and others do, each by DELETE of the resource.
//
//   - nil: gone, or (202) to be removed by a task of the server
//   - [segur.ErrNotFound]: it is not there
//   - [segur.ErrRefused] with [CodeNotSupported]: the server does not delete
//     (Orthanc has an interface of its own for it, dcm4chee rejects instead)
//
// An answer that is lost is asked for again, so that ErrNotFound may also mean
// that the first of two attempts deleted it.
func (c *Client) Delete(ctx context.Context, ref Ref) error {
	var p segur.Problems
	ref.check(&p, "ref")
	if err := p.Err(opDelete); err != nil {
		return err
	}
	resp, err := c.do(ctx, &transport.Request{
		Op: opDelete, Method: http.MethodDelete, URL: c.base + ref.Path(), Header: http.Header{}, RepeatSafe: true,
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.Status {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		return nil
	}
	return notSupported(resp, opDelete)
}

// notSupported is refused for services that few servers have.
func notSupported(resp *transport.Response, op string) error {
	switch resp.Status {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return resp.Fail(&segur.Error{Op: op, Kind: segur.KindRefused, Code: CodeNotSupported, Status: resp.Status,
			Message: "the server does not have this service", Help: helpNotSupported})
	}
	return refused(resp, op)
}
