package ins

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
	"github.com/segur-sdk/segur/internal/traits"
)

// Doubt is a reason why an identity is [Unconfirmed].
type Doubt uint8

// The doubts. A person may lift the first three, with the patient's document in hand; see [Doubt.Confirmable].
const (
	// DoubtFirstGivenName: another given name than the first found the person, or the local first given name does not
	// begin the list of INSi.
	DoubtFirstGivenName Doubt = iota + 1
	// DoubtBirthPlace: the birth place differs. The cause may be a commune that merged or changed its name.
	DoubtBirthPlace
	// DoubtBirthDate: INSi has a more complete date than the local one, which it does not contradict.
	DoubtBirthDate
	// DoubtTraits: birth name, sex or birth date contradict, or INSi did not give one of the four traits.
	DoubtTraits
	// DoubtNumber: the number received does not make a valid INS for the environment.
	DoubtNumber
	// DoubtLocalNumber: the patient already has another number, which is not in the history of the person.
	DoubtLocalNumber
)

var doubtNames = [...]string{"invalid", "first given name", "birth place", "birth date", "traits", "number", "local number"}

// String names the doubt.
func (d Doubt) String() string {
	if int(d) < len(doubtNames) {
		return doubtNames[d]
	}
	return doubtNames[0]
}

// Confirmable reports whether a person may lift the doubt. The others are lifted by correcting the local identity, or
// by removing its INS, and searching again: nobody can decide that two sexes are one.
func (d Doubt) Confirmable() bool {
	return d == DoubtFirstGivenName || d == DoubtBirthPlace || d == DoubtBirthDate
}

func (d Doubt) advice() advice {
	switch d {
	case DoubtFirstGivenName:
		return adviceOtherName
	case DoubtBirthPlace:
		return advicePlaceDiffers
	case DoubtBirthDate:
		return adviceDateKnown
	case DoubtNumber:
		return adviceNumberInvalid
	case DoubtLocalNumber:
		return adviceLocalNumber
	}
	return adviceContradiction
}

// doubts says what keeps the result from being found.
func (r *Result) doubts() (out []Doubt) {
	v := r.Verdict
	if v.FirstGivenName == Different {
		out = append(out, DoubtFirstGivenName)
	}
	if v.BirthPlace == Different {
		out = append(out, DoubtBirthPlace)
	}
	if v.BirthDate == Compatible {
		out = append(out, DoubtBirthDate)
	}
	wrong := func(a Agreement) bool { return a == Different || a == Unknown }
	if r.Identity.INS.IsZero() {
		out = append(out, DoubtNumber)
	}
	// Whatever else keeps a result from being found is not for a confirmation.
	if wrong(v.BirthName) || wrong(v.Sex) || wrong(v.BirthDate) || v.FirstGivenName == Unknown || len(out) == 0 {
		out = append(out, DoubtTraits)
	}
	return out
}

// Confirmation is what a person decided about an identification, with the patient's document in hand. Its printed
// forms are redacted.
type Confirmation struct {
	// Operator identifies who decides, for the trace that EXI REC 07 asks for. Required.
	Operator string
	// Accept lists the doubts that the person lifts, each of them by name. What is not listed is not confirmed.
	Accept []Doubt
	// FirstGivenName is the first given name as the person reads it on the document: one of
	// [Identification.FirstGivenNames]. Required when [DoubtFirstGivenName] is lifted; else empty means that the local
	// one says where to cut.
	FirstGivenName string
	// Document says that the traits of INSi were compared with the document of high confidence that the local identity
	// was checked against. Without it a doubt that is lifted costs the check: the identity is then retrieved, not
	// qualified.
	Document bool
}

// String returns a redacted form.
func (c Confirmation) String() string { return fmt.Sprintf("Confirmation(%v, redacted)", c.Accept) }

// Format writes the redacted form whatever the verb.
func (c Confirmation) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c Confirmation) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Confirmed is a decision that was accepted, to be kept with the trace of the call. Its printed forms are redacted.
type Confirmed struct {
	// Patient is the patient with the INS, the reference traits and the status that follows.
	Patient segur.Patient
	// Operator and Accepted are those of the [Confirmation].
	Operator string
	Accepted []Doubt
	// MessageID is the message whose answer was confirmed.
	MessageID string
	// Time is when it was confirmed.
	Time time.Time
}

// String returns a redacted form.
func (c Confirmed) String() string { return fmt.Sprintf("Confirmed(%v, redacted)", c.Accepted) }

// Format writes the redacted form whatever the verb.
func (c Confirmed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c Confirmed) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Doubts says why the outcome is [Unconfirmed]; empty with every other outcome.
func (i *Identification) Doubts() []Doubt {
	if i.Outcome != Unconfirmed {
		return nil
	}
	return slices.Clone(i.doubts)
}

