package testkit

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A machine that has Go alone gets every judge from .ci/run.
func TestCIInstallsTheJudges(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../.ci/run")
	require.NoError(t, err)
	list := regexp.MustCompile(`(?s)\npackages=\(([^)]*)\)`).FindSubmatch(script)
	require.NotNil(t, list)
	installed := strings.Fields(string(list[1]))
	for tool, pkg := range debianPackage {
		if tool != "node" {
			assert.Contains(t, installed, pkg, tool)
		}
	}
}
