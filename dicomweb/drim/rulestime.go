package drim

import (
	"strings"
	"time"

	"github.com/segur-sdk/segur"
)

// r19 compares instants. A local time without offset, which older entries have,
// is a warning.
func (c *checker) r19() ([]Comparison, segur.Text) {
	s := c.service()
	switch {
	case s == nil:
		return nil, lacking(ObjectReport)
	case c.Entry == nil:
		return nil, lacking(ObjectEntry)
	}
	var out []Comparison
	for _, t := range []struct {
		cda, xds string
		a, b     segur.Timestamp
	}{
		{"serviceEvent/effectiveTime/low", "serviceStartTime", s.Start, c.Entry.ServiceStart},
		{"serviceEvent/effectiveTime/high", "serviceStopTime", s.Stop, c.Entry.ServiceStop},
	} {
		if t.a.IsZero() {
			continue
		}
		v, note := Failed, segur.Text{}
		if !t.b.IsZero() {
			v, note = compareInstants(t.a, t.b)
		}
		out = append(out, Comparison{Verdict: v, Note: note, A: Side{ObjectReport, t.cda, stampText(t.a)}, B: Side{ObjectEntry, t.xds, stampText(t.b)}})
	}
	if len(out) == 0 {
		return nil, reasonNone
	}
	return out, segur.Text{}
}

// stampText writes a timestamp for a report.
func stampText(t segur.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	if t.Precision >= segur.ToDay {
		return t.Time.Format(dayText)
	}
	return t.Time.Format(secondText + "-0700")
}

const (
	dayText    = "20060102"
	secondText = "20060102150405"
)

// compareInstants compares two points in time as precisely as both are.
func compareInstants(a, b segur.Timestamp) (Verdict, segur.Text) {
	if a.Precision >= segur.ToDay || b.Precision >= segur.ToDay {
		if a.Time.Format(dayText) == b.Time.Format(dayText) || a.Time.In(b.Time.Location()).Format(dayText) == b.Time.Format(dayText) {
			return Passed, segur.Text{}
		}
		return Failed, segur.Text{}
	}
	if a.Time.Truncate(time.Second).Equal(b.Time.Truncate(time.Second)) {
		return Passed, segur.Text{}
	}
	if a.Time.Format(secondText) == b.Time.Format(secondText) {
		return Warned, segur.Text{FR: "heure locale écrite comme de l'UTC", EN: "local time written as UTC"}
	}
	return Failed, segur.Text{}
}

// clockText writes a DICOM time without the noughts that say nothing.
func clockText(s string) string {
	s = strings.TrimSpace(s)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
