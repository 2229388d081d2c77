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
	// is set. The other fields are not sent. They are sent as they are: what INSi would refuse, lower case and accents
	// included, is an input error. [Normalize] is the step before, for names as people write them. A birth date of
	// which the day or the month is unknown is sent with "00" for it, as INSi keeps such dates.
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

// check checks the criteria and returns what is sent of them, as it is.
func (q Query) check(p *segur.Problems, now time.Time) (segur.Traits, []segur.Detail) {
	if q.Traits.BirthPlace == segur.BirthplaceUnknown {
		p.Add("traits.birthPlace", "99999 means unknown: leave the field empty for a search")
		q.Traits.BirthPlace = ""
	}
	return checkTraits(p, "traits", q.Traits, now)
}

// checkTraits is the one check of the traits of a search, before anything is sent: it adds everything that INSi would
// refuse to p, under path, and returns the criteria, with warnings about what is only doubtful. An unknown birth place
// is not sent.
func checkTraits(p *segur.Problems, path string, t segur.Traits, now time.Time) (segur.Traits, []segur.Detail) {
	if t.BirthPlace == segur.BirthplaceUnknown {
		t.BirthPlace = ""
	}
	checkName(p, path+".birthName", t.BirthName, birthName)
	checkName(p, path+".firstGivenName", t.FirstGivenName, givenName)
	if t.Sex != segur.Female && t.Sex != segur.Male {
		p.Add(path+".sex", "must be F or M: INSi knows no other")
	}
	switch d := t.BirthDate; {
	case d.IsZero():
		p.Add(path+".birthDate", "is required")
	case !d.Valid():
		p.Add(path+".birthDate", "is not a date of the calendar")
	case d.Time(time.UTC).After(now.Add(earliestZone)):
		p.Add(path+".birthDate", "is in the future")
	}
	checkBirthPlace(p, path+".birthPlace", t.BirthPlace)
	var warnings []segur.Detail
	for _, f := range []struct {
		field, value string
		long         int
	}{{"birthName", t.BirthName, longBirthName}, {"firstGivenName", t.FirstGivenName, longGivenName}} {
		if n := utf8.RuneCountInString(f.value); n > f.long && n <= maxNameLength {
			warnings = append(warnings, segur.Detail{Field: path + "." + f.field, Severity: "warning",
				Message: fmt.Sprintf("has %d characters; beyond %d the service may refuse it", n, f.long)})
		}
	}
	return segur.Traits{BirthName: t.BirthName, FirstGivenName: t.FirstGivenName, Sex: t.Sex, BirthDate: t.BirthDate,
		BirthPlace: t.BirthPlace}, warnings
}

// checkINS refuses a number that the environment does not accept. A number with a wrong key cannot be in an
// [segur.INS].
func checkINS(p *segur.Problems, path string, number segur.INS, env segur.Environment) {
	switch {
	case number.IsZero():
	case !segur.IsINSAuthority(number.Authority()):
		p.Add(path, "is not of an authority that assigns an INS")
	case !env.AcceptsINS(number.Authority()):
		p.Add(path, "is a test number, which production does not accept")
	}
}

// checkPatient is checkTraits for a local identity, and checks what else must not reach INSi: the attributes that
// block (RNIV EXI SI 09), a number of another environment, a list of given names that INSi would refuse.
func checkPatient(p *segur.Problems, patient segur.Patient, env segur.Environment, now time.Time) (segur.Traits, []segur.Detail) {
	checkAttributes(p, "patient.attributes", patient.Attributes)
	checkINS(p, "patient.ins", patient.INS, env)
	criteria, warnings := checkTraits(p, "patient.traits", patient.Traits, now)
	if patient.Traits.GivenNames != "" {
		checkName(p, "patient.traits.givenNames", patient.Traits.GivenNames, givenName)
	}
	return criteria, warnings
}

// checkAttributes refuses the identities that INSi must not be questioned about.
func checkAttributes(p *segur.Problems, path string, a segur.IdentityAttributes) {
	switch {
	case !a.Valid():
		p.Add(path, "do not go together")
	case a.Has(segur.Fictitious):
		p.Add(path, "a fictitious identity is never searched in INSi")
	case a.Has(segur.Doubtful):
		p.Add(path, "a doubtful identity is not searched in INSi before the doubt is lifted")
	}
}
