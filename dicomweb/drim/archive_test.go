package drim_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb/drim"
)

func openArchive(tb testing.TB, dir string) *drim.FileArchive {
	tb.Helper()
	a, err := drim.OpenArchive(dir)
	require.NoError(tb, err)
	return a
}

func sampleStudy(uid string, revision int64, open bool) *drim.ArchivedStudy {
	return &drim.ArchivedStudy{StudyUID: uid, Revision: revision, Open: open, Accessions: []string{accession},
		Reports: []drim.ArchivedReport{{IDs: []string{"1.2.250.1.999.5.1"}, Basis: &drim.ReportBasis{Digest: "d", CDA: []byte("<ClinicalDocument/>")}}}}
}

// Archives behave alike: files, and whatever a product makes.
func TestFileArchive(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), filepath.Join(t.TempDir(), "archive")
	_, err := drim.OpenArchive("")
	require.ErrorIs(t, err, segur.ErrInvalidInput, "no directory is given")
	a := openArchive(t, dir)
	_, err = a.Load(ctx, studyA)
	require.ErrorIs(t, err, segur.ErrNotFound)
	require.NoError(t, a.Save(ctx, sampleStudy(studyA, 1, true)))
	require.NoError(t, a.Save(ctx, sampleStudy(studyB, 1, false)))
	require.ErrorIs(t, a.Save(ctx, sampleStudy(studyA, 1, true)), segur.ErrConflict, "the same revision again")
	require.ErrorIs(t, a.Save(ctx, sampleStudy(studyA, 3, true)), segur.ErrConflict, "a revision is skipped")

	_, err = drim.OpenArchive(dir)
	require.ErrorIs(t, err, segur.ErrConflict)
	assert.Equal(t, drim.CodeArchiveLocked, codeOf(err))
	require.NoError(t, a.Close())
	a = openArchive(t, dir)
	defer func() { require.NoError(t, a.Close()) }()

	got, err := a.Load(ctx, studyA)
	require.NoError(t, err)
	assert.Equal(t, sampleStudy(studyA, 1, true), got)
	open, err := a.Unfinished(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{studyA}, open)
	found, err := a.Studies(ctx, drim.ReportKey("1.2.250.1.999.5.1"))
	require.NoError(t, err)
	assert.Equal(t, []string{studyA, studyB}, found)
	found, err = a.Studies(ctx, drim.AccessionKey("ACC-404"))
	require.NoError(t, err)
	assert.Empty(t, found)

	require.NoError(t, a.Save(ctx, sampleStudy(studyA, 2, false)))
	open, err = a.Unfinished(ctx)
	require.NoError(t, err)
	assert.Empty(t, open)
	assert.NotContains(t, fmtAll(*got), "Clinical")
}

// The files are those of their owner, and their names hold nothing of the data.
func TestFilesOfTheArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := openArchive(t, filepath.Join(dir, "a"))
	require.NoError(t, a.Save(context.Background(), sampleStudy("../../../escape/"+studyA, 1, true)))
	require.NoError(t, a.Close())
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := d.Info()
		require.NoError(t, err)
		if path == dir {
			return nil
		}
		assert.Zero(t, info.Mode().Perm()&0o077, path)
		assert.NotContains(t, path, studyA)
		assert.NotContains(t, path, accession)
		if !d.IsDir() {
			files++
		}
		return nil
	}))
	assert.Equal(t, 5, files, "the lock, the study, two keys, the mark")
}

