package identity

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// maxName is the length of a name in characters (guide d'implémentation de l'INS).
const maxName = 100

// checkTraits checks the five strict traits and the shape of the others.
func checkTraits(p *segur.Problems, field string, t segur.Traits) {
	checkName(p, field+".birthName", t.BirthName, true)
	checkName(p, field+".firstGivenName", t.FirstGivenName, true)
	checkName(p, field+".givenNames", t.GivenNames, false)
	checkName(p, field+".usedName", t.UsedName, false)
	checkName(p, field+".usedGivenName", t.UsedGivenName, false)
	switch t.Sex {
	case segur.Female, segur.Male, segur.SexUnknown:
	default:
		p.Add(field+".sex", "must be F, M or I")
	}
	switch d := t.BirthDate; {
	case d.IsZero():
		p.Add(field+".birthDate", "is required")
	case !d.Valid():
		p.Add(field+".birthDate", "does not exist in the calendar")
	case !d.Complete():
		p.Add(field+".birthDate", "must be complete: CompleteBirthDate applies the rules EXI ID 11 and EXI ID 12")
	case t.BirthDateInterpreted && !interpretedForm(d):
		p.Add(field+".birthDateInterpreted", "needs a date that the rules give: first of the month, January, or 31 December (EXI ID 11, EXI ID 12)")
	}
	p.Merge(field, CheckBirthPlace(t.BirthPlace))
}

func checkName(p *segur.Problems, field, name string, required bool) {
	if name == "" {
		if required {
			p.Add(field, "is required: one of the five strict traits")
		}
		return
	}
	if !utf8.ValidString(name) || len(names.Words(name)) == 0 {
		p.Add(field, "must hold letters")
		return
	}
	if utf8.RuneCountInString(name) > maxName {
		p.Addf(field, "must have at most %d characters", maxName)
	}
	for _, r := range names.Transliterate(name) {
		if (r < 'A' || r > 'Z') && r != ' ' && r != '-' && r != '\'' {
			p.Add(field, "must hold Latin letters, blanks, hyphens and apostrophes only")
			return
		}
	}
}

// begins reports whether first begins the list of given names word by word, hyphen and apostrophe for a blank
// (EXI ID 10).
func begins(list, first string) bool {
	words, all := names.Words(first), names.Words(list)
	return len(words) > 0 && len(words) <= len(all) && slices.Equal(words, all[:len(words)])
}

func sameWords(a, b string) bool { return slices.Equal(names.Words(a), names.Words(b)) }

// cut returns the beginning of the list that holds the first n words. It ends between two names only: what civil
// status joins with a hyphen or an apostrophe is one name.
func cut(list string, n int) string {
	var out []string
	for name := range strings.FieldsSeq(list) {
		out = append(out, name)
		if n -= len(names.Words(name)); n <= 0 {
			break
		}
	}
	return strings.Join(out, " ")
}

// traitChanges names the traits that differ.
func traitChanges(a, b segur.Traits) []string {
	var out []string
	for _, f := range []struct {
		name    string
		changed bool
	}{
		{"birthName", a.BirthName != b.BirthName},
		{"usedName", a.UsedName != b.UsedName},
		{"firstGivenName", a.FirstGivenName != b.FirstGivenName},
		{"givenNames", a.GivenNames != b.GivenNames},
		{"usedGivenName", a.UsedGivenName != b.UsedGivenName},
		{"sex", a.Sex != b.Sex},
		{"birthDate", a.BirthDate != b.BirthDate},
		{"birthDateInterpreted", a.BirthDateInterpreted != b.BirthDateInterpreted},
		{"birthPlace", a.BirthPlace != b.BirthPlace},
	} {
		if f.changed {
			out = append(out, "traits."+f.name)
		}
	}
	return out
}
