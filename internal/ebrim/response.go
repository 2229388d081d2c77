package ebrim

import (
	"errors"

	"github.com/segur-sdk/segur/internal/xmlr"
	"github.com/segur-sdk/segur/internal/xmlw"
)

// Statuses of a response.
const (
	StatusSuccess        = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
	StatusFailure        = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
	StatusPartialSuccess = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
)

// Severities of a registry error.
const (
	SeverityError   = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
	SeverityWarning = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"
)

// RegistryError is one error of a response.
type RegistryError struct {
	Code, Context, Severity, Location string
	// Value is the text of the element; rare.
	Value string
}

// Response is rs:RegistryResponse, or query:AdhocQueryResponse.
type Response struct {
	Status    string
	RequestID string
	Errors    []RegistryError
}

// WriteResponse writes rs:RegistryResponse.
func WriteResponse(w *xmlw.Writer, r Response) {
	w.Start("rs:RegistryResponse")
	w.NS("rs", NamespaceRS)
	w.AttrOpt("requestId", r.RequestID)
	w.Attr("status", r.Status)
	writeErrors(w, r.Errors)
	w.End()
}

// WriteQueryResponse writes query:AdhocQueryResponse.
func WriteQueryResponse(w *xmlw.Writer, r Response, objects []*Object) {
	w.Start("query:AdhocQueryResponse")
	w.NS("query", NamespaceQuery)
	w.NS("rim", NamespaceRIM)
	w.NS("rs", NamespaceRS)
	w.AttrOpt("requestId", r.RequestID)
	w.Attr("status", r.Status)
	writeErrors(w, r.Errors)
	writeList(w, objects)
	w.End()
}

func writeErrors(w *xmlw.Writer, errs []RegistryError) {
	if len(errs) == 0 {
		return
	}
	highest := SeverityWarning
	for _, e := range errs {
		if e.Severity != SeverityWarning {
			highest = SeverityError
		}
	}
	w.Start("rs:RegistryErrorList")
	w.Attr("highestSeverity", highest)
	for _, e := range errs {
		w.Start("rs:RegistryError")
		w.Attr("codeContext", e.Context)
		w.Attr("errorCode", e.Code)
		w.AttrOpt("location", e.Location)
		w.Attr("severity", or(e.Severity, SeverityError))
		if e.Value != "" {
			w.Text(e.Value)
		}
		w.End()
	}
	w.End()
}

var errNoStatus = errors.New("no status")

// ReadResponse reads rs:RegistryResponse or query:AdhocQueryResponse.
func ReadResponse(n *xmlr.Node) (Response, error) {
	r := Response{Status: n.Attr("status"), RequestID: n.Attr("requestId")}
	if r.Status == "" {
		return r, errNoStatus
	}
	for _, list := range n.All("*", "RegistryErrorList") {
		for _, e := range list.All("*", "RegistryError") {
			r.Errors = append(r.Errors, RegistryError{Code: e.Attr("errorCode"), Context: e.Attr("codeContext"),
				Severity: e.Attr("severity"), Location: e.Attr("location"), Value: e.TrimText()})
		}
	}
	return r, nil
}
