package drim_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/credential/credentialtest"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// The next version of a manifest cannot be read: another manifest of the same
// establishment, which lists less, does not take its place.
func TestRetrieveNextVersionUnreadable(t *testing.T) {
	t.Parallel()
	pki := credentialtest.NewPKI()
	s := newSite(t, pki, 71, 1, 3)
	b := newBench(t, pki, nil, s)
	opened := b.open(t)
	first := *s.manifest
	s.share(t, filesOf(s.study), nil)
	b.record.publish(t, s, first.UID).Size++
	s.manifest = nil // of its own series
	s.share(t, filesOf(s.study)[:1], nil)
	b.record.publish(t, s, "")
	report, err := b.Retrieve(t.Context(), drim.RetrieveRequest{Exams: opened, Sink: &basket{}})
	require.ErrorIs(t, err, segur.ErrProtocol)
	assert.Equal(t, drim.CodeWrongManifest, codeOf(err))
	assert.False(t, report.Complete())
	assert.Equal(t, first.UID, report.Exams[0].Exam.Manifest.UID)
}

// What a process that was killed left of images on their way goes when the next
// consumer begins; what another one is using stays.
func TestSpoolOfAKilledProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, used, other := filepath.Join(dir, ".segur-drim-1234"), filepath.Join(dir, ".segur-drim-5678"), filepath.Join(dir, "segur-drim-9")
	for _, d := range []string{old, used, other} {
		require.NoError(t, os.Mkdir(d, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(d, "1.part"), []byte("image"), 0o600))
	}
	past := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(old, past, past))
	require.NoError(t, os.Chtimes(other, past, past))
	newBench(t, credentialtest.NewPKI(), func(c *drim.ConsumerConfig) { c.SpoolDir = dir })
	assert.NoDirExists(t, old)
	assert.FileExists(t, filepath.Join(used, "1.part"))
	assert.FileExists(t, filepath.Join(other, "1.part"))
}
