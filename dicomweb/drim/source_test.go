package drim_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/cda"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// The life of a manifest: published, replaced, hidden, reduced, withdrawn.
func TestLifeOfAManifest(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	first := write(t)

	o := s.receive(t, message(first, drim.ActionCreate, 1, yes))
	require.Equal(t, drim.StatePublished, o.State, "%+v", o.Trouble)
	assert.Equal(t, drim.Applied, o.Effect)
	m := s.record.only(t, studyA)
	assert.Equal(t, o.ManifestUID, m.UID)
	assert.Equal(t, 1, s.record.count(studyA))
	assert.Equal(t, []string{".1.1", ".1.2", ".1.3"}, instanceUIDs(m))
	assert.Equal(t, 1, m.Number)
	assert.Equal(t, accession, m.Orders[0].Accession.Extension)
	lot := s.record.lots[0]
	assert.Equal(t, "Reference d'Objets d'un Examen d'Imagerie", lot.Entry.Title)
	assert.Equal(t, m.UID, lot.Entry.UniqueID)
	assert.Empty(t, lot.Entry.Visibility())
	assert.Empty(t, lot.Replaces)

	second := write(t, correcting(first))
	hidden := yes
	hidden.HiddenFromPatient = drim.Yes
	o = s.receive(t, message(second, drim.ActionReplace, 2, hidden))
	require.Equal(t, drim.StatePublished, o.State)
	next := s.record.only(t, studyA)
	assert.Equal(t, m.SeriesUID, next.SeriesUID)
	assert.Equal(t, 2, next.Number)
	assert.NotEqual(t, m.UID, next.UID)
	assert.Equal(t, m.UID, s.record.lots[1].Replaces)
	assert.Equal(t, []xds.Visibility{xds.HiddenFromPatient}, s.record.lots[1].Entry.Visibility())

	o = s.receive(t, message(write(t, correcting(second)), drim.ActionDelete, 3, drim.Flags{}))
	require.Equal(t, drim.StateWithdrawn, o.State, "a withdrawal may be a new version")
	assert.Empty(t, s.record.active(t, studyA))
	a := s.stored(t, studyA)
	assert.True(t, a.Published.Withdrawn)
	assert.Equal(t, next.UID, a.Published.UID, "the archive keeps it")
	assert.Len(t, a.Former, 1)
	assert.NotEmpty(t, a.Published.Metadata)
	assert.False(t, a.Open)
	_, err := drim.ManifestsOf(s.archive).Manifest(context.Background(), studyA, next.UID)
	require.ErrorIs(t, err, segur.ErrNotFound)
}

// What happens to the visibility alone does not wait for the image archive, and
// changes nothing else.
func TestVisibilityAlone(t *testing.T) {
	t.Parallel()
	s := newOrigin(t, func(c *drim.SourceConfig) {
		c.Manifest = func(c *kos.Context) { c.Encoding.AccessionAtRoot = true }
	})
	v := write(t)
	require.Nil(t, s.receive(t, message(v, drim.ActionCreate, 1, yes)).Trouble)
	before, asked := s.record.only(t, studyA), s.pacs.asked
	s.pacs.down = &segur.Error{Kind: segur.KindUnavailable}
	hide := yes
	hide.VisibilityChanged, hide.HiddenFromProfessionals = drim.Yes, drim.Yes
	o := s.receive(t, message(write(t, correcting(v)), drim.ActionReplace, 2, hide))
	require.Equal(t, drim.StatePublished, o.State, "%+v", o.Trouble)
	after := s.record.only(t, studyA)
	d := kos.Compare(before, after)
	assert.True(t, d.IsZero(), "%+v", d)
	assert.NotEqual(t, before.UID, after.UID)
	assert.Equal(t, 2, after.Number)
	assert.Equal(t, asked, s.pacs.asked)
	d2, err := kos.Read(s.record.lots[1].Content)
	require.NoError(t, err)
	assert.Equal(t, accession, d2.Dataset.Value(dicomweb.TagAccessionNumber), "the form that is configured is kept")
	assert.Equal(t, []xds.Visibility{xds.HiddenFromProfessionals}, s.record.lots[1].Entry.Visibility())
}

