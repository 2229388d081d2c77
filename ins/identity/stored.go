package identity

import (
	"fmt"
	"log/slog"

	"github.com/segur-sdk/segur"
)

// Stored is an identity as a vendor keeps it: plain fields, made for JSON or for columns. It holds traits and matricule
// in clear; its printed forms are redacted. Make it with [Identity.Export] and read it with [Rules.Restore].
type Stored struct {
	// Traits are in clear; dates are YYYY-MM-DD.
	Traits StoredTraits `json:"traits"`
	// Method is how they were collected; it may be empty for what an older system stored.
	Method Method `json:"method,omitempty"`
	// Status and Attributes are as [segur.IdentityStatus] and [segur.IdentityAttributes] write them. The status follows
	// from INS and Control; it is checked against them.
	Status     string `json:"status"`
	Attributes string `json:"attributes,omitempty"`
	// INS is the number of a retrieved identity, else zero.
	INS StoredNumber `json:"ins,omitzero"`
	// Former are the former numbers.
	Former []StoredNumber `json:"former,omitempty"`
	// Collected refers to the answer of INSi that gave or last confirmed the INS.
	Collected *Answer `json:"collected,omitempty"`
	// Control is the evidence of a checked identity.
	Control *Control `json:"control,omitempty"`
	// History are the events. Operations that this package does not know are kept.
	History []Event `json:"history,omitempty"`
}

// StoredTraits are traits as plain text.
type StoredTraits struct {
	BirthName            string `json:"birthName"`
	UsedName             string `json:"usedName,omitempty"`
	FirstGivenName       string `json:"firstGivenName"`
	GivenNames           string `json:"givenNames,omitempty"`
	UsedGivenName        string `json:"usedGivenName,omitempty"`
	Sex                  string `json:"sex"`
	BirthDate            string `json:"birthDate"`
	BirthDateInterpreted bool   `json:"birthDateInterpreted,omitempty"`
	BirthPlace           string `json:"birthPlace"`
}

// StoredNumber is an INS as plain text, with its dates of use where it is a former one.
type StoredNumber struct {
	Matricule string `json:"matricule"`
	Authority string `json:"authority"`
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
}

// String returns a redacted form.
func (s Stored) String() string { return "Stored(redacted)" }

// Format writes the redacted form whatever the verb.
func (s Stored) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s Stored) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (s StoredTraits) String() string { return "StoredTraits(redacted)" }

// Format writes the redacted form whatever the verb.
func (s StoredTraits) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue makes slog write the redacted form.
func (s StoredTraits) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String returns a redacted form.
func (n StoredNumber) String() string { return "StoredNumber(redacted)" }

// Format writes the redacted form whatever the verb.
func (n StoredNumber) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.String())) }

// LogValue makes slog write the redacted form.
func (n StoredNumber) LogValue() slog.Value { return slog.StringValue(n.String()) }

// Export is the identity in plain fields, INS included whatever the status: it is for the référentiel's own storage.
func (i Identity) Export() Stored {
	t := i.Traits()
	s := Stored{
		Traits: StoredTraits{BirthName: t.BirthName, UsedName: t.UsedName, FirstGivenName: t.FirstGivenName, GivenNames: t.GivenNames,
			UsedGivenName: t.UsedGivenName, Sex: string(t.Sex), BirthDate: storedDate(t.BirthDate),
			BirthDateInterpreted: t.BirthDateInterpreted, BirthPlace: t.BirthPlace},
		Method: i.method, Status: i.Status().String(), Attributes: i.attributes.String(), History: i.History(),
	}
	if !i.ins.IsZero() {
		collected := i.collected
		s.INS, s.Collected = storedNumber(Number{INS: i.ins}), &collected
	}
	for _, n := range i.former {
		s.Former = append(s.Former, storedNumber(n))
	}
	if i.control.Document != "" {
		control := i.control
		s.Control = &control
	}
	return s
}

