package identity

import (
	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/traits"
)

// CompleteBirthDate completes a date of which the day, or the day and the month, are unknown, and says whether it had
// to: the first of the month; 31 December (EXI ID 11, EXI ID 12). A health identity has no incomplete date; the caller
// sets segur.Traits.BirthDateInterpreted. A date that is complete, zero or impossible is returned as it is.
//
// Where the year itself is not known, an operator chooses one that fits the age that the person gives (EXI ID 12) and
// completes it here.
func CompleteBirthDate(d segur.Date) (completed segur.Date, interpreted bool) {
	if d.Complete() || !d.Valid() {
		return d, false
	}
	return traits.Completed(d), true
}

// CompleteBirthDateWithoutMonth completes the date of somebody whose year and day of birth are known and whose month is
// not: January (EXI ID 11). A segur.Date cannot hold a day without a month, so this is a function of its own. day must
// be 1 to 31, else the error says so.
func CompleteBirthDateWithoutMonth(year, day int) (segur.Date, error) {
	d := segur.Date{Year: year, Month: 1, Day: day}
	if !d.Complete() || !d.Valid() {
		var p segur.Problems
		p.Add("birthDate", "needs a year and a day from 1 to 31")
		return segur.Date{}, p.Err("identity.CompleteBirthDateWithoutMonth")
	}
	return d, nil
}

// interpretedForm reports whether the rules can give d.
func interpretedForm(d segur.Date) bool {
	return d.Day == 1 || d.Month == 1 || d.Month == 12 && d.Day == 31
}
