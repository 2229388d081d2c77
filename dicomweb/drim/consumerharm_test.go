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
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/dicomweb/kos"
	"github.com/segur-sdk/segur/dmp/xds"
)

// picky is an archive that refuses one image, and says so of the image alone.
type picky struct{ refuse string }

func (p picky) StoreAll(_ context.Context, contents iter.Seq[segur.Content], _ dicomweb.StoreOptions) iter.Seq2[dicomweb.InstanceResult, error] {
	return func(yield func(dicomweb.InstanceResult, error) bool) {
		n := 0
		for c := range contents {
			r, err := c.Open()
			if err != nil {
				return
			}
			head, err := dicomweb.ReadHead(r)
			_ = r.Close()
			if err != nil {
				return
			}
			res := dicomweb.InstanceResult{Index: n, Ref: head.Ref(), Outcome: dicomweb.Stored}
			if head.Ref().Instance == p.refuse {
				res.Outcome = dicomweb.Failed
			}
			if n++; !yield(res, nil) {
				return
			}
		}
	}
}

// A count is no proof: an image that the exam no longer has is held, and one that
// it has is not.
func TestExportCompleteIsByImage(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 61, 2, 2)
	b := newBench(t, pki, func(c *drim.ConsumerConfig) { c.Parallel = 1 }, s)
	opened := b.open(t)
	old, all := s.manifest.UID, filesOf(s.study)
	changed := false
	refused := s.study.Instances[3].Ref.Instance
	report, err := b.Export(t.Context(), drim.ExportRequest{Exams: opened, Local: localIdentity(t), PACS: picky{refused},
		Progress: func(drim.RetrieveProgress) {
			if !changed { // the first image left: it is dropped from the exam
				changed = true
				s.share(t, all[1:], nil)
				b.record.publish(t, s, old)
			}
		}})
	require.True(t, report.Retrieved.Complete())
	require.True(t, report.Retrieved.Exams[0].Dropped[0].Given)
	assert.Equal(t, 3, report.Held(), "the dropped one, and two of three")
	assert.False(t, report.Complete(), "an image of the exam is not held")
	require.ErrorIs(t, err, segur.ErrPartial)
}

// Two establishments behind one operator share the same study: the manifest of
// one is no version of that of the other.
func TestRetrieveRenewOneHost(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 62, 1, 3)
	b := newBench(t, pki, nil, s)
	opened := b.open(t)
	old, all := s.manifest.UID, filesOf(s.study)

	// That of the other establishment: later, of fewer images.
	foreign := &site{box: s.box, study: s.study}
	foreign.share(t, all[:1], func(m *kos.Manifest) {
		m.Institution.ID, m.Institution.Name = "1990000027", "AUTRE CENTRE FICTIF"
		m.Created = segur.At(time.Date(2026, time.February, 1, 10, 0, 0, 0, time.UTC))
	})
	b.record.publish(t, foreign, "")
	s.share(t, all, nil)
	b.record.publish(t, s, old)
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &basket{}})
	require.NoError(t, err)
	assert.Equal(t, s.manifest.UID, report.Exams[0].Exam.Manifest.UID, "the next version, and not that of the other site")
	assert.Equal(t, 3, report.Count(drim.ImageReceived))

	// Withdrawn by the one, it is not that of the other.
	opened = b.open(t)
	for i, o := range opened {
		if o.Manifest.UID == s.manifest.UID {
			opened = opened[i : i+1]
			break
		}
	}
	b.record.remove(s.manifest.UID)
	s.box.Fail(drimtest.Fault{Op: drimtest.OpSeries, Status: 404, Times: 1})
	report, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &basket{}})
	require.Error(t, err)
	assert.True(t, report.Exams[0].Withdrawn)
	assert.False(t, report.Complete())
}

// A service that gives more than was asked.
func TestRetrieveRenewReportsToo(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 63, 1, 2)
	b := newBench(t, pki, func(c *drim.ConsumerConfig) { c.Record = generous{c.Record.(*shelf), t} }, s)
	opened := b.open(t)
	b.record.remove(s.manifest.UID)
	s.box.Fail(drimtest.Fault{Op: drimtest.OpSeries, Status: 404, Times: 1})
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &basket{}})
	require.Error(t, err)
	assert.True(t, report.Exams[0].Withdrawn)
	exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t), WithoutReports: true})
	require.NoError(t, err)
	assert.Empty(t, exams)
}