// Whatever comes twice is published once, and what comes late does not win.
func TestOrderOfMessages(t *testing.T) {
	t.Parallel()
	v1 := write(t)
	v2 := write(t, correcting(v1))
	v3 := write(t, correcting(v2))
	hidden := yes
	hidden.HiddenFromPatient = drim.Yes
	type step struct {
		m      *drim.ReportMessage
		effect drim.Effect
	}
	create, replace := drim.ActionCreate, drim.ActionReplace
	for name, test := range map[string]struct {
		steps     []step
		lots      int
		published bool
		number    int
		hidden    bool
	}{
		"the same twice":        {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v1, create, 1, yes), drim.Repeated}}, 1, true, 1, false},
		"the same, sent later":  {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v1, create, 9, yes), drim.Repeated}}, 1, true, 1, false},
		"the original is late":  {[]step{{message(v2, replace, 2, yes), drim.Applied}, {message(v1, create, 1, yes), drim.Outdated}}, 1, true, 1, false},
		"the first comes again": {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v2, replace, 2, yes), drim.Applied}, {message(v1, create, 3, yes), drim.Outdated}}, 2, true, 2, false},
		"a version is skipped":  {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v3, replace, 3, yes), drim.Applied}, {message(v2, replace, 2, yes), drim.Outdated}}, 2, true, 2, false},
		"hidden, shown, and the first again": {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v1, replace, 2, hidden), drim.Applied},
			{message(v1, replace, 3, yes), drim.Applied}, {message(v1, replace, 2, hidden), drim.Outdated}}, 3, true, 3, false},
		"withdrawn, and the creation again": {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v1, drim.ActionDelete, 2, yes), drim.Applied},
			{message(v1, create, 1, yes), drim.Outdated}, {message(v1, drim.ActionDelete, 2, yes), drim.Repeated}}, 1, false, 0, false},
		"withdrawn before it is created": {[]step{{message(v1, drim.ActionDelete, 2, yes), drim.Noted}, {message(v1, create, 1, yes), drim.Outdated}}, 0, false, 0, false},
		"withdrawn and created anew": {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v1, drim.ActionDelete, 2, yes), drim.Applied},
			{message(v1, create, 3, hidden), drim.Applied}}, 2, true, 2, true},
		"a withdrawal is late": {[]step{{message(v1, create, 1, yes), drim.Applied}, {message(v2, replace, 3, yes), drim.Applied},
			{message(v1, drim.ActionDelete, 2, yes), drim.Outdated}}, 2, true, 2, false},
		"not for the record": {[]step{{message(v1, create, 1, drim.Flags{ToDMP: drim.No}), drim.Applied}, {message(v2, replace, 2, yes), drim.Applied}}, 1, true, 1, false},
		"no longer for the record": {[]step{{message(v1, create, 1, hidden), drim.Applied}, {message(v2, replace, 2, drim.Flags{}), drim.Applied},
			{message(v1, create, 3, yes), drim.Outdated}}, 1, true, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newOrigin(t)
			var o drim.StudyOutcome
			for i, step := range test.steps {
				o = s.receive(t, step.m)
				require.Equal(t, step.effect, o.Effect, "step %d: %v", i, o.State)
				require.Nil(t, o.Trouble)
			}
			assert.Equal(t, test.lots, s.record.sends)
			if !test.published {
				assert.Empty(t, s.record.active(t, studyA))
				return
			}
			assert.Equal(t, drim.StatePublished, o.State)
			assert.Equal(t, test.number, s.record.only(t, studyA).Number)
			last := s.record.lots[len(s.record.lots)-1]
			assert.Equal(t, test.hidden, last.Entry.Has(xds.HiddenFromPatient))
		})
	}
}

// A withdrawal that names a version that was replaced is not acknowledged, and
// one that names nothing either.
func TestWithdrawalOfAnotherVersion(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v1 := write(t)
	s.receive(t, message(v1, drim.ActionCreate, 1, yes))
	s.receive(t, message(write(t, correcting(v1)), drim.ActionReplace, 2, yes))
	_, err := s.Receive(context.Background(), message(v1, drim.ActionDelete, 3, yes))
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, drim.CodeUnknownReport, codeOf(err))
	s.record.only(t, studyA)

	empty := message(version{}, drim.ActionDelete, 3, yes)
	empty.DocumentID = segur.Identifier{Root: "1.2.250.1.999.5.404"}
	_, err = s.Receive(context.Background(), empty)
	assert.Equal(t, drim.CodeUnknownReport, codeOf(err))
}

// A withdrawal without the document (MDM^T04) finds the study by the report.
func TestWithdrawalWithoutDocument(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v := write(t)
	require.Nil(t, s.receive(t, message(v, drim.ActionCreate, 1, yes)).Trouble)
	m := message(version{}, drim.ActionDelete, 2, drim.Flags{})
	m.DocumentID = v.header.ID
	o := s.receive(t, m)
	assert.Equal(t, drim.StateWithdrawn, o.State)
	assert.Empty(t, s.record.active(t, studyA))
	assert.False(t, s.record.actors[len(s.record.actors)-1].FromArchive)
}

