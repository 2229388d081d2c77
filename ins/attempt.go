package ins

import (
	"time"

	"github.com/segur-sdk/segur"
)

// Why says why a call of an identification was made.
type Why uint8

// The reasons of a call.
const (
	// WhyFirst: the first call.
	WhyFirst Why = iota
	// WhyNobody: the given name sent before found nobody.
	WhyNobody
	// WhySeveral: the same criteria found several identities, the birth place is added.
	WhySeveral
	// WhyRepetition: the same criteria again, after a temporary fault.
	WhyRepetition
)

var whyNames = [...]string{"first", "nobody before", "several before", "repetition"}

// String names the reason.
func (w Why) String() string {
	if int(w) < len(whyNames) {
		return whyNames[w]
	}
	return "invalid"
}

// Attempt is one message of an identification, repetitions included. It holds no trait, so it can be logged.
type Attempt struct {
	// MessageID is the identifier of the message, different for each.
	MessageID string
	// GivenName says which given name was sent.
	GivenName Candidate
	// BirthPlace says that the birth place was sent.
	BirthPlace bool
	// Why says why the call was made.
	Why Why
	// After is what the attempt before gave: its code, or the kind of its error where the service gave no code. Empty
	// for the first.
	After string
	// Outcome and Code are those of the [Result]. When the call failed, Code is that of the error.
	Outcome Outcome
	Code    string
	// Failed is the kind of the error when the call failed, else [segur.KindUnknown].
	Failed segur.Kind
	// Time and Duration are those of the call.
	Time     time.Time
	Duration time.Duration
}

// said is what the attempt gave, in a word.
func (a Attempt) said() string {
	if a.Code == "" && a.Failed != segur.KindUnknown {
		return a.Failed.String()
	}
	return a.Code
}
