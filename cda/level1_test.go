package cda_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
)

// The official rules are the judge: no error and no warning, in any shape of
// document.
func TestOfficialRules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for _, name := range slices.Sorted(maps.Keys(samples(t))) {
		doc, err := newWriter(t).Level1(samples(t)[name])
		require.NoError(t, err, name)
		b, err := doc.Bytes()
		require.NoError(t, err, name)
		require.EqualValues(t, doc.Size(), len(b), name)
		file := filepath.Join(dir, name+".xml")
		require.NoError(t, os.WriteFile(file, b, 0o600))
		files = append(files, file)
	}
	report := testkit.CDACheck(t, files...)
	assert.Zero(t, report.Errors, report.Output)
	assert.Zero(t, report.Warnings, report.Output)
}
