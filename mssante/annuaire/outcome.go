package annuaire

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/segur-sdk/segur"
)

// Outcome is an OperationOutcome of the directory: it is the cause
// ([errors.As]) of the errors of refused calls. The diagnostics in free text
// may repeat the query, so they are not kept; the evidence has them.
type Outcome struct {
	// Issues are what the service says, in its order.
	Issues []Issue
}

// Issue is one of the remarks of an [Outcome].
type Issue struct {
	// Severity is fatal, error, warning or information.
	Severity string
	// Code is the FHIR issue type: "invalid", "processing", "not-supported"...
	Code string
	// Server is the number of the message in the service's software, such as
	// "HAPI-0302" (unknown resource type). Empty when there is none.
	Server string
}

// Error lists the codes.
func (o *Outcome) Error() string {
	parts := make([]string, 0, len(o.Issues))
	for _, i := range o.Issues {
		parts = append(parts, strings.TrimSpace(i.Severity+" "+i.Code+" "+i.Server))
	}
	return "OperationOutcome (" + strings.Join(parts, "; ") + ")"
}

// Failed reports whether an issue is an error.
func (o *Outcome) Failed() bool {
	for _, i := range o.Issues {
		if i.Severity != "warning" && i.Severity != "information" {
			return true
		}
	}
	return false
}

const maxIssues = 50

var (
	issueCode  = regexp.MustCompile(`^[a-z][a-z-]{1,30}$`)
	serverCode = regexp.MustCompile(`\b(HAPI-[0-9]{1,6})\b`)
)

// readOutcome reads leniently: the models of samply refuse an outcome whose
// codes they do not know, and a refusal must be reported whatever it says.
func readOutcome(raw []byte) (*Outcome, bool) {
	var r struct {
		ResourceType string `json:"resourceType"`
		Issue        []struct {
			Severity    string `json:"severity"`
			Code        string `json:"code"`
			Diagnostics string `json:"diagnostics"`
		} `json:"issue"`
	}
	if ok := json.Unmarshal(raw, &r) == nil && r.ResourceType == "OperationOutcome"; !ok {
		return nil, false
	}
	o := &Outcome{}
	for _, i := range r.Issue[:min(len(r.Issue), maxIssues)] {
		issue := Issue{Severity: i.Severity, Code: i.Code}
		switch i.Severity {
		case "fatal", "error", "warning", "information":
		default:
			issue.Severity = "error"
		}
		if !issueCode.MatchString(i.Code) {
			issue.Code = ""
		}
		if m := serverCode.FindString(i.Diagnostics); m != "" {
			issue.Server = m
		}
		o.Issues = append(o.Issues, issue)
	}
	return o, true
}

// withOutcome adds what an OperationOutcome says to the error of the status.
func withOutcome(err error, body []byte) error {
	var e *segur.Error
	o, ok := readOutcome(body)
	if !ok || !errors.As(err, &e) {
		return err
	}
	return o.fill(e)
}

func (o *Outcome) fill(e *segur.Error) *segur.Error {
	for _, i := range o.Issues {
		severity := "error"
		if i.Severity == "warning" || i.Severity == "information" {
			severity = "warning"
		}
		if e.Code == "" {
			e.Code = i.Code
		}
		message := "the directory refuses the query"
		if severity == "warning" {
			message = "the directory remarks on the query"
		}
		if i.Server != "" {
			message += " (" + i.Server + ")"
		}
		e.Details = append(e.Details, segur.Detail{Code: i.Code, Severity: severity, Message: message})
	}
	e.Err = o
	return e
}
