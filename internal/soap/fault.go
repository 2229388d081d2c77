package soap

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Fault is a SOAP fault of either version, in the terms of SOAP 1.2. Its texts come from the service: show them to the
// user, do not log them. Error() gives codes only.
type Fault struct {
	// Version is that of the envelope.
	Version Version
	// Code is the local part of the code: Sender, Receiver, MustUnderstand, VersionMismatch or DataEncodingUnknown.
	// SOAP 1.1 Client and Server are given as Sender and Receiver.
	Code string
	// Subcodes are the local parts of the chain of subcodes, outermost first. Services write them with the SOAP
	// prefix, so the namespace means nothing.
	Subcodes []string
	// Reasons are the texts for people, in the order of the message.
	Reasons []Reason
	// Role and Node name who raised the fault. Optional.
	Role, Node string
	// Detail is the detail element; nil without one.
	Detail *xmlr.Node
	// Raw is the fault element as received. Prefixes may be declared outside of it.
	Raw []byte
}

// Reason is one text of a fault.
type Reason struct{ Lang, Text string }

// Error names the codes.
func (f *Fault) Error() string {
	s := "SOAP fault " + printable(f.Code)
	for _, c := range f.Subcodes {
		s += "/" + printable(c)
	}
	return s
}

// Subcode returns the innermost subcode, "" without any: the code that says most.
func (f *Fault) Subcode() string {
	if len(f.Subcodes) == 0 {
		return ""
	}
	return f.Subcodes[len(f.Subcodes)-1]
}

// Reason returns the text in the language, or the first one.
func (f *Fault) Reason(lang segur.Lang) string {
	for _, r := range f.Reasons {
		if l, _, _ := strings.Cut(r.Lang, "-"); strings.EqualFold(l, string(lang)) {
			return r.Text
		}
	}
	if len(f.Reasons) > 0 {
		return f.Reasons[0].Text
	}
	return ""
}

// Kind classes the fault by its code alone; services know better by their own codes. A receiver's fault is
// [segur.KindUnavailable] where the call may be repeated, since "unavailable" tells the caller that it may.
func (f *Fault) Kind(repeatSafe bool) segur.Kind {
	switch f.Code {
	case "Receiver":
		if repeatSafe {
			return segur.KindUnavailable
		}
	case "MustUnderstand", "VersionMismatch", "DataEncodingUnknown":
		return segur.KindProtocol
	}
	return segur.KindRefused
}

// maxSubcodes bounds the chain; real services use one or two.
const maxSubcodes = 8

func readFault(n *xmlr.Node, v Version) *Fault {
	f := &Fault{Version: v, Raw: n.Raw()}
	if v == V11 {
		// The children have no namespace; some servers write them with one.
		code := local(n.Child("*", "faultcode").TrimText())
		head, rest, dotted := strings.Cut(code, ".")
		if dotted {
			f.Subcodes = []string{rest}
		}
		switch head {
		case "Client":
			head = "Sender"
		case "Server":
			head = "Receiver"
		}
		f.Code = head
		if s := n.Child("*", "faultstring"); s != nil {
			lang, _ := s.LookupAttr(xmlr.XMLNamespace, "lang")
			f.Reasons = []Reason{{Lang: lang, Text: s.TrimText()}}
		}
		f.Role = n.Child("*", "faultactor").TrimText()
		f.Detail = n.Child("*", "detail")
		return f
	}
	code := n.Child(Namespace12, "Code")
	f.Code = local(code.Child(Namespace12, "Value").TrimText())
	for sub := code.Child(Namespace12, "Subcode"); sub != nil && len(f.Subcodes) < maxSubcodes; sub = sub.Child(Namespace12, "Subcode") {
		f.Subcodes = append(f.Subcodes, local(sub.Child(Namespace12, "Value").TrimText()))
	}
	for r := range n.Each(Namespace12, "Reason/Text") {
		lang, _ := r.LookupAttr(xmlr.XMLNamespace, "lang")
		f.Reasons = append(f.Reasons, Reason{Lang: lang, Text: r.TrimText()})
	}
	f.Role = n.Child(Namespace12, "Role").TrimText()
	f.Node = n.Child(Namespace12, "Node").TrimText()
	f.Detail = n.Child(Namespace12, "Detail")
	return f
}

// local returns the local part of a qualified name.
func local(qname string) string {
	if i := strings.LastIndexByte(qname, ':'); i >= 0 {
		return qname[i+1:]
	}
	return qname
}

// printable keeps a code only when it looks like one, so that no free text of the service gets into an error.
func printable(code string) string {
	if code == "" || len(code) > 64 {
		return "?"
	}
	for i := range len(code) {
		c := code[i]
		if c < '0' && c != '.' && c != '-' || c > '9' && c < 'A' || c > 'Z' && c < 'a' && c != '_' || c > 'z' {
			return "?"
		}
	}
	return code
}
