package ins

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/segur-sdk/segur"
)

// nameKind selects the lexical rules of a name: they differ at the end and for the double hyphen.
type nameKind uint8

const (
	birthName nameKind = iota // EF_INS01_03, EF_INS10_01
	givenName                 // EF_INS10_02
)

// maxNameLength is the longest name, in characters: the limit of the guide d'implémentation de l'INS.
const maxNameLength = 100

// absurdLength is where nothing more than the length is said of a text: it is no name.
const absurdLength = 10 * maxNameLength

// CheckBirthName says what INSi would refuse in a birth name as it stands: every broken rule with its position, in
// characters from 1, and whether [Normalize] makes it acceptable. nil: nothing. The error never repeats the name.
func CheckBirthName(name string) error {
	var p segur.Problems
	checkName(&p, "birthName", name, birthName)
	return p.Err("ins.CheckBirthName")
}

// CheckGivenName is [CheckBirthName] for a given name, or a list of them separated by single blanks.
func CheckGivenName(name string) error {
	var p segur.Problems
	checkName(&p, "givenName", name, givenName)
	return p.Err("ins.CheckGivenName")
}

// repair ends the message of a refusal that [Normalize] lifts.
const repair = "; ins.Normalize makes it acceptable"

// The refusals of what [Normalize] would change.
var refusals = map[Rule]string{
	RuleCapital:    "lower-case letters are not accepted" + repair,
	RuleAccent:     "only the letters A to Z are accepted, without accent" + repair,
	RuleLigature:   "only the letters A to Z are accepted, without ligature" + repair,
	RuleApostrophe: "the only apostrophe accepted is U+0027" + repair,
	RuleHyphen:     "the only hyphen accepted is U+002D" + repair,
	RuleBlank:      "the only white space accepted is a blank" + repair,
}

const (
	ruleFirst   = "a name begins with neither a blank nor a hyphen"
	ruleDoubled = "a blank or an apostrophe cannot follow another one"
	ruleLast    = "a name does not end with a blank"
)

// checkName refuses what breaks the lexical rules, and what [Normalize] would have to change to keep them.
func checkName(p *segur.Problems, path, name string, kind nameKind) {
	s, ok := spellName(p, path, name)
	if !ok {
		return
	}
	var l findings
	for i, c := range s {
		switch {
		case c.rule == RuleExtraBlank && !slices.ContainsFunc(s[:i], character.kept):
			l.add(c.at, ruleFirst+repair)
		case c.rule == RuleExtraBlank && !slices.ContainsFunc(s[i:], character.kept):
			l.add(c.at, ruleLast+repair)
		case c.rule == RuleExtraBlank:
			l.add(c.at, ruleDoubled+repair)
		case c.rule != "":
			l.add(c.at, refusals[c.rule])
		}
	}
	checkSpelling(p, path, s, kind, l)
}

// Classes of characters of a name.
const (
	none = iota
	letter
	blank
	apostrophe
	hyphen
)

// checkSpelling runs the lexical rules over a name in the alphabet of INSi, one character at a time, and adds what it
// finds to p after what was found before.
func checkSpelling(p *segur.Problems, path string, s []character, kind nameKind, l findings) {
	before, n, at := none, 0, 0
	for _, c := range s {
		if !c.kept() {
			continue
		}
		n, at = n+1, c.at
		class, rule := none, ""
		switch {
		case c.r >= 'A' && c.r <= 'Z':
			class = letter
		case c.r == ' ':
			class = blank
		case c.r == '\'':
			class = apostrophe
		case c.r == '-':
			class = hyphen
		default:
			rule = wrongCharacter(c.r)
		}
		switch {
		case rule != "":
		case n == 1 && class == hyphen:
			rule = ruleFirst
		case (class == blank || class == apostrophe) && (before == blank || before == apostrophe):
			rule = ruleDoubled
		case kind == givenName && class == hyphen && before == hyphen:
			rule = "a given name has no double hyphen"
		}
		if rule != "" {
			l.add(c.at, rule)
		}
		before = class
	}
	if kind == givenName && (before == hyphen || before == apostrophe) {
		l.add(at, "a given name ends with neither a hyphen nor an apostrophe")
	}
	switch {
	case n == 0:
		p.Add(path, "is required")
	case !slices.ContainsFunc(s, func(c character) bool { return unicode.IsLetter(c.r) }) && len(l) == 0:
		p.Add(path, "must hold a letter")
	}
	l.report(p, path)
	if n > maxNameLength {
		p.Addf(path, "has %d characters, %d at most", n, maxNameLength)
	}
}

// findings are broken rules by position.
type findings []finding

type finding struct {
	at   int
	rule string
}

// add adds a finding, once where a ligature gives two letters.
func (l *findings) add(at int, rule string) {
	if n := len(*l); n == 0 || (*l)[n-1] != (finding{at, rule}) {
		*l = append(*l, finding{at, rule})
	}
}

// report adds the findings to p in the order of the text, a run of characters with the same one together.
func (l findings) report(p *segur.Problems, path string) {
	slices.SortStableFunc(l, func(a, b finding) int { return a.at - b.at })
	for i := 0; i < len(l); {
		n := i + 1
		for n < len(l) && l[n].rule == l[i].rule && l[n].at == l[n-1].at+1 {
			n++
		}
		if n == i+1 {
			p.Addf(path, "character %d: %s", l[i].at, l[i].rule)
		} else {
			p.Addf(path, "characters %d to %d: %s", l[i].at, l[n-1].at, l[i].rule)
		}
		i = n
	}
}

// wrongCharacter says what is wrong with a character. Letters are not repeated: they are part of a name.
func wrongCharacter(r rune) string {
	switch {
	case unicode.IsDigit(r):
		return "digits are not accepted"
	case unicode.IsLetter(r):
		return "only the letters A to Z are accepted, and this one has no agreed replacement"
	case unicode.IsSpace(r):
		return "the only white space accepted is a blank"
	}
	return fmt.Sprintf("U+%04X is not accepted", r)
}

// checkBirthPlace checks a COG code, which is optional.
func checkBirthPlace(p *segur.Problems, path, cog string) {
	switch {
	case cog == "" || segur.IsCOG(cog):
	case segur.IsCOG(strings.ToUpper(cog)):
		p.Add(path, "character 2: "+refusals[RuleCapital])
	default:
		p.Add(path, "must be an INSEE COG code: 5 characters, digits but for 2A and 2B")
	}
}
