package ins

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// Rule is a replacement that [Normalize] makes in a name.
type Rule string

// The replacements.
const (
	// RuleCapital: a lower-case letter became a capital.
	RuleCapital Rule = "capital"
	// RuleAccent: an accent, a cedilla or another mark of a letter was left out.
	RuleAccent Rule = "accent"
	// RuleLigature: a ligature, or another letter of this kind, became two letters.
	RuleLigature Rule = "ligature"
	// RuleApostrophe: a typographic apostrophe became the plain one.
	RuleApostrophe Rule = "apostrophe"
	// RuleHyphen: a dash or a typographic hyphen became the plain one.
	RuleHyphen Rule = "hyphen"
	// RuleBlank: a blank that does not break became a plain one.
	RuleBlank Rule = "blank"
	// RuleExtraBlank: a blank at the beginning, at the end, or after another one was left out.
	RuleExtraBlank Rule = "extra-blank"
)

var ruleTexts = map[Rule]segur.Text{
	RuleCapital:    {FR: "minuscule mise en capitale", EN: "lower-case letter made a capital"},
	RuleAccent:     {FR: "accent, cédille ou autre signe retiré de la lettre", EN: "accent, cedilla or other mark taken off the letter"},
	RuleLigature:   {FR: "ligature écrite en deux lettres", EN: "ligature written as two letters"},
	RuleApostrophe: {FR: "apostrophe typographique remplacée par l'apostrophe droite", EN: "typographic apostrophe replaced by the plain one"},
	RuleHyphen:     {FR: "tiret typographique remplacé par le trait d'union", EN: "typographic dash replaced by the hyphen"},
	RuleBlank:      {FR: "espace insécable remplacée par une espace simple", EN: "non-breaking blank replaced by a plain one"},
	RuleExtraBlank: {FR: "espace en trop retirée", EN: "superfluous blank taken out"},
}

// Text returns the rule in words, to show beside a change; empty for a rule that does not exist.
func (r Rule) Text() segur.Text { return ruleTexts[r] }

// Change is one replacement that [Normalize] made. It never holds the character.
type Change struct {
	// Field is "traits.birthName", "traits.firstGivenName", "traits.givenNames" or "traits.birthPlace".
	Field string
	// Position is the character as given, from 1. Characters are Unicode code points: an accent that the text holds
	// apart from its letter has a position of its own.
	Position int
	// Rule says what was done.
	Rule Rule
}

// Normalized is what [Normalize] made of traits. Its printed forms are redacted; Changes can be printed.
type Normalized struct {
	// Traits are the traits with BirthName, FirstGivenName, GivenNames and BirthPlace as INSi wants them, and the
	// other fields as given. With an error, what was refused is still in its place.
	Traits segur.Traits
	// Changes are the replacements, field by field in the order above, then by position. Empty: nothing was changed.
	Changes []Change
}

// String returns a redacted form.
func (n Normalized) String() string {
	return fmt.Sprintf("Normalized(%d changes, redacted)", len(n.Changes))
}

// Format writes the redacted form whatever the verb.
func (n Normalized) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(n.String())) }

// LogValue makes slog write the redacted form.
func (n Normalized) LogValue() slog.Value { return slog.StringValue(n.String()) }

// Normalize returns traits as people write them in the form that INSi takes (guide d'intégration INSi, SEL-MP-043):
// capitals without accent, ligature or cedilla; plain apostrophes, hyphens and blanks; no superfluous blank; the birth
// place in capitals ("D’Æion" gives "D'AEION", "2a004" gives "2A004"). It is the explicit step before a search, which
// sends traits as they are: show the changes to the user who typed them.
//
// What has no agreed replacement (digits, "_", "/", letters of other alphabets) is refused and never dropped: the
// error lists every field, position and rule, and never the name. Birth name and first given name are required, the
// two others optional. The used names are not sent and stay as they are, and so do sex and dates, which have no other
// spelling. Normalizing again changes nothing.
func Normalize(t segur.Traits) (Normalized, error) {
	var p segur.Problems
	n := Normalized{Traits: t}
	n.name(&p, "traits.birthName", &n.Traits.BirthName, birthName)
	n.name(&p, "traits.firstGivenName", &n.Traits.FirstGivenName, givenName)
	if t.GivenNames != "" {
		n.name(&p, "traits.givenNames", &n.Traits.GivenNames, givenName)
	}
	if up := strings.ToUpper(t.BirthPlace); up != t.BirthPlace && segur.IsCOG(up) {
		n.Traits.BirthPlace = up
		n.Changes = append(n.Changes, Change{Field: "traits.birthPlace", Position: 2, Rule: RuleCapital})
	}
	checkBirthPlace(&p, "traits.birthPlace", n.Traits.BirthPlace)
	return n, p.Err("ins.Normalize")
}

