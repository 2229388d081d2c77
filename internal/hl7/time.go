package hl7

import (
	"errors"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // workstations without a zone database still know Europe/Paris

	"github.com/segur-sdk/segur"
)

// Paris is legal time in metropolitan France: what a time written without an
// offset means when nothing else is known.
var Paris = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil { // cannot happen: the zone database is linked in
		return time.FixedZone("CET", 3600)
	}
	return loc
})

// layouts are the digits written for each precision.
var layouts = map[segur.Precision]string{
	segur.ToSecond: "20060102150405",
	segur.ToMinute: "200601021504",
	segur.ToHour:   "2006010215",
	segur.ToDay:    "20060102",
	segur.ToMonth:  "200601",
	segur.ToYear:   "2006",
}

var (
	errShape = errors.New("not an HL7 time stamp: YYYY, YYYYMM, YYYYMMDD, then hh, hhmm or hhmmss and an offset")
	errRange = errors.New("this date or time does not exist")
)

// FormatTS writes t as CDA R2 and HL7 v2 do: digits down to the precision of
// t, then the offset of t's location when the precision is finer than a day
// and an offset was written. The zero Timestamp gives "".
func FormatTS(t segur.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	s := t.Time.Format(layouts[t.Precision])
	if t.Precision < segur.ToDay && !t.NoOffset {
		s += t.Time.Format("-0700")
	}
	return s
}

// ParseTS reads a time stamp of CDA R2 or HL7 v2. Fractions of a second are
// dropped. A time without an offset is taken in loc, nil meaning [Paris], and
// so are dates; an offset after a bare date is ignored.
func ParseTS(s string, loc *time.Location) (segur.Timestamp, error) {
	if loc == nil {
		loc = Paris()
	}
	digits, offset := s, ""
	if i := strings.IndexAny(s, "+-"); i >= 0 {
		digits, offset = s[:i], s[i:]
	}
	if i := strings.IndexByte(digits, '.'); i >= 0 {
		if i != 14 || !allDigits(digits[i+1:]) || len(digits) == i+1 || len(digits) > i+10 {
			return segur.Timestamp{}, errShape
		}
		digits = digits[:i]
	}
	if !allDigits(digits) {
		return segur.Timestamp{}, errShape
	}
	t := segur.Timestamp{NoOffset: offset == ""}
	switch len(digits) {
	case 14:
		t.Precision = segur.ToSecond
	case 12:
		t.Precision = segur.ToMinute
	case 10:
		t.Precision = segur.ToHour
	case 8:
		t.Precision = segur.ToDay
	case 6:
		t.Precision = segur.ToMonth
	case 4:
		t.Precision = segur.ToYear
	default:
		return segur.Timestamp{}, errShape
	}
	if offset != "" {
		zone, err := parseOffset(offset)
		if err != nil {
			return segur.Timestamp{}, err
		}
		if t.Precision < segur.ToDay {
			loc = zone
		}
	}
	if t.Precision >= segur.ToDay {
		t.NoOffset = true
	}
	at, err := time.ParseInLocation(layouts[t.Precision], digits, loc)
	if err != nil || at.Year() < 1 || at.IsZero() {
		return segur.Timestamp{}, errRange
	}
	t.Time = at
	return t, nil
}

// parseOffset reads ±hhmm (and ±hh, which HL7 v2 forbids and systems write).
func parseOffset(s string) (*time.Location, error) {
	d := s[1:]
	if !allDigits(d) || len(d) != 4 && len(d) != 2 {
		return nil, errShape
	}
	h, m := int(d[0]-'0')*10+int(d[1]-'0'), 0
	if len(d) == 4 {
		m = int(d[2]-'0')*10 + int(d[3]-'0')
	}
	if h > 14 || m > 59 {
		return nil, errRange
	}
	seconds := h*3600 + m*60
	if s[0] == '-' {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC, nil
	}
	return time.FixedZone("", seconds), nil
}

// FormatUTC writes t as an XDS metadata slot: 14 digits in UTC without offset.
// A date stays a date, unconverted: midnight in Paris is the day before in UTC.
func FormatUTC(t segur.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	if t.Precision >= segur.ToDay {
		return t.Time.Format(layouts[t.Precision])
	}
	return t.Time.UTC().Format(layouts[segur.ToSecond])
}

// ParseUTC reads an XDS metadata slot: UTC when no offset is written, as the
// norm has it; an offset, which some systems write, is obeyed. The result of a
// time is in UTC.
func ParseUTC(s string) (segur.Timestamp, error) {
	t, err := ParseTS(s, time.UTC)
	if err != nil {
		return t, err
	}
	if t.Precision < segur.ToDay {
		t.Time, t.NoOffset = t.Time.UTC(), false
	}
	return t, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
