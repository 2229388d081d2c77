package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A vendor looks for the settings of docs/open-points.md in the code: each name
// in the first column must be declared there.
func TestOpenPointsNameSettings(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/open-points.md")
	require.NoError(t, err)
	declared := declaredNames(t)
	names := regexp.MustCompile("`([A-Za-z](?:[A-Za-z0-9.]*[A-Za-z0-9])?)`")
	found := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, m := range names.FindAllStringSubmatch(cells[1], -1) {
			name := m[1][strings.LastIndexByte(m[1], '.')+1:]
			if unicode.IsUpper(rune(name[0])) {
				found++
				assert.True(t, declared[name], "docs/open-points.md names %s, which is declared nowhere", m[1])
			}
		}
	}
	assert.Greater(t, found, 100, "the page or this test changed its form")
}

// declaredNames are the exported types, functions, methods, fields and
// constants of the module, tests left aside.
func declaredNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				names[n.Name.Name] = true
				return false
			case *ast.TypeSpec:
				names[n.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			case *ast.Field:
				for _, name := range n.Names {
					names[name.Name] = true
				}
			}
			return true
		})
		return nil
	}))
	return names
}
