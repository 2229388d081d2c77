package ins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
	// StopBudget: [Policy].MaxCalls was reached with candidates left.
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

// Attempt is one call of an identification. It holds no trait.
type Attempt struct {
	// MessageID is the identifier of the call, different for each.
	MessageID string
	// GivenName says which given name was sent.
	GivenName Candidate
	// BirthPlace says that the birth place was sent.
	BirthPlace bool
	// Outcome and Code are those of the [Result]. When the call failed, Code is that of the error.
	Outcome Outcome
	Code    string
	// Failed is the kind of the error when the call failed, else [segur.KindUnknown].
	Failed segur.Kind
	// Time and Duration are those of the call.
	Time     time.Time
	Duration time.Duration
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
	// patient as given.
	Patient segur.Patient
	// Attempts are the calls in order.
	Attempts []Attempt
	// Diagnostics are hints for the user, without personal data.
	Diagnostics []segur.Detail
}

// String returns a redacted form.
func (i Identification) String() string {
	return fmt.Sprintf("Identification(%s, %s after %d calls, redacted)", i.Outcome, i.Stop, len(i.Attempts))
}

// Format writes the redacted form whatever the verb.
func (i Identification) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue makes slog write the redacted form.
func (i Identification) LogValue() slog.Value { return slog.StringValue(i.String()) }

// Identify looks the patient up as the guide d'implémentation de l'INS and the conformance tests want it: the first
// given name, its spellings, the other given names, the whole list, one after the other until one answers; after
// several identities, once more with the birth place and nothing else. It stops at the first identity, coherent or not,
// and after [Policy].MaxCalls calls.
//
// The caller answers for the patient being there: INSi is questioned when a patient arrives, not over a data base, and
// neither for a fictitious nor for a doubtful identity.
//
// With an error the Identification is not nil once a call was made: its Attempts tell what was done.
func (c *Client) Identify(ctx context.Context, patient segur.Patient) (*Identification, error) {
	var p segur.Problems
	base, warnings := checkPatient(&p, patient, c.cfg.Environment, c.cfg.Clock())
	if err := p.Err(opIdentify); err != nil {
		return nil, err
	}
	plan := &plan{client: c, base: base, local: patient, warnings: warnings}
	plan.out.Patient = patient
	err := plan.run(ctx, candidates(base.FirstGivenName, patient.Traits.GivenNames, c.cfg.Policy.FirstGivenNameOnly))
	if plan.out.Outcome == NotFound && err == nil {
		plan.diagnose()
	}
	return &plan.out, err
}

// plan is one identification under way.
type plan struct {
	client   *Client
	base     segur.Traits
	local    segur.Patient
	warnings []segur.Detail
	out      Identification
}

func (p *plan) run(ctx context.Context, names []candidate) error {
	place := p.base.BirthPlace
	first := ""
	if p.client.cfg.Policy.BirthPlaceFirst {
		first = place
	}
	for _, name := range names {
		if p.spent() {
			return p.stop(NotFound, StopBudget)
		}
		r, err := p.call(ctx, name, first)
		if err != nil {
			return err
		}
		if r.Outcome == Ambiguous && place != "" && first == "" {
			if p.spent() {
				return p.stop(Ambiguous, StopBudget)
			}
			if r, err = p.call(ctx, name, place); err != nil {
				return err
			}
			if r.Outcome == NotFound {
				r.Outcome = Ambiguous // several there are, and none is born there
			}
		}
		switch r.Outcome {
		case Found:
			p.out.Patient = withINS(p.local, r.Identity)
			return p.stop(Found, StopFound)
		case Unconfirmed:
			return p.stop(Unconfirmed, StopUnconfirmed)
		case Ambiguous:
			return p.stop(Ambiguous, StopAmbiguous)
		}
	}
	return p.stop(NotFound, StopExhausted)
}

func (p *plan) spent() bool { return len(p.out.Attempts) >= p.client.cfg.Policy.MaxCalls }

func (p *plan) stop(o Outcome, s Stop) error {
	p.out.Outcome, p.out.Stop = o, s
	return nil
}

// call makes one search and judges it against the local identity rather than against what was sent.
func (p *plan) call(ctx context.Context, name candidate, place string) (*Result, error) {
	t := p.base
	t.FirstGivenName, t.BirthPlace = name.name, place
	a := Attempt{GivenName: name.from, BirthPlace: place != "", Time: p.client.cfg.Clock()}
	r, err := p.client.search(ctx, t, p.local.Traits, slices.Clone(p.warnings))
	a.Duration = p.client.cfg.Clock().Sub(a.Time)
	if err != nil {
		var e *segur.Error
		if errors.As(err, &e) {
			a.MessageID, a.Code, a.Failed = e.RequestID, e.Code, e.Kind
		}
		p.out.Attempts = append(p.out.Attempts, a)
		return nil, err
	}
	if r.Outcome == Found && name.from == OtherGivenName {
		r.Outcome = Unconfirmed
		r.Warnings = append(r.Warnings, segur.Detail{Field: "traits.firstGivenName", Severity: "warning",
			Message: "found with another given name than the first: a person must confirm"})
	}
	p.compareINS(r)
	a.MessageID, a.Outcome, a.Code = r.MessageID, r.Outcome, r.Code
	p.out.Attempts = append(p.out.Attempts, a)
	p.out.Result = r
	return r, nil
}

// compareINS looks at a number that the patient already has: INSi may have replaced it, and then knows it as a former
// one; anything else is another person until someone says otherwise.
func (p *plan) compareINS(r *Result) {
	known := p.local.INS
	if r.Outcome != Found || known.IsZero() || known.Matricule() == r.Identity.INS.Matricule() {
		return
	}
	d := segur.Detail{Field: "patient.ins", Severity: "warning", Message: "INSi has replaced the local number, which is in the history"}
	former := slices.ContainsFunc(r.Identity.History, func(h Record) bool { return h.INS.Matricule() == known.Matricule() })
	if !former {
		r.Outcome = Unconfirmed
		d.Severity, d.Message = "error", "INSi returns another number than the local one, which is not in the history"
	}
	p.out.Diagnostics = append(p.out.Diagnostics, d)
}

// diagnose gives hints on a search that found nobody.
func (p *plan) diagnose() {
	t := p.local.Traits
	if t.Sex == segur.Female && t.UsedName != "" && strings.EqualFold(t.UsedName, t.BirthName) {
		p.out.Diagnostics = append(p.out.Diagnostics, segur.Detail{Field: "patient.traits.birthName", Code: "used-name", Severity: "warning",
			Message: "equals the used name: check on a document that it is the name at birth, the first cause of searches that find nobody"})
	}
	if p.out.Stop == StopBudget {
		p.out.Diagnostics = append(p.out.Diagnostics, segur.Detail{Field: "policy.maxCalls", Severity: "warning",
			Message: "given names are left untried"})
	}
}
