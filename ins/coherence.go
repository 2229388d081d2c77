package ins

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
	"github.com/segur-sdk/segur/internal/traits"
)

// Agreement is how one trait of INSi stands to the local one.
type Agreement = segur.Agreement

// The agreements. The zero value is the weakest that is not a contradiction.
const (
	// Unknown: one of the two sides does not have the trait.
	Unknown = segur.AgreementUnknown
	// Same: equal as written.
	Same = segur.AgreementSame
	// Equivalent: equal for the rules of the INS, written otherwise: case, accents, hyphen or apostrophe for a blank,
	// the first given name as the beginning of the list, a local date completed by rule where INSi has none.
	Equivalent = segur.AgreementEquivalent
	// Compatible: one side knows less than the other, and nothing contradicts: dates only. Not coherent: a person
	// decides.
	Compatible = segur.AgreementCompatible
	// Different: the two contradict each other.
	Different = segur.AgreementDifferent
)

// Verdict compares two sets of traits field by field. It holds no trait.
type Verdict struct {
	BirthName      Agreement
	FirstGivenName Agreement
	Sex            Agreement
	BirthDate      Agreement
	BirthPlace     Agreement
}

// Coherent reports whether the four traits of a search agree and the birth place does not contradict.
func (v Verdict) Coherent() bool {
	for _, a := range []Agreement{v.BirthName, v.FirstGivenName, v.Sex, v.BirthDate} {
		if a != Same && a != Equivalent {
			return false
		}
	}
	return v.BirthPlace != Different
}

// Details lists what is not the same, for a user interface: severity "error" for a trait that keeps the verdict from
// being coherent, "warning" for one that is only equivalent.
func (v Verdict) Details() []segur.Detail {
	var out []segur.Detail
	for _, f := range []struct {
		field    string
		a        Agreement
		required bool
	}{
		{"birthName", v.BirthName, true}, {"firstGivenName", v.FirstGivenName, true}, {"sex", v.Sex, true},
		{"birthDate", v.BirthDate, true}, {"birthPlace", v.BirthPlace, false},
	} {
		d := segur.Detail{Field: "traits." + f.field, Code: f.a.String(), Severity: "error"}
		switch {
		case f.a == Different && f.field == "birthPlace":
			d.Message = "INSi has another code: the one valid at birth counts, and communes merge and change their names"
		case f.a == Different:
			d.Message = "INSi contradicts the local trait"
		case f.a == Compatible:
			d.Message = "one side knows less than the other and nothing contradicts: a person must compare"
		case f.a == Equivalent:
			d.Severity, d.Message = "warning", "equivalent, written otherwise by INSi"
		case f.a == Unknown && f.required:
			d.Message = "cannot be compared: one side does not have it"
		default:
			continue
		}
		out = append(out, d)
	}
	return out
}

// Coherence compares the traits that the caller knows with those that INSi returned, as the guide d'implémentation de
// l'INS asks before an identity is accepted.
//
// Names are equal whatever their case, accents, hyphens, apostrophes and blanks. The local first given name must begin
// the returned list, whole words (EXI ID 10). A birth place is compared where both sides know it. For dates see
// [Compatible] and the rules of completion (EXI ID 11 and 12).
func Coherence(local, returned segur.Traits) Verdict {
	return Verdict{
		BirthName:      traits.Names(local.BirthName, returned.BirthName),
		FirstGivenName: compareGiven(local.FirstGivenName, returned),
		Sex:            traits.Text(string(local.Sex), string(returned.Sex)),
		BirthDate:      compareDates(local, returned.BirthDate),
		BirthPlace:     traits.Places(local.BirthPlace, returned.BirthPlace),
	}
}

// compareGiven: the local first given name must begin the returned list, word by word.
func compareGiven(local string, returned segur.Traits) Agreement {
	list := returned.GivenNames
	if list == "" {
		list = returned.FirstGivenName
	}
	words, all := names.Words(local), names.Words(list)
	switch {
	case len(words) == 0 || len(all) == 0:
		return Unknown
	case !traits.Begins(all, words):
		return Different
	case list == local || strings.HasPrefix(list, local+" "):
		return Same
	}
	return Equivalent
}
