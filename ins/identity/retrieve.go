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
	// Confirmation is the decision of the operator who looked at the answer. It is needed for ins.Unconfirmed and where
	// [Identity.Doubts] has any; nil when nobody was asked.
	Confirmation *Confirmation
}

// Confirmation is what a person decided, with the patient's document in hand, in the words of ins.Confirmation. The
// operator is that of the [Act]. Its printed forms are redacted.
type Confirmation struct {
	// Accept lists the doubts that the person lifts, each by name: at least those of [Identity.Doubts], for a result
	// that is ins.Unconfirmed also those of ins.Identification.
	Accept []ins.Doubt
	// FirstGivenName is the first given name as the person reads it at the beginning of INSi's list, which has no
	// delimiter between compound names. Empty: as many names as the local first given name has. Required when
	// ins.DoubtFirstGivenName is lifted because the local one does not begin the list.
	FirstGivenName string
}

// String returns a redacted form.
func (c Confirmation) String() string { return "Confirmation(redacted)" }

// Format writes the redacted form whatever the verb.
func (c Confirmation) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c Confirmation) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Doubts says what a person must lift before the answer is taken, by a comparison of its traits with those in force
// now, which may have changed since the search. One that is not ins.Doubt.Confirmable is a refusal.
func (i Identity) Doubts(r *ins.Result) []ins.Doubt {
	if r == nil || r.Identity == nil {
		return nil
	}
	var out []ins.Doubt
	for _, d := range i.contradictions(r) {
		if doubt := doubtOf(d); !slices.Contains(out, doubt) {
			out = append(out, doubt)
		}
	}
	return out
}

func (i Identity) contradictions(r *ins.Result) []segur.Detail {
	return slices.DeleteFunc(ins.Coherence(i.Traits(), r.Identity.Traits).Details(), func(d segur.Detail) bool { return d.Severity != "error" })
}

// doubtOf classes a contradiction as package ins does: another first given name, another code of the birth place and a
// date that INSi knows better are for a person to judge; anything else is another person until the local trait is
// corrected.
func doubtOf(d segur.Detail) ins.Doubt {
	switch {
	case d.Field == "traits.firstGivenName" && d.Code == ins.Different.String():
		return ins.DoubtFirstGivenName
	case d.Field == "traits.birthPlace":
		return ins.DoubtBirthPlace
	case d.Code == ins.Compatible.String():
		return ins.DoubtBirthDate
	}
	return ins.DoubtTraits
}

// Retrieve takes the INS and the reference traits over: a provisional identity becomes retrieved, a validated one
// qualified; for a retrieved one the answer is a refresh. INSi's traits replace the local ones; a date that INSi has
// incomplete stays completed by rule and is marked as interpreted.
//
// One identity (ins.Found) that agrees with the local traits is taken as it is. One that does not (ins.Unconfirmed, or
// an answer to another search) needs a [Confirmation] of every doubt, and then a control of the identity does not
// survive: the document is compared again, by [Identity.Control]. A contradiction of birth name, sex or birth date, no
// identity, several identities and a number that does not check are nothing that a person could confirm. An answer with
// another INS than the one held is refused: see [Identity.ReplaceINS].
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
	doubts := i.lifted(&p, r)
	if !p.Empty() {
		return fail()
	}
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
	if len(doubts) > 0 {
		after.control = Control{}
	}
	return i.record(after, act, op, func(e *Event) {
		a := after.collected
		e.Answer, e.Confirmed = &a, doubts
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
		if r.Confirmation == nil || len(r.Confirmation.Accept) == 0 {
			p.Add("retrieval.confirmation", "is required and lifts a doubt: a person must confirm the identity that INSi returned")
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

// lifted wants a person to have lifted every doubt by name, and says which they were.
func (i Identity) lifted(p *segur.Problems, r Retrieval) (doubts []string) {
	var accepted []ins.Doubt
	if r.Confirmation != nil {
		accepted = r.Confirmation.Accept
	}
	for _, d := range i.contradictions(r.Result) {
		switch doubt := doubtOf(d); {
		case !doubt.Confirmable():
			p.Add(d.Field, d.Message+": nobody can confirm that; correct the local trait and search again")
		case !slices.Contains(accepted, doubt):
			p.Add("retrieval.confirmation.accept", "must name the doubt \""+doubt.String()+"\" ("+d.Field+"): a person must lift it")
		}
	}
	needed := i.Doubts(r.Result)
	for _, doubt := range accepted {
		if !doubt.Confirmable() {
			p.Add("retrieval.confirmation.accept", "names the doubt \""+doubt.String()+"\": nobody can confirm that")
		} else if !slices.Contains(needed, doubt) && r.Result.Outcome != ins.Unconfirmed {
			p.Add("retrieval.confirmation.accept", "names a doubt that there is not: it is the confirmation of another answer")
		}
		if !slices.Contains(doubts, doubt.String()) {
			doubts = append(doubts, doubt.String())
		}
	}
	return doubts
}

// reference makes the traits in force of INSi's, which has the four traits of a search: see lifted. A birth place that
// it does not have stays local.
func (i Identity) reference(p *segur.Problems, t segur.Traits, c *Confirmation) segur.Traits {
	local := i.Traits()
	out := local
	out.BirthName, out.Sex = t.BirthName, t.Sex
	out.BirthDate, out.BirthDateInterpreted = CompleteBirthDate(t.BirthDate)
	if t.BirthPlace != "" && t.BirthPlace != segur.BirthplaceUnknown {
		out.BirthPlace = strings.ToUpper(t.BirthPlace)
	}
	chosen := ""
	if c != nil {
		chosen = strings.Join(strings.Fields(c.FirstGivenName), " ")
	}
	if t.GivenNames == "" { // some answers have the first given name only
		out.FirstGivenName = t.FirstGivenName
		return out
	}
	out.GivenNames = t.GivenNames
	list := strings.Join(strings.Fields(t.GivenNames), " ")
	switch {
	case chosen == "" && !begins(list, local.FirstGivenName):
		p.Add("retrieval.confirmation.firstGivenName", "is required: the local one does not begin the list that INSi returned (EXI ID 10)")
	case chosen == "":
		out.FirstGivenName = cut(list, len(names.Words(local.FirstGivenName)))
	case list != chosen && !strings.HasPrefix(list, chosen+" "):
		p.Add("retrieval.confirmation.firstGivenName", "must be the beginning of the list that INSi returned (EXI ID 10)")
	default:
		out.FirstGivenName = chosen
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
