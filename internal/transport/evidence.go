package transport

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/segur-sdk/segur"
)

// record writes the evidence of one attempt. All methods do nothing on nil.
//
// The request is what goes on the wire as HTTP/1.1, byte for byte, but for the
// values of secret headers. The response head is rebuilt from what net/http
// read (header order and case are not kept, chunking is undone); the body is
// exact, as far as it was read.
type record struct {
	o *operation

	mu     sync.Mutex
	x      segur.Exchange
	broken bool
}

// newRecord returns nil when no evidence is asked for.
func (o *operation) newRecord() (*record, error) {
	if o.c.cfg.Evidence == nil {
		return nil, nil //nolint:nilnil // nil is a record that records nothing
	}
	x, err := o.c.cfg.Evidence.Begin(o.req.Op)
	if err != nil {
		return nil, err
	}
	return &record{o: o, x: x}, nil
}

func (r *record) write(to func(segur.Exchange) io.Writer, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.x == nil || r.broken || len(b) == 0 {
		return
	}
	if _, err := to(r.x).Write(b); err != nil {
		r.fail(err)
	}
}

// fail reports once that the record is incomplete. The exchange goes on: it
// cannot be taken back.
func (r *record) fail(err error) {
	r.broken = true
	r.o.c.cfg.Logger.LogAttrs(context.WithoutCancel(r.o.ctx), slog.LevelError, "segur evidence is incomplete",
		slog.String("op", r.o.req.Op), slog.String("request_id", r.o.requestID()), slog.String("error", err.Error()))
}

func (r *record) requestHead(req *http.Request, size int64) {
	if r == nil {
		return
	}
	var b bytes.Buffer
	b.WriteString(req.Method + " " + req.URL.RequestURI() + " HTTP/1.1\r\nHost: " + req.URL.Host + "\r\n")
	b.WriteString("User-Agent: " + req.Header.Get("User-Agent") + "\r\n")
	if size > 0 || size == 0 && (req.Method == http.MethodPost || req.Method == http.MethodPut || req.Method == http.MethodPatch) {
		b.WriteString("Content-Length: " + strconv.FormatInt(size, 10) + "\r\n")
	}
	writeHeader(&b, req.Header, r.o.req.SecretHeaders, map[string]bool{"Host": true, "User-Agent": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true})
	b.WriteString("\r\n")
	if r.o.req.SecretBodies && size > 0 {
		b.WriteString(removed)
	}
	r.write(segur.Exchange.Request, b.Bytes())
}

func (r *record) responseHead(resp *http.Response) {
	if r == nil {
		return
	}
	var b bytes.Buffer
	b.WriteString(resp.Proto + " " + resp.Status + "\r\n")
	writeHeader(&b, resp.Header, nil, nil)
	b.WriteString("\r\n")
	if r.o.req.SecretBodies {
		b.WriteString(removed)
	}
	r.write(segur.Exchange.Response, b.Bytes())
}

func (r *record) requestBody(p []byte) {
	if r != nil && !r.o.req.SecretBodies {
		r.write(segur.Exchange.Request, p)
	}
}

func (r *record) responseBody(p []byte) {
	if r != nil && !r.o.req.SecretBodies {
		r.write(segur.Exchange.Response, p)
	}
}

// restart begins another exchange: net/http found its connection dead before
// the first byte left and sends again.
func (r *record) restart(req *http.Request, size int64) {
	if r == nil {
		return
	}
	r.close()
	r.mu.Lock()
	x, err := r.o.c.cfg.Evidence.Begin(r.o.req.Op)
	if err != nil {
		r.fail(err)
	}
	r.x = x
	r.mu.Unlock()
	r.requestHead(req, size)
}

// close ends the record; what net/http still reads of the request afterwards
// is dropped.
func (r *record) close() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.x == nil {
		return
	}
	if err := r.x.Close(); err != nil && !r.broken {
		r.fail(err)
	}
	r.x = nil
}

const removed = "[removed]"

// secretHeaders are never recorded. Gravitee and ESANTE keys open the health
// directory.
var secretHeaders = map[string]bool{
	"Authorization": true, "Proxy-Authorization": true, "Cookie": true, "Set-Cookie": true,
	"Esante-Api-Key": true, "X-Gravitee-Api-Key": true, "X-Api-Key": true,
}

func writeHeader(b *bytes.Buffer, h http.Header, secret []string, skip map[string]bool) {
	hidden := func(name string) bool {
		return secretHeaders[http.CanonicalHeaderKey(name)] ||
			slices.ContainsFunc(secret, func(s string) bool { return strings.EqualFold(s, name) })
	}
	clean := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			if hidden(name) {
				v = removed
			}
			clean[name] = append(clean[name], strings.TrimSpace(v))
		}
	}
	_ = clean.WriteSubset(b, skip) // a buffer does not fail; sorted, as net/http sends
}