// generous is a record that gives a report with every answer.
type generous struct {
	*shelf
	t testing.TB
}

func (g generous) Find(ctx context.Context, p segur.INS, q xds.ManifestQuery) iter.Seq2[*xds.DocumentEntry, error] {
	return func(yield func(*xds.DocumentEntry, error) bool) {
		if !yield(reportEntry(g.t, "1.2.250.1.999.4.77"), nil) {
			return
		}
		for e, err := range g.shelf.Find(ctx, p, q) {
			if !yield(e, err) {
				return
			}
		}
	}
}

// What an image bears as INS, in the ways in which images bear it.
func TestRetrieveINSOfImages(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 64, 1, 3)
	ins := insOf(t)
	former, err := segur.ParseINS("2850369123457"+segur.MatriculeKey("2850369123457"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	label := dicomweb.Text(dicomweb.TagIssuerOfPatientID, "ASIP-SANTE-INS-NIR")
	by := func(i segur.INS) *dicomweb.Dataset {
		return dicomweb.NewDataset(dicomweb.Text(dicomweb.TagPatientID, i.Matricule()), label)
	}
	put := func(n int, changes ...dicomweb.Change) {
		i := s.study.Instances[n]
		s.box.Substitute(i.Ref.Instance, alter(t, i.File, changes...))
	}
	put(0, dicomweb.AppendItem(0x00101002, by(former)))
	put(1, dicomweb.AppendItem(0x00101002, by(former), by(ins)))
	put(2, dicomweb.AppendItem(0x00101002, by(ins)))
	b := newBench(t, pki, nil, s)
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &basket{}})
	require.ErrorIs(t, err, segur.ErrPartial)
	assert.Equal(t, 2, report.Count(drim.ImageWrong), "the number of somebody else, by the label of its issuer alone")
	assert.True(t, report.Image(s.study.Instances[2].Ref.Instance).INS)

	// A number that the patient had, beside the one of now.
	exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: ins, FormerINS: []segur.INS{former}})
	require.NoError(t, err)
	o, err := b.Open(t.Context(), exams[0])
	require.NoError(t, err)
	report, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: []*drim.OpenedExam{o}, Sink: &basket{}})
	require.NoError(t, err)
	assert.True(t, report.Complete())
}

// A manifest under the former number: what is exported bears the one of now.
func TestExportFormerINS(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 65, 1, 1)
	b := newBench(t, pki, nil, s)
	now, err := segur.ParseINS("2850369123457"+segur.MatriculeKey("2850369123457"), segur.OIDINSNIRTest)
	require.NoError(t, err)
	exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: now, FormerINS: []segur.INS{insOf(t)}})
	require.NoError(t, err)
	o, err := b.Open(t.Context(), exams[0])
	require.NoError(t, err)
	srv, pacs := localPACS(t)
	local := localIdentity(t)
	local.INS = now
	_, err = b.Export(t.Context(), drim.ExportRequest{Exams: []*drim.OpenedExam{o}, Local: local, PACS: pacs})
	require.NoError(t, err)
	file, _ := srv.File(s.study.Instances[0].Ref.Instance)
	head, err := dicomweb.ReadHead(bytes.NewReader(file))
	require.NoError(t, err)
	assert.Contains(t, head.PatientIDs, segur.Identifier{Extension: now.Matricule(), Assigner: "ASIP-SANTE-INS-NIR", Root: now.Authority()})
	assert.NotContains(t, head.PatientIDs, segur.Identifier{Extension: insOf(t).Matricule(), Assigner: "ASIP-SANTE-INS-NIR", Root: now.Authority()})
}

// broken is an archive that panics.
type broken struct{}