// A damaged study is reported, never used and never written over: cut or
// altered anywhere.
func TestDamagedStudy(t *testing.T) {
	t.Parallel()
	whole, err := sampleStudy(studyA, 1, true).MarshalBinary()
	require.NoError(t, err)
	for n := range whole {
		cut := drim.ArchivedStudy{StudyUID: "before"}
		err := cut.UnmarshalBinary(whole[:n])
		require.Equal(t, drim.CodeArchiveDamaged, codeOf(err), n)
		altered := append([]byte(nil), whole...)
		altered[n] ^= 1
		require.Equal(t, drim.CodeArchiveDamaged, codeOf(cut.UnmarshalBinary(altered)), n)
		require.Equal(t, "before", cut.StudyUID)
	}
	require.Error(t, new(drim.ArchivedStudy).UnmarshalBinary(append(whole, 'x')))

	ctx, dir := context.Background(), t.TempDir()
	a := openArchive(t, dir)
	defer func() { _ = a.Close() }()
	require.NoError(t, a.Save(ctx, sampleStudy(studyA, 1, true)))
	require.NoError(t, a.Save(ctx, sampleStudy(studyB, 1, true)))
	files, err := filepath.Glob(filepath.Join(dir, "studies", "*", "*"))
	require.NoError(t, err)
	require.Len(t, files, 2)
	first, err := os.ReadFile(files[0])
	require.NoError(t, err)
	second, err := os.ReadFile(files[1])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(files[0], second, 0o600)) // that of another study
	require.NoError(t, os.WriteFile(files[1], first[:len(first)/2], 0o600))
	for _, uid := range []string{studyA, studyB} {
		_, err = a.Load(ctx, uid)
		assert.Equal(t, drim.CodeArchiveDamaged, codeOf(err))
		assert.Equal(t, drim.CodeArchiveDamaged, codeOf(a.Save(ctx, sampleStudy(uid, 2, true))))
	}

	s := newOrigin(t, func(c *drim.SourceConfig) { c.Archive = a })
	_, err = s.Receive(ctx, message(write(t), drim.ActionCreate, 1, yes))
	assert.Equal(t, drim.CodeArchiveDamaged, codeOf(err), "it is not acknowledged")
	pending, err := s.Pending(ctx)
	require.NoError(t, err)
	require.Len(t, pending.Studies, 2)
	assert.Equal(t, drim.StateRefused, pending.Studies[0].State)
	assert.Equal(t, drim.CodeArchiveDamaged, pending.Studies[0].Trouble.Code)
}

// What a crash leaves half written is not seen, and is swept away.
func TestLeftoversOfACrash(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	a := openArchive(t, dir)
	require.NoError(t, a.Save(ctx, sampleStudy(studyA, 1, true)))
	marks, err := filepath.Glob(filepath.Join(dir, "open", "*"))
	require.NoError(t, err)
	require.Len(t, marks, 1)
	require.NoError(t, os.WriteFile(marks[0], []byte("damaged"), 0o600))
	half := filepath.Join(dir, "open", ".writing-123")
	require.NoError(t, os.WriteFile(half, []byte("1.2"), 0o600))
	open, err := a.Unfinished(ctx)
	require.NoError(t, err)
	assert.Equal(t, []string{studyA}, open, "a damaged mark loses no study")
	require.NoError(t, a.Close())
	a = openArchive(t, dir)
	defer func() { _ = a.Close() }()
	_, err = os.Stat(half)
	require.True(t, errors.Is(err, os.ErrNotExist))
}

// Names are held by one at a time, and who waits can give up.
func TestLocksOfTheArchive(t *testing.T) {
	t.Parallel()
	a := openArchive(t, t.TempDir())
	defer func() { _ = a.Close() }()
	var group sync.WaitGroup
	n := 0
	for range 50 {
		group.Go(func() {
			unlock, err := a.Lock(context.Background(), studyA)
			if assert.NoError(t, err) {
				n++ // the race detector would tell
				unlock()
			}
		})
	}
	group.Wait()
	assert.Equal(t, 50, n)
	unlock, err := a.Lock(context.Background(), studyA)
	require.NoError(t, err)
	other, err := a.Lock(context.Background(), studyB)
	require.NoError(t, err)
	other()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = a.Lock(ctx, studyA)
	require.ErrorIs(t, err, segur.ErrTimeout)
	unlock()
	unlock, err = a.Lock(context.Background(), studyA)
	require.NoError(t, err)
	unlock()
}

// Errors of files do not say where they are.
func TestErrorsOfTheArchive(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret-name")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := drim.OpenArchive(filepath.Join(file, "below"))
	require.ErrorIs(t, err, segur.ErrUnavailable)
	assert.False(t, strings.Contains(err.Error(), "secret-name"), err)
}

// Whatever stands in a file: nothing but what was written is used.
func FuzzArchivedStudy(f *testing.F) {
	whole, err := sampleStudy(studyA, 1, true).MarshalBinary()
	require.NoError(f, err)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("segur.drim.ArchivedStudy 1\n{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := drim.ArchivedStudy{}
		if err := s.UnmarshalBinary(b); err != nil {
			if codeOf(err) != drim.CodeArchiveDamaged || s.StudyUID != "" {
				t.Fatal("an error of another kind, or a part was used", err)
			}
			return
		}
		again, err := s.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := new(drim.ArchivedStudy).UnmarshalBinary(again); err != nil {
			t.Fatal(err)
		}
	})
}
