package ins

import (
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// Candidate says where the given name of an attempt comes from.
type Candidate uint8

// The candidates, in the order in which they are tried.
const (
	// FirstGivenName: the first given name as it is known.
	FirstGivenName Candidate = iota
	// FirstGivenNameVariant: the first given name with hyphens for blanks, or blanks for hyphens.
	FirstGivenNameVariant
	// OtherGivenName: one of the following given names. What it finds always needs a confirmation.
	OtherGivenName
	// AllGivenNames: the whole list of given names.
	AllGivenNames
)

// String names the candidate.
func (c Candidate) String() string {
	switch c {
	case FirstGivenName:
		return "first given name"
	case FirstGivenNameVariant:
		return "variant of the first given name"
	case OtherGivenName:
		return "other given name"
	case AllGivenNames:
		return "all given names"
	}
	return "invalid"
}

type candidate struct {
	from Candidate
	name string
}

// candidates lists the given names to search with. first and list are normalised; list may be empty.
func candidates(first, list string, firstOnly bool) []candidate {
	var out []candidate
	add := func(from Candidate, name string) {
		for _, c := range out {
			if c.name == name {
				return
			}
		}
		out = append(out, candidate{from, name})
	}
	add(FirstGivenName, first)
	for _, variant := range []string{strings.ReplaceAll(first, " ", "-"), strings.ReplaceAll(first, "-", " ")} {
		if CheckGivenName(variant) == nil {
			add(FirstGivenNameVariant, variant)
		}
	}
	if firstOnly || list == "" {
		return out
	}
	rest := strings.TrimPrefix(list, first)
	if rest != "" && rest[0] != ' ' {
		rest = list // the first given name does not begin the list as a word
	}
	for _, name := range strings.Fields(rest) {
		add(OtherGivenName, name)
	}
	add(AllGivenNames, list)
	return out
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
// INSi has incomplete stays as completed locally.
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
	if t.BirthDate.Complete() {
		p.Traits.BirthDate, p.Traits.BirthDateInterpreted = t.BirthDate, false
	}
	if t.BirthPlace != "" {
		p.Traits.BirthPlace = t.BirthPlace
	}
	p.Status = segur.StatusOf(true, p.Status.IsChecked())
	return p
}
