package identity

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/ins"
	"github.com/segur-sdk/segur/internal/names"
)

// Retrieval is an answer of INSi to take over.
type Retrieval struct {
	// Result is the answer: that of ins.Client.Search, or the Result of an ins.Identification. Required.
	Result *ins.Result
	// Method is how the traits in force were obtained. Empty: [MethodINSi].
	Method Method
	// Confirmation is the decision of the operator who looked at the answer. It is needed for a result that is not
	// ins.Found and for traits that contradict the local ones; nil when nobody was asked.
	Confirmation *Confirmation
}

// Confirmation says what the operator saw and accepts. The operator is that of the [Act]. Its printed forms are
// redacted.
type Confirmation struct {
	// Fields are the differences that were shown and accepted: exactly those of [Identity.Differences].
	Fields []string
	// FirstGivenName is the first given name as the operator reads it at the beginning of INSi's list, which has no
	// delimiter between compound names. Empty: as many names as the local first given name has. Required when the local
	// one does not begin the list.
	FirstGivenName string
}

// String returns a redacted form.
func (c Confirmation) String() string { return "Confirmation(redacted)" }

// Format writes the redacted form whatever the verb.
func (c Confirmation) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c Confirmation) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Differences names the traits of the answer that contradict those of the identity or cannot be compared: what an
// operator is shown and has to confirm. Empty: nothing.
func (i Identity) Differences(r *ins.Result) []string {
	if r == nil || r.Identity == nil {
		return nil
	}
	var out []string
	for _, d := range ins.Coherence(i.Traits(), r.Identity.Traits).Details() {
		if d.Severity == "error" {
			out = append(out, d.Field)
		}
	}
	return out
}

// Retrieve takes the INS and the reference traits over: a provisional identity becomes retrieved, a validated one
// qualified; for a retrieved one the answer is a refresh. INSi's traits replace the local ones; a date that INSi has
// incomplete stays completed by rule and is marked as interpreted.
//
// One identity (ins.Found) that is coherent with the local traits is taken as it is. One that is not (ins.Unconfirmed,
// or an answer to somebody else's search) needs a [Confirmation] of exactly the differences, and then a control of the
// identity does not survive, since the document showed other traits. No identity and several identities give nothing
// that could be confirmed. An answer with another INS than the one held is refused: see [Identity.ReplaceINS].
func (i Identity) Retrieve(act Act, r Retrieval) (Identity, error) {
	return i.take(act, OperationRetrieve, r)
}

// ReplaceINS takes over an answer in which the INS held is a former number of the person (or was a NIA that became a
// NIR of the same digits). The rest is as with [Identity.Retrieve].
func (i Identity) ReplaceINS(act Act, r Retrieval) (Identity, error) {
	return i.take(act, OperationReplaceINS, r)
}

func (i Identity) take(act Act, op Operation, r Retrieval) (Identity, error) {
	var p segur.Problems
	i.begin(&p, act)
	i.notBlocked(&p)
	if r.Method == "" {
		r.Method = MethodINSi
	}
	checkMethod(&p, "retrieval.method", r.Method)
	usable(&p, r)
	if r.Result != nil {
		i.fresh(&p, "retrieval.result.time", r.Result.Time)
	}
	fail := func() (Identity, error) { return Identity{}, p.Err("identity." + string(op)) }
	if !p.Empty() {
		return fail()
	}
	id := r.Result.Identity
	i.compareINS(&p, op, id)
	differences := i.Differences(r.Result)
	confirmed(&p, differences, r.Confirmation)
	traits := i.reference(&p, id.Traits, r.Confirmation)
	if !p.Empty() {
		return fail()
	}
	checkTraits(&p, "retrieval.result.identity.traits", traits)
	if !p.Empty() {
		return fail()
	}

	after := i
	after.setTraits(traits)
	after.method, after.ins = r.Method, id.INS
	after.collected, after.former = AnswerOf(r.Result), formerNumbers(id)
	if len(differences) > 0 {
		after.control = Control{}
	}
	return i.record(after, act, op, func(e *Event) {
		a := after.collected
		e.Answer, e.Confirmed = &a, differences
	}), nil
}

