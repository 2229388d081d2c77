package dicomweb

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/segur-sdk/segur"
)

// Range is a part of bulk data, in bytes. The zero value is all of it.
type Range struct {
	// Offset is the first byte wanted, from 0.
	Offset int64
	// Length is how many are wanted; 0: all that follow.
	Length int64
}

// header is the value of the Range header; "" for all.
func (r Range) header() string {
	switch {
	case r == Range{}:
		return ""
	case r.Length == 0:
		return fmt.Sprintf("bytes=%d-", r.Offset)
	}
	return fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1)
}

// BulkData opens a value that metadata only refers to: uri is [Bulk.URI], which
// [Client.Metadata] makes absolute; a relative one is taken below the endpoint.
// Another host gets no credentials unless [RetrieveOptions.SendCredentials] says
// so. The caller gets the bytes of the range and no others, whether the server
// knows ranges or sends the whole value. A range that begins behind the end is
// [segur.ErrNotFound]. The caller closes the content.
func (c *Client) BulkData(ctx context.Context, uri string, r Range, options ...RetrieveOptions) (*Media, error) {
	var p segur.Problems
	address := c.checkBulk(&p, uri, r)
	o := one(&p, Ref{}, options)
	if o.URL != "" {
		p.Add("options.url", "must be empty: uri says where")
	}
	if err := p.Err(opRetrieve); err != nil {
		return nil, err
	}
	if at := strings.Index(address, "/studies/"); o.Rebase && at >= 0 {
		address = c.base + address[at:]
	}
	a := asking{op: opRetrieve, url: address, kind: formBulk, forms: bulkForms, o: o, header: http.Header{}}
	a.own = o.accepts((&FrameRequest{}).frameRange)
	if v := r.header(); v != "" {
		a.header.Set("Range", v)
	}
	resp, err := c.ask(ctx, a)
	if err != nil {
		return nil, err
	}
	m, err := c.oneMedia(ctx, resp, isPixels)
	if err != nil {
		return nil, err
	}
	if err := m.cutOut(r, resp.Status == http.StatusPartialContent, resp.Header.Get("Content-Range")); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return m, nil
}

func (c *Client) checkBulk(p *segur.Problems, uri string, r Range) string {
	if r.Offset < 0 || r.Length < 0 || r.Offset > 1<<62 || r.Length > 1<<62 {
		p.Add("range", "must not be negative")
	}
	base, err := url.Parse(c.base + "/")
	if err != nil {
		p.Add("uri", "cannot be resolved")
		return ""
	}
	u, err := base.Parse(strings.TrimSpace(uri))
	if uri == "" || err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		p.Add("uri", "must be the URL of bulk data")
		return ""
	}
	return u.String()
}

// cutOut makes m give the bytes of the range, of an answer that holds them
// (partial) or that holds all.
func (m *Media) cutOut(r Range, partial bool, contentRange string) error {
	from, end := int64(0), int64(-1) // of what the answer says it holds; -1: not said
	if partial {
		first, last, ok := parseContentRange(contentRange)
		switch {
		case r == Range{}:
			return m.a.fail(segur.KindPartial, "", "the server sent only a part of the bulk data", nil)
		case !ok || first > r.Offset:
			return m.a.fail(segur.KindProtocol, "", "the server sent another range than what was asked", nil)
		}
		// Less than what was asked is right at the end of the value only. Without
		// a total, a range that was asked with its length is held to it.
		total, told := contentTotal(contentRange)
		if short := r.Length == 0 || last < r.Offset+r.Length-1; short && (!told || last+1 < total) {
			return m.a.fail(segur.KindPartial, "", "the server sent a shorter range than what was asked", nil)
		}
		from, end, m.a.ranged = first, last+1, true
	}
	if skip := r.Offset - from; skip > 0 {
		n, err := io.CopyN(io.Discard, struct{ io.Reader }{m}, skip)
		if err == io.EOF { //nolint:errorlint // Read returns it bare
			return m.a.fail(segur.KindNotFound, "", fmt.Sprintf("the bulk data end after %d bytes, before the range that was asked", from+n), nil)
		}
		if err != nil {
			return err
		}
		if m.Size >= 0 {
			m.Size -= skip
		}
	}
	left := r.Length
	if end >= 0 && (left == 0 || left > end-r.Offset) {
		left = end - r.Offset
	}
	if left > 0 {
		m.r = &section{m.r, left, end >= 0}
		if m.Size > left {
			m.Size = left
		}
	}
	return nil
}

// section ends after left bytes; what follows is not looked at. Where the server
// said that they are there, fewer are an error.
type section struct {
	r    io.Reader
	left int64
	said bool
}

func (s *section) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, errSectionEnd
	}
	if int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.r.Read(p)
	s.left -= int64(n)
	if err == io.EOF && s.left > 0 && s.said { //nolint:errorlint // the io.Reader contract says bare
		err = errCutRange
	}
	return n, err
}

// parseContentRange reads "bytes 0-99/200"; the total may be "*".
func parseContentRange(v string) (first, last int64, ok bool) {
	unit, spec, _ := strings.Cut(strings.TrimSpace(v), " ")
	span, _, _ := strings.Cut(spec, "/")
	a, b, dash := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(strings.TrimSpace(a), 10, 64)
	last, err2 := strconv.ParseInt(strings.TrimSpace(b), 10, 64)
	return first, last, strings.EqualFold(unit, "bytes") && dash && err1 == nil && err2 == nil && first >= 0 && last >= first
}

func contentTotal(v string) (int64, bool) {
	_, total, _ := strings.Cut(v, "/")
	n, err := strconv.ParseInt(strings.TrimSpace(total), 10, 64)
	return n, err == nil
}

// resolveBulk makes the references of a data set absolute: they are relative to
// the URL that was asked (RFC 3986).
func resolveBulk(ds *Dataset, asked *url.URL) {
	for i := range ds.elems {
		e := &ds.elems[i]
		for _, item := range e.Items {
			resolveBulk(item, asked)
		}
		if e.Bulk == nil || e.Bulk.URI == "" {
			continue
		}
		if u, err := asked.Parse(strings.TrimSpace(e.Bulk.URI)); err == nil && u.Host != "" {
			e.Bulk.URI = u.String()
		}
	}
}
