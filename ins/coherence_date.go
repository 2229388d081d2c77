package ins

import "github.com/segur-sdk/segur"

// compareDates compares a local birth date with the one of INSi. Each side may have a date whose month or day is
// unknown; the local side may have completed it by rule.
//
//   - What INSi has incomplete agrees with the local date completed by the rules, whatever marks it: Equivalent.
//   - A local date of which parts are unknown, or marked as completed by rule, is Compatible when what both sides know
//     agrees: it was not INSi's date that was known here, so a person must compare. Where the rules make exactly INSi's
//     date of it: Equivalent, or Same.
//   - A complete local date that INSi has incomplete is Different unless the rules make it: INSi cannot prove the rest.
func compareDates(local segur.Traits, returned segur.Date) Agreement {
	date := local.BirthDate
	switch {
	case date.IsZero() || returned.IsZero():
		return Unknown
	case date == returned:
		return Same
	case completed(date) == completed(returned):
		return Equivalent
	case date.Complete() && !local.BirthDateInterpreted:
		return Different
	case date.Complete() && interpretationOf(date, returned),
		!date.Complete() && date.Year == returned.Year && (date.Month == 0 || returned.Month == 0 || date.Month == returned.Month):
		return Compatible
	}
	return Different
}

// completed completes a date by the rules EXI ID 11 and 12: day unknown 01, day and month unknown 31 December.
func completed(d segur.Date) segur.Date {
	switch {
	case d.Complete():
		return d
	case d.Month == 0:
		return segur.Date{Year: d.Year, Month: 12, Day: 31}
	}
	return segur.Date{Year: d.Year, Month: d.Month, Day: 1}
}

// interpretationOf reports whether date, completed by rule, can stand for d: the rules fill the day with 01, the month
// with January, or both with 31 December, and leave what is known. A year that was estimated stands for nothing.
func interpretationOf(date, d segur.Date) bool {
	switch {
	case date.Year != d.Year:
		return false
	case d.Month == 0 || date.Month == 12 && date.Day == 31:
		return true
	case date.Month == d.Month:
		return date.Day == 1 || d.Day == 0
	}
	return date.Month == 1 && (date.Day == d.Day || d.Day == 0)
}
