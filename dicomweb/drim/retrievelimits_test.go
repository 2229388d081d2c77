package drim_test

import (
	"bytes"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
	"github.com/segur-sdk/segur/dicomweb/kos"
)

// A source that sends what nobody asked for fills no memory, and does not keep the
// consumer for ever.
func TestRetrieveStrangers(t *testing.T) {
	t.Parallel()
	s := newSite(t, credentialtest.NewPKI(), 41, 1, 1)
	b := newBench(t, s.box.PKI(), func(c *drim.ConsumerConfig) { c.Parallel = 1 }, s)
	share := func(n int) {
		wanted, uid := s.study.Instances[0].File, s.study.Instances[0].Ref.Instance
		var files [][]byte
		for i := range n {
			other := fmt.Sprintf("%s%05d", uid[:len(uid)-5], i)
			files = append(files, bytes.ReplaceAll(wanted, []byte(uid), []byte(other)))
		}
		files = append(files, wanted)
		require.NoError(t, s.box.Share(s.manifest.UID, files...))
	}
	share(150)
	var kept basket
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &kept})
	require.NoError(t, err)
	assert.True(t, report.Complete())
	assert.Len(t, report.Exams[0].Foreign, 100)
	assert.Equal(t, 150, report.Exams[0].ForeignCount)

	share(1002)
	report, err = b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: b.open(t), Sink: &kept})
	require.NoError(t, err, "asked for alone, the image comes")
	assert.True(t, report.Complete())
	assert.Equal(t, 1002, report.Exams[0].ForeignCount, "the answer was given up after the first thousand, and one more")
}

// A manifest of many series, each at another address of one host, starts no more
// than the usual number of requests. Not parallel: goroutines are counted.
func TestRetrieveManyAddresses(t *testing.T) { //nolint:paralleltest // counts goroutines
	const series = 1500
	s := newSite(t, credentialtest.NewPKI(), 42, 1, 1)
	s.share(t, filesOf(s.study), func(m *kos.Manifest) {
		first := m.Series[0]
		m.Series = nil
		for i := range series {
			next := first
			next.UID = fmt.Sprintf("1.2.250.1.999.80.%d", i)
			next.Instances = []kos.Instance{first.Instances[0]}
			next.Instances[0].UID = fmt.Sprintf("1.2.250.1.999.81.%d", i)
			next.RetrieveURL = fmt.Sprintf("%s/%d/studies/%s/series/%s", s.box.URL, i, m.Study.UID, next.UID)
			m.Series = append(m.Series, next)
		}
	})
	b := newBench(t, s.box.PKI(), nil, s)
	opened := b.open(t)
	cfg := b.cfg
	var asked, most atomic.Int64
	cfg.Boxes = func(string) error {
		if asked.Add(1) <= series {
			return nil // while addresses are read
		}
		most.Store(max(most.Load(), int64(runtime.NumGoroutine())))
		return &segur.Error{Kind: segur.KindAuthorization}
	}
	c, err := drim.NewConsumer(cfg)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	var kept basket
	_, err = c.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &kept})
	require.ErrorIs(t, err, segur.ErrAuthorization)
	assert.EqualValues(t, 2*series, asked.Load())
	assert.Less(t, most.Load(), int64(500))
}
