package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
)

// Do carries out req and returns the response whatever its status, but for
// redirects, which are [segur.ErrProtocol] errors. The caller closes the body;
// the operation ends, and is observed, at that moment.
//
// Statuses 429, 502, 503 and 504, and failures of the connection, are repeated
// within [segur.RetryPolicy] when the request is safe to repeat; the last
// response is returned. When evidence is asked for and cannot be opened,
// nothing is sent and the error is [segur.ErrUnavailable].
func (c *Client) Do(ctx context.Context, req *Request) (*Response, error) {
	u, err := req.check(c)
	if err != nil {
		return nil, err
	}
	o := c.begin(ctx, req, u.Host)
	for asked := false; ; {
		o.attempts++
		resp, f := o.attempt(u)
		if resp != nil && resp.Status == http.StatusUnauthorized && req.Reauthorize != nil && !asked {
			asked = true
			again, err := req.Reauthorize(o.ctx)
			if err != nil {
				resp.Body.(*body).discard()
				return nil, o.give(o.errorOf(err, "no authorisation to present"))
			}
			if again {
				resp.Body.(*body).discard()
				continue
			}
		}
		n := o.attempts
		if asked {
			n--
		}
		wait, again := c.again(o, max(n, 1), resp, f)
		if !again {
			if f != nil {
				return nil, o.give(f.err)
			}
			return resp, nil
		}
		if resp != nil {
			resp.Body.(*body).discard()
		}
		if err := c.o.Pause(o.ctx, wait); err != nil {
			return nil, o.give(o.contextError(false))
		}
		if err := o.renew(); err != nil {
			return nil, o.give(err)
		}
	}
}

// give ends the operation with err.
func (o *operation) give(err *segur.Error) error {
	o.note(err, true)
	o.end()
	return err
}

var (
	errAttemptTimeout = errors.New("no response head in time")
	errIdleTimeout    = errors.New("no byte of the body in time")
)

// attempt sends the request once. Exactly one result is not nil.
func (o *operation) attempt(u *url.URL) (*Response, *failure) {
	cfg := &o.c.cfg
	if o.ctx.Err() != nil {
		return nil, &failure{err: o.contextError(false)}
	}
	client, m := o.c.given, (*member)(nil)
	if client == nil {
		var err error
		if m, err = o.c.pool.get(o.ctx); err != nil {
			return nil, &failure{err: o.credentialError(err)}
		}
		client = m.client
	}
	rec, err := o.newRecord()
	if err != nil {
		return nil, &failure{err: o.error(segur.KindUnavailable, "the evidence cannot be recorded: nothing was sent", err)}
	}
	ctx, cancel := context.WithCancelCause(o.ctx)
	w := newWatch(cfg.Timeout, func() { cancel(errAttemptTimeout) })
	s := &sending{o: o, m: m, watch: w, rec: rec, body: o.content()}
	resp, f := o.exchange(ctx, client, u, s) //nolint:bodyclose // the Response's body closes it
	w.stop()
	if f != nil {
		cancel(nil)
		rec.close()
		return nil, f
	}
	o.setStatus(resp.StatusCode)
	rec.responseHead(resp)
	b := newBody(ctx, cancel, o, resp, rec)
	out := &Response{
		Status: resp.StatusCode, Header: resp.Header, ContentLength: b.length, Body: b,
		RetryAfter: retryAfter(resp.Header, cfg.Clock()), o: o,
		Delimited: b.length >= 0 || len(resp.TransferEncoding) > 0 || resp.ProtoMajor > 1 || resp.TLS != nil,
	}
	if w, ok := resp.Body.(io.Writer); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		out.Body = b.upgrade(w)
	}
	if f := o.refuse(resp, b); f != nil {
		b.discard()
		return nil, f
	}
	return out, nil
}

func (o *operation) exchange(ctx context.Context, client *http.Client, u *url.URL, s *sending) (*http.Response, *failure) {
	ctx = context.WithValue(ctx, dialKey{}, s)
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, s.trace()), o.req.method(), u.String(), nil)
	if err != nil {
		return nil, &failure{err: o.error(segur.KindInvalidInput, "the request cannot be built", nil)}
	}
	for k, v := range o.req.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", o.c.cfg.UserAgent)
	}
	if c := s.body; c != nil && c.Size() > 0 {
		s.size = c.Size()
		req.ContentLength = s.size
		if req.Body, err = s.open(); err != nil {
			return nil, &failure{err: o.error(segur.KindInvalidInput, "the content to send cannot be opened", err)}
		}
		// net/http uses it when a connection it kept turns out to be dead
		// before the first byte.
		req.GetBody = func() (io.ReadCloser, error) {
			s.rec.restart(req, s.size)
			return s.open()
		}
	} else if c != nil {
		req.Body = http.NoBody
	}
	s.rec.requestHead(req, s.size)
	resp, err := client.Do(req) //nolint:bodyclose // the caller's Response closes it
	if err != nil {
		return nil, s.classify(ctx, err)
	}
	return resp, nil
}

// refuse names what disqualifies a response at its head.
func (o *operation) refuse(resp *http.Response, b *body) *failure {
	var err *segur.Error
	switch {
	case resp.StatusCode >= 300 && resp.StatusCode < 400 && resp.StatusCode != http.StatusNotModified:
		err = o.error(segur.KindProtocol, "the service redirects, which is refused: check the endpoint address", nil)
	case o.refusesCertificate(resp, b):
		message := "the service requires a client certificate and none is configured"
		if o.presented() {
			message = "the service refuses the client certificate, or got none: see its validity and its authority"
		}
		err = o.error(segur.KindAuthentication, message, nil)
	case encoded(resp) && o.req.Header.Get("Accept-Encoding") == "":
		err = o.unsure(true, o.error(segur.KindProtocol, "the response is compressed although that was not asked for", nil))
	case b.limit >= 0 && b.length > b.limit:
		err = o.unsure(true, o.tooLarge(b.limit))
	default:
		return nil
	}
	err.Status = resp.StatusCode
	return &failure{err: err}
}

// refusesCertificate recognises how nginx refuses a client certificate: with the handshake done, by a page of its own under
// the status of a malformed request. The service behind it has not seen the request.
func (o *operation) refusesCertificate(r *http.Response, b *body) bool {
	if r.StatusCode != http.StatusBadRequest || !strings.HasPrefix(o.req.URL, "https:") || b.length <= 0 || b.length > 2<<10 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		return false
	}
	page, _ := io.ReadAll(b) // what it fails with, it fails with again
	b.ahead = page
	return bytes.Contains(page, []byte("SSL certificate"))
}

func encoded(r *http.Response) bool {
	e := r.Header.Get("Content-Encoding")
	return e != "" && e != "identity"
}
