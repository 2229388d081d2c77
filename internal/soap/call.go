package soap

import (
	"context"
	"net/http"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Namespaces of what the package writes and reads.
const (
	Namespace12         = "http://www.w3.org/2003/05/soap-envelope"
	Namespace11         = "http://schemas.xmlsoap.org/soap/envelope/"
	NamespaceAddressing = "http://www.w3.org/2005/08/addressing"
	NamespaceSecurity   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

	// Anonymous is the address "answer on this connection".
	Anonymous = "http://www.w3.org/2005/08/addressing/anonymous"
)

// Call is one request and how to send it. Byte slices are written as they are: they must be canonical, balanced XML
// that declares every prefix it uses.
type Call struct {
	// Op is the operation, such as "dmp.submit": in errors, observation and evidence.
	Op string
	// Endpoint is the URL of the service.
	Endpoint string
	// Action is the wsa:Action header and the action parameter of the media type.
	Action string
	// MessageID is the text of wsa:MessageID, in the form the service wants ("uuid:…" or "urn:uuid:…"). Empty: no
	// such header. Never the same for two calls.
	MessageID string
	// To is the text of wsa:To. Empty: no such header.
	To string
	// ReplyTo writes wsa:ReplyTo with the anonymous address.
	ReplyTo bool
	// MustUnderstand marks Action and ReplyTo so.
	MustUnderstand bool
	// Header is added to the HTTP request, for services whose proof of identity is no part of the message. Values are
	// kept out of the evidence. It replaces neither the media types nor what HTTP itself writes.
	Header http.Header
	// Headers are further header blocks, written before the addressing ones.
	Headers []byte
	// Security is the content of wsse:Security, a signed assertion as a rule. Empty: no such header.
	Security []byte
	// Body is the content of soap:Body.
	Body []byte
	// Attachments, when there are any, make the call an MTOM message with Body naming each of them by an
	// xop:Include.
	Attachments []Attachment
	// Renew, when set, makes each attempt after the first a message of its own, for services that take an identifier
	// once: it changes MessageID, Header, Headers and Security of next, a copy of the call. Only for calls that are RepeatSafe
	// and have no attachments.
	Renew func(ctx context.Context, next *Call) error
	// RepeatSafe says that sending the request twice has the effect of sending it once.
	RepeatSafe bool
	// Once makes one attempt only, whatever the configuration says: the caller counts the messages and repeats by itself.
	Once bool
	// Understood names header blocks of the answer, beside those of WS-Addressing, that the caller processes when
	// they are marked mustUnderstand.
	Understood []xmlr.Name
	// Refused makes the service's own error of a fault, from the error that SOAP alone can tell: what the caller, the
	// log and the observer get. It keeps the fault in the chain of causes where the call is not RepeatSafe. nil: the
	// error stays as it is.
	Refused func(e *segur.Error, f *Fault) *segur.Error
}

// Attachment is one MTOM part.
type Attachment struct {
	// ContentID identifies the part: what xop:Include names, without "cid:", "<>" and percent-encoding.
	ContentID string
	// ContentType is the media type of the content.
	ContentType string
	// Content is sent as it is (Content-Transfer-Encoding: binary).
	Content segur.Content
}

// reserved are the HTTP headers that the package, or HTTP itself, writes.
var reserved = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Connection": true, "Content-Encoding": true, "Content-Length": true,
	"Content-Type": true, "Expect": true, "Host": true, "Keep-Alive": true, "Proxy-Connection": true, "Soapaction": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "User-Agent": true,
}

// check says what is wrong with the call itself: mistakes of the calling package, not of its user.
func (c *Call) check() error {
	var p segur.Problems
	segur.CheckEndpoint(&p, "endpoint", c.Endpoint)
	p.Require("action", c.Action)
	if strings.ContainsAny(c.Action, "\"\\\r\n") {
		p.Add("action", "must not hold quotes, backslashes or line breaks")
	}
	if len(c.Body) == 0 {
		p.Add("body", "is required")
	}
	for name := range c.Header {
		if reserved[http.CanonicalHeaderKey(name)] {
			p.Add("header", "must not replace "+http.CanonicalHeaderKey(name))
		}
	}
	if c.Renew != nil && len(c.Attachments) > 0 {
		p.Add("renew", "is for calls without attachments")
	}
	seen := map[string]bool{}
	for _, a := range c.Attachments {
		switch {
		case a.Content == nil || a.ContentType == "" || a.ContentID == "":
			p.Add("attachments", "need a Content-ID, a media type and a content")
		case strings.ContainsAny(a.ContentID+a.ContentType, "<>\r\n"):
			p.Add("attachments", "Content-ID and media type must not hold angle brackets or line breaks")
		case seen[a.ContentID]:
			p.Add("attachments", "two parts have the same Content-ID")
		}
		seen[a.ContentID] = true
	}
	return p.Err(c.Op)
}
