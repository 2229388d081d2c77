package ins

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// Outcome is what a search or an identification gave. Only [Found] may be used without a person's decision.
type Outcome uint8

// The outcomes.
const (
	// Undetermined: there was no answer. The zero value, so that a failed call never reads as "nobody".
	Undetermined Outcome = iota
	// NotFound: nobody has these traits (CodeCR 01, or a fault that means so).
	NotFound
	// Found: one identity, whose traits agree with those of the search.
	Found
	// Ambiguous: several identities (CodeCR 02); INSi gives none of them.
	Ambiguous
	// Unconfirmed: one identity came back and must not be used before a person confirms it: its traits contradict the
	// local ones or cannot be compared, its matricule does not check, or a given name other than the first found it.
	Unconfirmed
)

// String names the outcome.
func (o Outcome) String() string {
	switch o {
	case Undetermined:
		return "undetermined"
	case NotFound:
		return "not found"
	case Found:
		return "found"
	case Ambiguous:
		return "ambiguous"
	case Unconfirmed:
		return "unconfirmed"
	}
	return "invalid"
}

// Result is the answer to one search. Its printed forms are redacted.
type Result struct {
	// Outcome says what may be done with the answer.
	Outcome Outcome
	// Code is the CodeCR: 00, 01 or 02; or the detail code of the fault that was read as "nobody found".
	Code string
	// Identity is what INSi returned, with Found and Unconfirmed; else nil.
	Identity *Identity
	// Verdict compares the traits sent with the traits returned, with Found and Unconfirmed.
	Verdict Verdict
	// Warnings say what is doubtful without being wrong, field by field, without personal data.
	Warnings []segur.Detail
	// Sent are the criteria as they were sent.
	Sent segur.Traits
	// MessageID is the WS-Addressing identifier of the call, to quote to the service's support.
	MessageID string
	// Time is when the call was made.
	Time time.Time
	// Duration is how long it took.
	Duration time.Duration
	// Fault is the fault that was read as "nobody found"; else nil.
	Fault *Fault
	// Raw is the envelope of the answer, byte for byte: what a référentiel d'identités keeps (EXI REC 07 and 08).
	Raw []byte
}

// Identity is a person as INSi knows them. Its printed forms are redacted.
type Identity struct {
	// INS is the number in use. It is zero when the number received does not make a valid one; Active then still
	// holds what was received.
	INS segur.INS
	// Active is the number in use as received.
	Active Record
	// History are the former numbers, in the order of the answer, as a référentiel d'identités keeps them. It may
	// repeat the active one, and its dates need not be in order: see [Identity.Former].
	History []Record
	// Traits are the reference traits. GivenNames is the whole list, which has no delimiter between compound names;
	// FirstGivenName is set only where INSi gave it.
	Traits segur.Traits
}

// Former returns the history to show: without what repeats the active number, and without what repeats itself.
func (i Identity) Former() []Record {
	out := make([]Record, 0, len(i.History))
	for _, r := range i.History {
		if !r.same(i.Active) && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// Record is one number of a person as received. Its printed forms are redacted.
type Record struct {
	// INS is the number, when it makes a valid one; a missing key is computed.
	INS segur.INS
	// Authority is the OID of the assigning authority as received.
	Authority segur.OID
	// Type is the "TypeMatricule", such as "NIR". Optional.
	Type string
	// From and To delimit the use of the number. Optional.
	From, To segur.Date

	number, key string
}

// Number returns the 13 characters as received.
func (r Record) Number() string { return r.number }

// Key returns the key as received, "" when there was none.
func (r Record) Key() string { return r.key }

// same reports whether two records are the same number of the same authority, whatever their period.
func (r Record) same(other Record) bool {
	return r.Authority == other.Authority && strings.EqualFold(r.number, other.number)
}

// String returns a redacted form.
func (r Result) String() string { return "Result(" + r.Outcome.String() + ", redacted)" }

// Format writes the redacted form whatever the verb.
func (r Result) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Result) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String returns a redacted form.
func (i Identity) String() string { return "Identity(redacted)" }

// Format writes the redacted form whatever the verb.
func (i Identity) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue makes slog write the redacted form.
func (i Identity) LogValue() slog.Value { return slog.StringValue(i.String()) }

// String returns a redacted form.
func (r Record) String() string { return "Record(redacted)" }

// Format writes the redacted form whatever the verb.
func (r Record) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue makes slog write the redacted form.
func (r Record) LogValue() slog.Value { return slog.StringValue(r.String()) }
