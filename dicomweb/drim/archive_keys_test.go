package drim_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/dicomweb/drim"
)

// A key of many studies, such as a month, is written study by study and not anew;
// what a crash cut loses nothing that was told, and what is damaged is told.
func TestKeysOfTheArchive(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	a := openArchive(t, dir)
	defer func() { _ = a.Close() }()
	month := drim.MonthKey(2026, time.January)
	published := func(uid string) *drim.ArchivedStudy {
		return &drim.ArchivedStudy{StudyUID: uid, Revision: 1, Published: &drim.Publication{UID: uid + ".9", At: examAt}}
	}
	odd := "1.2\n3" // no UID: whatever it is, it is told as it was given
	var path string
	var before []byte
	for _, uid := range []string{studyA, odd, studyB} {
		require.NoError(t, a.Save(ctx, published(uid)))
		files, err := filepath.Glob(filepath.Join(dir, "keys", "*", "*"))
		require.NoError(t, err)
		require.Len(t, files, 1, "the month alone")
		path = files[0]
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.HasPrefix(b, before), "what is there is not written anew")
		before = b
	}
	found, err := a.Studies(ctx, month)
	require.NoError(t, err)
	assert.Equal(t, []string{studyA, odd, studyB}, found)

	lines := bytes.SplitAfter(before, []byte("\n"))
	whole := len(lines[0]) + len(lines[1])
	for n := whole; n < len(before); n++ { // cut inside the last one
		require.NoError(t, os.WriteFile(path, before[:n], 0o600))
		found, err = a.Studies(ctx, month)
		require.NoError(t, err, n)
		require.Equal(t, []string{studyA, odd}, found, n)
		if n%16 == 0 || n == whole {
			uid := fmt.Sprintf("%s.1.%d", studyB, n)
			require.NoError(t, a.Save(ctx, published(uid)))
			found, err = a.Studies(ctx, month)
			require.NoError(t, err, n)
			require.Equal(t, []string{studyA, odd, uid}, found, n)
		}
	}
	for n := range whole - 1 { // altered before the last one
		b := bytes.Clone(before)
		b[n] ^= 1
		require.NoError(t, os.WriteFile(path, b, 0o600))
		_, err = a.Studies(ctx, month)
		require.Equal(t, drim.CodeArchiveDamaged, codeOf(err), n)
	}
}

// A month goes on beside a key for nothing, which a crash may leave.
func TestMonthWithAKeyForNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newOrigin(t)
	s.receive(t, message(write(t), drim.ActionCreate, 1, yes))
	at := s.stored(t, studyA).Published.At.UTC()
	s.cfg.Archive = forgetful{s.archive}
	s.start(t)
	var found []string
	for a, err := range s.Month(ctx, at.Year(), at.Month()) {
		require.NoError(t, err)
		found = append(found, a.StudyUID)
	}
	assert.Equal(t, []string{studyA}, found)
}

// forgetful lists a study that it does not have.
type forgetful struct{ drim.Archive }

func (f forgetful) Studies(ctx context.Context, key string) ([]string, error) {
	list, err := f.Archive.Studies(ctx, key)
	return append([]string{"1.2.250.1.999.404"}, list...), err
}
