package xds

import (
	"time"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/internal/hl7"
)

// Warnings are what the user is told before the document is shown
// (EX_3.2-1025): that the patient, or the legal representatives of a minor, do
// not see it. Empty when there is nothing to tell.
func (e *DocumentEntry) Warnings() []segur.Text {
	var out []segur.Text
	if e.Has(HiddenFromPatient) {
		out = append(out, segur.Text{
			FR: "Ce document n'est pas visible par le patient.",
			EN: "This document is not visible to the patient."})
	}
	if e.Has(HiddenFromRepresentatives) {
		out = append(out, segur.Text{
			FR: "Ce document n'est pas visible par les représentants légaux du patient.",
			EN: "This document is not visible to the legal representatives of the patient."})
	}
	return out
}

// ShownByDefault reports whether the entry is active: what is always proposed.
// Archived and obsolete documents are shown when the user asks for them; what
// [DocumentEntry.Has] tells of visibility is a further filter to offer, never
// one to apply unasked (EX_3.1-1030).
func (e *DocumentEntry) ShownByDefault() bool { return e.Status == Approved || e.Status == "" }

// Local gives a time of the metadata, which is in UTC, as users read it
// (EX_3.1-1070): in loc, nil meaning Paris. A date, which has no hour, stays
// the date it is.
func Local(t segur.Timestamp, loc *time.Location) segur.Timestamp {
	if t.IsZero() || t.Precision >= segur.ToDay {
		return t
	}
	if loc == nil {
		loc = hl7.Paris()
	}
	t.Time = t.Time.In(loc)
	return t
}
