package nos_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/segur-sdk/segur/internal/nos"
	"github.com/segur-sdk/segur/internal/testkit"
)

func TestImagingActs(t *testing.T) {
	t.Parallel()
	assert.True(t, nos.IsImagingAct(24628), "CT of the chest")
	assert.True(t, nos.IsImagingAct(26257), "MR of the left knee")
	assert.False(t, nos.IsImagingAct(2345), "glucose")
	assert.False(t, nos.IsImagingAct(0))
	assert.False(t, nos.IsImagingAct(-1))
}

func TestImagingActsEqualPublication(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(testkit.SharedData(t, "cda/value-set-loinc-imaging.tsv"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	published := map[int]bool{}
	for _, line := range lines[1:] {
		number, _, _ := strings.Cut(line, "-")
		n, err := strconv.Atoi(number)
		assert.NoError(t, err)
		published[n] = true
		assert.True(t, nos.IsImagingAct(n), n)
	}
	count := 0
	for n := range 200_000 {
		if nos.IsImagingAct(n) {
			count++
			assert.True(t, published[n], n)
		}
	}
	assert.Len(t, published, count)
}
