package ins

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/segur-sdk/segur"
)

// Stop says why an identification ended.
type Stop uint8

// The reasons.
const (
	// StopFailed: a call failed; the error says how.
	StopFailed Stop = iota
	// StopFound: one coherent identity.
	StopFound
	// StopUnconfirmed: one identity that a person must confirm. No other name is tried: the next answer could be
	// someone else.
	StopUnconfirmed
	// StopAmbiguous: several identities, and the birth place is unknown or did not tell them apart. No other given
	// name is tried, for the same reason.
	StopAmbiguous
	// StopExhausted: every candidate was tried and found nobody.
	StopExhausted
	// StopBudget: [Policy].MaxCalls, or the calls of the event, were spent with something left to try.
	StopBudget
)

var stopNames = [...]string{"failed", "found", "unconfirmed", "ambiguous", "exhausted", "budget"}

// String names the reason.
func (s Stop) String() string {
	if int(s) < len(stopNames) {
		return stopNames[s]
	}
	return "invalid"
}

// Identification is what [Client.Identify] found and how. Its printed forms are redacted; Attempts can be logged.
type Identification struct {
	// Outcome says what may be done: the patient is identified with [Found] only.
	Outcome Outcome
	// Stop says why the search ended.
	Stop Stop
	// Result is the answer that decided: the last one received. nil when there was none.
	Result *Result
	// Patient is the patient with the INS, the reference traits and the status that follows, with [Found]; else the
	// patient as given. See [Identification.Confirm] for what a person decides.
	Patient segur.Patient
	// Attempts are the messages in order, repetitions included.
	Attempts []Attempt
	// Diagnostics say what a person should know or do next, without personal data. Their codes are stable;
	// [Identification.Explain] has them in French.
	Diagnostics []segur.Detail

	local  segur.Patient
	doubts []Doubt
	clock  func() time.Time
}

// String returns a redacted form.
func (i Identification) String() string {
	return fmt.Sprintf("Identification(%s, %s after %d calls, redacted)", i.Outcome, i.Stop, len(i.Attempts))
}

// Format writes the redacted form whatever the verb.
func (i Identification) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue makes slog write the redacted form.
func (i Identification) LogValue() slog.Value { return slog.StringValue(i.String()) }

// IdentifyOption is an option of [Client.Identify].
type IdentifyOption func(*identifyOptions)

type identifyOptions struct {
	event string
	given bool
}

// ForEvent says which arrival of the patient the identification is for: an identifier of the visit or of the order,
// unique in the structure. Within the memory of the [Limiter] one event has one budget of calls, and one run for each
// set of criteria: once it gave an outcome, the same criteria are refused with an [segur.ErrRefused] error before
// anything is sent. Corrected criteria are searched; a run that failed may be repeated.
func ForEvent(id string) IdentifyOption {
	return func(o *identifyOptions) { o.event, o.given = id, true }
}

// Identify looks the patient up as the guide d'implémentation de l'INS and the conformance tests want it: the first
// given name, its spellings, the other given names, the whole list, one after the other until one answers; after
// several identities, once more with the birth place and nothing else. It stops at the first identity, coherent or not,
// and never makes more than [Policy].MaxCalls calls, repetitions after temporary faults included.
//
// The traits are sent as they are, see [Normalize]. An unknown birth place (99999) is not sent. A doubtful or
// fictitious identity is refused: INSi is questioned when a patient arrives, about that patient, not over a data base.
//
// With an error the Identification is not nil once a call was made: its Attempts tell what was done.
func (c *Client) Identify(ctx context.Context, patient segur.Patient, opts ...IdentifyOption) (*Identification, error) {
	var o identifyOptions
	for _, f := range opts {
		f(&o)
	}
	var p segur.Problems
	base, warnings := checkPatient(&p, patient, c.cfg.Environment, c.cfg.Clock())
	if o.given {
		p.Require("event", o.event)
	}
	if err := p.Err(opIdentify); err != nil {
		return nil, err
	}
	plan := c.newPlan(opIdentify, base, patient, warnings)
	if o.given {
		criteria := base
		criteria.GivenNames = patient.Traits.GivenNames
		var err error
		if plan.event, err = c.cfg.Limiter.begin(o.event, criteria); err != nil {
			return nil, err
		}
	}
	answered := false
	defer func() { plan.event.end(answered) }() // a panic of the caller's functions ends the run too
	err := plan.run(ctx, candidates(base.FirstGivenName, patient.Traits.GivenNames, c.cfg.Policy.FirstGivenNameOnly))
	answered = err == nil && plan.out.Outcome != Undetermined
	plan.diagnose(err)
	return &plan.out, err
}

func (c *Client) newPlan(op string, base segur.Traits, local segur.Patient, warnings []segur.Detail) *plan {
	return &plan{client: c, op: op, base: base, local: local, warnings: warnings,
		out: Identification{Patient: local, local: local, clock: c.cfg.Clock}}
}
