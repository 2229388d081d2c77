package segur

import (
	"fmt"
	"strconv"
	"time"
)

// Date is a calendar date of which the day, or the month and the day, may be
// unknown. The zero Date means "not known at all". French civil status keeps
// such dates ("lunar dates"), and INSi returns them as they are.
type Date struct {
	// Year is the four-digit year; 0 when the date is not known.
	Year int
	// Month is 1 to 12; 0 when unknown.
	Month int
	// Day is 1 to 31; 0 when unknown.
	Day int
}

// NewDate returns a complete date.
func NewDate(year int, month time.Month, day int) Date { return Date{year, int(month), day} }

// ParseDate reads "YYYY-MM-DD", "YYYYMMDD", "YYYY-MM", "YYYYMM" or "YYYY".
// "00" as month or day means unknown. A date that does not exist (31 June) is
// refused with an [ErrInvalidInput] error.
func ParseDate(s string) (Date, error) {
	digits := s
	switch {
	case len(s) == 10 && s[4] == '-' && s[7] == '-':
		digits = s[:4] + s[5:7] + s[8:]
	case len(s) == 7 && s[4] == '-':
		digits = s[:4] + s[5:]
	}
	bad := func(rule string) (Date, error) {
		return Date{}, &Error{Op: "segur.ParseDate", Kind: KindInvalidInput, Message: "date: " + rule}
	}
	if n := len(digits); n != 4 && n != 6 && n != 8 {
		return bad("must be YYYY, YYYY-MM or YYYY-MM-DD")
	}
	for _, r := range digits {
		if r < '0' || r > '9' {
			return bad("must hold digits only")
		}
	}
	var d Date
	d.Year, _ = strconv.Atoi(digits[:4])
	if len(digits) >= 6 {
		d.Month, _ = strconv.Atoi(digits[4:6])
	}
	if len(digits) == 8 {
		d.Day, _ = strconv.Atoi(digits[6:8])
	}
	if rule := d.problem(); rule != "" {
		return bad(rule)
	}
	return d, nil
}

// problem names the rule that d breaks, or returns "".
func (d Date) problem() string {
	switch {
	case d.Year < 1 || d.Year > 9999:
		return "year must be 0001 to 9999"
	case d.Month < 0 || d.Month > 12:
		return "month must be 01 to 12, or 00 when unknown"
	case d.Day < 0 || d.Day > 31:
		return "day must be 01 to 31, or 00 when unknown"
	case d.Month == 0 && d.Day != 0:
		return "a day needs a month"
	case d.Complete() && d.Time(time.UTC).Day() != d.Day:
		return "the day does not exist in that month"
	}
	return ""
}

// Valid reports whether d exists in the calendar, known parts only.
// The zero Date is not valid.
func (d Date) Valid() bool { return d.problem() == "" }

// IsZero reports whether nothing is known of the date.
func (d Date) IsZero() bool { return d == Date{} }

// Complete reports whether year, month and day are all known.
func (d Date) Complete() bool { return d.Year != 0 && d.Month != 0 && d.Day != 0 }

// Time returns midnight of d in loc, unknown parts taken as 1.
func (d Date) Time(loc *time.Location) time.Time {
	return time.Date(d.Year, time.Month(max(d.Month, 1)), max(d.Day, 1), 0, 0, 0, 0, loc)
}

// ISO returns "YYYY-MM-DD", with "00" for what is unknown: the form of INSi.
func (d Date) ISO() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Compact returns "YYYYMMDD" cut after the last known part ("YYYYMM", "YYYY"):
// the form of HL7, CDA and XDS. It is empty for the zero Date.
func (d Date) Compact() string {
	if d.IsZero() {
		return ""
	}
	b := appendPadded(make([]byte, 0, 8), d.Year, 4)
	if d.Month != 0 {
		if b = appendPadded(b, d.Month, 2); d.Day != 0 {
			b = appendPadded(b, d.Day, 2)
		}
	}
	return string(b)
}

// appendPadded is %0*d: every message holds several dates.
func appendPadded(b []byte, n, width int) []byte {
	if n < 0 || n > 9999 || width == 2 && n > 99 { // not a date
		return fmt.Appendf(b, "%0*d", width, n)
	}
	if width == 4 {
		b = append(b, byte('0'+n/1000), byte('0'+n/100%10))
	}
	return append(b, byte('0'+n/10%10), byte('0'+n%10))
}

// String is ISO. A birth date is personal data: [Traits] redacts it, a bare
// Date does not.
func (d Date) String() string { return d.ISO() }
