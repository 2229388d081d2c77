package ins

import (
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/segur-sdk/segur"
)

// Query is one search by identity traits (WS_INS2). Its printed forms are redacted.
type Query struct {
	// Traits are the criteria: BirthName, FirstGivenName, Sex and BirthDate are required, BirthPlace is sent when it
	// is set. The other fields are not sent. Names may be written as people write them: they are normalised as
	// [NormalizeBirthName] and [NormalizeGivenName] do.
	Traits segur.Traits
}

// String returns a redacted form.
func (q Query) String() string { return "Query(redacted)" }

// Format writes the redacted form whatever the verb.
func (q Query) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(q.String())) }

// LogValue makes slog write the redacted form.
func (q Query) LogValue() slog.Value { return slog.StringValue(q.String()) }

// Lengths that a connector of the field limits its calls to; INSi's own limits are not public.
const (
	longBirthName = 80
	longGivenName = 61
)

// earliestZone is how far the calendar is ahead of UTC where the day begins first: Wallis is at 12 hours, nobody beyond 14.
const earliestZone = 14 * time.Hour

// normalize returns the criteria as they are sent. Everything that is wrong is added to p; what is only doubtful is
// returned as warnings.
func (q Query) normalize(p *segur.Problems, now time.Time) (segur.Traits, []segur.Detail) {
	t := segur.Traits{
		BirthName:      normalizeName(p, "traits.birthName", q.Traits.BirthName, birthName),
		FirstGivenName: normalizeName(p, "traits.firstGivenName", q.Traits.FirstGivenName, givenName),
		Sex:            q.Traits.Sex,
		BirthDate:      q.Traits.BirthDate,
		BirthPlace:     checkBirthPlace(p, "traits.birthPlace", q.Traits.BirthPlace),
	}
	if t.Sex != segur.Female && t.Sex != segur.Male {
		p.Add("traits.sex", "must be F or M: INSi knows no other")
	}
	switch d := t.BirthDate; {
	case d.IsZero():
		p.Add("traits.birthDate", "is required")
	case !d.Valid():
		p.Add("traits.birthDate", "is not a date of the calendar")
	case d.Time(time.UTC).After(now.Add(earliestZone)):
		p.Add("traits.birthDate", "is in the future")
	}
	var warnings []segur.Detail
	for _, f := range []struct {
		field, value string
		long         int
	}{{"traits.birthName", t.BirthName, longBirthName}, {"traits.firstGivenName", t.FirstGivenName, longGivenName}} {
		if n := utf8.RuneCountInString(f.value); n > f.long && n <= maxNameLength {
			warnings = append(warnings, segur.Detail{Field: f.field, Severity: "warning",
				Message: fmt.Sprintf("has %d characters; beyond %d the service may refuse it", n, f.long)})
		}
	}
	return t, warnings
}
