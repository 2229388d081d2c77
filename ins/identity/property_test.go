package identity_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/ins/identity"
)

// machine plays random events, sensible or not, on one identity.
type machine struct {
	t   *rapid.T
	now time.Time
	i   identity.Identity
}

func (m *machine) act() identity.Act {
	m.now = m.now.Add(time.Minute)
	return identity.Act{Operator: rapid.SampledFrom([]string{"a", "b", "b", "b", "b", "b", "b", ""}).Draw(m.t, "operator"), At: m.now}
}

func (m *machine) number() segur.INS {
	a, nia, nir := insA(m.t), number(m.t, bodyA, segur.OIDINSNIA), number(m.t, bodyA, segur.OIDINSNIR)
	return rapid.SampledFrom([]segur.INS{a, a, a, insB(m.t), nia, nir, {}}).Draw(m.t, "number")
}

func (m *machine) traits() segur.Traits {
	tr := m.i.Traits()
	switch rapid.IntRange(0, 8).Draw(m.t, "trait") {
	case 1:
		tr.BirthName = rapid.SampledFrom([]string{"FICTIVE-DURAND", "Fictive Durand", "AUTRE", "", "X1"}).Draw(m.t, "name")
	case 2:
		tr.FirstGivenName = rapid.SampledFrom([]string{"CAMILLE", "CAMILLE LUCE", "LUCE"}).Draw(m.t, "given")
	case 3:
		tr.GivenNames = rapid.SampledFrom([]string{"", "CAMILLE LUCE", "LUCE CAMILLE"}).Draw(m.t, "list")
	case 4:
		tr.Sex = rapid.SampledFrom([]segur.Sex{segur.Female, segur.Male, segur.SexUnknown, ""}).Draw(m.t, "sex")
	case 5:
		tr.BirthDate = rapid.SampledFrom([]segur.Date{{Year: 1985, Month: 3, Day: 14}, {Year: 1985, Month: 3}, {Year: 1985}, {}}).Draw(m.t, "date")
	case 6:
		tr.BirthPlace = rapid.SampledFrom([]string{"69123", "99999", "75056", "x"}).Draw(m.t, "place")
	case 7:
		tr.UsedName = rapid.SampledFrom([]string{"", "USUELLE"}).Draw(m.t, "used")
	case 8:
		tr.BirthDate, tr.BirthDateInterpreted = identity.CompleteBirthDate(segur.Date{Year: 1985, Month: 3})
	}
	return tr
}

func (m *machine) retrieval() identity.Retrieval {
	r := found(m.number())
	r.Identity.Traits = m.traits()
	r.Time = m.now.Add(time.Duration(rapid.IntRange(-3, 0).Draw(m.t, "age")) * time.Minute)
	r.Outcome = rapid.SampledFrom([]ins.Outcome{ins.Found, ins.Found, ins.Found, ins.Unconfirmed, ins.Ambiguous, ins.NotFound, ins.Undetermined}).Draw(m.t, "outcome")
	if former := m.number(); rapid.Bool().Draw(m.t, "history") {
		r.Identity.History = []ins.Record{{INS: former}}
	}
	var c *identity.Confirmation
	switch rapid.IntRange(0, 2).Draw(m.t, "confirmation") {
	case 1:
		c = &identity.Confirmation{Accept: m.i.Doubts(r)}
	case 2:
		c = &identity.Confirmation{Accept: m.i.Doubts(r), FirstGivenName: "CAMILLE"}
	}
	return identity.Retrieval{Result: r, Confirmation: c}
}

func (m *machine) verification() identity.Verification {
	return identity.Verification{INS: m.number(), Answer: identity.Answer{At: m.now}}
}

func (m *machine) step() (identity.Identity, error) {
	i, act := m.i, m.act()
	switch rapid.IntRange(0, 16).Draw(m.t, "event") {
	case 0, 1, 2:
		return i.Retrieve(act, m.retrieval())
	case 3:
		return i.ReplaceINS(act, m.retrieval())
	case 4, 5:
		return i.Control(act, identity.Control{
			Document: rapid.SampledFrom([]identity.DocumentCode{"PA", "CN", "AN", "ZZ"}).Draw(m.t, "document"),
			Holder:   identity.Holder(rapid.IntRange(0, 6).Draw(m.t, "holder")), With: "PA"})
	case 6:
		return i.RevokeControl(act)
	case 7, 8:
		return i.Correct(act, identity.Entry{Traits: m.traits(), Method: identity.MethodManual})
	case 9:
		return i.Verified(act, m.verification())
	case 10:
		return i.VerificationFailed(act, m.verification())
	case 11:
		return i.Invalidate(act)
	case 12:
		return i.Doubt(act)
	case 13:
		return i.LiftDoubt(act)
	case 14:
		return i.MarkHomonym(act)
	case 15:
		return i.UnmarkHomonym(act)
	}
	if i.Attributes() == segur.Fictitious {
		return i.UnmarkFictitious(act)
	}
	return i.MarkFictitious(act)
}

