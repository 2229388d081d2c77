package drim_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// given tells whether the side that serves images, and the viewer, still give
// the study of a manifest.
func (s *origin) given(tb testing.TB, uid string) (images, viewer bool) {
	tb.Helper()
	_, err := drim.ManifestsOf(s.archive).Manifest(context.Background(), studyA, uid)
	if err != nil {
		require.ErrorIs(tb, err, segur.ErrNotFound)
	}
	_, unseen := drim.ArchiveViewer{Archive: s.archive}.ViewerStudy(context.Background(), studyA)
	if unseen != nil {
		require.ErrorIs(tb, unseen, segur.ErrNotFound)
	}
	return err == nil, unseen == nil
}

// What is to be withdrawn is no longer given from the moment that the archive has
// the message, though the record does not answer for hours.
func TestNotGivenWhileTheRecordIsAway(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	_, written, sent := person(t)
	for name, ends := range map[string]func(s *origin, v version) (drim.StudyOutcome, error){
		"report withdrawn": func(s *origin, v version) (drim.StudyOutcome, error) {
			return s.receive(t, message(v, drim.ActionDelete, 3, yes)), nil
		},
		"report of another person": func(s *origin, v version) (drim.StudyOutcome, error) {
			m := message(write(t, correcting(v), written), drim.ActionReplace, 3, yes)
			sent(m)
			return s.receive(t, m), nil
		},
		"images removed": func(s *origin, _ version) (drim.StudyOutcome, error) {
			o, err := s.ImagesChanged(ctx, &drim.ImageChange{StudyUID: studyA, Removed: true})
			if err != nil {
				return drim.StudyOutcome{}, err
			}
			return o.Studies[0], nil
		},
	} {
		s := newOrigin(t)
		v := write(t)
		s.receive(t, message(v, drim.ActionCreate, 1, yes))
		first := s.stored(t, studyA).Published.UID
		v2 := write(t, correcting(v))
		s.record.hold = true // its outcome stays unknown
		require.Equal(t, drim.StatePending, s.receive(t, message(v2, drim.ActionReplace, 2, yes)).State)
		second := s.stored(t, studyA).Attempt.UID
		for _, uid := range []string{first, second, ""} {
			images, viewer := s.given(t, uid)
			assert.True(t, images && viewer, name)
		}
		s.record.fail = func(string) error { return &segur.Error{Kind: segur.KindUnavailable} }
		o, err := ends(s, v2)
		require.NoError(t, err)
		require.Equal(t, drim.StatePending, o.State, name)
		for _, uid := range []string{first, second, ""} {
			images, viewer := s.given(t, uid)
			assert.False(t, images, name)
			assert.False(t, viewer, name)
		}
		s.record.fail = nil
		s.record.appear()
		s.later(t, 25*time.Hour)
		images, _ := s.given(t, first)
		assert.False(t, images, name)
	}
}

// Two reports of one study are about two persons: which one is wrong, the images
// tell, and what they belong to is given meanwhile.
func TestGivenWhileTwoReportsDisagree(t *testing.T) {
	t.Parallel()
	_, written, sent := person(t)
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.pacs.down = &segur.Error{Kind: segur.KindUnavailable}
	m := message(write(t, written), drim.ActionCreate, 2, yes)
	sent(m)
	s.now = s.now.Add(time.Minute)
	s.receive(t, m)
	images, viewer := s.given(t, "")
	assert.True(t, images && viewer)
}

// A rejected image is no longer given, though the manifest that leaves it out
// cannot be published yet.
func TestRejectedImageIsNotGiven(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.record.fail = func(string) error { return &segur.Error{Kind: segur.KindUnavailable} }
	o, err := s.ImagesRejected(ctx, &kos.Note{UID: "1.1", Title: segur.Code{Code: kos.TitleRejectedWorklist, System: "1.2.840.10008.2.16.4"},
		Study: kos.Study{UID: studyA}, PatientID: ipp.Extension,
		References: []kos.Reference{{Ref: dicomweb.Ref{Study: studyA, Series: studyA + ".1", Instance: studyA + ".1.2"}}}})
	require.NoError(t, err)
	require.Equal(t, drim.StatePending, o.Studies[0].State)
	m, err := drim.ManifestsOf(s.archive).Manifest(ctx, studyA, "")
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{studyA + ".1.2": true}, m.Rejected)
	s.record.fail = nil
	s.later(t, time.Hour)
	m, err = drim.ManifestsOf(s.archive).Manifest(ctx, studyA, "")
	require.NoError(t, err)
	assert.Empty(t, m.Rejected, "the manifest of now does not list it")

	// A site that goes on sharing them does.
	s = newOrigin(t, func(c *drim.SourceConfig) { c.KeepRejected = true })
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	_, err = s.ImagesRejected(ctx, &kos.Note{UID: "1.1", Title: segur.Code{Code: kos.TitleRejectedQuality, System: "1.2.840.10008.2.16.4"},
		Study: kos.Study{UID: studyA}, References: []kos.Reference{{Ref: dicomweb.Ref{Study: studyA, Series: studyA + ".1", Instance: studyA + ".1.2"}}}})
	require.NoError(t, err)
	m, err = drim.ManifestsOf(s.archive).Manifest(ctx, studyA, "")
	require.NoError(t, err)
	assert.Empty(t, m.Rejected)
}

