package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	main()
	// Output:
	// identity: found QUAL
	// stored: 6 instances
}

// The quick start of the README is this program.
func TestREADME(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, body, found := strings.Cut(string(program), "func main() {")
	require.True(t, found)
	assert.Contains(t, string(readme), "func main() {"+body, "copy examples/quick-start/main.go into README.md")
}
