package identity

import (
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/segur-sdk/segur"
)

// Holder is the case of the person for the rules of confidence: what a document proves depends on whose it is
// (RNIV 3.3.2 and 3.3.3).
type Holder uint8

// The cases. The zero value is none of them: an operator chooses.
const (
	// HolderUnspecified is refused.
	HolderUnspecified Holder = iota
	// HolderFrench: a French national.
	HolderFrench
	// HolderEuropean: a national of the European Union or of a state that is treated alike.
	HolderEuropean
	// HolderForeign: a national of another state.
	HolderForeign
	// HolderMinor: a minor without an identity document of their own.
	HolderMinor
	// HolderResident: a resident of an EHPAD without an identity document.
	HolderResident
)

var holderNames = [...]string{"unspecified", "french", "european", "foreign", "minor", "resident"}

// String names the case.
func (h Holder) String() string {
	if int(h) < len(holderNames) {
		return holderNames[h]
	}
	return fmt.Sprintf("holder %d", uint8(h))
}

// MarshalText writes the name.
func (h Holder) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the name.
func (h *Holder) UnmarshalText(text []byte) error {
	at := slices.Index(holderNames[:], string(text))
	if at < 0 {
		var p segur.Problems
		p.Add("holder", "must be french, european, foreign, minor or resident")
		return p.Err("identity.Holder")
	}
	*h = Holder(at)
	return nil
}

// VitaleWithPhoto stands for a Vitale card with a photograph, shown beside another document. It is a code of this
// package: no public code system has one, and it is never a validation mode.
const VitaleWithPhoto DocumentCode = "vitale-photo"

// Document is a kind of document or device that an operator may choose.
type Document struct {
	// Code is the code that is recorded and transmitted as the validation mode.
	Code DocumentCode
	// Name is for people.
	Name string
	// HighConfidence says for whom the document proves an identity. Empty: for nobody.
	HighConfidence []Confidence
}

// Confidence is one case in which a document is of high confidence.
type Confidence struct {
	// Holder is the case of the person.
	Holder Holder
	// With: one of these must be shown beside it. Empty: nothing else is needed.
	With []DocumentCode
}

// DefaultDocuments is the list as far as public sources give codes for it: passport, identity card, birth certificate,
// livret de famille, application carte Vitale. Residence permits, other electronic means (France Identité, La Poste)
// and "tiers de confiance" have no public code: a structure adds them with the codes of its value set.
func DefaultDocuments() []Document {
	adult := func(holders ...Holder) []Confidence {
		out := make([]Confidence, len(holders))
		for i, h := range holders {
			out[i].Holder = h
		}
		return out
	}
	civil := func() []Confidence {
		return []Confidence{
			{Holder: HolderMinor, With: []DocumentCode{Passport, IdentityCard, CarteVitaleApp}}, // of a parent
			{Holder: HolderResident, With: []DocumentCode{VitaleWithPhoto}},
		}
	}
	return []Document{
		{Passport, "Passeport", adult(HolderFrench, HolderEuropean, HolderForeign)},
		{IdentityCard, "Carte nationale d'identité", adult(HolderFrench, HolderEuropean)},
		{BirthCertificate, "Extrait d'acte de naissance", civil()},
		{FamilyBook, "Livret de famille", civil()},
		{CarteVitaleApp, "Appli carte Vitale", adult(HolderFrench, HolderEuropean, HolderForeign)},
	}
}

func cloneDocuments(in []Document) []Document {
	out := slices.Clone(in)
	for i := range out {
		out[i].HighConfidence = slices.Clone(out[i].HighConfidence)
		for j := range out[i].HighConfidence {
			out[i].HighConfidence[j].With = slices.Clone(out[i].HighConfidence[j].With)
		}
	}
	return out
}

func checkDocuments(p *segur.Problems, documents []Document) {
	seen := map[DocumentCode]bool{}
	for i, d := range documents {
		field := fmt.Sprintf("documents[%d]", i)
		p.Require(field+".code", string(d.Code))
		if d.Code == VitaleWithPhoto {
			p.Add(field+".code", "is for what is shown beside a document")
		}
		if seen[d.Code] {
			p.Add(field+".code", "is there twice")
		}
		seen[d.Code] = true
		for j, c := range d.HighConfidence {
			if c.Holder == HolderUnspecified || c.Holder > HolderResident {
				p.Addf(fmt.Sprintf("%s.highConfidence[%d].holder", field, j), "must be a case")
			}
		}
	}
}

// Control is the evidence of a control: the operator compared the person and the traits with a document.
type Control struct {
	// Document is the code of the document. Required, without a default (EXI ID 19).
	Document DocumentCode `json:"document"`
	// Holder is the case of the person. Required.
	Holder Holder `json:"holder"`
	// With is what was shown beside it, where the document needs something.
	With DocumentCode `json:"with,omitempty"`
	// At and Operator are set by [Identity.Control].
	At       time.Time `json:"at"`
	Operator string    `json:"operator"`
}

// String says what was shown, without the operator.
func (c Control) String() string { return fmt.Sprintf("Control(%s, %s)", c.Document, c.Holder) }

// Format writes String whatever the verb.
func (c Control) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write String.
func (c Control) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Control records that the identity was checked against a document of high confidence: a provisional identity becomes
// validated, a retrieved one qualified; a checked one gets the new evidence. A document that the list of the structure
// does not know, or that proves nothing for this person, is refused.
func (i Identity) Control(act Act, c Control) (Identity, error) {
	var p segur.Problems
	i.begin(&p, act)
	i.notBlocked(&p)
	if i.rules != nil {
		i.rules.checkControl(&p, c)
	}
	if err := p.Err("identity.control"); err != nil {
		return Identity{}, err
	}
	after := i
	c.At, c.Operator = act.At.Round(0), act.Operator
	after.control = c
	return i.record(after, act, OperationControl, func(e *Event) { e.Control = &c }), nil
}

// RevokeControl takes the control back, such as one that was recorded by mistake: validated becomes provisional,
// qualified retrieved. Where the identity itself is in doubt, see [Identity.Doubt].
func (i Identity) RevokeControl(act Act) (Identity, error) {
	var p segur.Problems
	i.begin(&p, act)
	if !i.Status().IsChecked() {
		p.Add("status", "there is no control to revoke: the identity is neither validated nor qualified")
	}
	if err := p.Err("identity.revoke-control"); err != nil {
		return Identity{}, err
	}
	after := i
	after.control = Control{}
	return i.record(after, act, OperationRevokeControl, nil), nil
}

func (r *Rules) checkControl(p *segur.Problems, c Control) {
	if c.Holder == HolderUnspecified || c.Holder > HolderResident {
		p.Add("control.holder", "is required: the confidence in a document depends on whose it is")
	}
	if c.Document == "" {
		p.Add("control.document", "is required, without a default (EXI ID 19)")
		return
	}
	at := slices.IndexFunc(r.documents, func(d Document) bool { return d.Code == c.Document })
	if at < 0 {
		p.Add("control.document", "is not in the list of the structure (EXI ID 19)")
		return
	}
	if c.Holder == HolderUnspecified || c.Holder > HolderResident {
		return
	}
	known, beside := false, false
	for _, h := range r.documents[at].HighConfidence {
		if h.Holder == c.Holder {
			known = true
			beside = beside || len(h.With) == 0 || slices.Contains(h.With, c.With)
		}
	}
	switch {
	case !known:
		p.Add("control.document", "is not of high confidence for this person (EXI ID 19, EXI SI 10)")
	case !beside:
		p.Add("control.with", "the document proves this person's identity beside another one only (EXI ID 19, EXI SI 23)")
	}
}
