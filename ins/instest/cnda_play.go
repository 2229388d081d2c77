package instest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
)

// CNDAResult is what came of a case. It holds the traits of published test identities, and prints them.
type CNDAResult struct {
	// Case is the case played.
	Case CNDACase
	// Changes are what [ins.Normalize] replaced in what was typed.
	Changes []ins.Change
	// Calls are the messages sent, in order, read from the wire.
	Calls []CNDACall
	// Identification is what the client came to; nil when nothing was sent.
	Identification *ins.Identification
	// Err is the error of the client, if any.
	Err error
	// Problems are the differences from what is expected. Empty: the case passes.
	Problems []string
	// Duration is how long the case took.
	Duration time.Duration
}

// CNDACall is a message that was sent.
type CNDACall struct {
	// MessageID is its identifier.
	MessageID string
	// BirthName, GivenName, Sex, BirthDate and BirthPlace are the texts of its criteria.
	BirthName, GivenName, Sex, BirthDate, BirthPlace string
	// Code is the CodeCR, or the detail code of the fault, that answered; empty when nothing did.
	Code string
}

// Passed reports whether the case was played and nothing differs from what is expected.
func (r CNDAResult) Passed() bool { return r.Case.NotPlayed == "" && len(r.Problems) == 0 }

// Outcome is the outcome of the identification.
func (r CNDAResult) Outcome() ins.Outcome {
	if r.Identification == nil {
		return ins.Undetermined
	}
	return r.Identification.Outcome
}

// Play plays the case: it normalises what is typed, identifies a patient whose traits were checked against a document,
// and compares the messages, the answers, the number returned and the outcome with what is expected. The client is made
// of cfg, which leads to a fake ([WithCNDACase]) or to the qualification platform; cfg.Evidence gets the exact messages.
func (c CNDACase) Play(ctx context.Context, cfg ins.Config) CNDAResult {
	r := CNDAResult{Case: c}
	if c.NotPlayed != "" {
		r.fail("not played: %s", c.NotPlayed)
		return r
	}
	start := time.Now()
	defer func() { r.Duration = time.Since(start) }()
	normalized, err := ins.Normalize(c.Typed)
	if err != nil {
		r.Err = err
		r.fail("what is typed is refused: %v", err)
		return r
	}
	r.Changes = normalized.Changes
	messages := &recorder{next: cfg.Evidence}
	cfg.Evidence = messages
	client, err := ins.New(cfg)
	if err != nil {
		r.Err = err
		r.fail("the configuration is refused: %v", err)
		return r
	}
	r.Identification, r.Err = client.Identify(ctx, segur.Patient{Status: segur.Validated, Traits: normalized.Traits})
	r.Calls = messages.calls()
	r.compareCalls()
	r.compareIdentity()
	return r
}

func (r *CNDAResult) fail(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// compareCalls compares the messages with the steps.
func (r *CNDAResult) compareCalls() {
	want := r.Case.Steps
	if len(r.Calls) != len(want) {
		r.fail("%d messages were sent, %d are expected", len(r.Calls), len(want))
	}
	ids := map[string]bool{}
	for i, got := range r.Calls {
		if ids[got.MessageID] {
			r.fail("message %d: the MessageID was used before", i+1)
		}
		ids[got.MessageID] = true
		if i >= len(want) {
			break
		}
		for _, f := range []struct{ name, got, want string }{
			{"NomNaissance", got.BirthName, want[i].BirthName}, {"Prenom", got.GivenName, want[i].GivenName},
			{"Sexe", got.Sex, string(r.Case.Typed.Sex)}, {"DateNaissance", got.BirthDate, r.Case.Typed.BirthDate.ISO()},
			{"LieuNaissance", got.BirthPlace, want[i].BirthPlace},
		} {
			if f.got != f.want {
				r.fail("message %d: %s is %q, %q is expected", i+1, f.name, f.got, f.want)
			}
		}
		if got.Code != want[i].Code && !slices.Contains(want[i].Also, got.Code) {
			r.fail("message %d: the answer is %q, %q is expected", i+1, got.Code, want[i].Code)
		}
	}
}

// compareIdentity compares what the client made of the answers.
func (r *CNDAResult) compareIdentity() {
	if r.Err != nil {
		r.fail("the client failed: %v", r.Err)
	}
	if got := r.Outcome(); got != r.Case.Outcome && !slices.Contains(r.Case.AlsoOutcomes, got) {
		r.fail("the outcome is %s, %s is expected", got, r.Case.Outcome)
	}
	if r.Case.Body == "" {
		return
	}
	if r.Identification == nil || r.Identification.Result == nil || r.Identification.Result.Identity == nil {
		r.fail("no identity was returned")
		return
	}
	id := r.Identification.Result.Identity
	switch {
	case id.Active.Number() != r.Case.Body:
		r.fail("the number returned is not the one expected")
	case id.Active.Authority != r.Case.Authority:
		r.fail("the authority is %s, %s is expected", id.Active.Authority, r.Case.Authority)
	}
	if len(id.History) != r.Case.History {
		r.fail("the history has %d records, %d are expected", len(id.History), r.Case.History)
	}
	if r.Case.Outcome == ins.Found && r.Identification.Patient.Status != segur.Qualified {
		r.fail("the status is %s, %s is expected", r.Identification.Patient.Status, segur.Qualified)
	}
}