// A report about two studies has two manifests; the correction that takes one
// of them away withdraws its manifest.
func TestReportOfSeveralStudies(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v1 := write(t, about(studyA, studyB))
	o, err := s.Receive(context.Background(), message(v1, drim.ActionCreate, 1, yes))
	require.NoError(t, err)
	require.Len(t, o.Studies, 2)
	require.True(t, o.Settled(), "%+v %+v", o.Studies[0].Trouble, o.Studies[1].Trouble)
	a, b := s.record.only(t, studyA), s.record.only(t, studyB)
	assert.NotEqual(t, a.UID, b.UID)

	v2 := write(t, correcting(v1), about(studyB))
	o, err = s.Receive(context.Background(), message(v2, drim.ActionReplace, 2, yes))
	require.NoError(t, err)
	assert.Equal(t, drim.StateWithdrawn, of(t, o, studyA).State)
	assert.Equal(t, drim.StatePublished, of(t, o, studyB).State)
	assert.Empty(t, s.record.active(t, studyA))
	assert.Equal(t, 2, s.record.only(t, studyB).Number)

	o, err = s.Receive(context.Background(), message(v2, drim.ActionReplace, 2, yes))
	require.NoError(t, err)
	assert.Equal(t, drim.Repeated, of(t, o, studyA).Effect)
	assert.Equal(t, drim.Repeated, of(t, o, studyB).Effect)
	o, err = s.Receive(context.Background(), message(v1, drim.ActionCreate, 1, yes))
	require.NoError(t, err)
	assert.Equal(t, drim.Outdated, of(t, o, studyA).Effect)
	assert.Empty(t, s.record.active(t, studyA))
}

// A correction that comes before what it corrects keeps that from another study.
func TestCorrectionOfTheStudyComesFirst(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	wrong := write(t)
	right := write(t, correcting(wrong), about(studyB))
	_, err := s.Receive(context.Background(), message(right, drim.ActionReplace, 2, yes))
	require.NoError(t, err)
	o, err := s.Receive(context.Background(), message(wrong, drim.ActionCreate, 1, yes))
	require.NoError(t, err)
	assert.Equal(t, drim.Outdated, of(t, o, studyA).Effect)
	assert.Empty(t, s.record.active(t, studyA))
	s.record.only(t, studyB)
}

// A version that comes late may name another study than those around it.
func TestVersionsOfSeveralStudiesOutOfOrder(t *testing.T) {
	t.Parallel()
	v1 := write(t)
	v2 := write(t, correcting(v1))
	v3 := write(t, correcting(v2), about(studyB))
	messages := []*drim.ReportMessage{message(v1, drim.ActionCreate, 1, yes), message(v2, drim.ActionReplace, 2, yes), message(v3, drim.ActionReplace, 3, yes)}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		s := newOrigin(t)
		for _, i := range order {
			_, err := s.Receive(context.Background(), messages[i])
			require.NoError(t, err, order)
		}
		assert.Empty(t, s.record.active(t, studyA), order)
		s.record.only(t, studyB)
	}
}

// Two reports of one study: the manifest stays until the last one is withdrawn.
func TestTwoReportsOfAStudy(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	one, other := write(t), write(t)
	s.receive(t, message(one, drim.ActionCreate, 1, yes))
	s.now = s.now.Add(time.Minute)
	s.receive(t, message(other, drim.ActionCreate, 2, yes))
	assert.Equal(t, 2, s.record.only(t, studyA).Number)
	o := s.receive(t, message(other, drim.ActionDelete, 3, yes))
	assert.Equal(t, drim.StatePublished, o.State)
	assert.Equal(t, 3, s.record.only(t, studyA).Number)
	o = s.receive(t, message(one, drim.ActionDelete, 4, yes))
	assert.Equal(t, drim.StateWithdrawn, o.State)
	assert.Empty(t, s.record.active(t, studyA))
}

