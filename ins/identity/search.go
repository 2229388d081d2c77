package identity

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/names"
)

// maxLetters is how many letters of a name a search for an existing identity takes (EXI ID 17).
const maxLetters = 3

// Keys are what a store indexes to find an identity again: the birth date and the names in the alphabet of INSi, blanks,
// hyphens and apostrophes left out. Their printed forms are redacted.
type Keys struct {
	BirthDate                                          segur.Date
	BirthName, UsedName, FirstGivenName, UsedGivenName string
}

// KeysOf makes the keys of an identity.
func KeysOf(t segur.Traits) Keys {
	return Keys{BirthDate: t.BirthDate, BirthName: fold(t.BirthName), UsedName: fold(t.UsedName),
		FirstGivenName: fold(t.FirstGivenName), UsedGivenName: fold(t.UsedGivenName)}
}

// String returns a redacted form.
func (k Keys) String() string { return "Keys(redacted)" }

// Format writes the redacted form whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// LogValue makes slog write the redacted form.
func (k Keys) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Criteria are a search for existing identities, before one is created (EXI ID 17): the birth date first, then at most
// three first letters of a name and of a given name, each in a field of its own. There is no free text on purpose. Its
// printed forms are redacted.
type Criteria struct {
	birthDate   segur.Date
	name, given string
}

// NewCriteria checks a search as a user entered it. The date is required and may be incomplete; name and given are 0
// to 3 letters, written as people write.
func NewCriteria(birthDate segur.Date, name, given string) (Criteria, error) {
	var p segur.Problems
	if !birthDate.Valid() {
		p.Add("criteria.birthDate", "is required and must exist (EXI ID 17)")
	}
	for _, f := range []struct{ field, text string }{{"criteria.name", name}, {"criteria.given", given}} {
		switch folded := fold(f.text); {
		case strings.TrimSpace(f.text) != "" && folded == "":
			p.Add(f.field, "must hold letters")
		case utf8.RuneCountInString(f.text) > maxLetters && len(folded) > maxLetters:
			p.Addf(f.field, "must have at most %d letters (EXI ID 17)", maxLetters)
		}
	}
	if err := p.Err("identity.NewCriteria"); err != nil {
		return Criteria{}, err
	}
	return Criteria{birthDate, firstLetters(fold(name)), firstLetters(fold(given))}, nil
}

// CriteriaOf is the search that finds an identity with these traits again.
func CriteriaOf(t segur.Traits) Criteria {
	return Criteria{t.BirthDate, firstLetters(fold(t.BirthName)), firstLetters(fold(t.FirstGivenName))}
}

// BirthDate is the date to look for first, Name and Given the folded letters.
func (c Criteria) BirthDate() segur.Date { return c.birthDate }

// Name are the letters that a name begins with, folded; empty: any.
func (c Criteria) Name() string { return c.name }

// Given are the letters that a given name begins with, folded; empty: any.
func (c Criteria) Given() string { return c.given }

// Matches reports whether an identity with these keys is to be shown: the known parts of the date are equal, and the
// birth name or the used name, and the first given name or the used one, begin with the letters. Zero Criteria match
// nothing.
func (c Criteria) Matches(k Keys) bool {
	d := c.birthDate
	if !d.Valid() || d.Year != k.BirthDate.Year || d.Month != 0 && d.Month != k.BirthDate.Month || d.Day != 0 && d.Day != k.BirthDate.Day {
		return false
	}
	return beginsOne(c.name, k.BirthName, k.UsedName) && beginsOne(c.given, k.FirstGivenName, k.UsedGivenName)
}

// String returns a redacted form.
func (c Criteria) String() string { return "Criteria(redacted)" }

// Format writes the redacted form whatever the verb.
func (c Criteria) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue makes slog write the redacted form.
func (c Criteria) LogValue() slog.Value { return slog.StringValue(c.String()) }

func fold(name string) string { return strings.Join(names.Words(name), "") }

// firstLetters cuts after three characters, whatever their length in bytes.
func firstLetters(s string) string {
	n := 0
	for i := range s {
		if n == maxLetters {
			return s[:i]
		}
		n++
	}
	return s
}

func beginsOne(letters string, in ...string) bool {
	for _, s := range in {
		if letters == "" || strings.HasPrefix(s, letters) {
			return true
		}
	}
	return false
}