// FirstGivenNames lists what the first given name can be: the beginnings of the list that INSi returned, which does not
// delimit compound names written with a blank. nil without an identity.
func (i *Identification) FirstGivenNames() []string {
	if i.Result == nil || i.Result.Identity == nil {
		return nil
	}
	t := i.Result.Identity.Traits
	if t.GivenNames == "" {
		return slices.DeleteFunc([]string{t.FirstGivenName}, func(s string) bool { return s == "" })
	}
	var out []string
	end := 0
	for name := range strings.FieldsSeq(t.GivenNames) {
		end += strings.Index(t.GivenNames[end:], name) + len(name)
		out = append(out, strings.TrimSpace(t.GivenNames[:end]))
	}
	return out
}

// Confirm gives the patient of an [Unconfirmed] identification once a person has lifted every doubt, or of a [Found]
// one with another cut of the list of given names. Nothing else can be confirmed: not several identities, not nobody,
// not a contradiction of name, sex or date, not an invalid number, and not a number that is not the one of the record.
// The error lists everything that is missing. What is confirmed is the answer as it was received: nothing is sent.
func (i *Identification) Confirm(c Confirmation) (*Confirmed, error) {
	var p segur.Problems
	p.Require("operator", c.Operator)
	if i.Outcome != Found && i.Outcome != Unconfirmed || i.Result == nil || i.Result.Identity == nil {
		p.Add("identification", "only one identity can be confirmed: the outcome is \""+i.Outcome.String()+"\"")
		return nil, p.Err(opConfirm)
	}
	doubts := i.Doubts()
	for _, d := range doubts {
		switch {
		case !d.Confirmable():
			p.Add("identification", "the doubt \""+d.String()+"\" cannot be lifted by a confirmation: "+advices[d.advice()].text.EN)
		case !slices.Contains(c.Accept, d):
			p.Add("accept", "must name the doubt \""+d.String()+"\"")
		}
	}
	for _, d := range c.Accept {
		if !slices.Contains(doubts, d) {
			p.Add("accept", "names a doubt that there is not: \""+d.String()+"\"")
		}
	}
	first := c.FirstGivenName
	switch {
	case first == "" && slices.Contains(doubts, DoubtFirstGivenName):
		p.Add("firstGivenName", "is required: the local one does not begin the list of INSi")
	case first != "" && !slices.Contains(i.FirstGivenNames(), first):
		p.Add("firstGivenName", "must be a beginning of the list of INSi, whole names")
	}
	if err := p.Err(opConfirm); err != nil {
		return nil, err
	}
	patient := withINS(i.local, i.Result.Identity)
	if first != "" {
		patient.Traits.FirstGivenName = first
	}
	if len(doubts) > 0 && !c.Document {
		patient.Status = segur.StatusOf(true, false)
	}
	return &Confirmed{Patient: patient, Operator: c.Operator, Accepted: slices.Clone(c.Accept),
		MessageID: i.Result.MessageID, Time: i.clock()}, nil
}

// leadingNames returns the beginning of the list that holds the first n words, as the list writes it. It ends between
// two names only: what civil status joins with a hyphen or an apostrophe is one name, whatever was typed.
func leadingNames(list string, n int) string {
	end := 0
	for name := range strings.FieldsSeq(list) {
		end += strings.Index(list[end:], name) + len(name)
		if n -= len(names.Words(name)); n <= 0 {
			break
		}
	}
	return list[:end]
}

// withINS is the patient once the identity is accepted: the reference traits replace the local ones, the first given
// name is cut from the list where the local one ends, or at the end of the compound name that it begins. A date that
// INSi has incomplete is completed by rule and marked as such (EXI ID 11 and 12, EXI PP 19), but for a local system that
// keeps incomplete dates itself; a birth place that INSi does not know stays local.
func withINS(p segur.Patient, id *Identity) segur.Patient {
	t := id.Traits
	words := len(names.Words(p.Traits.FirstGivenName))
	p.INS = id.INS
	p.Traits.BirthName = t.BirthName
	p.Traits.Sex = t.Sex
	if t.GivenNames != "" {
		p.Traits.GivenNames = t.GivenNames
		p.Traits.FirstGivenName = leadingNames(t.GivenNames, words)
	} else {
		p.Traits.FirstGivenName = t.FirstGivenName
	}
	switch d := t.BirthDate; {
	case d.IsZero():
	case d.Complete() || !p.Traits.BirthDate.Complete():
		p.Traits.BirthDate, p.Traits.BirthDateInterpreted = d, false
	default:
		p.Traits.BirthDate, p.Traits.BirthDateInterpreted = traits.Completed(d), true
	}
	if t.BirthPlace != "" && t.BirthPlace != segur.BirthplaceUnknown {
		p.Traits.BirthPlace = strings.ToUpper(t.BirthPlace)
	}
	p.Status = segur.StatusOf(true, p.Status.IsChecked())
	return p
}