// Restore reads a stored identity and checks every invariant, whoever wrote it: the five strict traits, the numbers
// with their keys, the status against the facts, no INS and no control on a doubtful or fictitious identity. It adds
// nothing to the history, which may be empty for what another system stored.
func (r *Rules) Restore(s Stored) (Identity, error) {
	var p segur.Problems
	i := Identity{rules: r, method: s.Method, history: cloneEvents(s.History)}
	traits := s.Traits.restore(&p)
	i.setTraits(traits)
	checkTraits(&p, "traits", traits)
	if s.Method != "" {
		checkMethod(&p, "method", s.Method)
	}
	if s.INS != (StoredNumber{}) {
		i.ins = s.INS.restore(&p, "ins").INS
		if s.Collected == nil || s.Collected.At.IsZero() {
			p.Add("collected.at", "is required with an INS: the date of the call is kept")
		}
	} else if s.Collected != nil || len(s.Former) > 0 {
		p.Add("ins", "is missing: there are former numbers or an answer that belong to one")
	}
	if s.Collected != nil {
		i.collected = *s.Collected
	}
	for n, f := range s.Former {
		i.former = append(i.former, f.restore(&p, fmt.Sprintf("former[%d]", n)))
	}
	if s.Control != nil {
		i.control = *s.Control
		p.Require("control.document", string(s.Control.Document))
		if s.Control.At.IsZero() {
			p.Add("control.at", "is required")
		}
	}
	i.attributes = parseAttributes(&p, s.Attributes)
	if i.attributes.Blocking() && (s.INS != (StoredNumber{}) || s.Control != nil) {
		p.Add("attributes", "a doubtful or fictitious identity has neither INS nor control (EXI ID 26, EXI SI 09)")
	}
	// What is broken was said already; the status is compared with what is claimed.
	if want := segur.StatusOf(s.INS != (StoredNumber{}), s.Control != nil).String(); s.Status != want {
		p.Add("status", "must follow from the INS and the control: "+want+" (EXI SI 07)")
	}
	for n, e := range s.History {
		if e.At.IsZero() || e.Operation == "" {
			p.Add(fmt.Sprintf("history[%d]", n), "needs an instant and an operation")
		}
	}
	if err := p.Err("identity.restore"); err != nil {
		return Identity{}, err
	}
	return i, nil
}

func (s StoredTraits) restore(p *segur.Problems) segur.Traits {
	return segur.Traits{BirthName: s.BirthName, UsedName: s.UsedName, FirstGivenName: s.FirstGivenName, GivenNames: s.GivenNames,
		UsedGivenName: s.UsedGivenName, Sex: segur.Sex(s.Sex), BirthDate: restoreDate(p, "traits.birthDate", s.BirthDate),
		BirthDateInterpreted: s.BirthDateInterpreted, BirthPlace: s.BirthPlace}
}

func storedNumber(n Number) StoredNumber {
	return StoredNumber{Matricule: n.INS.Matricule(), Authority: string(n.INS.Authority()), From: storedDate(n.From), To: storedDate(n.To)}
}

func (n StoredNumber) restore(p *segur.Problems, field string) Number {
	number, err := segur.ParseINS(n.Matricule, segur.OID(n.Authority))
	p.Merge(field, err)
	return Number{number, restoreDate(p, field+".from", n.From), restoreDate(p, field+".to", n.To)}
}

func storedDate(d segur.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.ISO()
}

func restoreDate(p *segur.Problems, field, s string) segur.Date {
	if s == "" {
		return segur.Date{}
	}
	d, err := segur.ParseDate(s)
	if err != nil {
		p.Add(field, "must be a date, YYYY-MM-DD")
	}
	return d
}

func parseAttributes(p *segur.Problems, s string) segur.IdentityAttributes {
	for a := range segur.Homonym | segur.Doubtful | segur.Fictitious + 1 {
		if a.Valid() && a.String() == s {
			return a
		}
	}
	p.Add("attributes", "must be homonyme, douteux, homonyme+douteux or fictif, or empty (EXI ID 24, EXI SI 22)")
	return 0
}
