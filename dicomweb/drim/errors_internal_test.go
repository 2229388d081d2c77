package drim

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every code of the package is in the table, with the kinds that the package gives
// it, and docs/drim.md tells what the table does; the table holds no other code.
func TestCodes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	page, err := os.ReadFile("../../docs/drim.md")
	require.NoError(t, err)
	use := regexp.MustCompile(`(?:^|[^.\w])(Code[A-Z]\w+)`) // not that of another package
	constant := regexp.MustCompile(`^\s*(?:const )?(Code[A-Z]\w+)\s*= "([^"]+)"`)
	kind := regexp.MustCompile(`segur\.Kind(\w+),[^"]*?[^.\w](Code[A-Z]\w+)[,)]`)
	value, used := map[string]string{}, map[string]bool{}
	pairs := map[[2]string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for n, line := range strings.Split(string(b), "\n") {
			code, _, _ := strings.Cut(line, "//")
			if m := constant.FindStringSubmatch(code); m != nil {
				if m[1] != "CodeImagingReport" { // of LOINC
					value[m[1]] = m[2]
					assert.Equal(t, "errors.go", file, m[1])
				}
				continue
			}
			for _, m := range kind.FindAllStringSubmatch(code, -1) {
				pairs[[2]string{m[2], m[1]}] = fmt.Sprintf("%s:%d", file, n+1)
			}
			if file != "errors.go" {
				for _, m := range use.FindAllStringSubmatch(code, -1) {
					used[m[1]] = true
				}
			}
		}
	}
	known := map[string]string{} // name by value
	for name, v := range value {
		known[v] = name
		assert.Contains(t, errorCodes, v, name)
		assert.True(t, used[name], "%s is not used", name)
	}
	assert.Len(t, known, len(value), "no value twice")
	assert.Len(t, errorCodes, len(value))
	for v, c := range errorCodes {
		assert.NotEmpty(t, c.help.FR, v)
		assert.NotEmpty(t, c.help.EN, v)
		var kinds []string
		for _, k := range c.kinds {
			kinds = append(kinds, k.String())
		}
		again := map[bool]string{true: "yes", false: "no"}[c.again]
		assert.Contains(t, string(page), fmt.Sprintf("\n| `drim.%s` | `%s` | %s | %s | %s |\n", known[v], v, strings.Join(kinds, ", "), again, c.help.EN), v)
	}
	for pair, where := range pairs {
		if value[pair[0]] == "" {
			continue
		}
		var kinds []string
		for _, k := range errorCodes[value[pair[0]]].kinds {
			kinds = append(kinds, strings.ReplaceAll(k.String(), " ", ""))
		}
		assert.Contains(t, kinds, strings.ToLower(pair[1]), "%s: %s", where, pair[0])
	}
	assert.Greater(t, len(pairs), 30)
}