// broken names an invariant that does not hold.
func broken(i identity.Identity) string {
	s, n := i.Status(), i.INS()
	_, checked := i.LastControl()
	r := i.Reliability()
	p := i.Patient()
	tr := i.Traits()
	switch {
	case !i.Attributes().Valid():
		return "attributes"
	case i.Attributes().Blocking() && (s != segur.Provisional || !n.IsZero() || checked):
		return "blocking means provisional, without INS and control"
	case s.Qualified() && (n.IsZero() || !checked):
		return "qualified means INS and control"
	case s != segur.StatusOf(!n.IsZero(), checked):
		return "the status follows from the facts"
	case n.IsZero() != r.CollectedAt.IsZero() || n.IsZero() && (len(i.Former()) > 0 || i.LastAnswer() != identity.Answer{}):
		return "INS and its answer go together"
	case checked == r.ValidatedAt.IsZero() || checked != (r.ValidationMode != ""):
		return "control and its date go together"
	case !p.INS.IsZero() != s.Qualified():
		return "a patient carries the INS when qualified, and only then"
	case tr.BirthName == "" || tr.FirstGivenName == "" || tr.Sex == "" || !tr.BirthDate.Complete() || tr.BirthPlace == "":
		return "five strict traits"
	}
	return ""
}

// TestAnySequence: whatever happens, the invariants hold, a success adds one event and a refusal none, and the identity
// goes through its stored form unchanged.
func TestAnySequence(t *testing.T) {
	t.Parallel()
	reached := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{t: t, now: t0}
		i, err := rules(t).New(identity.Act{Operator: "a", At: t0}, identity.Entry{Traits: traits(), Method: identity.MethodManual})
		if err != nil {
			t.Fatal(err)
		}
		m.i = i
		var shown segur.Traits
		for n := range rapid.IntRange(1, 80).Draw(t, "steps") {
			before := len(m.i.History())
			next, err := m.step()
			if err != nil {
				if len(m.i.History()) != before || next.History() != nil {
					t.Fatal("a refusal changes nothing")
				}
				continue
			}
			if len(next.History()) != before+1 {
				t.Fatalf("step %d: %d events after %d", n, len(next.History()), before)
			}
			last := next.History()[before]
			if last.Status != next.Status().String() || last.Attributes != next.Attributes().String() || last.Rule == "" || last.Operator == "" {
				t.Fatalf("step %d: %v does not tell the state %v", n, last, next)
			}
			if why := broken(next); why != "" {
				t.Fatalf("step %d, %v: %s", n, last, why)
			}
			if gained := next.Status().IsRetrieved() && !m.i.Status().IsRetrieved(); gained && last.Operation != identity.OperationRetrieve {
				t.Fatalf("step %d: %v retrieves", n, last)
			}
			if gained := next.Status().IsChecked() && !m.i.Status().IsChecked(); gained && last.Operation != identity.OperationControl {
				t.Fatalf("step %d: %v checks", n, last)
			}
			if held, now := m.i.INS(), next.INS(); held != now && !held.IsZero() && !now.IsZero() && last.Operation != identity.OperationReplaceINS {
				t.Fatalf("step %d: %v changes the number", n, last)
			}
			// The control is of a person: birth name, sex and birth date of that moment, spelling aside.
			if now := next.Traits(); last.Operation == identity.OperationControl {
				shown = now
			} else if v := ins.Coherence(shown, now); next.Status().IsChecked() && (v.BirthName == ins.Different || v.Sex != ins.Same || v.BirthDate != ins.Same) {
				t.Fatalf("step %d: %v keeps a control of other traits", n, last)
			}
			back := roundTrip(t, next)
			if fmt.Sprint(back) != fmt.Sprint(next) || broken(back) != "" {
				t.Fatal("restored differs")
			}
			m.i = next
			reached[stateOf(next)] = true
		}
	})
	for _, s := range []string{"PROV", "PROV douteux", "PROV fictif", "RECUP", "VALI", "QUAL"} {
		if !reached[s] {
			t.Errorf("no sequence reached %s: the test is too weak", s)
		}
	}
}
