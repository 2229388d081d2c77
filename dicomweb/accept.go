package dicomweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/transport"
)

// formKind is a kind of resource, for which servers differ in the Accept that
// they take.
type formKind uint8

const (
	formInstances formKind = iota // of a study or a series
	formInstance
	formMetadata
	formFrames
	formBulk
)

// The Accept values of a retrieval, in the order in which they are tried when a
// server answers 400, 406 or 415: as stored; what the server has by default; the
// syntax that every server knows; one part without multipart, for one instance
// (not in older editions of PS3.18); anything.
const (
	rangeInstances = `multipart/related; type="application/dicom"`
	rangeSingle    = `application/dicom`
	rangeFrames    = `multipart/related; type="application/octet-stream"`
	acceptAny      = `*/*`
	anySyntax      = `; transfer-syntax=*`
)

var (
	instancesForms = []string{rangeInstances + anySyntax, rangeInstances, rangeInstances + `; transfer-syntax=` + ExplicitVRLittleEndian, acceptAny}
	instanceForms  = slices.Insert(slices.Clone(instancesForms), 3, rangeSingle+anySyntax)
	metadataForms  = []string{`application/dicom+json`, `multipart/related; type="application/dicom+xml"`, acceptAny}
	bulkForms      = []string{rangeFrames + anySyntax, rangeFrames, `application/octet-stream`, acceptAny}
)

// maxRemembered bounds the hosts of which the client remembers what they take.
const maxRemembered = 64

type formKey struct {
	host string
	kind formKind
}

// formMemory remembers the Accept that a host took, so that the next call does
// not go through those that it refuses. It is safe for concurrent use.
type formMemory struct {
	mu   sync.Mutex
	took map[formKey]string
	// order holds the keys, the oldest first.
	order []formKey
}

func (m *formMemory) get(k formKey) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.took[k]
}

func (m *formMemory) set(k formKey, accept string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.took == nil {
		m.took = map[formKey]string{}
	}
	if _, known := m.took[k]; !known {
		if len(m.order) == maxRemembered {
			delete(m.took, m.order[0])
			m.order = m.order[:copy(m.order, m.order[1:])]
		}
		m.order = append(m.order, k)
	}
	m.took[k] = accept
}

// asking is a request in one of several forms.
type asking struct {
	op   string
	url  string
	kind formKind
	// forms are the Accept values of the client; own are those of the caller,
	// which replace them and are not remembered.
	forms, own []string
	header     http.Header
	o          *RetrieveOptions
}

// ask sends the request in one form after the other until the server takes one,
// beginning with the one that it took last time. The answer has a status that is
// a success.
func (c *Client) ask(ctx context.Context, a asking) (*transport.Response, error) {
	forms, known, key := a.own, "", formKey{kind: a.kind}
	if len(forms) == 0 {
		forms = a.forms
		if u, err := url.Parse(a.url); err == nil {
			key.host = strings.ToLower(u.Host)
		}
		if known = c.forms.get(key); known != "" {
			forms = append([]string{known}, slices.DeleteFunc(slices.Clone(forms), func(f string) bool { return f == known })...)
		}
	}
	var first error
	for _, accept := range forms {
		resp, err := c.send(ctx, a, accept)
		if err != nil {
			return nil, err
		}
		switch resp.Status {
		case http.StatusOK, http.StatusPartialContent:
			if len(a.own) == 0 && accept != known {
				c.forms.set(key, accept)
			}
			return resp, nil
		}
		if err = refused(resp, a.op); resp.Status == http.StatusRequestedRangeNotSatisfiable {
			err = fail(resp, segur.KindNotFound, a.op, "", "the range that was asked begins behind the end", nil)
		}
		_ = resp.Body.Close()
		if first == nil {
			first = err
		}
		if !otherForm(resp.Status, accept, accept == known) {
			return nil, first
		}
	}
	return nil, first
}

// otherForm reports whether another Accept may help. A server that took this
// one before means something else when it answers 400. A failed conversion is
// a 500 at some servers: less may be asked.
func otherForm(status int, accept string, known bool) bool {
	switch status {
	case http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		return true
	case http.StatusBadRequest:
		return !known
	case http.StatusInternalServerError:
		return strings.Contains(accept, "transfer-syntax=") && !strings.Contains(accept, "transfer-syntax=*")
	}
	return false
}

// send asks once. What goes to another host than that of the endpoint carries
// no credentials unless the caller says so.
func (c *Client) send(ctx context.Context, a asking, accept string) (*transport.Response, error) {
	h := http.Header{}
	for name, values := range a.o.Header {
		h[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	for name, values := range a.header {
		h[name] = values
	}
	h.Set("Accept", accept)
	req := &transport.Request{Op: a.op, Method: http.MethodGet, URL: a.url, Header: h, RepeatSafe: true, ResponseLimit: -1}
	secure := !strings.HasPrefix(strings.ToLower(a.url), "http:") // nothing secret travels in clear
	if secure && a.o.SendCredentials || c.ours(a.url) {
		return c.do(ctx, req)
	}
	return c.http.Do(ctx, req)
}

// ours reports whether the URL is of the origin of the endpoint.
func (c *Client) ours(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	base, err := url.Parse(c.base)
	return err == nil && origin(u) == origin(base)
}

func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
