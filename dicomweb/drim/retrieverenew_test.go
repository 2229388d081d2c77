package drim_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/drim/drimtest"
	"github.com/segur-sdk/segur/internal/testkit"
)

// The exam changes between the search and the retrieval.
func TestRetrieveReplaced(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 7, 2, 2)
	b := newBench(t, pki, nil, s)
	before := b.open(t)
	old, all := s.manifest.UID, filesOf(s.study)
	s.share(t, all[1:], nil)
	b.record.publish(t, s, old)
	var kept basket
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: before, Sink: &kept})
	require.NoError(t, err)
	assert.True(t, report.Complete(), "of the current manifest")
	x := report.Exams[0]
	assert.Equal(t, old, x.ReplacedUID)
	assert.Equal(t, s.manifest.UID, x.Exam.Manifest.UID)
	assert.Equal(t, []drim.DroppedImage{{Ref: s.study.Instances[0].Ref}}, x.Dropped)
	assert.Empty(t, x.Added)
	kept.requireFiles(t, s.study.Instances[1:]...)

	// And again, with one more; what came under the manifest before is not fetched
	// twice, and what is dropped is said to have been given.
	before = b.open(t)
	old = s.manifest.UID
	first := true
	var mu sync.Mutex
	given := map[string]int{}
	asked := len(s.box.Requests())
	cfg := b.cfg
	cfg.Parallel = 1
	one, err := drim.NewConsumer(cfg)
	require.NoError(t, err)
	t.Cleanup(one.Close)
	report, err = one.Retrieve(t.Context(), drim.RetrieveRequest{Exams: before, Sink: drim.SinkFunc(func(_ context.Context, i *drim.ReceivedImage) error {
		mu.Lock()
		defer mu.Unlock()
		given[i.SOPInstanceUID]++
		if first {
			first = false
			s.share(t, append(slices.Clone(all[:1]), all[2:]...), nil)
			b.record.publish(t, s, old)
		}
		return nil
	})})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	x = report.Exams[0]
	assert.Equal(t, []dicomweb.Ref{s.study.Instances[0].Ref}, x.Added)
	assert.Equal(t, []drim.DroppedImage{{Ref: s.study.Instances[1].Ref, Given: true}}, x.Dropped)
	assert.Equal(t, map[string]int{s.study.Instances[0].Ref.Instance: 1, s.study.Instances[1].Ref.Instance: 1, s.study.Instances[2].Ref.Instance: 1,
		s.study.Instances[3].Ref.Instance: 1}, given)
	uids := map[string]bool{}
	for _, r := range s.box.Requests()[asked:] {
		uids[r.ManifestUID] = true
	}
	assert.Equal(t, map[string]bool{old: true, s.manifest.UID: true}, uids)
}

// A source that gives series alone, as the reference implementation does: what a
// cut answer left out is asked for with the series, once.
func TestRetrieveSeriesAlone(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 18, 1, 5)
	b := newBench(t, pki, nil, s)
	opened := b.open(t)
	one := int64(len(s.study.Instances[0].File))
	for _, times := range []int{1, 2} {
		s.box.Fail(drimtest.Fault{Op: drimtest.OpSeries, CutAfter: 2*one + 400, Times: times})
		s.box.Fail(drimtest.Fault{Op: drimtest.OpInstance, Status: 404, Times: drimtest.Forever})
		b.record.queries = nil
		var kept basket
		report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept})
		assert.Len(t, b.record.queries, 1)
		assert.Equal(t, times == 1, report.Complete())
		if times == 1 {
			require.NoError(t, err)
			kept.requireFiles(t, s.study.Instances...)
			continue
		}
		require.ErrorIs(t, err, segur.ErrPartial)
		assert.Equal(t, 2, report.Count(drim.ImageReceived))
		assert.Equal(t, 3, report.Count(drim.ImageMissing), "and not gone")
	}
}

