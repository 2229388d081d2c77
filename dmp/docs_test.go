package dmp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/internal/testkit"
)

// Every test and every identifier that docs/dmp.md cites exists, and each row of the comparison has a test.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page := testkit.CheckPage(t, "..", "docs/dmp.md", ".", "dmp", "dmp/dmptest", "dmp/xds", "psc", "cda", "cda/pdfa")
	assert.Equal(t, 26, page.Rows)
	assert.Greater(t, page.Cited, 60)
}
