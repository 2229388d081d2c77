package ins_test

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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// declarations are the top-level functions, methods ("Client.Search"), types, constants and variables of the Go files
// below dir that the suffix selects.
func declarations(t *testing.T, dir string, deep, tests bool) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	files := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (!deep || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != tests:
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			declared(d, names)
		}
		return nil
	}))
	return names
}

func declared(d ast.Decl, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		name := d.Name.Name
		if d.Recv != nil {
			receiver := d.Recv.List[0].Type
			if p, ok := receiver.(*ast.StarExpr); ok {
				receiver = p.X
			}
			if id, ok := receiver.(*ast.Ident); ok {
				name = id.Name + "." + name
			}
		}
		names[name] = true
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names[s.Name.Name] = true
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			}
		}
	}
}

var (
	code       = regexp.MustCompile("`([^`\n]+)`")
	testName   = regexp.MustCompile(`^(Test|Fuzz|Example)\w*$`)
	identifier = regexp.MustCompile(`^(segur|ins|identity|datamatrix|interop|instest)\.([A-Z][\w.]*)$`)
)

// Every test and every identifier that docs/ins.md cites exists, and each row of the comparison has a test.
func TestComparisonTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/ins.md")
	require.NoError(t, err)
	tests := declarations(t, "..", true, true)
	packages := map[string]map[string]bool{}
	for name, dir := range map[string]string{"segur": "..", "ins": ".", "identity": "identity", "datamatrix": "datamatrix", "interop": "interop", "instest": "instest"} {
		packages[name] = declarations(t, dir, false, false)
	}
	rows, cited := 0, 0
	for line := range strings.Lines(string(page)) {
		row := regexp.MustCompile(`^\| (\d+) \|`).FindStringSubmatch(line)
		if row != nil {
			rows++
		}
		found := 0
		for _, c := range code.FindAllStringSubmatch(line, -1) {
			if testName.MatchString(c[1]) {
				found++
				assert.True(t, tests[c[1]], "%s does not exist", c[1])
			}
			if id := identifier.FindStringSubmatch(c[1]); id != nil {
				cited++
				assert.True(t, packages[id[1]][id[2]], "%s does not exist", c[1])
			}
		}
		if row != nil {
			assert.Positive(t, found, "row %s has no test", row[1])
		}
	}
	assert.Equal(t, 17, rows)
	assert.Greater(t, cited, 20)
}
