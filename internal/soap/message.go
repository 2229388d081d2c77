package soap

import (
	"errors"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Version is a version of SOAP.
type Version uint8

// Versions read. Only 1.2 is written.
const (
	V12 Version = iota
	V11
)

// Message is an envelope that was read.
type Message struct {
	// Version is that of the envelope's namespace.
	Version Version
	// Raw is the envelope, byte for byte.
	Raw []byte
	// Header is the header element, nil without one.
	Header *xmlr.Node
	// Payload is the only child of the body; nil when the body is empty.
	Payload *xmlr.Node
	// Fault is the fault, when the payload is one.
	Fault *Fault
	// Action, MessageID, RelatesTo and To are the WS-Addressing headers, trimmed; empty when absent.
	Action, MessageID, RelatesTo, To string
}

// protocolError is what every refusal of a received message becomes once the operation and the status are known.
type protocolError struct {
	kind    segur.Kind
	message string
	err     error
}

func (e *protocolError) Error() string { return e.message }
func (e *protocolError) Unwrap() error { return e.err }

func refuse(message string) error { return &protocolError{kind: segur.KindProtocol, message: message} }

// ParseMessage reads an envelope of either version. It refuses whatever the SOAP schema refuses in the envelope
// itself, and a body with more than one child; header blocks and payload are left to the caller. The error is an
// [*segur.Error] of kind [segur.KindTruncated], [segur.KindTooLarge] or [segur.KindProtocol]. raw is kept.
func ParseMessage(op string, raw []byte, maxBytes int64) (*Message, error) {
	m, err := parseMessage(raw, maxBytes)
	if err != nil {
		return nil, typed(op, err)
	}
	return m, nil
}

func parseMessage(raw []byte, maxBytes int64) (*Message, error) {
	root, err := xmlr.Parse(raw, xmlr.Options{MaxBytes: int(maxBytes)})
	if err != nil {
		return nil, xmlError(err)
	}
	m := &Message{Raw: raw}
	switch {
	case root.Is(Namespace12, "Envelope"):
	case root.Is(Namespace11, "Envelope"):
		m.Version = V11
	case root.Name.Local == "Envelope":
		return nil, refuse("the answer is an envelope of an unknown version of SOAP")
	default:
		return nil, refuse("the answer is XML but not a SOAP envelope")
	}
	ns := root.Name.Space
	if blank(root) != nil {
		return nil, refuse("text directly in the SOAP envelope")
	}
	var body *xmlr.Node
	for _, c := range root.Children {
		switch {
		case c.Is(ns, "Header") && m.Header == nil && body == nil:
			m.Header = c
		case c.Is(ns, "Body") && body == nil:
			body = c
		case body != nil && m.Version == V11 && c.Name.Space != ns:
			// SOAP 1.1 lets other elements follow the body.
		default:
			return nil, refuse("the SOAP envelope holds something else than one header and one body")
		}
	}
	switch {
	case body == nil:
		return nil, refuse("the SOAP envelope has no body")
	case len(body.Children) > 1:
		return nil, refuse("the SOAP body has more than one child")
	case blank(body) != nil:
		return nil, refuse("text directly in the SOAP body")
	case len(body.Children) == 1:
		m.Payload = body.Children[0]
	}
	if err := m.addressing(); err != nil {
		return nil, err
	}
	if m.Payload.Is(ns, "Fault") {
		m.Fault = readFault(m.Payload, m.Version)
	}
	return m, nil
}

// blank returns an error when the element itself holds text.
func blank(n *xmlr.Node) error {
	if n.TrimText() != "" {
		return refuse("unexpected text")
	}
	return nil
}

func (m *Message) addressing() error {
	if m.Header == nil {
		return nil
	}
	for _, c := range m.Header.Children {
		if c.Name.Space != NamespaceAddressing {
			continue
		}
		var into *string
		switch c.Name.Local {
		case "Action":
			into = &m.Action
		case "MessageID":
			into = &m.MessageID
		case "To":
			into = &m.To
		case "RelatesTo":
			// Several are allowed; the reply relation is the default one.
			if r := c.Attr("RelationshipType"); r != "" && r != NamespaceAddressing+"/reply" {
				continue
			}
			into = &m.RelatesTo
		default:
			continue
		}
		if *into != "" {
			return refuse("a WS-Addressing header comes twice")
		}
		*into = c.TrimText()
	}
	return nil
}

// checkUnderstood refuses a header block marked mustUnderstand that nobody processes.
func (m *Message) checkUnderstood(understood []xmlr.Name) error {
	if m.Header == nil {
		return nil
	}
	ns := Namespace12
	if m.Version == V11 {
		ns = Namespace11
	}
	for _, c := range m.Header.Children {
		v, ok := c.LookupAttr(ns, "mustUnderstand")
		if !ok || v == "false" || v == "0" || c.Name.Space == NamespaceAddressing {
			continue
		}
		known := false
		for _, u := range understood {
			known = known || c.Name == u
		}
		if !known {
			return refuse("the answer has a header that must be understood and is not")
		}
	}
	return nil
}

// xmlError types a refusal of the XML reader. Its text is positions and rules, never content.
func xmlError(err error) error {
	e := &protocolError{kind: segur.KindProtocol, message: "the answer is not well-formed XML", err: err}
	var x *xmlr.Error
	if errors.As(err, &x) {
		switch x.Rule {
		case xmlr.RuleTruncated:
			e.kind, e.message = segur.KindTruncated, "the answer stops before the end of the envelope"
		case xmlr.RuleLimit:
			e.kind, e.message = segur.KindTooLarge, "the answer is beyond a limit"
		case xmlr.RuleDoctype:
			e.message = "the answer holds a DOCTYPE, which SOAP forbids"
		}
	}
	return e
}

// typed makes err an [*segur.Error] of the operation.
func typed(op string, err error) *segur.Error {
	var e *segur.Error
	if errors.As(err, &e) {
		return e
	}
	var p *protocolError
	if errors.As(err, &p) {
		return &segur.Error{Op: op, Kind: p.kind, Message: p.message, Err: p.err}
	}
	return &segur.Error{Op: op, Kind: segur.KindProtocol, Message: "the answer cannot be read", Err: err}
}
