package ins_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/segur-sdk/segur/internal/testkit"
)

// Every test and every identifier that docs/ins.md cites exists, and each row of the comparison has a test.
func TestComparisonTable(t *testing.T) {
	t.Parallel()
	page := testkit.CheckPage(t, "..", "docs/ins.md", ".", "ins", "ins/identity", "ins/datamatrix", "ins/interop", "ins/instest")
	assert.Equal(t, 17, page.Rows)
	assert.Greater(t, page.Cited, 20)
}
