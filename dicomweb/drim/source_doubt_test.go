package drim_test

import (
	"bytes"
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// The side that serves images knows the local number of the patient whatever
// the last change was.
func TestLocalNumberOutlivesAChange(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v := write(t)
	s.receive(t, message(v, drim.ActionCreate, 1, yes))
	require.Equal(t, ipp.Extension, s.stored(t, studyA).Published.PatientID)
	hide := yes
	hide.VisibilityChanged, hide.HiddenFromPatient = drim.Yes, drim.Yes
	s.receive(t, message(write(t, correcting(v)), drim.ActionReplace, 2, hide))
	assert.Equal(t, ipp.Extension, s.stored(t, studyA).Published.PatientID)

	// Another number of the same patient, and the same images: nothing is sent.
	other := segur.Identifier{Root: ipp.Root, Extension: "IPP-0002"}
	m := message(write(t), drim.ActionCreate, 3, yes)
	m.PatientIDs = append(m.PatientIDs, other)
	s.now = s.now.Add(time.Minute)
	s.receive(t, m)
	sends := s.record.sends
	s.pacs.set(studyA, patientOf(images(studyA, 3), other.Extension))
	o, err := s.Refresh(context.Background(), studyA)
	require.NoError(t, err)
	require.Equal(t, drim.StatePublished, of(t, o, studyA).State, "%+v", of(t, o, studyA).Trouble)
	assert.Equal(t, sends, s.record.sends)
	assert.Equal(t, other.Extension, s.stored(t, studyA).Published.PatientID)
}

// A notification that is dated in the future does not silence those after it.
func TestImageChangeOfAClockAhead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	change := func(at time.Time, removed bool) drim.StudyOutcome {
		o, err := s.ImagesChanged(ctx, &drim.ImageChange{MessageHeader: drim.MessageHeader{Sent: segur.At(at)}, StudyUID: studyA, Removed: removed})
		require.NoError(t, err)
		return of(t, o, studyA)
	}
	change(s.now.AddDate(10, 0, 0), false)
	assert.Equal(t, drim.StateWithdrawn, change(s.now, true).State)
	assert.Empty(t, s.record.active(t, studyA))
}

// A notification that comes late asks the image archive all the same: who sends
// it may have another clock.
func TestLateImageChange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	for i, at := range []time.Time{s.now, s.now.Add(-5 * time.Minute)} {
		s.pacs.set(studyA, images(studyA, 2-i))
		_, err := s.ImagesChanged(ctx, &drim.ImageChange{MessageHeader: drim.MessageHeader{Sent: segur.At(at)}, StudyUID: studyA})
		require.NoError(t, err)
	}
	assert.Len(t, instanceUIDs(s.record.only(t, studyA)), 1)
	o, err := s.ImagesChanged(ctx, &drim.ImageChange{MessageHeader: drim.MessageHeader{Sent: segur.At(s.now.Add(-time.Hour))}, StudyUID: studyA, Removed: true})
	require.NoError(t, err)
	assert.Equal(t, drim.StatePublished, of(t, o, studyA).State, "what was removed came back since")
}

// A manifest of a lost answer that appears after another took its place goes,
// though the clock was set back in between.
func TestLateManifestAndAClockSetBack(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v1 := write(t)
	s.record.hold = true
	s.receive(t, message(v1, drim.ActionCreate, 1, yes))
	s.receive(t, message(v1, drim.ActionDelete, 2, yes)) // given up
	s.now = s.now.Add(-10 * time.Minute)
	s.receive(t, message(write(t, correcting(v1)), drim.ActionReplace, 3, yes))
	wanted := s.stored(t, studyA).Published.UID
	s.record.appear()
	s.later(t, 2*time.Hour)
	assert.Equal(t, wanted, s.record.only(t, studyA).UID)
	assert.Equal(t, wanted, s.stored(t, studyA).Published.UID)
}

// The report that came last is the one of the manifest, though the clock was
// set back before it came.
func TestLastReportAndAClockSetBack(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.now = s.now.Add(-time.Hour)
	hidden := yes
	hidden.HiddenFromPatient = drim.Yes
	s.receive(t, message(write(t), drim.ActionCreate, 2, hidden))
	require.Len(t, s.record.lots, 2)
	assert.True(t, s.record.lots[1].Entry.Has(xds.HiddenFromPatient))
}

// What waits is tried again after the clock was set right.
func TestRetryAndAClockSetBack(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.now = s.now.AddDate(10, 0, 0)
	s.pacs.down = segur.ErrUnavailable
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.pacs.down = nil
	s.now = s.now.AddDate(-10, 0, 0)
	assert.Equal(t, drim.StatePublished, of(t, s.later(t, time.Second), studyA).State)
}

// A server that asks to come back in a year is asked again the next day.
func TestRetryAfterIsBounded(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.pacs.down = &segur.Error{Kind: segur.KindUnavailable, RetryAfter: 365 * 24 * time.Hour}
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.pacs.down = nil
	assert.Equal(t, drim.StatePending, of(t, s.later(t, 23*time.Hour), studyA).State)
	assert.Equal(t, drim.StatePublished, of(t, s.later(t, time.Hour), studyA).State)
}

