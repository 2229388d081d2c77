package dicomweb_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
	"github.com/segur-sdk/segur/dicomweb"
	"github.com/segur-sdk/segur/dicomweb/dicomwebtest"
)

func TestSaveTo(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 49, dicomwebtest.SampleOptions{})
	add(t, srv, s)
	dir := t.TempDir()
	for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: s.UID}) {
		require.NoError(t, err)
		path, err := inst.SaveTo(dir)
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, inst.SOPInstanceUID+".dcm"), path)
	}
	files, skipped, err := dicomweb.OpenDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 6)
	assert.Empty(t, skipped)

	empty := t.TempDir()
	srv.Fail(dicomwebtest.Fault{TruncateAfter: 1500})
	inst, err := client.RetrieveInstance(t.Context(), s.Instances[0].Ref)
	if err == nil {
		_, err = inst.SaveTo(empty)
	}
	require.ErrorIs(t, err, segur.ErrTruncated)
	left, err := os.ReadDir(empty)
	require.NoError(t, err)
	assert.Empty(t, left, "nothing is left of a cut answer")
	inst, err = client.RetrieveInstance(t.Context(), s.Instances[0].Ref)
	require.NoError(t, err)
	_, err = inst.SaveTo(filepath.Join(empty, "nowhere-FICTIVE"))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assertPublic(t, err)
	require.NoError(t, inst.Close())
}

// What was read, skipped or closed never passes for a file, nor replaces one.
func TestSaveToTakesAWholeInstance(t *testing.T) {
	t.Parallel()
	srv, client := setup(t)
	s := study(t, 50, dicomwebtest.SampleOptions{})
	add(t, srv, s)
	dir := t.TempDir()
	refuse := func(inst *dicomweb.Instance) {
		t.Helper()
		_, err := inst.SaveTo(dir)
		require.ErrorIs(t, err, segur.ErrInvalidInput)
	}
	var kept []*dicomweb.Instance
	for inst, err := range client.Retrieve(t.Context(), dicomweb.Ref{Study: s.UID}) {
		require.NoError(t, err)
		kept = append(kept, inst)
	}
	require.Len(t, kept, 6)
	for _, inst := range kept {
		refuse(inst)
		b, err := io.ReadAll(inst)
		require.ErrorIs(t, err, segur.ErrInvalidInput, "a skipped instance is not an empty one")
		assert.Empty(t, b)
		require.NoError(t, inst.Close())
	}

	inst, err := client.RetrieveInstance(t.Context(), s.Instances[0].Ref)
	require.NoError(t, err)
	path, err := inst.SaveTo(dir)
	require.NoError(t, err)
	refuse(inst) // twice
	require.NoError(t, inst.Close())
	refuse(inst)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, s.Instances[0].File, b)

	inst, err = client.RetrieveInstance(t.Context(), s.Instances[1].Ref)
	require.NoError(t, err)
	_, err = io.CopyN(io.Discard, inst, 10)
	require.NoError(t, err)
	refuse(inst)
	require.NoError(t, inst.Close())
	_, err = inst.Read(make([]byte, 1))
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1)
}
