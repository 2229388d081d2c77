package drim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dmp/xds"
)

// The manifest of a study is hidden from whom one of its reports is: no report
// shows what another one hides, whatever comes first or last.
func TestVisibilityOfSeveralReports(t *testing.T) {
	t.Parallel()
	flags := func(patient, representatives, dmp drim.Answer) drim.Flags {
		return drim.Flags{HiddenFromPatient: patient, HiddenFromRepresentatives: representatives, ToDMP: dmp}
	}
	patient, representatives := xds.HiddenFromPatient, xds.HiddenFromRepresentatives
	a, b := write(t), write(t)
	b2 := write(t, correcting(b))
	type step struct {
		m     *drim.ReportMessage
		after []xds.Visibility // of the manifest that is in the record
		down  bool             // the image archive does not answer
	}
	create, replace, remove := drim.ActionCreate, drim.ActionReplace, drim.ActionDelete
	for name, steps := range map[string][]step{
		"a later report is visible": {
			{m: message(a, create, 1, flags(drim.Yes, drim.No, drim.Yes)), after: []xds.Visibility{patient}},
			{m: message(b, create, 2, yes), after: []xds.Visibility{patient}},
			{m: message(b2, replace, 3, flags(drim.No, drim.Yes, drim.Yes)), after: []xds.Visibility{patient, representatives}},
			{m: message(a, remove, 4, yes), after: []xds.Visibility{representatives}, down: true},
		},
		"a later report is hidden": {
			{m: message(b, create, 1, yes)},
			{m: message(a, create, 2, flags(drim.Yes, drim.No, drim.Yes)), after: []xds.Visibility{patient}},
			{m: message(b2, replace, 3, yes), after: []xds.Visibility{patient}},
			{m: message(a, remove, 4, yes), down: true},
		},
		"a report that is not for the record hides": {
			{m: message(b, create, 1, yes)},
			{m: message(a, create, 2, flags(drim.Yes, drim.No, drim.No)), after: []xds.Visibility{patient}, down: true},
			{m: message(a, remove, 3, yes), down: true},
		},
		"a version that is not for the record hides": {
			{m: message(b, create, 1, yes)},
			{m: message(b2, replace, 2, flags(drim.Yes, drim.No, drim.No)), after: []xds.Visibility{patient}, down: true},
			{m: message(b2, replace, 3, flags(drim.Yes, drim.Yes, drim.No)), after: []xds.Visibility{patient, representatives}, down: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newOrigin(t)
			for i, step := range steps {
				s.pacs.down = nil
				if step.down {
					s.pacs.down = &segur.Error{Kind: segur.KindUnavailable}
				}
				o := s.receive(t, step.m)
				require.Equal(t, drim.StatePublished, o.State, "step %d: %+v", i, o.Trouble)
				s.record.only(t, studyA)
				e := s.record.docs[o.ManifestUID].lot.Entry
				assert.Equal(t, step.after, e.Visibility(), "step %d", i)
				before := s.record.sends
				if again := s.receive(t, step.m); step.m.Flags.ToDMP == drim.Yes {
					assert.Equal(t, drim.Repeated, again.Effect, "step %d", i)
				}
				assert.Equal(t, before, s.record.sends, "step %d again", i)
			}
		})
	}
}

// A record that cannot tell whether a manifest is gone is believed only when its
// removal had been asked for before.
func TestRemovalThatTellsNothing(t *testing.T) {
	t.Parallel()
	unclear := &segur.Error{Kind: segur.KindRefused, Code: "XDSMetadataUpdateError"}
	v := write(t)
	remove := message(v, drim.ActionDelete, 2, yes)

	s := newOrigin(t)
	s.receive(t, message(v, drim.ActionCreate, 1, yes))
	s.record.fail = func(op string) error {
		if op == "remove" {
			return unclear
		}
		return nil
	}
	for range 2 {
		o := s.receive(t, remove)
		assert.Equal(t, drim.StateRefused, o.State, "the manifest may still be there")
		assert.Equal(t, "XDSMetadataUpdateError", o.Trouble.Code)
		s.record.only(t, studyA)
		o = of(t, s.later(t, 2*time.Hour), studyA)
		assert.Equal(t, drim.StateRefused, o.State, "nor the next time")
	}

	s = newOrigin(t)
	s.receive(t, message(v, drim.ActionCreate, 1, yes))
	s.record.after = func(op string) {
		if op == "remove" {
			s.record.fail = func(string) error { return unclear }
		}
	}
	s.record.lostRemoval = true
	assert.Equal(t, drim.StatePending, s.receive(t, remove).State)
	assert.Empty(t, s.record.active(t, studyA))
	assert.Equal(t, drim.StateWithdrawn, of(t, s.later(t, 2*time.Hour), studyA).State, "it was asked for before")
}