// A message without a time that can be used does not erase the order of those
// that have one.
func TestMessageWithoutTime(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v := write(t)
	hidden := yes
	hidden.HiddenFromPatient = drim.Yes
	s.receive(t, message(v, drim.ActionCreate, 1, yes))
	s.receive(t, message(v, drim.ActionReplace, 5, drim.Flags{ToDMP: drim.Yes, HiddenFromProfessionals: drim.Yes}))
	s.receive(t, message(v, drim.ActionReplace, 60*24*365, hidden)) // a clock ahead
	assert.Equal(t, drim.Outdated, s.receive(t, message(v, drim.ActionCreate, 1, yes)).Effect)
	assert.True(t, s.record.lots[len(s.record.lots)-1].Entry.Has(xds.HiddenFromPatient))
}

// person makes the report, and its message, that of somebody else.
func person(tb testing.TB) (segur.INS, func(*cda.Report), func(*drim.ReportMessage)) {
	body := "1850314123456"
	ins, err := segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	require.NoError(tb, err)
	return ins, func(r *cda.Report) {
			r.Patient.INS = ins
			r.Patient.Traits.BirthName, r.Patient.Traits.UsedName = "FICTIF-MARTIN", ""
		}, func(m *drim.ReportMessage) {
			m.Patient.INS = ins
			m.Patient.Traits.BirthName = "FICTIF-MARTIN"
			m.PatientIDs[0].Extension = ins.Matricule()
		}
}

// A correction that turns out to be about another person takes the manifest out
// of the wrong record, even when it is not for the record itself.
func TestCorrectionOfThePersonNotForTheRecord(t *testing.T) {
	t.Parallel()
	_, written, sent := person(t)
	for _, flag := range []drim.Answer{drim.No, drim.Unset} {
		s := newOrigin(t)
		wrong := write(t)
		s.receive(t, message(wrong, drim.ActionCreate, 1, yes))
		m := message(write(t, correcting(wrong), written), drim.ActionReplace, 2, drim.Flags{ToDMP: flag})
		sent(m)
		m.Sender.Professional.ID = "899900000099"
		o := s.receive(t, m)
		assert.Equal(t, drim.StateWithdrawn, o.State, "%+v", o.Trouble)
		assert.Empty(t, s.record.active(t, studyA))
		assert.Equal(t, "899900000099", s.record.actors[len(s.record.actors)-1].Professional().ID)
		assert.Equal(t, drim.Outdated, s.receive(t, message(wrong, drim.ActionCreate, 1, yes)).Effect)
		assert.Empty(t, s.record.active(t, studyA))
	}
}

// A report that names the study of somebody else by mistake does not take the
// manifest away.
func TestReportOfAnotherPersonByMistake(t *testing.T) {
	t.Parallel()
	_, written, sent := person(t)
	s := newOrigin(t)
	right := write(t)
	s.receive(t, message(right, drim.ActionCreate, 1, yes))
	local := func(r *cda.Report) { r.Patient.LocalIDs = []segur.Identifier{{Root: ipp.Root, Extension: "IPP-7777"}} }
	m := message(write(t, written, local), drim.ActionCreate, 2, yes)
	sent(m)
	m.PatientIDs[1].Extension = "IPP-7777"
	s.now = s.now.Add(time.Minute)
	o := s.receive(t, m)
	assert.Equal(t, drim.StateRefused, o.State)
	assert.Equal(t, drim.CodeWrongPatient, o.Trouble.Code)
	assert.Equal(t, right.header.PatientIDs[0].Extension, s.record.only(t, studyA).INS.Matricule())
	m.Action, m.Sent = drim.ActionDelete, segur.At(examAt.Add(time.Hour))
	assert.Equal(t, drim.StatePublished, s.receive(t, m).State)
	assert.Equal(t, 1, s.record.sends)
}

// A replacement that does not say what it replaces replaces the report of the
// study; withdrawn, it does not bring that back.
func TestReplacementThatNamesNothing(t *testing.T) {
	t.Parallel()
	made := func(after time.Duration) func(*cda.Report) {
		return func(r *cda.Report) { r.Created = examAt.Add(after) }
	}
	v1, v2 := write(t, made(time.Hour)), write(t, made(2*time.Hour))
	create, replace := message(v1, drim.ActionCreate, 1, yes), message(v2, drim.ActionReplace, 2, yes)
	for name, messages := range map[string][]*drim.ReportMessage{"in order": {create, replace}, "late": {replace, create}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newOrigin(t)
			for _, m := range messages {
				s.receive(t, m)
				s.now = s.now.Add(time.Minute)
			}
			assert.Equal(t, string(v2.header.ID.Root), s.stored(t, studyA).Published.ReportID)
			assert.Equal(t, drim.Repeated, s.receive(t, replace).Effect)
			assert.Equal(t, drim.Outdated, s.receive(t, create).Effect)
			assert.Equal(t, drim.StateWithdrawn, s.receive(t, message(v2, drim.ActionDelete, 3, yes)).State)
			assert.Empty(t, s.record.active(t, studyA))
		})
	}
	s := newOrigin(t)
	s.receive(t, create)
	s.receive(t, message(write(t), drim.ActionCreate, 2, yes))
	_, err := s.Receive(context.Background(), message(v2, drim.ActionReplace, 3, yes))
	assert.Equal(t, drim.CodeUnknownReport, codeOf(err), "which one?")
}