// name normalises one name in place.
func (n *Normalized) name(p *segur.Problems, path string, name *string, kind nameKind) {
	s, ok := spellName(p, path, *name)
	if !ok {
		return
	}
	checkSpelling(p, path, s, kind, nil)
	last := 0
	for _, c := range s {
		if c.rule != "" && c.at != last {
			n.Changes = append(n.Changes, Change{Field: path, Position: c.at, Rule: c.rule})
			last = c.at
		}
	}
	*name = text(s)
}

// NormalizeBirthName is [Normalize] for a birth name alone.
func NormalizeBirthName(name string) (string, error) {
	return normalizeOne("ins.NormalizeBirthName", "birthName", name, birthName)
}

// NormalizeGivenName is [Normalize] for a given name, or a list of them separated by blanks.
func NormalizeGivenName(name string) (string, error) {
	return normalizeOne("ins.NormalizeGivenName", "givenName", name, givenName)
}

func normalizeOne(op, path, name string, kind nameKind) (string, error) {
	var p segur.Problems
	if s, ok := spellName(&p, path, name); ok {
		checkSpelling(&p, path, s, kind, nil)
		name = text(s)
	}
	return name, p.Err(op)
}

// character is one character of a name in the alphabet of INSi, or one that has no place in it.
type character struct {
	r    rune // leftOut for an accent that the letter before it stands for
	at   int  // position in the text as given, from 1
	rule Rule // what was done; "" for nothing
}

// leftOut is no character: a NUL is one, to refuse.
const leftOut rune = -1

// kept reports whether the character is part of the normalised name.
func (c character) kept() bool { return c.r != leftOut && c.rule != RuleExtraBlank }

// spellName is spell for a text of a length that a name may have, give or take; else it says so in p.
func spellName(p *segur.Problems, path, name string) ([]character, bool) {
	if n := utf8.RuneCountInString(name); n > absurdLength {
		p.Addf(path, "has %d characters, %d at most", n, maxNameLength)
		return nil, false
	}
	return spell(name), true
}

// spell maps a name to the alphabet of INSi and marks what changes. What has no mapping stays as it is.
func spell(name string) []character {
	out := make([]character, 0, len(name))
	at := 0
	for r, to := range names.Letters(name) {
		at++
		if to == "" {
			out = append(out, character{leftOut, at, RuleAccent})
			continue
		}
		rule := ruleOf(r, to)
		for _, t := range to {
			out = append(out, character{t, at, rule})
		}
	}
	markBlanks(out)
	return out
}

// markBlanks marks the blanks at both ends, and those that follow another one.
func markBlanks(s []character) {
	extra := true
	for i, c := range s {
		if c.r == ' ' && extra {
			s[i].rule = RuleExtraBlank
		}
		extra = c.r == ' '
	}
	for i := len(s) - 1; i >= 0 && s[i].r == ' '; i-- {
		s[i].rule = RuleExtraBlank
	}
}

// ruleOf names the replacement of a character.
func ruleOf(r rune, to string) Rule {
	switch {
	case to == string(r):
		return ""
	case to == "'":
		return RuleApostrophe
	case to == "-":
		return RuleHyphen
	case to == " ":
		return RuleBlank
	case len(to) > 1:
		return RuleLigature
	case r >= 'a' && r <= 'z':
		return RuleCapital
	}
	return RuleAccent
}

// text is the normalised name.
func text(s []character) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, c := range s {
		if c.kept() {
			b.WriteRune(c.r)
		}
	}
	return b.String()
}