// usable refuses what holds no identity to take.
func usable(p *segur.Problems, r Retrieval) {
	if r.Result == nil {
		p.Add("retrieval.result", "is required: there was no answer")
		return
	}
	switch r.Result.Outcome {
	case ins.Found:
	case ins.Unconfirmed:
		if r.Confirmation == nil {
			p.Add("retrieval.confirmation", "is required: a person must confirm the identity that INSi returned")
		}
	case ins.Ambiguous:
		p.Add("retrieval.result.outcome", "several identities: INSi gave none of them")
	default:
		p.Add("retrieval.result.outcome", "must be found, or unconfirmed and confirmed by a person")
	}
	if !p.Empty() {
		return
	}
	if r.Result.Identity == nil || r.Result.Identity.INS.IsZero() {
		p.Add("retrieval.result.identity.ins", "makes no valid number: it cannot be held, whoever confirms it")
	}
	if r.Result.Time.IsZero() {
		p.Add("retrieval.result.time", "is required: the date of the call is kept")
	}
}

// compareINS looks at the number held: the same, a former one of the person, or somebody else's.
func (i Identity) compareINS(p *segur.Problems, op Operation, id *ins.Identity) {
	held := i.ins
	if held.IsZero() || held == id.INS {
		if op == OperationReplaceINS {
			p.Add("ins", "there is no other number to replace: use Retrieve")
		}
		return
	}
	former := slices.ContainsFunc(id.History, func(r ins.Record) bool { return r.INS == held })
	promoted := held.Authority() == segur.OIDINSNIA && id.INS.Authority() == segur.OIDINSNIR && held.Matricule() == id.INS.Matricule()
	switch {
	case !former && !promoted:
		p.Add("ins", "INSi returns another number, and the one held is not among the former ones: mark a doubt or invalidate the INS first")
	case op != OperationReplaceINS:
		p.Add("ins", "INSi has replaced the number held: use ReplaceINS")
	}
}

// confirmed wants the operator to have seen exactly what differs.
func confirmed(p *segur.Problems, differences []string, c *Confirmation) {
	var seen []string
	if c != nil {
		seen = c.Fields
	}
	for _, f := range differences {
		if !slices.Contains(seen, f) {
			p.Add("retrieval.confirmation.fields", f+" contradicts the local trait or cannot be compared: a person must confirm it")
		}
	}
	for _, f := range seen {
		if !slices.Contains(differences, f) {
			p.Add("retrieval.confirmation.fields", "confirms a difference that is not there: it is a confirmation of another answer")
			return
		}
	}
}

// reference makes the traits in force of INSi's: what INSi does not have stays local.
func (i Identity) reference(p *segur.Problems, t segur.Traits, c *Confirmation) segur.Traits {
	local := i.Traits()
	out := local
	if t.BirthName != "" {
		out.BirthName = t.BirthName
	}
	if t.Sex != "" {
		out.Sex = t.Sex
	}
	if t.BirthPlace != "" && t.BirthPlace != segur.BirthplaceUnknown {
		out.BirthPlace = strings.ToUpper(t.BirthPlace)
	}
	if !t.BirthDate.IsZero() {
		completed, interpreted := CompleteBirthDate(t.BirthDate)
		// A local date that the rules allow stays: the choice between them is made once.
		if agrees := ins.Coherence(local, t).BirthDate; !interpreted || agrees != ins.Same && agrees != ins.Equivalent {
			out.BirthDate = completed
		}
		out.BirthDateInterpreted = interpreted
	}
	chosen := ""
	if c != nil {
		chosen = strings.Join(strings.Fields(c.FirstGivenName), " ")
	}
	list := strings.Join(strings.Fields(t.GivenNames), " ")
	switch {
	case list == "" && t.FirstGivenName != "":
		out.FirstGivenName = t.FirstGivenName
	case list == "":
	case chosen != "":
		if list != chosen && !strings.HasPrefix(list, chosen+" ") {
			p.Add("retrieval.confirmation.firstGivenName", "must be the beginning of the list that INSi returned (EXI ID 10)")
		}
		out.FirstGivenName, out.GivenNames = chosen, t.GivenNames
	case !begins(list, local.FirstGivenName):
		p.Add("retrieval.confirmation.firstGivenName", "is required: the local one does not begin the list that INSi returned (EXI ID 10)")
	default:
		out.FirstGivenName, out.GivenNames = cut(list, len(names.Words(local.FirstGivenName))), t.GivenNames
	}
	return out
}

// formerNumbers are the former numbers that check, each once, without the active one.
func formerNumbers(id *ins.Identity) []Number {
	var out []Number
	for _, r := range id.History {
		if r.INS.IsZero() || r.INS == id.INS || slices.ContainsFunc(out, func(n Number) bool { return n.INS == r.INS }) {
			continue
		}
		out = append(out, Number{INS: r.INS, From: r.From, To: r.To})
	}
	return out
}