func (broken) StoreAll(_ context.Context, contents iter.Seq[segur.Content], _ dicomweb.StoreOptions) iter.Seq2[dicomweb.InstanceResult, error] {
	return func(func(dicomweb.InstanceResult, error) bool) {
		for range contents {
			panic("archive")
		}
	}
}

// A panic of what the caller gave is one of the call, and leaves no image behind.
func TestRetrievePanics(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 66, 2, 3)
	b := newBench(t, pki, nil, s)
	opened := b.open(t)
	_, pacs := localPACS(t)
	bad := func(drim.RetrieveProgress) { panic("progress") }
	assert.PanicsWithValue(t, "sink", func() {
		_, _ = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: drim.SinkFunc(func(context.Context, *drim.ReceivedImage) error { panic("sink") })})
	})
	for _, whole := range []bool{false, true} {
		assert.PanicsWithValue(t, "progress", func() {
			_, _ = b.Export(t.Context(), drim.ExportRequest{Exams: opened, Local: localIdentity(t), PACS: pacs, Progress: bad, WholeOnly: whole})
		})
		assert.PanicsWithValue(t, "archive", func() {
			_, _ = b.Export(t.Context(), drim.ExportRequest{Exams: opened, Local: localIdentity(t), PACS: broken{}, WholeOnly: whole})
		})
		emptyDir(t, b.cfg.SpoolDir)
	}
}

// All that a query sets must hold: a call whose study and accession number are of
// two exams finds none.
func TestExamsStudyAndAccession(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 67, 1, 1)
	b := newBench(t, pki, nil, s)
	for number, want := range map[string]int{"ACC-0001": 1, "ACC-0002": 0} {
		exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t), StudyUID: segur.OID(s.study.UID),
			Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: number}})
		require.NoError(t, err)
		assert.Len(t, exams, want, number)
	}
	// An entry that names no number contradicts none.
	e := manifestEntry(s.manifest, s.kos)
	e.References = e.References[:1]
	b.record.put(e, s.kos, s.manifest.UID)
	exams, err := b.Exams(t.Context(), drim.ExamQuery{Patient: insOf(t), StudyUID: segur.OID(s.study.UID),
		Accession: segur.Identifier{Root: "1.2.250.1.999.5", Extension: "ACC-0002"}})
	require.NoError(t, err)
	assert.Len(t, exams, 1)
}

// The numbers of the order at the site that made the image are those of another
// exam here wherever they stand.
func TestExportOrderOfSource(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 68, 1, 1)
	i := s.study.Instances[0]
	s.box.Substitute(i.Ref.Instance, alter(t, i.File,
		dicomweb.Put(dicomweb.Sequence(0x00400275, dicomweb.NewDataset(dicomweb.Text(dicomweb.TagAccessionNumber, "ACC-0001")))),
		dicomweb.Put(dicomweb.Sequence(0x0040A370, dicomweb.NewDataset(dicomweb.Text(dicomweb.TagAccessionNumber, "ACC-SR-1")))), // of reports (SR)
		dicomweb.Put(dicomweb.Element{Tag: 0x00380010, VR: dicomweb.LO, Values: []string{"VENUE-1"}}),
		dicomweb.Put(dicomweb.Element{Tag: 0x00402017, VR: dicomweb.LO, Values: []string{"ORDER-1"}})))
	b := newBench(t, pki, nil, s)
	for _, keep := range []bool{false, true} {
		srv, pacs := localPACS(t)
		local := localIdentity(t)
		local.KeepAccession = keep
		_, err := b.Export(t.Context(), drim.ExportRequest{Exams: b.open(t), Local: local, PACS: pacs})
		require.NoError(t, err)
		file, _ := srv.File(i.Ref.Instance)
		assert.Equal(t, keep, bytes.Contains(file, []byte("ORDER-1")))
		assert.Equal(t, keep, bytes.Contains(file, []byte("ACC-SR-1")))
		assert.False(t, bytes.Contains(file, []byte("VENUE-1")), "a stay is one of the site")
		ds := metadata(t, pacs, s.study.UID)
		if items := ds.Items(0x00400275); keep {
			require.Len(t, items, 1)
		} else {
			assert.Empty(t, items)
		}
	}
}
