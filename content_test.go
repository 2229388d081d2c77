package segur_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur"
)

// The names of exam files often hold the patient's: no error of a content has them.
func TestFileContentErrorsHoldNoName(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "FICTIVE-DURAND.dcm")
	_, err := segur.FileContent(name)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, err, segur.ErrInvalidInput)
	assert.NotContains(t, err.Error(), "FICTIVE")
	require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
	c, err := segur.FileContent(name)
	require.NoError(t, err)
	require.NoError(t, os.Remove(name))
	_, err = c.Open()
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.NotContains(t, err.Error(), "FICTIVE")
}
