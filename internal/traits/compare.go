package traits

import (
	"slices"
	"strings"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// Text compares two texts as they are written.
func Text(a, b string) segur.Agreement {
	switch {
	case a == "" || b == "":
		return segur.AgreementUnknown
	case a == b:
		return segur.AgreementSame
	}
	return segur.AgreementDifferent
}

// Names compares two names. Two that have no letter are never equivalent.
func Names(a, b string) segur.Agreement {
	c, words := Text(a, b), names.Words(a)
	if c == segur.AgreementDifferent && len(words) > 0 && slices.Equal(words, names.Words(b)) {
		return segur.AgreementEquivalent
	}
	return c
}

// Begins reports whether a list of words starts with the given ones.
func Begins(list, words []string) bool {
	return len(words) <= len(list) && slices.Equal(words, list[:len(words)])
}

// Places compares two COG codes of a place of birth; 99999 is not known.
func Places(a, b string) segur.Agreement {
	if a == segur.BirthplaceUnknown || b == segur.BirthplaceUnknown {
		return segur.AgreementUnknown
	}
	c := Text(a, b)
	if c == segur.AgreementDifferent && strings.EqualFold(a, b) {
		return segur.AgreementEquivalent
	}
	return c
}
