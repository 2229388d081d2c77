package drim_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

// One file that has no business there, or is damaged, does not keep the other
// studies from being finished.
func TestStrayFileInTheArchive(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	a := openArchive(t, dir)
	s := newOrigin(t, func(c *drim.SourceConfig) { c.Archive, c.Deferred = a, true })
	s.archive = a
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "open", ".DS_Store"), []byte("x"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "open", "lost+found"), 0o700))
	open, err := a.Unfinished(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{studyA}, open)

	// A study and its mark are damaged, both.
	require.NoError(t, a.Save(ctx, sampleStudy(studyB, 1, true)))
	for _, glob := range []string{"open/*", "studies/*/*"} {
		files, err := filepath.Glob(filepath.Join(dir, glob))
		require.NoError(t, err)
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(studyB)) {
				require.NoError(t, os.WriteFile(f, b[:len(b)/2], 0o600))
			}
		}
	}
	o, err := s.Resume(ctx)
	assert.Equal(t, drim.CodeArchiveDamaged, codeOf(err), "told")
	require.NotNil(t, o)
	assert.Equal(t, drim.StatePublished, of(t, o, studyA).State, "and the others go on")
	require.NoError(t, a.Close())
}

// An archive that was closed, which another process may have by now, or of
// which the directory is gone, takes nothing.
func TestArchiveThatIsGone(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "a")
	a := openArchive(t, dir)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "studies")))
	require.ErrorIs(t, a.Save(ctx, sampleStudy(studyA, 1, true)), segur.ErrUnavailable)
	_, err := os.Stat(filepath.Join(dir, "studies"))
	require.ErrorIs(t, err, os.ErrNotExist, "an empty archive is not made anew in its place")
	require.NoError(t, a.Close())
	a = openArchive(t, dir)
	require.NoError(t, a.Close())
	require.ErrorIs(t, a.Save(ctx, sampleStudy(studyA, 1, true)), segur.ErrUnavailable)
	_, err = a.Load(ctx, studyA)
	require.ErrorIs(t, err, segur.ErrUnavailable)
	require.NoError(t, a.Close(), "twice")
}

// What the archive holds is not printed, whole or in parts.
func TestPartsOfTheArchiveAreRedacted(t *testing.T) {
	t.Parallel()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	a := s.stored(t, studyA)
	suspect := drim.Suspect{Publication: *a.Published}
	for _, v := range []any{a, a.Reports, a.Reports[0], a.Reports[0].Basis, *a.Reports[0].Basis, a.Published, *a.Published, suspect, &suspect} {
		text := fmtAll(v)
		for _, leak := range []string{a.Published.Matricule, "68, 73, 67, 77", "68 73 67 77", "0x44, 0x49", ipp.Extension, "FICTIVE"} {
			assert.NotContains(t, text, leak, "%T", v)
		}
	}
	for _, v := range []slog.LogValuer{a.Reports[0], a.Reports[0].Basis, a.Published, suspect} {
		assert.Contains(t, v.LogValue().String(), "redacted")
	}
}
