package ins

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unique"

	"github.com/segur-sdk/segur"
)

// NIR is the number of an insured person as a Vitale card holds it: 13 characters, with the key when the card gives it.
// The zero NIR is none. NIRs are comparable with ==; printed forms are redacted and JSON is refused.
type NIR struct {
	// A handle, so that fmt prints an address even where it reaches the field by reflection and skips our methods.
	text unique.Handle[string]
}

// ParseNIR reads the 13 characters of a number (digits, but for 2A and 2B in positions 6 and 7) and its two-digit key,
// which may be empty. The error names the field, "number" or "key", and the rule, never the value.
func ParseNIR(number, key string) (NIR, error) {
	var p segur.Problems
	computed := segur.MatriculeKey(number)
	switch {
	case len(number) != 13:
		p.Add("number", "must have 13 characters")
	case computed == "":
		p.Add("number", "must be digits, but for A or B in position 7 (Corsica)")
	}
	switch {
	case key == "":
	case len(key) != 2 || key[0] < '0' || key[0] > '9' || key[1] < '0' || key[1] > '9':
		p.Add("key", "must have 2 digits, or be empty where the card does not give it")
	case computed != "" && key != computed:
		p.Add("key", "does not match the number")
	}
	if err := p.Err("ins.ParseNIR"); err != nil {
		return NIR{}, err
	}
	return NIR{unique.Make(number + key)}, nil
}

// IsZero reports whether there is no number.
func (n NIR) IsZero() bool { return n == NIR{} }

// Number returns the 13 characters, "" for the zero NIR.
func (n NIR) Number() string {
	if n.IsZero() {
		return ""
	}
	return n.text.Value()[:13]
}

// Key returns the key when the card gave it, else "".
func (n NIR) Key() string {
	if n.IsZero() {
		return ""
	}
	return n.text.Value()[13:]
}

// String returns a redacted form.
func (n NIR) String() string {
	if n.IsZero() {
		return "NIR(none)"
	}
	return "NIR(redacted)"
}

// Format writes the redacted form whatever the verb.
func (n NIR) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.String())) }

// LogValue makes slog write the redacted form.
func (n NIR) LogValue() slog.Value { return slog.StringValue(n.String()) }

var errNoJSON = errors.New("ins: the content of a Vitale card is not serialised implicitly")

// MarshalJSON refuses: a number leaves the program only where the caller names it.
func (n NIR) MarshalJSON() ([]byte, error) { return nil, errNoJSON }

// VitaleCard is one beneficiary of a Vitale card, as the reading component gives it. A card holds several: the user
// says which one came. Its printed forms are redacted.
//
// The card is a key, no more: what counts afterwards is what INSi answers, not what the card says.
type VitaleCard struct {
	// Serial is the serial number of the card, and Index the place of the beneficiary on it. They are not sent: they
	// tell whether the card in the reader is still the one that was selected. Serial is required.
	Serial string
	Index  int
	// Insured is the number of the insured person (ouvrant droit). Required.
	Insured NIR
	// Beneficiary is the certified number of the beneficiary, where the card has it, and CertifiedOn the day of its
	// certification, where the card has that.
	Beneficiary NIR
	CertifiedOn segur.Date
	// BirthName is the birth name of the beneficiary in capitals without accents, where the card has it. Only this
	// one is compared with the answer.
	BirthName string
	// InsuredBirthName is sent where BirthName is empty. It may be another person's: nothing is compared with it.
	InsuredBirthName string
	// BirthDate is the birth date of the beneficiary as the card has it: months and days from 00 to 99 exist on cards
	// ("date lunaire"). Required.
	BirthDate segur.Date
	// BirthRank is the rank of birth among twins, 1 for who is none. 0: the card does not say.
	BirthRank int
	// Regime, Fund and Centre are the codes of the scheme, the fund and its centre. Optional.
	Regime, Fund, Centre string
}

// String returns a redacted form.
func (v VitaleCard) String() string { return "VitaleCard(redacted)" }

// Format writes the redacted form whatever the verb.
func (v VitaleCard) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.String())) }

// LogValue makes slog write the redacted form.
func (v VitaleCard) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalJSON refuses, as that of [NIR].
func (v VitaleCard) MarshalJSON() ([]byte, error) { return nil, errNoJSON }

// beneficiaryName is the name that is sent.
func (v VitaleCard) beneficiaryName() string {
	if v.BirthName != "" {
		return v.BirthName
	}
	return v.InsuredBirthName
}

// check adds what INSi would refuse in the card to p.
func (v VitaleCard) check(p *segur.Problems, now time.Time) {
	p.Require("card.serial", v.Serial)
	if v.Index < 0 {
		p.Add("card.index", "must not be negative")
	}
	if v.Insured.IsZero() {
		p.Add("card.insured", "is required: the number of the insured person")
	}
	for _, f := range []struct{ field, name string }{{"card.birthName", v.BirthName}, {"card.insuredBirthName", v.InsuredBirthName}} {
		if f.name != "" {
			checkName(p, f.field, f.name, birthName)
		}
	}
	checkLunar(p, "card.birthDate", v.BirthDate, now)
	switch d := v.CertifiedOn; {
	case d.IsZero():
	case !d.Valid() || !d.Complete():
		p.Add("card.certifiedOn", "must be a complete date")
	case v.Beneficiary.IsZero():
		p.Add("card.certifiedOn", "goes with the number of the beneficiary")
	}
	if v.BirthRank < 0 || v.BirthRank > 9 {
		p.Add("card.birthRank", "must be 1 to 9, or 0 where the card does not say")
	}
	for _, f := range []struct{ field, code string }{{"card.regime", v.Regime}, {"card.fund", v.Fund}, {"card.centre", v.Centre}} {
		if f.code != "" && (!alphanumeric(f.code) || len(f.code) > 9) {
			p.Add(f.field, "must be a code of letters and digits")
		}
	}
}

// checkLunar accepts the dates of cards, which need not exist in the calendar.
func checkLunar(p *segur.Problems, field string, d segur.Date, now time.Time) {
	switch {
	case d.IsZero():
		p.Add(field, "is required")
	case d.Year < 1 || d.Year > 9999 || d.Month < 0 || d.Month > 99 || d.Day < 0 || d.Day > 99:
		p.Add(field, "must be a year of four digits, a month and a day of two, as on the card")
	case d.Time(time.UTC).After(now.Add(earliestZone)) && d.Valid() || d.Year > now.Year()+1:
		p.Add(field, "is in the future")
	}
}

// differs names what tells that card b is not the beneficiary that was selected on card v, "" when nothing does.
func (v VitaleCard) differs(b VitaleCard) string {
	switch {
	case v.Serial != b.Serial:
		return "serial"
	case v.Index != b.Index:
		return "index"
	case v.Insured.Number() != b.Insured.Number():
		return "insured"
	case v.Beneficiary.Number() != b.Beneficiary.Number():
		return "beneficiary"
	case v.BirthDate != b.BirthDate:
		return "birthDate"
	case v.BirthRank != b.BirthRank:
		return "birthRank"
	case v.BirthName != b.BirthName:
		return "birthName"
	}
	return ""
}