// A study that the image archive lost and has again is published with the next
// version of its report.
func TestCorrectionAfterTheStudyCameBack(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v := write(t)
	s.receive(t, message(v, drim.ActionCreate, 1, yes))
	s.pacs.set(studyA, nil)
	o, err := s.ImagesChanged(context.Background(), &drim.ImageChange{StudyUID: studyA})
	require.NoError(t, err)
	require.Equal(t, drim.StateWithdrawn, of(t, o, studyA).State)
	s.pacs.set(studyA, images(studyA, 2))
	assert.Equal(t, drim.StatePublished, s.receive(t, message(write(t, correcting(v)), drim.ActionReplace, 2, yes)).State)
	assert.Len(t, instanceUIDs(s.record.only(t, studyA)), 2)
}

// An address that answers 404 is no empty study.
func TestNotFoundIsNotEmpty(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.pacs.down = &segur.Error{Kind: segur.KindNotFound, Status: 404}
	o, err := s.ImagesChanged(context.Background(), &drim.ImageChange{StudyUID: studyA})
	require.NoError(t, err)
	assert.Equal(t, drim.StatePending, of(t, o, studyA).State)
	s.record.only(t, studyA)
}

// withNote is an image archive that lists a key object selection document, and
// does not find it.
type withNote struct{ *pacs }

func (p withNote) SearchInstances(ctx context.Context, q dicomweb.Query) iter.Seq2[*dicomweb.InstanceRow, error] {
	return func(yield func(*dicomweb.InstanceRow, error) bool) {
		for row, err := range p.pacs.SearchInstances(ctx, q) {
			if !yield(row, err) {
				return
			}
		}
		yield(&dicomweb.InstanceRow{StudyUID: q.Study, SeriesUID: q.Study + ".9", UID: q.Study + ".9.1", SOPClass: kos.SOPClass,
			Attributes: dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, ipp.Extension), dicomweb.Text(dicomweb.TagAccessionNumber, accession),
				dicomweb.Text(dicomweb.TagModality, "KO"))}, nil)
	}
}

func (withNote) RetrieveInstance(context.Context, dicomweb.Ref, ...dicomweb.RetrieveOptions) (*dicomweb.Instance, error) {
	return nil, &segur.Error{Kind: segur.KindNotFound, Status: 404}
}

// A note of the image archive that cannot be had does not empty the study.
func TestNoteThatIsNotFound(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	s.cfg.PACS = withNote{s.pacs}
	s.start(t)
	o, err := s.ImagesChanged(context.Background(), &drim.ImageChange{StudyUID: studyA})
	require.NoError(t, err)
	assert.Equal(t, drim.StatePending, of(t, o, studyA).State)
	s.record.only(t, studyA)
}

// A manifest of another product that stands in the image archive is not shared
// as if it were an image.
func TestManifestOfAnotherProduct(t *testing.T) {
	t.Parallel()
	srv := dicomwebtest.NewServer(dicomwebtest.WithoutTLS())
	t.Cleanup(srv.Close)
	study, err := dicomwebtest.SampleStudy(dicomwebtest.SampleOptions{Series: 1, Instances: 2})
	require.NoError(t, err)
	for _, i := range study.Instances {
		require.NoError(t, srv.Add(i.File))
	}
	client, err := dicomweb.New(srv.Config())
	require.NoError(t, err)
	s := newOrigin(t, func(c *drim.SourceConfig) { c.PACS = client })
	file, _ := exampleReport(study)
	m := message(version{cda: file}, drim.ActionCreate, 1, yes)
	o, err := s.Receive(context.Background(), m)
	require.NoError(t, err)
	require.True(t, o.Settled(), "%+v", o.Studies[0].Trouble)
	own := s.record.only(t, study.UID)
	foreign, err := own.Encode()
	require.NoError(t, err)
	matricule := []byte(m.Patient.INS.Matricule())
	wrong := append([]byte(nil), matricule...)
	wrong[len(wrong)-1] = '0' + (wrong[len(wrong)-1]-'0'+1)%10
	foreign = bytes.ReplaceAll(foreign, matricule, wrong) // no INS: its key is wrong
	_, err = kos.Read(segur.BytesContent(foreign))
	require.Error(t, err)
	require.NoError(t, srv.Add(foreign))
	o, err = s.Refresh(context.Background(), study.UID)
	require.NoError(t, err)
	require.True(t, o.Settled(), "%+v", o.Studies[0].Trouble)
	assert.Equal(t, own.UID, s.record.only(t, study.UID).UID, "the images did not change")
	assert.Equal(t, 1, s.record.sends)
}
