package ins

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/soap"
	"github.com/segur-sdk/segur/internal/xmlr"
)

// Fault is a refusal by the service, behind the [*segur.Error] of a call: take it with [errors.As]. It has three
// levels of codes. Its texts are the service's own: show them to the user (Reason) or to support (Message), do not log
// them. Error() gives codes only.
type Fault struct {
	// Code is Sender or Receiver. It does not tell whether to try again: an unavailability was seen as Sender.
	Code string
	// Subcode is the family: "siram_100" (software not authorised), "siram_40" (unavailable), "siram_10" (request
	// malformed).
	Subcode string
	// Reason is the text for the user, in Lang. Qualification labels French text "en" at times.
	Reason, Lang string
	// DetailCode is the precise code: "desir_…" from the gateway, "insi_…" from the application. May be empty.
	DetailCode string
	// Severity is "information", "avertissement", "erreur", "fatale", or what the service writes instead ("fatal").
	Severity string
	// Message is the text of the detail.
	Message string
	// MessageID is the identifier of the request, which the gateway repeats and the application does not.
	MessageID string
	// Status is the HTTP status.
	Status int
	// Raw is the fault element as received.
	Raw []byte
}

// Error names the codes.
func (f *Fault) Error() string {
	codes := []string{f.Code, f.Subcode, f.DetailCode}
	codes = slices.DeleteFunc(codes, func(c string) bool { return c == "" })
	return "INSi fault " + strings.Join(codes, "/")
}

// Format writes the codes whatever the verb: the texts are not for logs.
func (f Fault) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(f.Error())) }

// LogValue makes slog write the codes.
func (f Fault) LogValue() slog.Value { return slog.StringValue(f.Error()) }

// readFault reads the detail siram:Erreur (schema faultSOAP V01_01), leniently: prefix, language, severity and place
// of the attributes changed over the years.
func readFault(f *soap.Fault, status int) *Fault {
	out := &Fault{Code: codeOf(f.Code), Subcode: codeOf(family(f)), Reason: f.Reason(segur.FR), Status: status, Raw: f.Raw}
	for _, r := range f.Reasons {
		if r.Text == out.Reason {
			out.Lang = r.Lang
			break
		}
	}
	e := f.Detail.Child(nsFault, "Erreur")
	if e == nil {
		e = f.Detail.Child("*", "Erreur")
	}
	if e != nil {
		out.DetailCode = codeOf(attribute(e, "code"))
		out.Severity = codeOf(attribute(e, "severite"))
		out.MessageID = strings.TrimSpace(attribute(e, "messageID"))
		out.Message = e.TrimText()
	}
	return out
}

// family is the innermost subcode of a family that is known, else the innermost one.
func family(f *soap.Fault) string {
	for _, s := range slices.Backward(f.Subcodes) {
		if _, ok := codes[s]; ok {
			return s
		}
	}
	return f.Subcode()
}

// attribute is an attribute of the detail, with or without the namespace of the detail.
func attribute(e *xmlr.Node, name string) string {
	if v, ok := e.LookupAttr("", name); ok {
		return v
	}
	v, _ := e.LookupAttr(e.Name.Space, name)
	return v
}

// codeOf keeps what looks like a code, without the prefix of a qualified name, which the schema makes of the severity:
// texts of the service do not get into errors.
func codeOf(s string) string {
	s = strings.TrimSpace(s)
	s = s[strings.LastIndexByte(s, ':')+1:]
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' && r != '.'
	}) {
		return ""
	}
	return s
}

// typed is the error of a fault: kind and help by the detail code, else by the family, else by what SOAP says.
func (f *Fault) typed(soap *segur.Error) *segur.Error {
	e := &segur.Error{Op: soap.Op, Kind: soap.Kind, Code: f.DetailCode, Status: f.Status, RequestID: soap.RequestID, Err: f}
	if e.Code == "" {
		e.Code = f.Subcode
	}
	for _, code := range []string{f.DetailCode, f.Subcode} {
		if c, ok := codes[code]; ok {
			e.Kind, e.Help = c.kind, c.help
			if c.field != "" {
				e.Details = []segur.Detail{{Field: c.field, Code: code, Message: "refused by INSi"}}
			}
			break
		}
	}
	return e
}
