package testkit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Page is what CheckPage found in a page.
type Page struct {
	Rows  int // numbered rows of the comparison table
	Cited int // identifiers of the packages
}

var (
	pageCode       = regexp.MustCompile("`([^`\n]+)`")
	pageTest       = regexp.MustCompile(`^(Test|Fuzz|Example|Benchmark)\w*$`)
	pageIdentifier = regexp.MustCompile(`^([a-z]\w*)\.([A-Z][\w.]*)$`)
	pageRow        = regexp.MustCompile(`^\| (\d+) \|`)
)

// CheckPage checks a page of the documentation against the code: each test and each identifier of the packages that it
// cites between backquotes exists, and each numbered row of a table ("| 3 | …") has a test. module is the folder of the
// module, page the file in it, packages their folders in it: "." is the root package, cited as "segur".
func CheckPage(tb TB, module, page string, packages ...string) Page {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(module, filepath.FromSlash(page)))
	if err != nil {
		tb.Fatalf("page: %v", err)
		return Page{}
	}
	tests := declarations(tb, module, true)
	known := map[string]map[string]bool{}
	for _, p := range packages {
		name := path.Base(p)
		if p == "." {
			name = "segur"
		}
		known[name] = declarations(tb, filepath.Join(module, filepath.FromSlash(p)), false)
	}
	var out Page
	for line := range strings.Lines(string(text)) {
		row := pageRow.FindStringSubmatch(line)
		if row != nil {
			out.Rows++
		}
		found := 0
		for _, c := range pageCode.FindAllStringSubmatch(line, -1) {
			if pageTest.MatchString(c[1]) {
				found++
				if !tests[c[1]] {
					tb.Errorf("%s: %s does not exist", page, c[1])
				}
			}
			if id := pageIdentifier.FindStringSubmatch(c[1]); id != nil && known[id[1]] != nil {
				out.Cited++
				if !known[id[1]][id[2]] {
					tb.Errorf("%s: %s does not exist", page, c[1])
				}
			}
		}
		if row != nil && found == 0 {
			tb.Errorf("%s: row %s has no test", page, row[1])
		}
	}
	return out
}

// declarations are the top-level names of the Go files in dir: functions, methods ("Client.Search"), types, constants
// and variables; with tests, those of the test files in it and in the folders below.
func declarations(tb TB, dir string, tests bool) map[string]bool {
	tb.Helper()
	names := map[string]bool{}
	files := token.NewFileSet()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (!tests || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
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
	})
	if err != nil {
		tb.Fatalf("declarations of %s: %v", dir, err)
	}
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
