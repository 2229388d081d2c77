package transport

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/segur-sdk/segur"
)

// Request is one operation to carry out, by one or more attempts.
type Request struct {
	// Op names the operation: "ins.search".
	Op string
	// Method is the HTTP method. Empty: GET without Body, POST with one.
	Method string
	// URL is absolute, https, without user or fragment. Its query is never
	// logged nor put in an error.
	URL string
	// Header is sent as it is; it is not modified. User-Agent is added.
	Header http.Header
	// Body is opened once for each attempt. nil: none.
	Body segur.Content
	// RepeatSafe says that carrying out the request twice does what carrying
	// it out once does.
	RepeatSafe bool
	// RepeatBusy repeats after 429 and 503 even what is not RepeatSafe: the
	// service says that it did not carry it out.
	RepeatBusy bool
	// Once makes one attempt only, whatever the retry policy says.
	Once bool
	// Reauthorize, when set, is asked after the first 401: true, when it put
	// another authorisation into Header, sends the request once more, beside
	// the attempts of the retry policy, since a request that was not let in was
	// not carried out. Its error ends the operation.
	Reauthorize func(context.Context) (bool, error)
	// RequestID is quoted in errors and observations. Optional.
	RequestID string
	// Renew, when set, makes the body and the RequestID of each attempt after
	// the first: for messages whose identifier or signature serves once. It may
	// set Header anew, well formed, but for the media type. Its error ends the
	// operation.
	Renew func(context.Context) (body segur.Content, requestID string, err error)
	// ResponseLimit bounds the response body in bytes. 0:
	// Limits.MaxResponseBytes. Negative: none; the caller then bounds parts.
	ResponseLimit int64
	// SecretHeaders names headers of the request whose values are kept out of
	// the evidence, beside those that always are. It may change with Header
	// when the request is renewed.
	SecretHeaders []string
	// SecretBodies keeps both bodies out of the evidence: they hold tokens.
	SecretBodies bool
}

// check returns the parsed URL, or what is wrong with the request.
func (r *Request) check(c *Client) (*url.URL, error) {
	var p segur.Problems
	u, err := url.Parse(r.URL)
	switch {
	case err != nil || u.Host == "":
		p.Add("url", "is not an absolute URL")
	case u.Scheme != "https" && (u.Scheme != "http" || !c.o.PlainHTTP):
		p.Add("url", "must be https")
	case u.User != nil || u.Fragment != "":
		p.Add("url", "must have no user and no fragment")
	case c.cfg.Environment == segur.Fake && !loopback(u.Hostname()):
		p.Add("url", "must be on this machine (127.0.0.1, ::1, localhost) in the environment segur.Fake")
	}
	if strings.ContainsFunc(r.Method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		p.Add("method", "must be capital letters")
	}
	for name, values := range r.Header {
		if name == "" || strings.ContainsFunc(name, func(c rune) bool {
			return c <= ' ' || c >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
		}) {
			p.Add("header", "a name is not a token")
			continue
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				p.Add("header."+name, "must hold no control character")
			}
		}
	}
	if r.Body != nil && r.Body.Size() < 0 {
		p.Add("body", "must have a known size")
	}
	return u, p.Err(r.Op)
}

func (r *Request) method() string {
	switch {
	case r.Method != "":
		return r.Method
	case r.Body != nil:
		return http.MethodPost
	}
	return http.MethodGet
}

func loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
