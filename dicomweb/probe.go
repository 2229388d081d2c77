package dicomweb

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
	"github.com/segur-sdk/segur/internal/xmlr"
)

const opProbe = "dicomweb.probe"

// Support says whether a server has a service.
type Support int

// What an answer says of a service.
const (
	// SupportUnknown: the answer does not tell: refused to this caller, busy, a
	// page for people, or none at all.
	SupportUnknown Support = iota
	// Supported: the service answered as it should.
	Supported
	// Unsupported: 404, 405, 410 or 501.
	Unsupported
)

// String returns the word in English.
func (s Support) String() string {
	switch s {
	case Supported:
		return "yes"
	case Unsupported:
		return "no"
	}
	return "unknown"
}

// ServiceAnswer is what one service of a server answered to [Client.Probe].
type ServiceAnswer struct {
	// Support is what follows from the rest.
	Support Support
	// Status is the HTTP status; 0 when there was no answer.
	Status int
	// Err says why Support is not Supported.
	Err error
}

// Capabilities is what a server answered when it was asked.
type Capabilities struct {
	// Search is QIDO-RS and Worklist UPS-RS, each asked for one row.
	Search, Worklist ServiceAnswer
	// Description is the answer to OPTIONS, which few servers have (PS3.18 8.9).
	Description ServiceAnswer
	// MediaType and Text are the description as received, a WADL or JSON; empty
	// when there is none.
	MediaType string
	Text      []byte
	// Resources are those of a WADL, at most 1,000.
	Resources []CapabilityResource
}

// CapabilityResource is one resource of a description.
type CapabilityResource struct {
	// Path is below the endpoint, without slash at its ends, with its
	// parameters in braces: "studies/{study}/series".
	Path string
	// Methods are those that it has: "GET", "POST".
	Methods []string
}

// Probe asks the server which services it has: OPTIONS of the endpoint, a search
// for one study, a search for one workitem, each once. It changes nothing in the
// client: other calls are made whatever it found, and a service that it did not
// find may be there. It fails only when nothing answered at all.
func (c *Client) Probe(ctx context.Context) (*Capabilities, error) {
	out := &Capabilities{}
	out.describe(c.probe(ctx, http.MethodOptions, "/", "*/*"))
	out.Search.row(c.probe(ctx, http.MethodGet, "/studies?limit=1", jsonType))
	out.Worklist.row(c.probe(ctx, http.MethodGet, "/workitems?limit=1", jsonType))
	if out.Description.Status+out.Search.Status+out.Worklist.Status == 0 {
		return nil, out.Search.Err
	}
	if ctx.Err() != nil {
		return nil, out.Worklist.Err
	}
	return out, nil
}

func (c *Client) probe(ctx context.Context, method, path, accept string) (*transport.Response, error) {
	return c.do(ctx, &transport.Request{
		Op: opProbe, Method: method, URL: c.base + path, Header: http.Header{"Accept": {accept}}, RepeatSafe: true, Once: true, ResponseLimit: -1,
	})
}

// take reads what the status says of the service; true when the body is to be
// judged.
func (a *ServiceAnswer) take(resp *transport.Response, err error) bool {
	if err != nil {
		a.Err = err
		return false
	}
	switch a.Status = resp.Status; resp.Status {
	case http.StatusOK, http.StatusPartialContent:
		return true
	case http.StatusNoContent:
		a.Support = Supported
		return false
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		a.Support = Unsupported
	}
	a.Err = notSupported(resp, opProbe)
	return false
}

// row judges the answer to a search for one row, of which nothing is kept.
func (a *ServiceAnswer) row(resp *transport.Response, err error) {
	if a.take(resp, err) {
		if t := mediaType(resp); isJSON(t) || t == "application/dicom+xml" || t == "multipart/related" {
			a.Support = Supported
		} else {
			a.Err = fail(resp, segur.KindProtocol, opProbe, "", "the answer is not that of the service", nil)
		}
	}
	if resp != nil {
		_ = resp.Body.Close()
	}
}

// maxDescription bounds a description, in bytes; maxResources and maxPath what
// it lists.
const (
	maxDescription = 1 << 20
	maxResources   = 1000
	maxPath        = 1024
)

var errDescription = errors.New("not well formed, or a path is too long")

// describe reads the answer to OPTIONS.
func (p *Capabilities) describe(resp *transport.Response, err error) {
	a := &p.Description
	if resp != nil {
		defer resp.Body.Close()
	}
	if !a.take(resp, err) {
		return
	}
	t := mediaType(resp)
	isXML := t == "application/xml" || t == "text/xml" || t == "application/vnd.sun.wadl+xml"
	if !isXML && !isJSON(t) {
		a.Err = fail(resp, segur.KindProtocol, opProbe, "", "the answer is no description of services", nil)
		return
	}
	text, err := xmlr.ReadAll(resp.Body, maxDescription)
	switch {
	case err != nil:
	case isXML:
		p.Resources, err = readWADL(text)
	case !json.Valid(text):
		err = errDescription
	}
	if err != nil {
		p.Resources = nil
		a.Err = fail(resp, segur.KindProtocol, opProbe, "", "the description of services cannot be read", err)
		return
	}
	a.Support, p.MediaType, p.Text = Supported, t, text
}

// readWADL reads the resources of a Web Application Description Language text.
func readWADL(text []byte) ([]CapabilityResource, error) {
	root, err := xmlr.Parse(text, xmlr.Options{MaxBytes: maxDescription, MaxDepth: 32})
	if err != nil {
		return nil, err //nolint:wrapcheck // quotes nothing
	}
	var out []CapabilityResource
	var walk func(n *xmlr.Node, path string)
	walk = func(n *xmlr.Node, path string) {
		if len(path) > maxPath {
			err = errDescription
			return
		}
		r := CapabilityResource{Path: path}
		for _, child := range n.Children {
			if child.Name.Local == "method" && child.Attr("name") != "" {
				r.Methods = append(r.Methods, child.Attr("name"))
			}
		}
		if len(r.Methods) > 0 && len(out) < maxResources {
			out = append(out, r)
		}
		for _, child := range n.Children {
			switch child.Name.Local {
			case "resources":
				walk(child, path)
			case "resource":
				walk(child, strings.Trim(path+"/"+strings.Trim(child.Attr("path"), "/"), "/"))
			}
		}
	}
	walk(root, "")
	return out, err
}