// The link in a report that turned out to be about another person does not open
// the study of the one that it is about now.
func TestViewerLinkOfAnotherPerson(t *testing.T) {
	t.Parallel()
	_, written, sent := person(t)
	s := newOrigin(t)
	wrong := write(t)
	s.receive(t, message(wrong, drim.ActionCreate, 1, yes))
	m := message(write(t, correcting(wrong), written), drim.ActionReplace, 2, yes)
	sent(m)
	require.Equal(t, drim.StatePublished, s.receive(t, m).State)
	right := write(t, correcting(version{m.CDA, headerOf(t, m.CDA)}), written)
	m2 := message(right, drim.ActionReplace, 3, yes)
	sent(m2)
	require.Equal(t, drim.StatePublished, s.receive(t, m2).State)
	link := func(h segur.DocumentHeader) error {
		l := &drim.ViewerLink{Study: studyA, Accession: accession, Document: h.ID.Root}
		return l.Check(context.Background(), drim.ArchiveViewer{Archive: s.archive})
	}
	assert.NoError(t, link(right.header))
	assert.NoError(t, link(headerOf(t, m.CDA)), "an earlier version about the same person")
	assert.Equal(t, drim.CodeViewerMismatch, codeOf(link(wrong.header)))
	assert.Equal(t, drim.Outdated, s.receive(t, message(wrong, drim.ActionCreate, 1, yes)).Effect, "and it is still known")
}

func headerOf(tb testing.TB, document []byte) segur.DocumentHeader {
	tb.Helper()
	h, err := cda.ReadHeader(bytes.NewReader(document))
	require.NoError(tb, err)
	return h
}

// The record says that it has the manifest already: somebody on the way sent it
// twice. It is not published again.
func TestSentTwiceOnTheWay(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.record.twice = true
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.later(t, 2*time.Hour)
	assert.Equal(t, s.stored(t, studyA).Published.UID, s.record.only(t, studyA).UID)
	assert.Equal(t, 1, s.record.sends)
}

// In the hour that the clocks repeat in October, a time without offset does not
// tell what came first: a withdrawal counts.
func TestWithdrawalInTheHourThatComesTwice(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	at := func(clock string) segur.Timestamp {
		when, err := time.ParseInLocation("20060102150405", "20251026"+clock, paris)
		require.NoError(t, err)
		return segur.Timestamp{Time: when, Precision: segur.ToSecond, NoOffset: true}
	}
	s := newOrigin(t)
	v := write(t)
	m := message(v, drim.ActionCreate, 0, yes)
	m.Sent = at("025500")
	require.Equal(t, drim.StatePublished, s.receive(t, m).State)
	m = message(v, drim.ActionDelete, 0, yes)
	m.Sent = at("021000") // a quarter of an hour later
	assert.Equal(t, drim.StateWithdrawn, s.receive(t, m).State)
	assert.Empty(t, s.record.active(t, studyA))

	// The same of images.
	s = newOrigin(t)
	m = message(v, drim.ActionCreate, 0, yes)
	m.Sent = at("013000")
	s.receive(t, m)
	change := func(sent segur.Timestamp, removed bool) drim.State {
		o, err := s.ImagesChanged(context.Background(), &drim.ImageChange{MessageHeader: drim.MessageHeader{Sent: sent}, StudyUID: studyA, Removed: removed})
		require.NoError(t, err)
		return o.Studies[0].State
	}
	require.Equal(t, drim.StatePublished, change(at("025500"), false))
	assert.Equal(t, drim.StateWithdrawn, change(at("021000"), true))
	// With an offset it is told.
	late := at("021000")
	late.NoOffset = false
	s = newOrigin(t)
	m = message(v, drim.ActionCreate, 0, yes)
	m.Sent = segur.At(late.Time.Add(10 * time.Minute))
	s.receive(t, m)
	m = message(v, drim.ActionDelete, 0, yes)
	m.Sent = late
	assert.Equal(t, drim.Outdated, s.receive(t, m).Effect)
}

// A withdrawal whose time is written in minutes, or as a date, is not taken for one
// that was sent before the publication of the same minute, or day.
func TestWithdrawalOfACoarseTime(t *testing.T) {
	t.Parallel()
	v := write(t)
	start := time.Date(2026, time.January, 20, 10, 0, 0, 0, time.UTC)
	for precision, at := range map[segur.Precision]time.Time{segur.ToMinute: start, segur.ToHour: start, segur.ToDay: start.Truncate(24 * time.Hour)} {
		s := newOrigin(t)
		m := message(v, drim.ActionCreate, 0, yes)
		m.Sent = segur.At(start.Add(30 * time.Second))
		s.receive(t, m)
		m = message(v, drim.ActionDelete, 0, yes)
		m.Sent = segur.Timestamp{Time: at, Precision: precision}
		assert.Equal(t, drim.StateWithdrawn, s.receive(t, m).State, "%v", precision)
		m = message(v, drim.ActionCreate, 0, yes)
		m.Sent = segur.At(start.Add(30 * time.Second))
		assert.Equal(t, drim.Outdated, s.receive(t, m).Effect, "it stays withdrawn")

		s = newOrigin(t)
		m.Sent = segur.At(start.Add(-time.Hour))
		s.receive(t, m)
		change := drim.ImageChange{MessageHeader: drim.MessageHeader{Sent: segur.At(start.Add(30 * time.Second))}, StudyUID: studyA}
		_, err := s.ImagesChanged(context.Background(), &change)
		require.NoError(t, err)
		change.Sent, change.Removed = segur.Timestamp{Time: at, Precision: precision}, true
		o, err := s.ImagesChanged(context.Background(), &change)
		require.NoError(t, err)
		assert.Equal(t, drim.StateWithdrawn, o.Studies[0].State, "%v", precision)
	}
}
