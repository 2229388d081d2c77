package traits

import "github.com/segur-sdk/segur"

// Completed completes a date by the rules EXI ID 11 and 12: day unknown 01, day and month unknown 31 December. A date
// that is complete, or not known at all, stays.
func Completed(d segur.Date) segur.Date {
	switch {
	case d.Complete() || d.IsZero():
		return d
	case d.Month == 0:
		return segur.Date{Year: d.Year, Month: 12, Day: 31}
	}
	return segur.Date{Year: d.Year, Month: d.Month, Day: 1}
}

// StandsFor reports whether date, completed by rule, can stand for d: the rules fill the day with 01, the month with
// January, or both with 31 December, and leave what is known. A year that was estimated stands for nothing.
func StandsFor(date, d segur.Date) bool {
	switch {
	case !date.Complete() || date.Year != d.Year:
		return false
	case d.Month == 0 || date.Month == 12 && date.Day == 31:
		return true
	case date.Month == d.Month:
		return date.Day == 1 || d.Day == 0
	}
	return date.Month == 1 && (date.Day == d.Day || d.Day == 0)
}

// Overlap reports whether what both dates say agrees, one of them being incomplete.
func Overlap(a, b segur.Date) bool {
	return !(a.Complete() && b.Complete()) && a.Year == b.Year && (a.Month == 0 || b.Month == 0 || a.Month == b.Month)
}
