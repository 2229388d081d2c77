package identity

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
)

// Identity is the identity of one person in a référentiel d'identités. It is an immutable value: a transition returns
// a new one, or an error and the zero Identity, on which every transition is refused. Make one with [Rules.New] or
// [Rules.Restore]. Its printed forms are redacted, and JSON is refused: see [Identity.Export].
type Identity struct {
	rules      *Rules
	traits     func() segur.Traits // fmt follows the unexported fields of a caller's struct past our methods, but not a function
	method     Method
	ins        segur.INS // not zero: retrieved
	former     []Number
	collected  Answer  // the last call that gave or confirmed ins
	control    Control // Document not empty: checked
	attributes segur.IdentityAttributes
	history    []Event
}

// Number is a former INS of the person, with its dates of use as INSi gave them. Its printed forms are redacted.
type Number struct {
	// INS is the number.
	INS segur.INS
	// From and To delimit its use. Optional.
	From, To segur.Date
}

// String returns a redacted form.
func (n Number) String() string { return "Number(redacted)" }

// Format writes the redacted form whatever the verb.
func (n Number) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.String())) }

// LogValue makes slog write the redacted form.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// Status is the RNIV status: it is computed of the two facts, retrieved and checked (EXI SI 07).
func (i Identity) Status() segur.IdentityStatus {
	return segur.StatusOf(!i.ins.IsZero(), i.control.Document != "")
}

// Attributes are the RNIV marks.
func (i Identity) Attributes() segur.IdentityAttributes { return i.attributes }

// Traits are the traits in force.
func (i Identity) Traits() segur.Traits {
	if i.traits == nil {
		return segur.Traits{}
	}
	return i.traits()
}

// INS is the number held, qualified or not; zero when the identity is not retrieved. It is for the calls of INSi:
// what leaves for anybody else is [Identity.Patient].
func (i Identity) INS() segur.INS { return i.ins }

// Former are the former numbers that INSi gave with the INS. Those that make no valid number are in the raw answer
// only.
func (i Identity) Former() []Number { return slices.Clone(i.former) }

// LastAnswer refers to the answer of INSi that gave or last confirmed the INS; the zero Answer when the identity is
// not retrieved.
func (i Identity) LastAnswer() Answer { return i.collected }

// LastControl is the control in force, and whether there is one.
func (i Identity) LastControl() (Control, bool) { return i.control, i.control.Document != "" }

// History are the events, the oldest first.
func (i Identity) History() []Event { return cloneEvents(i.history) }

// Reliability is the view that the encodings need.
func (i Identity) Reliability() Reliability {
	return Reliability{
		Status: i.Status(), Attributes: i.attributes, Method: i.method, CollectedAt: dateOf(i.collected.At),
		ValidatedAt: dateOf(i.control.At), ValidationMode: i.control.Document,
	}
}

// Warnings say what is doubtful without being forbidden, without personal data.
func (i Identity) Warnings() []segur.Detail {
	var out []segur.Detail
	warn := func(field, message string) {
		out = append(out, segur.Detail{Field: field, Severity: "warning", Message: message})
	}
	t := i.Traits()
	if i.Status().IsChecked() && t.BirthPlace == segur.BirthplaceUnknown {
		warn("traits.birthPlace", "a validated or qualified identity should not have the unknown place 99999")
	}
	if t.GivenNames != "" && !begins(t.GivenNames, t.FirstGivenName) {
		warn("traits.firstGivenName", "does not begin the list of given names (EXI ID 10)")
	}
	return out
}

// String returns a redacted form: status and attributes only.
func (i Identity) String() string {
	s := i.Status().String()
	if i.attributes != 0 {
		s += " " + i.attributes.String()
	}
	return "Identity(" + s + ", redacted)"
}

// Format writes the redacted form whatever the verb.
func (i Identity) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.String())) }

// LogValue makes slog write the redacted form.
func (i Identity) LogValue() slog.Value { return slog.StringValue(i.String()) }

// MarshalJSON refuses: what is stored is named, by [Identity.Export].
func (i Identity) MarshalJSON() ([]byte, error) {
	return nil, &segur.Error{Op: "identity.MarshalJSON", Kind: segur.KindInvalidInput,
		Message: "an identity is not serialised implicitly: store Export()"}
}

// begin checks what every transition needs.
func (i Identity) begin(p *segur.Problems, act Act) {
	if i.rules == nil {
		p.Add("identity", "is the zero value: it comes from Rules.New, from Rules.Restore or from a transition that succeeded")
	}
	act.check(p)
}

func (i *Identity) setTraits(t segur.Traits) { i.traits = func() segur.Traits { return t } }

// notBlocked refuses what a blocking attribute forbids.
func (i Identity) notBlocked(p *segur.Problems) {
	if i.attributes.Blocking() {
		p.Add("attributes", "a doubtful or fictitious identity stays provisional, without INS and without a call of INSi (EXI ID 26, EXI SI 09)")
	}
}

// dropINS forgets that the identity was retrieved. The number does not join the former ones: it may be somebody else's.
func (i *Identity) dropINS() { i.ins, i.former, i.collected = segur.INS{}, nil, Answer{} }

// record ends a transition: after is before with something changed, and gets the event.
func (i Identity) record(after Identity, act Act, op Operation, fill func(*Event)) Identity {
	e := Event{
		At: act.At.Round(0), Operator: act.Operator, Operation: op, Rule: operationRules[op], Changed: i.changes(after),
		Status: after.Status().String(), Attributes: after.attributes.String(),
	}
	if fill != nil {
		fill(&e)
	}
	after.history = append(slices.Clip(i.history), e) // always a new array: values share the old one and never write to it
	return after
}

// changes names the fields that differ.
func (i Identity) changes(after Identity) []string {
	out := traitChanges(i.Traits(), after.Traits())
	for _, f := range []struct {
		name    string
		changed bool
	}{
		{"method", i.method != after.method},
		{"ins", i.ins != after.ins},
		{"collectedAt", !i.collected.At.Equal(after.collected.At)},
		{"control", i.control != after.control},
		{"attributes", i.attributes != after.attributes},
		{"status", i.Status() != after.Status()},
	} {
		if f.changed {
			out = append(out, f.name)
		}
	}
	return out
}

func dateOf(t time.Time) segur.Date {
	if t.IsZero() {
		return segur.Date{}
	}
	return segur.NewDate(t.Date())
}
