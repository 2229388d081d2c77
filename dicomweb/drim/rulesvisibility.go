package drim

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dmp/xds"
)

// marker compares one flag with the marker of the entry. A flag that is not set
// asks for nothing: a marker all the same is a warning.
func (c *checker) marker(flag string, answer func(Flags) Answer, v xds.Visibility) ([]Comparison, segur.Text) {
	switch {
	case c.Message == nil:
		return nil, lacking(ObjectMessage)
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	}
	a := answer(c.Message.Flags)
	has := No
	if c.Entry.Has(v) {
		has = Yes
	}
	x := Comparison{Verdict: Failed, A: Side{ObjectMessage, flag, a.String()}, B: Side{ObjectEntry, "confidentialityCode " + string(v), has.String()}}
	switch {
	case a == has:
		x.Verdict = Passed
	case a == Unset && has == No:
		return nil, segur.Text{FR: "le message ne porte pas l'indicateur", EN: "the message does not have the flag"}
	case a == Unset:
		x.Verdict = Warned
	}
	return []Comparison{x}, segur.Text{}
}

func (c *checker) r34() ([]Comparison, segur.Text) {
	return c.marker("MASQUE_PS", func(f Flags) Answer { return f.HiddenFromProfessionals }, xds.HiddenFromProfessionals)
}

func (c *checker) r35() ([]Comparison, segur.Text) {
	return c.marker("INVISIBLE_PATIENT", func(f Flags) Answer { return f.HiddenFromPatient }, xds.HiddenFromPatient)
}

// r36: a secret connection hides the document from the legal representatives too.
func (c *checker) r36() ([]Comparison, segur.Text) {
	return c.marker("INVISIBLE_REP_LEGAUX", func(f Flags) Answer {
		if f.SecretConnection == Yes {
			return Yes
		}
		return f.HiddenFromRepresentatives
	}, xds.HiddenFromRepresentatives)
}

func (c *checker) r37() ([]Comparison, segur.Text) {
	if c.Entry == nil {
		return nil, lacking(ObjectEntry)
	}
	codes := codesOf(c.Entry.ConfidentialityCodes)
	x := Comparison{Verdict: Failed, A: Side{ObjectEntry, "confidentialityCode", "N"}, B: Side{ObjectEntry, "confidentialityCode", strings.Join(codes, ", ")}}
	for i, code := range codes {
		switch {
		case code == "N" && i == 0:
			x.Verdict = Passed
		case code == "N" && x.Verdict == Failed:
			x.Verdict, x.Note = Warned, segur.Text{FR: "N n'est pas le premier", EN: "N is not the first one"}
		}
	}
	return []Comparison{x}, segur.Text{}
}

// r38 only warns: mails are not a DRIMbox's business, and an official set that
// tests the visibility breaks it.
func (c *checker) r38() ([]Comparison, segur.Text) {
	if c.Message == nil {
		return nil, lacking(ObjectMessage)
	}
	hidden := Side{ObjectMessage, "INVISIBLE_PATIENT", c.Message.Flags.HiddenFromPatient.String()}
	if c.Entry != nil && c.Entry.Has(xds.HiddenFromPatient) {
		hidden = Side{ObjectEntry, "confidentialityCode INVISIBLE_PATIENT", Yes.String()}
	}
	mailed := Side{ObjectMessage, "DESTMSSANTEPAT", c.Message.Flags.ToPatient.String()}
	if hidden.value == "" && mailed.value == "" {
		return nil, reasonNone
	}
	x := Comparison{Verdict: Passed, A: hidden, B: mailed}
	if hidden.value == Yes.String() && c.Message.Flags.ToPatient == Yes {
		x.Verdict, x.Note = Warned, segur.Text{FR: "un document masqué au patient ne lui est pas envoyé", EN: "a document that is hidden from the patient is not mailed to them"}
	}
	return []Comparison{x}, segur.Text{}
}
