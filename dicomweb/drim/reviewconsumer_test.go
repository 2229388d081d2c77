package drim_test

import (
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
