package dicomweb_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/internal/testkit"
)

// Every test and every identifier that docs/dicomweb.md cites exists, and each numbered row has a test.
func TestComplaintsPage(t *testing.T) {
	t.Parallel()
	page := testkit.CheckPage(t, "..", "docs/dicomweb.md", ".", "dicomweb", "dicomweb/dicomwebtest")
	assert.Equal(t, 4+16+20+17, page.Rows)
	assert.Greater(t, page.Cited, 50)
}
