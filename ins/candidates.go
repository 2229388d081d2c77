package ins

import (
	"slices"
	"strings"

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

// candidates lists the given names to search with. first and list are checked; list may be empty.
// The order is the one that the conformance tests expect (2.07): each given name alone, then the whole list.
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
	for _, name := range after(first, strings.Fields(list)) {
		add(OtherGivenName, name)
	}
	add(AllGivenNames, list)
	return out
}

// after returns the names that follow the first one in the list, whatever joins its parts: all of them when it does not
// begin the list with whole names.
func after(first string, list []string) []string {
	words, rest := names.Words(first), list
	for len(words) > 0 {
		if len(rest) == 0 {
			return list
		}
		next := names.Words(rest[0])
		if len(next) > len(words) || !slices.Equal(next, words[:len(next)]) {
			return list
		}
		words, rest = words[len(next):], rest[1:]
	}
	return rest
}
