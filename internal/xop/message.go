package xop

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Media types of MTOM messages.
const (
	TypeXOP    = "application/xop+xml"
	TypeSOAP12 = "application/soap+xml"
)

// OutPart is one part of a message to send.
type OutPart struct {
	ContentID   string // without angle brackets; may be empty where parts are not referenced
	ContentType string // whole value, may be empty
	Encoding    string // Content-Transfer-Encoding; left out when empty. The content is sent as it is, whatever is said here
	Location    string // Content-Location, left out when empty
	Length      bool   // write a Content-Length header
	Content     Content
}

// Message is a multipart/related message ready to be sent, any number of times.
type Message struct {
	*Body
	contentType string
}

// Related describes a multipart/related message; see NewMTOM for the one of the SOAP services.
type Related struct {
	// Boundary delimits the parts, see NewBoundary. Letters, digits, "-", "_", "." and "'" only, so that it needs no quotes.
	Boundary string
	// Type is the media type of the root part, for example "application/dicom".
	Type string
	// Start is the Content-ID of the root part; left out when empty.
	Start string
	// StartInfo is the media type of the envelope inside a XOP root; left out when empty.
	StartInfo string
	Parts     []OutPart
}

// Message checks the description and returns the message. Parts in memory (Bytes) that hold the delimiter are refused with
// ErrBoundary; other contents are not searched, which is safe as long as the boundary is random.
func (m Related) Message() (*Message, error) {
	if err := checkBoundary(m.Boundary); err != nil {
		return nil, err
	}
	ct := `multipart/related; type="` + m.Type + `"`
	if m.Start != "" {
		ct += `; start="<` + m.Start + `>"`
	}
	if m.StartInfo != "" {
		ct += `; start-info="` + m.StartInfo + `"`
	}
	ct += "; boundary=" + m.Boundary
	if m.Type == "" || strings.ContainsAny(m.Type+m.StartInfo, "\"\\\r\n") || !legalID(m.Start) {
		return nil, ErrHeader
	}
	delimiter := []byte("--" + m.Boundary)
	segments := make([]Content, 0, 2*len(m.Parts)+1)
	for i, p := range m.Parts {
		head, err := p.head(delimiter, i == 0)
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
		if b, ok := p.Content.(Bytes); ok && bytes.Contains(b, delimiter) {
			return nil, fmt.Errorf("part %d: %w: it occurs in the content", i, ErrBoundary)
		}
		segments = append(segments, Bytes(head), p.Content)
	}
	tail := "--" + m.Boundary + "--\r\n"
	if len(m.Parts) > 0 {
		tail = "\r\n" + tail
	}
	body, err := NewBody(append(segments, Bytes(tail))...)
	if err != nil {
		return nil, err
	}
	return &Message{Body: body, contentType: ct}, nil
}

func (p OutPart) head(delimiter []byte, first bool) ([]byte, error) {
	if p.Content == nil {
		return nil, fmt.Errorf("%w: no content", ErrSize)
	}
	if !legalID(p.ContentID) {
		return nil, ErrHeader
	}
	var b []byte
	if !first {
		b = append(b, "\r\n"...)
	}
	b = append(append(b, delimiter...), "\r\n"...)
	from := len(b)
	id := ""
	if p.ContentID != "" {
		id = "<" + p.ContentID + ">"
	}
	length := ""
	if p.Length {
		length = strconv.FormatInt(p.Content.Size(), 10)
	}
	for _, h := range [...][2]string{
		{"Content-Type", p.ContentType},
		{"Content-Transfer-Encoding", p.Encoding},
		{"Content-ID", id},
		{"Content-Location", p.Location},
		{"Content-Length", length},
	} {
		if h[1] == "" {
			continue
		}
		if !legalValue(h[1]) {
			return nil, fmt.Errorf("%w: %s", ErrHeader, h[0])
		}
		b = append(append(append(append(b, h[0]...), ": "...), h[1]...), "\r\n"...)
	}
	if bytes.Contains(b[from:], delimiter) {
		return nil, fmt.Errorf("%w: it occurs in a header", ErrBoundary)
	}
	return append(b, "\r\n"...), nil
}

// NewMTOM returns the MTOM message of a SOAP 1.2 envelope: the root part, then the attachments that its xop:Include
// elements reference (Href), in the order given. action is the WS-Addressing action, repeated in the root part's type.
func NewMTOM(boundary, rootID, action string, envelope []byte, attachments []OutPart) (*Message, error) {
	if rootID == "" || strings.ContainsAny(action, "\"\\") {
		return nil, ErrHeader
	}
	rootType := TypeXOP + `; charset=UTF-8; type="` + TypeSOAP12 + `"`
	if action != "" {
		rootType += `; action="` + action + `"`
	}
	parts := make([]OutPart, 0, 1+len(attachments))
	parts = append(parts, OutPart{ContentID: rootID, ContentType: rootType, Encoding: "binary", Content: Bytes(envelope)})
	seen := map[string]bool{rootID: true}
	for _, a := range attachments {
		if a.ContentID == "" || seen[a.ContentID] {
			return nil, fmt.Errorf("%w: Content-ID missing or used twice", ErrHeader)
		}
		seen[a.ContentID] = true
		if a.Encoding == "" {
			a.Encoding = "binary"
		}
		parts = append(parts, a)
	}
	return Related{
		Boundary: boundary, Type: TypeXOP, Start: rootID, StartInfo: TypeSOAP12, Parts: parts,
	}.Message()
}

// ContentType returns the value of the HTTP Content-Type header.
func (m *Message) ContentType() string { return m.contentType }

// Apply makes the message the body of an HTTP request, Content-Type included.
func (m *Message) Apply(req *http.Request) error {
	if err := m.Body.Apply(req); err != nil {
		return err
	}
	req.Header.Set("Content-Type", m.contentType)
	return nil
}

// WriteTo writes the whole message, for servers and for evidence.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	rc, err := m.Open()
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(w, rc)
	if e := rc.Close(); err == nil {
		err = e
	}
	return n, err
}

// NewBoundary returns a boundary of 128 random bits: long enough that no content needs to be searched for it.
func NewBoundary(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return "segur-" + hex.EncodeToString(b[:]), nil
}

func checkBoundary(b string) error {
	if b == "" || len(b) > 70 {
		return ErrBoundary
	}
	for i := range len(b) {
		if c := b[i]; !alphanumeric(c) && !strings.ContainsRune("-_.'", rune(c)) {
			return ErrBoundary
		}
	}
	return nil
}

// legalID accepts the Content-IDs that need no quoting anywhere; the empty one is legal.
func legalID(id string) bool {
	for i := range len(id) {
		if c := id[i]; !alphanumeric(c) && !strings.ContainsRune("-_.@+$!~:", rune(c)) {
			return false
		}
	}
	return len(id) <= 250
}

func legalValue(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return len(v) <= 2000
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