func TestRetrieveNotFound(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	for name, c := range map[string]struct {
		do        func(*bench, *site)
		kind      error
		code      string
		withdrawn bool
		state     drim.ImageState
	}{
		"withdrawn":                          {func(b *bench, s *site) { b.record.remove(s.manifest.UID) }, segur.ErrNotFound, drim.CodeExamWithdrawn, true, drim.ImageGone},
		"current, and unknown to the source": {func(*bench, *site) {}, segur.ErrNotFound, drim.CodeImageGone, false, drim.ImageGone},
		"the record is away": {func(b *bench, _ *site) { b.record.fail = &segur.Error{Op: "test", Kind: segur.KindUnavailable} },
			segur.ErrUnavailable, "", false, drim.ImageMissing},
		"replaced, and unknown to the source": {func(b *bench, s *site) {
			old := s.manifest.UID
			s.share(t, filesOf(s.study), nil)
			b.record.publish(t, s, old)
			s.box.Withdraw(s.study.UID)
		}, segur.ErrConflict, drim.CodeManifestReplaced, false, drim.ImageMissing},
		"another manifest that cannot be read": {func(b *bench, s *site) {
			old := s.manifest.UID
			s.share(t, filesOf(s.study), nil)
			b.record.publish(t, s, old).Size++
		}, nil, "", false, drim.ImageMissing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, pki, 8, 1, 2)
			b := newBench(t, pki, nil, s)
			opened := b.open(t)
			s.box.Withdraw(s.study.UID)
			b.record.queries = nil
			c.do(b, s)
			report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &basket{}})
			require.Error(t, err)
			if c.kind != nil {
				require.ErrorIs(t, err, c.kind)
			}
			var e *segur.Error
			require.ErrorAs(t, err, &e)
			if c.code != "" {
				assert.Equal(t, c.code, e.Code)
			}
			assert.False(t, report.Complete())
			assert.Equal(t, c.withdrawn, report.Exams[0].Withdrawn)
			assert.Equal(t, 2, report.Count(c.state))
			assert.Len(t, b.record.queries, 1, "the record is searched once")
		})
	}
}

// A source that says nothing, and one that is away, hold up no other; the caller
// can leave at any time.
func TestRetrieveSlowAndDeadSources(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	slow, dead, good := newSite(t, pki, 9, 1, 2), newSite(t, pki, 10, 3, 3), newSite(t, pki, 11, 2, 3)
	b := newBench(t, pki, nil, slow, dead, good)
	opened := b.open(t)
	dead.box.Close()
	testkit.Refused(t, dead.box.Host())
	slow.box.Fail(drimtest.Fault{Latency: time.Hour, Times: drimtest.Forever})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var kept basket
	report, err := b.Retrieve(ctx, drim.RetrieveRequest{Exams: opened, Sink: &kept, Progress: func(p drim.RetrieveProgress) {
		if p.Received == 6 {
			cancel() // all of the good one is there, while the slow one is silent
		}
	}})
	require.ErrorIs(t, err, segur.ErrCanceled)
	kept.requireFiles(t, good.study.Instances...)
	assert.False(t, report.Complete())
	for _, x := range report.Exams {
		assert.Equal(t, x.Exam.Manifest.UID == good.manifest.UID, x.Complete())
	}

	// The two alone, within the time that a source may be silent.
	bad := slices.DeleteFunc(slices.Clone(opened), func(o *drim.OpenedExam) bool { return o.Manifest.UID == good.manifest.UID })
	testkit.Patiently(t, 100*time.Millisecond, func(d time.Duration) (tooSlow bool) {
		cfg := b.cfg
		cfg.Timeout = d
		quick, err := drim.NewConsumer(cfg)
		require.NoError(t, err)
		defer quick.Close()
		report, err := quick.Retrieve(t.Context(), drim.RetrieveRequest{Exams: bad, Sink: &basket{}})
		require.Error(t, err)
		for _, s := range report.Sources {
			if s.Host == slow.box.Host() {
				require.ErrorIs(t, s.Err, segur.ErrTimeout)
			} else if errors.Is(s.Err, segur.ErrTimeout) { // before it was refused
				return true
			} else {
				require.ErrorIs(t, s.Err, segur.ErrUnavailable)
			}
			assert.LessOrEqual(t, s.Requests, 8, "it was given up")
		}
		require.ErrorIs(t, err, segur.ErrPartial, "for two reasons")
		return false
	})
}

func TestRetrieveStalls(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 12, 1, 2)
	b := newBench(t, pki, func(c *drim.ConsumerConfig) { c.SourceTimeout = 20 * time.Millisecond }, s)
	s.box.Fail(drimtest.Fault{Rate: 100, Times: drimtest.Forever})
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &basket{}})
	require.ErrorIs(t, err, segur.ErrTimeout)
	assert.Equal(t, 2, report.Count(drim.ImageMissing))
}
