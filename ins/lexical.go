package ins

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// nameKind selects the lexical rules of a name: they differ at the end and for the double hyphen.
type nameKind uint8

const (
	birthName nameKind = iota // EF_INS01_03, EF_INS10_01
	givenName                 // EF_INS10_02
)

// maxNameLength is the longest name, in characters: the limit of the guide d'implémentation de l'INS.
const maxNameLength = 100

// NormalizeBirthName returns a birth name as INSi wants it: capitals without accent, ligature or cedilla, typographic
// apostrophes, hyphens and blanks replaced by theirs ("D’Æion" gives "D'AEION"). What has no agreed replacement
// (digits, "_", "/", letters of other alphabets) is refused and never dropped. The error lists every broken rule with
// its position and never repeats the name.
func NormalizeBirthName(name string) (string, error) {
	var p segur.Problems
	name = normalizeName(&p, "birthName", name, birthName)
	return name, p.Err("ins.NormalizeBirthName")
}

// NormalizeGivenName is [NormalizeBirthName] for a given name, or a list of them separated by single blanks.
func NormalizeGivenName(name string) (string, error) {
	var p segur.Problems
	name = normalizeName(&p, "givenName", name, givenName)
	return name, p.Err("ins.NormalizeGivenName")
}

// CheckBirthName says what INSi would refuse in a birth name as it stands, without any replacement. nil: nothing.
func CheckBirthName(name string) error {
	var p segur.Problems
	checkName(&p, "birthName", name, birthName)
	return p.Err("ins.CheckBirthName")
}

// CheckGivenName is [CheckBirthName] for a given name.
func CheckGivenName(name string) error {
	var p segur.Problems
	checkName(&p, "givenName", name, givenName)
	return p.Err("ins.CheckGivenName")
}

func normalizeName(p *segur.Problems, path, name string, kind nameKind) string {
	name = names.Transliterate(name)
	checkName(p, path, name, kind)
	return name
}

// Classes of characters of a name.
const (
	none = iota
	letter
	blank
	apostrophe
	hyphen
)

// checkName runs the lexical rules over a name, one character at a time.
func checkName(p *segur.Problems, path, name string, kind nameKind) {
	if name == "" {
		p.Add(path, "is required")
		return
	}
	before, n := none, 0
	for _, r := range name {
		n++
		class, rule := none, ""
		switch {
		case r >= 'A' && r <= 'Z':
			class = letter
		case r == ' ':
			class = blank
		case r == '\'':
			class = apostrophe
		case r == '-':
			class = hyphen
		default:
			rule = wrongCharacter(r)
		}
		switch {
		case rule != "":
		case n == 1 && (class == blank || class == hyphen):
			rule = "a name begins with neither a blank nor a hyphen"
		case (class == blank || class == apostrophe) && (before == blank || before == apostrophe):
			rule = "a blank or an apostrophe cannot follow another one"
		case kind == givenName && class == hyphen && before == hyphen:
			rule = "a given name has no double hyphen"
		}
		if rule != "" {
			p.Addf(path, "character %d: %s", n, rule)
		}
		before = class
	}
	switch {
	case before == blank:
		p.Addf(path, "character %d: a name does not end with a blank", n)
	case kind == givenName && (before == hyphen || before == apostrophe):
		p.Addf(path, "character %d: a given name ends with neither a hyphen nor an apostrophe", n)
	}
	if n > maxNameLength {
		p.Addf(path, "has %d characters, %d at most", n, maxNameLength)
	}
}

// wrongCharacter says what is wrong with a character. Letters are not repeated: they are part of a name.
func wrongCharacter(r rune) string {
	switch {
	case unicode.IsDigit(r):
		return "digits are not accepted"
	case unicode.IsLower(r), unicode.IsUpper(r), unicode.IsLetter(r):
		return "only the letters A to Z are accepted, without accent"
	case unicode.IsSpace(r):
		return "the only white space accepted is a blank"
	}
	return fmt.Sprintf("U+%04X is not accepted", r)
}

// checkBirthPlace checks a COG code and returns it in capitals. It is optional.
func checkBirthPlace(p *segur.Problems, path, cog string) string {
	cog = strings.ToUpper(cog)
	switch {
	case cog == "":
	case cog == segur.BirthplaceUnknown:
		p.Add(path, "99999 means unknown: leave the field empty for a search")
	case !isCOG(cog):
		p.Add(path, "must be an INSEE COG code: 5 characters, digits but for 2A and 2B")
	}
	return cog
}

func isCOG(s string) bool {
	if len(s) != 5 {
		return false
	}
	for i := range len(s) {
		corsica := i == 1 && s[0] == '2' && (s[1] == 'A' || s[1] == 'B')
		if !corsica && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}