// A report that turns out to be that of another person leaves the wrong record
// before it enters the right one.
func TestReportOfAnotherPerson(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	wrong := write(t)
	s.receive(t, message(wrong, drim.ActionCreate, 1, yes))
	ins, err := segur.ParseINS("185031412345626", segur.OIDINSNIRTest)
	if err != nil {
		body := "1850314123456"
		ins, err = segur.ParseINS(body+segur.MatriculeKey(body), segur.OIDINSNIRTest)
	}
	require.NoError(t, err)
	right := write(t, correcting(wrong), func(r *cda.Report) {
		r.Patient.INS = ins
		r.Patient.Traits.BirthName, r.Patient.Traits.UsedName = "FICTIF-MARTIN", ""
	})
	m := message(right, drim.ActionReplace, 2, yes)
	m.Patient.INS = ins
	m.Patient.Traits.BirthName = "FICTIF-MARTIN"
	m.PatientIDs[0].Extension = ins.Matricule()
	o := s.receive(t, m)
	require.Equal(t, drim.StatePublished, o.State, "%+v", o.Trouble)
	assert.Equal(t, ins, s.record.only(t, studyA).INS)
	assert.Empty(t, s.record.lots[1].Replaces)
	assert.Equal(t, 1, s.record.only(t, studyA).Number)
}

// What was published in a month is found again, once, under its last month.
func TestMonth(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v := write(t)
	s.receive(t, message(v, drim.ActionCreate, 1, yes))
	in := func(m time.Month) (n int) {
		for a, err := range s.Month(context.Background(), 2026, m) {
			require.NoError(t, err)
			assert.Equal(t, studyA, a.StudyUID)
			n++
		}
		return n
	}
	assert.Equal(t, 1, in(time.January))
	s.now = s.now.AddDate(0, 1, 0)
	s.receive(t, message(write(t, correcting(v)), drim.ActionReplace, 2, yes))
	assert.Equal(t, 0, in(time.January))
	assert.Equal(t, 1, in(time.February))
}

// The official notification that the images of exam W were removed withdraws
// its manifest, through the handler of a connection.
func TestOfficialRemoval(t *testing.T) {
	t.Parallel()
	raw := readOfficial(t, "drim/omi_o23_suppression_examen_w.hl7")
	if raw == nil {
		return
	}
	parsed, err := drim.ParseMessage(raw)
	require.NoError(t, err)
	w := parsed.(*drim.ImageChange)
	v := write(t)
	v.header.PatientIDs, v.header.Patient = w.PatientIDs, w.Patient.Traits
	v.header.Services[0].StudyUID = w.StudyUID
	v.header.Orders[0].Accession.Extension = w.Accession.Extension
	v = short(v)
	s := newOrigin(t, func(c *drim.SourceConfig) { c.ReadReport = readShort })
	study := images(string(w.StudyUID), 2)
	for i := range study {
		study[i].accession = w.Accession.Extension
		for _, id := range w.PatientIDs {
			if !segur.IsINSAuthority(id.Root) {
				study[i].patient = id.Extension
			}
		}
	}
	s.pacs.set(string(w.StudyUID), study)
	out, err := s.ReceiveReport(context.Background(), drim.Report{CDA: v.cda, Flags: yes, Status: segur.Qualified, Sent: examAt})
	require.NoError(t, err)
	require.Equal(t, drim.StatePublished, of(t, out, string(w.StudyUID)).State, "%+v", out.Studies[0].Trouble)

	handler := drim.MessageReader{}.Handler(s.Act, drim.HandlerOptions{IDs: segur.NewIDSource(rand.Reader)})
	ack := string(handler(context.Background(), raw))
	assert.Contains(t, ack, "MSA|AA|")
	assert.Empty(t, s.record.active(t, string(w.StudyUID)))
	ack = string(handler(context.Background(), []byte(strings.ReplaceAll(string(raw), string(w.StudyUID), ""))))
	assert.Contains(t, ack, "MSA|AA|", "the accession number tells the study")
}

// A message that the archive could not take is not acknowledged.
func TestNotAcknowledgedBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	f := &fuse{at: 0}
	s := newOrigin(t)
	s.cfg.Archive = fusedArchive{s.archive, f}
	s.start(t)
	m := message(write(t), drim.ActionCreate, 1, yes)
	require.Error(t, s.Act(context.Background(), m))
	assert.Empty(t, s.record.docs)
	require.NoError(t, s.Act(context.Background(), m))
	s.record.only(t, studyA)
	require.ErrorIs(t, s.Act(context.Background(), nil), segur.ErrInvalidInput)
}

// A message of a clock that is ahead does not make what follows look late.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	v := write(t)
	s.receive(t, message(v, drim.ActionCreate, 60*24*365, yes))
	hidden := yes
	hidden.HiddenFromPatient = drim.Yes
	o := s.receive(t, message(v, drim.ActionReplace, 2, hidden))
	assert.Equal(t, drim.Applied, o.Effect)
	assert.True(t, s.record.lots[1].Entry.Has(xds.HiddenFromPatient))
}
