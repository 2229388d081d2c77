package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// Act says who does something and when: every transition is recorded with it.
type Act struct {
	// Operator identifies the person or the program in the structure. Required.
	Operator string
	// At is the instant. Required: the package has no clock.
	At time.Time
}

// String is the instant, without the operator.
func (a Act) String() string { return "Act(" + a.At.Format(time.RFC3339) + ")" }

// Format writes String whatever the verb.
func (a Act) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }

// LogValue makes slog write String.
func (a Act) LogValue() slog.Value { return slog.StringValue(a.String()) }

func (a Act) check(p *segur.Problems) {
	p.Require("act.operator", a.Operator)
	if a.At.IsZero() {
		p.Add("act.at", "is required")
	}
}

// Operation names a transition in the history.
type Operation string

// The operations, one for each transition. A history may hold others: those that a vendor recorded before it used
// this package are kept as they are.
const (
	OperationCreate             Operation = "create"
	OperationRetrieve           Operation = "retrieve"
	OperationReplaceINS         Operation = "replace-ins"
	OperationControl            Operation = "control"
	OperationRevokeControl      Operation = "revoke-control"
	OperationCorrect            Operation = "correct"
	OperationVerified           Operation = "verified"
	OperationVerificationFailed Operation = "verification-failed"
	OperationInvalidate         Operation = "invalidate"
	OperationDoubt              Operation = "doubt"
	OperationLiftDoubt          Operation = "lift-doubt"
	OperationMarkFictitious     Operation = "mark-fictitious"
	OperationUnmarkFictitious   Operation = "unmark-fictitious"
	OperationMarkHomonym        Operation = "mark-homonym"
	OperationUnmarkHomonym      Operation = "unmark-homonym"
)

// operationRules are the requirements behind each operation, as the history and the errors cite them. Which of EXI ID
// 23, 27 and 28 says what about a transition is not public: they are cited together.
var operationRules = map[Operation]string{
	OperationCreate:             "EXI SI 07",
	OperationRetrieve:           "EXI SI 07, EXI REC 07, EXI REC 08",
	OperationReplaceINS:         "EXI REC 08",
	OperationControl:            "EXI SI 07, EXI ID 19",
	OperationRevokeControl:      "EXI ID 23, 27, 28",
	OperationCorrect:            "EXI ID 23, 27, 28",
	OperationVerified:           "EXI REC 07",
	OperationVerificationFailed: "EXI ID 23, 27, 28",
	OperationInvalidate:         "EXI ID 23, 27, 28",
	OperationDoubt:              "EXI ID 24, EXI ID 26",
	OperationLiftDoubt:          "EXI ID 24",
	OperationMarkFictitious:     "EXI ID 24, EXI ID 26",
	OperationUnmarkFictitious:   "EXI ID 24",
	OperationMarkHomonym:        "EXI ID 24",
	OperationUnmarkHomonym:      "EXI ID 24",
}

// Event is one entry of the history of an identity: who did what and when, what changed, the state after it. It holds
// no trait and no matricule. Its printed forms leave the operator out.
type Event struct {
	// At and Operator are those of the [Act].
	At       time.Time `json:"at"`
	Operator string    `json:"operator"`
	// Operation is the transition.
	Operation Operation `json:"operation"`
	// Rule cites the requirements behind it.
	Rule string `json:"rule,omitempty"`
	// Changed are the names of the fields that changed, such as "status" or "traits.birthName".
	Changed []string `json:"changed,omitempty"`
	// Status and Attributes are those after the event, as [segur.IdentityStatus] and [segur.IdentityAttributes] write
	// them: "QUAL", "homonyme+douteux".
	Status     string `json:"status"`
	Attributes string `json:"attributes,omitempty"`
	// Answer refers to the answer of INSi behind a retrieval or a verification.
	Answer *Answer `json:"answer,omitempty"`
	// Confirmed are the doubts that the operator lifted at a retrieval, as [ins.Doubt] writes them.
	Confirmed []string `json:"confirmed,omitempty"`
	// Control is the evidence of a control.
	Control *Control `json:"control,omitempty"`
}

// String says what happened, without the operator.
func (e Event) String() string {
	return fmt.Sprintf("Event(%s, %s, %v)", e.Operation, e.Status, e.Changed)
}

// Format writes String whatever the verb.
func (e Event) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.String())) }

// LogValue makes slog write String.
func (e Event) LogValue() slog.Value { return slog.StringValue(e.String()) }

// clone shares nothing with e.
func (e Event) clone() Event {
	e.Changed, e.Confirmed = slices.Clone(e.Changed), slices.Clone(e.Confirmed)
	if e.Answer != nil {
		a := *e.Answer
		e.Answer = &a
	}
	if e.Control != nil {
		c := *e.Control
		e.Control = &c
	}
	return e
}

func cloneEvents(events []Event) []Event {
	if events == nil {
		return nil
	}
	out := make([]Event, len(events))
	for i, e := range events {
		out[i] = e.clone()
	}
	return out
}

// Answer refers to one answer of INSi. The bytes themselves ([ins.Result].Raw) are kept by the caller, under the
// MessageID, as EXI REC 07 and 08 want; the digest ties the two together.
type Answer struct {
	// MessageID is the identifier of the call. Empty where there was no message of its own (batch verification).
	MessageID string `json:"messageID,omitempty"`
	// At is when INSi was called.
	At time.Time `json:"at"`
	// Code is the code of the answer, such as "00".
	Code string `json:"code,omitempty"`
	// SHA256 is the digest of the raw answer in hexadecimal; empty when there were no bytes.
	SHA256 string `json:"sha256,omitempty"`
}

// AnswerOf is the reference to a result. nil gives the zero Answer.
func AnswerOf(r *ins.Result) Answer {
	if r == nil {
		return Answer{}
	}
	a := Answer{MessageID: r.MessageID, At: r.Time.Round(0), Code: r.Code}
	if len(r.Raw) > 0 {
		sum := sha256.Sum256(r.Raw)
		a.SHA256 = hex.EncodeToString(sum[:])
	}
	return a
}
