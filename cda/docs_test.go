package cda_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/testkit"
)

// Every test and every identifier that docs/cda.md cites exists, each row of the comparison has a test, and the report in
// forty lines is that of the example.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	page := testkit.CheckPage(t, "..", "docs/cda.md", ".", "cda", "cda/pdfa", "dmp/xds")
	assert.Equal(t, 12, page.Rows)
	assert.Greater(t, page.Cited, 30)

	text, err := os.ReadFile("../docs/cda.md")
	require.NoError(t, err)
	program, err := os.ReadFile("../examples/imaging-report/report.go")
	require.NoError(t, err)
	_, code, found := strings.Cut(string(program), "// fill makes")
	require.True(t, found)
	assert.True(t, strings.Contains(string(text), "// fill makes"+strings.TrimRight(code, "\n")), "copy examples/imaging-report/report.go into docs/cda.md")
	assert.LessOrEqual(t, strings.Count(code, "\n"), 42, "a report in forty lines")
}
